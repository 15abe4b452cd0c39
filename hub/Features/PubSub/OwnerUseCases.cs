using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>What owners do (XEP-0060 §8). Administrators of the hub are owners of every node.</summary>
public sealed class OwnerUseCases
{
    private readonly PubSubContext _context;

    internal OwnerUseCases(PubSubContext context) => _context = context;

    /// <summary>The configuration that a new node has unless it is configured (§8.3).</summary>
    public NodeConfiguration DefaultConfiguration => new() { MaxItems = _context.Options.DefaultMaxItems };

    /// <summary>The default configuration as a form to be filled in (§8.3).</summary>
    public DataForm DefaultForm() => NodeConfigurationForm.Write(DefaultConfiguration);

    /// <summary>
    /// Makes a node (§8.1). Below <c>things/&lt;thing-id&gt;/</c> only the thing's account or an administrator may; the thing is the owner and the access model is whitelist unless configured.
    /// </summary>
    /// <param name="actor">Who asks: an account of this domain.</param>
    /// <param name="name">The name; null or empty lets the service make one (an instant node, §8.1.2).</param>
    /// <param name="form">A submitted configuration (§8.1.3), or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The name.</returns>
    public async ValueTask<Outcome<string>> CreateAsync(Jid actor, string? name, DataForm? form, CancellationToken cancel = default)
    {
        string chosen = string.IsNullOrEmpty(name) ? Guid.CreateVersion7(_context.Now).ToString("N") : name;
        Outcome<Node> made = await CreateNodeAsync(actor, chosen, c => form is null ? c : NodeConfigurationForm.Apply(c, form, _context.Options), cancel).ConfigureAwait(false);
        return made.Error is null ? chosen : made.Error;
    }

    /// <summary>The configuration as a form to be filled in (§8.2.2).</summary>
    public async ValueTask<Outcome<DataForm>> ConfigurationAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        return owned.Error is not null ? owned.Error : NodeConfigurationForm.Write(owned.Value.Configuration);
    }

    /// <summary>Changes the configuration (§8.2.4). A node that becomes a whitelist loses the subscribers who are not on it.</summary>
    public async ValueTask<PubSubError?> ConfigureAsync(Jid actor, string? nodeName, DataForm form, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        Node node = owned.Value;
        if (form.Type == Forms.FormType.Cancel)
        {
            return null; // §8.2.4: the old configuration stays
        }

        Outcome<NodeConfiguration> applied = NodeConfigurationForm.Apply(node.Configuration, form, _context.Options);
        if (applied.Error is not null)
        {
            return applied.Error;
        }

        NodeConfiguration changed = applied.Value;
        bool closes = changed.AccessModel == AccessModel.Whitelist && node.Configuration.AccessModel != AccessModel.Whitelist;
        List<Jid>? ended = await _context.Store.ConfigureAsync(node.Id, changed, _context.MaxItems(changed), closes, lost =>
        {
            if (_context.Nodes.Cached(node.Name) is { } cached)
            {
                cached.Configuration = changed;
            }

            End(node, lost);
            if (changed.NotifyConfig)
            {
                _context.Notify(node, new ConfigurationEvent(node.Name, changed.DeliverPayloads ? changed : null));
            }
        }).ConfigureAwait(false);
        return ended is null ? PubSubError.ItemNotFound : null;
    }

    /// <summary>Deletes a node (§8.4).</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="nodeName">The node.</param>
    /// <param name="redirectUri">Where subscribers find what follows it, or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<PubSubError?> DeleteAsync(Jid actor, string? nodeName, string? redirectUri, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        Node node = owned.Value;
        bool deleted = await _context.Store.DeleteAsync(node.Id, () =>
        {
            _context.Nodes.Remove(node.Name);
            if (node.Configuration.NotifyDelete)
            {
                _context.Notify(node, new DeleteEvent(node.Name, redirectUri));
            }
        }).ConfigureAwait(false);
        return deleted ? null : PubSubError.ItemNotFound;
    }

    /// <summary>Removes all items (§8.5).</summary>
    public async ValueTask<PubSubError?> PurgeAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        Node node = owned.Value;
        if (!node.Configuration.PersistItems)
        {
            return PubSubError.PersistentItemsUnsupported;
        }

        await _context.Store.PurgeAsync(node.Id, () =>
        {
            if (node.Configuration.NotifyRetract)
            {
                _context.Notify(node, new PurgeEvent(node.Name));
            }
        }).ConfigureAwait(false);
        return null;
    }

    /// <summary>All subscriptions, those that wait included (§8.8.1).</summary>
    public async ValueTask<Outcome<IReadOnlyList<Subscription>>> SubscriptionsAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        return owned.Error is not null ? owned.Error : owned.Value.Subscriptions(_context.Now);
    }

    /// <summary>Sets subscriptions (§8.8.2), all or none; the subscribers are told.</summary>
    public async ValueTask<PubSubError?> SetSubscriptionsAsync(Jid actor, string? nodeName, IReadOnlyList<(Jid Jid, SubscriptionState State)> changes, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        if (changes.Count > _context.Options.ItemsPerRequest || owned.Value.SubscriptionCount + changes.Count > _context.Options.SubscriptionsPerNode)
        {
            return PubSubError.PolicyViolation;
        }

        return await ChangeAsync(owned.Value, changes).ConfigureAwait(false);
    }

    /// <summary>Answers a request to subscribe (§8.6).</summary>
    public async ValueTask<PubSubError?> AuthorizeAsync(Jid actor, string? nodeName, Jid subscriber, bool allow, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        // Another owner may have answered before: only what still waits is changed.
        return owned.Value.SubscriptionOf(subscriber, _context.Now) is { State: SubscriptionState.Pending }
            ? await ChangeAsync(owned.Value, [(subscriber, allow ? SubscriptionState.Subscribed : SubscriptionState.None)]).ConfigureAwait(false)
            : PubSubError.ItemNotFound;
    }

    /// <summary>All affiliations (§8.9.1).</summary>
    public async ValueTask<Outcome<IReadOnlyList<(string Jid, Affiliation Affiliation)>>> AffiliationsAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        return owned.Error is not null
            ? owned.Error
            : owned.Value.Affiliations.Select(a => (a.Key, a.Value)).OrderBy(a => a.Key, StringComparer.Ordinal).ToArray();
    }

    /// <summary>Sets affiliations (§8.9.2), all or none. A node always has an owner; outcasts lose their subscriptions.</summary>
    public async ValueTask<PubSubError?> SetAffiliationsAsync(Jid actor, string? nodeName, IReadOnlyList<(Jid Jid, Affiliation Affiliation)> changes, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        Node node = owned.Value;
        if (changes.Count > _context.Options.ItemsPerRequest || node.Affiliations.Count + changes.Count > _context.Options.AffiliationsPerNode)
        {
            return PubSubError.PolicyViolation;
        }

        var bare = changes.Select(c => (c.Jid.Bare, c.Affiliation)).ToArray();
        Dictionary<string, Affiliation> after = new(node.Affiliations, StringComparer.Ordinal);
        foreach ((Jid jid, Affiliation affiliation) in bare)
        {
            after[jid.ToString()] = affiliation;
        }

        if (!after.ContainsValue(Affiliation.Owner))
        {
            return PubSubError.NotAcceptable; // §8.9.2.4
        }

        await _context.Store.SetAffiliationsAsync(node.Id, bare, lost =>
        {
            Node? cached = _context.Nodes.Cached(node.Name);
            foreach ((Jid jid, Affiliation affiliation) in bare)
            {
                cached?.Set(jid.ToString(), affiliation);
            }

            End(node, lost);
        }).ConfigureAwait(false);
        return null;
    }

    /// <summary>Removes what an account that is gone was and wanted here.</summary>
    public Task RemoveEntityAsync(Jid bare) => _context.Store.RemoveEntityAsync(bare.ToString(), _context.Nodes.Clear);

    internal async ValueTask<Outcome<Node>> CreateNodeAsync(Jid actor, string name, Func<NodeConfiguration, Outcome<NodeConfiguration>> configure, CancellationToken cancel)
    {
        if (!_context.IsId(name))
        {
            return PubSubError.NotAcceptable;
        }

        if (!_context.IsLocal(actor))
        {
            return PubSubError.Forbidden;
        }

        bool isAdministrator = await _context.IsAdministratorAsync(actor, cancel).ConfigureAwait(false);
        Jid creator = actor.Bare;
        NodeConfiguration configuration = DefaultConfiguration;
        if (name.StartsWith(PubSubContext.ThingsPrefix, StringComparison.Ordinal) || name + "/" == PubSubContext.ThingsPrefix)
        {
            bool isThings = _context.IsThings(name, out Jid? thing);
            if (!isAdministrator && !(isThings && thing!.Equals(creator)))
            {
                return PubSubError.Forbidden;
            }

            creator = thing ?? creator;
            configuration = configuration with { AccessModel = AccessModel.Whitelist };
        }

        Outcome<NodeConfiguration> configured = configure(configuration);
        if (configured.Error is not null)
        {
            return configured.Error;
        }

        Node? made = null;
        CreateResult result = await _context.Store.CreateAsync(
            name, creator.ToString(), _context.Now, configured.Value, Affiliation.Owner, isAdministrator ? 0 : _context.Options.NodesPerAccount, node =>
            {
                made = node;
                _context.Nodes.Put(node);
            }).ConfigureAwait(false);
        return result switch
        {
            CreateResult.Exists => PubSubError.Conflict,
            CreateResult.TooMany => PubSubError.TooManyNodes,
            _ => made!,
        };
    }

    private async ValueTask<Outcome<Node>> OwnedAsync(Jid actor, string? nodeName, CancellationToken cancel)
    {
        Node? node = await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            return PubSubContext.Missing(nodeName);
        }

        return await _context.IsOwnerAsync(node, actor, cancel).ConfigureAwait(false) ? node : PubSubError.Forbidden;
    }

    private async ValueTask<PubSubError?> ChangeAsync(Node node, IReadOnlyList<(Jid Jid, SubscriptionState State)> changes)
    {
        DateTimeOffset now = _context.Now;
        Subscription[] subscriptions = [.. changes.Select(c => new Subscription(c.Jid, c.State, node.SubscriptionOf(c.Jid, now)?.Options ?? SubscriptionOptions.Default))];
        await _context.Store.SetSubscriptionsAsync(node.Id, subscriptions, 0, () =>
        {
            Node? cached = _context.Nodes.Cached(node.Name);
            foreach (Subscription subscription in subscriptions)
            {
                if (subscription.State == SubscriptionState.None)
                {
                    cached?.RemoveSubscription(subscription.Jid);
                }
                else
                {
                    cached?.Put(subscription);
                }

                _context.Tell(new SubscriptionEvent(node.Name, subscription.Jid, subscription.State), [subscription.Jid]);
            }
        }).ConfigureAwait(false);
        return null;
    }

    /// <summary>Subscriptions that a change has ended: out of memory, and their subscribers are told (§8.8.4).</summary>
    private void End(Node node, List<Jid> ended)
    {
        foreach (Jid jid in ended)
        {
            _context.Nodes.Cached(node.Name)?.RemoveSubscription(jid);
            _context.Tell(new SubscriptionEvent(node.Name, jid, SubscriptionState.None), [jid]);
        }
    }
}
