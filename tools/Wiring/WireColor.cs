namespace IotXmpp.Wiring;

/// <summary>Colors of wires: the codes of IEC 60757, their names, and how they are drawn.</summary>
internal static class WireColor
{
    private static readonly Dictionary<string, (string Name, string Rgb)> Table = new(StringComparer.Ordinal)
    {
        ["BK"] = ("black", "#1f2328"),
        ["BN"] = ("brown", "#8a5a2b"),
        ["RD"] = ("red", "#d1242f"),
        ["OG"] = ("orange", "#e8730c"),
        ["YE"] = ("yellow", "#d4a300"),
        ["GN"] = ("green", "#1a8f3c"),
        ["BU"] = ("blue", "#1f6feb"),
        ["VT"] = ("violet", "#8250df"),
        ["GY"] = ("grey", "#7d8590"),
        ["PK"] = ("pink", "#e85aad"),
        ["TQ"] = ("turquoise", "#0d9aa8"),
    };

    /// <summary>All codes, for people.</summary>
    internal static string Codes => string.Join(", ", Table.Keys);

    /// <summary>True when a code is one of the table.</summary>
    internal static bool IsKnown(string code) => Table.ContainsKey(code);

    /// <summary>The color's name.</summary>
    internal static string Name(string code) => Table[code].Name;

    /// <summary>The color as it is drawn.</summary>
    internal static string Rgb(string code) => Table[code].Rgb;
}
