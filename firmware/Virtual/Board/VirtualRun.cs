using IotXmpp.Host;
using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>Runs a thing's loop alone in simulated time over a simulated network: the thing as a gateway or a PC runs it, without a board's application around it.</summary>
public sealed class VirtualRun : SimulatedRun
{
    private readonly VirtualNetwork _network;
    private readonly Func<ClientOptions> _options;
    private readonly IRandom _random;
    private VirtualLink? _link;

    /// <summary>Makes a run; the device is off.</summary>
    /// <param name="device">The device.</param>
    /// <param name="network">Its network.</param>
    /// <param name="clock">Its time.</param>
    /// <param name="password">The account's password.</param>
    /// <param name="seed">Of the dice, so that a run can be repeated.</param>
    public VirtualRun(VirtualDevice device, VirtualNetwork network, VirtualClock clock, string password, int seed = 1)
        : base(clock)
    {
        ArgumentNullException.ThrowIfNull(device);
        Device = device;
        _network = network;
        _options = () => ClientOptions.ForThing(device.Account, password);
        _random = new SeededRandom(seed);
    }

    /// <summary>The device.</summary>
    public VirtualDevice Device { get; }

    /// <summary>The firmware's present life; null while the device is off or asleep.</summary>
    public ThingLoop? Loop { get; private set; }

    /// <summary>The client of the present life.</summary>
    public XmppClient? Client { get; private set; }

    /// <inheritdoc/>
    protected override bool IsAlive => Loop is not null;

    /// <inheritdoc/>
    protected override void Begin(string reason)
    {
        Device.Flash.RestorePower();
        _link = _network.CreateLink();
        Client = new XmppClient(_options(), _link, DotNetHash.Instance, _random, Device.Settings);
        _link.Attach(Client);
        Loop = Device.Boot(Client, Clock, DotNetHash.Instance, reason);
        Loop.Observer = Observer;
    }

    /// <inheritdoc/>
    protected override void End()
    {
        _link?.Abandon();
        _link = null;
        Loop = null;
        Client = null;
    }

    /// <inheritdoc/>
    protected override void StepOutside(long nowMs) => Device.Board.Step(nowMs);

    /// <inheritdoc/>
    protected override long StepLife(long nowMs)
    {
        VirtualLink link = _link!;
        link.Pump(nowMs);
        int wait = Loop!.Step(nowMs);
        if (Loop.Life != ThingLife.Asleep)
        {
            return Math.Min(nowMs + wait, link.NextDueMs);
        }

        if (Loop.IsRestarting)
        {
            PowerOn("software");
            return nowMs;
        }

        long sleep = Loop.SleepUntilUtcMs - Clock.UtcNowMs;
        BeginAgain("deep-sleep", nowMs + Math.Max(1, sleep));
        return nowMs + 1000;
    }
}
