using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace IotXmpp.Hub.Tests.Storage;

public sealed class SqliteFaultTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("iotxmpp-fault-").FullName;

    private string Path => System.IO.Path.Combine(_folder, "fault.db");

    [Fact]
    public async Task A_full_database_fails_the_writes_tells_it_and_recovers()
    {
        var log = new RecordingLoggerFactory();
        await using SqliteDatabase database = SqliteDatabase.OpenFile(Path, new StorageOptions { MaxSizeMiB = 1 }, log);
        await database.WriteAsync(s => s.ExecuteScript("CREATE TABLE full_test (id INTEGER PRIMARY KEY, content BLOB)"));
        byte[] content = new byte[64 * 1024];
        Task[] writes = [.. Enumerable.Range(0, 64).Select(i => database.WriteAsync(s =>
            s.Prepare("INSERT INTO full_test (id, content) VALUES ($1, $2)").Bind(1, i).Bind(2, content).Execute()))];
        int failed = 0;
        foreach (Task write in writes)
        {
            try
            {
                await write;
            }
            catch (StorageException e)
            {
                Assert.Equal(StorageFailure.Full, e.Failure);
                Assert.True(e.IsResourceConstraint);
                failed++;
            }
        }

        long kept = await CountAsync(database);
        Assert.Equal(64, failed + kept); // what was acknowledged is there, what failed is not
        Assert.InRange(failed, 40, 64);
        Assert.Contains(log.Lines, l => l.StartsWith("Critical", StringComparison.Ordinal) && l.Contains("Full", StringComparison.Ordinal));

        await database.WriteAsync(s => s.Execute("DELETE FROM full_test"));
        await database.WriteAsync(s => s.Prepare("INSERT INTO full_test (id, content) VALUES (1000, $1)").Bind(1, content).Execute());
        Assert.Equal(1, await CountAsync(database));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        File.WriteAllText(Path, new string('x', 5000));
        StorageException e = Assert.Throws<StorageException>(() => SqliteDatabase.OpenFile(Path, new StorageOptions(), NullLoggerFactory.Instance));
        Assert.Equal(StorageFailure.Corrupt, e.Failure);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_refused()
    {
        StorageException e = Assert.Throws<StorageException>(() =>
            SqliteDatabase.OpenFile(System.IO.Path.Combine(_folder, "no", "such.db"), new StorageOptions(), NullLoggerFactory.Instance));
        Assert.Equal(StorageFailure.Io, e.Failure);
    }

    [Fact]
    public async Task A_database_locked_by_another_process_fails_the_write_after_the_busy_time_and_works_again()
    {
        var options = new StorageOptions { BusyWait = TimeSpan.FromMilliseconds(50) };
        await using SqliteDatabase database = SqliteDatabase.OpenFile(Path, options, NullLoggerFactory.Instance);
        await database.WriteAsync(s => s.ExecuteScript("CREATE TABLE full_test (id INTEGER PRIMARY KEY, content BLOB)"));
        using (var other = new SqliteSession(Path, options, writer: true))
        {
            other.Begin();
            StorageException e = await Assert.ThrowsAsync<StorageException>(() => database.WriteAsync(s => s.Execute("INSERT INTO full_test (id) VALUES (1)")));
            Assert.Equal(StorageFailure.Busy, e.Failure);
            other.Rollback();
        }

        await database.WriteAsync(s => s.Execute("INSERT INTO full_test (id) VALUES (1)"));
        Assert.Equal(1, await CountAsync(database));
    }

    [Fact]
    public async Task A_full_queue_fails_the_write_after_its_wait()
    {
        var options = new StorageOptions { WriteQueueLimit = 2, WriteQueueWait = TimeSpan.FromMilliseconds(50) };
        await using SqliteDatabase database = SqliteDatabase.OpenFile(Path, options, NullLoggerFactory.Instance);
        using var hold = new ManualResetEventSlim();
        Task first = database.WriteAsync(_ => hold.Wait(TimeSpan.FromSeconds(60)));
        Task second = database.WriteAsync(_ => { });
        StorageException e = await Assert.ThrowsAsync<StorageException>(() => database.WriteAsync(_ => { }));
        Assert.Equal(StorageFailure.Overloaded, e.Failure);
        hold.Set();
        await first;
        await second;
        await database.WriteAsync(_ => { });
    }

    [Fact]
    public async Task The_file_is_its_owners_only()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has other access rights");
            return;
        }

        await using SqliteDatabase database = SqliteDatabase.OpenFile(Path, new StorageOptions(), NullLoggerFactory.Instance);
        await database.WriteAsync(s => s.ExecuteScript("CREATE TABLE full_test (id INTEGER PRIMARY KEY)"));
        foreach (string file in Directory.GetFiles(_folder))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    [Fact]
    public async Task Many_callers_share_a_commit()
    {
        // By their number: a busy machine has made more of them where a commit has its time.
        await using SqliteDatabase database = SqliteDatabase.OpenFile(Path, new StorageOptions { BatchTime = TimeSpan.FromSeconds(5) }, NullLoggerFactory.Instance);
        await database.WriteAsync(s => s.ExecuteScript("CREATE TABLE full_test (id INTEGER PRIMARY KEY)"));
        using var hold = new ManualResetEventSlim();
        Task first = database.WriteAsync(_ => hold.Wait(TimeSpan.FromSeconds(60)));
        Task[] writes = [.. Enumerable.Range(0, 400).Select(i => database.WriteAsync(s => s.Prepare("INSERT INTO full_test (id) VALUES ($1)").Bind(1, i).Execute()))];
        long before = database.Figures.Commits;
        hold.Set();
        await first;
        await Task.WhenAll(writes);
        Assert.InRange(database.Figures.Commits - before, 1, 40);
    }

    [Fact]
    public void Every_setting_has_its_bounds()
    {
        Assert.Empty(new StorageOptions().Validate());
        var bad = new StorageOptions
        {
            WriteQueueLimit = 0,
            WriteQueueWait = TimeSpan.Zero,
            BatchUnits = 0,
            BatchTime = TimeSpan.Zero,
            Readers = 0,
            ReaderWait = TimeSpan.Zero,
            BusyWait = TimeSpan.FromSeconds(-1),
            PageCacheKiB = 1,
            CheckpointPages = 1,
            MaxSizeMiB = -1,
            StatementCacheLimit = 1,
        };
        Assert.Equal(11, bad.Validate().Count());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ValueTask<long> CountAsync(SqliteDatabase database) => database.ReadAsync(s =>
    {
        SqlStatement count = s.Prepare("SELECT count(*) FROM full_test");
        count.Read();
        return count.GetInt64(0);
    });

    private sealed class RecordingLoggerFactory : ILoggerFactory, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (Lines)
            {
                Lines.Add(logLevel + " " + formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
