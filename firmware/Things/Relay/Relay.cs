using System.Device.Gpio;

namespace IotXmpp.Things;

/// <summary>A relay on a pin.</summary>
public sealed class Relay
{
    private readonly GpioPin _pin;
    private readonly bool _activeLow;

    /// <summary>Opens the pin, with the relay off.</summary>
    /// <param name="gpio">The pins.</param>
    /// <param name="pinNumber">The relay's pin.</param>
    /// <param name="activeLow">True when the relay is on while the pin is low, as most relay modules are.</param>
    public Relay(GpioController gpio, int pinNumber, bool activeLow)
    {
        _activeLow = activeLow;
        _pin = gpio.OpenPin(pinNumber, PinMode.Output);
        Set(false);
    }

    /// <summary>Whether the relay is on, read back from the pin.</summary>
    /// <param name="on">True when it is on.</param>
    /// <returns>True: a pin always answers.</returns>
    public bool TryRead(out bool on)
    {
        on = (_pin.Read() == PinValue.High) != _activeLow;
        return true;
    }

    /// <summary>Switches the relay.</summary>
    /// <param name="on">True for on.</param>
    public void Set(bool on) => _pin.Write(on != _activeLow ? PinValue.High : PinValue.Low);
}
