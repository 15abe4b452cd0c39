using System.Collections.Concurrent;
using System.Text.Json;
using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Roster;

/// <summary>
/// Rosters in SQL with a bounded cache. Every change, by this process or another, raises the roster's revision; a copy in memory counts only while that number is its own, so a presence broadcast
/// costs one read of one row and never goes to who is no longer entitled. Owners are localparts, prepared.
/// </summary>
public sealed class RosterStore(ISqlDatabase database, RosterOptions options)
{
    private const string Columns = "contact, name, groups, state, approved, listed, request, version";
    private const string Forgettable = "listed = 0 AND approved = 0 AND state = 0";

    private readonly ConcurrentDictionary<string, Roster> _cache = new(StringComparer.Ordinal);

    /// <summary>The roster of an account; empty for one that has none. The same object as long as it has not changed.</summary>
    public async ValueTask<Roster> LoadAsync(string owner, CancellationToken cancellationToken = default)
    {
        _cache.TryGetValue(owner, out Roster? cached);
        Roster roster = await database.ReadAsync(
            session =>
            {
                // The number is read before the items: a copy may be newer than its number, never older. One row of a small table, for a roster of any length.
                (long version, _, long revision) = ReadVersion(session, owner);
                return cached is not null && cached.Revision == revision ? cached : Read(session, owner, version, revision);
            },
            cancellationToken).ConfigureAwait(false);
        if (!ReferenceEquals(roster, cached))
        {
            if (_cache.Count >= options.CacheLimit)
            {
                _cache.Clear();
            }

            _cache[owner] = roster;
        }

        return roster;
    }

    /// <summary>
    /// What changed since a version that a client has (RFC 6121 §2.6.2), oldest change first; removed items are not <see cref="RosterItem.Listed"/> and go out as <c>subscription='remove'</c>.
    /// </summary>
    /// <returns>Null when the whole roster must be sent: the version is unknown or too old.</returns>
    public ValueTask<List<RosterItem>?> ChangesSinceAsync(string owner, long version, CancellationToken cancellationToken = default) => database.ReadAsync(
        session =>
        {
            (long current, long forgotten, _) = ReadVersion(session, owner);
            if (version > current || version < forgotten)
            {
                return null;
            }

            var changes = new List<RosterItem>();
            SqlStatement rows = session.Prepare($"SELECT {Columns} FROM roster_item WHERE owner = $1 AND version > $2 ORDER BY version").Bind(1, owner).Bind(2, version);
            while (rows.Read())
            {
                changes.Add(ReadItem(rows));
            }

            return changes;
        },
        cancellationToken);

    /// <summary>Changes one item, atomically with what it was.</summary>
    /// <param name="owner">The account.</param>
    /// <param name="contact">The contact's bare JID.</param>
    /// <param name="change">Gets the item as it is (an unlisted one when there is none) and gives it as it shall be. Runs on the database's writer: pure code only.</param>
    /// <param name="committed">Runs when the change is durable, in the order of the changes: the place to send roster pushes.</param>
    public Task<RosterChange> ChangeAsync(string owner, string contact, Func<RosterItem, RosterItem> change, Action<RosterChange>? committed = null) => database.WriteAsync(
        session => Change(session, owner, contact, change),
        committed);

    /// <summary>Removes an account's roster.</summary>
    public Task RemoveAsync(string owner) => database.WriteAsync(
        session => session.Prepare("DELETE FROM roster WHERE owner = $1").Bind(1, owner).Execute());

    private static Roster Read(SqlSession session, string owner, long version, long revision)
    {
        var items = new List<RosterItem>();
        SqlStatement rows = session.Prepare($"SELECT {Columns} FROM roster_item WHERE owner = $1").Bind(1, owner);
        while (rows.Read())
        {
            RosterItem item = ReadItem(rows);
            if (!item.IsForgettable)
            {
                items.Add(item);
            }
        }

        return new Roster(version, revision, items);
    }

    private static (long Version, long Forgotten, long Revision) ReadVersion(SqlSession session, string owner)
    {
        SqlStatement row = session.Prepare("SELECT version, forgotten, revision FROM roster WHERE owner = $1").Bind(1, owner);
        return row.Read() ? (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2)) : (0, 0, 0);
    }

    private static RosterItem ReadItem(SqlStatement row) => new(row.GetString(0))
    {
        Name = row.GetString(1),
        Groups = JsonSerializer.Deserialize<string[]>(row.GetString(2)) ?? [],
        State = (SubscriptionState)row.GetInt32(3),
        Approved = row.GetBoolean(4),
        Listed = row.GetBoolean(5),
        Request = row.IsNull(6) ? null : row.GetBytes(6),
        Version = row.GetInt64(7),
    };

    private RosterChange Change(SqlSession session, string owner, string contact, Func<RosterItem, RosterItem> change)
    {
        SqlStatement row = session.Prepare($"SELECT {Columns} FROM roster_item WHERE owner = $1 AND contact = $2").Bind(1, owner).Bind(2, contact);
        bool found = row.Read();
        RosterItem before = found ? ReadItem(row) : new RosterItem(contact);
        row.Reset();
        RosterItem after = change(before);
        if (after == before)
        {
            return new RosterChange(before, before, IsPushed: false, LimitReached: false);
        }

        if (!after.State.IsPendingIn())
        {
            after = after with { Request = null };
        }

        if (before.IsForgettable && !after.IsForgettable && Count(session, owner, forgettable: false) >= options.ItemLimit)
        {
            return new RosterChange(before, before, IsPushed: false, LimitReached: true);
        }

        bool pushed = !after.LooksLike(before);
        SqlStatement raise = session.Prepare("""
            INSERT INTO roster (owner, version, forgotten, revision) VALUES ($1, $2, 0, $3)
            ON CONFLICT (owner) DO UPDATE SET version = roster.version + $2, revision = roster.revision + 1 RETURNING version
            """).Bind(1, owner).Bind(2, pushed ? 1 : 0)
            .Bind(3, Random.Shared.NextInt64(1, long.MaxValue / 2)); // a roster that was removed and begins anew is not taken for the old one
        raise.Read();
        long version = raise.GetInt64(0);
        raise.Reset();
        after = after with { Version = pushed ? version : before.Version };
        if (after.IsForgettable && !pushed)
        {
            // a request that was refused leaves nothing behind
            session.Prepare("DELETE FROM roster_item WHERE owner = $1 AND contact = $2 AND version = 0").Bind(1, owner).Bind(2, contact).Execute();
        }

        if (!after.IsForgettable || after.Version > 0)
        {
            session.Prepare("""
                INSERT INTO roster_item (owner, contact, name, groups, state, approved, listed, request, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (owner, contact) DO UPDATE SET name = excluded.name, groups = excluded.groups, state = excluded.state, approved = excluded.approved,
                    listed = excluded.listed, request = excluded.request, version = excluded.version
                """)
                .Bind(1, owner).Bind(2, contact).Bind(3, after.Listed ? after.Name : "").Bind(4, JsonSerializer.Serialize(after.Listed ? after.Groups : []))
                .Bind(5, (long)after.State).Bind(6, after.Approved).Bind(7, after.Listed).Bind(8, after.Request).Bind(9, after.Version).Execute();
        }

        if (after.IsForgettable)
        {
            Forget(session, owner);
        }

        return new RosterChange(before, after, pushed, LimitReached: false);
    }

    /// <summary>Drops the oldest removed items beyond the limit; a client that has an older version than theirs gets the whole roster.</summary>
    private void Forget(SqlSession session, string owner)
    {
        long surplus = Count(session, owner, forgettable: true) - options.RemovedLimit;
        if (surplus <= 0)
        {
            return;
        }

        SqlStatement last = session.Prepare($"SELECT version FROM roster_item WHERE owner = $1 AND {Forgettable} ORDER BY version LIMIT 1 OFFSET $2").Bind(1, owner).Bind(2, surplus - 1);
        last.Read();
        long version = last.GetInt64(0);
        last.Reset();
        session.Prepare($"DELETE FROM roster_item WHERE owner = $1 AND {Forgettable} AND version <= $2").Bind(1, owner).Bind(2, version).Execute();
        session.Prepare("UPDATE roster SET forgotten = $2 WHERE owner = $1").Bind(1, owner).Bind(2, version).Execute();
    }

    private static long Count(SqlSession session, string owner, bool forgettable)
    {
        SqlStatement count = session.Prepare(forgettable
            ? $"SELECT count(*) FROM roster_item WHERE owner = $1 AND {Forgettable}"
            : $"SELECT count(*) FROM roster_item WHERE owner = $1 AND NOT ({Forgettable})").Bind(1, owner);
        count.Read();
        long n = count.GetInt64(0);
        count.Reset();
        return n;
    }
}
