using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>A gateway that is nobody's, with a thing behind it that somebody claims: the thing is his, the gateway is not.</summary>
public sealed class GatewayOwnersTests : GatewayScene
{
    protected override bool IsOwned => false;

    [Fact]
    public async Task A_thing_is_claimed_by_its_code_and_belongs_to_nobody_else()
    {
        await using XmppConnection buyer = await ConnectAsync("stranger");
        var seen = new ConcurrentQueue<Element>();
        buyer.PresenceReceived += seen.Enqueue;
        await buyer.SendPresenceAsync(null, null, Cancel);
        await using VirtualNode node = await AddAsync("node-1", n => n.Values["relay"] = false);
        await node.SampleAsync(1, new JsonObject { ["temperature"] = 21.5 });
        await node.AcknowledgedAsync(1, Cancel);
        await UntilAsync(() => Log.Any(l => l.Contains("node-1 is registered and nobody's yet", StringComparison.Ordinal)));

        await ClaimAsync(buyer, "KEY-THAT-IS-WRONG-AND-LONG", refused: true);
        await ClaimAsync(buyer, NodeClaim.Key(Gateway.Keys.Find("node-1")!), refused: false);
        await UntilAsync(() => Log.Contains("node-1 belongs to stranger@hub.test now"));
        await UntilAsync(() => seen.Any(p => p.Child(Ns.Thing, "thing") is { } t && t.Attribute("nodeId") == "node-1" && t.Attribute("state") == "online"));

        // What it measured before anybody had it is its owner's now.
        await UntilAsync(async () =>
        {
            try
            {
                return (await buyer.ItemsAsync(Service("pubsub"), "things/node-1/telemetry")).Count > 0;
            }
            catch (StanzaException)
            {
                return false; // not there yet
            }
        });
        Assert.NotNull((await buyer.SendIqAsync("set", GatewayJid, Relay("node-1"))).Child(Ns.Control, "setResponse"));
        Assert.True((bool)node.Values["relay"]);
        foreach ((XmppConnection who, Element request) in new[] { (buyer, Relay(null)), (Owner, Relay("node-1")) })
        {
            StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => who.SendIqAsync("set", GatewayJid, request));
            Assert.Equal("forbidden", refused.Error.Condition);
        }

        Assert.DoesNotContain(Presences, p => p.Child(Ns.Thing, "thing")?.Attribute("nodeId") == "node-1");
    }

    private static Element Relay(string? node)
    {
        var set = new Element(Ns.Control, "set");
        if (node is not null)
        {
            set.Add("node").Set("nodeId", node);
        }

        set.Add("boolean").Set("name", "relay").Set("value", "true");
        return set;
    }

    private static async Task ClaimAsync(XmppConnection who, string key, bool refused)
    {
        var mine = new Element(Ns.IotDiscovery, "mine");
        mine.Add("str").Set("name", "SN").Set("value", "node-1");
        mine.Add("str").Set("name", "KEY").Set("value", key);
        if (refused)
        {
            StanzaException error = await Assert.ThrowsAsync<StanzaException>(() => who.SendIqAsync("set", Service("things"), mine));
            Assert.Equal("item-not-found", error.Error.Condition);
            return;
        }

        Element claimed = (await who.SendIqAsync("set", Service("things"), mine)).Child(Ns.IotDiscovery, "claimed")!;
        Assert.Equal("node-1", claimed.Attribute("nodeId"));
    }
}
