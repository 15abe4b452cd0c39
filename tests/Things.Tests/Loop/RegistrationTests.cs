using IotXmpp.Features;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Loop;

/// <summary>A thing and its registry (XEP-0347): it announces itself, and learns whose it is.</summary>
public sealed class RegistrationTests : IOwnerListener
{
    private const string Claim = @"IoTDisco;SN:17\;b;MAN:example.org;#V:1.2;MODEL:a\\b:c;KEY:4857402340298342";

    private readonly List<string> _owners = [];

    void IOwnerListener.OwnerChanged(Jid? owner) => _owners.Add(owner is null ? "nobody" : owner.ToString());

    [Fact]
    public void It_announces_what_its_label_says_once_in_a_life()
    {
        ThingBench bench = Bench("bme280", Claim);
        Element register = Assert.Single(bench.Hub.Registrations);
        Assert.Equal(
            ["str SN=17;b", "str MAN=example.org", "num V=1.2", @"str MODEL=a\b:c", "str KEY=4857402340298342"],
            Enumerable.Range(0, register.ChildCount).Select(register.ChildAt).Select(t => $"{t.Name} {t.Attribute("name")}={t.Attribute("value")}"));
        bench.Network.TakeDown();
        bench.Run.RunFor(ThingBench.Seconds(120));
        bench.Network.BringUp();
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(ThingBench.Seconds(5));
        Assert.True(bench.Hub.Sessions >= 2);
        Assert.Single(bench.Hub.Registrations);
        // Its presence came before: the registry speaks with things that are there.
        Assert.NotEmpty(bench.Hub.Presences);
    }

    [Fact]
    public void Without_a_label_it_announces_that_it_is_there() => Assert.Equal(0, Assert.Single(Bench("bme280", "").Hub.Registrations).ChildCount);

    [Fact]
    public void Without_a_registry_it_says_nothing()
    {
        var bench = new ThingBench("bme280", o => o.Registry = null);
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(ThingBench.Seconds(5));
        Assert.Empty(bench.Hub.Registrations);
    }

    [Fact]
    public void The_answer_tells_the_owner_and_the_owner_sees_it()
    {
        var bench = new ThingBench("bme280", o => o.OwnerListener = this) { Hub = { Owner = "ann@hub.example" } };
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(ThingBench.Seconds(2));
        Assert.Equal(["ann@hub.example"], _owners);
        bench.Hub.Send("<presence type='subscribe' from='ann@hub.example'/>");
        Assert.True(bench.Run.RunUntil(() => bench.Hub.Presences.Any(p => p.Attribute("type") == "subscribed" && p.Attribute("to") == "ann@hub.example"), ThingBench.Seconds(5)));
    }

    [Fact]
    public void Claimed_removed_and_disowned_are_acknowledged_and_a_disowned_thing_registers_anew()
    {
        ThingBench bench = Bench("bme280", Claim);
        Assert.Equal("result", Tell(bench, "1", "<claimed xmlns='urn:xmpp:iot:discovery' jid='ann@hub.example/phone' public='false'/>"));
        Assert.Equal("result", Tell(bench, "2", "<claimed xmlns='urn:xmpp:iot:discovery' jid='ann@hub.example'/>"));
        Assert.Equal("result", Tell(bench, "3", "<removed xmlns='urn:xmpp:iot:discovery'/>"));
        Assert.Equal(["ann@hub.example"], _owners);
        Assert.Equal("result", Tell(bench, "4", "<disowned xmlns='urn:xmpp:iot:discovery'/>"));
        Assert.Equal(["ann@hub.example", "nobody"], _owners);
        Assert.True(bench.Run.RunUntil(() => bench.Hub.Registrations.Count == 2, ThingBench.Seconds(5)));
        Assert.Equal(bench.Hub.Registrations[0].ToString(), bench.Hub.Registrations[1].ToString());
        // The former owner's ask is not granted any more.
        bench.Hub.Send("<presence type='subscribe' from='ann@hub.example'/>");
        bench.Run.RunFor(ThingBench.Seconds(2));
        Assert.DoesNotContain(bench.Hub.Presences, p => p.Attribute("type") == "subscribed");
    }

    [Theory]
    [InlineData("bob@hub.example", "<claimed xmlns='urn:xmpp:iot:discovery' jid='bob@hub.example'/>")] // not the registry
    [InlineData("things.hub.example.org", "<disowned xmlns='urn:xmpp:iot:discovery'/>")]
    [InlineData("things.hub.example", "<claimed xmlns='urn:xmpp:iot:discovery' jid='bob@hub.example' nodeId='n1'/>")] // of a thing that is not here
    [InlineData("things.hub.example", "<claimed xmlns='urn:xmpp:iot:discovery'/>")]
    [InlineData("things.hub.example", "<claimed xmlns='urn:xmpp:iot:discovery' jid='@'/>")]
    [InlineData("things.hub.example", "<other xmlns='urn:xmpp:iot:discovery' jid='bob@hub.example'/>")]
    public void Nobody_else_and_nothing_else_gives_it_another_owner(string from, string payload)
    {
        ThingBench bench = Bench("bme280", Claim);
        Assert.Equal("error", bench.Ask("set", "x", payload, from).Attribute("type"));
        Assert.Empty(_owners);
        Assert.Single(bench.Hub.Registrations);
    }

    [Fact]
    public void A_wake_from_deep_sleep_costs_no_announcement()
    {
        ThingBench bench = Bench("battery", Claim);
        Assert.True(bench.Run.RunUntil(() => bench.Sleeps.Count == 3, ThingBench.Seconds(600)));
        Assert.Single(bench.Hub.Registrations);
    }

    private ThingBench Bench(string kind, string claim)
    {
        var bench = new ThingBench(kind, o => (o.Claim, o.OwnerListener) = (claim, this));
        Assert.True(bench.WaitOnline());
        Assert.True(bench.Run.RunUntil(() => bench.Hub.Registrations.Count > 0, ThingBench.Seconds(5)));
        return bench;
    }

    private static string? Tell(ThingBench bench, string id, string payload) => bench.Ask("set", id, payload, "things.hub.example").Attribute("type");
}
