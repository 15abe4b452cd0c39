using IotXmpp.Hub.Features.Push;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Push;

public sealed class PushStoreTests : IAsyncLifetime
{
    private ISqlDatabase _database = null!;
    private PushStore _store = null!;
    private List<PushRegistration> _told = [];

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(PushStore.Migrations);
        _store = new PushStore(_database);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task The_last_request_for_a_node_counts()
    {
        await PutAsync("alice", "push.test", "a", 1, options: [1]);
        await PutAsync("alice", "push.test", "a", 2, options: [2]);
        await PutAsync("alice", "push.test", "", 3);
        await PutAsync("bob", "push.test", "a", 4);
        Assert.Equal(["alice  3", "alice a 2", "bob a 4"], (await AllAsync()).Select(r => $"{r.Owner} {r.Node} {r.EnabledAt}").Order(StringComparer.Ordinal));
        Assert.Equal([2], (await AllAsync()).Single(r => r is { Owner: "alice", Node: "a" }).Options);
    }

    [Fact]
    public async Task The_oldest_makes_room()
    {
        for (int i = 0; i < 4; i++)
        {
            await PutAsync("alice", "push.test", "n" + i, i);
        }

        Assert.Equal(["n1", "n2", "n3"], _told.Select(r => r.Node));
        Assert.Equal(["n1", "n2", "n3"], (await AllAsync()).Select(r => r.Node));
    }

    [Fact]
    public async Task One_node_or_all_of_a_service_are_removed()
    {
        await PutAsync("alice", "push.test", "a", 1);
        await PutAsync("alice", "push.test", "b", 2);
        await PutAsync("alice", "other.test", "a", 3);
        await _store.RemoveAsync("alice", "push.test", "a", null, left => _told = left);
        Assert.Equal(["push.test b", "other.test a"], _told.Select(r => $"{r.Service} {r.Node}"));
        // One that was enabled again meanwhile stays.
        await _store.RemoveAsync("alice", "push.test", "b", 1, left => _told = left);
        Assert.Equal(2, _told.Count);
        await _store.RemoveAsync("alice", "push.test", null, null, left => _told = left);
        Assert.Equal("other.test", Assert.Single(_told).Service);
        await _store.RemoveAsync("alice");
        Assert.Empty(await AllAsync());
    }

    private Task PutAsync(string owner, string service, string node, long at, byte[]? options = null) =>
        _store.PutAsync(new PushRegistration(owner, service, node, "r", options ?? [], at), 3, all => _told = all);

    private ValueTask<List<PushRegistration>> AllAsync() => _store.AllAsync(TestContext.Current.CancellationToken);
}
