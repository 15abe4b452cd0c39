using SQLitePCL;

namespace IotXmpp.Gateway;

/// <summary>SQLite did not do what it should; the message is its own.</summary>
public sealed class SampleStoreException : IOException
{
    /// <summary>Without a message.</summary>
    public SampleStoreException()
    {
    }

    /// <summary>With SQLite's words.</summary>
    public SampleStoreException(string message)
        : base(message)
    {
    }

    /// <summary>With SQLite's words and a cause.</summary>
    public SampleStoreException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether there is no room: the disk or the store's own bound.</summary>
    public bool IsFull { get; init; }

    /// <summary>Whether the file is damaged, or is no database.</summary>
    public bool IsDamaged { get; init; }
}

/// <summary>One connection to a SQLite file, on the C API: a prepared statement costs its own work and no more. Used by one thread at a time.</summary>
internal sealed class SqliteFile : IDisposable
{
    private readonly sqlite3 _db;
    private readonly Dictionary<string, sqlite3_stmt> _statements = new(StringComparer.Ordinal);
    private readonly string _path;

    static SqliteFile() => Batteries_V2.Init();

    /// <summary>Opens the file; the writer makes it when it is not there, readable by its owner only.</summary>
    /// <exception cref="SampleStoreException">It cannot be opened, or is no database.</exception>
    public SqliteFile(string path, bool writer, long maxBytes)
    {
        _path = path;
        if (writer && !File.Exists(path) && !OperatingSystem.IsWindows())
        {
            new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();
        }

        int rc = raw.sqlite3_open_v2(path, out _db, raw.SQLITE_OPEN_NOMUTEX | raw.SQLITE_OPEN_READWRITE | (writer ? raw.SQLITE_OPEN_CREATE : 0), null);
        try
        {
            Check(rc);
            Configure(writer, maxBytes);
        }
        catch
        {
            _db.Dispose();
            throw;
        }
    }

    /// <summary>The connection itself.</summary>
    public sqlite3 Handle => _db;

    /// <summary>Runs statements without values.</summary>
    public void Script(string sql) => Check(raw.sqlite3_exec(_db, sql));

    /// <summary>Prepares a statement, once, and binds its values by their order.</summary>
    public sqlite3_stmt Prepare(string sql, params ReadOnlySpan<long> values)
    {
        if (!_statements.TryGetValue(sql, out sqlite3_stmt? statement))
        {
            Check(raw.sqlite3_prepare_v2(_db, sql, out statement));
            _statements.Add(sql, statement);
        }

        raw.sqlite3_reset(statement);
        for (int i = 0; i < values.Length; i++)
        {
            Check(raw.sqlite3_bind_int64(statement, i + 1, values[i]));
        }

        return statement;
    }

    /// <summary>Goes to the next row.</summary>
    public bool Step(sqlite3_stmt statement)
    {
        int rc = raw.sqlite3_step(statement);
        if (rc is raw.SQLITE_ROW)
        {
            return true;
        }

        raw.sqlite3_reset(statement);
        if (rc != raw.SQLITE_DONE)
        {
            throw Failure(rc);
        }

        return false;
    }

    /// <summary>Runs a statement and says how many rows it changed.</summary>
    public int Run(string sql, params ReadOnlySpan<long> values)
    {
        sqlite3_stmt statement = Prepare(sql, values);
        while (Step(statement))
        {
        }

        return raw.sqlite3_changes(_db);
    }

    /// <summary>Undoes a transaction, if one is open.</summary>
    public void Rollback()
    {
        if (raw.sqlite3_get_autocommit(_db) == 0)
        {
            raw.sqlite3_exec(_db, "ROLLBACK");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (sqlite3_stmt statement in _statements.Values)
        {
            statement.Dispose();
        }

        _db.Dispose();
    }

    private void Check(int rc)
    {
        if (rc != raw.SQLITE_OK)
        {
            throw Failure(rc);
        }
    }

    private SampleStoreException Failure(int rc)
        => new($"{_path}: {raw.sqlite3_errmsg(_db).utf8_to_string()} ({rc})") { IsFull = (rc & 0xFF) is raw.SQLITE_FULL or raw.SQLITE_IOERR, IsDamaged = (rc & 0xFF) is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB };

    private void Configure(bool writer, long maxBytes)
    {
        Check(raw.sqlite3_busy_timeout(_db, 5000));
        if (writer)
        {
            // WAL with synchronous=FULL syncs the log at each commit: what was committed survives power loss.
            Script("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -2048;");
            Script($"PRAGMA max_page_count = {Math.Max(64, maxBytes / 4096)};");
        }
        else
        {
            Script("PRAGMA query_only = ON; PRAGMA cache_size = -512;");
        }
    }
}
