using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.LastActivity;

/// <summary>When, why and with which presence accounts were last there, in SQL: the port <see cref="ILastSeen"/>. Nobody was promised it, so it is stored soon after, with others; what waits for that is known already.</summary>
public sealed class LastSeenStore : ILastSeen, IAsyncDisposable
{
    private readonly ISqlDatabase _database;
    private readonly LateWrites<LastSeen> _late;

    /// <param name="database">Where it is stored.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Where it is told that it could not be stored.</param>
    public LastSeenStore(ISqlDatabase database, TimeProvider time, ILogger<LastSeenStore> log)
    {
        _database = database;
        _late = new LateWrites<LastSeen>(time, LateWrites<LastSeen>.Usual, StoreAsync, e => LastActivityLog.NotStored(log, e));
    }

    /// <summary>The table. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("LastActivity", 1, "when and how accounts were last there", "CREATE TABLE last_activity (name {text} NOT NULL PRIMARY KEY, at {long} NOT NULL, status {text} NOT NULL, presence {blob} NOT NULL){keyonly};"),
    ];

    /// <inheritdoc/>
    public async ValueTask<LastSeen?> FindAsync(string localpart, CancellationToken cancel = default) =>
        _late.TryGet(localpart, out LastSeen? pending)
            ? pending
            : await _database.ReadAsync(
                session =>
                {
                    SqlStatement row = session.Prepare("SELECT at, status, presence FROM last_activity WHERE name = $1").Bind(1, localpart);
                    return row.Read() ? new LastSeen(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), row.GetString(1), row.GetBytes(2)) : null;
                },
                cancel).ConfigureAwait(false);

    /// <summary>Notes that an account went.</summary>
    public void Note(string localpart, LastSeen seen) => _late.Note(localpart, seen);

    /// <summary>Forgets an account.</summary>
    public Task RemoveAsync(string localpart) =>
        _late.ForgetAsync(localpart, () => _database.WriteAsync(sql => sql.Prepare("DELETE FROM last_activity WHERE name = $1").Bind(1, localpart).Execute()));

    /// <summary>Stores what waits.</summary>
    public ValueTask DisposeAsync() => _late.DisposeAsync();

    private Task StoreAsync(IReadOnlyCollection<KeyValuePair<string, LastSeen>> all) => _database.WriteAsync(sql =>
    {
        foreach ((string localpart, LastSeen seen) in all)
        {
            sql.Prepare("""
                INSERT INTO last_activity (name, at, status, presence) VALUES ($1, $2, $3, $4)
                ON CONFLICT (name) DO UPDATE SET at = excluded.at, status = excluded.status, presence = excluded.presence
                """).Bind(1, localpart).Bind(2, seen.At.ToUnixTimeMilliseconds()).Bind(3, seen.Status).Bind(4, seen.Presence).Execute();
        }
    });
}

/// <summary>Logs of <see cref="LastSeenStore"/>.</summary>
internal static partial class LastActivityLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "When accounts were last there is not stored yet")]
    public static partial void NotStored(ILogger log, Exception e);
}
