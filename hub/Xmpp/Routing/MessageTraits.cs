using System.Text;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Routing;

/// <summary>What stands in a message, as far as storing and copying it depends on that. One pass over its children finds all of it (<see cref="Stanza.Traits"/>).</summary>
[Flags]
public enum MessageTraits : uint
{
    /// <summary>Nothing of all this.</summary>
    None = 0,

    /// <summary>A <c>body</c> (RFC 6121 §5.2.3).</summary>
    Body = 1 << 0,

    /// <summary>A <c>subject</c>.</summary>
    Subject = 1 << 1,

    /// <summary>The hint <c>no-store</c> (XEP-0334).</summary>
    NoStore = 1 << 2,

    /// <summary>The hint <c>no-permanent-store</c>.</summary>
    NoPermanentStore = 1 << 3,

    /// <summary>The hint <c>no-copy</c>.</summary>
    NoCopy = 1 << 4,

    /// <summary>The hint <c>store</c>.</summary>
    Store = 1 << 5,

    /// <summary>Not to be copied (XEP-0280 §9: <c>private</c>).</summary>
    Private = 1 << 6,

    /// <summary>A copy made by carbons (XEP-0280).</summary>
    Carbon = 1 << 7,

    /// <summary>A receipt or the request for one (XEP-0184).</summary>
    Receipt = 1 << 8,

    /// <summary>A chat state (XEP-0085).</summary>
    ChatState = 1 << 9,

    /// <summary>A marker (XEP-0333).</summary>
    Marker = 1 << 10,

    /// <summary>An id of its origin (XEP-0359 §3.2).</summary>
    OriginId = 1 << 11,

    /// <summary>An id that claims to be an archive's (XEP-0359 §3.1).</summary>
    StanzaId = 1 << 12,

    /// <summary>It was delayed (XEP-0203).</summary>
    Delay = 1 << 13,

    /// <summary>It comes from a room (XEP-0045: <c>x</c> of muc#user) and is no invitation.</summary>
    Room = 1 << 14,

    /// <summary>An invitation to a room, mediated (XEP-0045 §7.8.2) or direct (XEP-0249).</summary>
    Invitation = 1 << 15,

    /// <summary>It says that its content is encrypted (XEP-0380).</summary>
    Encrypted = 1 << 16,

    /// <summary>An element that none of the others names; a <c>thread</c> is nothing.</summary>
    Other = 1 << 17,

    /// <summary>Somebody calls (XEP-0353 §3: <c>propose</c>); it is <see cref="Other"/> too.</summary>
    Call = 1 << 18,
}

/// <summary>Finds the traits of a message.</summary>
internal static class MessageTraitsReader
{
    /// <summary>Reads what stands between a message's tags.</summary>
    public static MessageTraits Read(ReadOnlySpan<byte> inner)
    {
        var traits = MessageTraits.None;
        var reader = new XmlSpanReader(inner);
        while (reader.Read())
        {
            if (reader.Node != XmlNode.Start)
            {
                continue;
            }

            ReadOnlySpan<byte> ns = reader.Namespace;
            // Written with references, it is still that namespace to who receives it.
            traits |= TraitOf(ref reader, ns.Contains((byte)'&') ? Encoding.UTF8.GetBytes(XmlEscape.Decode(ns, isAttribute: true)) : ns);
            reader.Skip();
        }

        return traits;
    }

    private static MessageTraits TraitOf(ref XmlSpanReader reader, ReadOnlySpan<byte> ns)
    {
        ReadOnlySpan<byte> name = reader.LocalName;
        if (ns.SequenceEqual("jabber:client"u8))
        {
            return name.SequenceEqual("body"u8) ? MessageTraits.Body
                : name.SequenceEqual("subject"u8) ? MessageTraits.Subject
                : name.SequenceEqual("thread"u8) ? MessageTraits.None
                : MessageTraits.Other;
        }

        if (ns.SequenceEqual("urn:xmpp:hints"u8))
        {
            return name.SequenceEqual("no-store"u8) ? MessageTraits.NoStore
                : name.SequenceEqual("no-permanent-store"u8) ? MessageTraits.NoPermanentStore
                : name.SequenceEqual("no-copy"u8) ? MessageTraits.NoCopy
                : name.SequenceEqual("store"u8) ? MessageTraits.Store
                : MessageTraits.None;
        }

        if (ns.SequenceEqual("urn:xmpp:sid:0"u8))
        {
            return name.SequenceEqual("origin-id"u8) ? MessageTraits.OriginId : name.SequenceEqual("stanza-id"u8) ? MessageTraits.StanzaId : MessageTraits.Other;
        }

        if (ns.SequenceEqual("urn:xmpp:carbons:2"u8))
        {
            return name.SequenceEqual("private"u8) ? MessageTraits.Private : MessageTraits.Carbon;
        }

        if (ns.SequenceEqual("http://jabber.org/protocol/muc#user"u8))
        {
            return HasInvitation(reader) ? MessageTraits.Invitation : MessageTraits.Room;
        }

        return ns.SequenceEqual("urn:xmpp:receipts"u8) ? MessageTraits.Receipt
            : ns.SequenceEqual("http://jabber.org/protocol/chatstates"u8) ? MessageTraits.ChatState
            : ns.SequenceEqual("urn:xmpp:chat-markers:0"u8) ? MessageTraits.Marker
            : ns.SequenceEqual("urn:xmpp:delay"u8) ? MessageTraits.Delay
            : ns.SequenceEqual("jabber:x:conference"u8) ? MessageTraits.Invitation
            : ns.SequenceEqual("urn:xmpp:eme:0"u8) ? MessageTraits.Encrypted
            : ns.StartsWith("urn:xmpp:jingle-message:"u8) && name.SequenceEqual("propose"u8) ? MessageTraits.Other | MessageTraits.Call
            : MessageTraits.Other;
    }

    // A copy of the reader looks ahead.
    private static bool HasInvitation(XmlSpanReader reader)
    {
        int depth = reader.Depth;
        while (reader.Read() && !(reader.Node == XmlNode.End && reader.Depth == depth))
        {
            if (reader.IsStart("invite"u8))
            {
                return true;
            }
        }

        return false;
    }
}
