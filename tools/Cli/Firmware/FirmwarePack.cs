using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Flash;
using IotXmpp.Virtual;

namespace IotXmpp.Cli.Firmware;

/// <summary>What the hub's flashing page needs, put together in a folder: images and manifest of a board (ESP Web Tools), and the tool itself from npm.</summary>
internal static class FirmwarePack
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>How long npm may take. Default 5 minutes: it fetches some 3 MB.</summary>
    private static readonly TimeSpan NpmLimit = TimeSpan.FromMinutes(5);

    /// <summary>The partition table that the runtime's package has for a board, by its flash.</summary>
    public static string PartitionsName(BoardPinout board) => $"partitions_{board.FlashBytes >> 20}mb.bin";

    /// <summary>The manifest of a board: what goes where.</summary>
    /// <param name="board">The board.</param>
    /// <param name="version">The firmware's version.</param>
    public static string Manifest(BoardPinout board, string version)
    {
        NanoLayout nano = board.Nano!;
        JsonObject Part(string path, int offset) => new() { ["path"] = path, ["offset"] = offset };
        return new JsonObject
        {
            ["name"] = $"IotXmpp on {board.Name}",
            ["version"] = version,
            // A board that had other firmware has a settings partition that nanoFramework cannot read: the person decides.
            ["new_install_prompt_erase"] = true,
            // On the port that a board is flashed by there is nanoFramework's wire protocol, and Improv on another line: the tool need not wait for it.
            ["new_install_improv_wait_time"] = 0,
            ["builds"] = new JsonArray(new JsonObject
            {
                ["chipFamily"] = nano.ChipFamily,
                ["parts"] = new JsonArray(
                    Part("bootloader.bin", nano.BootloaderAddress), Part("partitions.bin", nano.PartitionsAddress), Part("nanoCLR.bin", nano.RuntimeAddress), Part("deploy.bin", nano.DeployAddress)),
            }),
        }.ToJsonString(s_json) + "\n";
    }

    /// <summary>Writes a board's images, manifest and entry into the folder; a reader sees the old or the new board, never a mixture.</summary>
    /// <param name="folder">The folder of the flashing page.</param>
    /// <param name="board">The board.</param>
    /// <param name="image">The firmware image.</param>
    /// <param name="runtime">A folder or a ZIP file with the runtime: <c>bootloader.bin</c>, <c>nanoCLR.bin</c>, <c>partitions_4mb.bin</c>.</param>
    /// <param name="version">The firmware's version.</param>
    /// <returns>The bytes of all parts.</returns>
    /// <exception cref="CliException">A part is missing or does not fit.</exception>
    public static long WriteBoard(string folder, BoardPinout board, string image, string runtime, string version)
    {
        NanoLayout nano = board.Nano!;
        (string Name, string Part, int Most)[] wanted =
        [
            ("bootloader.bin", "bootloader.bin", nano.PartitionsAddress - nano.BootloaderAddress),
            (PartitionsName(board), "partitions.bin", 0x1000),
            ("nanoCLR.bin", "nanoCLR.bin", nano.DeployAddress - nano.RuntimeAddress),
        ];
        string boards = Path.Combine(folder, "boards");
        string made = Path.Combine(boards, $".{board.Board}.new");
        Directory.CreateDirectory(boards);
        if (Directory.Exists(made))
        {
            Directory.Delete(made, recursive: true);
        }

        Directory.CreateDirectory(made);
        long bytes = Copy(image, Path.Combine(made, "deploy.bin"), nano.DeployBytes, "the firmware");
        using (ZipArchive? zip = File.Exists(runtime) ? ZipFile.OpenRead(runtime) : null)
        {
            foreach ((string name, string part, int most) in wanted)
            {
                string target = Path.Combine(made, part);
                if (zip is not null)
                {
                    ZipArchiveEntry entry = zip.Entries.FirstOrDefault(e => e.Name == name) ?? throw Missing(name, runtime);
                    entry.ExtractToFile(target);
                    bytes += Fits(new FileInfo(target).Length, most, name);
                }
                else
                {
                    string source = Path.Combine(runtime, name);
                    bytes += File.Exists(source) ? Copy(source, target, most, name) : throw Missing(name, runtime);
                }
            }
        }

        File.WriteAllText(Path.Combine(made, "manifest.json"), Manifest(board, version));
        File.WriteAllText(
            Path.Combine(made, "board.json"),
            new JsonObject
            {
                ["board"] = board.Board,
                ["name"] = board.Name,
                ["chipFamily"] = nano.ChipFamily,
                ["version"] = version,
                ["runtime"] = nano.Target,
                ["bytes"] = bytes,
            }.ToJsonString(s_json) + "\n");
        string final = Path.Combine(boards, board.Board);
        if (Directory.Exists(final))
        {
            Directory.Delete(final, recursive: true);
        }

        Directory.Move(made, final);
        return bytes;
    }

    /// <summary>Restores the flashing tool from npm, by a lock file that names each package's hash, and puts what browsers load into the folder.</summary>
    /// <param name="runner">Runs npm.</param>
    /// <param name="folder">The folder of the flashing page.</param>
    /// <param name="line">Is told what npm says; may be null.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The tool's version.</returns>
    /// <exception cref="CliException">There is no npm, or it does not do it.</exception>
    public static async Task<string> WriteToolAsync(IProcessRunner runner, string folder, Action<string>? line, CancellationToken cancel)
    {
        using PrivateFolder work = PrivateFolder.Create();
        foreach (string name in (string[])["package.json", "package-lock.json"])
        {
            using Stream resource = typeof(FirmwarePack).Assembly.GetManifestResourceStream($"web/{name}")!;
            using var bytes = new MemoryStream();
            resource.CopyTo(bytes);
            work.Write(name, bytes.ToArray());
        }

        var call = new ProcessCall(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--prefix", work.Path, "--ignore-scripts", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved"]);
        ProcessResult result = await runner.RunAsync(call, line, NpmLimit, cancel)
            ?? throw new CliException(ExitCode.Usage, "there is no npm here: the flashing page's tool (esp-web-tools) comes from there; install Node.js, or use iotxmpp flash, which needs no page");
        string package = Path.Combine(work.Path, "node_modules", "esp-web-tools");
        string web = Path.Combine(package, "dist", "web");
        if (result.Code != 0 || !File.Exists(Path.Combine(web, "install-button.js")))
        {
            string why = result.Output.Split('\n').FirstOrDefault(l => l.Contains("error", StringComparison.OrdinalIgnoreCase))?.Trim() ?? "no esp-web-tools came";
            throw new CliException(ExitCode.Failed, $"npm did not restore the flashing page's tool: {why}; is the package registry reachable?");
        }

        string target = Path.Combine(folder, "esp-web-tools");
        if (Directory.Exists(target))
        {
            Directory.Delete(target, recursive: true);
        }

        Directory.CreateDirectory(target);
        foreach (string file in Directory.EnumerateFiles(web, "*.js"))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }

        File.Copy(Path.Combine(package, "LICENSE"), Path.Combine(target, "LICENSE.txt"));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(package, "package.json")));
        return json.RootElement.GetProperty("version").GetString() ?? "?";
    }

    private static long Copy(string source, string target, int most, string what)
    {
        long bytes = Fits(new FileInfo(source).Length, most, what);
        File.Copy(source, target);
        return bytes;
    }

    private static long Fits(long bytes, int most, string what) => bytes > 0 && bytes <= most
        ? bytes
        : throw new CliException(ExitCode.Failed, string.Create(CultureInfo.InvariantCulture, $"{what} has {bytes} bytes, and its place on this board takes 1 to {most}; is it of the right board?"));

    private static CliException Missing(string name, string runtime) => new(ExitCode.Failed, $"the runtime {runtime} has no {name}; --runtime names a folder or a ZIP file of nanoFramework's firmware for this board");
}
