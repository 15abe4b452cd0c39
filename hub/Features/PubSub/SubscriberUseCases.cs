using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>What subscribers do (XEP-0060 §6). An entity has one subscription to a node for each of its JIDs; there are no subscription identifiers.</summary>
public sealed class SubscriberUseCases
{
    private readonly PubSubContext _context;

    internal SubscriberUseCases(PubSubContext context) => _context = context;

    /// <summary>Subscribes (§6.1), optionally with options (§6.3.7).</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="nodeName">The node.</param>
    /// <param name="jid">Who is to be notified: the actor's bare or a full JID of the actor's account.</param>
    /// <param name="options">A submitted form, or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<Outcome<Subscription>> SubscribeAsync(Jid actor, string? nodeName, Jid? jid, DataForm? options, CancellationToken cancel = default)
    {
        if (jid is null)
        {
            return PubSubError.JidRequired;
        }

        if (!jid.Bare.Equals(actor.Bare))
        {
            return PubSubError.InvalidJid;
        }

        Node? node = await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            return PubSubContext.Missing(nodeName);
        }

        Affiliation affiliation = await _context.AffiliationAsync(node, actor, cancel).ConfigureAwait(false);
        if (await _context.AccessErrorAsync(node, actor, affiliation, cancel).ConfigureAwait(false) is { } denied)
        {
            return denied;
        }

        if (!node.Configuration.Subscribe)
        {
            return PubSubError.SubscribeUnsupported;
        }

        DateTimeOffset now = _context.Now;
        Subscription? present = node.SubscriptionOf(jid, now);
        if (present is { State: SubscriptionState.Pending })
        {
            return PubSubError.PendingSubscription;
        }

        SubscriptionOptions chosen = present?.Options ?? SubscriptionOptions.Default;
        if (options is not null)
        {
            Outcome<SubscriptionOptions> applied = SubscriptionOptionsForm.Apply(chosen, options, now);
            if (applied.Error is not null)
            {
                return applied.Error;
            }

            chosen = applied.Value;
        }

        if (present is not null && chosen == present.Options)
        {
            return present; // §6.1.6: once is enough
        }

        if (present is null && node.SubscriptionCount >= _context.Options.SubscriptionsPerNode)
        {
            return PubSubError.TooManySubscriptions;
        }

        bool mustWait = node.Configuration.AccessModel == AccessModel.Authorize && affiliation == Affiliation.None && present is null;
        var subscription = new Subscription(jid, mustWait ? SubscriptionState.Pending : SubscriptionState.Subscribed, chosen);
        bool stored;
        try
        {
            stored = await _context.Store.SetSubscriptionsAsync(node.Id, [subscription], present is null ? _context.Options.SubscriptionsPerAccount : 0, () =>
            {
                _context.Nodes.Cached(node.Name)?.Put(subscription);
                Jid[] owners = [.. node.Owners()];
                if (mustWait)
                {
                    _context.Tell(new AuthorizationRequest(node.Name, jid), owners);
                }
                else if (node.Configuration.NotifySub && present is null)
                {
                    _context.Tell(new SubscriptionEvent(node.Name, jid, SubscriptionState.Subscribed), owners);
                }
            }).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.Failure == StorageFailure.Constraint)
        {
            return PubSubError.ItemNotFound; // deleted since we looked
        }

        return stored ? subscription : PubSubError.TooManySubscriptions;
    }

    /// <summary>Sends the last item to a new subscriber, when the node is configured so (§6.1.7): after the answer to the subscription.</summary>
    public async ValueTask SendLastItemAsync(string nodeName, Subscription subscription, CancellationToken cancel = default)
    {
        if (subscription is { State: SubscriptionState.Subscribed, Options.Deliver: true }
            && await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) is { Configuration.SendLastPublishedItem: not SendLastPublishedItem.Never } node)
        {
            await _context.SendLastItemAsync(node, subscription.Jid, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Sends the last items of the nodes that are configured so to a subscriber that has become available (<c>on_sub_and_presence</c>).</summary>
    public async ValueTask BecameAvailableAsync(Jid session, CancellationToken cancel = default)
    {
        foreach (string name in await _context.Store.NodesForPresenceAsync(session.Bare.ToString(), cancel).ConfigureAwait(false))
        {
            if (await _context.NodeAsync(name, cancel).ConfigureAwait(false) is not { } node)
            {
                continue;
            }

            DateTimeOffset now = _context.Now;
            if (node.SubscriptionOf(session, now) is { State: SubscriptionState.Subscribed, Options.Deliver: true }
                || node.SubscriptionOf(session.Bare, now) is { State: SubscriptionState.Subscribed, Options.Deliver: true })
            {
                await _context.SendLastItemAsync(node, session, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Ends a subscription (§6.2).</summary>
    public async ValueTask<PubSubError?> UnsubscribeAsync(Jid actor, string? nodeName, Jid? jid, string? subId, CancellationToken cancel = default)
    {
        Outcome<(Node Node, Subscription Subscription)> found = await FindAsync(actor, nodeName, jid, subId, PubSubError.NotSubscribedCancel, cancel).ConfigureAwait(false);
        if (found.Error is not null)
        {
            return found.Error;
        }

        (Node node, Subscription subscription) = found.Value;
        await _context.Store.SetSubscriptionsAsync(node.Id, [subscription with { State = SubscriptionState.None }], 0, () =>
        {
            _context.Nodes.Cached(node.Name)?.RemoveSubscription(subscription.Jid);
            if (node.Configuration.NotifySub)
            {
                _context.Tell(new SubscriptionEvent(node.Name, subscription.Jid, SubscriptionState.None), [.. node.Owners()]);
            }
        }).ConfigureAwait(false);
        return null;
    }

    /// <summary>The options of a subscription (§6.3.2).</summary>
    public async ValueTask<Outcome<SubscriptionOptions>> OptionsAsync(Jid actor, string? nodeName, Jid? jid, string? subId, CancellationToken cancel = default)
    {
        Outcome<(Node Node, Subscription Subscription)> found = await FindAsync(actor, nodeName, jid, subId, PubSubError.NotSubscribedModify, cancel).ConfigureAwait(false);
        return found.Error is not null ? found.Error : found.Value.Subscription.Options;
    }

    /// <summary>Sets the options of a subscription (§6.3.5).</summary>
    public async ValueTask<PubSubError?> SetOptionsAsync(Jid actor, string? nodeName, Jid? jid, string? subId, DataForm form, CancellationToken cancel = default)
    {
        Outcome<(Node Node, Subscription Subscription)> found = await FindAsync(actor, nodeName, jid, subId, PubSubError.NotSubscribedModify, cancel).ConfigureAwait(false);
        if (found.Error is not null)
        {
            return found.Error;
        }

        (Node node, Subscription subscription) = found.Value;
        Outcome<SubscriptionOptions> applied = SubscriptionOptionsForm.Apply(subscription.Options, form, _context.Now);
        if (applied.Error is not null)
        {
            return applied.Error;
        }

        Subscription changed = subscription with { Options = applied.Value };
        await _context.Store.SetSubscriptionsAsync(node.Id, [changed], 0, () => _context.Nodes.Cached(node.Name)?.Put(changed)).ConfigureAwait(false);
        return null;
    }

    /// <summary>The items of these ids that are there (§6.5.8).</summary>
    public async ValueTask<Outcome<IReadOnlyList<PublishedItem>>> ItemsAsync(Jid actor, string? nodeName, IReadOnlyList<string> ids, CancellationToken cancel = default)
    {
        if (ids.Count > _context.Options.ItemsPerRequest)
        {
            return PubSubError.PolicyViolation;
        }

        Outcome<Node> readable = await ReadableAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (readable.Error is not null)
        {
            return readable.Error;
        }

        List<PublishedItem> items = await _context.Store.ItemsAsync(readable.Value.Id, ids, _context.Oldest(readable.Value.Configuration), cancel).ConfigureAwait(false);
        return items.Count == 0 ? PubSubError.ItemNotFound : items;
    }

    /// <summary>Items by pages (§6.5.4), in the order of publication. Without a request: the newest that fit one page.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="nodeName">The node.</param>
    /// <param name="maxItems">The newest so many (§6.5.7), or null.</param>
    /// <param name="request">A page (XEP-0059), or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<Outcome<ItemPage>> ItemsAsync(Jid actor, string? nodeName, int? maxItems, ResultSetRequest? request, CancellationToken cancel = default)
    {
        Outcome<Node> readable = await ReadableAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (readable.Error is not null)
        {
            return readable.Error;
        }

        Node node = readable.Value;
        DateTimeOffset oldest = _context.Oldest(node.Configuration);
        int max = Math.Min(Math.Min(request?.Max ?? int.MaxValue, maxItems ?? int.MaxValue), _context.Options.ItemsPerPage);
        ItemPage? page = request switch
        {
            null or { After: null, Before: null, Index: null, Max: null } => await _context.Store.NewestAsync(node.Id, oldest, max, cancel).ConfigureAwait(false),
            { Before: { } before } => await _context.Store.BeforeAsync(node.Id, oldest, before, max, cancel).ConfigureAwait(false),
            { Index: { } index } => await _context.Store.AtAsync(node.Id, oldest, index, max, cancel).ConfigureAwait(false),
            _ => await _context.Store.AfterAsync(node.Id, oldest, request.After, max, cancel).ConfigureAwait(false),
        };
        return page is null ? PubSubError.ItemNotFound : page; // XEP-0059 §2.2: the item that the page hangs on is not there
    }

    private async ValueTask<Outcome<Node>> ReadableAsync(Jid actor, string? nodeName, CancellationToken cancel)
    {
        Node? node = await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            return PubSubContext.Missing(nodeName);
        }

        Affiliation affiliation = await _context.AffiliationAsync(node, actor, cancel).ConfigureAwait(false);
        if (await _context.AccessErrorAsync(node, actor, affiliation, cancel).ConfigureAwait(false) is { } denied)
        {
            return denied;
        }

        if (node.Configuration.AccessModel == AccessModel.Authorize && affiliation == Affiliation.None && !node.HasSubscriber(actor, _context.Now))
        {
            return PubSubError.NotAuthorizedNotSubscribed;
        }

        return node.Configuration.PersistItems ? node : PubSubError.PersistentItemsUnsupported;
    }

    private async ValueTask<Outcome<(Node Node, Subscription Subscription)>> FindAsync(Jid actor, string? nodeName, Jid? jid, string? subId, PubSubError none, CancellationToken cancel)
    {
        if (jid is null)
        {
            return PubSubError.JidRequired;
        }

        Node? node = await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            return PubSubContext.Missing(nodeName);
        }

        if (!jid.Bare.Equals(actor.Bare) && !await _context.IsAdministratorAsync(actor, cancel).ConfigureAwait(false))
        {
            return PubSubError.Forbidden;
        }

        if (node.SubscriptionOf(jid, _context.Now) is not { } subscription)
        {
            return none;
        }

        return subId is null ? (node, subscription) : PubSubError.InvalidSubId;
    }
}
