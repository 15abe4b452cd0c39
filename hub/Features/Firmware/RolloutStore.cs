using System.Globalization;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Firmware;

/// <summary>Roll-outs in SQL.</summary>
/// <param name="database">Where.</param>
public sealed class RolloutStore(ISqlDatabase database)
{
    private const string Columns = "id, image, name, version, target, state, waves, per_minute, parallel, gate_minutes, deadline, stop_failures, stop_percent, trial, started_by, created, ended, reason";

    /// <summary>Enters a roll-out with its things.</summary>
    /// <returns>Its number; null where its image is gone meanwhile.</returns>
    public Task<long?> AddAsync(Rollout rollout, int kept) => database.WriteAsync<long?>(session =>
    {
        SqlStatement image = session.Prepare("SELECT 1 FROM firmware_image WHERE id = $1").Bind(1, rollout.Image);
        bool isThere = image.Read();
        image.Reset();
        if (!isThere)
        {
            return null;
        }

        SqlStatement row = session.Prepare("""
            INSERT INTO rollout (image, name, version, target, state, waves, per_minute, parallel, gate_minutes, deadline, stop_failures, stop_percent, trial, started_by, created, reason)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, '') RETURNING id
            """)
            .Bind(1, rollout.Image).Bind(2, rollout.Name).Bind(3, rollout.Version).Bind(4, rollout.Target).Bind(5, (long)rollout.State)
            .Bind(6, string.Join(',', rollout.Plan.Waves.Select(w => w.ToString(CultureInfo.InvariantCulture)))).Bind(7, rollout.Plan.PerMinute).Bind(8, rollout.Plan.Parallel).Bind(9, rollout.Plan.GateMinutes)
            .Bind(10, rollout.Deadline.ToUnixTimeMilliseconds()).Bind(11, rollout.Plan.StopFailures).Bind(12, rollout.Plan.StopPercent).Bind(13, rollout.TrialSeconds)
            .Bind(14, rollout.By.ToString()).Bind(15, rollout.Created.ToUnixTimeMilliseconds());
        row.Read();
        long id = row.GetInt64(0);
        row.Reset();
        for (int i = 0; i < rollout.Things.Count; i++)
        {
            RolloutThing thing = rollout.Things[i];
            session.Prepare("INSERT INTO rollout_thing (rollout, thing, place, wave, step, since, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)")
                .Bind(1, id).Bind(2, thing.Thing).Bind(3, i).Bind(4, thing.Wave).Bind(5, (long)thing.Step).Bind(6, thing.Since.ToUnixTimeMilliseconds()).Bind(7, thing.Reason).Execute();
        }

        Sweep(session, kept);
        return id;
    });

    /// <summary>Keeps how a roll-out stands.</summary>
    public Task PutAsync(Rollout rollout) => database.WriteAsync(session => session.Prepare("UPDATE rollout SET state = $2, ended = $3, reason = $4 WHERE id = $1")
        .Bind(1, rollout.Id).Bind(2, (long)rollout.State).Bind(3, rollout.Ended?.ToUnixTimeMilliseconds()).Bind(4, rollout.Reason).Execute());

    /// <summary>Keeps how things stand.</summary>
    public Task PutAsync(long rollout, IReadOnlyList<RolloutThing> things) => database.WriteAsync(session =>
    {
        foreach (RolloutThing thing in things)
        {
            session.Prepare("UPDATE rollout_thing SET step = $3, since = $4, reason = $5 WHERE rollout = $1 AND thing = $2")
                .Bind(1, rollout).Bind(2, thing.Thing).Bind(3, (long)thing.Step).Bind(4, thing.Since.ToUnixTimeMilliseconds()).Bind(5, thing.Reason).Execute();
        }
    });

    /// <summary>The roll-outs that have not ended, with their things.</summary>
    public ValueTask<List<Rollout>> OpenAsync(CancellationToken cancel = default) => database.ReadAsync(
        session => WithThings(session, Read(session.Prepare("SELECT " + Columns + " FROM rollout WHERE ended IS NULL ORDER BY id"))),
        cancel);

    /// <summary>The newest roll-outs, without their things.</summary>
    public ValueTask<List<Rollout>> NewestAsync(int count, CancellationToken cancel = default) => database.ReadAsync(
        session => Read(session.Prepare("SELECT " + Columns + " FROM rollout ORDER BY id DESC LIMIT $1").Bind(1, count)),
        cancel);

    /// <summary>A roll-out with its things, or null.</summary>
    public ValueTask<Rollout?> FindAsync(long id, CancellationToken cancel = default) => database.ReadAsync(
        session => WithThings(session, Read(session.Prepare("SELECT " + Columns + " FROM rollout WHERE id = $1").Bind(1, id))).FirstOrDefault(),
        cancel);

    /// <summary>The newest roll-outs that have a thing, each with that thing alone.</summary>
    public ValueTask<List<Rollout>> OfThingAsync(string thing, int count, CancellationToken cancel = default) => database.ReadAsync(
        session => WithThings(session, Read(session.Prepare("SELECT " + Columns + " FROM rollout WHERE EXISTS (SELECT 1 FROM rollout_thing WHERE rollout = id AND thing = $1) ORDER BY id DESC LIMIT $2").Bind(1, thing).Bind(2, count)), thing),
        cancel);

    // Of those that have ended only the newest are kept.
    private static void Sweep(SqlSession session, int kept)
    {
        const string Old = "SELECT id FROM rollout WHERE ended IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET $1";
        SqlStatement row = session.Prepare(Old).Bind(1, kept);
        long? newest = row.Read() ? row.GetInt64(0) : null;
        row.Reset();
        if (newest is { } last)
        {
            session.Prepare("DELETE FROM rollout_thing WHERE rollout IN (SELECT id FROM rollout WHERE ended IS NOT NULL AND id <= $1)").Bind(1, last).Execute();
            session.Prepare("DELETE FROM rollout WHERE ended IS NOT NULL AND id <= $1").Bind(1, last).Execute();
        }
    }

    private static List<Rollout> WithThings(SqlSession session, List<Rollout> rollouts, string? only = null)
    {
        for (int i = 0; i < rollouts.Count; i++)
        {
            var things = new List<RolloutThing>();
            SqlStatement row = only is null
                ? session.Prepare("SELECT thing, wave, step, since, reason FROM rollout_thing WHERE rollout = $1 ORDER BY place").Bind(1, rollouts[i].Id)
                : session.Prepare("SELECT thing, wave, step, since, reason FROM rollout_thing WHERE rollout = $1 AND thing = $2").Bind(1, rollouts[i].Id).Bind(2, only);
            while (row.Read())
            {
                things.Add(new RolloutThing(row.GetString(0), row.GetInt32(1), (UpdateStep)row.GetInt64(2), Time(row.GetInt64(3)), row.GetString(4)));
            }

            rollouts[i] = rollouts[i] with { Things = things };
        }

        return rollouts;
    }

    private static List<Rollout> Read(SqlStatement row)
    {
        var found = new List<Rollout>();
        while (row.Read())
        {
            found.Add(new Rollout(
                row.GetInt64(0),
                row.GetString(1),
                row.GetString(2),
                row.GetString(3),
                row.GetString(4),
                (RolloutState)row.GetInt64(5),
                Jid.TryParse(row.GetString(14), out Jid by) ? by : new Jid(string.Empty, "invalid", string.Empty),
                Time(row.GetInt64(15)))
            {
                Plan = new RolloutPlan
                {
                    Things = [],
                    Waves = [.. row.GetString(6).Split(',').Select(w => int.Parse(w, CultureInfo.InvariantCulture))],
                    PerMinute = row.GetInt32(7),
                    Parallel = row.GetInt32(8),
                    GateMinutes = row.GetInt32(9),
                    StopFailures = row.GetInt32(11),
                    StopPercent = row.GetInt32(12),
                    DeadlineHours = Math.Max(1, (int)((row.GetInt64(10) - row.GetInt64(15)) / 3_600_000)),
                },
                Deadline = Time(row.GetInt64(10)),
                TrialSeconds = row.GetInt32(13),
                Ended = row.GetInt64OrNull(16) is { } ended ? Time(ended) : null,
                Reason = row.GetString(17),
            });
        }

        return found;
    }

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
