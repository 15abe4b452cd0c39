using System.Globalization;
using System.Text;
using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Xmpp;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>
/// Things that publish samples of one field to the node of their telemetry (wire profile), so many in each publication, a second apart and each of them new. A delivery is the answer of the hub: it comes
/// when the samples are durable.
/// </summary>
internal sealed class TelemetryScenario(EventLoop loop, LoadSettings settings, Meter meter) : Scenario(loop, settings, meter)
{
    private const string PubSub = "http://jabber.org/protocol/pubsub";
    private const string NoTime = "0000-00-00T00:00:00Z";
    private const string NoValue = "00.00";

    private static ReadOnlySpan<byte> NoTimeBytes => "0000-00-00T00:00:00Z"u8;

    private static ReadOnlySpan<byte> NoValueBytes => "00.00"u8;

    /// <summary>The first sample is a week old: at ten samples a publication a thing has 60,000 publications until it comes to now.</summary>
    private static readonly TimeSpan Past = TimeSpan.FromDays(7);

    private string Service => Settings.PubSubService ?? "pubsub." + Settings.Domain;

    public override async Task Run()
    {
        var sessions = await LoginAll(Settings.Pairs, available: true);
        await Settle();
        var lanes = new Lane[sessions.Length];
        var pump = new Pump(Loop, Meter, lanes, Settings);
        await InParallel(lanes.Length, async i =>
        {
            var session = sessions[i];
            var thing = Accounts[i % Accounts.Count].Name;
            await session.Request(
                "create node",
                $"<iq type='set' to='{Service}' id='{{id}}'><pubsub xmlns='{PubSub}'><create node='things/{thing}/telemetry'/><configure><x xmlns='jabber:x:data' type='submit'>" +
                $"<field var='FORM_TYPE' type='hidden'><value>{PubSub}#node_config</value></field><field var='pubsub#max_items'><value>{Settings.MaxItems.ToString(CultureInfo.InvariantCulture)}</value></field></x></configure></pubsub></iq>");
            lanes[i] = new Lane { Send = Sender(session, thing, i) };
            session.Sink = (from, stanza, now) => OnAnswer(pump, lanes[i], from, stanza, now);
        });
        Progress($"{lanes.Length} things publish {Settings.Samples} samples at a time");
        await Measure(pump);
        foreach (var session in sessions)
        {
            session.Sink = Answer;
        }

        await LeaveAll(sessions);
    }

    private Action<long> Sender(XmppSession session, string thing, int seed)
    {
        var text = new StringBuilder($"<iq type='set' to='{Service}' id='{Template.Stamp}'><pubsub xmlns='{PubSub}'><publish node='things/{thing}/telemetry'><item><fields xmlns='urn:xmpp:iot:sensordata' seqnr='1'><node nodeId='{thing}'>");
        for (var i = 0; i < Settings.Samples; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"<timestamp value='{NoTime}'><numeric name='temperature' momentary='true' value='{NoValue}' unit='°C'/></timestamp>");
        }

        var template = new Template(text.Append("</node></fields></item></publish></pubsub></iq>").ToString());
        var time = DateTime.UtcNow - Past;
        var random = new Random(seed);
        var value = 21.0;
        return stamp =>
        {
            var room = template.Write(session, stamp);
            for (var i = 0; i < Settings.Samples; i++)
            {
                room = room[room.IndexOf(NoTimeBytes)..];
                time.TryFormat(room, out _, "yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
                time = time.AddSeconds(1);
                value = Math.Clamp(value + (random.NextDouble() - 0.5) / 5, 10, 99);
                room = room[room.IndexOf(NoValueBytes)..];
                value.TryFormat(room, out _, "00.00", CultureInfo.InvariantCulture);
            }
        };
    }

    private void OnAnswer(Pump pump, Lane lane, XmppSession session, ReadOnlySpan<byte> stanza, long now)
    {
        if (!stanza.StartsWith("<iq"u8) || StanzaScanner.Attribute(stanza, "id") is not ['~', ..])
        {
            Answer(session, stanza, now);
        }
        else if (StanzaScanner.IsError(stanza))
        {
            pump.Refused(lane, "publish: " + XmppSession.Condition(stanza));
        }
        else if (Template.TryRead(stanza, out var stamp))
        {
            pump.Delivered(lane, stamp, now);
        }
    }
}
