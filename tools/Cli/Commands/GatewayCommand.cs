using System.CommandLine;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Firmware;
using IotXmpp.Cli.Flash;
using IotXmpp.Cli.Gateway;
using IotXmpp.Cli.Hub;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Esp32;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.Hub.Addresses;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp gateway install|uninstall|status|node|rules</c>: a gateway as a service of this machine, or in an image.</summary>
internal static class GatewayCommand
{
    private const int SaltBytes = 16;

    /// <summary>How long publishing the program may take. Default 9 min: the first time packages are fetched.</summary>
    private static readonly TimeSpan PublishLimit = TimeSpan.FromMinutes(9);

    public static Command Create() => new("gateway", "A gateway on this machine (systemd), the things behind it, its rules") { Install(), Uninstall(), GatewayStatusCommand.Create(), GatewayNodeCommand.Create(), GatewayRulesCommand.Create() };

    /// <summary>The option <c>--root</c>.</summary>
    internal static Option<string?> RootOption() => new("--root") { Description = "work on the machine whose root is this folder, such as a mounted image; nothing is started", HelpName = "DIR" };

    private static Command Install()
    {
        var thing = new Option<string?>("--thing") { Description = "make this thing at the hub, with new keys: the gateway's account", HelpName = "ID" };
        var account = new Option<string?>("--account") { Description = "instead: an account that is there; its password by --account-password-file", HelpName = "JID" };
        var passwordFile = new Option<string?>("--account-password-file") { Description = "the file whose first line is that password", HelpName = "FILE" };
        var address = new Option<string?>("--hub-address") { Description = "the hub as the gateway sees it, xmpps://HOST:PORT or xmpp://HOST:PORT (default: --hub)", HelpName = "ADDRESS" };
        var owner = new Option<string?>("--owner") { Description = "whose it is (default: you)", HelpName = "JID" };
        var board = new Option<string?>("--board") { Description = "the board, where the machine does not say it", HelpName = "BOARD" };
        var parts = new Option<string>("--parts") { Description = "what is wired to its pins, such as \"bme280 relay@17,lost=off\"; needs --pins", HelpName = "LIST", DefaultValueFactory = _ => string.Empty };
        var pins = new Option<bool>("--pins") { Description = "build with System.Device.Gpio: for a Raspberry Pi whose pins are used" };
        var nodes = new Option<string?>("--nodes") { Description = "let things in over TCP, such as 127.0.0.1:5290", HelpName = "HOST:PORT" };
        var serial = new Option<string?>("--serial") { Description = "serial lines with things at them, such as /dev/ttyACM0@115200", HelpName = "LIST" };
        var beacons = new Option<string?>("--beacons") { Description = "Bluetooth sensors (BTHome) to listen to, such as porch=A4:C1:38:12:34:56", HelpName = "LIST" };
        var interval = new Option<TimeSpan?>("--interval") { HelpName = "TIME", Description = "time between its own samples, such as 30s", CustomParser = Durations.Optional("--interval", string.Empty).CustomParser };
        var program = new Option<string?>("--program") { Description = "the published program's folder, instead of publishing it from this tree", HelpName = "DIR" };
        var runtime = new Option<string?>("--runtime") { Description = "linux-arm64 or linux-x64 (default: this machine's)", HelpName = "NAME" };
        Option<string?> updateKey = ImageCommands.KeyOption();
        Option<string?> root = RootOption();
        var dry = new Option<bool>("--dry-run") { Description = "print every command and every file, and do nothing; secrets are hidden" };
        var command = new Command("install", "Install the gateway as a service, with an account and keys of its own") { thing, account, passwordFile, address, owner, board, parts, pins, nodes, serial, beacons, interval, program, runtime, updateKey, root, dry };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            bool isDry = parsed.GetValue(dry);
            string? id = parsed.GetValue(thing);
            string? given = parsed.GetValue(account);
            if ((id is null) == (given is null))
            {
                throw new CliException(ExitCode.Usage, "give --thing ID, which makes an account at the hub, or --account JID with --account-password-file for one that is there");
            }

            if (id is not null && !IotXmpp.Things.ThingOptions.IsThingId(id))
            {
                throw new CliException(ExitCode.Usage, $"'{id}' is no id of a thing: 1 to 64 of a-z, 0-9 and -");
            }

            if (parsed.GetValue(parts)!.Length > 0 && !parsed.GetValue(pins) && parsed.GetValue(program) is null)
            {
                throw new CliException(ExitCode.Usage, "parts need the real pins: add --pins, which builds with System.Device.Gpio");
            }

            string name = parsed.GetValue(runtime) ?? (RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "linux-arm64" : "linux-x64");
            if (name is not ("linux-arm64" or "linux-x64"))
            {
                throw new CliException(ExitCode.Usage, $"'{name}' is none of linux-arm64, linux-x64");
            }

            Login login = isDry || given is not null ? client.LoginWithoutPasswordOf(parsed) : client.LoginOf(parsed);
            var paths = new GatewayPaths(parsed.GetValue(root));
            var runner = new ProcessRunner();
            Screen screen = client.ScreenOf(parsed);
            if (!isDry)
            {
                await InstallPlan.CheckMachineAsync(paths, runner, "installing", cancel);
            }

            var wish = new InstallWish
            {
                Account = given is null ? new Jid(id!, login.Account.Domain, string.Empty) : AccountOf(given),
                Hub = AddressOf(parsed.GetValue(address), login.Server),
                Authority = login.Ca is null ? null : ReadAuthority(login),
                Owner = parsed.GetValue(owner) ?? (given is null ? login.Account.ToString() : null),
                Board = parsed.GetValue(board),
                Parts = parsed.GetValue(parts)!.Trim(),
                Nodes = parsed.GetValue(nodes),
                Serial = parsed.GetValue(serial),
                Beacons = parsed.GetValue(beacons),
                Interval = parsed.GetValue(interval) is { } time ? (int)time.TotalSeconds : null,
                UpdateKey = UpdateKey.Find(parsed.GetValue(updateKey)) is { } fleet ? isDry ? "(hidden)" : Convert.ToBase64String(fleet) : null,
                Program = parsed.GetValue(program) ?? "(published)",
                Exec = GatewayPaths.ProgramHere + "/IotXmpp.Gateway",
            };
            Check(wish);
            ProcessCall? publish = parsed.GetValue(program) is null ? Publish(name, parsed.GetValue(pins), isDry ? "(published)" : null) : null;
            wish = publish is null ? wish with { Exec = ExecOf(wish.Program) } : wish;
            if (isDry)
            {
                screen.Json(() => new JsonObject { ["event"] = "note", ["text"] = "nothing is done, this is what would be" });
                screen.Line(("Nothing is done, this is what would be:", "bold"));
                if (publish is not null)
                {
                    new InstallStep.RunProgram("builds the program", publish).Show(screen);
                }

                if (id is not null)
                {
                    string what = $"{login.Account} at {login.Server} runs {ThingProvisioning.Node} at things.{login.Account.Domain}: thing={id} owner={wish.Owner} model=gateway, and the hub's part of new keys";
                    screen.Json(() => new JsonObject { ["event"] = "step", ["step"] = "at the hub", ["text"] = what });
                    screen.Line(($"# at the hub: {what}", "dim"));
                }

                await InstallPlan.RunAsync(InstallPlan.Install(wish, paths, null), dry: true, runner, screen, cancel);
                return ExitCode.Ok;
            }

            using PrivateFolder folder = PrivateFolder.Create();
            if (publish is not null)
            {
                string into = Path.Combine(folder.Path, "program");
                Screen.Note("builds the program; the first time this takes minutes");
                publish = Publish(name, parsed.GetValue(pins), into);
                await new InstallStep.RunProgram("builds the program", publish).DoAsync(new LimitedRunner(runner, PublishLimit), cancel);
                wish = wish with { Program = into, Exec = ExecOf(into) };
            }

            string password = given is null ? await ProvisionAsync(client, parsed, id!, parsed.GetValue(owner), cancel) : ReadPassword(parsed.GetValue(passwordFile));
            await InstallPlan.RunAsync(InstallPlan.Install(wish, paths, password), dry: false, runner, screen, cancel);
            screen.Json(() => new JsonObject { ["event"] = "gateway-installed", ["jid"] = wish.Account.ToString(), ["unit"] = paths.UnitFile, ["settings"] = paths.SettingsFile });
            screen.Line(paths.Root is null
                ? $"{wish.Account} is installed and runs; iotxmpp gateway status shows how it is, journalctl -u {GatewayService.Name} what it says"
                : $"{wish.Account} is installed in {paths.Root}; it starts when that machine boots");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Uninstall()
    {
        Option<string?> root = RootOption();
        var purge = new Option<bool>("--purge") { Description = "remove also what it keeps: samples that the hub does not have, the keys of the things behind it" };
        var dry = new Option<bool>("--dry-run") { Description = "print every command and every file, and do nothing" };
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command("uninstall", "Take the gateway off this machine; its account stays at the hub") { root, purge, dry, json };
        command.SetAction(async (parsed, cancel) =>
        {
            var paths = new GatewayPaths(parsed.GetValue(root));
            var runner = new ProcessRunner();
            var screen = new Screen(parsed.GetValue(json));
            if (!parsed.GetValue(dry))
            {
                await InstallPlan.CheckMachineAsync(paths, runner, "uninstalling", cancel);
                if (!File.Exists(paths.UnitFile) && !Directory.Exists(paths.Program))
                {
                    throw new CliException(ExitCode.NotFound, $"no gateway is installed{(paths.Root is null ? " on this machine" : $" in {paths.Root}")}");
                }
            }

            string? thing = GatewayStatusCommand.JidOf(paths) is { } jid && Jid.TryParse(jid, out Jid? of) ? of.Local : null;
            await InstallPlan.RunAsync(InstallPlan.Uninstall(paths, parsed.GetValue(purge)), parsed.GetValue(dry), runner, screen, cancel);
            if (!parsed.GetValue(dry))
            {
                screen.Json(() => new JsonObject { ["event"] = "gateway-uninstalled", ["kept"] = Directory.Exists(paths.Data) ? paths.Data : null });
                screen.Line($"The gateway is gone{(Directory.Exists(paths.Data) ? $"; what it kept is in {paths.Data} (--purge removes it)" : string.Empty)}; its account is at the hub: iotxmpp thing revoke {thing ?? "ID"} takes its keys away");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static ProcessCall Publish(string runtime, bool pins, string? into) => new(
        "dotnet",
        [
            "publish", Path.Combine(FirmwareBuild.Root() ?? throw new CliException(ExitCode.Usage, "there is no source tree of IotXmpp here to publish the gateway from; run this inside the tree, or give the published program with --program DIR"), "firmware", "Gateway"),
            "-c", "Release", "-r", runtime, "--self-contained", "true", "--nologo", "-v", "quiet", .. pins ? (string[])["-p:PiReferences=packages"] : [], "-o", into ?? "(published)",
        ]);

    private static string ExecOf(string program)
    {
        if (File.Exists(Path.Combine(program, "IotXmpp.Gateway")))
        {
            return GatewayPaths.ProgramHere + "/IotXmpp.Gateway";
        }

        return File.Exists(Path.Combine(program, "IotXmpp.Gateway.dll"))
            ? $"/usr/bin/env dotnet {GatewayPaths.ProgramHere}/IotXmpp.Gateway.dll"
            : throw new CliException(ExitCode.Usage, $"{program} has no IotXmpp.Gateway.dll; dotnet publish firmware/Gateway -r linux-arm64 -o {program} makes it");
    }

    private static ServerAddress AddressOf(string? given, ServerAddress hub) => given is null ? hub
        : ServerAddress.TryParse(given.Contains("://", StringComparison.Ordinal) ? given : "xmpps://" + given, out ServerAddress? address) ? address
        : throw new CliException(ExitCode.Usage, $"'{given}' is no hub address: xmpps://HOST:PORT (TLS from the first byte) or xmpp://HOST:PORT (STARTTLS) is expected");

    private static Jid AccountOf(string text) => JidPrep.TryParse(text, out Jid? jid) && jid.Local.Length > 0 && jid.IsBare && IotXmpp.Things.ThingOptions.IsThingId(jid.Local)
        ? jid
        : throw new CliException(ExitCode.Usage, $"'{text}' is no account of a thing: ID@DOMAIN is expected, the id of a-z, 0-9 and -");

    private static byte[] ReadAuthority(Login login)
    {
        login.Authorities();
        return File.ReadAllBytes(login.Ca!);
    }

    private static string ReadPassword(string? file)
    {
        if (file is null)
        {
            throw new CliException(ExitCode.Usage, "--account needs --account-password-file FILE, whose first line is the password");
        }

        try
        {
            return File.ReadLines(file).FirstOrDefault() is { Length: > 0 } password ? password : throw new CliException(ExitCode.Usage, $"{file} is empty");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{file} cannot be read: {e.Message}");
        }
    }

    // The gateway's own reader judges: what is refused here would stop its start there.
    private static void Check(InstallWish wish)
    {
        var line = new List<string> { "--hub", wish.Hub.ToString(), "--jid", wish.Account.ToString(), "--password", "-" };
        foreach ((string name, string? value) in new[] { ("--owner", wish.Owner), ("--nodes", wish.Nodes), ("--serial", wish.Serial), ("--beacons", wish.Beacons), ("--board", wish.Board), ("--interval", wish.Interval?.ToString(System.Globalization.CultureInfo.InvariantCulture)) })
        {
            if (value is not null)
            {
                line.AddRange([name, value]);
            }
        }

        if (wish.Parts.Length > 0)
        {
            line.AddRange(["--parts", wish.Parts]);
            // Which board another machine is cannot be seen here; the header is the same on all of them.
            line.AddRange(wish.Board is null ? ["--board", IotXmpp.Gateway.Pi.PiPins.Pi4.Board] : []);
        }

        try
        {
            GatewaySettings.Read(line, new Dictionary<string, string>());
        }
        catch (GatewaySettingsException e)
        {
            throw new CliException(ExitCode.Usage, e.Message.TrimEnd('.'));
        }
    }

    private static async Task<string> ProvisionAsync(ClientArguments client, ParseResult parsed, string id, string? owner, CancellationToken cancel)
    {
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        string secret = Provisioning.NewSecret();
        DeviceKey key = DeviceKey.Derive(DotNetHash.Instance, secret, RandomNumberGenerator.GetBytes(SaltBytes), BoardFiles.Iterations);
        await ThingProvisioning.RunAsync(hub, id, owner, "gateway", key, cancel);
        return secret;
    }

    private sealed class LimitedRunner(IProcessRunner runner, TimeSpan limit) : IProcessRunner
    {
        public Task<ProcessResult?> RunAsync(ProcessCall call, Action<string>? line, TimeSpan ignored, CancellationToken cancel) => runner.RunAsync(call, line, limit, cancel);
    }
}
