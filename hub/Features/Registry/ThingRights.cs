using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>
/// Lets all rights follow the owner that the registry has: control (the account's owner), presence (roster), the affiliations and subscriptions of the thing's nodes. The registry's row says who owns a
/// thing and, until all this is done, whom it was taken from: what a crash interrupted is finished at the next start.
/// </summary>
/// <param name="store">The things.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="links">The rosters.</param>
/// <param name="nodes">The nodes of things.</param>
/// <param name="domain">The served domain.</param>
public sealed class ThingRights(RegistryStore store, AccountService accounts, RosterLinks links, ServiceUseCases nodes, Jid domain) : IDisposable
{
    private const string CommandsNode = "commands";
    private const string DesiredNode = "desired";

    // One at a time: a thing that is claimed and disowned at once ends as the registry says.
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>A thing's owner is another one than the one told with it (null for none), and all here has followed: who lets more follow does it now, awaited; after a crash again, so he may find his work done.</summary>
    public event Func<Thing, Jid?, Task>? Moved;

    /// <summary>The registry's own address: it owns the nodes that the hub publishes to.</summary>
    public Jid Service { get; } = new(string.Empty, RegistryModule.Subdomain + "." + domain.Domain, string.Empty);

    /// <summary>The served domain.</summary>
    public Jid Domain { get; } = domain;

    /// <summary>The bare JID of an account.</summary>
    public Jid Of(string account) => new(account, Domain.Domain, string.Empty);

    /// <summary>A thing by its id; one that has an account and an owner and was never entered is entered now.</summary>
    public async ValueTask<Thing?> FindAsync(string id, CancellationToken cancel = default)
    {
        if (await store.FindAsync(id, cancel).ConfigureAwait(false) is { } thing)
        {
            return thing;
        }

        if (await accounts.FindAsync(id, cancel).ConfigureAwait(false) is not { Owner: { } owner } account || !JidPrep.TryParse(owner, out Jid? jid))
        {
            return null;
        }

        (Thing? entered, _) = await store.ChangeAsync(account.Name, known => known is null
            ? (new Thing(account.Name, account.Name) { State = ThingState.Private, Owner = jid.Bare, Registered = account.Created, Claimed = account.Created }, true)
            : (known, false)).ConfigureAwait(false);
        return entered;
    }

    /// <summary>Lets the rights of a thing follow its owner, where they do not yet.</summary>
    public async Task SettleAsync(string id, CancellationToken cancel = default)
    {
        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (await store.FindAsync(id, cancel).ConfigureAwait(false) is not { MovingFrom: { } from } thing)
            {
                return;
            }

            await ApplyAsync(thing, JidPrep.TryParse(from, out Jid? before) ? before : null, cancel).ConfigureAwait(false);
            await store.ChangeAsync(id, now => now is not null && now.Version == thing.Version ? (now with { MovingFrom = null }, true) : (now, false)).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Finishes what was interrupted.</summary>
    public async Task SettleAllAsync(CancellationToken cancel = default)
    {
        foreach (Thing thing in (await store.AllAsync(cancel).ConfigureAwait(false)).Values.Where(t => t.MovingFrom is not null))
        {
            await SettleAsync(thing.Id, cancel).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task ApplyAsync(Thing thing, Jid? before, CancellationToken cancel)
    {
        Jid speaker = Of(thing.Account);
        Jid? owner = thing.IsSelfOwned ? null : thing.Owner;
        if (!thing.IsBehindGateway)
        {
            // First of all: with this the former owner can control nothing any more.
            await accounts.SetOwnerAsync(thing.Account, owner).ConfigureAwait(false);
        }

        if (before is not null && !before.Equals(owner))
        {
            await nodes.ExpelAsync(thing.Id, before, cancel).ConfigureAwait(false);
            if (!thing.IsBehindGateway)
            {
                await links.UnlinkAsync(speaker, before).ConfigureAwait(false);
            }
        }

        await EnsureNodesAsync(thing, speaker, owner, cancel).ConfigureAwait(false);
        if (owner is not null && !thing.IsBehindGateway)
        {
            await links.LinkAsync(speaker, owner, thing.Name).ConfigureAwait(false);
        }

        foreach (Func<Thing, Jid?, Task> moved in (Moved?.GetInvocationList() ?? []).Cast<Func<Thing, Jid?, Task>>())
        {
            await moved(thing, before).ConfigureAwait(false);
        }
    }

    /// <summary>Nobody but the hub makes these nodes: a thing that nobody owns yet could have made them first, and said there what the hub or its owner say. For before the start.</summary>
    public void ReserveNodes()
    {
        nodes.Reserve(CommandsNode);
        nodes.Reserve(DesiredNode);
    }

    /// <summary>What a thing has made of these nodes before their names were reserved becomes the hub's.</summary>
    public async Task TakeBackNodesAsync(CancellationToken cancel = default)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        taken.UnionWith(await nodes.TakeBackAsync(CommandsNode, Service, Commands, cancel).ConfigureAwait(false));
        taken.UnionWith(await nodes.TakeBackAsync(DesiredNode, Service, Desired, cancel).ConfigureAwait(false));
        foreach (string id in taken)
        {
            if (await store.FindAsync(id, cancel).ConfigureAwait(false) is { } thing)
            {
                await EnsureNodesAsync(thing, Of(thing.Account), thing.IsSelfOwned ? null : thing.Owner, cancel).ConfigureAwait(false);
            }
        }
    }

    private static NodeConfiguration Closed(NodeConfiguration usual) => usual with { AccessModel = AccessModel.Whitelist };

    private static NodeConfiguration Commands(NodeConfiguration usual) => Closed(usual) with { Type = Ns.Command };

    private static NodeConfiguration Desired(NodeConfiguration usual) => Closed(usual) with { Type = Ns.Thing, MaxItems = 1, SendLastPublishedItem = SendLastPublishedItem.OnSubAndPresence };

    private async Task EnsureNodesAsync(Thing thing, Jid speaker, Jid? owner, CancellationToken cancel)
    {
        string prefix = $"things/{thing.Id}/";
        await nodes.EnsureAsync(prefix + "telemetry", speaker, c => Closed(c) with { Type = Ns.SensorData }, [], cancel).ConfigureAwait(false);
        await nodes.EnsureAsync(prefix + "reported", speaker, c => Closed(c) with { Type = Ns.Thing, MaxItems = 1 }, [], cancel).ConfigureAwait(false);
        await nodes.EnsureAsync(prefix + CommandsNode, Service, Commands, [], cancel).ConfigureAwait(false);
        // What shall be configured: the owner publishes it, the thing reads it, also when it comes back, and takes secrets off it.
        (Jid, Affiliation)[] who = owner is null ? [(speaker, Affiliation.Publisher)] : [(speaker, Affiliation.Publisher), (owner, Affiliation.Publisher)];
        await nodes.EnsureAsync(prefix + DesiredNode, Service, Desired, who, cancel).ConfigureAwait(false);
    }
}
