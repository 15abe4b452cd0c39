using System.Globalization;
using System.Text;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>What rooms tell, as XML. What is the same for many is written once.</summary>
internal sealed class RoomOutbox(IStanzaRouter router) : IRoomOutbox
{
    private long _ids;

    /// <inheritdoc/>
    public void Presence(Room room, PresenceNotice notice, IReadOnlyList<OccupantSession> to)
    {
        if (to.Count == 1)
        {
            Send(room, notice, [to[0].Jid], notice.RealJid is not null && room.SeesJids(to[0].Occupant), to[0].Occupant == notice.Occupant);
            return;
        }

        // At most four kinds of readers: who sees real JIDs or not, the occupant itself or another.
        List<Jid>?[] readers = new List<Jid>?[4];
        foreach (OccupantSession session in to)
        {
            int kind = (notice.RealJid is not null && room.SeesJids(session.Occupant) ? 1 : 0) | (session.Occupant == notice.Occupant ? 2 : 0);
            (readers[kind] ??= []).Add(session.Jid);
        }

        // §7.2.2: itself last.
        for (int kind = 0; kind < readers.Length; kind++)
        {
            if (readers[kind] is { } jids)
            {
                Send(room, notice, jids, (kind & 1) != 0, (kind & 2) != 0);
            }
        }
    }

    /// <inheritdoc/>
    public void Message(Room room, RoomMessage message, IReadOnlyList<OccupantSession> to)
    {
        var jids = new Jid[to.Count];
        for (int i = 0; i < jids.Length; i++)
        {
            jids[i] = to[i].Jid;
        }

        router.Multicast(new OutgoingStanza(StanzaKind.Message, StanzaType.Groupchat, message.From, Payload(room, message), message.Id, message.Lang), jids);
    }

    /// <inheritdoc/>
    public int Measure(Room room, RoomMessage message, Jid to)
    {
        using var xml = new XmlBuilder(message.Inner.Length + 512);
        xml.Open("message"u8).Attribute("type"u8, "groupchat"u8).Attribute("id"u8, message.Id).Attribute("from"u8, message.From.Utf8).Attribute("xml:lang"u8, message.Lang).Attribute("to"u8, to.Utf8);
        xml.Raw(Payload(room, message)).Close("message"u8);
        return Encoding.UTF8.GetCharCount(xml.Written);
    }

    /// <inheritdoc/>
    public void Status(Room room, IReadOnlyList<int> codes, IReadOnlyList<OccupantSession> to)
    {
        using var xml = new XmlBuilder();
        xml.Open("x"u8, RoomXml.User);
        foreach (int code in codes)
        {
            WriteStatus(xml, code);
        }

        xml.Close("x"u8);
        router.Multicast(new OutgoingStanza(StanzaKind.Message, StanzaType.Groupchat, room.Jid, xml.ToArray(), NewId()), [.. to.Select(session => session.Jid)]);
    }

    /// <inheritdoc/>
    public void Invite(Room room, Invitation invitation)
    {
        using var xml = new XmlBuilder();
        xml.Open("x"u8, RoomXml.User).Open("invite"u8).Attribute("from"u8, (invitation.From ?? room.Jid).Utf8).Text("reason"u8, invitation.Reason);
        if (invitation.IsContinuation)
        {
            xml.Open("continue"u8).Attribute("thread"u8, invitation.Thread).Close("continue"u8);
        }

        xml.Close("invite"u8).Text("password"u8, invitation.Password).Close("x"u8);
        router.Send(new OutgoingStanza(StanzaKind.Message, StanzaType.None, room.Jid, xml.ToArray(), invitation.Id ?? NewId()), invitation.To);
    }

    /// <inheritdoc/>
    public void AskForVoice(Room room, Occupant visitor, IReadOnlyList<OccupantSession> moderators)
    {
        var form = new DataForm(FormType.Form, RoomXml.Request) { Title = "Voice request", Instructions = "To let this person speak, choose \"Grant voice to this person\" and submit the form." };
        form.Add(new FormField("muc#role") { Type = "list-single", Label = "Requested role", Values = ["participant"], Options = [new FormOption("participant", "Participant")] });
        form.Add(FormField.Single("muc#jid", "jid-single", visitor.Primary.Jid.ToString(), "User ID"));
        form.Add(FormField.Single("muc#roomnick", "text-single", visitor.Nick, "Room nickname"));
        form.Add(FormField.Boolean("muc#request_allow", value: false, "Grant voice to this person?"));
        Ask(room, form, moderators);
    }

    /// <inheritdoc/>
    public void AskForMembership(Room room, Jid user, string nick, IReadOnlyList<OccupantSession> admins)
    {
        var form = new DataForm(FormType.Form, RoomXml.RegisterForm) { Title = "Registration request", Instructions = "To make this person a member, choose \"Allow this person to register with the room\" and submit the form." };
        form.Add(FormField.Single("muc#register_roomnick", "text-single", nick, "Desired nickname"));
        form.Add(FormField.Single("muc#jid", "jid-single", user.ToString(), "User ID"));
        form.Add(FormField.Boolean("muc#register_allow", value: false, "Allow this person to register with the room?"));
        Ask(room, form, admins);
    }

    private static byte[] Payload(Room room, RoomMessage message)
    {
        using var xml = new XmlBuilder(message.Inner.Length + 512);
        xml.Raw(message.Inner);
        if (message.SaidAt is { } at)
        {
            // §7.2.13, §7.2.15: from the room itself.
            Forwarded.WriteDelay(xml, at, room.Jid);
        }

        RoomXml.WriteOccupantId(xml, message.OccupantId);
        if (message.ArchiveId is { } id)
        {
            xml.Open("stanza-id"u8, RoomXml.StanzaIdNs).Attribute("by"u8, room.Jid.Utf8).Attribute("id"u8, id).Close("stanza-id"u8);
        }

        return xml.ToArray();
    }

    private static void WriteStatus(XmlBuilder xml, int code) => xml.Open("status"u8).Attribute("code"u8, code).Close("status"u8);

    private void Send(Room room, PresenceNotice notice, IReadOnlyList<Jid> to, bool seesJid, bool isSelf)
    {
        using var xml = new XmlBuilder(notice.Content.Inner.Length + 512);
        xml.Raw(notice.Content.Inner);
        xml.Open("x"u8, RoomXml.User);
        xml.Open("item"u8).Attribute("affiliation"u8, RoomTokens.Of(notice.Affiliation)).Attribute("role"u8, RoomTokens.Of(notice.Role));
        if (seesJid)
        {
            xml.Attribute("jid"u8, notice.RealJid!.Utf8);
        }

        xml.Attribute("nick"u8, notice.NewNick);
        if (notice.Actor is not null)
        {
            xml.Open("actor"u8).Attribute("nick"u8, notice.Actor).Close("actor"u8);
        }

        xml.Text("reason"u8, notice.Reason).Close("item"u8);
        if (notice.Destruction is { } end)
        {
            xml.Open("destroy"u8).Attribute("jid"u8, end.Venue?.ToString()).Text("reason"u8, end.Reason).Text("password"u8, end.Password).Close("destroy"u8);
        }

        foreach (int code in notice.Codes)
        {
            WriteStatus(xml, code);
        }

        if (isSelf)
        {
            foreach (int code in notice.SelfCodes)
            {
                WriteStatus(xml, code);
            }

            WriteStatus(xml, RoomStatus.Self);
        }

        xml.Close("x"u8);
        RoomXml.WriteOccupantId(xml, notice.Occupant.Id);
        StanzaType type = notice.IsUnavailable ? StanzaType.Unavailable : StanzaType.None;
        router.Multicast(new OutgoingStanza(StanzaKind.Presence, type, room.JidOf(notice.Nick), xml.ToArray(), isSelf ? notice.Id : null, notice.Content.Lang), to);
    }

    private void Ask(Room room, DataForm form, IReadOnlyList<OccupantSession> to)
    {
        if (to.Count > 0)
        {
            router.Multicast(new OutgoingStanza(StanzaKind.Message, StanzaType.None, room.Jid, form.ToBytes(), NewId()), [.. to.Select(session => session.Jid)]);
        }
    }

    private string NewId() => "room" + Interlocked.Increment(ref _ids).ToString(CultureInfo.InvariantCulture);
}
