using System.Text;
using System.Text.Json;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>One message for one archive.</summary>
/// <param name="Owner">The account's localpart.</param>
/// <param name="Peer">The other's bare JID.</param>
/// <param name="Resource">The other's resource; empty for none.</param>
/// <param name="Stanza">The whole stanza.</param>
public readonly record struct ArchiveEntry(string Owner, string Peer, string Resource, byte[] Stanza);

/// <summary>
/// Archives in SQL. A message's place is given on the database's one writer, so the order of places is that of the commits: who reads a page and later the one behind it misses nothing.
/// Owners are localparts, prepared.
/// </summary>
public sealed class ArchiveStore
{
    /// <summary>Messages that one step of trimming removes (500): a few milliseconds of the writer's time.</summary>
    public const int ExpiryStep = 500;

    /// <summary>Places that are tried where another hub has taken the same one in the same microsecond (16).</summary>
    private const int MaxTries = 16;

    private readonly ISqlDatabase _database;
    private readonly ArchiveOptions _options;
    private readonly TimeProvider _time;
    private readonly ArchiveJournal? _journal;

    // Of the writer's thread alone.
    private readonly Dictionary<string, long> _ends = new(StringComparer.Ordinal);
    private readonly ArchiveSizes _sizes;

    /// <param name="database">The database.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="time">The clock.</param>
    public ArchiveStore(ISqlDatabase database, ArchiveOptions options, TimeProvider time)
    {
        _database = database;
        _options = options;
        _time = time;
        _sizes = new ArchiveSizes(options);
        _journal = database.Dialect.IsShared ? null : new ArchiveJournal(database, options, time, _sizes);
    }

    /// <summary>Keeps a message in one archive or two, in one commit; what awaits goes on in the order of the commits.</summary>
    public Task<(ArchiveId? First, ArchiveId? Second)> AppendAsync(ArchiveEntry? first, ArchiveEntry? second) => _journal?.AppendAsync(first, second) ?? _database.WriteAsync(
        session => (first is { } one ? Append(session, one) : (ArchiveId?)null, second is { } other ? Append(session, other) : (ArchiveId?)null),
        inOrder: true);

    /// <summary>A page of an archive.</summary>
    /// <returns>Null where an id that the query names is not in the archive (§5.1.3, §5.3.2).</returns>
    public ValueTask<ArchivePage?> QueryAsync(string owner, ArchiveQuery query, CancellationToken cancel = default) => ReadAsync(
        owner,
        session => query.Ids is { } ids ? ByIds(session, owner, query, ids) : Page(session, owner, query),
        cancel);

    /// <summary>The first and the last message's ids; null where the archive is empty (§6).</summary>
    public ValueTask<(ArchiveId First, ArchiveId Last)?> EndsAsync(string owner, CancellationToken cancel = default) => ReadAsync<(ArchiveId, ArchiveId)?>(
        owner,
        session => ArchiveBlocks.End(session, owner, isLast: false) is { } first && ArchiveBlocks.End(session, owner, isLast: true) is { } last ? (first, last) : null,
        cancel);

    /// <summary>Whether any account has preferences of its own.</summary>
    public ValueTask<bool> HasPreferencesAsync(CancellationToken cancel = default) => _database.ReadAsync(session => session.Prepare("SELECT 1 FROM archive_preferences LIMIT 1").Read(), cancel);

    /// <summary>What an account wants kept; null where it has said nothing.</summary>
    public ValueTask<ArchivePreferences?> PreferencesAsync(string owner, CancellationToken cancel = default) => _database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT fallback, always, never FROM archive_preferences WHERE owner = $1").Bind(1, owner);
            return row.Read() ? ArchivePreferences.Of(row.GetString(0), Read(row.GetString(1)), Read(row.GetString(2))) : null;
        },
        cancel);

    /// <summary>Told of what an account wants kept now, or of none, when that is durable and in the order of the commits, whoever has changed it.</summary>
    public event Action<string, ArchivePreferences?>? PreferencesChanged;

    /// <summary>Stores what an account wants kept.</summary>
    public Task SetPreferencesAsync(string owner, ArchivePreferences preferences) => _database.WriteAsync(
        session => session.Prepare("""
            INSERT INTO archive_preferences (owner, fallback, always, never) VALUES ($1, $2, $3, $4)
            ON CONFLICT (owner) DO UPDATE SET fallback = excluded.fallback, always = excluded.always, never = excluded.never
            """).Bind(1, owner).Bind(2, preferences.Default)
            .Bind(3, JsonSerializer.Serialize(preferences.Always.Select(j => j.ToString()))).Bind(4, JsonSerializer.Serialize(preferences.Never.Select(j => j.ToString()))).Execute(),
        () => PreferencesChanged?.Invoke(owner, preferences));

    /// <summary>Brings archives of a hub that had a row for each message to what they are now; nothing to do where there are none. Before anything else is asked of the store.</summary>
    public async Task ConvertAsync(CancellationToken cancel = default)
    {
        while (await _database.WriteAsync(Convert, cancellationToken: cancel).ConfigureAwait(false))
        {
        }
    }

    /// <summary>Removes an account's archive.</summary>
    public Task RemoveAsync(string owner) => _database.WriteAsync(
        session =>
        {
            _journal?.Sort(session);
            _ends.Remove(owner);
            _sizes.Forget(owner);
            session.Prepare("DELETE FROM archive_block WHERE owner = $1").Bind(1, owner).Execute();
            session.Prepare("DELETE FROM archive_preferences WHERE owner = $1").Bind(1, owner).Execute();
        },
        () => PreferencesChanged?.Invoke(owner, null));

    /// <summary>Removes what is older than a time, and what is too many, in short steps between which others write.</summary>
    public async Task ExpireAsync(DateTimeOffset before, CancellationToken cancel = default)
    {
        long seq = before.ToUnixTimeMilliseconds() * 1000;
        if (_journal is not null)
        {
            await _journal.SortAsync(cancel).ConfigureAwait(false);
        }

        string owner = string.Empty;
        while (!cancel.IsCancellationRequested)
        {
            string last = owner;
            string? next = await _database.ReadAsync(
                session =>
                {
                    SqlStatement row = session.Prepare("SELECT owner FROM archive_block WHERE owner > $1 ORDER BY owner LIMIT 1").Bind(1, last);
                    string? found = row.Read() ? row.GetString(0) : null;
                    row.Reset();
                    return found;
                },
                cancel).ConfigureAwait(false);
            if (next is null)
            {
                return;
            }

            owner = next;
            while (await _database.WriteAsync(session => Expire(session, next, seq), cancellationToken: cancel).ConfigureAwait(false)
                || await _database.WriteAsync(session => _sizes.Trim(session, next), cancellationToken: cancel).ConfigureAwait(false))
            {
            }
        }
    }

    private static List<Jid> Read(string json) => [.. (JsonSerializer.Deserialize<string[]>(json) ?? []).Select(text => Addresses.JidPrep.TryParse(text, out Jid? jid) ? jid : null).OfType<Jid>()];

    private bool Expire(SqlSession session, string owner, long before)
    {
        (int removed, bool hasMore) = ArchiveBlocks.Expire(session, owner, before);
        _sizes.Removed(owner, removed);
        return hasMore;
    }

    // Where other hubs may write too, a place is taken at once, in the archive itself: each message has a row.
    private ArchiveId Append(SqlSession session, ArchiveEntry entry)
    {
        var id = new ArchiveId(Math.Max(EndOf(session, entry.Owner) + 1, _time.GetUtcNow().ToUnixTimeMilliseconds() * 1000), ArchiveId.NewSalt());
        var block = new ArchiveBlockBuilder();
        for (int i = 0; i < MaxTries; i++, id = id with { Seq = id.Seq + 1 })
        {
            block.Add(id, Encoding.UTF8.GetBytes(entry.Peer), Encoding.UTF8.GetBytes(entry.Resource), entry.Stanza);
            if (ArchiveBlocks.Insert(session, entry.Owner, block))
            {
                break;
            }
        }

        _ends[entry.Owner] = id.Seq;
        _sizes.Added(session, entry.Owner, 1);
        return id;
    }

    private long EndOf(SqlSession session, string owner)
    {
        if (_ends.TryGetValue(owner, out long end))
        {
            return end;
        }

        if (_ends.Count >= _options.CachedAccounts)
        {
            _ends.Clear();
        }

        SqlStatement row = session.Prepare("SELECT coalesce(max(last), 0) FROM archive_block WHERE owner = $1").Bind(1, owner);
        row.Read();
        end = row.GetInt64(0);
        row.Reset();
        return end;
    }

    private async ValueTask<T> ReadAsync<T>(string owner, Func<SqlSession, T> query, CancellationToken cancel)
    {
        if (_journal is not null)
        {
            await _journal.SortedAsync(owner, cancel).ConfigureAwait(false);
        }

        return await _database.ReadAsync(query, cancel).ConfigureAwait(false);
    }

    private static (long After, long Before) Range(ArchiveQuery query) => (
        query.Start is { } start ? (start.ToUnixTimeMilliseconds() * 1000) - 1 : 0,
        query.End is { } end ? (end.ToUnixTimeMilliseconds() + 1) * 1000 : long.MaxValue);

    private static ArchiveFilter Filter(ArchiveQuery query)
    {
        (long after, long before) = Range(query);
        return new ArchiveFilter(query.With, after, before);
    }

    private ArchivePage? ByIds(SqlSession session, string owner, ArchiveQuery query, IReadOnlyList<string> ids)
    {
        var messages = new List<ArchivedMessage>();
        foreach (string text in ids.Distinct(StringComparer.Ordinal))
        {
            if (!ArchiveBlocks.Has(session, owner, text, out ArchiveId id))
            {
                return null;
            }

            ArchiveFilter filter = Filter(query);
            filter.After = Math.Max(filter.After, id.Seq - 1);
            filter.Before = Math.Min(filter.Before, id.Seq + 1);
            messages.AddRange(ArchiveBlocks.Read(session, owner, filter, backwards: false, 1, _options.MaxPageBytes).Messages);
        }

        messages.Sort((a, b) => a.Id.Seq.CompareTo(b.Id.Seq));
        return new ArchivePage(messages, messages.Count, IsComplete: true);
    }

    private ArchivePage? Page(SqlSession session, string owner, ArchiveQuery query)
    {
        ArchiveFilter filter = Filter(query);
        if ((query.AfterId is not null && !Narrow(query.AfterId, isAfter: true)) || (query.BeforeId is not null && !Narrow(query.BeforeId, isAfter: false)))
        {
            return null;
        }

        // The count is of all pages, so before the page narrows it.
        int count = ArchiveBlocks.Count(session, owner, filter);
        if ((query.PageAfter is not null && !Narrow(query.PageAfter, isAfter: true)) || (query.PageBefore is { Length: > 0 } && !Narrow(query.PageBefore, isAfter: false)))
        {
            return null;
        }

        bool backwards = query.PageBefore is not null;
        (List<ArchivedMessage> messages, bool isComplete) = ArchiveBlocks.Read(session, owner, filter, backwards, query.Max, _options.MaxPageBytes);
        if (backwards)
        {
            messages.Reverse();
        }

        return new ArchivePage(messages, count, isComplete);

        bool Narrow(string text, bool isAfter)
        {
            if (!ArchiveBlocks.Has(session, owner, text, out ArchiveId id))
            {
                return false;
            }

            filter.After = isAfter ? Math.Max(filter.After, id.Seq) : filter.After;
            filter.Before = isAfter ? filter.Before : Math.Min(filter.Before, id.Seq);
            return true;
        }
    }

    // A step of it; false where there was nothing left to do.
    private static bool Convert(SqlSession session)
    {
        SqlStatement next = session.Prepare("SELECT owner FROM archive LIMIT 1");
        string? owner = next.Read() ? next.GetString(0) : null;
        next.Reset();
        if (owner is null)
        {
            return false;
        }

        var block = new ArchiveBlockBuilder();
        SqlStatement rows = session.Prepare($"SELECT seq, salt, peer, resource, stanza FROM archive WHERE owner = $1 ORDER BY seq LIMIT {ArchiveBlockBuilder.MaxMessages}").Bind(1, owner);
        while (!block.IsFull && rows.Read())
        {
            block.Add(new ArchiveId(rows.GetInt64(0), rows.GetInt64(1)), Encoding.UTF8.GetBytes(rows.GetString(2)), Encoding.UTF8.GetBytes(rows.GetString(3)), rows.GetBytes(4));
        }

        rows.Reset();
        long last = block.Last;
        ArchiveBlocks.Insert(session, owner, block);
        session.Prepare("DELETE FROM archive WHERE owner = $1 AND seq <= $2").Bind(1, owner).Bind(2, last).Execute();
        return true;
    }
}
