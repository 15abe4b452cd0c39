using IotXmpp.Hub.Modules;

namespace IotXmpp.Hub.Features.PassThrough;

/// <summary>
/// What clients do between themselves: the hub has no part in it but to carry it unharmed, over every transport, to other servers, through archives and copies. It answers nothing; the rows say what was looked at
/// (see the README of this folder).
/// </summary>
public sealed class PassThroughModule : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "PassThrough";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("RFC 3922", "Mapping to CPIM", "", "clients'; carried byte for byte"),
        new("RFC 3923", "End-to-End Signing and Object Encryption", "", "clients'; carried byte for byte, signatures stay good"),
        new("XEP-0047", "In-Band Bytestreams", "2.0.1", "clients'; blocks within the limits of XEP-0478"),
        new("XEP-0095", "Stream Initiation", "1.2", "clients'; deprecated"),
        new("XEP-0096", "SI File Transfer", "1.3.1", "clients'; deprecated"),
        new("XEP-0166", "Jingle", "1.1.2", "clients'"),
        new("XEP-0167", "Jingle RTP Sessions", "1.2.3", "clients'; video of XEP-0180 (retracted) is part of it"),
        new("XEP-0176", "Jingle ICE-UDP Transport Method", "1.1.1", "clients'; STUN and TURN by XEP-0215"),
        new("XEP-0177", "Jingle Raw UDP Transport Method", "1.1.1", "clients'"),
        new("XEP-0181", "Jingle DTMF", "0.12", "clients'; deferred"),
        new("XEP-0231", "Bits of Binary", "1.1", "clients'; the hub has no data of its own to offer and caches none"),
        new("XEP-0234", "Jingle File Transfer", "0.19.1", "clients'"),
        new("XEP-0260", "Jingle SOCKS5 Bytestreams Transport Method", "1.0.3", "clients'; the proxy of XEP-0065 is one of their candidates"),
        new("XEP-0261", "Jingle In-Band Bytestreams Transport Method", "1.0", "clients'"),
        new("XEP-0353", "Jingle Message Initiation", "0.8.0", "clients'; copied, stored as its hints say; wakes devices by XEP-0357"),
        new("XEP-0373", "OpenPGP for XMPP", "0.7.0", "clients'; carried byte for byte"),
        new("XEP-0380", "Explicit Message Encryption", "0.4.0", "clients'; archived like a text"),
        new("XEP-0384", "OMEMO Encryption", "0.9.1", "clients', both namespaces; carried byte for byte, keys in nodes of XEP-0163"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
    }
}
