using IotXmpp.Hub.Storage.Migrations;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IotXmpp.Hub.Storage.Postgres;

/// <summary>PostgreSQL: the same group commit (here it shares the server's sync and round trips), reads on pooled connections.</summary>
public sealed class PostgresDatabase : ISqlDatabase
{
    /// <summary>Statements that Npgsql keeps prepared a connection: more than all features have together.</summary>
    public const int AutoPrepareLimit = 256;

    /// <summary>How often a hub that has nothing to write looks whether it still has its database; default 15 s: what another hub does meanwhile is not done here too for longer.</summary>
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(15);

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlDataSource? _held;
    private readonly ITimer? _look;
    private readonly StorageOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly GroupCommitWriter _writer;
    private readonly SemaphoreSlim _readers;
    private volatile bool _closed;

    private PostgresDatabase(NpgsqlDataSource source, NpgsqlDataSource? held, PostgresSession writer, StorageOptions options, ILogger logger, TimeProvider time, Action<Action>? together)
    {
        _held = held;
        _source = source;
        _options = options;
        _logger = logger;
        _time = time;
        _readers = new SemaphoreSlim(options.Readers, options.Readers);
        _writer = new GroupCommitWriter(writer, options, logger, together: together);
        _look = held is null ? null : time.CreateTimer(_ => Look(), null, s_look, s_look);
    }

    /// <inheritdoc />
    public SqlDialect Dialect => SqlDialect.Postgres;

    /// <inheritdoc />
    public StorageFigures Figures => _writer.Figures;

    /// <summary>Connects to the server that <see cref="StorageOptions.Postgres"/> names.</summary>
    /// <param name="options">Validated settings.</param>
    /// <param name="loggers">Where failures are told.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="together">See <see cref="SqlDatabase.Open"/>.</param>
    /// <param name="taken">See <see cref="SqlDatabase.Open"/>.</param>
    /// <exception cref="StorageException">The connection string is bad or the server does not answer; or another hub has the database, where <paramref name="taken"/> is given.</exception>
    public static PostgresDatabase Open(StorageOptions options, ILoggerFactory loggers, TimeProvider? time = null, Action<Action>? together = null, Action<string>? taken = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ILogger logger = loggers.CreateLogger("IotXmpp.Hub.Storage");
        NpgsqlDataSource source;
        NpgsqlDataSource? held = null;
        PostgresHold? hold = taken is null ? null : new PostgresHold(options.HubWait, message =>
        {
            StorageLog.Taken(logger, message);
            taken(message);
        });
        NpgsqlConnectionStringBuilder settings;
        try
        {
            settings = new NpgsqlConnectionStringBuilder(options.Postgres)
            {
                MaxAutoPrepare = AutoPrepareLimit,
                AutoPrepareMinUsages = 2,
                MaxPoolSize = options.Readers + 2,
            };
            source = NpgsqlDataSource.Create(settings);
            if (hold is not null)
            {
                // Not from the pool, which would keep the connection, and the lock with it, when the hub has let it go.
                held = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, ApplicationName = hold.ApplicationName });
            }
        }
        catch (ArgumentException e)
        {
            throw new StorageException(StorageFailure.Other, $"Storage:Postgres is no connection string: {e.Message}", e);
        }

        var writer = new PostgresSession(held ?? source, reason => StorageLog.Reconnecting(logger, reason), hold);
        try
        {
            writer.ExecuteScript("SELECT 1");
        }
        catch (StorageException)
        {
            writer.Dispose();
            source.Dispose();
            held?.Dispose();
            throw;
        }

        StorageLog.Opened(logger, "PostgreSQL");
        return new PostgresDatabase(source, held, writer, options, logger, time ?? TimeProvider.System, together);
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
                    using var session = new PostgresSession(_source, reason => StorageLog.Reconnecting(_logger, reason));
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
        if (_look is not null)
        {
            await _look.DisposeAsync().ConfigureAwait(false);
        }

        await _writer.DisposeAsync().ConfigureAwait(false);
        await _source.DisposeAsync().ConfigureAwait(false);
        if (_held is not null)
        {
            await _held.DisposeAsync().ConfigureAwait(false);
        }
    }

    // A write like any other: a line that was lost is opened again, and with it comes who has the database now.
    private async void Look()
    {
        try
        {
            await WriteAsync(static session => session.Prepare("SELECT 1").Execute()).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // The writer has said so.
        }
    }
}
