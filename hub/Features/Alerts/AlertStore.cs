using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>A step of a rule over a thing, on its way to the database.</summary>
/// <param name="Rule">The rule's id.</param>
/// <param name="Thing">The thing.</param>
/// <param name="Field">The field.</param>
/// <param name="Step">Raised or over.</param>
internal sealed record AlertStep(string Rule, string Thing, string Field, RuleStep Step)
{
    /// <summary>What the rule is called, where it is raised.</summary>
    public string RuleName { get; init; } = string.Empty;

    /// <summary>How grave, where it is raised.</summary>
    public AlertSeverity Severity { get; init; }

    /// <summary>What people are told, where it is raised.</summary>
    public string Text { get; init; } = string.Empty;

    /// <summary>Who is told.</summary>
    public IReadOnlyList<DeliveryTarget> Targets { get; init; } = [];

    /// <summary>Until when nobody is told; null: now.</summary>
    public long? HeldUntil { get; init; }

    /// <summary>The maintenance window that holds it; or empty.</summary>
    public string Window { get; init; } = string.Empty;

    /// <summary>Why it is over, where the condition did not say so.</summary>
    public string ClearReason { get; init; } = string.Empty;
}

/// <summary>What a thing told of itself at a time.</summary>
internal readonly record struct ToldStatus(string Thing, long At, string Firmware, int? Battery);

/// <summary>A silence of a rule, thing and field.</summary>
internal readonly record struct Silence(string Rule, string Thing, string Field, long Until);

/// <summary>Alerts, in SQL.</summary>
internal sealed class AlertStore(ISqlDatabase database, AlertsOptions options)
{
    private const string Columns = "a.id, a.rule, a.rule_name, a.thing, a.field, a.severity, a.raised, a.noted, a.value, a.body, a.suppressed, a.acknowledged, a.acknowledged_by, a.note, a.cleared, a.clear_reason, s.until";
    private const string From = "FROM alert a LEFT JOIN alert_silence s ON s.rule = a.rule AND s.thing = a.thing AND s.field = a.field";

    /// <summary>Steps and what things told, in one unit of work with the deliveries that follow from them.</summary>
    /// <returns>The alerts that were raised or are over.</returns>
    public Task<List<(Alert Alert, bool IsRaised)>> SaveAsync(IReadOnlyList<AlertStep> steps, IReadOnlyList<ToldStatus> told, long now) => database.WriteAsync(session =>
    {
        var changed = new List<(Alert, bool)>(steps.Count);
        foreach (ToldStatus status in told)
        {
            session.Prepare("INSERT INTO alert_status (thing, at, firmware, battery) VALUES ($1, $2, $3, $4) ON CONFLICT (thing, at) DO UPDATE SET firmware = excluded.firmware, battery = excluded.battery")
                .Bind(1, status.Thing).Bind(2, status.At).Bind(3, status.Firmware).Bind(4, (long?)status.Battery).Execute();
        }

        foreach (AlertStep step in steps)
        {
            if ((step.Step.IsRaised ? Raise(session, step, now) : Clear(session, step, now)) is { } alert)
            {
                changed.Add((alert, step.Step.IsRaised));
            }
        }

        return changed;
    });

    /// <summary>The alerts that are open.</summary>
    public ValueTask<List<Alert>> OpenAsync(CancellationToken cancel) => database.ReadAsync(session => ReadAll(session.Prepare($"SELECT {Columns} {From} WHERE a.cleared IS NULL ORDER BY a.id")), cancel);

    /// <summary>When the last alert of each rule and thing was over.</summary>
    public ValueTask<Dictionary<(string Rule, string Thing), long>> LastClearedAsync(long since, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var last = new Dictionary<(string, string), long>();
            SqlStatement row = session.Prepare("SELECT rule, thing, max(cleared) FROM alert WHERE cleared >= $1 GROUP BY rule, thing").Bind(1, since);
            while (row.Read())
            {
                last[(row.GetString(0), row.GetString(1))] = row.GetInt64(2);
            }

            return last;
        },
        cancel);

    /// <summary>One alert, or null.</summary>
    public ValueTask<Alert?> FindAsync(long id, CancellationToken cancel = default) => database.ReadAsync(session => Find(session, id), cancel);

    /// <summary>Alerts, the newest first.</summary>
    /// <param name="before">Only those with a lower number.</param>
    /// <param name="open">Only those that are open (false: that are over; null: all).</param>
    /// <param name="thing">Only those of a thing; null: of all.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="cancel">Ends it.</param>
    public ValueTask<List<Alert>> PageAsync(long before, bool? open, string? thing, int most, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            string state = open switch { true => "AND a.cleared IS NULL ", false => "AND a.cleared IS NOT NULL ", _ => string.Empty };
            SqlStatement rows = thing is null
                ? session.Prepare($"SELECT {Columns} {From} WHERE a.id < $1 {state}ORDER BY a.id DESC LIMIT $2")
                : session.Prepare($"SELECT {Columns} {From} WHERE a.id < $1 {state}AND a.thing = $3 ORDER BY a.id DESC LIMIT $2");
            rows.Bind(1, before).Bind(2, (long)most);
            return ReadAll(thing is null ? rows : rows.Bind(3, thing));
        },
        cancel);

    /// <summary>Somebody looks after an alert.</summary>
    /// <returns>The alert as it is now and whether this changed it; null where there is none.</returns>
    public Task<(Alert? Alert, bool Changed)> AcknowledgeAsync(long id, string who, string note, long now) => database.WriteAsync(session =>
    {
        bool changed = session.Prepare("UPDATE alert SET acknowledged = $2, acknowledged_by = $3, note = $4 WHERE id = $1 AND cleared IS NULL AND acknowledged IS NULL")
            .Bind(1, id).Bind(2, now).Bind(3, who).Bind(4, note).Execute() > 0;
        return (Find(session, id), changed);
    });

    /// <summary>Nobody is told of a rule, thing and field until a time; a time that is over ends it.</summary>
    public Task<Alert?> SilenceAsync(Alert alert, long until, string who, string note, long now) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM alert_silence WHERE until <= $1 OR (rule = $2 AND thing = $3 AND field = $4)").Bind(1, now).Bind(2, alert.Rule).Bind(3, alert.Thing).Bind(4, alert.Field).Execute();
        if (until > now)
        {
            session.Prepare("INSERT INTO alert_silence (rule, thing, field, until, who, note) VALUES ($1, $2, $3, $4, $5, $6)")
                .Bind(1, alert.Rule).Bind(2, alert.Thing).Bind(3, alert.Field).Bind(4, until).Bind(5, who).Bind(6, note).Execute();
        }

        return Find(session, alert.Id);
    });

    /// <summary>The silences that are not over.</summary>
    public ValueTask<List<Silence>> SilencesAsync(long now, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var all = new List<Silence>();
            SqlStatement row = session.Prepare("SELECT rule, thing, field, until FROM alert_silence WHERE until > $1").Bind(1, now);
            while (row.Read())
            {
                all.Add(new Silence(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3)));
            }

            return all;
        },
        cancel);

    /// <summary>What a thing told of itself from a time on, with the last before it, the earliest first.</summary>
    public ValueTask<List<ToldStatus>> StatusAsync(string thing, long from, long to, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var told = new List<ToldStatus>();
            SqlStatement row = session.Prepare("""
                SELECT at, firmware, battery FROM alert_status WHERE thing = $1 AND at <= $3 AND at >= coalesce((SELECT max(at) FROM alert_status WHERE thing = $1 AND at <= $2), $2) ORDER BY at
                """).Bind(1, thing).Bind(2, from).Bind(3, to);
            while (row.Read())
            {
                told.Add(new ToldStatus(thing, row.GetInt64(0), row.GetString(1), (int?)row.GetInt64OrNull(2)));
            }

            return told;
        },
        cancel);

    /// <summary>Until when all that the hub had was judged; null where there never were rules.</summary>
    public ValueTask<long?> JudgedAsync(CancellationToken cancel) => database.ReadAsync<long?>(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT judged FROM alert_run WHERE id = 1");
            return row.Read() ? row.GetInt64(0) : null;
        },
        cancel);

    /// <summary>Notes until when all is judged.</summary>
    public Task JudgedAsync(long until) => database.WriteAsync(session =>
        session.Prepare("INSERT INTO alert_run (id, judged) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET judged = excluded.judged").Bind(1, until).Execute());

    /// <summary>Removes what is older than it is kept.</summary>
    public Task SweepAsync(DateTimeOffset now) => database.WriteAsync(session =>
    {
        long oldest = now.AddDays(-options.KeepDays).ToUnixTimeMilliseconds();
        session.Prepare("DELETE FROM alert WHERE cleared < $1").Bind(1, oldest).Execute();
        session.Prepare("DELETE FROM alert WHERE cleared IS NOT NULL AND id <= coalesce((SELECT id FROM alert ORDER BY id DESC LIMIT 1 OFFSET $1), 0)").Bind(1, (long)options.MaxAlerts).Execute();
        session.Prepare("DELETE FROM alert_delivery WHERE done < $1").Bind(1, now.AddDays(-options.DeliveryDays).ToUnixTimeMilliseconds()).Execute();
        session.Prepare("DELETE FROM alert_silence WHERE until < $1").Bind(1, now.ToUnixTimeMilliseconds()).Execute();
        // The last that a thing told holds until it tells another.
        session.Prepare("DELETE FROM alert_status WHERE at < $1 AND at < (SELECT max(t.at) FROM alert_status t WHERE t.thing = alert_status.thing)").Bind(1, oldest).Execute();
    });

    /// <summary>Removes everything of a thing.</summary>
    public Task ForgetAsync(string thing) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM alert_delivery WHERE alert IN (SELECT id FROM alert WHERE thing = $1)").Bind(1, thing).Execute();
        session.Prepare("DELETE FROM alert WHERE thing = $1").Bind(1, thing).Execute();
        session.Prepare("DELETE FROM alert_silence WHERE thing = $1").Bind(1, thing).Execute();
        session.Prepare("DELETE FROM alert_status WHERE thing = $1").Bind(1, thing).Execute();
    });

    internal static Alert Read(SqlStatement row, int first = 0) => new(
        row.GetInt64(first), row.GetString(first + 1), row.GetString(first + 2), row.GetString(first + 3), row.GetString(first + 4), (AlertSeverity)row.GetInt64(first + 5), Time(row.GetInt64(first + 6)))
    {
        Noted = Time(row.GetInt64(first + 7)),
        Value = row.GetString(first + 8),
        Text = row.GetString(first + 9),
        Suppressed = row.GetString(first + 10),
        Acknowledged = row.GetInt64OrNull(first + 11) is { } at ? Time(at) : null,
        AcknowledgedBy = row.GetString(first + 12),
        Note = row.GetString(first + 13),
        Cleared = row.GetInt64OrNull(first + 14) is { } over ? Time(over) : null,
        ClearReason = row.GetString(first + 15),
        SilencedUntil = row.GetInt64OrNull(first + 16) is { } until ? Time(until) : null,
    };

    private static List<Alert> ReadAll(SqlStatement rows)
    {
        var all = new List<Alert>();
        while (rows.Read())
        {
            all.Add(Read(rows));
        }

        return all;
    }

    private static Alert? Find(SqlSession session, long id)
    {
        SqlStatement row = session.Prepare($"SELECT {Columns} {From} WHERE a.id = $1").Bind(1, id);
        if (!row.Read())
        {
            return null;
        }

        Alert alert = Read(row);
        row.Reset();
        return alert;
    }

    private static Alert? Raise(SqlSession session, AlertStep step, long now)
    {
        SqlStatement row = session.Prepare("""
            INSERT INTO alert (rule, rule_name, thing, field, severity, raised, noted, value, body, suppressed, acknowledged_by, note, clear_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '', '')
            ON CONFLICT DO NOTHING RETURNING id
            """)
            .Bind(1, step.Rule).Bind(2, step.RuleName).Bind(3, step.Thing).Bind(4, step.Field).Bind(5, (long)step.Severity).Bind(6, step.Step.At).Bind(7, now)
            .Bind(8, step.Step.Value).Bind(9, step.Text).Bind(10, step.Window);
        if (!row.Read())
        {
            return null; // it is open already: it was written before a crash, and is not told again
        }

        long id = row.GetInt64(0);
        row.Reset();
        Deliver(session, id, DeliveryEvent.Raised, step, step.Targets, now);
        return Find(session, id);
    }

    private static Alert? Clear(SqlSession session, AlertStep step, long now)
    {
        SqlStatement row = session.Prepare("""
            UPDATE alert SET cleared = CASE WHEN raised > $4 THEN raised ELSE $4 END, clear_reason = $5 WHERE rule = $1 AND thing = $2 AND field = $3 AND cleared IS NULL RETURNING id
            """).Bind(1, step.Rule).Bind(2, step.Thing).Bind(3, step.Field).Bind(4, step.Step.At).Bind(5, step.ClearReason);
        if (!row.Read())
        {
            return null;
        }

        long id = row.GetInt64(0);
        row.Reset();
        // Who was not told that it was raised is not told that it is over.
        session.Prepare("UPDATE alert_delivery SET state = $2, done = $3 WHERE alert = $1 AND state = 0 AND held = 1").Bind(1, id).Bind(2, (long)DeliveryState.Suppressed).Bind(3, now).Execute();
        var told = new List<DeliveryTarget>();
        SqlStatement rows = session.Prepare("SELECT channel, address, secret FROM alert_delivery WHERE alert = $1 AND what = 0 AND state IN (0, 1, 2) ORDER BY id").Bind(1, id);
        while (rows.Read())
        {
            told.Add(new DeliveryTarget((DeliveryChannel)rows.GetInt64(0), rows.GetString(1), rows.GetString(2)));
        }

        Deliver(session, id, DeliveryEvent.Cleared, step, told, now);
        return Find(session, id);
    }

    private static void Deliver(SqlSession session, long alert, DeliveryEvent what, AlertStep step, IReadOnlyList<DeliveryTarget> targets, long now)
    {
        foreach (DeliveryTarget target in targets)
        {
            session.Prepare("""
                INSERT INTO alert_delivery (alert, what, channel, address, secret, state, held, attempts, created, due, digest, answer) VALUES ($1, $2, $3, $4, $5, 0, $6, 0, $7, $8, '', '')
                """)
                .Bind(1, alert).Bind(2, (long)what).Bind(3, (long)target.Channel).Bind(4, target.Address).Bind(5, target.Secret).Bind(6, step.HeldUntil is not null).Bind(7, now).Bind(8, step.HeldUntil ?? now)
                .Execute();
        }
    }

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
