using IotXmpp.Hub.Storage.Postgres;
using IotXmpp.Hub.Storage.Sqlite;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Storage;

/// <summary>Opens the database that the settings name.</summary>
public static class SqlDatabase
{
    /// <summary>PostgreSQL when <see cref="StorageOptions.Postgres"/> is set, else SQLite in the data folder.</summary>
    /// <param name="options">Validated settings.</param>
    /// <param name="dataFolder">An existing folder.</param>
    /// <param name="loggers">Where failures are told.</param>
    /// <param name="together">Runs what follows one commit, all of it in one call: so that what it sends can leave together. Null: it is run as it is.</param>
    /// <param name="taken">
    /// Given by a hub, which wants a database on a server for itself: opening fails while another hub has it. Called, once, when this one has lost it to another after the line to the server was lost: nothing is
    /// written any more, and the hub must end. Null for a tool beside a hub. A file is the data folder's, which has a lock of its own.
    /// </param>
    /// <exception cref="StorageException">It cannot be opened.</exception>
    public static ISqlDatabase Open(StorageOptions options, string dataFolder, ILoggerFactory loggers, Action<Action>? together = null, Action<string>? taken = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Postgres.Length > 0
            ? PostgresDatabase.Open(options, loggers, together: together, taken: taken)
            : SqliteDatabase.OpenFile(Path.Combine(dataFolder, StorageOptions.FileName), options, loggers, together: together);
    }
}
