using System.Collections.Frozen;
using IotXmpp.Hub.Features.Registry;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Keeps what the engine watches in step with rules, windows, silences, things and rights.</summary>
internal sealed class WatchKeeper(AlertSources sources, AlertStore store, RuleStore rules, AlertsOptions options, TimeProvider time, ILogger log)
{
    /// <summary>Everything is looked through again after so long, whatever was told.</summary>
    private static readonly TimeSpan s_again = TimeSpan.FromMinutes(5);

    /// <summary>A fleet that grows is looked through so often at most.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(2);

    private RuleBook _book = RuleBook.Empty;
    private FrozenDictionary<(string Rule, string Thing, string Field), long> _silences = FrozenDictionary<(string, string, string), long>.Empty;
    private object? _fleet;
    private DateTimeOffset _made;
    private bool _isFirst = true;

    /// <summary>What is watched.</summary>
    public RuleBook Book => Volatile.Read(ref _book);

    /// <summary>What waits for time.</summary>
    public TimerWheel Wheel { get; } = new();

    /// <summary>Reads the history for what is new.</summary>
    public ThingReplay Replay { get; } = new(sources, store);

    /// <summary>Whether rights have changed since all was looked through last.</summary>
    public bool IsStale { get; set; }

    /// <summary>Whether other things or rights are there than when all was looked through last.</summary>
    public async ValueTask<bool> IsOtherFleetAsync(CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        return now - _made >= s_again || (now - _made >= s_pause && (IsStale || !ReferenceEquals(_fleet, await sources.ThingsAsync(cancel).ConfigureAwait(false))));
    }

    /// <summary>Takes over rules, windows, silences and things as they are now.</summary>
    /// <returns>What is watched from now on and has to be told what the history has; and what is over because it is watched no more.</returns>
    public async ValueTask<(List<Watch> Added, List<AlertStep> Over)> RefreshAsync(CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        IsStale = false; // what changes from here on is looked at the next time
        // When all was judged is read before anything is judged.
        long anchor = _isFirst && await store.JudgedAsync(cancel).ConfigureAwait(false) is { } judged ? judged : now.ToUnixTimeMilliseconds();
        List<AlertRule> all = await rules.RulesAsync(cancel).ConfigureAwait(false);
        List<MaintenanceWindow> windows = await rules.WindowsAsync(cancel).ConfigureAwait(false);
        object fleet = await sources.ThingsAsync(cancel).ConfigureAwait(false);
        (RuleBook book, List<Watch> added, List<Watch> gone, int tooMany) = await RuleBook.MakeAsync(Book, all, windows, sources, options.MaxWatched, cancel).ConfigureAwait(false);
        _silences = (await store.SilencesAsync(now.ToUnixTimeMilliseconds(), cancel).ConfigureAwait(false)).ToFrozenDictionary(s => (s.Rule, s.Thing, s.Field), s => s.Until);
        if (tooMany > 0)
        {
            AlertsLog.TooMany(log, tooMany, options.MaxWatched);
        }

        var over = new List<AlertStep>();
        if (_isFirst || added.Count > 0 || gone.Count > 0)
        {
            Dictionary<(string, string), Alert> open = (await store.OpenAsync(cancel).ConfigureAwait(false)).ToDictionary(a => (a.Rule, a.Thing));
            foreach (Alert alert in open.Values)
            {
                Watch? watch = book.Things.TryGetValue(alert.Thing, out Watch[]? watches) ? Array.Find(watches, w => w.Rule.Id == alert.Rule) : null;
                bool isRuleGone = watch is null ? !all.Exists(r => r.Id == alert.Rule && r.IsEnabled) : watch.Rule.Condition.Field != alert.Field || gone.Exists(g => g.Rule.Id == alert.Rule && g.Thing.Id == alert.Thing);
                if (watch is null || isRuleGone)
                {
                    over.Add(Held(new AlertStep(alert.Rule, alert.Thing, alert.Field, new RuleStep(false, now.ToUnixTimeMilliseconds(), string.Empty)) { ClearReason = isRuleGone ? "rule" : "thing" }, now));
                    open.Remove((alert.Rule, alert.Thing));
                }
            }

            Dictionary<(string, string), long> cleared = added.Count > 0 ? await store.LastClearedAsync(anchor - (long)added.Max(w => w.Rule.Condition.Memory).TotalMilliseconds, cancel).ConfigureAwait(false) : [];
            foreach (Watch watch in added)
            {
                var key = (watch.Rule.Id, watch.Thing.Id);
                long from = anchor - (long)watch.Rule.Condition.Memory.TotalMilliseconds;
                if (open.TryGetValue(key, out Alert? alert))
                {
                    watch.Evaluator.Restore(alert.Raised.ToUnixTimeMilliseconds());
                    from = Math.Max(from, alert.Raised.ToUnixTimeMilliseconds() + 1);
                }
                else if (cleared.TryGetValue(key, out long last) && watch.Rule.Changed.ToUnixTimeMilliseconds() <= last)
                {
                    from = Math.Max(from, last + 1);
                }

                watch.From = watch.Rule.Condition is FlappingCondition ? anchor - (long)watch.Rule.Condition.Memory.TotalMilliseconds : from;
                watch.Evaluator.Begin(Math.Max(watch.Rule.Changed.ToUnixTimeMilliseconds(), watch.Thing.Registered.ToUnixTimeMilliseconds()));
            }
        }

        Volatile.Write(ref _book, book);
        (_fleet, _made, _isFirst) = (fleet, now, false);
        return (added, over);
    }

    /// <summary>What a step of an evaluator means for people.</summary>
    public AlertStep StepOf(Watch watch, RuleStep step, string unit)
    {
        AlertRule rule = watch.Rule;
        Thing thing = watch.Thing;
        var alert = new AlertStep(rule.Id, thing.Id, rule.Condition.Field, step);
        if (step.IsRaised)
        {
            unit = unit.Length > 0 || rule.Condition.Field.Length == 0 ? unit : sources.History?.Find(thing.Id, rule.Condition.Field)?.Unit ?? string.Empty;
            alert = alert with
            {
                RuleName = rule.Name,
                Severity = rule.Severity,
                Text = AlertText.Fill(rule, thing.Id, thing.Name, step.Value, unit, DateTimeOffset.FromUnixTimeMilliseconds(step.At)),
                Targets = [.. rule.Deliver.Select(d => TargetOf(d, thing)).OfType<DeliveryTarget>().DistinctBy(d => (d.Channel, d.Address))],
            };
        }

        return Held(alert, time.GetUtcNow());
    }

    /// <summary>Until when nobody is told, milliseconds since 1970, and the window that says so (empty: a silence); null: now.</summary>
    public (long Until, string Window)? HeldUntil(string rule, string thing, string field, DateTimeOffset now)
    {
        (long Until, string Window)? held = Book.OpenWindow(thing, now) is { } window ? (window.Until.ToUnixTimeMilliseconds(), window.Window) : null;
        return _silences.TryGetValue((rule, thing, field), out long until) && until > now.ToUnixTimeMilliseconds() && !(held?.Until >= until) ? (until, held?.Window ?? string.Empty) : held;
    }

    private static DeliveryTarget? TargetOf(DeliveryTarget target, Thing thing) =>
        target is not { Channel: DeliveryChannel.Xmpp, Address: DeliveryTarget.OwnerAddress } ? target : thing is { Owner: { } owner, IsSelfOwned: false } ? target with { Address = owner.Bare.ToString() } : null;

    private AlertStep Held(AlertStep step, DateTimeOffset now) =>
        HeldUntil(step.Rule, step.Thing, step.Field, now) is { } held ? step with { HeldUntil = held.Until, Window = held.Window } : step;
}
