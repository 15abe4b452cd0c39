using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Boards;
using IotXmpp.Cli.Firmware;
using IotXmpp.Cli.Flash;
using IotXmpp.Cli.Flash.Nanoff;
using IotXmpp.Cli.Hub;
using IotXmpp.Cli.Output;
using IotXmpp.Virtual;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp firmware pack</c>: images for the hub's flashing page; and those for updates (<see cref="ImageCommands"/>).</summary>
internal static class FirmwareCommand
{
    public static Command Create() => new("firmware", "Firmware images: for the flashing page, and for updates over the air") { Pack(), ImageCommands.Key(), ImageCommands.Sign(), ImageCommands.Push(), ImageCommands.List(), ImageCommands.Remove() };

    private static Command Pack()
    {
        var board = new Option<string[]>("--board") { Description = "for which boards, as iotxmpp board list has them; all that are flashed without", HelpName = "BOARD", AllowMultipleArgumentsPerToken = true };
        var data = new Option<string?>("--data") { Description = $"the hub's data folder (IOTXMPP_DATA; default {DataAccess.DefaultFolder})", HelpName = "DIR" };
        var image = new Option<string?>("--image") { Description = "a ready firmware image, instead of building one from this tree", HelpName = "FILE" };
        var runtime = new Option<string?>("--runtime") { Description = "nanoFramework's runtime as a folder or ZIP file, instead of fetching it with nanoff; with one --board", HelpName = "PATH" };
        var nanoff = new Option<string?>("--nanoff") { Description = "the program nanoff (IOTXMPP_NANOFF; default: PATH, ~/.dotnet/tools)", HelpName = "FILE" };
        var verbose = new Option<bool>("--verbose") { Description = "show what the tools say" };
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command("pack", "Build the images for the hub's page /flash/ and put them, with the tool that writes them, into its data folder") { board, data, image, runtime, nanoff, verbose, json };
        command.SetAction(async (parsed, cancel) =>
        {
            var screen = new Screen(parsed.GetValue(json));
            string[] named = parsed.GetValue(board) is { Length: > 0 } some ? some : [.. KnownBoards.Flashed];
            BoardPinout[] boards = [.. named.Select(KnownBoards.Find)];
            if (boards.FirstOrDefault(b => b.Nano is null) is { } linux)
            {
                throw new CliException(ExitCode.Usage, $"{linux.Name} is not flashed: it runs Linux and the gateway (firmware/Gateway/README.md)");
            }

            string? ready = parsed.GetValue(runtime);
            if (ready is not null && (boards.Length != 1 || (!File.Exists(ready) && !Directory.Exists(ready))))
            {
                throw new CliException(ExitCode.Usage, boards.Length != 1 ? "a runtime is of one board: give one --board with --runtime" : $"there is no runtime {ready}");
            }

            if (parsed.GetValue(image) is { } given && !File.Exists(given))
            {
                throw new CliException(ExitCode.Usage, $"there is no image {given}");
            }

            string folder = Path.Combine(Path.GetFullPath(parsed.GetValue(data) ?? Environment.GetEnvironmentVariable("IOTXMPP_DATA") ?? DataAccess.DefaultFolder), "flash");
            Action<string>? line = parsed.GetValue(verbose) ? text => Screen.Note("    " + text) : null;
            return await PackAsync(boards, folder, parsed.GetValue(image), ready, NanoffTool.ProgramOf(parsed.GetValue(nanoff)), screen, line, cancel);
        });
        return command;
    }

    private static async Task<int> PackAsync(BoardPinout[] boards, string folder, string? image, string? runtime, string nanoffProgram, Screen screen, Action<string>? line, CancellationToken cancel)
    {
        var runner = new ProcessRunner();
        string version = typeof(FirmwareCommand).Assembly.GetName().Version!.ToString(3);
        NanoffTool? nanoff = runtime is null ? await NanoffTool.FindAsync(runner, nanoffProgram, line, cancel) : null;
        foreach (BoardPinout board in boards)
        {
            string built = image ?? string.Empty;
            if (image is null)
            {
                // For each board anew: chips differ in what their runtime has. What is unchanged is not built twice.
                using Progress building = Screen.Wait($"building the firmware of {board.Board}");
                built = await FirmwareBuild.RunAsync(runner, FirmwareBuild.NeedRoot(), FirmwareBuild.PropertiesOf(board), line, cancel);
            }

            using PrivateFolder archive = PrivateFolder.Create();
            using Progress fetching = Screen.Wait($"making the images of {board.Board}");
            string from = runtime ?? await nanoff!.FetchAsync(board.Nano!.Target, archive.Path, cancel);
            long bytes = FirmwarePack.WriteBoard(folder, board, built, from, version);
            screen.Json(() => new JsonObject { ["event"] = "packed", ["board"] = board.Board, ["bytes"] = bytes, ["folder"] = Path.Combine(folder, "boards", board.Board) });
            screen.Line($"{board.Board}: {bytes:N0} bytes in {Path.Combine(folder, "boards", board.Board)}");
        }

        using (Progress restoring = Screen.Wait("restoring the flashing tool from npm"))
        {
            string tool = await FirmwarePack.WriteToolAsync(runner, folder, line, cancel);
            screen.Json(() => new JsonObject { ["event"] = "tool", ["name"] = "esp-web-tools", ["version"] = tool });
            screen.Line($"esp-web-tools {tool} in {Path.Combine(folder, "esp-web-tools")}");
        }

        screen.Line("The hub serves it at /flash/ of its HTTP address, such as http://localhost:5280/flash/");
        return ExitCode.Ok;
    }
}
