namespace IotXmpp.Things;

/// <summary>The BME280 as a part of a thing: temperature in °C, relative humidity in %, pressure in hPa.</summary>
public sealed class Bme280Sensor : ThingPart
{
    private readonly Bme280 _bme280;

    /// <summary>Takes the driver.</summary>
    /// <param name="bme280">The driver.</param>
    public Bme280Sensor(Bme280 bme280)
    {
        _bme280 = bme280;
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        if (!_bme280.TryRead())
        {
            return false;
        }

        // The part is good to 0.01 °C, 0.008 % and 0.2 Pa: more digits would be noise on the wire.
        return sample.AddNumeric("temperature", "°C", _bme280.CentiCelsius, 2)
            && sample.AddNumeric("humidity", "%", FixedPoint.Divide((long)_bme280.Percent1024 * 10, 1024), 1)
            && sample.AddNumeric("pressure", "hPa", FixedPoint.Divide(_bme280.Pascal256, 256), 2);
    }
}
