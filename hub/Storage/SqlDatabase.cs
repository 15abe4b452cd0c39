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
    /// <exception cref="StorageException">It cannot be opened.</exception>
    public static ISqlDatabase Open(StorageOptions options, string dataFolder, ILoggerFactory loggers, Action<Action>? together = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Postgres.Length > 0
            ? PostgresDatabase.Open(options, loggers, together: together)
            : SqliteDatabase.OpenFile(Path.Combine(dataFolder, StorageOptions.FileName), options, loggers, together: together);
    }
}
