namespace IotXmpp.Things;

/// <summary>
/// Aosong DHT22 (AM2302): temperature and humidity over one wire, on which it answers a call by forty pulses. A short high level is 0, a long one is 1
/// (data sheet AM2302 §7: 26 to 28 µs and 70 µs).
/// </summary>
public sealed class Dht22
{
    /// <summary>Milliseconds between two calls at least. Default 2,000: data sheet §6, the sensing period; asked sooner it answers nonsense or not at all.</summary>
    public const int MinIntervalMs = 2000;

    /// <summary>Milliseconds after power-on before the first call. Default 1,000: data sheet §5, its unstable time.</summary>
    public const int WarmUpMs = 1000;

    /// <summary>How long the call is, in milliseconds. Default 2: data sheet §7.1, 1 ms at least, 20 at most.</summary>
    public const int CallMs = 2;

    private const int Bits = 40;
    // The level before the answer may be seen or not, then the answer's first pulse, then the bits.
    private const int MaxPulses = Bits + 2;
    // Half way between the longest 0 and the shortest 1.
    private const int ThresholdMicroseconds = 49;
    private const int LongestBitMicroseconds = 100;

    private readonly IPulseInput _pin;
    private readonly byte[] _highs = new byte[MaxPulses + 2];
    private readonly byte[] _data = new byte[Bits / 8];
    private long _readyMs = -1;
    private bool _good;

    /// <summary>Takes the pin; nothing is sent yet.</summary>
    /// <param name="pin">The pin.</param>
    public Dht22(IPulseInput pin)
    {
        _pin = pin;
    }

    /// <summary>Temperature of the last good reading, in tenths of a degree Celsius.</summary>
    public int DeciCelsius { get; private set; }

    /// <summary>Relative humidity of the last good reading, in tenths of a percent.</summary>
    public int DeciPercent { get; private set; }

    /// <summary>Whether it may be called now, so that <see cref="TryRead"/> gives a new value.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public bool IsReady(long nowMs)
    {
        if (_readyMs < 0)
        {
            _readyMs = nowMs + WarmUpMs;
        }

        return nowMs >= _readyMs;
    }

    /// <summary>Measures once, or gives the reading of less than <see cref="MinIntervalMs"/> ago again. Takes some 10 ms.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    /// <returns>
    /// False when it is not warm yet, does not answer, answers with a wrong checksum or gives a value outside what it can measure; the properties then keep
    /// the last good reading.
    /// </returns>
    public bool TryRead(long nowMs)
    {
        if (!IsReady(nowMs))
        {
            return _good;
        }

        _readyMs = nowMs + MinIntervalMs;
        _good = TryDecode(_pin.Read(CallMs, _highs));
        return _good;
    }

    private bool TryDecode(int pulses)
    {
        if (pulses < Bits || pulses > MaxPulses)
        {
            return false;
        }

        for (int i = 0; i < Bits; i++)
        {
            int length = _highs[pulses - Bits + i];
            if (length > LongestBitMicroseconds)
            {
                return false;
            }

            int shifted = (_data[i >> 3] << 1) & 0xFF;
            _data[i >> 3] = (byte)(length > ThresholdMicroseconds ? shifted | 1 : shifted);
        }

        if (((_data[0] + _data[1] + _data[2] + _data[3]) & 0xFF) != _data[4])
        {
            return false;
        }

        int humidity = (_data[0] << 8) | _data[1];
        // Sign and magnitude, not two's complement.
        int magnitude = ((_data[2] & 0x7F) << 8) | _data[3];
        int temperature = (_data[2] & 0x80) != 0 ? -magnitude : magnitude;
        // Zeros have a right checksum, and dry air at the freezing point to a tenth of each is not believed.
        if ((humidity == 0 && temperature == 0) || humidity > 1000 || temperature < -400 || temperature > 800)
        {
            return false;
        }

        DeciPercent = humidity;
        DeciCelsius = temperature;
        return true;
    }
}
