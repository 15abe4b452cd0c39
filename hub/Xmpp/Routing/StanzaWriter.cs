using System.Buffers;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>Turns stanzas into the bytes that leave: once for all who get the same, in two parts around where the addressee stands.</summary>
internal static class StanzaWriter
{
    /// <summary>Opens a start tag that is not ended: the addressee follows.</summary>
    public static void Open(XmlBuilder head, StanzaKind kind, StanzaType type, string? id, Jid from)
    {
        head.Open(Stanza.NameOf(kind));
        if (type != StanzaType.None)
        {
            head.Attribute("type"u8, Stanza.TokenOf(type));
        }

        head.Attribute("id"u8, id).Attribute("from"u8, from.Utf8);
    }

    /// <summary>A client's stanza, with the language of its stream where it names none itself.</summary>
    public static PooledStanza Serialize(Stanza stanza)
    {
        ReadOnlySpan<byte> name = Stanza.NameOf(stanza.Kind);
        ReadOnlySpan<byte> attributes = stanza.RawAttributes;
        ReadOnlySpan<byte> inner = stanza.Inner.Span;
        byte[]? language = stanza.Language is { } lang && attributes.IndexOf(" xml:lang"u8) < 0 ? lang : null;
        byte[] buffer = ArrayPool<byte>.Shared.Rent((name.Length * 2) + attributes.Length + (stanza.From.Utf8.Length * 6) + inner.Length + 64 + ((language?.Length ?? 0) * 6));
        buffer[0] = (byte)'<';
        name.CopyTo(buffer.AsSpan(1));
        int count = 1 + name.Length;
        attributes.CopyTo(buffer.AsSpan(count));
        count += attributes.Length;
        if (language is not null)
        {
            count += StanzaBytes.Attribute(buffer.AsSpan(count), " xml:lang='"u8, language);
        }

        count += StanzaBytes.Attribute(buffer.AsSpan(count), " from='"u8, stanza.From.Utf8);
        int head = count;
        count += WriteTail(buffer.AsSpan(count), inner, name);
        return new PooledStanza(buffer, head, count);
    }

    /// <summary>A stanza of the hub itself.</summary>
    public static PooledStanza Serialize(OutgoingStanza stanza)
    {
        using var head = new XmlBuilder(256);
        ReadOnlySpan<byte> name = Stanza.NameOf(stanza.Kind);
        Open(head, stanza.Kind, stanza.Type, stanza.Id, stanza.From);
        head.Attribute("xml:lang"u8, stanza.Lang);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(head.OpenTag.Length + stanza.Payload.Length + 16);
        head.OpenTag.CopyTo(buffer);
        int count = head.OpenTag.Length;
        int split = count;
        count += WriteTail(buffer.AsSpan(count), stanza.Payload.Span, name);
        return new PooledStanza(buffer, split, count);
    }

    /// <summary>A stanza of the hub itself, to be routed like any other.</summary>
    public static Stanza ToStanza(OutgoingStanza stanza, Jid to)
    {
        using PooledStanza parts = Serialize(stanza);
        byte[] bytes = new byte[StanzaBytes.Bound(parts.Head, to, parts.Tail)];
        int length = StanzaBytes.Write(bytes, parts.Head, to, parts.Tail);
        return Stanza.Parse(bytes.AsMemory(0, length), stanza.From, to);
    }

    /// <summary>A stanza with its addresses, as bytes.</summary>
    public static byte[] Write(Stanza stanza)
    {
        using PooledStanza parts = Serialize(stanza);
        Jid to = stanza.To ?? stanza.From.Bare;
        byte[] bytes = new byte[StanzaBytes.Bound(parts.Head, to, parts.Tail)];
        Array.Resize(ref bytes, StanzaBytes.Write(bytes, parts.Head, to, parts.Tail));
        return bytes;
    }

    private static int WriteTail(Span<byte> target, ReadOnlySpan<byte> inner, ReadOnlySpan<byte> name)
    {
        if (inner.IsEmpty)
        {
            "/>"u8.CopyTo(target);
            return 2;
        }

        target[0] = (byte)'>';
        inner.CopyTo(target[1..]);
        int count = 1 + inner.Length;
        "</"u8.CopyTo(target[count..]);
        name.CopyTo(target[(count + 2)..]);
        count += 2 + name.Length;
        target[count] = (byte)'>';
        return count + 1;
    }
}

/// <summary>A stanza in two parts, around where the addressee stands; the buffer is pooled.</summary>
internal readonly struct PooledStanza(byte[] buffer, int headLength, int length) : IDisposable
{
    public ReadOnlySpan<byte> Head => buffer.AsSpan(0, headLength);

    public ReadOnlySpan<byte> Tail => buffer.AsSpan(headLength, length - headLength);

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);
}
