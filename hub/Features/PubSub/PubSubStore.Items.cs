using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.PubSub;

/// <content>The items.</content>
public sealed partial class PubSubStore
{
    private const string ItemColumns = "id, publisher, published, payload";

    /// <summary>Stores items as the node's newest; one whose id is there is replaced (§7.1.2), the oldest beyond <paramref name="maxItems"/> go.</summary>
    internal Task PublishAsync(long node, IReadOnlyList<PublishedItem> items, int maxItems, Action committed) => database.WriteAsync(
        session =>
        {
            foreach (PublishedItem item in items)
            {
                Publish(session, node, item, maxItems);
            }
        },
        committed,
        inOrder: true);

    /// <summary>Removes items, all or none.</summary>
    /// <param name="node">The node.</param>
    /// <param name="ids">The items.</param>
    /// <param name="publisher">When not null: only items of this bare JID may go.</param>
    /// <param name="committed">Runs when they are gone.</param>
    internal Task<RetractResult> RetractAsync(long node, IReadOnlyList<string> ids, string? publisher, Action committed) => database.WriteAsync(
        session =>
        {
            foreach (string id in ids)
            {
                SqlStatement row = session.Prepare("SELECT publisher FROM pubsub_item WHERE node = $1 AND id = $2").Bind(1, node).Bind(2, id);
                if (!row.Read())
                {
                    return RetractResult.NotFound;
                }

                string of = row.GetString(0);
                row.Reset();
                if (publisher is not null && of != publisher)
                {
                    return RetractResult.Forbidden;
                }
            }

            int removed = 0;
            foreach (string id in ids)
            {
                removed += session.Prepare("DELETE FROM pubsub_item WHERE node = $1 AND id = $2").Bind(1, node).Bind(2, id).Execute();
            }

            Uncount(session, node, removed);
            return RetractResult.Retracted;
        },
        result =>
        {
            if (result == RetractResult.Retracted)
            {
                committed();
            }
        });

    /// <summary>Removes all items.</summary>
    internal Task PurgeAsync(long node, Action committed) => database.WriteAsync(
        session =>
        {
            session.Prepare("DELETE FROM pubsub_item WHERE node = $1").Bind(1, node).Execute();
            session.Prepare("UPDATE pubsub_counter SET items = 0 WHERE node = $1").Bind(1, node).Execute();
        },
        committed);

    /// <summary>The items of these ids that are there, in the order asked.</summary>
    internal ValueTask<List<PublishedItem>> ItemsAsync(long node, IReadOnlyList<string> ids, DateTimeOffset oldest, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new List<PublishedItem>();
            foreach (string id in ids)
            {
                SqlStatement row = session.Prepare($"SELECT {ItemColumns} FROM pubsub_item WHERE node = $1 AND id = $2 AND published > $3")
                    .Bind(1, node).Bind(2, id).Bind(3, oldest.ToUnixTimeMilliseconds());
                if (row.Read())
                {
                    found.Add(ReadItem(row));
                }
            }

            return found;
        },
        cancellationToken);

    /// <summary>The newest item, or null.</summary>
    internal async ValueTask<PublishedItem?> LastAsync(long node, DateTimeOffset oldest, CancellationToken cancellationToken) =>
        (await NewestAsync(node, oldest, 1, cancellationToken).ConfigureAwait(false)).Items is [PublishedItem item] ? item : null;

    /// <summary>The newest items, in the order of publication.</summary>
    internal ValueTask<ItemPage> NewestAsync(long node, DateTimeOffset oldest, int max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => Newest(session, node, oldest.ToUnixTimeMilliseconds(), behind: long.MaxValue, max), cancellationToken);

    /// <summary>The page behind an item; null when that item is not there.</summary>
    internal ValueTask<ItemPage?> AfterAsync(long node, DateTimeOffset oldest, string? after, int max, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            long place = 0;
            return after is null || Place(session, node, after, out place) ? Oldest(session, node, oldest.ToUnixTimeMilliseconds(), place, 0, max) : null;
        },
        cancellationToken);

    /// <summary>The page before an item (empty: the last page); null when that item is not there.</summary>
    internal ValueTask<ItemPage?> BeforeAsync(long node, DateTimeOffset oldest, string before, int max, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            long place = long.MaxValue;
            return before.Length == 0 || Place(session, node, before, out place) ? Newest(session, node, oldest.ToUnixTimeMilliseconds(), place, max) : null;
        },
        cancellationToken);

    /// <summary>The page that begins at a place, from 0.</summary>
    internal ValueTask<ItemPage> AtAsync(long node, DateTimeOffset oldest, int index, int max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => Oldest(session, node, oldest.ToUnixTimeMilliseconds(), 0, index, max), cancellationToken);

    /// <summary>The ids of all items, newest last: for disco (§5.5).</summary>
    internal ValueTask<List<string>> ItemIdsAsync(long node, DateTimeOffset oldest, int max, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var ids = new List<string>();
            SqlStatement rows = session.Prepare("SELECT id FROM pubsub_item WHERE node = $1 AND published > $2 ORDER BY place DESC LIMIT $3")
                .Bind(1, node).Bind(2, oldest.ToUnixTimeMilliseconds()).Bind(3, max);
            while (rows.Read())
            {
                ids.Add(rows.GetString(0));
            }

            ids.Reverse();
            return ids;
        },
        cancellationToken);

    /// <summary>Removes what has expired.</summary>
    /// <returns>The names of nodes that lost subscriptions: their copies in memory are behind.</returns>
    internal Task<List<string>> SweepAsync(DateTimeOffset now, Action<List<string>> committed) => database.WriteAsync(
        session =>
        {
            long at = now.ToUnixTimeMilliseconds();
            var expiring = new List<(long Node, long Expire)>();
            SqlStatement nodes = session.Prepare("SELECT id, item_expire FROM pubsub_node WHERE item_expire > 0");
            while (nodes.Read())
            {
                expiring.Add((nodes.GetInt64(0), nodes.GetInt64(1)));
            }

            foreach ((long node, long expire) in expiring)
            {
                Uncount(session, node, session.Prepare("DELETE FROM pubsub_item WHERE node = $1 AND published <= $2").Bind(1, node).Bind(2, at - (expire * 1000)).Execute());
            }

            var names = new List<string>();
            SqlStatement lapsed = session.Prepare("SELECT DISTINCT n.name FROM pubsub_subscription s JOIN pubsub_node n ON n.id = s.node WHERE s.expire <= $1").Bind(1, at);
            while (lapsed.Read())
            {
                names.Add(lapsed.GetString(0));
            }

            if (names.Count > 0)
            {
                session.Prepare("DELETE FROM pubsub_subscription WHERE expire <= $1").Bind(1, at).Execute();
            }

            return names;
        },
        committed);

    private static void Publish(SqlSession session, long node, PublishedItem item, int maxItems)
    {
        int replaced = session.Prepare("DELETE FROM pubsub_item WHERE node = $1 AND id = $2").Bind(1, node).Bind(2, item.Id).Execute();
        SqlStatement counter = session.Prepare("UPDATE pubsub_counter SET items = items + $2, last = last + 1 WHERE node = $1 RETURNING items, last").Bind(1, node).Bind(2, 1 - replaced);
        if (!counter.Read())
        {
            throw new StorageException(StorageFailure.Constraint, "The node is gone.");
        }

        long items = counter.GetInt64(0);
        long place = counter.GetInt64(1);
        counter.Reset();
        session.Prepare("INSERT INTO pubsub_item (node, place, id, publisher, published, payload) VALUES ($1, $2, $3, $4, $5, $6)")
            .Bind(1, node).Bind(2, place).Bind(3, item.Id).Bind(4, item.Publisher).Bind(5, item.Published.ToUnixTimeMilliseconds()).Bind(6, item.Payload.Span).Execute();
        if (items > maxItems)
        {
            RemoveOldest(session, node, items - maxItems);
        }
    }

    private static void Prune(SqlSession session, long node, int maxItems)
    {
        long items = Number(session.Prepare("SELECT items FROM pubsub_counter WHERE node = $1").Bind(1, node));
        if (items > maxItems)
        {
            RemoveOldest(session, node, items - maxItems);
        }
    }

    private static void RemoveOldest(SqlSession session, long node, long count) => Uncount(
        session,
        node,
        session.Prepare("DELETE FROM pubsub_item WHERE node = $1 AND place IN (SELECT place FROM pubsub_item WHERE node = $1 ORDER BY place LIMIT $2)").Bind(1, node).Bind(2, count).Execute());

    private static void Uncount(SqlSession session, long node, int removed)
    {
        if (removed > 0)
        {
            session.Prepare("UPDATE pubsub_counter SET items = items - $2 WHERE node = $1").Bind(1, node).Bind(2, removed).Execute();
        }
    }

    private static bool Place(SqlSession session, long node, string id, out long place)
    {
        SqlStatement row = session.Prepare("SELECT place FROM pubsub_item WHERE node = $1 AND id = $2").Bind(1, node).Bind(2, id);
        bool found = row.Read();
        place = found ? row.GetInt64(0) : 0;
        return found;
    }

    private static ItemPage Newest(SqlSession session, long node, long oldest, long behind, int max)
    {
        var page = new List<PublishedItem>();
        long first = 0;
        SqlStatement rows = session.Prepare($"SELECT {ItemColumns}, place FROM pubsub_item WHERE node = $1 AND place < $2 AND published > $3 ORDER BY place DESC LIMIT $4")
            .Bind(1, node).Bind(2, behind).Bind(3, oldest).Bind(4, max);
        while (rows.Read())
        {
            page.Add(ReadItem(rows));
            first = rows.GetInt64(4);
        }

        page.Reverse();
        return Page(session, node, oldest, page, first);
    }

    private static ItemPage Oldest(SqlSession session, long node, long oldest, long after, int skip, int max)
    {
        var page = new List<PublishedItem>();
        long first = 0;
        SqlStatement rows = session.Prepare($"SELECT {ItemColumns}, place FROM pubsub_item WHERE node = $1 AND place > $2 AND published > $3 ORDER BY place LIMIT $4 OFFSET $5")
            .Bind(1, node).Bind(2, after).Bind(3, oldest).Bind(4, max).Bind(5, skip);
        while (rows.Read())
        {
            page.Add(ReadItem(rows));
            first = page.Count == 1 ? rows.GetInt64(4) : first;
        }

        return Page(session, node, oldest, page, first);
    }

    private static ItemPage Page(SqlSession session, long node, long oldest, List<PublishedItem> page, long first)
    {
        int count = (int)Number(session.Prepare("SELECT count(*) FROM pubsub_item WHERE node = $1 AND published > $2").Bind(1, node).Bind(2, oldest));
        int index = page.Count == 0 ? 0 : (int)Number(session.Prepare("SELECT count(*) FROM pubsub_item WHERE node = $1 AND place < $2 AND published > $3").Bind(1, node).Bind(2, first).Bind(3, oldest));
        return new ItemPage(page, index, count);
    }

    private static PublishedItem ReadItem(SqlStatement row) => new(row.GetString(0), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)), row.GetBytes(3));
}
