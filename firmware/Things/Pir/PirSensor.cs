using IotXmpp.Features;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>A motion sensor as a part of a thing: motion or not, told at once, and how often. Parameters: <c>pirHold</c> in s and <c>pirRetrigger</c>; they are kept.</summary>
public sealed class PirSensor : ThingPart
{
    /// <summary>The longest hold, in seconds. Default 3,600: an hour without motion is told by the fields themselves.</summary>
    public const int MaxHoldSeconds = 3600;

    private readonly Pir _pir;
    private readonly KeptNumber _hold;
    private readonly KeptNumber _retrigger;
    private readonly ControlParameter[] _parameters;
    private readonly string _motion;
    private readonly string _motions;

    /// <summary>Takes the driver.</summary>
    /// <param name="pir">The driver, with the hold that holds until another was set.</param>
    /// <param name="settings">Where the parameters are kept; null keeps them until the restart.</param>
    /// <param name="names">What its fields and parameters are called; null for their plain names.</param>
    public PirSensor(Pir pir, ISettings settings, PartNames names = null)
    {
        _pir = pir;
        _motion = PartNames.Of(names, "motion");
        _motions = PartNames.Of(names, "motions");
        string hold = PartNames.Of(names, "pirHold");
        string retrigger = PartNames.Of(names, "pirRetrigger");
        _hold = new KeptNumber(settings, hold, pir.HoldMs / 1000, 1, MaxHoldSeconds);
        _retrigger = new KeptNumber(settings, retrigger, pir.Retriggers ? 1 : 0, 0, 1);
        _parameters = new ControlParameter[]
        {
            new ControlParameter(hold, FieldKind.Int, "Seconds that motion is told after it was seen").WithRange(1, MaxHoldSeconds),
            new ControlParameter(retrigger, FieldKind.Boolean, "Counted from the last motion that was seen, not the first"),
        };
        Apply();
    }

    /// <inheritdoc/>
    public override ControlParameter[] Parameters
    {
        get { return _parameters; }
    }

    /// <inheritdoc/>
    public override int StepIntervalMs
    {
        get { return Pir.StepIntervalMs; }
    }

    /// <inheritdoc/>
    public override bool Step(long nowMs) => _pir.Step(nowMs);

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        bool motion;
        return _pir.TryRead(out motion)
            && sample.AddBoolean(_motion, motion)
            && sample.AddLong(_motions, _pir.Motions, FieldFlags.Computed);
    }

    /// <inheritdoc/>
    public override string Get(ControlParameter parameter)
        => parameter == _parameters[0] ? _hold.Value.ToString() : _retrigger.Value != 0 ? "true" : "false";

    /// <inheritdoc/>
    public override string Set(ControlValue value, long nowMs)
    {
        if (value.Parameter == _parameters[0])
        {
            _hold.Set((int)value.Integer);
        }
        else
        {
            _retrigger.Set(value.Boolean ? 1 : 0);
        }

        Apply();
        return null;
    }

    private void Apply()
    {
        _pir.HoldMs = _hold.Value * 1000;
        _pir.Retriggers = _retrigger.Value != 0;
    }
}
