using IotXmpp.Gateway;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Things.Tests.Gateway;

public sealed class RuleTests : IRuleTarget
{
    private readonly ManualTime _time = new();
    private readonly List<string> _set = [];
    private readonly List<string> _told = [];
    private string? _error;

    void IRuleTarget.Set(string thing, string parameter, string value, Action<string?> done)
    {
        _set.Add($"{(thing.Length > 0 ? thing + "." : "")}{parameter}={value}");
        done(_error);
    }

    void IRuleTarget.Tell(string rule, bool active, string outcome) => _told.Add($"{rule} {active} {outcome}");

    private RuleEngine Engine(string rules)
    {
        var engine = new RuleEngine(this, _time);
        engine.Use(Rule.ParseAll(rules));
        return engine;
    }

    private static Sample With(params (string Name, double Value)[] fields)
    {
        var sample = new Sample();
        sample.Clear(0);
        foreach ((string name, double value) in fields)
        {
            sample.AddNumeric(name, "", (long)(value * 10), 1);
        }

        return sample;
    }

    [Fact]
    public void The_rule_of_the_manual()
    {
        RuleEngine engine = Engine("if temperature > 30 then fan on");
        engine.Sampled("", With(("temperature", 30)));
        Assert.Empty(_set);
        engine.Sampled("", With(("temperature", 30.1)));
        engine.Sampled("", With(("temperature", 31)));
        Assert.Equal(["fan=true"], _set);
        Assert.Equal(["rule-1 True fan=true done"], _told);
    }

    [Fact]
    public void Hysteresis_keeps_it_until_the_value_has_come_back()
    {
        RuleEngine engine = Engine("cool: if node-1.temperature > 30 hysteresis 2 then node-2.fan on, led off else node-2.fan off");
        foreach (double value in (double[])[29, 31, 29, 28.1, 28, 29, 30.5])
        {
            engine.Sampled("node-1", With(("temperature", value)));
        }

        Assert.Equal(["node-2.fan=false", "node-2.fan=true", "led=false", "node-2.fan=false", "node-2.fan=true", "led=false"], _set);
    }

    [Fact]
    public void For_a_time_means_all_of_it()
    {
        RuleEngine engine = Engine("if temperature > 30 for 2m then fan on");
        engine.Sampled("", With(("temperature", 31)));
        _time.Advance(TimeSpan.FromSeconds(119));
        engine.Step();
        engine.Sampled("", With(("temperature", 29)));
        engine.Sampled("", With(("temperature", 31)));
        _time.Advance(TimeSpan.FromSeconds(119));
        engine.Step();
        Assert.Empty(_set);
        _time.Advance(TimeSpan.FromSeconds(1));
        engine.Step();
        Assert.Equal(["fan=true"], _set);
    }

    [Fact]
    public void And_needs_all_or_needs_one_and_what_is_unknown_decides_nothing()
    {
        RuleEngine both = Engine("if a > 1 and b > 1 then x on else x off");
        both.Sampled("", With(("a", 2)));
        Assert.Empty(_set);
        both.Sampled("", With(("b", 2)));
        both.Sampled("", With(("b", 0)));
        Assert.Equal(["x=true", "x=false"], _set);
        _set.Clear();
        RuleEngine one = Engine("if a > 1 or b > 1 then x on else x off");
        one.Sampled("", With(("a", 0)));
        Assert.Empty(_set);
        one.Sampled("", With(("a", 2)));
        Assert.Equal(["x=true"], _set);
    }

    [Fact]
    public void A_loop_is_paused_and_goes_on_later()
    {
        RuleEngine engine = Engine("if x = on then x off else x on");
        for (int i = 0; i < 100; i++)
        {
            var sample = new Sample();
            sample.Clear(i);
            sample.AddBoolean("x", i % 2 == 0);
            engine.Sampled("", sample);
        }

        Assert.Equal(RuleEngine.MaxChanges, _set.Count);
        Assert.Contains("paused", Assert.Single(_told, t => t.Contains("paused", StringComparison.Ordinal)), StringComparison.Ordinal);
        _time.Advance(RuleEngine.Window);
        var last = new Sample();
        last.AddBoolean("x", true);
        engine.Sampled("", last);
        Assert.Equal(RuleEngine.MaxChanges + 1, _set.Count);
    }

    [Fact]
    public void An_action_that_failed_is_tried_again_while_its_rule_stands()
    {
        RuleEngine engine = Engine("if t > 1 then node-1.fan on");
        _error = "node-1 is offline";
        engine.Sampled("", With(("t", 2)));
        Assert.Equal(["rule-1 True node-1.fan=true failed: node-1 is offline"], _told);
        _error = null;
        _time.Advance(RuleEngine.Retry);
        engine.Step();
        _time.Advance(RuleEngine.Retry);
        engine.Step();
        Assert.Equal(["node-1.fan=true", "node-1.fan=true"], _set);
    }

    [Theory]
    [InlineData("when t > 1 then x on", "\"if\" is missing")]
    [InlineData("if > 1 then x on", "a field, such as temperature")]
    [InlineData("if t 1 then x on", "one of > >= < <= = !=, not \"1\"")]
    [InlineData("if t > warm then x on", "\"warm\" is no number")]
    [InlineData("if t > 1 x on", "\"then\" is missing before \"x\"")]
    [InlineData("if t > 1 then x", "behind x a value is missing")]
    [InlineData("if t > 1 then", "a parameter, such as fan")]
    [InlineData("if t > 1 for soon then x on", "such as 30s, 5m or 1h")]
    [InlineData("if t > 1 hysteresis x then x on", "hysteresis is a number")]
    [InlineData("if t > 1 and u > 1 or v > 1 then x on", "make two rules")]
    [InlineData("if t = \"a then x on", "its second \" is missing")]
    [InlineData("if t > 1 then x on y", "\"y\" is too much")]
    [InlineData("a b: if t > 1 then x on", "\"if\" is missing")]
    [InlineData("if NODE.t > 1 then x on", "\"NODE.t\" is not a field")]
    [InlineData("a: if t > 1 then x on; a: if t > 2 then x on", "rule 2: there is a rule a already")]
    public void What_is_wrong_is_told_in_one_line(string text, string told)
    {
        RuleException wrong = Assert.Throws<RuleException>(() => Rule.ParseAll(text));
        Assert.Contains(told, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', wrong.Message);
    }

    [Fact]
    public void Comments_and_empty_lines_are_nothing()
        => Assert.Equal(["a", "rule-2"], Rule.ParseAll("# head\n\na: if t >= 1.5 then x \"on\" # tail\n; if u is off then y = 3").Select(r => r.Name));
}
