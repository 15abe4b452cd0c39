using IotXmpp.Xmpp;

namespace IotXmpp.Things;

internal sealed class RelayKind : PartKind
{
    internal RelayKind()
        : base("relay", "relay", PinCan.Output, "relay@5,lost=off,after=60", new string[] { "lost", "after", "active", "button" }, new string[] { "relay", "presses" }, new string[] { "relayPulse" })
    {
    }

    public override string[] PinOptions
    {
        get { return new string[] { "button" }; }
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
    {
        int button = spec.Number("button", -1);
        return new RelayActuator(new Relay(io.Gpio, gpio, PartKinds.IsActiveLow(spec)), button < 0 ? null : new Button(io.Gpio, button), PartKinds.Lost(spec, UplinkLostPolicy.Off), PartKinds.LostAfterMs(spec), names);
    }

    protected override string CheckOptions(PartSpec spec)
    {
        string wrong = CheckWord(spec, "lost", "hold|off|on");
        wrong = wrong == null ? CheckNumber(spec, "after", 0, PartKinds.MaxLostAfterSeconds) : wrong;
        wrong = wrong == null ? CheckWord(spec, "active", "low|high") : wrong;
        return wrong == null ? CheckNumber(spec, "button", 0, 255) : wrong;
    }
}

internal sealed class LedKind : PartKind
{
    internal LedKind()
        : base("led", "led", PinCan.Pwm, "led@2,lost=hold,curve=lightness", new string[] { "lost", "after", "active", "curve" }, new string[] { "led", "ledBrightness" }, PartKinds.None)
    {
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new LedActuator(new Led(io.OpenPwm(gpio, Led.FrequencyHz), PartKinds.IsActiveLow(spec), spec.Option("curve") == "linear"), PartKinds.Lost(spec, UplinkLostPolicy.Hold), PartKinds.LostAfterMs(spec), settings, names);

    protected override string CheckOptions(PartSpec spec)
    {
        string wrong = CheckWord(spec, "lost", "hold|off|on");
        wrong = wrong == null ? CheckNumber(spec, "after", 0, PartKinds.MaxLostAfterSeconds) : wrong;
        wrong = wrong == null ? CheckWord(spec, "active", "low|high") : wrong;
        return wrong == null ? CheckWord(spec, "curve", "lightness|linear") : wrong;
    }
}

internal sealed class ServoKind : PartKind
{
    private const int MinPulse = 1000;
    private const int MaxPulse = 2000;
    private const int Range = 180;

    internal ServoKind()
        : base("servo", "servo", PinCan.Pwm, "servo@7,min=1000,max=2000,range=180,rest=90", new string[] { "lost", "after", "min", "max", "range", "rest", "release" }, new string[] { "angle", "servoHolding" }, new string[] { "servoRest" })
    {
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
    {
        int range = spec.Number("range", Range);
        Servo servo = new Servo(io.OpenPwm(gpio, Servo.FrequencyHz), spec.Number("min", MinPulse), spec.Number("max", MaxPulse), range);
        return new ServoActuator(servo, spec.Number("rest", range / 2), spec.Number("release", 0), PartKinds.Lost(spec, UplinkLostPolicy.Off), PartKinds.LostAfterMs(spec), names);
    }

    protected override string CheckOptions(PartSpec spec)
    {
        string wrong = CheckWord(spec, "lost", "hold|rest");
        wrong = wrong == null ? CheckNumber(spec, "after", 0, PartKinds.MaxLostAfterSeconds) : wrong;
        wrong = wrong == null ? CheckNumber(spec, "min", Servo.LeastPulseMicroseconds, Servo.GreatestPulseMicroseconds) : wrong;
        wrong = wrong == null ? CheckNumber(spec, "max", Servo.LeastPulseMicroseconds, Servo.GreatestPulseMicroseconds) : wrong;
        wrong = wrong == null ? CheckNumber(spec, "range", 10, 360) : wrong;
        int range = spec.Number("range", Range);
        wrong = wrong == null ? CheckNumber(spec, "rest", 0, range) : wrong;
        wrong = wrong == null ? CheckNumber(spec, "release", 0, 60000) : wrong;
        return wrong == null && spec.Number("min", MinPulse) >= spec.Number("max", MaxPulse) ? "min is less than max" : wrong;
    }
}
