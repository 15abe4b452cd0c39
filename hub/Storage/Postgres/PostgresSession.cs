using System.Globalization;
using Npgsql;

namespace IotXmpp.Hub.Storage.Postgres;

/// <summary>One connection to PostgreSQL, used by one thread at a time. Npgsql prepares a text that comes up again by itself.</summary>
/// <param name="source">Opens connections.</param>
/// <param name="reconnecting">Told why when a lost connection is opened again.</param>
/// <param name="hold">Taken on each connection before it is used; null for one that others may use beside it.</param>
internal sealed class PostgresSession(NpgsqlDataSource source, Action<string> reconnecting, PostgresHold? hold = null) : WriterSession
{
    private const string UnitSavepoint = "unit";

    private readonly List<PostgresStatement> _open = [];
    private NpgsqlConnection? _connection;
    private NpgsqlTransaction? _transaction;

    public override SqlDialect Dialect => SqlDialect.Postgres;

    public override bool InTransaction => _transaction is not null && _connection is { FullState: System.Data.ConnectionState.Open };

    public override SqlStatement Prepare(string sql) => new PostgresStatement(this, sql);

    public override void ExecuteScript(string sql) => Do(() =>
    {
        using var command = new NpgsqlCommand(sql, Connection(), _transaction);
        command.ExecuteNonQuery();
    });

    public override void Begin() => Do(() => _transaction = Connection().BeginTransaction());

    public override void Commit() => Do(() =>
    {
        _transaction!.Commit();
        EndTransaction();
    });

    public override void Rollback()
    {
        if (_transaction is null)
        {
            return;
        }

        try
        {
            Do(() =>
            {
                if (InTransaction)
                {
                    _transaction.Rollback();
                }
            });
        }
        finally
        {
            EndTransaction();
        }
    }

    public override void Savepoint() => Do(() => _transaction!.Save(UnitSavepoint));

    public override void Release() => Do(() => _transaction!.Release(UnitSavepoint));

    public override void RollbackToSavepoint() => Do(() => _transaction!.Rollback(UnitSavepoint));

    public override void ResetStatements()
    {
        foreach (PostgresStatement statement in _open)
        {
            statement.Reset();
        }

        _open.Clear();
    }

    public override void Dispose()
    {
        ResetStatements();
        EndTransaction();
        _connection?.Dispose();
    }

    internal void Opened(PostgresStatement statement) => _open.Add(statement);

    internal NpgsqlCommand Command(string sql) => new(sql, Connection(), _transaction);

    internal static T Do<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (PostgresException e)
        {
            throw new StorageException(Reason(e.SqlState), $"PostgreSQL: {e.MessageText} ({e.SqlState})", e);
        }
        catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException or InvalidOperationException or ObjectDisposedException)
        {
            throw new StorageException(StorageFailure.Io, $"PostgreSQL: {e.Message}", e);
        }
    }

    // SQLSTATE classes: 23 integrity, 53100 disk full, 53 other resources, 40 and 55 locks, 08 and 57 connection, XX corruption
    private static StorageFailure Reason(string state) => state switch
    {
        "53100" => StorageFailure.Full,
        _ when state.StartsWith("23", StringComparison.Ordinal) => StorageFailure.Constraint,
        _ when state.StartsWith("53", StringComparison.Ordinal) => StorageFailure.Overloaded,
        _ when state.StartsWith("40", StringComparison.Ordinal) || state.StartsWith("55", StringComparison.Ordinal) => StorageFailure.Busy,
        _ when state.StartsWith("08", StringComparison.Ordinal) || state.StartsWith("57", StringComparison.Ordinal) || state.StartsWith("58", StringComparison.Ordinal) => StorageFailure.Io,
        _ when state.StartsWith("XX", StringComparison.Ordinal) => StorageFailure.Corrupt,
        _ => StorageFailure.Other,
    };

    private static void Do(Action action) => Do(() =>
    {
        action();
        return true;
    });

    private void EndTransaction()
    {
        _transaction?.Dispose();
        _transaction = null;
    }

    private NpgsqlConnection Connection()
    {
        if (_connection is { FullState: System.Data.ConnectionState.Open })
        {
            return _connection;
        }

        if (_connection is not null)
        {
            if (_transaction is not null)
            {
                throw new StorageException(StorageFailure.Io, "PostgreSQL: the line was lost inside a transaction.");
            }

            reconnecting(string.Create(CultureInfo.InvariantCulture, $"state {_connection.FullState}"));
            _connection.Dispose();
            _connection = null;
        }

        NpgsqlConnection opened = Do(source.OpenConnection);
        try
        {
            if (hold is not null)
            {
                Do(() => hold.Take(opened));
            }
        }
        catch (StorageException)
        {
            opened.Dispose();
            throw;
        }

        return _connection = opened;
    }
}
