using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Control;

namespace IotXmpp.Cli.Operator;

/// <summary>What can be set, for programs.</summary>
internal static class ControlFieldJson
{
    /// <summary>One parameter of a thing.</summary>
    public static JsonObject ToJson(this ControlField field, string thing) => new()
    {
        ["event"] = "parameter",
        ["thing"] = thing,
        ["name"] = field.Name,
        ["type"] = field.Element,
        ["label"] = field.Label.Length > 0 ? field.Label : null,
        ["min"] = field.Minimum.Length > 0 ? field.Minimum : null,
        ["max"] = field.Maximum.Length > 0 ? field.Maximum : null,
        ["options"] = field.Options.Count > 0 ? new JsonArray([.. field.Options.Select(o => (JsonNode)JsonValue.Create(o)!)]) : null,
        ["value"] = field.Value,
    };
}
