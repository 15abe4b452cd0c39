using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>
/// Roll-outs: who may start which, and the clock that drives them. Each step of a thing is durable before anything follows from it, so a hub that was away goes on where it was; what it does not know
/// any more it asks again, which things take.
/// </summary>
public sealed class RolloutService : IAsyncDisposable
{
    private readonly RolloutStore _store;
    private readonly FirmwareService _firmware;
    private readonly FirmwareOptions _options;
    private readonly RolloutSurroundings _around;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly ConcurrentDictionary<long, RolloutRun> _runs = [];
    private readonly ImageFetchers _fetchers = new();
    private readonly CancellationTokenSource _stop = new();
    private ITimer? _timer;
    private readonly List<Task> _acts = [];
    private int _looking;

    /// <summary>Over a database whose tables are there.</summary>
    public RolloutService(RolloutStore store, FirmwareService firmware, FirmwareOptions options, RolloutSurroundings around, TimeProvider time, ILogger log)
    {
        _store = store;
        _firmware = firmware;
        _options = options;
        _around = around;
        _time = time;
        _log = log;
    }

    /// <summary>A roll-out has changed: its number. Called off the caller's path; must not wait.</summary>
    public event Action<long>? Changed;

    /// <summary>Takes up what had not ended.</summary>
    public async ValueTask StartAsync(CancellationToken cancel)
    {
        DateTimeOffset now = _time.GetUtcNow();
        foreach (Rollout rollout in await _store.OpenAsync(cancel).ConfigureAwait(false))
        {
            if (await _firmware.FindAsync(rollout.Image, cancel).ConfigureAwait(false) is { } image)
            {
                _runs[rollout.Id] = new RolloutRun(rollout, image.Manifest, now);
                _fetchers.Note(_runs[rollout.Id], rollout.Things);
            }
        }

        var look = TimeSpan.FromSeconds(_options.LookSeconds);
        _timer = _time.CreateTimer(_ => Wake(), null, look, look);
    }

    /// <summary>Starts a roll-out.</summary>
    /// <param name="by">Who; must have the right to maintain every thing of it.</param>
    /// <param name="image">The image's id.</param>
    /// <param name="plan">How it shall go.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<RolloutResult> StartAsync(Jid by, string image, RolloutPlan plan, CancellationToken cancel = default)
    {
        (RolloutPlan settled, IReadOnlyList<(string Thing, string Why)> leftOut, RolloutResult? refusal) = await RolloutAdmission.SettleAsync(by, plan, _around, _options, cancel).ConfigureAwait(false);
        if (refusal is not null)
        {
            return refusal;
        }

        RolloutPlan wish = plan;
        plan = settled;
        if (await _firmware.FindAsync(image, cancel).ConfigureAwait(false) is not { } found)
        {
            return new(RolloutOutcome.NotFound, Text: "there is no such image", About: RolloutInput.Image);
        }

        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        RolloutRun run;
        try
        {
            if (_runs.Count >= _options.MaxRollouts)
            {
                return new(RolloutOutcome.Full, Text: $"{_options.MaxRollouts} roll-outs have not ended");
            }

            var things = plan.Things.ToHashSet(StringComparer.Ordinal);
            foreach (RolloutRun other in _runs.Values)
            {
                if (other.Things.FirstOrDefault(t => !t.IsOver && things.Contains(t.Thing)) is { } taken)
                {
                    return new(RolloutOutcome.Conflict, Text: $"'{taken.Thing}' is in roll-out {other.Head.Id}, which has not ended", About: wish.WhereIs(taken.Thing));
                }
            }

            DateTimeOffset now = _time.GetUtcNow();
            FirmwareManifest manifest = found.Manifest;
            var rollout = new Rollout(0, found.Id, manifest.Name, manifest.Version, manifest.Target, RolloutState.Running, by.Bare, now)
            {
                Plan = plan with { Things = [], Groups = [] },
                TrialSeconds = (plan.GateMinutes * 60) + _options.TrialMarginSeconds,
                Deadline = now.AddHours(plan.DeadlineHours),
                Things = [.. plan.Things.Select((t, i) => new RolloutThing(t, WaveOf(i, plan), UpdateStep.Waiting, now)), .. leftOut.Select(l => new RolloutThing(l.Thing, WaveOf(plan.Things.Count - 1, plan), UpdateStep.Skipped, now, l.Why))],
            };
            if (await _store.AddAsync(rollout, _options.KeptRollouts).ConfigureAwait(false) is not { } id)
            {
                return new(RolloutOutcome.NotFound, Text: "there is no such image");
            }

            run = new RolloutRun(rollout with { Id = id }, manifest, now);
            _runs[id] = run;
            RolloutLog.Started(_log, id, manifest.Name, manifest.Version, plan.Things.Count, by.Bare);
        }
        finally
        {
            _gate.Release();
        }

        Changed?.Invoke(run.Head.Id);
        await LookAsync().ConfigureAwait(false);
        return new(RolloutOutcome.Done, await FindAsync(run.Head.Id, cancel).ConfigureAwait(false));
    }

    /// <summary>Pauses, resumes (<see cref="RolloutState.Running"/>) or cancels a roll-out.</summary>
    public async Task<RolloutResult> BecomeAsync(Jid by, long id, RolloutState state, CancellationToken cancel = default)
    {
        if (await FindAsync(id, cancel).ConfigureAwait(false) is not { } rollout || !await MayAsync(by, rollout, cancel).ConfigureAwait(false))
        {
            return new(RolloutOutcome.NotFound);
        }

        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (!_runs.TryGetValue(id, out RolloutRun? run) || !CanBecome(run.Head.State, state))
            {
                return new(RolloutOutcome.WrongState, rollout);
            }

            run.Become(state, state == RolloutState.Cancelled ? $"cancelled by {by.Bare}" : "", _time.GetUtcNow());
            RolloutLog.Became(_log, id, state, by.Bare);
            await KeepAsync(run, headChanged: true, mustStore: true).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }

        await LookAsync().ConfigureAwait(false);
        return new(RolloutOutcome.Done, await FindAsync(id, cancel).ConfigureAwait(false));
    }

    /// <summary>A roll-out as it is now, for who may maintain its things; else null.</summary>
    public async ValueTask<Rollout?> FindAsync(Jid who, long id, CancellationToken cancel = default) =>
        await FindAsync(id, cancel).ConfigureAwait(false) is { } rollout && await MayAsync(who, rollout, cancel).ConfigureAwait(false) ? rollout : null;

    /// <summary>The newest roll-outs with their things, for who may maintain them, the newest first.</summary>
    public async ValueTask<IReadOnlyList<Rollout>> ListAsync(Jid who, int most = 50, CancellationToken cancel = default)
    {
        var seen = new List<Rollout>();
        foreach (Rollout head in await _store.NewestAsync(_options.KeptRollouts + _options.MaxRollouts, cancel).ConfigureAwait(false))
        {
            if (seen.Count == most)
            {
                break;
            }

            if (await FindAsync(who, head.Id, cancel).ConfigureAwait(false) is { } rollout)
            {
                seen.Add(rollout);
            }
        }

        return seen;
    }

    /// <summary>The newest updates of one thing, the newest first, for who maintains it: each roll-out with that thing alone, as it is on the disk. None for others.</summary>
    public async ValueTask<IReadOnlyList<Rollout>> OfThingAsync(Jid who, string thing, int most, CancellationToken cancel = default) =>
        await _around.MayMaintain(who, thing, cancel).ConfigureAwait(false) ? await _store.OfThingAsync(thing, most, cancel).ConfigureAwait(false) : [];

    /// <summary>The image that a thing may fetch now; null where none was offered to it. Costs no lock: each piece asks.</summary>
    public (string Image, long Size)? Fetching(string thing, string offerId, long offset)
    {
        if (_fetchers.Find(thing, offerId) is not { } entry)
        {
            return null;
        }

        if (_runs.TryGetValue(entry.Rollout, out RolloutRun? run))
        {
            Locked(run, () => run.Fetched(thing, offset));
        }

        return (entry.Image, entry.Size);
    }

    /// <summary>A thing tells how its update goes.</summary>
    /// <returns>False where no roll-out of that id has the thing.</returns>
    public async ValueTask<bool> ReportAsync(string thing, UpdateReport report, CancellationToken cancel = default)
    {
        if (report.OfferId.Length < 2 || report.OfferId[0] != 'R' || !long.TryParse(report.OfferId.AsSpan(1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out long id))
        {
            return false;
        }

        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        (bool known, bool isOver) = (false, false);
        try
        {
            DateTimeOffset now = _time.GetUtcNow();
            if (_runs.TryGetValue(id, out RolloutRun? run))
            {
                Locked(run, () => (known, isOver) = (run.Take(thing, report, now), run.Find(thing) is { IsOver: true }));
                await KeepAsync(run, headChanged: false, mustStore: true).ConfigureAwait(false);
            }
            else
            {
                known = await LateAsync(id, thing, report, now, cancel).ConfigureAwait(false);
            }
        }
        finally
        {
            _gate.Release();
        }

        await (isOver ? LookAsync() : Task.CompletedTask).ConfigureAwait(false); // the roll-out may have come to its end by this: whoever hears that it is kept finds it so
        Wake();
        return known;
    }

    /// <summary>A thing is gone.</summary>
    public async Task ForgetAsync(string thing)
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            foreach (RolloutRun run in _runs.Values.ToList())
            {
                if (run.Find(thing) is { IsOver: false })
                {
                    Locked(run, () => run.Set(thing, UpdateStep.Cancelled, _time.GetUtcNow(), "the thing is gone"));
                    await KeepAsync(run, headChanged: false).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _gate.Release();
        }

        Wake();
    }

    /// <summary>Something has happened that may make things due; looks soon.</summary>
    public void Wake()
    {
        if (_runs.Count > 0 && Interlocked.Exchange(ref _looking, 1) == 0)
        {
            _ = LookSoonAsync();
        }
    }

    /// <summary>Looks at what is due now, and waits until what it began to ask is asked; for who must not go on before.</summary>
    internal async Task LookAsync()
    {
        List<(RolloutRun Run, RolloutAct Act)> acts = [];
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            foreach (RolloutRun run in _runs.Values.ToList())
            {
                Rollout before = run.Head;
                List<RolloutAct> due = [];
                Locked(run, () => due = run.Look(_time.GetUtcNow(), _around.IsThere, _around.VersionOf));
                await KeepAsync(run, run.Head != before).ConfigureAwait(false);
                acts.AddRange(due.Select(act => (run, act)));
            }
        }
        finally
        {
            _gate.Release();
        }

        lock (_acts)
        {
            _acts.RemoveAll(act => act.IsCompleted);
            _acts.AddRange(acts.Select(due => ActAsync(due.Run, due.Act)));
        }
    }

    /// <summary>Waits until everything that was asked is answered, and what follows from it is kept.</summary>
    internal Task SettledAsync()
    {
        lock (_acts)
        {
            return Task.WhenAll(_acts);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _timer?.Dispose();
        await SettledAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _gate.WaitAsync().ConfigureAwait(false); // what is being written is written
        _runs.Clear();
        _gate.Release();
    }

    private static int WaveOf(int place, RolloutPlan plan)
    {
        for (int wave = 0; wave < plan.Waves.Count; wave++)
        {
            // At least one thing in each wave, and parts of a thing count as one.
            if (place < Math.Max(wave + 1, (((long)plan.Things.Count * plan.Waves[wave]) + 99) / 100))
            {
                return wave;
            }
        }

        return plan.Waves.Count;
    }

    private static bool CanBecome(RolloutState from, RolloutState to) => to switch
    {
        RolloutState.Paused => from == RolloutState.Running,
        RolloutState.Running => from == RolloutState.Paused,
        RolloutState.Cancelled => from is RolloutState.Running or RolloutState.Paused,
        _ => false,
    };

    private static void Locked(RolloutRun run, Action act)
    {
        // The pieces that things fetch are noted without the gate.
        lock (run)
        {
            act();
        }
    }

    // A word about a roll-out that has ended: the thing's own end is put right, nothing else.
    private async ValueTask<bool> LateAsync(long id, string thing, UpdateReport report, DateTimeOffset now, CancellationToken cancel)
    {
        if (await _store.FindAsync(id, cancel).ConfigureAwait(false) is not { } rollout || rollout.Things.FirstOrDefault(t => t.Thing == thing) is not { } at)
        {
            return false;
        }

        UpdateStep? step = report.Word switch { "confirmed" => UpdateStep.Confirmed, "failed" => UpdateStep.Failed, "reverted" => UpdateStep.Reverted, _ => null };
        if (step is { } said && (at.Step != said || at.Reason.Length == 0) && at.Step is not (UpdateStep.Cancelled or UpdateStep.Skipped))
        {
            await _store.PutAsync(id, [at with { Step = said, Since = now, Reason = report.Reason }]).ConfigureAwait(false);
            Changed?.Invoke(id);
        }

        return step is not null;
    }

    private async ValueTask<Rollout?> FindAsync(long id, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (_runs.TryGetValue(id, out RolloutRun? run))
            {
                lock (run)
                {
                    return run.Snapshot();
                }
            }
        }
        finally
        {
            _gate.Release();
        }

        return await _store.FindAsync(id, cancel).ConfigureAwait(false);
    }

    private async ValueTask<bool> MayAsync(Jid who, Rollout rollout, CancellationToken cancel)
    {
        bool any = false;
        foreach (RolloutThing thing in rollout.Things)
        {
            if (await _around.MayMaintain(who, thing.Thing, cancel).ConfigureAwait(false))
            {
                any = true;
            }
            else if (await _around.WhyNot(thing.Thing, cancel).ConfigureAwait(false) is null)
            {
                return false;
            }
        }

        // Where all its things are gone it is its starter's.
        return any || (rollout.By.Equals(who.Bare) && await _around.IsSame(rollout.By, rollout.Created, cancel).ConfigureAwait(false));
    }

    // Under the gate: what has changed is durable, then what follows from it holds.
    private async Task KeepAsync(RolloutRun run, bool headChanged, bool mustStore = false)
    {
        IReadOnlyList<RolloutThing> changed = [];
        Locked(run, () => changed = run.TakeChanged());
        headChanged |= run.IsHeadUnstored;
        if (changed.Count == 0 && !headChanged)
        {
            return;
        }

        StorageException? failed = null;
        try
        {
            if (changed.Count > 0)
            {
                await _store.PutAsync(run.Head.Id, changed).ConfigureAwait(false);
            }

            if (headChanged)
            {
                await _store.PutAsync(run.Head).ConfigureAwait(false);
            }

            run.IsHeadUnstored = false;
        }
        catch (StorageException e)
        {
            // It holds in memory, and is stored with the next change.
            failed = e;
            run.IsHeadUnstored = headChanged;
            Locked(run, () => run.PutBack(changed));
            RolloutLog.NotStored(_log, e, run.Head.Id);
        }

        _fetchers.Note(run, changed);
        if (run.Head.Ended is not null && failed is null)
        {
            _runs.TryRemove(run.Head.Id, out _);
            RolloutLog.Ended(_log, run.Head.Id, run.Head.State, run.Head.Reason);
        }

        Changed?.Invoke(run.Head.Id);
        if (failed is not null && mustStore)
        {
            // Who was to be told that it is kept is told that it is not, and says it again.
            ExceptionDispatchInfo.Throw(failed);
        }
    }

    private async Task LookSoonAsync()
    {
        await Task.Yield();
        Volatile.Write(ref _looking, 0);
        try
        {
            await LookAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is StorageException or OperationCanceledException or ObjectDisposedException)
        {
            RolloutLog.NotLooked(_log, e);
        }
    }

    private async Task ActAsync(RolloutRun run, RolloutAct act)
    {
        (UpdateAnswer answer, string text) = (UpdateAnswer.Silent, "");
        try
        {
            (answer, text) = act.IsCommit
                ? await _around.Contact.CommitAsync(act.Thing, run.Head.OfferId, _stop.Token).ConfigureAwait(false)
                : await _around.Contact.OfferAsync(act.Thing, run.Head.OfferId, run.Manifest, run.Head.TrialSeconds, _stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            Locked(run, () => run.Answered(act.Thing, act.IsCommit, answer, text, _time.GetUtcNow(), TimeSpan.FromSeconds(_options.RetrySeconds)));
            await KeepAsync(run, headChanged: false).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }

        Wake();
    }
}
