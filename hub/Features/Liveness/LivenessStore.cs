using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Liveness;

/// <summary>A time in which the hub was there.</summary>
/// <param name="From">From.</param>
/// <param name="To">To.</param>
public readonly record struct HubRun(DateTimeOffset From, DateTimeOffset To);

/// <summary>How things are and were, in SQL.</summary>
internal sealed class LivenessStore(ISqlDatabase database, LivenessOptions options)
{
    /// <summary>Reads how all things are.</summary>
    public ValueTask<List<ThingLiveness>> LoadAsync(CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var found = new List<ThingLiveness>();
            SqlStatement row = session.Prepare("SELECT thing, state, reason, since, sleeps_until, firmware, boot, signal, battery, heap, keep_alive FROM liveness");
            while (row.Read())
            {
                found.Add(new ThingLiveness(row.GetString(0), (LivenessState)row.GetInt64(1), row.GetString(2), Time(row.GetInt64(3)))
                {
                    Until = row.GetInt64OrNull(4) is { } until ? Time(until) : null,
                    Status = new ThingStatus(row.GetString(5), row.GetString(6), (int?)row.GetInt64OrNull(7), (int?)row.GetInt64OrNull(8), (int?)row.GetInt64OrNull(9), (int?)row.GetInt64OrNull(10)),
                });
            }

            return found;
        },
        cancel);

    /// <summary>Stores how a thing is, and the step to it where it is one.</summary>
    public Task PutAsync(ThingLiveness thing, bool isStep) => database.WriteAsync(session =>
    {
        session.Prepare("""
            INSERT INTO liveness (thing, state, reason, since, sleeps_until, firmware, boot, signal, battery, heap, keep_alive) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (thing) DO UPDATE SET state = excluded.state, reason = excluded.reason, since = excluded.since, sleeps_until = excluded.sleeps_until, firmware = excluded.firmware,
                boot = excluded.boot, signal = excluded.signal, battery = excluded.battery, heap = excluded.heap, keep_alive = excluded.keep_alive
            """)
            .Bind(1, thing.Id).Bind(2, (long)thing.State).Bind(3, thing.Reason).Bind(4, Number(thing.Since)).Bind(5, thing.Until is { } until ? Number(until) : null)
            .Bind(6, thing.Status.Firmware).Bind(7, thing.Status.Boot).Bind(8, (long?)thing.Status.Signal).Bind(9, (long?)thing.Status.Battery).Bind(10, (long?)thing.Status.Heap).Bind(11, (long?)thing.Status.KeepAlive)
            .Execute();
        if (isStep)
        {
            Step(session, thing);
        }
    });

    /// <summary>The steps of a thing in a span, its end included, the earliest first; with the last before the span, which says how it began.</summary>
    public ValueTask<List<Transition>> StepsAsync(string thing, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var steps = new List<Transition>();
            SqlStatement row = session.Prepare("SELECT at, state, reason, sleeps_until FROM liveness_step WHERE thing = $1 AND at <= $2 ORDER BY number DESC").Bind(1, thing).Bind(2, Number(to));
            while (row.Read())
            {
                steps.Add(new Transition(Time(row.GetInt64(0)), (LivenessState)row.GetInt64(1), row.GetString(2), row.GetInt64OrNull(3) is { } until ? Time(until) : null));
                if (steps[^1].At < from)
                {
                    row.Reset();
                    break;
                }
            }

            steps.Reverse();
            return steps;
        },
        cancel);

    /// <summary>The things that were away so often since a time, for whatever reason: found by state and time, so that it costs what has happened of late and not how many things there are.</summary>
    public ValueTask<List<string>> RestlessAsync(DateTimeOffset from, int steps, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var found = new List<string>();
            SqlStatement row = session.Prepare("SELECT thing FROM liveness_step WHERE state IN ($1, $2, $3) AND at >= $4 GROUP BY thing HAVING count(*) >= $5")
                .Bind(1, (long)LivenessState.Offline).Bind(2, (long)LivenessState.Resuming).Bind(3, (long)LivenessState.Overdue).Bind(4, Number(from)).Bind(5, (long)steps);
            while (row.Read())
            {
                found.Add(row.GetString(0));
            }

            return found;
        },
        cancel);

    /// <summary>When the hub was there, the earliest first.</summary>
    public ValueTask<List<HubRun>> RunsAsync(DateTimeOffset from, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var runs = new List<HubRun>();
            SqlStatement row = session.Prepare("SELECT started, seen FROM hub_run WHERE seen >= $1 ORDER BY id").Bind(1, Number(from));
            while (row.Read())
            {
                runs.Add(new HubRun(Time(row.GetInt64(0)), Time(row.GetInt64(1))));
            }

            return runs;
        },
        cancel);

    /// <summary>Notes that the hub begins to run.</summary>
    /// <returns>The number of this run, and when it was there last before; null for the first run.</returns>
    public Task<(long Run, DateTimeOffset? Before)> BeginRunAsync(DateTimeOffset now) => database.WriteAsync(session =>
    {
        SqlStatement last = session.Prepare("SELECT max(seen) FROM hub_run");
        DateTimeOffset? before = last.Read() && last.GetInt64OrNull(0) is { } seen ? Time(seen) : null;
        last.Reset();
        SqlStatement row = session.Prepare("INSERT INTO hub_run (started, seen) VALUES ($1, $1) RETURNING id").Bind(1, Number(now));
        row.Read();
        long run = row.GetInt64(0);
        row.Reset();
        return (run, before);
    });

    /// <summary>Notes that the hub runs still, and forgets what is older than it is kept.</summary>
    public Task SeenAsync(long run, DateTimeOffset now, bool sweep) => database.WriteAsync(session =>
    {
        session.Prepare("UPDATE hub_run SET seen = $2 WHERE id = $1").Bind(1, run).Bind(2, Number(now)).Execute();
        if (sweep)
        {
            long oldest = Number(now.AddDays(-options.TransitionDays));
            session.Prepare("DELETE FROM hub_run WHERE seen < $1").Bind(1, oldest).Execute();
            // The last step of a thing says how it is since: it stays.
            session.Prepare("DELETE FROM liveness_step WHERE at < $1 AND number < (SELECT max(s.number) FROM liveness_step s WHERE s.thing = liveness_step.thing)").Bind(1, oldest).Execute();
        }
    });

    /// <summary>Removes everything of a thing.</summary>
    public Task ForgetAsync(string thing) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM liveness WHERE thing = $1").Bind(1, thing).Execute();
        session.Prepare("DELETE FROM liveness_step WHERE thing = $1").Bind(1, thing).Execute();
    });

    private void Step(SqlSession session, ThingLiveness thing)
    {
        SqlStatement last = session.Prepare("SELECT max(number) FROM liveness_step WHERE thing = $1").Bind(1, thing.Id);
        long number = last.Read() ? (last.GetInt64OrNull(0) ?? 0) + 1 : 1;
        last.Reset();
        session.Prepare("INSERT INTO liveness_step (thing, number, at, state, reason, sleeps_until) VALUES ($1, $2, $3, $4, $5, $6)")
            .Bind(1, thing.Id).Bind(2, number).Bind(3, Number(thing.Since)).Bind(4, (long)thing.State).Bind(5, thing.Reason).Bind(6, thing.Until is { } until ? Number(until) : null).Execute();
        session.Prepare("DELETE FROM liveness_step WHERE thing = $1 AND number <= $2").Bind(1, thing.Id).Bind(2, number - options.MaxTransitions).Execute();
    }

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private static long Number(DateTimeOffset time) => time.ToUnixTimeMilliseconds();
}
