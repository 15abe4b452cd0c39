using System.Device.Adc;
using System.Device.Gpio;
using System.Device.I2c;
using System.Device.Pwm;

namespace IotXmpp.Things;

/// <summary>
/// The board's pins and buses, as parts ask for them: an ESP32, a Raspberry Pi and a virtual board each have their own. What cannot be opened throws with
/// one line for people (<see cref="System.ArgumentException"/>, <see cref="System.InvalidOperationException"/>, <see cref="System.NotSupportedException"/>,
/// or what the driver below throws). What was opened stays open until the board restarts.
/// </summary>
public interface IBoardIo
{
    /// <summary>What each pin can do, and which pin a part uses when nothing else is said.</summary>
    BoardPins Pins { get; }

    /// <summary>The digital pins.</summary>
    GpioController Gpio { get; }

    /// <summary>Opens a device on the board's I2C bus; its pins are the roles <c>i2c-sda</c> and <c>i2c-scl</c>.</summary>
    /// <param name="address">The seven-bit address.</param>
    I2cDevice OpenI2c(int address);

    /// <summary>Opens an analog input.</summary>
    /// <param name="gpio">The pin.</param>
    AdcChannel OpenAdc(int gpio);

    /// <summary>Opens a pulse-width output at rest: no pulses before <c>Start</c>.</summary>
    /// <param name="gpio">The pin.</param>
    /// <param name="frequencyHz">Pulses per second.</param>
    PwmChannel OpenPwm(int gpio, int frequencyHz);

    /// <summary>Opens a 1-Wire bus; the same object at every call for one pin.</summary>
    /// <param name="gpio">The pin of the bus.</param>
    /// <param name="receiveGpio">A second pin, wired to the first, that listens; -1 where one pin does both.</param>
    IOneWireBus OpenOneWire(int gpio, int receiveGpio);

    /// <summary>Opens a pin for a part that answers in lengths of pulses.</summary>
    /// <param name="gpio">The pin.</param>
    IPulseInput OpenPulses(int gpio);
}

/// <summary>A 1-Wire bus, one exchange a call. The arrays are the caller's and are not kept.</summary>
public interface IOneWireBus
{
    /// <summary>Finds who is on the bus.</summary>
    /// <param name="roms">Filled with the ROM codes, eight bytes each, the family code first; as many as fit.</param>
    /// <returns>How many were found and have a good checksum; 0 when nobody answers.</returns>
    int Search(byte[] roms);

    /// <summary>One exchange: reset, address, write, read.</summary>
    /// <param name="rom">Who is meant, eight bytes; null for everybody (Skip ROM).</param>
    /// <param name="write">What is written.</param>
    /// <param name="read">Filled with what is read; null to read nothing.</param>
    /// <returns>False when nobody answers the reset.</returns>
    bool TryTransfer(byte[] rom, byte[] write, byte[] read);
}

/// <summary>A pin that calls a part by a low level and then measures the high levels of its answer.</summary>
public interface IPulseInput
{
    /// <summary>Pulls the pin low, lets go of it and measures until the line is quiet for a millisecond. Takes the time of both, some milliseconds.</summary>
    /// <param name="lowMs">How long the pin is pulled low, in milliseconds; may last up to 10 ms more.</param>
    /// <param name="highs">Filled with the lengths of the high levels in their order, in µs; 255 stands for all that are longer.</param>
    /// <returns>How many were measured, 0 when nobody answers; -1 when there were more than fit.</returns>
    int Read(int lowMs, byte[] highs);
}
