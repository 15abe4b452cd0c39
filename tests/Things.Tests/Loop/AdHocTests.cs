using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;
using static IotXmpp.Things.Tests.Loop.ThingBench;

namespace IotXmpp.Things.Tests.Loop;

/// <summary>What any client can do to a thing by XEP-0050.</summary>
public sealed class AdHocTests
{
    private int _ids;

    private static ThingBench Online(string kind = "greenhouse")
    {
        var bench = new ThingBench(kind);
        Assert.True(bench.WaitOnline());
        return bench;
    }

    private Element Send(ThingBench bench, string node, string? action = null, string? session = null, string form = "", string from = "bob@hub.example/cli")
        => bench.Ask("set", $"a{++_ids}", $"<command xmlns='http://jabber.org/protocol/commands' node='{node}'{(action is null ? "" : $" action='{action}'")}{(session is null ? "" : $" sessionid='{session}'")}>{form}</command>", from);

    private Element Command(ThingBench bench, string node, string? action = null, string? session = null, string form = "", string from = "bob@hub.example/cli")
    {
        Element answer = Send(bench, node, action, session, form, from);
        Assert.Equal("result", answer.Attribute("type"));
        Element command = answer.Child(Ns.Commands, "command")!;
        Assert.Equal(node, command.Attribute("node"));
        Assert.False(string.IsNullOrEmpty(command.Attribute("sessionid")));
        return command;
    }

    private string Refused(ThingBench bench, string node, string? action = null, string? session = null, string form = "", string from = "bob@hub.example/cli")
    {
        Element answer = Send(bench, node, action, session, form, from);
        Assert.Equal("error", answer.Attribute("type"));
        Element error = answer.Child(Ns.Client, "error")!;
        Element[] all = [.. Enumerable.Range(0, error.ChildCount).Select(error.ChildAt)];
        return string.Join(' ', all.Where(e => e.Name != "text").Select(e => e.Name)) + (all.FirstOrDefault(e => e.Name == "text") is { } text ? ": " + text.Text : "");
    }

    private static string Submit(params (string Name, string Value)[] fields)
        => "<x xmlns='jabber:x:data' type='submit'>" + string.Concat(fields.Select(f => $"<field var='{f.Name}'><value>{f.Value}</value></field>")) + "</x>";

    private static List<Element> Children(Element element, string name) => [.. Enumerable.Range(0, element.ChildCount).Select(element.ChildAt).Where(e => e.Name == name)];

    private static List<Element> Fields(Element command) => Children(command.Child(Ns.DataForms, "x")!, "field");

    private static string Actions(Element command)
    {
        Element actions = command.Child("actions")!;
        return $"{actions.Attribute("execute")}: {string.Join(' ', Enumerable.Range(0, actions.ChildCount).Select(i => actions.ChildAt(i).Name))}";
    }

    private static string? Note(Element command, string type = "info") => Children(command, "note").FirstOrDefault(n => n.Attribute("type") == type)?.Text;

    [Fact]
    public void The_commands_are_found_by_service_discovery()
    {
        ThingBench bench = Online();
        Element info = bench.Ask("get", "d1", "<query xmlns='http://jabber.org/protocol/disco#info'/>").Child(Ns.DiscoInfo, "query")!;
        Assert.Contains(Children(info, "feature"), f => f.Attribute("var") == Ns.Commands);
        Element list = bench.Ask("get", "d2", "<query xmlns='http://jabber.org/protocol/disco#items' node='http://jabber.org/protocol/commands'/>").Child(Ns.DiscoItems, "query")!;
        Assert.Equal(["set", "read", "identify", "reboot", "sleep", "update"], Children(list, "item").Select(i => i.Attribute("node")));
        Assert.All(Children(list, "item"), i => Assert.Equal("t1@hub.example/thing", i.Attribute("jid")));
        Element node = bench.Ask("get", "d3", "<query xmlns='http://jabber.org/protocol/disco#info' node='set'/>").Child(Ns.DiscoInfo, "query")!;
        Element identity = node.Child("identity")!;
        Assert.Equal(("automation", "command-node", "Set"), (identity.Attribute("category"), identity.Attribute("type"), identity.Attribute("name")));
        Assert.Equal([Ns.Commands, Ns.DataForms], Children(node, "feature").Select(f => f.Attribute("var")));
        Element commands = bench.Ask("get", "d4", "<query xmlns='http://jabber.org/protocol/disco#info' node='http://jabber.org/protocol/commands'/>").Child(Ns.DiscoInfo, "query")!;
        Assert.Equal("command-list", commands.Child("identity")!.Attribute("type"));
        Assert.Equal("error", bench.Ask("get", "d5", "<query xmlns='http://jabber.org/protocol/disco#info' node='dance'/>").Attribute("type"));
    }

    [Fact]
    public void Set_asks_by_pages_that_go_forth_and_back_and_does_all_at_once()
    {
        ThingBench bench = Online();
        Element first = Command(bench, "set");
        string session = first.Attribute("sessionid")!;
        Assert.Equal("executing", first.Attribute("status"));
        Assert.Equal("next: next complete", Actions(first));
        Assert.Equal("Set (1/2)", first.Child(Ns.DataForms, "x")!.Child("title")!.Text);
        Assert.Equal(10, Fields(first).Count);
        Element second = Command(bench, "set", "next", session, Submit(("pump", "true"), ("windowAngle", "45")));
        Assert.Equal("complete: prev complete", Actions(second));
        Assert.Equal(2, Fields(second).Count);
        // What was filled in is still there, and nothing was done.
        Element back = Command(bench, "set", "prev", session);
        Assert.Equal("true", Fields(back).Single(f => f.Attribute("var") == "pump").ChildText("value"));
        Assert.False((bool)bench.Device.Board.Pins.Level(5));
        Command(bench, "set", null, session);
        Element done = Command(bench, "set", null, session, Submit(("sampleInterval", "5000")));
        Assert.Equal("completed", done.Attribute("status"));
        Assert.Equal("set: pump=true, windowAngle=45, sampleInterval=5000", Note(done));
        Assert.True((bool)bench.Device.Board.Pins.Level(5));
        Assert.Equal(45, bench.Device.Board.Pwm(7).ServoAngle(), 0.1);
        Assert.Equal(["bob@hub.example/cli pump=true", "bob@hub.example/cli windowAngle=45", "bob@hub.example/cli sampleInterval=5000"], bench.Controlled);
        Assert.Equal("not-allowed session-expired", Refused(bench, "set", "complete", session));
    }

    [Fact]
    public void A_form_that_comes_back_as_it_was_changes_nothing()
    {
        ThingBench bench = Online();
        Element first = Command(bench, "set");
        // As a client does it: every field of the form, those without a value empty or unticked.
        (string, string)[] same = [.. Fields(first).Select(f => (f.Attribute("var")!, f.ChildText("value") ?? (f.Attribute("type") == "boolean" ? "false" : "")))];
        Element done = Command(bench, "set", "complete", first.Attribute("sessionid"), Submit(same));
        Assert.Equal("nothing was changed: all is as it is", Note(done));
        Assert.Empty(bench.Controlled);
    }

    [Fact]
    public void A_wrong_value_is_said_and_may_be_corrected()
    {
        ThingBench bench = Online();
        string session = Command(bench, "set").Attribute("sessionid")!;
        Assert.Equal("bad-request bad-payload: windowAngle: must be from 0 to 180", Refused(bench, "set", "complete", session, Submit(("pump", "true"), ("windowAngle", "900"))));
        Assert.False((bool)bench.Device.Board.Pins.Level(5));
        Assert.Equal("bad-request bad-payload: toaster: there is no such parameter", Refused(bench, "set", "complete", Command(bench, "set").Attribute("sessionid"), Submit(("toaster", "1"))));
        Element done = Command(bench, "set", "complete", session, Submit(("windowAngle", "90.5")));
        Assert.Equal("set: pump=true, windowAngle=90.5", Note(done));
    }

    [Fact]
    public void A_form_that_is_brought_along_is_taken_at_once()
    {
        ThingBench bench = Online();
        Element done = Command(bench, "set", form: Submit(("led", "true")));
        Assert.Equal("completed", done.Attribute("status"));
        Assert.Equal(1, bench.Device.Board.Pwm(2).DutyCycle);
    }

    [Fact]
    public void A_command_that_cannot_be_done_ends_with_an_error_note()
    {
        ThingBench bench = Online();
        bench.Device.Board.UnplugPart("soil-2");
        Element done = Command(bench, "set", form: Submit(("soilCalibrate", "dry")));
        Assert.Equal("completed", done.Attribute("status"));
        Assert.Equal("soilCalibrate: the soil probe gives no reading", Note(done, "error"));
    }

    [Fact]
    public void What_a_session_is_not_is_refused_as_the_standard_says()
    {
        ThingBench bench = Online();
        string session = Command(bench, "set").Attribute("sessionid")!;
        Assert.Equal("item-not-found", Refused(bench, "dance"));
        Assert.Equal("bad-request malformed-action", Refused(bench, "set", "jump"));
        Assert.Equal("bad-request bad-action", Refused(bench, "set", "next"));
        Assert.Equal("bad-request bad-action", Refused(bench, "set", "prev", session));
        Assert.Equal("bad-request bad-sessionid", Refused(bench, "set", "next", "other"));
        // A session is between two; another one, or another command, has none.
        Assert.StartsWith("not-allowed", Refused(bench, "set", "next", session, from: "eve@hub.example/cli"), StringComparison.Ordinal);
        Assert.StartsWith("not-allowed", Refused(bench, "sleep", "complete", session), StringComparison.Ordinal);
        Element gone = Command(bench, "set", "cancel", session);
        Assert.Equal("canceled", gone.Attribute("status"));
        Assert.Equal("not-allowed session-expired", Refused(bench, "set", "next", session));
        string many = string.Concat(Enumerable.Range(0, 17).Select(i => $"<field var='f{i}'><value>1</value></field>"));
        Assert.Equal("bad-request bad-payload: there are too many values", Refused(bench, "set", form: $"<x xmlns='jabber:x:data' type='submit'>{many}</x>"));
    }

    [Fact]
    public void Sessions_are_few_and_end_by_themselves()
    {
        ThingBench bench = Online();
        string first = Command(bench, "set", from: "a@hub.example/1").Attribute("sessionid")!;
        string second = Command(bench, "set", from: "b@hub.example/1").Attribute("sessionid")!;
        Assert.StartsWith("resource-constraint: others fill in forms", Refused(bench, "set", from: "c@hub.example/1"), StringComparison.Ordinal);
        // The same person's new form is in the place of the old one.
        string again = Command(bench, "set", from: "b@hub.example/1").Attribute("sessionid")!;
        Assert.NotEqual(second, again);
        Assert.Equal("not-allowed session-expired", Refused(bench, "set", "next", second, from: "b@hub.example/1"));
        bench.Run.RunFor(TimeSpan.FromMilliseconds(AdHoc.SessionMs + 1000));
        Assert.Equal("not-allowed session-expired", Refused(bench, "set", "next", first, from: "a@hub.example/1"));
        Command(bench, "set", from: "c@hub.example/1");
        Command(bench, "set", from: "d@hub.example/1");
    }

    [Fact]
    public void Read_tells_every_field_and_why_some_are_missing()
    {
        ThingBench bench = Online();
        bench.Run.RunFor(Seconds(5));
        Element done = Command(bench, "read");
        Assert.Equal("completed", done.Attribute("status"));
        List<Element> fields = Fields(done);
        Assert.Equal(14, fields.Count);
        Element temperature = fields.Single(f => f.Attribute("var") == "temperature");
        Assert.Equal("temperature in °C", temperature.Attribute("label"));
        Assert.InRange(double.Parse(temperature.ChildText("value")!, System.Globalization.CultureInfo.InvariantCulture), 20, 28);
        Assert.Null(Note(done, "warn"));
        bench.Device.Board.UnplugPart("dht22-0");
        bench.Run.RunFor(Seconds(15));
        done = Command(bench, "read");
        Assert.Equal(12, Fields(done).Count);
        Assert.StartsWith("the DHT22 does not answer", Note(done, "warn"), StringComparison.Ordinal);
    }

    [Fact]
    public void Identify_blinks_or_tells()
    {
        ThingBench bench = Online();
        Assert.Equal("it blinks for ten seconds", Note(Command(bench, "identify")));
        int before = bench.Device.Board.Pwm(2).Record.Count;
        bench.Run.RunFor(Seconds(5));
        Assert.True(bench.Device.Board.Pwm(2).Record.Skip(before).Select(c => c.DutyCycle).Distinct().Count() == 2);

        ThingBench dark = Online("bme280");
        Assert.Contains("it is t1 with firmware 1.0.0", Note(Command(dark, "identify")), StringComparison.Ordinal);
        Assert.Equal(["bob@hub.example/cli identify="], dark.Controlled);
    }

    [Fact]
    public void Reboot_answers_then_closes_in_good_order_and_starts_anew()
    {
        ThingBench bench = Online();
        Assert.Equal("it starts anew now", Note(Command(bench, "reboot")));
        Assert.True(bench.Run.RunUntil(() => bench.Device.Boots == 2, Seconds(10)));
        Assert.True(bench.WaitOnline());
        Assert.Equal("software", bench.Device.BootReason);
        Assert.Empty(bench.Sleeps);
        Assert.DoesNotContain(bench.Hub.Presences, p => p.Child(Ns.Thing, "sleep") is not null);
    }

    [Fact]
    public void Sleep_asks_how_long_says_so_in_presence_and_wakes()
    {
        ThingBench bench = Online();
        Element asks = Command(bench, "sleep");
        Assert.Equal("complete: complete", Actions(asks));
        Assert.Equal("seconds", Fields(asks).Single().Attribute("var"));
        string session = asks.Attribute("sessionid")!;
        Assert.Equal("bad-request bad-payload: seconds: must be from 1 to 604800", Refused(bench, "sleep", "complete", session, Submit(("seconds", "0"))));
        Assert.Equal("it sleeps now, for 300 s", Note(Command(bench, "sleep", "complete", session, Submit(("seconds", "300")))));
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsAsleep, Seconds(10)));
        Assert.Single(bench.Hub.Presences, p => p.Child(Ns.Thing, "sleep") is not null);
        DateTimeOffset asleep = bench.Clock.Utc;
        Assert.True(bench.Run.RunUntil(() => bench.Device.Boots == 2, Seconds(400)));
        Assert.InRange((bench.Clock.Utc - asleep).TotalSeconds, 290, 310);
        Assert.Equal("deep-sleep", bench.Device.BootReason);
        Assert.Equal("bad-request bad-payload: seconds: is missing", Refused(Online(), "sleep", "complete"));
    }

    [Fact]
    public void Update_says_that_it_has_nowhere_to_take_one_from()
        => Assert.Equal("no source of updates is configured on this thing", Note(Command(Online(), "update"), "error"));
}
