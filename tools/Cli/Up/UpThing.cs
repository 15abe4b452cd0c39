using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Up;

/// <summary>A thing of <c>iotxmpp up</c>: it runs until cancelled, through as many lives as it has, and tells what it does.</summary>
internal abstract class UpThing(string id) : IThingObserver
{
    /// <summary>Its id.</summary>
    public string Id { get; } = id;

    /// <summary>It was told to do something: who, parameter, value, and null or why it was not done.</summary>
    public event Action<UpThing, string, string, string, string?>? Commanded;

    /// <summary>The hub has taken samples of it.</summary>
    public event Action<UpThing>? PublishedSome;

    /// <summary>Something is wrong; one line.</summary>
    public event Action<UpThing, string>? Troubled;

    /// <summary>Runs it; when this returns its stream is closed.</summary>
    public abstract Task RunAsync(CancellationToken cancel);

    void IThingObserver.UplinkChanged(bool online, string reason)
    {
        if (!online)
        {
            Troubled?.Invoke(this, $"no uplink: {reason}");
        }
    }

    void IThingObserver.Sampled(Sample sample)
    {
        // What counts is what the hub has: it is shown when it comes back from there.
    }

    void IThingObserver.Published(int samples) => PublishedSome?.Invoke(this);

    void IThingObserver.PublishRefused(string reason) => Troubled?.Invoke(this, $"the hub refused its samples: {reason}");

    void IThingObserver.Controlled(string from, string parameter, string value, string? error) => Commanded?.Invoke(this, from, parameter, value, error);

    void IThingObserver.Sleeping(long untilUtcMs)
    {
        // Its presence tells so.
    }
}

/// <summary>A virtual board that runs the firmware of the real ones, over a real TLS connection.</summary>
internal sealed class UpBoard(string id, string kind, Func<HostOptions> options, Jid account, Jid owner, Action<ThingOptions> configure) : UpThing(id)
{
    /// <summary>Time between two looks at the board's script. Default 25 ms: a pressed button is seen for 100.</summary>
    private static readonly TimeSpan BoardStep = TimeSpan.FromMilliseconds(25);

    /// <inheritdoc/>
    public override async Task RunAsync(CancellationToken cancel)
    {
        using var device = new VirtualDevice(VirtualKind.Find(kind), account, o =>
        {
            o.Owner = owner;
            configure(o);
        });
        var clock = new SystemClock(TimeProvider.System);
        string reason = "power-on";
        while (!cancel.IsCancellationRequested)
        {
            var life = new ThingHost(options(), device.Settings, client => device.Boot(client, clock, DotNetHash.Instance, reason));
            life.Loop.Observer = this;
            using var awake = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            Task board = StepAsync(device, life.Gate, awake.Token);
            DateTimeOffset? until = await life.RunAsync(cancel);
            await awake.CancelAsync();
            await board;
            if (until is { } wake && wake - DateTimeOffset.UtcNow is var sleep && sleep > TimeSpan.Zero)
            {
                await Task.Delay(sleep, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            reason = "deep-sleep";
        }
    }

    private static async Task StepAsync(VirtualDevice device, Lock gate, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            lock (gate)
            {
                device.Board.Step(Environment.TickCount64);
            }

            await Task.Delay(BoardStep, cancel).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}

/// <summary>The gateway: the program of the Raspberry Pi, with its own health as telemetry.</summary>
internal sealed class UpGateway(GatewaySettings settings) : UpThing(settings.Account.Local)
{
    /// <inheritdoc/>
    public override async Task RunAsync(CancellationToken cancel) => await GatewayThing.Create(settings, this).RunAsync(cancel);
}
