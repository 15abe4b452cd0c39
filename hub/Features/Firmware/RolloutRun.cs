namespace IotXmpp.Hub.Features.Firmware;

/// <summary>What a roll-out wants done for a thing.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="IsCommit">True: its image is to be confirmed; false: one is to be offered.</param>
internal readonly record struct RolloutAct(string Thing, bool IsCommit);

/// <summary>
/// A roll-out that has not ended, in memory: the rules of waves, rate, health gate, deadline and stop. It does nothing itself: <see cref="Look"/> says what has changed and what is to be done.
/// Not safe for several threads: the service holds it under its lock.
/// </summary>
internal sealed class RolloutRun
{
    private readonly List<RolloutThing> _things;
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _stable = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _retry = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly List<RolloutThing> _changed = [];
    private double _credit = 1;
    private DateTimeOffset _credited;

    public RolloutRun(Rollout rollout, FirmwareManifest manifest, DateTimeOffset now)
    {
        Manifest = manifest;
        _credited = now;
        _things = [.. rollout.Things];
        Head = rollout with { Things = [] };
        for (int i = 0; i < _things.Count; i++)
        {
            _places[_things[i].Thing] = i;
        }
    }

    /// <summary>The roll-out without its things.</summary>
    public Rollout Head { get; private set; }

    public FirmwareManifest Manifest { get; }

    /// <summary>Whether the state of the whole could not be stored when it changed.</summary>
    public bool IsHeadUnstored { get; set; }

    /// <summary>The roll-out as it is now.</summary>
    public Rollout Snapshot() => Head with { Things = [.. _things] };

    public IEnumerable<RolloutThing> Things => _things;

    // An offer without an answer, perhaps of a hub before: it may have arrived, so the thing may fetch; it is made again, which is no harm, and meanwhile nobody waits for it.
    private bool IsUnanswered(RolloutThing thing) => thing.Step == UpdateStep.Offered && !_asked.Contains(thing.Thing);

    public RolloutThing? Find(string thing) => _places.TryGetValue(thing, out int place) ? _things[place] : null;

    /// <summary>What has changed since the last call, to be stored.</summary>
    public IReadOnlyList<RolloutThing> TakeChanged()
    {
        RolloutThing[] changed = [.. _changed.Select(c => c.Thing).Distinct(StringComparer.Ordinal).Select(t => _things[_places[t]])];
        _changed.Clear();
        return changed;
    }

    /// <summary>What was taken and could not be stored.</summary>
    public void PutBack(IReadOnlyList<RolloutThing> changed) => _changed.AddRange(changed);

    /// <summary>A thing is at another step.</summary>
    public void Set(string thing, UpdateStep step, DateTimeOffset now, string reason = "")
    {
        if (Find(thing) is not { } before || (before.Step == step && before.Reason == reason))
        {
            return;
        }

        RolloutThing after = before with { Step = step, Since = now, Reason = reason };
        _things[_places[thing]] = after;
        _changed.Add(after);
        _stable.Remove(thing);
        _retry.Remove(thing);
    }

    /// <summary>A thing has asked for a piece.</summary>
    public void Fetched(string thing, long offset)
    {
        if (_places.TryGetValue(thing, out int place))
        {
            _things[place] = _things[place] with { Offset = offset };
        }
    }

    /// <summary>A thing runs the image on trial: from now on its stay counts, also after a further start.</summary>
    public void Tried(string thing, DateTimeOffset now)
    {
        Set(thing, UpdateStep.Trial, now);
        _stable[thing] = now;
    }

    /// <summary>What a thing says decides, as far as it can be so.</summary>
    /// <returns>False where it cannot.</returns>
    public bool Take(string thing, UpdateReport report, DateTimeOffset now)
    {
        if (Find(thing) is not { } at)
        {
            return false;
        }

        switch (report.Word)
        {
            case "downloading" when at.Step is UpdateStep.Offered or UpdateStep.Downloading:
                Set(thing, UpdateStep.Downloading, now);
                return true;
            case "verified" or "restarting" when at.Step is UpdateStep.Offered or UpdateStep.Downloading or UpdateStep.Restarting:
                Set(thing, UpdateStep.Restarting, now);
                return true;
            case "trial" when !at.IsOver:
                Tried(thing, now);
                return true;
            case "confirmed" when at.Step is UpdateStep.Trial or UpdateStep.Confirmed or UpdateStep.Failed:
                // Only our word confirms: its answer was lost.
                Set(thing, UpdateStep.Confirmed, now);
                return true;
            case "failed" or "reverted":
                // Also after the hub had given it up: now it is known which image it has.
                if (at.Step is not (UpdateStep.Cancelled or UpdateStep.Skipped))
                {
                    Set(thing, report.Word == "failed" ? UpdateStep.Failed : UpdateStep.Reverted, now, report.Reason);
                }

                return true;
            default:
                return false;
        }
    }

    /// <summary>The answer to what was asked of a thing is there.</summary>
    public void Answered(string thing, bool isCommit, UpdateAnswer answer, string text, DateTimeOffset now, TimeSpan retry)
    {
        _asked.Remove(thing);
        UpdateStep? step = Find(thing)?.Step;
        if (isCommit && step == UpdateStep.Trial)
        {
            if (answer == UpdateAnswer.Accepted)
            {
                Set(thing, UpdateStep.Confirmed, now);
            }
            else
            {
                // It may have started anew in between: its stay counts from its next word.
                _retry[thing] = now + retry;
            }
        }
        else if (!isCommit && step == UpdateStep.Offered)
        {
            if (answer == UpdateAnswer.Silent)
            {
                _retry[thing] = now + retry;
            }
            else
            {
                Set(thing, answer == UpdateAnswer.Accepted ? UpdateStep.Downloading : UpdateStep.Failed, now, answer == UpdateAnswer.Refused ? text : "");
            }
        }
    }

    /// <summary>Pauses, resumes or ends it.</summary>
    public void Become(RolloutState state, string reason, DateTimeOffset now)
    {
        Head = Head with { State = state, Reason = reason };
        if (state is RolloutState.Stopped or RolloutState.Cancelled)
        {
            foreach (RolloutThing thing in _things.Where(t => t.Step <= UpdateStep.Downloading).ToList())
            {
                // What has the image goes on: it would be tried in any case, and its health gate is as good as before.
                Set(thing.Thing, UpdateStep.Cancelled, now, reason);
            }
        }
    }

    /// <summary>Looks at what is due.</summary>
    /// <param name="now">Now.</param>
    /// <param name="isThere">Whether a thing is online.</param>
    /// <param name="versionOf">The version that a thing says it runs; empty where it says none.</param>
    /// <returns>What is to be done.</returns>
    public List<RolloutAct> Look(DateTimeOffset now, Func<string, bool> isThere, Func<string, string> versionOf)
    {
        var acts = new List<RolloutAct>();
        GiveUp(now);
        Gate(now, isThere, versionOf, acts);
        Stop(now);
        if (Head.State == RolloutState.Running)
        {
            Offer(now, isThere, versionOf, acts);
        }

        if (_things.TrueForAll(t => t.IsOver))
        {
            Head = Head with { State = Head.State is RolloutState.Running or RolloutState.Paused ? RolloutState.Done : Head.State, Ended = now };
        }

        return acts;
    }

    private void GiveUp(DateTimeOffset now)
    {
        // One that is not heard of again within its trial and some more will not be: it goes back by itself, if it lives.
        var limit = TimeSpan.FromSeconds(Head.TrialSeconds + 900);
        foreach (RolloutThing thing in _things.Where(t => t.Step is UpdateStep.Restarting or UpdateStep.Trial && now - t.Since > limit).ToList())
        {
            Set(thing.Thing, UpdateStep.Failed, now, thing.Step == UpdateStep.Restarting ? "it did not come back after the restart" : "it did not stay online long enough");
        }

        if (now >= Head.Deadline && Head.State is RolloutState.Running or RolloutState.Paused && _things.Exists(t => t.Step <= UpdateStep.Downloading))
        {
            foreach (RolloutThing thing in _things.Where(t => t.Step == UpdateStep.Downloading).ToList())
            {
                Set(thing.Thing, UpdateStep.Failed, now, "the deadline passed before it had the image");
            }

            Become(RolloutState.Stopped, "the deadline passed", now);
        }
    }

    private void Gate(DateTimeOffset now, Func<string, bool> isThere, Func<string, string> versionOf, List<RolloutAct> acts)
    {
        var gate = TimeSpan.FromMinutes(Head.Plan.GateMinutes);
        foreach (RolloutThing thing in _things.Where(t => t.Step == UpdateStep.Trial))
        {
            string version = versionOf(thing.Thing);
            if (!isThere(thing.Thing) || (version.Length > 0 && version != Head.Version))
            {
                _stable.Remove(thing.Thing);
            }
            else if (!_stable.TryGetValue(thing.Thing, out DateTimeOffset since))
            {
                _stable[thing.Thing] = now;
            }
            else if (now - since >= gate && !(_retry.TryGetValue(thing.Thing, out DateTimeOffset at) && now < at) && _asked.Add(thing.Thing))
            {
                acts.Add(new RolloutAct(thing.Thing, IsCommit: true));
            }
        }
    }

    private void Stop(DateTimeOffset now)
    {
        if (Head.State is not (RolloutState.Running or RolloutState.Paused))
        {
            return;
        }

        int failures = _things.Count(t => t.IsFailure);
        if (failures > 0 && ((Head.Plan.StopFailures > 0 && failures >= Head.Plan.StopFailures) || (Head.Plan.StopPercent > 0 && failures * 100L >= Head.Plan.StopPercent * (long)_things.Count(t => !t.IsLeftOut))))
        {
            Become(RolloutState.Stopped, failures == 1 ? "1 thing failed" : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{failures} things failed"), now);
        }
    }

    private void Offer(DateTimeOffset now, Func<string, bool> isThere, Func<string, string> versionOf, List<RolloutAct> acts)
    {
        // The rate as a bucket of at most a tenth of a minute, so that a roll-out that waited does not make up for it at once.
        double most = Math.Max(1, Head.Plan.PerMinute / 10.0);
        _credit = Math.Min(most, _credit + ((now - _credited).TotalMinutes * Head.Plan.PerMinute));
        _credited = now;
        int busy = _things.Count(t => t.IsBusy && !IsUnanswered(t));
        int wave = _things.Where(t => !t.IsOver).Select(t => t.Wave).DefaultIfEmpty(0).Min();
        foreach (RolloutThing thing in _things.Where(t => (t.Step == UpdateStep.Waiting && t.Wave == wave) || IsUnanswered(t)).ToList())
        {
            if (!isThere(thing.Thing) || (_retry.TryGetValue(thing.Thing, out DateTimeOffset at) && now < at))
            {
                continue;
            }

            if (thing.Step == UpdateStep.Waiting && versionOf(thing.Thing) == Head.Version)
            {
                Set(thing.Thing, UpdateStep.Skipped, now);
                continue;
            }

            if (busy >= Head.Plan.Parallel || _credit < 1 || !_asked.Add(thing.Thing))
            {
                continue;
            }

            _credit--;
            busy++;
            Set(thing.Thing, UpdateStep.Offered, now);
            acts.Add(new RolloutAct(thing.Thing, IsCommit: false));
        }
    }
}
