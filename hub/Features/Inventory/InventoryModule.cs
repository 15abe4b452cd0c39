using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Inventory;

/// <summary>What people tell of things and how they find them: search, notes, export and import. Stands behind Registry, Access and Liveness in <c>HubModules</c>.</summary>
/// <param name="database">Where notes are kept.</param>
/// <param name="registry">The things.</param>
/// <param name="things">Their owners.</param>
/// <param name="access">Who may see and change them.</param>
/// <param name="groups">Their groups.</param>
/// <param name="liveness">How they are.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="commands">Where its commands go.</param>
public sealed class InventoryModule(ISqlDatabase database, RegistryStore registry, RegistryModule things, ThingAccess access, AccessModule groups, LivenessModule? liveness, AccountService accounts, CommandBook commands) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Inventory";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>Finds things, keeps notes; after <see cref="Register"/>.</summary>
    public InventoryService Service { get; private set; } = null!;

    /// <summary>Exports and imports; after <see cref="Register"/>.</summary>
    public ImportService Import { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        IHub hub = module.Hub;
        var notes = new NoteStore(database);
        Service = new InventoryService(registry, access, groups.Groups, notes, module.Options<InventoryOptions>("Inventory"), hub.Time) { IsSame = hub.Accounts.IsSameAsync, Liveness = liveness is null ? null : liveness.Service.Find };
        Import = new ImportService(registry, things, access, groups.Groups, accounts, Service, hub.Domain, hub.Time);
        new InventoryCommands(Service, Import, things.Provisioning, access, hub.Domain.Domain).AddTo(commands);
        // What was written for one owner is not for the next.
        things.Rights.Moved += (thing, before) => before is not null && !before.Equals(thing.Owner) ? notes.ForgetAsync(thing.Id) : Task.CompletedTask;
        things.Provisioning.Forgetting += thing => notes.ForgetAsync(thing.Id);
    }
}
