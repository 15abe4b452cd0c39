namespace IotXmpp.Hub.Transport;

/// <summary>Namespaces of streams over HTTP: only the hub knows them.</summary>
internal static class WebNs
{
    /// <summary>What begins and ends a stream where the transport frames elements (RFC 7395 §3.3).</summary>
    public const string Framing = "urn:ietf:params:xml:ns:xmpp-framing";

    /// <summary>The wrapper of BOSH (XEP-0124 §7).</summary>
    public const string HttpBind = "http://jabber.org/protocol/httpbind";

    /// <summary>What XMPP adds to it (XEP-0206 §4).</summary>
    public const string XmppBosh = "urn:xmpp:xbosh";
}
