using System.Globalization;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Alerts;

/// <summary>Each condition by an example: what is told on the left, seconds since noon, and what comes of it.</summary>
public sealed class EvaluatorTests
{
    private static readonly long s_noon = new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    /// <summary>Samples as <c>SECOND:VALUE</c>, <c>SECOND</c> alone lets time go on; steps as <c>+SECOND</c> raised, <c>-SECOND</c> over.</summary>
    [Theory]
    [InlineData("above 30", "0:29 10:31 20:32 30:29", "+10 -30")]
    [InlineData("above 30", "0:30 10:30", "")]
    [InlineData("above 30 hysteresis 2", "0:31 10:29 20:28.5 30:28", "+0 -30")]
    [InlineData("above 30 for 60", "0:31 30:32 60:33", "+60")]
    [InlineData("above 30 for 60", "0:31 30:29 60:31 100:31", "")]
    [InlineData("above 30 for 60", "0:31 59 60", "+60")] // the value holds until the next
    [InlineData("above 30 for 60", "0:31 300:20", "+60 -300")] // and held, where the next comes late
    [InlineData("above 30 for 60 hysteresis 2", "0:31 30:29 60:31 119:31", "")] // between the limits it is not above without a break
    [InlineData("above 30 clear 60", "0:31 10:20 50:31 60:20 120", "+0 -120")]
    [InlineData("above 30 clear 60 hysteresis 5", "0:31 10:20 50:28 60:20 120", "+0 -120")]
    [InlineData("below 5", "0:5 10:4.9 20:5", "+10 -20")]
    [InlineData("below 5 hysteresis 1", "0:4 10:5 20:6", "+0 -20")]
    [InlineData("outside 2 8", "0:2 10:8 20:8.1 30:8 40:1.9 50:5", "+20 -30 +40 -50")]
    [InlineData("outside 2 8 hysteresis 1", "0:9 10:7.5 20:7 30:1 40:2.5 50:3", "+0 -20 +30 -50")]
    [InlineData("equal 7", "0:6 10:7 20:7 30:8", "+10 -30")]
    [InlineData("not-equal 7", "0:6 10:7 20:8", "+0 -10 +20")]
    [InlineData("above 30", "10:31 5:20 20:31", "+10")] // late: it changes nothing any more
    [InlineData("above 30", "10:31 10:20", "+10")]
    [InlineData("above 30", "0:NaN 1:Infinity 2:-Infinity", "")]
    [InlineData("above 30", "0:31 1:NaN 2:29", "+0 -2")]
    public void A_threshold(string rule, string told, string expected) => Assert.Equal(expected, Run(Threshold(rule), told));

    [Fact]
    public void A_truth_and_an_enum_are_compared_by_what_they_are()
    {
        var open = new ThresholdCondition("door", Comparison.Equal, 1, 0, null, 0, TimeSpan.FromSeconds(600), TimeSpan.Zero);
        Assert.Equal("+600 -700", Run(open, "0:true 600 700:false"));
        var fault = new ThresholdCondition("mode", Comparison.Equal, 0, 0, "fault", 0, TimeSpan.Zero, TimeSpan.Zero);
        Assert.Equal("+10 -30", Run(fault, "0:'idle' 10:'fault' 20:3 30:'idle'"));
        Assert.Equal("+0", Run(fault with { Is = Comparison.NotEqual }, "0:'idle'"));
    }

    [Theory]
    [InlineData(RateDirection.Any, "0:10 10:14 20:16 200:16", "+20 -80")]
    [InlineData(RateDirection.Any, "0:10 10:4.9 20:5 80", "+10 -80")]
    [InlineData(RateDirection.Rise, "0:10 10:4 20:9", "+20")]
    [InlineData(RateDirection.Fall, "0:10 10:4 20:9", "+10 -20")]
    [InlineData(RateDirection.Any, "0:10 30:12 60:14 90:16 120:18", "")] // four in a minute is not five
    [InlineData(RateDirection.Any, "0:10 1:16 30:16 63:16", "+1 -63")] // what it came from has left the window
    [InlineData(RateDirection.Any, "0:'a' 1:true 2:1 3:9", "+3")]
    public void A_rate_of_five_within_a_minute(RateDirection direction, string told, string expected) => Assert.Equal(expected, Run(new RateCondition("x", 5, TimeSpan.FromSeconds(60), direction), told));

    [Theory]
    [InlineData("0:1 50:1 109 110", "+110")]
    [InlineData("0:1 60:1", "+60 -60")] // a minute to the second is too long
    [InlineData("0:1 300:1 360", "+60 -300 +360")]
    [InlineData("60", "+60")] // nothing ever
    [InlineData("0:1 10=sleeping/500 400 500=online 559 560", "+560")] // asleep as it said: missed from then on
    [InlineData("0:1 10=sleeping/500 500:1 559 560", "+560")]
    [InlineData("0:1 10=sleeping/500 600", "+560")]
    [InlineData("0:1 10=sleeping/500 100=online 159 160", "+160")] // awake before its time
    [InlineData("0:1 10=resuming 400 400=online 459 460", "+460")] // back from where it could say nothing: the whole time again
    [InlineData("0:1 10=resuming 400 400=offline", "+60")]
    [InlineData("0:1 60 70=resuming 80=online 90:1", "+60 -90")]
    public void A_minute_without_data(string told, string expected)
    {
        RuleEvaluator evaluator = RuleEvaluator.Of(new NoDataCondition("", TimeSpan.FromSeconds(60)));
        evaluator.Begin(s_noon);
        Assert.Equal(expected, Run(evaluator, told));
    }

    [Theory]
    [InlineData("connection-lost", 0, "0=online 10=offline/connection-lost 20=online", "+10 -20")]
    [InlineData("connection-lost", 60, "0=online 10=offline/connection-lost 20=online 30=offline/connection-lost 90", "+90")]
    [InlineData("connection-lost", 0, "0=offline/shutdown 10=overdue", "")]
    [InlineData("shutdown", 0, "0=offline/shutdown 10=resuming", "+0 -10")]
    [InlineData("overdue", 0, "0=sleeping/100 100=overdue 120=online", "+100 -120")]
    [InlineData("connection-lost", 0, "10=offline/connection-lost 5=online", "+10")]
    [InlineData("connection-lost", 30, "10=offline/connection-lost 10=offline/connection-lost 40", "+40")]
    public void Away_for_a_reason(string reason, int seconds, string told, string expected) => Assert.Equal(expected, Run(new OfflineCondition([reason], TimeSpan.FromSeconds(seconds), false), told));

    [Theory]
    [InlineData("0=online 10=resuming 20=online 30=resuming 40=online 50=resuming 109 110", "+50 -110")]
    [InlineData("0=online 10=resuming 20=offline/connection-lost 30=online 40=resuming 50=online", "")] // a connection that waited and was lost was interrupted once
    [InlineData("10=resuming 20=online 90=resuming 95=online 130=resuming 150=online 152=resuming", "+152")]
    [InlineData("10=resuming 10=resuming 10=resuming", "")]
    [InlineData("10=resuming 20=online 30=resuming 31=online 50=resuming 55=online 100=resuming 112", "+50 -80")]
    public void Three_interruptions_within_a_hundred_seconds(string told, string expected) => Assert.Equal(expected, Run(new FlappingCondition(3, TimeSpan.FromSeconds(expected.Contains("-110", StringComparison.Ordinal) ? 100 : 70)), told));

    [Fact]
    public void A_battery_is_low_until_it_is_well_above()
    {
        RuleEvaluator evaluator = RuleEvaluator.Of(new BatteryCondition(20, 5));
        var steps = new List<RuleStep>();
        foreach (int? percent in (int?[])[40, 20, 19, 22, null, 24, 25])
        {
            evaluator.Status(s_noon + (steps.Count * 1000), percent, "", steps);
        }

        Assert.Equal([(true, "19"), (false, "25")], steps.Select(s => (s.IsRaised, s.Value)));
    }

    [Theory]
    [InlineData("1.4.0", "1.3.9", true)]
    [InlineData("1.4.0", "1.4", false)]
    [InlineData("1.4.0", "1.10.0", false)]
    [InlineData("1.4.0", "v1.4.0-beta.2", true)]
    [InlineData("1.4.0-beta.10", "1.4.0-beta.9", true)]
    [InlineData("1.4.0-beta", "1.4.0-alpha.1", true)]
    [InlineData("1.4.0-beta", "1.4.0-beta", false)]
    [InlineData("1.4.0", "1.4.0+build7", false)]
    [InlineData("1.4.0", "", false)]
    [InlineData("1.4.0", "unknown", false)]
    [InlineData("1.4.0", "1..3", false)]
    public void A_firmware_is_older(string wanted, string has, bool isOlder)
    {
        RuleEvaluator evaluator = RuleEvaluator.Of(new FirmwareCondition(wanted));
        var steps = new List<RuleStep>();
        evaluator.Status(s_noon, null, has, steps);
        Assert.Equal(isOlder, steps.Count == 1);
    }

    [Fact]
    public void What_was_raised_before_a_restart_is_raised_still_and_ends_by_what_comes()
    {
        RuleEvaluator hot = RuleEvaluator.Of(Threshold("above 30 hysteresis 2"));
        hot.Restore(s_noon);
        Assert.Equal("-20", Run(hot, "-10:20 0:20 10:29 20:28"));
        RuleEvaluator silent = RuleEvaluator.Of(new NoDataCondition("", TimeSpan.FromSeconds(60)));
        silent.Restore(s_noon);
        silent.Begin(s_noon - 100_000);
        Assert.Equal("-10 +70", Run(silent, "-60:1 5=resuming 10:1 69 70"));
    }

    private static ThresholdCondition Threshold(string text)
    {
        string[] words = text.Split(' ');
        double Number(string word) => Array.IndexOf(words, word) is > 0 and int i ? double.Parse(words[i + 1], CultureInfo.InvariantCulture) : 0;
        Comparison comparison = words[0] == "not-equal" ? Comparison.NotEqual : Enum.Parse<Comparison>(words[0], ignoreCase: true);
        return new ThresholdCondition(
            "x", comparison, double.Parse(words[1], CultureInfo.InvariantCulture), comparison == Comparison.Outside ? double.Parse(words[2], CultureInfo.InvariantCulture) : 0, null, Number("hysteresis"),
            TimeSpan.FromSeconds(Number("for")), TimeSpan.FromSeconds(Number("clear")));
    }

    private static string Run(AlertCondition condition, string told) => Run(RuleEvaluator.Of(condition), told);

    private static string Run(RuleEvaluator evaluator, string told)
    {
        var steps = new List<RuleStep>();
        foreach (string one in told.Split(' '))
        {
            int split = one.IndexOfAny([':', '=']);
            long at = s_noon + (long)(double.Parse(split < 0 ? one : one[..split], CultureInfo.InvariantCulture) * 1000);
            string rest = split < 0 ? "" : one[(split + 1)..];
            if (split < 0)
            {
                evaluator.Tick(at, steps);
            }
            else if (one[split] == ':')
            {
                evaluator.Sample(at, rest switch
                {
                    "true" or "false" => new FieldValue(SeriesKind.Boolean, rest == "true" ? 1 : 0),
                    ['\'', ..] => new FieldValue(SeriesKind.Enum, 0, rest.Trim('\'')),
                    _ => new FieldValue(SeriesKind.Number, double.Parse(rest, CultureInfo.InvariantCulture)),
                }, steps);
            }
            else
            {
                string[] state = rest.Split('/');
                bool isSleep = state[0] == "sleeping";
                evaluator.Liveness(at, Enum.Parse<LivenessState>(state[0], ignoreCase: true), isSleep ? "" : state.ElementAtOrDefault(1) ?? "", isSleep ? s_noon + (long.Parse(state[1], CultureInfo.InvariantCulture) * 1000) : null, steps);
                evaluator.Tick(at, steps);
            }
        }

        return string.Join(' ', steps.Select(s => (s.IsRaised ? "+" : "-") + ((s.At - s_noon) / 1000.0).ToString(CultureInfo.InvariantCulture)));
    }
}
