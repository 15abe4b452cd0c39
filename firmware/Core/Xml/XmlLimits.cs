namespace IotXmpp.Xml;

/// <summary>The hard bounds of a parser. Over any of them it stops with <see cref="XmlError.LimitExceeded"/>.</summary>
public sealed class XmlLimits
{
    /// <summary>Open elements, the stream's root included. Default 64, as the wire profile's limits say.</summary>
    public int Depth = 64;

    /// <summary>Attributes of one element, namespace declarations included. Default 64, as the wire profile's limits say.</summary>
    public int Attributes = 64;

    /// <summary>Bytes of one tag from <c>&lt;</c> to <c>&gt;</c>. Default 4096: a JID of 3071 bytes still fits.</summary>
    public int TagBytes = 4096;

    /// <summary>Bytes of names and namespaces that are open at once. Default 4096, so that depth alone cannot make the parser hold more.</summary>
    public int ScopeBytes = 4096;

    /// <summary>Bytes of one child of the root (a stanza). Default 262144, an operator's stanza in the wire profile.</summary>
    public int StanzaBytes = 262144;

    /// <summary>What a thing with little memory uses: depth 32, 32 attributes, tags and open names 2048 bytes, stanzas of 65536 bytes (skipped, not kept).</summary>
    public static XmlLimits ForThing()
    {
        return new XmlLimits { Depth = 32, Attributes = 32, TagBytes = 2048, ScopeBytes = 2048, StanzaBytes = 65536 };
    }
}

/// <summary>What <see cref="XmlTokenizer.Next"/> found.</summary>
public enum XmlToken
{
    /// <summary>The bytes end within a token: give more and call again.</summary>
    NeedMore,
    /// <summary>A start tag; an empty-element tag gives this and then <see cref="EndElement"/>.</summary>
    StartElement,
    /// <summary>An end tag.</summary>
    EndElement,
    /// <summary>Text or CDATA; one text may come in several pieces.</summary>
    Text,
    /// <summary>The input is refused; <see cref="XmlTokenizer.Error"/> says why. Nothing follows.</summary>
    Error,
}

/// <summary>Why a parser refused its input. The names follow the stream errors of RFC 6120 §4.9.3.</summary>
public enum XmlError
{
    /// <summary>No error.</summary>
    None,
    /// <summary>Not well-formed XML (<c>not-well-formed</c>).</summary>
    NotWellFormed,
    /// <summary>A comment, processing instruction, DTD or entity other than the five (<c>restricted-xml</c>, RFC 6120 §11.1).</summary>
    RestrictedXml,
    /// <summary>Not UTF-8, or declared to be something else (<c>unsupported-encoding</c>, RFC 6120 §4.9.3.22).</summary>
    BadEncoding,
    /// <summary>A prefix without declaration, or a declaration that Namespaces in XML forbids (<c>bad-namespace-prefix</c>).</summary>
    BadNamespacePrefix,
    /// <summary>Over a bound of <see cref="XmlLimits"/> (<c>policy-violation</c>).</summary>
    LimitExceeded,
}
