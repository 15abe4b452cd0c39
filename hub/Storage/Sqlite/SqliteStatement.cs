using System.Globalization;
using System.Text;
using SQLitePCL;

namespace IotXmpp.Hub.Storage.Sqlite;

/// <summary>A prepared statement of SQLite's.</summary>
internal sealed class SqliteStatement : SqlStatement, IDisposable
{
    /// <summary>Characters of a text that is converted on the stack (128, 384 bytes).</summary>
    private const int ShortText = 128;

    private readonly SqliteSession _session;
    private readonly sqlite3_stmt _statement;
    private readonly int[] _indexes; // $n is a name to SQLite: its index is the order of first use

    public SqliteStatement(SqliteSession session, sqlite3_stmt statement, string sql)
    {
        _session = session;
        _statement = statement;
        Sql = sql;
        int count = raw.sqlite3_bind_parameter_count(statement);
        _indexes = new int[count + 1];
        for (int i = 1; i <= count; i++)
        {
            _indexes[i] = raw.sqlite3_bind_parameter_index(statement, "$" + i.ToString(CultureInfo.InvariantCulture));
        }
    }

    public string Sql { get; }

    public bool IsOpen { get; private set; }

    public override SqlStatement Bind(int parameter, long value)
    {
        _session.Check(raw.sqlite3_bind_int64(_statement, _indexes[parameter], value));
        return this;
    }

    public override SqlStatement Bind(int parameter, string? value)
    {
        if (value is null)
        {
            _session.Check(raw.sqlite3_bind_null(_statement, _indexes[parameter]));
        }
        else if (value.Length is > 0 and <= ShortText)
        {
            // Names and addresses: SQLite copies them, so no array is needed in between.
            Span<byte> utf8 = stackalloc byte[ShortText * 3];
            _session.Check(raw.sqlite3_bind_text(_statement, _indexes[parameter], utf8[..Encoding.UTF8.GetBytes(value, utf8)]));
        }
        else
        {
            _session.Check(raw.sqlite3_bind_text(_statement, _indexes[parameter], value));
        }

        return this;
    }

    public override SqlStatement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        _session.Check(value.IsEmpty
            ? raw.sqlite3_bind_zeroblob(_statement, _indexes[parameter], 0)
            : raw.sqlite3_bind_blob(_statement, _indexes[parameter], value));
        return this;
    }

    public override int Execute()
    {
        int rc;
        do
        {
            rc = raw.sqlite3_step(_statement);
        }
        while (rc == raw.SQLITE_ROW);

        if (rc != raw.SQLITE_DONE)
        {
            throw Failed(rc);
        }

        int changes = _session.Changes();
        raw.sqlite3_reset(_statement);
        return changes;
    }

    public override bool Read()
    {
        if (!IsOpen)
        {
            IsOpen = true;
            _session.Opened(this);
        }

        int rc = raw.sqlite3_step(_statement);
        switch (rc)
        {
            case raw.SQLITE_ROW:
                return true;
            case raw.SQLITE_DONE:
                raw.sqlite3_reset(_statement);
                return false;
            default:
                throw Failed(rc);
        }
    }

    public override void Reset() => raw.sqlite3_reset(_statement);

    /// <summary>Ends the run and lets go of large values.</summary>
    public void Close()
    {
        raw.sqlite3_reset(_statement);
        IsOpen = false;
    }

    public override bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public override long GetInt64(int column) => raw.sqlite3_column_int64(_statement, column);

    public override string GetString(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string() ?? "";

    public override byte[] GetBytes(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    public void Dispose() => _statement.Dispose();

    private StorageException Failed(int rc)
    {
        StorageException failure = _session.Failure(rc);
        raw.sqlite3_reset(_statement);
        return failure;
    }
}
