using IotXmpp.Hub.Features.PrivateXml;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PrivateXml;

public sealed class PrivateXmlStoreTests : IAsyncLifetime
{
    private ISqlDatabase _database = null!;
    private PrivateXmlStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(PrivateXmlStore.Migrations);
        _store = new PrivateXmlStore(_database);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Each_name_and_namespace_is_an_element_of_its_own()
    {
        Assert.True(await _store.SetAsync("alice", [("x", "urn:a", [1]), ("x", "urn:b", [2])], 9));
        Assert.True(await _store.SetAsync("alice", [("x", "urn:a", [3])], 9));
        Assert.Equal([3], await FindAsync("alice", "urn:a"));
        Assert.Equal([2], await FindAsync("alice", "urn:b"));
        Assert.Null(await FindAsync("bob", "urn:a"));
        Assert.True(await _store.SetAsync("alice", [("x", "urn:a", null)], 9));
        Assert.Null(await FindAsync("alice", "urn:a"));
        await _store.RemoveAsync("alice");
        Assert.Null(await FindAsync("alice", "urn:b"));
    }

    [Fact]
    public async Task Too_many_change_nothing_and_what_is_replaced_counts_once()
    {
        Assert.True(await _store.SetAsync("alice", [("x", "urn:a", [1]), ("x", "urn:b", [2])], 2));
        Assert.True(await _store.SetAsync("alice", [("x", "urn:a", [3])], 2));
        Assert.False(await _store.SetAsync("alice", [("x", "urn:a", [4]), ("x", "urn:c", [5])], 2));
        Assert.Equal([3], await FindAsync("alice", "urn:a"));
        Assert.True(await _store.SetAsync("alice", [("x", "urn:b", null), ("x", "urn:c", [5])], 2));
    }

    private ValueTask<byte[]?> FindAsync(string owner, string ns) => _store.FindAsync(owner, "x", ns, TestContext.Current.CancellationToken);
}
