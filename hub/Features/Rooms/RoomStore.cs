using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Rooms;

/// <summary>A persistent room, as far as its directory knows it.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Local">The localpart of its address.</param>
/// <param name="Creator">Who has made it.</param>
/// <param name="Name">A name for people; empty for none.</param>
/// <param name="IsPublic">Whether it is listed.</param>
internal sealed record RoomEntry(long Id, string Local, Jid Creator, string Name, bool IsPublic);

/// <summary>Persistent rooms in SQL: every change is one unit of the group commit.</summary>
internal sealed class RoomStore(ISqlDatabase database, Jid service)
{
    /// <summary>All rooms, without what is in them.</summary>
    public ValueTask<List<RoomEntry>> EntriesAsync(CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var entries = new List<RoomEntry>();
            SqlStatement rows = session.Prepare("SELECT id, local, creator, name, listed FROM room ORDER BY local");
            while (rows.Read())
            {
                if (JidPrep.TryParse(rows.GetString(2), out Jid? creator))
                {
                    entries.Add(new RoomEntry(rows.GetInt64(0), rows.GetString(1), creator, rows.GetString(3), rows.GetBoolean(4)));
                }
            }

            return entries;
        },
        cancel);

    /// <summary>Reads a room on the writer, in the order of its changes; <paramref name="committed"/> gets it, or null.</summary>
    public Task LoadAsync(string local, Action<RoomRecord?> committed) => database.WriteAsync(session => Load(session, local), committed);

    /// <summary>Stores a room that was in memory alone.</summary>
    /// <returns>Its number.</returns>
    public Task<long> CreateAsync(RoomRecord room, DateTimeOffset now) => database.WriteAsync(session =>
    {
        SqlStatement insert = session.Prepare("""
            INSERT INTO room (local, creator, created, name, listed, secret, configuration, subject, subject_nick, subject_occupant, subject_lang, subject_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id
            """).Bind(1, room.Local).Bind(2, room.Creator.ToString()).Bind(3, now.ToUnixTimeMilliseconds()).Bind(4, room.Configuration.Name).Bind(5, room.Configuration.Public)
            .Bind(6, room.Secret.AsSpan()).Bind(7, room.Configuration.ToJson());
        BindSubject(insert, 8, room.Subject, room.Subject?.SaidAt);
        insert.Read();
        long id = insert.GetInt64(0);
        insert.Reset();
        Set(session, id, room.Affiliates);
        return id;
    });

    /// <summary>Stores a configuration, with the affiliations that change by it.</summary>
    public Task ConfigureAsync(long room, RoomConfiguration configuration, IReadOnlyList<Affiliate> rows) => database.WriteAsync(session =>
    {
        session.Prepare("UPDATE room SET configuration = $2, name = $3, listed = $4 WHERE id = $1")
            .Bind(1, room).Bind(2, configuration.ToJson()).Bind(3, configuration.Name).Bind(4, configuration.Public).Execute();
        Set(session, room, rows);
    });

    /// <summary>Stores affiliations and reserved nicknames.</summary>
    public Task SetAffiliatesAsync(long room, IReadOnlyList<Affiliate> rows) => database.WriteAsync(session => Set(session, room, rows));

    /// <summary>Stores the subject; in the order of the calls.</summary>
    public Task SetSubjectAsync(long room, RoomMessage subject, DateTimeOffset at) => database.WriteAsync(
        session =>
        {
            SqlStatement update = session.Prepare("UPDATE room SET subject = $2, subject_nick = $3, subject_occupant = $4, subject_lang = $5, subject_at = $6 WHERE id = $1").Bind(1, room);
            BindSubject(update, 2, subject, at);
            update.Execute();
        },
        inOrder: true);

    /// <summary>Removes a room with all that it has.</summary>
    public Task DeleteAsync(long room) => database.WriteAsync(session => session.Prepare("DELETE FROM room WHERE id = $1").Bind(1, room).Execute());

    /// <summary>A user is no more: nobody shall come after and be what it was.</summary>
    public Task RemoveUserAsync(Jid user, Action committed) => database.WriteAsync(session => session.Prepare("DELETE FROM room_affiliation WHERE jid = $1").Bind(1, user.ToString()).Execute(), _ => committed());

    private static void BindSubject(SqlStatement statement, int first, RoomMessage? subject, DateTimeOffset? at) => statement
        .Bind(first, subject?.Inner).Bind(first + 1, subject?.From.Resource).Bind(first + 2, subject?.OccupantId).Bind(first + 3, subject?.Lang).Bind(first + 4, at?.ToUnixTimeMilliseconds());

    private static void Set(SqlSession session, long room, IReadOnlyList<Affiliate> rows)
    {
        foreach (Affiliate row in rows)
        {
            if (row.IsNothing)
            {
                session.Prepare("DELETE FROM room_affiliation WHERE room = $1 AND jid = $2").Bind(1, room).Bind(2, row.Jid.ToString()).Execute();
                continue;
            }

            session.Prepare("""
                INSERT INTO room_affiliation (room, jid, affiliation, nick, reason) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (room, jid) DO UPDATE SET affiliation = excluded.affiliation, nick = excluded.nick, reason = excluded.reason
                """).Bind(1, room).Bind(2, row.Jid.ToString()).Bind(3, (long)row.Affiliation).Bind(4, row.Nick).Bind(5, row.Reason).Execute();
        }
    }

    private RoomRecord? Load(SqlSession session, string local)
    {
        SqlStatement row = session.Prepare("SELECT id, creator, secret, configuration, subject, subject_nick, subject_occupant, subject_lang, subject_at FROM room WHERE local = $1").Bind(1, local);
        if (!row.Read())
        {
            return null;
        }

        var jid = new Jid(local, service.Domain, string.Empty);
        long id = row.GetInt64(0);
        JidPrep.TryParse(row.GetString(1), out Jid? creator);
        RoomMessage? subject = row.IsNull(8)
            ? null
            : new RoomMessage(jid.WithResource(row.GetString(5)), row.GetBytes(4), Lang: row.GetStringOrNull(7)) { OccupantId = row.GetStringOrNull(6), SaidAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(8)) };
        byte[] secret = row.GetBytes(2);
        RoomConfiguration configuration = RoomConfiguration.FromJson(row.GetString(3));
        row.Reset();
        var affiliates = new List<Affiliate>();
        SqlStatement rows = session.Prepare("SELECT jid, affiliation, nick, reason FROM room_affiliation WHERE room = $1").Bind(1, id);
        while (rows.Read())
        {
            if (JidPrep.TryParse(rows.GetString(0), out Jid? user))
            {
                affiliates.Add(new Affiliate(user, (Affiliation)rows.GetInt64(1), rows.GetStringOrNull(2), rows.GetStringOrNull(3)));
            }
        }

        return new RoomRecord(local, creator ?? service, secret, configuration, affiliates) { Id = id, Subject = subject };
    }
}
