using System.Collections.Concurrent;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// Nodes in memory, bounded. A node is loaded by the database's writer between the changes, so what is loaded and what changes it afterwards come in one order and the copy in memory is never behind.
/// </summary>
internal sealed class NodeCache(PubSubStore store, int limit)
{
    private readonly ConcurrentDictionary<string, Node> _nodes = new(StringComparer.Ordinal);
    private long _uses;

    public int Count => _nodes.Count;

    /// <summary>The node, or null when there is none.</summary>
    public ValueTask<Node?> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (_nodes.TryGetValue(name, out Node? node))
        {
            node.LastUsed = Interlocked.Increment(ref _uses);
            return ValueTask.FromResult<Node?>(node);
        }

        return new ValueTask<Node?>(LoadAsync(name, cancellationToken));
    }

    /// <summary>The node if it is in memory: for steps after a commit, which run in order.</summary>
    public Node? Cached(string name) => _nodes.GetValueOrDefault(name);

    /// <summary>The root collection, once anybody has subscribed to it; it never leaves memory.</summary>
    public Node? Root { get; private set; }

    /// <summary>Puts a node that was just loaded or made. Only in a step after a commit.</summary>
    public void Put(Node node)
    {
        if (node.Name.Length == 0)
        {
            Root = node;
        }

        if (_nodes.Count >= limit)
        {
            Trim();
        }

        node.LastUsed = Interlocked.Increment(ref _uses);
        _nodes[node.Name] = node;
    }

    /// <summary>The nodes in memory that are in a collection. Only in a step after a commit.</summary>
    public IEnumerable<Node> Within(string collection) => _nodes.Values.Where(n => Array.Exists(n.Collections, c => c.Name == collection));

    /// <summary>Forgets a node. Only in a step after a commit.</summary>
    public void Remove(string name)
    {
        if (_nodes.TryRemove(name, out Node? node) && node.IsCollection)
        {
            RemoveOrphans();
        }
    }

    /// <summary>Forgets all nodes. Only in a step after a commit.</summary>
    public void Clear()
    {
        _nodes.Clear();
        Root = null;
    }

    // The eighth that was unused longest goes: rare, and cheaper than a list in the order of use. Leaves first: who holds a leaf holds the collections above it.
    private void Trim()
    {
        bool wentCollection = false;
        foreach (Node old in _nodes.Values.OrderBy(n => n.IsCollection).ThenBy(n => n.LastUsed).Take(Math.Max(1, limit / 8)).ToArray())
        {
            if (old.Name.Length > 0 && (old.LastTransient is null || _nodes.Count > limit))
            {
                _nodes.TryRemove(old.Name, out _);
                wentCollection |= old.IsCollection;
            }
        }

        if (wentCollection)
        {
            RemoveOrphans();
        }
    }

    // What is below a collection that went would keep a copy of it that nobody changes any more.
    private void RemoveOrphans()
    {
        bool again = true;
        while (again)
        {
            again = false;
            foreach (Node node in _nodes.Values)
            {
                if (Array.Exists(node.Collections, c => !_nodes.ContainsKey(c.Name)))
                {
                    _nodes.TryRemove(node.Name, out _);
                    again |= node.IsCollection;
                }
            }
        }
    }

    // The collections above a node that was loaded: those that are in memory already are the ones in use.
    private void Adopt(Node loaded, HashSet<string> seen)
    {
        if (loaded.Collections.Length == 0 || !seen.Add(loaded.Name))
        {
            return;
        }

        Node[] collections = [.. loaded.Collections];
        for (int i = 0; i < collections.Length; i++)
        {
            if (_nodes.TryGetValue(collections[i].Name, out Node? inUse) && inUse.Id == collections[i].Id)
            {
                collections[i] = inUse;
            }
            else
            {
                Adopt(collections[i], seen);
                Put(collections[i]);
            }
        }

        loaded.Collections = collections;
    }

    private async Task<Node?> LoadAsync(string name, CancellationToken cancellationToken)
    {
        Node? node = null;
        await store.LoadAsync(
            name,
            loaded =>
            {
                // Somebody else may have loaded it in the meantime: that one is in use.
                if (loaded is not null && !_nodes.TryGetValue(name, out node))
                {
                    node = loaded;
                    Adopt(loaded, []);
                    Put(loaded);
                }
            },
            cancellationToken).ConfigureAwait(false);
        return node;
    }
}
