using System.Net;
using System.Text.Json.Nodes;
using IotXmpp.Host;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>A real hub, a real gateway and simulated things behind it.</summary>
public sealed class GatewayTests : GatewayScene
{
    protected override string Rules => "cool: if node-1.temperature > 30 hysteresis 1 then node-2.fan on else node-2.fan off";

    [Fact]
    public async Task A_thing_behind_the_gateway_appears_publishes_obeys_and_goes()
    {
        await using VirtualNode node = await AddAsync("node-1", n => n.Values["relay"] = false);
        Element online = await PresenceAsync("node-1", "online");
        Assert.Equal("gateway-1", online.Child(Ns.Thing, "thing")!.Attribute("gateway"));
        await node.SampleAsync(1, new JsonObject { ["temperature"] = new JsonObject { ["value"] = 21.5, ["unit"] = "°C" } }, 1_764_158_400_000);
        await node.AcknowledgedAsync(1, Cancel);

        Element fields = await ItemAsync("node-1");
        Assert.Equal("node-1", fields.Child("node")!.Attribute("nodeId"));
        Assert.Equal("2025-11-26T12:00:00Z", fields.Child("node")!.Child("timestamp")!.Attribute("value"));

        var set = new Element(Ns.Control, "set");
        set.Add("node").Set("nodeId", "node-1");
        set.Add("boolean").Set("name", "relay").Set("value", "true");
        Element done = await Owner.SendIqAsync("set", GatewayJid, set);
        Assert.NotNull(done.Child(Ns.Control, "setResponse"));
        Assert.True((bool)node.Values["relay"]);
        node.Refusal = "the valve is stuck";
        StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => Owner.SendIqAsync("set", GatewayJid, set));
        Assert.Equal("internal-server-error", refused.Error.Condition);
        Assert.Equal("paramError", refused.Error.AppCondition);

        var read = new Element(Ns.SensorData, "req").Set("seqnr", "7").Set("all", "true");
        read.Add("node").Set("nodeId", "node-1");
        Assert.NotNull((await Owner.SendIqAsync("get", GatewayJid, read)).Child(Ns.SensorData, "accepted"));
        Element answer = await MessageAsync(m => m.Child(Ns.SensorData, "fields")?.Attribute("seqnr") == "7");
        Assert.Equal("true", answer.Child(Ns.SensorData, "fields")!.Child("node")!.Child("timestamp")!.Child("boolean")!.Attribute("value"));

        await node.DisposeAsync();
        Element gone = await PresenceAsync("node-1", "offline");
        Assert.Equal("connection-lost", gone.Child(Ns.Thing, "thing")!.Attribute("reason"));
        refused = await Assert.ThrowsAsync<StanzaException>(() => Owner.SendIqAsync("set", GatewayJid, set));
        Assert.Equal("recipient-unavailable", refused.Error.Condition);
    }

    [Theory]
    [InlineData("set")]
    [InlineData("getForm")]
    public async Task An_unknown_thing_is_not_found(string name)
    {
        await OnlineAsync();
        var request = new Element(Ns.Control, name);
        request.Add("node").Set("nodeId", "nobody");
        request.Add("boolean").Set("name", "relay").Set("value", "true");
        StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => Owner.SendIqAsync(name == "set" ? "set" : "get", GatewayJid, request));
        Assert.Equal("item-not-found", refused.Error.Condition);
        var read = new Element(Ns.SensorData, "req").Set("seqnr", "1");
        read.Add("node").Set("nodeId", "nobody");
        refused = await Assert.ThrowsAsync<StanzaException>(() => Owner.SendIqAsync("get", GatewayJid, read));
        Assert.Equal("item-not-found", refused.Error.Condition);
    }

    [Fact]
    public async Task When_the_gateway_goes_all_that_are_behind_it_go_with_its_reason()
    {
        await using VirtualNode one = await AddAsync("node-1");
        await using VirtualNode two = await AddAsync("node-2");
        await PresenceAsync("node-1", "online");
        await PresenceAsync("node-2", "online");
        await StopGatewayAsync();
        await PresenceAsync("node-1", "offline");
        await PresenceAsync("node-2", "offline");
    }

    [Fact]
    public async Task Nobody_publishes_or_speaks_for_a_thing_that_is_not_behind_him()
    {
        await using VirtualNode node = await AddAsync("node-1");
        await PresenceAsync("node-1", "online");
        await node.SampleAsync(1, new JsonObject { ["x"] = 1 });
        await ItemAsync("node-1");
        await using XmppConnection stranger = await ConnectAsync("stranger");
        var fields = new Element(Ns.SensorData, "fields").Set("seqnr", "1");
        StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => stranger.PublishAsync(Service("pubsub"), "things/node-1/telemetry", fields));
        Assert.Equal("forbidden", refused.Error.Condition);
        refused = await Assert.ThrowsAsync<StanzaException>(() => stranger.ItemsAsync(Service("pubsub"), "things/node-1/telemetry"));
        Assert.NotEqual("", refused.Error.Condition);
        refused = await Assert.ThrowsAsync<StanzaException>(() => stranger.SendIqAsync(
            "set", Service("things"), new Element(Ns.IotDiscovery, "register").Set("nodeId", "node-1").Set("sourceId", "MeteringTopology")));
        Assert.Contains(refused.Error.Condition, (string[])["conflict", "not-acceptable"]);
        var lie = new Element(Ns.Client, "presence").Set("to", "things.hub.test");
        lie.Add(Ns.Thing, "thing").Set("nodeId", "node-1").Set("state", "offline").Set("reason", "revoked");
        await stranger.SendAsync(lie);
        await stranger.SendIqAsync("get", Service("things"), new Element(Ns.DiscoInfo, "query"));
        Assert.Equal("online", Hub.Server.Services.Nodes.Find("node-1")!.State);
        refused = await Assert.ThrowsAsync<StanzaException>(() => stranger.SendIqAsync("get", GatewayJid, new Element(Ns.Concentrators, "getAllNodes").Set("sourceId", "MeteringTopology")));
        Assert.Equal("forbidden", refused.Error.Condition);
    }

    [Fact]
    public async Task A_rule_moves_a_thing_by_what_another_measures()
    {
        await using VirtualNode sensor = await AddAsync("node-1");
        await using VirtualNode fan = await AddAsync("node-2", n => n.Values["fan"] = false);
        foreach ((double temperature, bool expected) in new[] { (31.0, true), (29.5, true), (29.0, false) })
        {
            var was = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            void Note(string name, JsonNode value) => was.TrySetResult();
            fan.WasSet += Note;
            bool changes = (bool)fan.Values["fan"] != expected;
            await sensor.SampleAsync(1, new JsonObject { ["temperature"] = temperature });
            if (changes)
            {
                await was.Task.WaitAsync(Cancel);
            }

            fan.WasSet -= Note;
            Assert.Equal(expected, (bool)fan.Values["fan"]);
        }
    }

    [Fact]
    public async Task The_concentrator_answers_as_the_standard_says()
    {
        await using VirtualNode node = await AddAsync("node-1", n => n.Values["relay"] = false);
        await PresenceAsync("node-1", "online");
        Assert.Contains(Ns.Concentrators, (await Owner.DiscoInfoAsync(GatewayJid)).Features);
        Assert.Contains("getNode", (await AskAsync("getCapabilities")).Children().Select(v => v.Text));
        Element source = (await AskAsync("getAllDataSources")).ChildAt(0);
        Assert.Equal("MeteringTopology", source.Attribute("sourceId"));
        Assert.Equal("true", (await AskAsync("containsNode", ("nodeId", "node-1"))).Text);
        Assert.Equal("false", (await AskAsync("containsNode", ("nodeId", "node-9"))).Text);
        Element all = await AskAsync("getAllNodes", ("parameters", "true"));
        Assert.Equal(["gateway-1", "node-1"], all.Children().Select(n => n.Attribute("nodeId")));
        Assert.Contains(all.ChildAt(1).Children(), p => p.Attribute("id") == "presence" && p.Attribute("value") == "online");
        Element one = await AskAsync("getNode", ("nodeId", "node-1"));
        Assert.Equal("OK", one.Attribute("result"));
        Assert.Equal("true", one.Attribute("isControllable"));
        Assert.Equal("NotFound", (await AskAsync("getNode", ("nodeId", "node-9"))).Attribute("result"));
        Assert.Equal("NotImplemented", (await AskAsync("holabandola")).Attribute("result"));

        Element subscribed = (await Owner.SendIqAsync("set", GatewayJid, new Element(Ns.Concentrators, "subscribe").Set("sourceId", "MeteringTopology"))).ChildAt(0);
        Assert.Equal("OK", subscribed.Attribute("result"));
        await using VirtualNode late = await AddAsync("node-2");
        await MessageAsync(m => m.Child(Ns.Concentrators, "nodeAdded")?.Attribute("nodeId") == "node-2");
        Gateway.Keys.Remove("node-2");
        await MessageAsync(m => m.Child(Ns.Concentrators, "nodeRemoved")?.Attribute("nodeId") == "node-2");
    }

    private async Task<Element> AskAsync(string name, params (string Name, string Value)[] attributes)
    {
        var request = new Element(Ns.Concentrators, name).Set("sourceId", "MeteringTopology");
        foreach ((string attribute, string value) in attributes)
        {
            request.Set(attribute, value);
        }

        Element answer = (await Owner.SendIqAsync("get", GatewayJid, request)).ChildAt(0);
        Assert.Equal(name + "Response", answer.Name);
        return answer;
    }
}
