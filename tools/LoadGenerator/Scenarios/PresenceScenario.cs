using System.Text;
using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Xmpp;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>
/// Presence: directed between the two of a pair (RFC 6121 §4.6), or, with a fan-out above one, broadcast to watchers whose subscriptions
/// (§3.1) are made before and taken back after the run.
/// </summary>
internal sealed class PresenceScenario(EventLoop loop, LoadSettings settings, Meter meter) : Scenario(loop, settings, meter)
{
    public override async Task Run()
    {
        var broadcast = Settings.Fanout > 1;
        var group = 1 + Settings.Fanout;
        var count = Settings.Pairs * group;
        if (broadcast && Accounts.Count < count)
        {
            throw new LoadSettingsException($"presence subscriptions are between accounts: {count} are needed, {Accounts.Count} given");
        }

        var sessions = await LoginAll(count, available: true);
        await Settle();
        if (broadcast)
        {
            await InParallel(count - Settings.Pairs, i => Watch(sessions[i / Settings.Fanout * group], sessions[i / Settings.Fanout * group + 1 + i % Settings.Fanout]));
            Progress($"{count - Settings.Pairs} presence subscriptions exist");
            await Settle();
        }

        var lanes = new Lane[Settings.Pairs];
        var pump = new Pump(Loop, Meter, lanes, Settings);
        for (var i = 0; i < lanes.Length; i++)
        {
            var sender = sessions[i * group];
            var to = broadcast ? "" : $" to='{sessions[i * group + 1].Jid}'";
            var template = new Template($"<presence{to}><status>{Template.StampedText(Settings.Payload)}</status></presence>");
            var lane = lanes[i] = new Lane { Send = stamp => template.Write(sender, stamp), Fanout = Settings.Fanout };
            for (var j = 1; j < group; j++)
            {
                sessions[i * group + j].Sink = (session, stanza, now) =>
                {
                    if (stanza.StartsWith("<presence"u8) && Template.TryRead(stanza, out var stamp))
                    {
                        pump.Delivered(lane, stamp, now);
                    }
                    else
                    {
                        Answer(session, stanza, now);
                    }
                };
            }
        }

        await Measure(pump);
        foreach (var session in sessions)
        {
            session.Sink = Answer;
        }

        if (broadcast)
        {
            for (var i = 0; i < count; i++)
            {
                if (i % group != 0)
                {
                    var item = $"<item jid='{sessions[i / group * group].BareJid}' subscription='remove'/>";
                    await sessions[i].Request("roster remove", $"<iq type='set' id='{{id}}'><query xmlns='jabber:iq:roster'>{item}</query></iq>");
                }
            }
        }

        await LeaveAll(sessions);
    }

    /// <summary>The watcher asks, the publisher approves, and the publisher's presence arrives.</summary>
    private async Task Watch(XmppSession publisher, XmppSession watcher)
    {
        var from = Encoding.UTF8.GetBytes(publisher.Jid);
        var watched = false;
        publisher.Sink = (session, stanza, now) =>
        {
            if (stanza.StartsWith("<presence"u8) && StanzaScanner.Attribute(stanza, "type") == "subscribe" && StanzaScanner.Attribute(stanza, "from") is { } asking)
            {
                session.Write(Encoding.UTF8.GetBytes($"<presence type='subscribed' to='{asking}'/>"));
            }
            else
            {
                Answer(session, stanza, now);
            }
        };
        watcher.Sink = (session, stanza, now) =>
        {
            if (stanza.StartsWith("<presence"u8) && StanzaScanner.Attribute(stanza, "type") is null && StanzaScanner.StartTag(stanza).IndexOf(from) > 0)
            {
                watched = true;
            }
            else
            {
                Answer(session, stanza, now);
            }
        };
        watcher.Write(Encoding.UTF8.GetBytes($"<presence type='subscribe' to='{publisher.BareJid}'/>"));
        if (!await Loop.Until(() => watched, Settings.Bound))
        {
            throw new LoadException("presence subscription: no presence came");
        }
    }
}
