using System.Text.Json;
using IotXmpp.Hub.Server;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Postgres;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace IotXmpp.Hub.Tests.Storage;

/// <summary>One database serves one hub: a second is refused, a crash is no obstacle, and who has lost the database writes no more.</summary>
public sealed class PostgresHoldTests : IAsyncLifetime
{
    private const string Holders = "SELECT application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 4945882";

    private readonly string _schema = "t" + Guid.NewGuid().ToString("N");
    private readonly List<string> _taken = [];
    private readonly ManualTime _clock = new();
    private NpgsqlConnection _admin = null!;
    private string _server = "";

    public async ValueTask InitializeAsync()
    {
        _server = Environment.GetEnvironmentVariable("IOTXMPP_TEST_POSTGRES") ?? "";
        Assert.SkipWhen(_server.Length == 0, "no PostgreSQL server: IOTXMPP_TEST_POSTGRES holds no connection string");
        _admin = await ConnectAsync(_server);
        await RunAsync($"CREATE SCHEMA {_schema}");
        await using ISqlDatabase tables = Open(hub: false);
        await tables.WriteAsync(s => s.ExecuteScript("CREATE TABLE written (who text NOT NULL)"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_admin is not null)
        {
            await RunAsync($"DROP SCHEMA {_schema} CASCADE");
            await _admin.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_second_hub_is_refused_and_told_of_the_first_until_that_has_gone()
    {
        await using (ISqlDatabase first = Open())
        {
            await WriteAsync(first, "first");
            StorageException refused = Assert.Throws<StorageException>(() => Open());
            Assert.Equal(StorageFailure.Busy, refused.Failure);
            Assert.Contains($"another hub uses this database (iotxmpp-hub {Environment.MachineName[..Math.Min(24, Environment.MachineName.Length)]} pid {Environment.ProcessId} ", refused.Message, StringComparison.Ordinal);
            await WriteAsync(first, "first again");
        }

        await using ISqlDatabase second = Open();
        await WriteAsync(second, "second");
        Assert.Equal("first, first again, second", await WrittenAsync());
        Assert.Empty(_taken);
    }

    [Fact]
    public async Task A_tool_writes_beside_a_hub_and_a_hub_in_another_schema_is_none_of_its_business()
    {
        string other = _schema + "b";
        await RunAsync($"CREATE SCHEMA {other}");
        await using (ISqlDatabase hub = Open())
        await using (ISqlDatabase tool = Open(hub: false))
        await using (ISqlDatabase neighbour = Open(schema: other))
        {
            await WriteAsync(tool, "tool");
            await WriteAsync(hub, "hub");
            await neighbour.WriteAsync(s => s.ExecuteScript("CREATE TABLE mine (id bigint)"));
        }

        await RunAsync($"DROP SCHEMA {other} CASCADE");
        Assert.Equal("tool, hub", await WrittenAsync());
    }

    [Fact]
    public async Task A_hub_that_crashed_is_followed_at_once_and_what_is_left_of_it_writes_nothing()
    {
        await using ISqlDatabase first = Open();
        await WriteAsync(first, "first");
        // What the server sees of a crash, or of a line that is cut: the connection ends.
        await EndAsync(await HolderAsync());
        await using ISqlDatabase second = Open();
        await WriteAsync(second, "second");
        for (int i = 0; i < 3; i++)
        {
            // The first finds its line dead, opens another, and then who has the database.
            StorageException lost = await Assert.ThrowsAsync<StorageException>(() => WriteUntilRefusedAsync(first));
            Assert.Contains("another hub uses this database", lost.Message, StringComparison.Ordinal);
        }

        Assert.Single(_taken);
        await WriteAsync(second, "second again");
        await second.DisposeAsync();
        // Also when the other has gone: what the first has in memory is old.
        await Assert.ThrowsAsync<StorageException>(() => WriteUntilRefusedAsync(first));
        Assert.Equal("first, second, second again", await WrittenAsync());
    }

    [Fact]
    public async Task A_line_that_is_lost_and_found_again_is_nothing()
    {
        await using ISqlDatabase hub = Open();
        await EndAsync(await HolderAsync());
        await WriteUntilStoredAsync(hub, "hub");
        Assert.Equal("hub", await WrittenAsync());
        Assert.Empty(_taken);
    }

    /// <summary>A cut line: this side knows, the server does not yet, and holds the lock for a connection that nobody uses.</summary>
    [Fact]
    public async Task A_connection_of_this_hub_that_the_server_takes_for_alive_is_in_nobody_s_way()
    {
        await using ISqlDatabase hub = Open(wait: TimeSpan.FromSeconds(60));
        string name = await HolderAsync();
        await using NpgsqlConnection stale = await ConnectAsync(new NpgsqlConnectionStringBuilder(_server) { SearchPath = _schema, ApplicationName = name, Pooling = false }.ConnectionString);
        await using var wait = new NpgsqlCommand("SELECT pg_advisory_lock(4945882, hashtext(current_schema()))", stale) { CommandTimeout = 0 };
        Task<int> waiting = wait.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        int own = stale.ProcessID;
        await using (var end = new NpgsqlCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND pid <> $2", _admin) { Parameters = { new() { Value = name }, new() { Value = own } } })
        {
            await end.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await waiting;
        await WriteUntilStoredAsync(hub, "hub");
        Assert.Equal("hub", await WrittenAsync());
        Assert.Empty(_taken);
    }

    [Fact]
    public async Task A_second_server_does_not_start_and_says_why_and_the_first_goes_on()
    {
        string settings = JsonSerializer.Serialize(new { Storage = new { Postgres = Settings(_schema), HubWait = "00:00:00.001" }, Security = new { Sasl = new { Iterations = 4096 } } });
        await using (HubHost first = await HubHost.StartAsync(settings))
        {
            await first.AddAccountAsync("alice", "secret");
            HubStartException refused = await Assert.ThrowsAsync<HubStartException>(() => HubHost.StartAsync(settings));
            Assert.Equal(1, refused.ExitCode);
            Assert.StartsWith("another hub uses this database (iotxmpp-hub ", refused.Message, StringComparison.Ordinal);
            await first.AddAccountAsync("bob", "secret");
            Assert.False(first.Server.EndRequested.IsCompleted);
        }

        await using HubHost second = await HubHost.StartAsync(settings);
        Assert.NotNull(await second.Server.Services.Accounts.FindAsync("bob", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_server_that_has_lost_its_database_to_another_asks_to_be_started_again()
    {
        string settings = JsonSerializer.Serialize(new { Storage = new { Postgres = Settings(_schema), HubWait = "00:00:00.001" }, Security = new { Sasl = new { Iterations = 4096 } } });
        await using HubHost first = await HubHost.StartAsync(settings);
        await EndAsync(await HolderAsync());
        // Its own clocks write now and then: whoever comes first has it.
        HubHost? second = null;
        while (second is null && !first.Server.EndRequested.IsCompleted)
        {
            try
            {
                second = await HubHost.StartAsync(settings);
            }
            catch (HubStartException)
            {
                if (await HolderAsync() is { Length: > 0 } holder)
                {
                    await EndAsync(holder);
                }
            }
        }

        Assert.NotNull(second);
        await using (second)
        {
            await Assert.ThrowsAsync<StorageException>(() => WriteUntilRefusedAsync(first.Server.Services.Database));
            Assert.True(await first.Server.EndRequested.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
            await second.AddAccountAsync("alice", "secret");
        }
    }

    private static Task WriteAsync(ISqlDatabase database, string who) => database.WriteAsync(s => s.Prepare("INSERT INTO written (who) VALUES ($1)").Bind(1, who).Execute());

    private static async Task<NpgsqlConnection> ConnectAsync(string server)
    {
        var connection = new NpgsqlConnection(server);
        await connection.OpenAsync();
        return connection;
    }

    // A write that meets a dead line fails as such, and the next finds out more.
    private static async Task WriteUntilRefusedAsync(ISqlDatabase database)
    {
        while (true)
        {
            try
            {
                await WriteAsync(database, "lost");
            }
            catch (StorageException e) when (e.Failure == StorageFailure.Io)
            {
            }
        }
    }

    private static async Task WriteUntilStoredAsync(ISqlDatabase database, string who)
    {
        for (int failures = 0; ; failures++)
        {
            try
            {
                await WriteAsync(database, who);
                return;
            }
            catch (StorageException e) when (e.Failure == StorageFailure.Io && failures < 5)
            {
            }
        }
    }

    private string Settings(string schema) => new NpgsqlConnectionStringBuilder(_server) { SearchPath = schema }.ConnectionString;

    private ISqlDatabase Open(bool hub = true, string? schema = null, TimeSpan wait = default) => PostgresDatabase.Open(
        new StorageOptions { Postgres = Settings(schema ?? _schema), HubWait = wait }, NullLoggerFactory.Instance, _clock, taken: hub ? _taken.Add : null);

    private async Task<string> HolderAsync()
    {
        await using var ask = new NpgsqlCommand($"{Holders} AND l.objid::bigint = (hashtext($1)::bigint & 4294967295)", _admin) { Parameters = { new() { Value = _schema } } };
        return (string?)await ask.ExecuteScalarAsync() ?? "";
    }

    private async Task EndAsync(string name)
    {
        Assert.NotEmpty(name);
        await using var end = new NpgsqlCommand("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = $1", _admin) { Parameters = { new() { Value = name } } };
        await end.ExecuteNonQueryAsync();
    }

    private Task<string> WrittenAsync() => ScalarAsync($"SELECT coalesce(string_agg(who, ', ' ORDER BY ctid), '') FROM {_schema}.written");

    private async Task<string> ScalarAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _admin);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    private async Task RunAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, _admin);
        await command.ExecuteNonQueryAsync();
    }
}
