using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>
/// A batch that runs. A thing gets its command when it is there, its rate allows it and few enough are at it: what is away waits in the batch and holds up nobody. One loop, woken by what happens to things
/// and commands, and by time.
/// </summary>
internal sealed class BatchRun : IDisposable
{
    private readonly BatchStore _store;
    private readonly CommandService _commands;
    private readonly ICommandLink _link;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly LinkedList<(int Place, string Thing, string? Account)> _waiting = new();
    private readonly Dictionary<string, CommandState> _open = new(StringComparer.Ordinal);
    private readonly int[] _counts = new int[7];
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly ITimer _timer;
    private (BatchState State, string Text)? _end;
    private DateTimeOffset _next;
    private int _starting;
    private bool _isDisposed;

    public BatchRun(Batch batch, BatchStore store, CommandService commands, ICommandLink link, TimeProvider time, ILogger log)
    {
        Batch = batch;
        _store = store;
        _commands = commands;
        _link = link;
        _time = time;
        _log = log;
        _timer = time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _next = time.GetUtcNow();
    }

    /// <summary>The batch as it was taken, with what is secret in it.</summary>
    public Batch Batch { get; }

    /// <summary>Its progress is another one.</summary>
    public Action<Batch>? Changed { get; set; }

    /// <summary>The batch as it is now, masked.</summary>
    public Batch Now
    {
        get
        {
            lock (_gate)
            {
                return Batch with { Parameters = [.. Batch.Parameters.Select(p => p.Masked)], Progress = new BatchProgress(_counts[0], _counts[1], _counts[2], _counts[3], _counts[4], _counts[5], _counts[6]) };
            }
        }
    }

    /// <summary>Takes up its things.</summary>
    public async Task LoadAsync(CancellationToken cancel)
    {
        for (int from = 0; ;)
        {
            List<(int Place, BatchThing Thing)> page = await _store.ThingsAsync(Batch.Id, from, 1_000, cancel).ConfigureAwait(false);
            foreach ((int place, BatchThing thing) in page)
            {
                string? account = thing.State is null ? await _link.AccountOfAsync(thing.Thing, cancel).ConfigureAwait(false) : null;
                lock (_gate)
                {
                    switch (thing.State)
                    {
                        case null:
                            _waiting.AddLast((place, thing.Thing, account));
                            _counts[0]++;
                            break;
                        case CommandState.Queued or CommandState.Sent when _commands.StateOf(thing.Command) is { } state:
                            _open[thing.Command] = state;
                            _counts[(int)state]++;
                            break;
                        default:
                            _counts[(int)thing.State]++;
                            break;
                    }
                }
            }

            if (page.Count < 1_000)
            {
                return;
            }

            from = page[^1].Place + 1;
        }
    }

    /// <summary>Something has happened that may let it go on.</summary>
    public void Wake()
    {
        lock (_gate)
        {
            if (!_isDisposed && _wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    /// <summary>Ends it before all things have had their turn.</summary>
    public void Stop(BatchState state, string text)
    {
        lock (_gate)
        {
            _end ??= (state, text);
        }

        Wake();
    }

    /// <summary>A command of it stands otherwise.</summary>
    public void Take(ThingCommand command)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(command.Id, out CommandState before))
            {
                _counts[(int)before]--;
            }
            else if (command.State != CommandState.Queued)
            {
                return; // of a run before this one
            }
            else
            {
                _counts[0]--;
            }

            _counts[(int)command.State]++;
            if (command.IsEnded)
            {
                _open.Remove(command.Id);
                Judge();
            }
            else
            {
                _open[command.Id] = command.State;
            }
        }

        Changed?.Invoke(Now);
        if (command.IsEnded)
        {
            Wake();
        }
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>The batch at its end, masked; null where the hub stops first.</returns>
    public async Task<Batch?> RunAsync(CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                (BatchState State, string Text)? end;
                lock (_gate)
                {
                    end = _end ?? (_time.GetUtcNow() >= Batch.Expires && _waiting.Count > 0 ? (BatchState.Expired, "Some things were not there in time.")
                        : _waiting.Count + _starting + _open.Count == 0 ? (BatchState.Done, string.Empty) : null);
                }

                if (end is { } ending)
                {
                    return await EndAsync(ending.State, ending.Text).ConfigureAwait(false);
                }

                Arm(await StartThingsAsync(cancel).ConfigureAwait(false));
                await _wake.WaitAsync(cancel).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _isDisposed = true;
            _wake.Dispose();
        }
    }

    // Under the lock.
    private void Judge()
    {
        BatchRule rule = Batch.Rule;
        int failed = _counts[(int)CommandState.Failed];
        int ended = _counts[3] + _counts[4] + _counts[5] + _counts[6];
        if (rule.Failures > 0 && failed >= rule.Failures)
        {
            _end ??= (BatchState.Stopped, $"{failed} things have failed.");
        }
        else if (rule.Percent > 0 && ended >= BatchRule.LeastEnded && failed * 100L >= (long)rule.Percent * ended && failed > 0)
        {
            _end ??= (BatchState.Stopped, $"{failed} of {ended} things have failed.");
        }
    }

    // Returns when the next thing has its turn; null where that is not a matter of time but of what happens.
    private async Task<DateTimeOffset?> StartThingsAsync(CancellationToken cancel)
    {
        while (true)
        {
            (int Place, string Thing, string? Account) next;
            lock (_gate)
            {
                DateTimeOffset now = _time.GetUtcNow();
                if (_end is not null || now >= Batch.Expires || _open.Count + _starting >= Batch.Rule.Parallel)
                {
                    return null;
                }

                if (Batch.Rule.PerMinute > 0 && now < _next)
                {
                    return _next;
                }

                LinkedListNode<(int Place, string Thing, string? Account)>? node = _waiting.First;
                // What is no thing any more comes to its end at once.
                while (node is not null && node.Value.Account is { } account && !_link.IsReachable(node.Value.Thing, account))
                {
                    node = node.Next;
                }

                if (node is null)
                {
                    return null;
                }

                next = node.Value;
                _waiting.Remove(node);
                _starting++;
                if (Batch.Rule.PerMinute > 0)
                {
                    _next = (_next < now ? now : _next) + TimeSpan.FromMinutes(1.0 / Batch.Rule.PerMinute);
                }
            }

            CommandOutcome outcome;
            string text;
            try
            {
                TimeSpan left = Batch.Expires - _time.GetUtcNow();
                CommandResult result = await _commands.QueueAsync(
                    Batch.By, new CommandRequest(next.Thing, Batch.Parameters, left > TimeSpan.FromSeconds(1) ? left : TimeSpan.FromSeconds(1)), Batch.Id,
                    (session, command) => BatchStore.Begin(session, Batch.Id, next.Place, command), cancel).ConfigureAwait(false);
                (outcome, text) = (result.Outcome, result.Text);
                if (outcome != CommandOutcome.Done)
                {
                    await _store.EndThingAsync(Batch.Id, next.Place, CommandState.Failed, CommandXml.Error(outcome, text).Condition, text).ConfigureAwait(false);
                }
            }
            catch (StorageException e)
            {
                CommandLog.NotStored(_log, e, Batch.Id);
                lock (_gate)
                {
                    _starting--;
                    _waiting.AddFirst(next);
                    return _next = _time.GetUtcNow() + TimeSpan.FromSeconds(10);
                }
            }

            lock (_gate)
            {
                _starting--;
                if (outcome != CommandOutcome.Done)
                {
                    _counts[0]--;
                    _counts[(int)CommandState.Failed]++;
                    Judge();
                }
            }

            if (outcome != CommandOutcome.Done)
            {
                Changed?.Invoke(Now);
                Wake(); // no command will come to its end in place of this: it may have been the last thing, or the failure that stops the batch
            }
        }
    }

    private void Arm(DateTimeOffset? next)
    {
        DateTimeOffset due = next < Batch.Expires ? next.Value : Batch.Expires;
        TimeSpan left = due - _time.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            _timer.Change(left < TimeSpan.FromDays(1) ? left : TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan);
        }

        // The time may have come since it was looked at. Where nothing waits any more, what is under way wakes it at its end.
        bool waits;
        lock (_gate)
        {
            waits = _waiting.Count > 0;
        }

        if (waits && _time.GetUtcNow() >= due)
        {
            Wake();
        }
    }

    private async Task<Batch?> EndAsync(BatchState state, string text)
    {
        DateTimeOffset now = _time.GetUtcNow();
        CommandState waiting = state == BatchState.Expired ? CommandState.Expired : CommandState.Cancelled;
        await _store.EndAsync(Batch.Id, state, waiting, now, text).ConfigureAwait(false);
        lock (_gate)
        {
            _counts[(int)waiting] += _counts[0];
            _counts[0] = 0;
            _waiting.Clear();
        }

        if (state is BatchState.Stopped or BatchState.Cancelled)
        {
            await _commands.CancelBatchAsync(Batch.Id).ConfigureAwait(false);
        }

        return Now with { State = state, Ended = now, Text = text };
    }
}
