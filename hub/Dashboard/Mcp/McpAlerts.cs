using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Dashboard.Rest;
using IotXmpp.Hub.Features.Alerts;

namespace IotXmpp.Hub.Dashboard.Mcp;

/// <summary>An alert as programs read it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Rule">What its rule was called.</param>
/// <param name="Thing">The thing.</param>
/// <param name="Field">The field; null where it is the thing itself.</param>
/// <param name="Severity">How grave.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Value">The value that raised it.</param>
/// <param name="Text">What people are told.</param>
/// <param name="Raised">When it was raised.</param>
/// <param name="Acknowledged">When somebody acknowledged it.</param>
/// <param name="Cleared">When it was over.</param>
public sealed record McpAlert(
    long Id, string Rule, string Thing, string? Field, [property: JsonConverter(typeof(RestWord<AlertSeverity>))] AlertSeverity Severity, [property: JsonConverter(typeof(RestWord<AlertState>))] AlertState State,
    string? Value, string? Text, DateTime Raised, DateTime? Acknowledged, DateTime? Cleared)
{
    /// <summary>Of an alert.</summary>
    public static McpAlert Of(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return new McpAlert(
            alert.Id, alert.RuleName, alert.Thing, Optional(alert.Field), alert.Severity, alert.State, Optional(alert.Value), Optional(alert.Text), alert.Raised.UtcDateTime, alert.Acknowledged?.UtcDateTime,
            alert.Cleared?.UtcDateTime);
    }

    private static string? Optional(string text) => text.Length > 0 ? text : null;
}

/// <summary>JSON of alerts.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(RestPage<McpAlert>))]
internal sealed partial class McpAlertJson : JsonSerializerContext;
