namespace IotXmpp.Things;

/// <summary>
/// Maxim DS18B20: temperature over 1-Wire. A conversion takes up to 750 ms, so the driver is stepped: it starts one, comes back, reads it, and rests.
/// Section numbers are those of data sheet 19-7487.
/// </summary>
public sealed class Ds18b20
{
    /// <summary>The family code that begins its ROM code.</summary>
    public const byte FamilyCode = 0x28;

    /// <summary>Milliseconds from one conversion to the next. Default 2,000: a value is never older than three seconds, and the part hardly warms itself.</summary>
    public const int IntervalMs = 2000;

    /// <summary>Milliseconds after which a reading is too old to be told. Default 10,000: three conversions that failed.</summary>
    public const int MaxAgeMs = 10000;

    /// <summary>Times that a conversion's result is asked for, 100 ms apart. Default 20: where another program drives the bus (the kernel of a Raspberry Pi), its parts wait for each other.</summary>
    public const int MaxReads = 20;

    private const byte ConvertTemperature = 0x44;
    private const byte WriteScratchpad = 0x4E;
    private const byte ReadScratchpad = 0xBE;
    // §5, the value after power-on: 85 °C, which no conversion has given.
    private const int PowerOnRaw = 0x0550;
    // Alarm registers TH and TL (§7.4) are not used as such: what stands in them tells whether the part has lost its supply since.
    private const byte MarkHigh = 0x49;
    private const byte MarkLow = 0x58;
    private const int Scratchpad = 9;
    // Parts that are looked for on the bus when no ROM code was given.
    private const int MaxFound = 2;

    private readonly IOneWireBus _bus;
    private readonly byte[] _given;
    private readonly int _bits;
    private readonly byte[] _data = new byte[Scratchpad];
    private readonly byte[] _convert = new byte[] { ConvertTemperature };
    private readonly byte[] _read = new byte[] { ReadScratchpad };
    private readonly byte[] _configure;
    private byte[] _rom;
    private State _state;
    private long _nextMs = -1;
    private long _readMs = -1;
    private int _reads;
    private bool _marked;
    private bool _configured;

    /// <summary>Takes the bus; nothing is sent yet.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="rom">The part's ROM code, eight bytes; null when it is the only one on the bus.</param>
    /// <param name="bits">Resolution: 9 to 12 bits, 0.5 to 0.0625 °C, 94 to 750 ms.</param>
    public Ds18b20(IOneWireBus bus, byte[] rom, int bits = 12)
    {
        _bus = bus;
        _given = rom;
        _rom = rom;
        _bits = bits < 9 ? 9 : bits > 12 ? 12 : bits;
        // §7.4: the resolution stands in bits 5 and 6, the others read as 1.
        _configure = new byte[] { WriteScratchpad, MarkHigh, MarkLow, (byte)(((_bits - 9) << 5) | 0x1F) };
    }

    private enum State
    {
        Resting,
        Converting,
    }

    /// <summary>Temperature of the last good reading, in sixteenths of a degree Celsius.</summary>
    public int SixteenthsCelsius { get; private set; }

    /// <summary>Why the last attempt gave no reading, for people; null when it gave one.</summary>
    public string Trouble { get; private set; }

    /// <summary>Milliseconds that a conversion takes at most (§7.3.1), with a margin of 50.</summary>
    public int ConversionMs
    {
        get { return (750 >> (12 - _bits)) + 50; }
    }

    /// <summary>The last reading.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>False when there is none, or none of the last <see cref="MaxAgeMs"/>.</returns>
    public bool TryRead(long nowMs) => _readMs >= 0 && nowMs - _readMs <= MaxAgeMs;

    /// <summary>Goes on: starts a conversion, or reads it when it is over. Each call is one exchange on the bus, some 10 ms; the search for a part some 100.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>True when there is a new reading.</returns>
    public bool Step(long nowMs)
    {
        if (nowMs < _nextMs)
        {
            return false;
        }

        if (_state == State.Converting)
        {
            return Finish(nowMs);
        }

        _nextMs = nowMs + IntervalMs;
        if (_rom == null && !TryFind())
        {
            return false;
        }

        if (!_configured && !TryConfigure())
        {
            return false;
        }

        if (!_bus.TryTransfer(_rom, _convert, null))
        {
            Fail("nobody answers on the 1-Wire bus: look at the wires and the 4.7 kΩ pull-up");
            return false;
        }

        _state = State.Converting;
        _reads = 0;
        _nextMs = nowMs + ConversionMs;
        return false;
    }

    private bool Finish(long nowMs)
    {
        _nextMs = nowMs + 100;
        if (!TryReadScratchpad())
        {
            if (++_reads < MaxReads)
            {
                return false;
            }

            Rest(nowMs);
            Fail("the DS18B20 does not answer, or its answer is damaged: look at the wires and the 4.7 kΩ pull-up");
            return false;
        }

        Rest(nowMs);
        int raw = (short)(_data[0] | (_data[1] << 8));
        // §7.3.1: at less than 12 bits the lowest are undefined.
        raw &= ~((1 << (12 - _bits)) - 1);
        if (_marked && (_data[2] != MarkHigh || _data[3] != MarkLow))
        {
            Fail("the DS18B20 has lost its supply while it measured");
            return false;
        }

        if (raw == PowerOnRaw && !_marked && !(TryRead(nowMs) && SixteenthsCelsius > PowerOnRaw - (10 * 16)))
        {
            Fail("the DS18B20 gives 85 °C, its value after power-on, which nothing before it makes likely");
            return false;
        }

        // §2: −55 to +125 °C.
        if (raw < -55 * 16 || raw > 125 * 16)
        {
            Fail("the DS18B20 gives a value that it cannot measure");
            return false;
        }

        SixteenthsCelsius = raw;
        _readMs = nowMs;
        Trouble = null;
        return true;
    }

    private void Rest(long nowMs)
    {
        _state = State.Resting;
        long next = nowMs + IntervalMs - ConversionMs;
        _nextMs = next;
    }

    private bool TryFind()
    {
        byte[] roms = new byte[MaxFound * OneWireBus.RomLength];
        int found = _bus.Search(roms);
        if (found == 0)
        {
            Fail("nobody answers on the 1-Wire bus: look at the wires and the 4.7 kΩ pull-up");
            return false;
        }

        if (found > 1)
        {
            Fail("several parts are on the 1-Wire bus: say which by rom=, such as rom=" + RomText.Format(roms, 0) + " or rom=" + RomText.Format(roms, OneWireBus.RomLength));
            return false;
        }

        if (roms[0] != FamilyCode)
        {
            Fail("the part on the 1-Wire bus is no DS18B20: " + RomText.Format(roms, 0));
            return false;
        }

        _rom = new byte[OneWireBus.RomLength];
        System.Array.Copy(roms, 0, _rom, 0, OneWireBus.RomLength);
        return true;
    }

    // Sets the resolution and the mark, and looks whether they are there: a bus that another program drives may keep its own.
    private bool TryConfigure()
    {
        if (!_bus.TryTransfer(_rom, _configure, null))
        {
            Fail("nobody answers on the 1-Wire bus: look at the wires and the 4.7 kΩ pull-up");
            return false;
        }

        _marked = TryReadScratchpad() && _data[2] == MarkHigh && _data[3] == MarkLow && _data[4] == _configure[3];
        _configured = true;
        return true;
    }

    private bool TryReadScratchpad()
        => _bus.TryTransfer(_rom, _read, _data)
            && OneWireBus.Crc(_data, 0, Scratchpad) == 0
            // A line that is held low reads as zeros, and their checksum is right; §7.4: the fixed bits of the configuration are not.
            && (_data[4] & 0x9F) == 0x1F;

    // After any failure the part is looked at anew: it may be another one, or one that has lost its settings.
    private void Fail(string why)
    {
        Trouble = why;
        _rom = _given;
        _configured = false;
    }
}
