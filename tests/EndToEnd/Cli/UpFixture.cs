using System.Text.Json.Nodes;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>One <c>iotxmpp up</c> for the tests of the other commands: a hub, four things and one behind the gateway, on free ports.</summary>
public sealed class UpFixture : IAsyncLifetime
{
    private readonly TempFolder _folder = new("cli");
    private CliRun? _up;

    /// <summary>The ids of the things.</summary>
    public static readonly string[] Things = ["battery-1", "bme280-1", "gateway-1", "node-1", "relay-1"];

    /// <summary>The arguments that keep a hub to free ports of this machine.</summary>
    public static readonly string[] FreePorts = ["--c2s", "127.0.0.1:0", "--c2s-tls", "127.0.0.1:0", "--http", "0"];

    /// <summary>The data folder.</summary>
    public string Data => _folder.File("data");

    /// <summary>A folder for the tests' own files.</summary>
    public string Folder => _folder.Path;

    /// <summary>An environment as a second terminal has it.</summary>
    public Dictionary<string, string?> Environment => EnvironmentOf(_folder.Path);

    /// <summary>The first event of <c>up</c>: where the hub is.</summary>
    public JsonObject Hub { get; private set; } = [];

    /// <summary>A user's environment with a home of its own.</summary>
    public static Dictionary<string, string?> EnvironmentOf(string home) => new() { ["HOME"] = home, ["XDG_CONFIG_HOME"] = Path.Combine(home, "config"), ["XDG_DATA_HOME"] = Path.Combine(home, "share") };

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _up = CliRun.Start(Environment, ["up", "--json", "--data", Data, .. FreePorts[..^2], "--http", "127.0.0.1:0"]);
        var events = new List<JsonObject>();
        await _up.UntilAsync(lines =>
        {
            events.AddRange(lines.Skip(events.Count).Select(l => JsonNode.Parse(l)!.AsObject()));
            return Things.All(t => events.Any(e => (string?)e["event"] == "sample" && (string?)e["thing"] == t));
        });
        Hub = events[0];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_up is not null)
        {
            await _up.SignalAsync("TERM");
            await _up.EndAsync();
            await _up.DisposeAsync();
        }

        _folder.Dispose();
    }
}
