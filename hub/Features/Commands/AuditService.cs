using System.Collections.Concurrent;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>A page of the audit.</summary>
/// <param name="Entries">Commands, the newest first, masked.</param>
/// <param name="Next">What <see cref="AuditQuery.Before"/> of the next page is; null where there is nothing more.</param>
public sealed record AuditPage(IReadOnlyList<ThingCommand> Entries, long? Next);

/// <summary>
/// Who commanded what, when, and what came of it: queued commands are their own record, direct ones are noted on their way to the thing and when its answer passes. Who may see a thing may see what was
/// commanded to it, everybody what he commanded himself; of things that are gone administrators alone.
/// </summary>
public sealed class AuditService : IAsyncDisposable
{
    /// <summary>Entries that one request looks through (5,000): what is not his to see costs a reader his time and not the hub's.</summary>
    private const int MaxLooked = 5_000;

    private static readonly TimeSpan s_sweep = TimeSpan.FromHours(1);

    private readonly CommandService _commands;
    private readonly CommandsOptions _options;
    private readonly ThingDecision _may;
    private readonly Func<Jid, ValueTask<bool>> _isAdministrator;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    /// <summary>People whose refusals are counted (10,000), and how many times what one may have all may have together (10): strangers of other servers are as many as they like.</summary>
    private const int MaxRefused = 10_000;
    private const int Together = 10;

    private readonly ConcurrentDictionary<string, Refusals> _refusals = new(StringComparer.Ordinal);
    private readonly Refusals _allRefusals = new();
    private ITimer? _sweep;
    private Task _sweeping = Task.CompletedTask;
    private int _pending;

    /// <summary>Beside a command service.</summary>
    public AuditService(CommandService commands, CommandsOptions options, ThingDecision may, Func<Jid, ValueTask<bool>> isAdministrator, TimeProvider time, ILogger<AuditService> log)
    {
        _commands = commands;
        _options = options;
        _may = may;
        _isAdministrator = isAdministrator;
        _time = time;
        _log = log;
    }

    /// <summary>Notes that wait to be stored.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Begins to remove what is older than it is kept.</summary>
    public ValueTask StartAsync()
    {
        _sweep = _time.CreateTimer(_ => _sweeping = SweepAsync(), null, s_sweep, s_sweep);
        return ValueTask.CompletedTask;
    }

    /// <summary>A page of what somebody may see.</summary>
    /// <param name="who">Who asks.</param>
    /// <param name="query">What.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The page; empty also for a thing that he may not see or that there is not.</returns>
    public async Task<AuditPage> QueryAsync(Jid who, AuditQuery query, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(who);
        ArgumentNullException.ThrowIfNull(query);
        bool isAdministrator = await _isAdministrator(who).ConfigureAwait(false);
        int max = Math.Clamp(query.Max, 1, 500);
        var may = new Dictionary<string, bool>(StringComparer.Ordinal);
        var entries = new List<ThingCommand>();
        long before = query.Before ?? long.MaxValue;
        for (int looked = 0; looked < MaxLooked;)
        {
            // One more than wanted tells whether there is a next page.
            int wanted = max - entries.Count + 1;
            List<ThingCommand> rows = await _commands.Store.QueryAsync(query, isAdministrator, before, wanted, cancel).ConfigureAwait(false);
            foreach (ThingCommand row in rows)
            {
                bool isHis = isAdministrator || await _commands.IsHisAsync(who, row.By, row.Queued, cancel).ConfigureAwait(false);
                if (!isHis && !may.TryGetValue(row.Thing, out isHis))
                {
                    isHis = await _may(who, row.Thing, ThingRight.See, null, cancel).ConfigureAwait(false);
                    may[row.Thing] = isHis;
                }

                if (isHis && entries.Count == max)
                {
                    return new AuditPage(entries, before);
                }

                before = row.Number;
                if (isHis)
                {
                    entries.Add(CommandService.Mask(row));
                }
            }

            looked += rows.Count;
            if (rows.Count < wanted)
            {
                return new AuditPage(entries, null);
            }
        }

        return new AuditPage(entries, before);
    }

    /// <summary>Notes a direct command that goes to its thing now, or that was refused.</summary>
    /// <param name="command">The command; its state says which of both.</param>
    /// <returns>False where nothing more can be noted now.</returns>
    internal bool Note(ThingCommand command)
    {
        if (command.State == CommandState.Failed && !TakeRefusal(command.By.ToString()))
        {
            return true; // it stands in the log
        }

        if (Interlocked.Increment(ref _pending) > _options.PendingNotes)
        {
            Interlocked.Decrement(ref _pending);
            return false;
        }

        _ = StoreAsync(_commands.Store.NoteAsync(command), command);
        return true;
    }

    /// <summary>The answer to a direct command has passed.</summary>
    /// <param name="command">The command, at its end.</param>
    internal void NoteEnd(ThingCommand command)
    {
        if (command.State == CommandState.Done && command.Took is { } took)
        {
            _commands.Latency.Add(command.Thing, took);
        }

        Interlocked.Increment(ref _pending);
        // Writes run in the order of the calls: its beginning is there.
        _ = StoreAsync(_commands.Store.EndAsync(command.Id, CommandState.Sent, command.State, command.Ended ?? _time.GetUtcNow(), command.Error, command.Text), command);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _sweep?.Dispose();
        await _sweeping.ConfigureAwait(false);
    }

    /// <summary>Removes what is older than it is kept.</summary>
    internal async Task SweepAsync()
    {
        try
        {
            while (await _commands.Store.SweepAsync(_time.GetUtcNow().AddDays(-_options.AuditDays), _options.MaxAudit).ConfigureAwait(false))
            {
            }

            long minute = _time.GetUtcNow().ToUnixTimeSeconds() / 60;
            foreach ((string person, Refusals refusals) in _refusals)
            {
                if (refusals.Minute < minute)
                {
                    _refusals.TryRemove(person, out _);
                }
            }
        }
        catch (StorageException e)
        {
            CommandLog.NotStored(_log, e, "sweep");
        }
    }

    private bool TakeRefusal(string person)
    {
        long minute = _time.GetUtcNow().ToUnixTimeSeconds() / 60;
        return (_refusals.Count < MaxRefused || _refusals.ContainsKey(person))
            && _refusals.GetOrAdd(person, static _ => new Refusals()).Take(minute, _options.RefusalsPerMinute) && _allRefusals.Take(minute, _options.RefusalsPerMinute * Together);
    }

    private async Task StoreAsync(Task write, ThingCommand command)
    {
        try
        {
            await write.ConfigureAwait(false);
            _commands.Tell(command);
        }
        catch (StorageException e)
        {
            CommandLog.NotStored(_log, e, command.Id);
        }
        finally
        {
            Interlocked.Decrement(ref _pending);
        }
    }

    private sealed class Refusals
    {
        private int _count;

        public long Minute { get; private set; }

        public bool Take(long minute, int most)
        {
            lock (this)
            {
                _count = minute == Minute ? _count + 1 : 1;
                Minute = minute;
                return _count <= most;
            }
        }
    }
}
