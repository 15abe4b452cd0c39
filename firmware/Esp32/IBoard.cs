using IotXmpp.Esp32.Improv;
using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>
/// A board as <see cref="BoardApplication"/> sees it: an ESP32, or one in memory. All calls come from the one thread that steps the application. Every call returns at once, but
/// for <see cref="IBoardTransport.Step"/>, which may block in a handshake until the watchdog ends it.
/// </summary>
public interface IBoard
{
    /// <summary>Files on flash, by their whole path.</summary>
    IBoardFiles Files { get; }

    /// <summary>The segments of the telemetry ring on flash.</summary>
    ISegmentStore Segments { get; }

    /// <summary>The images that came by updates, in segments of their own.</summary>
    ISegmentStore Images { get; }

    /// <summary>The radio.</summary>
    IRadio Radio { get; }

    /// <summary>Hash functions, HMAC in hardware or native code where the board has it.</summary>
    IHash Hash { get; }

    /// <summary>The board's dice.</summary>
    IRandom Random { get; }

    /// <summary>What resets the board when nobody feeds it.</summary>
    IBoardWatchdog Watchdog { get; }

    /// <summary>Sleep and restart.</summary>
    IBoardPower Power { get; }

    /// <summary>Why it started, in the words of the wire profile, as far as the hardware tells; "" where it does not.</summary>
    string ResetReason { get; }

    /// <summary>The time of day that the board has kept over a deep sleep, in milliseconds since 1970; 0 when it has none.</summary>
    long KeptUtcMs { get; }

    /// <summary>The time of day is known, or has been set right: for the board's own clock, by which certificates are judged.</summary>
    /// <param name="utcMs">Milliseconds since 1970.</param>
    void SetTime(long utcMs);

    /// <summary>Free bytes of the managed heap; -1 when unknown. May take some milliseconds.</summary>
    long FreeHeapBytes { get; }

    /// <summary>Makes the client of a time server.</summary>
    /// <param name="host">Its name or address.</param>
    ITimeServer CreateTimeServer(string host);

    /// <summary>Makes the way to the hub.</summary>
    /// <param name="config">The board's configuration: the domain to verify, the file with the authority.</param>
    /// <param name="network">Where the hub is; looked at for every connection, since it may change.</param>
    /// <param name="wrong">What is wrong, such as a missing authority, one line for people; null when nothing is.</param>
    /// <returns>The way, or null when something is wrong: without an authority nothing could be verified.</returns>
    IBoardTransport CreateTransport(BoardConfig config, NetworkSettings network, out string wrong);

    /// <summary>Makes the parts of a thing.</summary>
    /// <param name="config">The board's configuration, with the part list.</param>
    /// <param name="settings">Where parts keep what was set.</param>
    /// <param name="image">The image whose parts are wanted (a .pe with a <c>BoardModule</c>), checked; null for the parts that were flashed.</param>
    /// <param name="wrong">What is wrong, one line for people; null when nothing is.</param>
    /// <returns>The parts, or null when something is wrong.</returns>
    ThingPart[] MakeParts(BoardConfig config, ISettings settings, byte[] image, out string wrong);

    /// <summary>The serial line, for the board's own report.</summary>
    IReportOutput Serial { get; }

    /// <summary>The chip, as Improv names it: <c>ESP32</c>, <c>ESP32-S3</c>, <c>ESP32-C3</c>.</summary>
    string Chip { get; }

    /// <summary>Opens the board's second serial line.</summary>
    /// <param name="config">The board's configuration; null when there is none, and the board is known by its chip only.</param>
    /// <returns>The line; null when the board has no pins for one, or a part uses them.</returns>
    IBoardLine OpenLine(BoardConfig config);
}

/// <summary>A serial line. Every call returns at once, but for a write to a line that takes nothing, which gives up after a second.</summary>
public interface IBoardLine : IImprovLine
{
    /// <summary>Reads what has come.</summary>
    /// <param name="buffer">Where to.</param>
    /// <returns>Bytes read; 0 when there are none.</returns>
    int Read(byte[] buffer);

    /// <summary>Gives it up.</summary>
    void Close();
}

/// <summary>Files on flash. A write that is cut by a power loss may leave any part of the file.</summary>
public interface IBoardFiles
{
    /// <summary>Reads a file.</summary>
    /// <param name="path">Its whole path.</param>
    /// <returns>Its bytes; null when it is not there or cannot be read.</returns>
    byte[] Read(string path);

    /// <summary>Writes a file, in place of what is there.</summary>
    /// <param name="path">Its whole path.</param>
    /// <param name="data">Its bytes.</param>
    /// <returns>False when flash is full or refuses.</returns>
    bool TryWrite(string path, byte[] data);

    /// <summary>Removes a file, if it is there.</summary>
    /// <param name="path">Its whole path.</param>
    void Delete(string path);
}

/// <summary>A way to the hub that is stepped: it reports to its client within <see cref="Step"/> only.</summary>
public interface IBoardTransport : ITransport
{
    /// <summary>Says whose transport it is; once, before the first step.</summary>
    /// <param name="client">The client.</param>
    void Attach(XmppClient client);

    /// <summary>Opens, reads and tells the client. May block while a connection is made (name, TCP, TLS): the watchdog is its bound.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    void Step(long nowMs);

    /// <summary>Is shown what goes out; null for nobody.</summary>
    SerialReport Report { get; set; }

    /// <summary>
    /// Whether the hub is asked for a sign of life before each handshake, by a connection of its own that costs a round trip and, at the hub, a handshake that fails. A hub that hangs then keeps
    /// the board away instead of freezing it.
    /// </summary>
    bool LooksFirst { get; set; }

    /// <summary>Whether the next <see cref="Step"/> will make a connection, and so may block.</summary>
    bool IsAboutToConnect { get; }
}

/// <summary>A watchdog that is started once and then has to be fed.</summary>
public interface IBoardWatchdog : IWatchdog
{
    /// <summary>Starts it.</summary>
    /// <param name="timeoutMs">Milliseconds without a feed after which the board is reset.</param>
    void Start(int timeoutMs);

    /// <summary>Says which pin feeds a watchdog chip on the reset line: the only thing that ends a handshake that has frozen the runtime. Each feed toggles it, from now on.</summary>
    /// <param name="gpio">The pin.</param>
    void UsePin(int gpio);
}

/// <summary>The board's power.</summary>
public interface IBoardPower
{
    /// <summary>Sleeps deeply; the board starts anew afterwards. Returns on a simulated board only.</summary>
    /// <param name="milliseconds">For how long.</param>
    void Sleep(long milliseconds);

    /// <summary>Restarts the board. Returns on a simulated board only.</summary>
    void Restart();
}

/// <summary>The board's radio, as little of it as <see cref="WifiLink"/> needs. Every call returns at once.</summary>
public interface IRadio
{
    /// <summary>Whether it has an access point and an address.</summary>
    bool IsConnected { get; }

    /// <summary>Signal in dBm; 0 when it is not connected or not known.</summary>
    int SignalDbm { get; }

    /// <summary>The name of the network in use; "" when not known.</summary>
    string Ssid { get; }

    /// <summary>The board's address; "" when it has none.</summary>
    string Address { get; }

    /// <summary>Why the last attempt failed: <c>not-found</c>, <c>refused</c>, <c>no-address</c> or <c>timeout</c>; "" when it did not, or is not over.</summary>
    string Failure { get; }

    /// <summary>Looks around. May take some seconds.</summary>
    /// <returns>The networks in reach: for each its name, dBm as text, and <c>YES</c> or <c>NO</c> for a password.</returns>
    string[][] Scan();

    /// <summary>Says which network to use from the next <see cref="Connect"/> on.</summary>
    /// <param name="ssid">Its name; "" for the one that was flashed.</param>
    /// <param name="password">Its password.</param>
    void Use(string ssid, string password);

    /// <summary>Begins to connect.</summary>
    void Connect();

    /// <summary>Gives up what it has and forgets its state: what helps a radio that hangs.</summary>
    void Reset();
}

/// <summary>Asks a time server (SNTP). Every call returns at once.</summary>
public interface ITimeServer
{
    /// <summary>Sends a question.</summary>
    void Ask();

    /// <summary>The answer, once for each.</summary>
    /// <param name="utcMs">Milliseconds since 1970-01-01 UTC.</param>
    /// <returns>True when one has come since the last call.</returns>
    bool TryTake(out long utcMs);
}
