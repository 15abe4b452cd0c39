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

    /// <summary>Puts a node that was just loaded or made. Only in a step after a commit.</summary>
    public void Put(Node node)
    {
        if (_nodes.Count >= limit)
        {
            // The eighth that was unused longest goes: rare, and cheaper than a list in the order of use.
            foreach (Node old in _nodes.Values.OrderBy(n => n.LastUsed).Take(Math.Max(1, limit / 8)).ToArray())
            {
                if (old.LastTransient is null || _nodes.Count > limit)
                {
                    _nodes.TryRemove(old.Name, out _);
                }
            }
        }

        node.LastUsed = Interlocked.Increment(ref _uses);
        _nodes[node.Name] = node;
    }

    /// <summary>Forgets a node. Only in a step after a commit.</summary>
    public void Remove(string name) => _nodes.TryRemove(name, out _);

    /// <summary>Forgets all nodes. Only in a step after a commit.</summary>
    public void Clear() => _nodes.Clear();

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
                    Put(loaded);
                }
            },
            cancellationToken).ConfigureAwait(false);
        return node;
    }
}
