using IotXmpp.Hub.Features.Offline;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Offline;

public sealed class OfflineStoreTests : IAsyncLifetime
{
    private static readonly DateTimeOffset At = new(2026, 11, 20, 12, 0, 0, 7, TimeSpan.Zero);

    private ISqlDatabase _database = null!;
    private OfflineStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(OfflineStore.Migrations);
        _store = new OfflineStore(_database, new OfflineOptions { MaxMessages = 3, MaxBytes = 1024 });
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Messages_come_back_in_their_order_with_time_and_sender()
    {
        Assert.True(await _store.AddAsync("bob", At, "alice@hub.test/r", [1]));
        Assert.True(await _store.AddAsync("bob", At, "carol@hub.test/r", [2]));
        Assert.True(await _store.AddAsync("eve", At, "carol@hub.test/r", [3]));
        List<OfflineMessage> messages = await _store.ReadAsync("bob", 0, 100);
        Assert.Equal(["alice@hub.test/r", "carol@hub.test/r"], messages.Select(m => m.Sender));
        Assert.Equal([1, 2], messages.SelectMany(m => m.Stanza));
        Assert.All(messages, m => Assert.Equal(At, m.At));
        Assert.Equal(messages.Select(m => m.Id), (await _store.HeadersAsync("bob")).Select(m => m.Id));
        Assert.Equal(2, await _store.CountAsync("bob"));
    }

    [Fact]
    public async Task More_than_may_wait_is_refused()
    {
        for (int i = 0; i < 3; i++)
        {
            Assert.True(await _store.AddAsync("bob", At, "a@b/c", [1]));
        }

        Assert.False(await _store.AddAsync("bob", At, "a@b/c", [1]));
        Assert.True(await _store.AddAsync("eve", At, "a@b/c", new byte[1024]));
        Assert.False(await _store.AddAsync("eve", At, "a@b/c", [1]));
    }

    [Fact]
    public async Task A_part_has_as_many_bytes_as_it_may_but_at_least_one_message()
    {
        for (int i = 0; i < 3; i++)
        {
            await _store.AddAsync("bob", At, "a@b/c", new byte[300]);
        }

        List<OfflineMessage> first = await _store.ReadAsync("bob", 0, 1);
        Assert.Single(first);
        Assert.Equal(2, (await _store.ReadAsync("bob", first[0].Id, 400)).Count);
    }

    [Fact]
    public async Task All_are_removed_or_none()
    {
        await _store.AddAsync("bob", At, "a@b/c", [1]);
        await _store.AddAsync("bob", At, "a@b/c", [2]);
        List<OfflineMessage> messages = await _store.ReadAsync("bob", 0, 100);
        Assert.False(await _store.RemoveAsync("bob", [messages[0].Id, 999]));
        Assert.False(await _store.RemoveAsync("eve", [messages[0].Id]));
        Assert.Equal(2, await _store.CountAsync("bob"));
        Assert.True(await _store.RemoveAsync("bob", [messages[0].Id]));
        Assert.Null(await _store.FindAsync("bob", messages[0].Id));
        Assert.NotNull(await _store.FindAsync("bob", messages[1].Id));
    }
}
