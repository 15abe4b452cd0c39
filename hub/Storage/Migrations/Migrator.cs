using System.Globalization;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Storage.Migrations;

/// <summary>Applies migrations and records them in the table <c>migration</c>.</summary>
internal static class Migrator
{
    /// <summary>Runs inside one unit of work, so a failing migration leaves the database as it was.</summary>
    public static bool Apply(SqlSession session, IReadOnlyList<Migration> migrations, TimeProvider time, ILogger logger)
    {
        session.ExecuteScript(session.Dialect.Render("""
            CREATE TABLE IF NOT EXISTS migration (
                feature {text} NOT NULL, number {long} NOT NULL, name {text} NOT NULL, checksum {text} NOT NULL, applied {long} NOT NULL,
                PRIMARY KEY (feature, number)){keyonly};
            """));
        foreach (IGrouping<string, Migration> feature in migrations.GroupBy(m => m.Feature, StringComparer.Ordinal))
        {
            var applied = new Dictionary<int, string>();
            SqlStatement recorded = session.Prepare("SELECT number, checksum FROM migration WHERE feature = $1").Bind(1, feature.Key);
            while (recorded.Read())
            {
                applied.Add(recorded.GetInt32(0), recorded.GetString(1));
            }

            int expected = 1;
            foreach (Migration migration in feature.OrderBy(m => m.Number))
            {
                if (migration.Number != expected++)
                {
                    throw Wrong($"Migrations of {feature.Key} are not numbered 1, 2, 3…: {migration.Number.ToString(CultureInfo.InvariantCulture)} ({migration.Name}).");
                }

                if (applied.Remove(migration.Number, out string? checksum))
                {
                    if (checksum != migration.Checksum)
                    {
                        throw Wrong($"Migration {feature.Key} {migration.Number} ({migration.Name}) in the database is not the one of this program: the database was made by another version.");
                    }

                    continue;
                }

                session.ExecuteScript(session.Dialect.Render(migration.Sql));
                session.Prepare("INSERT INTO migration (feature, number, name, checksum, applied) VALUES ($1, $2, $3, $4, $5)")
                    .Bind(1, migration.Feature).Bind(2, migration.Number).Bind(3, migration.Name).Bind(4, migration.Checksum)
                    .Bind(5, time.GetUtcNow().ToUnixTimeMilliseconds()).Execute();
                StorageLog.Migrated(logger, migration.Feature, migration.Number, migration.Name);
            }

            if (applied.Count > 0)
            {
                throw Wrong($"The database has migration {feature.Key} {applied.Keys.Max()}, which this program does not know: it was used by a newer version.");
            }
        }

        return true;
    }

    private static StorageException Wrong(string message) => new(StorageFailure.Schema, message);
}
