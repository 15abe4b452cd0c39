using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Access;

/// <summary>Rights over things: groups and roles, and what follows them. Stands behind Registry and PubSub in <c>HubModules</c>.</summary>
/// <param name="access">What says who may.</param>
/// <param name="groups">The groups.</param>
/// <param name="registry">The things.</param>
/// <param name="things">Their owners.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="links">The rosters.</param>
/// <param name="pubSub">The nodes.</param>
/// <param name="commands">Where its commands go.</param>
public sealed class AccessModule(ThingAccess access, GroupStore groups, RegistryStore registry, RegistryModule things, AccountService accounts, RosterLinks links, PubSubModule pubSub, CommandBook commands) : IXmppModule, IThingNodes
{
    /// <summary>How often the numbers of groups and things are read, so that what another process changes counts here; default 1 s, as for accounts: two reads of one row.</summary>
    public static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private int _watching;

    /// <inheritdoc/>
    public string Name => "Access";

    /// <inheritdoc/>
    public Xep[] Xeps => [];

    /// <summary>Makes and changes groups; after <see cref="Register"/>.</summary>
    public GroupService Groups { get; private set; } = null!;

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        IHub hub = module.Hub;
        ILogger log = hub.Loggers.CreateLogger<AccessModule>();
        access.Attach(hub);
        var follower = new AccessFollower(groups, access, registry, pubSub.Service.Hub, links, hub, log);
        Groups = new GroupService(groups, access, follower, things.Rights, accounts, module.Options<AccessOptions>("Access"), hub.Time);
        new GroupCommands(Groups, hub.Domain.Domain).AddTo(commands);
        pubSub.Service.Things = this;
        links.Approves = follower.ApprovesAsync;
        links.Approved = follower.ApprovedAsync;
        things.Rights.Moved += follower.MovedAsync;
        things.Provisioning.Sees = (who, thing, cancel) => access.MayAsync(who, thing.Id, ThingRight.See, null, cancel);
        things.Provisioning.Maintains = (who, thing, cancel) => access.MayAsync(who, thing.Id, ThingRight.Maintain, null, cancel);
        things.Provisioning.Forgetting += thing => follower.ForgottenAsync(thing.Id);
        accounts.Changed += (name, change) =>
        {
            _ = change switch
            {
                AccountChange.RoleChanged => follower.RoleChangedAsync(new Jid(name, hub.Domain.Domain, string.Empty)),
                AccountChange.Removed => Task.CompletedTask,
                _ => follower.LogInChangedAsync(name), // new keys let in again what was revoked
            };
        };
        hub.Accounts.Removed += name => follower.ForgottenAsync(new Jid(name, hub.Domain.Domain, string.Empty));
        ITimer? watch = null;
        module.Starting(async cancel =>
        {
            follower.Suspend(await accounts.DisabledAsync(cancel).ConfigureAwait(false));
            await follower.StartAsync(cancel).ConfigureAwait(false);
            watch = hub.Time.CreateTimer(_ => _ = WatchAsync(follower, log), null, WatchInterval, WatchInterval);
        });
        module.Stopping(async _ =>
        {
            if (watch is not null)
            {
                await watch.DisposeAsync().ConfigureAwait(false);
            }
        });
    }

    /// <inheritdoc/>
    public async ValueTask<Affiliation> AffiliationAsync(Jid who, string thing, string name, CancellationToken cancel)
    {
        // What shall be configured may hold what a thing needs to reach its networks: who maintains the thing writes and reads it.
        bool isDesired = name == "desired";
        return !await access.MayAsync(who, thing, isDesired ? ThingRight.Maintain : ThingRight.See, null, cancel).ConfigureAwait(false) ? Affiliation.None
            : isDesired ? Affiliation.Publisher
            : Affiliation.Member;
    }

    private async Task WatchAsync(AccessFollower follower, ILogger log)
    {
        if (Interlocked.Exchange(ref _watching, 1) == 1)
        {
            return;
        }

        try
        {
            await registry.AllAsync().ConfigureAwait(false);
            await follower.CatchUpAsync().ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            AccessLog.NotFollowed(log, e);
        }
        finally
        {
            Volatile.Write(ref _watching, 0);
        }
    }
}
