using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>The whole runtime of a virtual board stands still, as nanoFramework's does in a TLS handshake whose server is silent. Only the watchdog ends it.</summary>
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

/// <summary>
/// Runs a virtual ESP32 in simulated time over a simulated network, single-threaded: a day takes seconds and every run is the same. The watchdog resets a board that stands still,
/// sleep is slept, a power cut ends a life until <see cref="PowerOn"/>.
/// </summary>
public sealed class Esp32Run : IDisposable
{
    private readonly VirtualNetwork _network;
    private Transport? _transport;
    private long _wakeMs = -1;
    private long _restartMs = -1;
    private bool _frozen;

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
    {
        Clock = clock;
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
                Transport = (_, network) => _transport = new Transport(_network, network, Radio),
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

    /// <summary>The true time.</summary>
    public VirtualClock Clock { get; }

    /// <summary>The present life; null while the board is off, asleep or frozen.</summary>
    public BoardApplication? Application { get; private set; }

    /// <summary>Whether stanzas go both ways.</summary>
    public bool IsOnline => Application?.Client is { IsOnline: true };

    /// <summary>Whether the board sleeps.</summary>
    public bool IsAsleep => _wakeMs >= 0;

    /// <summary>Whether the board stands still until its watchdog resets it.</summary>
    public bool IsFrozen => _frozen;

    /// <summary>Whether the hardware tells its reset reason; nanoFramework's does not, but for the wake from deep sleep.</summary>
    public bool TellsReason { get; set; } = true;

    /// <summary>Times that the power failed in the middle of a write.</summary>
    public int PowerCuts { get; private set; }

    /// <summary>What the thing's life ended with, when something threw that nobody caught.</summary>
    public Exception? LastPanic { get; private set; }

    /// <summary>Is told after each step how many bytes it allocated in all.</summary>
    public Action<long>? Stepped { get; set; }

    /// <summary>Is told what the thing does, over all its lives.</summary>
    public IThingObserver? Observer { get; set; }

    /// <summary>Switches the board on.</summary>
    /// <param name="reason">Why it starts.</param>
    public void PowerOn(string reason = "power-on")
    {
        PowerOff();
        Board.Flash.RestorePower();
        Guarded(() =>
        {
            Application = Board.Boot(reason, TellsReason);
            Application.Observer = Observer;
        });
    }

    /// <summary>Pulls the plug: no good-bye, nothing is saved.</summary>
    public void PowerOff()
    {
        _transport?.Abandon();
        _transport = null;
        Application = null;
        _frozen = false;
        _wakeMs = -1;
        _restartMs = -1;
        Radio.PowerOff();
    }

    /// <summary>Lets time pass.</summary>
    /// <param name="time">How much.</param>
    public void RunFor(TimeSpan time) => RunUntil(() => false, time);

    /// <summary>Lets time pass until something is so.</summary>
    /// <param name="condition">What is waited for.</param>
    /// <param name="limit">How long at most.</param>
    /// <returns>Whether it came to be.</returns>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(condition);
        long end = Clock.NowMs + (long)limit.TotalMilliseconds;
        while (true)
        {
            long next = Math.Min(Step(), end);
            if (condition())
            {
                return true;
            }

            if (Clock.NowMs >= end)
            {
                return false;
            }

            Clock.Advance(Math.Max(1, next - Clock.NowMs));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Board.Dispose();

    // Does what is due now; returns when to go on.
    private long Step()
    {
        long now = Clock.NowMs;
        Board.Board.Step(now);
        if (IsAsleep && now >= _wakeMs)
        {
            PowerOn("deep-sleep");
        }

        if (_restartMs >= 0 && now >= _restartMs)
        {
            PowerOn("software");
        }

        if (Board.IsWatchdogDue && (_frozen || Application is not null))
        {
            PowerOn("watchdog");
        }

        long next = now + 1000;
        Guarded(() =>
        {
            if (Application is null || _frozen)
            {
                return;
            }

            long before = GC.GetAllocatedBytesForCurrentThread() - (_transport?.ServerAllocatedBytes ?? 0);
            int wait = Application.Step(now);
            Stepped?.Invoke(GC.GetAllocatedBytesForCurrentThread() - (_transport?.ServerAllocatedBytes ?? 0) - before);
            next = Math.Min(now + wait, _transport?.NextDueMs ?? long.MaxValue);
            if (Board.SleepMs >= 0)
            {
                long wake = now + Board.SleepMs;
                PowerOff();
                _wakeMs = wake;
            }
            else if (Board.WantsRestart)
            {
                PowerOn("software");
            }
        });
        return next;
    }

    private void Guarded(Action act)
    {
        try
        {
            act();
        }
        catch (PowerCutException)
        {
            PowerCuts++;
            PowerOff();
        }
        catch (FrozenException)
        {
            _frozen = true;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // What the board's entry point does with what nobody caught.
            LastPanic = e;
            if (Application is null)
            {
                StartGuard.Announce(new FlashSettings(Board.Flash), "panic");
            }

            Application?.Panic(e.Message);
            PowerOff();
            _restartMs = Clock.NowMs + 500;
        }
    }

    private sealed class SeededRandom(int seed) : IRandom
    {
        private readonly Random _random = new(seed);

#pragma warning disable CA5394 // simulated dice, to be repeatable
        public void Fill(byte[] buffer) => _random.NextBytes(buffer);
#pragma warning restore CA5394
    }

    // A virtual link, stepped as a board's transport is.
    private sealed class Transport : IBoardTransport
    {
        private readonly VirtualNetwork _air;
        private readonly NetworkSettings _network;
        private readonly VirtualLink _link;
        private readonly VirtualRadio _radio;
        private XmppClient? _client;
        private bool _opening;

        public Transport(VirtualNetwork air, NetworkSettings network, VirtualRadio radio)
        {
            _radio = radio;
            _air = air;
            _network = network;
            _link = air.CreateLink();
        }

        public bool IsSecure => _link.IsSecure;

        public bool IsLoopback => _link.IsLoopback;

        public byte[]? ChannelBinding => _link.ChannelBinding;

        public bool IsAboutToConnect => _opening;

        public SerialReport? Report { get; set; }

        public long NextDueMs => _link.NextDueMs;

        public long ServerAllocatedBytes => _link.ServerAllocatedBytes;

        public void Abandon() => _link.Abandon();

        public void Attach(XmppClient client)
        {
            _client = client;
            _link.Attach(client);
        }

        public void Open(string host, int port) => _opening = true;

        public void Step(long nowMs)
        {
            // Without an access point bytes vanish, and nobody is told.
            _link.IsSilent = !_radio.IsConnected;
            if (_opening)
            {
                _opening = false;
                if (_link.IsSilent)
                {
                    _client!.Disconnected(nowMs, "there is no network");
                    return;
                }

                if (_air.IsSilentInHandshake)
                {
                    throw new FrozenException();
                }

                if (_air.Host is { } only && only != _network.Host)
                {
                    _client!.Disconnected(nowMs, $"{_network.Host} does not answer");
                    return;
                }

                _link.Open(_network.Host, _network.Port);
            }

            _link.Pump(nowMs);
        }

        public void Send(byte[] buffer, int offset, int count) => _link.Send(buffer, offset, count);

        public void StartTls() => _link.StartTls();

        public void Close()
        {
            _opening = false;
            _link.Close();
        }
    }
}
