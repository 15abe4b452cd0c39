using System.Globalization;

namespace IotXmpp.Cli.Output;

/// <summary>Times and spans for people and for programs.</summary>
internal static class Words
{
    /// <summary>A span in its largest unit: <c>4 s</c>, <c>3 min</c>, <c>2 h</c>, <c>5 d</c>.</summary>
    public static string Span(TimeSpan span)
    {
        span = span < TimeSpan.Zero ? TimeSpan.Zero : span;
        return span switch
        {
            { TotalSeconds: < 120 } => $"{(int)span.TotalSeconds} s",
            { TotalMinutes: < 120 } => $"{(int)span.TotalMinutes} min",
            { TotalHours: < 48 } => $"{(int)span.TotalHours} h",
            _ => $"{(int)span.TotalDays} d",
        };
    }

    /// <summary>The time of day here, to the second.</summary>
    public static string Clock(DateTimeOffset time) => time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>The time of day here; with the date when it is not today.</summary>
    public static string Moment(DateTimeOffset time, DateTimeOffset now)
    {
        DateTimeOffset local = time.ToLocalTime();
        return local.ToString(local.Date == now.ToLocalTime().Date ? "HH:mm:ss" : "yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
    }

    /// <summary>XEP-0082, for programs.</summary>
    public static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads a duration with its unit: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>2h</c>, <c>7d</c>.</summary>
    public static bool TryDuration(string text, out TimeSpan span)
    {
        span = default;
        int digits = text.TakeWhile(c => char.IsAsciiDigit(c) || c == '.').Count();
        double unit = text[digits..] switch { "ms" => 0.001, "s" => 1, "m" or "min" => 60, "h" => 3600, "d" => 86_400, _ => 0 };
        if (unit == 0 || !double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) || number * unit is < 0.001 or > 31_536_000)
        {
            return false;
        }

        span = TimeSpan.FromSeconds(number * unit);
        return true;
    }
}
