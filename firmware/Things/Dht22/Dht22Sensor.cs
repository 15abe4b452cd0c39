namespace IotXmpp.Things;

/// <summary>The DHT22 as a part of a thing: temperature in °C, relative humidity in %. The first reading, a second after start, is told at once.</summary>
public sealed class Dht22Sensor : ThingPart
{
    private readonly Dht22 _dht22;
    private readonly string _temperature;
    private readonly string _humidity;
    private long _nowMs;
    private bool _told;
    private bool _failed;

    /// <summary>Takes the driver.</summary>
    /// <param name="dht22">The driver.</param>
    /// <param name="names">What its fields are called; null for their plain names.</param>
    public Dht22Sensor(Dht22 dht22, PartNames names = null)
    {
        _dht22 = dht22;
        _temperature = PartNames.Of(names, "temperature");
        _humidity = PartNames.Of(names, "humidity");
    }

    /// <inheritdoc/>
    public override string Trouble
    {
        get { return _failed ? "the DHT22 does not answer, or its answer is damaged: look at its wires and pull-up" : null; }
    }

    /// <inheritdoc/>
    public override void Start(long nowMs)
    {
        _nowMs = nowMs;
        _dht22.IsReady(nowMs);
    }

    /// <inheritdoc/>
    public override bool Step(long nowMs)
    {
        _nowMs = nowMs;
        if (_told || !_dht22.IsReady(nowMs))
        {
            return false;
        }

        // Once: a thing that measures every ten minutes has something to tell before they are over.
        _told = true;
        return true;
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        _failed = !_dht22.TryRead(_nowMs) && _told;
        return !_failed && _told
            && sample.AddNumeric(_temperature, "°C", _dht22.DeciCelsius, 1)
            && sample.AddNumeric(_humidity, "%", _dht22.DeciPercent, 1);
    }
}
