using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Access;

/// <summary>How a change of a group ended.</summary>
public enum GroupChange
{
    /// <summary>It is as was asked.</summary>
    Done,

    /// <summary>There is no such group.</summary>
    NotFound,

    /// <summary>There is one already.</summary>
    Exists,

    /// <summary>A bound is reached: nothing was changed.</summary>
    TooMany,
}

/// <summary>
/// Groups in SQL, with all of them in memory. Every change, by this process or another, gets the next number of <c>access_generation</c>; <see cref="LatestAsync"/> takes over what is newer, <see cref="Current"/>
/// is what this process knows and costs nothing: behind the changes of others by <see cref="AccessModule.WatchInterval"/>, never behind its own.
/// </summary>
public sealed class GroupStore(ISqlDatabase database) : IDisposable
{
    private readonly SemaphoreSlim _refresh = new(1, 1);
    private GroupSnapshot _snapshot = GroupSnapshot.Empty;

    /// <summary>The groups as this process knows them.</summary>
    public GroupSnapshot Current => Volatile.Read(ref _snapshot);

    /// <summary>The groups as they are now.</summary>
    public async ValueTask<GroupSnapshot> LatestAsync(CancellationToken cancel = default)
    {
        GroupSnapshot snapshot = Current;
        if (snapshot.Generation >= await database.ReadAsync(session => Numbers(session).Value, cancel).ConfigureAwait(false))
        {
            return snapshot;
        }

        await _refresh.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            snapshot = await database.ReadAsync(session => Refresh(session, _snapshot), cancel).ConfigureAwait(false);
            Volatile.Write(ref _snapshot, snapshot);
            return snapshot;
        }
        finally
        {
            _refresh.Release();
        }
    }

    /// <summary>Makes a group.</summary>
    /// <param name="group">With its owner; members and things come later.</param>
    /// <param name="most">Groups of the hub, and of this owner (0: as many as there may be).</param>
    public Task<GroupChange> CreateAsync(ThingGroup group, (int All, int OfOwner) most) => WriteAsync(session => Create(session, group, most));

    /// <summary>Gives a group another name or owner.</summary>
    public Task<GroupChange> UpdateAsync(string id, string name, Jid? owner) => WriteAsync(session => Raise(session, id) is null
        ? GroupChange.NotFound
        : Did(session.Prepare("UPDATE access_group SET name = $2, owner = $3 WHERE id = $1").Bind(1, id).Bind(2, name).Bind(3, owner?.ToString()).Execute()));

    /// <summary>Deletes a group; its things stay.</summary>
    public Task<GroupChange> DeleteAsync(string id) => WriteAsync(session =>
    {
        if (Raise(session, id, isGone: true) is null)
        {
            return GroupChange.NotFound;
        }

        session.Prepare("DELETE FROM access_group WHERE id = $1").Bind(1, id).Execute();
        return GroupChange.Done;
    });

    /// <summary>Makes somebody a member, or another one; null takes him out.</summary>
    public Task<GroupChange> SetMemberAsync(string id, Jid who, GroupMember? member, int most) => WriteAsync(session =>
    {
        if (Raise(session, id) is null)
        {
            return GroupChange.NotFound;
        }

        if (member is null)
        {
            return Did(session.Prepare("DELETE FROM access_member WHERE group_id = $1 AND who = $2").Bind(1, id).Bind(2, who.ToString()).Execute());
        }

        session.Prepare("""
            INSERT INTO access_member (group_id, who, role, is_except, parameters) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (group_id, who) DO UPDATE SET role = excluded.role, is_except = excluded.is_except, parameters = excluded.parameters
            """)
            .Bind(1, id).Bind(2, who.ToString()).Bind(3, (long)member.Role).Bind(4, member.Parameters.IsExcept).Bind(5, string.Join('\n', member.Parameters.Names.Order(StringComparer.Ordinal))).Execute();
        return Count(session, "SELECT count(*) FROM access_member WHERE group_id = $1", id) > most ? throw new GroupBoundException() : GroupChange.Done;
    });

    /// <summary>Puts things into a group, each with whose it is.</summary>
    public Task<GroupChange> AddThingsAsync(string id, IReadOnlyCollection<(string Thing, Jid? Owner)> things, (int Things, int Groups) most) =>
        WriteAsync(session => AddThings(session, id, things, most));

    /// <summary>Takes things out of a group.</summary>
    public Task<GroupChange> RemoveThingsAsync(string id, IReadOnlyCollection<string> things) => WriteAsync(session => RemoveThings(session, id, things));

    /// <summary>Takes a thing out of all groups.</summary>
    /// <param name="thing">The thing's id.</param>
    /// <param name="owner">Keeps it in those where it came while it was his; null with <paramref name="keepsNone"/> false for nobody's.</param>
    /// <param name="keepsNone">Whether it is taken out of every one: it is gone.</param>
    public Task<GroupChange> LeaveAsync(string thing, Jid? owner, bool keepsNone) => WriteAsync(session =>
    {
        string stale = keepsNone ? "thing = $1" : owner is null ? "thing = $1 AND owner IS NOT NULL" : "thing = $1 AND (owner IS NULL OR owner <> $2)";
        SqlStatement Where(string sql) => keepsNone || owner is null ? session.Prepare(sql).Bind(1, thing) : session.Prepare(sql).Bind(1, thing).Bind(2, owner.ToString());
        List<string> groups = Texts(Where($"SELECT group_id FROM access_thing WHERE {stale}"));
        foreach (string id in groups)
        {
            Raise(session, id);
        }

        if (groups.Count > 0)
        {
            Where($"DELETE FROM access_thing WHERE {stale}").Execute();
        }

        return GroupChange.Done;
    });

    /// <summary>Takes an account out of all groups; those that it owned have no owner.</summary>
    public Task<GroupChange> ForgetAsync(Jid who) => WriteAsync(session =>
    {
        string bare = who.Bare.ToString();
        foreach (string id in Texts(session.Prepare("SELECT group_id FROM access_member WHERE who = $1 UNION SELECT id FROM access_group WHERE owner = $1").Bind(1, bare)))
        {
            Raise(session, id);
        }

        session.Prepare("DELETE FROM access_member WHERE who = $1").Bind(1, bare).Execute();
        session.Prepare("UPDATE access_group SET owner = NULL WHERE owner = $1").Bind(1, bare).Execute();
        EndPresence(session, "who", bare);
        EndPresence(session, "thing", who.Local);
        return GroupChange.Done;
    });

    /// <summary>Notes that somebody sees a thing's presence by right alone, or does so no more.</summary>
    public Task SetApprovedAsync(string thing, Jid who, bool hasEnded) => WriteAsync(session =>
    {
        session.Prepare("""
            INSERT INTO access_presence (thing, who, ended, version) VALUES ($1, $2, $3, $4)
            ON CONFLICT (thing, who) DO UPDATE SET ended = excluded.ended, version = excluded.version
            """).Bind(1, thing).Bind(2, who.Bare.ToString()).Bind(3, hasEnded).Bind(4, Raise(session)).Execute();
        return GroupChange.Done;
    });

    /// <summary>Whether everything has followed the groups as they are: false where a process ended in between.</summary>
    public ValueTask<bool> IsFollowedAsync(CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT value, followed FROM access_generation WHERE id = 1");
            row.Read();
            return row.GetInt64(0) == row.GetInt64(1);
        },
        cancel);

    /// <summary>Notes how far everything has followed, and forgets presence that is seen no more.</summary>
    public Task SetFollowedAsync(long generation) => database.WriteAsync(session =>
    {
        session.Prepare("UPDATE access_generation SET followed = $1 WHERE id = 1 AND followed < $1").Bind(1, generation).Execute();
    });

    /// <inheritdoc/>
    public void Dispose() => _refresh.Dispose();

    /// <summary>Makes a group within a unit of work.</summary>
    public static GroupChange Create(SqlSession session, ThingGroup group, (int All, int OfOwner) most)
    {
        if (Count(session, "SELECT count(*) FROM access_group WHERE id = $1", group.Id) > 0)
        {
            return GroupChange.Exists;
        }

        if (Count(session, "SELECT count(*) FROM access_group WHERE id <> $1", group.Id) >= most.All
            || (most.OfOwner > 0 && group.Owner is not null && Count(session, "SELECT count(*) FROM access_group WHERE owner = $1", group.Owner.ToString()) >= most.OfOwner))
        {
            return GroupChange.TooMany;
        }

        session.Prepare("INSERT INTO access_group (id, name, owner, created, version) VALUES ($1, $2, $3, $4, $5)")
            .Bind(1, group.Id).Bind(2, group.Name).Bind(3, group.Owner?.ToString()).Bind(4, group.Created.ToUnixTimeMilliseconds()).Bind(5, Raise(session)).Execute();
        return GroupChange.Done;
    }

    /// <summary>Puts things into a group within a unit of work.</summary>
    public static GroupChange AddThings(SqlSession session, string id, IReadOnlyCollection<(string Thing, Jid? Owner)> things, (int Things, int Groups) most)
    {
        if (Raise(session, id) is null)
        {
            return GroupChange.NotFound;
        }

        foreach ((string thing, Jid? owner) in things)
        {
            session.Prepare("INSERT INTO access_thing (group_id, thing, owner) VALUES ($1, $2, $3) ON CONFLICT (group_id, thing) DO UPDATE SET owner = excluded.owner")
                .Bind(1, id).Bind(2, thing).Bind(3, owner?.ToString()).Execute();
            if (Count(session, "SELECT count(*) FROM access_thing WHERE thing = $1", thing) > most.Groups)
            {
                throw new GroupBoundException();
            }
        }

        return Count(session, "SELECT count(*) FROM access_thing WHERE group_id = $1", id) > most.Things ? throw new GroupBoundException() : GroupChange.Done;
    }

    /// <summary>Takes things out of a group within a unit of work.</summary>
    public static GroupChange RemoveThings(SqlSession session, string id, IReadOnlyCollection<string> things)
    {
        if (Raise(session, id) is null)
        {
            return GroupChange.NotFound;
        }

        foreach (string thing in things)
        {
            session.Prepare("DELETE FROM access_thing WHERE group_id = $1 AND thing = $2").Bind(1, id).Bind(2, thing).Execute();
        }

        return GroupChange.Done;
    }

    private async Task<GroupChange> WriteAsync(Func<SqlSession, GroupChange> unit)
    {
        try
        {
            GroupChange change = await database.WriteAsync(unit).ConfigureAwait(false);
            if (change == GroupChange.Done)
            {
                await LatestAsync().ConfigureAwait(false);
            }

            return change;
        }
        catch (GroupBoundException)
        {
            return GroupChange.TooMany; // what the unit had written is undone
        }
    }

    private static GroupChange Did(int rows) => rows > 0 ? GroupChange.Done : GroupChange.NotFound;

    private static long Count(SqlSession session, string sql, string parameter)
    {
        SqlStatement row = session.Prepare(sql).Bind(1, parameter);
        row.Read();
        long count = row.GetInt64(0);
        row.Reset();
        return count;
    }

    private static void EndPresence(SqlSession session, string column, string value)
    {
        long version = Raise(session);
        session.Prepare($"UPDATE access_presence SET ended = 1, version = $2 WHERE {column} = $1 AND ended = 0").Bind(1, value).Bind(2, version).Execute();
    }

    private static List<string> Texts(SqlStatement rows)
    {
        var found = new List<string>();
        while (rows.Read())
        {
            found.Add(rows.GetString(0));
        }

        return found;
    }

    private static long Raise(SqlSession session, bool isGone = false)
    {
        SqlStatement raise = session.Prepare(isGone
            ? "UPDATE access_generation SET value = value + 1, forgotten = value + 1 WHERE id = 1 RETURNING value"
            : "UPDATE access_generation SET value = value + 1 WHERE id = 1 RETURNING value");
        raise.Read();
        long value = raise.GetInt64(0);
        raise.Reset();
        return value;
    }

    /// <summary>Gives a group the next number; null where there is none.</summary>
    private static long? Raise(SqlSession session, string id, bool isGone = false)
    {
        if (Count(session, "SELECT count(*) FROM access_group WHERE id = $1", id) == 0)
        {
            return null;
        }

        long version = Raise(session, isGone);
        session.Prepare("UPDATE access_group SET version = $2 WHERE id = $1").Bind(1, id).Bind(2, version).Execute();
        return version;
    }

    private static (long Value, long Forgotten) Numbers(SqlSession session)
    {
        SqlStatement row = session.Prepare("SELECT value, forgotten FROM access_generation WHERE id = 1");
        row.Read();
        return (row.GetInt64(0), row.GetInt64(1));
    }

    // As RegistryStore: the number is read before the rows, so that what changes meanwhile is read again the next time.
    private static GroupSnapshot Refresh(SqlSession session, GroupSnapshot known)
    {
        (long value, long forgotten) = Numbers(session);
        if (known.Generation < forgotten)
        {
            known = GroupSnapshot.Empty;
        }

        var changed = new Dictionary<string, ThingGroup>(StringComparer.Ordinal);
        var members = new Dictionary<string, Dictionary<Jid, GroupMember>>(StringComparer.Ordinal);
        var things = new Dictionary<string, Dictionary<string, Jid?>>(StringComparer.Ordinal);
        SqlStatement rows = session.Prepare("SELECT id, name, owner, created, version FROM access_group WHERE version > $1").Bind(1, known.Generation);
        while (rows.Read())
        {
            string id = rows.GetString(0);
            members[id] = [];
            things[id] = new Dictionary<string, Jid?>(StringComparer.Ordinal);
            changed[id] = new ThingGroup(id) { Name = rows.GetString(1), Owner = Jid(rows.GetStringOrNull(2)), Created = DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(3)), Version = rows.GetInt64(4), Members = members[id], Things = things[id] };
        }

        rows = session.Prepare("SELECT m.group_id, m.who, m.role, m.is_except, m.parameters FROM access_member m JOIN access_group g ON g.id = m.group_id WHERE g.version > $1").Bind(1, known.Generation);
        while (rows.Read())
        {
            if (members.TryGetValue(rows.GetString(0), out Dictionary<Jid, GroupMember>? all) && Jid(rows.GetString(1)) is { } who)
            {
                string[] names = rows.GetString(4).Split('\n', StringSplitOptions.RemoveEmptyEntries);
                all[who] = new GroupMember((GroupRole)rows.GetInt32(2), !rows.GetBoolean(3) ? ParameterLimit.Only(names) : names.Length == 0 ? ParameterLimit.All : ParameterLimit.Except(names));
            }
        }

        rows = session.Prepare("SELECT t.group_id, t.thing, t.owner FROM access_thing t JOIN access_group g ON g.id = t.group_id WHERE g.version > $1").Bind(1, known.Generation);
        while (rows.Read())
        {
            if (things.TryGetValue(rows.GetString(0), out Dictionary<string, Jid?>? all))
            {
                all[rows.GetString(1)] = Jid(rows.GetStringOrNull(2));
            }
        }

        var presence = new List<(string, Jid, bool)>();
        rows = session.Prepare("SELECT thing, who, ended FROM access_presence WHERE version > $1").Bind(1, known.Generation);
        while (rows.Read())
        {
            if (Jid(rows.GetString(1)) is { } who)
            {
                presence.Add((rows.GetString(0), who, rows.GetBoolean(2)));
            }
        }

        return known.With(value, changed.Values, presence);
    }

    private static Jid? Jid(string? text) => text is not null && JidPrep.TryParse(text, out Jid? jid) ? jid : null;

}

/// <summary>A unit of work went over a bound of groups: what it had written is undone.</summary>
public sealed class GroupBoundException() : Exception("A bound of groups is reached.");
