namespace IotXmpp.Xmpp;

/// <summary>The XML namespaces of the wire profile, under XMPP's own names.</summary>
public static class Ns
{
    /// <summary>Stanzas between client and server (RFC 6120 §4.8.2).</summary>
    public const string Client = "jabber:client";
    /// <summary>Stanzas between servers (RFC 6120 §4.8.2).</summary>
    public const string Server = "jabber:server";
    /// <summary>The stream itself (RFC 6120 §4.8.1).</summary>
    public const string Stream = "http://etherx.jabber.org/streams";
    /// <summary>Stream error conditions (RFC 6120 §4.9.2).</summary>
    public const string StreamErrors = "urn:ietf:params:xml:ns:xmpp-streams";
    /// <summary>Stanza error conditions (RFC 6120 §8.3.2).</summary>
    public const string StanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";
    /// <summary>STARTTLS negotiation (RFC 6120 §5).</summary>
    public const string Tls = "urn:ietf:params:xml:ns:xmpp-tls";
    /// <summary>SASL negotiation (RFC 6120 §6).</summary>
    public const string Sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
    /// <summary>The Extensible SASL Profile (XEP-0388).</summary>
    public const string Sasl2 = "urn:xmpp:sasl:2";
    /// <summary>Kinds of channel binding (XEP-0440).</summary>
    public const string ChannelBinding = "urn:xmpp:sasl-cb:0";
    /// <summary>Bind 2 (XEP-0386).</summary>
    public const string Bind2 = "urn:xmpp:bind:0";
    /// <summary>Tokens for quick authentication (XEP-0484).</summary>
    public const string Fast = "urn:xmpp:fast:0";
    /// <summary>Client State Indication (XEP-0352).</summary>
    public const string ClientState = "urn:xmpp:csi:0";
    /// <summary>Resource binding (RFC 6120 §7).</summary>
    public const string Bind = "urn:ietf:params:xml:ns:xmpp-bind";
    /// <summary>Session establishment, kept for old clients (RFC 3921 §3).</summary>
    public const string Session = "urn:ietf:params:xml:ns:xmpp-session";
    /// <summary>The roster (RFC 6121 §2).</summary>
    public const string Roster = "jabber:iq:roster";
    /// <summary>The prefix <c>xml</c> (Namespaces in XML §3).</summary>
    public const string Xml = "http://www.w3.org/XML/1998/namespace";
    /// <summary>Service discovery, identities and features (XEP-0030).</summary>
    public const string DiscoInfo = "http://jabber.org/protocol/disco#info";
    /// <summary>Service discovery, items (XEP-0030).</summary>
    public const string DiscoItems = "http://jabber.org/protocol/disco#items";
    /// <summary>Entity capabilities (XEP-0115).</summary>
    public const string Caps = "http://jabber.org/protocol/caps";
    /// <summary>In-band registration (XEP-0077).</summary>
    public const string Register = "jabber:iq:register";
    /// <summary>Ping (XEP-0199).</summary>
    public const string Ping = "urn:xmpp:ping";
    /// <summary>Software version (XEP-0092).</summary>
    public const string Version = "jabber:iq:version";
    /// <summary>Entity time (XEP-0202).</summary>
    public const string Time = "urn:xmpp:time";
    /// <summary>Last activity (XEP-0012).</summary>
    public const string Last = "jabber:iq:last";
    /// <summary>Delayed delivery (XEP-0203).</summary>
    public const string Delay = "urn:xmpp:delay";
    /// <summary>Stream management (XEP-0198).</summary>
    public const string StreamManagement = "urn:xmpp:sm:3";
    /// <summary>Stream limits advertisement (XEP-0478).</summary>
    public const string StreamLimits = "urn:xmpp:stream-limits:0";
    /// <summary>Publish-subscribe (XEP-0060).</summary>
    public const string PubSub = "http://jabber.org/protocol/pubsub";
    /// <summary>Publish-subscribe events (XEP-0060).</summary>
    public const string PubSubEvent = "http://jabber.org/protocol/pubsub#event";
    /// <summary>Publish-subscribe, the owner's use cases (XEP-0060 §8).</summary>
    public const string PubSubOwner = "http://jabber.org/protocol/pubsub#owner";
    /// <summary>Publish-subscribe error conditions (XEP-0060).</summary>
    public const string PubSubErrors = "http://jabber.org/protocol/pubsub#errors";
    /// <summary>Data forms (XEP-0004).</summary>
    public const string DataForms = "jabber:x:data";
    /// <summary>Ad-hoc commands (XEP-0050).</summary>
    public const string Commands = "http://jabber.org/protocol/commands";
    /// <summary>Result set management (XEP-0059).</summary>
    public const string Rsm = "http://jabber.org/protocol/rsm";
    /// <summary>Sensor data (XEP-0323).</summary>
    public const string SensorData = "urn:xmpp:iot:sensordata";
    /// <summary>Control (XEP-0325).</summary>
    public const string Control = "urn:xmpp:iot:control";
    /// <summary>Concentrators (XEP-0326).</summary>
    public const string Concentrators = "urn:xmpp:iot:concentrators";
    /// <summary>Discovery and registry of things (XEP-0347).</summary>
    public const string IotDiscovery = "urn:xmpp:iot:discovery";
    /// <summary>A thing's status, sleep and configuration (wire profile).</summary>
    public const string Thing = "urn:iotxmpp:thing:1";
    /// <summary>Queued commands (wire profile).</summary>
    public const string Command = "urn:iotxmpp:command:1";
    /// <summary>The hub's reconnect hint (wire profile).</summary>
    public const string Drain = "urn:iotxmpp:drain:1";
    /// <summary>Updates (wire profile).</summary>
    public const string Ota = "urn:iotxmpp:ota:1";
}
