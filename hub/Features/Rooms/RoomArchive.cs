using IotXmpp.Hub.Features.Archive;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>
/// Archives of rooms (XEP-0313 §9.1.2), at the hub's desk for archives, under the room's address. A message is kept once, as it was passed on, without an addressee. At its end stands <c>x</c> with the sender's
/// real JID and affiliation: who may not see that is shown the message without it.
/// </summary>
internal sealed class RoomArchive(Func<ArchiveDesk?> desk) : IRoomArchive
{
    private static readonly byte[] Private = "<x xmlns='http://jabber.org/protocol/muc#user'><item "u8.ToArray();

    /// <inheritdoc/>
    public bool IsThere => desk() is not null;

    /// <inheritdoc/>
    public Task<string> AppendAsync(Room room, RoomMessage message, OccupantSession sender)
    {
        using var xml = new XmlBuilder(message.Inner.Length + 512);
        xml.Open("message"u8).Attribute("type"u8, "groupchat"u8).Attribute("id"u8, message.Id).Attribute("xml:lang"u8, message.Lang).Attribute("from"u8, message.From.Utf8).Raw(message.Inner);
        RoomXml.WriteOccupantId(xml, message.OccupantId);
        xml.Open("x"u8, RoomXml.User).Open("item"u8).Attribute("affiliation"u8, RoomTokens.Of(sender.Occupant.Affiliation)).Attribute("role"u8, RoomTokens.Of(sender.Occupant.Role))
            .Attribute("jid"u8, sender.Jid.Utf8).Close("item"u8).Close("x"u8).Close("message"u8);
        return desk()!.AppendAsync(room.Jid.ToString(), sender.Jid, xml.ToArray());
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<RoomMessage>> LastAsync(Jid room, int count, CancellationToken cancel)
    {
        var messages = new List<RoomMessage>();
        if (desk() is { } there)
        {
            foreach (ArchivedMessage archived in await there.LastAsync(room.ToString(), count, cancel).ConfigureAwait(false))
            {
                if (Read(archived, room) is { } message)
                {
                    messages.Add(message);
                }
            }
        }

        return messages;
    }

    /// <inheritdoc/>
    public Task RemoveAsync(Jid room) => desk()?.RemoveAsync(room.ToString()) ?? Task.CompletedTask;

    /// <summary>A stored message without the sender's real JID and affiliation.</summary>
    public static byte[] WithoutPrivate(byte[] stanza)
    {
        int start = stanza.AsSpan().LastIndexOf(Private);
        if (start < 0)
        {
            return stanza;
        }

        int end = start + stanza.AsSpan(start).IndexOf("</x>"u8) + "</x>"u8.Length;
        return [.. stanza.AsSpan(0, start), .. stanza.AsSpan(end)];
    }

    private static RoomMessage? Read(ArchivedMessage archived, Jid room)
    {
        Stanza stanza = Stanza.Parse(WithoutPrivate(archived.Stanza), room, null);
        if ((stanza.Traits & (MessageTraits.Subject | MessageTraits.Body)) == MessageTraits.Subject || RoomXml.ReadJid(stanza.Bytes.Length > 0 ? From(stanza) : null) is not { } from)
        {
            return null; // §7.2.13: a subject is no part of the discussion
        }

        string? occupant = RoomXml.Find(stanza, "occupant-id"u8, RoomXml.OccupantIdNs)?["id"];
        return new RoomMessage(from, RoomXml.Clean(stanza, room), stanza.Id, stanza.Lang) { OccupantId = occupant, ArchiveId = archived.Id.ToString(), SaidAt = archived.Id.At };
    }

    // A parsed stanza has its addresses beside it; this one's stands in its bytes.
    private static string? From(Stanza stanza)
    {
        var reader = new XmlSpanReader(stanza.Bytes.Span);
        return reader.Read() ? reader.Attribute("from"u8) : null;
    }
}
