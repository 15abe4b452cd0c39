using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Storage;

/// <summary>What the writer needs of a connection beside running statements.</summary>
internal abstract class WriterSession : SqlSession, IDisposable
{
    /// <summary>False when the engine itself ended the transaction (SQLite on a full disk, a lost line): what ran in it is gone.</summary>
    public abstract bool InTransaction { get; }

    /// <summary>Begins a transaction that may write; opens a lost connection again first.</summary>
    public abstract void Begin();

    /// <summary>Makes the transaction durable.</summary>
    public abstract void Commit();

    /// <summary>Undoes the transaction; quiet when there is none.</summary>
    public abstract void Rollback();

    /// <summary>Begins a unit.</summary>
    public abstract void Savepoint();

    /// <summary>Ends a good unit.</summary>
    public abstract void Release();

    /// <summary>Undoes a failed unit.</summary>
    public abstract void RollbackToSavepoint();

    /// <summary>Ends runs that a unit left open.</summary>
    public abstract void ResetStatements();

    /// <inheritdoc />
    public abstract void Dispose();
}

/// <summary>
/// Group commit: one thread takes what has queued up, runs it in one transaction and completes it after the commit. While the disk syncs, the next batch queues up,
/// so the load itself makes the batches large and an idle hub commits at once.
/// </summary>
internal sealed class GroupCommitWriter : IAsyncDisposable
{
    private readonly WriterSession _session;
    private readonly StorageOptions _options;
    private readonly ILogger _logger;
    private readonly Lock? _turns;
    private readonly Action<Action>? _together;
    private readonly SemaphoreSlim _slots;
    private readonly object _gate = new();
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Completions _completions;
    private Queue<WriteUnit> _queued = new();
    private bool _closing;

    /// <summary>Starts the writer, which owns the session from now on.</summary>
    /// <param name="session">The only connection that writes.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="logger">Where lost writes are told.</param>
    /// <param name="turns">Held during a batch, when readers share the session (a database in memory).</param>
    /// <param name="together">Runs what follows one commit; see <see cref="SqlDatabase.Open"/>.</param>
    public GroupCommitWriter(WriterSession session, StorageOptions options, ILogger logger, Lock? turns = null, Action<Action>? together = null)
    {
        _session = session;
        _options = options;
        _logger = logger;
        _turns = turns;
        _together = together;
        _slots = new SemaphoreSlim(options.WriteQueueLimit, options.WriteQueueLimit);
        Figures = new StorageFigures { Count = () => options.WriteQueueLimit - _slots.CurrentCount };
        _completions = new Completions(this);
        _thread = new Thread(Run) { IsBackground = true, Name = "Storage writer" };
        _thread.Start();
    }

    /// <summary>What it has done and has before it.</summary>
    public StorageFigures Figures { get; }

    public Task<T> WriteAsync<T>(Func<SqlSession, T> unit, Action<T>? committed, bool inOrder, CancellationToken cancellationToken)
    {
        var write = new WriteUnit<T>(unit, committed, inOrder, cancellationToken);
        return _slots.Wait(0, CancellationToken.None) ? Enqueue(write) : WaitForRoomAsync(write, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _closing = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task.ConfigureAwait(false);
    }

    private async Task<T> WaitForRoomAsync<T>(WriteUnit<T> write, CancellationToken cancellationToken)
    {
        if (!await _slots.WaitAsync(_options.WriteQueueWait, cancellationToken).ConfigureAwait(false))
        {
            Figures.CountRefused();
            StorageLog.QueueFull(_logger, _options.WriteQueueWait.TotalSeconds);
            throw new StorageException(StorageFailure.Overloaded, "The database is not keeping up: the queue of writes is full.");
        }

        return await Enqueue(write).ConfigureAwait(false);
    }

    private Task<T> Enqueue<T>(WriteUnit<T> write)
    {
        lock (_gate)
        {
            if (_closing)
            {
                _slots.Release();
                throw new StorageException(StorageFailure.Closed, "The database is closed.");
            }

            _queued.Enqueue(write);
            if (_queued.Count == 1)
            {
                Monitor.Pulse(_gate);
            }
        }

        return write.Task;
    }

    private void Run()
    {
        var taken = new Queue<WriteUnit>();
        while (true)
        {
            if (taken.Count == 0)
            {
                lock (_gate)
                {
                    while (_queued.Count == 0 && !_closing)
                    {
                        Monitor.Wait(_gate);
                    }

                    if (_queued.Count == 0)
                    {
                        break;
                    }

                    (taken, _queued) = (_queued, taken);
                }
            }

            if (_turns is null)
            {
                RunBatch(taken);
            }
            else
            {
                lock (_turns)
                {
                    RunBatch(taken);
                }
            }
        }

        _session.Dispose();
        _completions.WhenEmpty(_ended);
    }

    private void RunBatch(Queue<WriteUnit> taken)
    {
        var batch = new List<WriteUnit>(Math.Min(taken.Count, _options.BatchUnits));
        int firstAlive = 0; // units before it were lost with a transaction that the engine ended
        int committed = 0;
        long begun = Stopwatch.GetTimestamp();
        try
        {
            _session.Begin();
        }
        catch (Exception e)
        {
            // Nothing can be written now (locked for too long, line lost): this whole batch is answered as failed, the next one tries again.
            while (batch.Count < _options.BatchUnits && taken.TryDequeue(out WriteUnit? unit))
            {
                unit.Error = e;
                batch.Add(unit);
            }

            Report(e, batch.Count);
            _completions.Add(batch);
            return;
        }

        long start = Stopwatch.GetTimestamp();
        while (batch.Count < _options.BatchUnits && taken.TryDequeue(out WriteUnit? unit))
        {
            batch.Add(unit);
            if (!unit.Begin())
            {
                continue;
            }

            try
            {
                _session.Savepoint();
                unit.Run(_session);
                _session.ResetStatements();
                _session.Release();
            }
            catch (Exception e)
            {
                unit.Error = e;
                if (!TryUndo(e))
                {
                    Lose(batch, firstAlive, e);
                    firstAlive = batch.Count;
                    break;
                }
            }

            if (Stopwatch.GetElapsedTime(start) > _options.BatchTime)
            {
                break;
            }
        }

        try
        {
            if (firstAlive < batch.Count)
            {
                _session.Commit();
                committed = batch.Count - firstAlive;
            }
        }
        catch (Exception e)
        {
            Lose(batch, firstAlive, e);
        }

        if (committed > 0)
        {
            Figures.CountCommit(Stopwatch.GetElapsedTime(begun), committed);
        }

        _completions.Add(batch);
    }

    /// <summary>Undoes the failed unit only; false when the whole transaction is gone.</summary>
    private bool TryUndo(Exception failure)
    {
        _session.ResetStatements();
        if (!_session.InTransaction)
        {
            return false;
        }

        try
        {
            _session.RollbackToSavepoint();
            if (failure is StorageException { Failure: not StorageFailure.Constraint })
            {
                Report(failure, 1);
            }

            return true;
        }
        catch (StorageException)
        {
            return false;
        }
    }

    private void Lose(List<WriteUnit> batch, int from, Exception reason)
    {
        _session.ResetStatements();
        try
        {
            _session.Rollback();
        }
        catch (StorageException e)
        {
            // The next Begin finds the connection in whatever state this left it and says so; the reason that counts is the first one.
            Report(e, 0);
        }

        int lost = 0;
        for (int i = from; i < batch.Count; i++)
        {
            batch[i].Error ??= reason;
            lost++;
        }

        Report(reason, lost);
    }

    private void Report(Exception reason, int lost) =>
        StorageLog.WritesLost(_logger, (reason as StorageException)?.Failure ?? StorageFailure.Other, lost, reason.Message);

    /// <summary>Completes units in the order of the commits, on the thread pool, one batch after the other.</summary>
    private sealed class Completions : IThreadPoolWorkItem
    {
        private readonly GroupCommitWriter _writer;
        private readonly Queue<List<WriteUnit>> _batches = new(); // bounded by the writer's slots
        private readonly Action _complete;
        private List<WriteUnit> _batch = [];
        private TaskCompletionSource? _whenEmpty;
        private bool _running;

        public Completions(GroupCommitWriter writer)
        {
            _writer = writer;
            _complete = () => Complete(_batch);
        }

        public void Add(List<WriteUnit> batch)
        {
            lock (_batches)
            {
                _batches.Enqueue(batch);
                if (_running)
                {
                    return;
                }

                _running = true;
            }

            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public void WhenEmpty(TaskCompletionSource source)
        {
            lock (_batches)
            {
                if (_running)
                {
                    _whenEmpty = source;
                    return;
                }
            }

            source.SetResult();
        }

        public void Execute()
        {
            while (true)
            {
                List<WriteUnit>? batch;
                lock (_batches)
                {
                    if (!_batches.TryDequeue(out batch))
                    {
                        _running = false;
                        _whenEmpty?.SetResult();
                        return;
                    }
                }

                _batch = batch;
                if (_writer._together is { } together)
                {
                    together(_complete);
                }
                else
                {
                    _complete();
                }

                _writer._slots.Release(batch.Count);
            }
        }

        private void Complete(List<WriteUnit> batch)
        {
            foreach (WriteUnit unit in batch)
            {
                unit.Complete(_writer._logger);
            }
        }
    }
}

internal abstract class WriteUnit
{
    public Exception? Error { get; set; }

    /// <summary>False when it was taken back before it began.</summary>
    public abstract bool Begin();

    public abstract void Run(SqlSession session);

    public abstract void Complete(ILogger logger);
}

internal sealed class WriteUnit<T>(Func<SqlSession, T> unit, Action<T>? committed, bool inOrder, CancellationToken cancellationToken) : WriteUnit
{
    private readonly TaskCompletionSource<T> _done = new(inOrder ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously);
    private T _result = default!;

    public Task<T> Task => _done.Task;

    public override bool Begin()
    {
        if (!cancellationToken.IsCancellationRequested)
        {
            return true;
        }

        Error = new OperationCanceledException(cancellationToken);
        return false;
    }

    public override void Run(SqlSession session) => _result = unit(session);

    public override void Complete(ILogger logger)
    {
        if (Error is null)
        {
            try
            {
                committed?.Invoke(_result);
                _done.SetResult(_result);
                return;
            }
            catch (Exception e)
            {
                StorageLog.CommittedFailed(logger, e);
                Error = e;
            }
        }

        if (Error is OperationCanceledException cancelled)
        {
            _done.TrySetCanceled(cancelled.CancellationToken);
        }
        else
        {
            _done.TrySetException(Error);
        }
    }
}
