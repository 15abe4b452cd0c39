using IotXmpp.Features;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>
/// A soil probe as a part of a thing: moisture in %, and the raw reading by which it is calibrated. Parameters: <c>soilDry</c>, <c>soilWet</c> in % of the
/// converter's full scale, and <c>soilCalibrate</c>, which takes the present reading as one of them. They are kept.
/// </summary>
public sealed class SoilMoistureSensor : ThingPart
{
    private readonly SoilMoisture _soil;
    private readonly KeptNumber _dry;
    private readonly KeptNumber _wet;
    private readonly ControlParameter[] _parameters;
    private readonly string _moisture;
    private readonly string _raw;
    private bool _failed;

    /// <summary>Takes the driver.</summary>
    /// <param name="soil">The driver, with the calibration that holds until another was set.</param>
    /// <param name="settings">Where the calibration is kept; null keeps it until the restart.</param>
    /// <param name="names">What its fields and parameters are called; null for their plain names.</param>
    public SoilMoistureSensor(SoilMoisture soil, ISettings settings, PartNames names = null)
    {
        _soil = soil;
        _moisture = PartNames.Of(names, "moisture");
        _raw = PartNames.Of(names, "moistureRaw");
        string dry = PartNames.Of(names, "soilDry");
        string wet = PartNames.Of(names, "soilWet");
        _dry = new KeptNumber(settings, dry, soil.DryPermille, 0, 1000);
        _wet = new KeptNumber(settings, wet, soil.WetPermille, 0, 1000);
        soil.TryCalibrate(_dry.Value, _wet.Value);
        _parameters = new ControlParameter[]
        {
            new ControlParameter(dry, FieldKind.Double, "Raw reading in dry soil, % of full scale").WithRange(0, 100),
            new ControlParameter(wet, FieldKind.Double, "Raw reading in wet soil, % of full scale").WithRange(0, 100),
            new ControlParameter(PartNames.Of(names, "soilCalibrate"), FieldKind.Enum, "The probe stands now in soil that is") { Options = new string[] { "dry", "wet" } },
        };
    }

    /// <inheritdoc/>
    public override ControlParameter[] Parameters
    {
        get { return _parameters; }
    }

    /// <inheritdoc/>
    public override string Trouble
    {
        get { return _failed ? "the soil probe's input is at its end: no probe, or a short circuit" : null; }
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        _failed = !_soil.TryRead();
        return !_failed
            && sample.AddNumeric(_moisture, "%", _soil.DeciPercent, 1)
            && sample.AddNumeric(_raw, "%", _soil.RawPermille, 1, FieldFlags.Status);
    }

    /// <inheritdoc/>
    public override string Get(ControlParameter parameter)
        => parameter == _parameters[0] ? FixedPoint.Format(_dry.Value, 1) : parameter == _parameters[1] ? FixedPoint.Format(_wet.Value, 1) : null;

    /// <inheritdoc/>
    public override string Set(ControlValue value, long nowMs)
    {
        int dry = _dry.Value;
        int wet = _wet.Value;
        if (value.Parameter == _parameters[2])
        {
            if (!_soil.TryRead())
            {
                return "the soil probe gives no reading";
            }

            dry = value.Text == "dry" ? _soil.RawPermille : dry;
            wet = value.Text == "wet" ? _soil.RawPermille : wet;
        }
        else
        {
            int permille = (int)FixedPoint.Round(value.Number, 1);
            dry = value.Parameter == _parameters[0] ? permille : dry;
            wet = value.Parameter == _parameters[1] ? permille : wet;
        }

        if (!_soil.TryCalibrate(dry, wet))
        {
            return "dry and wet are too near to each other: at least 5 % of full scale";
        }

        _dry.Set(dry);
        _wet.Set(wet);
        return null;
    }
}
