using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Storage;

/// <summary>
/// The hub's one database. Writes of all features go through one writer that puts many callers' units into one transaction (group commit);
/// reads run beside it on connections of their own and see only what is committed.
/// </summary>
public interface ISqlDatabase : IAsyncDisposable
{
    /// <summary>The words in which this database differs.</summary>
    SqlDialect Dialect { get; }

    /// <summary>What the writer has done and has before it.</summary>
    StorageFigures Figures { get; }

    /// <summary>
    /// Runs a unit of work in the writer's next transaction, under a savepoint of its own: if it throws, its changes are undone, its task fails with what it threw,
    /// and the other units of the transaction are not touched.
    /// </summary>
    /// <param name="unit">Runs on the writer's thread: quick, no waiting, nothing but the session. Units run one after the other in the order of the calls.</param>
    /// <param name="committed">
    /// Runs after the transaction is durable, before the task completes, one at a time and in the order of the commits, off the writer's thread: the place to update a cache or
    /// to send what must follow the commit in order. Must not wait. What it throws makes the task fail.
    /// </param>
    /// <param name="inOrder">
    /// True: what awaits the task goes on at once, in the order of the commits, on the thread that completes them, so that answers leave in the order of the requests and no thread is
    /// woken for each. Only for callers that do little afterwards and never block.
    /// </param>
    /// <param name="cancellationToken">Takes the unit back as long as it has not begun.</param>
    /// <returns>Completes when the unit is durable.</returns>
    /// <exception cref="StorageException">It is not stored, or not known to be.</exception>
    Task<T> WriteAsync<T>(Func<SqlSession, T> unit, Action<T>? committed = null, bool inOrder = false, CancellationToken cancellationToken = default);

    /// <summary>Runs a query on a reader's connection, in one consistent snapshot for each statement. On SQLite it runs at once on the caller's thread when a reader is free.</summary>
    /// <exception cref="StorageException">It failed, or no reader became free in time.</exception>
    ValueTask<T> ReadAsync<T>(Func<SqlSession, T> query, CancellationToken cancellationToken = default);

    /// <summary>Brings the tables of the features to the newest state, in one transaction, and records it. Call it once before the features start.</summary>
    /// <exception cref="StorageException"><see cref="StorageFailure.Schema"/> when an applied migration is not the one this program has, or is unknown to it.</exception>
    Task MigrateAsync(IEnumerable<Migration> migrations, CancellationToken cancellationToken = default);
}

/// <summary>Short forms.</summary>
public static class SqlDatabaseExtensions
{
    /// <summary>Runs a unit of work that has no result. See <see cref="ISqlDatabase.WriteAsync"/>.</summary>
    public static Task WriteAsync(this ISqlDatabase database, Action<SqlSession> unit, Action? committed = null, bool inOrder = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(database);
        return database.WriteAsync(
            session =>
            {
                unit(session);
                return true;
            },
            committed is null ? null : _ => committed(),
            inOrder,
            cancellationToken);
    }
}
