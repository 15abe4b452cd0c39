using System;
using System.Device.Gpio;
using System.Threading;
using IotXmpp.Things;
using nanoFramework.Hardware.Esp32.Rmt;

namespace IotXmpp.Esp32.Board;

/// <summary>
/// Lengths of pulses by the RMT unit, which measures by itself in µs: managed code is too slow for that. The unit listens on the pin all the time; the same pin, open-drain, calls the part.
/// Not yet run on a board.
/// </summary>
internal sealed class Esp32Pulses : IPulseInput
{
    private const int AnswerMs = 10;

    private readonly GpioPin _pin;
    private readonly ReceiverChannel _receiver;

    public Esp32Pulses(GpioController gpio, int number)
    {
        ReceiverChannelSettings settings = new ReceiverChannelSettings(number)
        {
            ClockDivider = 80, // of 80 MHz: 1 µs
            EnableFilter = true,
            FilterThreshold = 100,
            IdleThreshold = 1000,
            ReceiveTimeout = new TimeSpan(0, 0, 0, 0, 100),
        };
        _receiver = new ReceiverChannel(settings);
        _pin = gpio.OpenPin(number, PinMode.OutputOpenDrain);
        _pin.Write(PinValue.High);
    }

    /// <inheritdoc/>
    public int Read(int lowMs, byte[] highs)
    {
        _pin.Write(PinValue.Low);
        Thread.Sleep(lowMs);
        _receiver.Start(true);
        _pin.Write(PinValue.High);
        Thread.Sleep(AnswerMs);
        RmtCommand[] pulses = _receiver.GetAllItems();
        _receiver.Stop();
        int count = 0;
        for (int i = 0; pulses != null && i < pulses.Length; i++)
        {
            if (!Add(pulses[i].Level0, pulses[i].Duration0, highs, ref count) || !Add(pulses[i].Level1, pulses[i].Duration1, highs, ref count))
            {
                return -1;
            }
        }

        return count;
    }

    private static bool Add(bool level, ushort microseconds, byte[] highs, ref int count)
    {
        if (!level || microseconds == 0)
        {
            return true;
        }

        if (count == highs.Length)
        {
            return false;
        }

        highs[count++] = microseconds > 255 ? (byte)255 : (byte)microseconds;
        return true;
    }
}
