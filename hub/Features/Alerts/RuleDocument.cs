using System.Buffers;
using System.Text;
using System.Text.Json;
using IotXmpp.Hub.Addresses;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>A rule as a JSON document, version 1. Read strictly: what is not understood is refused, with where it stands and what is allowed.</summary>
public static class RuleDocument
{
    /// <summary>The version of the document.</summary>
    public const int Version = 1;

    /// <summary>Bytes of a document: 64 KiB, a thousand things by name.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Things that a scope may name: 1,000; for more there are groups and tags.</summary>
    public const int MaxThings = 1_000;

    /// <summary>Deliveries of one rule: 8.</summary>
    public const int MaxDeliveries = 8;

    /// <summary>What stands for a secret that is not shown; given back, the secret stays as it is.</summary>
    public const string HiddenSecret = "*";

    private const double MaxSeconds = 30 * 86_400.0; // as far back as every sample is kept

    private static readonly JsonDocumentOptions s_strict = new() { MaxDepth = 8 };
    private static readonly string[] s_severities = ["info", "warning", "critical"];
    private static readonly string[] s_kinds = ["threshold", "rate", "no-data", "offline", "overdue", "flapping", "battery", "firmware"];
    private static readonly string[] s_comparisons = ["above", "below", "outside", "equal", "not-equal"];

    /// <summary>Reads a rule.</summary>
    /// <param name="utf8">The document.</param>
    /// <param name="before">The rule as it was, whose secrets may be left as they are; or null.</param>
    /// <param name="isDraft">Whether a secret that is not shown may stay so: for a rule that is looked at and not kept.</param>
    /// <exception cref="DocumentException">It cannot be taken; the message says why.</exception>
    public static AlertRule Read(ReadOnlyMemory<byte> utf8, AlertRule? before = null, bool isDraft = false)
    {
        using JsonDocument document = Parse(utf8);
        var root = new JsonFields(document.RootElement, string.Empty);
        root.Whole("version", Version, Version, Version);
        string id = root.Text("id", 64);
        CheckId(id);
        JsonFields when = root.Object("when");
        AlertCondition condition = Condition(when);
        when.End();
        var rule = new AlertRule(id, root.Text("name", 100, id), JsonFields.Scope(root.Object("scope")), condition)
        {
            IsEnabled = root.Truth("enabled", true),
            Severity = (AlertSeverity)Array.IndexOf(s_severities, root.OneOf("severity", s_severities, "warning")),
            Message = root.Text("message", 500, string.Empty),
            Deliver = [.. root.List("deliver", MaxDeliveries).Select((target, i) => Target(new JsonFields(target, $"deliver[{i}]"), before, isDraft))],
        };
        // What the hub says of it, and may be given back.
        root.Find("author");
        root.Find("revision");
        root.Find("changed");
        root.End();
        if (AlertText.UnknownPlaceholder(rule.Message) is { } unknown)
        {
            throw new DocumentException($"message: {{{unknown}}} is not known; there are: {string.Join(", ", AlertText.Placeholders.Select(p => $"{{{p}}}"))}");
        }

        return rule.Deliver.DistinctBy(d => (d.Channel, d.Address)).Count() == rule.Deliver.Count ? rule : throw new DocumentException("deliver: somebody stands there twice");
    }

    /// <summary>Writes a rule.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="withSecrets">Whether secrets are written: for the database alone.</param>
    public static byte[] Write(AlertRule rule, bool withSecrets = false)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            Write(json, rule, withSecrets);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes a rule as an object.</summary>
    public static void Write(Utf8JsonWriter json, AlertRule rule, bool withSecrets = false)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(rule);
        json.WriteStartObject();
        json.WriteNumber("version", Version);
        json.WriteString("id", rule.Id);
        json.WriteString("name", rule.Name);
        json.WriteBoolean("enabled", rule.IsEnabled);
        json.WriteString("severity", s_severities[(int)rule.Severity]);
        JsonFields.Write(json, rule.Scope);
        json.WriteStartObject("when");
        Write(json, rule.Condition);
        json.WriteEndObject();
        if (rule.Message.Length > 0)
        {
            json.WriteString("message", rule.Message);
        }

        json.WriteStartArray("deliver");
        foreach (DeliveryTarget target in rule.Deliver)
        {
            json.WriteStartObject();
            json.WriteString("to", target.Channel switch
            {
                DeliveryChannel.Mail => "mailto:" + target.Address,
                DeliveryChannel.Xmpp when target.Address != DeliveryTarget.OwnerAddress => "xmpp:" + target.Address,
                _ => target.Address,
            });
            if (target.Secret.Length > 0)
            {
                json.WriteString("secret", withSecrets ? target.Secret : HiddenSecret);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (rule.Author is not null)
        {
            json.WriteString("author", rule.Author.ToString());
            json.WriteNumber("revision", rule.Revision);
            json.WriteString("changed", TimeFormat.Text(rule.Changed.ToUnixTimeMilliseconds()));
        }

        json.WriteEndObject();
    }

    internal static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        if (utf8.Length > MaxBytes)
        {
            throw new DocumentException($"the document has more than {MaxBytes} bytes");
        }

        try
        {
            JsonDocument document = JsonDocument.Parse(utf8, s_strict);
            var reader = new Utf8JsonReader(utf8.Span);
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                {
                    reader.GetString(); // an escape may name half of a surrogate pair (RFC 8259 §8.2): JSON, and no text
                }
            }

            return document;
        }
        catch (InvalidOperationException)
        {
            throw new DocumentException("there is half of a surrogate pair, which is no character");
        }
        catch (JsonException e)
        {
            throw new DocumentException($"this is no JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
    }

    internal static void CheckId(string id)
    {
        if (id.Length > 64 || id.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
        {
            throw new DocumentException($"id: '{JsonFields.Short(id)}' is none: 1 to 64 of a-z, 0-9 and -");
        }
    }

    private static AlertCondition Condition(JsonFields when)
    {
        string kind = when.OneOf("kind", s_kinds);
        switch (kind)
        {
            case "threshold":
                return Threshold(when);
            case "rate":
                return new RateCondition(Field(when), when.Number("by", double.Epsilon, double.MaxValue), when.Seconds("within", 1, MaxSeconds), when.OneOf("direction", ["any", "rise", "fall"], "any") switch
                {
                    "rise" => RateDirection.Rise,
                    "fall" => RateDirection.Fall,
                    _ => RateDirection.Any,
                });
            case "no-data":
                return new NoDataCondition(when.Text("field", 256, string.Empty), when.Seconds("after", 1, MaxSeconds));
            case "offline":
                string[] reasons = [.. when.List("reasons", OfflineCondition.AllReasons.Count).Select(r => r.ValueKind == JsonValueKind.String && r.GetString() is { } reason && OfflineCondition.AllReasons.Contains(reason)
                    ? reason : throw new DocumentException($"{when.At("reasons")}: {JsonFields.Short(r.GetRawText())} is none of {string.Join(", ", OfflineCondition.AllReasons)}"))];
                return new OfflineCondition(reasons.Length > 0 ? [.. OfflineCondition.AllReasons.Where(reasons.Contains)] : OfflineCondition.Lost, when.Seconds("for", 0, MaxSeconds, 0), false);
            case "overdue":
                return new OfflineCondition(["overdue"], when.Seconds("for", 0, MaxSeconds, 0), true);
            case "flapping":
                return new FlappingCondition(when.Whole("count", 2, 1_000, 6), when.Seconds("within", 1, MaxSeconds, 3_600));
            case "battery":
                return new BatteryCondition(when.Whole("below", 1, 100, 20), when.Whole("hysteresis", 0, 100, 5));
            default:
                string below = when.Text("below", 64);
                return new FirmwareCondition(FirmwareVersion.Parse(below) is not null ? below : throw new DocumentException($"{when.At("below")}: '{below}' is no version such as 1.4.0"));
        }
    }

    private static string Field(JsonFields when) => when.Text("field", 256);

    private static ThresholdCondition Threshold(JsonFields when)
    {
        var comparison = (Comparison)Array.IndexOf(s_comparisons, when.OneOf("is", s_comparisons));
        string field = Field(when);
        (double limit, double upper, string? text) = (0, 0, null);
        if (comparison == Comparison.Outside)
        {
            (limit, upper) = (when.Number("low", double.MinValue, double.MaxValue), when.Number("high", double.MinValue, double.MaxValue));
            if (limit > upper)
            {
                throw new DocumentException($"{when.At("low")} is above {when.At("high")}");
            }
        }
        else if (comparison is Comparison.Equal or Comparison.NotEqual && when.Find("value") is { ValueKind: JsonValueKind.String or JsonValueKind.True or JsonValueKind.False } value)
        {
            (limit, text) = value.ValueKind == JsonValueKind.String ? (0, when.Text("value", 256)) : (value.ValueKind == JsonValueKind.True ? 1 : 0, null);
        }
        else
        {
            limit = when.Number("value", double.MinValue, double.MaxValue);
        }

        double hysteresis = comparison is Comparison.Equal or Comparison.NotEqual ? 0 : when.Number("hysteresis", 0, double.MaxValue, 0);
        if (comparison == Comparison.Outside && hysteresis > (upper - limit) / 2)
        {
            throw new DocumentException($"{when.At("hysteresis")} leaves nothing between {when.At("low")} and {when.At("high")}: the alert would never be cleared");
        }

        return new ThresholdCondition(field, comparison, limit, upper, text, hysteresis, when.Seconds("for", 0, MaxSeconds, 0), when.Seconds("clearFor", 0, MaxSeconds, 0));
    }

    private static DeliveryTarget Target(JsonFields target, AlertRule? before, bool isDraft)
    {
        string to = target.Text("to", 2_000);
        DeliveryTarget found;
        if (to == DeliveryTarget.OwnerAddress)
        {
            found = new DeliveryTarget(DeliveryChannel.Xmpp, to);
        }
        else if (to.StartsWith("xmpp:", StringComparison.Ordinal))
        {
            found = JidPrep.TryParse(to.Substring(5), out Jid? jid) && jid.Local.Length > 0 ? new DeliveryTarget(DeliveryChannel.Xmpp, jid.Bare.ToString()) : throw new DocumentException($"{target.At("to")}: '{JsonFields.Short(to)}' is no account such as xmpp:ann@example.org");
        }
        else if (to.StartsWith("mailto:", StringComparison.Ordinal))
        {
            string address = to.Substring(7);
            found = MailText.IsAddress(address) ? new DeliveryTarget(DeliveryChannel.Mail, address) : throw new DocumentException($"{target.At("to")}: '{JsonFields.Short(to)}' is no mail address such as mailto:ann@example.org");
        }
        else if (Uri.TryCreate(to, UriKind.Absolute, out Uri? url) && url.Scheme is "https" or "http" && url.UserInfo.Length == 0 && url.Host.Length > 0 && url.Fragment.Length == 0)
        {
            string secret = target.Text("secret", 256);
            secret = secret == HiddenSecret ? before?.Deliver.FirstOrDefault(d => d.Channel == DeliveryChannel.Webhook && d.Address == url.AbsoluteUri)?.Secret ?? secret : secret;
            found = secret.Length >= 16 || (isDraft && secret == HiddenSecret) ? new DeliveryTarget(DeliveryChannel.Webhook, url.AbsoluteUri, secret) : throw new DocumentException($"{target.At("secret")} must have 16 to 256 characters: requests are signed with it");
        }
        else
        {
            throw new DocumentException($"{target.At("to")}: '{JsonFields.Short(to)}' is none of owner, xmpp:ACCOUNT, mailto:ADDRESS, https://…");
        }

        target.End();
        return found;
    }

    private static void Write(Utf8JsonWriter json, AlertCondition condition)
    {
        json.WriteString("kind", condition.Kind);
        switch (condition)
        {
            case ThresholdCondition threshold:
                json.WriteString("field", threshold.Name);
                json.WriteString("is", s_comparisons[(int)threshold.Is]);
                if (threshold.Is == Comparison.Outside)
                {
                    json.WriteNumber("low", threshold.Limit);
                    json.WriteNumber("high", threshold.Upper);
                }
                else if (threshold.Text is { } text)
                {
                    json.WriteString("value", text);
                }
                else
                {
                    json.WriteNumber("value", threshold.Limit);
                }

                if (threshold.Is is not Comparison.Equal and not Comparison.NotEqual)
                {
                    json.WriteNumber("hysteresis", threshold.Hysteresis);
                }

                json.WriteNumber("for", threshold.For.TotalSeconds);
                json.WriteNumber("clearFor", threshold.ClearFor.TotalSeconds);
                break;
            case RateCondition rate:
                json.WriteString("field", rate.Name);
                json.WriteNumber("by", rate.By);
                json.WriteNumber("within", rate.Within.TotalSeconds);
                json.WriteString("direction", rate.Direction.ToString().ToLowerInvariant());
                break;
            case NoDataCondition silence:
                if (silence.Name.Length > 0)
                {
                    json.WriteString("field", silence.Name);
                }

                json.WriteNumber("after", silence.After.TotalSeconds);
                break;
            case OfflineCondition offline:
                if (!offline.IsOverdue)
                {
                    json.WriteStartArray("reasons");
                    foreach (string reason in offline.Reasons)
                    {
                        json.WriteStringValue(reason);
                    }

                    json.WriteEndArray();
                }

                json.WriteNumber("for", offline.For.TotalSeconds);
                break;
            case FlappingCondition flapping:
                json.WriteNumber("count", flapping.Count);
                json.WriteNumber("within", flapping.Within.TotalSeconds);
                break;
            case BatteryCondition battery:
                json.WriteNumber("below", battery.Below);
                json.WriteNumber("hysteresis", battery.Hysteresis);
                break;
            case FirmwareCondition firmware:
                json.WriteString("below", firmware.Below);
                break;
        }
    }
}
