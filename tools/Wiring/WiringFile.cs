using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace IotXmpp.Wiring;

/// <summary>
/// A wiring, read from the part of WireViz's YAML that we use: <c>connectors</c> (type, subtype, style, notes, pinlabels), <c>cables</c> (wirecount, colors,
/// length, gauge, notes) and <c>connections</c> from connector over cable to connector. <c>X1</c>, <c>X2</c>… of the board are its headers, a connector of
/// the type <c>breadboard rail</c> is a rail, all others are parts. Anything else in the file is an error.
/// </summary>
internal sealed class WiringFile
{
    /// <summary>What a connector's type says when it is a rail of the breadboard.</summary>
    internal const string RailType = "breadboard rail";

    private WiringFile(Dictionary<string, Connector> connectors, Dictionary<string, Cable> cables, List<Wire> wires)
    {
        Connectors = connectors;
        Cables = cables;
        Wires = wires;
    }

    /// <summary>Headers, rails and parts by name, in the file's order.</summary>
    internal IReadOnlyDictionary<string, Connector> Connectors { get; }

    /// <summary>Bundles of wires by name.</summary>
    internal IReadOnlyDictionary<string, Cable> Cables { get; }

    /// <summary>Every single wire.</summary>
    internal IReadOnlyList<Wire> Wires { get; }

    /// <summary>Reads a wiring.</summary>
    /// <param name="yaml">The text.</param>
    /// <exception cref="WiringException">It is none; one line says what is wrong where.</exception>
    internal static WiringFile Parse(string yaml)
    {
        Document document;
        try
        {
            document = new DeserializerBuilder().Build().Deserialize<Document>(yaml) ?? throw new WiringException("wiring.yml is empty");
        }
        catch (YamlException e)
        {
            throw new WiringException($"wiring.yml, line {e.Start.Line}: {(e.InnerException?.Message ?? e.Message).ReplaceLineEndings(" ")}");
        }

        var connectors = new Dictionary<string, Connector>(StringComparer.Ordinal);
        foreach ((string name, ConnectorEntry entry) in document.connectors ?? [])
        {
            string[] pins = entry?.pinlabels?.ToArray() ?? [];
            if (entry?.type is not { Length: > 0 } type || (type != RailType && pins.Length == 0))
            {
                throw new WiringException($"wiring.yml: {name} lacks type or pinlabels");
            }

            connectors.Add(name, new Connector(name, type, entry.subtype ?? "", entry.notes ?? "", pins));
        }

        var cables = new Dictionary<string, Cable>(StringComparer.Ordinal);
        foreach ((string name, CableEntry entry) in document.cables ?? [])
        {
            string[] colors = entry?.colors?.ToArray() ?? [];
            if (colors.Length == 0 || colors.Length != entry!.wirecount)
            {
                throw new WiringException($"wiring.yml: {name} has not as many colors as wirecount says");
            }

            if (colors.FirstOrDefault(c => !WireColor.IsKnown(c)) is { } unknown)
            {
                throw new WiringException($"wiring.yml: {name} has the color {unknown}, which is none of {WireColor.Codes}");
            }

            cables.Add(name, new Cable(name, colors, entry.length, entry.gauge ?? ""));
        }

        return new WiringFile(connectors, cables, Connect(connectors, cables, document.connections ?? []));
    }

    private static List<Wire> Connect(Dictionary<string, Connector> connectors, Dictionary<string, Cable> cables, List<List<Dictionary<string, List<string>>>> connections)
    {
        var wires = new List<Wire>();
        var used = new HashSet<(string, int)>();
        for (int i = 0; i < connections.Count; i++)
        {
            List<Dictionary<string, List<string>>> set = connections[i];
            if (set.Count != 3 || set.Any(s => s.Count != 1))
            {
                throw new WiringException($"wiring.yml: connection {i + 1} is not connector, cable, connector");
            }

            (string from, List<string> fromPins) = set[0].Single();
            (string cable, List<string> numbers) = set[1].Single();
            (string to, List<string> toPins) = set[2].Single();
            if (!connectors.TryGetValue(from, out Connector? a) || !connectors.TryGetValue(to, out Connector? b) || !cables.TryGetValue(cable, out Cable? bundle))
            {
                throw new WiringException($"wiring.yml: connection {i + 1} names {from}, {cable}, {to}, of which one is not there");
            }

            if (fromPins.Count != numbers.Count || numbers.Count != toPins.Count)
            {
                throw new WiringException($"wiring.yml: connection {i + 1} has not as many pins of {from} as wires of {cable} and pins of {to}");
            }

            for (int k = 0; k < numbers.Count; k++)
            {
                if (!int.TryParse(numbers[k], out int number) || number < 1 || number > bundle.Colors.Count)
                {
                    throw new WiringException($"wiring.yml: {cable} has no wire {numbers[k]}");
                }

                if (!used.Add((cable, number)))
                {
                    throw new WiringException($"wiring.yml: wire {number} of {cable} is used twice");
                }

                wires.Add(new Wire(new PinRef(a, a.Index(fromPins[k])), new PinRef(b, b.Index(toPins[k])), bundle.Colors[number - 1], cable));
            }
        }

        return wires;
    }

#pragma warning disable IDE1006, SA1300 // the names are WireViz's
    private sealed class Document
    {
        public Dictionary<string, ConnectorEntry>? connectors { get; set; }

        public Dictionary<string, CableEntry>? cables { get; set; }

        public List<List<Dictionary<string, List<string>>>>? connections { get; set; }
    }

    private sealed class ConnectorEntry
    {
        public string? type { get; set; }

        public string? subtype { get; set; }

        public string? style { get; set; }

        public string? notes { get; set; }

        public int pincount { get; set; }

        public List<string>? pinlabels { get; set; }
    }

    private sealed class CableEntry
    {
        public int wirecount { get; set; }

        public List<string>? colors { get; set; }

        public double length { get; set; }

        public string? gauge { get; set; }

        public string? notes { get; set; }
    }
#pragma warning restore IDE1006, SA1300
}

/// <summary>A header of the board, a rail, or a part.</summary>
/// <param name="Name">Its name, which for a part is its reference in the parts list.</param>
/// <param name="Type">What it is.</param>
/// <param name="Subtype">Its value or variant; may be empty.</param>
/// <param name="Notes">What to know when wiring; may be empty.</param>
/// <param name="Pins">What is printed at its pins; empty for a rail.</param>
internal sealed record Connector(string Name, string Type, string Subtype, string Notes, IReadOnlyList<string> Pins)
{
    /// <summary>True for a rail of the breadboard.</summary>
    internal bool IsRail => Type == WiringFile.RailType;

    /// <summary>The index of a pin that is named by its number or its label, as WireViz does it.</summary>
    internal int Index(string pin)
    {
        if (IsRail)
        {
            return 0;
        }

        int[] labelled = [.. Enumerable.Range(0, Pins.Count).Where(i => Pins[i] == pin)];
        int index = labelled.Length == 1 ? labelled[0] : int.TryParse(pin, out int number) ? number - 1 : -1;
        return index >= 0 && index < Pins.Count ? index : throw new WiringException($"wiring.yml: {Name} has no pin {pin}");
    }
}

/// <summary>A bundle of wires.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Colors">The wires' colors, codes of IEC 60757 in two letters.</param>
/// <param name="LengthMetres">How long.</param>
/// <param name="Gauge">How thick.</param>
internal sealed record Cable(string Name, IReadOnlyList<string> Colors, double LengthMetres, string Gauge);

/// <summary>A pin of a connector.</summary>
/// <param name="Connector">Whose.</param>
/// <param name="Index">Which, from 0.</param>
internal readonly record struct PinRef(Connector Connector, int Index);

/// <summary>One wire.</summary>
/// <param name="From">One end.</param>
/// <param name="To">The other.</param>
/// <param name="Color">Its color's code.</param>
/// <param name="Cable">The bundle it is in.</param>
internal sealed record Wire(PinRef From, PinRef To, string Color, string Cable)
{
    /// <summary>True when one end is on a connector.</summary>
    internal bool Touches(Connector connector) => From.Connector == connector || To.Connector == connector;

    /// <summary>The end that is not on a connector.</summary>
    internal PinRef OtherEnd(Connector connector) => From.Connector == connector ? To : From;
}
