namespace IotXmpp.Things;

/// <summary>All kinds of parts. A new part is one more line here.</summary>
internal static class PartKinds
{
    /// <summary>Seconds without the hub after which an actuator goes to its stated state, when nothing else is said. Default 60: longer than a restart of the hub takes.</summary>
    internal const int LostAfterSeconds = 60;

    /// <summary>Seconds without the hub that can be stated at most. Default 86,400: a day.</summary>
    internal const int MaxLostAfterSeconds = 86400;

    // Before All: the kinds use it while they are made.
    internal static readonly string[] None = new string[0];

    internal static readonly PartKind[] All = new PartKind[]
    {
        new Bme280Kind(), new Dht22Kind(), new Ds18b20Kind(), new SoilKind(), new PirKind(), new ButtonKind(), new BatteryKind(),
        new RelayKind(), new LedKind(), new ServoKind(),
    };

    internal static UplinkLostPolicy Lost(PartSpec spec, UplinkLostPolicy otherwise)
    {
        string lost = spec.Option("lost");
        return lost == null ? otherwise : lost == "hold" ? UplinkLostPolicy.Hold : lost == "on" ? UplinkLostPolicy.On : UplinkLostPolicy.Off;
    }

    internal static int LostAfterMs(PartSpec spec) => spec.Number("after", LostAfterSeconds) * 1000;

    internal static bool IsActiveLow(PartSpec spec) => spec.Option("active") == "low";
}
