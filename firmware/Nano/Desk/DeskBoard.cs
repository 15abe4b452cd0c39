using System;
using System.Collections;
using System.Threading;
using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using nanoFramework.Runtime.Native;

namespace IotXmpp.Esp32.Desk;

/// <summary>A board that is none: files in memory, a radio that is always there, the time of the PC, no pins.</summary>
internal sealed class DeskBoard : IBoard, IBoardFiles, IRadio, ITimeServer, IBoardWatchdog, IBoardPower, IReportOutput
{
    private const int SegmentBytes = 16384;

    private readonly Hashtable _files = new Hashtable();
    private NanoSocket _socket;
    private bool _asked;

    public DeskBoard()
    {
        Hash = new NativeHash();
        Random = new NativeRandom();
        Segments = new MemorySegmentStore(SegmentBytes);
        Images = new MemorySegmentStore(0);
        BoardConfig config = new BoardConfig
        {
            Thing = DeskConstants.Thing,
            Domain = DeskConstants.Domain,
            Host = DeskConstants.Host,
            Port = int.Parse(DeskConstants.Port),
            Board = "desk",
            IntervalSeconds = 1,
        };
        _files[BoardConfig.Path] = config.Write();
        _files[DeviceKey.Path] = Utf8.Encode(DeskConstants.Key);
        byte[] authority = Utf8.Encode(DeskConstants.Ca);
        byte[] closed = new byte[authority.Length + 1];
        Array.Copy(authority, 0, closed, 0, authority.Length);
        _files[BoardConfig.DefaultCaPath] = closed;
    }

    public IBoardFiles Files
    {
        get { return this; }
    }

    public ISegmentStore Segments { get; }

    public ISegmentStore Images { get; }

    public IRadio Radio
    {
        get { return this; }
    }

    public IHash Hash { get; }

    public IRandom Random { get; }

    public IBoardWatchdog Watchdog
    {
        get { return this; }
    }

    public IBoardPower Power
    {
        get { return this; }
    }

    public IReportOutput Serial
    {
        get { return this; }
    }

    public string ResetReason
    {
        get { return "power-on"; }
    }

    public long KeptUtcMs
    {
        get { return 0; }
    }

    public long FreeHeapBytes
    {
        get { return NumberFormat.Signed(nanoFramework.Runtime.Native.GC.Run(true)); }
    }

    public string Chip
    {
        get { return "PC"; }
    }

    public bool IsConnected
    {
        get { return true; }
    }

    public int SignalDbm
    {
        get { return 0; }
    }

    public string Ssid
    {
        get { return "desk"; }
    }

    public string Address
    {
        get { return "127.0.0.1"; }
    }

    public string Failure
    {
        get { return string.Empty; }
    }

    public void SetTime(long utcMs)
    {
        // It is the PC's.
    }

    public ITimeServer CreateTimeServer(string host) => this;

    public IBoardTransport CreateTransport(BoardConfig config, NetworkSettings network, out string wrong)
    {
        _socket = NanoSocket.Create(config.Domain, config.CaPath, Read(config.CaPath), out wrong);
        return wrong == null ? new BoardTransport(_socket, network) : null;
    }

    public ThingPart[] MakeParts(BoardConfig config, ISettings settings, byte[] image, out string wrong)
    {
        wrong = null;
        return new ThingPart[] { new DeskPart() };
    }

    public byte[] Read(string path) => (byte[])_files[path];

    public bool TryWrite(string path, byte[] data)
    {
        byte[] copy = new byte[data.Length];
        Array.Copy(data, 0, copy, 0, data.Length);
        _files[path] = copy;
        return true;
    }

    public void Delete(string path)
    {
        _files.Remove(path);
    }

    public IBoardLine OpenLine(BoardConfig config) => null;

    public string[][] Scan() => new string[0][];

    public void Use(string ssid, string password)
    {
        // There is only one network.
    }

    public void Connect()
    {
        // It always is.
    }

    public void Reset()
    {
        // There is nothing to reset.
    }

    public void Ask()
    {
        _asked = true;
    }

    public bool TryTake(out long utcMs)
    {
        utcMs = (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond;
        bool there = _asked;
        _asked = false;
        return there;
    }

    public void Start(int timeoutMs)
    {
        // Who runs a desk sees when it stands still.
    }

    public void UsePin(int gpio)
    {
        // There is no pin.
    }

    public void Feed()
    {
        // As above.
    }

    public void Sleep(long milliseconds)
    {
        // The application is over then; so is the program.
    }

    public void Restart()
    {
        // As for sleep.
    }

    public void WriteLine(string line)
    {
        Console.WriteLine(line);
    }

    public void Wait(int milliseconds)
    {
        if (_socket == null || !_socket.Wait(milliseconds))
        {
            Thread.Sleep(milliseconds);
        }
    }

    // A number that changes: three fields, as a climate sensor has.
    private sealed class DeskPart : ThingPart
    {
        private int _count;

        public override int StepIntervalMs
        {
            get { return 10; }
        }

        // As fast as the loop allows: each sample is a publish and its result.
        public override bool Step(long nowMs) => true;

        public override bool TrySample(Sample sample)
        {
            _count++;
            return sample.AddNumeric("temperature", "°C", 200 + (_count % 50), 1)
                && sample.AddNumeric("humidity", "%", 480 + (_count % 70), 1)
                && sample.AddNumeric("pressure", "hPa", 10025 + (_count % 30), 1);
        }
    }
}
