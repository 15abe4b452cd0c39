namespace IotXmpp.Things;

/// <summary>The BME280 as a part of a thing: temperature in °C, relative humidity in %, pressure in hPa.</summary>
public sealed class Bme280Sensor : ThingPart
{
    private readonly Bme280 _bme280;
    private readonly string _temperature;
    private readonly string _humidity;
    private readonly string _pressure;

    /// <summary>Takes the driver.</summary>
    /// <param name="bme280">The driver.</param>
    /// <param name="names">What its fields are called; null for their plain names.</param>
    public Bme280Sensor(Bme280 bme280, PartNames names = null)
    {
        _bme280 = bme280;
        _temperature = PartNames.Of(names, "temperature");
        _humidity = PartNames.Of(names, "humidity");
        _pressure = PartNames.Of(names, "pressure");
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        if (!_bme280.TryRead())
        {
            return false;
        }

        // The part is good to 0.01 °C, 0.008 % and 0.2 Pa: more digits would be noise on the wire.
        return sample.AddNumeric(_temperature, "°C", _bme280.CentiCelsius, 2)
            && sample.AddNumeric(_humidity, "%", FixedPoint.Divide((long)_bme280.Percent1024 * 10, 1024), 1)
            && sample.AddNumeric(_pressure, "hPa", FixedPoint.Divide(_bme280.Pascal256, 256), 2);
    }
}
