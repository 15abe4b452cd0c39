using IotXmpp.Host;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>A thing behind a gateway is configured at the real hub as any other: desired, reported and drift.</summary>
public sealed class GatewayConfigurationTests : GatewayScene
{
    private readonly List<string> _set = [];
    private string _last = "";

    [Fact]
    public async Task What_is_wished_for_is_set_once_and_told_also_when_the_thing_or_the_gateway_was_away()
    {
        VirtualNode node = await AddAsync("node-1", Prepare);
        await PresenceAsync("node-1", "online");
        await WishAsync("double", "interval", "5");
        await StandsAsync("interval", "same", "5");
        Assert.Equal(5, (int)node.Values["interval"].GetValue<double>());

        // By a command it is another value, and the hub sees that it drifted as soon as the thing says so.
        await node.DisposeAsync();
        await PresenceAsync("node-1", "offline");
        await WishAsync("double", "interval", "7");
        await StandsAsync("interval", "pending", "5");
        node = await AddAsync("node-1", Prepare);
        await StandsAsync("interval", "same", "7");

        await StopGatewayAsync();
        await WishAsync("double", "interval", "8");
        await StartGatewayAsync();
        await node.DisposeAsync();
        node = await AddAsync("node-1", Prepare);
        await StandsAsync("interval", "same", "8");
        await node.DisposeAsync();

        // It starts with what it has now: nothing is set again, and what it says is told.
        await StopGatewayAsync();
        await StartGatewayAsync();
        node = await AddAsync("node-1", n => n.Values["interval"] = 3.0);
        await StandsAsync("interval", "differs", "3");
        await node.DisposeAsync();
        lock (_set)
        {
            Assert.Equal(["interval=5", "interval=7", "interval=8"], _set);
        }
    }

    [Fact]
    public async Task What_the_thing_refuses_and_what_it_does_not_know_is_told_with_its_words()
    {
        await using VirtualNode node = await AddAsync("node-1", n =>
        {
            Prepare(n);
            n.Refusal = "the valve is stuck";
        });
        await PresenceAsync("node-1", "online");
        await WishAsync("double", "interval", "5");
        Assert.Equal("the valve is stuck", (await StandsAsync("interval", "refused", "10")).Text);
        node.Refusal = null;
        // The hub knows the thing's form, and publishes nothing that it does not have; who publishes by himself learns it from the thing.
        StanzaException refused = await Assert.ThrowsAsync<StanzaException>(() => WishAsync("double", "nonsense", "5"));
        Assert.Equal("bad-request", refused.Error.Condition);
        var config = new Element(Ns.Thing, "config").Set("version", "40");
        config.Add(Ns.Control, "double").Set("name", "nonsense").Set("value", "5");
        await Owner.PublishAsync(Service("pubsub"), "things/node-1/desired", config, "current");
        Assert.Equal("there is no such parameter", (await StandsAsync("nonsense", "refused", null)).Text);
    }

    private void Prepare(VirtualNode node)
    {
        node.Values["interval"] = 10.0;
        node.WasSet += (name, value) =>
        {
            lock (_set)
            {
                _set.Add($"{name}={value}");
            }
        };
    }

    private async Task WishAsync(string type, string name, string value)
    {
        var config = new Element(Ns.Thing, "config").Set("thing", "node-1");
        config.Add(Ns.Control, type).Set("name", name).Set("value", value);
        await Owner.SendIqAsync("set", Service("things"), config);
    }

    private async Task<Element> StandsAsync(string name, string state, string? reported)
    {
        Element? found = null;
        await UntilAsync(async () =>
        {
            Element config = (await Owner.SendIqAsync("get", Service("things"), new Element(Ns.Thing, "config").Set("thing", "node-1"))).ChildAt(0);
            string now = config.ToString()!;
            if (now != _last)
            {
                Log.Enqueue(_last = now);
            }

            found = config.Children().FirstOrDefault(c => c.Name == "parameter" && c.Attribute("name") == name && c.Attribute("state") == state && c.Attribute("reported") == reported);
            return found is not null;
        });
        return found!;
    }
}
