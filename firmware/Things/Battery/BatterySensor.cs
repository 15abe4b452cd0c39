using IotXmpp.Features;

namespace IotXmpp.Things;

/// <summary>The battery as a part of a thing: its voltage in V as a field, its charge in the presence status and as a field in %.</summary>
public sealed class BatterySensor : ThingPart
{
    private readonly Battery _battery;
    private readonly string _voltage;
    private readonly string _charge;

    /// <summary>Takes the driver.</summary>
    /// <param name="battery">The driver.</param>
    /// <param name="names">What its fields are called; null for their plain names.</param>
    public BatterySensor(Battery battery, PartNames names = null)
    {
        _battery = battery;
        _voltage = PartNames.Of(names, "voltage");
        _charge = PartNames.Of(names, "charge");
    }

    /// <inheritdoc/>
    public override int BatteryPercent
    {
        get { return _battery.Percent; }
    }

    /// <inheritdoc/>
    public override void Start(long nowMs)
    {
        // The first presence already tells the charge; a cell that cannot be read leaves it out.
        _battery.TryRead();
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
        => _battery.TryRead()
            && sample.AddNumeric(_voltage, "V", _battery.Millivolts, 3)
            && sample.AddNumeric(_charge, "%", _battery.Percent, 0, FieldFlags.Status);
}
