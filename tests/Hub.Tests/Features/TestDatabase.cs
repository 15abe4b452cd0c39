using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.Hub.Storage.Postgres;
using IotXmpp.Hub.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace IotXmpp.Hub.Tests.Features;

/// <summary>
/// The database of rule tests with a feature's tables: real SQLite in memory, or with <c>IOTXMPP_TEST_DATABASE=postgres</c> the server of <c>IOTXMPP_TEST_POSTGRES</c>, so that every suite can be
/// repeated on it.
/// </summary>
internal static class TestDatabase
{
    public static async Task<ISqlDatabase> OpenAsync(params IEnumerable<Migration>[] migrations)
    {
        ISqlDatabase database = Environment.GetEnvironmentVariable("IOTXMPP_TEST_DATABASE") == "postgres"
            ? await PostgresSchema.OpenAsync(Environment.GetEnvironmentVariable("IOTXMPP_TEST_POSTGRES") ?? throw new InvalidOperationException("IOTXMPP_TEST_POSTGRES is not set."))
            : SqliteDatabase.OpenMemory(new StorageOptions(), NullLoggerFactory.Instance);
        await database.MigrateAsync(migrations.SelectMany(m => m));
        return database;
    }

    /// <summary>The same on PostgreSQL, for specifications that run on both; skips where there is none.</summary>
    public static async Task<ISqlDatabase> OpenPostgresAsync(params IEnumerable<Migration>[] migrations)
    {
        string? server = Environment.GetEnvironmentVariable("IOTXMPP_TEST_POSTGRES");
        Xunit.Assert.SkipWhen(string.IsNullOrEmpty(server), "no PostgreSQL server: IOTXMPP_TEST_POSTGRES holds no connection string");
        ISqlDatabase database = await PostgresSchema.OpenAsync(server!);
        await database.MigrateAsync(migrations.SelectMany(m => m));
        return database;
    }

    /// <summary>A schema of its own, dropped at the end.</summary>
    private sealed class PostgresSchema(string server, string schema, ISqlDatabase database) : ISqlDatabase
    {
        public SqlDialect Dialect => database.Dialect;

        public StorageFigures Figures => database.Figures;

        public static async Task<ISqlDatabase> OpenAsync(string server)
        {
            string schema = "t" + Guid.NewGuid().ToString("N");
            await RunAsync(server, $"CREATE SCHEMA {schema}");
            var settings = new NpgsqlConnectionStringBuilder(server) { SearchPath = schema };
            return new PostgresSchema(server, schema, PostgresDatabase.Open(new StorageOptions { Postgres = settings.ConnectionString }, NullLoggerFactory.Instance));
        }

        public Task<T> WriteAsync<T>(Func<SqlSession, T> unit, Action<T>? committed = null, bool inOrder = false, CancellationToken cancellationToken = default) =>
            database.WriteAsync(unit, committed, inOrder, cancellationToken);

        public ValueTask<T> ReadAsync<T>(Func<SqlSession, T> query, CancellationToken cancellationToken = default) => database.ReadAsync(query, cancellationToken);

        public Task MigrateAsync(IEnumerable<Migration> migrations, CancellationToken cancellationToken = default) => database.MigrateAsync(migrations, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await database.DisposeAsync();
            await RunAsync(server, $"DROP SCHEMA {schema} CASCADE");
        }

        private static async Task RunAsync(string server, string sql)
        {
            await using var connection = new NpgsqlConnection(server);
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }
}

/// <summary>A clock that goes only when it is told to.</summary>
internal sealed class ManualTime : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;
}
