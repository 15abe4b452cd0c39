using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.PubSub;

/// <content>The items.</content>
public sealed partial class PubSubStore
{
    private const string ItemColumns = "id, publisher, published, payload";

    /// <summary>Stores items as the node's newest; one whose id is there is replaced (§7.1.2).</summary>
    /// <param name="node">The node.</param>
    /// <param name="items">The items.</param>
    /// <param name="maxItems">What the node keeps.</param>
    /// <param name="kept">What is kept of them besides, in the same unit; or null.</param>
    /// <param name="full">What becomes of the oldest beyond that.</param>
    /// <param name="committed">Runs when they are durable; gets the ids of items that went and are told (<see cref="PublishNodeFull.RetractOldest"/>), else null.</param>
    /// <returns>False when the node is full and refuses: nothing was changed.</returns>
    internal Task<bool> PublishAsync(long node, IReadOnlyList<PublishedItem> items, int maxItems, IKeptItems? kept, PublishNodeFull full, Action<List<string>?> committed)
    {
        List<string>? gone = null;
        return database.WriteAsync(
            session =>
            {
                if (full == PublishNodeFull.Reject && !HasRoom(session, node, items, maxItems))
                {
                    return false;
                }

                gone = full == PublishNodeFull.RetractOldest ? [] : null;
                foreach (PublishedItem item in items)
                {
                    Publish(session, node, item, maxItems, gone);
                }

                kept?.Write(session);
                return true;
            },
            isDone =>
            {
                if (isDone)
                {
                    kept?.Committed();
                    committed(gone);
                }
            },
            inOrder: true);
    }

    /// <summary>Stores what is kept of items that the node itself does not persist.</summary>
    internal Task KeepAsync(IKeptItems kept) => database.WriteAsync(kept.Write, kept.Committed, inOrder: true);

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
    internal ValueTask<ItemPage> NewestAsync(long node, DateTimeOffset oldest, PageBound max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => Newest(session, node, oldest.ToUnixTimeMilliseconds(), behind: long.MaxValue, max), cancellationToken);

    /// <summary>The page behind an item; null when that item is not there.</summary>
    internal ValueTask<ItemPage?> AfterAsync(long node, DateTimeOffset oldest, string? after, PageBound max, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            long place = 0;
            return after is null || Place(session, node, after, out place) ? Oldest(session, node, oldest.ToUnixTimeMilliseconds(), place, 0, max) : null;
        },
        cancellationToken);

    /// <summary>The page before an item (empty: the last page); null when that item is not there.</summary>
    internal ValueTask<ItemPage?> BeforeAsync(long node, DateTimeOffset oldest, string before, PageBound max, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            long place = long.MaxValue;
            return before.Length == 0 || Place(session, node, before, out place) ? Newest(session, node, oldest.ToUnixTimeMilliseconds(), place, max) : null;
        },
        cancellationToken);

    /// <summary>The page that begins at a place, from 0.</summary>
    internal ValueTask<ItemPage> AtAsync(long node, DateTimeOffset oldest, int index, PageBound max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => Oldest(session, node, oldest.ToUnixTimeMilliseconds(), 0, index, max), cancellationToken);

    /// <summary>The newest items published at or after a time, in the order of publication, with their places.</summary>
    internal ValueTask<ItemPage> SinceAsync(long node, DateTimeOffset since, PageBound max, CancellationToken cancellationToken) =>
        database.ReadAsync(session => Newest(session, node, since.ToUnixTimeMilliseconds() - 1, behind: long.MaxValue, max), cancellationToken);

    /// <summary>Removes the items of a publisher from the nodes that are configured so (<c>purge_offline</c>).</summary>
    internal Task PurgeOfflineAsync(string publisher, Action<List<(string Node, List<string> Ids)>> committed) => database.WriteAsync(
        session =>
        {
            var nodes = new List<(long Id, string Name)>();
            SqlStatement rows = session.Prepare("SELECT id, name FROM pubsub_node WHERE purge_offline = 1 AND name >= $1 AND name < $2").Bind(1, _from).Bind(2, _until);
            while (rows.Read())
            {
                nodes.Add((rows.GetInt64(0), rows.GetString(1)[_scope.Length..]));
            }

            var removed = new List<(string, List<string>)>();
            foreach ((long id, string name) in nodes)
            {
                var ids = new List<string>();
                SqlStatement gone = session.Prepare("DELETE FROM pubsub_item WHERE node = $1 AND publisher = $2 RETURNING id").Bind(1, id).Bind(2, publisher);
                while (gone.Read())
                {
                    ids.Add(gone.GetString(0));
                }

                if (ids.Count > 0)
                {
                    Uncount(session, id, ids.Count);
                    removed.Add((name, ids));
                }
            }

            return removed;
        },
        committed);

    /// <summary>Whether any node loses items when their publisher goes.</summary>
    internal ValueTask<bool> AnyPurgesOfflineAsync(CancellationToken cancellationToken) => database.ReadAsync(
        session => session.Prepare("SELECT 1 FROM pubsub_node WHERE purge_offline = 1 AND name >= $1 AND name < $2 LIMIT 1").Bind(1, _from).Bind(2, _until).Read(),
        cancellationToken);

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

    private static void SweepItems(SqlSession session, long at)
    {
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
    }

    private static bool HasRoom(SqlSession session, long node, IReadOnlyList<PublishedItem> items, int maxItems)
    {
        int replaced = 0;
        foreach (PublishedItem item in items.DistinctBy(i => i.Id))
        {
            replaced += (int)Number(session.Prepare("SELECT count(*) FROM pubsub_item WHERE node = $1 AND id = $2").Bind(1, node).Bind(2, item.Id));
        }

        return Number(session.Prepare("SELECT items FROM pubsub_counter WHERE node = $1").Bind(1, node)) - replaced + items.Count <= maxItems;
    }

    private static void Publish(SqlSession session, long node, PublishedItem item, int maxItems, List<string>? gone)
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
            RemoveOldest(session, node, items - maxItems, gone);
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

    private static void RemoveOldest(SqlSession session, long node, long count, List<string>? gone = null)
    {
        const string sql = "DELETE FROM pubsub_item WHERE node = $1 AND place IN (SELECT place FROM pubsub_item WHERE node = $1 ORDER BY place LIMIT $2)";
        if (gone is null)
        {
            Uncount(session, node, session.Prepare(sql).Bind(1, node).Bind(2, count).Execute());
            return;
        }

        int before = gone.Count;
        SqlStatement rows = session.Prepare(sql + " RETURNING id").Bind(1, node).Bind(2, count);
        while (rows.Read())
        {
            gone.Add(rows.GetString(0));
        }

        Uncount(session, node, gone.Count - before);
    }

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

    private static ItemPage Newest(SqlSession session, long node, long oldest, long behind, PageBound max)
    {
        var page = new List<PublishedItem>();
        long first = 0;
        SqlStatement rows = session.Prepare($"SELECT {ItemColumns}, place FROM pubsub_item WHERE node = $1 AND place < $2 AND published > $3 ORDER BY place DESC LIMIT $4")
            .Bind(1, node).Bind(2, behind).Bind(3, oldest).Bind(4, max.Items);
        while (rows.Read())
        {
            PublishedItem item = ReadItem(rows);
            max = max.Less(item);
            if (max.Bytes < 0 && page.Count > 0)
            {
                rows.Reset();
                break;
            }

            page.Add(item);
            first = rows.GetInt64(4);
        }

        page.Reverse();
        return Page(session, node, oldest, page, first);
    }

    private static ItemPage Oldest(SqlSession session, long node, long oldest, long after, int skip, PageBound max)
    {
        var page = new List<PublishedItem>();
        long first = 0;
        SqlStatement rows = session.Prepare($"SELECT {ItemColumns}, place FROM pubsub_item WHERE node = $1 AND place > $2 AND published > $3 ORDER BY place LIMIT $4 OFFSET $5")
            .Bind(1, node).Bind(2, after).Bind(3, oldest).Bind(4, max.Items).Bind(5, skip);
        while (rows.Read())
        {
            PublishedItem item = ReadItem(rows);
            max = max.Less(item);
            if (max.Bytes < 0 && page.Count > 0)
            {
                rows.Reset();
                break;
            }

            page.Add(item);
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

    /// <summary>The payloads of the items of all nodes <c>prefix…suffix</c>, by what stands between the two, which has no slash, and by their ids; a node without items is there with none.</summary>
    internal ValueTask<Dictionary<string, Dictionary<string, byte[]>>> ItemsBelowAsync(string prefix, string suffix, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var found = new Dictionary<string, Dictionary<string, byte[]>>(StringComparer.Ordinal);
            SqlStatement rows = session.Prepare("SELECT n.name, i.id, i.payload FROM pubsub_node n LEFT JOIN pubsub_item i ON i.node = n.id WHERE n.name >= $1 AND n.name < $2 AND n.name LIKE $3")
                .Bind(1, _scope + prefix).Bind(2, _scope + prefix[..^1] + (char)(prefix[^1] + 1)).Bind(3, "%" + suffix);
            while (rows.Read())
            {
                string name = rows.GetString(0)[_scope.Length..];
                if (!name.EndsWith(suffix, StringComparison.Ordinal) || name.Length <= prefix.Length + suffix.Length || name[prefix.Length..^suffix.Length] is not { } between || between.Contains('/', StringComparison.Ordinal))
                {
                    continue; // LIKE may pass over case
                }

                if (!found.TryGetValue(between, out Dictionary<string, byte[]>? items))
                {
                    found.Add(between, items = new Dictionary<string, byte[]>(StringComparer.Ordinal));
                }

                if (!rows.IsNull(1))
                {
                    items.Add(rows.GetString(1), rows.GetBytes(2));
                }
            }

            return found;
        },
        cancellationToken);

    private static PublishedItem ReadItem(SqlStatement row) => new(row.GetString(0), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)), row.GetBytes(3));
}
