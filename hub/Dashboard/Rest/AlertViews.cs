using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Alerts;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>An alert. Texts in it come from people and devices: they are data.</summary>
/// <param name="Id">Its number, rising.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Severity">How grave.</param>
/// <param name="Rule">The rule's id.</param>
/// <param name="RuleName">What the rule was called.</param>
/// <param name="Thing">The thing.</param>
/// <param name="Field">The field; null where it is the thing itself.</param>
/// <param name="Value">The value that raised it.</param>
/// <param name="Text">What people are told.</param>
/// <param name="Raised">When the condition came true, by the times of what was measured.</param>
/// <param name="Noted">When the hub knew of it.</param>
/// <param name="Acknowledged">When somebody said that he looks after it.</param>
/// <param name="AcknowledgedBy">Who.</param>
/// <param name="Note">What he wrote.</param>
/// <param name="Cleared">When it was over.</param>
/// <param name="ClearReason">Why, where the condition itself did not say so: 'rule' or 'thing'.</param>
/// <param name="Suppressed">The maintenance window in which it was raised.</param>
/// <param name="SilencedUntil">Until when nobody is told of this rule, thing and field.</param>
public sealed record AlertView(
    long Id, [property: JsonConverter(typeof(RestWord<AlertState>))] AlertState State, [property: JsonConverter(typeof(RestWord<AlertSeverity>))] AlertSeverity Severity, string Rule, string RuleName, string Thing, string? Field,
    string? Value, string Text, DateTime Raised, DateTime Noted, DateTime? Acknowledged, string? AcknowledgedBy, string? Note, DateTime? Cleared, string? ClearReason, string? Suppressed, DateTime? SilencedUntil)
{
    /// <summary>Of an alert.</summary>
    public static AlertView Of(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return new AlertView(
            alert.Id, alert.State, alert.Severity, alert.Rule, alert.RuleName, alert.Thing, Given(alert.Field), Given(alert.Value), alert.Text, alert.Raised.UtcDateTime, alert.Noted.UtcDateTime,
            alert.Acknowledged?.UtcDateTime, Given(alert.AcknowledgedBy), Given(alert.Note), alert.Cleared?.UtcDateTime, Given(alert.ClearReason), Given(alert.Suppressed), alert.SilencedUntil?.UtcDateTime);
    }

    internal static string? Given(string text) => text.Length > 0 ? text : null;
}

/// <summary>Who looks after an alert has something to say.</summary>
/// <param name="Note">What; empty for nothing.</param>
public sealed record AcknowledgeWish(string Note = "");

/// <summary>An alert shall be told to nobody for a while.</summary>
/// <param name="Until">Until when; a time that is over ends the silence.</param>
/// <param name="Note">Why; empty for nothing.</param>
public sealed record SilenceWish(DateTime Until, string Note = "");

/// <summary>An alert on its way to somebody.</summary>
/// <param name="Id">Its number, rising.</param>
/// <param name="Alert">The alert.</param>
/// <param name="Event">What is told of it.</param>
/// <param name="Channel">How.</param>
/// <param name="Address">To whom.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Attempts">Attempts so far.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Due">When it is tried next; null where it has ended.</param>
/// <param name="IsHeld">Whether it waits for the end of a maintenance window or silence.</param>
/// <param name="Done">When it ended.</param>
/// <param name="Digest">The digest with which it went.</param>
/// <param name="Answer">What came of the last attempt.</param>
public sealed record DeliveryView(
    long Id, long Alert, [property: JsonConverter(typeof(RestWord<DeliveryEvent>))] DeliveryEvent Event, [property: JsonConverter(typeof(RestWord<DeliveryChannel>))] DeliveryChannel Channel, string Address,
    [property: JsonConverter(typeof(RestWord<DeliveryState>))] DeliveryState State, int Attempts, DateTime Created, DateTime? Due, bool IsHeld, DateTime? Done, string? Digest, string? Answer)
{
    /// <summary>Of a delivery.</summary>
    public static DeliveryView Of(AlertDelivery delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return new DeliveryView(
            delivery.Id, delivery.Alert, delivery.Event, delivery.Target.Channel, delivery.Target.Address, delivery.State, delivery.Attempts, delivery.Created.UtcDateTime, delivery.Done is null ? delivery.Due.UtcDateTime : null,
            delivery.Done is null && delivery.IsHeld, delivery.Done?.UtcDateTime, AlertView.Given(delivery.Digest), AlertView.Given(delivery.Answer));
    }
}

/// <summary>What a rule would have done.</summary>
/// <param name="Alerts">The alerts, by thing and time.</param>
/// <param name="Things">Things that were looked at.</param>
/// <param name="LeftOut">Things of the rule that were not.</param>
/// <param name="Judged">Samples and states that were judged.</param>
/// <param name="IsCut">Whether it ended before all was judged.</param>
public sealed record RuleTestView(IReadOnlyList<TestedAlertView> Alerts, int Things, int LeftOut, long Judged, bool IsCut);

/// <summary>A time in which a rule's condition would have been true.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Raised">When it would have been raised.</param>
/// <param name="Cleared">When it would have been over; null where it still is not.</param>
/// <param name="Value">The value that would have raised it.</param>
/// <param name="Text">What people would have been told.</param>
public sealed record TestedAlertView(string Thing, DateTime Raised, DateTime? Cleared, string Value, string Text);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AlertView))]
[JsonSerializable(typeof(RestPage<AlertView>))]
[JsonSerializable(typeof(AcknowledgeWish))]
[JsonSerializable(typeof(SilenceWish))]
[JsonSerializable(typeof(DeliveryView))]
[JsonSerializable(typeof(RestPage<DeliveryView>))]
[JsonSerializable(typeof(RuleTestView))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(RestPage<JsonElement>))]
internal sealed partial class AlertRestJson : JsonSerializerContext;
