using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Transport;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>What the start tag of a client's stream says (RFC 6120 §4.7).</summary>
/// <param name="From">Who the client says it is, where that is an address; else null.</param>
/// <param name="Language">The default language of its stanzas as UTF-8, or null.</param>
/// <param name="Known">The hash of the features that the client knows (wire profile, session), or null.</param>
/// <param name="Error">The stream error that the tag earns, or null.</param>
/// <param name="Text">A text for people beside the error, or null.</param>
internal readonly record struct StreamHeader(Jid? From, byte[]? Language, string? Known, string? Error, string? Text)
{
    // The longest language tag that is kept, in characters: RFC 5646 §4.4.1 makes do with 35.
    private const int MaxLanguage = 35;

    /// <summary>Reads a start tag that the tokenizer let through.</summary>
    public static StreamHeader Read(ReadOnlySpan<byte> tag, Jid domain)
    {
        var reader = new XmlSpanReader(tag, " "u8);
        reader.Read();
        return Read(reader, domain, NamespaceError(reader), isVersioned: true);
    }

    /// <summary>Reads the element <c>open</c> of a transport that frames elements (RFC 7395 §3.4).</summary>
    public static StreamHeader ReadFramed(ReadOnlySpan<byte> element, Jid domain)
    {
        var reader = new XmlSpanReader(element, " "u8);
        reader.Read();
        string? error = !reader.LocalName.SequenceEqual("open"u8) ? "bad-format" : reader.Namespace.SequenceEqual("urn:ietf:params:xml:ns:xmpp-framing"u8) ? null : "invalid-namespace";
        return Read(reader, domain, error, isVersioned: true);
    }

    /// <summary>Reads what of a stream's start tag stands in another element, which has been looked at: the version may be missing there.</summary>
    public static StreamHeader ReadSurrounding(in XmlSpanReader reader, Jid domain) => Read(reader, domain, null, isVersioned: false);

    private static StreamHeader Read(in XmlSpanReader reader, Jid domain, string? namespaceError, bool isVersioned)
    {
        Jid? from = reader.Attribute("from"u8) is { } address && JidPrep.TryParse(address, out Jid? jid) ? jid : null;
        byte[]? language = reader.Attribute("xml:lang"u8) is { Length: > 0 and <= MaxLanguage } name ? Encoding.UTF8.GetBytes(name) : null;
        string? text = null;
        string? error = namespaceError ?? AddressError(reader.Attribute("to"u8), domain, out text) ?? (!isVersioned || IsVersion1(reader.Attribute("version"u8)) ? null : "unsupported-version")
            // XEP-0388 §2.2: an account of another domain is none of ours.
            ?? (from is not null && from.Domain != domain.Domain ? "invalid-from" : null);
        return new StreamHeader(from, language, KnownFeatures(reader), error, text);
    }

    /// <summary>Writes the hub's own start tag, with a new stream id that nobody can guess (§4.7.3).</summary>
    public static void Write(XmlBuilder xml, Jid domain, Jid? to)
    {
        xml.Raw("<?xml version='1.0'?>"u8);
        xml.Open("stream:stream"u8, Ns.Client).Attribute("xmlns:stream"u8, Ns.Stream).Attribute("id"u8, NewId())
            .Attribute("from"u8, domain.Utf8).Attribute("to"u8, to?.ToString()).Attribute("version"u8, "1.0"u8).Attribute("xml:lang"u8, "en"u8);
        // An empty text ends the tag: the stream stays open.
        xml.Text(string.Empty);
    }

    /// <summary>Writes the hub's own <c>open</c> (RFC 7395 §3.4).</summary>
    public static void WriteFramed(XmlBuilder xml, Jid domain, Jid? to) => xml.Open("open"u8, WebNs.Framing).Attribute("id"u8, NewId())
        .Attribute("from"u8, domain.Utf8).Attribute("to"u8, to?.ToString()).Attribute("version"u8, "1.0"u8).Attribute("xml:lang"u8, "en"u8).Close("open"u8);

    /// <summary>A stream id that nobody can guess (§4.7.3).</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    /// <summary>Whether a client knows these features already: it says the first 8 octets of their SHA-256, in hexadecimal (wire profile, session).</summary>
    public static bool IsHashOf(ReadOnlySpan<byte> features, string known) => known == Convert.ToHexStringLower(SHA256.HashData(features).AsSpan(0, 8));

    // An attribute in our own namespace, by whatever prefix.
    private static string? KnownFeatures(in XmlSpanReader tag)
    {
        var attributes = new AttributeReader(tag.RawAttributes);
        while (attributes.Read())
        {
            int colon = attributes.Name.IndexOf((byte)':');
            if (colon > 0 && attributes.Name[(colon + 1)..].SequenceEqual("known"u8) && tag.NamespaceOf(attributes.Name[..colon]).SequenceEqual("urn:iotxmpp:thing:1"u8))
            {
                return Encoding.ASCII.GetString(attributes.RawValue);
            }
        }

        return null;
    }

    private static string? NamespaceError(in XmlSpanReader reader)
    {
        if (!reader.LocalName.SequenceEqual("stream"u8))
        {
            return "bad-format";
        }

        if (!reader.Namespace.SequenceEqual("http://etherx.jabber.org/streams"u8))
        {
            return "invalid-namespace";
        }

        // §4.8.5: another prefix may be refused, and every element of ours relies on this one.
        return !reader.Prefix.SequenceEqual("stream"u8) ? "bad-namespace-prefix"
            : reader.NamespaceOf(default).SequenceEqual("jabber:client"u8) ? null : "invalid-namespace";
    }

    private static string? AddressError(string? to, Jid domain, out string? text)
    {
        text = to is null ? "The stream header has no 'to'." : null;
        // §4.9.3.7: no address at all is another mistake than the address of somebody else (§4.9.3.6).
        return to is null || !JidPrep.TryParse(to, out Jid? host) ? "improper-addressing" : host.Equals(domain) ? null : "host-unknown";
    }

    // §4.7.5: major.minor, compared as numbers; we speak 1.0 and take any later minor and major.
    private static bool IsVersion1(string? version)
    {
        int dot = version?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        return dot > 0 && int.TryParse(version.AsSpan(0, dot), out int major) && int.TryParse(version.AsSpan(dot + 1), out _) && major >= 1;
    }
}
