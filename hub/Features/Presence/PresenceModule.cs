using System.Globalization;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Presence;

/// <summary>Presence (RFC 6121 §4): initial, updated, unavailable, directed, probes. It is the liveness of things: what is told here is true.</summary>
public sealed class PresenceModule : IXmppModule
{
    private IHub _hub = null!;

    /// <inheritdoc/>
    public string Name => "Presence";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("RFC 6121 §4", "Exchanging Presence Information")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        module.Presence(Phase.Deliver, HandleAsync);
    }

    private static bool TryPriority(Stanza stanza, out sbyte priority, out int keepAlive)
    {
        priority = 0;
        keepAlive = 0;
        XmlSpanReader reader = stanza.ReadInner();
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start || reader.Depth != 1)
            {
                continue;
            }

            if (reader.IsStart("priority"u8, "jabber:client"u8))
            {
                // RFC 6121 §4.7.2.3: an integer from -128 to +127.
                string text = reader.ReadText().Trim();
                if (text.Length > 0 && !sbyte.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out priority))
                {
                    return false;
                }
            }
            else if (reader.IsStart("thing"u8, "urn:iotxmpp:thing:1"u8))
            {
                if (int.TryParse(reader.Attribute("keepalive"u8), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds))
                {
                    keepAlive = Math.Clamp(seconds, 10, 1200);
                }

                reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }

        return true;
    }

    private ValueTask<Verdict> HandleAsync(Stanza stanza, Session? sender)
    {
        if (stanza.Type == StanzaType.Unknown)
        {
            return Verdict.Reject(StanzaError.BadRequest);
        }

        if (sender is not null && stanza.To is null)
        {
            return stanza.Type switch
            {
                StanzaType.None => AvailableAsync(stanza, sender),
                StanzaType.Unavailable => UnavailableAsync(stanza, sender),
                StanzaType.Error => Verdict.Handled,
                _ => Verdict.Reject(StanzaError.BadRequest),
            };
        }

        if (stanza.Type == StanzaType.Probe && IsLocalAccount(stanza.To!))
        {
            return ProbedAsync(stanza.From, stanza.To!);
        }

        if (sender is not null && stanza.Type is StanzaType.None or StanzaType.Unavailable)
        {
            DirectedPresence directed = sender!.Get<DirectedPresence>() ?? new DirectedPresence();
            if (!directed.Note(stanza.To!, stanza.Type == StanzaType.None))
            {
                return Verdict.Reject(StanzaError.ResourceConstraint);
            }

            sender.Set(directed);
        }

        return Verdict.Continue;
    }

    private async ValueTask<Verdict> AvailableAsync(Stanza stanza, Session sender)
    {
        if (!TryPriority(stanza, out sbyte priority, out int keepAlive))
        {
            return Verdict.Reject(StanzaError.BadRequest);
        }

        bool isInitial = !sender.IsAvailable;
        Stanza kept = stanza.Copy();
        sender.KeepAliveSeconds = keepAlive;
        sender.SetPresence(kept, priority, _hub.Time.GetUtcNow());
        PresenceContacts contacts = await _hub.Rosters.ContactsAsync(sender.Jid.Bare).ConfigureAwait(false);
        _hub.Router.Broadcast(kept, contacts.Subscribers);
        // §4.2.2: also to the account's own resources, the sender among them.
        _hub.Router.Broadcast(kept, [sender.Jid.Bare]);
        if (!isInitial)
        {
            return Verdict.Handled;
        }

        foreach (Session other in _hub.Sessions.ListOf(sender.Jid.Bare))
        {
            if (other != sender && other.Presence is { } presence)
            {
                SendPresence(presence, other, sender);
            }
        }

        foreach (Jid contact in contacts.Subscriptions)
        {
            await ProbeAsync(sender, contact).ConfigureAwait(false);
        }

        return Verdict.Handled;
    }

    private async ValueTask<Verdict> UnavailableAsync(Stanza stanza, Session sender)
    {
        if (sender.IsAvailable)
        {
            PresenceContacts contacts = await _hub.Rosters.ContactsAsync(sender.Jid.Bare).ConfigureAwait(false);
            // §4.5.2: to the account's own resources too, this one among them.
            _hub.Router.Broadcast(stanza, [sender.Jid.Bare]);
            sender.SetPresence(null, 0, _hub.Time.GetUtcNow());
            _hub.Router.Broadcast(stanza, contacts.Subscribers);
        }

        // §4.6.3: and to whom presence was directed.
        foreach (Jid entity in sender.Get<DirectedPresence>()?.TakeAll() ?? [])
        {
            Stanza copy = stanza.Copy();
            copy.SetAddresses(stanza.From, entity);
            await _hub.Router.RouteAsync(copy).ConfigureAwait(false);
        }

        return Verdict.Handled;
    }

    // §4.3.1: on behalf of a client that has just come.
    private async ValueTask ProbeAsync(Session sender, Jid contact)
    {
        if (!IsLocalAccount(contact))
        {
            await _hub.Router.RouteAsync(Stanza.Parse("<presence type='probe'/>"u8.ToArray(), sender.Jid.Bare, contact)).ConfigureAwait(false);
            return;
        }

        if (!await _hub.Rosters.MaySeePresenceAsync(contact, sender.Jid.Bare).ConfigureAwait(false))
        {
            return;
        }

        bool any = false;
        foreach (Session session in _hub.Sessions.ListOf(contact))
        {
            if (session.Presence is { } presence)
            {
                any = true;
                SendPresence(presence, session, sender);
            }
        }

        if (!any && await FarewellAsync(contact, sender.Jid).ConfigureAwait(false) is { } farewell)
        {
            _hub.Router.DeliverTo(sender, farewell);
        }
    }

    // §4.3.2: somebody asks for the presence of an account of this hub.
    private async ValueTask<Verdict> ProbedAsync(Jid from, Jid to)
    {
        bool isOwn = from.Bare.Equals(to.Bare);
        if (!isOwn && !await _hub.Rosters.MaySeePresenceAsync(to.Bare, from.Bare).ConfigureAwait(false))
        {
            await _hub.Router.RouteAsync(Stanza.Parse("<presence type='unsubscribed'/>"u8.ToArray(), to.Bare, from)).ConfigureAwait(false);
            return Verdict.Handled;
        }

        bool any = false;
        foreach (Session session in _hub.Sessions.ListOf(to.Bare))
        {
            if (session.Presence is { } presence && (to.IsBare || session.Jid.Equals(to)))
            {
                any = true;
                await _hub.Router.RouteAsync(Stamped(presence, session, from)).ConfigureAwait(false);
            }
        }

        if (!any)
        {
            Stanza farewell = await FarewellAsync(to.Bare, from).ConfigureAwait(false) ?? Stanza.Parse("<presence type='unavailable'/>"u8.ToArray(), to.Bare, from);
            await _hub.Router.RouteAsync(farewell).ConfigureAwait(false);
        }

        return Verdict.Handled;
    }

    private void SendPresence(Stanza presence, Session of, Session to) => _hub.Router.DeliverTo(to, Stamped(presence, of, to.Jid));

    // XEP-0203 §4: presence that was sent before is told with its time: since when.
    private Stanza Stamped(Stanza presence, Session of, Jid to)
    {
        using var xml = new XmlBuilder(presence.Bytes.Length + 128);
        xml.Open("presence"u8).RawAttributes(presence.RawAttributes).Raw(presence.Inner.Span);
        WriteDelay(xml, of.PresenceAt);
        return Stanza.Parse(xml.Close("presence"u8).ToArray(), of.Jid, to);
    }

    private void WriteDelay(XmlBuilder xml, DateTimeOffset at) => xml.Open("delay"u8, Ns.Delay).Attribute("from"u8, _hub.Domain.Utf8)
        .Attribute("stamp"u8, at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)).Close("delay"u8);

    // §4.3.2: who is away is shown as he went, with the time.
    private async ValueTask<Stanza?> FarewellAsync(Jid account, Jid to)
    {
        if (await _hub.LastSeen.FindAsync(account.Local).ConfigureAwait(false) is not { } seen)
        {
            return null;
        }

        using var xml = new XmlBuilder(seen.Presence.Length + 256);
        xml.Open("presence"u8).Attribute("type"u8, "unavailable"u8).Raw(seen.Presence);
        WriteDelay(xml, seen.At);
        return Stanza.Parse(xml.Close("presence"u8).ToArray(), account, to);
    }

    private bool IsLocalAccount(Jid jid) => jid.Local.Length > 0 && jid.Domain == _hub.Domain.Domain;
}

/// <summary>To whom a session has directed its presence (RFC 6121 §4.6): they are told when it goes.</summary>
internal sealed class DirectedPresence
{
    /// <summary>Entities that one session may direct presence to at a time (1,000: more rooms and peers than a person has).</summary>
    public const int Limit = 1000;

    private readonly HashSet<Jid> _entities = [];

    /// <summary>Notes or forgets an entity; false where there are too many.</summary>
    public bool Note(Jid entity, bool isAvailable)
    {
        lock (_entities)
        {
            if (!isAvailable)
            {
                _entities.Remove(entity);
                return true;
            }

            return _entities.Contains(entity) || (_entities.Count < Limit && _entities.Add(entity));
        }
    }

    /// <summary>Gives all and forgets them.</summary>
    public Jid[] TakeAll()
    {
        lock (_entities)
        {
            Jid[] all = [.. _entities];
            _entities.Clear();
            return all;
        }
    }
}
