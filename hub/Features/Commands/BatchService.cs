using System.Collections.Concurrent;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>The same command to many things, at a rate, with a rule that stops it when too much fails; durable, and taken up again after a restart where it was.</summary>
public sealed class BatchService : IAsyncDisposable
{
    private const string Removed = "Who gave it was removed.";

    private readonly BatchStore _store;
    private readonly CommandService _commands;
    private readonly CommandsOptions _options;
    private readonly ICommandLink _link;
    private readonly Func<Jid, ValueTask<bool>> _isAdministrator;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, BatchRun> _runs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> _tasks = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _entering = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Over a database whose tables are there.</summary>
    public BatchService(ISqlDatabase database, CommandService commands, CommandsOptions options, ICommandLink link, Func<Jid, ValueTask<bool>> isAdministrator, TimeProvider time, ILogger<BatchService> log)
    {
        _store = new BatchStore(database);
        _commands = commands;
        _options = options;
        _link = link;
        _isAdministrator = isAdministrator;
        _time = time;
        _log = log;
        _commands.Changed += command =>
        {
            if (command.Batch.Length > 0 && _runs.TryGetValue(command.Batch, out BatchRun? run))
            {
                run.Take(command);
            }
        };
    }

    /// <summary>A batch has come further, or to its end; masked. Must not wait.</summary>
    public event Action<Batch>? Changed;

    /// <summary>Takes up what ran when the hub stopped; after the command service.</summary>
    public async ValueTask StartAsync(CancellationToken cancel = default)
    {
        foreach (Batch batch in await _store.RunningAsync(cancel).ConfigureAwait(false))
        {
            await BeginAsync(batch, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Begins a batch.</summary>
    /// <param name="who">Who commands: he needs the right to all of it at every thing.</param>
    /// <param name="request">What.</param>
    /// <param name="cancel">Ends the wait; what was stored stays.</param>
    public async Task<BatchResult> BeginAsync(Jid who, BatchRequest request, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(who);
        ArgumentNullException.ThrowIfNull(request);
        TimeSpan ttl = request.Ttl ?? TimeSpan.FromSeconds(_options.DefaultTtlSeconds);
        string[] things = [.. request.Things.Distinct(StringComparer.Ordinal)];
        string? wrong = request.Rule.Wrong ?? ParameterText.Wrong(request.Parameters)
            ?? (things.Length == 0 ? "A batch has at least one thing." : ttl < TimeSpan.FromSeconds(1) || ttl > TimeSpan.FromSeconds(_options.MaxTtlSeconds) ? $"A batch waits 1 to {_options.MaxTtlSeconds} seconds." : null);
        if (wrong is not null)
        {
            return new BatchResult(CommandOutcome.BadRequest, null, wrong);
        }

        if (things.Length > _options.BatchThings)
        {
            return new BatchResult(CommandOutcome.TooMany, null, $"A batch has {_options.BatchThings} things at most.");
        }

        foreach (string thing in things)
        {
            if (await _commands.RefusedAsync(who, thing, request.Parameters, cancel).ConfigureAwait(false))
            {
                return new BatchResult(CommandOutcome.Forbidden);
            }
        }

        await _entering.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            if (_runs.Count >= _options.RunningBatches)
            {
                return new BatchResult(CommandOutcome.TooMany, null, $"{_options.RunningBatches} batches run already.");
            }

            DateTimeOffset now = _time.GetUtcNow();
            var batch = new Batch(
                Guid.CreateVersion7(now).ToString("N"), who.Bare, request.Target, ParameterText.Mark(request.Parameters, null), request.Rule, now, now + ttl, BatchState.Running, new BatchProgress(things.Length, 0, 0, 0, 0, 0, 0));
            await _store.InsertAsync(batch, things).ConfigureAwait(false);
            await BeginAsync(batch, CancellationToken.None).ConfigureAwait(false);
            return new BatchResult(CommandOutcome.Done, Mask(batch));
        }
        finally
        {
            _entering.Release();
        }
    }

    /// <summary>Stops a batch: what has not been sent is taken back, what is on its way comes to its end.</summary>
    public async Task<BatchResult> CancelAsync(Jid who, string id, CancellationToken cancel = default)
    {
        if (await VisibleAsync(who, id, cancel).ConfigureAwait(false) is not { } batch)
        {
            return new BatchResult(CommandOutcome.NotFound);
        }

        if (!_runs.TryGetValue(id, out BatchRun? run) || !_tasks.TryGetValue(id, out Task? task))
        {
            return new BatchResult(CommandOutcome.TooLate, Mask(batch));
        }

        run.Stop(BatchState.Cancelled, string.Empty);
        await task.WaitAsync(cancel).ConfigureAwait(false);
        batch = (await _store.FindAsync(id, cancel).ConfigureAwait(false))!;
        return new BatchResult(batch.State == BatchState.Cancelled ? CommandOutcome.Done : CommandOutcome.TooLate, Mask(batch));
    }

    /// <summary>A person is gone: no more things are commanded for him.</summary>
    public void ForgetPerson(Jid person)
    {
        ArgumentNullException.ThrowIfNull(person);
        foreach (BatchRun run in _runs.Values.Where(r => r.Batch.By.Equals(person.Bare)))
        {
            run.Stop(BatchState.Cancelled, Removed);
        }
    }

    /// <summary>A batch: its sender's and administrators' to see.</summary>
    public async Task<BatchResult> FindAsync(Jid who, string id, CancellationToken cancel = default) =>
        await VisibleAsync(who, id, cancel).ConfigureAwait(false) is { } batch ? new BatchResult(CommandOutcome.Done, Mask(batch)) : new BatchResult(CommandOutcome.NotFound);

    /// <summary>Things of a batch in their order.</summary>
    /// <param name="who">Who asks.</param>
    /// <param name="id">The batch.</param>
    /// <param name="from">The first place, from 0.</param>
    /// <param name="max">How many (1 to 1,000).</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>Null where there is no such batch for him.</returns>
    public async Task<IReadOnlyList<BatchThing>?> ThingsAsync(Jid who, string id, int from, int max, CancellationToken cancel = default) =>
        await VisibleAsync(who, id, cancel).ConfigureAwait(false) is null
            ? null
            : [.. (await _store.ThingsAsync(id, Math.Max(0, from), Math.Clamp(max, 1, 1_000), cancel).ConfigureAwait(false)).Select(t => t.Thing)];

    /// <summary>The batches that somebody may see, the newest first.</summary>
    /// <param name="who">Who asks.</param>
    /// <param name="before">The last one of the page before; null for the newest.</param>
    /// <param name="max">How many (1 to 100).</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<IReadOnlyList<Batch>> ListAsync(Jid who, string? before = null, int max = 50, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(who);
        bool isAdministrator = await _isAdministrator(who).ConfigureAwait(false);
        Batch? last = before is null ? null : await VisibleAsync(who, before, cancel).ConfigureAwait(false);
        if (before is not null && last is null)
        {
            return [];
        }

        var list = new List<Batch>();
        max = Math.Clamp(max, 1, 100);
        // There are few batches: looking through some hundred for his is quick.
        for (int looked = 0; looked < 1_000 && list.Count < max;)
        {
            List<Batch> page = await _store.PageAsync(last?.Asked, last?.Id ?? string.Empty, 100, cancel).ConfigureAwait(false);
            foreach (Batch batch in page)
            {
                if (list.Count < max && (isAdministrator || await _commands.IsHisAsync(who, batch.By, batch.Asked, cancel).ConfigureAwait(false)))
                {
                    list.Add(Mask(batch));
                }
            }

            looked += page.Count;
            if (page.Count < 100)
            {
                break;
            }

            last = page[^1];
        }

        return list;
    }

    /// <summary>A thing takes commands now.</summary>
    public void Came()
    {
        foreach (BatchRun run in _runs.Values)
        {
            run.Wake();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_tasks.Values).ConfigureAwait(false);
        _stopping.Dispose();
        _entering.Dispose();
    }

    private static Batch Mask(Batch batch) => batch with { Parameters = [.. batch.Parameters.Select(p => p.Masked)] };

    private async ValueTask<Batch?> VisibleAsync(Jid who, string id, CancellationToken cancel) =>
        await _store.FindAsync(id, cancel).ConfigureAwait(false) is { } batch
            && (await _commands.IsHisAsync(who, batch.By, batch.Asked, cancel).ConfigureAwait(false) || await _isAdministrator(who).ConfigureAwait(false)) ? batch : null;

    private async Task BeginAsync(Batch batch, CancellationToken cancel)
    {
        var run = new BatchRun(batch, _store, _commands, _link, _time, _log) { Changed = changed => Changed?.Invoke(changed) };
        await run.LoadAsync(cancel).ConfigureAwait(false);
        if (!await _commands.IsSame(batch.By, batch.Asked, cancel).ConfigureAwait(false))
        {
            run.Stop(BatchState.Cancelled, Removed); // the hub ended before the batch did
        }

        _runs[batch.Id] = run;
        Changed?.Invoke(run.Now);
        var entered = new TaskCompletionSource();
        _tasks[batch.Id] = Task.Run(async () =>
        {
            await entered.Task.ConfigureAwait(false); // its end takes it out of the table
            await RunAsync(run).ConfigureAwait(false);
        });
        entered.SetResult();
    }

    private async Task RunAsync(BatchRun run)
    {
        try
        {
            if (await run.RunAsync(_stopping.Token).ConfigureAwait(false) is { } ended)
            {
                CommandLog.BatchEnded(_log, ended.Id, ended.State, ended.Text);
                Changed?.Invoke(ended);
            }
        }
        catch (StorageException e)
        {
            CommandLog.NotStored(_log, e, run.Batch.Id); // the next start takes it up where it is
        }
        finally
        {
            _runs.TryRemove(run.Batch.Id, out _);
            _tasks.TryRemove(run.Batch.Id, out _);
            run.Dispose();
        }
    }
}
