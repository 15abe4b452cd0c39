using System.Device.Gpio;
using IotXmpp.Esp32;
using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>What a virtual ESP32 is made of besides its pins; simulated or real, as its runner says.</summary>
public sealed record VirtualEsp32Parts
{
    /// <summary>Monotonic time in milliseconds.</summary>
    public required Func<long> NowMs { get; init; }

    /// <summary>The radio.</summary>
    public required IRadio Radio { get; init; }

    /// <summary>Makes the client of a time server, from its host.</summary>
    public required Func<string, ITimeServer> TimeServer { get; init; }

    /// <summary>Makes the way to the hub, for each life.</summary>
    public required Func<BoardConfig, NetworkSettings, IBoardTransport> Transport { get; init; }

    /// <summary>Hash functions.</summary>
    public required IHash Hash { get; init; }

    /// <summary>Dice.</summary>
    public required IRandom Random { get; init; }
}

/// <summary>
/// An ESP32 in memory: flash that outlives restarts, a watchdog that counts, a deep sleep, a reset reason. It runs <see cref="BoardApplication"/>, the application of the real board, unchanged.
/// Who drives it, in simulated or real time, looks at what became of each life and begins the next.
/// </summary>
public sealed class VirtualEsp32 : IBoard, IBoardWatchdog, IBoardPower, IReportOutput, IDisposable
{
    /// <summary>When the firmware of virtual boards was built, in milliseconds since 1970: no time before it is true.</summary>
    public static readonly long BuiltUtcMs = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private readonly VirtualKind _kind;
    private readonly VirtualEsp32Parts _parts;
    private long _fedMs = -1;
    private int _watchdogMs;
    private long _rtcOffsetMs;
    private GpioPin? _feedPin;

    /// <summary>Makes a board that was never switched on, with empty flash.</summary>
    /// <param name="kind">What is wired to it.</param>
    /// <param name="parts">Its radio, time and network.</param>
    /// <param name="board">Its pins, or null for the kind's own.</param>
    public VirtualEsp32(VirtualKind kind, VirtualEsp32Parts parts, VirtualBoard? board = null)
    {
        ArgumentNullException.ThrowIfNull(kind);
        _kind = kind;
        _parts = parts;
        Board = board ?? kind.CreateBoard();
    }

    /// <summary>A line was written to the serial line.</summary>
    public event Action<string>? Said;

    /// <summary>The pins and what is wired to them.</summary>
    public VirtualBoard Board { get; }

    /// <summary>The flash: files, settings, ring.</summary>
    public VirtualFlash Flash { get; init; } = new();

    /// <summary>What the board's own clock shows, by which certificates are judged; null while nobody has set it.</summary>
    public DateTimeOffset? Utc => _rtcOffsetMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(_parts.NowMs() + _rtcOffsetMs);

    /// <summary>Times that firmware was started.</summary>
    public int Boots { get; private set; }

    /// <summary>Times that the watchdog has reset it.</summary>
    public int WatchdogResets { get; private set; }

    /// <summary>The watchdog chip on its reset line; null for none, as on a board as it is sold.</summary>
    public VirtualWatchdogChip? WatchdogChip { get; private set; }

    /// <summary>Milliseconds that it wants to sleep; -1 when it does not.</summary>
    public long SleepMs { get; private set; } = -1;

    /// <summary>Whether it wants to be restarted.</summary>
    public bool WantsRestart { get; private set; }

    /// <summary>What the parts do when they are made; a test lets it throw or hang.</summary>
    public Action? OnMakeParts { get; set; }

    /// <summary>An image is about to be run: the bytes that the board found good.</summary>
    public Action<byte[]>? Loaded { get; set; }

    /// <summary>Why there is no way to the hub, such as a missing authority; null when there is one.</summary>
    public string? NoTransport { get; set; }

    /// <summary>Changes options before each life; null for none.</summary>
    public Action<ThingOptions, ClientOptions>? Configure { get; set; }

    /// <summary>The last lines on the serial line, oldest first; at most 1,000.</summary>
    public Queue<string> Serial { get; } = new();

    /// <inheritdoc/>
    public string ResetReason { get; private set; } = "power-on";

    /// <inheritdoc/>
    public long KeptUtcMs => ResetReason == "deep-sleep" ? _parts.NowMs() + _rtcOffsetMs : 0;

    /// <inheritdoc/>
    public long FreeHeapBytes { get; set; } = 41_000;

    /// <summary>Whether the loop has not fed its watchdog for so long that the firmware's own thread restarts the board. It does nothing while the whole runtime stands still.</summary>
    public bool IsWatchdogDue => _fedMs >= 0 && _watchdogMs > 0 && _parts.NowMs() - _fedMs >= _watchdogMs;

    /// <inheritdoc/>
    IBoardFiles IBoard.Files => Flash;

    /// <inheritdoc/>
    ISegmentStore IBoard.Segments => Flash;

    /// <inheritdoc/>
    ISegmentStore IBoard.Images => Flash.Images;

    /// <inheritdoc/>
    IRadio IBoard.Radio => _parts.Radio;

    /// <inheritdoc/>
    IHash IBoard.Hash => _parts.Hash;

    /// <inheritdoc/>
    IRandom IBoard.Random => _parts.Random;

    /// <inheritdoc/>
    IBoardWatchdog IBoard.Watchdog => this;

    /// <inheritdoc/>
    IBoardPower IBoard.Power => this;

    /// <inheritdoc/>
    IReportOutput IBoard.Serial => this;

    /// <summary>Writes what the flashing tool writes.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="key">The keys of this device.</param>
    public void Provision(BoardConfig config, DeviceKey key)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(key);
        Flash.TryWrite(BoardConfig.Path, config.Write());
        Flash.TryWrite(DeviceKey.Path, key.Write());
    }

    /// <summary>Solders a watchdog chip to the reset line.</summary>
    /// <param name="gpio">The pin that feeds it: the one that the configuration names as <c>watchdog</c>.</param>
    /// <param name="timeoutMs">Milliseconds without a pulse after which it resets the board.</param>
    public void AddWatchdogChip(int gpio, int timeoutMs = VirtualWatchdogChip.DefaultMs) => WatchdogChip = new VirtualWatchdogChip(Board.Pins, gpio, _parts.NowMs, timeoutMs);

    /// <summary>Begins a life.</summary>
    /// <param name="reason">Why, in the words of the wire profile.</param>
    /// <param name="tells">Whether the hardware tells that; nanoFramework's does so for the wake from deep sleep only.</param>
    /// <returns>The application, to be stepped until it is over.</returns>
    public BoardApplication Boot(string reason, bool tells = true)
    {
        ResetReason = tells || reason == "deep-sleep" ? reason : "";
        Boots++;
        WatchdogResets += reason == "watchdog" ? 1 : 0;
        SleepMs = -1;
        WantsRestart = false;
        _fedMs = -1;
        _watchdogMs = 0;
        Board.Restart();
        _feedPin = null;
        WatchdogChip?.Reset();
        return new BoardApplication(this, "1.0.0", BuiltUtcMs, Configure is null ? null : new Hook(Configure));
    }

    /// <inheritdoc/>
    public ITimeServer CreateTimeServer(string host) => _parts.TimeServer(host);

    /// <inheritdoc/>
    public IBoardTransport CreateTransport(BoardConfig config, NetworkSettings network, out string? wrong)
    {
        wrong = NoTransport;
        return wrong is null ? _parts.Transport(config, network) : null!;
    }

    /// <inheritdoc/>
    public string Chip { get; set; } = "ESP32";

    /// <summary>The other end of the second serial line, for who provisions the board; null while the firmware has not opened it.</summary>
    public VirtualLine? Line { get; private set; }

    /// <inheritdoc/>
    public IBoardLine OpenLine(BoardConfig? config)
    {
        BoardPins pins = Esp32Boards.Find(config?.Board ?? "esp32-devkitc-v4", out _);
        return Line = pins is not null && PartList.IsSerialFree(pins, config?.Parts ?? "", config?.WatchdogPin ?? -1) ? new VirtualLine() : null!;
    }

    /// <inheritdoc/>
    public ThingPart[] MakeParts(BoardConfig config, ISettings settings, byte[]? image, out string? wrong)
    {
        wrong = null;
        if (image is not null)
        {
            Loaded?.Invoke(image);
            return VirtualModule.Parse(image, out wrong)?.MakeParts(_kind, Board, settings, out wrong)!;
        }

        try
        {
            OnMakeParts?.Invoke();
            return _kind.CreateParts(Board, settings);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            wrong = e.Message;
            return null!;
        }
    }

    /// <inheritdoc/>
    public void Start(int timeoutMs)
    {
        _watchdogMs = timeoutMs;
        Feed();
    }

    /// <inheritdoc/>
    public void Feed()
    {
        _fedMs = _parts.NowMs();
        _feedPin?.Toggle();
    }

    /// <inheritdoc/>
    public void UsePin(int gpio)
    {
        _feedPin = Board.Gpio.OpenPin(gpio, PinMode.Output);
        Feed();
    }

    /// <inheritdoc/>
    public void Sleep(long milliseconds) => SleepMs = milliseconds;

    /// <inheritdoc/>
    public void Restart() => WantsRestart = true;

    /// <inheritdoc/>
    public void SetTime(long utcMs) => _rtcOffsetMs = utcMs - _parts.NowMs();

    /// <inheritdoc/>
    public void WriteLine(string line)
    {
        while (Serial.Count >= 1000)
        {
            Serial.Dequeue();
        }

        Serial.Enqueue(line);
        Said?.Invoke(line);
    }

    /// <inheritdoc/>
    public void Dispose() => Board.Dispose();

    private sealed class Hook(Action<ThingOptions, ClientOptions> configure) : IOptionsHook
    {
        public void Configure(ThingOptions thing, ClientOptions client) => configure(thing, client);
    }
}
