using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>One value of a sample.</summary>
/// <param name="Name">The field's name.</param>
/// <param name="Kind">The element that carried it: <c>numeric</c>, <c>boolean</c>, …</param>
/// <param name="Value">The value as on the wire.</param>
/// <param name="Unit">Its unit, or "".</param>
internal sealed record SampleField(string Name, string Kind, string Value, string Unit)
{
    /// <summary><c>temperature=21.4 °C</c>.</summary>
    public override string ToString() => Unit.Length > 0 ? $"{Name}={Value} {Unit}" : $"{Name}={Value}";

    /// <summary>The value with its JSON type.</summary>
    public JsonNode ToJson() => Kind switch
    {
        "boolean" => JsonValue.Create(Value is "true" or "1"),
        "numeric" or "double" when double.TryParse(Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) => JsonValue.Create(number),
        "int" or "long" when long.TryParse(Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => JsonValue.Create(whole),
        _ => JsonValue.Create(Value),
    };
}

/// <summary>What a thing measured at one time (XEP-0323 §3.2).</summary>
/// <param name="Node">The node: the thing's id, or one behind a gateway.</param>
/// <param name="Time">When.</param>
/// <param name="Fields">The values.</param>
internal sealed record ThingSample(string Node, DateTimeOffset Time, IReadOnlyList<SampleField> Fields)
{
    /// <summary>Reads the samples of a <c>fields</c> element; what is malformed is passed over.</summary>
    public static IEnumerable<ThingSample> Read(Element fields)
    {
        foreach (Element node in fields.Children().Where(c => c.Is(Ns.SensorData, "node")))
        {
            foreach (Element timestamp in node.Children().Where(c => c.Is(Ns.SensorData, "timestamp")))
            {
                if (ThingView.TryTime(timestamp.Attribute("value"), out DateTimeOffset time))
                {
                    var values = timestamp.Children()
                        .Where(f => f.Attribute("name") is not null && f.Attribute("value") is not null)
                        .Select(f => new SampleField(f.Attribute("name"), f.Name, f.Attribute("value"), f.Attribute("unit") ?? string.Empty))
                        .ToList();
                    yield return new ThingSample(node.Attribute("nodeId") ?? string.Empty, time, values);
                }
            }
        }
    }

    /// <summary>Reads the samples of a publish-subscribe notification (XEP-0060 §7.1.2.1), with the thing whose node it was.</summary>
    public static IEnumerable<(string Thing, ThingSample Sample)> ReadEvent(Element message)
    {
        Element? items = message.Child(Ns.PubSubEvent, "event")?.Child("items");
        string[] node = (items?.Attribute("node") ?? string.Empty).Split('/');
        if (items is null || node is not ["things", { Length: > 0 } thing, "telemetry"])
        {
            yield break;
        }

        foreach (Element item in items.Children().Where(i => i.Name == "item"))
        {
            if (item.Child(Ns.SensorData, "fields") is { } fields)
            {
                foreach (ThingSample sample in Read(fields))
                {
                    yield return (thing, sample);
                }
            }
        }
    }

    /// <summary>The values in one line.</summary>
    public string Text => string.Join("  ", Fields);

    /// <summary>For programs.</summary>
    public JsonObject ToJson(string kind, string thing)
    {
        var values = new JsonObject();
        var units = new JsonObject();
        foreach (SampleField field in Fields)
        {
            values[field.Name] = field.ToJson();
            if (field.Unit.Length > 0)
            {
                units[field.Name] = field.Unit;
            }
        }

        var json = new JsonObject { ["event"] = kind, ["thing"] = thing };
        if (Node.Length > 0 && Node != thing)
        {
            json["node"] = Node;
        }

        json["time"] = Words.Stamp(Time);
        json["fields"] = values;
        json["units"] = units;
        return json;
    }
}
