using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Ping;

/// <summary>Answers pings to the hub and to one's own account (XEP-0199). Pings between clients are routed like any request.</summary>
public sealed class PingModule : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Ping";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0199", "XMPP Ping", "2.0.1")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        module.Domain.Feature(Ns.Ping).Iq(StanzaType.Get, "ping", Ns.Ping, static (_, _) => IqReply.Empty);
        module.Account.Feature(Ns.Ping).Iq(StanzaType.Get, "ping", Ns.Ping, static (request, _) => request.IsOwnAccount ? IqReply.Empty : (IqReply)StanzaError.ServiceUnavailable);
    }
}
