using System;
using System.Device.Gpio;
using System.Diagnostics;
using System.Threading;
using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xmpp;
using nanoFramework.Hardware.Esp32;
using nanoFramework.Runtime.Native;

namespace IotXmpp.Esp32.Board;

/// <summary>An ESP32 as the application sees it: flash, radio, sockets, watchdog, sleep.</summary>
public sealed class Esp32Board : IBoard, IBoardPower, IReportOutput
{
    private readonly FlashFiles _flash = new FlashFiles();
    private readonly Esp32Watchdog _watchdog;
    private TlsSocket _socket;

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
        get { return nanoFramework.Runtime.Native.GC.Run(false); }
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
        _socket = TlsSocket.Create(config, Files.Read(config.CaPath), out wrong);
        return wrong == null ? new BoardTransport(_socket, network) : null;
    }

    /// <inheritdoc/>
    public ThingPart[] MakeParts(BoardConfig config, ISettings settings, out string wrong)
    {
        BoardPins pins = Esp32Boards.Find(config.Board, out wrong);
        PartList list = wrong == null ? PartList.Parse(config.Parts, out wrong) : null;
        if (wrong != null)
        {
            return null;
        }

        Esp32Io io = new Esp32Io(pins);
        if (config.WatchdogPin >= 0)
        {
            _watchdog.UsePin(io.Gpio.OpenPin(config.WatchdogPin, PinMode.Output));
        }

        return list.Make(io, settings, out wrong);
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
