namespace IotXmpp.Hub.Storage;

/// <summary>
/// One connection while a unit of work runs on it. Valid only inside the delegate that got it, on the thread that runs the delegate.
/// </summary>
public abstract class SqlSession
{
    /// <summary>The words in which this database differs.</summary>
    public abstract SqlDialect Dialect { get; }

    /// <summary>
    /// The statement for this text, prepared once a connection and reused. The same text must not be in use twice at a time (a loop over its rows that prepares it again).
    /// </summary>
    /// <param name="sql">One statement with parameters <c>$1</c>, <c>$2</c>… Constant text: the cache keeps it.</param>
    /// <exception cref="StorageException">The text does not fit the schema.</exception>
    public abstract SqlStatement Prepare(string sql);

    /// <summary>Runs several statements without parameters, such as a migration. Not for hot paths.</summary>
    /// <exception cref="StorageException">One of them failed.</exception>
    public abstract void ExecuteScript(string sql);

    /// <summary>Prepares and runs a statement without parameters.</summary>
    /// <returns>The number of rows changed.</returns>
    public int Execute(string sql) => Prepare(sql).Execute();
}

/// <summary>A prepared statement. Parameters count from 1 as <c>$1</c> does, columns from 0. Bind all parameters before each run.</summary>
public abstract class SqlStatement
{
    /// <summary>Gives a parameter its number.</summary>
    public abstract SqlStatement Bind(int parameter, long value);

    /// <summary>Gives a parameter its number or SQL's null.</summary>
    public SqlStatement Bind(int parameter, long? value) => value is { } v ? Bind(parameter, v) : BindNull(parameter);

    /// <summary>Gives a parameter its truth as 0 or 1.</summary>
    public SqlStatement Bind(int parameter, bool value) => Bind(parameter, value ? 1L : 0L);

    /// <summary>Gives a parameter its text or SQL's null.</summary>
    public abstract SqlStatement Bind(int parameter, string? value);

    /// <summary>Gives a parameter its bytes, which are copied before this returns.</summary>
    public abstract SqlStatement Bind(int parameter, ReadOnlySpan<byte> value);

    /// <summary>Gives a parameter its bytes or SQL's null.</summary>
    public SqlStatement Bind(int parameter, byte[]? value) => value is null ? BindNull(parameter) : Bind(parameter, value.AsSpan());

    /// <summary>Gives a parameter SQL's null; the parameter's type is that of text.</summary>
    public SqlStatement BindNull(int parameter) => Bind(parameter, (string?)null);

    /// <summary>Runs the statement to its end.</summary>
    /// <returns>The number of rows inserted, updated or deleted.</returns>
    /// <exception cref="StorageException">It failed.</exception>
    public abstract int Execute();

    /// <summary>Goes to the first row, then to the next.</summary>
    /// <returns>False when there is no further row; the statement is then ready to run again.</returns>
    /// <exception cref="StorageException">It failed.</exception>
    public abstract bool Read();

    /// <summary>Ends a run early, so that the statement can run again in the same unit.</summary>
    public abstract void Reset();

    /// <summary>True when the column is SQL's null.</summary>
    public abstract bool IsNull(int column);

    /// <summary>A number.</summary>
    public abstract long GetInt64(int column);

    /// <summary>A number that fits 32 bits.</summary>
    public int GetInt32(int column) => checked((int)GetInt64(column));

    /// <summary>Truth kept as 0 or 1.</summary>
    public bool GetBoolean(int column) => GetInt64(column) != 0;

    /// <summary>Text; empty for SQL's null.</summary>
    public abstract string GetString(int column);

    /// <summary>Text or null.</summary>
    public string? GetStringOrNull(int column) => IsNull(column) ? null : GetString(column);

    /// <summary>A number or null.</summary>
    public long? GetInt64OrNull(int column) => IsNull(column) ? null : GetInt64(column);

    /// <summary>Bytes of their own (a copy); empty for SQL's null.</summary>
    public abstract byte[] GetBytes(int column);
}
