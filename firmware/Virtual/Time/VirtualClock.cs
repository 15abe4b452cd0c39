using IotXmpp.Things;

namespace IotXmpp.Virtual;

/// <summary>Time that moves only when told. Monotonic time and the time of day are apart, as on a board: the latter is unknown until it is set, and may be wrong.</summary>
public sealed class VirtualClock : IThingClock
{
    private long _offsetMs;

    /// <summary>A clock at monotonic 0 whose time of day is set.</summary>
    /// <param name="utc">The time of day at monotonic 0.</param>
    public VirtualClock(DateTimeOffset utc)
    {
        _offsetMs = utc.ToUnixTimeMilliseconds();
        IsSet = true;
    }

    /// <summary>A clock at monotonic 0 whose time of day is unknown: it reads as 1970, as a board's does after power-on.</summary>
    public VirtualClock()
    {
    }

    /// <summary>Monotonic time, in milliseconds.</summary>
    public long NowMs { get; private set; }

    /// <inheritdoc/>
    public bool IsSet { get; private set; }

    /// <inheritdoc/>
    public long UtcNowMs => NowMs + _offsetMs;

    /// <summary>The time of day.</summary>
    public DateTimeOffset Utc => DateTimeOffset.FromUnixTimeMilliseconds(UtcNowMs);

    /// <summary>Lets time go on.</summary>
    /// <param name="milliseconds">How much.</param>
    public void Advance(long milliseconds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds);
        NowMs += milliseconds;
    }

    /// <summary>Sets the time of day, as SNTP does.</summary>
    /// <param name="utc">The time of day now.</param>
    public void Set(DateTimeOffset utc)
    {
        _offsetMs = utc.ToUnixTimeMilliseconds() - NowMs;
        IsSet = true;
    }

    /// <summary>Power-on: the time of day is unknown again.</summary>
    public void Forget()
    {
        _offsetMs = -NowMs;
        IsSet = false;
    }
}
