using System.Collections.Concurrent;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.LastActivity;

/// <summary>When, why and with which presence accounts were last there, in SQL: the port <see cref="ILastSeen"/>. What is on its way to the disk is known already.</summary>
public sealed class LastSeenStore(ISqlDatabase database, ILogger<LastSeenStore> log) : ILastSeen
{
    private readonly ConcurrentDictionary<string, LastSeen> _pending = new(StringComparer.Ordinal);

    /// <summary>The table. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("LastActivity", 1, "when and how accounts were last there", "CREATE TABLE last_activity (name {text} NOT NULL PRIMARY KEY, at {long} NOT NULL, status {text} NOT NULL, presence {blob} NOT NULL){keyonly};"),
    ];

    /// <inheritdoc/>
    public async ValueTask<LastSeen?> FindAsync(string localpart, CancellationToken cancel = default) =>
        _pending.TryGetValue(localpart, out LastSeen? pending)
            ? pending
            : await database.ReadAsync(
                session =>
                {
                    SqlStatement row = session.Prepare("SELECT at, status, presence FROM last_activity WHERE name = $1").Bind(1, localpart);
                    return row.Read() ? new LastSeen(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), row.GetString(1), row.GetBytes(2)) : null;
                },
                cancel).ConfigureAwait(false);

    /// <summary>Notes that an account went; it is stored soon, since nobody was promised anything.</summary>
    public void Note(string localpart, LastSeen seen)
    {
        _pending[localpart] = seen;
        _ = StoreAsync(localpart, seen);
    }

    private async Task StoreAsync(string localpart, LastSeen seen)
    {
        try
        {
            await database.WriteAsync(sql => sql.Prepare("""
                INSERT INTO last_activity (name, at, status, presence) VALUES ($1, $2, $3, $4)
                ON CONFLICT (name) DO UPDATE SET at = excluded.at, status = excluded.status, presence = excluded.presence
                """).Bind(1, localpart).Bind(2, seen.At.ToUnixTimeMilliseconds()).Bind(3, seen.Status).Bind(4, seen.Presence).Execute()).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            LastActivityLog.NotStored(log, e, localpart);
        }
        finally
        {
            _pending.TryRemove(new KeyValuePair<string, LastSeen>(localpart, seen));
        }
    }
}

/// <summary>Logs of <see cref="LastSeenStore"/>.</summary>
internal static partial class LastActivityLog
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "When {Account} was last there is not stored")]
    public static partial void NotStored(ILogger log, Exception e, string account);
}
