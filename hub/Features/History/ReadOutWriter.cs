using System.Text;
using IotXmpp.Hub.Xml;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.History;

/// <summary>Writes samples as <c>fields</c> messages (XEP-0323 §3.2), a page at a time.</summary>
internal sealed class ReadOutWriter(string sequence) : IDisposable
{
    /// <summary>Fields in one message (200: about 30 KB, less than the smallest stanza that clients take).</summary>
    private const int FieldsPerMessage = 200;

    private readonly XmlBuilder _xml = new(4096);
    private string? _thing;
    private long? _time;
    private int _fields;

    /// <summary>Whether a message is full: <see cref="Take"/> it.</summary>
    public bool IsFull => _fields >= FieldsPerMessage;

    /// <summary>Writes one sample.</summary>
    public void Add(Series series, in Sample sample, string flag)
    {
        Begin(series.Thing, sample.Time);
        Field(series, series.Field, flag, default, series.Text(sample.Value));
    }

    /// <summary>Writes what stands for a span: its mean, and its lowest and highest value with the names of XEP-0323 §4.2; of truth and texts, which have no mean, the last.</summary>
    public void Add(Series series, in Aggregate aggregate, string flag)
    {
        Begin(series.Thing, aggregate.Time);
        if (series.Kind != SeriesKind.Number)
        {
            Field(series, series.Field, flag, default, series.Text(aggregate.Last));
            return;
        }

        Field(series, series.Field, flag, "computed"u8, series.Text(aggregate.Average));
        Field(series, series.Field + ", Min", flag, "peak"u8, series.Text(aggregate.Min));
        Field(series, series.Field + ", Max", flag, "peak"u8, series.Text(aggregate.Max));
    }

    /// <summary>Whether something was written since the last message.</summary>
    public bool Any => _fields > 0;

    /// <summary>Ends a message and gives its payload; the next begins anew.</summary>
    public byte[] Take()
    {
        EndThing();
        _xml.Close("fields"u8);
        byte[] payload = _xml.ToArray();
        _xml.Clear();
        _fields = 0;
        return payload;
    }

    /// <summary>Says that the request is answered.</summary>
    public byte[] Done()
    {
        _xml.Clear();
        return _xml.Open("done"u8, Ns.SensorData).Attribute("seqnr"u8, sequence).Close("done"u8).ToArray();
    }

    /// <inheritdoc/>
    public void Dispose() => _xml.Dispose();

    private void Begin(string thing, long time)
    {
        if (_fields == 0)
        {
            _xml.Open("fields"u8, Ns.SensorData).Attribute("seqnr"u8, sequence);
        }

        if (_thing != thing)
        {
            EndThing();
            _xml.Open("node"u8).Attribute("nodeId"u8, thing);
            _thing = thing;
        }

        if (_time != time)
        {
            EndTime();
            _xml.Open("timestamp"u8).Attribute("value"u8, TimeFormat.Text(time));
            _time = time;
        }
    }

    private void Field(Series series, string name, string flag, ReadOnlySpan<byte> second, string value)
    {
        ReadOnlySpan<byte> element = series.Kind switch
        {
            SeriesKind.Boolean => "boolean"u8,
            SeriesKind.Enum => "enum"u8,
            _ => "numeric"u8,
        };
        _xml.Open(element).Attribute("name"u8, name).Attribute(Encoding.ASCII.GetBytes(flag), "true"u8);
        if (!second.IsEmpty)
        {
            _xml.Attribute(second, "true"u8);
        }

        _xml.Attribute("value"u8, value);
        if (series.Kind == SeriesKind.Enum)
        {
            _xml.Attribute("dataType"u8, series.Field); // the schema demands one; the name says what it is
        }
        else if (series.Unit.Length > 0)
        {
            _xml.Attribute("unit"u8, series.Unit);
        }

        _xml.Close(element);
        _fields++;
    }

    private void EndThing()
    {
        EndTime();
        if (_thing is not null)
        {
            _xml.Close("node"u8);
            _thing = null;
        }
    }

    private void EndTime()
    {
        if (_time is not null)
        {
            _xml.Close("timestamp"u8);
            _time = null;
        }
    }
}
