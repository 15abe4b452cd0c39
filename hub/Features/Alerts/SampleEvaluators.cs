using System.Globalization;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>A value against its limits, with hysteresis.</summary>
internal sealed class ThresholdEvaluator(ThresholdCondition condition) : RuleEvaluator(condition.For, condition.ClearFor)
{
    public override bool IsOfSamples => true;

    private protected override void OnSample(long at, in FieldValue value, List<RuleStep> into)
    {
        bool? truth = TruthOf(value);
        // The text is needed where something may come of it; numbers far from the limit are not written out.
        Judge(truth, at, truth == !IsRaised ? TextOf(value) : string.Empty, into);
    }

    private static string TextOf(in FieldValue value) => value.Kind switch
    {
        SeriesKind.Boolean => value.Number != 0 ? "true" : "false",
        SeriesKind.Enum => value.Text ?? string.Empty,
        _ => value.Number.ToString(CultureInfo.InvariantCulture),
    };

    private bool? TruthOf(in FieldValue value)
    {
        if (condition.Text is { } text)
        {
            // A number is never the same as a text; that the field has changed its kind says nothing.
            return value.Kind == SeriesKind.Enum ? (value.Text == text) == (condition.Is == Comparison.Equal) : null;
        }

        if (value.Kind == SeriesKind.Enum)
        {
            return null;
        }

        double x = value.Number;
        double h = condition.Hysteresis;
        return condition.Is switch
        {
            Comparison.Above => x > condition.Limit ? true : x <= condition.Limit - h ? false : null,
            Comparison.Below => x < condition.Limit ? true : x >= condition.Limit + h ? false : null,
            Comparison.Outside => x < condition.Limit || x > condition.Upper ? true : x >= condition.Limit + h && x <= condition.Upper - h ? false : null,
            Comparison.Equal => x == condition.Limit,
            _ => x != condition.Limit,
        };
    }
}

/// <summary>How much a value has changed from the lowest and highest of a moving window, which is kept as 32 parts with their extremes: no more memory for a thing that measures often.</summary>
internal sealed class RateEvaluator(RateCondition condition) : RuleEvaluator(TimeSpan.Zero, TimeSpan.Zero)
{
    private const int Parts = 32;

    private readonly long _within = (long)condition.Within.TotalMilliseconds;
    private readonly long _part = Math.Max(1, (long)condition.Within.TotalMilliseconds / Parts);
    private readonly (long Number, double Min, double Max)[] _parts = new (long, double, double)[Parts + 1];

    // The extremes of the window that ends with this part: looked up once a part, not once a sample.
    private long _current = long.MinValue;
    private double _low;
    private double _high;

    // With no newer sample nothing changes any more: it is over when the last has left the window.
    public override long Due => IsRaised && LastSample != long.MinValue ? LastSample + _within : Never;

    public override void Tick(long now, List<RuleStep> into)
    {
        if (Due is var due && due <= now)
        {
            State.Set(false, due);
        }

        base.Tick(now, into);
    }

    public override bool IsOfSamples => true;

    private protected override void OnSample(long at, in FieldValue value, List<RuleStep> into)
    {
        if (value.Kind != SeriesKind.Number)
        {
            return;
        }

        long part = at / _part;
        double x = value.Number;
        if (part != _current)
        {
            (_current, _low, _high) = (part, x, x);
            foreach ((long number, double low, double high) in _parts)
            {
                if (number != 0 && number <= part && number >= part - Parts)
                {
                    (_low, _high) = (Math.Min(_low, low), Math.Max(_high, high));
                }
            }
        }

        (_low, _high) = (Math.Min(_low, x), Math.Max(_high, x));
        ref (long Number, double Min, double Max) mine = ref _parts[part % (Parts + 1)];
        mine = mine.Number == part ? (part, Math.Min(mine.Min, x), Math.Max(mine.Max, x)) : (part, x, x);
        bool isFast = condition.Direction switch
        {
            RateDirection.Rise => x - _low >= condition.By,
            RateDirection.Fall => _high - x >= condition.By,
            _ => x - _low >= condition.By || _high - x >= condition.By,
        };
        Judge(isFast, at, isFast || IsRaised ? x.ToString(CultureInfo.InvariantCulture) : string.Empty, into);
    }
}

/// <summary>
/// How long ago the newest sample is. While a thing sleeps as it said nothing is missed, nor while it may still resume: so a restart of the hub, after which all things resume, misses nobody. One that is back
/// has the whole time again.
/// </summary>
internal sealed class NoDataEvaluator(NoDataCondition condition) : RuleEvaluator(condition.After, TimeSpan.Zero)
{
    private long _sleepsUntil = long.MinValue;
    private long _stopped = Never;
    private long _since = long.MinValue;

    public override void Restore(long raised)
    {
        base.Restore(raised);
        LastSample = raised - (long)condition.After.TotalMilliseconds;
    }

    public override void Begin(long at)
    {
        if (!IsRaised && LastSample == long.MinValue)
        {
            State.Restart(at);
        }
    }

    public override void Liveness(long since, LivenessState state, string reason, long? until, List<RuleStep> into)
    {
        if (since < _since)
        {
            return;
        }

        _since = since;
        Tick(since, into);
        if (IsRaised)
        {
            return;
        }

        long counted = State.Since == Never ? _stopped : State.Since;
        _stopped = Never;
        if (state == LivenessState.Resuming)
        {
            _stopped = counted;
            State.Restart(Never);
        }
        else if (state is LivenessState.Sleeping or LivenessState.Overdue && until is { } wakes)
        {
            _sleepsUntil = wakes;
            State.Restart(counted == Never ? Never : Math.Max(counted, wakes));
        }
        else if (state == LivenessState.Online)
        {
            _sleepsUntil = long.MinValue;
            State.Restart(counted == Never ? Never : Math.Max(LastSample, since));
        }
        else
        {
            State.Restart(counted);
        }
    }

    public override bool IsOfSamples => true;

    private protected override void OnSample(long at, in FieldValue value, List<RuleStep> into)
    {
        Judge(false, at, string.Empty, into);
        _stopped = Never;
        State.Restart(Math.Max(at, _sleepsUntil));
    }
}
