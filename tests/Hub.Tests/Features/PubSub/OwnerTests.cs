using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>XEP-0060 §8 and §5, and the rule of the things' nodes.</summary>
public sealed class OwnerTests : PubSubHarness
{
    [Fact]
    public async Task A_node_is_made_once()
    {
        await MakeAsync();
        Fails(PubSubError.Conflict, await Owner.CreateAsync(Bob, Node, null));
    }

    [Fact]
    public async Task An_instant_node_gets_a_name()
    {
        string first = Ok(await Owner.CreateAsync(Alice, null, null));
        string second = Ok(await Owner.CreateAsync(Alice, "", null));
        Assert.NotEmpty(first);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task Only_accounts_of_the_domain_make_nodes()
    {
        Fails(PubSubError.Forbidden, await Owner.CreateAsync(new Jid("alice", "elsewhere.org", "x"), Node, null));
        Fails(PubSubError.NotAcceptable, await Owner.CreateAsync(Alice, new string('x', 1024), null));
    }

    [Fact]
    public async Task The_nodes_of_an_account_are_bounded_but_not_an_administrators()
    {
        Options.NodesPerAccount = 2;
        Ok(await Owner.CreateAsync(Alice, "1", null));
        Ok(await Owner.CreateAsync(Alice, "2", null));
        Fails(PubSubError.TooManyNodes, await Owner.CreateAsync(Alice, "3", null));
        for (int i = 0; i < 4; i++)
        {
            Ok(await Owner.CreateAsync(Root, "root" + i, null));
        }
    }

    [Fact]
    public async Task A_node_is_made_and_configured_at_once_or_not_at_all()
    {
        Fails(PubSubError.UnsupportedAccessModel, await Owner.CreateAsync(Alice, Node, Config(("access_model", "psychic"))));
        Fails(PubSubError.NotAcceptable, await Owner.CreateAsync(Alice, Node, Config(("max_items", "many"))));
        Fails(PubSubError.ItemNotFound, await Owner.ConfigurationAsync(Alice, Node));
        await MakeAsync(("title", "A feed"), ("access_model", "authorize"));
        DataForm form = Ok(await Owner.ConfigurationAsync(Alice, Node));
        Assert.Equal("A feed", form["pubsub#title"]!.Value);
        Assert.Equal("authorize", form["pubsub#access_model"]!.Value);
    }

    [Fact]
    public async Task The_default_configuration_is_that_of_a_new_node()
    {
        await MakeAsync();
        DataForm made = Ok(await Owner.ConfigurationAsync(Alice, Node));
        DataForm standard = Ok(Owner.DefaultForm());
        Assert.Equal(standard.Fields.Select(f => (f.Var, f.Value)), made.Fields.Select(f => (f.Var, f.Value)));
        Assert.Equal("open", standard["pubsub#access_model"]!.Value);
        Assert.Equal("on_sub", standard["pubsub#send_last_published_item"]!.Value);
        Assert.Equal("publishers", standard["pubsub#publish_model"]!.Value);
    }

    [Fact]
    public async Task A_configuration_is_changed_field_by_field_and_kept()
    {
        await MakeAsync(("title", "old"), ("description", "stays"));
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("title", "new"), ("unheard_of", "x"))));
        Restart();
        DataForm form = Ok(await Owner.ConfigurationAsync(Alice, Node));
        Assert.Equal("new", form["pubsub#title"]!.Value);
        Assert.Equal("stays", form["pubsub#description"]!.Value);
        Fails(PubSubError.NotAcceptable, await Owner.ConfigureAsync(Alice, Node, Config(("title", "newer"), ("persist_items", "2"))));
        Assert.Equal("new", Ok(await Owner.ConfigurationAsync(Alice, Node))["pubsub#title"]!.Value);
    }

    [Fact]
    public async Task A_cancelled_form_changes_nothing()
    {
        await MakeAsync();
        Ok(await Owner.ConfigureAsync(Alice, Node, new DataForm(FormType.Cancel)));
        Fails(PubSubError.BadRequest, await Owner.ConfigureAsync(Alice, Node, new DataForm(FormType.Form)));
    }

    [Fact]
    public async Task Only_owners_do_what_owners_do()
    {
        await MakeAsync();
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Publisher)]));
        Fails(PubSubError.Forbidden, await Owner.ConfigurationAsync(Bob, Node));
        Fails(PubSubError.Forbidden, await Owner.ConfigureAsync(Bob, Node, Config()));
        Fails(PubSubError.Forbidden, await Owner.DeleteAsync(Bob, Node, null));
        Fails(PubSubError.Forbidden, await Owner.PurgeAsync(Bob, Node));
        Fails(PubSubError.Forbidden, await Lists.SubscriptionsAsync(Bob, Node));
        Fails(PubSubError.Forbidden, await Lists.SetSubscriptionsAsync(Bob, Node, [new(Bob, SubscriptionState.Subscribed)]));
        Fails(PubSubError.Forbidden, await Lists.AffiliationsAsync(Bob, Node));
        Fails(PubSubError.Forbidden, await Lists.SetAffiliationsAsync(Bob, Node, [(Bob, Affiliation.Owner)]));
        Fails(PubSubError.NodeIdRequired, await Owner.ConfigurationAsync(Alice, null));
        Fails(PubSubError.ItemNotFound, await Owner.DeleteAsync(Alice, "nowhere", null));
    }

    [Fact]
    public async Task Subscribers_are_told_of_a_new_configuration_when_configured_so()
    {
        await MakeAsync(("notify_config", "1"));
        await SubscribeAsync(Bob);
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("title", "new"))));
        Assert.Equal("new", Sent.Single<ConfigurationEvent>(Bob).Configuration!.Title);
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("deliver_payloads", "0"))));
        Assert.Null(Sent.Single<ConfigurationEvent>(Bob).Configuration);
    }

    [Fact]
    public async Task Fewer_max_items_remove_the_oldest_at_once()
    {
        await MakeAsync();
        for (int i = 0; i < 5; i++)
        {
            await PublishAsync("i" + i);
        }

        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("max_items", "2"))));
        Assert.Equal(["i3", "i4"], await IdsAsync());
    }

    [Fact]
    public async Task A_node_that_becomes_a_whitelist_loses_who_is_not_on_it()
    {
        await MakeAsync();
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Carol, Affiliation.Member)]));
        await SubscribeAsync(Bob);
        await SubscribeAsync(Carol);
        Assert.Equal(Affiliation.Member, Sent.Single<AffiliationEvent>(Carol).Affiliation);
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("access_model", "whitelist"))));
        Assert.Equal(SubscriptionState.None, Sent.Single<SubscriptionEvent>(Bob).State);
        await PublishAsync("1");
        Sent.Single<ItemsEvent>(Carol);
    }

    [Fact]
    public async Task A_deleted_node_is_told_and_gone_with_its_items()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        await PublishAsync("1");
        Sent.Take();
        Ok(await Owner.DeleteAsync(Alice, Node, "xmpp:pubsub.example.org?;node=other"));
        Assert.Equal("xmpp:pubsub.example.org?;node=other", Sent.Single<DeleteEvent>(Bob).RedirectUri);
        Fails(PubSubError.Gone("xmpp:pubsub.example.org?;node=other"), await Subscriber.ItemsAsync(Bob, Node, null, null));
        Restart();
        Fails(PubSubError.Gone("xmpp:pubsub.example.org?;node=other"), await Subscriber.SubscribeAsync(Bob, Node, Bob, null));
        await MakeAsync();
        Assert.Empty(await IdsAsync());
        await PublishAsync("2");
        Assert.Empty(Sent.Take());
    }

    [Fact]
    public async Task A_purged_node_is_empty_and_told()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        await PublishAsync("1");
        Sent.Take();
        Ok(await Owner.PurgeAsync(Alice, Node));
        Sent.Single<PurgeEvent>(Bob);
        Assert.Empty(await IdsAsync());
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("persist_items", "0"))));
        Fails(PubSubError.PersistentItemsUnsupported, await Owner.PurgeAsync(Alice, Node));
    }

    [Fact]
    public async Task Owners_see_and_set_subscriptions()
    {
        await MakeAsync(("access_model", "authorize"));
        await SubscribeAsync(Bob);
        Sent.Take();
        Assert.Empty(Ok(await Lists.SubscriptionsAsync(Alice, Node))); // §8.8.1: who waits is not among them
        Ok(await Lists.SetSubscriptionsAsync(Alice, Node, [new(Bob, SubscriptionState.Subscribed), new(Carol, SubscriptionState.Subscribed)]));
        Assert.Equal([Bob, Carol], Sent.Take().Select(s => s.To));
        await PublishAsync("1");
        Assert.Equal(2, Sent.Take().Count);
        Ok(await Lists.SetSubscriptionsAsync(Alice, Node, [new(Bob, SubscriptionState.None)]));
        Assert.Equal(SubscriptionState.None, Sent.Single<SubscriptionEvent>(Bob).State);
        Restart();
        Assert.Equal(Carol, Ok(await Lists.SubscriptionsAsync(Alice, Node)).Single().Jid);
    }

    [Fact]
    public async Task Owners_see_and_set_affiliations()
    {
        await MakeAsync();
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Of("bob", "phone"), Affiliation.Publisher), (Carol, Affiliation.Outcast)]));
        Restart();
        Assert.Equal(
            [("alice@example.org", Affiliation.Owner), ("bob@example.org", Affiliation.Publisher), ("carol@example.org", Affiliation.Outcast)],
            Ok(await Lists.AffiliationsAsync(Alice, Node)));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.None)]));
        Assert.Equal(2, Ok(await Lists.AffiliationsAsync(Alice, Node)).Count);
    }

    [Fact]
    public async Task The_last_owner_stays()
    {
        await MakeAsync();
        Fails(PubSubError.NotAcceptable, await Lists.SetAffiliationsAsync(Alice, Node, [(Alice, Affiliation.None)]));
        List<(Jid Jid, Affiliation Affiliation)> refused = [];
        Fails(PubSubError.NotAcceptable, await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Member), (Alice, Affiliation.Publisher), (Carol, null)], refused));
        Assert.Equal([(Carol, Affiliation.None), (Alice, Affiliation.Owner)], refused); // §8.9.2.4: what failed, as it is; the rest is done
        Assert.Equal([("alice@example.org", Affiliation.Owner), ("bob@example.org", Affiliation.Member)], Ok(await Lists.AffiliationsAsync(Alice, Node)));
        Fails(PubSubError.BadRequest, await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Member), (Of("bob", "phone"), Affiliation.Owner)]));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Owner), (Alice, Affiliation.None)]));
        Ok(await Owner.DeleteAsync(Bob, Node, null));
    }

    [Fact]
    public async Task An_outcast_loses_its_subscription()
    {
        await MakeAsync();
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Of("bob", "phone"), null));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Outcast)]));
        Assert.Equal(
            [(typeof(AffiliationEvent), Bob), (typeof(SubscriptionEvent), Of("bob", "phone"))],
            Sent.Take().Select(s => (s.Event.GetType(), s.To)));
        Assert.Empty(Ok(await Lists.SubscriptionsAsync(Alice, Node)));
    }

    [Fact]
    public async Task Changes_in_one_request_are_bounded()
    {
        await MakeAsync();
        var many = Enumerable.Range(0, 6).Select(i => ((Jid, Affiliation?))(Of("u" + i), Affiliation.Member)).ToArray();
        Fails(PubSubError.PolicyViolation, await Lists.SetAffiliationsAsync(Alice, Node, many));
        Fails(PubSubError.PolicyViolation, await Lists.SetSubscriptionsAsync(Alice, Node, [.. many.Select(m => new SubscriptionChange(m.Item1, SubscriptionState.Subscribed))]));
        Options.AffiliationsPerNode = 2;
        Fails(PubSubError.PolicyViolation, await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Member), (Carol, Affiliation.Member)]));
    }

    [Theory]
    [InlineData("things/esp32-1/telemetry", "esp32-1", true)]
    [InlineData("things/esp32-1/a/b", "esp32-1", true)]
    [InlineData("things/esp32-1/telemetry", "esp32-2", false)]
    [InlineData("things/esp32-1/telemetry", "root", true)]
    [InlineData("things/esp32-1/", "esp32-1", false)]
    [InlineData("things/esp32-1", "esp32-1", false)]
    [InlineData("things/", "esp32-1", false)]
    [InlineData("things", "esp32-1", false)]
    [InlineData("things//x", "esp32-1", false)]
    [InlineData("things/ESP32-1/x", "esp32-1", false)]
    [InlineData("things/esp32-1/../esp32-2/x", "esp32-2", false)]
    [InlineData("thingsy/x", "alice", true)]
    public async Task Nodes_of_a_thing_are_made_by_the_thing_or_an_administrator(string node, string actor, bool allowed)
    {
        Outcome<string> outcome = await Owner.CreateAsync(Of(actor, "x"), node, null);
        Assert.Equal(allowed ? null : PubSubError.Forbidden, outcome.Error);
    }

    [Fact]
    public async Task The_thing_owns_its_nodes_whoever_makes_them_and_they_are_whitelists()
    {
        const string node = "things/esp32-1/telemetry";
        Ok(await Owner.CreateAsync(Root, node, null));
        Assert.Equal(("esp32-1@example.org", Affiliation.Owner), Ok(await Lists.AffiliationsAsync(Root, node)).Single());
        Ok(await Publisher.PublishAsync(Thing, node, [Item("1")], null));
        Fails(PubSubError.ClosedNode, await Subscriber.SubscribeAsync(Alice, node, Alice, null));
        Fails(PubSubError.Forbidden, await Publisher.PublishAsync(Alice, node, [Item("2")], null));

        Accounts.Owners["esp32-1"] = Alice;
        await SubscribeAsync(Alice, node); // who owns the thing reads
        Assert.Single(Ok(await Subscriber.ItemsAsync(Alice, node, null, null)).Items);
        Fails(PubSubError.Forbidden, await Publisher.PublishAsync(Alice, node, [Item("2")], null));
        Fails(PubSubError.Forbidden, await Owner.DeleteAsync(Alice, node, null));
        Fails(PubSubError.ClosedNode, await Subscriber.SubscribeAsync(Bob, node, Bob, null));
        Ok(await Subscriber.ItemsAsync(Root, node, null, null));
    }

    [Fact]
    public async Task A_thing_makes_its_node_by_publishing()
    {
        Ok(await Publisher.PublishAsync(Of("esp32-1", "thing"), "things/esp32-1/telemetry", [Item(null)], null));
        Fails(PubSubError.ItemNotFound, await Publisher.PublishAsync(Of("esp32-1", "thing"), "things/esp32-2/telemetry", [Item(null)], null));
        Fails(PubSubError.ClosedNode, await Subscriber.SubscribeAsync(Bob, "things/esp32-1/telemetry", Bob, null));
    }

    [Fact]
    public async Task Discovery_lists_open_nodes_and_ones_own()
    {
        Ok(await Owner.CreateAsync(Alice, "open", Config(("title", "An open one"))));
        Ok(await Owner.CreateAsync(Alice, "closed", Config(("access_model", "whitelist"))));
        Ok(await Owner.CreateAsync(Thing, "things/esp32-1/telemetry", null));
        Assert.Equal(["open"], await NamesAsync(Bob));
        Assert.Equal(["closed", "open"], await NamesAsync(Alice));
        Assert.Equal(["open", "things/esp32-1/telemetry"], await NamesAsync(Thing));
        Assert.Equal(["closed", "open", "things/esp32-1/telemetry"], await NamesAsync(Root));
        NodePage page = Ok(await Service.Entity.NodesAsync(Root, new ResultSetRequest { Max = 1, After = "closed" }))!;
        Assert.Equal(("open", "An open one"), page.Nodes.Single());
        Assert.Equal((1, 3), (page.Index, page.Count));
        Assert.Equal(["things/esp32-1/telemetry"], Ok(await Service.Entity.NodesAsync(Root, new ResultSetRequest { Max = 1, Before = "" }))!.Nodes.Select(n => n.Name));
        Assert.Equal(["closed"], Ok(await Service.Entity.NodesAsync(Root, new ResultSetRequest { Max = 5, Before = "open" }))!.Nodes.Select(n => n.Name));

        async Task<IEnumerable<string>> NamesAsync(Jid who) => Ok(await Service.Entity.NodesAsync(who, null))!.Nodes.Select(n => n.Name);
    }

    [Fact]
    public async Task Meta_data_tells_what_the_node_is()
    {
        await MakeAsync(("title", "A feed"), ("type", "urn:test"));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Carol, Affiliation.Publisher)]));
        await SubscribeAsync(Bob);
        DataForm form = Ok(await Service.Entity.MetaDataAsync(Bob, Node));
        Assert.Equal("http://jabber.org/protocol/pubsub#meta-data", form.FormType);
        Assert.Equal(
            ["urn:test", "alice@example.org", "2026-11-20T12:00:00Z", "A feed", "1", "alice@example.org", "carol@example.org"],
            new[] { "type", "creator", "creation_date", "title", "num_subscribers", "owner", "publisher" }.Select(v => form["pubsub#" + v]!.Value));
    }

    [Fact]
    public async Task One_lists_ones_subscriptions_and_affiliations()
    {
        await MakeAsync();
        Ok(await Owner.CreateAsync(Alice, "other", null));
        await SubscribeAsync(Bob);
        Ok(await Subscriber.SubscribeAsync(Bob, "other", Of("bob", "phone"), null));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Publisher)]));
        Assert.Equal([(Node, Bob), ("other", Of("bob", "phone"))], Ok(await Service.Entity.SubscriptionsAsync(Of("bob", "laptop"), null)).Select(s => (s.Node, s.Subscription.Jid)));
        Assert.Equal("other", Ok(await Service.Entity.SubscriptionsAsync(Bob, "other")).Single().Node);
        Assert.Equal((Node, Affiliation.Publisher), Ok(await Service.Entity.AffiliationsAsync(Bob, null)).Single());
        Assert.Equal(2, Ok(await Service.Entity.AffiliationsAsync(Alice, null)).Count);
        Assert.Empty(Ok(await Service.Entity.AffiliationsAsync(Bob, "other")));
        Fails(PubSubError.ItemNotFound, await Service.Entity.SubscriptionsAsync(Bob, "nowhere"));
    }

    [Fact]
    public async Task An_account_that_is_gone_is_gone_here_too()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Publisher)]));
        await Owner.RemoveEntityAsync(Bob);
        Sent.Take();
        await PublishAsync("1");
        Assert.Empty(Sent.Take());
        Assert.Single(Ok(await Lists.AffiliationsAsync(Alice, Node)));
    }

    [Fact]
    public async Task Nodes_in_memory_are_bounded_and_come_back()
    {
        Options.CachedNodes = 8;
        Restart();
        for (int i = 0; i < 30; i++)
        {
            string node = "n" + i;
            Ok(await Owner.CreateAsync(Alice, node, null));
            await SubscribeAsync(Bob, node);
        }

        Assert.InRange(Service.CachedNodes, 1, 8);
        Sent.Take();
        for (int i = 0; i < 30; i++)
        {
            await PublishAsync("1", node: "n" + i);
            Sent.Single<ItemsEvent>(Bob);
        }

        Assert.InRange(Service.CachedNodes, 1, 8);
    }

    [Fact]
    public void Every_setting_has_its_bounds()
    {
        Assert.Empty(new PubSubOptions().Validate());
        var bad = new PubSubOptions
        {
            NodesPerAccount = 0,
            ItemsPerNode = 0,
            PayloadBytes = 0,
            ItemsPerRequest = 0,
            ItemsPerPage = 0,
            SubscriptionsPerNode = 0,
            SubscriptionsPerAccount = 0,
            AffiliationsPerNode = 0,
            IdBytes = 0,
            TextLimit = 0,
            CachedNodes = 0,
            DefaultMaxItems = 0,
            SweepInterval = TimeSpan.Zero,
        };
        Assert.Equal(13, bad.Validate().Count());
    }
}
