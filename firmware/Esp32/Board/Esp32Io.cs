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
    // Four timers, and two outputs that share the frequency of each: PWM1 and PWM2 are of the first, and so on. An ESP32 has more, an S3 and a C3 have not.
    private const int PwmTimers = 4;
    private const int PwmStep = DeviceFunction.PWM2 - DeviceFunction.PWM1;

    private readonly int[] _timerHz = new int[PwmTimers];
    private readonly int[] _timerUses = new int[PwmTimers];
    private bool _i2cRouted;
    private AdcController _adc;
    private IOneWireBus _oneWire;
    private int _oneWireGpio = -1;

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
        int timer = Timer(frequencyHz);
        int function = (timer * 2) + _timerUses[timer]++;
        _timerHz[timer] = frequencyHz;
        Configuration.SetPinFunction(gpio, (DeviceFunction)((int)DeviceFunction.PWM1 + (PwmStep * function)));
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
            if (receiveGpio < 0)
            {
                throw new InvalidOperationException("1-Wire needs a second pin that listens, wired to the first: say which by rx=");
            }

            _oneWire = new OneWireBus(new OneWireHostLine(gpio, receiveGpio));
            _oneWireGpio = gpio;
        }

        return _oneWire;
    }

    /// <inheritdoc/>
    public IPulseInput OpenPulses(int gpio) => new RmtPulseInput(Gpio, gpio);

    // Outputs of one frequency share a timer; outputs of different ones must not, or the last that was opened sets the pulses of both.
    private int Timer(int frequencyHz)
    {
        for (int i = 0; i < PwmTimers; i++)
        {
            if (_timerUses[i] == 0 || (_timerUses[i] == 1 && _timerHz[i] == frequencyHz))
            {
                return i;
            }
        }

        throw new InvalidOperationException("all pulse-width outputs are in use");
    }
}
