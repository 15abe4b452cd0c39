using System.Device.Gpio;
using IotXmpp.Things;

namespace IotXmpp.Gateway.Pi;

/// <summary>
/// Lengths of pulses by watching a pin. Linux may look away in the middle: then lengths are wrong, the part's checksum says so, and that reading is lost.
/// </summary>
public sealed class PiPulseInput : IPulseInput
{
    private readonly GpioPin _pin;
    private readonly TimeProvider _time;

    /// <summary>Takes the pin.</summary>
    /// <param name="pin">The pin, open.</param>
    /// <param name="time">What measures.</param>
    public PiPulseInput(GpioPin pin, TimeProvider time)
    {
        _pin = pin;
        _time = time;
    }

    /// <inheritdoc/>
    public int Read(int lowMs, byte[] highs)
    {
        ArgumentNullException.ThrowIfNull(highs);
        _pin.SetPinMode(PinMode.Output);
        _pin.Write(PinValue.Low);
        Thread.Sleep(lowMs);
        _pin.SetPinMode(PinMode.InputPullUp);
        long quiet = _time.TimestampFrequency / 1000;
        long since = _time.GetTimestamp();
        bool high = true;
        int count = 0;
        while (true)
        {
            bool level = _pin.Read() == PinValue.High;
            long now = _time.GetTimestamp();
            if (level == high)
            {
                // A level that lasts a millisecond ends the answer.
                if (now - since > quiet)
                {
                    return count;
                }

                continue;
            }

            if (high)
            {
                if (count == highs.Length)
                {
                    return -1;
                }

                highs[count++] = (byte)Math.Min(255, (now - since) * 1_000_000 / _time.TimestampFrequency);
            }

            high = level;
            since = now;
        }
    }
}
