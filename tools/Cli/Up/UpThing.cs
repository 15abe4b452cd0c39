using IotXmpp.Gateway;
using IotXmpp.Things;
using IotXmpp.Virtual;

namespace IotXmpp.Cli.Up;

/// <summary>A thing of <c>iotxmpp up</c>: it runs until cancelled, through as many lives as it has, and tells what it does.</summary>
internal abstract class UpThing(string id)
{
    /// <summary>Its id.</summary>
    public string Id { get; } = id;

    /// <summary>It was told to do something.</summary>
    public event Action<VirtualCommand>? Commanded;

    /// <summary>Its id, and those of the things behind it.</summary>
    public virtual IEnumerable<string> Ids => [Id];

    /// <summary>The hub has taken samples of it, or of a thing behind it: of which.</summary>
    public event Action<string>? Published;

    /// <summary>Something is wrong; one line.</summary>
    public event Action<string>? Troubled;

    /// <summary>Runs it; when this returns its stream is closed.</summary>
    public abstract Task RunAsync(CancellationToken cancel);

    protected void RaiseCommanded(VirtualCommand command) => Commanded?.Invoke(command);

    protected void RaisePublished(string? node = null) => Published?.Invoke(node ?? Id);

    protected void RaiseTroubled(string what) => Troubled?.Invoke(what);
}

/// <summary>A virtual board that runs the firmware of the real ones, over a real TLS connection.</summary>
internal sealed class UpBoard(VirtualThingOptions options) : UpThing(options.Account.Local)
{
    /// <inheritdoc/>
    public override async Task RunAsync(CancellationToken cancel)
    {
        await using var thing = new VirtualThing(options);
        thing.Happened += OnHappened;
        thing.Start();
        await Task.Delay(Timeout.Infinite, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await thing.StopAsync();
    }

    private void OnHappened(VirtualEvent happened)
    {
        switch (happened.Kind)
        {
            case VirtualEventKind.Published:
                RaisePublished();
                break;
            case VirtualEventKind.Controlled when happened.Command is { } command:
                RaiseCommanded(command);
                break;
            // A thing that goes to sleep closes its stream itself; its presence says so.
            case VirtualEventKind.Offline when happened.Text.EndsWith("stopped", StringComparison.Ordinal):
                break;
            case VirtualEventKind.Offline or VirtualEventKind.PublishRefused:
                RaiseTroubled(happened.Text);
                break;
            default:
                // Seen as the hub tells it: presence, and samples that come back from there.
                break;
        }
    }
}

/// <summary>The gateway: the program of the Raspberry Pi, with its own health as telemetry, a virtual thing behind it, and a rule that moves that thing.</summary>
internal sealed class UpGateway(GatewaySettings settings, string nodeId, string nodeKey) : UpThing(settings.Account.Local), IThingObserver
{
    /// <inheritdoc/>
    public override IEnumerable<string> Ids => [Id, nodeId];

    /// <summary>How often the thing behind the gateway measures.</summary>
    private static readonly TimeSpan NodeInterval = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override async Task RunAsync(CancellationToken cancel)
    {
        using var gateway = new GatewayHost(settings, this, _ => { });
        gateway.Acknowledged = (thing, _) =>
        {
            if (thing == nodeId)
            {
                RaisePublished(nodeId);
            }
        };
        Task node = RunNodeAsync(gateway, cancel);
        await gateway.RunAsync(cancel);
        await node.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RunNodeAsync(GatewayHost gateway, CancellationToken cancel)
    {
        System.Net.IPEndPoint port = await gateway.Listening.WaitAsync(cancel);
        await using VirtualNode node = await VirtualNode.ConnectAsync(nodeId, nodeKey, port, n => n.Values["fan"] = false, cancel: cancel);
        node.WasSet += (parameter, value) => RaiseCommanded(new VirtualCommand("a rule or a person", $"{nodeId} {parameter}", value.ToJsonString(), null));
        for (int i = 0; ; i++)
        {
            // A day in a minute: warm enough for the fan, then not.
            double temperature = Math.Round(29 + (4 * Math.Sin(i * Math.PI / 6)), 1);
            await node.SampleAsync(i, new() { ["temperature"] = new System.Text.Json.Nodes.JsonObject { ["value"] = temperature, ["unit"] = "°C" }, ["fan"] = node.Values["fan"].DeepClone() });
            await Task.Delay(NodeInterval, cancel);
        }
    }

    void IThingObserver.UplinkChanged(bool online, string reason)
    {
        if (!online)
        {
            RaiseTroubled($"offline: {reason}");
        }
    }

    void IThingObserver.Sampled(Sample sample)
    {
        // Seen when it comes back from the hub.
    }

    void IThingObserver.Published(int samples) => RaisePublished();

    void IThingObserver.PublishRefused(string reason) => RaiseTroubled($"publish refused: {reason}");

    void IThingObserver.Controlled(string from, string parameter, string value, string? error) => RaiseCommanded(new VirtualCommand(from, parameter, value, error));

    void IThingObserver.Sleeping(long untilUtcMs)
    {
        // A gateway does not.
    }
}
