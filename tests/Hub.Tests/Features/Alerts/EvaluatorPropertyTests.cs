using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Alerts;

/// <summary>What holds for every condition whatever comes: gaps, late data, NaN, states out of order, a restart in the middle.</summary>
public sealed class EvaluatorPropertyTests
{
    private const int Runs = 400;

    private static readonly AlertCondition[] s_conditions =
    [
        new ThresholdCondition("x", Comparison.Above, 5, 0, null, 2, TimeSpan.Zero, TimeSpan.Zero),
        new ThresholdCondition("x", Comparison.Above, 5, 0, null, 2, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(4)),
        new ThresholdCondition("x", Comparison.Outside, 2, 8, null, 1, TimeSpan.FromSeconds(3), TimeSpan.Zero),
        new ThresholdCondition("x", Comparison.Equal, 4, 0, null, 0, TimeSpan.Zero, TimeSpan.FromSeconds(5)),
        new RateCondition("x", 6, TimeSpan.FromSeconds(20), RateDirection.Any),
        new NoDataCondition("", TimeSpan.FromSeconds(9)),
        new OfflineCondition(OfflineCondition.Lost, TimeSpan.FromSeconds(5), false),
        new FlappingCondition(3, TimeSpan.FromSeconds(30)),
        new BatteryCondition(5, 2),
        new FirmwareCondition("1.5"),
    ];

    public static TheoryData<int> Conditions => [.. Enumerable.Range(0, s_conditions.Length)];

    [Theory]
    [MemberData(nameof(Conditions))]
    public void Alerts_begin_and_end_in_turn_and_time_never_goes_back(int condition)
    {
        for (int seed = 0; seed < Runs; seed++)
        {
            RuleEvaluator evaluator = RuleEvaluator.Of(s_conditions[condition]);
            evaluator.Begin(Event.Start);
            var steps = new List<RuleStep>();
            foreach (Event one in Event.Some(seed, 120, isLate: true))
            {
                one.To(evaluator, steps);
                Assert.Equal(evaluator.IsRaised, steps.Count > 0 && steps[^1].IsRaised);
            }

            for (int i = 0; i < steps.Count; i++)
            {
                Assert.True(steps[i].IsRaised == (i % 2 == 0), $"seed {seed}: step {i}");
                Assert.True(i == 0 || steps[i].At >= steps[i - 1].At, $"seed {seed}: step {i} is before the one before");
            }
        }
    }

    /// <summary>The live engine is told each second that time goes on, the test over history never: what comes in time is judged alike.</summary>
    [Theory]
    [MemberData(nameof(Conditions))]
    public void That_time_goes_on_may_be_told_often_or_seldom(int condition)
    {
        for (int seed = 0; seed < Runs; seed++)
        {
            Event[] events = [.. Event.Some(seed, 80, isLate: false)];
            RuleEvaluator often = RuleEvaluator.Of(s_conditions[condition]);
            RuleEvaluator seldom = RuleEvaluator.Of(s_conditions[condition]);
            often.Begin(Event.Start);
            seldom.Begin(Event.Start);
            var one = new List<RuleStep>();
            var two = new List<RuleStep>();
            long now = Event.Start;
            foreach (Event told in events)
            {
                for (; now < told.At; now += 250)
                {
                    often.Tick(now, one);
                }

                told.To(often, one);
                told.To(seldom, two);
            }

            often.Tick(now + 100_000, one);
            seldom.Tick(now + 100_000, two);
            Assert.True(one.SequenceEqual(two), $"seed {seed}: {string.Join(' ', one)} is not {string.Join(' ', two)}");
        }
    }

    /// <summary>A batch that comes as a whole after a time away is judged as if it had come sample by sample.</summary>
    [Theory]
    [MemberData(nameof(Conditions))]
    public void The_same_twice_changes_nothing(int condition)
    {
        for (int seed = 0; seed < Runs; seed++)
        {
            RuleEvaluator once = RuleEvaluator.Of(s_conditions[condition]);
            RuleEvaluator twice = RuleEvaluator.Of(s_conditions[condition]);
            once.Begin(Event.Start);
            twice.Begin(Event.Start);
            var one = new List<RuleStep>();
            var two = new List<RuleStep>();
            foreach (Event told in Event.Some(seed, 80, isLate: false))
            {
                told.To(once, one);
                told.To(twice, two);
                told.To(twice, two);
            }

            Assert.Equal(one, two);
        }
    }

    /// <summary>After a restart an evaluator that knows only that it was raised, and is told the time of its memory again, ends as one that never stopped.</summary>
    [Theory]
    [MemberData(nameof(Conditions))]
    public void A_restart_in_the_middle_neither_raises_twice_nor_misses_the_end(int condition)
    {
        AlertCondition rule = s_conditions[condition];
        for (int seed = 0; seed < Runs; seed++)
        {
            Event[] events = [.. Event.Some(seed, 80, isLate: false)];
            RuleEvaluator whole = RuleEvaluator.Of(rule);
            whole.Begin(Event.Start);
            var all = new List<RuleStep>();
            int stop = 40 + (seed % 20);
            RuleEvaluator again = RuleEvaluator.Of(rule);
            var later = new List<RuleStep>();
            for (int i = 0; i < events.Length; i++)
            {
                whole.Tick(events[i].At, all);
                events[i].To(whole, all);
                if (i == stop)
                {
                    long stopped = events[i].At;
                    long from = stopped - (long)rule.Memory.TotalMilliseconds;
                    if (whole.IsRaised)
                    {
                        again.Restore(all[^1].At);
                        from = rule is FlappingCondition ? from : Math.Max(from, all[^1].At + 1);
                    }
                    else if (all.Count > 0)
                    {
                        from = rule is FlappingCondition ? from : Math.Max(from, all[^1].At + 1);
                    }

                    again.Begin(Event.Start);
                    Event? latest = events.Take(i + 1).Where(e => e.Kind == 0).Cast<Event?>().LastOrDefault();
                    if (latest is { } last && last.At < from && last.At > again.LastSample)
                    {
                        last.To(again, later);
                    }

                    foreach (Event seen in events.Take(i + 1).Where(e => e.At >= from || (rule is NoDataCondition && e.Kind == 1)))
                    {
                        seen.To(again, later);
                    }

                    foreach (Event seen in events.Take(i + 1).Where(e => e.Kind != 0).GroupBy(e => e.Kind).Select(g => g.Last()))
                    {
                        seen.To(again, later);
                    }

                    again.Tick(stopped, later);
                }
                else if (i > stop)
                {
                    again.Tick(events[i].At, later);
                    events[i].To(again, later);
                }
            }

            Assert.True(whole.IsRaised == again.IsRaised || rule is RateCondition or ThresholdCondition { Hysteresis: > 0 }, $"seed {seed}");
            Assert.True(later.Count == 0 || later.Zip(later.Skip(1)).All(p => p.First.IsRaised != p.Second.IsRaised), $"seed {seed}");
        }
    }

    /// <summary>A sample, a state or a status at a time.</summary>
    private readonly record struct Event(long At, int Kind, double Number, LivenessState State, string Reason)
    {
        public const long Start = 1_763_640_000_000;

        public static IEnumerable<Event> Some(int seed, int count, bool isLate)
        {
            var random = new Random(seed);
            long at = Start;
            for (int i = 0; i < count; i++)
            {
                at += random.Next(20) == 0 ? random.Next(60_000) : random.Next(1, 4_000);
                long time = isLate && random.Next(5) == 0 ? at - random.Next(20_000) : at;
                double number = random.Next(25) == 0 ? (random.Next(2) == 0 ? double.NaN : double.PositiveInfinity) : Math.Round(random.NextDouble() * 10, 1);
                var state = (LivenessState)random.Next(5);
                yield return new Event(time, random.Next(4) switch { 0 => 1, 1 => 2, _ => 0 }, number, state, state == LivenessState.Offline ? (random.Next(2) == 0 ? "connection-lost" : "shutdown") : "");
            }
        }

        public void To(RuleEvaluator evaluator, List<RuleStep> into)
        {
            switch (Kind)
            {
                case 0:
                    evaluator.Sample(At, new FieldValue(SeriesKind.Number, Number), into);
                    break;
                case 1:
                    evaluator.Liveness(At, State, Reason, State is LivenessState.Sleeping or LivenessState.Overdue ? At + 3_000 : null, into);
                    break;
                default:
                    evaluator.Status(At, double.IsFinite(Number) ? (int)Number : null, double.IsFinite(Number) ? $"1.{(int)Number}" : "odd", into);
                    break;
            }
        }
    }
}
