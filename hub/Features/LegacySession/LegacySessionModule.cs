using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.LegacySession;

/// <summary>Answers the session request of old clients (RFC 3921 §3), which has meant nothing since RFC 6120.</summary>
public sealed class LegacySessionModule : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "LegacySession";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        module.Account.Iq(StanzaType.Set, "session", Ns.Session, static (request, _) => request.IsOwnAccount ? IqReply.Empty : (IqReply)StanzaError.ServiceUnavailable);
        module.Domain.Iq(StanzaType.Set, "session", Ns.Session, static (_, _) => IqReply.Empty);
    }
}
