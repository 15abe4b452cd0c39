namespace IotXmpp.Hub.Storage;

/// <summary>What the one writer of a database has done and has before it, for whoever watches over the hub.</summary>
public sealed class StorageFigures
{
    private long _commits;
    private long _units;
    private long _refused;

    /// <summary>Transactions committed since the start.</summary>
    public long Commits => Interlocked.Read(ref _commits);

    /// <summary>Units of work committed since the start; with <see cref="Commits"/> it tells the size of the batches.</summary>
    public long Units => Interlocked.Read(ref _units);

    /// <summary>Units refused because the queue was full for too long.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>Units that wait or run.</summary>
    public int Waiting => Count();

    /// <summary>Told of each transaction, on the writer's thread: how long it took from its begin until it was durable, and how many units it had. Must be quick; null where nobody wants to know.</summary>
    public Action<TimeSpan, int>? Committed { get; set; }

    internal Func<int> Count { get; init; } = () => 0;

    internal void CountRefused() => Interlocked.Increment(ref _refused);

    internal void CountCommit(TimeSpan took, int units)
    {
        Interlocked.Increment(ref _commits);
        Interlocked.Add(ref _units, units);
        Committed?.Invoke(took, units);
    }
}
