using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>The types of a field (XEP-0323) and of a control parameter (XEP-0325), named as on the wire by <see cref="SensorData.ElementOf"/>.</summary>
public enum FieldKind
{
    /// <summary>A number with unit (XEP-0323).</summary>
    Numeric,
    /// <summary>Text.</summary>
    String,
    /// <summary>True or false.</summary>
    Boolean,
    /// <summary>One of some texts (XEP-0323).</summary>
    Enum,
    /// <summary>32-bit integer.</summary>
    Int,
    /// <summary>64-bit integer.</summary>
    Long,
    /// <summary>A point in time.</summary>
    DateTime,
    /// <summary>A span of time (XML Schema).</summary>
    Duration,
    /// <summary>A date.</summary>
    Date,
    /// <summary>A time of day.</summary>
    Time,
    /// <summary>A number (XEP-0325).</summary>
    Double,
    /// <summary>A colour, RRGGBB or RRGGBBAA (XEP-0325).</summary>
    Color,
}

/// <summary>What kind of value a field holds and how it is (XEP-0323 §3.2, the flags of a field).</summary>
[System.Flags]
public enum FieldFlags
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>Measured at the time of the timestamp.</summary>
    Momentary = 1,
    /// <summary>Names the thing.</summary>
    Identity = 2,
    /// <summary>Tells how the thing is.</summary>
    Status = 4,
    /// <summary>Computed, not measured.</summary>
    Computed = 8,
    /// <summary>A minimum or maximum.</summary>
    Peak = 16,
    /// <summary>Read automatically.</summary>
    AutomaticReadout = 32,
    /// <summary>A value is missing.</summary>
    Missing = 64,
    /// <summary>The value is estimated by the thing.</summary>
    AutomaticEstimate = 128,
    /// <summary>The thing warns of something.</summary>
    Warning = 256,
    /// <summary>The thing has an error.</summary>
    Error = 512,
    /// <summary>The value may be set by control.</summary>
    Writable = 1024,
    /// <summary>The value is of before; the finer historical flags read as this one.</summary>
    Historical = 2048,
}

/// <summary>One field as it was read. The value is as on the wire.</summary>
public sealed class Field
{
    /// <summary>Name.</summary>
    public string Name;
    /// <summary>Type.</summary>
    public FieldKind Kind;
    /// <summary>The value as on the wire.</summary>
    public string Value;
    /// <summary>Unit (numeric) or "".</summary>
    public string Unit;
    /// <summary>Flags.</summary>
    public FieldFlags Flags;

    /// <summary>The value as a number: numeric, int, long, double; a boolean is 0 or 1.</summary>
    public bool TryNumber(out double number)
    {
        if (Kind == FieldKind.Boolean)
        {
            number = Value == "true" || Value == "1" ? 1 : 0;
            return true;
        }
        return NumberFormat.TryParse(Value, out number);
    }
}

/// <summary>Takes the fields of a payload, one by one.</summary>
public interface IFieldVisitor
{
    /// <summary>One field.</summary>
    /// <param name="nodeId">The node.</param>
    /// <param name="unixMs">The timestamp, in milliseconds since 1970.</param>
    /// <param name="field">The field; a new object each time.</param>
    void Field(string nodeId, long unixMs, Field field);
}

/// <summary>
/// Sensor data (XEP-0323) to and from XML. To write: <see cref="Begin"/>, then for each node <see cref="BeginNode"/>, for each time <see cref="BeginTime"/>, its fields, and <c>End()</c> of the writer for each that was begun.
/// </summary>
public static class SensorData
{
    private static readonly XmlName Fields = new XmlName(Ns.SensorData, "fields");
    // Words come by a switch: as tables of strings they would be a kilobyte of a device's heap.
    private const int KindCount = 12;
    private const int FlagCount = 12;
    private const int FineCount = 9;

    /// <summary>What a sample of a sensor is: momentary. (That it was read automatically says the node; left out, it saves 24 bytes a sample, and one sample stays under 400.)</summary>
    public const FieldFlags Sample = FieldFlags.Momentary;

    /// <summary>The element that carries a kind.</summary>
    public static string ElementOf(FieldKind kind)
    {
        return ElementAt((int)kind);
    }

    /// <summary>The kind that an element carries; false when it is none.</summary>
    public static bool TryKind(XmlPullParser parser, out FieldKind kind)
    {
        for (int i = 0; i < KindCount; i++)
        {
            if (parser.LocalIs(ElementAt(i)))
            {
                kind = (FieldKind)i;
                return true;
            }
        }
        kind = FieldKind.String;
        return false;
    }

    /// <summary>Opens <c>&lt;fields/&gt;</c>.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="sequence">The reader's number, or a counter of the thing.</param>
    /// <param name="done">Whether this ends a readout.</param>
    public static StanzaWriter Begin(StanzaWriter writer, long sequence, bool done)
    {
        writer.Start(Fields).Attribute("seqnr", sequence);
        return done ? writer.Attribute("done", true) : writer;
    }

    /// <summary>Opens <c>&lt;node/&gt;</c>.</summary>
    public static StanzaWriter BeginNode(StanzaWriter writer, string nodeId)
    {
        return writer.Start("node").Attribute("nodeId", nodeId);
    }

    /// <summary>Opens <c>&lt;timestamp/&gt;</c>, in milliseconds since 1970.</summary>
    public static StanzaWriter BeginTime(StanzaWriter writer, long unixMs)
    {
        return writer.Start("timestamp").TimeAttribute("value", unixMs);
    }

    /// <summary>Writes a number with unit (UCUM or SI) and so many decimals.</summary>
    public static void Numeric(StanzaWriter writer, string name, double value, int decimals, string unit, FieldFlags flags)
    {
        Open(writer, FieldKind.Numeric, name, flags).Attribute("value", value, decimals).Attribute("unit", unit).End();
    }

    /// <summary>Writes a boolean.</summary>
    public static void Boolean(StanzaWriter writer, string name, bool value, FieldFlags flags)
    {
        Open(writer, FieldKind.Boolean, name, flags).Attribute("value", value).End();
    }

    /// <summary>Writes an integer as <c>int</c> or, where it is larger, <c>long</c>.</summary>
    public static void Integer(StanzaWriter writer, string name, long value, FieldFlags flags)
    {
        bool small = value >= int.MinValue && value <= int.MaxValue;
        Open(writer, small ? FieldKind.Int : FieldKind.Long, name, flags).Attribute("value", value).End();
    }

    /// <summary>Writes any kind by its text on the wire.</summary>
    public static void Write(StanzaWriter writer, Field field)
    {
        Open(writer, field.Kind, field.Name, field.Flags).Attribute("value", field.Value).Attribute("unit", string.IsNullOrEmpty(field.Unit) ? null : field.Unit).End();
    }

    /// <summary>Reads the <c>&lt;fields/&gt;</c> that the parser stands on, to its end.</summary>
    /// <returns>The number of fields; -1 when a timestamp or a value is missing or malformed (fields before it have been given).</returns>
    public static int Read(XmlPullParser parser, IFieldVisitor visitor)
    {
        int count = 0;
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            if (!parser.Is(Ns.SensorData, "node"))
            {
                continue;
            }
            string node = parser.Attribute("nodeId");
            node = node == null ? string.Empty : node;
            while (parser.NextChild(depth + 1))
            {
                if (!parser.Is(Ns.SensorData, "timestamp"))
                {
                    continue;
                }
                if (!TimeFormat.TryParse(parser.Attribute("value"), out long time))
                {
                    return -1;
                }
                while (parser.NextChild(depth + 2))
                {
                    if (!parser.NamespaceIs(Ns.SensorData) || !TryKind(parser, out FieldKind kind))
                    {
                        continue;
                    }
                    Field field = ReadField(parser, kind);
                    if (field == null)
                    {
                        return -1;
                    }
                    visitor.Field(node, time, field);
                    count++;
                }
            }
        }
        return count;
    }

    /// <summary>Whether the parser stands on <c>&lt;fields/&gt;</c>.</summary>
    public static bool IsFields(XmlPullParser parser)
    {
        return parser.Is(Fields);
    }

    private static Field ReadField(XmlPullParser parser, FieldKind kind)
    {
        string name = parser.Attribute("name");
        string value = parser.Attribute("value");
        string unit = parser.Attribute("unit");
        if (string.IsNullOrEmpty(name) || value == null)
        {
            return null;
        }
        FieldFlags flags = FieldFlags.None;
        for (int i = 0; i < FlagCount; i++)
        {
            if (parser.AttributeFlag(FlagAt(i), false))
            {
                flags |= (FieldFlags)(1 << i);
            }
        }
        for (int i = 0; i < FineCount; i++)
        {
            if (parser.AttributeFlag(FineAt(i), false))
            {
                flags |= FieldFlags.Historical;
            }
        }
        return new Field { Name = name, Kind = kind, Value = value, Unit = unit == null ? string.Empty : unit, Flags = flags };
    }

    private static StanzaWriter Open(StanzaWriter writer, FieldKind kind, string name, FieldFlags flags)
    {
        writer.Start(ElementAt((int)kind)).Attribute("name", name);
        for (int i = 0; i < FlagCount; i++)
        {
            if (((int)flags & 1 << i) != 0)
            {
                writer.Attribute(FlagAt(i), true);
            }
        }
        return writer;
    }

    private static string ElementAt(int index)
    {
        switch (index)
        {
            case 0: return "numeric";
            case 1: return "string";
            case 2: return "boolean";
            case 3: return "enum";
            case 4: return "int";
            case 5: return "long";
            case 6: return "dateTime";
            case 7: return "duration";
            case 8: return "date";
            case 9: return "time";
            case 10: return "double";
            default: return "color";
        }
    }

    private static string FlagAt(int index)
    {
        switch (index)
        {
            case 0: return "momentary";
            case 1: return "identity";
            case 2: return "status";
            case 3: return "computed";
            case 4: return "peak";
            case 5: return "automaticReadout";
            case 6: return "missing";
            case 7: return "automaticEstimate";
            case 8: return "warning";
            case 9: return "error";
            case 10: return "writable";
            default: return "historical";
        }
    }

    private static string FineAt(int index)
    {
        switch (index)
        {
            case 0: return "historicalSecond";
            case 1: return "historicalMinute";
            case 2: return "historicalHour";
            case 3: return "historicalDay";
            case 4: return "historicalWeek";
            case 5: return "historicalMonth";
            case 6: return "historicalQuarter";
            case 7: return "historicalYear";
            default: return "historicalOther";
        }
    }
}
