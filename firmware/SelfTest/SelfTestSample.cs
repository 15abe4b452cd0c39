using IotXmpp.Features;
using IotXmpp.Xml;

namespace IotXmpp.SelfTest;

/// <summary>The sample that a self-test publishes: one temperature (XEP-0323), as a thing with one sensor would.</summary>
internal sealed class SelfTestSample
{
    private readonly string _thing;

    internal SelfTestSample(string thing)
    {
        _thing = thing;
        Node = "things/" + thing + "/telemetry";
    }

    /// <summary>Where it is published: the thing's telemetry.</summary>
    internal string Node { get; }

    /// <summary>Writes it into a publish that was begun, and ends the publish.</summary>
    /// <param name="writer">Within the item.</param>
    /// <param name="timeMs">Its time, in milliseconds since 1970.</param>
    /// <param name="makeNode">Whether the node shall be made by it (XEP-0060 §7.1.5), for the thing's friends only.</param>
    internal void Write(StanzaWriter writer, long timeMs, bool makeNode)
    {
        SensorData.Begin(writer, 0, false);
        SensorData.BeginNode(writer, _thing);
        SensorData.BeginTime(writer, timeMs);
        SensorData.Numeric(writer, "temperature", 20 + (timeMs / 1000 % 10), 1, "Cel", SensorData.Sample);
        // fields, node, timestamp; item, publish
        writer.End().End().End().End().End();
        if (makeNode)
        {
            DataForm.Begin(writer.Start("publish-options"), "submit", "http://jabber.org/protocol/pubsub#publish-options");
            writer.Start("field").Attribute("var", "pubsub#access_model").Element("value", "whitelist");
        }
    }
}
