using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.WebSessions;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.WebSessions;

/// <summary>How long somebody stays signed in at the pages, on either database.</summary>
public abstract class WebSessionSpecification : IAsyncLifetime
{
    private readonly TestKit.ManualTime _time = new();
    private ISqlDatabase _database = null!;
    private AccountService _accounts = null!;
    private WebSessionService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await OpenAsync();
        _accounts = new AccountService(new AccountStore(_database, _time), 4096);
        _service = new WebSessionService(new WebSessionStore(_database), _accounts, new WebSessionOptions { MaxPerAccount = 3 }, _time);
        foreach (string name in new[] { "alice", "bob" })
        {
            Assert.Equal(AccountOutcome.Done, await _accounts.CreateAsync(name, "pass word"));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _service.Dispose();
        await _database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_token_finds_its_session_and_the_database_has_no_token()
    {
        (string token, WebSession made) = await _service.CreateAsync("alice", "192.0.2.1", new string('x', 500));
        Assert.Equal(43, token.Length);
        WebSession found = (await _service.FindAsync(token))!;
        Assert.Equal((made.Id, "alice", "192.0.2.1", WebSessionService.MaxAgentChars), (found.Id, found.Account, found.Peer, found.Agent.Length));
        foreach (string wrong in new[] { "", token[..^1], token + "x", new string('a', 10_000), "' OR 1=1 --", token.ToUpperInvariant() })
        {
            Assert.Null(await _service.FindAsync(wrong));
        }

        byte[] kept = await _database.ReadAsync(session =>
        {
            SqlStatement row = session.Prepare("SELECT token FROM web_session");
            row.Read();
            byte[] bytes = row.GetBytes(0);
            row.Reset();
            return bytes;
        });
        Assert.Equal(32, kept.Length);
        Assert.DoesNotContain(token, System.Text.Encoding.Latin1.GetString(kept), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_ends_when_nobody_uses_it_and_after_its_longest_time_in_any_case()
    {
        (string token, _) = await _service.CreateAsync("alice", "", "");
        _time.Advance(TimeSpan.FromMinutes(30));
        WebSession session = (await _service.FindAsync(token))!;
        await _service.UseAsync(session);
        for (int i = 0; i < 23; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(30));
            Assert.NotNull(await _service.FindAsync(token));
            await _service.UseAsync(session);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await _service.FindAsync(token)); // 12 hours, though it was used all the time
        (token, _) = await _service.CreateAsync("alice", "", "");
        _time.Advance(TimeSpan.FromMinutes(30) + TimeSpan.FromSeconds(1));
        Assert.Null(await _service.FindAsync(token));
        Assert.Empty(await _service.ListAsync("alice"));
    }

    [Fact]
    public async Task What_was_used_is_known_after_a_restart_up_to_a_minute()
    {
        (string token, WebSession session) = await _service.CreateAsync("alice", "", "");
        _time.Advance(TimeSpan.FromMinutes(20));
        await _service.UseAsync(session);
        using var again = new WebSessionService(new WebSessionStore(_database), _accounts, new WebSessionOptions(), _time);
        _time.Advance(TimeSpan.FromMinutes(20));
        Assert.NotNull(await again.FindAsync(token));
    }

    [Fact]
    public async Task An_open_page_is_told_once_when_its_session_ends()
    {
        (_, WebSession session) = await _service.CreateAsync("alice", "", "");
        var told = new List<WebSessionEnd>();
        using IDisposable watch = _service.OnEnd(session, told.Add);
        _time.Advance(TimeSpan.FromMinutes(29));
        await _service.UseAsync(session);
        _time.Advance(TimeSpan.FromMinutes(29));
        Assert.Empty(told);
        _time.Advance(TimeSpan.FromMinutes(2));
        await TestKit.Wait.UntilAsync(() => told.Count > 0);
        Assert.Equal([WebSessionEnd.Expired], told);
        Assert.DoesNotContain(_time.Waiting, w => w > TimeSpan.Zero); // no clock runs for nobody
    }

    [Fact]
    public async Task A_new_password_or_a_disabled_account_lets_nobody_in_by_an_old_session()
    {
        (string token, _) = await _service.CreateAsync("alice", "", "");
        (string other, _) = await _service.CreateAsync("bob", "", "");
        _time.Advance(TimeSpan.FromSeconds(1));
        await _accounts.ChangePasswordAsync("alice", "another word");
        Assert.Null(await _service.FindAsync(token));
        Assert.NotNull(await _service.FindAsync(other));
        await _accounts.SetDisabledAsync("bob", true);
        Assert.Null(await _service.FindAsync(other));
        await _accounts.SetDisabledAsync("bob", false);
        Assert.Null(await _service.FindAsync(other)); // it is gone, not asleep
    }

    [Fact]
    public async Task Nobody_ends_somebody_elses_and_everywhere_means_all_but_one()
    {
        (string first, WebSession one) = await _service.CreateAsync("alice", "", "");
        _time.Advance(TimeSpan.FromSeconds(1));
        (string second, WebSession two) = await _service.CreateAsync("alice", "", "");
        Assert.False(await _service.EndAsync(one.Id, "bob"));
        Assert.False(await _service.EndAsync(long.MaxValue, "alice"));
        Assert.NotNull(await _service.FindAsync(first));
        _time.Advance(TimeSpan.FromSeconds(1));
        await _service.EndAllAsync("alice", except: two.Id);
        Assert.Null(await _service.FindAsync(first));
        Assert.NotNull(await _service.FindAsync(second));
    }

    [Fact]
    public async Task One_more_than_may_be_ends_the_one_that_was_used_longest_ago()
    {
        var tokens = new List<string>();
        for (int i = 0; i < 4; i++)
        {
            tokens.Add((await _service.CreateAsync("alice", "", "")).Token);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Null(await _service.FindAsync(tokens[0]));
        Assert.Equal(3, (await _service.ListAsync("alice")).Count);
        Assert.NotNull(await _service.FindAsync(tokens[3]));
    }

    protected abstract Task<ISqlDatabase> OpenAsync();
}

public sealed class SqliteWebSessionTests : WebSessionSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(AccountMigrations.All, WebSessionStore.Migrations);
}

public sealed class PostgresWebSessionTests : WebSessionSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(AccountMigrations.All, WebSessionStore.Migrations);
}
