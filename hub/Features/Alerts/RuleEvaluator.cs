using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>A value of a field.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Number">The number; 0 or 1 for truth.</param>
/// <param name="Text">The value as text, where <paramref name="Kind"/> is an enum; else null.</param>
public readonly record struct FieldValue(SeriesKind Kind, double Number, string? Text = null);

/// <summary>An alert is raised, or it is over.</summary>
/// <param name="IsRaised">Which of the two.</param>
/// <param name="At">When, milliseconds since 1970: by the times of what was measured, never by when it was looked at.</param>
/// <param name="Value">The value that decided, as text.</param>
public readonly record struct RuleStep(bool IsRaised, long At, string Value);

/// <summary>
/// One condition of one thing: is told what is measured, in the order of its times, and that time goes on; tells when an alert is raised and when it is over. Has no clock, no database and no lock. The live
/// engine and the test over history use it alike, so they cannot differ. What comes with an older time than it has seen is late and changes nothing any more.
/// </summary>
public abstract class RuleEvaluator
{
    /// <summary>No time at all: nothing is waited for.</summary>
    public const long Never = long.MaxValue;

    private Latch _latch;
    private string _value = string.Empty;
    private long _lastStep = long.MinValue;

    private protected RuleEvaluator(TimeSpan hold, TimeSpan clearHold) => _latch = new Latch((long)hold.TotalMilliseconds, (long)clearHold.TotalMilliseconds);

    /// <summary>Whether an alert is open.</summary>
    public bool IsRaised => _latch.IsRaised;

    /// <summary>The time of the newest sample that was judged; <see cref="long.MinValue"/> before the first.</summary>
    public long LastSample { get; private protected set; } = long.MinValue;

    /// <summary>When it wants to be told that time has gone on (<see cref="Tick"/>), milliseconds since 1970; or <see cref="Never"/>.</summary>
    public virtual long Due => _latch.Due;

    /// <summary>Whether it looks at samples; else at states, or at what things tell of themselves.</summary>
    public virtual bool IsOfSamples => false;

    private protected ref Latch State => ref _latch;

    /// <summary>The evaluator of a condition.</summary>
    public static RuleEvaluator Of(AlertCondition condition) => condition switch
    {
        ThresholdCondition threshold => new ThresholdEvaluator(threshold),
        RateCondition rate => new RateEvaluator(rate),
        NoDataCondition silence => new NoDataEvaluator(silence),
        OfflineCondition offline => new OfflineEvaluator(offline),
        FlappingCondition flapping => new FlappingEvaluator(flapping),
        BatteryCondition battery => new BatteryEvaluator(battery),
        FirmwareCondition firmware => new FirmwareEvaluator(firmware),
        _ => throw new ArgumentException($"No evaluator for {condition?.GetType().Name}.", nameof(condition)),
    };

    /// <summary>It is known to be raised since a time, from before a restart; what was measured until then was judged. Before anything else.</summary>
    public virtual void Restore(long raised)
    {
        _latch.IsRaised = true;
        _lastStep = raised;
        LastSample = raised;
    }

    /// <summary>Watching begins: before that nothing was missed.</summary>
    public virtual void Begin(long at)
    {
    }

    /// <summary>A sample of the field; NaN and infinite numbers are none.</summary>
    public void Sample(long at, in FieldValue value, List<RuleStep> into)
    {
        if (at <= LastSample || !double.IsFinite(value.Number))
        {
            return;
        }

        Tick(at, into);
        LastSample = at;
        OnSample(at, value, into);
    }

    /// <summary>The thing is in a state since a time. Telling the same again changes nothing.</summary>
    public virtual void Liveness(long since, LivenessState state, string reason, long? until, List<RuleStep> into)
    {
    }

    /// <summary>What the thing told of itself.</summary>
    public virtual void Status(long at, int? battery, string firmware, List<RuleStep> into)
    {
    }

    /// <summary>Time has gone on.</summary>
    public virtual void Tick(long now, List<RuleStep> into)
    {
        while (_latch.TryFire(now, out long at))
        {
            // Where data come late, an alert is not over before it was raised.
            _lastStep = Math.Max(at, _lastStep);
            into.Add(new RuleStep(_latch.IsRaised, _lastStep, _value));
        }
    }

    private protected virtual void OnSample(long at, in FieldValue value, List<RuleStep> into)
    {
    }

    /// <summary>The condition is true (false: good again; null: neither) since a time.</summary>
    private protected void Judge(bool? truth, long at, string value, List<RuleStep> into)
    {
        _latch.Set(truth, at);
        _value = value;
        Tick(at, into);
    }

    /// <summary>Raised or not, and since when the opposite has been true.</summary>
    private protected struct Latch(long hold, long clearHold)
    {
        private long _since = Never;

        public bool IsRaised { get; set; }

        /// <summary>Since when what would change the state has been so; <see cref="Never"/> where it is not.</summary>
        public readonly long Since => _since;

        public readonly long Due => _since == Never ? Never : _since + (IsRaised ? clearHold : hold);

        public void Set(bool? truth, long at)
        {
            if (truth != !IsRaised)
            {
                _since = Never;
            }
            else if (_since == Never)
            {
                _since = at;
            }
        }

        public void Restart(long at) => _since = at;

        public bool TryFire(long now, out long at)
        {
            at = Due;
            if (at == Never || at > now)
            {
                return false;
            }

            IsRaised = !IsRaised;
            _since = Never;
            return true;
        }
    }
}
