using IotXmpp.Features;

namespace IotXmpp.Things;

/// <summary>
/// A servo as a part of a thing. Parameters: <c>angle</c> in degrees, and <c>servoRest</c>, which moves it to its rest and lets it go limp there. It begins at
/// its rest, and goes there when the uplink is lost, if so stated.
/// </summary>
public sealed class ServoActuator : ThingPart
{
    /// <summary>Milliseconds until a movement is over. Default 1,000: slow servos take 0.3 s for 60°, so 180° are passed.</summary>
    public const int MoveMs = 1000;

    private readonly Servo _servo;
    private readonly int _restDegrees;
    private readonly UplinkLostPolicy _policy;
    private readonly int _uplinkLostAfterMs;
    private readonly int _releaseAfterMs;
    private readonly ControlParameter[] _parameters;
    private readonly string _holding;
    private long _releaseMs = -1;

    /// <summary>Takes the servo and says what becomes of it when the uplink is lost.</summary>
    /// <param name="servo">The servo.</param>
    /// <param name="restDegrees">Its rest, in degrees within its range.</param>
    /// <param name="releaseAfterMs">Milliseconds after a movement before it is let go limp, at least <see cref="MoveMs"/>; 0 to hold it always.</param>
    /// <param name="policy">When the uplink is lost: <see cref="UplinkLostPolicy.Off"/> goes to its rest, <see cref="UplinkLostPolicy.Hold"/> stays; On is as Off.</param>
    /// <param name="uplinkLostAfterMs">How long the uplink has to be away for that, in milliseconds.</param>
    /// <param name="names">What its fields and parameters are called; null for their plain names.</param>
    public ServoActuator(Servo servo, int restDegrees, int releaseAfterMs, UplinkLostPolicy policy, int uplinkLostAfterMs, PartNames names = null)
    {
        _servo = servo;
        _restDegrees = restDegrees;
        _releaseAfterMs = releaseAfterMs == 0 || releaseAfterMs > MoveMs ? releaseAfterMs : MoveMs;
        _policy = policy;
        _uplinkLostAfterMs = uplinkLostAfterMs;
        _holding = PartNames.Of(names, "servoHolding");
        _parameters = new ControlParameter[]
        {
            new ControlParameter(PartNames.Of(names, "angle"), FieldKind.Double, "Angle in degrees").WithRange(0, servo.RangeDegrees),
            new ControlParameter(PartNames.Of(names, "servoRest"), FieldKind.Boolean, "To its rest, then limp"),
        };
    }

    /// <inheritdoc/>
    public override ControlParameter[] Parameters
    {
        get { return _parameters; }
    }

    /// <inheritdoc/>
    public override int UplinkLostAfterMs
    {
        get { return _policy == UplinkLostPolicy.Hold ? -1 : _uplinkLostAfterMs; }
    }

    /// <inheritdoc/>
    public override int StepIntervalMs
    {
        get { return _releaseMs >= 0 ? 100 : 1000; }
    }

    /// <inheritdoc/>
    public override void Start(long nowMs) => Move(_restDegrees * 10, nowMs, _releaseAfterMs);

    /// <inheritdoc/>
    public override bool Step(long nowMs)
    {
        if (_releaseMs < 0 || nowMs < _releaseMs)
        {
            return false;
        }

        _releaseMs = -1;
        _servo.Release();
        return true;
    }

    /// <inheritdoc/>
    public override bool TrySample(Sample sample)
    {
        int deciDegrees;
        return _servo.TryRead(out deciDegrees)
            && sample.AddNumeric(_parameters[0].Name, "deg", deciDegrees, 1, FieldFlags.Status)
            && sample.AddBoolean(_holding, _servo.IsHolding, FieldFlags.Status);
    }

    /// <inheritdoc/>
    public override string Get(ControlParameter parameter)
    {
        int deciDegrees;
        return parameter == _parameters[0] && _servo.TryRead(out deciDegrees) ? FixedPoint.Format(deciDegrees, 1) : null;
    }

    /// <inheritdoc/>
    public override string Set(ControlValue value, long nowMs)
    {
        if (value.Parameter == _parameters[0])
        {
            Move((int)FixedPoint.Round(value.Number, 1), nowMs, _releaseAfterMs);
            return null;
        }

        if (!value.Boolean)
        {
            return "a servo leaves its rest by an angle";
        }

        Rest(nowMs);
        return null;
    }

    /// <inheritdoc/>
    public override void UplinkLost(long nowMs)
    {
        if (_policy != UplinkLostPolicy.Hold)
        {
            Rest(nowMs);
        }
    }

    /// <inheritdoc/>
    public override void Stop()
    {
        // Pulses end with the board's sleep anyway; ended here, none is cut in its middle and turned into an angle.
        _releaseMs = -1;
        _servo.Release();
    }

    private void Rest(long nowMs) => Move(_restDegrees * 10, nowMs, MoveMs);

    private void Move(int deciDegrees, long nowMs, int releaseAfterMs)
    {
        _servo.Set(deciDegrees);
        _releaseMs = releaseAfterMs > 0 ? nowMs + releaseAfterMs : -1;
    }
}
