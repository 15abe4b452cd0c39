using System.Collections.Concurrent;

namespace IotXmpp.Hub.Storage;

/// <summary>
/// What nobody was promised and changes often, of accounts: the newest value of each is known at once and stored soon after, together with those of others. A fleet that comes and goes makes one write of many, and an idle hub none.
/// Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="wait">How long values wait for others.</param>
/// <param name="store">Stores values, in one transaction that is queued before it returns.</param>
/// <param name="failed">Told where they could not be stored: they wait for the next time.</param>
public sealed class LateWrites<T>(TimeProvider time, TimeSpan wait, Func<IReadOnlyCollection<KeyValuePair<string, T>>, Task> store, Action<StorageException> failed) : IAsyncDisposable
    where T : notnull
{
    /// <summary>How long values wait for others, usually; 2 s: long enough to make one write of many, short enough that a crash loses little.</summary>
    public static readonly TimeSpan Usual = TimeSpan.FromSeconds(2);

    // Bounded by the accounts.
    private readonly ConcurrentDictionary<string, T> _pending = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private ITimer? _timer;
    private bool _isArmed;
    private bool _isDisposed;

    /// <summary>Values that wait.</summary>
    public int Count => _pending.Count;

    /// <summary>Notes the newest value of an account.</summary>
    public void Note(string name, T value)
    {
        _pending[name] = value;
        Arm();
    }

    /// <summary>The value that waits, or is on its way to the disk.</summary>
    public bool TryGet(string name, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out T value) => _pending.TryGetValue(name, out value);

    /// <summary>Forgets an account.</summary>
    /// <param name="name">The account.</param>
    /// <param name="remove">Removes what is stored of it; queued before it returns, and so behind what was stored before.</param>
    public Task ForgetAsync(string name, Func<Task> remove)
    {
        ArgumentNullException.ThrowIfNull(remove);
        lock (_gate)
        {
            _pending.TryRemove(name, out _);
            return remove();
        }
    }

    /// <summary>Stores what waits, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _timer?.Dispose();
            _timer = null;
        }

        await StoreAsync().ConfigureAwait(false);
    }

    // Each tick stores what waits; the first at which nothing waits is the last.
    private void Arm()
    {
        if (Volatile.Read(ref _isArmed))
        {
            return;
        }

        lock (_gate)
        {
            if (!_isArmed && !_isDisposed)
            {
                _isArmed = true;
                _timer ??= time.CreateTimer(_ => Tick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _timer.Change(wait, wait);
            }
        }
    }

    // A disk that hangs is not asked again before it has answered.
    private void Tick()
    {
        if (_turn.CurrentCount > 0)
        {
            _ = StoreAsync();
        }
    }

    private void Disarm()
    {
        lock (_gate)
        {
            // First: who notes something from now on sees that it has to be armed.
            Volatile.Write(ref _isArmed, false);
            Interlocked.MemoryBarrier();
            if (!_pending.IsEmpty)
            {
                _isArmed = true;
                return;
            }

            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task StoreAsync()
    {
        await _turn.WaitAsync().ConfigureAwait(false);
        try
        {
            KeyValuePair<string, T>[] values;
            Task storing;
            lock (_gate)
            {
                values = [.. _pending];
                storing = values.Length > 0 ? store(values) : Task.CompletedTask;
            }

            if (values.Length == 0)
            {
                Disarm();
                return;
            }

            await storing.ConfigureAwait(false);
            foreach (KeyValuePair<string, T> value in values)
            {
                _pending.TryRemove(value);
            }
        }
        catch (StorageException e)
        {
            failed(e);
        }
        finally
        {
            _turn.Release();
        }
    }
}
