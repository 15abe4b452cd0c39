using System.Globalization;
using System.Text;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>What people are told of an alert: a rule's own text with placeholders, or the usual one of its condition.</summary>
public static class AlertText
{
    /// <summary>Characters of a filled-in text (1,000): names and values of things are theirs to choose.</summary>
    public const int Limit = 1_000;

    /// <summary>What may stand in braces.</summary>
    public static IReadOnlyList<string> Placeholders { get; } = ["thing", "name", "field", "value", "unit", "limit", "rule", "severity", "since"];

    /// <summary>The first placeholder that nobody knows; null where all are known.</summary>
    public static string? UnknownPlaceholder(string message)
    {
        ArgumentNullException.ThrowIfNull(message);
        for (int start = message.IndexOf('{', StringComparison.Ordinal); start >= 0; start = message.IndexOf('{', start + 1))
        {
            int end = message.IndexOf('}', start);
            string name = end < 0 ? message[(start + 1)..] : message[(start + 1)..end];
            if (end < 0 || !Placeholders.Contains(name))
            {
                return JsonFields.Short(name);
            }
        }

        return null;
    }

    /// <summary>Fills in a rule's text.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="thing">The thing's id.</param>
    /// <param name="name">What people call it; empty: its id.</param>
    /// <param name="value">The value that decided.</param>
    /// <param name="unit">Its unit; empty for none.</param>
    /// <param name="since">Since when.</param>
    public static string Fill(AlertRule rule, string thing, string name, string value, string unit, DateTimeOffset since)
    {
        ArgumentNullException.ThrowIfNull(rule);
        string message = rule.Message.Length > 0 ? rule.Message : Usual(rule.Condition);
        var text = new StringBuilder(message.Length + 64);
        int at = 0;
        while (at < message.Length)
        {
            int start = message.IndexOf('{', at);
            int end = start < 0 ? -1 : message.IndexOf('}', start);
            if (end < 0)
            {
                text.Append(message, at, message.Length - at);
                break;
            }

            text.Append(message, at, start - at).Append(message.AsSpan(start + 1, end - start - 1) switch
            {
                "thing" => thing,
                "name" => name.Length > 0 ? name : thing,
                "field" => rule.Condition.Field,
                "value" => value,
                "unit" => unit.Length > 0 ? " " + unit : string.Empty,
                "limit" => LimitOf(rule.Condition),
                "rule" => rule.Name,
                "severity" => rule.Severity.ToString().ToLowerInvariant(),
                _ => since.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            });
            at = end + 1;
        }

        return text.Length <= Limit ? text.ToString() : text.ToString(0, Limit);
    }

    private static string Usual(AlertCondition condition) => condition switch
    {
        ThresholdCondition { Is: Comparison.Above } => "{name}: {field} is {value}{unit}, above {limit}",
        ThresholdCondition { Is: Comparison.Below } => "{name}: {field} is {value}{unit}, below {limit}",
        ThresholdCondition { Is: Comparison.Outside } => "{name}: {field} is {value}{unit}, outside {limit}",
        ThresholdCondition => "{name}: {field} is {value}{unit}",
        RateCondition => "{name}: {field} changes too quickly, it is {value}{unit} ({limit})",
        NoDataCondition { Name.Length: > 0 } => "{name} sends no {field} ({limit})",
        NoDataCondition => "{name} sends no data ({limit})",
        OfflineCondition { IsOverdue: true } => "{name} has not woken as it said",
        OfflineCondition => "{name} is away: {value}",
        FlappingCondition => "{name} comes and goes: {limit}",
        BatteryCondition => "{name}: the battery has {value} %, below {limit} %",
        FirmwareCondition => "{name} runs firmware {value}, older than {limit}",
        _ => "{name}: {rule}",
    };

    private static string LimitOf(AlertCondition condition) => condition switch
    {
        ThresholdCondition { Is: Comparison.Outside } outside => $"{Plain(outside.Limit)} to {Plain(outside.Upper)}",
        ThresholdCondition { Text: { } text } => text,
        ThresholdCondition threshold => Plain(threshold.Limit),
        RateCondition rate => $"{Plain(rate.By)} within {Span(rate.Within)}",
        NoDataCondition silence => "for " + Span(silence.After),
        OfflineCondition offline => Span(offline.For),
        FlappingCondition flapping => $"{flapping.Count} interruptions within {Span(flapping.Within)}",
        BatteryCondition battery => battery.Below.ToString(CultureInfo.InvariantCulture),
        FirmwareCondition firmware => firmware.Below,
        _ => string.Empty,
    };

    private static string Plain(double number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Span(TimeSpan span) => span switch
    {
        _ when span.TotalSeconds < 120 => $"{Plain(span.TotalSeconds)} s",
        _ when span.TotalMinutes < 120 => $"{Plain(Math.Round(span.TotalMinutes, 1))} min",
        _ => $"{Plain(Math.Round(span.TotalHours, 1))} h",
    };
}
