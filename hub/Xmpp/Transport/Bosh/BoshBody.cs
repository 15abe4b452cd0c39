using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Transport.Bosh;

/// <summary>Responses: the wrapper around what the hub says (XEP-0124 §7, XEP-0206 §4).</summary>
internal static class BoshBody
{
    /// <summary>Writes a response.</summary>
    /// <param name="created">The session, where this is the response that creates it; else null.</param>
    /// <param name="options">The bounds.</param>
    /// <param name="domain">The served domain.</param>
    /// <param name="ack">The highest request that is here without a gap, or null.</param>
    /// <param name="report">A response that the client should have and does not (§9.2), or null.</param>
    /// <param name="isEnd">Whether the session ends with it.</param>
    /// <param name="condition">Why it ends, or null where the client wished it.</param>
    /// <param name="payload">Elements.</param>
    public static byte[] Write(BoshSession? created, BoshOptions options, Jid domain, long? ack, (long Rid, long Time)? report, bool isEnd, string? condition, ReadOnlySpan<byte> payload)
    {
        using var xml = new XmlBuilder(512 + payload.Length);
        xml.Open("body"u8, WebNs.HttpBind);
        if (created is not null)
        {
            xml.Attribute("xmlns:xmpp"u8, WebNs.XmppBosh).Attribute("sid"u8, created.Sid).Attribute("authid"u8, StreamHeader.NewId()).Attribute("from"u8, domain.Utf8).Attribute("ver"u8, "1.11"u8);
            xml.Attribute("wait"u8, created.Wait).Attribute("hold"u8, created.Hold).Attribute("requests"u8, created.Requests).Attribute("inactivity"u8, options.InactivitySeconds).Attribute("polling"u8, options.PollingSeconds);
            xml.Attribute("maxpause"u8, options.MaxPauseSeconds).Attribute("charsets"u8, "UTF-8"u8).Attribute("xmpp:version"u8, "1.0"u8).Attribute("xmpp:restartlogic"u8, "true"u8).Attribute("secure"u8, "true"u8);
        }

        if (ack is { } highest)
        {
            xml.Attribute("ack"u8, highest);
        }

        if (report is var (missing, time))
        {
            xml.Attribute("report"u8, missing).Attribute("time"u8, time);
        }

        if (isEnd)
        {
            xml.Attribute("type"u8, "terminate"u8).Attribute("condition"u8, condition);
        }

        return xml.Raw(payload).Close("body"u8).ToArray();
    }

    /// <summary>A response that ends a session, or tells that there is none (§17.2).</summary>
    public static byte[] Terminal(string condition)
    {
        using var xml = new XmlBuilder();
        return xml.Open("body"u8, WebNs.HttpBind).Attribute("type"u8, "terminate"u8).Attribute("condition"u8, condition).Close("body"u8).ToArray();
    }

    /// <summary>A response after which the request may be sent again (§17.3).</summary>
    public static byte[] Recoverable()
    {
        using var xml = new XmlBuilder();
        return xml.Open("body"u8, WebNs.HttpBind).Attribute("type"u8, "error"u8).Close("body"u8).ToArray();
    }

    /// <summary>The condition of the wrapper beside a stream error: some have a name of their own here, all others are the stream's (§17.2).</summary>
    public static string? ConditionOf(string? streamError) => streamError is null or "host-unknown" or "improper-addressing" or "system-shutdown" ? streamError : "remote-stream-error";
}
