using System;
using System.Device.Adc;
using System.Device.Gpio;
using System.Device.I2c;
using System.Device.Pwm;
using IotXmpp.Things;
using nanoFramework.Hardware.Esp32;

namespace IotXmpp.Esp32.Board;

/// <summary>The pins and buses of an ESP32, routed to the functions that parts ask for.</summary>
public sealed class Esp32Io : IBoardIo
{
    private const int I2cBus = 1;
    private const int PwmStep = DeviceFunction.PWM2 - DeviceFunction.PWM1;
    private const int MaxPwm = 16;

    private bool _i2cRouted;
    private int _pwmCount;
    private Esp32OneWire _oneWire;
    private int _oneWireGpio = -1;
    private AdcController _adc;

    /// <summary>The pins of a board.</summary>
    /// <param name="pins">Its table.</param>
    public Esp32Io(BoardPins pins)
    {
        Pins = pins;
        Gpio = new GpioController();
    }

    /// <inheritdoc/>
    public BoardPins Pins { get; }

    /// <inheritdoc/>
    public GpioController Gpio { get; }

    /// <inheritdoc/>
    public I2cDevice OpenI2c(int address)
    {
        if (!_i2cRouted)
        {
            Configuration.SetPinFunction(Pins.Role("i2c-sda"), DeviceFunction.I2C1_DATA);
            Configuration.SetPinFunction(Pins.Role("i2c-scl"), DeviceFunction.I2C1_CLOCK);
            _i2cRouted = true;
        }

        return I2cDevice.Create(new I2cConnectionSettings(I2cBus, address));
    }

    /// <inheritdoc/>
    public AdcChannel OpenAdc(int gpio)
    {
        int channel = PinCan.Channel(Pins.Can(gpio));
        if (channel < 0)
        {
            throw new ArgumentException("GPIO " + gpio.ToString() + " is no analog input");
        }

        _adc = _adc == null ? new AdcController() : _adc;
        return _adc.OpenChannel(channel);
    }

    /// <inheritdoc/>
    public PwmChannel OpenPwm(int gpio, int frequencyHz)
    {
        if (_pwmCount == MaxPwm)
        {
            throw new InvalidOperationException("all pulse-width outputs are in use");
        }

        Configuration.SetPinFunction(gpio, (DeviceFunction)((int)DeviceFunction.PWM1 + (PwmStep * _pwmCount++)));
        return PwmChannel.CreateFromPin(gpio, frequencyHz, 0);
    }

    /// <inheritdoc/>
    public IOneWireBus OpenOneWire(int gpio, int receiveGpio)
    {
        if (_oneWire != null && _oneWireGpio != gpio)
        {
            throw new InvalidOperationException("an ESP32 has one 1-Wire bus");
        }

        if (_oneWire == null)
        {
            // The runtime drives the bus by a UART: one pin that sends, one that listens, wired together.
            int listen = receiveGpio < 0 ? Pins.Role("onewire-rx") : receiveGpio;
            if (listen < 0)
            {
                throw new InvalidOperationException("1-Wire needs a second pin, wired to the first; this board has no role onewire-rx");
            }

            Configuration.SetPinFunction(listen, DeviceFunction.COM3_RX);
            Configuration.SetPinFunction(gpio, DeviceFunction.COM3_TX);
            _oneWire = new Esp32OneWire();
            _oneWireGpio = gpio;
        }

        return _oneWire;
    }

    /// <inheritdoc/>
    public IPulseInput OpenPulses(int gpio) => new Esp32Pulses(Gpio, gpio);
}
