using IotXmpp.Hub.Xml;
using IotXmpp.Xml;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Alerts as XML.</summary>
public static class AlertXml
{
    /// <summary>The namespace of alerts.</summary>
    public const string Namespace = "urn:iotxmpp:alert:1";

    /// <summary>Rules and windows travel as JSON (XEP-0335).</summary>
    public const string Json = "urn:xmpp:json:0";

    /// <summary>Writes an alert.</summary>
    public static void Write(XmlBuilder xml, Alert alert)
    {
        ArgumentNullException.ThrowIfNull(xml);
        ArgumentNullException.ThrowIfNull(alert);
        xml.Open("alert"u8, Namespace).Attribute("id"u8, alert.Id).Attribute("state"u8, alert.State.ToString().ToLowerInvariant()).Attribute("severity"u8, alert.Severity.ToString().ToLowerInvariant())
            .Attribute("rule"u8, alert.Rule).Attribute("name"u8, alert.RuleName).Attribute("thing"u8, alert.Thing).Attribute("field"u8, Given(alert.Field)).Attribute("value"u8, Given(alert.Value))
            .Attribute("raised"u8, Time(alert.Raised)).Attribute("noted"u8, Time(alert.Noted)).Attribute("acknowledged"u8, Time(alert.Acknowledged)).Attribute("acknowledged-by"u8, Given(alert.AcknowledgedBy))
            .Attribute("note"u8, Given(alert.Note)).Attribute("cleared"u8, Time(alert.Cleared)).Attribute("clear-reason"u8, Given(alert.ClearReason)).Attribute("suppressed"u8, Given(alert.Suppressed))
            .Attribute("silenced-until"u8, Time(alert.SilencedUntil)).Text(alert.Text).Close("alert"u8);
    }

    /// <summary>Writes a delivery; never its secret.</summary>
    public static void Write(XmlBuilder xml, AlertDelivery delivery)
    {
        ArgumentNullException.ThrowIfNull(xml);
        ArgumentNullException.ThrowIfNull(delivery);
        xml.Open("delivery"u8, Namespace).Attribute("id"u8, delivery.Id).Attribute("alert"u8, delivery.Alert).Attribute("event"u8, AlertNotice.Word(delivery.Event))
            .Attribute("channel"u8, delivery.Target.Channel.ToString().ToLowerInvariant()).Attribute("address"u8, delivery.Target.Address).Attribute("state"u8, delivery.State.ToString().ToLowerInvariant())
            .Attribute("attempts"u8, delivery.Attempts).Attribute("created"u8, Time(delivery.Created)).Attribute("due"u8, delivery.Done is null ? Time(delivery.Due) : null).Attribute("done"u8, Time(delivery.Done))
            .Attribute("digest"u8, Given(delivery.Digest)).Attribute("answer"u8, Given(delivery.Answer)).Close("delivery"u8);
    }

    internal static string? Time(DateTimeOffset? time) => time is { } at ? TimeFormat.Text(at.ToUnixTimeMilliseconds()) : null;

    private static string? Given(string text) => text.Length > 0 ? text : null;
}
