using System.Device.I2c;

namespace IotXmpp.Things;

/// <summary>
/// Bosch BME280: temperature, humidity and pressure over I2C, in forced mode (one conversion a reading, asleep between).
/// The compensation is the integer arithmetic of the data sheet (BST-BME280-DS002, §4.2.3).
/// </summary>
public sealed class Bme280
{
    /// <summary>The address with SDO to ground.</summary>
    public const int DefaultAddress = 0x76;

    /// <summary>The address with SDO to supply.</summary>
    public const int SecondAddress = 0x77;

    /// <summary>
    /// Times the status is asked during one conversion. Default 200: a conversion takes 9.3 ms at most (data sheet §9.1), one question on a
    /// 400 kHz bus about 0.1 ms; so a stuck part costs some 20 ms and not the thing.
    /// </summary>
    public const int MaxStatusPolls = 200;

    private const byte RegisterCalibration = 0x88;
    private const byte RegisterHumidityCalibration = 0xE1;
    private const byte RegisterChipId = 0xD0;
    private const byte RegisterControlHumidity = 0xF2;
    private const byte RegisterStatus = 0xF3;
    private const byte RegisterControlMeasure = 0xF4;
    private const byte RegisterData = 0xF7;
    private const byte ChipId = 0x60;
    private const byte OversamplingOnce = 0x01;
    private const byte ForcedOnce = 0x25;
    private const byte Measuring = 0x08;

    private readonly I2cDevice _device;
    private readonly byte[] _address = new byte[1];
    private readonly byte[] _command = new byte[2];
    private readonly byte[] _one = new byte[1];
    private readonly byte[] _data = new byte[8];
    private bool _ready;
    private int _t1, _t2, _t3;
    private int _p1, _p2, _p3, _p4, _p5, _p6, _p7, _p8, _p9;
    private int _h1, _h2, _h3, _h4, _h5, _h6;

    /// <summary>Takes the device; nothing is sent yet.</summary>
    /// <param name="device">The device on its bus; stays the caller's.</param>
    public Bme280(I2cDevice device)
    {
        _device = device;
    }

    /// <summary>Temperature of the last good reading, in hundredths of a degree Celsius.</summary>
    public int CentiCelsius { get; private set; }

    /// <summary>Pressure of the last good reading, in 1/256 pascal.</summary>
    public long Pascal256 { get; private set; }

    /// <summary>Relative humidity of the last good reading, in 1/1024 percent.</summary>
    public int Percent1024 { get; private set; }

    /// <summary>Measures once.</summary>
    /// <returns>
    /// False when the part does not answer, is another part, does not finish, or gives a value outside what it can measure; the properties then keep
    /// the last good reading.
    /// </returns>
    public bool TryRead()
    {
        // A part that lost its supply comes back with its registers reset, so after any failure it is looked at anew.
        if (!_ready && !TryStart())
        {
            return false;
        }

        _ready = false;
        if (!Write(RegisterControlHumidity, OversamplingOnce) || !Write(RegisterControlMeasure, ForcedOnce) || !WaitForConversion() || !Read(RegisterData, _data))
        {
            return false;
        }

        int rawPressure = (_data[0] << 12) | (_data[1] << 4) | (_data[2] >> 4);
        int rawTemperature = (_data[3] << 12) | (_data[4] << 4) | (_data[5] >> 4);
        int rawHumidity = (_data[6] << 8) | _data[7];
        // §4.2.3: what a skipped measurement leaves in the registers.
        if (rawPressure == 0x80000 || rawTemperature == 0x80000 || rawHumidity == 0x8000)
        {
            return false;
        }

        int fine = FineTemperature(rawTemperature);
        int centi = ((fine * 5) + 128) >> 8;
        long pascal = Pressure(rawPressure, fine);
        int percent = Humidity(rawHumidity, fine);
        if (centi < -4000 || centi > 8500 || pascal < 30000L * 256 || pascal > 110000L * 256)
        {
            return false;
        }

        CentiCelsius = centi;
        Pascal256 = pascal;
        Percent1024 = percent;
        _ready = true;
        return true;
    }

    private static int Unsigned(byte[] buffer, int offset) => buffer[offset] | (buffer[offset + 1] << 8);

    private static int Signed(byte[] buffer, int offset) => (short)(buffer[offset] | (buffer[offset + 1] << 8));

    private bool TryStart()
    {
        if (!Read(RegisterChipId, _one) || _one[0] != ChipId)
        {
            return false;
        }

        byte[] low = new byte[26];
        byte[] high = new byte[7];
        if (!Read(RegisterCalibration, low) || !Read(RegisterHumidityCalibration, high))
        {
            return false;
        }

        _t1 = Unsigned(low, 0);
        _t2 = Signed(low, 2);
        _t3 = Signed(low, 4);
        _p1 = Unsigned(low, 6);
        _p2 = Signed(low, 8);
        _p3 = Signed(low, 10);
        _p4 = Signed(low, 12);
        _p5 = Signed(low, 14);
        _p6 = Signed(low, 16);
        _p7 = Signed(low, 18);
        _p8 = Signed(low, 20);
        _p9 = Signed(low, 22);
        _h1 = low[25];
        _h2 = Signed(high, 0);
        _h3 = high[2];
        // H4 and H5 are twelve bits wide and share a byte.
        _h4 = ((sbyte)high[3] << 4) | (high[4] & 0x0F);
        _h5 = ((sbyte)high[5] << 4) | (high[4] >> 4);
        _h6 = (sbyte)high[6];
        return true;
    }

    private bool WaitForConversion()
    {
        for (int i = 0; i < MaxStatusPolls; i++)
        {
            if (!Read(RegisterStatus, _one))
            {
                return false;
            }

            if ((_one[0] & Measuring) == 0)
            {
                return true;
            }
        }

        return false;
    }

    private int FineTemperature(int raw)
    {
        int linear = (((raw >> 3) - (_t1 << 1)) * _t2) >> 11;
        int offset = (raw >> 4) - _t1;
        int square = (((offset * offset) >> 12) * _t3) >> 14;
        return linear + square;
    }

    private long Pressure(int raw, int fine)
    {
        long t = (long)fine - 128000;
        long offset = (t * t * _p6) + ((t * _p5) << 17) + ((long)_p4 << 35);
        long scale = ((t * t * _p3) >> 8) + ((t * _p2) << 12);
        scale = (((1L << 47) + scale) * _p1) >> 33;
        if (scale == 0)
        {
            return 0;
        }

        long p = ((((1048576L - raw) << 31) - offset) * 3125) / scale;
        long square = (_p9 * (p >> 13) * (p >> 13)) >> 25;
        long linear = (_p8 * p) >> 19;
        return ((p + square + linear) >> 8) + ((long)_p7 << 4);
    }

    private int Humidity(int raw, int fine)
    {
        int t = fine - 76800;
        int offset = ((raw << 14) - (_h4 << 20) - (_h5 * t) + 16384) >> 15;
        int slope = ((t * _h6) >> 10) * (((t * _h3) >> 11) + 32768);
        int h = offset * ((((slope >> 10) + 2097152) * _h2 + 8192) >> 14);
        h -= ((((h >> 15) * (h >> 15)) >> 7) * _h1) >> 4;
        // §4.2.3: 0 to 100 percent.
        h = h < 0 ? 0 : h > 419430400 ? 419430400 : h;
        return h >> 12;
    }

    private bool Read(byte register, byte[] buffer)
    {
        _address[0] = register;
        return I2cTransfer.TryWriteRead(_device, _address, buffer);
    }

    private bool Write(byte register, byte value)
    {
        _command[0] = register;
        _command[1] = value;
        return I2cTransfer.TryWrite(_device, _command);
    }
}
