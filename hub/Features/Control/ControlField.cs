using System.Globalization;
using System.Text.Json.Serialization;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Tree = IotXmpp.Xml.Element;

namespace IotXmpp.Hub.Features.Control;

/// <summary>One thing that can be set (XEP-0325 §3.5, as a field of a data form with XEP-0122 types). Forms are kept as JSON with these names: they never change.</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Element">The element that carries it in a <c>set</c>: <c>boolean</c>, <c>int</c>, …</param>
/// <param name="Label">Words for people, or "".</param>
/// <param name="Minimum">The least value, or "".</param>
/// <param name="Maximum">The greatest value, or "".</param>
/// <param name="Options">The values to choose from; empty for any.</param>
/// <param name="Value">The value now, or null.</param>
/// <param name="IsSecret">Whether it hides what is typed (<c>text-private</c>).</param>
public sealed record ControlField(string Name, [property: JsonPropertyName("Type")] string Element, string Label, string Minimum, string Maximum, IReadOnlyList<string> Options, string? Value, bool IsSecret = false)
{
    /// <summary>Characters of a text that is set (1,024): a thing's receive buffer is 4 KiB.</summary>
    public const int TextLimit = 1_024;

    private const string ValidateNamespace = "http://jabber.org/protocol/xdata-validate";

    /// <summary>Range or choices in words; "" for none.</summary>
    [JsonIgnore]
    public string Range => Options.Count > 0 ? string.Join(" | ", Options)
        : Minimum.Length + Maximum.Length > 0 ? $"{Minimum} … {Maximum}"
        : Element == "boolean" ? "true | false" : string.Empty;

    /// <summary>Reads the fields of a form that came in a stanza.</summary>
    public static IReadOnlyList<ControlField> Read(Xml.Element form)
    {
        ArgumentNullException.ThrowIfNull(form);
        byte[] bytes = form.ToBytes();
        // What the parser of devices does not take (its depth) has no fields.
        return Tree.Parse(bytes, 0, bytes.Length) is { } tree ? Read(tree) : [];
    }

    /// <summary>Reads the fields of a form.</summary>
    public static IReadOnlyList<ControlField> Read(Tree form)
    {
        ArgumentNullException.ThrowIfNull(form);
        var fields = new List<ControlField>();
        foreach (Tree field in Children(form).Where(c => c.Is(Ns.DataForms, "field")))
        {
            string type = field.Attribute("type") ?? "text-single";
            if (field.Attribute("var") is not { Length: > 0 } name || type is "hidden" or "fixed" || name == "FORM_TYPE")
            {
                continue;
            }

            Tree? validate = field.Child(ValidateNamespace, "validate");
            Tree? range = validate?.Child(ValidateNamespace, "range");
            var options = Children(field).Where(c => c.Name == "option").Select(o => o.ChildText("value")).OfType<string>().ToList();
            fields.Add(new ControlField(
                name, ElementOf(type, validate?.Attribute("datatype")), field.Attribute("label") ?? string.Empty, range?.Attribute("min") ?? string.Empty, range?.Attribute("max") ?? string.Empty, options, field.ChildText("value"), type == "text-private"));
        }

        return fields;
    }

    /// <summary>The value as it goes over the wire, or null when it cannot be one of this type.</summary>
    public string? ToWire(string text)
    {
        if (Element != "boolean")
        {
            return text;
        }

        return text.ToUpperInvariant() switch
        {
            "TRUE" or "1" or "ON" or "YES" => "true",
            "FALSE" or "0" or "OFF" or "NO" => "false",
            _ => null,
        };
    }

    /// <summary>What is wrong with a value, in words; null where nothing is. The thing has the last word.</summary>
    /// <param name="text">The value as on the wire.</param>
    public string? Check(string text)
    {
        if (Options.Count > 0)
        {
            return Options.Contains(text, StringComparer.Ordinal) ? null : $"it is one of {string.Join(", ", Options)}";
        }

        switch (Element)
        {
            case "boolean":
                return text is "true" or "false" or "0" or "1" ? null : "it is true or false";
            case "int" or "long":
                if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer) || (Element == "int" && integer is < int.MinValue or > int.MaxValue))
                {
                    return "it is a whole number";
                }

                return Within(integer);
            case "double":
                return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? Within(number) : "it is a number";
            case "dateTime":
                return TimeFormat.TryParse(text, out _) ? null : "it is a date and time with its zone, such as 2026-11-20T12:00:00Z";
            default:
                return text.Length <= TextLimit ? null : $"it has at most {TextLimit} characters";
        }
    }

    private string? Within(double number) =>
        (double.TryParse(Minimum, NumberStyles.Float, CultureInfo.InvariantCulture, out double least) && number < least) || (double.TryParse(Maximum, NumberStyles.Float, CultureInfo.InvariantCulture, out double most) && number > most)
            ? $"it is {(Minimum.Length > 0 ? "from " + Minimum : "")}{(Minimum.Length > 0 && Maximum.Length > 0 ? " " : "")}{(Maximum.Length > 0 ? "to " + Maximum : "")}" : null;

    private static IEnumerable<Tree> Children(Tree element) => Enumerable.Range(0, element.ChildCount).Select(element.ChildAt);

    private static string ElementOf(string type, string? dataType) => (type, dataType) switch
    {
        ("boolean", _) or (_, "xs:boolean") => "boolean",
        (_, "xs:int" or "xs:integer" or "xs:short" or "xs:byte") => "int",
        (_, "xs:long") => "long",
        (_, "xs:double" or "xs:decimal" or "xs:float") => "double",
        (_, "xs:dateTime") => "dateTime",
        (_, "xs:date") => "date",
        (_, "xs:time") => "time",
        (_, "xs:duration" or "xs:dayTimeDuration") => "duration",
        (_, "xdc:Color" or "xdc:color") => "color",
        _ => "string",
    };
}
