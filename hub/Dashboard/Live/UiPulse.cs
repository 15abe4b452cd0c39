namespace IotXmpp.Hub.Dashboard.Live;

/// <summary>
/// Gathers what wants to be drawn anew: however many events come, a page is drawn at most four times a second, and everything that changed is drawn together. No clock runs while nothing changes.
/// </summary>
/// <param name="time">The clock.</param>
public sealed class UiPulse(TimeProvider time) : IDisposable
{
    /// <summary>The least time between two drawings (250 ms): eyes follow no more, and ten thousand things' events flood nobody.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly HashSet<LiveComponent> _marked = [];
    private ITimer? _timer;
    private long _last;
    private bool _isWaiting;
    private bool _isDisposed;

    /// <summary>Has a component drawn soon: at once where none was for a while.</summary>
    public void Mark(LiveComponent component)
    {
        lock (_gate)
        {
            _marked.Add(component);
            if (_isWaiting || _isDisposed)
            {
                return;
            }

            _isWaiting = true;
            TimeSpan since = _last == 0 ? Interval : time.GetElapsedTime(_last);
            TimeSpan wait = since >= Interval ? TimeSpan.Zero : Interval - since;
            if (_timer is null)
            {
                _timer = time.CreateTimer(_ => Beat(), null, wait, Timeout.InfiniteTimeSpan);
            }
            else
            {
                _timer.Change(wait, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _marked.Clear();
            _timer?.Dispose();
        }
    }

    internal void Forget(LiveComponent component)
    {
        lock (_gate)
        {
            _marked.Remove(component);
        }
    }

    private void Beat()
    {
        LiveComponent[] marked;
        lock (_gate)
        {
            marked = [.. _marked];
            _marked.Clear();
            _last = time.GetTimestamp();
            _isWaiting = false;
        }

        foreach (LiveComponent component in marked)
        {
            component.Draw();
        }
    }
}
