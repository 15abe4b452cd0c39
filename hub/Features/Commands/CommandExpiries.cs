namespace IotXmpp.Hub.Features.Commands;

/// <summary>When open commands end by themselves: one timer for all of them, set to the next. As many entries as there were commands within their time, each once.</summary>
internal sealed class CommandExpiries : IDisposable
{
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private readonly PriorityQueue<string, DateTimeOffset> _ids = new();

    /// <summary>Calls when something may be over.</summary>
    public CommandExpiries(TimeProvider time, Action look)
    {
        _time = time;
        _timer = time.CreateTimer(_ => look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Watches over a command.</summary>
    public void Add(string id, DateTimeOffset at)
    {
        lock (_gate)
        {
            _ids.Enqueue(id, at);
            Arm();
        }
    }

    /// <summary>Takes out those whose time is over.</summary>
    public List<string> Due()
    {
        var due = new List<string>();
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            while (_ids.TryPeek(out _, out DateTimeOffset at) && at <= now)
            {
                due.Add(_ids.Dequeue());
            }

            Arm();
        }

        return due;
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Arm()
    {
        if (_ids.TryPeek(out _, out DateTimeOffset due))
        {
            TimeSpan left = due - _time.GetUtcNow();
            // A timer takes at most 49 days; it looks again then.
            _timer.Change(left < TimeSpan.Zero ? TimeSpan.Zero : left < TimeSpan.FromDays(1) ? left : TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan);
        }
    }
}
