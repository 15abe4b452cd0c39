using IotXmpp.Hub.Features.Registry;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>A time in which a rule's condition would have been true of a thing.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Raised">When it would have been raised.</param>
/// <param name="Cleared">When it would have been over; null where it still is not at the end of the span.</param>
/// <param name="Value">The value that would have raised it.</param>
/// <param name="Text">What people would have been told.</param>
public sealed record TestedAlert(string Thing, DateTimeOffset Raised, DateTimeOffset? Cleared, string Value, string Text);

/// <summary>What a rule would have done.</summary>
/// <param name="Alerts">The alerts, by thing and time.</param>
/// <param name="Things">Things that were looked at.</param>
/// <param name="LeftOut">Things of the rule that were not, because they are more than one test may look at.</param>
/// <param name="Observations">Samples and states that were judged.</param>
/// <param name="IsCut">Whether it ended before all was judged (<see cref="AlertsOptions.TestSamples"/>, <see cref="RuleTester.MaxAlerts"/>).</param>
public sealed record RuleTestResult(IReadOnlyList<TestedAlert> Alerts, int Things, int LeftOut, long Observations, bool IsCut);

/// <summary>Runs a rule over what the history has, with the evaluators of the live engine and without any effect.</summary>
internal sealed class RuleTester(AlertSources sources, ThingReplay replay, AlertsOptions options)
{
    /// <summary>Alerts that one test tells: 1,000; a rule that raises more is no good.</summary>
    public const int MaxAlerts = 1_000;

    /// <summary>Runs it.</summary>
    /// <param name="rule">The rule.</param>
    /// <param name="things">The things.</param>
    /// <param name="from">From when.</param>
    /// <param name="to">Until when; not in the future.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<RuleTestResult> RunAsync(AlertRule rule, IReadOnlyList<Thing> things, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel)
    {
        var alerts = new List<TestedAlert>();
        var steps = new List<RuleStep>();
        (long observations, int looked) = (0, 0);
        (long first, long last) = ((from - rule.Condition.Memory).ToUnixTimeMilliseconds(), to.ToUnixTimeMilliseconds());
        bool isCut = false;
        foreach (Thing thing in things.Take(options.TestThings))
        {
            if (isCut)
            {
                break;
            }

            looked++;
            RuleEvaluator evaluator = RuleEvaluator.Of(rule.Condition);
            evaluator.Begin(first);
            int begin = alerts.Count;
            await foreach (Observation seen in replay.ReadAsync(rule.Condition, thing.Id, first, last, cancel).ConfigureAwait(false))
            {
                seen.To(evaluator, steps);
                Take();
                observations++;
                if (observations >= options.TestSamples || alerts.Count >= MaxAlerts)
                {
                    isCut = true;
                    break;
                }
            }

            if (!isCut)
            {
                evaluator.Tick(last, steps);
                Take();
            }

            // What was over before the span was only needed to know how it began.
            alerts.RemoveAll(a => a.Cleared < from);

            void Take()
            {
                foreach (RuleStep step in steps)
                {
                    DateTimeOffset at = DateTimeOffset.FromUnixTimeMilliseconds(step.At);
                    if (step.IsRaised)
                    {
                        string unit = rule.Condition.Field.Length > 0 ? sources.History?.Find(thing.Id, rule.Condition.Field)?.Unit ?? string.Empty : string.Empty;
                        alerts.Add(new TestedAlert(thing.Id, at, null, step.Value, AlertText.Fill(rule, thing.Id, thing.Name, step.Value, unit, at)));
                    }
                    else if (alerts.Count > begin)
                    {
                        alerts[^1] = alerts[^1] with { Cleared = at };
                    }
                }

                steps.Clear();
            }
        }

        return new RuleTestResult(alerts, looked, things.Count - looked, observations, isCut);
    }
}
