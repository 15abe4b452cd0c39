using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Which alerts are asked for.</summary>
/// <param name="Open">Only those that are open (false: that are over; null: all).</param>
/// <param name="Thing">Only those of a thing; null: of all.</param>
/// <param name="Before">Only those with a lower number; null: from the newest on.</param>
/// <param name="Max">How many at most; up to <see cref="AlertService.MaxPage"/>.</param>
public sealed record AlertQuery(bool? Open = null, string? Thing = null, long? Before = null, int Max = 50);

/// <summary>A part of a list.</summary>
/// <param name="Items">The items, the newest first.</param>
/// <param name="Next">The number before which the next part begins; null where this was the last.</param>
public sealed record AlertPage<T>(IReadOnlyList<T> Items, long? Next);

/// <summary>
/// Rules over the fleet, the alerts that come of them, and who is told. Whoever asks gets what he may see of things (<see cref="ThingAccess"/>): alerts of things that he sees, to be acknowledged by who controls
/// the thing; rules and windows by who maintains things, and they reach no further than their author.
/// </summary>
public sealed class AlertService : IAsyncDisposable, IDeliveryRules
{
    /// <summary>Items of one answer: 200.</summary>
    public const int MaxPage = 200;

    /// <summary>Characters of a note: 1,000.</summary>
    public const int MaxNote = 1_000;

    /// <summary>Days that an alert can be silenced for: 366; for longer the rule is wrong.</summary>
    public const int MaxSilenceDays = 366;

    /// <summary>Rows that are looked through for one page: 5,000. Who sees few of many things asks again.</summary>
    private const int MaxScan = 5_000;

    private readonly AlertSources _sources;
    private readonly AlertStore _store;
    private readonly DeliveryStore _deliveries;
    private readonly AlertEngine _engine;
    private readonly AlertOutbox _outbox;
    private readonly TimeProvider _time;

    /// <summary>Over a database whose tables are there.</summary>
    /// <param name="database">The database.</param>
    /// <param name="sources">The things, what they measured, who may what.</param>
    /// <param name="options">The settings.</param>
    /// <param name="senders">The ways on which notices go.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    public AlertService(ISqlDatabase database, AlertSources sources, AlertsOptions options, IReadOnlyDictionary<DeliveryChannel, IAlertSender> senders, TimeProvider time, ILogger<AlertService> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        _sources = sources;
        _time = time;
        _store = new AlertStore(database, options);
        _deliveries = new DeliveryStore(database);
        var rules = new RuleStore(database, log);
        _engine = new AlertEngine(sources, _store, rules, options, time, log);
        _outbox = new AlertOutbox(_deliveries, senders, this, options, time, log);
        Rules = new RuleService(sources, rules, _engine, new RuleTester(sources, new ThingReplay(sources, _store), options), _deliveries, _outbox, options, time);
        _engine.Changed += (alert, _) =>
        {
            Changed?.Invoke(alert);
            _outbox.Wake();
        };
    }

    /// <summary>An alert was raised, acknowledged, silenced or is over; when that is durable. Must not wait.</summary>
    public event Action<Alert>? Changed;

    /// <summary>Rules and maintenance windows.</summary>
    public RuleService Rules { get; }

    /// <summary>Batches and changes that did not fit into the queue and were read from the history instead (<see cref="AlertsOptions.QueueItems"/>).</summary>
    public long MissedItems => _engine.Missed;

    /// <summary>Begins to watch and to send.</summary>
    public void Start()
    {
        _engine.Start();
        _outbox.Start();
    }

    /// <summary>Completes when everything that has come so far is judged and what came of it is durable: for tests, and for who has changed a rule and wants to see what it says.</summary>
    public Task SettledAsync() => _engine.SettledAsync();

    /// <summary>Alerts that somebody may see, the newest first.</summary>
    public async ValueTask<AlertPage<Alert>> ListAsync(Jid who, AlertQuery query, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        int max = Math.Clamp(query.Max, 1, MaxPage);
        var seen = new Sight(_sources, who);
        var found = new List<Alert>();
        long before = query.Before ?? long.MaxValue;
        for (int scanned = 0; scanned < MaxScan;)
        {
            List<Alert> page = await _store.PageAsync(before, query.Open, query.Thing, MaxPage, cancel).ConfigureAwait(false);
            foreach (Alert alert in page)
            {
                scanned++;
                before = alert.Id;
                if (await seen.MayAsync(alert.Thing, ThingRight.See, cancel).ConfigureAwait(false))
                {
                    found.Add(alert);
                    if (found.Count == max)
                    {
                        return new AlertPage<Alert>(found, before);
                    }
                }
            }

            if (page.Count < MaxPage)
            {
                return new AlertPage<Alert>(found, null);
            }
        }

        return new AlertPage<Alert>(found, before);
    }

    /// <summary>All that are open, whoever may see them: for the nodes of things.</summary>
    internal ValueTask<List<Alert>> OpenAsync(CancellationToken cancel) => _store.OpenAsync(cancel);

    /// <summary>One alert; null where there is none, or one may not see its thing.</summary>
    public async ValueTask<Alert?> FindAsync(Jid who, long id, CancellationToken cancel = default) =>
        await _store.FindAsync(id, cancel).ConfigureAwait(false) is { } alert && await _sources.MayAsync(who, alert.Thing, ThingRight.See, cancel).ConfigureAwait(false) ? alert : null;

    /// <summary>Somebody says that he looks after an alert.</summary>
    /// <param name="who">Who; he must control the thing.</param>
    /// <param name="id">The alert.</param>
    /// <param name="note">What he has to say; may be empty.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<AlertResult<Alert>> AcknowledgeAsync(Jid who, long id, string note, CancellationToken cancel = default)
    {
        (AlertResult<Alert>? refused, _) = await MayHandleAsync(who, id, note, cancel).ConfigureAwait(false);
        if (refused is not null)
        {
            return refused;
        }

        (Alert? alert, bool changed) = await _store.AcknowledgeAsync(id, who.Bare.ToString(), note, Now).ConfigureAwait(false);
        if (alert is null)
        {
            return AlertResult<Alert>.Refused(AlertOutcome.NotFound, "there is no such alert");
        }

        if (!changed)
        {
            return alert.AcknowledgedBy == who.Bare.ToString() && alert.Cleared is null
                ? AlertResult<Alert>.Of(alert)
                : AlertResult<Alert>.Refused(AlertOutcome.Conflict, alert.Cleared is not null ? "the alert is over" : $"{alert.AcknowledgedBy} has acknowledged it already");
        }

        Changed?.Invoke(alert);
        return AlertResult<Alert>.Of(alert);
    }

    /// <summary>Nobody is told of this rule, thing and field until a time, however often it is raised; of what is open then people are told. A time that is over ends the silence.</summary>
    /// <param name="who">Who; he must control the thing.</param>
    /// <param name="id">An alert of that rule, thing and field.</param>
    /// <param name="until">Until when.</param>
    /// <param name="note">What he has to say; may be empty.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<AlertResult<Alert>> SilenceAsync(Jid who, long id, DateTimeOffset until, string note, CancellationToken cancel = default)
    {
        (AlertResult<Alert>? refused, Alert? alert) = await MayHandleAsync(who, id, note, cancel).ConfigureAwait(false);
        if (refused is not null)
        {
            return refused;
        }

        if (until > _time.GetUtcNow().AddDays(MaxSilenceDays))
        {
            return AlertResult<Alert>.Refused(AlertOutcome.Invalid, $"an alert can be silenced for {MaxSilenceDays} days at most");
        }

        if (await _store.SilenceAsync(alert!, until.ToUnixTimeMilliseconds(), who.Bare.ToString(), note, Now).ConfigureAwait(false) is not { } silenced)
        {
            return AlertResult<Alert>.Refused(AlertOutcome.NotFound, "there is no such alert");
        }

        _engine.Refresh();
        await _deliveries.ReleaseAsync(Now).ConfigureAwait(false);
        await _engine.SettledAsync().ConfigureAwait(false);
        _outbox.Wake();
        Changed?.Invoke(silenced);
        return AlertResult<Alert>.Of(silenced);
    }

    /// <summary>Deliveries: to oneself, and those of rules that are one's own; administrators see all. The newest first.</summary>
    /// <param name="who">Who asks.</param>
    /// <param name="state">Only those in a state, such as those that were given up; null: all.</param>
    /// <param name="alert">Only those of an alert; null: of all.</param>
    /// <param name="before">Only those with a lower number; null: from the newest on.</param>
    /// <param name="max">How many at most.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<AlertPage<AlertDelivery>> DeliveriesAsync(Jid who, DeliveryState? state, long? alert, long? before, int max, CancellationToken cancel = default)
    {
        max = Math.Clamp(max, 1, MaxPage);
        bool isAdministrator = await _sources.IsAdministratorAsync(who, cancel).ConfigureAwait(false);
        var found = new List<AlertDelivery>();
        long last = before ?? long.MaxValue;
        for (int scanned = 0; scanned < MaxScan;)
        {
            List<(AlertDelivery Delivery, Alert Alert)> page = await _deliveries.PageAsync(last, state, alert, MaxPage, cancel).ConfigureAwait(false);
            foreach ((AlertDelivery delivery, Alert of) in page)
            {
                scanned++;
                last = delivery.Id;
                if (isAdministrator || await MayKnowAsync(who, delivery, of, cancel).ConfigureAwait(false))
                {
                    found.Add(delivery);
                    if (found.Count == max)
                    {
                        return new AlertPage<AlertDelivery>(found, last);
                    }
                }
            }

            if (page.Count < MaxPage)
            {
                return new AlertPage<AlertDelivery>(found, null);
            }
        }

        return new AlertPage<AlertDelivery>(found, last);
    }

    /// <summary>A delivery that was given up is tried again from the beginning.</summary>
    public async ValueTask<AlertResult<AlertDelivery>> SendAgainAsync(Jid who, long delivery, CancellationToken cancel = default)
    {
        if (await _deliveries.FindAsync(delivery, cancel).ConfigureAwait(false) is not { } found
            || !(await MayKnowAsync(who, found.Delivery, found.Alert, cancel).ConfigureAwait(false) || await _sources.IsAdministratorAsync(who, cancel).ConfigureAwait(false)))
        {
            return AlertResult<AlertDelivery>.Refused(AlertOutcome.NotFound, "there is no such delivery");
        }

        if (!await _deliveries.AgainAsync(delivery, Now).ConfigureAwait(false))
        {
            return AlertResult<AlertDelivery>.Refused(AlertOutcome.Conflict, "this delivery was not given up");
        }

        _outbox.Wake();
        return AlertResult<AlertDelivery>.Of((await _deliveries.FindAsync(delivery, cancel).ConfigureAwait(false))!.Value.Delivery);
    }

    /// <summary>Rights over things have changed: what is watched follows in a moment.</summary>
    public void RightsChanged() => _engine.Stale();

    /// <summary>Removes everything of a thing.</summary>
    public async Task ForgetThingAsync(string thing)
    {
        await _engine.SettledAsync().ConfigureAwait(false);
        await _store.ForgetAsync(thing).ConfigureAwait(false);
        _engine.Refresh();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync().ConfigureAwait(false);
        await _outbox.DisposeAsync().ConfigureAwait(false);
    }

    long? IDeliveryRules.HeldUntil(Alert alert, DateTimeOffset now) => _engine.HeldUntil(alert.Rule, alert.Thing, alert.Field, now)?.Until;

    async ValueTask<bool> IDeliveryRules.MayGetAsync(DeliveryTarget target, Alert alert, CancellationToken cancel)
    {
        if (target.Channel == DeliveryChannel.Xmpp)
        {
            return Addresses.JidPrep.TryParse(target.Address, out Jid? to) && await _sources.MayAsync(to, alert.Thing, ThingRight.See, cancel).ConfigureAwait(false);
        }

        // Mails and webhooks are the author's doing: he must still maintain the thing.
        return AuthorOf(alert.Rule) is not { } author || await _sources.MayAsync(author, alert.Thing, ThingRight.Maintain, cancel).ConfigureAwait(false);
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private Jid? AuthorOf(string rule) => _engine.Book.Rules.FirstOrDefault(r => r.Id == rule)?.Author;

    // What went out to, or by a rule of, somebody else of that name before is not his.
    private async ValueTask<bool> MayKnowAsync(Jid who, AlertDelivery delivery, Alert alert, CancellationToken cancel) =>
        (who.Bare.Equals(AuthorOf(alert.Rule)) || (delivery.Target.Channel == DeliveryChannel.Xmpp && delivery.Target.Address == who.Bare.ToString()))
        && await _sources.IsSameAsync(who.Bare, alert.Noted, cancel).ConfigureAwait(false);

    private async ValueTask<(AlertResult<Alert>? Refused, Alert? Alert)> MayHandleAsync(Jid who, long id, string note, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(note);
        if (await FindAsync(who, id, cancel).ConfigureAwait(false) is not { } alert)
        {
            return (AlertResult<Alert>.Refused(AlertOutcome.NotFound, "there is no such alert"), null);
        }

        if (note.Length > MaxNote || note.Any(c => char.IsControl(c) && c is not '\n' and not '\t'))
        {
            return (AlertResult<Alert>.Refused(AlertOutcome.Invalid, $"a note has at most {MaxNote} characters and no control characters"), null);
        }

        return await _sources.MayAsync(who, alert.Thing, ThingRight.Control, cancel).ConfigureAwait(false)
            ? (null, alert)
            : (AlertResult<Alert>.Refused(AlertOutcome.Forbidden, "you may see this thing, not control it"), null);
    }

    // What was asked once in a request is not asked for again.
    private sealed class Sight(AlertSources sources, Jid who)
    {
        private readonly Dictionary<string, bool> _known = new(StringComparer.Ordinal);

        public async ValueTask<bool> MayAsync(string thing, ThingRight right, CancellationToken cancel)
        {
            if (!_known.TryGetValue(thing, out bool may))
            {
                _known.Add(thing, may = await sources.MayAsync(who, thing, right, cancel).ConfigureAwait(false));
            }

            return may;
        }
    }
}
