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

    /// <summary>The hub has taken samples of it.</summary>
    public event Action? Published;

    /// <summary>Something is wrong; one line.</summary>
    public event Action<string>? Troubled;

    /// <summary>Runs it; when this returns its stream is closed.</summary>
    public abstract Task RunAsync(CancellationToken cancel);

    protected void RaiseCommanded(VirtualCommand command) => Commanded?.Invoke(command);

    protected void RaisePublished() => Published?.Invoke();

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

/// <summary>The gateway: the program of the Raspberry Pi, with its own health as telemetry.</summary>
internal sealed class UpGateway(GatewaySettings settings) : UpThing(settings.Account.Local), IThingObserver
{
    /// <inheritdoc/>
    public override async Task RunAsync(CancellationToken cancel) => await GatewayThing.Create(settings, this).RunAsync(cancel);

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
