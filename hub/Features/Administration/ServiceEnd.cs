namespace IotXmpp.Hub.Features.Administration;

/// <summary>Port: ends the process in good order (supplied by the server).</summary>
public interface IHubLifetime
{
    /// <summary>Asks for the end; returns at once.</summary>
    /// <param name="restart">Whether who supervises the process shall start it again.</param>
    void End(bool restart);
}

/// <summary>Ends the hub after a delay (XEP-0133 §4.30, §4.31). One end is under way at a time: a later one takes its place.</summary>
internal sealed class ServiceEnd(IHubLifetime lifetime, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private ITimer? _timer;

    /// <summary>Begins to wait; true where it takes the place of another end.</summary>
    public bool Begin(bool restart, TimeSpan delay)
    {
        lock (_lock)
        {
            bool replaces = _timer is not null;
            _timer?.Dispose();
            _timer = time.CreateTimer(_ => lifetime.End(restart), null, delay, Timeout.InfiniteTimeSpan);
            return replaces;
        }
    }

    public ValueTask DisposeAsync() => _timer?.DisposeAsync() ?? default;
}
