using System.Buffers.Text;
using System.Text;
using IotXmpp.Hub.Xml;
using IotXmpp.Xml;

namespace IotXmpp.Hub.Features.History;

/// <summary>Reads the numeric, boolean and enum fields of a sensor data payload (XEP-0323 §3.2; wire profile, telemetry) without making a tree of it.</summary>
internal static class SampleReader
{
    /// <summary>Reads a payload; null where it is no sensor data.</summary>
    /// <param name="payload">One element, as UTF-8, that the tokenizer has let through.</param>
    /// <param name="thing">Whose it is.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="now">The hub's clock.</param>
    public static SampleBatch? Read(ReadOnlySpan<byte> payload, ThingSeries thing, HistoryOptions options, DateTimeOffset now)
    {
        var xml = new XmlSpanReader(payload);
        if (!xml.Read() || !xml.IsStart("fields"u8, "urn:xmpp:iot:sensordata"u8))
        {
            return null;
        }

        var batch = new SampleBatch(thing);
        var bounds = new Bounds(now.AddDays(-options.RawDays).ToUnixTimeMilliseconds(), now.AddSeconds(options.FutureSeconds).ToUnixTimeMilliseconds(), options);
        string? node = null;
        long? time = null;
        while (xml.Read())
        {
            if (xml.Node != XmlNode.Start)
            {
                continue;
            }

            switch (xml.Depth)
            {
                case 2 when xml.IsStart("node"u8):
                    node = xml.Attribute("nodeId"u8);
                    node = string.IsNullOrEmpty(node) || node == thing.Id ? null : node;
                    break;
                case 3 when xml.IsStart("timestamp"u8):
                    time = TimeFormat.TryParse(xml.Attribute("value"u8) ?? string.Empty, out long ms) ? ms : null;
                    break;
                case 4:
                    Field(ref xml, batch, bounds, node, time);
                    break;
            }
        }

        return batch;
    }

    private static void Field(ref XmlSpanReader xml, SampleBatch batch, in Bounds bounds, string? node, long? time)
    {
        SeriesKind kind;
        switch (xml.LocalName)
        {
            case var name when name.SequenceEqual("numeric"u8) || name.SequenceEqual("int"u8) || name.SequenceEqual("long"u8):
                kind = SeriesKind.Number;
                break;
            case var name when name.SequenceEqual("boolean"u8):
                kind = SeriesKind.Boolean;
                break;
            case var name when name.SequenceEqual("enum"u8):
                kind = SeriesKind.Enum;
                break;
            default:
                return; // texts and times have no history
        }

        if (!xml.TryGetAttribute("name"u8, out ReadOnlySpan<byte> rawName) || !xml.TryGetAttribute("value"u8, out ReadOnlySpan<byte> rawValue)
            || time is not { } at || at < bounds.Oldest || at > bounds.Newest)
        {
            batch.Dropped++;
            return;
        }

        double value = 0;
        string? text = null;
        if (kind == SeriesKind.Enum)
        {
            text = xml.Attribute("value"u8)!;
        }
        else if (!TryValue(rawValue, kind, out value))
        {
            batch.Dropped++;
            return;
        }

        if (Find(ref xml, batch, rawName, node, kind, bounds.Options) is not { } series || text?.Length > bounds.Options.NameBytes)
        {
            batch.Dropped++;
            return;
        }

        if (kind == SeriesKind.Number)
        {
            Unit(ref xml, batch, series, bounds.Options);
        }
        else if (text is not null && IndexOf(series.Texts, text) is >= 0 and int code)
        {
            value = code;
            text = null;
        }

        batch.Samples.Add(new SampleBatch.Entry(series, new Sample(at, value), text));
    }

    private static Series? Find(ref XmlSpanReader xml, SampleBatch batch, ReadOnlySpan<byte> rawName, string? node, SeriesKind kind, HistoryOptions options)
    {
        // The usual case looks nothing up and makes no text.
        if (node is null && rawName.IndexOf((byte)'&') < 0 && batch.Thing.Find(rawName, kind) is { } known)
        {
            return known;
        }

        string name = xml.Attribute("name"u8)!;
        string field = node is null ? name : $"{node}/{name}";
        byte[] utf8 = Encoding.UTF8.GetBytes(field);
        if (batch.Thing.Find(utf8, kind) is { } series)
        {
            return series;
        }

        foreach ((Series fresh, _) in batch.Changed)
        {
            if (fresh.Kind == kind && fresh.Field == field)
            {
                return fresh;
            }
        }

        if (name.Length == 0 || utf8.Length > options.NameBytes || batch.Thing.Count + batch.Changed.Count >= options.FieldsPerThing)
        {
            return null;
        }

        var made = new Series(0, batch.Thing.Id, field, kind, string.Empty);
        batch.Changed.Add((made, string.Empty));
        return made;
    }

    private static void Unit(ref XmlSpanReader xml, SampleBatch batch, Series series, HistoryOptions options)
    {
        string unit = xml.TryGetAttribute("unit"u8, out ReadOnlySpan<byte> raw) && raw.Length <= options.NameBytes ? IsSame(raw, series.Unit) ? series.Unit : xml.Attribute("unit"u8)! : string.Empty;
        if (unit == series.Unit)
        {
            return;
        }

        int at = batch.Changed.FindIndex(c => ReferenceEquals(c.Series, series));
        if (at >= 0)
        {
            batch.Changed[at] = (series, unit);
        }
        else
        {
            batch.Changed.Add((series, unit));
        }
    }

    private static bool IsSame(ReadOnlySpan<byte> raw, string known)
    {
        Span<byte> utf8 = stackalloc byte[64];
        return known.Length <= 16 && Encoding.UTF8.TryGetBytes(known, utf8, out int length) && raw.SequenceEqual(utf8[..length]);
    }

    // XML Schema: double, int, long; boolean is true, false, 1 or 0. Infinity and NaN are no samples.
    private static bool TryValue(ReadOnlySpan<byte> raw, SeriesKind kind, out double value)
    {
        raw = raw.Trim(" \t\r\n"u8);
        if (kind == SeriesKind.Boolean)
        {
            value = raw.SequenceEqual("true"u8) || raw.SequenceEqual("1"u8) ? 1 : 0;
            return value == 1 || raw.SequenceEqual("false"u8) || raw.SequenceEqual("0"u8);
        }

        if (raw.Length > 1 && raw[0] == '+')
        {
            raw = raw[1..];
        }

        return Utf8Parser.TryParse(raw, out value, out int used) && used == raw.Length && double.IsFinite(value);
    }

    private static int IndexOf(IReadOnlyList<string> texts, string text)
    {
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i] == text && text.Length > 0)
            {
                return i;
            }
        }

        return -1;
    }

    private readonly record struct Bounds(long Oldest, long Newest, HistoryOptions Options);
}
