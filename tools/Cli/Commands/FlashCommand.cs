using System.CommandLine;
using System.Text;
using IotXmpp.Cli.Boards;
using IotXmpp.Cli.Firmware;
using IotXmpp.Cli.Flash;
using IotXmpp.Cli.Flash.Nanoff;
using IotXmpp.Cli.Hub;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Cli.Serial;
using IotXmpp.Virtual;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp flash</c>: from a bare board to a thing that is online, with one command.</summary>
internal static class FlashCommand
{
    /// <summary>Bytes of an SSID (IEEE 802.11).</summary>
    private const int SsidBytes = 32;

    public static Command Create()
    {
        var board = new Option<string?>("--board") { Description = "the board, as iotxmpp board list has it", HelpName = "BOARD" };
        var port = new Option<string?>("--port") { Description = "the serial port that it is plugged in at, such as /dev/ttyUSB0", HelpName = "PORT" };
        var wifi = new Option<string?>("--wifi") { Description = "the Wi-Fi network (2.4 GHz) that it shall use", HelpName = "SSID" };
        var thing = new Option<string?>("--thing") { Description = "the thing's id: 1 to 64 of a-z, 0-9 and -", HelpName = "ID" };
        var parts = new Option<string>("--parts") { Description = "what is wired to it, such as \"bme280@0x76 relay@5,lost=off\"", HelpName = "LIST", DefaultValueFactory = _ => string.Empty };
        var stdin = new Option<bool>("--wifi-password-stdin") { Description = "read the Wi-Fi password from standard input (its first line); without it it is asked for on a terminal" };
        var open = new Option<bool>("--wifi-open") { Description = "the Wi-Fi has no password" };
        var address = new Option<string?>("--hub-address") { Description = "the hub as the board's network sees it; without it the address of --hub, or this machine's own", HelpName = "HOST[:PORT]" };
        var owner = new Option<string?>("--owner") { Description = "whose it is (default: you)", HelpName = "JID" };
        var interval = new Option<TimeSpan?>("--interval") { HelpName = "TIME", Description = "time between samples, such as 30s", CustomParser = Durations.Optional("--interval", string.Empty).CustomParser };
        var server = new Option<string?>("--time-server") { Description = "the time server (SNTP) that it asks", HelpName = "HOST" };
        var log = new Option<bool>("--log-stanzas") { Description = "the board also tells each stanza on its serial line, for iotxmpp monitor; whoever holds the board can read it" };
        Option<string?> updateKey = ImageCommands.KeyOption();
        var image = new Option<string?>("--image") { Description = "a ready firmware image, instead of building one from this tree", HelpName = "FILE" };
        var target = new Option<string?>("--target") { Description = "another nanoFramework runtime than the board's usual one", HelpName = "NAME" };
        var nanoff = new Option<string?>("--nanoff") { Description = "the program nanoff (IOTXMPP_NANOFF; default: PATH, ~/.dotnet/tools)", HelpName = "FILE" };
        var settings = new Option<bool>("--settings-only") { Description = "the board has runtime and firmware: write Wi-Fi, settings and new keys only" };
        var improv = new Option<bool>("--improv") { Description = "the board was flashed in the browser: give it Wi-Fi, settings and keys by Improv, without nanoff" };
        var dry = new Option<bool>("--dry-run") { Description = "print every command and every file, and do nothing; secrets are hidden" };
        var noWait = new Option<bool>("--no-wait") { Description = "do not wait until the thing is online" };
        Option<TimeSpan> limit = Durations.Option("--online-timeout", "how long the thing may take to come online after its restart", TimeSpan.FromMinutes(2));
        var verbose = new Option<bool>("--verbose") { Description = "show what the tools say" };
        var command = new Command("flash", "Make a bare board a thing that is online: runtime, firmware, account and keys, Wi-Fi, settings")
        {
            board, port, wifi, thing, parts, stdin, open, address, owner, interval, server, log, updateKey, image, target, nanoff, settings, improv, dry, noWait, limit, verbose,
        };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            BoardPinout chosen = BoardOf(parsed.GetValue(board));
            string at = parsed.GetValue(port) ?? throw new CliException(ExitCode.Usage, $"--port names the serial port that the board is plugged in at; {SerialPorts.Those()}");
            string ssid = SsidOf(parsed.GetValue(wifi));
            string id = parsed.GetValue(thing) ?? throw new CliException(ExitCode.Usage, "--thing names the thing, such as --thing greenhouse-1");
            if (!IotXmpp.Things.ThingOptions.IsThingId(id))
            {
                throw new CliException(ExitCode.Usage, $"'{id}' is no id of a thing: 1 to 64 of a-z, 0-9 and -");
            }

            if (parsed.GetValue(settings) && parsed.GetValue(improv))
            {
                throw new CliException(ExitCode.Usage, "--settings-only and --improv exclude each other: the first goes by nanoff, the second by the board's second UART");
            }

            string? file = parsed.GetValue(image);
            if (file is not null && !File.Exists(file) && !parsed.GetValue(dry))
            {
                throw new CliException(ExitCode.Usage, $"there is no image {file}; leave --image away to build one from the tree");
            }

            var wish = new FlashWish
            {
                Board = chosen,
                Port = at,
                Thing = id,
                Ssid = ssid,
                Password = await PasswordAsync(ssid, parsed.GetValue(open), parsed.GetValue(stdin), parsed.GetValue(dry), cancel),
                Parts = parsed.GetValue(parts)!.Trim(),
                HubAddress = parsed.GetValue(address),
                Owner = parsed.GetValue(owner),
                Interval = parsed.GetValue(interval) is { } time ? (int)time.TotalSeconds : null,
                TimeServer = parsed.GetValue(server),
                LogStanzas = parsed.GetValue(log),
                UpdateKey = UpdateKey.Find(parsed.GetValue(updateKey)),
                Image = file,
                Target = parsed.GetValue(target),
                SettingsOnly = parsed.GetValue(settings),
                Improv = parsed.GetValue(improv),
                Wait = !parsed.GetValue(noWait),
                Verbose = parsed.GetValue(verbose),
                OnlineLimit = parsed.GetValue(limit),
            };
            Login login = parsed.GetValue(dry) ? client.LoginWithoutPasswordOf(parsed) : client.LoginOf(parsed);
            string program = NanoffTool.ProgramOf(parsed.GetValue(nanoff));
            Screen screen = client.ScreenOf(parsed);
            var runner = new ProcessRunner();
            if (!parsed.GetValue(dry))
            {
                return await new FlashRun(wish, login, runner, program, client.TimeoutOf(parsed), screen).RunAsync(cancel);
            }

            // Without nanoff the form of today's versions is shown.
            ProcessResult? version = await runner.RunAsync(new ProcessCall(program, ["--version"]), null, TimeSpan.FromSeconds(30), cancel);
            NanoffSyntax syntax = version is not null && NanoffOutput.Version(version.Output) is { } known ? NanoffSyntax.Of(known) : NanoffSyntax.Options;
            return new DryRun(wish, login, Path.GetFileName(program), syntax, screen).Run();
        });
        return command;
    }

    private static BoardPinout BoardOf(string? name)
    {
        BoardPinout board = KnownBoards.Find(name ?? throw new CliException(ExitCode.Usage, $"--board names the board: {string.Join(", ", KnownBoards.Flashed)}"));
        return board.Nano is not null ? board : throw new CliException(ExitCode.Usage, $"{board.Name} is not flashed: it runs Linux and the gateway (firmware/Gateway/README.md)");
    }

    private static string SsidOf(string? ssid)
    {
        if (string.IsNullOrEmpty(ssid))
        {
            throw new CliException(ExitCode.Usage, "--wifi names the Wi-Fi network that the board shall use");
        }

        return Encoding.UTF8.GetByteCount(ssid) <= SsidBytes ? ssid : throw new CliException(ExitCode.Usage, $"'{ssid}' is no name of a Wi-Fi: it has {SsidBytes} bytes at most");
    }

    private static async Task<string> PasswordAsync(string ssid, bool open, bool stdin, bool dry, CancellationToken cancel)
    {
        if (open)
        {
            return stdin ? throw new CliException(ExitCode.Usage, "--wifi-open and --wifi-password-stdin exclude each other") : string.Empty;
        }

        if (dry && !stdin)
        {
            return "(hidden)";
        }

        string? password = stdin ? await Console.In.ReadLineAsync(cancel) : Login.Ask($"Password of the Wi-Fi {ssid}: ");
        if (string.IsNullOrEmpty(password))
        {
            throw new CliException(ExitCode.Usage, stdin
                ? "standard input has no password; pipe it in, such as: pass show wifi | iotxmpp flash … --wifi-password-stdin"
                : "the Wi-Fi's password is not known: pipe it in with --wifi-password-stdin, or say --wifi-open for a network without one");
        }

        // IEEE 802.11 Annex J: a pass phrase has 8 to 63 characters, a key 64 hexadecimal digits.
        return password.Length is >= 8 and <= 64 ? password : throw new CliException(ExitCode.Usage, "this cannot be the Wi-Fi's password: it has 8 to 63 characters");
    }
}
