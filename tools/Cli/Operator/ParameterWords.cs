using System.Globalization;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>Parameters as they are typed, <c>relay=true</c> or <c>level:int=7</c>: typed without asking the thing, which may be away; the hub holds them against the thing's form where it knows it.</summary>
internal static class ParameterWords
{
    /// <summary>How to write one.</summary>
    public const string Help = "what to set, such as relay=true or name:string=7; several are set together or not at all";

    private static readonly string[] Types = ["boolean", "int", "long", "double", "string", "date", "time", "dateTime", "duration", "color"];

    /// <summary>Writes them into an element: each as XEP-0325's element of its type.</summary>
    /// <exception cref="CliException">One of them is none.</exception>
    public static void Write(Element into, IReadOnlyList<string> assignments)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (string assignment in assignments)
        {
            int at = assignment.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw new CliException(ExitCode.Usage, $"'{assignment}' is not NAME=VALUE, such as relay=true");
            }

            (string name, string value) = (assignment[..at], assignment[(at + 1)..]);
            int colon = name.LastIndexOf(':');
            string? type = colon > 0 && Array.IndexOf(Types, name[(colon + 1)..]) >= 0 ? name[(colon + 1)..] : null;
            name = type is null ? name : name[..colon];
            if (!names.Add(name))
            {
                throw new CliException(ExitCode.Usage, $"{name} is set twice; give it once");
            }

            type ??= TypeOf(value);
            var element = new Element(Ns.Control, type);
            into.Add(element.Set("name", name).Set("value", type == "boolean" ? Truth(name, value) : value));
        }
    }

    /// <summary><c>name=value, name=value</c> of the parameters below an element.</summary>
    public static string Text(Element? set) => set is null
        ? string.Empty
        : string.Join(", ", set.Children().Where(c => c.Name is not ("node" or "paramError")).Select(p => $"{p.Attribute("name")}={(p.Attribute("secret") == "true" ? "(secret)" : p.Attribute("value"))}"));

    private static string TypeOf(string value) => value is "true" or "false" or "on" or "off" ? "boolean"
        : int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? "int"
        : long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? "long"
        : double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? "double"
        : "string";

    private static string Truth(string name, string value) => value.ToUpperInvariant() switch
    {
        "TRUE" or "1" or "ON" or "YES" => "true",
        "FALSE" or "0" or "OFF" or "NO" => "false",
        _ => throw new CliException(ExitCode.Usage, $"{name} is true or false, not '{value}'"),
    };
}
