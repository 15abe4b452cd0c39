using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Invitations;

/// <summary>Invitations in SQL, by the hash of their token.</summary>
public sealed class InvitationStore(ISqlDatabase database)
{
    private const string Columns = "id, inviter, name, makes_account, makes_contact, created, expires, uses, used";

    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Invitations", 1, "invitations, and contacts that were promised", """
            CREATE TABLE invitation (
                id {identity},
                token {blob} NOT NULL UNIQUE,
                inviter {text} NOT NULL,
                name {text},
                makes_account {long} NOT NULL,
                makes_contact {long} NOT NULL,
                created {long} NOT NULL,
                expires {long} NOT NULL,
                uses {long} NOT NULL,
                used {long} NOT NULL);
            CREATE INDEX invitation_inviter ON invitation (inviter, id);
            CREATE INDEX invitation_name ON invitation (name);
            CREATE TABLE invitation_contact (account {text} NOT NULL PRIMARY KEY, inviter {text} NOT NULL){keyonly};
            """),
    ];

    /// <summary>Keeps an invitation; TooMany or Taken where it may not be.</summary>
    /// <param name="token">The hash of its token.</param>
    /// <param name="made">The invitation; its number is given here.</param>
    /// <param name="maxOpen">How many of the inviter may be open.</param>
    public Task<(InvitationOutcome Outcome, long Id)> AddAsync(byte[] token, Invitation made, int maxOpen) => database.WriteAsync(session =>
    {
        long now = made.Created.ToUnixTimeMilliseconds();
        SqlStatement open = session.Prepare("SELECT count(*) FROM invitation WHERE inviter = $1 AND expires > $2 AND used < uses").Bind(1, made.Inviter).Bind(2, now);
        open.Read();
        bool isFull = open.GetInt64(0) >= maxOpen;
        open.Reset();
        if (isFull)
        {
            return (InvitationOutcome.TooMany, 0L);
        }

        if (made.Name is not null && IsReserved(session, made.Name, 0, now))
        {
            return (InvitationOutcome.Taken, 0L);
        }

        SqlStatement row = session.Prepare("""
            INSERT INTO invitation (token, inviter, name, makes_account, makes_contact, created, expires, uses, used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0) RETURNING id
            """).Bind(1, token).Bind(2, made.Inviter).Bind(3, made.Name).Bind(4, made.MakesAccount).Bind(5, made.MakesContact).Bind(6, now).Bind(7, made.Expires.ToUnixTimeMilliseconds()).Bind(8, made.Uses);
        row.Read();
        long id = row.GetInt64(0);
        row.Reset();
        return (InvitationOutcome.Done, id);
    });

    /// <summary>The invitation of a token, expired or used up as it may be; null where there is none.</summary>
    public ValueTask<Invitation?> FindAsync(byte[] token, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare($"SELECT {Columns} FROM invitation WHERE token = $1").Bind(1, token);
            Invitation? found = row.Read() ? Read(row) : null;
            row.Reset();
            return found;
        },
        cancel);

    /// <summary>Invitations that are open, the latest first.</summary>
    /// <param name="inviter">Whose; null for everybody's.</param>
    /// <param name="now">Which have not expired by then.</param>
    /// <param name="max">How many at most.</param>
    /// <param name="cancel">Ends the wait.</param>
    public ValueTask<List<Invitation>> ListAsync(string? inviter, DateTimeOffset now, int max, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var list = new List<Invitation>();
            SqlStatement rows = session.Prepare($"SELECT {Columns} FROM invitation WHERE ($1 = '' OR inviter = $1) AND expires > $2 AND used < uses ORDER BY id DESC LIMIT $3")
                .Bind(1, inviter ?? "").Bind(2, now.ToUnixTimeMilliseconds()).Bind(3, max);
            while (rows.Read())
            {
                list.Add(Read(rows));
            }

            return list;
        },
        cancel);

    /// <summary>Ends an invitation; false where there is none, or not of that inviter (null: of anybody).</summary>
    public Task<bool> RemoveAsync(long id, string? inviter) => database.WriteAsync(session =>
        session.Prepare("DELETE FROM invitation WHERE id = $1 AND ($2 = '' OR inviter = $2)").Bind(1, id).Bind(2, inviter ?? "").Execute() > 0);

    /// <summary>Whether a name is kept for an invitation other than this one.</summary>
    public ValueTask<bool> IsReservedAsync(string name, long except, DateTimeOffset now, CancellationToken cancel = default) =>
        database.ReadAsync(session => IsReserved(session, name, except, now.ToUnixTimeMilliseconds()), cancel);

    /// <summary>Takes an invitation up once; false where it is used up by now.</summary>
    public static bool Use(SqlSession session, long id) => session.Prepare("UPDATE invitation SET used = used + 1 WHERE id = $1 AND used < uses").Bind(1, id).Execute() > 0;

    /// <summary>Takes an invitation up once, by itself.</summary>
    public Task<bool> UseAsync(long id) => database.WriteAsync(session => Use(session, id));

    /// <summary>Notes that an account and its inviter shall become contacts.</summary>
    public static void Promise(SqlSession session, long id, string account) => session.Prepare("""
        INSERT INTO invitation_contact (account, inviter) SELECT $2, inviter FROM invitation WHERE id = $1 AND makes_contact = 1 AND inviter <> $2 ON CONFLICT (account) DO NOTHING
        """).Bind(1, id).Bind(2, account).Execute();

    /// <summary>Accounts and inviters who shall become contacts; of one account, or (null) of all.</summary>
    public ValueTask<List<(string Account, string Inviter)>> PromisesAsync(string? account, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var list = new List<(string, string)>();
            SqlStatement rows = session.Prepare("SELECT account, inviter FROM invitation_contact WHERE ($1 = '' OR account = $1) ORDER BY account LIMIT 1000").Bind(1, account ?? "");
            while (rows.Read())
            {
                list.Add((rows.GetString(0), rows.GetString(1)));
            }

            return list;
        },
        cancel);

    /// <summary>They are contacts.</summary>
    public Task KeptAsync(string account) => database.WriteAsync(session => session.Prepare("DELETE FROM invitation_contact WHERE account = $1").Bind(1, account).Execute());

    /// <summary>Forgets what expired before a time.</summary>
    public Task SweepAsync(DateTimeOffset before) => database.WriteAsync(session => session.Prepare("DELETE FROM invitation WHERE expires <= $1").Bind(1, before.ToUnixTimeMilliseconds()).Execute());

    /// <summary>Forgets an account: its invitations end.</summary>
    public Task ForgetAsync(string account) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM invitation WHERE inviter = $1").Bind(1, account).Execute();
        session.Prepare("DELETE FROM invitation WHERE name = $1").Bind(1, account).Execute();
        session.Prepare("DELETE FROM invitation_contact WHERE account = $1 OR inviter = $1").Bind(1, account).Execute();
    });

    private static bool IsReserved(SqlSession session, string name, long except, long now)
    {
        SqlStatement row = session.Prepare("SELECT 1 FROM invitation WHERE name = $1 AND id <> $2 AND expires > $3 AND used < uses").Bind(1, name).Bind(2, except).Bind(3, now);
        bool isReserved = row.Read();
        row.Reset();
        return isReserved;
    }

    private static Invitation Read(SqlStatement row) => new(
        row.GetInt64(0), row.GetString(1), row.IsNull(2) ? null : row.GetString(2), row.GetBoolean(3), row.GetBoolean(4),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)), row.GetInt32(7), row.GetInt32(8));
}
