using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>Holds stanzas against what their sender's and their addressee's accounts deny (XEP-0016 §2.2 rule 4, XEP-0191 §2.3). Costs nothing while nobody denies anything.</summary>
internal sealed class PrivacyGuard(ModuleHost hub, StanzaRouter router)
{
    private static readonly StanzaError Blocked = StanzaError.NotAcceptable.WithExtension("<blocked xmlns='urn:xmpp:blocking:errors'/>"u8.ToArray());

    /// <summary>Whether somebody's rules may be about a stanza between two.</summary>
    public bool Concerns(Jid from, Jid? to) => hub.Privacy is { IsUsed: true } privacy && to is not null && ((IsAccount(from) && privacy.Has(from.Local)) || (IsAccount(to) && privacy.Has(to.Local)));

    /// <summary>Whether a stanza may go on. What an account denies to send comes back with <c>not-acceptable</c>; what the addressee denies is answered as if it were not there.</summary>
    /// <param name="stanza">The stanza.</param>
    /// <param name="sender">The local session that sent it, or null.</param>
    /// <param name="isNotice">Presence that goes to many: nobody is told that one of them does not get it.</param>
    public async ValueTask<bool> PassesAsync(Stanza stanza, Session? sender, bool isNotice = false)
    {
        Jid to = stanza.To!;
        Jid from = stanza.From;
        // XEP-0016 §2.1: never between the resources of one account; and an account can always talk to its server, or it could never undo a rule.
        if (from.Bare.Equals(to.Bare) || to.Equals(hub.Domain) || from.Equals(hub.Domain))
        {
            return true;
        }

        if (IsAccount(from) && hub.Privacy!.Has(from.Local) && await hub.Privacy.ViewAsync(from.Bare, to).ConfigureAwait(false) is { } own
            && own.Denies(sender ?? SessionOf(from), IsNotification(stanza) ? PrivacyKinds.PresenceOut : PrivacyKinds.None))
        {
            if (!isNotice && sender is not null)
            {
                router.Bounce(stanza, Blocked);
            }

            return false;
        }

        if (IsAccount(to) && hub.Privacy!.Has(to.Local) && await hub.Privacy.ViewAsync(to.Bare, from).ConfigureAwait(false) is { } theirs)
        {
            stanza.Privacy = theirs;
            if (IsDenied(stanza, theirs, to))
            {
                // Presence is not answered at all; to who asks, the account looks as if it were away.
                if (stanza.Kind != StanzaKind.Presence)
                {
                    router.Bounce(stanza, StanzaError.ServiceUnavailable);
                }

                return false;
            }
        }

        return true;
    }

    /// <summary>What a stanza that comes in is to the rules.</summary>
    public static PrivacyKinds KindOf(Stanza stanza) => stanza.Kind switch
    {
        StanzaKind.Message => PrivacyKinds.Message,
        StanzaKind.Iq => PrivacyKinds.Iq,
        _ => IsNotification(stanza) ? PrivacyKinds.PresenceIn : PrivacyKinds.None,
    };

    private static bool IsNotification(Stanza stanza) => stanza.Kind == StanzaKind.Presence && stanza.Type is StanzaType.None or StanzaType.Unavailable;

    private bool IsAccount(Jid jid) => jid.Local.Length > 0 && jid.Domain == hub.Domain.Domain;

    private Session? SessionOf(Jid jid) => jid.IsFull && hub.Sessions.TryGet(jid, out Session? session) ? session : null;

    // To a resource: by its list. To the account: where every session that could get it denies it, or there is none and the default list does.
    private bool IsDenied(Stanza stanza, IPrivacyView view, Jid to)
    {
        PrivacyKinds kind = KindOf(stanza);
        if (to.IsFull || stanza.Kind == StanzaKind.Iq)
        {
            return view.Denies(SessionOf(to), kind);
        }

        ReadOnlySpan<Session> sessions = hub.Sessions.Of(to);
        foreach (Session session in sessions)
        {
            if (!view.Denies(session, kind))
            {
                return false;
            }
        }

        return sessions.Length > 0 || view.Denies(null, kind);
    }
}
