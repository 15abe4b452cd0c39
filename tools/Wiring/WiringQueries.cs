using IotXmpp.Virtual;

namespace IotXmpp.Wiring;

/// <summary>What is asked of a wiring and a board's pins again and again.</summary>
internal static class WiringQueries
{
    /// <summary>What is printed beside a header's pin.</summary>
    internal static string LabelAt(this BoardPinout board, string header, int position)
        => board.GpioAt(header, position)?.Label ?? board.Power.First(p => p.Header == header && p.Position == position).Label;

    /// <summary>The GPIO at a header's pin, or null.</summary>
    internal static BoardPin? GpioAt(this BoardPinout board, string header, int position) => board.Pins.FirstOrDefault(p => p.Header == header && p.Position == position);

    /// <summary>The rail at a header's pin; empty for a GPIO.</summary>
    internal static string RailAt(this BoardPinout board, string header, int position) => board.Power.FirstOrDefault(p => p.Header == header && p.Position == position)?.Rail ?? "";

    /// <summary>True when an end is at a GPIO of the board.</summary>
    internal static bool IsGpio(this BoardPinout board, PinRef end) => board.GpioAt(end.Connector.Name, end.Index + 1) is not null;

    /// <summary>The roles of a pin, for people.</summary>
    internal static string RoleOf(this BoardPinout board, BoardPin pin) => string.Join(", ", board.Roles.Where(r => r.Value == pin.Gpio).Select(r => r.Key));

    /// <summary>The parts: what is neither a header nor a rail.</summary>
    internal static IEnumerable<Connector> Parts(this WiringFile wiring, BoardPinout board)
        => wiring.Connectors.Values.Where(c => !c.IsRail && !board.Headers.Any(h => h.Name == c.Name));

    /// <summary>The wires at a connector: its own end, the other end, and the wire.</summary>
    internal static IEnumerable<(PinRef Own, PinRef Other, Wire Wire)> Links(this WiringFile wiring, Connector connector)
        => wiring.Wires.Where(w => w.Touches(connector)).Select(w => (w.From.Connector == connector ? w.From : w.To, w.OtherEnd(connector), w));

    /// <summary>True when a pin has a wire.</summary>
    internal static bool IsUsed(this Connector connector, WiringFile wiring, int index) => wiring.Links(connector).Any(l => l.Own.Index == index);

    /// <summary>The rail that a connector is: <c>3.3V</c>, <c>5V</c>, <c>GND</c>; empty when it is none.</summary>
    internal static string Rail(this Connector connector) => connector.IsRail && connector.Subtype is "3.3V" or "5V" or "GND" ? connector.Subtype : "";
}
