using System.Collections.Frozen;
using System.Collections.Immutable;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Which rules watch which things, and which windows are of which: as everything was when it was made. Immutable but for what the watches hold.</summary>
internal sealed class RuleBook
{
    public static RuleBook Empty { get; } = new([], [], FrozenDictionary<string, Watch[]>.Empty, []);

    private RuleBook(IReadOnlyList<AlertRule> rules, IReadOnlyList<MaintenanceWindow> windows, FrozenDictionary<string, Watch[]> things, IReadOnlyList<(MaintenanceWindow, FrozenSet<string>)> scopes)
    {
        Rules = rules;
        Windows = windows;
        Things = things;
        Scopes = scopes;
    }

    /// <summary>All rules, those that are off too.</summary>
    public IReadOnlyList<AlertRule> Rules { get; }

    /// <summary>All windows.</summary>
    public IReadOnlyList<MaintenanceWindow> Windows { get; }

    /// <summary>What watches a thing; things that nothing watches are not there.</summary>
    public FrozenDictionary<string, Watch[]> Things { get; }

    /// <summary>The things of each window.</summary>
    public IReadOnlyList<(MaintenanceWindow Window, FrozenSet<string> Things)> Scopes { get; }

    /// <summary>The things that a scope means for an author: of these only those that he maintains.</summary>
    public static async ValueTask<List<Thing>> ThingsOfAsync(AlertScope scope, Jid author, AlertSources sources, Dictionary<Jid, IReadOnlyList<string>>? known, CancellationToken cancel)
    {
        ImmutableSortedDictionary<string, Thing> all = await sources.ThingsAsync(cancel).ConfigureAwait(false);
        var found = new List<Thing>();
        if (scope.Kind == ScopeKind.Things && known is null)
        {
            foreach (string id in scope.Things)
            {
                if (all.TryGetValue(id, out Thing? thing) && await sources.MayAsync(author, id, ThingRight.Maintain, cancel).ConfigureAwait(false))
                {
                    found.Add(thing);
                }
            }

            return found;
        }

        IReadOnlyList<string>? maintained = null;
        if (known?.TryGetValue(author, out maintained) != true)
        {
            maintained = await sources.MaintainedAsync(author, cancel).ConfigureAwait(false);
            known?.Add(author, maintained);
        }

        IReadOnlySet<string> members = scope.Kind == ScopeKind.Group ? await sources.GroupAsync(scope.Name, cancel).ConfigureAwait(false) : FrozenSet<string>.Empty;
        foreach (string id in maintained!)
        {
            if (all.TryGetValue(id, out Thing? thing) && scope.Has(thing, _ => members))
            {
                found.Add(thing);
            }
        }

        return found;
    }

    /// <summary>Makes the book of the rules as they are; what is watched already goes on as it is.</summary>
    /// <param name="before">The book so far.</param>
    /// <param name="rules">All rules.</param>
    /// <param name="windows">All windows.</param>
    /// <param name="sources">The things, and who may what.</param>
    /// <param name="most">Pairs of rule and thing, at most.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The book, what is new in it, what is gone from it, and how many pairs were too many.</returns>
    public static async ValueTask<(RuleBook Book, List<Watch> New, List<Watch> Gone, int TooMany)> MakeAsync(
        RuleBook before, IReadOnlyList<AlertRule> rules, IReadOnlyList<MaintenanceWindow> windows, AlertSources sources, int most, CancellationToken cancel)
    {
        var known = new Dictionary<Jid, IReadOnlyList<string>>();
        var things = new Dictionary<string, List<Watch>>(StringComparer.Ordinal);
        var old = new Dictionary<(string Rule, string Thing), Watch>();
        foreach (Watch watch in before.Things.Values.SelectMany(w => w))
        {
            old.Add((watch.Rule.Id, watch.Thing.Id), watch);
        }

        var added = new List<Watch>();
        (int count, int tooMany) = (0, 0);
        foreach (AlertRule rule in rules.Where(r => r.IsEnabled).OrderBy(r => r.Changed))
        {
            foreach (Thing thing in await ThingsOfAsync(rule.Scope, rule.Author, sources, known, cancel).ConfigureAwait(false))
            {
                if (count == most)
                {
                    tooMany++;
                    continue;
                }

                count++;
                if (old.TryGetValue((rule.Id, thing.Id), out Watch? watch) && watch.Rule.Condition.Equals(rule.Condition))
                {
                    old.Remove((rule.Id, thing.Id));
                    (watch.Rule, watch.Thing) = (rule, thing);
                }
                else
                {
                    watch = new Watch(rule, thing, RuleEvaluator.Of(rule.Condition));
                    added.Add(watch);
                }

                if (!things.TryGetValue(thing.Id, out List<Watch>? list))
                {
                    things.Add(thing.Id, list = []);
                }

                list.Add(watch);
            }
        }

        var scopes = new List<(MaintenanceWindow, FrozenSet<string>)>();
        foreach (MaintenanceWindow window in windows)
        {
            scopes.Add((window, (await ThingsOfAsync(window.Scope, window.Author, sources, known, cancel).ConfigureAwait(false)).Select(t => t.Id).ToFrozenSet(StringComparer.Ordinal)));
        }

        foreach (Watch gone in old.Values)
        {
            gone.IsGone = true;
        }

        var book = new RuleBook(rules, windows, things.ToFrozenDictionary(t => t.Key, t => t.Value.ToArray(), StringComparer.Ordinal), scopes);
        return (book, added, [.. old.Values], tooMany);
    }

    /// <summary>The window that keeps people from being told of a thing, and its end; of several the one that ends last. Null where none is open.</summary>
    public (string Window, DateTimeOffset Until)? OpenWindow(string thing, DateTimeOffset now)
    {
        (string, DateTimeOffset)? open = null;
        foreach ((MaintenanceWindow window, FrozenSet<string> things) in Scopes)
        {
            if (things.Contains(thing) && window.OpenUntil(now) is { } until && (open is null || until > open.Value.Item2))
            {
                open = (window.Id, until);
            }
        }

        return open;
    }
}
