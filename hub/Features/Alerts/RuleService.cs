using System.Collections.Concurrent;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Rules and maintenance windows: who may see, make, change, test and remove them.</summary>
public sealed class RuleService
{
    /// <summary>Days that one test may look at: 31.</summary>
    public const int MaxTestDays = 31;

    /// <summary>Tests that run at a time: 2 in the hub, 1 of an account; one more is refused.</summary>
    private const int TestsAtATime = 2;

    private readonly AlertSources _sources;
    private readonly RuleStore _store;
    private readonly AlertEngine _engine;
    private readonly RuleTester _tester;
    private readonly DeliveryStore _deliveries;
    private readonly AlertOutbox _outbox;
    private readonly AlertsOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<Jid, bool> _testing = new();

    internal RuleService(AlertSources sources, RuleStore store, AlertEngine engine, RuleTester tester, DeliveryStore deliveries, AlertOutbox outbox, AlertsOptions options, TimeProvider time)
    {
        _sources = sources;
        _store = store;
        _engine = engine;
        _tester = tester;
        _deliveries = deliveries;
        _outbox = outbox;
        _options = options;
        _time = time;
    }

    /// <summary>Rules that somebody may see: his own, and those over things that he sees, of which he is not told who gets their alerts. Administrators see all.</summary>
    public async ValueTask<IReadOnlyList<AlertRule>> ListAsync(Jid who, CancellationToken cancel = default)
    {
        IReadOnlySet<string>? seen = await SeenAsync(who, cancel).ConfigureAwait(false);
        return [.. (await _store.RulesAsync(cancel).ConfigureAwait(false)).Select(rule => For(who, seen, rule)).OfType<AlertRule>()];
    }

    /// <summary>One rule; null where there is none, or one may not see it.</summary>
    public async ValueTask<AlertRule?> FindAsync(Jid who, string id, CancellationToken cancel = default)
    {
        AlertRule? rule = (await _store.RulesAsync(cancel).ConfigureAwait(false)).Find(r => r.Id == id);
        return rule is null ? null : For(who, await SeenAsync(who, cancel).ConfigureAwait(false), rule);
    }

    /// <summary>Makes a rule, or changes one's own; administrators change all.</summary>
    /// <param name="who">Who; he must maintain things.</param>
    /// <param name="document">The rule's document.</param>
    /// <param name="revision">The revision that is changed, 0: the rule must be new; null: whatever there is.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<AlertResult<AlertRule>> PutAsync(Jid who, ReadOnlyMemory<byte> document, long? revision = null, CancellationToken cancel = default)
    {
        AlertRule given;
        try
        {
            given = RuleDocument.Read(document, isDraft: true);
        }
        catch (DocumentException e)
        {
            return AlertResult<AlertRule>.Refused(AlertOutcome.Invalid, e.Message);
        }

        bool isAdministrator = await _sources.IsAdministratorAsync(who, cancel).ConfigureAwait(false);
        if (await RefusedAsync(who, isAdministrator, given.Scope, cancel).ConfigureAwait(false) is { } refused)
        {
            return AlertResult<AlertRule>.Refused(refused.Outcome, refused.Text);
        }

        if (WrongDelivery(given) is { } wrong)
        {
            return AlertResult<AlertRule>.Refused(AlertOutcome.Invalid, wrong);
        }

        DateTimeOffset now = _time.GetUtcNow();
        AlertResult<AlertRule> result = await _store.ChangeAsync(given.Id, who.Bare, (before, all, own) =>
        {
            (AlertRule?, AlertResult<AlertRule>) Refuse(AlertOutcome outcome, string text) => (before, AlertResult<AlertRule>.Refused(outcome, text));
            if (before is not null && !isAdministrator && !before.Author.Equals(who.Bare))
            {
                return Refuse(AlertOutcome.Conflict, $"the id {given.Id} is taken by a rule that is not yours");
            }

            if (revision is { } expected && expected != (before?.Revision ?? 0))
            {
                return Refuse(AlertOutcome.Conflict, before is null ? "there is no such rule any more" : $"the rule has revision {before.Revision} by now");
            }

            if (before is null && (all >= _options.MaxRules || (!isAdministrator && own >= _options.RulesPerAccount)))
            {
                return Refuse(AlertOutcome.TooMany, $"there are as many rules as there may be ({_options.RulesPerAccount} of an account, {_options.MaxRules} of the hub)");
            }

            AlertRule after;
            try
            {
                after = RuleDocument.Read(document, before);
            }
            catch (DocumentException e)
            {
                return Refuse(AlertOutcome.Invalid, e.Message);
            }

            after = after with { Author = before?.Author ?? who.Bare, Revision = (before?.Revision ?? 0) + 1, Changed = now };
            return (after, AlertResult<AlertRule>.Of(after));
        }).ConfigureAwait(false);
        Watched(result.Outcome);
        return result;
    }

    /// <summary>Turns a rule on or off.</summary>
    public async ValueTask<AlertResult<AlertRule>> EnableAsync(Jid who, string id, bool enabled, CancellationToken cancel = default) =>
        await EditAsync(who, id, rule => rule.IsEnabled == enabled ? rule : rule with { IsEnabled = enabled, Revision = rule.Revision + 1, Changed = _time.GetUtcNow() }, cancel).ConfigureAwait(false);

    /// <summary>Removes a rule; its open alerts are over.</summary>
    public async ValueTask<AlertResult<AlertRule>> RemoveAsync(Jid who, string id, CancellationToken cancel = default) => await EditAsync(who, id, _ => null, cancel).ConfigureAwait(false);

    /// <summary>Runs a rule over a span of history: what it would have done. Nobody is told of anything, nothing is written.</summary>
    /// <param name="who">Who; he must maintain things.</param>
    /// <param name="document">The rule; it need not be one that there is.</param>
    /// <param name="from">From when; as far back as every sample is kept.</param>
    /// <param name="to">Until when; null: now.</param>
    /// <param name="cancel">Gives up.</param>
    public async ValueTask<AlertResult<RuleTestResult>> TestAsync(Jid who, ReadOnlyMemory<byte> document, DateTimeOffset from, DateTimeOffset? to = null, CancellationToken cancel = default)
    {
        static AlertResult<RuleTestResult> Refuse(AlertOutcome outcome, string text) => AlertResult<RuleTestResult>.Refused(outcome, text);
        AlertRule rule;
        try
        {
            rule = RuleDocument.Read(document, isDraft: true);
        }
        catch (DocumentException e)
        {
            return Refuse(AlertOutcome.Invalid, e.Message);
        }

        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset end = to is { } until && until < now ? until : now;
        if (from >= end || end - from > TimeSpan.FromDays(MaxTestDays))
        {
            return Refuse(AlertOutcome.Invalid, $"the span must end after it begins and have at most {MaxTestDays} days");
        }

        if (await RefusedAsync(who, await _sources.IsAdministratorAsync(who, cancel).ConfigureAwait(false), rule.Scope, cancel).ConfigureAwait(false) is { } refused)
        {
            return Refuse(refused.Outcome, refused.Text);
        }

        if (_testing.Count >= TestsAtATime || !_testing.TryAdd(who.Bare, true))
        {
            return Refuse(AlertOutcome.TooMany, "another test is running");
        }

        try
        {
            List<Thing> things = await RuleBook.ThingsOfAsync(rule.Scope, who.Bare, _sources, null, cancel).ConfigureAwait(false);
            return AlertResult<RuleTestResult>.Of(await _tester.RunAsync(rule, things, from, end, cancel).ConfigureAwait(false));
        }
        finally
        {
            _testing.TryRemove(who.Bare, out _);
        }
    }

    /// <summary>Maintenance windows that somebody may see: his own; administrators see all.</summary>
    public async ValueTask<IReadOnlyList<MaintenanceWindow>> WindowsAsync(Jid who, CancellationToken cancel = default)
    {
        bool isAdministrator = await _sources.IsAdministratorAsync(who, cancel).ConfigureAwait(false);
        return [.. (await _store.WindowsAsync(cancel).ConfigureAwait(false)).Where(w => isAdministrator || w.Author.Equals(who.Bare))];
    }

    /// <summary>Makes a maintenance window, or changes one's own.</summary>
    public async ValueTask<AlertResult<MaintenanceWindow>> PutWindowAsync(Jid who, ReadOnlyMemory<byte> document, CancellationToken cancel = default)
    {
        MaintenanceWindow given;
        try
        {
            given = MaintenanceWindow.Read(document);
        }
        catch (DocumentException e)
        {
            return AlertResult<MaintenanceWindow>.Refused(AlertOutcome.Invalid, e.Message);
        }

        bool isAdministrator = await _sources.IsAdministratorAsync(who, cancel).ConfigureAwait(false);
        if (await RefusedAsync(who, isAdministrator, given.Scope, cancel).ConfigureAwait(false) is { } refused)
        {
            return AlertResult<MaintenanceWindow>.Refused(refused.Outcome, refused.Text);
        }

        AlertResult<MaintenanceWindow> result = await _store.ChangeWindowAsync(given.Id, who.Bare, (before, all, own) =>
        {
            if (before is not null && !isAdministrator && !before.Author.Equals(who.Bare))
            {
                return (before, AlertResult<MaintenanceWindow>.Refused(AlertOutcome.Conflict, $"the id {given.Id} is taken by a window that is not yours"));
            }

            if (before is null && (all >= _options.MaxWindows || (!isAdministrator && own >= _options.MaxWindows / 10)))
            {
                return (before, AlertResult<MaintenanceWindow>.Refused(AlertOutcome.TooMany, "there are as many windows as there may be"));
            }

            MaintenanceWindow after = given with { Author = before?.Author ?? who.Bare };
            return (after, AlertResult<MaintenanceWindow>.Of(after));
        }).ConfigureAwait(false);
        await ReleasedAsync(result.Outcome).ConfigureAwait(false);
        return result;
    }

    /// <summary>Removes a maintenance window; what waited for its end is told now.</summary>
    public async ValueTask<AlertResult<MaintenanceWindow>> RemoveWindowAsync(Jid who, string id, CancellationToken cancel = default)
    {
        bool isAdministrator = await _sources.IsAdministratorAsync(who, cancel).ConfigureAwait(false);
        AlertResult<MaintenanceWindow> result = await _store.ChangeWindowAsync(id, who.Bare, (before, _, _) => before is not null && (isAdministrator || before.Author.Equals(who.Bare))
            ? (null, AlertResult<MaintenanceWindow>.Of(before))
            : (before, AlertResult<MaintenanceWindow>.Refused(AlertOutcome.NotFound, "there is no such window"))).ConfigureAwait(false);
        await ReleasedAsync(result.Outcome).ConfigureAwait(false);
        return result;
    }

    /// <summary>Removes the rules and windows of an account that is gone.</summary>
    public async Task ForgetAccountAsync(Jid account)
    {
        ArgumentNullException.ThrowIfNull(account);
        if (await _store.ForgetAuthorAsync(account.Bare.ToString()).ConfigureAwait(false) > 0)
        {
            _engine.Refresh();
        }
    }

    private async ValueTask<AlertResult<AlertRule>> EditAsync(Jid who, string id, Func<AlertRule, AlertRule?> edit, CancellationToken cancel)
    {
        if (await FindAsync(who, id, cancel).ConfigureAwait(false) is null)
        {
            return AlertResult<AlertRule>.Refused(AlertOutcome.NotFound, "there is no such rule");
        }

        bool isAdministrator = await _sources.IsAdministratorAsync(who, cancel).ConfigureAwait(false);
        AlertResult<AlertRule> result = await _store.ChangeAsync(id, who.Bare, (before, _, _) =>
        {
            if (before is null)
            {
                return (before, AlertResult<AlertRule>.Refused(AlertOutcome.NotFound, "there is no such rule"));
            }

            if (!isAdministrator && !before.Author.Equals(who.Bare))
            {
                return (before, AlertResult<AlertRule>.Refused(AlertOutcome.Forbidden, "the rule is not yours"));
            }

            AlertRule? after = edit(before);
            return (after, AlertResult<AlertRule>.Of(after ?? before));
        }).ConfigureAwait(false);
        Watched(result.Outcome);
        return result;
    }

    private void Watched(AlertOutcome outcome)
    {
        if (outcome == AlertOutcome.Done)
        {
            _engine.Refresh();
        }
    }

    // The engine knows the windows as they are now before what waited for one of them is looked at.
    private async Task ReleasedAsync(AlertOutcome outcome)
    {
        if (outcome == AlertOutcome.Done)
        {
            _engine.Refresh();
            await _engine.SettledAsync().ConfigureAwait(false);
            await _deliveries.ReleaseAsync(_time.GetUtcNow().ToUnixTimeMilliseconds()).ConfigureAwait(false);
            _outbox.Wake();
        }
    }

    private static AlertRule? For(Jid who, IReadOnlySet<string>? seen, AlertRule rule) =>
        seen is null || rule.Author.Equals(who.Bare) ? rule : seen.Contains(rule.Id) ? rule with { Deliver = [] } : null;

    // The rules that watch a thing that somebody sees; null where he sees all.
    private async ValueTask<IReadOnlySet<string>?> SeenAsync(Jid who, CancellationToken cancel)
    {
        if (await _sources.IsAdministratorAsync(who, cancel).ConfigureAwait(false))
        {
            return null;
        }

        var rules = new HashSet<string>(StringComparer.Ordinal);
        RuleBook book = _engine.Book;
        foreach (string thing in await _sources.SeenAsync(who, cancel).ConfigureAwait(false))
        {
            foreach (Watch watch in book.Things.TryGetValue(thing, out Watch[]? watches) ? watches : [])
            {
                rules.Add(watch.Rule.Id);
            }
        }

        return rules;
    }

    private async ValueTask<(AlertOutcome Outcome, string Text)?> RefusedAsync(Jid who, bool isAdministrator, AlertScope scope, CancellationToken cancel)
    {
        if (isAdministrator)
        {
            return null;
        }

        foreach (string thing in scope.Things)
        {
            if (!await _sources.MayAsync(who, thing, ThingRight.Maintain, cancel).ConfigureAwait(false))
            {
                return (AlertOutcome.Forbidden, $"{thing}: there is no such thing, or you do not maintain it");
            }
        }

        // A thing maintains itself, and makes no rules.
        return scope.Things.Count == 0 && (await _sources.MaintainedAsync(who, cancel).ConfigureAwait(false)).Count == 0 || await _sources.IsThingAsync(who, cancel).ConfigureAwait(false)
            ? (AlertOutcome.Forbidden, "rules and windows are for those who maintain things")
            : null;
    }

    private string? WrongDelivery(AlertRule rule)
    {
        foreach (DeliveryTarget target in rule.Deliver)
        {
            if (target.Channel == DeliveryChannel.Mail && _options.Mail.Host.Length == 0)
            {
                return "the hub sends no mails (settings Alerts:Mail)";
            }

            if (target.Channel == DeliveryChannel.Webhook && (!_options.Webhooks.Enabled || (!target.Address.StartsWith("https:", StringComparison.Ordinal) && !_options.Webhooks.AllowPlain)))
            {
                return "the hub calls no webhooks, or none by plain HTTP (settings Alerts:Webhooks)";
            }
        }

        return null;
    }
}
