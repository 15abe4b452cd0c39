using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Pep;

/// <summary>Nodes of accounts and of the hub's service stand in one table and never meet.</summary>
public sealed class AccountNodesTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Now = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);
    private ISqlDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.OpenAsync(PubSubMigrations.All);

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task The_same_name_is_another_node_in_each_service()
    {
        foreach (PubSubStore store in (PubSubStore[])[Store(""), Store("al"), Store("alice"), Store("bob")])
        {
            Assert.Equal(CreateResult.Created, await CreateAsync(store, "n"));
            Assert.Equal(CreateResult.Exists, await CreateAsync(store, "n"));
            Assert.Equal(["n"], await NamesAsync(store));
        }
    }

    [Fact]
    public async Task Pages_of_names_stay_within_a_service()
    {
        foreach (string name in (string[])["a", "b", "c"])
        {
            await CreateAsync(Store("alice"), name);
            await CreateAsync(Store(""), "hub-" + name);
        }

        PubSubStore alice = Store("alice");
        (List<(string Name, string Title)> nodes, int index, int count) = await alice.NodesAsync(new NodeQuery("alice@hub.test", true, null), "a", null, 1, TestContext.Current.CancellationToken);
        Assert.Equal(("b", 1, 3), (Assert.Single(nodes).Name, index, count));
        (nodes, index, _) = await alice.NodesAsync(new NodeQuery("alice@hub.test", true, null), null, "", 2, TestContext.Current.CancellationToken);
        Assert.Equal(["b", "c"], nodes.Select(n => n.Name));
        (nodes, _, _) = await alice.NodesAsync(new NodeQuery("alice@hub.test", true, null), null, "b", 5, TestContext.Current.CancellationToken);
        Assert.Equal(["a"], nodes.Select(n => n.Name));
        Assert.Equal(["hub-a", "hub-b", "hub-c"], await NamesAsync(Store("")));
    }

    [Fact]
    public async Task Ones_own_lists_are_those_of_the_service_that_is_asked()
    {
        await CreateAsync(Store("alice"), "mood");
        await CreateAsync(Store(""), "feed");
        Assert.Equal(["feed"], (await Store("").AffiliationsOfAsync("owner@hub.test", TestContext.Current.CancellationToken)).Select(a => a.Node));
        Assert.Equal(["mood"], (await Store("alice").AffiliationsOfAsync("owner@hub.test", TestContext.Current.CancellationToken)).Select(a => a.Node));
    }

    [Fact]
    public async Task Who_has_nodes_is_found_and_a_removed_account_leaves_none()
    {
        await CreateAsync(Store(""), "feed");
        await CreateAsync(Store("alice"), "x");
        await CreateAsync(Store("alice"), "y");
        await CreateAsync(Store("bob"), "x");
        Assert.Equal(["alice", "bob"], await PubSubStore.ScopesAsync(_database, TestContext.Current.CancellationToken));
        await PubSubStore.RemoveScopeAsync(_database, "alice");
        Assert.Equal(["bob"], await PubSubStore.ScopesAsync(_database, TestContext.Current.CancellationToken));
        Assert.Empty(await NamesAsync(Store("alice")));
        Assert.Equal(["feed"], await NamesAsync(Store("")));
    }

    private static async Task<CreateResult> CreateAsync(PubSubStore store, string name) =>
        (await store.CreateAsync(new NewNode(name, "owner@hub.test", Now, new NodeConfiguration()), Affiliation.Owner, 0, null, (_, _) => { })).Result;

    private static async Task<IEnumerable<string>> NamesAsync(PubSubStore store) =>
        (await store.NodesAsync(new NodeQuery("owner@hub.test", true, null), null, null, 100, TestContext.Current.CancellationToken)).Nodes.Select(n => n.Name);

    private PubSubStore Store(string account) => new(_database, account);
}
