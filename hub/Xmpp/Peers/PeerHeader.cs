using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Peers;

/// <summary>What the start tag of a component's or a server's stream says (RFC 6120 §4.7, XEP-0114 §3).</summary>
/// <param name="From">The domain that it says it is; null for none.</param>
/// <param name="To">The domain that it wants; null for none.</param>
/// <param name="Id">The id of the stream, from who accepts it; null for none.</param>
/// <param name="IsVersion1">Whether it speaks XMPP 1.0 (features follow) and not what was before.</param>
/// <param name="HasDialback">Whether it declares the namespace of server dialback (XEP-0220 §2.3.1).</param>
/// <param name="Error">The stream error that the tag earns, or null.</param>
internal sealed record PeerHeader(string? From, string? To, string? Id, bool IsVersion1, bool HasDialback, string? Error)
{
    /// <summary>Reads a start tag that the tokenizer let through.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="ns">The namespace that stanzas of such a stream have.</param>
    public static PeerHeader Read(ReadOnlySpan<byte> tag, string ns)
    {
        var reader = new XmlSpanReader(tag, " "u8);
        reader.Read();
        string? error = null;
        if (!reader.LocalName.SequenceEqual("stream"u8))
        {
            error = "bad-format";
        }
        else if (!reader.Namespace.SequenceEqual("http://etherx.jabber.org/streams"u8) || XmlEscape.Decode(reader.NamespaceOf(default), isAttribute: true) != ns)
        {
            error = "invalid-namespace";
        }
        else if (!reader.Prefix.SequenceEqual("stream"u8))
        {
            // RFC 6120 §4.8.5: another prefix may be refused, and every element of ours relies on this one.
            error = "bad-namespace-prefix";
        }

        string? to = Domain(reader.Attribute("to"u8), ref error);
        string? from = Domain(reader.Attribute("from"u8), ref error);
        string version = reader.Attribute("version"u8) ?? string.Empty;
        int dot = version.IndexOf('.', StringComparison.Ordinal);
        bool isVersion1 = dot > 0 && int.TryParse(version.AsSpan(0, dot), out int major) && major >= 1;
        return new PeerHeader(from, to, reader.Attribute("id"u8), isVersion1, tag.IndexOf("jabber:server:dialback"u8) >= 0, error);
    }

    private static string? Domain(string? text, ref string? error)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (JidPrep.TryParse(text, out Jid? jid) && jid.Local.Length == 0 && jid.IsBare)
        {
            return jid.Domain;
        }

        error ??= "improper-addressing";
        return null;
    }
}
