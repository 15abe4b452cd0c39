using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IotXmpp.EndToEnd.Cli;
using IotXmpp.Esp32;
using Xunit;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>
/// <c>iotxmpp flash</c> from a bare board to its first sample: nanoff through its one seam, a board at the end of a pseudo-terminal that starts with just the files that nanoff wrote,
/// a real hub.
/// </summary>
public sealed partial class FlashTests(FlashFixture flash) : IClassFixture<FlashFixture>
{
    private const string NoCheck = " --suppressnanoffversioncheck";

    public static TheoryData<string, string, string, string> Boards => new()
    {
        { "esp32-s3-devkitc-1", "ESP32-S3", "2.5.98", "0x1B0000" },
        { "esp32-devkitc-v4", "ESP32", "3.0.0", "0x1E0000" },
        { "esp32-c3-devkitm-1", "ESP32-C3", "3.0.0", "0x1B0000" },
    };

    [Fact]
    public async Task A_board_that_nothing_is_wired_to_shows_itself_as_its_first_sample()
    {
        await using var board = new SimulatedBoard("ESP32-S3");
        string[] arguments = [.. flash.Arguments(board, "bare-1")];
        int parts = Array.IndexOf(arguments, "--parts");
        CliResult run = await FlashFixture.RunAsync(board, flash.Environment(board, "3.0.0"), [.. arguments[..parts], .. arguments[(parts + 2)..]]);
        Assert.True(run.Code == 0, run.ToString());
        string printed = string.Join("\n", run.Lines);
        Assert.True(Regex.IsMatch(printed, "sample    uptime=.* freeHeap=.* signal=-"), printed);
        Assert.EndsWith("nothing is wired to it yet: name its parts with --parts and --settings-only. Next: iotxmpp watch bare-1 · iotxmpp monitor --port " + board.Cable.Name, run.Lines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Boards))]
    public async Task A_bare_board_is_online_with_its_first_sample(string type, string chip, string nanoff, string address)
    {
        string thing = "greenhouse-" + chip.ToLowerInvariant();
        await using var board = new SimulatedBoard(chip);
        CliResult run = await FlashFixture.RunAsync(board, flash.Environment(board, nanoff), flash.Arguments(board, thing, type));
        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains(run.Lines, l => l.StartsWith($"online    {thing}@hub.test: ", StringComparison.Ordinal));
        Assert.Contains(run.Lines, l => l.StartsWith("sample    temperature=", StringComparison.Ordinal));
        Assert.StartsWith($"{thing} is online after ", run.Lines[^1], StringComparison.Ordinal);

        // In this order, with these words, and the firmware where the chip's partition is.
        string target = Target(type);
        string port = board.Cable.Name;
        string network = Word(board.Calls[3]);
        string files = Word(board.Calls[4]);
        Assert.Equal(
            nanoff[0] == '2'
                ?
                [
                    $"--target {target} --serialport {port} --devicedetails" + NoCheck, $"--update --target {target} --serialport {port}" + NoCheck,
                    $"--target {target} --serialport {port} --deploy --image {flash.Image} --address {address}" + NoCheck, $"--networkdeployment {network}" + NoCheck, $"--filedeployment {files}" + NoCheck,
                ]
                :
                [
                    $"details --target {target} --serialport {port}" + NoCheck, $"flash --target {target} --serialport {port}" + NoCheck,
                    $"deploy --target {target} --serialport {port} --image {flash.Image} --address {address}" + NoCheck, $"deploy --network {network}" + NoCheck, $"deploy --file {files}" + NoCheck,
                ],
            board.Calls);
        // The files that nanoff read were private, and are gone.
        Assert.False(File.Exists(network) || File.Exists(files) || Directory.Exists(Path.GetDirectoryName(files)));

        // What the board got.
        Assert.Equal([$"app-{address}", "ca.pem", "runtime", "thing.conf", "thing.key", "wifi"], board.Written);
        Assert.Equal(target, Encoding.ASCII.GetString(board.Read("runtime")!));
        Assert.Equal(await File.ReadAllBytesAsync(flash.Image, TestContext.Current.CancellationToken), board.Read($"app-{address}"));
        Assert.Equal("home\nhome secret\nWPA2", Encoding.UTF8.GetString(board.Read("wifi")!));
        Assert.Equal((await File.ReadAllTextAsync(flash.Authority, TestContext.Current.CancellationToken)).Trim() + "\n\0", Encoding.ASCII.GetString(board.Read("ca.pem")!));
        BoardConfig config = BoardConfig.Parse(board.Read("thing.conf"), out string? wrong);
        Assert.Null(wrong);
        Assert.Null(config.Warning);
        Assert.Equal((thing, "hub.test", "127.0.0.1", flash.Hub.DirectTls!.Port), (config.Thing, config.Domain, config.Host, config.Port));
        Assert.Equal((type, "bme280@0x76", "boss@hub.test"), (config.Board, config.Parts, config.Owner));
        Assert.NotNull(DeviceKey.Parse(board.Read("thing.key"), out _));
        // No secret was printed, nor does the hub have one: only the keys that SCRAM needs on each side.
        Assert.DoesNotContain("home secret", run.Out + run.Error, StringComparison.Ordinal);
        DeviceKey key = DeviceKey.Parse(board.Read("thing.key"), out _);
        var kept = await flash.Hub.Server.Services.AccountStore.FindKeysAsync(thing, Hub.Sasl.ScramHash.Sha256, TestContext.Current.CancellationToken);
        Assert.Equal(key.StoredKey(IotXmpp.Host.DotNetHash.Instance), kept!.StoredKey);
        Assert.NotEqual(key.Keys.ClientKey, kept.StoredKey);
    }

    /// <summary>The root README shows a run: the same steps in the same order, with other numbers.</summary>
    [Fact]
    public async Task README_shows_what_a_run_prints()
    {
        const string Begin = "README_shows -->\n   ```\n";
        const string End = "   ```\n   <!-- end of the run -->";
        await using var board = new SimulatedBoard();
        CliResult run = await FlashFixture.RunAsync(board, flash.Environment(board), flash.Arguments(board, "greenhouse-1", "esp32-s3-devkitc"));
        Assert.True(run.Code == 0, run.ToString());
        string port = board.Cable.Name;
        string[] printed =
        [
            .. run.Lines.Select(l => l.Replace(port, "/dev/ttyUSB0", StringComparison.Ordinal).Replace(flash.Image, "firmware/Nano/Esp32/bin/Release/IotXmpp.Esp32.bin", StringComparison.Ordinal)
                .Replace(flash.HubAddress, "192.0.2.1:5223", StringComparison.Ordinal).Replace("127.0.0.1", "192.0.2.1", StringComparison.Ordinal).Replace("hub.test", "example.org", StringComparison.Ordinal)
                .Replace("boss@", "ann@", StringComparison.Ordinal)),
        ];
        string path = TestKit.Repository.Path("README.md");
        string readme = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
        int from = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int to = readme.IndexOf(End, from, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("IOTXMPP_WRITE_README") == "1")
        {
            readme = readme[..from] + string.Concat(printed.Select(l => $"   {l}\n")) + readme[to..];
            await File.WriteAllTextAsync(path, readme, TestContext.Current.CancellationToken);
            to = readme.IndexOf(End, from, StringComparison.Ordinal);
        }

        string[] shown = [.. readme[from..to].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l[3..])];
        // What the board itself says, indented, comes between the steps when it comes.
        Assert.Equal(Steps(shown), Steps(printed));
        Assert.Contains(shown, l => l.StartsWith("  online as greenhouse-1@", StringComparison.Ordinal));

        static string[] Steps(IEnumerable<string> lines) => [.. lines.Where(l => !l.StartsWith(' ')).Select(l => Numbers().Replace(Key().Replace(l, "KEY:…"), "#"))];
    }

    [Fact]
    public async Task A_board_that_is_flashed_again_gets_new_keys_and_only_settings()
    {
        await using var board = new SimulatedBoard();
        Dictionary<string, string?> environment = flash.Environment(board);
        CliResult first = await FlashFixture.RunAsync(board, environment, flash.Arguments(board, "again-1", "esp32-s3-devkitc", "--json"));
        Assert.True(first.Code == 0, first.ToString());
        byte[] old = board.Read("thing.key")!;
        CliResult second = await FlashFixture.RunAsync(board, environment, flash.Arguments(board, "again-1", "esp32-s3-devkitc", "--settings-only", "--json", "--interval", "3s"));
        Assert.True(second.Code == 0, second.ToString());
        Assert.NotEqual(old, board.Read("thing.key"));
        Assert.Equal(7, board.Calls.Length); // five, then network and files
        Assert.Contains("interval=3\n", Encoding.UTF8.GetString(board.Read("thing.conf")!), StringComparison.Ordinal);
        Assert.Equal("flashed", (string?)second.Json[^1]["event"]);
        Assert.Single(second.Json, e => (string?)e["event"] == "sample");
    }

    [Fact]
    public async Task The_monitor_shows_the_stanzas_of_a_board_that_logs_them_and_no_secret()
    {
        await using var board = new SimulatedBoard();
        Dictionary<string, string?> environment = flash.Environment(board);
        CliResult run = await FlashFixture.RunAsync(board, environment, flash.Arguments(board, "log-1", "esp32-s3-devkitc", "--log-stanzas", "--interval", "2s"));
        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("log=stanzas\n", Encoding.UTF8.GetString(board.Read("thing.conf")!), StringComparison.Ordinal);
        await using CliRun monitor = CliRun.Start(environment, "monitor", "--port", board.Cable.Name, "--json");
        await monitor.UntilAsync(lines => lines.Count > 0);
        await board.ResetAsync();
        bool Has(IReadOnlyList<string> lines, string direction, string meaning) => lines.Select(l => JsonNode.Parse(l)!).Any(j =>
            (string?)j["event"] == "stanza" && (string?)j["direction"] == direction && ((string?)j["meaning"])!.StartsWith(meaning, StringComparison.Ordinal));
        await monitor.UntilAsync(lines => Has(lines, "out", "publishes to things/log-1/telemetry: temperature=") && Has(lines, "in", "things/log-1/telemetry has it") && Has(lines, "out", "is there, firmware"));
        // Somebody reads it, and what he asked is decoded, too.
        CliResult read = await CliRun.RunAsync(environment, "read", "log-1");
        Assert.True(read.Code == 0, read.ToString());
        await monitor.UntilAsync(lines => Has(lines, "in", "asks for the values now") && lines.Any(l => l.Contains("\"event\":\"online\"", StringComparison.Ordinal)));
        // A new Wi-Fi password comes over the air: it is not on the line, nor are keys.
        CliResult set = await CliRun.RunAsync(environment, "set", "log-1", "wifiPassword=another secret 1");
        Assert.True(set.Code == 0, set.ToString());
        await monitor.UntilAsync(lines => lines.Any(l => l.Contains("wifiPassword", StringComparison.Ordinal)));
        await monitor.SignalAsync("INT");
        CliResult said = await monitor.EndAsync();
        DeviceKey key = DeviceKey.Parse(board.Read("thing.key"), out _);
        Assert.DoesNotContain("another secret", said.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("home secret", said.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(key.Keys.ClientKey), said.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(key.Claim.Split("KEY:")[1], said.Out, StringComparison.Ordinal);
        Assert.Contains(said.Json, j => (string?)j["event"] == "stanza" && ((string?)j["xml"])!.Contains("<auth", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_dry_run_prints_what_a_run_does_and_does_nothing()
    {
        await using var board = new SimulatedBoard("ESP32");
        string[] accounts = await flash.AccountsAsync();
        string[] arguments = flash.Arguments(board, "dry-1", "esp32-devkitc-v4", "--json");
        CliResult dry = await FlashFixture.RunAsync(board, flash.Environment(board), [.. arguments, "--dry-run"]);
        Assert.True(dry.Code == 0, dry.ToString());
        Assert.Empty(board.Calls);
        Assert.Empty(board.Written);
        Assert.Equal(accounts, await flash.AccountsAsync());
        Assert.DoesNotContain("home secret", dry.Out + dry.Error, StringComparison.Ordinal);

        CliResult run = await FlashFixture.RunAsync(board, flash.Environment(board), arguments);
        Assert.True(run.Code == 0, run.ToString());
        string[] commands = [.. dry.Json.Where(e => (string?)e["event"] == "command").Select(e => string.Join(' ', e["arguments"]!.AsArray().Select(a => (string?)a)))];
        // But for the temporary folder that the two JSON files lie in.
        Assert.Equal(commands, board.Calls.Select(c => Word(c) is [.., 'n'] path && path.EndsWith(".json", StringComparison.Ordinal) ? c.Replace(path, Path.GetFileName(path), StringComparison.Ordinal) : c));
        // The files that are not secret, byte by byte.
        Dictionary<string, string> files = dry.Json.Where(e => (string?)e["event"] == "file").ToDictionary(e => (string)e["file"]!, e => (string)e["text"]!);
        Assert.Equal(Encoding.UTF8.GetString(board.Read("thing.conf")!), files["I:\\thing.conf"]);
        Assert.Equal(Encoding.UTF8.GetString(board.Read("ca.pem")!), files["I:\\ca.pem"]);
        Assert.Equal("(hidden)", (string?)JsonNode.Parse(files["network.json"])!["WirelessClient"]!["Password"]);
        Assert.Equal(["I:\\ca.pem", "I:\\thing.conf", "I:\\thing.key"], JsonNode.Parse(files["files.json"])!["Files"]!.AsArray().Select(f => (string?)f!["DestinationFilePath"]));
        Assert.Equal(4, files["I:\\thing.key"].Split("(hidden)").Length);
    }

    [GeneratedRegex("[0-9]+([.,][0-9]+)*")]
    private static partial Regex Numbers();

    [GeneratedRegex("KEY:[A-Z2-9]+")]
    private static partial Regex Key();

    private static string Target(string type) => IotXmpp.Virtual.BoardPinout.Find(type)!.Nano!.Target;

    // The word that names a file: the one before the last.
    private static string Word(string call) => call.Split(' ')[^2];
}
