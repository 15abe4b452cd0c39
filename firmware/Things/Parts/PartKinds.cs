namespace IotXmpp.Things;

/// <summary>All kinds of parts. A new part is one more name and one more case here.</summary>
internal static class PartKinds
{
    /// <summary>Seconds without the hub after which an actuator goes to its stated state, when nothing else is said. Default 60: longer than a restart of the hub takes.</summary>
    internal const int LostAfterSeconds = 60;

    /// <summary>Seconds without the hub that can be stated at most. Default 86,400: a day.</summary>
    internal const int MaxLostAfterSeconds = 86400;

    /// <summary>The names of all kinds, for people.</summary>
    internal const string Names = "bme280, dht22, ds18b20, soil, pir, button, battery, relay, led, servo";

    internal static readonly string[] None = new string[0];

    /// <summary>Makes the kind of a name. Kinds are wanted only while a list is read, so none is kept: they would take 3 KB of a board's heap.</summary>
    /// <param name="name">The name.</param>
    /// <returns>The kind, or null when there is none.</returns>
    internal static PartKind Create(string name)
    {
        switch (name)
        {
            case "bme280":
                return new Bme280Kind();
            case "dht22":
                return new Dht22Kind();
            case "ds18b20":
                return new Ds18b20Kind();
            case "soil":
                return new SoilKind();
            case "pir":
                return new PirKind();
            case "button":
                return new ButtonKind();
            case "battery":
                return new BatteryKind();
            case "relay":
                return new RelayKind();
            case "led":
                return new LedKind();
            case "servo":
                return new ServoKind();
            default:
                return null;
        }
    }

    internal static UplinkLostPolicy Lost(PartSpec spec, UplinkLostPolicy otherwise)
    {
        string lost = spec.Option("lost");
        return lost == null ? otherwise : lost == "hold" ? UplinkLostPolicy.Hold : lost == "on" ? UplinkLostPolicy.On : UplinkLostPolicy.Off;
    }

    internal static int LostAfterMs(PartSpec spec) => spec.Number("after", LostAfterSeconds) * 1000;

    internal static bool IsActiveLow(PartSpec spec) => spec.Option("active") == "low";
}
