using System.Collections.Concurrent;
using System.Threading.Channels;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>
/// Watches the fleet by its rules: one worker hears of samples and states through a bounded queue, lets the evaluators judge, and writes what comes of it. Who publishes never waits for it: what the queue cannot
/// take is marked and read from the history a moment later. Without rules it does nothing at all.
/// </summary>
internal sealed class AlertEngine : IAsyncDisposable
{
    /// <summary>Items that are judged before what came of them is written: 1,000, a few milliseconds.</summary>
    private const int Round = 1_000;

    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_sweep = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_note = TimeSpan.FromSeconds(30);

    private readonly AlertSources _sources;
    private readonly AlertStore _store;
    private readonly WatchKeeper _keeper;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Channel<object> _queue;
    private readonly ConcurrentDictionary<string, bool> _missed = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<TaskCompletionSource> _waiting = new();
    private readonly List<AlertStep> _steps = [];
    private readonly List<ToldStatus> _told = [];
    private readonly List<RuleStep> _found = [];
    private readonly CancellationTokenSource _end = new();
    private Task _worker = Task.CompletedTask;
    private ITimer? _timer;
    private DateTimeOffset _noted;
    private DateTimeOffset _swept;
    private bool _isTicking;
    private bool _isListening;
    private int _tickAsked;
    private int _rulesChanged = 1;

    public AlertEngine(AlertSources sources, AlertStore store, RuleStore rules, AlertsOptions options, TimeProvider time, ILogger log)
    {
        _sources = sources;
        _store = store;
        _keeper = new WatchKeeper(sources, store, rules, options, time, log);
        _time = time;
        _log = log;
        _queue = Channel.CreateBounded<object>(new BoundedChannelOptions(options.QueueItems) { SingleReader = true });
    }

    /// <summary>An alert was raised or is over (true: raised); after it is durable, from the worker: must not wait.</summary>
    public event Action<Alert, bool>? Changed;

    /// <summary>The rules and windows as they are watched.</summary>
    public RuleBook Book => _keeper.Book;

    /// <summary>Batches that the queue could not take, and that were read from the history.</summary>
    public long Missed { get; private set; }

    /// <summary>Begins.</summary>
    public void Start()
    {
        if (_sources.Liveness is { } liveness)
        {
            liveness.Changed += Stepped;
        }

        _swept = _time.GetUtcNow();
        _timer = _time.CreateTimer(_ => AskTick(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _worker = Task.Run(() => RunAsync(_end.Token));
        Wake();
    }

    /// <summary>Rules, windows, silences, things or rights are other ones.</summary>
    public void Refresh()
    {
        Volatile.Write(ref _rulesChanged, 1);
        Wake();
    }

    /// <summary>Rights are other ones: it is looked at soon, once for many changes.</summary>
    public void Stale() => _keeper.IsStale = true;

    /// <summary>Until when nobody is told of an alert, and the window that says so; null: now.</summary>
    public (long Until, string Window)? HeldUntil(string rule, string thing, string field, DateTimeOffset now) => _keeper.HeldUntil(rule, thing, field, now);

    /// <summary>Completes when everything that has come so far is judged and what came of it is durable.</summary>
    public Task SettledAsync()
    {
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue(settled);
        Wake();
        return settled.Task;
    }

    public async ValueTask DisposeAsync()
    {
        if (_sources.History is { } history)
        {
            history.Added -= Arrived;
        }

        if (_sources.Liveness is { } liveness)
        {
            liveness.Changed -= Stepped;
        }

        await (_timer?.DisposeAsync() ?? default).ConfigureAwait(false);
        _queue.Writer.TryComplete();
        // What has come is judged; a database that gives no answer is not waited for longer than for the rest of the hub.
        _end.CancelAfter(TimeSpan.FromSeconds(10));
        await _worker.ConfigureAwait(false);
        while (_waiting.TryDequeue(out TaskCompletionSource? waiting))
        {
            waiting.TrySetCanceled();
        }

        _end.Dispose();
    }

    // On the way of a publication: a look into a frozen table, and a place in the queue.
    private void Arrived(string thing, IReadOnlyList<(Series Series, Sample Sample)> samples)
    {
        if (Book.Things.ContainsKey(thing) && !_queue.Writer.TryWrite(new SampleArrival(thing, samples)))
        {
            _missed[thing] = true;
        }
    }

    private void Stepped(ThingLiveness? before, ThingLiveness after)
    {
        bool isTold = (after.Status.Firmware.Length > 0 || after.Status.Battery is not null) && (before?.Status.Firmware != after.Status.Firmware || before.Status.Battery != after.Status.Battery);
        if ((isTold || Book.Things.ContainsKey(after.Id)) && !_queue.Writer.TryWrite(new LivenessChange(after, isTold, _time.GetUtcNow().ToUnixTimeMilliseconds())))
        {
            _missed[after.Id] = true;
        }
    }

    private void AskTick()
    {
        Volatile.Write(ref _tickAsked, 1);
        Wake();
    }

    // A full queue wakes the worker by itself.
    private void Wake() => _queue.Writer.TryWrite(string.Empty);

    private async Task RunAsync(CancellationToken cancel)
    {
        var settled = new List<TaskCompletionSource>();
        try
        {
            while (await _queue.Reader.WaitToReadAsync(cancel).ConfigureAwait(false))
            {
                int waiting = _waiting.Count;
                try
                {
                    await GoOnAsync(cancel).ConfigureAwait(false);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // A fault with one thing is not the end of the watch over the others.
                    AlertsLog.Fault(_log, e);
                }

                for (; waiting > 0 && _waiting.TryDequeue(out TaskCompletionSource? one); waiting--)
                {
                    settled.Add(one);
                }

                if (settled.Count > 0 && _queue.Reader.Count == 0 && _missed.IsEmpty && Volatile.Read(ref _rulesChanged) == 0 && Volatile.Read(ref _tickAsked) == 0)
                {
                    settled.ForEach(s => s.TrySetResult());
                    settled.Clear();
                }

                // What was asked for while the queue was read may have had its wake-up read with it.
                if (settled.Count > 0 || !_waiting.IsEmpty || !_missed.IsEmpty || Volatile.Read(ref _tickAsked) != 0 || Volatile.Read(ref _rulesChanged) != 0)
                {
                    Wake();
                }
            }

            await NoteAsync(_time.GetUtcNow(), always: true).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The hub stops.
        }

        settled.ForEach(s => s.TrySetCanceled(CancellationToken.None));
    }

    private async Task GoOnAsync(CancellationToken cancel)
    {
        bool isTick = Interlocked.Exchange(ref _tickAsked, 0) != 0;
        if (Interlocked.Exchange(ref _rulesChanged, 0) != 0 || (isTick && await IsOtherFleetAsync(cancel).ConfigureAwait(false)))
        {
            await RefreshAsync(cancel).ConfigureAwait(false);
        }

        DateTimeOffset now = _time.GetUtcNow();
        for (int i = 0; i < Round && _queue.Reader.TryRead(out object? item); i++)
        {
            switch (item)
            {
                case SampleArrival arrival:
                    Judge(arrival, now.ToUnixTimeMilliseconds());
                    break;
                case LivenessChange change:
                    Judge(change, now.ToUnixTimeMilliseconds());
                    break;
            }
        }

        foreach (string thing in _missed.Keys)
        {
            _missed.TryRemove(thing, out _);
            Missed++;
            foreach (Watch watch in Book.Things.TryGetValue(thing, out Watch[]? watches) ? watches : [])
            {
                await _keeper.Replay.CatchUpAsync(watch, now.ToUnixTimeMilliseconds(), _found, cancel).ConfigureAwait(false);
                Took(watch, now.ToUnixTimeMilliseconds());
            }
        }

        if (isTick)
        {
            _keeper.Wheel.Advance(now.ToUnixTimeMilliseconds(), watch =>
            {
                watch.Evaluator.Tick(now.ToUnixTimeMilliseconds(), _found);
                Take(watch, string.Empty);
            });
        }

        await SaveAsync(cancel).ConfigureAwait(false);
        if (isTick)
        {
            await NoteAsync(now, always: false).ConfigureAwait(false);
        }
    }

    private async ValueTask<bool> IsOtherFleetAsync(CancellationToken cancel)
    {
        try
        {
            return await _keeper.IsOtherFleetAsync(cancel).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            return false; // the next second asks again
        }
    }

    private async Task RefreshAsync(CancellationToken cancel)
    {
        try
        {
            (List<Watch> added, List<AlertStep> over) = await _keeper.RefreshAsync(cancel).ConfigureAwait(false);
            Listen(Book.Rules.Count > 0);
            _steps.AddRange(over);
            // Before what is new is raised: an alert of the rule as it was is over.
            await SaveAsync(cancel).ConfigureAwait(false);
            foreach (Watch watch in added)
            {
                long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
                await _keeper.Replay.CatchUpAsync(watch, now, _found, cancel).ConfigureAwait(false);
                Took(watch, now);
                if (_steps.Count >= Round)
                {
                    await SaveAsync(cancel).ConfigureAwait(false);
                }
            }
        }
        catch (StorageException e)
        {
            AlertsLog.NotRead(_log, e);
            Volatile.Write(ref _rulesChanged, 1);
            await Task.Delay(s_retry, _time, cancel).ConfigureAwait(false);
            Wake();
        }

        // One timer for all, and none where nothing is watched.
        bool isNeeded = Book.Rules.Count > 0;
        if (isNeeded != _isTicking)
        {
            _isTicking = isNeeded;
            _timer?.Change(isNeeded ? s_second : Timeout.InfiniteTimeSpan, isNeeded ? s_second : Timeout.InfiniteTimeSpan);
        }
    }

    // Before what is new is told what the history has, so that nothing falls between the two.
    private void Listen(bool isNeeded)
    {
        if (_sources.History is { } history && isNeeded != _isListening)
        {
            _isListening = isNeeded;
            if (isNeeded)
            {
                history.Added += Arrived;
            }
            else
            {
                history.Added -= Arrived;
            }
        }
    }

    private void Judge(SampleArrival arrival, long now)
    {
        // Where something before it did not fit into the queue, all is read from the history, in order.
        if (!Book.Things.TryGetValue(arrival.Thing, out Watch[]? watches) || _missed.ContainsKey(arrival.Thing))
        {
            return;
        }

        IReadOnlyList<(Series Series, Sample Sample)> samples = arrival.Samples;
        for (int i = 1; i < samples.Count; i++)
        {
            if (samples[i].Sample.Time < samples[i - 1].Sample.Time)
            {
                samples = [.. samples.OrderBy(s => s.Sample.Time)]; // the order of those of one time stays
                break;
            }
        }

        for (int i = 0; i < samples.Count; i++)
        {
            (Series series, Sample sample) = samples[i];
            FieldValue value = ThingReplay.ValueOf(series, sample.Value);
            foreach (Watch watch in watches)
            {
                if (watch.IsOf(series.Field))
                {
                    watch.Evaluator.Sample(sample.Time, value, _found);
                    if (_found.Count > 0)
                    {
                        Take(watch, series.Unit);
                    }
                }
            }
        }

        foreach (Watch watch in watches)
        {
            Took(watch, now);
        }
    }

    private void Judge(LivenessChange change, long now)
    {
        ThingLiveness thing = change.Thing;
        if (change.IsTold)
        {
            _told.Add(new ToldStatus(thing.Id, change.At, thing.Status.Firmware, thing.Status.Battery));
        }

        foreach (Watch watch in Book.Things.TryGetValue(thing.Id, out Watch[]? watches) ? watches : [])
        {
            watch.Evaluator.Liveness(thing.Since.ToUnixTimeMilliseconds(), thing.State, thing.Reason, thing.Until?.ToUnixTimeMilliseconds(), _found);
            watch.Evaluator.Status(change.At, thing.Status.Battery, thing.Status.Firmware, _found);
            Took(watch, now);
        }
    }

    private void Took(Watch watch, long now)
    {
        if (watch.Evaluator.Due <= now)
        {
            watch.Evaluator.Tick(now, _found);
        }

        if (_found.Count > 0)
        {
            Take(watch, string.Empty);
        }

        _keeper.Wheel.Schedule(watch, now);
    }

    private void Take(Watch watch, string unit)
    {
        foreach (RuleStep step in _found)
        {
            _steps.Add(_keeper.StepOf(watch, step, unit));
        }

        _found.Clear();
    }

    // What was judged is not forgotten: until the database takes it, nothing more is judged, and the queue fills up.
    private async Task SaveAsync(CancellationToken cancel)
    {
        while (_steps.Count > 0 || _told.Count > 0)
        {
            try
            {
                List<(Alert Alert, bool IsRaised)> changed = await _store.SaveAsync(_steps, _told, _time.GetUtcNow().ToUnixTimeMilliseconds()).ConfigureAwait(false);
                _steps.Clear();
                _told.Clear();
                foreach ((Alert alert, bool isRaised) in changed)
                {
                    AlertsLog.Step(_log, alert.Id, isRaised ? "raised" : "cleared", alert.Rule, alert.Thing);
                    Changed?.Invoke(alert, isRaised);
                }
            }
            catch (StorageException e) when (e.Failure != StorageFailure.Closed)
            {
                AlertsLog.NotStored(_log, e);
                await Task.Delay(s_retry, _time, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task NoteAsync(DateTimeOffset now, bool always)
    {
        if (Book.Rules.Count == 0 || (!always && (now - _noted < s_note || _queue.Reader.Count > 0)))
        {
            return;
        }

        try
        {
            // What is being committed at this moment has not come yet.
            await _store.JudgedAsync(now.AddSeconds(-5).ToUnixTimeMilliseconds()).ConfigureAwait(false);
            _noted = now;
            if (now - _swept >= s_sweep)
            {
                _swept = now;
                await _store.SweepAsync(now).ConfigureAwait(false);
            }
        }
        catch (StorageException e)
        {
            AlertsLog.NotStored(_log, e);
        }
    }

    private sealed record SampleArrival(string Thing, IReadOnlyList<(Series Series, Sample Sample)> Samples);

    private sealed record LivenessChange(ThingLiveness Thing, bool IsTold, long At);
}
