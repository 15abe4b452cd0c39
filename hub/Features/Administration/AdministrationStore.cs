using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>A text that waits for people: the message of the day, or the welcome.</summary>
/// <param name="Number">Raised by each new one, not by an edited one: who has seen a number does not see it again.</param>
/// <param name="Text">The text.</param>
/// <param name="SetAt">When it was set.</param>
public sealed record Notice(long Number, string Text, DateTimeOffset SetAt);

/// <summary>What administrators have set, who has seen it, and when people logged in, in SQL.</summary>
public sealed class AdministrationStore(ISqlDatabase database)
{
    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("Administration", 1, "notices, who has seen them, last log-ins, lists of entities", """
            CREATE TABLE admin_notice (kind {text} NOT NULL PRIMARY KEY, number {long} NOT NULL, content {text} NOT NULL, set_at {long} NOT NULL){keyonly};
            CREATE TABLE admin_seen (name {text} NOT NULL, kind {text} NOT NULL, number {long} NOT NULL, PRIMARY KEY (name, kind)){keyonly};
            CREATE TABLE admin_login (name {text} NOT NULL PRIMARY KEY, at {long} NOT NULL){keyonly};
            CREATE TABLE admin_entity (list {text} NOT NULL, jid {text} NOT NULL, PRIMARY KEY (list, jid)){keyonly};
            """),
    ];

    /// <summary>A notice, or null where none is set.</summary>
    public ValueTask<Notice?> FindNoticeAsync(string kind, CancellationToken cancel = default) => database.ReadAsync(session => Read(session, kind), cancel);

    /// <summary>Sets a notice.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="text">The text.</param>
    /// <param name="at">When.</param>
    /// <param name="isNew">Whether it is another one: then everybody sees it again.</param>
    public Task<Notice> SetNoticeAsync(string kind, string text, DateTimeOffset at, bool isNew) => database.WriteAsync(session =>
    {
        session.Prepare("""
            INSERT INTO admin_notice (kind, number, content, set_at) VALUES ($1, $3, $2, $3)
            ON CONFLICT (kind) DO UPDATE SET content = excluded.content, set_at = CASE WHEN $4 = 1 THEN excluded.set_at ELSE admin_notice.set_at END,
                number = CASE WHEN $4 = 0 THEN admin_notice.number WHEN admin_notice.number >= excluded.number THEN admin_notice.number + 1 ELSE excluded.number END
            """).Bind(1, kind).Bind(2, text).Bind(3, at.ToUnixTimeMilliseconds()).Bind(4, isNew).Execute();
        return Read(session, kind)!;
    });

    /// <summary>Takes a notice away; false where none was set.</summary>
    public Task<bool> RemoveNoticeAsync(string kind) => database.WriteAsync(session => session.Prepare("DELETE FROM admin_notice WHERE kind = $1").Bind(1, kind).Execute() > 0);

    /// <summary>Notes that somebody sees a notice now; false where he has seen it.</summary>
    public Task<bool> SeeAsync(string name, string kind, long number) => database.WriteAsync(session => session.Prepare("""
        INSERT INTO admin_seen (name, kind, number) VALUES ($1, $2, $3) ON CONFLICT (name, kind) DO UPDATE SET number = excluded.number WHERE admin_seen.number < excluded.number
        """).Bind(1, name).Bind(2, kind).Bind(3, number).Execute() > 0);

    /// <summary>When somebody last logged in, or null.</summary>
    public ValueTask<DateTimeOffset?> LastLoginAsync(string name, CancellationToken cancel = default) => database.ReadAsync<DateTimeOffset?>(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT at FROM admin_login WHERE name = $1").Bind(1, name);
            DateTimeOffset? at = row.Read() ? DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)) : null;
            row.Reset();
            return at;
        },
        cancel);

    /// <summary>Notes log-ins.</summary>
    public Task NoteLoginsAsync(IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> logins) => database.WriteAsync(session =>
    {
        foreach ((string name, DateTimeOffset at) in logins)
        {
            session.Prepare("INSERT INTO admin_login (name, at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET at = excluded.at").Bind(1, name).Bind(2, at.ToUnixTimeMilliseconds()).Execute();
        }
    });

    /// <summary>The entities of a list, sorted.</summary>
    public ValueTask<List<string>> EntitiesAsync(string list, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            var entities = new List<string>();
            SqlStatement rows = session.Prepare("SELECT jid FROM admin_entity WHERE list = $1 ORDER BY jid").Bind(1, list);
            while (rows.Read())
            {
                entities.Add(rows.GetString(0));
            }

            return entities;
        },
        cancel);

    /// <summary>Replaces a list.</summary>
    public Task SetEntitiesAsync(string list, IReadOnlyCollection<string> entities) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM admin_entity WHERE list = $1").Bind(1, list).Execute();
        foreach (string entity in entities)
        {
            session.Prepare("INSERT INTO admin_entity (list, jid) VALUES ($1, $2) ON CONFLICT (list, jid) DO NOTHING").Bind(1, list).Bind(2, entity).Execute();
        }
    });

    /// <summary>Forgets an account.</summary>
    public Task ForgetAsync(string name) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM admin_seen WHERE name = $1").Bind(1, name).Execute();
        session.Prepare("DELETE FROM admin_login WHERE name = $1").Bind(1, name).Execute();
    });

    private static Notice? Read(SqlSession session, string kind)
    {
        SqlStatement row = session.Prepare("SELECT number, content, set_at FROM admin_notice WHERE kind = $1").Bind(1, kind);
        Notice? notice = row.Read() ? new Notice(row.GetInt64(0), row.GetString(1), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(2))) : null;
        row.Reset();
        return notice;
    }
}
