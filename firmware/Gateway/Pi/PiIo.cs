using System.Device.Adc;
using System.Device.Gpio;
using System.Device.I2c;
using System.Device.Pwm;
using IotXmpp.Things;

namespace IotXmpp.Gateway.Pi;

/// <summary>
/// The pins and buses of a Raspberry Pi, for the same parts that run on an ESP32: GPIO, I2C and PWM by System.Device.Gpio, 1-Wire by the kernel. It builds with
/// <c>PiReferences=virtual</c> too, and then says that there are no pins.
/// </summary>
public sealed class PiIo : IBoardIo, IDisposable
{
    private const int I2cBus = 1;
    private const int PwmChip = 0;

    private readonly Dictionary<int, PwmChannel> _pwms = [];
    private readonly TimeProvider _time;
    private readonly string _oneWireFolder;
    private PiOneWireBus? _oneWire;

    /// <summary>Takes the pins into use.</summary>
    /// <param name="pins">The board's table, such as <see cref="PiPins.Pi4"/>.</param>
    /// <param name="gpio">The pins; null for the machine's own.</param>
    /// <param name="time">What measures pulses; null for the system's clock.</param>
    /// <param name="oneWireFolder">Where the kernel shows 1-Wire parts.</param>
    /// <exception cref="PlatformNotSupportedException">The program was built without pins (<c>PiReferences=virtual</c>).</exception>
    public PiIo(BoardPins pins, GpioController? gpio = null, TimeProvider? time = null, string oneWireFolder = PiOneWireBus.SystemFolder)
    {
        ArgumentNullException.ThrowIfNull(pins);
        Pins = pins;
        Gpio = gpio ?? new GpioController();
        _time = time ?? TimeProvider.System;
        _oneWireFolder = oneWireFolder;
    }

    /// <inheritdoc/>
    public BoardPins Pins { get; }

    /// <inheritdoc/>
    public GpioController Gpio { get; }

    /// <inheritdoc/>
    public I2cDevice OpenI2c(int address) => I2cDevice.Create(new I2cConnectionSettings(I2cBus, address));

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: a Raspberry Pi has no analog converter.</exception>
    public AdcChannel OpenAdc(int gpio) => throw new NotSupportedException("a Raspberry Pi has no analog input: put the probe on an ESP32");

    /// <inheritdoc/>
    public PwmChannel OpenPwm(int gpio, int frequencyHz)
    {
        // Two channels, each on one of two pins (dtoverlay=pwm-2chan).
        int channel = gpio is 12 or 18 ? 0 : gpio is 13 or 19 ? 1 : throw new ArgumentException($"GPIO {gpio} gives no pulses: 12, 13, 18 and 19 do", nameof(gpio));
        if (_pwms.ContainsKey(channel))
        {
            throw new InvalidOperationException($"GPIO {gpio} shares its pulses with another pin that is in use: 12 with 18, 13 with 19");
        }

        return _pwms[channel] = PwmChannel.Create(PwmChip, channel, frequencyHz, 0);
    }

    /// <inheritdoc/>
    public IOneWireBus OpenOneWire(int gpio, int receiveGpio)
        => gpio == Pins.Role("onewire")
            ? _oneWire ??= new PiOneWireBus(_oneWireFolder)
            : throw new NotSupportedException($"the kernel drives 1-Wire on GPIO {Pins.Role("onewire")}; another pin is set by dtoverlay=w1-gpio,gpiopin=… and not here");

    /// <inheritdoc/>
    public IPulseInput OpenPulses(int gpio) => new PiPulseInput(Gpio.OpenPin(gpio, PinMode.InputPullUp), _time);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PwmChannel pwm in _pwms.Values)
        {
            pwm.Dispose();
        }

        Gpio.Dispose();
    }
}
