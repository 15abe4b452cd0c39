using System.Globalization;
using System.Text;
using System.Text.Json;
using IotXmpp.Hub.Features.History;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>Samples as lines of CSV and of JSON.</summary>
internal static class ExportText
{
    /// <summary>A sample as a row of CSV.</summary>
    public static string Csv(Series series, in Sample sample) => $"{Time(sample.Time)},{Cell(series.Field)},{Value(series, sample.Value)},{Cell(series.Unit)}";

    /// <summary>A bucket as a row of CSV.</summary>
    public static string Csv(Series series, in Aggregate row)
    {
        string figures = series.Kind == SeriesKind.Enum ? ",," : string.Create(CultureInfo.InvariantCulture, $"{row.Min},{row.Average},{row.Max}");
        return string.Create(CultureInfo.InvariantCulture, $"{Time(row.Time)},{Cell(series.Field)},{row.Count},{figures},{Value(series, row.Last)},{Cell(series.Unit)}");
    }

    /// <summary>A sample as an object.</summary>
    public static string Json(Series series, in Sample sample)
    {
        Sample row = sample;
        return Line(json =>
        {
            Head(json, series, row.Time);
            Value(json, "value", series, row.Value);
        });
    }

    /// <summary>A bucket as an object.</summary>
    public static string Json(Series series, in Aggregate aggregate)
    {
        Aggregate row = aggregate;
        return Line(json =>
        {
            Head(json, series, row.Time);
            json.WriteNumber("count", row.Count);
            if (series.Kind != SeriesKind.Enum)
            {
                json.WriteNumber("min", row.Min);
                json.WriteNumber("average", row.Average);
                json.WriteNumber("max", row.Max);
            }

            Value(json, "last", series, row.Last);
        });
    }

    /// <summary>
    /// A text as a cell (RFC 4180). One that begins as a formula does gets an apostrophe before it, so that no spreadsheet runs what a device has sent; a number never does.
    /// </summary>
    public static string Cell(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        if (Features.Inventory.Csv.BeginsFormula(text))
        {
            text = "'" + text;
        }

        return text.AsSpan().ContainsAny(",\"\r\n;'") ? "\"" + text.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"" : text;
    }

    /// <summary>A name for a file: what is no plain character would be another header, or another folder.</summary>
    public static string FileName(string thing)
    {
        string name = new([.. thing.Take(64).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '_')]);
        return name.Length == 0 ? "thing" : name;
    }

    private static string Time(long milliseconds) => RestResult.Text(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds));

    private static string Value(Series series, double value) => series.Kind == SeriesKind.Enum ? Cell(series.Text(value)) : series.Text(value);

    private static void Head(Utf8JsonWriter json, Series series, long time)
    {
        json.WriteString("time", Time(time));
        json.WriteString("field", series.Field);
        if (series.Unit.Length > 0)
        {
            json.WriteString("unit", series.Unit);
        }
    }

    private static void Value(Utf8JsonWriter json, string name, Series series, double value)
    {
        switch (series.Kind)
        {
            case SeriesKind.Enum:
                json.WriteString(name, series.Text(value));
                break;
            case SeriesKind.Boolean:
                json.WriteBoolean(name, value != 0);
                break;
            default:
                json.WriteNumber(name, value);
                break;
        }
    }

    private static string Line(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
