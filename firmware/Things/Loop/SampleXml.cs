using IotXmpp.Features;
using IotXmpp.Xml;

namespace IotXmpp.Things;

/// <summary>Writes samples as XEP-0323 does.</summary>
internal sealed class SampleXml
{
    private readonly Field _field = new Field();

    /// <summary>Writes one <c>timestamp</c> with the fields of a sample.</summary>
    /// <param name="writer">Where to: within an open <c>node</c>.</param>
    /// <param name="sample">The sample.</param>
    /// <param name="current">True for an answer to a read-out, which says that it can be had automatically; a publish leaves that out, to keep the wire profile's sizes.</param>
    /// <param name="request">Which fields, or null for all.</param>
    public void Write(StanzaWriter writer, Sample sample, bool current, ReadoutRequest request)
    {
        SensorData.BeginTime(writer, sample.TimeMs);
        for (int i = 0; i < sample.Count; i++)
        {
            FieldFlags flags = sample.Flags(i);
            if (request != null && !request.Wants(sample.Name(i), flags))
            {
                continue;
            }

            _field.Name = sample.Name(i);
            _field.Kind = sample.Kind(i);
            _field.Value = sample.Value(i);
            _field.Unit = _field.Kind == FieldKind.Numeric ? sample.Text(i) : null;
            _field.Flags = current ? flags | FieldFlags.AutomaticReadout : flags;
            SensorData.Write(writer, _field);
        }

        writer.End();
    }
}
