using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// What subscribers do (XEP-0060 §6). An entity may have several subscriptions to a node for one JID, each with other options and an identifier of its own (§6.1.6): who subscribes again as before has the
/// one that is there, so that a client that subscribes at each start gathers none.
/// </summary>
public sealed class SubscriberUseCases
{
    private readonly PubSubContext _context;

    internal SubscriberUseCases(PubSubContext context) => _context = context;

    /// <summary>Subscribes (§6.1), optionally with options (§6.3.7).</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="nodeName">The node; none for the root collection (XEP-0248 §8.1).</param>
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

        Node? node = string.IsNullOrEmpty(nodeName) && _context.HasCollections
            ? await RootAsync(cancel).ConfigureAwait(false)
            : await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            return await _context.MissingAsync(nodeName, cancel).ConfigureAwait(false);
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
        Subscription[] present = node.SubscriptionsOf(jid, now);
        if (Array.Exists(present, s => s.State == SubscriptionState.Pending))
        {
            return PubSubError.PendingSubscription;
        }

        Outcome<SubscriptionOptions> applied = Chosen(node, SubscriptionOptions.Default, options, jid, now);
        if (applied.Error is not null)
        {
            return applied.Error;
        }

        SubscriptionOptions chosen = applied.Value;
        if (present.Length > 0)
        {
            Subscription? same = options is null ? present[0] : Array.Find(present, s => s.Options == chosen);
            if (same is not null)
            {
                return same; // §6.1.6: once is enough
            }

            // XEP-0248 §6.1.3: twice of one type is a mistake, since the deeper one has all that the other has.
            if (node.IsCollection && Array.Exists(present, s => s.Options.Type == chosen.Type))
            {
                return PubSubError.Conflict;
            }
        }

        if (node.SubscriptionCount >= _context.Options.SubscriptionsPerNode || present.Length >= _context.Options.SubscriptionsPerJid)
        {
            return PubSubError.TooManySubscriptions;
        }

        bool mustWait = node.Configuration.AccessModel == AccessModel.Authorize && affiliation == Affiliation.None && present.Length == 0;
        var subscription = new Subscription(jid, mustWait ? SubscriptionState.Pending : SubscriptionState.Subscribed, chosen) { SubId = Subscription.NewSubId() };
        SubscribeResult stored;
        try
        {
            stored = await _context.Store.SetSubscriptionsAsync(node.Id, [subscription], _context.Bounds(isNew: true), () =>
            {
                _context.Nodes.Cached(node.Name)?.Put(subscription);
                _context.HasTemporary |= chosen.UntilPresence;
                Jid[] owners = [.. node.Owners()];
                if (mustWait)
                {
                    _context.Tell(new AuthorizationRequest(node.Name, jid) { SubId = subscription.SubId }, owners);
                }
                else if (node.Configuration.NotifySub)
                {
                    _context.Tell(SubscriptionEvent.Of(node.Name, subscription, SubscriptionState.Subscribed), owners);
                }
            }).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.Failure == StorageFailure.Constraint)
        {
            return PubSubError.ItemNotFound; // deleted since we looked
        }

        if (stored != SubscribeResult.Done)
        {
            return PubSubError.TooManySubscriptions;
        }

        // A right over a thing may have been taken away since it was asked for: who took it has looked for subscriptions before this one was there.
        if (_context.Things is not null && _context.IsThings(node.Name, out _)
            && await _context.AccessErrorAsync(node, actor, await _context.AffiliationAsync(node, actor, cancel).ConfigureAwait(false), cancel).ConfigureAwait(false) is { } lost)
        {
            await _context.ChangeAsync(node, [subscription with { State = SubscriptionState.None }]).ConfigureAwait(false);
            return lost;
        }

        return subscription;
    }

    /// <summary>What of the options may be told of a node to somebody; null where there is no such node.</summary>
    internal async ValueTask<OptionsOffer?> OfferAsync(Jid actor, string? nodeName, CancellationToken cancel = default) => string.IsNullOrEmpty(nodeName)
        ? new OptionsOffer(false, false, _context.IsLocal(actor), _context.HasCollections)
        : await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) is { } node ? OfferOf(node, actor) : null;

    /// <summary>Sends the last item to a new subscriber, when the node is configured so (§6.1.7), behind <paramref name="answer"/>; looked up before it, so that what is published upon the answer does not come twice.</summary>
    public async ValueTask SendLastItemAsync(string nodeName, Subscription subscription, Action? answer = null, CancellationToken cancel = default)
    {
        Node? node = subscription is { State: SubscriptionState.Subscribed, Options.Deliver: true } ? await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) : null;
        PublishedItem? item = node is { Configuration.SendLastPublishedItem: not SendLastPublishedItem.Never, IsCollection: false } ? await _context.LastItemAsync(node, cancel).ConfigureAwait(false) : null;
        answer?.Invoke();
        _context.TellPast(node, item, subscription.Jid);
    }

    /// <summary>Sends the last items of the nodes that are configured so to a subscriber that has become available (<c>on_sub_and_presence</c>).</summary>
    public async ValueTask BecameAvailableAsync(Jid session, CancellationToken cancel = default)
    {
        foreach (string name in await _context.Store.NodesForPresenceAsync(session.Bare.ToString(), cancel).ConfigureAwait(false))
        {
            if (await _context.NodeAsync(name, cancel).ConfigureAwait(false) is { IsCollection: false } node && Hears(node, session))
            {
                await _context.SendLastItemAsync(node, session, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Sends a session what it missed while it was away (XEP-0312 §2): of the nodes whose notifications nobody keeps for who is offline, each with the newest that fit; the nodes that would send their last
    /// item do so where nothing was missed.
    /// </summary>
    /// <param name="session">The session that has become available.</param>
    /// <param name="since">When it went.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask CameBackAsync(Jid session, DateTimeOffset since, CancellationToken cancel = default)
    {
        int left = _context.Options.SinceItems;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, Subscription subscription) in await _context.Store.SubscriptionsOfAsync(session.Bare.ToString(), _context.Now, cancel).ConfigureAwait(false))
        {
            if (left <= 0 || !seen.Add(name) || await _context.NodeAsync(name, cancel).ConfigureAwait(false) is not { IsCollection: false } node || !Hears(node, session))
            {
                continue;
            }

            NodeConfiguration configuration = node.Configuration;
            if (!configuration.DeliverNotifications || (configuration.NotificationType != NotificationType.Headline && !configuration.PresenceBasedDelivery))
            {
                continue; // kept for who is offline, as any message is
            }

            int sent = await _context.SendSinceAsync(node, session, since, Math.Min(left, _context.Options.ItemsPerPage), cancel).ConfigureAwait(false);
            left -= sent;
            if (sent == 0 && configuration.SendLastPublishedItem == SendLastPublishedItem.OnSubAndPresence)
            {
                await _context.SendLastItemAsync(node, session, cancel).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A session has gone: its temporary subscriptions end (§12.4), and items that last as long as their publisher is there (<c>purge_offline</c>).</summary>
    /// <param name="session">The session.</param>
    /// <param name="isLast">Whether it was the account's last.</param>
    public async ValueTask WentOfflineAsync(Jid session, bool isLast)
    {
        if (_context.HasTemporary)
        {
            await _context.Store.EndTemporaryAsync(session, End).ConfigureAwait(false);
            if (isLast)
            {
                await _context.Store.EndTemporaryAsync(session.Bare, End).ConfigureAwait(false);
            }
        }

        if (_context.PurgesOffline && isLast)
        {
            await _context.Store.PurgeOfflineAsync(session.Bare.ToString(), purged =>
            {
                foreach ((string name, List<string> ids) in purged)
                {
                    if (_context.Nodes.Cached(name) is { Configuration.NotifyRetract: true } node)
                    {
                        _context.Notify(node, new RetractEvent(name, ids));
                    }
                }
            }).ConfigureAwait(false);
        }
    }

    /// <summary>A contact does not see an owner's presence any more: its subscriptions by that end (§12.13).</summary>
    public Task LostPresenceAsync(Jid owner, Jid contact) => _context.Store.EndByPresenceAsync(owner.Bare.ToString(), contact.Bare.ToString(), End);

    /// <summary>A notification came back because its addressee is not there for good (§12.2): the subscription ends.</summary>
    public async ValueTask BouncedAsync(Jid subscriber, string nodeName)
    {
        if (await _context.NodeAsync(nodeName, CancellationToken.None).ConfigureAwait(false) is { } node && node.SubscriptionsOf(subscriber, _context.Now) is { Length: > 0 } there)
        {
            Subscription[] ended = [.. there.Select(s => s with { State = SubscriptionState.None })];
            await _context.Store.SetSubscriptionsAsync(node.Id, ended, _context.Bounds(isNew: false), () =>
            {
                foreach (Subscription subscription in ended)
                {
                    _context.Nodes.Cached(node.Name)?.RemoveSubscription(subscription);
                }
            }).ConfigureAwait(false);
        }
    }

    /// <summary>Ends a subscription (§6.2).</summary>
    /// <returns>The subscription that has ended.</returns>
    public async ValueTask<Outcome<Subscription>> UnsubscribeAsync(Jid actor, string? nodeName, Jid? jid, string? subId, CancellationToken cancel = default)
    {
        Outcome<(Node Node, Subscription Subscription)> found = await FindAsync(actor, nodeName, jid, subId, PubSubError.NotSubscribedCancel, cancel).ConfigureAwait(false);
        if (found.Error is not null)
        {
            return found.Error;
        }

        (Node node, Subscription subscription) = found.Value;
        Subscription ended = subscription with { State = SubscriptionState.None };
        await _context.Store.SetSubscriptionsAsync(node.Id, [ended], _context.Bounds(isNew: false), () =>
        {
            _context.Nodes.Cached(node.Name)?.RemoveSubscription(ended);
            if (node.Configuration.NotifySub)
            {
                _context.Tell(SubscriptionEvent.Of(node.Name, ended, SubscriptionState.None), [.. node.Owners()]);
            }
        }).ConfigureAwait(false);
        return ended;
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

        if (form.Type == Forms.FormType.Cancel)
        {
            return null; // XEP-0004 §3.1: nothing is changed
        }

        (Node node, Subscription subscription) = found.Value;
        Outcome<SubscriptionOptions> applied = Chosen(node, subscription.Options, form, subscription.Jid, _context.Now);
        if (applied.Error is not null)
        {
            return applied.Error;
        }

        Subscription changed = subscription with { Options = applied.Value };
        await _context.Store.SetSubscriptionsAsync(node.Id, [changed], _context.Bounds(isNew: false), () =>
        {
            _context.Nodes.Cached(node.Name)?.Put(changed);
            _context.HasTemporary |= changed.Options.UntilPresence;
        }).ConfigureAwait(false);
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

    /// <summary>Items by pages (§6.5.4), in the order of publication, as many as an answer may carry. Without a request: the newest.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="nodeName">The node.</param>
    /// <param name="maxItems">The newest so many (§6.5.7), or null.</param>
    /// <param name="request">A page (XEP-0059), or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="isSent">Whether they leave the hub in one answer, whose bytes are bounded.</param>
    public async ValueTask<Outcome<ItemPage>> ItemsAsync(Jid actor, string? nodeName, int? maxItems, ResultSetRequest? request, CancellationToken cancel = default, bool isSent = true)
    {
        Outcome<Node> readable = await ReadableAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (readable.Error is not null)
        {
            return readable.Error;
        }

        Node node = readable.Value;
        DateTimeOffset oldest = _context.Oldest(node.Configuration);
        var max = new PageBound(Math.Min(Math.Min(request?.Max ?? int.MaxValue, maxItems ?? int.MaxValue), _context.Options.ItemsPerPage), isSent ? _context.Options.PageBytes : int.MaxValue);
        ItemPage? page = request switch
        {
            null or { After: null, Before: null, Index: null, Max: null } => await _context.Store.NewestAsync(node.Id, oldest, max, cancel).ConfigureAwait(false),
            { Before: { } before } => await _context.Store.BeforeAsync(node.Id, oldest, before, max, cancel).ConfigureAwait(false),
            { Index: { } index } => await _context.Store.AtAsync(node.Id, oldest, index, max, cancel).ConfigureAwait(false),
            _ => await _context.Store.AfterAsync(node.Id, oldest, request.After, max, cancel).ConfigureAwait(false),
        };
        return page is null ? PubSubError.ItemNotFound : page; // XEP-0059 §2.2: the item that the page hangs on is not there
    }

    /// <summary>Whether a request for items may be without an identifier, or is of one that there is (§6.5.9.1–2).</summary>
    public async ValueTask<PubSubError?> CheckSubIdAsync(Jid actor, string? nodeName, string? subId, CancellationToken cancel = default)
    {
        if (await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) is not { } node)
        {
            return null; // the request itself finds out
        }

        Subscription[] full = node.SubscriptionsOf(actor, _context.Now);
        Subscription[] bare = actor.IsBare ? [] : node.SubscriptionsOf(actor.Bare, _context.Now);
        if (subId is null)
        {
            return full.Length > 1 || bare.Length > 1 ? PubSubError.SubIdRequired : null;
        }

        return full.Concat(bare).Any(s => s.SubId == subId) ? null : PubSubError.InvalidSubId;
    }

    /// <summary>The newest items of the leaves in a collection (XEP-0248 §6.2), by leaf; null where the node is no collection. The collection's access model decides.</summary>
    public async ValueTask<Outcome<IReadOnlyList<(string Node, ItemPage Page)>?>> CollectionItemsAsync(Jid actor, string? nodeName, int? maxItems, CancellationToken cancel = default)
    {
        if (await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) is not { IsCollection: true } collection)
        {
            return (List<(string, ItemPage)>?)null;
        }

        Outcome<Node> readable = await ReadableAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (readable.Error is not null)
        {
            return readable.Error;
        }

        var pages = new List<(string, ItemPage)>();
        var left = new PageBound(_context.Options.ItemsPerPage, _context.Options.PageBytes);
        foreach (string child in (await _context.Store.GraphAsync(collection.Id, cancel).ConfigureAwait(false)).Children)
        {
            if (left.Items > 0 && await _context.NodeAsync(child, cancel).ConfigureAwait(false) is { IsCollection: false, Configuration.PersistItems: true } leaf)
            {
                ItemPage page = await _context.Store.NewestAsync(leaf.Id, _context.Oldest(leaf.Configuration), left with { Items = Math.Min(left.Items, maxItems ?? left.Items) }, cancel).ConfigureAwait(false);
                left = page.Items.Aggregate(left, (rest, item) => rest.Less(item));
                if (left.Bytes < 0 && pages.Exists(p => p.Item2.Items.Count > 0))
                {
                    break; // the one that always comes is another leaf's
                }

                pages.Add((child, page));
            }
        }

        return pages;
    }

    private OptionsOffer OfferOf(Node node, Jid subscriber) => new(node.IsCollection, Microblog.HasBody(node), _context.IsLocal(subscriber), _context.HasCollections);

    private bool Hears(Node node, Jid session)
    {
        DateTimeOffset now = _context.Now;
        return Array.Exists(node.SubscriptionsOf(session, now), s => s is { State: SubscriptionState.Subscribed, Options.Deliver: true })
            || Array.Exists(node.SubscriptionsOf(session.Bare, now), s => s is { State: SubscriptionState.Subscribed, Options.Deliver: true });
    }

    private void End(List<(string Node, Subscription Subscription)> ended)
    {
        foreach ((string node, Subscription subscription) in ended)
        {
            _context.End(node, subscription);
        }
    }

    private Outcome<SubscriptionOptions> Chosen(Node node, SubscriptionOptions there, DataForm? form, Jid subscriber, DateTimeOffset now)
    {
        bool isLocal = _context.IsLocal(subscriber);
        if (form is not null)
        {
            Outcome<SubscriptionOptions> applied = SubscriptionOptionsForm.Apply(there, form, OfferOf(node, subscriber), now, _context.Options.MaxLease);
            if (applied.Error is not null)
            {
                return applied.Error;
            }

            there = applied.Value;
        }

        if (!node.Configuration.TempSub)
        {
            return there;
        }

        // §12.4: all subscriptions are temporary here; of other domains nobody knows who is there.
        return isLocal ? there with { UntilPresence = true, Expire = null } : PubSubError.PresenceSubscriptionRequired;
    }

    // The root is made by the first who subscribes to it: it belongs to the hub, and everybody may hear there of what everybody may find.
    private async ValueTask<Node?> RootAsync(CancellationToken cancel)
    {
        if (_context.Root is null)
        {
            var root = new NewNode("", _context.Address.Domain, _context.Now, new NodeConfiguration { NodeType = NodeType.Collection });
            await _context.Store.CreateAsync(root, Affiliation.Owner, 0, null, (made, _) => _context.Nodes.Put(made)).ConfigureAwait(false);
        }

        return _context.Root ?? await _context.Nodes.FindAsync("", cancel).ConfigureAwait(false);
    }

    private async ValueTask<Outcome<Node>> ReadableAsync(Jid actor, string? nodeName, CancellationToken cancel)
    {
        Node? node = await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            return await _context.MissingAsync(nodeName, cancel).ConfigureAwait(false);
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

        Node? node = string.IsNullOrEmpty(nodeName) && _context.HasCollections ? _context.Root : await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            return string.IsNullOrEmpty(nodeName) && _context.HasCollections ? none : PubSubContext.Missing(nodeName);
        }

        if (!jid.Bare.Equals(actor.Bare) && !await _context.IsAdministratorAsync(actor, cancel).ConfigureAwait(false))
        {
            return PubSubError.Forbidden;
        }

        Subscription[] there = node.SubscriptionsOf(jid, _context.Now);
        if (there.Length == 0)
        {
            return none;
        }

        if (subId is null)
        {
            return there.Length == 1 ? (node, there[0]) : PubSubError.SubIdRequired;
        }

        return Array.Find(there, s => s.SubId == subId) is { } found ? (node, found) : PubSubError.InvalidSubId;
    }
}
