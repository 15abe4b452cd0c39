using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>
/// Archives as rows of many messages each (<see cref="ArchiveBlockBuilder"/>): a message costs a part of a row, when it is written and when it goes. Within an archive rows do not overlap.
/// All of it runs within a unit of work or a query.
/// </summary>
internal static class ArchiveBlocks
{
    /// <summary>Rows that one step of the clean-up removes (50): a few milliseconds of the writer's time.</summary>
    public const int ExpiryStep = 50;

    /// <summary>Writes a row and empties the builder; false where there is one at that place.</summary>
    public static bool Insert(SqlSession session, string owner, ArchiveBlockBuilder block)
    {
        bool isNew = session.Prepare("INSERT INTO archive_block (owner, seq, last, number, entries, stanzas) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (owner, seq) DO NOTHING")
            .Bind(1, owner).Bind(2, block.First).Bind(3, block.Last).Bind(4, block.Count).Bind(5, block.Entries).Bind(6, block.Stanzas).Execute() == 1;
        block.Clear();
        return isNew;
    }

    /// <summary>How many messages an archive has.</summary>
    public static long Count(SqlSession session, string owner)
    {
        SqlStatement row = session.Prepare("SELECT CAST(coalesce(sum(number), 0) AS BIGINT) FROM archive_block WHERE owner = $1").Bind(1, owner);
        row.Read();
        long count = row.GetInt64(0);
        row.Reset();
        return count;
    }

    /// <summary>How many messages a filter takes.</summary>
    public static int Count(SqlSession session, string owner, ArchiveFilter filter)
    {
        SqlStatement rows = session.Prepare("SELECT seq, last, number, entries FROM archive_block WHERE owner = $1 AND last > $2 AND seq < $3")
            .Bind(1, owner).Bind(2, filter.After).Bind(3, filter.Before);
        int count = 0;
        while (rows.Read())
        {
            if (filter.IsByPlace && rows.GetInt64(0) > filter.After && rows.GetInt64(1) < filter.Before)
            {
                count += rows.GetInt32(2);
                continue;
            }

            var entries = new ArchiveBlockReader(rows.GetBytes(3));
            while (entries.Read())
            {
                count += filter.Takes(entries) ? 1 : 0;
            }
        }

        return count;
    }

    /// <summary>The messages that a filter takes, until there are as many as may be.</summary>
    /// <param name="session">The query's.</param>
    /// <param name="owner">Whose archive.</param>
    /// <param name="filter">Which.</param>
    /// <param name="backwards">From the last on.</param>
    /// <param name="max">Messages.</param>
    /// <param name="maxBytes">Bytes; the message that reaches them is still taken.</param>
    /// <returns>The messages in the order in which they were met, and whether there are no more.</returns>
    public static (List<ArchivedMessage> Messages, bool IsComplete) Read(SqlSession session, string owner, ArchiveFilter filter, bool backwards, int max, int maxBytes)
    {
        SqlStatement rows = session.Prepare($"SELECT entries, stanzas FROM archive_block WHERE owner = $1 AND last > $2 AND seq < $3 ORDER BY seq {(backwards ? "DESC" : "ASC")}")
            .Bind(1, owner).Bind(2, filter.After).Bind(3, filter.Before);
        var messages = new List<ArchivedMessage>();
        var found = new List<(ArchiveId Id, int Offset, int Length)>();
        int bytes = 0;
        while (rows.Read())
        {
            found.Clear();
            var entries = new ArchiveBlockReader(rows.GetBytes(0));
            while (entries.Read())
            {
                if (filter.Takes(entries))
                {
                    found.Add((entries.Id, entries.Offset, entries.Length));
                }
            }

            if (found.Count == 0)
            {
                continue;
            }

            if (backwards)
            {
                found.Reverse();
            }

            byte[] stanzas = rows.GetBytes(1);
            foreach ((ArchiveId id, int offset, int length) in found)
            {
                if (messages.Count == max || bytes >= maxBytes)
                {
                    rows.Reset();
                    return (messages, false);
                }

                messages.Add(new ArchivedMessage(id, stanzas.AsSpan(offset, length).ToArray()));
                bytes += length;
            }
        }

        return (messages, true);
    }

    /// <summary>Whether an archive has a message with that id; its place where it does.</summary>
    public static bool Has(SqlSession session, string owner, string? text, out ArchiveId id)
    {
        if (!ArchiveId.TryParse(text, out id))
        {
            return false;
        }

        SqlStatement row = session.Prepare("SELECT entries FROM archive_block WHERE owner = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 1").Bind(1, owner).Bind(2, id.Seq);
        byte[] bytes = row.Read() ? row.GetBytes(0) : [];
        row.Reset();
        var entries = new ArchiveBlockReader(bytes);
        while (entries.Read())
        {
            if (entries.Id == id)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The id at one end of an archive, or null where it is empty.</summary>
    public static ArchiveId? End(SqlSession session, string owner, bool isLast)
    {
        SqlStatement row = session.Prepare($"SELECT entries FROM archive_block WHERE owner = $1 ORDER BY seq {(isLast ? "DESC" : "ASC")} LIMIT 1").Bind(1, owner);
        byte[] bytes = row.Read() ? row.GetBytes(0) : [];
        row.Reset();
        var entries = new ArchiveBlockReader(bytes);
        ArchiveId? id = null;
        while ((isLast || id is null) && entries.Read())
        {
            id = entries.Id;
        }

        return id;
    }

    /// <summary>Removes the oldest messages, whole rows of them; the last row is cut where more than <paramref name="slack"/> would stay too many. Returns how many went.</summary>
    public static int RemoveOldest(SqlSession session, string owner, int count, int slack)
    {
        int removed = 0;
        while (removed < count && First(session, owner) is (var seq, > 0 and var number, _))
        {
            if (number <= count - removed)
            {
                session.Prepare("DELETE FROM archive_block WHERE owner = $1 AND seq = $2").Bind(1, owner).Bind(2, seq).Execute();
                removed += number;
            }
            else if (count - removed > slack)
            {
                int cut = count - removed;
                int skipped = 0;
                Rewrite(session, owner, seq, _ => skipped++ >= cut);
                removed = count;
            }
            else
            {
                break;
            }
        }

        return removed;
    }

    /// <summary>Removes what is older than a place, a step of it. Returns the messages that went, and whether there is more.</summary>
    public static (int Removed, bool HasMore) Expire(SqlSession session, string owner, long before)
    {
        int removed = 0;
        for (int i = 0; i < ExpiryStep; i++)
        {
            (long seq, int number, long last) = First(session, owner);
            if (number == 0 || seq >= before)
            {
                return (removed, false);
            }

            if (last >= before)
            {
                int kept = 0;
                Rewrite(session, owner, seq, id =>
                {
                    kept += id.Seq >= before ? 1 : 0;
                    return id.Seq >= before;
                });
                return (removed + number - kept, false);
            }

            session.Prepare("DELETE FROM archive_block WHERE owner = $1 AND seq = $2").Bind(1, owner).Bind(2, seq).Execute();
            removed += number;
        }

        return (removed, true);
    }

    private static (long Seq, int Number, long Last) First(SqlSession session, string owner)
    {
        SqlStatement row = session.Prepare("SELECT seq, number, last FROM archive_block WHERE owner = $1 ORDER BY seq LIMIT 1").Bind(1, owner);
        (long, int, long) first = row.Read() ? (row.GetInt64(0), row.GetInt32(1), row.GetInt64(2)) : default;
        row.Reset();
        return first;
    }

    // A row with those of its messages that stay.
    private static void Rewrite(SqlSession session, string owner, long seq, Func<ArchiveId, bool> stays)
    {
        SqlStatement row = session.Prepare("SELECT entries, stanzas FROM archive_block WHERE owner = $1 AND seq = $2").Bind(1, owner).Bind(2, seq);
        row.Read();
        byte[] entries = row.GetBytes(0);
        byte[] stanzas = row.GetBytes(1);
        row.Reset();
        session.Prepare("DELETE FROM archive_block WHERE owner = $1 AND seq = $2").Bind(1, owner).Bind(2, seq).Execute();
        var block = new ArchiveBlockBuilder();
        var reader = new ArchiveBlockReader(entries);
        while (reader.Read())
        {
            if (stays(reader.Id))
            {
                block.Add(reader.Id, reader.Peer, reader.Resource, stanzas.AsSpan(reader.Offset, reader.Length));
            }
        }

        if (block.Count > 0)
        {
            Insert(session, owner, block);
        }
    }
}
