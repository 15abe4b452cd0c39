using System.Collections.Concurrent;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Liveness;

/// <summary>
/// The one state of each thing, with its time and reason (wire profile, presence is liveness), and every step that led to it. Knows nothing of streams and stanzas: it is told what happened, and tells what
/// that means. A sleeper that does not wake becomes overdue by itself; after a restart of the hub nobody is online before it was heard, and nobody lost before it had time to come back.
/// </summary>
public sealed class LivenessService : IAsyncDisposable
{
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_sweep = TimeSpan.FromHours(6);

    private readonly LivenessStore _store;
    private readonly LivenessOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, ThingLiveness> _things = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly PriorityQueue<(string Thing, DateTimeOffset Since), DateTimeOffset> _deadlines = new();
    private ITimer? _heartbeat;
    private ITimer? _deadline;
    private long _run;
    private DateTimeOffset _swept;
    private bool _isStopped;
    private Task _stored = Task.CompletedTask;

    /// <summary>Over a database whose tables are there.</summary>
    public LivenessService(ISqlDatabase database, LivenessOptions options, TimeProvider time, ILogger<LivenessService> log)
    {
        _store = new LivenessStore(database, options);
        _options = options;
        _time = time;
        _log = log;
    }

    /// <summary>A thing is in another state, or has told something new of itself: how it was (null: not known before) and how it is. Called in the order of the changes, under the service's own lock: must not wait and not call back.</summary>
    public event Action<ThingLiveness?, ThingLiveness>? Changed;

    /// <summary>How all things are.</summary>
    public IEnumerable<ThingLiveness> All => _things.Values;

    /// <summary>How a thing is; null for one that was never heard of.</summary>
    public ThingLiveness? Find(string thing) => _things.GetValueOrDefault(thing);

    /// <summary>Reads what is known; before the first thing comes.</summary>
    public async ValueTask StartAsync(CancellationToken cancel = default)
    {
        DateTimeOffset now = _time.GetUtcNow();
        (_run, DateTimeOffset? before) = await _store.BeginRunAsync(now).ConfigureAwait(false);
        _swept = now;
        _deadline = _time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (ThingLiveness thing in await _store.LoadAsync(cancel).ConfigureAwait(false))
        {
            _things[thing.Id] = thing;
            lock (_gate)
            {
                if (thing.State is LivenessState.Online)
                {
                    // The hub was away: since then nothing is known of it.
                    Set(thing with { State = LivenessState.Resuming, Reason = string.Empty, Since = before ?? now });
                }
                else
                {
                    Watch(thing);
                }
            }
        }

        _heartbeat = _time.CreateTimer(_ => Beat(), null, s_heartbeat, s_heartbeat);
    }

    /// <summary>A thing is there, or has told something new.</summary>
    public void Online(string thing, ThingStatus status) => Become(thing, LivenessState.Online, string.Empty, null, status, null);

    /// <summary>A thing sleeps until a time.</summary>
    public void Sleeping(string thing, DateTimeOffset until) => Become(thing, LivenessState.Sleeping, string.Empty, until, null, null);

    /// <summary>A thing's connection is lost, and it may resume.</summary>
    public void Resuming(string thing)
    {
        if (Find(thing) is { State: LivenessState.Online })
        {
            Become(thing, LivenessState.Resuming, string.Empty, null, null, null);
        }
    }

    /// <summary>A thing has resumed.</summary>
    public void Resumed(string thing)
    {
        if (Find(thing) is { State: LivenessState.Resuming })
        {
            Become(thing, LivenessState.Online, string.Empty, null, null, null);
        }
    }

    /// <summary>A thing is gone. One that said that it sleeps, or that is gone already, is not gone again, unless its keys were taken away.</summary>
    public void Offline(string thing, string reason)
    {
        if (reason == "revoked" || Find(thing) is not { State: LivenessState.Offline or LivenessState.Sleeping or LivenessState.Overdue })
        {
            Become(thing, LivenessState.Offline, reason, null, null, null);
        }
    }

    /// <summary>Who speaks for a thing, such as its gateway, says how it is.</summary>
    public void Told(string thing, LivenessState state, string reason, DateTimeOffset since, DateTimeOffset? until, ThingStatus status) => Become(thing, state, reason, until, status, since);

    /// <summary>Forgets a thing.</summary>
    public async Task ForgetAsync(string thing)
    {
        _things.TryRemove(thing, out _);
        await _store.ForgetAsync(thing).ConfigureAwait(false);
    }

    /// <summary>The steps of a thing in a span, the earliest first; the first may be before the span and says how it began.</summary>
    public async ValueTask<IReadOnlyList<Transition>> StepsAsync(string thing, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel = default)
    {
        // What is on its way to the disk counts.
        await Volatile.Read(ref _stored).WaitAsync(cancel).ConfigureAwait(false);
        return await _store.StepsAsync(thing, from, to, cancel).ConfigureAwait(false);
    }

    /// <summary>How reliable a thing was in a span that ends at the latest now.</summary>
    public async ValueTask<Uptime> UptimeAsync(string thing, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel = default)
    {
        DateTimeOffset now = _time.GetUtcNow();
        to = to < now ? to : now;
        IReadOnlyList<HubRun> runs = await RunsAsync(from, cancel).ConfigureAwait(false);
        return UptimeFigures.Of(await StepsAsync(thing, from, to, cancel).ConfigureAwait(false), runs, from, to);
    }

    /// <summary>When the hub was there to see, since a time, the earliest first; this run ends now. In between nothing is known of any thing.</summary>
    public async ValueTask<IReadOnlyList<HubRun>> RunsAsync(DateTimeOffset from, CancellationToken cancel = default)
    {
        List<HubRun> runs = await _store.RunsAsync(from, cancel).ConfigureAwait(false);
        if (runs.Count > 0)
        {
            runs[^1] = runs[^1] with { To = _time.GetUtcNow() }; // this run was seen a moment ago, and it runs still
        }

        return runs;
    }

    /// <summary>Whether a thing comes and goes more often than it should (<see cref="LivenessOptions.FlappingCount"/>).</summary>
    public async ValueTask<bool> IsFlappingAsync(string thing, CancellationToken cancel = default)
    {
        DateTimeOffset now = _time.GetUtcNow();
        return (await UptimeAsync(thing, now.AddMinutes(-_options.FlappingMinutes), now, cancel).ConfigureAwait(false)).Interruptions >= _options.FlappingCount;
    }

    /// <summary>All things that come and go more often than they should: costs what has happened of late, not how many things there are.</summary>
    public async ValueTask<IReadOnlySet<string>> FlappingAsync(CancellationToken cancel = default)
    {
        await Volatile.Read(ref _stored).WaitAsync(cancel).ConfigureAwait(false);
        var flapping = new HashSet<string>(StringComparer.Ordinal);
        // Each interruption is a step to one of these states; of the few things with as many, the figures say which flap.
        foreach (string thing in await _store.RestlessAsync(_time.GetUtcNow().AddMinutes(-_options.FlappingMinutes), _options.FlappingCount, cancel).ConfigureAwait(false))
        {
            if (await IsFlappingAsync(thing, cancel).ConfigureAwait(false))
            {
                flapping.Add(thing);
            }
        }

        return flapping;
    }

    /// <summary>Ends the run: how things are stays as it is, since it is the hub that goes.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isStopped = true;
        }

        _heartbeat?.Dispose();
        _deadline?.Dispose();
        if (_run != 0)
        {
            await StoreAsync(_store.SeenAsync(_run, _time.GetUtcNow(), sweep: false)).ConfigureAwait(false);
        }
    }

    private void Become(string thing, LivenessState state, string reason, DateTimeOffset? until, ThingStatus? status, DateTimeOffset? since)
    {
        lock (_gate)
        {
            if (_isStopped || _run == 0)
            {
                return;
            }

            ThingLiveness? before = Find(thing);
            bool isSame = before is not null && before.State == state && before.Reason == reason && before.Until == until;
            DateTimeOffset now = _time.GetUtcNow();
            DateTimeOffset at = isSame ? before!.Since : since is { } told && told <= now ? told : now;
            // Steps follow each other also where a gateway's clock is behind.
            at = before is not null && at < before.Since ? before.Since : at;
            Set(new ThingLiveness(thing, state, reason, at) { Until = until, Status = status ?? before?.Status ?? ThingStatus.None });
        }
    }

    private void Set(ThingLiveness after)
    {
        ThingLiveness? before = Find(after.Id);
        if (after.Equals(before))
        {
            return;
        }

        bool isStep = before is null || before.State != after.State || before.Reason != after.Reason || before.Until != after.Until;
        _things[after.Id] = after;
        if (isStep)
        {
            Watch(after);
            LivenessLog.Step(_log, after.Id, after.State, after.Reason);
        }

        _stored = StoreAsync(_store.PutAsync(after, isStep)); // writes end in their order
        Changed?.Invoke(before, after);
    }

    private void Watch(ThingLiveness thing)
    {
        DateTimeOffset? due = thing.State switch
        {
            LivenessState.Sleeping when thing.Until is { } until => until + TimeSpan.FromSeconds(Math.Max(_options.WakeGraceSeconds, (until - thing.Since).TotalSeconds / 10)),
            // While the hub runs, the stream itself says when resumption has come to nothing; this is for what a hub of before left behind.
            LivenessState.Resuming => _time.GetUtcNow().AddSeconds(_options.RestartGraceSeconds),
            _ => null,
        };
        if (due is { } at)
        {
            _deadlines.Enqueue((thing.Id, thing.Since), at);
            Arm();
        }
    }

    private void Arm()
    {
        if (_deadlines.TryPeek(out _, out DateTimeOffset due))
        {
            TimeSpan left = due - _time.GetUtcNow();
            // A timer takes at most 49 days; it looks again then.
            _deadline?.Change(left < TimeSpan.Zero ? TimeSpan.Zero : left < TimeSpan.FromDays(1) ? left : TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan);
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            while (!_isStopped && _deadlines.TryPeek(out (string Thing, DateTimeOffset Since) next, out DateTimeOffset due) && due <= now)
            {
                _deadlines.Dequeue();
                // What has changed meanwhile has another time, or another state, and a deadline of its own.
                if (Find(next.Thing) is not { } thing || thing.Since != next.Since)
                {
                    continue;
                }

                if (thing.State == LivenessState.Sleeping)
                {
                    Set(thing with { State = LivenessState.Overdue, Since = thing.Until!.Value });
                }
                else if (thing.State == LivenessState.Resuming)
                {
                    Set(thing with { State = LivenessState.Offline, Reason = "connection-lost" });
                }
            }

            Arm();
        }
    }

    private void Beat()
    {
        DateTimeOffset now = _time.GetUtcNow();
        bool sweep = now - _swept >= s_sweep;
        if (sweep)
        {
            _swept = now;
        }

        _ = StoreAsync(_store.SeenAsync(_run, now, sweep));
    }

    // Nobody was promised that a state is durable; what is lost with a crash is learned again from the things.
    private async Task StoreAsync(Task write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            LivenessLog.NotStored(_log, e);
        }
    }
}

/// <summary>Logs of <see cref="LivenessService"/>.</summary>
internal static partial class LivenessLog
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "{Thing} is {State} {Reason}")]
    public static partial void Step(ILogger log, string thing, LivenessState state, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "How things are could not be stored")]
    public static partial void NotStored(ILogger log, Exception e);
}
