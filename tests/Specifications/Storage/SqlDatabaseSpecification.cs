using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using Xunit;

namespace IotXmpp.Specifications.Storage;

/// <summary>What every database behind <see cref="ISqlDatabase"/> must do.</summary>
public abstract class SqlDatabaseSpecification : IAsyncLifetime
{
    private static readonly Migration Table = new("Specification", 1, "a table", """
        CREATE TABLE specification (id {identity}, name {text} NOT NULL UNIQUE, size {long}, content {blob});
        CREATE TABLE specification_key (name {text} NOT NULL PRIMARY KEY, parent {long} REFERENCES specification (id) ON DELETE CASCADE){keyonly};
        """);

    private ISqlDatabase? _database;

    /// <summary>The database under test, with the tables of this specification, empty.</summary>
    protected ISqlDatabase Database => _database ?? throw new InvalidOperationException("Not open.");

    /// <summary>Opens the database; the second call opens the same one again.</summary>
    protected abstract Task<ISqlDatabase> OpenAsync();

    /// <summary>False for a database that ends when it is closed.</summary>
    protected virtual bool Durable => true;

    /// <summary>Removes what <see cref="OpenAsync"/> made.</summary>
    protected abstract Task RemoveAsync();

    public async ValueTask InitializeAsync()
    {
        _database = await OpenAsync();
        await _database.MigrateAsync([Table]);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        await RemoveAsync();
    }

    [Fact]
    public async Task What_is_written_is_read()
    {
        byte[] content = [0, 1, 2, 0xFF, 0];
        long id = await Database.WriteAsync(s =>
        {
            SqlStatement insert = s.Prepare("INSERT INTO specification (name, size, content) VALUES ($1, $2, $3) RETURNING id")
                .Bind(1, "temperature °C \U0001F321").Bind(2, long.MinValue).Bind(3, content);
            Assert.True(insert.Read());
            return insert.GetInt64(0);
        });

        await Database.ReadAsync(s =>
        {
            SqlStatement row = s.Prepare("SELECT name, size, content, id FROM specification WHERE id = $1").Bind(1, id);
            Assert.True(row.Read());
            Assert.Equal("temperature °C \U0001F321", row.GetString(0));
            Assert.Equal(long.MinValue, row.GetInt64(1));
            Assert.Equal(content, row.GetBytes(2));
            Assert.Equal(id, row.GetInt64(3));
            Assert.False(row.Read());
            return true;
        });
    }

    [Fact]
    public async Task Null_and_empty_are_two_things()
    {
        await Database.WriteAsync(s =>
        {
            s.Prepare("INSERT INTO specification (name, size, content) VALUES ($1, $2, $3)").Bind(1, "").Bind(2, (long?)null).Bind(3, (byte[]?)null).Execute();
            s.Prepare("INSERT INTO specification (name, size, content) VALUES ($1, $2, $3)").Bind(1, "x").Bind(2, 0).Bind(3, Array.Empty<byte>()).Execute();
        });

        await Database.ReadAsync(s =>
        {
            SqlStatement rows = s.Prepare("SELECT name, size, content FROM specification ORDER BY name");
            Assert.True(rows.Read());
            Assert.False(rows.IsNull(0));
            Assert.Equal("", rows.GetString(0));
            Assert.Null(rows.GetInt64OrNull(1));
            Assert.True(rows.IsNull(2));
            Assert.True(rows.Read());
            Assert.Equal(0, rows.GetInt64OrNull(1));
            Assert.False(rows.IsNull(2));
            Assert.Empty(rows.GetBytes(2));
            return true;
        });
    }

    [Fact]
    public async Task A_parameter_may_come_twice_and_in_any_order()
    {
        long found = await Database.ReadAsync(s =>
        {
            SqlStatement sum = s.Prepare("SELECT CAST($2 AS BIGINT) * 10 + CAST($1 AS BIGINT) + CAST($2 AS BIGINT)").Bind(1, 3).Bind(2, 4);
            sum.Read();
            return sum.GetInt64(0);
        });
        Assert.Equal(47, found);
    }

    [Fact]
    public async Task Text_sorts_by_code_point()
    {
        await Database.WriteAsync(s =>
        {
            foreach (string name in new[] { "b", "B", "a", "_", "ä" })
            {
                Insert(s, name);
            }
        });
        Assert.Equal(["B", "_", "a", "b", "ä"], await NamesAsync());
    }

    [Fact]
    public async Task Changes_are_counted()
    {
        await Database.WriteAsync(s =>
        {
            Insert(s, "a");
            Insert(s, "b");
        });
        Assert.Equal(2, await Database.WriteAsync(s => s.Execute("UPDATE specification SET size = 1")));
        Assert.Equal(1, await Database.WriteAsync(s => s.Prepare("DELETE FROM specification WHERE name = $1").Bind(1, "a").Execute()));
        Assert.Equal(0, await Database.WriteAsync(s => s.Prepare("DELETE FROM specification WHERE name = $1").Bind(1, "a").Execute()));
    }

    [Fact]
    public async Task A_failing_unit_is_undone_as_a_whole()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Database.WriteAsync(s =>
        {
            Insert(s, "gone");
            throw new InvalidOperationException("the caller's own");
        }));
        Assert.Empty(await NamesAsync());
    }

    [Fact]
    public async Task A_failing_unit_does_not_fail_the_others_of_its_transaction()
    {
        // The first unit holds the writer, so that the rest is one batch.
        using var hold = new ManualResetEventSlim();
        Task first = Database.WriteAsync(_ => hold.Wait(TimeSpan.FromSeconds(60)));
        var good = new List<Task>();
        var bad = new List<Task>();
        for (int i = 0; i < 50; i++)
        {
            string name = "n" + i;
            good.Add(Database.WriteAsync(s => Insert(s, name)));
            bad.Add(Database.WriteAsync(s =>
            {
                Insert(s, name + "-undone");
                Insert(s, name); // the name is taken
            }));
        }

        hold.Set();
        await first;
        await Task.WhenAll(good);
        foreach (Task task in bad)
        {
            StorageException e = await Assert.ThrowsAsync<StorageException>(() => task);
            Assert.Equal(StorageFailure.Constraint, e.Failure);
        }

        Assert.Equal(50, (await NamesAsync()).Count);
    }

    [Fact]
    public async Task Units_run_in_the_order_of_the_calls_and_so_do_the_steps_after_the_commit()
    {
        var ran = new List<int>();
        var committed = new List<int>();
        var tasks = new List<Task>();
        for (int i = 0; i < 500; i++)
        {
            int n = i;
            tasks.Add(Database.WriteAsync(
                s =>
                {
                    ran.Add(n);
                    Insert(s, "n" + n);
                },
                () => committed.Add(n)));
        }

        await Task.WhenAll(tasks);
        Assert.Equal(Enumerable.Range(0, 500), ran);
        Assert.Equal(Enumerable.Range(0, 500), committed);
    }

    [Fact]
    public async Task What_awaits_in_order_goes_on_in_the_order_of_the_calls()
    {
        var order = new List<int>();
        await Task.WhenAll(Enumerable.Range(0, 500).Select(async n =>
        {
            await Database.WriteAsync(s => Insert(s, "n" + n), inOrder: true).ConfigureAwait(false);
            order.Add(n);
        }));
        Assert.Equal(Enumerable.Range(0, 500), order);
    }

    [Fact]
    public async Task The_step_after_the_commit_runs_when_the_row_can_be_read_and_not_at_all_when_the_unit_fails()
    {
        List<string>? seen = null;
        await Database.WriteAsync(s => Insert(s, "a"), () => seen = NamesAsync().AsTask().GetAwaiter().GetResult());
        Assert.Equal(["a"], seen);

        bool ran = false;
        await Assert.ThrowsAsync<StorageException>(() => Database.WriteAsync(s => Insert(s, "a"), () => ran = true));
        Assert.False(ran);
    }

    [Fact]
    public async Task A_cancelled_unit_that_has_not_begun_is_not_run()
    {
        using var hold = new ManualResetEventSlim();
        Task first = Database.WriteAsync(_ => hold.Wait(TimeSpan.FromSeconds(60)));
        using var cancel = new CancellationTokenSource();
        Task second = Database.WriteAsync(s => Insert(s, "cancelled"), cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        hold.Set();
        await first;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Empty(await NamesAsync());
    }

    [Fact]
    public async Task Foreign_keys_cascade_and_bind()
    {
        await Database.WriteAsync(s =>
        {
            SqlStatement insert = s.Prepare("INSERT INTO specification (name) VALUES ($1) RETURNING id").Bind(1, "parent");
            insert.Read();
            long id = insert.GetInt64(0);
            insert.Reset();
            s.Prepare("INSERT INTO specification_key (name, parent) VALUES ($1, $2)").Bind(1, "child").Bind(2, id).Execute();
        });
        StorageException e = await Assert.ThrowsAsync<StorageException>(() => Database.WriteAsync(s =>
            s.Prepare("INSERT INTO specification_key (name, parent) VALUES ($1, $2)").Bind(1, "orphan").Bind(2, 987654).Execute()));
        Assert.Equal(StorageFailure.Constraint, e.Failure);

        await Database.WriteAsync(s => s.Execute("DELETE FROM specification"));
        Assert.Equal(0, await Database.ReadAsync(s =>
        {
            SqlStatement count = s.Prepare("SELECT count(*) FROM specification_key");
            count.Read();
            return count.GetInt64(0);
        }));
    }

    [Fact]
    public async Task A_query_left_before_its_end_does_not_block()
    {
        await Database.WriteAsync(s =>
        {
            Insert(s, "a");
            Insert(s, "b");
        });
        for (int i = 0; i < 20; i++)
        {
            Assert.True(await Database.ReadAsync(s => s.Prepare("SELECT name FROM specification").Read()));
            Assert.True(await Database.WriteAsync(s => s.Prepare("SELECT name FROM specification").Read()));
        }

        await Database.WriteAsync(s => Insert(s, "c"));
        Assert.Equal(3, (await NamesAsync()).Count);
    }

    [Fact]
    public async Task Reads_beside_writes_see_only_whole_units()
    {
        using var stop = new CancellationTokenSource();
        Task writer = Task.Run(async () =>
        {
            for (int i = 0; i < 300; i++)
            {
                int n = i;
                await Database.WriteAsync(s =>
                {
                    Insert(s, "left" + n);
                    Insert(s, "right" + n);
                });
            }

            await stop.CancelAsync();
        });
        while (!stop.IsCancellationRequested)
        {
            Assert.Equal(0, (await NamesAsync()).Count % 2);
        }

        await writer;
    }

    [Fact]
    public async Task A_text_that_is_no_statement_fails_alone()
    {
        await Assert.ThrowsAsync<StorageException>(() => Database.WriteAsync(s => s.Execute("SELEKT 1")));
        await Assert.ThrowsAsync<StorageException>(async () => await Database.ReadAsync(s => s.Execute("SELECT nothing FROM nowhere")));
        await Database.WriteAsync(s => Insert(s, "a"));
        Assert.Equal(["a"], await NamesAsync());
    }

    [Fact]
    public async Task Migrations_run_once_and_in_order()
    {
        var second = new Migration("Specification", 2, "a column", "ALTER TABLE specification ADD COLUMN added {long} NOT NULL DEFAULT 7;");
        await Database.WriteAsync(s => Insert(s, "a"));
        await Database.MigrateAsync([second, Table]);
        await Database.MigrateAsync([Table, second]);
        Assert.Equal(7, await Database.ReadAsync(s =>
        {
            SqlStatement row = s.Prepare("SELECT added FROM specification");
            row.Read();
            return row.GetInt64(0);
        }));
    }

    [Fact]
    public async Task A_changed_migration_is_refused()
    {
        StorageException e = await Assert.ThrowsAsync<StorageException>(() => Database.MigrateAsync([Table with { Sql = Table.Sql + " " }]));
        Assert.Equal(StorageFailure.Schema, e.Failure);
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_refused()
    {
        var second = new Migration("Specification", 2, "more", "CREATE TABLE specification_more (id {identity});");
        await Database.MigrateAsync([Table, second]);
        StorageException e = await Assert.ThrowsAsync<StorageException>(() => Database.MigrateAsync([Table]));
        Assert.Equal(StorageFailure.Schema, e.Failure);
    }

    [Fact]
    public async Task A_gap_in_the_numbers_is_refused()
    {
        var third = new Migration("Specification", 3, "gap", "CREATE TABLE specification_gap (id {identity});");
        StorageException e = await Assert.ThrowsAsync<StorageException>(() => Database.MigrateAsync([Table, third]));
        Assert.Equal(StorageFailure.Schema, e.Failure);
    }

    [Fact]
    public async Task A_failing_migration_leaves_everything_as_it_was()
    {
        var broken = new Migration("Specification", 2, "broken", "CREATE TABLE specification_half (id {identity}); CREATE TABLE specification_half (id {identity});");
        await Assert.ThrowsAsync<StorageException>(() => Database.MigrateAsync([Table, broken]));
        var good = new Migration("Specification", 2, "good", "CREATE TABLE specification_half (id {identity});");
        await Database.MigrateAsync([Table, good]);
    }

    [Fact]
    public async Task What_is_acknowledged_is_there_after_opening_again()
    {
        if (!Durable)
        {
            return; // a database in memory ends with its object: nothing to promise
        }

        await Database.WriteAsync(s => Insert(s, "kept"));
        await Database.DisposeAsync();
        _database = await OpenAsync();
        await _database.MigrateAsync([Table]);
        Assert.Equal(["kept"], await NamesAsync());
    }

    [Fact]
    public async Task A_closed_database_says_so()
    {
        await Database.DisposeAsync();
        StorageException e = await Assert.ThrowsAsync<StorageException>(() => Database.WriteAsync(s => Insert(s, "late")));
        Assert.Equal(StorageFailure.Closed, e.Failure);
        e = await Assert.ThrowsAsync<StorageException>(async () => await NamesAsync());
        Assert.Equal(StorageFailure.Closed, e.Failure);
    }

    [Fact]
    public async Task Closing_waits_for_what_was_accepted()
    {
        Task[] writes = [.. Enumerable.Range(0, 200).Select(i => Database.WriteAsync(s => Insert(s, "n" + i)))];
        await Database.DisposeAsync();
        await Task.WhenAll(writes);
    }

    protected static void Insert(SqlSession session, string name) =>
        session.Prepare("INSERT INTO specification (name) VALUES ($1)").Bind(1, name).Execute();

    protected ValueTask<List<string>> NamesAsync() => Database.ReadAsync(s =>
    {
        var names = new List<string>();
        SqlStatement rows = s.Prepare("SELECT name FROM specification ORDER BY name");
        while (rows.Read())
        {
            names.Add(rows.GetString(0));
        }

        return names;
    });
}
