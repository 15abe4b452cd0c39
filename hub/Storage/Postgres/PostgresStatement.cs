using Npgsql;
using NpgsqlTypes;

namespace IotXmpp.Hub.Storage.Postgres;

/// <summary>A statement for PostgreSQL.</summary>
internal sealed class PostgresStatement(PostgresSession session, string sql) : SqlStatement
{
    private readonly NpgsqlCommand _command = session.Command(sql);
    private NpgsqlDataReader? _reader;

    public override SqlStatement Bind(int parameter, long value) => Set(parameter, NpgsqlDbType.Bigint, value);

    public override SqlStatement Bind(int parameter, string? value) =>
        value is null ? Set(parameter, NpgsqlDbType.Unknown, DBNull.Value) : Set(parameter, NpgsqlDbType.Text, value);

    public override SqlStatement Bind(int parameter, ReadOnlySpan<byte> value) => Set(parameter, NpgsqlDbType.Bytea, value.ToArray());

    public override int Execute() => PostgresSession.Do(_command.ExecuteNonQuery);

    public override bool Read()
    {
        bool row = PostgresSession.Do(() =>
        {
            if (_reader is null)
            {
                _reader = _command.ExecuteReader();
                session.Opened(this);
            }

            return _reader.Read();
        });
        if (!row)
        {
            Reset();
        }

        return row;
    }

    public override void Reset()
    {
        _reader?.Dispose();
        _reader = null;
    }

    public override bool IsNull(int column) => _reader!.IsDBNull(column);

    public override long GetInt64(int column) => _reader!.GetFieldValue<long>(column);

    public override string GetString(int column) => IsNull(column) ? "" : _reader!.GetString(column);

    public override byte[] GetBytes(int column) => IsNull(column) ? [] : _reader!.GetFieldValue<byte[]>(column);

    private PostgresStatement Set(int parameter, NpgsqlDbType type, object value)
    {
        while (_command.Parameters.Count < parameter)
        {
            _command.Parameters.Add(new NpgsqlParameter());
        }

        NpgsqlParameter target = _command.Parameters[parameter - 1];
        target.NpgsqlDbType = type;
        target.Value = value;
        return this;
    }
}
