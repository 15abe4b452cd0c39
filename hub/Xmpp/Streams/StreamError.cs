using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>Stream errors on the wire (RFC 6120 §4.9).</summary>
internal static class StreamError
{
    /// <summary>The condition that broken XML earns.</summary>
    public static string ConditionOf(XmlError error) => error switch
    {
        XmlError.RestrictedXml => "restricted-xml",
        XmlError.BadFormat => "bad-format",
        XmlError.PolicyViolation => "policy-violation",
        XmlError.UnsupportedEncoding => "unsupported-encoding",
        _ => "not-well-formed",
    };

    /// <summary>Writes the error; the end of the stream follows.</summary>
    public static void Write(XmlBuilder xml, string condition, string? text, ReadOnlySpan<byte> extension = default)
    {
        xml.Open("stream:error"u8);
        xml.Empty(System.Text.Encoding.UTF8.GetBytes(condition), Ns.StreamErrors);
        if (text is not null)
        {
            xml.Open("text"u8, Ns.StreamErrors).Attribute("xml:lang"u8, "en"u8).Text(text).Close("text"u8);
        }

        xml.Raw(extension).Close("stream:error"u8);
    }
}
