using System.Text.Json;
using System.Text.Json.Serialization;

namespace IotXmpp.Hub.Dashboard.Rest;

// How the documents of alerts look, for the description of the API alone: they are read and written by RuleDocument and MaintenanceWindow, which say where something stands that cannot be taken.

/// <summary>A rule. What belongs to which kind of condition: hub/Features/Alerts/README.md.</summary>
/// <param name="Version">1.</param>
/// <param name="Id">1 to 64 of a-z, 0-9 and -.</param>
/// <param name="Scope">Which things.</param>
/// <param name="When">The condition.</param>
/// <param name="Name">For people; by default the id.</param>
/// <param name="Enabled">True where it is not given.</param>
/// <param name="Severity">info, warning or critical; warning where it is not given.</param>
/// <param name="Message">What people are told, with placeholders.</param>
/// <param name="Deliver">Who is told.</param>
/// <param name="Author">Whose it is; said by the hub.</param>
/// <param name="Revision">The number of its last change; said by the hub.</param>
/// <param name="Changed">When that was; said by the hub.</param>
public sealed record AlertRuleDocument(
    int Version, string Id, RuleScopeDocument Scope, RuleConditionDocument When, string? Name = null, bool? Enabled = null, string? Severity = null, string? Message = null,
    IReadOnlyList<RuleDeliveryDocument>? Deliver = null, string? Author = null, long? Revision = null, DateTime? Changed = null);

/// <summary>Which things: one of things, group, tag (with or without its value), owner, all.</summary>
public sealed record RuleScopeDocument(IReadOnlyList<string>? Things = null, string? Group = null, string? Tag = null, string? Value = null, string? Owner = null, bool? All = null);

/// <summary>A condition: threshold, rate, no-data, offline, overdue, flapping, battery or firmware. Times in seconds.</summary>
public sealed record RuleConditionDocument(
    string Kind, string? Field = null, string? Is = null, JsonElement? Value = null, double? Low = null, double? High = null, double? Hysteresis = null, double? For = null, double? ClearFor = null, double? By = null,
    double? Within = null, string? Direction = null, double? After = null, IReadOnlyList<string>? Reasons = null, int? Count = null, JsonElement? Below = null);

/// <summary>Who is told: <c>owner</c>, <c>xmpp:</c>account, <c>mailto:</c>address, or a webhook with the secret that its requests are signed with.</summary>
public sealed record RuleDeliveryDocument(string To, string? Secret = null);

/// <summary>A maintenance window: once or weekly.</summary>
public sealed record MaintenanceDocument(int Version, string Id, RuleScopeDocument Scope, string? Name = null, OnceDocument? Once = null, WeeklyDocument? Weekly = null, string? Author = null);

/// <summary>From when until when.</summary>
public sealed record OnceDocument(DateTime From, DateTime To);

/// <summary>Days (mon to sun), at hh:mm in a time zone, for so many minutes.</summary>
public sealed record WeeklyDocument(IReadOnlyList<string> Days, string At, long Minutes, string? Zone = null);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AlertRuleDocument))]
[JsonSerializable(typeof(RestPage<AlertRuleDocument>))]
[JsonSerializable(typeof(MaintenanceDocument))]
[JsonSerializable(typeof(RestPage<MaintenanceDocument>))]
internal sealed partial class AlertDocumentJson : JsonSerializerContext;
