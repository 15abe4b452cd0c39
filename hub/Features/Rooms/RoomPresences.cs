using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Presence that is sent to rooms: entering, changing, leaving (XEP-0045 §7.2, §7.6, §7.7, §7.14, §17.3), and errors that tell of ghosts (§18.1.2).</summary>
internal sealed class RoomPresences(RoomService rooms, IStanzaRouter router, TimeProvider time)
{
    /// <summary>Takes presence to a JID at the service.</summary>
    public async ValueTask<Verdict> TakeAsync(Stanza stanza, Session? sender)
    {
        Jid to = stanza.To!;
        if (to.Local.Length == 0)
        {
            return Verdict.Handled;
        }

        switch (stanza.Type)
        {
            case StanzaType.None:
                return await AvailableAsync(stanza, to).ConfigureAwait(false);
            case StanzaType.Unavailable:
                // By whichever nickname: a client that goes away names all that it has had.
                if (rooms.Book.Find(to.Local, out _) is { } room)
                {
                    room.Exit(stanza.From, new PresenceContent(RoomXml.Clean(stanza, room.Jid), stanza.Lang));
                }

                return Verdict.Handled;
            case StanzaType.Error:
                if (rooms.Book.Find(to.Local, out _) is { } told)
                {
                    await RoomGhosts.LookAsync(told, stanza, router).ConfigureAwait(false);
                }

                return Verdict.Handled;
            default:
                // §17.3: nothing else enters or leaves.
                return Verdict.Handled;
        }
    }

    private async ValueTask<Verdict> AvailableAsync(Stanza stanza, Jid to)
    {
        Element? join = RoomXml.Find(stanza, "x"u8, RoomXml.Muc);
        if (to.IsBare)
        {
            // §7.2.1: without a nickname.
            return join is null ? Verdict.Handled : Verdict.Reject(StanzaError.JidMalformed);
        }

        var presence = new PresenceContent(RoomXml.Clean(stanza, to.Bare), stanza.Lang);
        if (presence.Inner.Length > rooms.Options.PresenceBytes)
        {
            return Verdict.Reject(RoomXml.Error(RoomError.PolicyViolation));
        }

        RoomError? error;
        if (join is not null)
        {
            var entrance = new Entrance(stanza.From, to.Resource, presence) { Password = join.Child("password")?.Text, History = RoomXml.ReadHistory(join, time.GetUtcNow()), Id = stanza.Id };
            error = await rooms.EnterAsync(to.Local, entrance).ConfigureAwait(false);
        }
        else if (rooms.Book.Find(to.Local, out _) is not { } room || !room.TryUpdate(stanza.From, to.Resource, presence, stanza.Id, out error))
        {
            Deny(stanza, to);
            return Verdict.Handled;
        }

        return error is { } wrong ? Verdict.Reject(RoomXml.Error(wrong)) : Verdict.Handled;
    }

    // §7.2.17: a client that believes to be here learns that it is not.
    private void Deny(Stanza stanza, Jid to)
    {
        using var xml = new XmlBuilder();
        xml.Open("x"u8, RoomXml.User).Open("item"u8).Attribute("affiliation"u8, "none"u8).Attribute("role"u8, "none"u8).Close("item"u8);
        foreach (int code in (int[])[RoomStatus.Self, RoomStatus.Kicked, RoomStatus.TechnicalProblem])
        {
            xml.Open("status"u8).Attribute("code"u8, code).Close("status"u8);
        }

        router.Send(new OutgoingStanza(StanzaKind.Presence, StanzaType.Unavailable, to, xml.Close("x"u8).ToArray(), stanza.Id), stanza.From);
    }
}

/// <summary>Occupants whose client is gone without a word (XEP-0045 §18.1.2).</summary>
internal static class RoomGhosts
{
    /// <summary>How long a client that may be one is given to answer (30 s: within it a client on a bad line does).</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(30);

    /// <summary>Looks at an error that came back from an occupant.</summary>
    /// <returns>Whether it says that the occupant cannot be reached; it is then out.</returns>
    public static async ValueTask<bool> LookAsync(Room room, Stanza error, IStanzaRouter router)
    {
        switch (RoomXml.Condition(error))
        {
            case "gone" or "item-not-found" or "recipient-unavailable" or "redirect" or "remote-server-not-found" or "remote-server-timeout":
                room.Exit(error.From, PresenceContent.Empty, RoomStatus.TechnicalProblem);
                return true;
            case "service-unavailable" when error.From.Domain != room.Jid.Domain[(room.Jid.Domain.IndexOf('.', StringComparison.Ordinal) + 1)..]:
                // RFC 6121 §8.5.3.2.1: so says a server whose client is not there; and one whose account blocks who has spoken. A local client always tells when it goes.
                _ = AskAsync(room, error.From, router);
                return false;
            default:
                return false;
        }
    }

    private static async Task AskAsync(Room room, Jid user, IStanzaRouter router)
    {
        if (!room.Run(() => room.SessionOf(user) is { IsAsked: false } session && (session.IsAsked = true)))
        {
            return;
        }

        Stanza? answer = await router.AskAsync(new OutgoingStanza(StanzaKind.Iq, StanzaType.Get, room.Jid, "<ping xmlns='urn:xmpp:ping'/>"u8.ToArray()), user, Wait, CancellationToken.None).ConfigureAwait(false);
        room.Post(() =>
        {
            if (room.SessionOf(user) is { } session)
            {
                session.IsAsked = false;
            }
        });
        if (answer is { Type: StanzaType.Error } && RoomXml.Condition(answer) is not ("feature-not-implemented" or "forbidden" or "not-allowed"))
        {
            room.Exit(user, PresenceContent.Empty, RoomStatus.TechnicalProblem);
        }
    }
}
