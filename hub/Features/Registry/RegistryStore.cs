using System.Collections.Immutable;
using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Registry;

/// <summary>
/// Things in SQL, with all of them in memory (about 1 KB each). Every change, by this process or another, gets the next number of <c>registry_generation</c>; the copy in memory takes over what
/// has a newer number than its own before it is read, so it is never older than the call.
/// </summary>
public sealed class RegistryStore(ISqlDatabase database) : IDisposable
{
    private const string Columns = "id, account, node_id, source_id, cache_type, state, owner, claim_hash, moving_from, revoked, registered, claimed, version, hub_key";

    private readonly SemaphoreSlim _refresh = new(1, 1);
    private Catalog _catalog = new(0, ImmutableSortedDictionary.Create<string, Thing>(StringComparer.Ordinal));
    private long _heard = 1; // the number of the last change that this process knows of

    /// <summary>
    /// All things as this process knows them: with all its own changes, and those of other processes as of the last <see cref="AllAsync"/>. Where nothing has changed it reads no SQL and does not wait.
    /// </summary>
    public ValueTask<ImmutableSortedDictionary<string, Thing>> KnownAsync(CancellationToken cancel = default)
    {
        Catalog catalog = Volatile.Read(ref _catalog);
        return catalog.Generation >= Volatile.Read(ref _heard) ? new(catalog.Things) : AllAsync(cancel);
    }

    /// <summary>All things by id, as they are now.</summary>
    public async ValueTask<ImmutableSortedDictionary<string, Thing>> AllAsync(CancellationToken cancel = default)
    {
        Catalog catalog = Volatile.Read(ref _catalog);
        (long value, _) = await database.ReadAsync(Generation, cancel).ConfigureAwait(false);
        if (catalog.Generation >= value)
        {
            return catalog.Things;
        }

        // From here on KnownAsync waits for it, too.
        await _refresh.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            catalog = _catalog;
            if (catalog.Generation < value)
            {
                catalog = await database.ReadAsync(session => Refresh(session, catalog), cancel).ConfigureAwait(false);
                Volatile.Write(ref _catalog, catalog);
            }

            return catalog.Things;
        }
        finally
        {
            _refresh.Release();
        }
    }

    /// <summary>A thing by its id, or null.</summary>
    public async ValueTask<Thing?> FindAsync(string id, CancellationToken cancel = default) => (await AllAsync(cancel).ConfigureAwait(false)).GetValueOrDefault(id);

    /// <summary>A thing by its address, or null.</summary>
    public ValueTask<Thing?> FindAsync(ThingAddress address, CancellationToken cancel = default) => database.ReadAsync(session => Find(session, address), cancel);

    /// <summary>How many things are behind an account, itself included.</summary>
    public ValueTask<long> CountAsync(string account, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT count(*) FROM thing WHERE account = $1").Bind(1, account);
            row.Read();
            return row.GetInt64(0);
        },
        cancel);

    /// <summary>Changes a thing, atomically with what it was.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="change">Gets the thing as it is, or null, and gives it as it shall be (the same: no change; null: away with it) and what came of it. Runs on the database's writer: pure code only.</param>
    /// <returns>The thing as it is now, or null, and what came of it.</returns>
    public Task<(Thing? Thing, T Result)> ChangeAsync<T>(string id, Func<Thing?, (Thing? After, T Result)> change) => WriteAsync(session =>
    {
        Thing? before = ById(session, id);
        (Thing? after, T result) = change(before);
        if (ReferenceEquals(after, before))
        {
            return (before, result);
        }

        return (Write(session, id, after), result);
    });

    /// <summary>Changes and makes several things, all or none.</summary>
    /// <param name="changes">By id: gets the thing as it is, or null, and gives it as it shall be; null leaves it out. Runs on the database's writer: pure code only; what it throws undoes all.</param>
    /// <param name="together">What is written in the same unit; what it throws undoes all.</param>
    /// <returns>The things that have changed, as they were (null for new ones) and as they are.</returns>
    public Task<List<(Thing? Before, Thing After)>> ChangeAllAsync(IReadOnlyList<(string Id, Func<Thing?, Thing?> Change)> changes, Action<SqlSession> together) => WriteAsync(session =>
    {
        var changed = new List<(Thing?, Thing)>();
        foreach ((string id, Func<Thing?, Thing?> change) in changes)
        {
            Thing? before = ById(session, id);
            if (change(before) is { } after && !ReferenceEquals(after, before))
            {
                changed.Add((before, Write(session, id, after)!));
            }
        }

        together(session);
        return changed;
    });

    /// <summary>Gives a thing to who presents its key, when it is the only one of that key; atomically, so of two claimers one gets it.</summary>
    /// <param name="hash">From <see cref="ClaimKey.Hash"/>.</param>
    /// <param name="claim">Gets the thing and gives it as it shall be, or null to refuse. Runs on the database's writer: pure code only.</param>
    public Task<Thing?> ClaimAsync(byte[] hash, Func<Thing, Thing?> claim) => WriteAsync(session =>
    {
        var ids = new List<string>();
        SqlStatement rows = session.Prepare("SELECT id FROM thing WHERE claim_hash = $1").Bind(1, hash);
        while (rows.Read())
        {
            ids.Add(rows.GetString(0));
        }

        if (ids.Count != 1 || ById(session, ids[0]) is not { } before || claim(before) is not { } after)
        {
            return null;
        }

        return ReferenceEquals(after, before) ? before : Write(session, before.Id, after);
    });

    /// <summary>Forgets an account: its thing and those behind it.</summary>
    /// <returns>The things that were forgotten.</returns>
    public Task<List<Thing>> ForgetAsync(string account) => WriteAsync(session =>
    {
        var gone = new List<Thing>();
        SqlStatement rows = session.Prepare($"SELECT {Columns} FROM thing WHERE account = $1").Bind(1, account);
        while (rows.Read())
        {
            gone.Add(Read(rows));
        }

        foreach (Thing thing in gone)
        {
            Write(session, thing.Id, null);
        }

        return gone;
    });

    /// <inheritdoc/>
    public void Dispose() => _refresh.Dispose();

    // What this process has changed counts in it as soon as who changed it goes on.
    private async Task<T> WriteAsync<T>(Func<SqlSession, T> unit)
    {
        (T result, long generation) = await database.WriteAsync(session => (unit(session), Generation(session).Value)).ConfigureAwait(false);
        for (long heard = Volatile.Read(ref _heard); heard < generation;)
        {
            heard = Interlocked.CompareExchange(ref _heard, generation, heard) is var seen && seen == heard ? generation : seen;
        }

        return result;
    }

    private static (long Value, long Forgotten) Generation(SqlSession session)
    {
        SqlStatement row = session.Prepare("SELECT value, forgotten FROM registry_generation WHERE id = 1");
        row.Read();
        return (row.GetInt64(0), row.GetInt64(1));
    }

    private static Catalog Refresh(SqlSession session, Catalog known)
    {
        // The number is read before the rows: what changes meanwhile is read again the next time.
        (long value, long forgotten) = Generation(session);
        ImmutableSortedDictionary<string, Thing>.Builder things = (known.Generation < forgotten ? known.Things.Clear() : known.Things).ToBuilder();
        long after = known.Generation < forgotten ? 0 : known.Generation;
        var tags = new Dictionary<string, List<MetaTag>>(StringComparer.Ordinal);
        SqlStatement rows = session.Prepare("SELECT g.thing, g.name, g.value, g.is_number, g.is_claim FROM thing_tag g JOIN thing t ON t.id = g.thing WHERE t.version > $1").Bind(1, after);
        while (rows.Read())
        {
            string id = rows.GetString(0);
            if (!tags.TryGetValue(id, out List<MetaTag>? list))
            {
                tags.Add(id, list = []);
            }

            list.Add(ReadTag(rows, 1));
        }

        rows = session.Prepare($"SELECT {Columns} FROM thing WHERE version > $1").Bind(1, after);
        while (rows.Read())
        {
            Thing thing = Read(rows);
            things[thing.Id] = thing with { Tags = ClaimKey.ByName(tags.GetValueOrDefault(thing.Id) ?? []) };
        }

        return new Catalog(value, things.ToImmutable());
    }

    private static Thing? ById(SqlSession session, string id)
    {
        SqlStatement row = session.Prepare($"SELECT {Columns} FROM thing WHERE id = $1").Bind(1, id);
        if (!row.Read())
        {
            return null;
        }

        Thing thing = Read(row);
        row.Reset();
        return WithTags(session, thing);
    }

    private static Thing? Find(SqlSession session, ThingAddress address)
    {
        SqlStatement row = session.Prepare($"SELECT {Columns} FROM thing WHERE account = $1 AND node_id = $2 AND source_id = $3 AND cache_type = $4")
            .Bind(1, address.Account).Bind(2, address.NodeId).Bind(3, address.SourceId).Bind(4, address.CacheType);
        if (!row.Read())
        {
            return null;
        }

        Thing thing = Read(row);
        row.Reset();
        return WithTags(session, thing);
    }

    private static Thing WithTags(SqlSession session, Thing thing)
    {
        var tags = new List<MetaTag>();
        SqlStatement rows = session.Prepare("SELECT name, value, is_number, is_claim FROM thing_tag WHERE thing = $1").Bind(1, thing.Id);
        while (rows.Read())
        {
            tags.Add(ReadTag(rows, 0));
        }

        return thing with { Tags = ClaimKey.ByName(tags) };
    }

    private static MetaTag ReadTag(SqlStatement row, int first) => new(
        row.GetString(first), row.GetString(first + 1), row.GetBoolean(first + 2) ? double.Parse(row.GetString(first + 1), NumberStyles.Float, CultureInfo.InvariantCulture) : null)
    {
        IsClaim = row.GetBoolean(first + 3),
    };

    private static Thing Read(SqlStatement row) => new(row.GetString(0), row.GetString(1))
    {
        NodeId = row.GetString(2),
        SourceId = row.GetString(3),
        CacheType = row.GetString(4),
        State = (ThingState)row.GetInt32(5),
        Owner = row.GetStringOrNull(6) is { } owner && JidPrep.TryParse(owner, out Xmpp.Jid? jid) ? jid : null,
        ClaimHash = row.IsNull(7) ? null : row.GetBytes(7),
        MovingFrom = row.GetStringOrNull(8),
        Revoked = Time(row.GetInt64OrNull(9)),
        Registered = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(10)),
        Claimed = Time(row.GetInt64OrNull(11)),
        Version = row.GetInt64(12),
        IsHubKey = row.GetBoolean(13),
    };

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;

    private static Thing? Write(SqlSession session, string id, Thing? thing)
    {
        SqlStatement raise = session.Prepare(thing is null
            ? "UPDATE registry_generation SET value = value + 1, forgotten = value + 1 WHERE id = 1 RETURNING value"
            : "UPDATE registry_generation SET value = value + 1 WHERE id = 1 RETURNING value");
        raise.Read();
        long version = raise.GetInt64(0);
        raise.Reset();
        if (thing is null)
        {
            session.Prepare("DELETE FROM thing WHERE id = $1").Bind(1, id).Execute();
            return null;
        }

        session.Prepare("""
            INSERT INTO thing (id, account, node_id, source_id, cache_type, state, owner, claim_hash, moving_from, revoked, registered, claimed, version, hub_key)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, owner = excluded.owner, claim_hash = excluded.claim_hash, moving_from = excluded.moving_from,
                revoked = excluded.revoked, registered = excluded.registered, claimed = excluded.claimed, version = excluded.version, hub_key = excluded.hub_key
            """)
            .Bind(1, id).Bind(2, thing.Account).Bind(3, thing.NodeId).Bind(4, thing.SourceId).Bind(5, thing.CacheType).Bind(6, (long)thing.State).Bind(7, thing.Owner?.ToString())
            .Bind(8, thing.ClaimHash).Bind(9, thing.MovingFrom).Bind(10, thing.Revoked?.ToUnixTimeMilliseconds()).Bind(11, thing.Registered.ToUnixTimeMilliseconds())
            .Bind(12, thing.Claimed?.ToUnixTimeMilliseconds()).Bind(13, version).Bind(14, thing.IsHubKey).Execute();
        session.Prepare("DELETE FROM thing_tag WHERE thing = $1").Bind(1, id).Execute();
        foreach (MetaTag tag in thing.Tags.Values)
        {
            session.Prepare("INSERT INTO thing_tag (thing, name, value, is_number, is_claim) VALUES ($1, $2, $3, $4, $5)")
                .Bind(1, id).Bind(2, tag.Name).Bind(3, tag.Value).Bind(4, tag.Number is not null).Bind(5, tag.IsClaim).Execute();
        }

        return thing with { Version = version };
    }

    private sealed record Catalog(long Generation, ImmutableSortedDictionary<string, Thing> Things);
}
