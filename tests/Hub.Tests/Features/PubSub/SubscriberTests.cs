using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>XEP-0060 §6.</summary>
public sealed class SubscriberTests : PubSubHarness
{
    [Fact]
    public async Task One_subscribes_and_gets_what_is_published()
    {
        await MakeAsync();
        Subscription subscription = await SubscribeAsync(Bob);
        Assert.Equal(SubscriptionState.Subscribed, subscription.State);
        await PublishAsync("1", "hello");
        ItemsEvent told = Sent.Single<ItemsEvent>(Bob);
        Assert.Equal(Node, told.Node);
        Assert.False(told.IsDelayed);
        Assert.True(told.WithPayloads);
        Assert.Equal("1", Assert.Single(told.Items).Id);
        Assert.Equal(Payload("hello"), told.Items[0].Payload.ToArray());
    }

    [Fact]
    public async Task A_subscription_survives_a_restart()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        Restart();
        await PublishAsync("1");
        Sent.Single<ItemsEvent>(Bob);
    }

    [Fact]
    public async Task One_may_subscribe_a_resource_of_ones_own()
    {
        await MakeAsync();
        Jid resource = Of("bob", "phone");
        Ok(await Subscriber.SubscribeAsync(Of("bob", "laptop"), Node, resource, null));
        await PublishAsync("1");
        Sent.Single<ItemsEvent>(resource);
    }

    [Fact]
    public async Task One_subscribes_nobody_else()
    {
        await MakeAsync();
        Fails(PubSubError.InvalidJid, await Subscriber.SubscribeAsync(Bob, Node, Carol, null));
        Fails(PubSubError.JidRequired, await Subscriber.SubscribeAsync(Bob, Node, null, null));
    }

    [Fact]
    public async Task There_is_nothing_to_subscribe_without_a_node()
    {
        Fails(PubSubError.ItemNotFound, await Subscriber.SubscribeAsync(Bob, "nowhere", Bob, null));
        Assert.Equal(SubscriptionState.Subscribed, Ok(await Subscriber.SubscribeAsync(Bob, null, Bob, null)).State); // XEP-0248 §8.1: the root
    }

    [Fact]
    public async Task Subscribing_twice_is_one_subscription()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        await SubscribeAsync(Bob);
        await PublishAsync("1");
        Sent.Single<ItemsEvent>(Bob);
    }

    [Fact]
    public async Task Presence_access_asks_for_the_owners_presence()
    {
        await MakeAsync(("access_model", "presence"));
        Fails(PubSubError.PresenceSubscriptionRequired, await Subscriber.SubscribeAsync(Bob, Node, Bob, null));
        Rosters.From.Add(("alice", "bob"));
        await SubscribeAsync(Bob);
    }

    /// <summary>An owner of another server has no roster here: the account of that name is somebody else.</summary>
    [Fact]
    public async Task Nobody_is_let_in_by_the_roster_of_a_namesake()
    {
        await MakeAsync(("access_model", "presence"));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(new Jid("carol", "other.example", ""), Affiliation.Owner)]));
        Rosters.From.Add(("carol", "bob"));
        Fails(PubSubError.PresenceSubscriptionRequired, await Subscriber.SubscribeAsync(Bob, Node, Bob, null));
    }

    [Fact]
    public async Task Roster_access_asks_for_a_group()
    {
        await MakeAsync(("access_model", "roster"), ("roster_groups_allowed", "friends"));
        Rosters.Groups.Add(("alice", "bob", "foes"));
        Fails(PubSubError.NotInRosterGroup, await Subscriber.SubscribeAsync(Bob, Node, Bob, null));
        Rosters.Groups.Add(("alice", "bob", "friends"));
        await SubscribeAsync(Bob);
    }

    [Fact]
    public async Task A_whitelist_is_closed_to_who_is_not_on_it()
    {
        await MakeAsync(("access_model", "whitelist"));
        Fails(PubSubError.ClosedNode, await Subscriber.SubscribeAsync(Bob, Node, Bob, null));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Member)]));
        await SubscribeAsync(Bob);
    }

    [Fact]
    public async Task An_administrator_is_an_owner_everywhere()
    {
        await MakeAsync(("access_model", "whitelist"));
        await SubscribeAsync(Root);
        Ok(await Publisher.PublishAsync(Root, Node, [Item("1")], null));
        Ok(await Owner.DeleteAsync(Root, Node, null));
    }

    [Theory]
    [InlineData(Affiliation.Outcast)]
    [InlineData(Affiliation.PublishOnly)]
    public async Task An_outcast_and_who_may_only_publish_do_not_subscribe(Affiliation affiliation)
    {
        await MakeAsync();
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, affiliation)]));
        Fails(PubSubError.Forbidden, await Subscriber.SubscribeAsync(Bob, Node, Bob, null));
        Fails(PubSubError.Forbidden, await Subscriber.ItemsAsync(Bob, Node, null, null));
    }

    [Fact]
    public async Task Authorize_access_waits_for_an_owner()
    {
        await MakeAsync(("access_model", "authorize"));
        Assert.Equal(SubscriptionState.Pending, (await SubscribeAsync(Bob)).State);
        Assert.Equal(Bob, Sent.Single<AuthorizationRequest>(Alice).Jid);
        Fails(PubSubError.PendingSubscription, await Subscriber.SubscribeAsync(Bob, Node, Bob, null));
        await PublishAsync("1");
        Assert.Empty(Sent.Take());
        Fails(PubSubError.NotAuthorizedNotSubscribed, await Subscriber.ItemsAsync(Bob, Node, null, null));

        Fails(PubSubError.Forbidden, await Lists.AuthorizeAsync(Carol, Node, Bob, true));
        Ok(await Lists.AuthorizeAsync(Alice, Node, Bob, true));
        Assert.Equal(SubscriptionState.Subscribed, Sent.Single<SubscriptionEvent>(Bob).State);
        await PublishAsync("2");
        Sent.Single<ItemsEvent>(Bob);
        Assert.Equal(2, Ok(await Subscriber.ItemsAsync(Bob, Node, null, null)).Items.Count);
        Fails(PubSubError.ItemNotFound, await Lists.AuthorizeAsync(Alice, Node, Bob, false)); // nothing waits any more
    }

    [Fact]
    public async Task A_denied_request_leaves_nothing()
    {
        await MakeAsync(("access_model", "authorize"));
        await SubscribeAsync(Bob);
        Sent.Take();
        Ok(await Lists.AuthorizeAsync(Alice, Node, Bob, false));
        Assert.Equal(SubscriptionState.None, Sent.Single<SubscriptionEvent>(Bob).State);
        Assert.Empty(Ok(await Lists.SubscriptionsAsync(Alice, Node)));
    }

    [Fact]
    public async Task A_member_need_not_be_authorized()
    {
        await MakeAsync(("access_model", "authorize"));
        Ok(await Lists.SetAffiliationsAsync(Alice, Node, [(Bob, Affiliation.Member)]));
        Assert.Equal(SubscriptionState.Subscribed, (await SubscribeAsync(Bob)).State);
    }

    [Fact]
    public async Task A_node_may_take_no_subscriptions()
    {
        await MakeAsync(("subscribe", "false"));
        Fails(PubSubError.SubscribeUnsupported, await Subscriber.SubscribeAsync(Bob, Node, Bob, null));
    }

    [Fact]
    public async Task Subscriptions_of_a_node_and_of_an_account_are_bounded()
    {
        Options.SubscriptionsPerNode = 2;
        Options.SubscriptionsPerAccount = 2;
        await MakeAsync();
        await SubscribeAsync(Bob);
        await SubscribeAsync(Carol);
        Fails(PubSubError.TooManySubscriptions, await Subscriber.SubscribeAsync(Root, Node, Root, null));
        await SubscribeAsync(Bob); // what is there may be said again

        Ok(await Owner.CreateAsync(Alice, "second", null));
        Ok(await Owner.CreateAsync(Alice, "third", null));
        await SubscribeAsync(Bob, "second");
        Fails(PubSubError.TooManySubscriptions, await Subscriber.SubscribeAsync(Bob, "third", Bob, null));
    }

    [Fact]
    public async Task Owners_are_told_of_subscriptions_when_configured_so()
    {
        await MakeAsync(("notify_sub", "1"));
        await SubscribeAsync(Bob);
        Assert.Equal(SubscriptionState.Subscribed, Sent.Single<SubscriptionEvent>(Alice).State);
        Ok(await Subscriber.UnsubscribeAsync(Bob, Node, Bob, null));
        Assert.Equal(SubscriptionState.None, Sent.Single<SubscriptionEvent>(Alice).State);
    }

    [Fact]
    public async Task The_last_item_is_sent_with_its_time()
    {
        await MakeAsync();
        await PublishAsync("1");
        await PublishAsync("2", "newest");
        DateTimeOffset published = Time.Now;
        Time.Now += TimeSpan.FromHours(1);
        await Subscriber.SendLastItemAsync(Node, await SubscribeAsync(Bob));
        ItemsEvent told = Sent.Single<ItemsEvent>(Bob);
        Assert.True(told.IsDelayed);
        Assert.Equal("2", Assert.Single(told.Items).Id);
        Assert.Equal(published, told.Items[0].Published);
    }

    [Fact]
    public async Task The_last_item_is_not_sent_when_configured_so_or_pending_or_there_is_none()
    {
        await MakeAsync(("send_last_published_item", "never"));
        await PublishAsync("1");
        await Subscriber.SendLastItemAsync(Node, await SubscribeAsync(Bob));
        Ok(await Owner.CreateAsync(Alice, "empty", null));
        await Subscriber.SendLastItemAsync("empty", await SubscribeAsync(Bob, "empty"));
        Assert.Empty(Sent.Take());
    }

    [Fact]
    public async Task On_sub_and_presence_sends_the_last_item_to_the_session_that_becomes_available()
    {
        await MakeAsync(("send_last_published_item", "on_sub_and_presence"));
        Ok(await Owner.CreateAsync(Alice, "other", null));
        await SubscribeAsync(Bob);
        await SubscribeAsync(Bob, "other");
        await PublishAsync("1");
        await PublishAsync("2", node: "other");
        Sent.Take();
        await Subscriber.BecameAvailableAsync(Of("bob", "phone"));
        Assert.Equal("1", Sent.Single<ItemsEvent>(Of("bob", "phone")).Items[0].Id);
        await Subscriber.BecameAvailableAsync(Of("carol", "phone"));
        Assert.Empty(Sent.Take());
    }

    [Fact]
    public async Task One_unsubscribes_only_oneself_and_only_once()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        Fails(PubSubError.Forbidden, await Subscriber.UnsubscribeAsync(Carol, Node, Bob, null));
        Fails(PubSubError.InvalidSubId, await Subscriber.UnsubscribeAsync(Bob, Node, Bob, "1"));
        Fails(PubSubError.ItemNotFound, await Subscriber.UnsubscribeAsync(Bob, "nowhere", Bob, null));
        Fails(PubSubError.JidRequired, await Subscriber.UnsubscribeAsync(Bob, Node, null, null));
        Ok(await Subscriber.UnsubscribeAsync(Bob, Node, Bob, null));
        Fails(PubSubError.NotSubscribedCancel, await Subscriber.UnsubscribeAsync(Bob, Node, Bob, null));
        await PublishAsync("1");
        Assert.Empty(Sent.Take());
        Restart();
        await PublishAsync("2");
        Assert.Empty(Sent.Take());
    }

    [Fact]
    public async Task Delivery_can_be_paused_by_an_option()
    {
        await MakeAsync();
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("deliver", "0"))));
        await PublishAsync("1");
        Assert.Empty(Sent.Take());
        Assert.False(Ok(await Subscriber.OptionsAsync(Bob, Node, Bob, null)).Deliver);
        Ok(await Subscriber.SetOptionsAsync(Bob, Node, Bob, null, SubscribeOptions(("deliver", "1"))));
        await PublishAsync("2");
        Sent.Single<ItemsEvent>(Bob);
    }

    [Fact]
    public async Task A_leased_subscription_ends_by_itself()
    {
        await MakeAsync();
        Ok(await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions(("expire", "2026-11-20T13:00:00Z"))));
        await PublishAsync("1");
        Sent.Single<ItemsEvent>(Bob);
        Time.Now += TimeSpan.FromHours(1);
        await PublishAsync("2");
        Assert.Empty(Sent.Take());
        Fails(PubSubError.NotSubscribedModify, await Subscriber.OptionsAsync(Bob, Node, Bob, null));
        await Service.SweepAsync();
        Assert.Empty(Ok(await Service.Entity.SubscriptionsAsync(Bob, null)));
        Assert.Empty(Ok(await Lists.SubscriptionsAsync(Alice, Node)));
    }

    [Theory]
    [InlineData("deliver", "perhaps")]
    [InlineData("expire", "soon")]
    [InlineData("expire", "2020-01-01T00:00:00Z")]
    public async Task Wrong_options_are_refused(string field, string value)
    {
        await MakeAsync();
        Fails(PubSubError.InvalidOptions, await Subscriber.SubscribeAsync(Bob, Node, Bob, SubscribeOptions((field, value))));
        await SubscribeAsync(Bob);
        Fails(PubSubError.InvalidOptions, await Subscriber.SetOptionsAsync(Bob, Node, Bob, null, SubscribeOptions((field, value))));
    }

    [Fact]
    public async Task Options_are_ones_own()
    {
        await MakeAsync();
        await SubscribeAsync(Bob);
        Fails(PubSubError.Forbidden, await Subscriber.OptionsAsync(Carol, Node, Bob, null));
        Fails(PubSubError.NotSubscribedModify, await Subscriber.OptionsAsync(Carol, Node, Carol, null));
    }

    [Fact]
    public async Task The_newest_items_come_in_the_order_of_publication()
    {
        await MakeAsync();
        for (int i = 1; i <= 12; i++)
        {
            await PublishAsync("i" + i);
        }

        ItemPage page = Ok(await Subscriber.ItemsAsync(Bob, Node, 3, null));
        Assert.Equal(["i10", "i11", "i12"], page.Items.Select(i => i.Id));
        Assert.Equal((9, 12), (page.Index, page.Count));
        page = Ok(await Subscriber.ItemsAsync(Bob, Node, null, null));
        Assert.Equal((10, "i3", 2, 12), (page.Items.Count, page.Items[0].Id, page.Index, page.Count)); // one page of the newest
    }

    [Fact]
    public async Task Items_come_by_pages()
    {
        await MakeAsync();
        for (int i = 0; i < 9; i++)
        {
            await PublishAsync("i" + i);
        }

        Assert.Equal("i0 i1 i2 @0/9", await PageAsync(new() { Max = 3 }));
        Assert.Equal("i3 i4 i5 @3/9", await PageAsync(new() { Max = 3, After = "i2" }));
        Assert.Equal("i8 @8/9", await PageAsync(new() { Max = 3, After = "i7" }));
        Assert.Equal(" @0/9", await PageAsync(new() { Max = 3, After = "i8" }));
        Assert.Equal("i2 i3 i4 @2/9", await PageAsync(new() { Max = 3, Before = "i5" }));
        Assert.Equal("i6 i7 i8 @6/9", await PageAsync(new() { Max = 3, Before = "" }));
        Assert.Equal("i4 i5 @4/9", await PageAsync(new() { Max = 2, Index = 4 }));
        Assert.Equal(" @0/9", await PageAsync(new() { Max = 0 }));
        Fails(PubSubError.ItemNotFound, await Subscriber.ItemsAsync(Bob, Node, null, new ResultSetRequest { After = "gone" }));
        Fails(PubSubError.ItemNotFound, await Subscriber.ItemsAsync(Bob, Node, null, new ResultSetRequest { Before = "gone" }));

        async Task<string> PageAsync(ResultSetRequest request)
        {
            ItemPage page = Ok(await Subscriber.ItemsAsync(Bob, Node, null, request));
            return string.Join(' ', page.Items.Select(i => i.Id)) + $" @{page.Index}/{page.Count}";
        }
    }

    /// <summary>An answer is one stanza, and a client takes stanzas up to a size: what does not fit is told by RSM, and one item always comes.</summary>
    [Fact]
    public async Task A_page_is_bounded_by_bytes_too()
    {
        (Options.PageBytes, Options.PayloadBytes) = (500, 1_000);
        await MakeAsync();
        for (int i = 0; i < 9; i++)
        {
            await PublishAsync("i" + i, new string('x', 70)); // some 180 bytes with what stands around it
        }

        Assert.Equal("i7 i8 @7/9", await PageAsync(null));
        Assert.Equal("i0 i1 @0/9", await PageAsync(new() { Max = 5 }));
        Assert.Equal("i2 i3 @2/9", await PageAsync(new() { Max = 5, After = "i1" }));
        Assert.Equal("i8 @8/9", await PageAsync(new() { Max = 5, After = "i7" }));
        Assert.Equal("i3 i4 @3/9", await PageAsync(new() { Max = 5, Before = "i5" }));
        Assert.Equal("i4 i5 @4/9", await PageAsync(new() { Max = 5, Index = 4 }));
        Options.PageBytes = 1;
        Assert.Equal("i8 @8/9", await PageAsync(null));
        Assert.Equal("i1 @1/9", await PageAsync(new() { Max = 5, After = "i0" }));
        Assert.Equal("i0 @0/9", await PageAsync(new() { Max = 5, Before = "i1" }));

        async Task<string> PageAsync(ResultSetRequest? request)
        {
            ItemPage page = Ok(await Subscriber.ItemsAsync(Bob, Node, null, request));
            return string.Join(' ', page.Items.Select(i => i.Id)) + $" @{page.Index}/{page.Count}";
        }
    }

    [Fact]
    public async Task Items_come_by_their_ids()
    {
        await MakeAsync();
        await PublishAsync("1", "one");
        await PublishAsync("2", "two");
        IReadOnlyList<PublishedItem> items = Ok(await Subscriber.ItemsAsync(Bob, Node, ["2", "gone", "1"]));
        Assert.Equal(["2", "1"], items.Select(i => i.Id));
        Assert.Equal(Payload("two"), items[0].Payload.ToArray());
        Assert.Equal("alice@example.org", items[0].Publisher);
        Fails(PubSubError.ItemNotFound, await Subscriber.ItemsAsync(Bob, Node, ["gone"]));
        Fails(PubSubError.PolicyViolation, await Subscriber.ItemsAsync(Bob, Node, ["1", "2", "3", "4", "5", "6"]));
    }

    [Fact]
    public async Task Who_may_not_subscribe_may_not_retrieve()
    {
        await MakeAsync(("access_model", "whitelist"));
        await PublishAsync("1");
        Fails(PubSubError.ClosedNode, await Subscriber.ItemsAsync(Bob, Node, null, null));
        Fails(PubSubError.ClosedNode, await Subscriber.ItemsAsync(Bob, Node, ["1"]));
        Fails(PubSubError.ClosedNode, await Service.Entity.ItemIdsAsync(Bob, Node));
        Fails(PubSubError.ClosedNode, await Service.Entity.MetaDataAsync(Bob, Node));
    }

    [Fact]
    public async Task A_node_that_keeps_no_items_gives_none()
    {
        await MakeAsync(("persist_items", "0"));
        await PublishAsync("1");
        Fails(PubSubError.PersistentItemsUnsupported, await Subscriber.ItemsAsync(Bob, Node, null, null));
        await Subscriber.SendLastItemAsync(Node, await SubscribeAsync(Bob)); // but the last one is remembered
        Assert.Equal("1", Sent.Single<ItemsEvent>(Bob).Items[0].Id);
    }

    [Fact]
    public async Task Expired_items_are_not_shown_and_are_removed()
    {
        await MakeAsync(("item_expire", "60"));
        await PublishAsync("old");
        Time.Now += TimeSpan.FromSeconds(40);
        await PublishAsync("new");
        Time.Now += TimeSpan.FromSeconds(20);
        Assert.Equal(["new"], await IdsAsync());
        Fails(PubSubError.ItemNotFound, await Subscriber.ItemsAsync(Bob, Node, ["old"]));
        await Service.SweepAsync();
        Ok(await Owner.ConfigureAsync(Alice, Node, Config(("item_expire", "max"))));
        Assert.Equal(["new"], await IdsAsync());
    }
}
