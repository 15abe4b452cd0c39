using System;
using System.Device.Gpio;
using System.Threading;
using IotXmpp.Things;
using nanoFramework.Hardware.Esp32.Rmt;

namespace IotXmpp.Esp32.Board;

/// <summary>
/// Lengths of pulses by the RMT unit, which measures in µs while managed code does not look: that is too slow. The unit listens on the same pin that calls: an
/// output of this runtime has its input switched off, so the pin becomes an input again to let go of the line, and the unit then sees the answer.
/// </summary>
internal sealed class RmtPulseInput : IPulseInput
{
    // 80 MHz by 80: the unit counts in µs.
    private const byte Divider = 80;
    // A level of a millisecond ends the recording: the longest pulse of an answer has 80 µs.
    private const ushort IdleMicroseconds = 1000;
    // In cycles of 80 MHz: spikes under 1 µs are no pulses.
    private const byte FilterCycles = 80;
    private const int TimeoutMs = 50;

    private readonly GpioPin _pin;
    private readonly ReceiverChannel _receiver;

    internal RmtPulseInput(GpioController gpio, int number)
    {
        ReceiverChannelSettings settings = new ReceiverChannelSettings(number);
        settings.ClockDivider = Divider;
        settings.EnableFilter = true;
        settings.FilterThreshold = FilterCycles;
        settings.IdleThreshold = IdleMicroseconds;
        settings.ReceiveTimeout = new TimeSpan(TimeoutMs * TimeSpan.TicksPerMillisecond);
        // On by default, for remote controls: it would take the answer for a carrier of 38 kHz.
        settings.EnableDemodulation = false;
        _receiver = new ReceiverChannel(settings);
        _pin = gpio.OpenPin(number, PinMode.InputPullUp);
    }

    /// <inheritdoc/>
    public int Read(int lowMs, byte[] highs)
    {
        _pin.SetPinMode(PinMode.Output);
        _pin.Write(PinValue.Low);
        Thread.Sleep(lowMs);
        _receiver.Start(true);
        _pin.SetPinMode(PinMode.InputPullUp);
        RmtCommand[] items = _receiver.GetAllItems();
        _receiver.Stop();
        int count = 0;
        for (int i = 0; items != null && i < items.Length; i++)
        {
            // A length of 0 marks the end of the recording.
            if (items[i].Level0 && items[i].Duration0 > 0 && !Add(items[i].Duration0, highs, ref count))
            {
                return -1;
            }

            if (items[i].Level1 && items[i].Duration1 > 0 && !Add(items[i].Duration1, highs, ref count))
            {
                return -1;
            }
        }

        return count;
    }

    private static bool Add(int microseconds, byte[] highs, ref int count)
    {
        if (count == highs.Length)
        {
            return false;
        }

        highs[count++] = (byte)(microseconds > 255 ? 255 : microseconds);
        return true;
    }
}
