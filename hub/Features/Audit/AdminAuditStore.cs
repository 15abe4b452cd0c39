using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Audit;

/// <summary>Something that somebody did.</summary>
/// <param name="Id">Its number, rising.</param>
/// <param name="At">When.</param>
/// <param name="Who">Who: a JID; empty where nobody was known yet.</param>
/// <param name="What">What: a word such as <c>sign-in</c> or <c>delete-user</c>.</param>
/// <param name="About">About whom: JIDs, with spaces between them; empty for nobody else.</param>
/// <param name="Outcome"><c>done</c>, or why not.</param>
/// <param name="Peer">Where the person was; empty where nobody knows.</param>
public sealed record AdminAuditEntry(long Id, DateTimeOffset At, string Who, string What, string About, string Outcome, string Peer);

/// <summary>What people did, in SQL.</summary>
public sealed class AdminAuditStore(ISqlDatabase database)
{
    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Audit", 1, "who administered what, and who signed in", """
            CREATE TABLE admin_audit (
                id {identity},
                at {long} NOT NULL,
                who {text} NOT NULL,
                what {text} NOT NULL,
                about {text} NOT NULL,
                outcome {text} NOT NULL,
                peer {text} NOT NULL);
            CREATE INDEX admin_audit_at ON admin_audit (at);
            """),
    ];

    /// <summary>Keeps an entry.</summary>
    public Task<long> AddAsync(AdminAuditEntry entry) => database.WriteAsync(session =>
    {
        SqlStatement row = session.Prepare("INSERT INTO admin_audit (at, who, what, about, outcome, peer) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id")
            .Bind(1, entry.At.ToUnixTimeMilliseconds()).Bind(2, entry.Who).Bind(3, entry.What).Bind(4, entry.About).Bind(5, entry.Outcome).Bind(6, entry.Peer);
        row.Read();
        long id = row.GetInt64(0);
        row.Reset();
        return id;
    });

    /// <summary>Entries before a number, the newest first.</summary>
    /// <param name="before">The number.</param>
    /// <param name="max">How many at most.</param>
    /// <param name="cancel">Ends the wait.</param>
    public ValueTask<List<AdminAuditEntry>> ListAsync(long before, int max, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var list = new List<AdminAuditEntry>();
            SqlStatement rows = session.Prepare("SELECT id, at, who, what, about, outcome, peer FROM admin_audit WHERE id < $1 ORDER BY id DESC LIMIT $2").Bind(1, before).Bind(2, max);
            while (rows.Read())
            {
                list.Add(new AdminAuditEntry(rows.GetInt64(0), DateTimeOffset.FromUnixTimeMilliseconds(rows.GetInt64(1)), rows.GetString(2), rows.GetString(3), rows.GetString(4), rows.GetString(5), rows.GetString(6)));
            }

            return list;
        },
        cancel);

    /// <summary>Forgets what is older, and what is more.</summary>
    public Task SweepAsync(DateTimeOffset before, int max) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM admin_audit WHERE at < $1").Bind(1, before.ToUnixTimeMilliseconds()).Execute();
        session.Prepare("DELETE FROM admin_audit WHERE id <= (SELECT coalesce(max(id), 0) FROM admin_audit) - $1").Bind(1, max).Execute();
    });
}
