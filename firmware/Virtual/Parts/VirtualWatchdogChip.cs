using System.Device.Gpio;

namespace IotXmpp.Virtual;

/// <summary>
/// A watchdog chip on a board's reset line, such as a MAX6369 set to 60 s: any edge on its input is a feed, and without one for its time it pulls the reset line. It knows nothing of the firmware, and
/// goes on counting while the whole runtime stands still. It begins to count with the first edge after a reset.
/// </summary>
public sealed class VirtualWatchdogChip
{
    /// <summary>Milliseconds without an edge when nothing else is said. Default 60,000: longer than a handshake with a good hub takes on the slowest chip.</summary>
    public const int DefaultMs = 60000;

    private readonly Func<long> _nowMs;
    private readonly int _timeoutMs;
    private long _edgeMs = -1;

    /// <summary>Makes a chip.</summary>
    /// <param name="pins">The board's pins.</param>
    /// <param name="gpio">The one that is wired to its input.</param>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <param name="timeoutMs">Its time.</param>
    public VirtualWatchdogChip(VirtualGpioDriver pins, int gpio, Func<long> nowMs, int timeoutMs = DefaultMs)
    {
        ArgumentNullException.ThrowIfNull(pins);
        _nowMs = nowMs;
        _timeoutMs = timeoutMs;
        Gpio = gpio;
        pins.OutputChanged += (_, edge) =>
        {
            if (edge.PinNumber == gpio)
            {
                Volatile.Write(ref _edgeMs, _nowMs());
            }
        };
    }

    /// <summary>The pin that is wired to its input.</summary>
    public int Gpio { get; }

    /// <summary>Whether it pulls the reset line.</summary>
    public bool IsDue
    {
        get
        {
            long edge = Volatile.Read(ref _edgeMs);
            return edge >= 0 && _nowMs() - edge >= _timeoutMs;
        }
    }

    /// <summary>The board was reset: it waits for the first edge again.</summary>
    public void Reset() => Volatile.Write(ref _edgeMs, -1);
}
