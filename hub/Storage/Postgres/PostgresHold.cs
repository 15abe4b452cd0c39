using System.Globalization;
using System.Security.Cryptography;
using Npgsql;

namespace IotXmpp.Hub.Storage.Postgres;

/// <summary>
/// Lets one hub alone write to a database (or a schema of it): an advisory lock on the connection that writes. It lasts exactly as long as that connection, so who lost the one has lost the other, and it is free
/// when the process that held it is gone, however that ended. Tools that only add or change rows beside a hub do without it.
/// </summary>
/// <param name="wait">How long a start waits for a hub that is just going.</param>
/// <param name="taken">Told once, with what is known of the other hub, when this one had the database and another has it now.</param>
internal sealed class PostgresHold(TimeSpan wait, Action<string> taken)
{
    /// <summary>The first half of the lock's key; the second is the schema's name as a number. Never changes: hubs of different versions must meet.</summary>
    private const int Key = 4_945_882;

    // 63 bytes are kept of an application's name.
    private const int HostChars = 24;

    private static readonly string s_lock = string.Create(CultureInfo.InvariantCulture, $"pg_advisory_lock({Key}, hashtext(current_schema()))");

    private static readonly string s_holder = string.Create(CultureInfo.InvariantCulture, $"""
        SELECT a.application_name, coalesce(host(a.client_addr), 'this machine'), a.backend_start FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.classid = {Key} AND l.objid::bigint = (hashtext(current_schema())::bigint & 4294967295)
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """);

    private bool _wasHeld;
    private volatile string? _lost;

    /// <summary>How the connection is called at the server: which hub it is, for people; and a word that no other process has.</summary>
    public string ApplicationName { get; } = string.Create(
        CultureInfo.InvariantCulture, $"iotxmpp-hub {Environment.MachineName[..Math.Min(Environment.MachineName.Length, HostChars)]} pid {Environment.ProcessId} {RandomNumberGenerator.GetHexString(8, lowercase: true)}");

    /// <summary>Takes the lock on a connection that was just opened.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Busy"/>: another hub has it.</exception>
    public void Take(NpgsqlConnection connection)
    {
        if (_lost is { } other)
        {
            throw new StorageException(StorageFailure.Busy, other); // for good: what this hub has in memory is old
        }

        if (_wasHeld)
        {
            // The server may not have noticed yet that the former connection of this process is dead.
            using NpgsqlCommand end = new("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()", connection) { Parameters = { new() { Value = ApplicationName } } };
            end.ExecuteNonQuery();
        }

        try
        {
            // A machine that lost its power says no farewell: the server asks, and lets the lock go after some 35 s.
            using NpgsqlCommand take = new(string.Create(CultureInfo.InvariantCulture, $"""
                SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;
                SET lock_timeout = {Math.Max(1, (long)wait.TotalMilliseconds)}; SELECT {s_lock}; SET lock_timeout = 0
                """), connection);
            take.ExecuteNonQuery();
            _wasHeld = true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            string message = $"another hub uses this database ({Holder(connection)}); a database serves one hub: end that one, or give this one a database or a schema of its own with --Storage:Postgres";
            if (_wasHeld)
            {
                _lost = message;
                taken(message);
            }

            throw new StorageException(StorageFailure.Busy, message, e);
        }
    }

    private static string Holder(NpgsqlConnection connection)
    {
        using NpgsqlCommand ask = new(s_holder, connection);
        using NpgsqlDataReader rows = ask.ExecuteReader();
        return rows.Read()
            ? string.Create(CultureInfo.InvariantCulture, $"{rows.GetString(0)}, from {rows.GetString(1)}, since {rows.GetDateTime(2).ToUniversalTime():yyyy-MM-dd'T'HH:mm:ss'Z'}")
            : "which has just gone";
    }
}
