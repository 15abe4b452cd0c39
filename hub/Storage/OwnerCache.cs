using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace IotXmpp.Hub.Storage;

/// <summary>
/// Bounded copies in memory of what is stored of accounts. A copy is never older than the last change that its store has told of: what was read while something changed is used once and not kept.
/// Thread-safe; reading what is there takes no lock.
/// </summary>
/// <param name="limit">Accounts that are kept; with one more it starts anew.</param>
public sealed class OwnerCache<T>(int limit)
    where T : class
{
    private readonly ConcurrentDictionary<string, T> _known = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private long _changes;

    /// <summary>Accounts that are in memory.</summary>
    public int Count => _known.Count;

    /// <summary>What is in memory of an account.</summary>
    public bool TryGet(string owner, [NotNullWhen(true)] out T? value) => _known.TryGetValue(owner, out value);

    /// <summary>What is in memory, else what is stored.</summary>
    /// <param name="owner">The account.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="cancel">Ends the wait.</param>
    public ValueTask<T> GetAsync(string owner, Func<string, CancellationToken, ValueTask<T>> read, CancellationToken cancel = default) =>
        _known.TryGetValue(owner, out T? known) ? new(known) : ReadAsync(owner, read, cancel);

    /// <summary>It has changed: to be called when that is durable, in the order of the commits.</summary>
    public void Set(string owner, T value)
    {
        lock (_gate)
        {
            _changes++;
            Put(owner, value);
        }
    }

    /// <summary>Nothing is stored of an account any more: likewise.</summary>
    public void Remove(string owner)
    {
        lock (_gate)
        {
            _changes++;
            _known.TryRemove(owner, out _);
        }
    }

    private async ValueTask<T> ReadAsync(string owner, Func<string, CancellationToken, ValueTask<T>> read, CancellationToken cancel)
    {
        long before = Interlocked.Read(ref _changes);
        T value = await read(owner, cancel).ConfigureAwait(false);
        lock (_gate)
        {
            if (_changes == before)
            {
                Put(owner, value);
            }
        }

        return value;
    }

    private void Put(string owner, T value)
    {
        if (_known.Count >= limit && !_known.ContainsKey(owner))
        {
            _known.Clear();
        }

        _known[owner] = value;
    }
}
