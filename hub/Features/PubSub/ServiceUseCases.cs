using System.Collections.Immutable;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// What the hub's own features do with nodes, in their own right and not as somebody who asks: the nodes of things are made, handed over and closed here. Nothing of this can be reached by a stanza.
/// </summary>
public sealed class ServiceUseCases
{
    private readonly PubSubContext _context;
    private readonly Lock _suspending = new();

    internal ServiceUseCases(PubSubContext context) => _context = context;

    /// <summary>From now on nobody else makes nodes of this name (<c>things/&lt;thing-id&gt;/NAME</c>): who made one would own it, and could say there what the hub says.</summary>
    /// <param name="name">What stands behind the thing's id.</param>
    public void Reserve(string name) => _context.Reserved = _context.Reserved.Add(name);

    /// <summary>
    /// Takes the nodes of a reserved name that somebody else has made (before the name was reserved): from now on the owner given owns them alone, and they are configured anew. What the other published there
    /// goes, and whatever he allowed; subscriptions stay, as far as their subscribers may read on.
    /// </summary>
    /// <param name="name">What stands behind the thing's id.</param>
    /// <param name="owner">Whose they are to be (bare JID).</param>
    /// <param name="configure">Makes the configuration of the usual one.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The ids of the things whose nodes were taken.</returns>
    public async ValueTask<List<string>> TakeBackAsync(string name, Jid owner, Func<NodeConfiguration, NodeConfiguration> configure, CancellationToken cancel = default)
    {
        var things = new List<string>();
        foreach (string node in await _context.Store.ForeignAsync(PubSubContext.ThingsPrefix, "/" + name, owner.Bare.ToString(), cancel).ConfigureAwait(false))
        {
            if (_context.IsThings(node, out Jid? thing) && node.Length == PubSubContext.ThingsPrefix.Length + thing.Local.Length + 1 + name.Length)
            {
                await _context.Store.TakeBackAsync(node, owner.Bare.ToString(), configure(_context.DefaultConfiguration(node)), _context.Nodes.Clear).ConfigureAwait(false);
                await RecheckNodeAsync(node, null, cancel).ConfigureAwait(false);
                things.Add(thing.Local);
            }
        }

        return things;
    }

    /// <summary>Makes sure that a node is there with at least these affiliations. A node that is there keeps its configuration and all else.</summary>
    /// <param name="name">The node.</param>
    /// <param name="owner">Its owner (bare JID).</param>
    /// <param name="configure">Makes the configuration of a new node of the usual one.</param>
    /// <param name="affiliations">What others are to it.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Whether it was made.</returns>
    public async ValueTask<bool> EnsureAsync(
        string name, Jid owner, Func<NodeConfiguration, NodeConfiguration> configure, IReadOnlyList<(Jid Jid, Affiliation Affiliation)> affiliations, CancellationToken cancel = default)
    {
        Node? node = await _context.NodeAsync(name, cancel).ConfigureAwait(false);
        bool made = false;
        if (node is null)
        {
            NodeConfiguration configuration = configure(_context.DefaultConfiguration(name));
            made = (await _context.Store.CreateAsync(
                new NewNode(name, owner.Bare.ToString(), _context.Now, configuration), Affiliation.Owner, 0, null, (created, _) => _context.Nodes.Put(created)).ConfigureAwait(false)).Result == CreateResult.Created;
            node = await _context.NodeAsync(name, cancel).ConfigureAwait(false);
        }

        if (node is not null)
        {
            (Jid Jid, Affiliation Affiliation)[] missing = [.. affiliations.Append((owner.Bare, Affiliation.Owner)).Where(a => node.AffiliationOf(a.Item1) != a.Item2)];
            if (missing.Length > 0)
            {
                await SetAsync(node, missing).ConfigureAwait(false);
            }
        }

        return made;
    }

    /// <summary>Takes from an entity what it is and wants at all nodes of a thing: affiliations and subscriptions. It is told of the subscriptions (§8.8.4).</summary>
    /// <param name="thing">The thing's id: its nodes are <c>things/&lt;id&gt;/…</c>.</param>
    /// <param name="entity">The entity's bare JID.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask ExpelAsync(string thing, Jid entity, CancellationToken cancel = default)
    {
        Jid bare = entity.Bare;
        foreach (string name in await _context.Store.NamesBelowAsync(PubSubContext.ThingsPrefix + thing + "/", cancel).ConfigureAwait(false))
        {
            if (await _context.NodeAsync(name, cancel).ConfigureAwait(false) is not { } node)
            {
                continue;
            }

            if (node.AffiliationOf(bare) != Affiliation.None)
            {
                await SetAsync(node, [(bare, Affiliation.None)]).ConfigureAwait(false);
            }

            await _context.ChangeAsync(node, [.. node.Subscriptions(_context.Now).Where(s => s.Jid.Bare.Equals(bare)).Select(s => s with { State = SubscriptionState.None })]).ConfigureAwait(false);
        }
    }

    /// <summary>Somebody hears nothing from now on, though his subscriptions stay, also where he may not read any more: he may have no right for as long as he hears nothing.</summary>
    /// <param name="entity">Who (bare JID).</param>
    public void Suspend(Jid entity) => Change(all => all.Add(entity.Bare));

    /// <summary>Somebody hears again what he has subscribed to, as far as he may read it still.</summary>
    /// <param name="entity">Who (bare JID).</param>
    /// <param name="cancel">Ends the wait.</param>
    public ValueTask ResumeAsync(Jid entity, CancellationToken cancel = default)
    {
        Change(all => all.Remove(entity.Bare));
        return RecheckAsync(entity, cancel);
    }

    /// <summary>Whether somebody hears nothing now.</summary>
    public bool IsSuspended(Jid entity) => _context.Suspended.Contains(entity.Bare);

    /// <summary>Ends the subscriptions to a thing's nodes of those who may not read them any more, and tells them (§8.8.4).</summary>
    /// <param name="thing">The thing's id.</param>
    /// <param name="entity">Whose subscriptions are looked at (bare JID); null for everybody's.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask RecheckAsync(string thing, Jid? entity, CancellationToken cancel = default)
    {
        foreach (string name in await _context.Store.NamesBelowAsync(PubSubContext.ThingsPrefix + thing + "/", cancel).ConfigureAwait(false))
        {
            await RecheckNodeAsync(name, entity?.Bare, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Ends what somebody has subscribed to of things that he may not read any more, and tells him (§8.8.4).</summary>
    /// <param name="entity">Who (bare JID).</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask RecheckAsync(Jid entity, CancellationToken cancel = default)
    {
        Jid bare = entity.Bare;
        List<(string Node, Subscription Subscription)> all = await _context.Store.SubscriptionsOfAsync(bare.ToString(), _context.Now, cancel).ConfigureAwait(false);
        foreach (string name in all.Select(s => s.Node).Where(n => n.StartsWith(PubSubContext.ThingsPrefix, StringComparison.Ordinal)).Distinct(StringComparer.Ordinal))
        {
            await RecheckNodeAsync(name, bare, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>What stands on the nodes of one name of all things (<c>things/&lt;thing-id&gt;/NAME</c>): payloads by the items' ids, by the thing; a node without items is there with none.</summary>
    /// <param name="name">What stands behind the thing's id.</param>
    /// <param name="cancel">Ends the wait.</param>
    public ValueTask<Dictionary<string, Dictionary<string, byte[]>>> ItemsOfThingsAsync(string name, CancellationToken cancel = default) =>
        _context.Store.ItemsBelowAsync(PubSubContext.ThingsPrefix, "/" + name, cancel);

    /// <summary>Who has subscribed to nodes of things (bare JIDs).</summary>
    public ValueTask<List<Jid>> SubscribersOfThingsAsync(CancellationToken cancel = default) => _context.Store.SubscribersBelowAsync(PubSubContext.ThingsPrefix, cancel);

    private async ValueTask RecheckNodeAsync(string name, Jid? entity, CancellationToken cancel)
    {
        if (await _context.NodeAsync(name, cancel).ConfigureAwait(false) is not { } node)
        {
            return;
        }

        foreach (IGrouping<Jid, Subscription> subscriber in node.Subscriptions(_context.Now).Where(s => (entity is null || s.Jid.Bare.Equals(entity)) && !IsSuspended(s.Jid)).GroupBy(s => s.Jid.Bare))
        {
            Affiliation affiliation = await _context.AffiliationAsync(node, subscriber.Key, cancel).ConfigureAwait(false);
            if (await _context.AccessErrorAsync(node, subscriber.Key, affiliation, cancel).ConfigureAwait(false) is not null)
            {
                await _context.ChangeAsync(node, [.. subscriber.Select(s => s with { State = SubscriptionState.None })]).ConfigureAwait(false);
            }
        }
    }

    private void Change(Func<ImmutableHashSet<Jid>, ImmutableHashSet<Jid>> change)
    {
        lock (_suspending)
        {
            _context.Suspended = change(_context.Suspended);
        }
    }

    private Task SetAsync(Node node, IReadOnlyList<(Jid Jid, Affiliation Affiliation)> changes) => _context.Store.SetAffiliationsAsync(node.Id, changes, _ =>
    {
        Node? cached = _context.Nodes.Cached(node.Name);
        foreach ((Jid jid, Affiliation affiliation) in changes)
        {
            cached?.Set(jid.ToString(), affiliation);
        }
    });
}
