using IotXmpp.Hub.Federation;
using IotXmpp.Hub.Modules;

namespace IotXmpp.Hub.Features.Federation;

/// <summary>Names what the hub's federation implements, and asks for its settings; the work is done by <see cref="FederationHost"/>, below the modules.</summary>
public sealed class FederationModule : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Federation";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("RFC 6120 §3.2", "Resolution of Fully Qualified Domain Names", Note: "own resolver: SRV of both services, A, AAAA; overrides by settings"),
        new("RFC 6120 §13.7.2", "Certificates between Servers", Note: "SASL EXTERNAL as in XEP-0178 §3: dNSName, SRVName, xmppAddr"),
        new("XEP-0185", "Dialback Key Generation and Validation", "1.0"),
        new("XEP-0220", "Server Dialback", "1.1.1", "over TLS; with errors; multiplexed pairs are accepted"),
        new("XEP-0288", "Bidirectional Server-to-Server Connections", "1.0.1", "more pairs on the way back are refused"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module) => module.Options<FederationOptions>("Federation");
}
