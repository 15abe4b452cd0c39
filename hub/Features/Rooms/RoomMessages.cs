using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>Messages that are sent to rooms and occupants: to all (XEP-0045 §7.4), the subject (§8.1), in private (§7.5), invitations (§7.8.2), voice (§7.13, §8.6), registrations (§9.9).</summary>
internal sealed class RoomMessages(RoomService rooms, RoomInvitations invitations, IHub hub)
{
    private const MessageTraits WorthKeeping = MessageTraits.Body | MessageTraits.Subject | MessageTraits.Store | MessageTraits.Encrypted;

    /// <summary>Takes a message to all.</summary>
    public async ValueTask<Task?> SayAsync(Stanza message)
    {
        Jid to = message.To!;
        StanzaError? error = to.Local.Length == 0 ? StanzaError.ServiceUnavailable
            : to.IsFull ? StanzaError.BadRequest // §7.5
            : null;
        Room? room = error is null ? await rooms.FindAsync(to.Local).ConfigureAwait(false) : null;
        if (room is null)
        {
            hub.Router.Bounce(message, error ?? StanzaError.ItemNotFound);
            return null;
        }

        MessageTraits traits = message.Traits;
        var speech = new Speech(RoomXml.Clean(message, room.Jid), message.Id, message.Lang)
        {
            // §8.1: a subject, and neither a body nor a thread.
            IsSubject = (traits & (MessageTraits.Subject | MessageTraits.Body)) == MessageTraits.Subject && RoomXml.Find(message, "thread"u8, Ns.Client) is null,
            IsKept = (traits & WorthKeeping) != 0 && (traits & (MessageTraits.NoStore | MessageTraits.NoPermanentStore)) == 0,
        };
        ValueTask<RoomError?> said = rooms.Conversation.SayAsync(room, message.From, speech);
        if (said.IsCompletedSuccessfully)
        {
            Refuse(message, said.Result);
            return null;
        }

        return FinishAsync(said, message);
    }

    /// <summary>Takes every other message to a JID at the service.</summary>
    public async ValueTask<Verdict> TakeAsync(Stanza message, Session? sender)
    {
        Jid to = message.To!;
        if (to.Local.Length == 0)
        {
            return message.Type == StanzaType.Error ? Verdict.Handled : Verdict.Reject(StanzaError.ServiceUnavailable);
        }

        if (await rooms.FindAsync(to.Local).ConfigureAwait(false) is not { } room)
        {
            return message.Type == StanzaType.Error ? Verdict.Handled : Verdict.Reject(StanzaError.ItemNotFound);
        }

        if (message.Type == StanzaType.Error)
        {
            if (!await RoomGhosts.LookAsync(room, message, hub.Router).ConfigureAwait(false) && to.IsFull)
            {
                await ReturnAsync(room, message, to).ConfigureAwait(false);
            }

            return Verdict.Handled;
        }

        return to.IsFull ? await WhisperAsync(room, message, to).ConfigureAwait(false) : await ToRoomAsync(room, message).ConfigureAwait(false);
    }

    private static Verdict Outcome(RoomError? error) => error is { } wrong ? Verdict.Reject(RoomXml.Error(wrong)) : Verdict.Handled;

    private async Task FinishAsync(ValueTask<RoomError?> said, Stanza message) => Refuse(message, await said.ConfigureAwait(false));

    private void Refuse(Stanza message, RoomError? error)
    {
        if (error is { } wrong)
        {
            hub.Router.Bounce(message, RoomXml.Error(wrong));
        }
    }

    // §7.5.
    private async ValueTask<Verdict> WhisperAsync(Room room, Stanza message, Jid to)
    {
        if (message.Type is not (StanzaType.Chat or StanzaType.Normal))
        {
            return Verdict.Reject(StanzaError.BadRequest);
        }

        byte[] inner = RoomXml.Clean(message, room.Jid);
        if (inner.Length > rooms.Options.MessageBytes)
        {
            return Outcome(RoomError.PolicyViolation);
        }

        if (rooms.Conversation.Whisper(room, message.From, to.Resource, out Occupant? from, out IReadOnlyList<OccupantSession> sessions) is { } error)
        {
            return Outcome(error);
        }

        using var xml = new XmlBuilder(inner.Length + 256);
        Open(xml, message).Raw(inner).Empty("x"u8, RoomXml.User);
        RoomXml.WriteOccupantId(xml, from!.Id);
        byte[] bytes = xml.Close("message"u8).ToArray();
        Jid as_ = room.JidOf(from.Nick);
        for (int i = 0; i < sessions.Count; i++)
        {
            Stanza copy = Stanza.Parse(bytes, as_, sessions[i].Jid);
            if (i > 0 && hub.Sessions.TryGet(sessions[i].Jid, out Session? session))
            {
                // To all of its clients, but into its archive once (XEP-0313 §9.1.1).
                hub.Router.DeliverTo(session, copy);
            }
            else
            {
                await hub.Router.RouteAsync(copy).ConfigureAwait(false);
            }
        }

        return Verdict.Handled;
    }

    // An error that is about a private message: to who has sent it.
    private async ValueTask ReturnAsync(Room room, Stanza message, Jid to)
    {
        Occupant? from = null;
        OccupantSession[] sessions = room.Run<OccupantSession[]>(() =>
        {
            from = room.SessionOf(message.From)?.Occupant;
            return from is not null && room.OccupantOf(to.Resource) is { } target ? [.. target.Sessions] : [];
        });
        if (sessions.Length == 0)
        {
            return;
        }

        using var xml = new XmlBuilder(message.Inner.Length + 256);
        byte[] bytes = Open(xml, message).Raw(RoomXml.Clean(message, room.Jid)).Empty("x"u8, RoomXml.User).Close("message"u8).ToArray();
        foreach (OccupantSession session in sessions)
        {
            await hub.Router.RouteAsync(Stanza.Parse(bytes, room.JidOf(from!.Nick), session.Jid)).ConfigureAwait(false);
        }
    }

    private static XmlBuilder Open(XmlBuilder xml, Stanza message)
    {
        xml.Open("message"u8);
        if (message.Type is StanzaType.Chat or StanzaType.Error)
        {
            xml.Attribute("type"u8, message.Type == StanzaType.Chat ? "chat"u8 : "error"u8);
        }

        return xml.Attribute("id"u8, message.Id).Attribute("xml:lang"u8, message.Lang);
    }

    private async ValueTask<Verdict> ToRoomAsync(Room room, Stanza message)
    {
        if (message.Type != StanzaType.Normal)
        {
            return Verdict.Reject(StanzaError.BadRequest); // §17.2
        }

        if (RoomXml.Find(message, "x"u8, RoomXml.User) is { } x)
        {
            if (x.Child("decline") is { } decline)
            {
                invitations.Decline(room, message, decline);
                return Verdict.Handled;
            }

            if (x.Child("invite") is not null)
            {
                return Outcome(await invitations.InviteAsync(room, message, x).ConfigureAwait(false));
            }
        }

        if (RoomXml.Find(message, "x"u8, Ns.DataForms) is { } element)
        {
            return DataForm.Read(element) is { } form ? Outcome(await SubmittedAsync(room, message.From, form).ConfigureAwait(false)) : Verdict.Reject(StanzaError.BadRequest);
        }

        // §17.2: what is not for the room itself is meant for all, and must say so.
        return Verdict.Reject(StanzaError.BadRequest);
    }

    private async ValueTask<RoomError?> SubmittedAsync(Room room, Jid from, DataForm form)
    {
        if (form.Type == FormType.Cancel)
        {
            return null; // another one may decide
        }

        if (form.Type != FormType.Submit)
        {
            return RoomError.BadRequest;
        }

        switch (form.FormType)
        {
            case RoomXml.Request when form["muc#request_allow"] is { } allow:
                return await GrantAsync(room, from, form, allow).ConfigureAwait(false);
            case RoomXml.Request:
                return AskForVoice(room, from, form);
            case RoomXml.RegisterForm when form["muc#register_allow"] is { } allow && allow.TryBoolean(out bool isAllowed):
                return await rooms.ApproveAsync(room, await rooms.ActorAsync(from).ConfigureAwait(false), form["muc#register_roomnick"]?.Value ?? "", isAllowed).ConfigureAwait(false);
            default:
                return RoomError.BadRequest;
        }
    }

    // §8.6: the moderator's answer.
    private async ValueTask<RoomError?> GrantAsync(Room room, Jid from, DataForm form, FormField allow)
    {
        if (!allow.TryBoolean(out bool isAllowed) || RoomTokens.ReadRole(form["muc#role"]?.Value ?? "participant") is not (Role.Participant and { } role))
        {
            return RoomError.BadRequest;
        }

        RoomActor actor = await rooms.ActorAsync(from).ConfigureAwait(false);
        return isAllowed || actor.IsAdministrator
            ? isAllowed ? rooms.Moderation.ChangeRoles(room, actor, [new RoleChange(form["muc#roomnick"]?.Value ?? "", role)], static () => { }) : null
            : room.Run<RoomError?>(() => actor.RoleIn(room) == Role.Moderator ? null : RoomError.Forbidden);
    }

    // §7.13.
    private RoomError? AskForVoice(Room room, Jid from, DataForm form) => room.Run<RoomError?>(() =>
    {
        if (room.SessionOf(from) is not { } session)
        {
            return RoomError.NotAcceptable;
        }

        if (form["muc#role"]?.Value is not "participant")
        {
            return RoomError.BadRequest;
        }

        if (!session.Allowance.Take())
        {
            return RoomError.ResourceConstraint;
        }

        if (session.Occupant.Role == Role.Visitor)
        {
            rooms.AskForVoice(room, session.Occupant);
        }

        return null;
    });
}
