namespace IotXmpp.Virtual;

/// <summary>The factory calibration of a BME280 (data sheet BST-BME280-DS002, table 16).</summary>
public sealed record Bme280Calibration
{
#pragma warning disable CS1591 // the names are the data sheet's
    public ushort T1 { get; init; } = 27504;
    public short T2 { get; init; } = 26435;
    public short T3 { get; init; } = -1000;
    public ushort P1 { get; init; } = 36477;
    public short P2 { get; init; } = -10685;
    public short P3 { get; init; } = 3024;
    public short P4 { get; init; } = 2855;
    public short P5 { get; init; } = 140;
    public short P6 { get; init; } = -7;
    public short P7 { get; init; } = 15500;
    public short P8 { get; init; } = -14600;
    public short P9 { get; init; } = 6000;
    public byte H1 { get; init; } = 75;
    public short H2 { get; init; } = 362;
    public byte H3 { get; init; }
    public short H4 { get; init; } = 324;
    public short H5 { get; init; } = 50;
    public sbyte H6 { get; init; } = 30;
#pragma warning restore CS1591
}

/// <summary>
/// A BME280 in registers. It is told a temperature, humidity and pressure, and answers with the raw values that a real part with its calibration would
/// give: found by searching the inverse of the data sheet's floating-point formulas (§8.1), which are not the integer ones that the driver uses.
/// </summary>
public sealed class VirtualBme280 : VirtualRegisterPart, IVirtualPart
{
    private const int Measuring = 0x08;
    private readonly Bme280Calibration _calibration;
    private readonly byte[] _registers = new byte[256];
    private int _rawTemperature = 0x80000;
    private int _rawPressure = 0x80000;
    private int _rawHumidity = 0x8000;
    private int _pollsLeft;

    /// <summary>Makes a part that measures 20 °C, 50 % and 1013.25 hPa.</summary>
    /// <param name="calibration">Its factory calibration; that of the data sheet's example when it is null.</param>
    public VirtualBme280(Bme280Calibration? calibration = null)
    {
        _calibration = calibration ?? new Bme280Calibration();
        Reset();
    }

    /// <summary>Temperature around the part, in °C.</summary>
    public double Temperature { get; set; } = 20;

    /// <summary>Relative humidity around the part, in percent.</summary>
    public double Humidity { get; set; } = 50;

    /// <summary>Pressure around the part, in hPa.</summary>
    public double Pressure { get; set; } = 1013.25;

    /// <inheritdoc/>
    public IReadOnlyList<string> Quantities { get; } = ["temperature", "humidity", "pressure"];

    /// <inheritdoc/>
    public void Set(string quantity, double value)
    {
        switch (quantity)
        {
            case "temperature":
                Temperature = value;
                break;
            case "humidity":
                Humidity = value;
                break;
            case "pressure":
                Pressure = value;
                break;
            default:
                throw IVirtualPart.Unknown("BME280", quantity, Quantities);
        }
    }

    /// <summary>Times that the status says "measuring" after a conversion began.</summary>
    public int ConversionPolls { get; set; } = 3;

    /// <summary>Conversions since the part was made.</summary>
    public int Conversions { get; private set; }

    /// <summary>Raw values to give instead of computed ones, such as those of a worked example; null to compute.</summary>
    public (int Temperature, int Pressure, int Humidity)? RawValues { get; set; }

    /// <summary>Raw values of the last conversion; 0x80000 and 0x8000 also stand for "not measured" (§4.2.3).</summary>
    public (int Temperature, int Pressure, int Humidity) LastRawValues => (_rawTemperature, _rawPressure, _rawHumidity);

    /// <summary>The supply was cut and came back: all control and data registers are as after power-on.</summary>
    public void Reset()
    {
        Array.Clear(_registers);
        _registers[0xD0] = 0x60;
        Bme280Calibration c = _calibration;
        short[] words = [(short)c.T1, c.T2, c.T3, (short)c.P1, c.P2, c.P3, c.P4, c.P5, c.P6, c.P7, c.P8, c.P9];
        for (int i = 0; i < words.Length; i++)
        {
            _registers[0x88 + (2 * i)] = (byte)words[i];
            _registers[0x89 + (2 * i)] = (byte)(words[i] >> 8);
        }

        _registers[0xA1] = c.H1;
        _registers[0xE1] = (byte)c.H2;
        _registers[0xE2] = (byte)(c.H2 >> 8);
        _registers[0xE3] = c.H3;
        _registers[0xE4] = (byte)(c.H4 >> 4);
        _registers[0xE5] = (byte)((c.H4 & 0x0F) | (c.H5 << 4));
        _registers[0xE6] = (byte)(c.H5 >> 4);
        _registers[0xE7] = (byte)c.H6;
        _rawTemperature = _rawPressure = 0x80000;
        _rawHumidity = 0x8000;
        _pollsLeft = 0;
        Latch();
    }

    /// <inheritdoc/>
    protected override byte ReadRegister(byte register)
    {
        if (register != 0xF3)
        {
            return _registers[register];
        }

        if (_pollsLeft > 0)
        {
            _pollsLeft--;
            return Measuring;
        }

        Latch();
        return 0;
    }

    /// <inheritdoc/>
    protected override void WriteRegister(byte register, byte value)
    {
        if (register == 0xE0 && value == 0xB6)
        {
            Reset();
        }
        else if (register is 0xF2 or 0xF4 or 0xF5)
        {
            _registers[register] = value;
            if (register == 0xF4 && (value & 3) != 0)
            {
                Convert();
            }
        }
    }

    private void Convert()
    {
        Conversions++;
        _pollsLeft = ConversionPolls;
        bool temperature = (_registers[0xF4] >> 5) != 0;
        bool pressure = ((_registers[0xF4] >> 2) & 7) != 0;
        // §5.4.3: what stands in ctrl_hum counts from the next write to ctrl_meas on, which this is.
        bool humidity = (_registers[0xF2] & 7) != 0;
        int rawTemperature;
        int rawPressure;
        int rawHumidity;
        if (RawValues is { } raw)
        {
            (rawTemperature, rawPressure, rawHumidity) = raw;
        }
        else
        {
            rawTemperature = Search(0xFFFFF, adc => Fine(adc) / 5120.0 >= Temperature);
            double fine = Fine(rawTemperature);
            rawPressure = Search(0xFFFFF, adc => Pascal(adc, fine) <= Pressure * 100);
            rawHumidity = Search(0xFFFF, adc => Percent(adc, fine) >= Humidity);
        }

        _rawTemperature = temperature ? rawTemperature : 0x80000;
        _rawPressure = pressure ? rawPressure : 0x80000;
        _rawHumidity = humidity ? rawHumidity : 0x8000;
        // Forced mode: asleep again when done.
        _registers[0xF4] &= 0xFC;
    }

    // The data registers change only when the conversion has ended.
    private void Latch()
    {
        _registers[0xF7] = (byte)(_rawPressure >> 12);
        _registers[0xF8] = (byte)(_rawPressure >> 4);
        _registers[0xF9] = (byte)(_rawPressure << 4);
        _registers[0xFA] = (byte)(_rawTemperature >> 12);
        _registers[0xFB] = (byte)(_rawTemperature >> 4);
        _registers[0xFC] = (byte)(_rawTemperature << 4);
        _registers[0xFD] = (byte)(_rawHumidity >> 8);
        _registers[0xFE] = (byte)_rawHumidity;
    }

    // The smallest raw value that reaches the goal, on a monotonic curve.
    private static int Search(int max, Func<int, bool> reached)
    {
        int low = 0;
        int high = max;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (reached(middle))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private double Fine(double adc)
    {
        double first = ((adc / 16384.0) - (_calibration.T1 / 1024.0)) * _calibration.T2;
        double offset = (adc / 131072.0) - (_calibration.T1 / 8192.0);
        return first + (offset * offset * _calibration.T3);
    }

    private double Pascal(double adc, double fine)
    {
        Bme280Calibration c = _calibration;
        double t = (fine / 2.0) - 64000.0;
        double offset = (((t * t * c.P6 / 32768.0) + (t * c.P5 * 2.0)) / 4.0) + (c.P4 * 65536.0);
        double scale = (((c.P3 * t * t / 524288.0) + (c.P2 * t)) / 524288.0 / 32768.0 + 1.0) * c.P1;
        double p = ((1048576.0 - adc) - (offset / 4096.0)) * 6250.0 / scale;
        return p + (((c.P9 * p * p / 2147483648.0) + (p * c.P8 / 32768.0) + c.P7) / 16.0);
    }

    private double Percent(double adc, double fine)
    {
        Bme280Calibration c = _calibration;
        double t = fine - 76800.0;
        double h = (adc - ((c.H4 * 64.0) + (c.H5 / 16384.0 * t))) * (c.H2 / 65536.0 * (1.0 + (c.H6 / 67108864.0 * t * (1.0 + (c.H3 / 67108864.0 * t)))));
        return h * (1.0 - (c.H1 * h / 524288.0));
    }
}
