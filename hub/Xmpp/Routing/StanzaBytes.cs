using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>Writes stanzas out of parts that are bytes already.</summary>
internal static class StanzaBytes
{
    /// <summary>How many bytes <see cref="Write"/> needs at most.</summary>
    public static int Bound(ReadOnlySpan<byte> head, Jid to, ReadOnlySpan<byte> tail) => head.Length + tail.Length + (to.Utf8.Length * 6) + 8;

    /// <summary>Writes <paramref name="head"/>, the addressee and <paramref name="tail"/>; returns the bytes written.</summary>
    public static int Write(Span<byte> target, ReadOnlySpan<byte> head, Jid to, ReadOnlySpan<byte> tail)
    {
        head.CopyTo(target);
        int count = head.Length;
        count += Attribute(target[count..], " to='"u8, to.Utf8);
        tail.CopyTo(target[count..]);
        return count + tail.Length;
    }

    /// <summary>The same as an array of its own.</summary>
    public static byte[] Whole(ReadOnlySpan<byte> head, Jid to, ReadOnlySpan<byte> tail)
    {
        byte[] stanza = new byte[Bound(head, to, tail)];
        Array.Resize(ref stanza, Write(stanza, head, to, tail));
        return stanza;
    }

    /// <summary>Writes <paramref name="opening"/> (<c> from='</c>), the value escaped and the closing quote; returns the bytes written.</summary>
    public static int Attribute(Span<byte> target, ReadOnlySpan<byte> opening, ReadOnlySpan<byte> utf8)
    {
        opening.CopyTo(target);
        int count = opening.Length;
        int stop;
        while ((stop = utf8.IndexOfAny(XmlChars.Escaped)) >= 0)
        {
            utf8[..stop].CopyTo(target[count..]);
            count += stop;
            ReadOnlySpan<byte> reference = XmlEscape.Reference((char)utf8[stop], inAttribute: true);
            reference.CopyTo(target[count..]);
            count += reference.Length;
            utf8 = utf8[(stop + 1)..];
        }

        utf8.CopyTo(target[count..]);
        count += utf8.Length;
        target[count++] = (byte)'\'';
        return count;
    }
}
