using System.Globalization;
using IotXmpp.Hub.Features.Liveness;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>How long a thing has been away for one of some reasons.</summary>
internal sealed class OfflineEvaluator(OfflineCondition condition) : RuleEvaluator(condition.For, TimeSpan.Zero)
{
    private long _since = long.MinValue;

    public override void Liveness(long since, LivenessState state, string reason, long? until, List<RuleStep> into)
    {
        if (since < _since)
        {
            return; // late: what came after it is known
        }

        _since = since;
        string why = state switch
        {
            LivenessState.Overdue => "overdue",
            LivenessState.Offline => reason,
            _ => string.Empty,
        };
        Tick(since, into);
        Judge(why.Length > 0 && condition.Reasons.Contains(why), since, why.Length > 0 ? why : state.ToString().ToLowerInvariant(), into);
    }
}

/// <summary>How often a thing's connection was interrupted in a moving window: counted as the uptime figures of Liveness count.</summary>
internal sealed class FlappingEvaluator(FlappingCondition condition) : RuleEvaluator(TimeSpan.Zero, TimeSpan.Zero)
{
    private readonly long _within = (long)condition.Within.TotalMilliseconds;
    private readonly long[] _times = new long[condition.Count];
    private int _next;
    private int _count;
    private long _since = long.MinValue;
    private LivenessState? _before;

    // One that was raised before a restart waits for the steps of the window, which are told anew.
    public override long Due => !IsRaised ? Never : _count < _times.Length ? Math.Max(_since, 0) : _times[_next] + _within;

    public override void Tick(long now, List<RuleStep> into)
    {
        if (Due is var due && due <= now)
        {
            State.Set(false, due);
        }

        base.Tick(now, into);
    }

    public override void Liveness(long since, LivenessState state, string reason, long? until, List<RuleStep> into)
    {
        if (since < _since || (since == _since && state == _before))
        {
            return;
        }

        bool isLoss = state == LivenessState.Overdue || (state == LivenessState.Offline && reason is "connection-lost" or "keepalive-timeout" or "stream-error");
        bool isInterruption = state == LivenessState.Resuming || (isLoss && _before != LivenessState.Resuming);
        (_since, _before) = (since, state);
        if (isInterruption)
        {
            bool wasFull = _count == _times.Length;
            if (wasFull)
            {
                Tick(since, into);
            }

            _times[_next] = since;
            _next = (_next + 1) % _times.Length;
            _count = Math.Min(_count + 1, _times.Length);
            if (_count == _times.Length && since - _times[_next] < _within)
            {
                Judge(true, since, _times.Length.ToString(CultureInfo.InvariantCulture), into);
            }
        }
    }
}

/// <summary>How much a battery has left.</summary>
internal sealed class BatteryEvaluator(BatteryCondition condition) : RuleEvaluator(TimeSpan.Zero, TimeSpan.Zero)
{
    private long _at = long.MinValue;

    public override void Status(long at, int? battery, string firmware, List<RuleStep> into)
    {
        if (battery is not { } percent || at < _at)
        {
            return;
        }

        _at = at;
        Judge(percent < condition.Below ? true : percent >= condition.Below + condition.Hysteresis ? false : null, at, percent.ToString(CultureInfo.InvariantCulture), into);
    }
}

/// <summary>Whether a firmware is older than it should be. A version that cannot be read says nothing.</summary>
internal sealed class FirmwareEvaluator(FirmwareCondition condition) : RuleEvaluator(TimeSpan.Zero, TimeSpan.Zero)
{
    private readonly FirmwareVersion? _wanted = FirmwareVersion.Parse(condition.Below);
    private long _at = long.MinValue;

    public override void Status(long at, int? battery, string firmware, List<RuleStep> into)
    {
        if (FirmwareVersion.Parse(firmware) is not { } has || at < _at || _wanted is null)
        {
            return;
        }

        _at = at;
        Judge(has.CompareTo(_wanted) < 0, at, firmware, into);
    }
}

/// <summary>A version of firmware: numbers with dots, and behind a hyphen the name of one that comes before it, as in semantic versioning (<c>1.4.0-beta.2</c> is before <c>1.4.0</c>).</summary>
public sealed class FirmwareVersion : IComparable<FirmwareVersion>
{
    private readonly long[] _numbers;
    private readonly string[] _before;

    private FirmwareVersion(long[] numbers, string[] before)
    {
        _numbers = numbers;
        _before = before;
    }

    /// <summary>Reads one, with or without a <c>v</c> in front; null where it is none.</summary>
    public static FirmwareVersion? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text) || text.Length > 64)
        {
            return null;
        }

        ReadOnlySpan<char> rest = text.AsSpan(text[0] is 'v' or 'V' ? 1 : 0);
        int build = rest.IndexOf('+');
        rest = build < 0 ? rest : rest[..build];
        int hyphen = rest.IndexOf('-');
        string[] before = hyphen < 0 ? [] : rest[(hyphen + 1)..].ToString().Split('.');
        string[] parts = (hyphen < 0 ? rest : rest[..hyphen]).ToString().Split('.');
        var numbers = new long[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return null;
            }
        }

        return new FirmwareVersion(numbers, before);
    }

    /// <inheritdoc/>
    public int CompareTo(FirmwareVersion? other)
    {
        if (other is null)
        {
            return 1;
        }

        for (int i = 0; i < Math.Max(_numbers.Length, other._numbers.Length); i++)
        {
            int order = _numbers.ElementAtOrDefault(i).CompareTo(other._numbers.ElementAtOrDefault(i));
            if (order != 0)
            {
                return order;
            }
        }

        if (_before.Length == 0 || other._before.Length == 0)
        {
            return other._before.Length.CompareTo(_before.Length); // what has such a name is before what has none
        }

        for (int i = 0; i < Math.Min(_before.Length, other._before.Length); i++)
        {
            bool isNumber = long.TryParse(_before[i], NumberStyles.None, CultureInfo.InvariantCulture, out long mine);
            bool isOther = long.TryParse(other._before[i], NumberStyles.None, CultureInfo.InvariantCulture, out long theirs);
            int order = isNumber && isOther ? mine.CompareTo(theirs) : isNumber != isOther ? (isNumber ? -1 : 1) : string.CompareOrdinal(_before[i], other._before[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return _before.Length.CompareTo(other._before.Length);
    }
}
