using System.Collections.Concurrent;
using IotXmpp.Hub.Storage.Migrations;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Storage.Sqlite;

/// <summary>SQLite: one file in the data folder (WAL, synchronous=FULL), or a database in memory for tests.</summary>
public sealed class SqliteDatabase : ISqlDatabase
{
    private readonly string _path;
    private readonly StorageOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly GroupCommitWriter _writer;
    private readonly SemaphoreSlim _readers;
    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private readonly SqliteSession? _shared; // in memory: the writer's session also reads, in turns
    private readonly Lock? _turns;
    private volatile bool _closed;

    private SqliteDatabase(string path, bool memory, StorageOptions options, ILoggerFactory loggers, TimeProvider time, Action<Action>? together = null)
    {
        _path = path;
        _options = options;
        _logger = loggers.CreateLogger("IotXmpp.Hub.Storage");
        _time = time;
        var session = new SqliteSession(path, options, writer: true);
        if (memory)
        {
            _shared = session;
            _turns = new Lock();
        }

        _readers = new SemaphoreSlim(options.Readers, options.Readers);
        _writer = new GroupCommitWriter(session, options, _logger, _turns, together);
        StorageLog.Opened(_logger, path);
    }

    /// <inheritdoc />
    public SqlDialect Dialect => SqlDialect.Sqlite;

    /// <inheritdoc />
    public StorageFigures Figures => _writer.Figures;

    /// <summary>Opens the file, or makes it (readable by its owner only: it holds SCRAM keys).</summary>
    /// <exception cref="StorageException">It is no database, or cannot be opened.</exception>
    public static SqliteDatabase OpenFile(string path, StorageOptions options, ILoggerFactory loggers, TimeProvider? time = null, Action<Action>? together = null)
    {
        if (!OperatingSystem.IsWindows() && !File.Exists(path))
        {
            try
            {
                using FileStream made = new(path, new FileStreamOptions
                {
                    Mode = FileMode.OpenOrCreate,
                    Access = FileAccess.ReadWrite,
                    Share = FileShare.ReadWrite | FileShare.Delete,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                });
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new StorageException(StorageFailure.Io, $"The database file {path} cannot be made: {e.Message}", e);
            }
        }

        return new SqliteDatabase(path, memory: false, options, loggers, time ?? TimeProvider.System, together);
    }

    /// <summary>A database in memory: the same SQL, nothing durable. It ends with this object.</summary>
    public static SqliteDatabase OpenMemory(StorageOptions options, ILoggerFactory loggers, TimeProvider? time = null) =>
        new(":memory:", memory: true, options, loggers, time ?? TimeProvider.System);

    /// <inheritdoc />
    public Task<T> WriteAsync<T>(Func<SqlSession, T> unit, Action<T>? committed = null, bool inOrder = false, CancellationToken cancellationToken = default) =>
        _writer.WriteAsync(unit, committed, inOrder, cancellationToken);

    /// <inheritdoc />
    public ValueTask<T> ReadAsync<T>(Func<SqlSession, T> query, CancellationToken cancellationToken = default)
    {
        if (_closed)
        {
            return ValueTask.FromException<T>(new StorageException(StorageFailure.Closed, "The database is closed."));
        }

        if (_shared is not null)
        {
            lock (_turns!)
            {
                return ValueTask.FromResult(Query(_shared, query));
            }
        }

        return _readers.Wait(0, CancellationToken.None) ? ValueTask.FromResult(QueryOnReader(query)) : WaitAndReadAsync(query, cancellationToken);
    }

    /// <inheritdoc />
    public Task MigrateAsync(IEnumerable<Migration> migrations, CancellationToken cancellationToken = default)
    {
        Migration[] all = [.. migrations];
        return WriteAsync(session => Migrator.Apply(session, all, _time, _logger), cancellationToken: cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_closed)
        {
            return;
        }

        _closed = true;
        for (int i = 0; i < _options.Readers; i++)
        {
            // Running queries are short; one that is not must not stop the hub from closing.
            await _readers.WaitAsync(_options.ReaderWait).ConfigureAwait(false);
        }

        while (_idle.TryTake(out SqliteSession? reader))
        {
            reader.Dispose();
        }

        await _writer.DisposeAsync().ConfigureAwait(false); // last: closing the last connection folds the WAL into the file
    }

    private static T Query<T>(SqliteSession session, Func<SqlSession, T> query)
    {
        try
        {
            return query(session);
        }
        finally
        {
            session.ResetStatements();
        }
    }

    private async ValueTask<T> WaitAndReadAsync<T>(Func<SqlSession, T> query, CancellationToken cancellationToken)
    {
        if (!await _readers.WaitAsync(_options.ReaderWait, cancellationToken).ConfigureAwait(false))
        {
            throw new StorageException(StorageFailure.Overloaded, "No connection for reading became free.");
        }

        return QueryOnReader(query);
    }

    private T QueryOnReader<T>(Func<SqlSession, T> query)
    {
        try
        {
            if (!_idle.TryTake(out SqliteSession? session))
            {
                session = new SqliteSession(_path, _options, writer: false);
            }

            try
            {
                return Query(session, query);
            }
            finally
            {
                _idle.Add(session);
            }
        }
        finally
        {
            _readers.Release();
        }
    }
}
