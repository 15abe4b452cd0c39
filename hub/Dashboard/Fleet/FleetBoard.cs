using System.Collections.Frozen;
using System.Collections.Immutable;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Dashboard.Fleet;

/// <summary>What has changed since the last time.</summary>
/// <param name="Rows">Things whose row is another one, is new, or is gone.</param>
/// <param name="Values">Things with new samples.</param>
/// <param name="IsRegistry">Whether the registry has changed: whose things are and who may see them may have changed with it.</param>
public sealed record FleetChange(IReadOnlySet<string> Rows, IReadOnlySet<string> Values, bool IsRegistry);

/// <summary>
/// The rows of all things of the hub, once for all who look, kept up to date by what liveness, history and registry tell, gathered for a moment. It knows no rights: <see cref="FleetView"/> shows each
/// person theirs. While nobody looks it hears of nothing and holds nothing.
/// </summary>
public sealed class FleetBoard : IDisposable
{
    /// <summary>How often things that come and go are looked at again (1 minute): they become quiet without telling it.</summary>
    private static readonly TimeSpan s_flappingEvery = TimeSpan.FromMinutes(1);

    private readonly RegistryStore _registry;
    private readonly LivenessService? _liveness;
    private readonly HistoryService? _history;
    private readonly FleetOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _working = new(1, 1);
    private readonly HashSet<string> _flapping = new(StringComparer.Ordinal);
    private readonly ITimer _gather;
    private readonly ITimer _again;
    private ImmutableSortedDictionary<string, Thing> _known = ImmutableSortedDictionary<string, Thing>.Empty;
    private FleetSnapshot _snapshot = FleetSnapshot.Empty;
    private HashSet<string> _changed = new(StringComparer.Ordinal);
    private HashSet<string> _valued = new(StringComparer.Ordinal);
    private bool _isSuspect;
    private bool _isRegistryChanged;
    private bool _isGathering;
    private volatile bool _isDisposed;
    private Action<FleetChange>[] _watchers = [];

    /// <summary>Over the services of the hub.</summary>
    public FleetBoard(RegistryStore registry, LivenessService? liveness, HistoryService? history, FleetOptions options, TimeProvider time, ILogger<FleetBoard> log)
    {
        _registry = registry;
        _liveness = liveness;
        _history = history;
        _options = options;
        _time = time;
        _log = log;
        _gather = time.CreateTimer(_ => Run(GatherAsync), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _again = time.CreateTimer(_ => Run(LookAgainAsync), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The bounds.</summary>
    public FleetOptions Options => _options;

    /// <summary>Those who look now.</summary>
    public int Watchers => Volatile.Read(ref _watchers).Length;

    /// <summary>Begins to look: from now on the watcher is told of changes, one call at a time.</summary>
    /// <returns>Ends it.</returns>
    public async Task<IDisposable> WatchAsync(Action<FleetChange> watcher, CancellationToken cancel = default)
    {
        await _working.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            bool isFirst;
            bool isThere = false;
            do
            {
                isFirst = Watchers == 0;
                if (isFirst)
                {
                    await BeginAsync(cancel).ConfigureAwait(false);
                }
                else
                {
                    await TakeOverAsync().ConfigureAwait(false); // what has changed is told to the others before somebody else sees it
                }

                lock (_gate)
                {
                    // The others may have gone meanwhile, and with the last of them all that was known.
                    if (isFirst || _watchers.Length > 0)
                    {
                        _watchers = [.. _watchers, watcher];
                        isThere = true;
                        if (_changed.Count > 0 || _isRegistryChanged)
                        {
                            Soon(); // changed while it was read
                        }
                    }
                }
            }
            while (!isThere);

            if (isFirst)
            {
                Run(LookAgainAsync); // who comes and goes is found out while the page is drawn
            }
        }
        finally
        {
            _working.Release();
        }

        return new Watch(this, watcher);
    }

    /// <summary>All rows, as they are now.</summary>
    public FleetSnapshot Snapshot => Volatile.Read(ref _snapshot);

    /// <summary>What each person with an open page sees; under its own lock.</summary>
    internal Dictionary<Jid, FleetSight> Sights { get; } = [];

    /// <summary>The registry has changed.</summary>
    public void RegistryChanged()
    {
        lock (_gate)
        {
            _isRegistryChanged = true;
            Soon();
        }
    }

    /// <summary>Something that a watcher knows beside the row has changed: it is told with the rest, gathered.</summary>
    public void Again(string thing) => Note(ref _changed, thing);

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        Detach();
        _gather.Dispose();
        _again.Dispose();
        _working.Dispose();
    }

    private void Attach()
    {
        if (_liveness is not null)
        {
            _liveness.Changed += Lives;
        }

        if (_history is not null)
        {
            _history.Added += Measured;
        }

        _again.Change(s_flappingEvery, s_flappingEvery);
    }

    private void Detach()
    {
        if (_liveness is not null)
        {
            _liveness.Changed -= Lives;
        }

        if (_history is not null)
        {
            _history.Added -= Measured;
        }

        _again.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    // Under the lock of liveness: notes it and is done.
    private void Lives(ThingLiveness? before, ThingLiveness after)
    {
        lock (_gate)
        {
            _changed.Add(after.Id);
            if (before?.State != after.State && (after.State == LivenessState.Resuming || after.IsLost))
            {
                _isSuspect = true;
            }

            Soon();
        }
    }

    private void Measured(string thing, IReadOnlyList<(Series Series, Sample Sample)> samples) => Note(ref _valued, thing);

    private void Note(ref HashSet<string> set, string thing)
    {
        lock (_gate)
        {
            if (_watchers.Length > 0)
            {
                set.Add(thing);
                Soon();
            }
        }
    }

    private void Soon()
    {
        if (!_isGathering && _watchers.Length > 0)
        {
            _isGathering = true;
            _gather.Change(TimeSpan.FromMilliseconds(_options.GatherMilliseconds), Timeout.InfiniteTimeSpan);
        }
    }

    // Reads everything; in memory but for one number of the database. From here on it hears of changes.
    private async ValueTask BeginAsync(CancellationToken cancel)
    {
        Attach();
        try
        {
            ImmutableSortedDictionary<string, Thing> things = await _registry.AllAsync(cancel).ConfigureAwait(false);
            _known = things;
            Volatile.Write(ref _snapshot, FleetSnapshot.Of(things.Values.Select(RowOf)));
        }
        catch
        {
            Detach();
            throw;
        }
    }

    private FleetRow RowOf(Thing thing)
    {
        ThingLiveness? live = _liveness?.Find(thing.Id);
        bool isFlapping;
        lock (_gate)
        {
            isFlapping = _flapping.Contains(thing.Id);
        }

        return new FleetRow(thing, live, AttentionRules.Of(live, isFlapping, _options));
    }

    private async Task GatherAsync()
    {
        await _working.WaitAsync().ConfigureAwait(false);
        try
        {
            await TakeOverAsync().ConfigureAwait(false);
        }
        finally
        {
            _working.Release();
        }
    }

    private async Task TakeOverAsync()
    {
        HashSet<string> changed;
        HashSet<string> valued;
        bool isSuspect;
        bool isRegistry;
        lock (_gate)
        {
            _isGathering = false;
            if (_watchers.Length == 0)
            {
                return; // the last has gone meanwhile
            }

            (changed, _changed) = (_changed, new HashSet<string>(StringComparer.Ordinal));
            (valued, _valued) = (_valued, new HashSet<string>(StringComparer.Ordinal));
            (isSuspect, _isSuspect) = (_isSuspect, false);
            (isRegistry, _isRegistryChanged) = (_isRegistryChanged, false);
        }

        ImmutableSortedDictionary<string, Thing> things;
        try
        {
            if (isSuspect)
            {
                changed.UnionWith(await RestlessAsync().ConfigureAwait(false));
            }

            things = await _registry.AllAsync().ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // With the next change.
            lock (_gate)
            {
                _changed.UnionWith(changed);
                _valued.UnionWith(valued);
                _isSuspect |= isSuspect;
                _isRegistryChanged |= isRegistry;
            }

            throw;
        }

        FleetSnapshot snapshot = _snapshot;
        if (!ReferenceEquals(things, _known))
        {
            isRegistry = true;
            changed.UnionWith(_known.Keys.Where(id => !things.ContainsKey(id)));
            changed.UnionWith(things.Where(t => !_known.TryGetValue(t.Key, out Thing? known) || !ReferenceEquals(known, t.Value)).Select(t => t.Key));
            // What has not changed keeps its row, and everything finds its place anew.
            snapshot = FleetSnapshot.Of(things.Values.Select(t => changed.Contains(t.Id) ? RowOf(t) : _snapshot.Find(t.Id) ?? RowOf(t)));
        }
        else if (changed.Count > 0)
        {
            snapshot = snapshot.With(changed.Select(id => things.GetValueOrDefault(id)).OfType<Thing>().Select(RowOf));
        }

        Action<FleetChange>[] watchers;
        lock (_gate)
        {
            watchers = _watchers;
            if (watchers.Length == 0)
            {
                return;
            }

            _known = things;
            Volatile.Write(ref _snapshot, snapshot);
        }

        if (changed.Count > 0 || valued.Count > 0 || isRegistry)
        {
            var change = new FleetChange(changed, valued, isRegistry);
            foreach (Action<FleetChange> watcher in watchers)
            {
                watcher(change);
            }
        }
    }

    // Things become quiet without telling it.
    private async Task LookAgainAsync()
    {
        foreach (string id in await RestlessAsync().ConfigureAwait(false))
        {
            Note(ref _changed, id);
        }
    }

    // Who comes and goes now and did not, or did and does not any more.
    private async Task<HashSet<string>> RestlessAsync()
    {
        IReadOnlySet<string> flapping = _liveness is null ? FrozenSet<string>.Empty : await _liveness.FlappingAsync().ConfigureAwait(false);
        lock (_gate)
        {
            HashSet<string> others = [.. _flapping];
            others.SymmetricExceptWith(flapping);
            _flapping.Clear();
            _flapping.UnionWith(flapping);
            return others;
        }
    }

    private void Leave(Action<FleetChange> watcher)
    {
        lock (_gate)
        {
            Action<FleetChange>[] others = [.. _watchers.Where(w => w != watcher)];
            bool isLast = others.Length == 0 && _watchers.Length > 0;
            _watchers = others;
            if (!isLast)
            {
                return;
            }

            Detach();
            _isSuspect = _isRegistryChanged = false;
            _known = ImmutableSortedDictionary<string, Thing>.Empty;
            _changed.Clear();
            _valued.Clear();
            _flapping.Clear();
            Volatile.Write(ref _snapshot, FleetSnapshot.Empty);
        }
    }

    // Nobody waits for it: what could not be read now is read with the next change.
    private async void Run(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            if (!_isDisposed)
            {
                FleetBoardLog.NotRead(_log, e);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The hub stops.
        }
    }

    private sealed class Watch(FleetBoard board, Action<FleetChange> watcher) : IDisposable
    {
        public void Dispose() => board.Leave(watcher);
    }
}

/// <summary>Logs of <see cref="FleetBoard"/>.</summary>
internal static partial class FleetBoardLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "How the fleet is could not be read")]
    public static partial void NotRead(ILogger log, Exception e);
}
