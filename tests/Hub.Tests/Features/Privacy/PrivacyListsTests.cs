using IotXmpp.Hub.Features.Privacy;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Privacy;

public sealed class PrivacyListsTests : IAsyncLifetime
{
    private static readonly Jid Romeo = new("romeo", "montague.net", "orchard");
    private ISqlDatabase _database = null!;
    private PrivacyStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(PrivacyStore.Migrations);
        _store = new PrivacyStore(_database);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Theory]
    [InlineData("romeo@montague.net/orchard", true)]
    [InlineData("romeo@montague.net", true)]
    [InlineData("montague.net/orchard", true)]
    [InlineData("montague.net", true)]
    [InlineData("romeo@montague.net/garden", false)]
    [InlineData("juliet@montague.net", false)]
    [InlineData("net", false)]
    public void An_address_stands_for_what_belongs_to_it(string value, bool isMatch) => Assert.Equal(isMatch, PrivacyItem.Matches(value, Romeo));

    [Fact]
    public void The_first_rule_that_finds_somebody_decides_and_none_allows()
    {
        PrivacyLists lists = With(
            new PrivacyItem(1, PrivacyMatch.Jid, "romeo@montague.net", IsDenied: false, PrivacyKinds.Message),
            new PrivacyItem(2, PrivacyMatch.Jid, "montague.net", IsDenied: true, PrivacyKinds.None));
        Assert.False(lists.Denies("l", Romeo, null, PrivacyKinds.Message));
        Assert.True(lists.Denies("l", Romeo, null, PrivacyKinds.Iq));
        Assert.True(lists.Denies("l", Romeo, null, PrivacyKinds.None));
        Assert.False(lists.Denies("l", new Jid("juliet", "capulet.com", ""), null, PrivacyKinds.Message));
        Assert.False(lists.Denies(null, Romeo, null, PrivacyKinds.Iq));
    }

    [Theory]
    [InlineData(PrivacyMatch.Subscription, "none", null, true)]
    [InlineData(PrivacyMatch.Subscription, "none", "to", false)]
    [InlineData(PrivacyMatch.Subscription, "both", "both", true)]
    [InlineData(PrivacyMatch.Subscription, "from", "both", false)]
    [InlineData(PrivacyMatch.Group, "Enemies", "to", true)]
    [InlineData(PrivacyMatch.Group, "Friends", "to", false)]
    [InlineData(PrivacyMatch.Group, "Enemies", null, false)]
    public void The_roster_finds_who_a_rule_is_about(PrivacyMatch match, string value, string? subscription, bool isDenied) => Assert.Equal(
        isDenied,
        With(new PrivacyItem(1, match, value, IsDenied: true, PrivacyKinds.None)).Denies("l", Romeo, subscription is null ? null : new RosterEntry(subscription, ["Enemies"]), PrivacyKinds.Message));

    [Fact]
    public void A_rule_about_a_kind_is_not_about_the_others_nor_about_what_goes_out()
    {
        PrivacyLists lists = With(new PrivacyItem(1, PrivacyMatch.All, "", IsDenied: true, PrivacyKinds.Message | PrivacyKinds.PresenceOut));
        Assert.True(lists.Denies("l", Romeo, null, PrivacyKinds.Message));
        Assert.True(lists.Denies("l", Romeo, null, PrivacyKinds.PresenceOut));
        Assert.False(lists.Denies("l", Romeo, null, PrivacyKinds.PresenceIn));
        Assert.False(lists.Denies("l", Romeo, null, PrivacyKinds.None));
    }

    [Fact]
    public void Blocks_come_first_and_leave_the_other_rules()
    {
        PrivacyLists lists = With(new PrivacyItem(5, PrivacyMatch.All, "", IsDenied: false, PrivacyKinds.None)) with { Default = "l" };
        lists = lists.Block(["a@b", "c@d"]).Block(["a@b", "e@f"]);
        Assert.Equal(["e@f", "a@b", "c@d"], lists.Blocked);
        Assert.Equal([1L, 2, 3, 4], lists.Rules("l").Select(item => item.Order));
        lists = lists.Unblock(["a@b"]);
        Assert.Equal(["e@f", "c@d"], lists.Blocked);
        lists = lists.Unblock(null);
        Assert.Equal(PrivacyMatch.All, Assert.Single(lists.Rules("l")).Match);
    }

    [Fact]
    public void Who_has_no_list_gets_one_by_blocking_and_loses_it_by_unblocking()
    {
        PrivacyLists lists = With(new PrivacyItem(1, PrivacyMatch.All, "", IsDenied: true, PrivacyKinds.None)).Block(["a@b"]);
        Assert.Equal(PrivacyLists.BlockList, lists.Default);
        lists = lists.Unblock(["a@b"]);
        Assert.Null(lists.Default);
        Assert.Equal(["l"], lists.Lists.Keys);
    }

    [Fact]
    public async Task Lists_are_kept_with_all_that_they_say()
    {
        PrivacyLists made = With(
            new PrivacyItem(3, PrivacyMatch.Subscription, "both", IsDenied: false, PrivacyKinds.Iq | PrivacyKinds.PresenceIn),
            new PrivacyItem(uint.MaxValue, PrivacyMatch.Group, "G & \"H\"", IsDenied: true, PrivacyKinds.None));
        PrivacyLists lists = made with { Default = "l" };
        await _store.ChangeAsync("alice", _ => lists);
        PrivacyLists kept = await _store.LoadAsync("alice", TestContext.Current.CancellationToken);
        Assert.Equal("l", kept.Default);
        Assert.Equal(lists.Rules("l").AsEnumerable(), kept.Rules("l"));
        Assert.Equal(["alice"], await _store.OwnersAsync(TestContext.Current.CancellationToken));
        await _store.ChangeAsync("alice", _ => PrivacyLists.Empty);
        Assert.Empty(await _store.OwnersAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_change_in_the_store_holds_at_once_whoever_makes_it()
    {
        var service = new PrivacyService(_store, new PrivacyOptions { CachedAccounts = 1 });
        await using var hub = await IotXmpp.TestKit.Servers.HubHost.StartAsync();
        await service.StartAsync(hub.Server.Hub, TestContext.Current.CancellationToken);
        Assert.False(service.Has("alice"));
        PrivacyLists lists = With(new PrivacyItem(1, PrivacyMatch.All, "", IsDenied: true, PrivacyKinds.None)) with { Default = "l" };
        await _store.ChangeAsync("alice", _ => lists);
        await _store.ChangeAsync("bob", _ => lists); // more than is kept in memory
        Assert.True(service.Has("alice"));
        Assert.Equal("l", (await service.ListsAsync("alice", TestContext.Current.CancellationToken)).Default);
        await _store.ChangeAsync("alice", now => now with { Default = null });
        Assert.Null((await service.ListsAsync("alice", TestContext.Current.CancellationToken)).Default);
        await _store.RemoveAsync("alice");
        Assert.False(service.Has("alice"));
        Assert.True((await service.ListsAsync("alice", TestContext.Current.CancellationToken)).IsEmpty);
    }

    [Fact]
    public void Numbers_on_disk_stay_what_they_are()
    {
        Assert.Equal([0, 1, 2, 3], new[] { PrivacyMatch.All, PrivacyMatch.Jid, PrivacyMatch.Group, PrivacyMatch.Subscription }.Select(m => (int)m));
        Assert.Equal([0, 1, 2, 4, 8], new[] { PrivacyKinds.None, PrivacyKinds.Message, PrivacyKinds.Iq, PrivacyKinds.PresenceIn, PrivacyKinds.PresenceOut }.Select(k => (int)k));
    }

    private static PrivacyLists With(params PrivacyItem[] items) => PrivacyLists.Empty with { Lists = PrivacyLists.Empty.Lists.SetItem("l", [.. items]) };
}
