using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using IotXmpp.Xml;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>What goes to a recipient at once: one event of an alert, or a digest of several.</summary>
/// <param name="Key">By what the recipient knows it when it comes twice.</param>
/// <param name="Target">Who.</param>
/// <param name="Events">What is told, in its order; one, or those of the digest.</param>
/// <param name="IsDigest">Whether it is a digest.</param>
public sealed record AlertNotice(string Key, DeliveryTarget Target, IReadOnlyList<(Alert Alert, DeliveryEvent Event)> Events, bool IsDigest)
{
    /// <summary>Events that a digest names one by one (20); the rest is a number.</summary>
    public const int Named = 20;

    /// <summary>One line for people.</summary>
    public string Headline => !IsDigest
        ? LineOf(Events[0].Alert, Events[0].Event)
        : $"{Count(DeliveryEvent.Raised)} alerts raised, {Count(DeliveryEvent.Cleared)} over";

    /// <summary>The text for people.</summary>
    public string Text()
    {
        if (!IsDigest)
        {
            return LineOf(Events[0].Alert, Events[0].Event);
        }

        var text = new StringBuilder(Headline).Append(':');
        foreach ((Alert alert, DeliveryEvent what) in Events.Take(Named))
        {
            text.Append('\n').Append(LineOf(alert, what));
        }

        return (Events.Count > Named ? text.Append(CultureInfo.InvariantCulture, $"\nand {Events.Count - Named} more") : text).ToString();
    }

    /// <summary>The document for programs.</summary>
    /// <param name="hub">The hub's domain.</param>
    /// <param name="now">When it is sent.</param>
    public byte[] ToJson(string hub, DateTimeOffset now)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("id", Key);
            json.WriteString("event", IsDigest ? "digest" : Word(Events[0].Event));
            json.WriteString("sent", TimeFormat.Text(now.ToUnixTimeMilliseconds()));
            json.WriteString("hub", hub);
            json.WriteString("text", Headline);
            if (IsDigest)
            {
                json.WriteStartArray("events");
                foreach ((Alert alert, DeliveryEvent what) in Events)
                {
                    json.WriteStartObject();
                    json.WriteString("id", AlertDelivery.KeyOf(alert.Id, what));
                    json.WriteString("event", Word(what));
                    json.WritePropertyName("alert");
                    AlertJson.Write(json, alert);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }
            else
            {
                json.WritePropertyName("alert");
                AlertJson.Write(json, Events[0].Alert);
            }

            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The word of an event.</summary>
    public static string Word(DeliveryEvent what) => what == DeliveryEvent.Raised ? "raised" : "cleared";

    private static string LineOf(Alert alert, DeliveryEvent what) => what == DeliveryEvent.Raised
        ? $"[{alert.Severity.ToString().ToLowerInvariant()}] {alert.Text}"
        : $"[over] {alert.Text}{(alert.Cleared is { } over ? $" (from {Clock(alert.Raised)} to {Clock(over)})" : string.Empty)}";

    private static string Clock(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private int Count(DeliveryEvent what) => Events.Count(e => e.Event == what);
}

/// <summary>Alerts as JSON: the same for webhooks, REST and the command line.</summary>
public static class AlertJson
{
    /// <summary>Writes an alert as an object.</summary>
    public static void Write(Utf8JsonWriter json, Alert alert)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(alert);
        json.WriteStartObject();
        json.WriteNumber("id", alert.Id);
        json.WriteString("state", alert.State.ToString().ToLowerInvariant());
        json.WriteString("severity", alert.Severity.ToString().ToLowerInvariant());
        json.WriteString("rule", alert.Rule);
        json.WriteString("ruleName", alert.RuleName);
        json.WriteString("thing", alert.Thing);
        Optional("field", alert.Field);
        Optional("value", alert.Value);
        json.WriteString("text", alert.Text);
        Time("raised", alert.Raised);
        Time("noted", alert.Noted);
        Time("acknowledged", alert.Acknowledged);
        Optional("acknowledgedBy", alert.AcknowledgedBy);
        Optional("note", alert.Note);
        Time("cleared", alert.Cleared);
        Optional("clearReason", alert.ClearReason);
        Optional("suppressed", alert.Suppressed);
        Time("silencedUntil", alert.SilencedUntil);
        json.WriteEndObject();

        void Optional(string name, string value)
        {
            if (value.Length > 0)
            {
                json.WriteString(name, value);
            }
        }

        void Time(string name, DateTimeOffset? time)
        {
            if (time is { } at)
            {
                json.WriteString(name, TimeFormat.Text(at.ToUnixTimeMilliseconds()));
            }
        }
    }

    /// <summary>Writes a delivery as an object; never its secret.</summary>
    public static void Write(Utf8JsonWriter json, AlertDelivery delivery)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(delivery);
        json.WriteStartObject();
        json.WriteNumber("id", delivery.Id);
        json.WriteNumber("alert", delivery.Alert);
        json.WriteString("event", AlertNotice.Word(delivery.Event));
        json.WriteString("channel", delivery.Target.Channel.ToString().ToLowerInvariant());
        json.WriteString("address", delivery.Target.Address);
        json.WriteString("state", delivery.State.ToString().ToLowerInvariant());
        json.WriteNumber("attempts", delivery.Attempts);
        json.WriteString("created", TimeFormat.Text(delivery.Created.ToUnixTimeMilliseconds()));
        if (delivery.Done is { } done)
        {
            json.WriteString("done", TimeFormat.Text(done.ToUnixTimeMilliseconds()));
        }
        else
        {
            json.WriteString("due", TimeFormat.Text(delivery.Due.ToUnixTimeMilliseconds()));
            json.WriteBoolean("held", delivery.IsHeld);
        }

        if (delivery.Digest.Length > 0)
        {
            json.WriteString("digest", delivery.Digest);
        }

        if (delivery.Answer.Length > 0)
        {
            json.WriteString("answer", delivery.Answer);
        }

        json.WriteEndObject();
    }
}
