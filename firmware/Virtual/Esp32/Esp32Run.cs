using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>The whole runtime of a virtual board stands still, as nanoFramework's does in a TLS handshake whose server is silent. Only a watchdog chip ends it.</summary>
public sealed class FrozenException : Exception
{
    /// <summary>It stands still.</summary>
    public FrozenException()
        : base("The runtime stands still.")
    {
    }

    /// <summary>It stands still.</summary>
    public FrozenException(string message)
        : base(message)
    {
    }

    /// <summary>It stands still.</summary>
    public FrozenException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The loop of a virtual board does not come back from a call, while other threads run on: the firmware's own watchdog ends it.</summary>
public sealed class HungException : Exception
{
    /// <summary>It hangs.</summary>
    public HungException()
        : base("The loop hangs.")
    {
    }

    /// <summary>It hangs.</summary>
    public HungException(string message)
        : base(message)
    {
    }

    /// <summary>It hangs.</summary>
    public HungException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// Runs the whole application of an ESP32 board in simulated time over a simulated network. Its watchdogs reset a board that stands still: the firmware's own thread where a call hangs, a chip on the
/// reset line (<see cref="VirtualEsp32.AddWatchdogChip"/>) where the whole runtime does; without a chip such a board stands still until somebody pulls its plug.
/// </summary>
public sealed class Esp32Run : SimulatedRun, IDisposable
{
    private readonly VirtualNetwork _network;
    private VirtualSocket? _socket;

    /// <summary>Makes a board that is off, provisioned for an account.</summary>
    /// <param name="kind">What is wired to it.</param>
    /// <param name="network">Its network.</param>
    /// <param name="clock">The true time; the board has to ask for it.</param>
    /// <param name="config">What is flashed.</param>
    /// <param name="key">The keys that are flashed.</param>
    /// <param name="board">Its pins, or null for the kind's own.</param>
    /// <param name="flashBytes">Bytes of its flash file system.</param>
    /// <param name="seed">Of the dice, so that a run can be repeated.</param>
    public Esp32Run(VirtualKind kind, VirtualNetwork network, VirtualClock clock, BoardConfig config, DeviceKey key, VirtualBoard? board = null, int flashBytes = VirtualFlash.DefaultCapacity, int seed = 1)
        : base(clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        _network = network;
        Radio = new VirtualRadio(() => clock.NowMs);
        TimeServer = new VirtualTimeServer(clock);
        Board = new VirtualEsp32(
            kind,
            new VirtualEsp32Parts
            {
                NowMs = () => clock.NowMs,
                Radio = Radio,
                TimeServer = _ => TimeServer,
                Transport = (_, settings) => new BoardTransport(_socket = new VirtualSocket(_network, Radio, clock), settings),
                Hash = DotNetHash.Instance,
                Random = new SeededRandom(seed),
            },
            board)
        { Flash = new VirtualFlash(flashBytes) };
        Board.Provision(config, key);
    }

    /// <summary>The board.</summary>
    public VirtualEsp32 Board { get; }

    /// <summary>Its radio.</summary>
    public VirtualRadio Radio { get; }

    /// <summary>Its time server.</summary>
    public VirtualTimeServer TimeServer { get; }

    /// <summary>The present life; null while the board is off or asleep.</summary>
    public BoardApplication? Application { get; private set; }

    /// <summary>Whether stanzas go both ways.</summary>
    public bool IsOnline => Application?.Client is { IsOnline: true };

    /// <summary>How often something was sent on the present connection after something had been received: round trips begun.</summary>
    public int Flights => _socket?.Flights ?? 0;

    /// <summary>Whether the whole runtime stands still.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>Whether a call of the loop does not come back.</summary>
    public bool IsHung { get; private set; }

    /// <summary>Whether the hardware tells its reset reason; nanoFramework's does not, but for the wake from deep sleep.</summary>
    public bool TellsReason { get; set; } = true;

    /// <summary>What the thing's life ended with, when something threw that nobody caught.</summary>
    public Exception? LastPanic { get; private set; }

    /// <summary>Is told after each step how many bytes it allocated in all, but for the simulated hub and flash.</summary>
    public Action<long>? Stepped { get; set; }

    /// <inheritdoc/>
    protected override bool IsAlive => Application is not null && !IsFrozen && !IsHung;

    // What the simulated hub and flash have allocated is not the firmware's.
    private long AllocatedBytes => GC.GetAllocatedBytesForCurrentThread() - (_socket?.ServerAllocatedBytes ?? 0) - Board.Flash.OwnAllocatedBytes;

    /// <inheritdoc/>
    public void Dispose() => Board.Dispose();

    /// <inheritdoc/>
    protected override void Begin(string reason)
    {
        Board.Flash.RestorePower();
        Application = Board.Boot(reason, TellsReason);
        Application.Observer = Observer;
    }

    /// <inheritdoc/>
    protected override void End()
    {
        _socket?.Abandon();
        _socket = null;
        Application = null;
        IsFrozen = false;
        IsHung = false;
        Radio.PowerOff();
    }

    /// <inheritdoc/>
    protected override void StepOutside(long nowMs)
    {
        Board.Board.Step(nowMs);
        bool on = Application is not null || IsFrozen || IsHung;
        if (on && (Board.WatchdogChip is { IsDue: true } || (Board.IsWatchdogDue && !IsFrozen)))
        {
            PowerOn("watchdog");
        }
    }

    /// <inheritdoc/>
    protected override long StepLife(long nowMs)
    {
        _socket?.Pump(nowMs);
        long before = AllocatedBytes;
        int wait = Application!.Step(nowMs);
        Stepped?.Invoke(AllocatedBytes - before);
        long next = Math.Min(nowMs + wait, _socket?.NextDueMs ?? long.MaxValue);
        if (Board.SleepMs >= 0)
        {
            BeginAgain("deep-sleep", nowMs + Board.SleepMs);
        }
        else if (Board.WantsRestart)
        {
            PowerOn("software");
        }

        return next;
    }

    /// <inheritdoc/>
    protected override void Guard(Action act)
    {
        try
        {
            base.Guard(act);
        }
        catch (FrozenException)
        {
            IsFrozen = true;
        }
        catch (HungException)
        {
            IsHung = true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // What the board's entry point does with what nobody caught.
            LastPanic = e;
            base.Guard(() =>
            {
                // It writes, and the power may fail there, too.
                if (Application is null)
                {
                    StartGuard.Announce(new FlashSettings(Board.Flash), "panic");
                }

                Application?.Panic(e.Message);
                BeginAgain("software", Clock.NowMs + 500);
            });
        }
    }
}
