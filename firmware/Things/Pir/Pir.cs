using System.Device.Gpio;

namespace IotXmpp.Things;

/// <summary>A passive infrared motion sensor with a digital output, such as the HC-SR501: high while it sees something move.</summary>
public sealed class Pir
{
    /// <summary>How often the pin is looked at, in milliseconds. Default 50: the output stays high for 300 ms at least.</summary>
    public const int StepIntervalMs = 50;

    private readonly GpioPin _pin;
    private readonly int _warmUpMs;
    private bool _started;
    private bool _high;
    private bool _motion;
    private long _warmMs = -1;
    private long _sinceMs;

    /// <summary>Opens the pin with its pull-down: a sensor that is not there sees nothing.</summary>
    /// <param name="gpio">The pins.</param>
    /// <param name="pinNumber">The sensor's pin.</param>
    /// <param name="warmUpMs">How long the sensor sees things that are not there after power-on, in milliseconds.</param>
    public Pir(GpioController gpio, int pinNumber, int warmUpMs)
    {
        _pin = gpio.OpenPin(pinNumber, gpio.IsPinModeSupported(pinNumber, PinMode.InputPullDown) ? PinMode.InputPullDown : PinMode.Input);
        _warmUpMs = warmUpMs;
    }

    /// <summary>How long motion is told after the sensor has seen it, in milliseconds.</summary>
    public int HoldMs { get; set; } = 10000;

    /// <summary>True: the time counts from the last that was seen. False: from the first, and then something new has to be seen.</summary>
    public bool Retriggers { get; set; } = true;

    /// <summary>Times that motion began, since start.</summary>
    public long Motions { get; private set; }

    /// <summary>Whether there is motion.</summary>
    /// <param name="motion">True when there is.</param>
    /// <returns>False while the sensor warms up.</returns>
    public bool TryRead(out bool motion)
    {
        motion = _motion;
        return _warmMs < 0;
    }

    /// <summary>Looks at the pin; to be called every <see cref="StepIntervalMs"/>.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>True when motion began or ended, and when the sensor has become warm.</returns>
    public bool Step(long nowMs)
    {
        bool high = _pin.Read() == PinValue.High;
        bool edge = high && !_high;
        _high = high;
        if (!_started)
        {
            _started = true;
            _warmMs = _warmUpMs > 0 ? nowMs + _warmUpMs : -1;
        }

        if (_warmMs >= 0)
        {
            if (nowMs < _warmMs)
            {
                return false;
            }

            // What is high now has been seen while it was cold.
            _warmMs = -1;
            return true;
        }

        if (edge || (_motion && high && Retriggers))
        {
            _sinceMs = _motion && !Retriggers ? _sinceMs : nowMs;
            if (!_motion)
            {
                _motion = true;
                Motions++;
                return true;
            }

        }

        if (_motion && nowMs - _sinceMs >= HoldMs)
        {
            _motion = false;
            return true;
        }

        return false;
    }
}
