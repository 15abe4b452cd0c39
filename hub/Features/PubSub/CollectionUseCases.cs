using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// Nodes in collections (XEP-0248). Who puts a node into a collection must own the node: through a collection its items are told to whom the collection lets in, whatever the node's own access model
/// (§10.1). The collection's policy says who may besides.
/// </summary>
public sealed class CollectionUseCases
{
    private readonly PubSubContext _context;

    internal CollectionUseCases(PubSubContext context) => _context = context;

    /// <summary>Puts a node into a collection (§7.5).</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="collection">The collection.</param>
    /// <param name="child">The node.</param>
    /// <param name="cancel">Ends the wait.</param>
    public ValueTask<PubSubError?> AssociateAsync(Jid actor, string? collection, string? child, CancellationToken cancel = default) => ChangeAsync(actor, collection, child, associate: true, cancel);

    /// <summary>Takes a node out of a collection (§7.6): who owns either may.</summary>
    public ValueTask<PubSubError?> DissociateAsync(Jid actor, string? collection, string? child, CancellationToken cancel = default) => ChangeAsync(actor, collection, child, associate: false, cancel);

    /// <summary>Whether somebody may change the graph so; the rules of the graph itself are the store's.</summary>
    internal async ValueTask<PubSubError?> MayAsync(Jid actor, NodeGraph now, GraphChange change, CancellationToken cancel)
    {
        if (!_context.HasCollections)
        {
            // An account's own nodes hang on the account: that may be said, and nothing else.
            return change is { Collections: null or { Count: 0 }, Children: null or { Count: 0 } } ? null : PubSubError.CollectionsUnsupported;
        }

        foreach (string collection in (change.Collections ?? []).Except(now.Collections))
        {
            if (await _context.NodeAsync(collection, cancel).ConfigureAwait(false) is not { } node)
            {
                return PubSubError.ItemNotFound;
            }

            if (node.IsCollection && !await MayPutIntoAsync(node, actor, cancel).ConfigureAwait(false))
            {
                return PubSubError.Forbidden;
            }
        }

        foreach (string child in (change.Children ?? []).Except(now.Children))
        {
            if (await _context.NodeAsync(child, cancel).ConfigureAwait(false) is not { } node)
            {
                return PubSubError.ItemNotFound;
            }

            if (!await _context.IsOwnerAsync(node, actor, cancel).ConfigureAwait(false))
            {
                return PubSubError.Forbidden;
            }
        }

        return null;
    }

    /// <summary>Brings memory up to a change of the graph, and tells it. Only in a step after a commit.</summary>
    /// <param name="node">The node that was changed.</param>
    /// <param name="result">What came of it.</param>
    /// <param name="isNew">Whether the node has just been made: then it is its making that is told (§5.3.1.2).</param>
    internal void Changed(Node node, GraphResult result, bool isNew)
    {
        if (!ReferenceEquals(result, GraphResult.Unchanged))
        {
            Hang(node.Name, result.After.Collections);
            foreach (string child in result.Before.Children.Union(result.After.Children))
            {
                if (_context.Nodes.Cached(child) is { } cached)
                {
                    string[] collections = [.. cached.Collections.Select(c => c.Name).Where(c => c != node.Name), .. result.After.Children.Contains(child) ? [node.Name] : Array.Empty<string>()];
                    Hang(child, collections);
                }
            }
        }

        if (isNew)
        {
            _context.NotifyAbove(node, new CreateEvent(node.Name));
        }
        else
        {
            Tell(node.Name, result.Before.Collections, result.After.Collections, (collection, child) => (collection, child));
        }

        Tell(node.Name, result.Before.Children, result.After.Children, (child, collection) => (collection, child));
    }

    // What was in memory of the collections stays in use; one that is not there could not be told anyhow until it is read, so the node is read anew with it.
    private void Hang(string name, IReadOnlyList<string> collections)
    {
        if (_context.Nodes.Cached(name) is not { } cached)
        {
            return;
        }

        Node?[] above = [.. collections.Select(_context.Nodes.Cached)];
        if (Array.Exists(above, c => c is null))
        {
            _context.Nodes.Remove(name);
        }
        else
        {
            cached.Collections = above!;
        }
    }

    private void Tell(string node, IReadOnlyList<string> before, IReadOnlyList<string> after, Func<string, string, (string Collection, string Child)> roles)
    {
        foreach (string other in before.Except(after))
        {
            TellAssociation(roles(other, node), false);
        }

        foreach (string other in after.Except(before))
        {
            TellAssociation(roles(other, node), true);
        }
    }

    private void TellAssociation((string Collection, string Child) edge, bool isAssociated)
    {
        if (_context.Nodes.Cached(edge.Collection) is { } collection)
        {
            _context.Notify(collection, new AssociationEvent(edge.Collection, edge.Child, isAssociated));
        }
    }

    private async ValueTask<PubSubError?> ChangeAsync(Jid actor, string? collectionName, string? childName, bool associate, CancellationToken cancel)
    {
        if (!_context.HasCollections)
        {
            return PubSubError.CollectionsUnsupported;
        }

        if (await _context.NodeAsync(collectionName, cancel).ConfigureAwait(false) is not { } collection)
        {
            return PubSubContext.Missing(collectionName);
        }

        if (await _context.NodeAsync(childName, cancel).ConfigureAwait(false) is not { } child)
        {
            return PubSubContext.Missing(childName);
        }

        bool ownsChild = await _context.IsOwnerAsync(child, actor, cancel).ConfigureAwait(false);
        bool may = associate
            ? ownsChild && (!collection.IsCollection || await MayPutIntoAsync(collection, actor, cancel).ConfigureAwait(false))
            : ownsChild || await _context.IsOwnerAsync(collection, actor, cancel).ConfigureAwait(false);
        if (!may)
        {
            return PubSubError.Forbidden;
        }

        NodeGraph graph = await _context.Store.GraphAsync(child.Id, cancel).ConfigureAwait(false);
        bool isIn = graph.Collections.Contains(collection.Name);
        if (!associate && !isIn)
        {
            return PubSubError.BadRequest; // §7.6.3.1
        }

        if (associate && isIn)
        {
            return null;
        }

        var change = new GraphChange(associate ? [.. graph.Collections, collection.Name] : [.. graph.Collections.Where(c => c != collection.Name)], null);
        GraphResult? result = await _context.Store.AssociateAsync(child, change, _context.Options, done => Changed(child, done, isNew: false)).ConfigureAwait(false);
        return result is null ? PubSubError.ItemNotFound : result.Error;
    }

    // §7.2.1: children_association_policy.
    private async ValueTask<bool> MayPutIntoAsync(Node collection, Jid actor, CancellationToken cancel)
    {
        if (await _context.IsOwnerAsync(collection, actor, cancel).ConfigureAwait(false))
        {
            return true;
        }

        NodeConfiguration configuration = collection.Configuration;
        return collection.AffiliationOf(actor) != Affiliation.Outcast && configuration.ChildrenAssociationPolicy switch
        {
            ChildrenAssociationPolicy.All => true,
            ChildrenAssociationPolicy.Whitelist => configuration.ChildrenAssociationWhitelist.Contains(actor.Bare.ToString()),
            _ => false,
        };
    }
}
