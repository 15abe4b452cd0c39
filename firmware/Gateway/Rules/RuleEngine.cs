using IotXmpp.Things;

namespace IotXmpp.Gateway;

/// <summary>
/// Keeps rules going without the hub: looks at each sample of the gateway's own thing and of those behind it, and acts when a condition begins or ends to hold. A rule that
/// changes its mind too often (two rules that undo each other, say) is paused; an action that failed is tried again while its rule stands. Called under one lock.
/// </summary>
/// <param name="target">What is seen and moved.</param>
/// <param name="time">The clock.</param>
public sealed class RuleEngine(IRuleTarget target, TimeProvider time)
{
    /// <summary>Changes of one rule in <see cref="Window"/> at most. Default 20; then it is paused for as long.</summary>
    public const int MaxChanges = 20;

    /// <summary>Values that are remembered at most. Default 1,024: those that rules name.</summary>
    private const int MaxValues = 1024;

    /// <summary>See <see cref="MaxChanges"/>.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    /// <summary>How long until an action that failed is tried again. Default 15 s.</summary>
    public static readonly TimeSpan Retry = TimeSpan.FromSeconds(15);

    private readonly Dictionary<RuleReference, string> _values = [];
    private List<State> _rules = [];

    /// <summary>The rules.</summary>
    public IReadOnlyList<Rule> Rules => [.. _rules.Select(r => r.Rule)];

    /// <summary>Takes other rules. Those that stay as they are keep their state.</summary>
    public void Use(IReadOnlyList<Rule> rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        List<State> before = _rules;
        _rules = [.. rules.Select(rule => before.Find(s => Same(s.Rule, rule)) ?? new State(rule))];
        Evaluate(null);
    }

    /// <summary>Something was measured.</summary>
    /// <param name="thing">By whom; "" is the gateway's own.</param>
    /// <param name="sample">What.</param>
    public void Sampled(string thing, Sample sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        var changed = new HashSet<RuleReference>();
        for (int i = 0; i < sample.Count; i++)
        {
            var reference = new RuleReference(thing, sample.Name(i));
            if (_rules.Exists(r => r.Rule.Tests.Any(t => t.What == reference)) && (_values.Count < MaxValues || _values.ContainsKey(reference)))
            {
                _values[reference] = sample.Value(i);
                changed.Add(reference);
            }
        }

        if (changed.Count > 0)
        {
            Evaluate(changed);
        }
    }

    /// <summary>Time has passed: conditions that must hold for a while, and actions to be tried again.</summary>
    public void Step()
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach (State state in _rules)
        {
            if (state.Since is { } since && state.Active != true && now - since >= state.Rule.For)
            {
                Change(state, true);
            }

            if (state.RetryAt is { } at && now >= at)
            {
                state.RetryAt = null;
                Act(state);
            }
        }
    }

    private static bool Same(Rule a, Rule b) => a.Name == b.Name && a.Any == b.Any && a.For == b.For && a.Tests.SequenceEqual(b.Tests) && a.Then.SequenceEqual(b.Then) && a.Else.SequenceEqual(b.Else);

    private void Evaluate(HashSet<RuleReference>? changed)
    {
        foreach (State state in _rules.Where(s => changed is null || s.Rule.Tests.Any(t => changed.Contains(t.What))).ToList())
        {
            IReadOnlyList<RuleTest> tests = state.Rule.Tests;
            int known = 0;
            int holding = 0;
            for (int i = 0; i < tests.Count; i++)
            {
                if (_values.TryGetValue(tests[i].What, out string? value))
                {
                    known++;
                    state.Held[i] = tests[i].Holds(value, state.Held[i]);
                    holding += state.Held[i] ? 1 : 0;
                }
            }

            // What has not been measured yet decides nothing.
            bool holds = state.Rule.Any ? holding > 0 : holding == tests.Count;
            if (!holds && known < tests.Count)
            {
                continue;
            }

            if (!holds)
            {
                state.Since = null;
                Change(state, false);
                continue;
            }

            state.Since ??= time.GetUtcNow();
            if (time.GetUtcNow() - state.Since >= state.Rule.For)
            {
                Change(state, true);
            }
        }
    }

    private void Change(State state, bool active)
    {
        if (state.Active == active)
        {
            return;
        }

        DateTimeOffset now = time.GetUtcNow();
        while (state.Changes.TryPeek(out DateTimeOffset first) && now - first >= Window)
        {
            state.Changes.Dequeue();
        }

        if (state.Changes.Count >= MaxChanges)
        {
            if (!state.Paused)
            {
                state.Paused = true;
                target.Tell(state.Rule.Name, state.Active == true, $"paused: it changed {MaxChanges} times in {Window.TotalSeconds} s");
            }

            return;
        }

        state.Paused = false;
        state.Changes.Enqueue(now);
        state.Active = active;
        state.RetryAt = null;
        Act(state);
    }

    private void Act(State state)
    {
        bool active = state.Active == true;
        int turn = ++state.Turn;
        foreach (RuleAction action in active ? state.Rule.Then : state.Rule.Else)
        {
            target.Set(action.What.Thing, action.What.Name, action.Value, error =>
            {
                target.Tell(state.Rule.Name, active, $"{action} {(error is null ? "done" : "failed: " + error)}");
                if (error is not null && state.Turn == turn)
                {
                    state.RetryAt = time.GetUtcNow() + Retry;
                }
            });
        }
    }

    private sealed class State(Rule rule)
    {
        public Rule Rule { get; } = rule;

        public bool[] Held { get; } = new bool[rule.Tests.Count];

        public bool? Active { get; set; }

        public DateTimeOffset? Since { get; set; }

        public DateTimeOffset? RetryAt { get; set; }

        public Queue<DateTimeOffset> Changes { get; } = new();

        public bool Paused { get; set; }

        public int Turn { get; set; }
    }
}
