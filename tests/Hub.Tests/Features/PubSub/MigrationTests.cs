using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>What an older hub has kept is there after the new tables are.</summary>
public sealed class MigrationTests
{
    [Fact]
    public async Task Subscriptions_of_before_have_an_identifier_and_all_that_they_had()
    {
        await using ISqlDatabase database = await TestDatabase.OpenAsync(PubSubMigrations.All.Take(1));
        await database.WriteAsync(s =>
        {
            s.Execute("INSERT INTO pubsub_node (name, creator, created, access, item_expire, send_on_presence, configuration) VALUES ('feed', 'alice@hub.test', 1, 0, 0, 0, '{\"MaxItems\":7}')");
            s.Execute("INSERT INTO pubsub_counter (node, items, last) SELECT id, 0, 0 FROM pubsub_node");
            s.Execute("INSERT INTO pubsub_subscription (node, jid, bare, state, deliver, expire) SELECT id, 'bob@hub.test/r', 'bob@hub.test', 3, 0, 4102444800000 FROM pubsub_node");
            return s.Execute("INSERT INTO pubsub_subscription (node, jid, bare, state, deliver, expire) SELECT id, 'carol@hub.test', 'carol@hub.test', 1, 1, NULL FROM pubsub_node");
        });
        await database.MigrateAsync(PubSubMigrations.All, TestContext.Current.CancellationToken);
        var store = new PubSubStore(database);
        Node? node = null;
        await store.LoadAsync("feed", loaded => node = loaded, TestContext.Current.CancellationToken);
        Assert.Equal(7, node!.Configuration.MaxItems);
        Assert.Equal((NodeType.Leaf, PublishNodeFull.DiscardOldest), (node.Configuration.NodeType, node.Configuration.PublishNodeFull));
        var bob = new Subscription(new Jid("bob", "hub.test", "r"), SubscriptionState.Subscribed, new SubscriptionOptions { Deliver = false, Expire = DateTimeOffset.FromUnixTimeMilliseconds(4102444800000) }) { SubId = "1" };
        var carol = new Subscription(new Jid("carol", "hub.test", ""), SubscriptionState.Pending, SubscriptionOptions.Default) { SubId = "1" };
        Assert.Equal([bob, carol], node.Subscriptions(DateTimeOffset.UnixEpoch).OrderBy(s => s.Jid.ToString(), StringComparer.Ordinal));
    }
}
