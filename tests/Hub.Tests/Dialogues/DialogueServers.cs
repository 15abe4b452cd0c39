using IotXmpp.TestKit;
using IotXmpp.TestKit.Dialogues;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Dialogues;

/// <summary>The servers that the dialogues talk to: one for each set of settings, started when the first dialogue asks, stopped at the end.</summary>
public sealed class DialogueServers : IAsyncLifetime
{
    /// <summary>In a script's settings: the hub runs by a clock that stands still until the script says "time passes".</summary>
    private const string ManualClock = "manual-clock";

    private readonly Dictionary<string, IDialogueServer> servers = [];

    /// <summary>The server that runs with these settings.</summary>
    public async Task<IDialogueServer> ForAsync(string settings)
    {
        if (!servers.TryGetValue(settings, out var server))
        {
            server = Environment.GetEnvironmentVariable("IOTXMPP_DIALOGUE_SERVER") == "prosody"
                ? await ProsodyHost.StartAsync()
                : await HubHost.StartAsync(settings.Replace(ManualClock, "", StringComparison.Ordinal).Trim(), settings.Contains(ManualClock, StringComparison.Ordinal) ? new ManualTime() : null);
            servers[settings] = server;
        }

        return server;
    }

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var server in servers.Values)
        {
            await server.DisposeAsync();
        }
    }
}
