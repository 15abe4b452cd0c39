using System.Diagnostics;
using System.Globalization;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.Hub.Storage.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Hub.Tests.Storage;

/// <summary>kill -9 in the middle of writing: every acknowledged row is there and the database opens again.</summary>
public sealed class CrashTests
{
    private const string ChildVariable = "IOTXMPP_CRASH_CHILD";

    private const string Acknowledged = "acknowledged ";

    private static readonly Migration Rows = new("Crash", 1, "rows", "CREATE TABLE crash (id {long} NOT NULL PRIMARY KEY, content {blob} NOT NULL);");

    [Fact]
    public async Task Every_acknowledged_row_survives_kill_9()
    {
        string folder = Directory.CreateTempSubdirectory("iotxmpp-crash-").FullName;
        string path = Path.Combine(folder, "crash.db");
        try
        {
            var acknowledged = new HashSet<long>();
            for (int round = 0; round < 3; round++)
            {
                await WriteAndKillAsync(path, 2_000, acknowledged);
                await using SqliteDatabase database = SqliteDatabase.OpenFile(path, new StorageOptions(), NullLoggerFactory.Instance);
                HashSet<long> found = await database.ReadAsync(ReadAll);
                Assert.Empty(acknowledged.Except(found));
            }

            Assert.True(acknowledged.Count >= 6_000);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static HashSet<long> ReadAll(SqlSession session)
    {
        var found = new HashSet<long>();
        SqlStatement rows = session.Prepare("SELECT id FROM crash");
        while (rows.Read())
        {
            found.Add(rows.GetInt64(0));
        }

        return found;
    }

    /// <summary>Starts this assembly as the child below, reads what it acknowledges and kills it while it goes on writing.</summary>
    private static async Task WriteAndKillAsync(string path, int atLeast, HashSet<long> acknowledged)
    {
        string method = typeof(CrashTests).FullName + "." + nameof(Child_that_writes_until_it_is_killed);
        var start = new ProcessStartInfo("dotnet", [typeof(CrashTests).Assembly.Location, "-explicit", "only", "-method", method]) { RedirectStandardOutput = true };
        start.Environment[ChildVariable] = path;
        using Process child = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        int read = 0;
        try
        {
            while (await child.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                if (!line.StartsWith(Acknowledged, StringComparison.Ordinal))
                {
                    continue; // the runner's own lines
                }

                acknowledged.Add(long.Parse(line.AsSpan(Acknowledged.Length), CultureInfo.InvariantCulture));
                if (++read == atLeast)
                {
                    child.Kill(); // SIGKILL; what is still in the pipe was acknowledged too and is read to its end
                }
            }
        }
        finally
        {
            child.Kill();
        }

        await child.WaitForExitAsync(limit.Token);
        Assert.True(read >= atLeast, $"the child ended by itself after {read} rows");
    }

    /// <summary>Not a test: the process that <see cref="WriteAndKillAsync"/> starts. It writes for ever and prints the number of each acknowledged row.</summary>
    [Fact(Explicit = true)]
    public Task Child_that_writes_until_it_is_killed() =>
        Environment.GetEnvironmentVariable(ChildVariable) is { Length: > 0 } path
            ? WriteForEverAsync(path)
            : throw new InvalidOperationException(ChildVariable + " names no database.");

    private static async Task WriteForEverAsync(string path)
    {
        SqliteDatabase database = SqliteDatabase.OpenFile(path, new StorageOptions { CheckpointPages = 100 }, NullLoggerFactory.Instance);
        await database.MigrateAsync([Rows]);
        long next = (await database.ReadAsync(ReadAll)).DefaultIfEmpty(0).Max();
        await using Stream output = Console.OpenStandardOutput();
        byte[] content = new byte[300];
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                long id = Interlocked.Increment(ref next);
                await database.WriteAsync(s => s.Prepare("INSERT INTO crash (id, content) VALUES ($1, $2)").Bind(1, id).Bind(2, content).Execute());
                byte[] line = System.Text.Encoding.ASCII.GetBytes(Acknowledged + id.ToString(CultureInfo.InvariantCulture) + "\n");
                lock (gate)
                {
                    output.Write(line);
                    output.Flush();
                }
            }
        })));
    }
}
