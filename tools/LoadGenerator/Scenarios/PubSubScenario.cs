using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Xmpp;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>
/// XEP-0060: each lane has a node of its own with one publisher and so many subscribers; what is counted is notifications, and an
/// operation is a publish that the server has acknowledged.
/// </summary>
internal sealed class PubSubScenario(EventLoop loop, LoadSettings settings, Meter meter) : Scenario(loop, settings, meter)
{
    private const string PubSub = "http://jabber.org/protocol/pubsub";

    private string Service => Settings.PubSubService ?? "pubsub." + Settings.Domain;

    public override async Task Run()
    {
        var group = 1 + Settings.Fanout;
        var sessions = await LoginAll(Settings.Pairs * group, available: true);
        await Settle();
        var lanes = new Lane[Settings.Pairs];
        var pump = new Pump(Loop, Meter, lanes, Settings);
        var nodes = new string[lanes.Length];

        // One at a time: ejabberd's Mnesia aborts transactions that create nodes side by side.
        async Task Prepare(int i)
        {
            nodes[i] = $"load-{Environment.ProcessId}-{i}";
            var publisher = sessions[i * group];
            await Create(publisher, nodes[i]);
            var template = new Template(
                $"<iq type='set' to='{Service}' id='{Template.Stamp}'><pubsub xmlns='{PubSub}'><publish node='{nodes[i]}'><item id='{Template.Stamp}'>" +
                $"<data xmlns='urn:iotxmpp:load:1'>{new string('x', Settings.Payload)}</data></item></publish></pubsub></iq>");
            lanes[i] = new Lane { Send = stamp => template.Write(publisher, stamp), Fanout = Settings.Fanout, Acknowledges = true };
        }

        await InParallel(lanes.Length, Prepare, parallel: 1);
        Progress($"{lanes.Length} nodes exist");
        await InParallel(lanes.Length * Settings.Fanout, async i =>
        {
            var lane = i / Settings.Fanout;
            var subscriber = sessions[lane * group + 1 + i % Settings.Fanout];
            var jid = Settings.FullJidSubscriptions ? subscriber.Jid : subscriber.BareJid;
            await subscriber.Request(
                "subscribe",
                $"<iq type='set' to='{Service}' id='{{id}}'><pubsub xmlns='{PubSub}'><subscribe node='{nodes[lane]}' jid='{jid}'/></pubsub></iq>");
        });
        Progress($"{lanes.Length * Settings.Fanout} subscriptions exist");
        for (var i = 0; i < sessions.Length; i++)
        {
            var lane = lanes[i / group];
            sessions[i].Sink = i % group == 0
                ? (session, stanza, now) => OnPublisher(pump, lane, session, stanza, now)
                : (session, stanza, now) => OnSubscriber(pump, lane, session, stanza, now);
        }

        await Measure(pump);
        foreach (var session in sessions)
        {
            session.Sink = Answer;
        }

        await InParallel(lanes.Length, i => sessions[i * group].Request(
            "delete node",
            $"<iq type='set' to='{Service}' id='{{id}}'><pubsub xmlns='{PubSub}#owner'><delete node='{nodes[i]}'/></pubsub></iq>"), parallel: 1);
        await LeaveAll(sessions);
    }

    private async Task Create(XmppSession publisher, string node)
    {
        static string Field(string name, string value) => $"<field var='pubsub#{name}'><value>{value}</value></field>";
        var fields = Field("access_model", "open") + Field("send_last_published_item", "never") + Field("notify_retract", "0") + Field("persist_items", Settings.Persist ? "1" : "0") +
                     (Settings.Persist ? Field("max_items", Settings.MaxItems.ToString(System.Globalization.CultureInfo.InvariantCulture)) : "");
        await publisher.Request(
            "create node",
            $"<iq type='set' to='{Service}' id='{{id}}'><pubsub xmlns='{PubSub}'><create node='{node}'/><configure><x xmlns='jabber:x:data' type='submit'>" +
            $"<field var='FORM_TYPE' type='hidden'><value>{PubSub}#node_config</value></field>{fields}</x></configure></pubsub></iq>");
    }

    private void OnPublisher(Pump pump, Lane lane, XmppSession session, ReadOnlySpan<byte> stanza, long now)
    {
        if (!stanza.StartsWith("<iq"u8) || StanzaScanner.Attribute(stanza, "id") is not ['~', ..])
        {
            Answer(session, stanza, now);
        }
        else if (StanzaScanner.IsError(stanza))
        {
            pump.Refused(lane, "publish: " + XmppSession.Condition(stanza));
        }
        else
        {
            pump.Acknowledged(lane);
        }
    }

    private void OnSubscriber(Pump pump, Lane lane, XmppSession session, ReadOnlySpan<byte> stanza, long now)
    {
        if (stanza.StartsWith("<message"u8) && stanza.IndexOf("#event"u8) > 0 && stanza.IndexOf("<retract"u8) < 0 && Template.TryRead(stanza, out var stamp))
        {
            pump.Delivered(lane, stamp, now);
        }
        else
        {
            Answer(session, stanza, now);
        }
    }
}
