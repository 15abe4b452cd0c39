using System.Globalization;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>Writes stanzas into stanzas (XEP-0297).</summary>
public static class Forwarded
{
    /// <summary>Writes <c>forwarded</c> around a stanza.</summary>
    /// <param name="xml">Takes it.</param>
    /// <param name="stanza">The whole stanza, in jabber:client without saying so: what <see cref="Stanza.ToBytes"/> gives.</param>
    /// <param name="at">When it was received, for a <c>delay</c>; null for none.</param>
    public static void Write(XmlBuilder xml, ReadOnlySpan<byte> stanza, DateTimeOffset? at = null)
    {
        xml.Open("forwarded"u8, "urn:xmpp:forward:0"u8);
        if (at is { } time)
        {
            WriteDelay(xml, time);
        }

        int name = stanza.IndexOfAny(" />"u8);
        xml.Raw(stanza[..name]).Raw(" xmlns='jabber:client'"u8).Raw(stanza[name..]).Close("forwarded"u8);
    }

    /// <summary>Writes <c>delay</c> (XEP-0203).</summary>
    /// <param name="xml">Takes it.</param>
    /// <param name="at">Since when the stanza has waited.</param>
    /// <param name="by">Who has delayed it, or null.</param>
    /// <param name="reason">Why, for people; or null.</param>
    public static void WriteDelay(XmlBuilder xml, DateTimeOffset at, Jid? by = null, string? reason = null)
    {
        xml.Open("delay"u8, Ns.Delay).Attribute("from"u8, by?.ToString()).Attribute("stamp"u8, Stamp(at));
        if (reason is not null)
        {
            xml.Text(reason);
        }

        xml.Close("delay"u8);
    }

    /// <summary>A time as XEP-0082 writes it, in UTC with milliseconds.</summary>
    public static string Stamp(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads a time as XEP-0082 §3.2 writes it: date, time, optional fraction, zone.</summary>
    public static bool TryStamp(string text, out DateTimeOffset at) => DateTimeOffset.TryParseExact(
        text,
        ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"],
        CultureInfo.InvariantCulture,
        DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
        out at);
}
