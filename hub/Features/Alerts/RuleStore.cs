using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Rules and maintenance windows, in SQL.</summary>
internal sealed class RuleStore(ISqlDatabase database, ILogger log)
{
    /// <summary>All rules, by their ids.</summary>
    public ValueTask<List<AlertRule>> RulesAsync(CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var rules = new List<AlertRule>();
            SqlStatement row = session.Prepare("SELECT author, revision, changed, document, id FROM alert_rule ORDER BY id");
            while (row.Read())
            {
                if (Readable(row.GetString(4), row, Read) is { } rule)
                {
                    rules.Add(rule);
                }
            }

            return rules;
        },
        cancel);

    /// <summary>Changes a rule, atomically with what it was.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="change">Gets the rule as it is (null: none), how many there are, and how many of an author; gives what it shall be (null: away with it; the same: no change) and what came of it. Pure code only.</param>
    /// <param name="author">Whose rules are counted.</param>
    public Task<T> ChangeAsync<T>(string id, Jid author, Func<AlertRule?, long, long, (AlertRule? After, T Result)> change) => database.WriteAsync(session =>
    {
        SqlStatement row = session.Prepare("SELECT author, revision, changed, document FROM alert_rule WHERE id = $1").Bind(1, id);
        AlertRule? before = row.Read() ? Readable(id, row, Read) : null;
        row.Reset();
        (AlertRule? after, T result) = change(before, Count(session, "SELECT count(*) FROM alert_rule", null), Count(session, "SELECT count(*) FROM alert_rule WHERE author = $1", author));
        if (ReferenceEquals(after, before))
        {
            return result;
        }

        if (after is null)
        {
            session.Prepare("DELETE FROM alert_rule WHERE id = $1").Bind(1, id).Execute();
            session.Prepare("DELETE FROM alert_silence WHERE rule = $1").Bind(1, id).Execute();
        }
        else
        {
            session.Prepare("""
                INSERT INTO alert_rule (id, author, revision, changed, document) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (id) DO UPDATE SET author = excluded.author, revision = excluded.revision, changed = excluded.changed, document = excluded.document
                """)
                .Bind(1, id).Bind(2, after.Author.ToString()).Bind(3, after.Revision).Bind(4, after.Changed.ToUnixTimeMilliseconds()).Bind(5, RuleDocument.Write(after, withSecrets: true)).Execute();
        }

        return result;
    });

    /// <summary>All windows, by their ids.</summary>
    public ValueTask<List<MaintenanceWindow>> WindowsAsync(CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var windows = new List<MaintenanceWindow>();
            SqlStatement row = session.Prepare("SELECT author, document, id FROM alert_window ORDER BY id");
            while (row.Read())
            {
                if (Readable(row.GetString(2), row, ReadWindow) is { } window)
                {
                    windows.Add(window);
                }
            }

            return windows;
        },
        cancel);

    /// <summary>Changes a window, as <see cref="ChangeAsync"/> a rule.</summary>
    public Task<T> ChangeWindowAsync<T>(string id, Jid author, Func<MaintenanceWindow?, long, long, (MaintenanceWindow? After, T Result)> change) => database.WriteAsync(session =>
    {
        SqlStatement row = session.Prepare("SELECT author, document FROM alert_window WHERE id = $1").Bind(1, id);
        MaintenanceWindow? before = row.Read() ? Readable(id, row, ReadWindow) : null;
        row.Reset();
        (MaintenanceWindow? after, T result) = change(before, Count(session, "SELECT count(*) FROM alert_window", null), Count(session, "SELECT count(*) FROM alert_window WHERE author = $1", author));
        if (ReferenceEquals(after, before))
        {
            return result;
        }

        if (after is null)
        {
            session.Prepare("DELETE FROM alert_window WHERE id = $1").Bind(1, id).Execute();
        }
        else
        {
            session.Prepare("INSERT INTO alert_window (id, author, document) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET author = excluded.author, document = excluded.document")
                .Bind(1, id).Bind(2, after.Author.ToString()).Bind(3, after.Write()).Execute();
        }

        return result;
    });

    /// <summary>Removes the rules and windows of an account that is gone.</summary>
    public Task<int> ForgetAuthorAsync(string author) => database.WriteAsync(session =>
        session.Prepare("DELETE FROM alert_rule WHERE author = $1").Bind(1, author).Execute() + session.Prepare("DELETE FROM alert_window WHERE author = $1").Bind(1, author).Execute());

    // One document that this machine cannot read any more, such as for a time zone that it lacks, does not take the others with it.
    private T? Readable<T>(string id, SqlStatement row, Func<SqlStatement, T> read)
        where T : class
    {
        try
        {
            return read(row);
        }
        catch (DocumentException e)
        {
            AlertsLog.Unreadable(log, id, e.Message);
            return null;
        }
    }

    private static long Count(SqlSession session, string sql, Jid? author)
    {
        SqlStatement row = session.Prepare(sql);
        row = author is null ? row : row.Bind(1, author.ToString());
        row.Read();
        long count = row.GetInt64(0);
        row.Reset();
        return count;
    }

    private static AlertRule Read(SqlStatement row) => RuleDocument.Read(row.GetBytes(3)) with
    {
        Author = Account(row.GetString(0)),
        Revision = row.GetInt64(1),
        Changed = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2)),
    };

    private static MaintenanceWindow ReadWindow(SqlStatement row) => MaintenanceWindow.Read(row.GetBytes(1)) with { Author = Account(row.GetString(0)) };

    private static Jid Account(string text) => JidPrep.TryParse(text, out Jid? jid) ? jid : throw new StorageException(StorageFailure.Corrupt, $"'{text}' is no account.");
}
