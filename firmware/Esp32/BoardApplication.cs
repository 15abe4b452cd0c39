using IotXmpp.Esp32.Improv;
using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>What the application is doing.</summary>
public enum BoardState
{
    /// <summary>The thing loop runs.</summary>
    Running,
    /// <summary>The loop runs without parts, after starts that failed or parts that could not be made.</summary>
    Safe,
    /// <summary>Settings or keys are missing or wrong: there is nothing to connect with. The serial line says what.</summary>
    Unprovisioned,
    /// <summary>It sleeps; the board starts anew.</summary>
    Asleep,
    /// <summary>It restarts; the board starts anew.</summary>
    Restarting,
}

/// <summary>
/// The application of a board: it reads what was flashed, brings up radio and clock, connects, and runs the thing loop, with a watchdog around all of it. The same object runs on an ESP32
/// and on a PC: it has no thread, socket or clock. One object is one life of the board, from a start to a sleep, a restart or the watchdog.
/// </summary>
public sealed class BoardApplication : IPower, IBoardStatus, IClientListener
{
    /// <summary>Milliseconds without a step after which the watchdog resets the board. Default 60,000: a handshake with a good hub takes seconds, and every bounded wait is shorter.</summary>
    public const int WatchdogMs = 60000;

    /// <summary>Milliseconds without the hub after which the time of day is doubted and asked for again. Default 120,000.</summary>
    public const int DoubtMs = 120000;

    /// <summary>Bytes of stanzas that wait for acknowledgement at most. Default 4,096: a batch of ten samples twice, and no allocation is larger.</summary>
    public const int UnackedBytes = 4096;

    /// <summary>Milliseconds between lines on the serial line while there is nothing to connect with. Default 10,000.</summary>
    public const int SayMs = 10000;

    private readonly IBoard _board;
    private readonly StartGuard _guard;
    private readonly FlashSettings _settings;
    private readonly WifiLink _link;
    private readonly ClockKeeper _clock;
    private readonly IBoardTransport _transport;
    private readonly WriteBehindStore _store;
    private readonly NetworkSettings _network;
    private readonly NetworkTrial _trial;
    private readonly BoardControls _controls;
    private readonly SerialReport _serial;
    private readonly BoardReport _report;
    private readonly BoardUpdate _update;
    private readonly byte[] _updateKey;
    private readonly string _trouble;
    private readonly string _firmware;
    private ImprovDoor _door;
    private bool _begun;
    private bool _stopping;
    private int _clockSets;
    private long _startMs;
    private long _sayAtMs;
    private long _awaySinceMs;
    private long _heapMs = long.MinValue;
    private long _heap = -1;

    /// <summary>Begins a life: counts the start, reads what was flashed, makes parts, client and loop. Nothing goes out before the first <see cref="Step"/>.</summary>
    /// <param name="board">The board.</param>
    /// <param name="firmware">The firmware's version, told in presence.</param>
    /// <param name="builtUtcMs">When the firmware was built, in milliseconds since 1970: no time before it is true.</param>
    /// <param name="configure">Changes the thing's options before the loop is made; null for none. For simulated boards.</param>
    public BoardApplication(IBoard board, string firmware, long builtUtcMs, IOptionsHook configure)
    {
        _board = board;
        _firmware = firmware;
        _serial = new SerialReport(board.Serial);
        _settings = new FlashSettings(board.Files);
        _guard = new StartGuard(_settings, board.ResetReason);
        board.Watchdog.Start(WatchdogMs);
        string wrong;
        Config = BoardConfig.Parse(board.Files.Read(BoardConfig.Path), out wrong);
        if (Config != null && Config.WatchdogPin >= 0)
        {
            board.Watchdog.UsePin(Config.WatchdogPin);
        }

        DeviceKey key = wrong == null ? DeviceKey.Parse(board.Files.Read(DeviceKey.Path), out wrong) : null;
        if (wrong != null)
        {
            _trouble = wrong;
            State = BoardState.Unprovisioned;
            return;
        }

        if (Config.Warning != null)
        {
            _serial.Write(SerialReport.BadSettings, "reason", BoardConfig.Path + " " + Config.Warning);
        }

        _update = new BoardUpdate(board, _settings, _guard, _serial);
        _updateKey = key.Update;
        _firmware = _update.Version(firmware);
        ThingPart[] parts = MakeParts();
        _network = NetworkSettings.Load(Config, _settings);
        board.Radio.Use(_network.Ssid, _network.Password);
        _link = new WifiLink(board.Radio);
        _clock = new ClockKeeper(board.CreateTimeServer(Config.TimeServer), _settings, builtUtcMs);
        _transport = board.CreateTransport(Config, _network, out wrong);
        if (wrong != null)
        {
            _trouble = wrong;
            State = BoardState.Unprovisioned;
            return;
        }

        // Where nothing could end a frozen handshake the hub is always asked first; where a chip has just ended one, until the hub is well again.
        _transport.LooksFirst = Config.WatchdogPin < 0 || _guard.WasFrozen;
        _trial = new NetworkTrial(_network, _settings, board.Radio);
        _store = new WriteBehindStore(board.Segments);
        ClientOptions options = ClientOptions.ForThing(Config.Account, key.Keys);
        options.KeepAliveSeconds = Config.KeepAliveSeconds;
        options.UnackedBytes = UnackedBytes;
        Client = new XmppClient(options, _transport, board.Hash, board.Random, _settings);
        _transport.Attach(Client);
        _report = new BoardReport(_serial, board.Radio, _clock, _network, Config.TimeServer);
        Client.AddListener(this);
        Client.AddListener(_report);
        if (Config.LogStanzas)
        {
            _serial.Stanzas = true;
            _transport.Report = _serial;
            Client.Observer = _report;
        }

        ThingOptions thing = BoardOptions.Of(Config, _firmware, SafeReason);
        thing.Claim = key.Claim;
        thing.OwnerListener = _report;
        if (configure != null)
        {
            configure.Configure(thing, options);
        }

        if (SafeReason != null)
        {
            // What makes a board unreachable is off in safe mode.
            thing.SleepSeconds = 0;
            _controls = new BoardControls();
            State = BoardState.Safe;
        }

        Loop = new ThingLoop(Client, Join(parts), thing, Platform()) { Observer = _report };
    }

    /// <summary>What it is doing.</summary>
    public BoardState State { get; private set; }

    /// <summary>What was flashed; null when it cannot be read.</summary>
    public BoardConfig Config { get; }

    /// <summary>The client; null when the board is not provisioned.</summary>
    public XmppClient Client { get; }

    /// <summary>The thing loop; null when the board is not provisioned.</summary>
    public ThingLoop Loop { get; }

    /// <summary>Is told what the thing does; null for nobody.</summary>
    public IThingObserver Observer
    {
        set
        {
            if (_report != null)
            {
                _report.Next = value;
            }
        }
    }

    /// <summary>Why it is in safe mode, one line for people; null when it is not.</summary>
    public string SafeReason { get; private set; }

    /// <summary>Whether this life is over: it sleeps or restarts.</summary>
    public bool IsOver
    {
        get { return State == BoardState.Asleep || State == BoardState.Restarting; }
    }

    /// <summary>The clock; null when the board is not provisioned.</summary>
    public ClockKeeper Clock => _clock;

    /// <summary>New network settings and their trial; null when the board is not provisioned.</summary>
    public NetworkTrial Trial => _trial;

    /// <inheritdoc/>
    public string BootReason => _guard.Reason;

    /// <inheritdoc/>
    public int SignalDbm => _board.Radio.SignalDbm;

    /// <summary>Free bytes of the managed heap; looked at once a minute, since it costs a collection.</summary>
    public long FreeHeapBytes
    {
        get
        {
            if (Client == null || _heapMs == long.MinValue || Client.NowMs - _heapMs >= 60000)
            {
                _heapMs = Client == null ? 0 : Client.NowMs;
                _heap = _board.FreeHeapBytes;
            }

            return _heap;
        }
    }

    /// <summary>Goes on. Call it again after what it returns, or earlier when bytes have come.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>Milliseconds until it wants to be called again, 1 to <see cref="ThingLoop.MaxStepMs"/>.</returns>
    public int Step(long nowMs)
    {
        _board.Watchdog.Feed();
        if (!_begun)
        {
            Begin(nowMs);
        }

        if (IsOver)
        {
            return ThingLoop.MaxStepMs;
        }

        if ((_door != null && _door.Step(nowMs)) || (_update != null && _update.WantsRestart))
        {
            Restart();
            return ThingLoop.MaxStepMs;
        }

        if (State == BoardState.Unprovisioned)
        {
            SayTrouble(nowMs);
            return _door == null ? ThingLoop.MaxStepMs : ImprovDoor.StepMs;
        }

        if (nowMs - _startMs >= StartGuard.StableMs)
        {
            _guard.Good();
        }

        _clock.Step(nowMs, _link.IsUp);
        if (_clock.Sets != _clockSets)
        {
            _clockSets = _clock.Sets;
            _board.SetTime(_clock.UtcNowMs);
        }

        Carry(nowMs);
        _report.Step(_link);
        int wait = Loop.Step(nowMs);
        if (IsOver || _stopping)
        {
            return StepStop(nowMs);
        }

        StepNetwork(nowMs);
        _store.Spare(Loop.Ring.Count > 0, Client.IsOnline, nowMs);
        StepSafe(nowMs);
        wait = _door != null && wait > ImprovDoor.StepMs ? ImprovDoor.StepMs : wait;
        return _transport.IsAboutToConnect ? 1 : wait;
    }

    /// <summary>Ends this life in good order: the stream is closed, samples in memory are written. Go on calling <see cref="Step"/> until <see cref="IsOver"/>.</summary>
    public void Stop()
    {
        _stopping = true;
        if (Loop != null)
        {
            Loop.Stop();
        }
    }

    /// <summary>Something threw that nobody caught: the board will be started anew, and says <c>panic</c> then.</summary>
    /// <param name="what">What, for the serial line.</param>
    public void Panic(string what)
    {
        EndWith("panic", what);
    }

    /// <inheritdoc/>
    public void Sleep(long untilUtcMs)
    {
        _store.Hold = false;
        _guard.Sleep();
        State = BoardState.Asleep;
        long milliseconds = untilUtcMs - _clock.UtcNowMs;
        _board.Power.Sleep(milliseconds < 1 ? 1 : milliseconds);
    }

    /// <inheritdoc/>
    public void Restart()
    {
        if (_guard.IsSafe && _update != null && _update.IsActivated)
        {
            // What mends a board in safe mode must get its try.
            _guard.LeaveSafe();
        }

        EndWith("software", "software");
    }

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        _clock.Confirm();
        _transport.LooksFirst = Config.WatchdogPin < 0;
        if (_door != null)
        {
            _door.Close();
            _door = null;
        }

        bool tried = _trial.IsOnTrial;
        _trial.Reached();
        if (tried)
        {
            _report.Trial(_trial.Outcome);
        }
    }

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason)
    {
        _store.Hold = false;
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
    }

    private void EndWith(string reason, string what)
    {
        _serial.Write(SerialReport.Restarting, "reason", what);
        if (_store != null)
        {
            _store.Hold = false;
        }

        _guard.Announce(reason);
        State = BoardState.Restarting;
        _board.Power.Restart();
    }

    private ThingPart[] MakeParts()
    {
        if (_guard.IsSafe)
        {
            SafeReason = (_guard.FailedStarts - 1).ToString() + " starts in a row failed, the last by " + _guard.Reason;
            return new ThingPart[0];
        }

        string wrong;
        ThingPart[] parts = _update.MakeParts(_board, Config, _settings, out wrong);
        if (parts != null)
        {
            return parts.Length > 0 ? parts : new ThingPart[] { new BoardHealth(this) };
        }

        SafeReason = "parts: " + wrong;
        _serial.Write(SerialReport.PartFailed, "part", Config.Parts, "reason", wrong);
        return new ThingPart[0];
    }

    private ThingPart[] Join(ThingPart[] parts)
    {
        int more = _controls == null ? 1 : 2;
        ThingPart[] all = new ThingPart[parts.Length + more];
        System.Array.Copy(parts, 0, all, 0, parts.Length);
        all[parts.Length] = _trial;
        if (_controls != null)
        {
            all[parts.Length + 1] = _controls;
        }

        return all;
    }

    private ThingPlatform Platform()
    {
        return new ThingPlatform
        {
            Clock = _clock,
            Hash = _board.Hash,
            Settings = _settings,
            Storage = _store,
            Network = _link,
            Watchdog = _board.Watchdog,
            Power = this,
            Status = this,
            Trial = _trial,
            Update = _update.Platform(_updateKey),
        };
    }

    private void Begin(long nowMs)
    {
        _begun = true;
        _startMs = nowMs;
        _sayAtMs = nowMs;
        _awaySinceMs = nowMs;
        _serial.Start(Config == null ? string.Empty : Config.Board, Config == null ? string.Empty : Config.Thing, _firmware, _guard.Reason);
        if (SafeReason != null)
        {
            _serial.Write(SerialReport.BadSettings, "reason", "safe mode: " + SafeReason);
        }

        if (_clock != null)
        {
            _clock.Resume(_board.KeptUtcMs, nowMs);
        }

        _door = ImprovDoor.Open(_board, Config, _settings, _network, _link, _firmware);
    }

    private void SayTrouble(long nowMs)
    {
        if (nowMs >= _sayAtMs)
        {
            _sayAtMs = nowMs + SayMs;
            _serial.Write(SerialReport.BadSettings, "reason", _trouble);
        }
    }

    // The one place that may block: what may follow is written down first, and the watchdog gets its full time.
    private void Carry(long nowMs)
    {
        bool risky = _transport.IsAboutToConnect;
        if (risky)
        {
            _guard.Risk(true);
            _board.Watchdog.Feed();
        }

        _transport.Step(nowMs);
        if (risky)
        {
            _board.Watchdog.Feed();
            _guard.Risk(false);
        }
    }

    private int StepStop(long nowMs)
    {
        if (!IsOver && Client.State == ClientState.Stopped)
        {
            _store.Hold = false;
            State = BoardState.Restarting;
        }

        return IsOver ? ThingLoop.MaxStepMs : 10;
    }

    private void StepNetwork(long nowMs)
    {
        if (_trial.StepTrial(nowMs))
        {
            _board.Radio.Use(_network.Ssid, _network.Password);
            _report.Trial(_trial.Outcome.Length > 0 ? _trial.Outcome : "new network settings, for 5 minutes");
            _link.Renew(nowMs);
            Client.Drop();
            Client.ReconnectNow();
        }

        if (Client.IsOnline)
        {
            _awaySinceMs = nowMs;
        }
        else if (_link.IsUp && nowMs - _awaySinceMs >= DoubtMs)
        {
            _awaySinceMs = nowMs;
            _clock.Doubt();
        }
    }

    private void StepSafe(long nowMs)
    {
        if (_controls != null && (_controls.IsLeaveDue(nowMs) || nowMs - _startMs >= StartGuard.SafeMs))
        {
            _guard.LeaveSafe();
            Restart();
        }
    }
}
