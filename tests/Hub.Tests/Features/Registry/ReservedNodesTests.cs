using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.PubSub;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Registry;

/// <summary>Nodes that a thing made before the hub kept their names for itself become the hub's.</summary>
public sealed class ReservedNodesTests : RegistryHarness
{
    [Theory]
    [InlineData("desired", false)]
    [InlineData("desired", true)]
    [InlineData("commands", false)]
    [InlineData("commands", true)]
    public async Task What_a_thing_made_before_is_the_hubs_and_nothing_of_it_is_left(string name, bool hasOwnerSince)
    {
        string node = "things/lamp/" + name;
        byte[] payload = name == "desired" ? "<config xmlns='urn:iotxmpp:thing:1' version='9'/>"u8.ToArray() : "<command xmlns='urn:iotxmpp:command:1'/>"u8.ToArray();
        Assert.Equal(AccountOutcome.Done, await Accounts.CreateAsync("lamp", "secret of lamp"));
        Assert.Null((await PubSub.Owner.CreateNodeAsync(Of("lamp"), node, usual => usual with { AccessModel = AccessModel.Open, PublishModel = PublishModel.Open }, null, default)).Error);
        Assert.Null(await PubSub.Lists.SetAffiliationsAsync(Of("lamp"), node, [(Of("bob"), Affiliation.Owner)]));
        Assert.Null((await PubSub.Publisher.PublishAsync(Of("lamp"), node, [new("said-by-lamp", payload)], null)).Error);
        Assert.Null((await PubSub.Subscriber.SubscribeAsync(Of("alice"), node, Of("alice"), null)).Error);
        Assert.Null((await PubSub.Subscriber.SubscribeAsync(Of("operator"), node, Of("operator"), null)).Error);
        if (hasOwnerSince)
        {
            await Provisioning.EnterAsync("lamp", Of("alice"));
            Assert.Null((await PubSub.Owner.ConfigurationAsync(Of("bob"), node)).Error); // and he whom it made an owner is one still
        }

        Restart();
        Rights.ReserveNodes();
        await Rights.TakeBackNodesAsync();
        if (!hasOwnerSince)
        {
            await Provisioning.EnterAsync("lamp", Of("alice"));
        }

        foreach (string former in (string[])["lamp", "bob"])
        {
            Assert.Equal(PubSubError.Forbidden, (await PubSub.Owner.ConfigurationAsync(Of(former), node)).Error);
        }

        Assert.Equal(PubSubError.Forbidden, (await PubSub.Publisher.PublishAsync(Of("bob"), node, [new("1", payload)], null)).Error);
        Assert.Equal(PubSubError.ClosedNode, (await PubSub.Subscriber.SubscribeAsync(Of("bob"), node, Of("bob"), null)).Error);
        Assert.Empty((await PubSub.Subscriber.ItemsAsync(Of("alice"), node, 10, null)).Value.Items);
        Assert.Equal(name == "desired", (await PubSub.Publisher.PublishAsync(Of("alice"), node, [new("current", payload)], null)).Error is null);
        Assert.Null((await PubSub.Publisher.PublishAsync(Rights.Service, node, [new("current", payload)], null)).Error);
        Assert.Equal("current", Assert.Single((await PubSub.Subscriber.ItemsAsync(Of("alice"), node, 10, null)).Value.Items).Id);
        Assert.Equal(hasOwnerSince ? [Of("alice")] : [], (await PubSub.Hub.SubscribersOfThingsAsync()).Where(s => s.Equals(Of("alice")) || s.Equals(Of("operator"))));
    }

    [Fact]
    public async Task The_hubs_own_and_the_things_other_nodes_stay_as_they_are()
    {
        await ProvisionAsync("lamp", "alice");
        Assert.Null((await PubSub.Owner.CreateNodeAsync(Of("lamp"), "things/lamp/diary", usual => usual, null, default)).Error);
        Assert.Null((await PubSub.Owner.CreateNodeAsync(Of("lamp"), "things/lamp/old/desired", usual => usual, null, default)).Error);
        byte[] payload = "<config xmlns='urn:iotxmpp:thing:1' version='9'/>"u8.ToArray();
        Assert.Null((await PubSub.Publisher.PublishAsync(Of("alice"), "things/lamp/desired", [new("current", payload)], null)).Error);
        Restart();
        Rights.ReserveNodes();
        await Rights.TakeBackNodesAsync();
        Assert.Single((await PubSub.Subscriber.ItemsAsync(Of("lamp"), "things/lamp/desired", 10, null)).Value.Items);
        Assert.Null((await PubSub.Owner.ConfigurationAsync(Of("lamp"), "things/lamp/diary")).Error);
        Assert.Null((await PubSub.Owner.ConfigurationAsync(Of("lamp"), "things/lamp/old/desired")).Error);
        foreach (string name in (string[])["commands", "desired"])
        {
            Assert.Equal(PubSubError.Forbidden, (await PubSub.Owner.CreateNodeAsync(Of("plug"), "things/plug/" + name, usual => usual, null, default)).Error);
            Assert.Equal(PubSubError.Forbidden, (await PubSub.Owner.CreateNodeAsync(Of("root"), "things/plug/" + name, usual => usual, null, default)).Error);
        }
    }
}
