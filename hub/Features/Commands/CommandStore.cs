using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>Commands in SQL. Values that are secret stand beside the rest only until the command has come to its end.</summary>
internal sealed class CommandStore(ISqlDatabase database)
{
    private const string Columns = "number, id, way, thing, account, asker, told, node, asked, expires, state, sent, ended, attempts, error, explanation, dedupe, batch, payload, gone";

    private readonly string _open = $"SELECT {Columns} FROM command WHERE state <= 2 ORDER BY number";
    private readonly string _byId = $"SELECT {Columns} FROM command WHERE id = $1";
    private readonly string _same = $"SELECT {Columns} FROM command WHERE thing = $1 AND asker = $2 AND dedupe = $3 AND state <= 2 AND way = 1";

    /// <summary>All that are open, with what is secret in them, in their order.</summary>
    public ValueTask<List<ThingCommand>> LoadOpenAsync(CancellationToken cancel) => database.ReadAsync(session => ReadAll(session.Prepare(_open)), cancel);

    /// <summary>One by its id, with what is secret in it.</summary>
    public ValueTask<ThingCommand?> FindAsync(string id, CancellationToken cancel) => database.ReadAsync(session => One(session.Prepare(_byId).Bind(1, id)), cancel);

    /// <summary>Stores a new command, unless one with the same key is open.</summary>
    /// <param name="command">The command; its number is made here.</param>
    /// <param name="also">What else belongs into the unit of work, or null.</param>
    /// <param name="committed">Gets the command as it is stored, in the order of the numbers; null where another one is open.</param>
    /// <returns>The command, or the other one.</returns>
    public Task<(ThingCommand Command, bool IsNew)> InsertAsync(ThingCommand command, Action<SqlSession>? also, Action<ThingCommand?> committed) => database.WriteAsync(
        session =>
        {
            if (command.DedupeKey.Length > 0 && One(session.Prepare(_same).Bind(1, command.Thing).Bind(2, command.By.ToString()).Bind(3, command.DedupeKey)) is { } other)
            {
                return (other, false);
            }

            ThingCommand stored = command with { Number = Insert(session, command) };
            also?.Invoke(session);
            return (stored, true);
        },
        result => committed(result.Item2 ? result.Item1 : null));

    /// <summary>Stores a note of a direct command.</summary>
    public Task NoteAsync(ThingCommand command) => database.WriteAsync(session => Insert(session, command));

    /// <summary>A command is going to be sent.</summary>
    /// <returns>False where it has come to its end meanwhile.</returns>
    public Task<bool> SentAsync(string id, DateTimeOffset at) => database.WriteAsync(session => session
        .Prepare("UPDATE command SET state = 2, sent = COALESCE(sent, $2), attempts = attempts + 1 WHERE id = $1 AND state <= 2").Bind(1, id).Bind(2, Number(at)).Execute() > 0);

    /// <summary>A command comes to its end, and with it its place in its batch.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="upTo">The last state in which it may end so.</param>
    /// <param name="state">How it ends.</param>
    /// <param name="at">When.</param>
    /// <param name="error">The condition of a failure, or empty.</param>
    /// <param name="text">What is told of it, or empty.</param>
    /// <returns>False where it is not there, or further on.</returns>
    public Task<bool> EndAsync(string id, CommandState upTo, CommandState state, DateTimeOffset at, string error, string text) => database.WriteAsync(session =>
    {
        bool isChanged = session.Prepare("UPDATE command SET state = $3, ended = $4, error = $5, explanation = $6, payload = NULL WHERE id = $1 AND state <= $2")
            .Bind(1, id).Bind(2, (long)upTo).Bind(3, (long)state).Bind(4, Number(at)).Bind(5, error).Bind(6, text).Execute() > 0;
        if (isChanged)
        {
            session.Prepare("UPDATE command_batch_thing SET state = $2, error = $3, explanation = $4 WHERE command = $1").Bind(1, id).Bind(2, (long)state).Bind(3, error).Bind(4, text).Execute();
        }

        return isChanged;
    });

    /// <summary>Direct commands that a hub of before has left without an end get one.</summary>
    public Task EndLeftAsync(DateTimeOffset at, string error, string text) => database.WriteAsync(session => session
        .Prepare("UPDATE command SET state = 4, ended = $1, error = $2, explanation = $3 WHERE state <= 2 AND way <> 1").Bind(1, Number(at)).Bind(2, error).Bind(3, text).Execute());

    /// <summary>A thing is gone: what was commanded to it stays for administrators alone, since its name may become somebody else's.</summary>
    public Task ForgetAsync(string thing) => database.WriteAsync(session =>
    {
        session.Prepare("UPDATE command SET gone = 1 WHERE thing = $1 AND gone = 0").Bind(1, thing).Execute();
        session.Prepare("DELETE FROM thing_form WHERE thing = $1").Bind(1, thing).Execute();
    });

    /// <summary>A page of the audit, the newest first.</summary>
    /// <param name="query">What is wanted.</param>
    /// <param name="withGone">Whether also of things that are gone.</param>
    /// <param name="before">Only what has a lower number.</param>
    /// <param name="max">Rows at most.</param>
    /// <param name="cancel">Ends it.</param>
    public ValueTask<List<ThingCommand>> QueryAsync(AuditQuery query, bool withGone, long before, int max, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            // Three texts, so that each goes by its index; the rest is looked at row by row.
            const string Rest = "number < $1 AND asked >= $3 AND asked <= $4 AND ($5 = 0 OR state = $5) AND ($6 = '' OR batch = $6) AND gone <= $7 AND ($9 = 0 OR way = $9) AND ($10 = '' OR asker = $10) ORDER BY number DESC LIMIT $8";
            string by = query.By?.Bare.ToString() ?? string.Empty;
            SqlStatement rows = query.Thing is { } thing ? session.Prepare($"SELECT {Columns} FROM command WHERE thing = $2 AND {Rest}").Bind(2, thing)
                : by.Length > 0 ? session.Prepare($"SELECT {Columns} FROM command WHERE asker = $2 AND {Rest}").Bind(2, by)
                : session.Prepare($"SELECT {Columns} FROM command WHERE $2 = '' AND {Rest}").Bind(2, string.Empty);
            rows.Bind(1, before).Bind(3, query.From is { } from ? Number(from) : 0).Bind(4, query.To is { } to ? Number(to) : long.MaxValue).Bind(5, (long)(query.State ?? 0)).Bind(6, query.Batch ?? string.Empty)
                .Bind(7, withGone).Bind(8, (long)max).Bind(9, (long)(query.Way ?? 0)).Bind(10, by);
            return ReadAll(rows);
        },
        cancel);

    /// <summary>Removes what is older than it is kept, and what there is too much of; a part of it at a time.</summary>
    /// <returns>Whether there may be more.</returns>
    public Task<bool> SweepAsync(DateTimeOffset oldest, long most) => database.WriteAsync(session =>
    {
        int gone = session.Prepare("DELETE FROM command WHERE number IN (SELECT number FROM command WHERE asked < $1 AND state > 2 ORDER BY asked LIMIT 500)").Bind(1, Number(oldest)).Execute();
        // The span of their numbers, which the key knows at once, and not their count, which has to be counted. What is open stands outside of it.
        SqlStatement row = session.Prepare("SELECT (SELECT max(number) FROM command) - (SELECT number FROM command WHERE state > 2 ORDER BY number LIMIT 1) + 1");
        long over = row.Read() ? (row.GetInt64OrNull(0) ?? 0) - most : 0;
        row.Reset();
        if (over > 0)
        {
            gone += session.Prepare("DELETE FROM command WHERE number IN (SELECT number FROM command WHERE state > 2 ORDER BY number LIMIT $1)").Bind(1, Math.Min(over, 500)).Execute();
        }

        session.Prepare("DELETE FROM command_batch_thing WHERE batch IN (SELECT id FROM command_batch WHERE asked < $1 AND state > 1)").Bind(1, Number(oldest)).Execute();
        session.Prepare("DELETE FROM command_batch WHERE asked < $1 AND state > 1").Bind(1, Number(oldest)).Execute();
        return gone >= 500;
    });

    /// <summary>The form that a thing told last, with the firmware of which it was; null where none is kept.</summary>
    public ValueTask<(string Firmware, ThingForm Form)?> FormAsync(string thing, CancellationToken cancel) => database.ReadAsync<(string, ThingForm)?>(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT firmware, form FROM thing_form WHERE thing = $1").Bind(1, thing);
            if (!row.Read())
            {
                return null;
            }

            (string, ThingForm) form = (row.GetString(0), ThingForm.FromJson(row.GetString(1)));
            row.Reset();
            return form;
        },
        cancel);

    /// <summary>Keeps the form of a thing.</summary>
    public Task PutFormAsync(string thing, string firmware, ThingForm form, DateTimeOffset at) => database.WriteAsync(session => session
        .Prepare("INSERT INTO thing_form (thing, firmware, asked, form) VALUES ($1, $2, $3, $4) ON CONFLICT (thing) DO UPDATE SET firmware = excluded.firmware, asked = excluded.asked, form = excluded.form")
        .Bind(1, thing).Bind(2, firmware).Bind(3, Number(at)).Bind(4, form.ToJson()).Execute());

    internal static long Number(DateTimeOffset time) => time.ToUnixTimeMilliseconds();

    internal static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static long Insert(SqlSession session, ThingCommand command)
    {
        bool hasSecrets = !command.IsEnded && command.Way == CommandWay.Queued && command.Parameters.Any(p => p.IsSecret);
        SqlStatement row = session.Prepare("""
            INSERT INTO command (id, way, thing, account, asker, told, payload, node, asked, expires, state, sent, ended, attempts, error, explanation, dedupe, batch, gone)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 0) RETURNING number
            """)
            .Bind(1, command.Id).Bind(2, (long)command.Way).Bind(3, command.Thing).Bind(4, command.Account).Bind(5, command.By.ToString()).Bind(6, ParameterText.ToJson(command.Parameters, masked: true))
            .Bind(7, hasSecrets ? ParameterText.ToJson(command.Parameters, masked: false) : null).Bind(8, command.Node).Bind(9, Number(command.Queued)).Bind(10, Number(command.Expires)).Bind(11, (long)command.State)
            .Bind(12, command.Sent is { } sent ? Number(sent) : null).Bind(13, command.Ended is { } ended ? Number(ended) : null).Bind(14, (long)command.Attempts).Bind(15, command.Error).Bind(16, command.Text)
            .Bind(17, command.DedupeKey).Bind(18, command.Batch);
        row.Read();
        long number = row.GetInt64(0);
        row.Reset();
        return number;
    }

    private static List<ThingCommand> ReadAll(SqlStatement rows)
    {
        var all = new List<ThingCommand>();
        while (rows.Read())
        {
            all.Add(Read(rows));
        }

        return all;
    }

    private static ThingCommand? One(SqlStatement rows)
    {
        ThingCommand? found = rows.Read() ? Read(rows) : null;
        if (found is not null)
        {
            rows.Reset();
        }

        return found;
    }

    private static ThingCommand Read(SqlStatement row) => new(
        row.GetInt64(0), row.GetString(1), (CommandWay)row.GetInt64(2), row.GetString(3), JidPrep.TryParse(row.GetString(5), out Jid? by) ? by : new Jid(string.Empty, "invalid", string.Empty),
        ParameterText.FromJson(row.GetStringOrNull(18) ?? row.GetString(6)), Time(row.GetInt64(8)), Time(row.GetInt64(9)))
    {
        Account = row.GetString(4),
        Node = row.GetString(7),
        State = (CommandState)row.GetInt64(10),
        Sent = row.GetInt64OrNull(11) is { } sent ? Time(sent) : null,
        Ended = row.GetInt64OrNull(12) is { } ended ? Time(ended) : null,
        Attempts = row.GetInt32(13),
        Error = row.GetString(14),
        Text = row.GetString(15),
        DedupeKey = row.GetString(16),
        Batch = row.GetString(17),
        IsGone = row.GetBoolean(19),
    };
}

/// <summary>What of the audit is wanted; null for all.</summary>
public sealed record AuditQuery
{
    /// <summary>One thing's.</summary>
    public string? Thing { get; init; }

    /// <summary>One person's (bare JID).</summary>
    public Jid? By { get; init; }

    /// <summary>Taken at this time or later.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Taken at this time or earlier.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>How it stands.</summary>
    public CommandState? State { get; init; }

    /// <summary>On which way it came.</summary>
    public CommandWay? Way { get; init; }

    /// <summary>One batch's.</summary>
    public string? Batch { get; init; }

    /// <summary>The cursor of the page before: only what is older. Null for the newest.</summary>
    public long? Before { get; init; }

    /// <summary>Entries at most (1 to 500); default 50.</summary>
    public int Max { get; init; } = 50;
}
