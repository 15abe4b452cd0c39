namespace IotXmpp.Hub.Peers;

/// <summary>A token bucket of bytes: one second's worth may come at once, more is paid for by waiting. A struct of its stream: never copied.</summary>
/// <param name="bytesPerSecond">Bytes a second; 0: no bound.</param>
/// <param name="now">The hub's clock in milliseconds.</param>
public struct ByteRate(int bytesPerSecond, long now)
{
    private double _left = bytesPerSecond;
    private long _at = now;

    /// <summary>Takes bytes that have come; returns how long to wait before more are read.</summary>
    public TimeSpan Take(long bytes, long now)
    {
        if (bytesPerSecond == 0)
        {
            return TimeSpan.Zero;
        }

        _left = Math.Min(bytesPerSecond, _left + ((now - _at) * bytesPerSecond / 1000.0)) - bytes;
        _at = now;
        return _left >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_left / bytesPerSecond);
    }
}
