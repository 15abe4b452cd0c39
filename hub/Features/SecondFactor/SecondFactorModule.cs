using IotXmpp.Hub.Modules;

namespace IotXmpp.Hub.Features.SecondFactor;

/// <summary>A second factor at the pages' sign-in. Streams know none: a device or a client there has a password, a token or a certificate of its own.</summary>
/// <param name="service">The rules.</param>
public sealed class SecondFactorModule(SecondFactorService service) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "SecondFactor";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The rules.</summary>
    public SecondFactorService Service => service;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module) => module.Hub.Accounts.Removed += service.RemoveAsync;
}
