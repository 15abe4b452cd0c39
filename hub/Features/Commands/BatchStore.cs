using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Commands;

/// <summary>Batches in SQL. Of a thing that waits for its turn the state is 0.</summary>
internal sealed class BatchStore(ISqlDatabase database)
{
    private const string Columns = "b.id, b.asker, b.target, b.told, b.asked, b.expires, b.ended, b.state, b.per_minute, b.parallel, b.failures, b.percent, b.explanation, b.payload";

    private readonly string _byId = $"SELECT {Columns} FROM command_batch b WHERE b.id = $1";
    private readonly string _running = $"SELECT {Columns} FROM command_batch b WHERE b.state = 1 ORDER BY b.asked, b.id";
    private readonly string _page = $"SELECT {Columns} FROM command_batch b WHERE (b.asked < $1 OR (b.asked = $1 AND b.id < $2)) ORDER BY b.asked DESC, b.id DESC LIMIT $3";

    /// <summary>Stores a batch with its things.</summary>
    public Task InsertAsync(Batch batch, IReadOnlyList<string> things) => database.WriteAsync(session =>
    {
        session.Prepare("""
            INSERT INTO command_batch (id, asker, target, told, payload, asked, expires, ended, state, per_minute, parallel, failures, percent, explanation)
            VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, 1, $8, $9, $10, $11, '')
            """)
            .Bind(1, batch.Id).Bind(2, batch.By.ToString()).Bind(3, batch.Target).Bind(4, ParameterText.ToJson(batch.Parameters, masked: true))
            .Bind(5, batch.Parameters.Any(p => p.IsSecret) ? ParameterText.ToJson(batch.Parameters, masked: false) : null).Bind(6, CommandStore.Number(batch.Asked)).Bind(7, CommandStore.Number(batch.Expires))
            .Bind(8, (long)batch.Rule.PerMinute).Bind(9, (long)batch.Rule.Parallel).Bind(10, (long)batch.Rule.Failures).Bind(11, (long)batch.Rule.Percent).Execute();
        SqlStatement insert = session.Prepare("INSERT INTO command_batch_thing (batch, place, thing, state, command, error, explanation) VALUES ($1, $2, $3, 0, '', '', '')");
        for (int i = 0; i < things.Count; i++)
        {
            insert.Bind(1, batch.Id).Bind(2, (long)i).Bind(3, things[i]).Execute();
        }
    });

    /// <summary>A thing's command is made, in the same unit of work.</summary>
    public static void Begin(SqlSession session, string batch, int place, string command) => session
        .Prepare("UPDATE command_batch_thing SET state = 1, command = $3 WHERE batch = $1 AND place = $2").Bind(1, batch).Bind(2, (long)place).Bind(3, command).Execute();

    /// <summary>A thing comes to its end without a command.</summary>
    public Task EndThingAsync(string batch, int place, CommandState state, string error, string text) => database.WriteAsync(session => session
        .Prepare("UPDATE command_batch_thing SET state = $3, error = $4, explanation = $5 WHERE batch = $1 AND place = $2 AND state = 0").Bind(1, batch).Bind(2, (long)place).Bind(3, (long)state).Bind(4, error).Bind(5, text).Execute());

    /// <summary>A batch ends; the things that wait for their turn end with it.</summary>
    /// <returns>False where it had ended.</returns>
    public Task<bool> EndAsync(string batch, BatchState state, CommandState waiting, DateTimeOffset at, string text) => database.WriteAsync(session =>
    {
        bool isChanged = session.Prepare("UPDATE command_batch SET state = $2, ended = $3, explanation = $4, payload = NULL WHERE id = $1 AND state = 1").Bind(1, batch).Bind(2, (long)state).Bind(3, CommandStore.Number(at)).Bind(4, text).Execute() > 0;
        if (isChanged)
        {
            session.Prepare("UPDATE command_batch_thing SET state = $2 WHERE batch = $1 AND state = 0").Bind(1, batch).Bind(2, (long)waiting).Execute();
        }

        return isChanged;
    });

    /// <summary>One by its id, with what is secret in it.</summary>
    public ValueTask<Batch?> FindAsync(string id, CancellationToken cancel) => database.ReadAsync(session => One(session, session.Prepare(_byId).Bind(1, id)), cancel);

    /// <summary>Those that run, with what is secret in them.</summary>
    public ValueTask<List<Batch>> RunningAsync(CancellationToken cancel) => database.ReadAsync(session => All(session, session.Prepare(_running)), cancel);

    /// <summary>A page, the newest first.</summary>
    public ValueTask<List<Batch>> PageAsync(DateTimeOffset? before, string id, int max, CancellationToken cancel) => database.ReadAsync(
        session => All(session, session.Prepare(_page).Bind(1, before is { } at ? CommandStore.Number(at) : long.MaxValue).Bind(2, id).Bind(3, (long)max)), cancel);

    /// <summary>Things of a batch in their order.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="from">The first place.</param>
    /// <param name="max">How many at most.</param>
    /// <param name="cancel">Ends it.</param>
    public ValueTask<List<(int Place, BatchThing Thing)>> ThingsAsync(string batch, int from, int max, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var things = new List<(int, BatchThing)>();
            SqlStatement row = session.Prepare("SELECT place, thing, state, command, error, explanation FROM command_batch_thing WHERE batch = $1 AND place >= $2 ORDER BY place LIMIT $3").Bind(1, batch).Bind(2, (long)from).Bind(3, (long)max);
            while (row.Read())
            {
                things.Add((row.GetInt32(0), new BatchThing(row.GetString(1), row.GetInt64(2) is var state and > 0 ? (CommandState)state : null, row.GetString(3), row.GetString(4), row.GetString(5))));
            }

            return things;
        },
        cancel);

    private static Batch? One(SqlSession session, SqlStatement row)
    {
        List<Batch> all = All(session, row);
        return all.Count > 0 ? all[0] : null;
    }

    private static List<Batch> All(SqlSession session, SqlStatement row)
    {
        var all = new List<Batch>();
        while (row.Read())
        {
            all.Add(new Batch(
                row.GetString(0), JidPrep.TryParse(row.GetString(1), out Jid? by) ? by : new Jid(string.Empty, "invalid", string.Empty), row.GetString(2), ParameterText.FromJson(row.GetStringOrNull(13) ?? row.GetString(3)),
                new BatchRule(row.GetInt32(8), row.GetInt32(9), row.GetInt32(10), row.GetInt32(11)), CommandStore.Time(row.GetInt64(4)), CommandStore.Time(row.GetInt64(5)), (BatchState)row.GetInt64(7),
                new BatchProgress(0, 0, 0, 0, 0, 0, 0))
            {
                Ended = row.GetInt64OrNull(6) is { } ended ? CommandStore.Time(ended) : null,
                Text = row.GetString(12),
            });
        }

        for (int i = 0; i < all.Count; i++)
        {
            all[i] = all[i] with { Progress = ProgressOf(session, all[i].Id) };
        }

        return all;
    }

    private static BatchProgress ProgressOf(SqlSession session, string batch)
    {
        int[] counts = new int[7];
        // A command that was sent stands so in its own row; the batch's has only beginning and end.
        SqlStatement row = session.Prepare("""
            SELECT CASE WHEN t.state = 1 AND c.state = 2 THEN 2 ELSE t.state END, count(*) FROM command_batch_thing t LEFT JOIN command c ON c.id = t.command WHERE t.batch = $1 GROUP BY 1
            """).Bind(1, batch);
        while (row.Read())
        {
            counts[row.GetInt64(0)] = row.GetInt32(1);
        }

        return new BatchProgress(counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6]);
    }
}
