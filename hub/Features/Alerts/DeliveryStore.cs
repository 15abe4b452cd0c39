using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>The durable outbox of alerts, in SQL.</summary>
internal sealed class DeliveryStore(ISqlDatabase database)
{
    private const string Columns = "d.id, d.alert, d.what, d.channel, d.address, d.secret, d.state, d.held, d.attempts, d.created, d.due, d.done, d.digest, d.answer";
    private const int First = 14;
    private const string Join = """
        , a.id, a.rule, a.rule_name, a.thing, a.field, a.severity, a.raised, a.noted, a.value, a.body, a.suppressed, a.acknowledged, a.acknowledged_by, a.note, a.cleared, a.clear_reason, s.until
        FROM alert_delivery d JOIN alert a ON a.id = d.alert LEFT JOIN alert_silence s ON s.rule = a.rule AND s.thing = a.thing AND s.field = a.field
        """;

    /// <summary>Recipients to whom something is due, whom nothing holds up, the longest waiting first.</summary>
    /// <param name="now">Now, milliseconds since 1970.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="cancel">Ends it.</param>
    public ValueTask<List<(DeliveryChannel Channel, string Address)>> DueAsync(long now, int most, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var found = new List<(DeliveryChannel, string)>();
            SqlStatement row = session.Prepare("""
                SELECT d.channel, d.address, min(d.due) FROM alert_delivery d WHERE d.state = 0 AND d.due <= $1
                    AND NOT EXISTS (SELECT 1 FROM alert_delivery e WHERE e.alert = d.alert AND e.channel = d.channel AND e.address = d.address AND e.state = 0 AND e.id < d.id AND e.due > $1)
                GROUP BY d.channel, d.address ORDER BY 3 LIMIT $2
                """).Bind(1, now).Bind(2, (long)most);
            while (row.Read())
            {
                found.Add(((DeliveryChannel)row.GetInt64(0), row.GetString(1)));
            }

            return found;
        },
        cancel);

    /// <summary>When the next delivery that is not due yet will be; null where none waits.</summary>
    public ValueTask<long?> NextAsync(long now, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT min(due) FROM alert_delivery WHERE state = 0 AND due > $1").Bind(1, now);
            return row.Read() ? row.GetInt64OrNull(0) : null;
        },
        cancel);

    /// <summary>What is due to a recipient, in the order of the events. What an earlier delivery of the same alert still holds up is left out, so that no alert is over before it was raised.</summary>
    public ValueTask<List<(AlertDelivery Delivery, Alert Alert)>> OfAsync(DeliveryChannel channel, string address, long now, int most, CancellationToken cancel) => database.ReadAsync(
        session => ReadAll(session.Prepare($"""
            SELECT {Columns} {Join} WHERE d.state = 0 AND d.channel = $1 AND d.address = $2 AND d.due <= $3
                AND NOT EXISTS (SELECT 1 FROM alert_delivery e WHERE e.alert = d.alert AND e.channel = d.channel AND e.address = d.address AND e.state = 0 AND e.id < d.id AND e.due > $3)
            ORDER BY d.id LIMIT $4
            """).Bind(1, (long)channel).Bind(2, address).Bind(3, now).Bind(4, (long)most)),
        cancel);

    /// <summary>Deliveries, the newest first.</summary>
    public ValueTask<List<(AlertDelivery Delivery, Alert Alert)>> PageAsync(long before, DeliveryState? state, long? alert, int most, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            if (alert is { } one)
            {
                return ReadAll(session.Prepare($"SELECT {Columns} {Join} WHERE d.alert = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3").Bind(1, one).Bind(2, before).Bind(3, (long)most));
            }

            return state is { } only
                ? ReadAll(session.Prepare($"SELECT {Columns} {Join} WHERE d.state = $1 AND d.id < $2 ORDER BY d.id DESC LIMIT $3").Bind(1, (long)only).Bind(2, before).Bind(3, (long)most))
                : ReadAll(session.Prepare($"SELECT {Columns} {Join} WHERE d.id < $1 ORDER BY d.id DESC LIMIT $2").Bind(1, before).Bind(2, (long)most));
        },
        cancel);

    /// <summary>One delivery with its alert, or null.</summary>
    public async ValueTask<(AlertDelivery Delivery, Alert Alert)?> FindAsync(long id, CancellationToken cancel)
    {
        List<(AlertDelivery, Alert)> found = await database.ReadAsync(session => ReadAll(session.Prepare($"SELECT {Columns} {Join} WHERE d.id = $1").Bind(1, id)), cancel).ConfigureAwait(false);
        return found.Count > 0 ? found[0] : null;
    }

    /// <summary>Deliveries have ended.</summary>
    public Task EndAsync(IReadOnlyList<(long Id, DeliveryState State)> ended, string digest, string answer, long now) => database.WriteAsync(session =>
    {
        foreach ((long id, DeliveryState state) in ended)
        {
            session.Prepare("UPDATE alert_delivery SET state = $2, done = $3, attempts = attempts + $4, digest = $5, answer = $6 WHERE id = $1 AND state = 0")
                .Bind(1, id).Bind(2, (long)state).Bind(3, now).Bind(4, state is DeliveryState.Sent or DeliveryState.Failed ? 1L : 0L).Bind(5, digest).Bind(6, answer).Execute();
        }
    });

    /// <summary>Deliveries are tried again later.</summary>
    /// <param name="ids">Which.</param>
    /// <param name="due">When.</param>
    /// <param name="attempted">Whether this was an attempt.</param>
    /// <param name="held">Whether they wait for the end of a window or silence; null: as it was.</param>
    /// <param name="answer">What came of the attempt; empty: as it was.</param>
    public Task LaterAsync(IReadOnlyList<long> ids, long due, bool attempted, bool? held, string answer) => database.WriteAsync(session =>
    {
        foreach (long id in ids)
        {
            session.Prepare("UPDATE alert_delivery SET due = $2, attempts = attempts + $3, held = CASE WHEN $4 < 0 THEN held ELSE $4 END, answer = CASE WHEN $5 = '' THEN answer ELSE $5 END WHERE id = $1 AND state = 0")
                .Bind(1, id).Bind(2, due).Bind(3, attempted ? 1L : 0L).Bind(4, held is { } h ? (h ? 1L : 0L) : -1L).Bind(5, answer).Execute();
        }
    });

    /// <summary>A delivery that was given up is sent again.</summary>
    /// <returns>False where it was not given up.</returns>
    public Task<bool> AgainAsync(long id, long now) => database.WriteAsync(session =>
        session.Prepare("UPDATE alert_delivery SET state = 0, attempts = 0, created = $2, due = $2, done = NULL, held = 0 WHERE id = $1 AND state = $3").Bind(1, id).Bind(2, now).Bind(3, (long)DeliveryState.Failed).Execute() > 0);

    /// <summary>A window or silence has ended before its time: what waited for it is looked at again.</summary>
    public Task ReleaseAsync(long now) => database.WriteAsync(session => session.Prepare("UPDATE alert_delivery SET due = $1 WHERE state = 0 AND held = 1 AND due > $1").Bind(1, now).Execute());

    private static List<(AlertDelivery, Alert)> ReadAll(SqlStatement row)
    {
        var all = new List<(AlertDelivery, Alert)>();
        while (row.Read())
        {
            var delivery = new AlertDelivery(row.GetInt64(0), row.GetInt64(1), (DeliveryEvent)row.GetInt64(2), new DeliveryTarget((DeliveryChannel)row.GetInt64(3), row.GetString(4), row.GetString(5)))
            {
                State = (DeliveryState)row.GetInt64(6),
                IsHeld = row.GetBoolean(7),
                Attempts = row.GetInt32(8),
                Created = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(9)),
                Due = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(10)),
                Done = row.GetInt64OrNull(11) is { } done ? DateTimeOffset.FromUnixTimeMilliseconds(done) : null,
                Digest = row.GetString(12),
                Answer = row.GetString(13),
            };
            all.Add((delivery, AlertStore.Read(row, First)));
        }

        return all;
    }
}
