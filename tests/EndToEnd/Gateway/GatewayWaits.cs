using System.Net;
using IotXmpp.Host;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>What tests of a gateway that is a process of its own wait for: it says nothing by itself, so it is asked again and again, until the test's own limit.</summary>
internal static class GatewayWaits
{
    /// <summary>Waits until something is so, while the gateway lives.</summary>
    public static async Task UntilAsync(this GatewayProcess gateway, Func<bool> condition, CancellationToken cancel)
    {
        while (!condition())
        {
            Assert.False(gateway.HasExited, "the gateway ended by itself");
            await Task.Delay(20, cancel);
        }
    }

    /// <summary>A node of a gateway that is starting, perhaps.</summary>
    public static async Task<VirtualNode> ConnectAsync(string id, string key, int port, CancellationToken cancel, Action<VirtualNode>? prepare = null)
    {
        while (true)
        {
            try
            {
                return await VirtualNode.ConnectAsync(id, key, new IPEndPoint(IPAddress.Loopback, port), prepare, cancel: cancel);
            }
            catch (Exception e) when (e is IOException or VirtualNodeException)
            {
                await Task.Delay(50, cancel); // it has not started yet
            }
        }
    }

    /// <summary>Subscribes the owner to what a thing measures, as soon as the gateway has registered that.</summary>
    public static async Task SubscribeAsync(this XmppConnection owner, string thing, CancellationToken cancel)
    {
        while (true)
        {
            var pubsub = new Element(Ns.PubSub, "pubsub");
            pubsub.Add("subscribe").Set("node", $"things/{thing}/telemetry").Set("jid", "owner@hub.test");
            try
            {
                await owner.SendIqAsync("set", new Jid("", "pubsub.hub.test", ""), pubsub);
                return;
            }
            catch (StanzaException e) when (e.Error.Condition is "item-not-found" or "forbidden" or "not-allowed")
            {
                await Task.Delay(50, cancel); // not registered yet
            }
        }
    }
}
