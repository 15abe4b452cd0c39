using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>
/// Commands that wait for their things (wire profile, commands are IQ): durable before their sender gets an id, sent in their order and one at a time to each thing that is there, sent again after a lost
/// stream under the same id, which the thing does not do twice. Knows no XML and no SQL. Expected failures are outcomes; a <see cref="StorageException"/> means that the database failed.
/// </summary>
public sealed class CommandService : IAsyncDisposable
{
    private const int MaxKey = 64;
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(10);

    private readonly CommandStore _store;
    private readonly CommandsOptions _options;
    private readonly ICommandLink _link;
    private readonly ThingDecision _may;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CommandLanes _lanes;
    private readonly OpenCounts _counts;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _tracking = new();
    private readonly CommandExpiries _expiries;
    private readonly HashSet<Task> _running = [];
    private ITimer? _again;
    private bool _isStarted;

    /// <summary>Over a database whose tables are there.</summary>
    public CommandService(ISqlDatabase database, CommandsOptions options, ICommandLink link, ThingDecision may, TimeProvider time, ILogger<CommandService> log)
    {
        _store = new CommandStore(database);
        _options = options;
        _link = link;
        _may = may;
        _time = time;
        _log = log;
        _lanes = new CommandLanes(options.ParallelPerSession);
        _counts = new OpenCounts(options);
        _expiries = new CommandExpiries(time, () => Track(LookAsync()));
        Latency = new LatencyFigures(time);
    }

    /// <summary>A command stands otherwise: masked, after that is durable, in its order for each command. Must not wait.</summary>
    public event Action<ThingCommand>? Changed;

    /// <summary>How long commands take.</summary>
    public LatencyFigures Latency { get; }

    /// <summary>Commands that are open.</summary>
    public int Open => _lanes.Count;

    /// <summary>Gives the form of a thing where it is known without asking, for checks before a command is taken.</summary>
    public Func<string, ThingForm?> KnownForm { get; set; } = static _ => null;

    /// <summary>Says who administers the hub: they alone see what was commanded to things that are gone. Nobody until it is set.</summary>
    public Func<Jid, ValueTask<bool>> IsAdministrator { get; set; } = static _ => new(false);

    /// <summary>Says whether who has a bare JID is who had it then (<see cref="Modules.IAccounts.IsSameAsync"/>).</summary>
    public Func<Jid, DateTimeOffset, CancellationToken, ValueTask<bool>> IsSame { get; set; } = static (_, _, _) => new(true);

    internal CommandStore Store => _store;

    /// <summary>Takes up what was open when the hub stopped.</summary>
    public async ValueTask StartAsync(CancellationToken cancel = default)
    {
        await _store.EndLeftAsync(_time.GetUtcNow(), "remote-server-timeout", "The hub stopped before an answer passed.").ConfigureAwait(false);
        _again = _time.CreateTimer(_ => StartAll(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        foreach (ThingCommand command in await _store.LoadOpenAsync(cancel).ConfigureAwait(false))
        {
            _counts.Restore(command);
            _lanes.Add(command);
            _expiries.Add(command.Id, command.Expires);
        }

        _isStarted = true;
        StartAll();
    }

    /// <summary>Queues a command.</summary>
    /// <param name="who">Who commands.</param>
    /// <param name="request">What.</param>
    /// <param name="cancel">Ends the wait; what was stored stays.</param>
    /// <returns>The command, which is durable; or why not.</returns>
    public Task<CommandResult> QueueAsync(Jid who, CommandRequest request, CancellationToken cancel = default) => QueueAsync(who, request, string.Empty, null, cancel);

    /// <summary>The same for a thing of a batch.</summary>
    internal async Task<CommandResult> QueueAsync(Jid who, CommandRequest request, string batch, Action<SqlSession, string>? also, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(who);
        ArgumentNullException.ThrowIfNull(request);
        TimeSpan ttl = request.Ttl ?? TimeSpan.FromSeconds(_options.DefaultTtlSeconds);
        if (ttl < TimeSpan.FromSeconds(1) || ttl > TimeSpan.FromSeconds(_options.MaxTtlSeconds))
        {
            return new CommandResult(CommandOutcome.BadRequest, null, $"A command waits 1 to {_options.MaxTtlSeconds} seconds.");
        }

        if (request.DedupeKey is { } key && (key.Length is 0 or > MaxKey || key.Any(char.IsControl)))
        {
            return new CommandResult(CommandOutcome.BadRequest, null, $"A key has 1 to {MaxKey} characters.");
        }

        if (ParameterText.Wrong(request.Parameters) is { } wrong)
        {
            return new CommandResult(CommandOutcome.BadRequest, null, wrong);
        }

        if (await RefusedAsync(who, request.Thing, request.Parameters, cancel).ConfigureAwait(false))
        {
            return new CommandResult(CommandOutcome.Forbidden);
        }

        if (await _link.AccountOfAsync(request.Thing, cancel).ConfigureAwait(false) is not { } account)
        {
            return new CommandResult(CommandOutcome.NotFound);
        }

        ThingForm? form = KnownForm(request.Thing);
        IReadOnlyList<CommandParameter> parameters = ParameterText.Mark(form is null ? request.Parameters : [.. request.Parameters.Select(form.Typed)], form);
        if (form is not null && parameters.Select(form.Wrong).FirstOrDefault(w => w is not null) is { } misfit)
        {
            return new CommandResult(CommandOutcome.BadRequest, null, misfit);
        }

        if (SizeOf(parameters) > _options.PayloadBytes)
        {
            return new CommandResult(CommandOutcome.TooMany, null, $"A command has {_options.PayloadBytes} bytes at most: a thing takes no more.");
        }

        DateTimeOffset now = _time.GetUtcNow();
        var command = new ThingCommand(0, Guid.CreateVersion7(now).ToString("N"), CommandWay.Queued, request.Thing, who.Bare, parameters, now, now + ttl)
        {
            Account = account,
            DedupeKey = request.DedupeKey ?? string.Empty,
            Batch = batch,
        };
        if (_counts.Take(command) is { } full)
        {
            // The same once more takes no place of its own.
            return command.DedupeKey.Length > 0 && _lanes.Of(command.Thing).Find(c => c.By.Equals(command.By) && c.DedupeKey == command.DedupeKey) is { } open
                ? Same(command, open)
                : new CommandResult(CommandOutcome.TooMany, null, full);
        }

        try
        {
            (ThingCommand stored, bool isNew) = await _store.InsertAsync(command, also is null ? null : session => also(session, command.Id), added =>
            {
                if (added is not null)
                {
                    Tell(added);
                    _lanes.Add(added);
                    _expiries.Add(added.Id, added.Expires);
                }
            }).ConfigureAwait(false);
            if (!isNew)
            {
                _counts.Give(command);
                return Same(command, stored);
            }

            Start(account);
            return new CommandResult(CommandOutcome.Done, Mask(stored));
        }
        catch (StorageException)
        {
            _counts.Give(command);
            throw;
        }
    }

    /// <summary>Takes a command back that was not sent yet: who queued it may, and who maintains the thing.</summary>
    public async Task<CommandResult> CancelAsync(Jid who, string id, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(who);
        if (await _store.FindAsync(id, cancel).ConfigureAwait(false) is not { } command || !await MaySeeAsync(who, command, cancel).ConfigureAwait(false))
        {
            return new CommandResult(CommandOutcome.NotFound);
        }

        if (!await IsHisAsync(who, command.By, command.Queued, cancel).ConfigureAwait(false) && !await _may(who, command.Thing, ThingRight.Maintain, null, cancel).ConfigureAwait(false))
        {
            return new CommandResult(CommandOutcome.Forbidden);
        }

        return command.Way == CommandWay.Queued && await EndAsync(command, CommandState.Queued, CommandState.Cancelled, string.Empty, string.Empty).ConfigureAwait(false) is { } ended
            ? new CommandResult(CommandOutcome.Done, ended)
            : new CommandResult(CommandOutcome.TooLate, Mask(await _store.FindAsync(id, cancel).ConfigureAwait(false) ?? command));
    }

    /// <summary>A command by its id: who gave it may see it, and who may see its thing; of one that is gone administrators alone.</summary>
    public async Task<CommandResult> FindAsync(Jid who, string id, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(who);
        return await _store.FindAsync(id, cancel).ConfigureAwait(false) is { } command && await MaySeeAsync(who, command, cancel).ConfigureAwait(false)
            ? new CommandResult(CommandOutcome.Done, Mask(command))
            : new CommandResult(CommandOutcome.NotFound);
    }

    /// <summary>A thing takes commands now.</summary>
    public void Came(string thing)
    {
        if (_isStarted && _lanes.Came(thing) is { } account)
        {
            Start(account);
        }
    }

    /// <summary>A session takes commands now, for its own thing and those behind it.</summary>
    public void AccountCame(string account)
    {
        if (_isStarted && _lanes.AccountCame(account))
        {
            Start(account);
        }
    }

    /// <summary>A thing is gone for good: what waits for it is taken back, what was is kept for administrators.</summary>
    public async Task ForgetAsync(string thing)
    {
        foreach (ThingCommand command in _lanes.Of(thing))
        {
            await EndAsync(command, CommandState.Sent, command.State == CommandState.Queued ? CommandState.Cancelled : CommandState.Failed, "gone", "The thing was removed.").ConfigureAwait(false);
        }

        Latency.Forget(thing);
        await _store.ForgetAsync(thing).ConfigureAwait(false);
    }

    /// <summary>A person is gone: what waits of him is taken back.</summary>
    public async Task ForgetPersonAsync(Jid person)
    {
        foreach (ThingCommand command in _lanes.Where(c => c.By.Equals(person.Bare) && c.State == CommandState.Queued))
        {
            await EndAsync(command, CommandState.Queued, CommandState.Cancelled, string.Empty, "Who gave it was removed.").ConfigureAwait(false);
        }
    }

    /// <summary>How an open command stands; null where it is not open.</summary>
    internal CommandState? StateOf(string id) => _lanes.TryFind(id, out ThingCommand? command) ? command.State : null;

    /// <summary>Takes back what of a batch was not sent.</summary>
    internal async Task CancelBatchAsync(string batch)
    {
        foreach (ThingCommand command in _lanes.Where(c => c.Batch == batch && c.State == CommandState.Queued))
        {
            await EndAsync(command, CommandState.Queued, CommandState.Cancelled, string.Empty, "The batch was stopped.").ConfigureAwait(false);
        }
    }

    /// <summary>Ends what runs: what was sent and not answered is sent again after the next start.</summary>
    public async ValueTask DisposeAsync()
    {
        _isStarted = false;
        await _stopping.CancelAsync().ConfigureAwait(false);
        _expiries.Dispose();
        _again?.Dispose();
        Task[] left;
        lock (_tracking)
        {
            left = [.. _running];
        }

        await Task.WhenAll(left).ConfigureAwait(false);
        _stopping.Dispose();
    }

    /// <summary>Tells that a command stands otherwise.</summary>
    internal void Tell(ThingCommand command) => Changed?.Invoke(Mask(command));

    /// <summary>The same without values that are secret.</summary>
    internal static ThingCommand Mask(ThingCommand command) => command.Parameters.Any(p => p.IsSecret) ? command with { Parameters = [.. command.Parameters.Select(p => p.Masked)] } : command;

    /// <summary>Who gave a command may see it, and who may see its thing; of one that is gone administrators alone, as in the audit.</summary>
    internal async ValueTask<bool> MaySeeAsync(Jid who, ThingCommand command, CancellationToken cancel) => command.IsGone
        ? await IsAdministrator(who).ConfigureAwait(false)
        : await IsHisAsync(who, command.By, command.Queued, cancel).ConfigureAwait(false) || await _may(who, command.Thing, ThingRight.See, null, cancel).ConfigureAwait(false);

    /// <summary>Whether something that was asked for then is somebody's own; what somebody else of his name asked for is not.</summary>
    internal async ValueTask<bool> IsHisAsync(Jid who, Jid by, DateTimeOffset asked, CancellationToken cancel) => by.Equals(who.Bare) && await IsSame(by, asked, cancel).ConfigureAwait(false);

    internal async ValueTask<bool> RefusedAsync(Jid who, string thing, IReadOnlyList<CommandParameter> parameters, CancellationToken cancel)
    {
        foreach (CommandParameter parameter in parameters)
        {
            if (!await _may(who, thing, ThingRight.Control, parameter.Name, cancel).ConfigureAwait(false))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Bytes of a command's <c>set</c>, with the longest name that a thing behind a gateway may have.</summary>
    private static int SizeOf(IReadOnlyList<CommandParameter> parameters)
    {
        using var xml = new XmlBuilder();
        ParameterText.WriteSet(xml, parameters, new string('x', 64));
        return xml.Count;
    }

    private static CommandResult Same(ThingCommand wanted, ThingCommand open) =>
        ParameterText.ToJson(wanted.Parameters, masked: false) == ParameterText.ToJson(open.Parameters, masked: false)
            ? new CommandResult(CommandOutcome.Done, Mask(open)) { IsNew = false }
            : new CommandResult(CommandOutcome.Conflict, Mask(open), "Another command with this key is open.");

    private void StartAll()
    {
        foreach (string account in _lanes.Groups())
        {
            Start(account);
        }
    }

    private void Start(string account)
    {
        if (!_isStarted)
        {
            return;
        }

        foreach (CommandLanes.Lane lane in _lanes.Start(account))
        {
            Track(Task.Run(() => RunAsync(lane)));
        }
    }

    private void Track(Task task)
    {
        lock (_tracking)
        {
            _running.Add(task);
        }

        _ = task.ContinueWith(
            done =>
            {
                lock (_tracking)
                {
                    _running.Remove(done);
                }
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async Task RunAsync(CommandLanes.Lane lane)
    {
        int silences = 0;
        string last = string.Empty;
        try
        {
            while (_lanes.Next(lane, out int came) is { } command)
            {
                silences = command.Id == last ? silences : 0;
                last = command.Id;
                LinkOutcome outcome = await StepAsync(command, silences).ConfigureAwait(false);
                silences += outcome == LinkOutcome.Silent ? 1 : 0;
                bool isAway = outcome is LinkOutcome.Away or LinkOutcome.Lost && !(outcome == LinkOutcome.Lost && _link.IsReachable(lane.Thing, lane.Account));
                if (isAway && _lanes.TryWait(lane, came))
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            _lanes.Pause(lane); // what was sent is sent again after the next start
            return;
        }
        catch (StorageException e)
        {
            CommandLog.NotStored(_log, e, lane.Thing);
            _lanes.Pause(lane);
            _again?.Change(s_again, Timeout.InfiniteTimeSpan);
            return;
        }

        Start(lane.Account);
    }

    // One command, once. Away: nothing more can be done now.
    private async Task<LinkOutcome> StepAsync(ThingCommand command, int silences)
    {
        if (_time.GetUtcNow() >= command.Expires)
        {
            await ExpireAsync(command).ConfigureAwait(false);
            return LinkOutcome.Failed;
        }

        if (!_link.IsReachable(command.Thing, command.Account))
        {
            return LinkOutcome.Away;
        }

        // What its sender may not do any more is not done for him: the thing may have another owner by now.
        if (await RefusedAsync(command.By, command.Thing, command.Parameters, _stopping.Token).ConfigureAwait(false))
        {
            await EndAsync(command, CommandState.Sent, CommandState.Failed, "forbidden", command.State == CommandState.Sent ? "Its sender lost the right before it was answered; it may have been done." : "Its sender has lost the right.").ConfigureAwait(false);
            return LinkOutcome.Failed;
        }

        DateTimeOffset now = _time.GetUtcNow();
        if (!await _store.SentAsync(command.Id, now).ConfigureAwait(false))
        {
            Drop(command); // taken back in this moment
            return LinkOutcome.Failed;
        }

        bool isFirst = command.State == CommandState.Queued;
        command = command with { State = CommandState.Sent, Sent = command.Sent ?? now, Attempts = command.Attempts + 1 };
        _lanes.Replace(command);
        if (isFirst)
        {
            Tell(command);
        }

        LinkAnswer answer = await _link.SendAsync(command, _stopping.Token).ConfigureAwait(false);
        switch (answer.Outcome)
        {
            case LinkOutcome.Done:
                if (await EndAsync(command, CommandState.Sent, CommandState.Done, string.Empty, string.Empty).ConfigureAwait(false) is { Took: { } took })
                {
                    Latency.Add(command.Thing, took);
                }

                break;
            case LinkOutcome.Failed:
                await EndAsync(command, CommandState.Sent, CommandState.Failed, answer.Error, answer.Text).ConfigureAwait(false);
                break;
            case LinkOutcome.Silent when silences + 1 >= _options.Attempts:
                await EndAsync(command, CommandState.Sent, CommandState.Failed, "remote-server-timeout", "The thing did not answer; it may have been done.").ConfigureAwait(false);
                return LinkOutcome.Failed;
            default:
                break;
        }

        return answer.Outcome;
    }

    private Task ExpireAsync(ThingCommand command) => command.State == CommandState.Queued
        ? EndAsync(command, CommandState.Queued, CommandState.Expired, string.Empty, "The thing was not there in time.")
        : EndAsync(command, CommandState.Sent, CommandState.Failed, "remote-server-timeout", "The thing was lost before it answered, and did not come back in time; it may have been done.");

    private async Task<ThingCommand?> EndAsync(ThingCommand command, CommandState upTo, CommandState state, string error, string text)
    {
        DateTimeOffset now = _time.GetUtcNow();
        bool isChanged = await _store.EndAsync(command.Id, upTo, state, now, error, text).ConfigureAwait(false);
        ThingCommand latest = _lanes.TryFind(command.Id, out ThingCommand? open) ? open : command;
        if (!isChanged)
        {
            if (upTo == CommandState.Sent)
            {
                Drop(command); // it is not open any more, whoever ended it
            }

            return null;
        }

        Drop(command);
        ThingCommand ended = Mask(latest) with { State = state, Ended = now, Error = error, Text = text };
        CommandLog.Ended(_log, ended.Id, ended.Thing, state, error);
        Changed?.Invoke(ended);
        return ended;
    }

    private void Drop(ThingCommand command)
    {
        if (_lanes.Remove(command.Id))
        {
            _counts.Give(command);
        }
    }

    private async Task LookAsync()
    {
        foreach (string id in _expiries.Due())
        {
            try
            {
                // One that is on its way right now is ended by who waits for its answer.
                if (_lanes.TryFind(id, out ThingCommand? command) && (command.State == CommandState.Queued || _lanes.IsWaiting(command)))
                {
                    await ExpireAsync(command).ConfigureAwait(false);
                }
            }
            catch (StorageException e)
            {
                CommandLog.NotStored(_log, e, id);
                _expiries.Add(id, _time.GetUtcNow() + s_again);
            }
        }
    }
}
