using System.Device.Gpio;
using System.Threading;
using nanoFramework.Runtime.Native;

namespace IotXmpp.Esp32.Board;

/// <summary>
/// Two watchdogs, because the runtime gives managed code none: a thread that restarts the board when the loop does not come back (a driver that hangs, a wait without an end), and a pin that
/// feeds a watchdog chip on the reset line. Only the chip, or a runtime built with its task watchdog, ends a handshake that has frozen the whole runtime.
/// </summary>
public sealed class Esp32Watchdog : IBoardWatchdog
{
    private const int LookMs = 1000;
    private const int PulseMs = 250;

    private readonly FlashSettings _settings;
    private readonly object _gate = new object();
    private GpioPin _pin;
    private long _fedMs;
    private long _pulsedMs;
    private int _timeoutMs;

    /// <summary>A watchdog that does not run yet.</summary>
    /// <param name="settings">Where the reason of a restart is written down.</param>
    public Esp32Watchdog(FlashSettings settings)
    {
        _settings = settings;
    }

    /// <inheritdoc/>
    public void UsePin(int gpio)
    {
        _pin = new GpioController().OpenPin(gpio, PinMode.Output);
        Feed();
    }

    /// <inheritdoc/>
    public void Start(int timeoutMs)
    {
        _timeoutMs = timeoutMs;
        Feed();
        new Thread(Watch).Start();
    }

    /// <inheritdoc/>
    public void Feed()
    {
        long now = System.Environment.TickCount64;
        lock (_gate)
        {
            _fedMs = now;
        }

        if (_pin != null && now - _pulsedMs >= PulseMs)
        {
            _pulsedMs = now;
            _pin.Toggle();
        }
    }

    private void Watch()
    {
        while (true)
        {
            Thread.Sleep(LookMs);
            long age;
            lock (_gate)
            {
                age = System.Environment.TickCount64 - _fedMs;
            }

            if (age >= _timeoutMs)
            {
                StartGuard.Announce(_settings, "watchdog");
                Power.RebootDevice();
            }
        }
    }
}
