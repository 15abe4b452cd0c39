using IotXmpp.Hub.Storage.Migrations;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IotXmpp.Hub.Storage.Postgres;

/// <summary>PostgreSQL: the same group commit (here it shares the server's sync and round trips), reads on pooled connections.</summary>
public sealed class PostgresDatabase : ISqlDatabase
{
    /// <summary>Statements that Npgsql keeps prepared a connection: more than all features have together.</summary>
    public const int AutoPrepareLimit = 256;

    private readonly NpgsqlDataSource _source;
    private readonly StorageOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly GroupCommitWriter _writer;
    private readonly SemaphoreSlim _readers;
    private volatile bool _closed;

    private PostgresDatabase(NpgsqlDataSource source, StorageOptions options, ILogger logger, TimeProvider time, Action<Action>? together)
    {
        _source = source;
        _options = options;
        _logger = logger;
        _time = time;
        _readers = new SemaphoreSlim(options.Readers, options.Readers);
        _writer = new GroupCommitWriter(NewSession(), options, logger, together: together);
    }

    /// <inheritdoc />
    public SqlDialect Dialect => SqlDialect.Postgres;

    /// <inheritdoc />
    public StorageFigures Figures => _writer.Figures;

    /// <summary>Connects to the server that <see cref="StorageOptions.Postgres"/> names.</summary>
    /// <exception cref="StorageException">The connection string is bad or the server does not answer.</exception>
    public static PostgresDatabase Open(StorageOptions options, ILoggerFactory loggers, TimeProvider? time = null, Action<Action>? together = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ILogger logger = loggers.CreateLogger("IotXmpp.Hub.Storage");
        NpgsqlDataSource source;
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(options.Postgres)
            {
                MaxAutoPrepare = AutoPrepareLimit,
                AutoPrepareMinUsages = 2,
                MaxPoolSize = options.Readers + 2,
            };
            source = NpgsqlDataSource.Create(settings);
        }
        catch (ArgumentException e)
        {
            throw new StorageException(StorageFailure.Other, $"Storage:Postgres is no connection string: {e.Message}", e);
        }

        try
        {
            using var probe = new PostgresSession(source, _ => { });
            probe.ExecuteScript("SELECT 1");
        }
        catch (StorageException)
        {
            source.Dispose();
            throw;
        }

        StorageLog.Opened(logger, "PostgreSQL");
        return new PostgresDatabase(source, options, logger, time ?? TimeProvider.System, together);
    }

    /// <inheritdoc />
    public Task<T> WriteAsync<T>(Func<SqlSession, T> unit, Action<T>? committed = null, bool inOrder = false, CancellationToken cancellationToken = default) =>
        _writer.WriteAsync(unit, committed, inOrder, cancellationToken);

    /// <inheritdoc />
    public async ValueTask<T> ReadAsync<T>(Func<SqlSession, T> query, CancellationToken cancellationToken = default)
    {
        if (_closed)
        {
            throw new StorageException(StorageFailure.Closed, "The database is closed.");
        }

        if (!await _readers.WaitAsync(_options.ReaderWait, cancellationToken).ConfigureAwait(false))
        {
            throw new StorageException(StorageFailure.Overloaded, "No connection for reading became free.");
        }

        try
        {
            // A query waits for the server: off the caller's thread, and never more than Readers of them.
            return await Task.Run(
                () =>
                {
                    using PostgresSession session = NewSession();
                    return query(session);
                },
                cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _readers.Release();
        }
    }

    /// <inheritdoc />
    public Task MigrateAsync(IEnumerable<Migration> migrations, CancellationToken cancellationToken = default)
    {
        Migration[] all = [.. migrations];
        return WriteAsync(
            session =>
            {
                // Two hubs that start together: one migrates, the other waits here and then finds it done.
                session.ExecuteScript("SELECT pg_advisory_xact_lock(4945881)");
                return Migrator.Apply(session, all, _time, _logger);
            },
            cancellationToken: cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        await _writer.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
    }

    private PostgresSession NewSession() => new(_source, reason => StorageLog.Reconnecting(_logger, reason));
}
