using System.Device.Gpio;

namespace IotXmpp.Things;

/// <summary>A push button between a pin and ground, with its contact's bouncing taken out.</summary>
public sealed class Button
{
    /// <summary>How long the contact must be quiet to be believed, in milliseconds. Default 30: cheap buttons bounce for up to 20.</summary>
    public const int DebounceMs = 30;

    /// <summary>How often the pin is looked at, in milliseconds. Default 20: a short press lasts 50.</summary>
    public const int StepIntervalMs = 20;

    private readonly GpioPin _pin;
    private bool _pressed;
    private bool _last;
    private long _lastChangeMs;

    /// <summary>Opens the pin with its pull-up: pressed is low.</summary>
    /// <param name="gpio">The pins.</param>
    /// <param name="pinNumber">The button's pin.</param>
    public Button(GpioController gpio, int pinNumber)
    {
        _pin = gpio.OpenPin(pinNumber, PinMode.InputPullUp);
        _last = IsLow();
        _pressed = _last;
    }

    /// <summary>Presses since start.</summary>
    public long Presses { get; private set; }

    /// <summary>Whether the button is down, after debouncing.</summary>
    /// <param name="pressed">True when it is down.</param>
    /// <returns>True: a pin always answers.</returns>
    public bool TryRead(out bool pressed)
    {
        pressed = _pressed;
        return true;
    }

    /// <summary>Looks at the pin; to be called every <see cref="StepIntervalMs"/>.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>True once for each press.</returns>
    public bool Step(long nowMs)
    {
        bool low = IsLow();
        if (low != _last)
        {
            _last = low;
            _lastChangeMs = nowMs;
            return false;
        }

        if (low == _pressed || nowMs - _lastChangeMs < DebounceMs)
        {
            return false;
        }

        _pressed = low;
        if (low)
        {
            Presses++;
        }

        return low;
    }

    private bool IsLow() => _pin.Read() == PinValue.Low;
}
