using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.WebSessions;

/// <summary>Sessions of the pages in SQL, by the hash of their token: who reads the database gets into no session.</summary>
public sealed class WebSessionStore(ISqlDatabase database)
{
    private const string Columns = "id, account, created, seen, peer, agent";

    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("WebSessions", 1, "who is signed in at the pages", """
            CREATE TABLE web_session (
                id {identity},
                token {blob} NOT NULL UNIQUE,
                account {text} NOT NULL,
                created {long} NOT NULL,
                seen {long} NOT NULL,
                peer {text} NOT NULL,
                agent {text} NOT NULL);
            CREATE INDEX web_session_account ON web_session (account, seen);
            CREATE INDEX web_session_created ON web_session (created);
            """),
    ];

    /// <summary>Keeps a session, and ends those that are over and those above the bound.</summary>
    /// <param name="token">The hash of its token.</param>
    /// <param name="made">The session; its number is given here.</param>
    /// <param name="max">How many the account may have.</param>
    /// <param name="seenSince">Sessions that nobody used since then are over.</param>
    /// <param name="createdSince">Sessions that began before are over.</param>
    /// <returns>The session's number, and the numbers of the account's others that had to end for it.</returns>
    public Task<(long Id, IReadOnlyList<long> Ended)> AddAsync(byte[] token, WebSession made, int max, DateTimeOffset seenSince, DateTimeOffset createdSince) => database.WriteAsync<(long, IReadOnlyList<long>)>(session =>
    {
        session.Prepare("DELETE FROM web_session WHERE seen < $1 OR created < $2").Bind(1, seenSince.ToUnixTimeMilliseconds()).Bind(2, createdSince.ToUnixTimeMilliseconds()).Execute();
        var ended = new List<long>();
        SqlStatement rows = session.Prepare("SELECT id FROM web_session WHERE account = $1 ORDER BY seen DESC, id DESC").Bind(1, made.Account);
        for (int i = 1; rows.Read(); i++)
        {
            if (i >= max)
            {
                ended.Add(rows.GetInt64(0));
            }
        }

        rows.Reset();
        foreach (long one in ended)
        {
            session.Prepare("DELETE FROM web_session WHERE id = $1").Bind(1, one).Execute();
        }

        SqlStatement row = session.Prepare("INSERT INTO web_session (token, account, created, seen, peer, agent) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id")
            .Bind(1, token).Bind(2, made.Account).Bind(3, made.Created.ToUnixTimeMilliseconds()).Bind(4, made.Seen.ToUnixTimeMilliseconds()).Bind(5, made.Peer).Bind(6, made.Agent);
        row.Read();
        long id = row.GetInt64(0);
        row.Reset();
        return (id, ended);
    });

    /// <summary>The session of a token, over as it may be; null where there is none.</summary>
    public ValueTask<WebSession?> FindAsync(byte[] token, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare($"SELECT {Columns} FROM web_session WHERE token = $1").Bind(1, token);
            WebSession? found = row.Read() ? Read(row) : null;
            row.Reset();
            return found;
        },
        cancel);

    /// <summary>An account's sessions, the one that was used last first.</summary>
    public ValueTask<List<WebSession>> ListAsync(string account, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var list = new List<WebSession>();
            SqlStatement rows = session.Prepare($"SELECT {Columns} FROM web_session WHERE account = $1 ORDER BY seen DESC, id DESC LIMIT 1000").Bind(1, account);
            while (rows.Read())
            {
                list.Add(Read(rows));
            }

            return list;
        },
        cancel);

    /// <summary>Notes that a session was used.</summary>
    public Task SeeAsync(long id, DateTimeOffset at) => database.WriteAsync(session =>
    {
        session.Prepare("UPDATE web_session SET seen = $2 WHERE id = $1 AND seen < $2").Bind(1, id).Bind(2, at.ToUnixTimeMilliseconds()).Execute();
    });

    /// <summary>Ends one session; false where there is none, or not of that account.</summary>
    public Task<bool> RemoveAsync(long id, string account) => database.WriteAsync(session =>
        session.Prepare("DELETE FROM web_session WHERE id = $1 AND account = $2").Bind(1, id).Bind(2, account).Execute() > 0);

    /// <summary>Ends an account's sessions.</summary>
    /// <param name="account">Whose.</param>
    /// <param name="except">The number of one that stays; 0 for none.</param>
    /// <param name="before">Those that began earlier.</param>
    public Task RemoveAllAsync(string account, long except, DateTimeOffset before) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM web_session WHERE account = $1 AND id <> $2 AND created < $3").Bind(1, account).Bind(2, except).Bind(3, before.ToUnixTimeMilliseconds()).Execute();
    });

    private static WebSession Read(SqlStatement row) => new(
        row.GetInt64(0), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), row.GetString(4), row.GetString(5));
}
