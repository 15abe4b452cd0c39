using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Postgres;
using IotXmpp.Hub.Storage.Sqlite;
using IotXmpp.Specifications.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace IotXmpp.Hub.Tests.Storage;

public sealed class SqliteFileDatabaseTests : SqlDatabaseSpecification
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iotxmpp-sql-").FullName;

    protected override Task<ISqlDatabase> OpenAsync() =>
        Task.FromResult<ISqlDatabase>(SqliteDatabase.OpenFile(Path.Combine(_folder, "test.db"), new StorageOptions(), NullLoggerFactory.Instance));

    protected override Task RemoveAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }
}

public sealed class SqliteMemoryDatabaseTests : SqlDatabaseSpecification
{
    protected override bool Durable => false;

    protected override Task<ISqlDatabase> OpenAsync() =>
        Task.FromResult<ISqlDatabase>(SqliteDatabase.OpenMemory(new StorageOptions(), NullLoggerFactory.Instance));

    protected override Task RemoveAsync() => Task.CompletedTask;
}

/// <summary>Runs where IOTXMPP_TEST_POSTGRES is a connection string; each test has a schema of its own.</summary>
public sealed class PostgresDatabaseTests : SqlDatabaseSpecification
{
    private readonly string _schema = "t" + Guid.NewGuid().ToString("N");
    private bool _made;

    protected override async Task<ISqlDatabase> OpenAsync()
    {
        string? server = Environment.GetEnvironmentVariable("IOTXMPP_TEST_POSTGRES");
        Assert.SkipWhen(string.IsNullOrEmpty(server), "no PostgreSQL server: IOTXMPP_TEST_POSTGRES holds no connection string");
        if (!_made)
        {
            await AdministerAsync(server!, $"CREATE SCHEMA {_schema}");
            _made = true;
        }

        var settings = new NpgsqlConnectionStringBuilder(server) { SearchPath = _schema };
        return PostgresDatabase.Open(new StorageOptions { Postgres = settings.ConnectionString }, NullLoggerFactory.Instance);
    }

    protected override Task RemoveAsync() =>
        _made ? AdministerAsync(Environment.GetEnvironmentVariable("IOTXMPP_TEST_POSTGRES")!, $"DROP SCHEMA {_schema} CASCADE") : Task.CompletedTask;

    private static async Task AdministerAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
