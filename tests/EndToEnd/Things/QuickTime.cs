namespace IotXmpp.EndToEnd.Things;

/// <summary>A clock that runs so many times as fast: what a board waits for takes seconds, while its sockets and its hub are real.</summary>
/// <param name="factor">How many times.</param>
internal sealed class QuickTime(int factor) : TimeProvider
{
    /// <summary>How many times.</summary>
    public int Factor => factor;

    private readonly long _start = System.GetTimestamp();
    private readonly DateTimeOffset _startUtc = System.GetUtcNow();

    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => _start + ((System.GetTimestamp() - _start) * factor);

    public override DateTimeOffset GetUtcNow() => _startUtc + (System.GetElapsedTime(_start) * factor);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period));

    private TimeSpan Shorter(TimeSpan time) => time < TimeSpan.Zero ? time : time / factor;
}
