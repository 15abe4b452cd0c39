using System.Diagnostics;

namespace IotXmpp.LoadGenerator.Net;

/// <summary>
/// The one thread of the generator: waits for sockets, runs timers, flushes what was written in a turn. Tasks of this program are
/// completed by this loop only, so their continuations run here too and nothing needs a lock.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    /// <summary>How long a turn waits at most, in ns, so that deadlines and Ctrl-C are seen.</summary>
    private const long MaxWait = 100_000_000;

    private readonly Poller _poller = new();
    private readonly List<Connection?> _slots = [];
    private readonly Stack<int> _free = new();
    private readonly PriorityQueue<TaskCompletionSource, long> _timers = new();
    private List<Connection> _dirty = [];
    private List<Connection> _flushing = [];
    private long _nextSweep;

    /// <summary>One receive buffer for all connections: an idle connection owns none.</summary>
    public byte[] Inbox { get; } = new byte[512 * 1024];

    /// <summary>One buffer for what TLS decrypts, used only between a completed zero-byte read and the read that follows at once.</summary>
    public byte[] Plaintext { get; } = new byte[64 * 1024];

    /// <summary>The time of this turn in <see cref="Stopwatch"/> ticks.</summary>
    public long Now { get; private set; } = Stopwatch.GetTimestamp();

    /// <summary>Called once a turn (open loop senders).</summary>
    public Action<long>? Turned { get; set; }

    /// <summary>When <see cref="Turned"/> wants to be called next, in ticks.</summary>
    public long NextTurn { get; set; } = long.MaxValue;

    /// <summary>Takes the time again, so that a latency does not hold what this turn did for other connections.</summary>
    public void Refresh() => Now = Stopwatch.GetTimestamp();

    public CancellationToken Cancelled { get; init; }

    public static long Ticks(TimeSpan span) => (long)(span.TotalSeconds * Stopwatch.Frequency);

    public static double Milliseconds(long ticks) => ticks * 1000.0 / Stopwatch.Frequency;

    /// <summary>Runs until the task has ended; the task's own bounds bound this.</summary>
    public void RunUntil(Task task)
    {
        while (!task.IsCompleted)
        {
            Cancelled.ThrowIfCancellationRequested();
            Turn();
        }

        task.GetAwaiter().GetResult();
    }

    public Task Delay(TimeSpan time)
    {
        var timer = new TaskCompletionSource();
        _timers.Enqueue(timer, Stopwatch.GetTimestamp() + Ticks(time));
        return timer.Task;
    }

    /// <summary>True when the condition came to hold within the bound, looked at every 5 ms.</summary>
    public async Task<bool> Until(Func<bool> condition, TimeSpan bound)
    {
        var end = Stopwatch.GetTimestamp() + Ticks(bound);
        while (!condition())
        {
            if (Stopwatch.GetTimestamp() > end)
            {
                return false;
            }

            await Delay(TimeSpan.FromMilliseconds(5));
        }

        return true;
    }

    public int Register(Connection connection, int descriptor)
    {
        if (!_free.TryPop(out var slot))
        {
            slot = _slots.Count;
            _slots.Add(null);
        }

        _slots[slot] = connection;
        _poller.Watch(descriptor, slot, writable: true);
        return slot;
    }

    public void WatchWritable(int descriptor, int slot, bool writable) => _poller.Change(descriptor, slot, writable);

    public void Forget(int descriptor, int slot)
    {
        _poller.Forget(descriptor);
        _slots[slot] = null;
        _free.Push(slot);
    }

    public void MarkDirty(Connection connection) => _dirty.Add(connection);

    public void Dispose() => _poller.Dispose();

    private void Turn()
    {
        Flush();
        var now = Stopwatch.GetTimestamp();
        var wake = NextTurn;
        if (_timers.TryPeek(out _, out var due) && due < wake)
        {
            wake = due;
        }

        var wait = wake == long.MaxValue ? MaxWait : Math.Clamp((wake - now) * (1_000_000_000 / Stopwatch.Frequency), 0, MaxWait);
        var count = _poller.Wait(wait);
        Now = Stopwatch.GetTimestamp();
        for (var i = 0; i < count; i++)
        {
            var slot = _poller.Event(i, out var readable, out var writable);
            var connection = _slots[slot];
            if (connection is null)
            {
                continue;
            }

            if (writable)
            {
                connection.OnWritable();
            }

            // The slot may have been given up, or given to another, by what was just called.
            if (readable && ReferenceEquals(_slots[slot], connection))
            {
                connection.OnReadable();
            }
        }

        while (_timers.TryPeek(out var timer, out due) && due <= Now)
        {
            _timers.Dequeue();
            timer.SetResult();
        }

        Turned?.Invoke(Now);
        if (Now >= _nextSweep)
        {
            _nextSweep = Now + Ticks(TimeSpan.FromMilliseconds(250));
            foreach (var connection in _slots.ToArray())
            {
                connection?.CheckDeadline(Now);
            }
        }
    }

    private void Flush()
    {
        // Flushing TLS may write again; what becomes dirty meanwhile is flushed in the next round.
        while (_dirty.Count > 0)
        {
            (_dirty, _flushing) = (_flushing, _dirty);
            foreach (var connection in _flushing)
            {
                connection.Flush();
            }

            _flushing.Clear();
        }
    }
}
