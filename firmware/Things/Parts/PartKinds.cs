using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>All kinds of parts. A new part is one more line here.</summary>
internal static class PartKinds
{
    /// <summary>Seconds without the hub after which an actuator goes to its stated state, when nothing else is said. Default 60: longer than a restart of the hub takes.</summary>
    internal const int LostAfterSeconds = 60;

    // Before All: the kinds use it while they are made.
    internal static readonly string[] None = new string[0];

    internal static readonly PartKind[] All = new PartKind[]
    {
        new Bme280Kind(), new RelayKind(), new ButtonKind(), new BatteryKind(),
    };

    internal static UplinkLostPolicy Lost(PartSpec spec, UplinkLostPolicy otherwise)
    {
        string lost = spec.Option("lost");
        return lost == null ? otherwise : lost == "hold" ? UplinkLostPolicy.Hold : lost == "on" ? UplinkLostPolicy.On : UplinkLostPolicy.Off;
    }

    internal static int LostAfterMs(PartSpec spec) => spec.Number("after", LostAfterSeconds) * 1000;

    internal static bool IsActiveLow(PartSpec spec) => spec.Option("active") == "low";
}

internal sealed class Bme280Kind : PartKind
{
    internal Bme280Kind()
        : base("bme280", null, 0, "bme280@0x76", PartKinds.None, new string[] { "temperature", "humidity", "pressure" }, PartKinds.None)
    {
    }

    public override int Address
    {
        get { return Bme280.DefaultAddress; }
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new Bme280Sensor(new Bme280(io.OpenI2c(gpio)), names);

    protected override string CheckOptions(PartSpec spec)
        => spec.Where < 0 || spec.Where == Bme280.DefaultAddress || spec.Where == Bme280.SecondAddress ? null : "a BME280 is at 0x76 or 0x77";
}

internal sealed class RelayKind : PartKind
{
    private static readonly string[] Pins = new string[] { "button" };

    internal RelayKind()
        : base("relay", "relay", PinCan.Output, "relay@5,lost=off,after=60", new string[] { "lost", "after", "active", "button" }, new string[] { "relay", "presses" }, new string[] { "relayPulse" })
    {
    }

    public override string[] PinOptions
    {
        get { return Pins; }
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
    {
        int button = spec.Number("button", -1);
        return new RelayActuator(new Relay(io.Gpio, gpio, PartKinds.IsActiveLow(spec)), button < 0 ? null : new Button(io.Gpio, button), PartKinds.Lost(spec, UplinkLostPolicy.Off), PartKinds.LostAfterMs(spec), names);
    }

    protected override string CheckOptions(PartSpec spec)
    {
        string wrong = CheckWord(spec, "lost", "hold|off|on");
        wrong = wrong == null ? CheckNumber(spec, "after", 0, 86400) : wrong;
        wrong = wrong == null ? CheckWord(spec, "active", "low|high") : wrong;
        return wrong == null ? CheckNumber(spec, "button", 0, 255) : wrong;
    }
}

internal sealed class ButtonKind : PartKind
{
    internal ButtonKind()
        : base("button", "button", PinCan.Input, "button@0", PartKinds.None, new string[] { "button", "presses" }, PartKinds.None)
    {
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new ButtonSensor(new Button(io.Gpio, gpio), names);
}

internal sealed class BatteryKind : PartKind
{
    private const int FullScaleMillivolts = 6600;

    internal BatteryKind()
        : base("battery", "battery", PinCan.Analog, "battery@34,full=6600", new string[] { "full" }, new string[] { "voltage", "charge" }, PartKinds.None)
    {
    }

    internal override ThingPart Make(IBoardIo io, PartSpec spec, int gpio, PartNames names, ISettings settings)
        => new BatterySensor(new Battery(io.OpenAdc(gpio), spec.Number("full", FullScaleMillivolts)), names);

    protected override string CheckOptions(PartSpec spec) => CheckNumber(spec, "full", 1000, 60000);
}
