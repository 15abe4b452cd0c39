using IotXmpp.Hub.Features.Registry;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>A rule over a thing, as it is watched now. Only the engine's worker touches it.</summary>
internal sealed class Watch(AlertRule rule, Thing thing, RuleEvaluator evaluator)
{
    /// <summary>The rule as it is now.</summary>
    public AlertRule Rule { get; set; } = rule;

    /// <summary>The thing as it is now.</summary>
    public Thing Thing { get; set; } = thing;

    /// <summary>What judges.</summary>
    public RuleEvaluator Evaluator { get; } = evaluator;

    /// <summary>Whether samples of a field are looked at.</summary>
    public bool IsOf(string field) => Evaluator.IsOfSamples && (Rule.Condition.Field.Length == 0 || Rule.Condition.Field == field);

    /// <summary>From when on samples of the history are still to be judged, milliseconds since 1970.</summary>
    public long From { get; set; }

    /// <summary>The second in whose slot of the wheel it stands; 0: in none.</summary>
    public long Slot { get; set; }

    /// <summary>Whether it is watched no more.</summary>
    public bool IsGone { get; set; }
}

/// <summary>Conditions that wait for time: one wheel of seconds for all. A deadline that moves on, as with each sample of a rule for silence, costs nothing: it is found again when its slot comes.</summary>
internal sealed class TimerWheel
{
    private const int Slots = 1_024; // 17 minutes; what is due later is looked at once on the way

    private readonly List<Watch>?[] _slots = new List<Watch>?[Slots];
    private long _now = long.MinValue;

    /// <summary>Sees to it that a watch is looked at when it is due.</summary>
    /// <param name="watch">The watch.</param>
    /// <param name="now">Now, milliseconds since 1970.</param>
    public void Schedule(Watch watch, long now)
    {
        long due = watch.Evaluator.Due;
        if (due == RuleEvaluator.Never)
        {
            return;
        }

        _now = _now == long.MinValue ? now / 1000 : _now;
        long second = Math.Clamp((due + 999) / 1000, _now + 1, _now + Slots - 1);
        if (watch.Slot != 0 && watch.Slot <= second)
        {
            return;
        }

        watch.Slot = second;
        (_slots[second % Slots] ??= []).Add(watch);
    }

    /// <summary>Goes on to a time.</summary>
    /// <param name="now">Milliseconds since 1970.</param>
    /// <param name="look">Looks at a watch whose slot has come; it may be too early for it.</param>
    public void Advance(long now, Action<Watch> look)
    {
        long until = now / 1000;
        if (_now == long.MinValue || until <= _now)
        {
            _now = _now == long.MinValue ? until : _now;
            return;
        }

        long from = Math.Max(_now + 1, until - Slots + 1);
        _now = until;
        for (long second = from; second <= until; second++)
        {
            if (_slots[second % Slots] is not { } slot)
            {
                continue;
            }

            _slots[second % Slots] = null;
            foreach (Watch watch in slot)
            {
                if (watch.Slot == 0 || watch.Slot > until || watch.IsGone)
                {
                    continue; // it was put into an earlier slot meanwhile, and looked at there
                }

                watch.Slot = 0;
                look(watch);
                Schedule(watch, now);
            }
        }
    }
}
