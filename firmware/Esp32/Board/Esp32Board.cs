using System;
using System.Diagnostics;
using System.Reflection;
using System.Threading;
using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using nanoFramework.Hardware.Esp32;
using nanoFramework.Runtime.Native;

namespace IotXmpp.Esp32.Board;

/// <summary>An ESP32 as the application sees it: flash, radio, sockets, watchdog, sleep.</summary>
public sealed class Esp32Board : IBoard, IBoardPower, IReportOutput
{
    private readonly FlashFiles _flash = new FlashFiles("I:\\ring");
    private readonly FlashFiles _images = new FlashFiles("I:\\images");
    private readonly Esp32Watchdog _watchdog;
    private NanoSocket _socket;

    /// <summary>Takes the hardware.</summary>
    public Esp32Board()
    {
        Radio = new WifiRadio();
        Hash = new NativeHash();
        Random = new NativeRandom();
        _watchdog = new Esp32Watchdog(new FlashSettings(_flash));
    }

    /// <inheritdoc/>
    public IBoardFiles Files
    {
        get { return _flash; }
    }

    /// <inheritdoc/>
    public ISegmentStore Segments
    {
        get { return _flash; }
    }

    /// <inheritdoc/>
    public ISegmentStore Images
    {
        get { return _images; }
    }

    /// <inheritdoc/>
    public IRadio Radio { get; }

    /// <inheritdoc/>
    public IHash Hash { get; }

    /// <inheritdoc/>
    public IRandom Random { get; }

    /// <inheritdoc/>
    public IBoardWatchdog Watchdog
    {
        get { return _watchdog; }
    }

    /// <inheritdoc/>
    public IBoardPower Power
    {
        get { return this; }
    }

    /// <inheritdoc/>
    public IReportOutput Serial
    {
        get { return this; }
    }

    /// <summary>The runtime tells the wake from a deep sleep and nothing else: the rest is known by what was written down before.</summary>
    public string ResetReason
    {
        get { return nanoFramework.Hardware.Esp32.Sleep.GetWakeupCause() == nanoFramework.Hardware.Esp32.Sleep.WakeupCause.Undefined ? string.Empty : "deep-sleep"; }
    }

    /// <inheritdoc/>
    public long KeptUtcMs
    {
        get { return ResetReason.Length == 0 ? 0 : (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond; }
    }

    /// <inheritdoc/>
    public long FreeHeapBytes
    {
        get { return NumberFormat.Signed(nanoFramework.Runtime.Native.GC.Run(false)); }
    }

    /// <inheritdoc/>
    public void SetTime(long utcMs)
    {
        Rtc.SetSystemTime(new DateTime(DateTime.UnixEpoch.Ticks + (utcMs * TimeSpan.TicksPerMillisecond)));
    }

    /// <inheritdoc/>
    public ITimeServer CreateTimeServer(string host) => new UdpTimeServer(host, Random);

    /// <inheritdoc/>
    public IBoardTransport CreateTransport(BoardConfig config, NetworkSettings network, out string wrong)
    {
        _socket = NanoSocket.Create(config.Domain, config.CaPath, Files.Read(config.CaPath), out wrong);
        return wrong == null ? new BoardTransport(_socket, network) : null;
    }

    /// <inheritdoc/>
    public string Chip
    {
        get { return Esp32Boards.Chip(Esp32Boards.OfTarget(SystemInfo.TargetName)); }
    }

    /// <inheritdoc/>
    public IBoardLine OpenLine(BoardConfig config)
    {
        string wrong;
        BoardPins pins = Esp32Boards.Find(config == null ? Esp32Boards.OfTarget(SystemInfo.TargetName) : config.Board, out wrong);
        return pins != null && PartList.IsSerialFree(pins, config == null ? string.Empty : config.Parts, config == null ? -1 : config.WatchdogPin) ? new SerialLine(pins) : null;
    }

    /// <inheritdoc/>
    public ThingPart[] MakeParts(BoardConfig config, ISettings settings, byte[] image, out string wrong)
    {
        BoardPins pins = Esp32Boards.Find(config.Board, out wrong);
        if (wrong == null && image != null)
        {
            BoardModule module = Load(image, out wrong);
            return module == null ? null : module.MakeParts(config, new Esp32Io(pins), settings, out wrong);
        }

        PartList list = wrong == null ? PartList.Parse(config.Parts, out wrong) : null;
        if (wrong != null)
        {
            return null;
        }

        return list.Make(new Esp32Io(pins), settings, out wrong);
    }

    // The runtime copies nothing of the array: code and tables of the image stay where it lies, for this life.
    private static BoardModule Load(byte[] image, out string wrong)
    {
        wrong = null;
        Type entry = Assembly.Load(image).GetType(BoardModule.EntryName);
        ConstructorInfo constructor = entry == null ? null : entry.GetConstructor(new Type[0]);
        BoardModule module = constructor == null ? null : constructor.Invoke(null) as BoardModule;
        wrong = module == null ? "the image has no " + BoardModule.EntryName + " that is a BoardModule" : null;
        return module;
    }

    /// <inheritdoc/>
    public void Sleep(long milliseconds)
    {
        nanoFramework.Hardware.Esp32.Sleep.EnableWakeupByTimer(new TimeSpan(milliseconds * TimeSpan.TicksPerMillisecond));
        nanoFramework.Hardware.Esp32.Sleep.StartDeepSleep();
    }

    /// <inheritdoc/>
    public void Restart()
    {
        nanoFramework.Runtime.Native.Power.RebootDevice();
    }

    /// <inheritdoc/>
    public void WriteLine(string line)
    {
        Console.WriteLine(line);
    }

    /// <summary>Waits until bytes come or the time is over.</summary>
    /// <param name="milliseconds">How long at most.</param>
    public void Wait(int milliseconds)
    {
        if (_socket == null || !_socket.Wait(milliseconds))
        {
            Thread.Sleep(milliseconds);
        }
    }
}
