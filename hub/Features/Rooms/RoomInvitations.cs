using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Invitations that a room passes on, and their answers (XEP-0045 §7.8.2, §7.9).</summary>
internal sealed class RoomInvitations(RoomService rooms, IRoomOutbox outbox, IHub hub)
{
    /// <summary>Invitations of one message (10).</summary>
    private const int MaxInvited = 10;

    /// <summary>Invitations of all rooms that may still be declined (10,000); then the oldest cannot.</summary>
    private const int MaxOpen = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(Jid Room, Jid Invited, Jid Inviter), Jid> _open = [];
    private readonly Queue<(Jid Room, Jid Invited, Jid Inviter)> _inOrder = new();

    /// <summary>An occupant invites.</summary>
    public async ValueTask<RoomError?> InviteAsync(Room room, Stanza message, Element x)
    {
        var invited = new List<(Jid To, Element Invite)>();
        foreach (Element invite in x.Children.Where(child => child.Is("invite", RoomXml.User)))
        {
            if (RoomXml.ReadJid(invite["to"]) is not { } to || invited.Count == MaxInvited)
            {
                return RoomXml.ReadJid(invite["to"]) is null ? RoomError.JidMalformed : RoomError.PolicyViolation;
            }

            if (to.Domain == hub.Domain.Domain && (to.Local.Length == 0 || !await hub.Accounts.ExistsAsync(to.Local).ConfigureAwait(false)))
            {
                return RoomError.ItemNotFound;
            }

            invited.Add((to, invite));
        }

        RoomActor actor = await rooms.ActorAsync(message.From).ConfigureAwait(false);
        var members = new List<Affiliate>();
        if (room.Run(() => Refuses(room, actor, invited, members)) is { } refusal)
        {
            return refusal;
        }

        if (members.Count > 0)
        {
            // §9.5: an invitation to a members-only room makes a member; that the room invites by itself then is enough said once.
            RoomError? error = await rooms.AddMembersAsync(room, members).ConfigureAwait(false);
            if (error is not null)
            {
                return error;
            }
        }

        foreach ((Jid to, Element invite) in invited)
        {
            Element? continuation = invite.Child("continue");
            Note((room.Jid, to.Bare, message.From.Bare), message.From);
            outbox.Invite(room, new Invitation(to, message.From.Bare, Reason(invite), room.Configuration.PasswordProtected ? room.Configuration.Secret : null)
            {
                IsContinuation = continuation is not null,
                Thread = continuation?["thread"],
                Id = message.Id,
            });
        }

        return null;
    }

    /// <summary>Who was invited does not come. Passed on to who has invited, and to nobody else: a room is no way to write to strangers.</summary>
    public void Decline(Room room, Stanza message, Element decline)
    {
        if (RoomXml.ReadJid(decline["to"]) is not { } inviter || !Forget((room.Jid, message.From.Bare, inviter.Bare), out Jid? real))
        {
            return;
        }

        using var xml = new XmlBuilder();
        xml.Open("x"u8, RoomXml.User).Open("decline"u8).Attribute("from"u8, message.From.Bare.Utf8).Text("reason"u8, Reason(decline)).Close("decline"u8).Close("x"u8);
        Jid to = room.Run(() => room.SessionOf(real) is not null) ? real : real.Bare;
        hub.Router.Send(new OutgoingStanza(StanzaKind.Message, StanzaType.None, room.Jid, xml.ToArray(), message.Id), to);
    }

    private static RoomError? Refuses(Room room, RoomActor actor, List<(Jid To, Element Invite)> invited, List<Affiliate> members)
    {
        Affiliation affiliation = actor.AffiliationIn(room);
        if (room.SessionOf(actor.User) is not { } session && affiliation < Affiliation.Admin)
        {
            return RoomError.NotAcceptable;
        }
        else if (!RoomPrivileges.MayInvite(affiliation, actor.RoleIn(room), room.Configuration))
        {
            return RoomError.Forbidden;
        }
        else if (room.SessionOf(actor.User)?.Allowance.Take() == false)
        {
            return RoomError.ResourceConstraint;
        }

        foreach ((Jid to, _) in invited)
        {
            switch (room.Affiliations.Of(to))
            {
                case Affiliation.Outcast:
                    return RoomError.NotAllowed;
                case Affiliation.None when room.Configuration.MembersOnly:
                    members.Add(new Affiliate(to.Bare, Affiliation.Member));
                    break;
                default:
                    break;
            }
        }

        return null;
    }

    private string? Reason(Element element) => element.Child("reason")?.Text is { } reason ? reason[..Math.Min(reason.Length, rooms.Options.TextLimit)] : null;

    private void Note((Jid Room, Jid Invited, Jid Inviter) invitation, Jid real)
    {
        lock (_gate)
        {
            if (!_open.TryAdd(invitation, real))
            {
                _open[invitation] = real;
                return;
            }

            _inOrder.Enqueue(invitation);
            if (_inOrder.Count > MaxOpen)
            {
                _open.Remove(_inOrder.Dequeue());
            }
        }
    }

    private bool Forget((Jid Room, Jid Invited, Jid Inviter) invitation, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Jid? real)
    {
        lock (_gate)
        {
            return _open.Remove(invitation, out real);
        }
    }
}
