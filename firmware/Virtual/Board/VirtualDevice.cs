using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>
/// A virtual thing as a piece of hardware: a board with flash and settings, which outlive its restarts. <see cref="Boot"/> begins a life of the firmware,
/// the same that boards run. What drives it, real time and sockets or simulated ones, is the caller's.
/// </summary>
public sealed class VirtualDevice : IPower, IWatchdog, IBoardStatus, IDisposable
{
    private readonly VirtualKind _kind;
    private readonly Action<ThingOptions>? _configure;

    /// <summary>Makes a thing that was never switched on.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="account">Its account, bare; the local part is its id.</param>
    /// <param name="configure">Changes options, after the kind has; may be null.</param>
    /// <param name="board">The board, or null for the kind's own.</param>
    public VirtualDevice(VirtualKind kind, Jid account, Action<ThingOptions>? configure = null, VirtualBoard? board = null)
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(account);
        _kind = kind;
        _configure = configure;
        Account = account;
        Board = board ?? kind.CreateBoard();
    }

    /// <summary>Its account, bare.</summary>
    public Jid Account { get; }

    /// <summary>The board.</summary>
    public VirtualBoard Board { get; }

    /// <summary>The flash that holds unsent samples.</summary>
    public VirtualFlash Flash { get; } = new();

    /// <summary>The settings.</summary>
    public VirtualSettings Settings { get; } = new();

    /// <summary>Times that firmware was started.</summary>
    public int Boots { get; private set; }

    /// <summary>Times that the watchdog was fed.</summary>
    public long WatchdogFeeds { get; private set; }

    /// <inheritdoc/>
    public string BootReason { get; private set; } = "power-on";

    /// <inheritdoc/>
    public int SignalDbm { get; set; } = -61;

    /// <inheritdoc/>
    public long FreeHeapBytes { get; set; } = 41_000;

    /// <summary>Starts the firmware.</summary>
    /// <param name="client">A new client for it.</param>
    /// <param name="clock">The time of day.</param>
    /// <param name="hash">Hash functions.</param>
    /// <param name="reason">Why it starts (wire profile).</param>
    /// <param name="runScript">True when nobody else steps the board: its script then runs with the loop.</param>
    /// <returns>The thing, to be stepped.</returns>
    public ThingLoop Boot(XmppClient client, IThingClock clock, IHash hash, string reason, bool runScript = false)
    {
        BootReason = reason;
        Boots++;
        Board.Restart();
        var options = new ThingOptions
        {
            ThingId = Account.Local,
            PubSubService = new Jid(string.Empty, "pubsub." + Account.Domain, string.Empty),
            Registry = new Jid(string.Empty, "things." + Account.Domain, string.Empty),
            Firmware = "1.0.0",
        };
        _kind.Configure(options);
        _configure?.Invoke(options);
        var platform = new ThingPlatform { Clock = clock, Hash = hash, Settings = Settings, Storage = Flash, Watchdog = this, Power = this, Status = this };
        ThingPart[] parts = _kind.CreateParts(Board, Settings);
        return new ThingLoop(client, runScript ? [new ScriptPart(Board), .. parts] : parts, options, platform);
    }

    /// <inheritdoc/>
    public void Feed() => WatchdogFeeds++;

    /// <inheritdoc/>
    public void Sleep(long untilUtcMs)
    {
        // The loop says so itself by its Life; whoever drives the device wakes it.
    }

    /// <inheritdoc/>
    public void Restart()
    {
        // As for sleep.
    }

    /// <inheritdoc/>
    public void Dispose() => Board.Dispose();

    private sealed class ScriptPart(VirtualBoard board) : ThingPart
    {
        public override int StepIntervalMs => 100;

        public override void Start(long nowMs) => board.Step(nowMs);

        public override bool Step(long nowMs)
        {
            board.Step(nowMs);
            return false;
        }
    }
}
