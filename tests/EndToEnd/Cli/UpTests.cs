using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.EndToEnd.Cli;

public sealed class UpTests
{
    private static readonly string[] s_start = ["up", "--json", .. UpFixture.FreePorts];

    [Fact]
    public async Task A_first_start_needs_nothing_and_ends_well_when_all_published()
    {
        using var folder = new TempFolder("up");
        Dictionary<string, string?> environment = UpFixture.EnvironmentOf(folder.Path);
        // However long that takes; with a length, the code says whether all have published.
        CliResult run = await UntilAsync(environment, events =>
            UpFixture.Things.All(thing => events.Exists(e => (string?)e["event"] == "presence" && (string?)e["thing"] == thing && (string?)e["state"] == "online") && HasSample(events, thing))
            && events.Exists(e => (string?)e["event"] == "presence" && (string?)e["thing"] == "battery-1" && (string?)e["state"] == "sleeping" && e["until"] is not null)
            && events.Exists(e => (string?)e["event"] == "command" && (string?)e["thing"] == "relay-1" && (string?)e["outcome"] == "done"));

        Assert.True(run.Code == 0, run.ToString());
        JsonObject[] events = run.Json;
        Assert.Equal("up", (string?)events[0]["event"]);
        Assert.Matches("^admin@localhost$", (string?)Assert.Single(events, e => (string?)e["event"] == "administrator")["jid"]);
        Assert.Equal(UpFixture.Things.Length, (int?)events[^1]["published"]);

        string profile = Path.Combine(folder.Path, "config", "iotxmpp", "profile.json");
        Assert.Equal(FileModes.Secret, FileModes.Of(profile));
        string data = Path.Combine(folder.Path, "share", "iotxmpp", "up");
        foreach (string secret in Directory.GetFiles(Path.Combine(data, "things"), "secret", SearchOption.AllDirectories))
        {
            Assert.Equal(FileModes.Secret, FileModes.Of(secret));
        }

        // A second start shows no password again, and the things are who they were.
        CliResult again = await UntilAsync(environment, events => UpFixture.Things.All(thing => HasSample(events, thing)));
        Assert.True(again.Code == 0, again.ToString());
        Assert.DoesNotContain(again.Json, e => (string?)e["event"] == "administrator");
    }

    [Fact]
    public async Task What_is_missing_at_the_end_is_told()
    {
        using var folder = new TempFolder("up");
        CliResult run = await CliRun.RunAsync(UpFixture.EnvironmentOf(folder.Path), [.. s_start, "--for", "1ms"]);

        Assert.Equal(1, run.Code);
        Assert.Contains("not published:", run.ErrorLine, StringComparison.Ordinal);
        Assert.Contains("gateway-1", run.ErrorLine, StringComparison.Ordinal);
        Assert.Equal("end", (string?)run.Json[^1]["event"]);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_ends_it_in_good_order(string signal)
    {
        Assert.SkipWhen(signal == "INT" && IgnoresInterrupt(), "this process was started with SIGINT ignored, and its children inherit that");
        using var folder = new TempFolder("up");
        await using CliRun run = CliRun.Start(UpFixture.EnvironmentOf(folder.Path), s_start);
        await run.UntilAsync(lines => lines.Any(l => l.Contains("\"state\":\"online\"", StringComparison.Ordinal)));
        await run.SignalAsync(signal);
        CliResult end = await run.EndAsync();

        Assert.True(end.Code == 0, end.ToString());
        Assert.Equal("end", (string?)end.Json[^1]["event"]);
        Assert.Empty(end.Errors);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_the_way_out()
    {
        using var folder = new TempFolder("up");
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string port = ((IPEndPoint)taken.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        CliResult run = await CliRun.RunAsync(UpFixture.EnvironmentOf(folder.Path), "up", "--c2s", $"127.0.0.1:{port}", "--c2s-tls", "127.0.0.1:0", "--http", "0", "--for", "1s");

        Assert.Equal(7, run.Code);
        Assert.Contains($"port {port}", run.ErrorLine, StringComparison.Ordinal);
        Assert.Contains("--c2s 127.0.0.1:0", run.ErrorLine, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    [Theory]
    [InlineData("'30' is no duration", "--for", "30")]
    [InlineData("--fro", "--fro", "3s")]
    [InlineData("Domain", "--domain", "not a domain")]
    [InlineData("--c2s", "--c2s", "nowhere")]
    public async Task A_wrong_argument_is_one_line(string expected, params string[] arguments)
    {
        using var folder = new TempFolder("up");
        CliResult run = await CliRun.RunAsync(UpFixture.EnvironmentOf(folder.Path), ["up", .. arguments]);

        Assert.True(run.Code == 2, run.ToString());
        Assert.Contains(expected, run.ErrorLine, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_hub_alone_says_when_it_is_ready()
    {
        using var folder = new TempFolder("hub");
        await using CliRun run = CliRun.Start(UpFixture.EnvironmentOf(folder.Path), ["hub", "run", "--data", folder.File("data"), .. UpFixture.FreePorts]);
        await run.UntilAsync(lines => lines.Contains("ready"));
        CliResult second = await CliRun.RunAsync(UpFixture.EnvironmentOf(folder.Path), ["hub", "run", "--data", folder.File("data"), .. UpFixture.FreePorts]);
        Assert.Equal(7, second.Code);
        Assert.Contains("in use by another hub", second.ErrorLine, StringComparison.Ordinal);

        await run.SignalAsync("TERM");
        Assert.Equal(0, (await run.EndAsync()).Code);
    }

    private static bool HasSample(List<JsonObject> events, string thing) => events.Exists(e => (string?)e["event"] == "sample" && (string?)e["thing"] == thing && e["fields"]!.AsObject().Count > 0);

    // A run with a length that nobody waits for: it is ended when its events are as they shall be.
    private static async Task<CliResult> UntilAsync(Dictionary<string, string?> environment, Func<List<JsonObject>, bool> isSo)
    {
        await using CliRun run = CliRun.Start(environment, [.. s_start, "--for", "1h"]);
        var events = new List<JsonObject>();
        await run.UntilAsync(lines =>
        {
            events.AddRange(lines.Skip(events.Count).Select(l => JsonNode.Parse(l)!.AsObject()));
            return isSo(events);
        });
        await run.SignalAsync("TERM");
        return await run.EndAsync();
    }

    private static bool IgnoresInterrupt()
    {
        string mask = File.ReadLines("/proc/self/status").First(l => l.StartsWith("SigIgn:", StringComparison.Ordinal))[7..].Trim();
        return (ulong.Parse(mask, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 2) != 0;
    }
}
