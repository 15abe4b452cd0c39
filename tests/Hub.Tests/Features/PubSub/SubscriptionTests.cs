using System.Text;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>XEP-0060 §6.1.6, §6.3, §12: several subscriptions, their options, leases, digests.</summary>
public sealed class SubscriptionTests : PubSubHarness
{
    private const string Atom = "http://www.w3.org/2005/Atom";

    [Fact]
    public async Task Who_subscribes_with_other_options_has_two_subscriptions_and_one_notification()
    {
        await MakeAsync();
        Subscription first = await SubscribeAsync(Bob);
        Subscription second = Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("expire", "2026-12-01T00:00:00Z"))));
        Assert.NotEqual(first.SubId, second.SubId);
        Assert.Equal(second, Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("expire", "2026-12-01T00:00:00Z")))));
        Assert.Equal(2, Ok(await Service.Entity.SubscriptionsAsync(Bob, Node)).Count);

        await PublishAsync("1");
        Assert.Equal(new[] { first.SubId, second.SubId }.Order(), Sent.Single<ItemsEvent>(Bob).SubIds!.Order());
        Ok(await Publisher.RetractAsync(Alice, Node, ["1"], notify: true));
        Assert.Equal(2, Sent.Single<RetractEvent>(Bob).SubIds!.Count);
        Ok(await Owner.PurgeAsync(Alice, Node));
        Assert.Null(Sent.Single<PurgeEvent>(Bob).SubIds); // §12.14: the content does not differ

        Fails(PubSubError.SubIdRequired, await Subscriber.UnsubscribeAsync(Bob, Node, Bob, null));
        Fails(PubSubError.InvalidSubId, await Subscriber.UnsubscribeAsync(Bob, Node, Bob, "other"));
        Fails(PubSubError.SubIdRequired, await Subscriber.OptionsAsync(Bob, Node, Bob, null));
        Fails(PubSubError.SubIdRequired, await Subscriber.CheckSubIdAsync(Bob, Node, null));
        Assert.Null(await Subscriber.CheckSubIdAsync(Bob, Node, first.SubId));
        Restart();
        Assert.Equal(second.Options, Ok(await Subscriber.OptionsAsync(Bob, Node, Bob, second.SubId)));
        Ok(await Subscriber.UnsubscribeAsync(Bob, Node, Bob, second.SubId));
        await PublishAsync("2");
        Assert.Null(Sent.Single<ItemsEvent>(Bob).SubIds);
    }

    [Fact]
    public async Task Subscriptions_of_one_address_are_bounded()
    {
        Options.SubscriptionsPerJid = 2;
        await MakeAsync();
        await SubscribeAsync(Bob);
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("digest", "1"))));
        Fails(PubSubError.TooManySubscriptions, await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("deliver", "0"))));
    }

    [Fact]
    public async Task Owners_change_lists_in_part()
    {
        await MakeAsync();
        Subscription first = await SubscribeAsync(Bob);
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("digest", "1"))));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Carol, Affiliation.Outcast)]));
        Sent.Take();
        List<Subscription> refused = [];
        Fails(
            PubSubError.NotAcceptable,
            await Lists.SetSubscriptionsAsync(
                Alice, Node, [new(Carol, SubscriptionState.Subscribed), new(Bob, SubscriptionState.None, first.SubId), new(Root, null), new(Thing, SubscriptionState.Subscribed)], refused));
        Assert.Equal([(Carol, SubscriptionState.None), (Root, SubscriptionState.None)], refused.Select(s => (s.Jid, s.State)));
        Assert.Equal([(Bob, SubscriptionState.None), (Thing, SubscriptionState.Subscribed)], Sent.Take().Select(s => (s.To, ((SubscriptionEvent)s.Event).State)));
        Ok(await Lists.SetSubscriptionsAsync(Alice, Node, [new(Bob, SubscriptionState.None)]));
        Assert.Equal([Thing], Ok(await Lists.SubscriptionsAsync(Alice, Node)).Select(s => s.Jid));
    }

    [Fact]
    public async Task Show_values_choose_the_states_of_presence()
    {
        await MakeAsync();
        var form = SubscribeOptions();
        form.Add(new FormField("pubsub#show-values") { Values = ["away", "chat"] });
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, form));
        foreach ((ShowValues shows, bool told) in new[] { (ShowValues.None, false), (ShowValues.Online, false), (ShowValues.Away, true), (ShowValues.Online | ShowValues.Chat, true), (ShowValues.Xa, false) })
        {
            Sent.Shows[Bob.ToString()] = shows;
            await PublishAsync("1");
            Assert.Equal(told ? 1 : 0, Sent.Take().Count);
        }

        Fails(PubSubError.InvalidOptions, await Subscriber.SubscribeAsync(new Jid("zoe", "other.example", ""), Node, new Jid("zoe", "other.example", ""), form)); // nobody knows her presence here
    }

    [Fact]
    public async Task A_body_is_made_where_the_payload_is_understood_and_wanted()
    {
        await MakeAsync(("type", Atom));
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("include_body", "1"))));
        await SubscribeAsync(Carol);
        Ok(await Publisher.PublishAsync(Alice, Node, [new("1", Encoding.UTF8.GetBytes($"<entry xmlns='{Atom}'><title>Hi &amp; bye</title></entry>"))], null));
        Dictionary<Jid, ItemsEvent> told = Sent.Take().ToDictionary(s => s.To, s => (ItemsEvent)s.Event);
        Assert.StartsWith("<body>Hi &amp; bye</body><event ", Encoding.UTF8.GetString(PubSubXml.Event(told[Bob])), StringComparison.Ordinal);
        Assert.StartsWith("<event ", Encoding.UTF8.GetString(PubSubXml.Event(told[Carol])), StringComparison.Ordinal);

        Ok(await Owner.CreateAsync(Alice, "other", null));
        Fails(PubSubError.InvalidOptions, await Subscriber.SubscribeAsync(Bob, "other", Bob, SubscribeOptions(("include_body", "1")))); // §12.7: nothing is understood there
    }

    [Theory]
    [InlineData("digest_frequency", "999")]
    [InlineData("digest_frequency", "604800001")]
    [InlineData("digest_frequency", "often")]
    [InlineData("digest", "2")]
    [InlineData("show-values", "gone")]
    [InlineData("subscription_type", "some")]
    [InlineData("subscription_depth", "-1")]
    [InlineData("subscription_depth", "deep")]
    public async Task Wrong_options_are_refused(string field, string value)
    {
        await MakeAsync();
        Fails(PubSubError.InvalidOptions, await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions((field, value))));
    }

    [Fact]
    public async Task A_temporary_subscription_ends_when_its_session_goes_and_when_the_hub_starts()
    {
        await MakeAsync();
        Jid phone = Of("bob", "phone");
        Ok(await Subscriber.SubscribeAsync(phone, Node, phone, SubscribeOptions(("expire", "presence"))));
        await Subscriber.WentOfflineAsync(Of("bob", "laptop"), isLast: false);
        await PublishAsync("1");
        Sent.Single<ItemsEvent>(phone);
        await Subscriber.WentOfflineAsync(phone, isLast: true);
        Assert.Equal(SubscriptionState.None, Sent.Single<SubscriptionEvent>(phone).State);
        await PublishAsync("2");
        Assert.Empty(Sent.Take());

        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("tempsub", "1"))));
        Assert.True((await SubscribeAsync(Bob)).Options.UntilPresence);
        Restart();
        await Service.StartAsync();
        Assert.Empty(Ok(await Service.Entity.SubscriptionsAsync(Bob, null)));
    }

    [Fact]
    public async Task A_lease_is_cut_to_the_longest_told_before_its_end_and_told_at_it()
    {
        await MakeAsync();
        Subscription leased = Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("expire", "2100-01-01T00:00:00Z"))));
        Assert.Equal(Time.Now + Options.MaxLease, leased.Options.Expire);
        await Service.SweepAsync();
        Assert.Empty(Sent.Take());
        Time.Now += Options.MaxLease - TimeSpan.FromHours(23);
        await Service.SweepAsync();
        Assert.Equal(leased.Options.Expire, Sent.Single<SubscriptionEvent>(Bob).Expiry);
        await Service.SweepAsync();
        Assert.Empty(Sent.Take()); // once
        Time.Now += TimeSpan.FromHours(23);
        await Service.SweepAsync();
        SubscriptionEvent ended = Sent.Single<SubscriptionEvent>(Bob);
        Assert.Equal((SubscriptionState.None, leased.SubId), (ended.State, ended.SubId));
    }

    [Fact]
    public async Task A_short_lease_ends_without_a_word_before()
    {
        await MakeAsync();
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("expire", "2026-11-20T13:00:00Z"))));
        await Service.SweepAsync();
        Assert.Empty(Sent.Take());
    }

    [Fact]
    public async Task A_digest_has_each_item_once_and_goes_out_at_its_time()
    {
        await MakeAsync();
        await PublishAsync("before");
        Time.Now += TimeSpan.FromSeconds(1);
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("digest", "1"), ("digest_frequency", "60000"))));
        await SubscribeAsync(Carol);
        foreach (string id in new[] { "1", "2", "1", "3" })
        {
            await PublishAsync(id, "v" + id);
        }

        Ok(await Publisher.RetractAsync(Alice, Node, ["2"], notify: true));
        Assert.All(Sent.Take(), s => Assert.Equal(Carol, s.To));
        Time.Now += TimeSpan.FromSeconds(59);
        await Service.FlushDigestsAsync();
        Assert.Empty(Sent.Take());
        Time.Now += TimeSpan.FromSeconds(1);
        await Service.FlushDigestsAsync();
        List<(PubSubEvent Event, Jid To)> told = Sent.Take();
        Assert.All(told, t => Assert.Equal(Bob, t.To));
        Assert.Equal(["2"], ((RetractEvent)told[0].Event).Ids);
        Assert.Equal(["1", "3"], ((ItemsEvent)told[1].Event).Items.Select(i => i.Id));
        Assert.Equal(0, Service.Digests);
        Time.Now += TimeSpan.FromHours(1);
        await Service.FlushDigestsAsync();
        Assert.Empty(Sent.Take());
    }

    /// <summary>Between a request and its commit time passes.</summary>
    [Fact]
    public void A_digest_begins_when_its_first_item_was_published()
    {
        Time.Now += TimeSpan.FromSeconds(1);
        var node = new IotXmpp.Hub.Features.PubSub.Node(1, Node, "alice@example.org", Time.Now, new NodeConfiguration { PersistItems = false });
        var subscription = new Subscription(Bob, SubscriptionState.Subscribed, new SubscriptionOptions { Digest = true }) { SubId = "1" };
        var item = new PublishedItem("1", "alice@example.org", Time.Now - TimeSpan.FromMilliseconds(20), Payload("x"));
        Assert.True(Service.Context.Digests.TryAdd(node, node, subscription, new ItemsEvent(Node, [item], true, false)));
        Assert.Equal(item.Published, Service.Context.Digests.SinceOf(new DigestKey(Node, Node, Bob, "1")));
    }

    [Fact]
    public async Task A_digest_survives_a_restart()
    {
        await MakeAsync();
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("digest", "1"), ("digest_frequency", "60000"))));
        await PublishAsync("1");
        await PublishAsync("2");
        Restart();
        await Service.StartAsync();
        Assert.Equal(1, Service.Digests);
        Time.Now += TimeSpan.FromMinutes(1);
        await Service.FlushDigestsAsync();
        Assert.Equal(["1", "2"], Sent.Single<ItemsEvent>(Bob).Items.Select(i => i.Id));
        Restart();
        await Service.StartAsync();
        Assert.Equal(0, Service.Digests);
    }

    [Fact]
    public async Task Of_a_node_that_keeps_nothing_the_items_wait_and_a_full_digest_goes_out()
    {
        Options.ItemsPerDigest = 3;
        await MakeAsync(("persist_items", "0"));
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("digest", "1"), ("digest_frequency", "60000"))));
        await PublishAsync("1");
        await PublishAsync("2");
        await Service.FlushDigestsAsync();
        Assert.Empty(Sent.Take());
        await PublishAsync("3");
        await Service.FlushDigestsAsync();
        Assert.Equal(["1", "2", "3"], Sent.Single<ItemsEvent>(Bob).Items.Select(i => i.Id));
    }

    [Fact]
    public async Task Beyond_the_bound_of_digests_notifications_go_out_at_once()
    {
        Options.Digests = 1;
        await MakeAsync();
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("digest", "1"))));
        Ok(await Subscriber.SubscribeAsync(Carol, Node, Carol, SubscribeOptions(("digest", "1"))));
        await PublishAsync("1");
        Assert.Single(Sent.Take());
        await PublishAsync("2");
        Assert.Single(Sent.Take());
    }

    [Fact]
    public async Task Requests_that_wait_are_bounded_and_follow_the_affiliation()
    {
        Options.PendingPerNode = 2;
        await MakeAsync(("access_model", "authorize"));
        Subscription waiting = await SubscribeAsync(Bob);
        Assert.Equal(waiting.SubId, Sent.Single<AuthorizationRequest>(Alice).SubId);
        await SubscribeAsync(Carol);
        Fails(PubSubError.TooManySubscriptions, await Subscriber.SubscribeAsync(Thing, Node, Thing, null));
        Sent.Take();
        Assert.Equal([Node], await Lists.PendingNodesAsync(Alice));
        Assert.Empty(await Lists.PendingNodesAsync(Bob));
        Fails(PubSubError.Forbidden, await Lists.AskPendingAsync(Bob, Node));
        Ok(await Lists.AskPendingAsync(Of("alice", "desk"), Node));
        Assert.Equal([Bob, Carol], Sent.Take().Select(s => { Assert.Equal(Of("alice", "desk"), s.To); return ((AuthorizationRequest)s.Event).Jid; }));

        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Member), (Carol, Affiliation.Outcast)]));
        Assert.Equal(
            [(Bob, SubscriptionState.Subscribed), (Carol, SubscriptionState.None)],
            Sent.Take().Select(s => s.Event).OfType<SubscriptionEvent>().OrderBy(e => e.Jid.ToString(), StringComparer.Ordinal).Select(e => (e.Jid, e.State)));
        Assert.Empty(await Lists.PendingNodesAsync(Alice));
    }

    [Fact]
    public async Task A_node_that_opens_takes_who_waits()
    {
        await MakeAsync(("access_model", "authorize"));
        await SubscribeAsync(Bob);
        Sent.Take();
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("access_model", "open"))));
        Assert.Equal(SubscriptionState.Subscribed, Sent.Single<SubscriptionEvent>(Bob).State);
    }

    [Fact]
    public async Task Who_loses_the_owners_presence_loses_what_came_of_it()
    {
        await MakeAsync(("access_model", "presence"));
        Rosters.From.UnionWith([("alice", "bob"), ("alice", "carol")]);
        await SubscribeAsync(Bob);
        await SubscribeAsync(Carol);
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Carol, Affiliation.Member)]));
        Sent.Take();
        await Subscriber.LostPresenceAsync(Alice, Bob);
        await Subscriber.LostPresenceAsync(Alice, Carol); // a member for another reason
        Assert.Equal(SubscriptionState.None, Sent.Single<SubscriptionEvent>(Bob).State);
        await PublishAsync("1");
        Sent.Single<ItemsEvent>(Carol);
    }

    [Fact]
    public async Task A_notification_that_comes_back_for_good_ends_the_subscription()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        await Subscriber.BouncedAsync(Bob, Node);
        await PublishAsync("1");
        Assert.Empty(Sent.Take());
    }

    [Fact]
    public async Task What_was_missed_comes_with_its_time_the_newest_first_to_be_kept()
    {
        Options.SinceItems = 3;
        await MakeAsync();
        Ok(await Owner.CreateAsync(Alice, "kept", Config(("notification_type", "normal"))));
        await SubscribeAsync(Bob);
        await SubscribeAsync(Bob, "kept");
        await PublishAsync("old");
        Time.Now += TimeSpan.FromMinutes(10);
        DateTimeOffset went = Time.Now;
        for (int i = 1; i <= 5; i++)
        {
            Time.Now += TimeSpan.FromSeconds(1);
            await PublishAsync("i" + i);
        }

        await PublishAsync("waits offline", node: "kept");
        Sent.Take();
        Jid phone = Of("bob", "phone");
        await Subscriber.CameBackAsync(phone, went);
        List<(PubSubEvent Event, Jid To)> told = Sent.Take();
        Assert.All(told, t => Assert.Equal(phone, t.To));
        Assert.Equal(["i3", "i4", "i5"], told.Select(t => ((ItemsEvent)t.Event).Items.Single().Id));
        Assert.All(told, t => Assert.True(((ItemsEvent)t.Event).IsDelayed));
        Assert.Equal(("i3", "i5", 2, 5), ((ItemsEvent)told[2].Event).LeftOut is { } page ? (page.First, page.Last, page.Index, page.Count) : default);
        await Subscriber.CameBackAsync(phone, Time.Now + TimeSpan.FromSeconds(1));
        Assert.Empty(Sent.Take());
    }

    [Theory]
    [InlineData("retract-oldest", true)]
    [InlineData("discard-oldest", false)]
    public async Task The_oldest_item_goes_with_or_without_a_word(string full, bool told)
    {
        await MakeAsync(("max_items", "1"), ("publish_node_full", full));
        await SubscribeAsync(Bob);
        await PublishAsync("1");
        Sent.Take();
        await PublishAsync("2");
        Assert.Equal(told ? ["2", "-1"] : ["2"], Sent.Take().Select(s => s.Event is RetractEvent r ? "-" + r.Ids.Single() : ((ItemsEvent)s.Event).Items.Single().Id));
        Assert.Equal(["2"], await IdsAsync());
    }

    [Fact]
    public async Task A_full_node_refuses_what_is_new_when_it_is_configured_so()
    {
        await MakeAsync(("max_items", "2"), ("publish_node_full", "reject"));
        await PublishAsync("1");
        await PublishAsync("2");
        Fails(PubSubError.NodeFull, await Publisher.PublishAsync(Alice, Node, [Item("3")], null));
        await PublishAsync("1", "again");
        Assert.Equal(["2", "1"], await IdsAsync());
        Fails(PubSubError.TooManyItems, await Publisher.PublishAsync(Alice, Node, [Item("a"), Item("b"), Item("c")], null)); // §12.9
    }

    [Fact]
    public async Task Items_that_last_as_long_as_their_publisher_is_there()
    {
        await MakeAsync(("purge_offline", "1"), ("publish_model", "open"));
        await SubscribeAsync(Carol);
        await PublishAsync("a");
        await PublishAsync("b", by: Bob);
        Sent.Take();
        Restart();
        await Service.StartAsync();
        await Subscriber.WentOfflineAsync(Of("bob", "x"), isLast: false);
        Assert.Equal(2, (await IdsAsync()).Count);
        await Subscriber.WentOfflineAsync(Of("bob", "x"), isLast: true);
        Assert.Equal(["b"], Sent.Single<RetractEvent>(Carol).Ids);
        Assert.Equal(["a"], await IdsAsync());
    }

    [Fact]
    public async Task A_payload_is_of_the_namespace_that_the_node_says()
    {
        await MakeAsync(("type", "urn:test"));
        await PublishAsync("1");
        Fails(PubSubError.InvalidPayload, await Publisher.PublishAsync(Alice, Node, [new("2", "<e xmlns='urn:other'/>"u8.ToArray())], null));
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("type", "weather"))));
        await PublishAsync("3"); // no namespace: it says what the payloads mean
    }

    [Theory]
    [InlineData(null, true, false)]
    [InlineData("none", false, false)]
    [InlineData("publisher", true, true)]
    public async Task Who_published_is_told_as_itemreply_says(string? reply, bool whenAsked, bool whenNotified)
    {
        await MakeAsync(reply is null ? [] : [("itemreply", reply)]);
        await SubscribeAsync(Bob);
        await PublishAsync("1");
        Assert.Equal(whenNotified, Sent.Single<ItemsEvent>(Bob).WithPublisher);
        Assert.Equal(whenAsked, await Service.Entity.TellsPublisherAsync(Node, TestContext.Current.CancellationToken));
    }
}
