using System.Text.Json.Nodes;
using IotXmpp.Host;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>Local rules, read and set by the gateway's ad-hoc command.</summary>
public sealed class GatewayRulesTests : GatewayScene
{
    private const string Cool = "cool: if node-1.temperature > 30 then node-2.fan on else node-2.fan off";

    protected override string Rules => "old: if node-1.temperature > 90 then node-2.fan on";

    [Fact]
    public async Task The_owner_reads_and_sets_them_and_they_survive_a_restart()
    {
        await OnlineAsync();
        Assert.Contains((await Owner.DiscoItemsAsync(GatewayJid, Ns.Commands)).Select(i => i.Node), n => n == "rules");
        Element form = await RunAsync(Owner, "execute", null);
        Assert.Equal(["old: if node-1.temperature > 90 then node-2.fan on"], Values(form));

        Element done = await RunAsync(Owner, "complete", form.Attribute("sessionid"), Cool, "warm: if node-1.temperature < 5 then node-2.heater on");
        Assert.Equal(("completed", "2 rules hold now"), (done.Attribute("status"), done.ChildText("note")));
        await StopGatewayAsync();
        await StartGatewayAsync();
        await OnlineAsync();
        Assert.Equal([Cool, "warm: if node-1.temperature < 5 then node-2.heater on"], Values(await RunAsync(Owner, "execute", null)));

        await using VirtualNode sensor = await AddAsync("node-1");
        await using VirtualNode fan = await AddAsync("node-2", n => n.Values["fan"] = false);
        var was = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        fan.WasSet += (_, _) => was.TrySetResult();
        await sensor.SampleAsync(1, new JsonObject { ["temperature"] = 31 });
        await was.Task.WaitAsync(Cancel);
        Assert.True((bool)fan.Values["fan"]);
    }

    [Fact]
    public async Task A_wrong_rule_is_refused_with_the_reason_and_those_that_hold_stay()
    {
        await OnlineAsync();
        Element form = await RunAsync(Owner, "execute", null);
        StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => RunAsync(Owner, "complete", form.Attribute("sessionid"), Cool, "bad: if temperature >> 30 then fan on"));
        Assert.Equal(("bad-request", "bad-payload"), (refused.Error.Condition, refused.Error.AppCondition));
        Assert.StartsWith("rule 2: ", refused.Error.Text, StringComparison.Ordinal);
        Assert.Equal(["old: if node-1.temperature > 90 then node-2.fan on"], Values(await RunAsync(Owner, "execute", null)));
    }

    [Fact]
    public async Task A_stranger_may_not()
    {
        await OnlineAsync();
        await using XmppConnection stranger = await ConnectAsync("stranger");
        StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => RunAsync(stranger, "execute", null));
        Assert.Equal("forbidden", refused.Error.Condition);
    }

    [Fact]
    public async Task They_go_on_without_the_hub()
    {
        await OnlineAsync();
        await RunAsync(Owner, "execute", null, Cool);
        await using VirtualNode sensor = await AddAsync("node-1");
        await using VirtualNode fan = await AddAsync("node-2", n => n.Values["fan"] = false);
        await PresenceAsync("node-2", "online");
        await Hub.Server.StopAsync();
        await UntilAsync(() => !IsOnline());
        foreach ((double temperature, bool expected) in new[] { (31.0, true), (29.0, false) })
        {
            var was = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            void Note(string name, JsonNode value) => was.TrySetResult();
            fan.WasSet += Note;
            await sensor.SampleAsync(1, new JsonObject { ["temperature"] = temperature });
            await was.Task.WaitAsync(Cancel);
            fan.WasSet -= Note;
            Assert.Equal(expected, (bool)fan.Values["fan"]);
        }
    }

    private static IEnumerable<string> Values(Element command)
        => command.Child(Ns.DataForms, "x")!.Children().Single(f => f.Attribute("var") == "rules").Children().Where(c => c.Name == "value").Select(v => v.Text);

    private static async Task<Element> RunAsync(XmppConnection who, string action, string? session, params string[] rules)
    {
        Element command = new Element(Ns.Commands, "command").Set("node", "rules").Set("action", action).Set("sessionid", session);
        if (rules.Length > 0)
        {
            Element field = command.Add(Ns.DataForms, "x").Set("type", "submit").Add("field").Set("var", "rules");
            foreach (string rule in rules)
            {
                field.Add("value").WithText(rule);
            }
        }

        return (await who.SendIqAsync("set", GatewayJid, command)).Child(Ns.Commands, "command")!;
    }
}
