using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>XEP-0060 §7.</summary>
public sealed class PublisherTests : PubSubHarness
{
    [Fact]
    public async Task Outcast_cannot_publish()
    {
        await MakeAsync(("publish_model", "open"));
        await SubscribeAsync(Carol);
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Outcast)]));
        Sent.Take();
        Fails(PubSubError.Forbidden, await Publisher.PublishAsync(Bob, Node, [Item("1")], null));
        Assert.Empty(Sent.Take());
        Assert.Empty(await IdsAsync());
    }

    [Theory]
    [InlineData(Affiliation.None, false)]
    [InlineData(Affiliation.Member, false)]
    [InlineData(Affiliation.Publisher, true)]
    [InlineData(Affiliation.PublishOnly, true)]
    [InlineData(Affiliation.Owner, true)]
    public async Task Only_owners_and_publishers_publish_by_default(Affiliation affiliation, bool allowed)
    {
        await MakeAsync();
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, affiliation)]));
        Outcome<IReadOnlyList<string>> outcome = await Publisher.PublishAsync(Bob, Node, [Item("1")], null);
        Assert.Equal(allowed ? null : PubSubError.Forbidden, outcome.Error);
    }

    [Fact]
    public async Task The_publish_model_may_let_subscribers_or_anybody_publish()
    {
        await MakeAsync(("publish_model", "subscribers"));
        Fails(PubSubError.Forbidden, await Publisher.PublishAsync(Bob, Node, [Item("1")], null));
        await SubscribeAsync(Bob);
        Ok(await Publisher.PublishAsync(Bob, Node, [Item("1")], null));
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("publish_model", "open"))));
        Ok(await Publisher.PublishAsync(Carol, Node, [Item("2")], null));
    }

    [Fact]
    public async Task The_service_makes_an_id_where_there_is_none()
    {
        await MakeAsync();
        string first = await PublishAsync(null);
        string second = await PublishAsync(null);
        Assert.NotEqual(first, second);
        Assert.Equal([first, second], await IdsAsync());
    }

    [Fact]
    public async Task The_same_id_replaces_and_is_the_newest()
    {
        await MakeAsync();
        await PublishAsync("1", "old");
        await PublishAsync("2");
        await PublishAsync("1", "new");
        Assert.Equal(["2", "1"], await IdsAsync());
        Assert.Equal(Payload("new"), Ok(await Subscriber.ItemsAsync(Alice, Node, ["1"]))[0].Payload.ToArray());
    }

    [Fact]
    public async Task The_oldest_items_go_beyond_max_items()
    {
        await MakeAsync(("max_items", "3"));
        foreach (string id in new[] { "1", "2", "3", "2", "4", "5" })
        {
            await PublishAsync(id);
        }

        Assert.Equal(["2", "4", "5"], await IdsAsync());
    }

    [Fact]
    public async Task Max_is_what_the_service_allows()
    {
        Options.ItemsPerNode = 4;
        Options.DefaultMaxItems = 2;
        await MakeAsync(("max_items", "max"));
        for (int i = 0; i < 6; i++)
        {
            await PublishAsync("i" + i);
        }

        Assert.Equal(["i2", "i3", "i4", "i5"], await IdsAsync());
    }

    [Fact]
    public async Task A_publication_of_several_items_is_one_event()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        Assert.Equal(["a", "b"], Ok(await Publisher.PublishAsync(Alice, Node, [Item("a"), Item("b")], null)));
        Assert.Equal(["a", "b"], Sent.Single<ItemsEvent>(Bob).Items.Select(i => i.Id));
        Fails(PubSubError.PolicyViolation, await Publisher.PublishAsync(Alice, Node, [.. Enumerable.Range(0, 6).Select(i => Item("x" + i))], null));
    }

    [Fact]
    public async Task Notifications_of_a_node_come_in_the_order_of_the_commits()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Publisher.PublishAsync(Alice, Node, [Item("i" + i)], null).AsTask()));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => "i" + i), Sent.Take().Select(s => ((ItemsEvent)s.Event).Items[0].Id));
    }

    [Fact]
    public async Task Deliver_payloads_off_tells_ids_only_and_lets_items_be_empty()
    {
        await MakeAsync(("deliver_payloads", "0"));
        await SubscribeAsync(Bob);
        Ok(await Publisher.PublishAsync(Alice, Node, [new ItemToPublish("1", default)], null));
        Assert.False(Sent.Single<ItemsEvent>(Bob).WithPayloads);
    }

    [Fact]
    public async Task Deliver_notifications_off_tells_nothing()
    {
        await MakeAsync(("deliver_notifications", "0"));
        await SubscribeAsync(Bob);
        await PublishAsync("1");
        Assert.Empty(Sent.Take());
        Assert.Equal(["1"], await IdsAsync());
    }

    [Fact]
    public async Task Presence_based_delivery_leaves_out_who_is_away()
    {
        await MakeAsync(("presence_based_delivery", "1"));
        await SubscribeAsync(Bob);
        await SubscribeAsync(Carol);
        Sent.Away.Add(Bob.ToString());
        await PublishAsync("1");
        Sent.Single<ItemsEvent>(Carol);
    }

    [Fact]
    public async Task The_notification_type_is_the_nodes()
    {
        await MakeAsync(("notification_type", "normal"));
        await SubscribeAsync(Bob);
        await PublishAsync("1");
        Assert.Equal(NotificationType.Normal, Sent.Single<ItemsEvent>(Bob).Type);
    }

    [Fact]
    public async Task What_does_not_fit_the_node_is_refused_by_name()
    {
        await MakeAsync();
        Fails(PubSubError.ItemRequired, await Publisher.PublishAsync(Alice, Node, [], null));
        Fails(PubSubError.PayloadRequired, await Publisher.PublishAsync(Alice, Node, [new ItemToPublish("1", default)], null));
        Fails(PubSubError.PayloadTooBig, await Publisher.PublishAsync(Alice, Node, [Item("1", new string('x', 101))], null));
        Fails(PubSubError.BadRequest, await Publisher.PublishAsync(Alice, Node, [Item(new string('x', 1024))], null));
        Fails(PubSubError.NodeIdRequired, await Publisher.PublishAsync(Alice, null, [Item("1")], null));

        Ok(await Owner.CreateAsync(Alice, "bell", Config(("persist_items", "0"), ("deliver_payloads", "0"))));
        Fails(PubSubError.ItemForbidden, await Publisher.PublishAsync(Alice, "bell", [Item("1")], null));
        await SubscribeAsync(Bob, "bell");
        Ok(await Publisher.PublishAsync(Alice, "bell", [], null));
        Assert.Empty(Sent.Single<ItemsEvent>(Bob).Items);
    }

    [Fact]
    public async Task A_node_may_take_smaller_payloads_than_the_service()
    {
        await MakeAsync(("max_payload_size", "40"));
        await PublishAsync("1", "x");
        Fails(PubSubError.PayloadTooBig, await Publisher.PublishAsync(Alice, Node, [Item("2", new string('x', 20))], null));
    }

    [Fact]
    public async Task Publishing_makes_a_node_for_who_may_make_it()
    {
        Assert.Equal("1", await PublishAsync("1", node: "made"));
        Assert.Equal(["1"], await IdsAsync("made"));
        Fails(PubSubError.Forbidden, await Publisher.PublishAsync(Bob, "made", [Item("2")], null));
        Fails(PubSubError.ItemNotFound, await Publisher.PublishAsync(new Jid("bob", "elsewhere.org", ""), "other", [Item("1")], null));
        Options.AutoCreate = false;
        Fails(PubSubError.ItemNotFound, await Publisher.PublishAsync(Alice, "another", [Item("1")], null));
    }

    [Fact]
    public async Task Two_first_publications_at_once_make_one_node()
    {
        Outcome<IReadOnlyList<string>>[] outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Publisher.PublishAsync(Alice, "made", [Item("i" + i)], null).AsTask()));
        Assert.All(outcomes, o => Assert.Null(o.Error));
        Assert.Equal(8, (await IdsAsync("made")).Count);
    }

    [Fact]
    public async Task Publish_options_configure_a_node_that_is_made_and_must_hold_for_one_that_is_there()
    {
        DataForm options = PublishOptions(("access_model", "whitelist"), ("max_items", "2"));
        Ok(await Publisher.PublishAsync(Alice, "made", [Item("1")], options));
        Fails(PubSubError.ClosedNode, await Subscriber.SubscribeAsync(Bob, "made", Bob, null));
        Ok(await Publisher.PublishAsync(Alice, "made", [Item("2")], options));
        Fails(PubSubError.PreconditionNotMet, await Publisher.PublishAsync(Alice, "made", [Item("3")], PublishOptions(("access_model", "open"))));
        Fails(PubSubError.PreconditionNotMet, await Publisher.PublishAsync(Alice, "made", [Item("3")], PublishOptions(("unheard_of", "1"))));
        Fails(PubSubError.BadRequest, await Publisher.PublishAsync(Alice, "made", [Item("3")], Config(("access_model", "whitelist"))));
        Assert.Equal(["1", "2"], await IdsAsync("made"));
    }

    [Fact]
    public async Task Publish_options_know_truth_by_both_its_names()
    {
        await MakeAsync(("persist_items", "true"));
        Ok(await Publisher.PublishAsync(Alice, Node, [Item("1")], PublishOptions(("persist_items", "true"))));
        Ok(await Publisher.PublishAsync(Alice, Node, [Item("2")], PublishOptions(("persist_items", "1"))));
    }

    [Fact]
    public async Task A_retracted_item_is_gone_and_subscribers_are_told()
    {
        await MakeAsync();
        await PublishAsync("1");
        await PublishAsync("2");
        await SubscribeAsync(Bob);
        Ok(await Publisher.RetractAsync(Alice, Node, ["1"], notify: false));
        Assert.Equal(["1"], Sent.Single<RetractEvent>(Bob).Ids);
        Assert.Equal(["2"], await IdsAsync());
    }

    [Fact]
    public async Task Without_notify_retract_subscribers_are_told_only_when_asked()
    {
        await MakeAsync(("notify_retract", "0"));
        await PublishAsync("1");
        await PublishAsync("2");
        await SubscribeAsync(Bob);
        Ok(await Publisher.RetractAsync(Alice, Node, ["1"], notify: false));
        Assert.Empty(Sent.Take());
        Ok(await Publisher.RetractAsync(Alice, Node, ["2"], notify: true));
        Sent.Single<RetractEvent>(Bob);
    }

    [Fact]
    public async Task A_retraction_of_several_items_is_all_or_nothing()
    {
        await MakeAsync();
        await PublishAsync("1");
        await PublishAsync("2");
        Fails(PubSubError.ItemNotFound, await Publisher.RetractAsync(Alice, Node, ["1", "gone"], false));
        Assert.Equal(["1", "2"], await IdsAsync());
        Ok(await Publisher.RetractAsync(Alice, Node, ["1", "2", "1"], false));
        Assert.Empty(await IdsAsync());
    }

    [Fact]
    public async Task A_publisher_retracts_only_its_own()
    {
        await MakeAsync();
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Publisher), (Carol, Affiliation.PublishOnly)]));
        await PublishAsync("alices");
        await PublishAsync("bobs", by: Bob);
        await PublishAsync("carols", by: Carol);
        Fails(PubSubError.Forbidden, await Publisher.RetractAsync(Bob, Node, ["alices"], false));
        Ok(await Publisher.RetractAsync(Bob, Node, ["bobs"], false));
        Fails(PubSubError.Forbidden, await Publisher.RetractAsync(Carol, Node, ["carols"], false));
        Fails(PubSubError.Forbidden, await Publisher.RetractAsync(Of("dave"), Node, ["alices"], false));
    }

    [Fact]
    public async Task What_cannot_be_retracted_is_refused_by_name()
    {
        await MakeAsync();
        Fails(PubSubError.NodeIdRequired, await Publisher.RetractAsync(Alice, null, ["1"], false));
        Fails(PubSubError.ItemNotFound, await Publisher.RetractAsync(Alice, "nowhere", ["1"], false));
        Fails(PubSubError.ItemRequired, await Publisher.RetractAsync(Alice, Node, [], false));
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("persist_items", "0"))));
        Fails(PubSubError.PersistentItemsUnsupported, await Publisher.RetractAsync(Alice, Node, ["1"], false));
    }

    [Fact]
    public async Task The_count_of_items_stays_true_through_everything()
    {
        await MakeAsync(("max_items", "4"));
        foreach (string id in new[] { "1", "2", "2", "3" })
        {
            await PublishAsync(id);
        }

        Ok(await Publisher.RetractAsync(Alice, Node, ["1"], false));
        await PublishAsync("4");
        await PublishAsync("5");
        Assert.Equal(["2", "3", "4", "5"], await IdsAsync()); // four fit
        await PublishAsync("6");
        Assert.Equal(["3", "4", "5", "6"], await IdsAsync());
        Ok(await Owner.PurgeAsync(Alice, Node));
        foreach (string id in new[] { "1", "2", "3", "4", "5" })
        {
            await PublishAsync(id);
        }

        Assert.Equal(["2", "3", "4", "5"], await IdsAsync());
    }
}
