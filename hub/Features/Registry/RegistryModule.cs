using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>The registry of things at <c>things.&lt;domain&gt;</c>: provisioning by commands, registration and claims by XEP-0347. Stands behind PubSub and before AdHoc in <c>HubModules</c>.</summary>
/// <param name="store">The things.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="links">The rosters.</param>
/// <param name="pubSub">The nodes.</param>
/// <param name="commands">Where its commands go.</param>
public sealed class RegistryModule(RegistryStore store, AccountService accounts, RosterLinks links, PubSubModule pubSub, CommandBook commands) : IXmppModule
{
    /// <summary>The registry's part of its address.</summary>
    public const string Subdomain = "things";


    /// <inheritdoc/>
    public string Name => "Registry";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0347", "Internet of Things - Discovery", "0.5.1", "the registry, at things.<domain>; a thing behind a gateway that registers without a KEY is its gateway's owner's")];

    /// <summary>Makes things and takes them back; after <see cref="Register"/>.</summary>
    public ThingProvisioning Provisioning { get; private set; } = null!;

    /// <summary>Lets rights follow owners; after <see cref="Register"/>.</summary>
    public ThingRights Rights { get; private set; } = null!;

    /// <summary>The registry by XEP-0347; after <see cref="Register"/>.</summary>
    public ThingRegistry Things { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        RegistryOptions options = module.Options<RegistryOptions>("Registry");
        if (options.Validate().FirstOrDefault() is { } wrong)
        {
            throw new ArgumentException(wrong);
        }

        ThingRights rights = Rights = new ThingRights(store, accounts, links, pubSub.Service.Hub, module.Hub.Domain);
        Provisioning = new ThingProvisioning(store, rights, accounts, links, options, module.Hub.Time);
        var contact = new ThingContact(module.Hub, rights, options);
        Things = new ThingRegistry(store, rights, accounts, contact, options, module.Hub.Time);
        // A thing that is reset here is told so, as when it is disowned; one that is away learns it when it registers.
        Provisioning.Changed += (thing, change) => _ = change == ThingChange.Disowned ? contact.DisownedAsync(thing, CancellationToken.None) : Task.CompletedTask;
        new DiscoveryRequests(Things, rights, options).Register(module.Component(Subdomain).Identity("component", "generic", "Things"));
        new RegistryCommands(Provisioning, rights).AddTo(commands);
        module.Hub.Accounts.Removed += async account =>
        {
            await Provisioning.OwnerGoneAsync(account).ConfigureAwait(false);
            await Provisioning.ForgetAsync(account).ConfigureAwait(false);
        };
        rights.ReserveNodes();
        module.Starting(async cancel =>
        {
            await rights.TakeBackNodesAsync(cancel).ConfigureAwait(false);
            await rights.SettleAllAsync(cancel).ConfigureAwait(false);
        });
        module.Stopping(_ =>
        {
            rights.Dispose();
            return ValueTask.CompletedTask;
        });
    }
}
