using System.Text.Json.Nodes;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>One thing that can be set (XEP-0325 §3.5, as a field of a data form with XEP-0122 types).</summary>
/// <param name="Name">The parameter.</param>
/// <param name="Element">The element that carries it in a <c>set</c>: <c>boolean</c>, <c>int</c>, …</param>
/// <param name="Label">Words for people, or "".</param>
/// <param name="Minimum">The least value, or "".</param>
/// <param name="Maximum">The greatest value, or "".</param>
/// <param name="Options">The values to choose from; empty for any.</param>
/// <param name="Value">The value now, or null.</param>
internal sealed record ControlField(string Name, string Element, string Label, string Minimum, string Maximum, IReadOnlyList<string> Options, string? Value)
{
    private const string ValidateNamespace = "http://jabber.org/protocol/xdata-validate";

    /// <summary>Range or choices in words; "" for none.</summary>
    public string Range => Options.Count > 0 ? string.Join(" | ", Options)
        : Minimum.Length + Maximum.Length > 0 ? $"{Minimum} … {Maximum}"
        : Element == "boolean" ? "true | false" : string.Empty;

    /// <summary>Reads the fields of a form.</summary>
    public static IReadOnlyList<ControlField> Read(Element form)
    {
        var fields = new List<ControlField>();
        foreach (Element field in form.Children().Where(c => c.Is(Ns.DataForms, "field")))
        {
            string type = field.Attribute("type") ?? "text-single";
            if (field.Attribute("var") is not { Length: > 0 } name || type is "hidden" or "fixed" || name == "FORM_TYPE")
            {
                continue;
            }

            Element? validate = field.Child(ValidateNamespace, "validate");
            Element? range = validate?.Child(ValidateNamespace, "range");
            var options = field.Children().Where(c => c.Name == "option").Select(o => o.ChildText("value")).OfType<string>().ToList();
            fields.Add(new ControlField(
                name, ElementOf(type, validate?.Attribute("datatype")), field.Attribute("label") ?? string.Empty, range?.Attribute("min") ?? string.Empty, range?.Attribute("max") ?? string.Empty, options, field.ChildText("value")));
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

    /// <summary>For programs.</summary>
    public JsonObject ToJson(string thing) => new()
    {
        ["event"] = "parameter",
        ["thing"] = thing,
        ["name"] = Name,
        ["type"] = Element,
        ["label"] = Label.Length > 0 ? Label : null,
        ["min"] = Minimum.Length > 0 ? Minimum : null,
        ["max"] = Maximum.Length > 0 ? Maximum : null,
        ["options"] = Options.Count > 0 ? new JsonArray([.. Options.Select(o => (JsonNode)JsonValue.Create(o)!)]) : null,
        ["value"] = Value,
    };

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
