using IotXmpp.Hub.Modules;

namespace IotXmpp.Hub.Features.Web;

/// <summary>The standards of streams over HTTP, which the transports of the engine speak: this says so.</summary>
public sealed class WebModule : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Web";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("RFC 7395", "XMPP Subprotocol for WebSocket", Note: "at /xmpp-websocket; without compression"),
        new("XEP-0025", "Jabber HTTP Polling", "1.2", "refused at /http-poll with a word about what there is instead"),
        new("XEP-0124", "Bidirectional-streams Over Synchronous HTTP (BOSH)", "1.11.2", "at /http-bind; one stream a session; nothing is compressed"),
        new("XEP-0156", "Discovering Alternative XMPP Connection Methods", "1.4.0", "host-meta as XML and JSON"),
        new("XEP-0206", "XMPP Over BOSH", "1.4"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        // Streams come in by the HTTP side; nothing is asked of the hub itself.
    }
}
