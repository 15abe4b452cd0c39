using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Roster;

public sealed class RosterStoreTests : IAsyncLifetime
{
    private const string Owner = "alice@example.org";
    private const string Bob = "bob@example.org";

    private ISqlDatabase _database = null!;
    private RosterStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(RosterMigrations.All);
        _store = new RosterStore(_database, new RosterOptions { ItemLimit = 5, RemovedLimit = 3 });
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_new_account_has_an_empty_roster_of_version_0()
    {
        IotXmpp.Hub.Features.Roster.Roster roster = await _store.LoadAsync(Owner);
        Assert.Equal(0, roster.Version);
        Assert.Empty(roster.Items);
        Assert.Empty((await _store.ChangesSinceAsync(Owner, 0))!);
    }

    [Fact]
    public async Task An_item_keeps_name_groups_state_and_approval()
    {
        RosterChange change = await _store.ChangeAsync(Owner, Bob, i => i with { Name = "Böb", Groups = ["a", "b,\"c"], State = SubscriptionState.FromPendingOut, Approved = true, Listed = true });
        Assert.True(change.IsPushed);
        Assert.Equal(1, change.After.Version);
        await AssertItem(_store);
        await AssertItem(new RosterStore(_database, new RosterOptions())); // from SQL, not from the cache

        static async Task AssertItem(RosterStore store)
        {
            RosterItem item = (await store.LoadAsync(Owner))[Bob];
            Assert.Equal("Böb", item.Name);
            Assert.Equal(["a", "b,\"c"], item.Groups);
            Assert.Equal(SubscriptionState.FromPendingOut, item.State);
            Assert.True(item.Approved);
            Assert.True(item.Listed);
            Assert.Equal(1, item.Version);
        }
    }

    [Fact]
    public async Task A_request_waits_with_its_stanza_and_is_not_listed()
    {
        byte[] stanza = "<presence type='subscribe'/>"u8.ToArray();
        RosterChange change = await _store.ChangeAsync(Owner, Bob, i => i with { State = SubscriptionState.NonePendingIn, Request = stanza });
        Assert.False(change.IsPushed);
        IotXmpp.Hub.Features.Roster.Roster roster = await _store.LoadAsync(Owner);
        Assert.Equal(0, roster.Version);
        Assert.Empty(roster.Listed);
        Assert.Equal(stanza, roster[Bob].Request);

        // refused: nothing stays
        change = await _store.ChangeAsync(Owner, Bob, i => i with { State = SubscriptionState.None });
        Assert.False(change.IsPushed);
        Assert.Empty((await _store.LoadAsync(Owner)).Items);
        Assert.Empty((await _store.ChangesSinceAsync(Owner, 0))!);
    }

    [Fact]
    public async Task An_answered_request_drops_its_stanza()
    {
        await _store.ChangeAsync(Owner, Bob, i => i with { State = SubscriptionState.NonePendingIn, Request = [1] });
        RosterChange change = await _store.ChangeAsync(Owner, Bob, i => i with { State = SubscriptionState.From, Listed = true });
        Assert.True(change.IsPushed);
        Assert.Null((await _store.LoadAsync(Owner))[Bob].Request);
    }

    [Fact]
    public async Task Each_change_that_clients_see_is_a_new_version()
    {
        await _store.ChangeAsync(Owner, Bob, i => i with { Listed = true, Name = "Bob" });
        await _store.ChangeAsync(Owner, "carol@example.org", i => i with { Listed = true });
        RosterChange same = await _store.ChangeAsync(Owner, Bob, i => i with { Name = "Bob" });
        Assert.False(same.IsPushed);
        RosterChange asked = await _store.ChangeAsync(Owner, Bob, i => i with { State = SubscriptionState.NonePendingOut });
        Assert.Equal(3, asked.After.Version);
        Assert.Equal(["carol@example.org", Bob], (await _store.ChangesSinceAsync(Owner, 1))!.Select(i => i.Contact));
        Assert.Empty((await _store.ChangesSinceAsync(Owner, 3))!);
        Assert.Null(await _store.ChangesSinceAsync(Owner, 99)); // a version that never was
    }

    [Fact]
    public async Task A_removed_item_is_told_to_who_has_an_older_version()
    {
        await _store.ChangeAsync(Owner, Bob, i => i with { Listed = true, State = SubscriptionState.Both });
        RosterChange removed = await _store.ChangeAsync(Owner, Bob, i => new RosterItem(i.Contact));
        Assert.True(removed.IsPushed);
        Assert.Equal(SubscriptionState.Both, removed.Before.State);
        RosterItem told = Assert.Single((await _store.ChangesSinceAsync(Owner, 1))!);
        Assert.False(told.Listed);
        Assert.Empty((await _store.LoadAsync(Owner)).Items);
    }

    [Fact]
    public async Task Removed_items_beyond_the_limit_are_forgotten_and_old_versions_get_the_whole_roster()
    {
        for (int i = 0; i < 5; i++)
        {
            await _store.ChangeAsync(Owner, $"c{i}@example.org", x => x with { Listed = true });
            await _store.ChangeAsync(Owner, $"c{i}@example.org", x => new RosterItem(x.Contact));
        }

        Assert.Equal(3, (await _store.ChangesSinceAsync(Owner, 4))!.Count);
        Assert.Null(await _store.ChangesSinceAsync(Owner, 3));
    }

    [Fact]
    public async Task A_full_roster_takes_no_more()
    {
        for (int i = 0; i < 5; i++)
        {
            Assert.False((await _store.ChangeAsync(Owner, $"c{i}@example.org", x => x with { Listed = true })).LimitReached);
        }

        Assert.True((await _store.ChangeAsync(Owner, Bob, x => x with { Listed = true })).LimitReached);
        Assert.Equal(5, (await _store.LoadAsync(Owner)).Items.Count);
        Assert.False((await _store.ChangeAsync(Owner, "c1@example.org", x => x with { Name = "still changes" })).LimitReached);
    }

    [Fact]
    public async Task The_cache_shows_each_change()
    {
        Assert.Same(await _store.LoadAsync(Owner), await _store.LoadAsync(Owner));
        for (int i = 1; i < 4; i++)
        {
            await _store.ChangeAsync(Owner, Bob, x => x with { Listed = true, Name = "name " + i });
            Assert.Equal("name " + i, (await _store.LoadAsync(Owner))[Bob].Name);
        }
    }

    [Fact]
    public async Task What_another_store_on_the_same_database_changes_counts_at_once()
    {
        var other = new RosterStore(_database, new RosterOptions());
        await _store.ChangeAsync(Owner, Bob, x => x with { Listed = true, State = SubscriptionState.From });
        Assert.True((await _store.LoadAsync(Owner))[Bob].State.HasFrom());
        await other.ChangeAsync(Owner, Bob, x => x with { State = SubscriptionState.None });
        Assert.False((await _store.LoadAsync(Owner))[Bob].State.HasFrom());
        await other.ChangeAsync(Owner, "carol@example.org", x => x with { State = SubscriptionState.NonePendingIn, Request = [1] });
        Assert.NotNull((await _store.LoadAsync(Owner))["carol@example.org"].Request);
        await other.RemoveAsync(Owner);
        Assert.Empty((await _store.LoadAsync(Owner)).Items);
        await other.ChangeAsync(Owner, Bob, x => x with { Listed = true, Name = "again" });
        Assert.Equal("again", (await _store.LoadAsync(Owner))[Bob].Name);
    }

    [Fact]
    public async Task Changes_of_one_item_at_once_are_all_kept()
    {
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => _store.ChangeAsync(Owner, Bob, x => x with { Listed = true, Name = x.Name + "x" })));
        Assert.Equal(50, (await _store.LoadAsync(Owner))[Bob].Name.Length);
        Assert.Equal(50, (await _store.LoadAsync(Owner)).Version);
    }

    [Fact]
    public async Task A_removed_account_takes_its_roster_with_it()
    {
        await _store.ChangeAsync(Owner, Bob, x => x with { Listed = true });
        await _store.RemoveAsync(Owner);
        Assert.Empty((await _store.LoadAsync(Owner)).Items);
        Assert.Equal(0, (await _store.LoadAsync(Owner)).Version);
    }

    [Fact]
    public void Every_setting_has_its_bounds()
    {
        Assert.Empty(new RosterOptions().Validate());
        Assert.Equal(5, new RosterOptions { ItemLimit = 0, RemovedLimit = -1, GroupLimit = 0, NameLimit = 0, CacheLimit = 0 }.Validate().Count());
    }
}
