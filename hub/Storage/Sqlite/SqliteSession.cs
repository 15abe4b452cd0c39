using System.Globalization;
using SQLitePCL;

namespace IotXmpp.Hub.Storage.Sqlite;

/// <summary>
/// One SQLite connection, straight on the C API: a prepared insert costs its own work and no more (see the figures in this folder's README).
/// Used by one thread at a time.
/// </summary>
internal sealed class SqliteSession : WriterSession
{
    private readonly sqlite3 _db;
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);
    private readonly List<SqliteStatement> _open = [];
    private readonly int _statementLimit;
    private readonly string _name;

    static SqliteSession() => Batteries_V2.Init();

    /// <summary>Opens the connection.</summary>
    /// <param name="path">A file, or <c>:memory:</c>.</param>
    /// <param name="options">Sizes and waits.</param>
    /// <param name="writer">True: may create and change the file. False: reads only.</param>
    public SqliteSession(string path, StorageOptions options, bool writer)
    {
        _name = path;
        _statementLimit = options.StatementCacheLimit;
        int flags = raw.SQLITE_OPEN_NOMUTEX | (writer ? raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE : raw.SQLITE_OPEN_READWRITE);
        int rc = raw.sqlite3_open_v2(path, out _db, flags, null);
        if (rc != raw.SQLITE_OK)
        {
            StorageException failure = Failure(rc);
            _db?.Dispose();
            throw failure;
        }

        try
        {
            Check(raw.sqlite3_extended_result_codes(_db, 1));
            Check(raw.sqlite3_busy_timeout(_db, (int)options.BusyWait.TotalMilliseconds));
            string cache = (writer ? options.PageCacheKiB : Math.Max(64, options.PageCacheKiB / 8)).ToString(CultureInfo.InvariantCulture);
            ExecuteScript($"PRAGMA cache_size = -{cache}; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;");
            if (writer)
            {
                // WAL with synchronous=FULL syncs the log at every commit: what is acknowledged survives power loss. One sync serves the whole batch.
                ExecuteScript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864;");
                ExecuteScript("PRAGMA wal_autocheckpoint = " + options.CheckpointPages.ToString(CultureInfo.InvariantCulture) + ";");
                if (options.MaxSizeMiB > 0)
                {
                    long pages = Math.Max(1, (long)options.MaxSizeMiB * 1024 * 1024 / PageSize());
                    ExecuteScript("PRAGMA max_page_count = " + pages.ToString(CultureInfo.InvariantCulture) + ";");
                }
            }
            else
            {
                ExecuteScript("PRAGMA query_only = ON;");
            }
        }
        catch
        {
            _db.Dispose();
            throw;
        }
    }

    public override SqlDialect Dialect => SqlDialect.Sqlite;

    public override bool InTransaction => raw.sqlite3_get_autocommit(_db) == 0;

    public override SqlStatement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out SqliteStatement? statement))
        {
            if (_statements.Count >= _statementLimit)
            {
                foreach (SqliteStatement old in _statements.Values.Where(s => !s.IsOpen).ToArray())
                {
                    _statements.Remove(old.Sql);
                    old.Dispose();
                }
            }

            Check(raw.sqlite3_prepare_v2(_db, sql, out sqlite3_stmt prepared));
            statement = new SqliteStatement(this, prepared, sql);
            _statements.Add(sql, statement);
        }

        statement.Reset();
        return statement;
    }

    public override void ExecuteScript(string sql)
    {
        int rc = raw.sqlite3_exec(_db, sql, null, null, out string? _);
        Check(rc);
    }

    public override void Begin() => Execute("BEGIN IMMEDIATE");

    public override void Commit() => Execute("COMMIT");

    public override void Rollback()
    {
        if (InTransaction)
        {
            Execute("ROLLBACK");
        }
    }

    public override void Savepoint() => Execute("SAVEPOINT unit");

    public override void Release() => Execute("RELEASE unit");

    public override void RollbackToSavepoint()
    {
        Execute("ROLLBACK TO unit");
        Execute("RELEASE unit");
    }

    public override void ResetStatements()
    {
        for (int i = 0; i < _open.Count; i++)
        {
            _open[i].Close();
        }

        _open.Clear();
    }

    public override void Dispose()
    {
        foreach (SqliteStatement statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
        _db.Dispose();
    }

    internal void Opened(SqliteStatement statement) => _open.Add(statement);

    internal int Changes() => raw.sqlite3_changes(_db);

    internal void Check(int rc)
    {
        if (rc != raw.SQLITE_OK)
        {
            throw Failure(rc);
        }
    }

    internal StorageException Failure(int rc)
    {
        StorageFailure failure = (rc & 0xFF) switch
        {
            raw.SQLITE_FULL => StorageFailure.Full,
            raw.SQLITE_IOERR or raw.SQLITE_CANTOPEN or raw.SQLITE_READONLY => StorageFailure.Io,
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => StorageFailure.Busy,
            raw.SQLITE_CONSTRAINT => StorageFailure.Constraint,
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => StorageFailure.Corrupt,
            _ => StorageFailure.Other,
        };
        string reason = _db is null ? raw.sqlite3_errstr(rc).utf8_to_string() : raw.sqlite3_errmsg(_db).utf8_to_string();
        return new StorageException(failure, $"SQLite {_name}: {reason} ({rc.ToString(CultureInfo.InvariantCulture)})");
    }

    private long PageSize()
    {
        SqlStatement size = Prepare("PRAGMA page_size");
        size.Read();
        long bytes = size.GetInt64(0);
        size.Reset();
        return bytes;
    }
}
