using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>XEP-0248.</summary>
public sealed class CollectionTests : PubSubHarness
{
    [Fact]
    public async Task What_is_published_on_a_leaf_comes_by_its_collections_once()
    {
        await GraphAsync();
        await SubscribeAsync(Bob, "top", "items", "all");
        await SubscribeAsync(Carol, "middle", "items", "1");
        await SubscribeAsync(Root, "top", "items", "1");
        await SubscribeAsync(Bob);
        await PublishAsync("1");
        Assert.Equal([(Bob, null), (Carol, "middle")], Sent.Take().Select(s => (s.To, s.Event.Collection)).OrderBy(s => s.To.ToString(), StringComparer.Ordinal));
        Ok(await Subscriber.UnsubscribeAsync(Bob, Node, Bob, null));
        await PublishAsync("2");
        Assert.Equal([(Bob, "top"), (Carol, "middle")], Sent.Take().Select(s => (s.To, s.Event.Collection)).OrderBy(s => s.To.ToString(), StringComparer.Ordinal));
        Restart();
        await PublishAsync("3");
        Assert.Equal(2, Sent.Take().Count);
        Ok(await Publisher.RetractAsync(Alice, Node, ["3"], notify: true));
        Assert.All(Sent.Take(), s => Assert.IsType<RetractEvent>(s.Event));
    }

    [Fact]
    public async Task A_subscription_that_says_nothing_is_of_nodes_one_level_down()
    {
        await GraphAsync();
        Ok(await Subscriber.SubscribeAsync(Bob, "top", Bob, null));
        await PublishAsync("1");
        Ok(await Owner.CreateAsync(Alice, "deep", Config(("collection", "middle"))));
        Assert.Empty(Sent.Take());
        Ok(await Owner.CreateAsync(Alice, "near", Config(("collection", "top"))));
        Assert.Equal(("near", "top"), Sent.Single<CreateEvent>(Bob) is var made ? (made.Node, made.Collection) : default);
        Ok(await Owner.ConfigureAsync(Alice, "near", Config(("notify_config", "1"), ("title", "New"))));
        Assert.Equal("top", Sent.Single<ConfigurationEvent>(Bob).Collection);
        Ok(await Collections.AssociateAsync(Alice, "top", "deep"));
        Assert.Equal(("deep", true), Sent.Single<AssociationEvent>(Bob) is var put ? (put.Child, put.IsAssociated) : default);
        Ok(await Collections.DissociateAsync(Alice, "top", "deep"));
        Assert.False(Sent.Single<AssociationEvent>(Bob).IsAssociated);
        Ok(await Owner.DeleteAsync(Alice, "near", null));
        Assert.Equal("top", Sent.Single<DeleteEvent>(Bob).Collection);
    }

    [Fact]
    public async Task The_graph_has_no_cycles_no_leaves_with_children_and_bounds()
    {
        Options.CollectionDepth = 4;
        await GraphAsync();
        Ok(await Owner.CreateAsync(Alice, "leaf", null));
        Fails(PubSubError.InvalidGraph, await Collections.AssociateAsync(Alice, "middle", "top")); // top, middle, top
        Fails(PubSubError.InvalidGraph, await Collections.AssociateAsync(Alice, "top", "top"));
        Fails(PubSubError.InvalidGraph, await Collections.AssociateAsync(Alice, "leaf", "top"));
        Fails(PubSubError.InvalidGraph, await Owner.ConfigureAsync(Alice, "leaf", Config(("children", "feed"))));
        Fails(PubSubError.InvalidGraph, await Owner.ConfigureAsync(Alice, "top", Config(("collection", "middle"))));
        Fails(PubSubError.InvalidGraph, await Owner.ConfigureAsync(Alice, "top", Config(("node_type", "leaf"))));
        Fails(PubSubError.ItemNotFound, await Collections.AssociateAsync(Alice, "nowhere", "leaf"));
        Fails(PubSubError.BadRequest, await Collections.DissociateAsync(Alice, "top", "leaf"));
        Ok(await Owner.ConfigureAsync(Alice, "top", Config(("children_max", "1"))));
        Fails(PubSubError.TooManyChildren, await Collections.AssociateAsync(Alice, "top", "leaf"));
        Fails(PubSubError.TooManyChildren, await Owner.CreateAsync(Alice, "another", Config(("collection", "top"))));
        Fails(PubSubError.ItemNotFound, await Owner.ConfigurationAsync(Alice, "another")); // nothing is half made

        await MakeCollectionAsync("a", "middle");
        await MakeCollectionAsync("b", "a");
        Fails(PubSubError.InvalidGraph, await Owner.CreateAsync(Alice, "c", Config(("collection", "b"), ("children", "leaf"), ("node_type", "collection")))); // too deep
        Fails(PubSubError.PublishUnsupported, await Publisher.PublishAsync(Alice, "top", [Item("1")], null));
    }

    [Theory]
    [InlineData("owners", false, false)]
    [InlineData("all", true, true)]
    [InlineData("whitelist", true, false)]
    public async Task Who_may_put_nodes_into_a_collection_is_its_policy(string policy, bool bob, bool carol)
    {
        await MakeCollectionAsync("top");
        Ok(await Owner.ConfigureAsync(Alice, "top", Config(("children_association_policy", policy), ("children_association_whitelist", Bob.ToString()))));
        Ok(await Owner.CreateAsync(Bob, "bobs", null));
        Ok(await Owner.CreateAsync(Carol, "carols", null));
        Assert.Equal(bob ? null : PubSubError.Forbidden, await Collections.AssociateAsync(Bob, "top", "bobs"));
        Assert.Equal(carol ? null : PubSubError.Forbidden, await Collections.AssociateAsync(Carol, "top", "carols"));
    }

    [Fact]
    public async Task Nobody_puts_a_node_of_another_into_a_collection()
    {
        await MakeCollectionAsync("top");
        Ok(await Owner.CreateAsync(Carol, "carols", Config(("access_model", "whitelist"))));
        Fails(PubSubError.Forbidden, await Collections.AssociateAsync(Alice, "top", "carols"));
        Fails(PubSubError.Forbidden, await Owner.ConfigureAsync(Alice, "top", Config(("children", "carols"))));
        Fails(PubSubError.Forbidden, await Owner.CreateAsync(Alice, "other", Config(("node_type", "collection"), ("children", "carols"))));
    }

    [Fact]
    public async Task The_configuration_tells_where_a_node_stands()
    {
        await GraphAsync();
        Assert.Equal(["middle"], Ok(await Owner.ConfigurationAsync(Alice, Node))["pubsub#collection"]!.Values);
        Assert.Equal([""], Ok(await Owner.ConfigurationAsync(Alice, "top"))["pubsub#collection"]!.Values); // the root
        Assert.Equal([Node], Ok(await Owner.ConfigurationAsync(Alice, "middle"))["pubsub#children"]!.Values);
        Assert.Null(Ok(await Owner.ConfigurationAsync(Alice, Node))["pubsub#children"]);
        Ok(await Owner.DeleteAsync(Alice, "middle", null));
        Assert.Equal([""], Ok(await Owner.ConfigurationAsync(Alice, Node))["pubsub#collection"]!.Values);
        await SubscribeAsync(Bob, "top", "items", "all");
        await PublishAsync("1");
        Assert.Empty(Sent.Take()); // nothing links them any more, in memory neither
        Assert.Equal("collection", Ok(Owner.DefaultForm("collection"))["pubsub#node_type"]!.Value);
        Assert.Null(Ok(Owner.DefaultForm("collection"))["pubsub#max_items"]);
        Fails(PubSubError.BadRequest, Owner.DefaultForm("tree"));
    }

    [Fact]
    public async Task Discovery_goes_down_the_graph()
    {
        await GraphAsync();
        Assert.Equal(["top"], Ok(await Service.Entity.NodesAsync(Bob, null))!.Nodes.Select(n => n.Name));
        Assert.Equal(["middle"], Ok(await Service.Entity.NodesAsync(Bob, null, "top"))!.Nodes.Select(n => n.Name));
        Assert.Equal([Node], Ok(await Service.Entity.NodesAsync(Bob, null, "middle"))!.Nodes.Select(n => n.Name));
        Assert.Null(Ok(await Service.Entity.NodesAsync(Bob, null, Node)));
        Ok(await Owner.ConfigureAsync(Alice, "top", Config(("access_model", "whitelist"))));
        Fails(PubSubError.ClosedNode, await Service.Entity.NodesAsync(Bob, null, "top"));
    }

    [Fact]
    public async Task Items_of_a_collection_are_those_of_its_leaves()
    {
        await GraphAsync();
        Ok(await Owner.CreateAsync(Alice, "second", Config(("collection", "middle"))));
        await PublishAsync("1");
        await PublishAsync("2");
        await PublishAsync("3", node: "second");
        IReadOnlyList<(string Node, ItemPage Page)>? pages = Ok(await Subscriber.CollectionItemsAsync(Bob, "middle", 1));
        Assert.Equal([(Node, "2"), ("second", "3")], pages!.Select(p => (p.Node, p.Page.Items.Single().Id)));
        Assert.Null(Ok(await Subscriber.CollectionItemsAsync(Bob, Node, null)));
    }

    [Fact]
    public async Task The_root_tells_of_what_everybody_may_find_and_of_nothing_else()
    {
        Ok(await Subscriber.SubscribeAsync(Bob, null, Bob, SubscribeOptions(("subscription_type", "all"), ("subscription_depth", "all"))));
        await MakeAsync();
        Assert.Equal("", Sent.Single<CreateEvent>(Bob).Collection);
        Ok(await Owner.CreateAsync(Alice, "secret", Config(("access_model", "whitelist"))));
        await PublishAsync("1", node: "secret");
        Ok(await Owner.CreateAsync(Thing, "things/esp32-1/telemetry", Config(("access_model", "open"))));
        Ok(await Publisher.PublishAsync(Thing, "things/esp32-1/telemetry", [Item("1")], null));
        Assert.Empty(Sent.Take());
        Restart();
        await Service.StartAsync();
        await PublishAsync("1");
        Assert.Equal("", Sent.Single<ItemsEvent>(Bob).Collection);
        Assert.Equal("", Ok(await Service.Entity.SubscriptionsAsync(Bob, null)).Single().Node);
        Fails(PubSubError.NotAllowed, await Owner.DeleteAsync(Root, "", null));
        Ok(await Subscriber.UnsubscribeAsync(Bob, "", Bob, null));
        await PublishAsync("2");
        Assert.Empty(Sent.Take());
        Assert.Equal([Node], Ok(await Service.Entity.NodesAsync(Carol, null))!.Nodes.Select(n => n.Name)); // and is no node to be found
    }

    [Fact]
    public async Task Twice_of_one_type_is_a_conflict()
    {
        await MakeCollectionAsync("top");
        await SubscribeAsync(Bob, "top", "items", "1");
        Fails(PubSubError.Conflict, await Subscriber.SubscribeAsync(Bob, "top", Bob, SubscribeOptions(("subscription_type", "items"), ("subscription_depth", "all"))));
        await SubscribeAsync(Bob, "top", "nodes", "all");
    }

    [Fact]
    public async Task A_leaf_that_becomes_a_collection_loses_its_items()
    {
        await MakeAsync();
        await PublishAsync("1");
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("node_type", "collection"))));
        Assert.Empty(Ok(await Subscriber.CollectionItemsAsync(Bob, Node, null))!);
        Fails(PubSubError.PublishUnsupported, await Publisher.PublishAsync(Alice, Node, [Item("1")], null));
    }

    [Fact]
    public async Task A_digest_by_a_collection_is_of_each_leaf()
    {
        await GraphAsync();
        Ok(await Subscriber.SubscribeAsync(Bob, "top", Bob, SubscribeOptions(("subscription_type", "items"), ("subscription_depth", "all"), ("digest", "1"), ("digest_frequency", "1000"))));
        await PublishAsync("1");
        await PublishAsync("2");
        Assert.Empty(Sent.Take());
        Time.Now += TimeSpan.FromSeconds(1);
        await Service.FlushDigestsAsync();
        ItemsEvent told = Sent.Single<ItemsEvent>(Bob);
        Assert.Equal(("top", 2), (told.Collection, told.Items.Count));
    }

    [Fact]
    public async Task Collections_that_leave_memory_take_what_is_below_with_them()
    {
        Options.CachedNodes = 8;
        Restart();
        await GraphAsync();
        await SubscribeAsync(Bob, "top", "items", "all");
        for (int i = 0; i < 20; i++)
        {
            await PublishAsync("1");
            Assert.Equal("top", Sent.Single<ItemsEvent>(Bob).Collection);
            Ok(await Owner.CreateAsync(Alice, "filler" + i, Config(("node_type", i % 2 == 0 ? "leaf" : "collection"))));
        }

        Ok(await Subscriber.UnsubscribeAsync(Bob, "top", Bob, null));
        await PublishAsync("2");
        Assert.Empty(Sent.Take());
    }

    // top / middle / feed
    private async Task GraphAsync()
    {
        await MakeCollectionAsync("top");
        await MakeCollectionAsync("middle", "top");
        Ok(await Owner.CreateAsync(Alice, Node, Config(("collection", "middle"))));
    }

    private async Task MakeCollectionAsync(string name, string? above = null)
    {
        DataForm form = Config(("node_type", "collection"));
        if (above is not null)
        {
            form.Add(new FormField("pubsub#collection") { Values = [above] });
        }

        Ok(await Owner.CreateAsync(Alice, name, form));
    }

    private async Task SubscribeAsync(Jid who, string node, string type, string depth) =>
        Ok(await Subscriber.SubscribeAsync(who, node, who, SubscribeOptions(("subscription_type", type), ("subscription_depth", depth))));
}
