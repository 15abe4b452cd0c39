using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// What the hub's own features do with nodes, in their own right and not as somebody who asks: the nodes of things are made, handed over and closed here. Nothing of this can be reached by a stanza.
/// </summary>
public sealed class ServiceUseCases
{
    private readonly PubSubContext _context;

    internal ServiceUseCases(PubSubContext context) => _context = context;

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
            NodeConfiguration configuration = configure(new NodeConfiguration { MaxItems = _context.Options.DefaultMaxItems });
            made = await _context.Store.CreateAsync(name, owner.Bare.ToString(), _context.Now, configuration, Affiliation.Owner, 0, created => _context.Nodes.Put(created)).ConfigureAwait(false)
                == CreateResult.Created;
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

            Subscription[] ended = [.. node.Subscriptions(_context.Now).Where(s => s.Jid.Bare.Equals(bare)).Select(s => s with { State = SubscriptionState.None })];
            if (ended.Length == 0)
            {
                continue;
            }

            await _context.Store.SetSubscriptionsAsync(node.Id, ended, 0, () =>
            {
                foreach (Subscription subscription in ended)
                {
                    _context.Nodes.Cached(node.Name)?.RemoveSubscription(subscription.Jid);
                    _context.Tell(new SubscriptionEvent(node.Name, subscription.Jid, SubscriptionState.None), [subscription.Jid]);
                }
            }).ConfigureAwait(false);
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
