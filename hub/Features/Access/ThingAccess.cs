using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Access;

/// <summary>What somebody may do may be another thing now.</summary>
/// <param name="Who">Whose rights (bare JID); null for everybody's.</param>
/// <param name="Thing">To which thing; null for all.</param>
public sealed record AccessChange(Jid? Who, string? Thing);

/// <summary>
/// The one place that says who may do what with a thing: control, reading, presence, pubsub, REST and pages ask here. README.md has the table. Answers come from memory: a change by this process counts at
/// once, one by another within <see cref="AccessModule.WatchInterval"/>.
/// </summary>
/// <param name="registry">The things.</param>
/// <param name="groups">The groups.</param>
public sealed class ThingAccess(RegistryStore registry, GroupStore groups)
{
    private IHub? _hub;

    /// <summary>Tells that rights have changed, after that is durable: who shows or sends something by them looks again. Called by who changed them; must not wait.</summary>
    public event Action<AccessChange>? Changed;

    /// <summary>Whether somebody may do something with a thing.</summary>
    /// <param name="who">Who asks; its bare JID counts.</param>
    /// <param name="thing">The thing's id.</param>
    /// <param name="right">What for.</param>
    /// <param name="parameter">The controllable parameter that is meant (<see cref="ThingRight.Control"/>); null for all of them.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>False also for a thing that there is not: who may not see a thing must not learn whether it exists.</returns>
    public async ValueTask<bool> MayAsync(Jid who, string thing, ThingRight right, string? parameter = null, CancellationToken cancel = default) =>
        (await GrantAsync(who, thing, right, cancel).ConfigureAwait(false)).Allows(right, parameter);

    /// <summary>All that somebody may do with a thing; nothing with one that there is not.</summary>
    /// <param name="who">Who asks; its bare JID counts.</param>
    /// <param name="thing">The thing's id.</param>
    /// <param name="cancel">Gives up.</param>
    public ValueTask<ThingGrant> GrantAsync(Jid who, string thing, CancellationToken cancel = default) => GrantAsync(who, thing, ThingRight.See, cancel);

    /// <summary>Whether somebody may ask an account for something about things: its own, or those behind it that the request names.</summary>
    /// <param name="who">Who asks.</param>
    /// <param name="account">The account that is asked, of this domain.</param>
    /// <param name="nodes">The things behind it that are meant; none for the account's own. What is not behind it is the gateway's to answer: it says item-not-found, to who may ask it.</param>
    /// <param name="right">What for.</param>
    /// <param name="parameters">The parameters that are to be set; null for all of them; none for who may set any one (<see cref="ThingRight.Control"/>).</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<bool> MayAskAsync(Jid who, Jid account, IReadOnlyList<string> nodes, ThingRight right, IReadOnlyList<string>? parameters = null, CancellationToken cancel = default)
    {
        if (_hub is not { } hub || account.Domain != hub.Domain.Domain)
        {
            return false;
        }

        for (int i = 0; i < Math.Max(nodes.Count, 1); i++)
        {
            string id = account.Local;
            if (nodes.Count > 0 && nodes[i].Length > 0 && (await registry.KnownAsync(cancel).ConfigureAwait(false)).GetValueOrDefault(nodes[i]) is { IsBehindGateway: true } behind && behind.Account == account.Local)
            {
                id = behind.Id;
            }

            ThingGrant grant = await GrantAsync(who, id, right, cancel).ConfigureAwait(false);
            if (right != ThingRight.Control || parameters is null ? !grant.Allows(right) : parameters.Count == 0 ? !grant.ControlsAnything : !parameters.All(p => grant.Allows(right, p)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The ids of all things of the registry for which somebody has a right, in their order.</summary>
    /// <param name="who">Who asks.</param>
    /// <param name="right">Which right; <see cref="ThingRight.Control"/> for who may set all parameters.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<IReadOnlyList<string>> ThingsAsync(Jid who, ThingRight right, CancellationToken cancel = default)
    {
        if (_hub is not { } hub)
        {
            return [];
        }

        Jid bare = who.Bare;
        if (!await IsActiveAsync(hub, bare, cancel).ConfigureAwait(false))
        {
            return [];
        }

        var all = await registry.KnownAsync(cancel).ConfigureAwait(false);
        if (await hub.Accounts.IsAdministratorAsync(bare, cancel).ConfigureAwait(false))
        {
            return [.. all.Keys];
        }

        // Whose presence is seen is known from the roster of who asks: a thousand things are not asked for theirs. Of other domains there is none here.
        bool isLocal = bare.Domain == hub.Domain.Domain && bare.Local.Length > 0;
        HashSet<string>? seen = null;
        if (right == ThingRight.See && isLocal)
        {
            seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (Jid contact in (await hub.Rosters.ContactsAsync(bare, cancel).ConfigureAwait(false)).Subscriptions)
            {
                if (contact.Domain == hub.Domain.Domain)
                {
                    seen.Add(contact.Local);
                }
            }
        }

        var grouped = new HashSet<string>(groups.Current.OfMember(bare).SelectMany(g => g.Things.Keys), StringComparer.Ordinal);
        var found = new List<string>();
        foreach (Thing thing in all.Values)
        {
            bool isLikely = bare.Equals(thing.Owner) || grouped.Contains(thing.Id) || (isLocal && thing.Account == bare.Local) || (right == ThingRight.See && (seen?.Contains(thing.Account) ?? true))
                || (thing.IsBehindGateway && (grouped.Contains(thing.Account) || bare.Equals(all.GetValueOrDefault(thing.Account)?.Owner)));
            if (isLikely && await MayAsync(bare, thing.Id, right, null, cancel).ConfigureAwait(false))
            {
                found.Add(thing.Id);
            }
        }

        return found;
    }

    /// <summary>Whose a thing behind a gateway is, when that is somebody else than its gateway's owner; null when it goes with the gateway.</summary>
    /// <param name="thing">The thing.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<Jid?> OwnOwnerAsync(Thing thing, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(thing);
        return thing is { IsBehindGateway: true, Owner: { } owner } && !owner.Equals(await GatewaysOwnerAsync(thing, cancel).ConfigureAwait(false)) ? owner : null;
    }

    /// <summary>The members of a thing's own groups who see it by that: whom the hub tells of one that is behind a gateway, beside those who see the gateway.</summary>
    /// <param name="thing">The thing's id.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<IReadOnlyCollection<Jid>> MembersAsync(string thing, CancellationToken cancel = default)
    {
        GroupSnapshot snapshot = groups.Current;
        if (snapshot.IdsOfThing(thing).IsEmpty || (await registry.KnownAsync(cancel).ConfigureAwait(false)).GetValueOrDefault(thing) is not { } known)
        {
            return [];
        }

        var members = new HashSet<Jid>();
        foreach (ThingGroup group in GroupsOf(snapshot, known))
        {
            members.UnionWith(group.Members.Keys);
            if (group.Owner is { } owner)
            {
                members.Add(owner);
            }
        }

        foreach (Jid member in members)
        {
            if (_hub is { } hub && !await IsActiveAsync(hub, member, cancel).ConfigureAwait(false))
            {
                members.Remove(member);
            }
        }

        return members;
    }

    /// <summary>The people who may set parameters of a thing by what they are to it: its owner, its gateway's, operators and administrators of its groups, in that order. The hub's administrators may too.</summary>
    /// <param name="thing">The thing's id.</param>
    /// <param name="parameters">The parameters: only who may set each.</param>
    /// <param name="first">Who goes before all, where he may.</param>
    /// <param name="most">How many, at most.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<IReadOnlyList<Jid>> ControllersAsync(string thing, IReadOnlyList<string> parameters, Jid first, int most, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (_hub is not { } hub || await FindAsync(hub, thing, cancel).ConfigureAwait(false) is not { } known)
        {
            return [];
        }

        var all = await registry.KnownAsync(cancel).ConfigureAwait(false);
        Thing? gateway = known.IsBehindGateway ? all.GetValueOrDefault(known.Account) : null;
        IEnumerable<Jid?> likely = new[] { first.Bare, known.Owner, gateway?.Owner }
            .Concat(new[] { known, gateway }.OfType<Thing>().SelectMany(t => GroupsOf(groups.Current, t)).SelectMany(g => g.Members.Keys.OrderBy(m => m.ToString(), StringComparer.Ordinal).Prepend(g.Owner!)));
        var found = new List<Jid>();
        foreach (Jid who in likely.OfType<Jid>().Distinct())
        {
            // A thing is nobody to ask.
            bool isPerson = who.Domain != hub.Domain.Domain || (!all.ContainsKey(who.Local) && await hub.Accounts.OwnerAsync(who.Local, cancel).ConfigureAwait(false) is null);
            if (found.Count < most && isPerson)
            {
                ThingGrant grant = await GrantAsync(who, thing, ThingRight.Control, cancel).ConfigureAwait(false);
                if (parameters.All(p => grant.Allows(ThingRight.Control, p)))
                {
                    found.Add(who);
                }
            }
        }

        return found;
    }

    /// <summary>The ids of the things that stand in groups of somebody.</summary>
    /// <param name="who">His bare JID.</param>
    public IEnumerable<string> GroupedThings(Jid who) => groups.Current.OfMember(who).SelectMany(g => g.Things.Keys).Distinct(StringComparer.Ordinal);

    /// <summary>What somebody's roles in groups allow, whosever presence he sees.</summary>
    internal async ValueTask<ThingGrant> RolesAsync(Jid who, string id, CancellationToken cancel = default)
    {
        GroupSnapshot snapshot = groups.Current;
        var all = await registry.KnownAsync(cancel).ConfigureAwait(false);
        if (all.GetValueOrDefault(id) is not { } thing)
        {
            return ThingGrant.Nothing;
        }

        ThingGrant grant = Roles(snapshot, thing, who);
        // What goes with its gateway is in its gateway's groups.
        return thing.IsBehindGateway && all.GetValueOrDefault(thing.Account) is { } gateway && await OwnOwnerAsync(thing, cancel).ConfigureAwait(false) is null
            ? grant.Union(Roles(snapshot, gateway, who))
            : grant;
    }

    /// <summary>Says whose hub it is.</summary>
    internal void Attach(IHub hub) => _hub = hub;

    internal void Tell(AccessChange change) => Changed?.Invoke(change);

    /// <summary>Takes a thing in, also one whose account was never entered in the registry; null where there is none.</summary>
    private async ValueTask<Thing?> FindAsync(IHub hub, string id, CancellationToken cancel) =>
        (await registry.KnownAsync(cancel).ConfigureAwait(false)).GetValueOrDefault(id) is { } thing
            ? thing
            : await hub.Accounts.ExistsAsync(id, cancel).ConfigureAwait(false)
                ? new Thing(id, id) { Owner = (await hub.Accounts.OwnerAsync(id, cancel).ConfigureAwait(false))?.Bare }
                : null;

    private async ValueTask<ThingGrant> GrantAsync(Jid who, string id, ThingRight wanted, CancellationToken cancel)
    {
        if (_hub is not { } hub || await FindAsync(hub, id, cancel).ConfigureAwait(false) is not { } thing)
        {
            return ThingGrant.Nothing;
        }

        Jid bare = who.Bare;
        // Whatever is his, and also for what goes on without a session of his: what he queued, rules and tokens of his, subscriptions.
        if (!await IsActiveAsync(hub, bare, cancel).ConfigureAwait(false))
        {
            return ThingGrant.Nothing;
        }

        bool isRevoked = thing.Revoked is not null || (thing.IsBehindGateway && (await registry.KnownAsync(cancel).ConfigureAwait(false)).GetValueOrDefault(thing.Account)?.Revoked is not null);
        bool isItself = bare.Local == thing.Account && bare.Domain == hub.Domain.Domain;
        // A revoked thing has nothing of its own any more, not even where it owns itself.
        if (bare.Equals(thing.Owner) && !(isItself && isRevoked))
        {
            return ThingGrant.Of(ThingRight.Own);
        }

        if (await hub.Accounts.IsAdministratorAsync(bare, cancel).ConfigureAwait(false))
        {
            return ThingGrant.Of(ThingRight.Own);
        }

        if (isItself)
        {
            return isRevoked ? ThingGrant.Nothing : ThingGrant.Of(ThingRight.Maintain);
        }

        bool isAlone = thing.IsBehindGateway && await OwnOwnerAsync(thing, cancel).ConfigureAwait(false) is not null;
        if (thing.IsBehindGateway && !isAlone && bare.Equals(await GatewaysOwnerAsync(thing, cancel).ConfigureAwait(false)))
        {
            return ThingGrant.Of(ThingRight.Maintain); // nobody's, and behind his gateway
        }

        ThingGrant grant = await RolesAsync(bare, id, cancel).ConfigureAwait(false);
        // Presence that is seen by right is no right of its own: it ends with the role.
        return grant.Highest < ThingRight.See && wanted == ThingRight.See && !isAlone && !groups.Current.IsApproved(thing.Account, bare)
            && await hub.Rosters.MaySeePresenceAsync(new Jid(thing.Account, hub.Domain.Domain, string.Empty), bare, cancel).ConfigureAwait(false)
                ? ThingGrant.Of(ThingRight.See)
                : grant;
    }

    // Of other domains it is theirs to know who may log in.
    private static async ValueTask<bool> IsActiveAsync(IHub hub, Jid bare, CancellationToken cancel) =>
        bare.Domain != hub.Domain.Domain || (bare.Local.Length > 0 && await hub.Accounts.MayLogInAsync(bare.Local, cancel).ConfigureAwait(false));

    private async ValueTask<Jid?> GatewaysOwnerAsync(Thing thing, CancellationToken cancel) =>
        (await registry.KnownAsync(cancel).ConfigureAwait(false)).GetValueOrDefault(thing.Account) is { } gateway
            ? gateway.Owner
            : _hub is { } hub ? (await hub.Accounts.OwnerAsync(thing.Account, cancel).ConfigureAwait(false))?.Bare : null;

    private static IEnumerable<ThingGroup> GroupsOf(GroupSnapshot snapshot, Thing thing) =>
        snapshot.OfThing(thing.Id).Where(group => Equals(group.Things[thing.Id], thing.Owner));

    private static ThingGrant Roles(GroupSnapshot snapshot, Thing thing, Jid who)
    {
        ThingGrant grant = ThingGrant.Nothing;
        foreach (string id in snapshot.IdsOfThing(thing.Id))
        {
            ThingGroup group = snapshot.Groups[id];
            if (Equals(group.Things[thing.Id], thing.Owner) && group.RoleOf(who) is { } member)
            {
                grant = grant.Union(ThingGrant.Of(member));
            }
        }

        return grant;
    }
}
