using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.Hub.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace IotXmpp.Hub.Tests.Features;

/// <summary>Real SQLite in memory with a feature's tables: the database of rule tests.</summary>
internal static class TestDatabase
{
    public static async Task<ISqlDatabase> OpenAsync(params IEnumerable<Migration>[] migrations)
    {
        ISqlDatabase database = SqliteDatabase.OpenMemory(new StorageOptions(), NullLoggerFactory.Instance);
        await database.MigrateAsync(migrations.SelectMany(m => m));
        return database;
    }
}

/// <summary>A clock that goes only when it is told to.</summary>
internal sealed class ManualTime : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;
}
