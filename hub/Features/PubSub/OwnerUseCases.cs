using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>What owners do with nodes (XEP-0060 §8.1–8.5). Administrators of the hub are owners of every node.</summary>
public sealed class OwnerUseCases
{
    private readonly PubSubContext _context;
    private readonly CollectionUseCases _collections;

    internal OwnerUseCases(PubSubContext context, CollectionUseCases collections)
    {
        _context = context;
        _collections = collections;
    }

    /// <summary>The configuration that a new node has unless it is configured (§8.3).</summary>
    public NodeConfiguration DefaultConfiguration => _context.DefaultConfiguration(null);

    /// <summary>The default configuration as a form to be filled in (§8.3).</summary>
    /// <param name="type">The type of node (§8.3.2); null for a leaf.</param>
    public Outcome<DataForm> DefaultForm(string? type = null) => type switch
    {
        null or "leaf" => NodeConfigurationForm.Write(DefaultConfiguration, graph: _context.HasCollections ? NodeGraph.Empty : null),
        "collection" when _context.HasCollections => NodeConfigurationForm.Write(_context.DefaultConfiguration(null, NodeType.Collection), graph: NodeGraph.Empty),
        "collection" => PubSubError.CollectionsUnsupported,
        _ => PubSubError.BadRequest,
    };

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
        Outcome<Node> made = await CreateNodeAsync(
            actor, chosen, c => form is null ? c : NodeConfigurationForm.Apply(c, form, _context.Options), form is null ? null : NodeConfigurationForm.ReadGraph(form), cancel).ConfigureAwait(false);
        return made.Error is null ? chosen : made.Error;
    }

    /// <summary>The configuration as a form to be filled in (§8.2.2).</summary>
    public async ValueTask<Outcome<DataForm>> ConfigurationAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        NodeGraph? graph = _context.HasCollections ? await _context.Store.GraphAsync(owned.Value.Id, cancel).ConfigureAwait(false) : null;
        return NodeConfigurationForm.Write(owned.Value.Configuration, graph: graph);
    }

    /// <summary>Changes the configuration (§8.2.4). A node that becomes a whitelist loses the subscribers who are not on it; one that becomes open takes those who waited.</summary>
    public async ValueTask<PubSubError?> ConfigureAsync(Jid actor, string? nodeName, DataForm form, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
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

        NodeConfiguration before = node.Configuration;
        NodeConfiguration changed = applied.Value;
        if (changed.TempSub && _context.Account is not null)
        {
            return PubSubError.NotAcceptable; // an account's service does not see its subscribers go
        }

        if (changed.NodeType != before.NodeType)
        {
            if (!_context.HasCollections)
            {
                return PubSubError.CollectionsUnsupported;
            }

            if (changed.NodeType == NodeType.Leaf)
            {
                return PubSubError.InvalidGraph; // XEP-0248 §7.2.3.4: never back
            }
        }

        GraphChange? graph = NodeConfigurationForm.ReadGraph(form);
        if (graph is not null)
        {
            NodeGraph now = await _context.Store.GraphAsync(node.Id, cancel).ConfigureAwait(false);
            if (await _collections.MayAsync(actor, now, graph, cancel).ConfigureAwait(false) is { } refused)
            {
                return refused;
            }
        }

        bool closes = changed.AccessModel == AccessModel.Whitelist && before.AccessModel != AccessModel.Whitelist;
        (List<Subscription>? ended, GraphResult result) = await _context.Store.ConfigureAsync(
            node, changed, _context.MaxItems(changed), closes, graph is null || !_context.HasCollections ? null : (graph, _context.Options), (lost, done) =>
            {
                if (_context.Nodes.Cached(node.Name) is { } cached)
                {
                    cached.Configuration = changed;
                }

                _context.PurgesOffline |= changed.PurgeOffline;
                _context.HasTemporary |= changed.TempSub;
                foreach (Subscription subscription in lost)
                {
                    _context.End(node.Name, subscription);
                }

                _collections.Changed(node, done, isNew: false);
                if (changed.NotifyConfig)
                {
                    _context.Notify(node, new ConfigurationEvent(node.Name, changed.DeliverPayloads ? changed : null));
                }
            }).ConfigureAwait(false);
        if (ended is null)
        {
            return result.Error ?? PubSubError.ItemNotFound;
        }

        if (changed.AccessModel == AccessModel.Open && before.AccessModel != AccessModel.Open)
        {
            await _context.ChangeAsync(node, [.. node.Subscriptions(_context.Now).Where(s => s.State == SubscriptionState.Pending).Select(s => s with { State = SubscriptionState.Subscribed })]).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Deletes a node (§8.4). The nodes of a collection hang on the root afterwards, unless they are in another (XEP-0248 §8.2).</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="nodeName">The node.</param>
    /// <param name="redirectUri">Where subscribers find what follows it, or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<PubSubError?> DeleteAsync(Jid actor, string? nodeName, string? redirectUri, CancellationToken cancel = default)
    {
        if (nodeName?.Length == 0 && _context.HasCollections)
        {
            return PubSubError.NotAllowed; // XEP-0248 §7.4.3.1: the root
        }

        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        if (redirectUri is not null && (redirectUri.Length == 0 || redirectUri.Length > _context.Options.TextLimit || !System.Uri.TryCreate(redirectUri, UriKind.Absolute, out _)))
        {
            return PubSubError.BadRequest;
        }

        Node node = owned.Value;
        bool deleted = await _context.Store.DeleteAsync(node, redirectUri, _context.Now, () =>
        {
            foreach (Node child in _context.Nodes.Within(node.Name).ToArray())
            {
                child.Collections = Array.FindAll(child.Collections, c => c.Name != node.Name);
            }

            if (node.Configuration.NotifyDelete)
            {
                _context.Notify(node, new DeleteEvent(node.Name, redirectUri));
            }

            _context.Nodes.Remove(node.Name);
        }).ConfigureAwait(false);
        return deleted ? null : PubSubError.ItemNotFound;
    }

    /// <summary>Removes all items (§8.5).</summary>
    public async ValueTask<PubSubError?> PurgeAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        Node node = owned.Value;
        if (!node.Configuration.PersistItems || node.IsCollection)
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

    /// <summary>Removes what an account that is gone was and wanted here.</summary>
    public async Task RemoveEntityAsync(Jid bare)
    {
        await _context.Store.RemoveEntityAsync(bare.ToString(), _context.Nodes.Clear).ConfigureAwait(false);
        if (_context.HasCollections)
        {
            await _context.Nodes.FindAsync("", CancellationToken.None).ConfigureAwait(false); // the root is never without its subscribers
        }
    }

    internal async ValueTask<Outcome<Node>> CreateNodeAsync(Jid actor, string name, Func<NodeConfiguration, Outcome<NodeConfiguration>> configure, GraphChange? graph, CancellationToken cancel)
    {
        if (!_context.IsId(name))
        {
            return PubSubError.NotAcceptable;
        }

        if (!_context.MayCreate(actor))
        {
            return PubSubError.Forbidden;
        }

        bool isAdministrator = await _context.IsAdministratorAsync(actor, cancel).ConfigureAwait(false);
        Jid creator = actor.Bare;
        NodeConfiguration configuration = _context.DefaultConfiguration(name);
        if (_context.Account is null && (name.StartsWith(PubSubContext.ThingsPrefix, StringComparison.Ordinal) || name + "/" == PubSubContext.ThingsPrefix))
        {
            bool isThings = _context.IsThings(name, out Jid? thing);
            if ((!isAdministrator && !(isThings && thing!.Equals(creator))) || (isThings && _context.Reserved.Contains(name[(PubSubContext.ThingsPrefix.Length + thing!.Local.Length + 1)..])))
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

        if (configured.Value.NodeType == NodeType.Collection && !_context.HasCollections)
        {
            return PubSubError.CollectionsUnsupported;
        }

        if (configured.Value.TempSub && _context.Account is not null)
        {
            return PubSubError.NotAcceptable;
        }

        if (graph is not null)
        {
            if (await _collections.MayAsync(actor, NodeGraph.Empty, graph, cancel).ConfigureAwait(false) is { } refused)
            {
                return refused;
            }

            graph = _context.HasCollections && (graph.Collections is { Count: > 0 } || graph.Children is { Count: > 0 }) ? graph : null;
        }

        Node? made = null;
        (CreateResult result, GraphResult edges) = await _context.Store.CreateAsync(
            new NewNode(name, creator.ToString(), _context.Now, configured.Value), Affiliation.Owner, isAdministrator ? 0 : _context.Options.NodesPerAccount,
            graph is null ? null : (graph, _context.Options), (node, done) =>
            {
                made = node;
                _context.Nodes.Put(node);
                _context.PurgesOffline |= configured.Value.PurgeOffline;
                _context.HasTemporary |= configured.Value.TempSub;
                _collections.Changed(node, done, isNew: true);
            }).ConfigureAwait(false);
        return result switch
        {
            CreateResult.Exists => PubSubError.Conflict,
            CreateResult.TooMany => PubSubError.TooManyNodes,
            CreateResult.WrongGraph => edges.Error!,
            _ => made!,
        };
    }
}
