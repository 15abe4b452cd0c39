using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Xmpp;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>
/// IQ get and result, between two clients (two deliveries a round trip: the request and its answer) or from a client to its server
/// (XEP-0199, one delivery).
/// </summary>
internal sealed class IqScenario(EventLoop loop, LoadSettings settings, Meter meter) : Scenario(loop, settings, meter)
{
    public override async Task Run()
    {
        var sessions = await LoginAll(Settings.Pairs * 2, Settings.Presence);
        var lanes = new Lane[Settings.Pairs];
        var pump = new Pump(Loop, Meter, lanes, Settings);
        for (var i = 0; i < lanes.Length; i++)
        {
            var (asking, answering) = (sessions[2 * i], sessions[2 * i + 1]);
            var to = Settings.IqTarget == IqTarget.Server ? Settings.Domain : answering.Jid;
            var request = new Template($"<iq type='get' to='{to}' id='{Template.Stamp}'><ping xmlns='urn:xmpp:ping'/></iq>");
            var result = new Template($"<iq type='result' to='{asking.Jid}' id='{Template.Stamp}'/>");
            var lane = lanes[i] = new Lane { Send = stamp => request.Write(asking, stamp) };
            asking.Sink = (session, stanza, now) =>
            {
                if (!stanza.StartsWith("<iq"u8) || !Template.TryRead(stanza, out var stamp))
                {
                    Answer(session, stanza, now);
                }
                else if (StanzaScanner.IsError(stanza))
                {
                    pump.Refused(lane, "iq: " + XmppSession.Condition(stanza));
                }
                else
                {
                    Meter.Operate();
                    pump.Delivered(lane, stamp, now);
                }
            };
            answering.Sink = (session, stanza, now) =>
            {
                if (stanza.StartsWith("<iq"u8) && Template.TryRead(stanza, out var stamp))
                {
                    Meter.DeliverUntimed();
                    result.Write(session, stamp);
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
