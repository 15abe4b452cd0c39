namespace IotXmpp.Things;

/// <summary>The DS18B20 as a part of a thing: temperature in °C. The first reading after start, or after a failure, is told at once.</summary>
public sealed class Ds18b20Sensor : ThingPart
{
    /// <summary>How often the driver is stepped, in milliseconds. Default 100: a conversion is read at most that much later than it could be.</summary>
    private const int StepMs = 100;

    private readonly Ds18b20 _ds18b20;
    private readonly string _temperature;
    private long _nowMs;
    private bool _told;

    /// <summary>Takes the driver.</summary>
    /// <param name="ds18b20">The driver.</param>
    /// <param name="names">What its field is called; null for its plain name.</param>
    public Ds18b20Sensor(Ds18b20 ds18b20, PartNames names = null)
    {
        _ds18b20 = ds18b20;
        _temperature = PartNames.Of(names, "temperature");
    }

    /// <inheritdoc/>
    public override int StepIntervalMs
    {
        get { return StepMs; }
    }

    /// <inheritdoc/>
    public override string Trouble
    {
        get { return _ds18b20.Trouble; }
    }

    /// <inheritdoc/>
    public override bool Step(long nowMs)
    {
        _nowMs = nowMs;
        if (!_ds18b20.Step(nowMs) || _told)
        {
            return false;
        }

        _told = true;
        return true;
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        if (!_ds18b20.TryRead(_nowMs))
        {
            _told = false;
            return false;
        }

        // 0.0625 °C a step and good to 0.5 °C: a third and fourth decimal would be noise on the wire.
        return sample.AddNumeric(_temperature, "°C", FixedPoint.Divide((long)_ds18b20.SixteenthsCelsius * 100, 16), 2);
    }
}
