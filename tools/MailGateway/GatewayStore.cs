using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.MailGateway;

/// <summary>A registration.</summary>
/// <param name="User">The user (bare JID).</param>
/// <param name="Address">The user's own address.</param>
/// <param name="Code">What proves the address; empty once it is proven.</param>
public sealed record Registration(string User, string Address, string Code)
{
    /// <summary>Whether the user has shown that the address is the user's own.</summary>
    public bool IsConfirmed => Code.Length == 0;
}

/// <summary>Registrations, contacts, and mails that wait, in SQL.</summary>
public sealed class GatewayStore(ISqlDatabase database)
{
    private const string Columns = "id, username, sender, recipient, reply_to, subject, content, message_id, refs, attempts";

    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("MailGateway", 1, "registrations, contacts, threads, mails that wait", """
            CREATE TABLE registration (username {text} NOT NULL PRIMARY KEY, address {text} NOT NULL, code {text} NOT NULL){keyonly};
            CREATE TABLE contact (username {text} NOT NULL, kind {text} NOT NULL, address {text} NOT NULL, PRIMARY KEY (username, kind, address)){keyonly};
            CREATE TABLE thread (username {text} NOT NULL, address {text} NOT NULL, thread {text} NOT NULL, refs {text} NOT NULL, at {long} NOT NULL, PRIMARY KEY (username, address, thread)){keyonly};
            CREATE TABLE outbox (
                id {identity},
                username {text} NOT NULL,
                sender {text} NOT NULL,
                recipient {text} NOT NULL,
                reply_to {text} NOT NULL,
                subject {text} NOT NULL,
                content {text} NOT NULL,
                message_id {text} NOT NULL,
                refs {text} NOT NULL,
                attempts {long} NOT NULL,
                created {long} NOT NULL,
                due {long} NOT NULL);
            CREATE INDEX outbox_due ON outbox (due);
            """),
    ];

    /// <summary>The registration of a user, or null.</summary>
    public ValueTask<Registration?> FindAsync(string user) => database.ReadAsync(session =>
    {
        SqlStatement row = session.Prepare("SELECT username, address, code FROM registration WHERE username = $1").Bind(1, user);
        Registration? found = row.Read() ? new Registration(row.GetString(0), row.GetString(1), row.GetString(2)) : null;
        row.Reset();
        return found;
    });

    /// <summary>Who is registered.</summary>
    public ValueTask<List<string>> UsersAsync() => Texts("SELECT username FROM registration ORDER BY username", "", "");

    /// <summary>Keeps a registration, in place of an earlier one.</summary>
    public Task RegisterAsync(Registration registration) => database.WriteAsync(session => session.Prepare("""
        INSERT INTO registration (username, address, code) VALUES ($1, $2, $3) ON CONFLICT (username) DO UPDATE SET address = excluded.address, code = excluded.code
        """).Bind(1, registration.User).Bind(2, registration.Address).Bind(3, registration.Code).Execute());

    /// <summary>Forgets a user; mails of the user that wait are not sent.</summary>
    public Task RemoveAsync(string user) => database.WriteAsync(session =>
    {
        foreach (string table in (string[])["registration", "contact", "thread", "outbox"])
        {
            session.Prepare($"DELETE FROM {table} WHERE username = $1").Bind(1, user).Execute();
        }
    });

    /// <summary>Contacts (<c>contact</c>: addresses of mail) or watched entities (<c>watch</c>: bare JIDs) of a user.</summary>
    public ValueTask<List<string>> ContactsAsync(string user, string kind) => Texts("SELECT address FROM contact WHERE username = $1 AND kind = $2 ORDER BY address", user, kind);

    /// <summary>Who watches an entity.</summary>
    public ValueTask<List<string>> WatchersAsync(string entity) => Texts("SELECT username FROM contact WHERE kind = 'watch' AND address = $1 AND $2 = ''", entity, "");

    /// <summary>False where the user has as many as may be.</summary>
    public Task<bool> AddContactAsync(string user, string kind, string address, int limit) => database.WriteAsync(session =>
    {
        SqlStatement count = session.Prepare("SELECT count(*) FROM contact WHERE username = $1").Bind(1, user);
        count.Read();
        bool isFull = count.GetInt64(0) >= limit;
        count.Reset();
        if (!isFull)
        {
            session.Prepare("INSERT INTO contact (username, kind, address) VALUES ($1, $2, $3) ON CONFLICT (username, kind, address) DO NOTHING").Bind(1, user).Bind(2, kind).Bind(3, address).Execute();
        }

        return !isFull;
    });

    /// <summary>Forgets a contact.</summary>
    public Task RemoveContactAsync(string user, string kind, string address) => database.WriteAsync(session =>
        session.Prepare("DELETE FROM contact WHERE username = $1 AND kind = $2 AND address = $3").Bind(1, user).Bind(2, kind).Bind(3, address).Execute());

    /// <summary>Puts a mail into the queue, as the next of its thread; durable when the task has ended. False where the queue is full.</summary>
    public Task<bool> QueueAsync(Mail mail, string thread, DateTimeOffset at, int queue) => database.WriteAsync(session =>
    {
        long now = at.ToUnixTimeMilliseconds();
        SqlStatement all = session.Prepare("SELECT count(*) FROM outbox");
        all.Read();
        bool isFull = all.GetInt64(0) >= queue;
        all.Reset();
        if (isFull)
        {
            return false;
        }

        SqlStatement before = session.Prepare("SELECT refs FROM thread WHERE username = $1 AND address = $2 AND thread = $3").Bind(1, mail.User).Bind(2, mail.To).Bind(3, thread);
        string refs = before.Read() ? before.GetString(0) : "";
        before.Reset();
        // RFC 5322 §3.6.4: the first and the latest are enough to find the conversation; ten keep the header short.
        string[] known = refs.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string next = string.Join(' ', known.Length < 10 ? [.. known, mail.MessageId] : [known[0], .. known[^8..], mail.MessageId]);
        if (thread.Length > 0)
        {
            session.Prepare("""
                INSERT INTO thread (username, address, thread, refs, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (username, address, thread) DO UPDATE SET refs = excluded.refs, at = excluded.at
                """).Bind(1, mail.User).Bind(2, mail.To).Bind(3, thread).Bind(4, next).Bind(5, now).Execute();
        }

        session.Prepare("""
            INSERT INTO outbox (username, recipient, reply_to, subject, content, message_id, refs, attempts, created, due, sender) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8, $9)
            """).Bind(1, mail.User).Bind(2, mail.To).Bind(3, mail.ReplyTo).Bind(4, mail.Subject).Bind(5, mail.Text).Bind(6, mail.MessageId).Bind(7, thread.Length > 0 ? refs : "").Bind(8, now).Bind(9, mail.Sender).Execute();
        return true;
    });

    /// <summary>The mail that is due first, or null; and when the next one is.</summary>
    public ValueTask<(Mail? Mail, DateTimeOffset? Next)> NextAsync(DateTimeOffset at) => database.ReadAsync<(Mail?, DateTimeOffset?)>(session =>
    {
        SqlStatement row = session.Prepare($"SELECT {Columns}, due FROM outbox ORDER BY due, id LIMIT 1");
        if (!row.Read())
        {
            return (null, null);
        }

        var mail = new Mail(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetString(6), row.GetString(7), row.GetString(8), row.GetInt32(9));
        DateTimeOffset due = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(10));
        row.Reset();
        return due <= at ? (mail, due) : (null, due);
    });

    /// <summary>A mail needs no more attempts.</summary>
    public Task DoneAsync(long id) => database.WriteAsync(session => session.Prepare("DELETE FROM outbox WHERE id = $1").Bind(1, id).Execute());

    /// <summary>A mail is tried again.</summary>
    public Task LaterAsync(long id, DateTimeOffset due) => database.WriteAsync(session =>
        session.Prepare("UPDATE outbox SET attempts = attempts + 1, due = $2 WHERE id = $1").Bind(1, id).Bind(2, due.ToUnixTimeMilliseconds()).Execute());

    /// <summary>Forgets conversations that nobody went on with since then.</summary>
    public Task SweepAsync(DateTimeOffset before) => database.WriteAsync(session => session.Prepare("DELETE FROM thread WHERE at < $1").Bind(1, before.ToUnixTimeMilliseconds()).Execute());

    private ValueTask<List<string>> Texts(string sql, string one, string two) => database.ReadAsync(session =>
    {
        var texts = new List<string>();
        SqlStatement rows = session.Prepare(sql);
        if (sql.Contains("$1", StringComparison.Ordinal))
        {
            rows.Bind(1, one).Bind(2, two);
        }

        while (rows.Read())
        {
            texts.Add(rows.GetString(0));
        }

        return texts;
    });
}
