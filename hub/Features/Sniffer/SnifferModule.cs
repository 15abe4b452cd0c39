using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Audit;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;

namespace IotXmpp.Hub.Features.Sniffer;

/// <summary>Looking on at a thing's stanzas, decoded: for who maintains it, by pages and REST.</summary>
/// <param name="access">Who may.</param>
/// <param name="registry">Whose account a thing speaks by.</param>
/// <param name="audit">Where it is noted who looks on.</param>
public sealed class SnifferModule(ThingAccess access, RegistryStore registry, AdminAudit audit) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Sniffer";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>The rules; after <see cref="Register"/>.</summary>
    public SnifferService Service { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        Service = new SnifferService(module.Hub.Sessions, access, registry, audit, module.Options<SnifferOptions>("Sniffer"), module.Hub.Time, module.Hub.Domain);
        access.Changed += Service.RightsChanged;
        module.SessionOpened(Service.Opened);
    }
}
