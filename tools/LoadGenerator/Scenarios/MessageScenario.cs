using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Xmpp;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>Pairs of sessions: the first sends chat messages to the full JID of the second.</summary>
internal sealed class MessageScenario(EventLoop loop, LoadSettings settings, Meter meter) : Scenario(loop, settings, meter)
{
    public override async Task Run()
    {
        var sessions = await LoginAll(Settings.Pairs * 2, Settings.Presence);
        var lanes = new Lane[Settings.Pairs];
        var pump = new Pump(Loop, Meter, lanes, Settings);
        for (var i = 0; i < lanes.Length; i++)
        {
            var (sender, receiver) = (sessions[2 * i], sessions[2 * i + 1]);
            var template = new Template(
                $"<message to='{receiver.Jid}' type='chat' id='m1'><body>{Template.StampedText(Settings.Payload)}</body></message>");
            var lane = lanes[i] = new Lane { Send = stamp => template.Write(sender, stamp) };
            sender.Sink = (session, stanza, now) =>
            {
                if (stanza.StartsWith("<message"u8) && StanzaScanner.IsError(stanza))
                {
                    pump.Refused(lane, "message: " + XmppSession.Condition(stanza));
                }
                else
                {
                    Answer(session, stanza, now);
                }
            };
            receiver.Sink = (session, stanza, now) =>
            {
                if (stanza.StartsWith("<message"u8) && Template.TryRead(stanza, out var stamp))
                {
                    pump.Delivered(lane, stamp, now);
                }
                else
                {
                    Answer(session, stanza, now);
                }
            };
        }

        await Measure(pump);
        await LeaveAll(sessions);
    }
}
