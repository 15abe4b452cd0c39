using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.ApiTokens;

/// <summary>The rules of tokens, on each database.</summary>
public abstract class ApiTokenServiceSpecification : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly ApiTokenOptions _options = new() { MaxTokens = 3 };
    private ISqlDatabase _database = null!;
    private AccountService _accounts = null!;
    private ApiTokenService _tokens = null!;

    protected abstract Task<ISqlDatabase> OpenAsync();

    public async ValueTask InitializeAsync()
    {
        _database = await OpenAsync();
        Restart();
        await _accounts.CreateAsync("alice", "secret of alice");
        await _accounts.CreateAsync("bob", "secret of bob");
        await _accounts.CreateAsync("root", "secret of root", administrator: true);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _database?.DisposeAsync() ?? default;
    }

    [Fact]
    public async Task A_token_is_shown_once_and_found_again_by_its_hash_alone()
    {
        NewApiToken made = await MakeAsync("alice");
        Assert.Matches("^iotx_[0-9A-Za-z]{49}$", made.Secret);
        ApiPrincipal principal = (await _tokens.AuthenticateAsync(made.Secret!))!;
        Assert.Equal(("alice@example.org", false, made.Token!.Id), (principal.Account.ToString(), principal.IsAdministrator, principal.TokenId));
        Restart();
        Assert.NotNull(await _tokens.AuthenticateAsync(made.Secret!));
        List<string> kept = await _database.ReadAsync(session =>
        {
            var cells = new List<string>();
            SqlStatement row = session.Prepare("SELECT hash, id, account, name, scopes FROM api_token");
            while (row.Read())
            {
                cells.AddRange([Convert.ToHexString(row.GetBytes(0)), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4)]);
            }

            return cells;
        });
        Assert.DoesNotContain(kept, cell => cell.Contains(made.Secret![5..20], StringComparison.Ordinal));
        Assert.Contains(Convert.ToHexString(ApiTokenText.Hash(made.Secret!)), kept);
    }

    [Fact]
    public async Task It_ends_with_its_time()
    {
        NewApiToken made = await MakeAsync("alice", lifetime: TimeSpan.FromHours(1));
        _time.Now += TimeSpan.FromMinutes(59);
        Assert.NotNull(await _tokens.AuthenticateAsync(made.Secret!));
        _time.Now += TimeSpan.FromMinutes(1);
        Assert.Null(await _tokens.AuthenticateAsync(made.Secret!));
        Assert.Single(await _tokens.ListAsync("alice")); // listed still
        _time.Now += TimeSpan.FromDays(31);
        await _tokens.SweepAsync();
        Assert.Empty(await _tokens.ListAsync("alice"));
    }

    [Fact]
    public async Task It_ends_at_once_when_it_is_revoked_here_or_by_another_process()
    {
        NewApiToken here = await MakeAsync("alice");
        NewApiToken there = await MakeAsync("alice");
        string? told = null;
        _tokens.Revoked += id => told = id;
        Assert.Equal(ApiTokenOutcome.NotFound, await _tokens.RevokeAsync(here.Token!.Id, "bob")); // not his
        Assert.NotNull(await _tokens.AuthenticateAsync(here.Secret!));
        Assert.Equal(ApiTokenOutcome.Done, await _tokens.RevokeAsync(here.Token.Id, "alice"));
        Assert.Equal(here.Token.Id, told);
        Assert.Null(await _tokens.AuthenticateAsync(here.Secret!));
        Assert.Equal(ApiTokenOutcome.NotFound, await _tokens.RevokeAsync(here.Token.Id, "alice"));
        await Other().RevokeAsync(there.Token!.Id, null);
        Assert.Null(await _tokens.AuthenticateAsync(there.Secret!));
    }

    [Fact]
    public async Task It_ends_with_the_password_and_sleeps_with_the_account()
    {
        NewApiToken made = await MakeAsync("alice");
        ApiPrincipal before = (await _tokens.AuthenticateAsync(made.Secret!))!;
        await _accounts.SetDisabledAsync("alice", true);
        Assert.Null(await _tokens.AuthenticateAsync(made.Secret!));
        Assert.Null(await _tokens.StillAsync(before));
        await _accounts.SetDisabledAsync("alice", false);
        Assert.NotNull(await _tokens.AuthenticateAsync(made.Secret!));
        _time.Now += TimeSpan.FromSeconds(1);
        await _accounts.ChangePasswordAsync("alice", "another secret");
        Assert.Null(await _tokens.AuthenticateAsync(made.Secret!));
    }

    [Fact]
    public async Task A_setting_lets_it_outlive_the_password()
    {
        _options.EndWithPassword = false;
        NewApiToken made = await MakeAsync("alice");
        _time.Now += TimeSpan.FromSeconds(1);
        await _accounts.ChangePasswordAsync("alice", "another secret");
        Assert.NotNull(await _tokens.AuthenticateAsync(made.Secret!));
    }

    [Fact]
    public async Task Who_gets_the_name_of_a_removed_account_gets_nothing_of_its_tokens()
    {
        NewApiToken made = await MakeAsync("alice");
        await _accounts.RemoveAsync("alice");
        Assert.Null(await _tokens.AuthenticateAsync(made.Secret!));
        await new AccountStore(_database, _time).LeftAsync("alice");
        _time.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(AccountOutcome.Done, await _accounts.CreateAsync("alice", "somebody else"));
        Assert.Null(await _tokens.AuthenticateAsync(made.Secret!));
        _options.EndWithPassword = false;
        Assert.Null(await _tokens.AuthenticateAsync(made.Secret!));
    }

    [Theory]
    [InlineData("accounts:admin")]
    [InlineData("hub:read")]
    public async Task What_is_for_administrators_is_given_to_them_and_gone_with_the_role(string scope)
    {
        Assert.Equal(ApiTokenOutcome.Forbidden, (await MakeAsync("alice", scopes: [scope])).Outcome);
        NewApiToken made = await MakeAsync("root", scopes: [scope]);
        Assert.True((await _tokens.AuthenticateAsync(made.Secret!))!.Has(scope));
        await _accounts.SetAdministratorAsync("root", false);
        Assert.False((await _tokens.AuthenticateAsync(made.Secret!))!.Has(scope));
    }

    [Fact]
    public async Task A_token_makes_none_that_may_more_or_lasts_longer_than_itself()
    {
        NewApiToken made = await MakeAsync("alice", TimeSpan.FromDays(2), ApiScope.TokensWrite, ApiScope.ThingsRead);
        ApiPrincipal by = (await _tokens.AuthenticateAsync(made.Secret!))!;
        Assert.Equal(ApiTokenOutcome.Forbidden, (await _tokens.CreateAsync("alice", "more", [ApiScope.HistoryRead], by: by)).Outcome);
        NewApiToken child = await _tokens.CreateAsync("alice", "less", [ApiScope.ThingsRead], TimeSpan.FromDays(30), by);
        Assert.Equal(made.Token!.Expires, child.Token!.Expires);
    }

    [Theory]
    [InlineData("", "things:read", ApiTokenOutcome.BadName)]
    [InlineData("a\nb", "things:read", ApiTokenOutcome.BadName)]
    [InlineData("n", "", ApiTokenOutcome.BadScope)]
    [InlineData("n", "things:*x", ApiTokenOutcome.BadScope)]
    [InlineData("n", "nothing:*", ApiTokenOutcome.BadScope)]
    [InlineData("n", ":*", ApiTokenOutcome.BadScope)]
    [InlineData("n", "Things:Read", ApiTokenOutcome.BadScope)]
    [InlineData("n", "alerts:*", ApiTokenOutcome.Done)]
    public async Task Names_and_scopes_are_checked(string name, string scope, ApiTokenOutcome outcome)
    {
        NewApiToken made = await _tokens.CreateAsync("alice", name, scope.Length == 0 ? [] : [scope]);
        Assert.Equal(outcome, made.Outcome);
        Assert.Equal(outcome == ApiTokenOutcome.Done, made.Detail is null);
        if (made.Token is { } token)
        {
            Assert.Equal([ApiScope.AlertsRead, ApiScope.AlertsWrite], token.Scopes);
        }
    }

    [Fact]
    public async Task Lifetimes_accounts_and_numbers_are_bounded()
    {
        Assert.Equal(ApiTokenOutcome.BadLifetime, (await MakeAsync("alice", TimeSpan.Zero)).Outcome);
        Assert.Equal(ApiTokenOutcome.BadLifetime, (await MakeAsync("alice", TimeSpan.FromDays(367))).Outcome);
        Assert.Equal(ApiTokenOutcome.NoAccount, (await MakeAsync("nobody")).Outcome);
        await _accounts.SetOwnerAsync("bob", new Jid("alice", "example.org", ""));
        Assert.Equal(ApiTokenOutcome.NoAccount, (await MakeAsync("bob")).Outcome); // a thing's
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(ApiTokenOutcome.Done, (await MakeAsync("alice", TimeSpan.FromDays(1))).Outcome);
        }

        Assert.Equal(ApiTokenOutcome.TooMany, (await MakeAsync("alice")).Outcome);
        Assert.Equal(ApiTokenOutcome.Done, (await MakeAsync("root")).Outcome);
        _time.Now += TimeSpan.FromDays(1);
        Assert.Equal(ApiTokenOutcome.Done, (await MakeAsync("alice")).Outcome); // those that have ended do not count
    }

    [Fact]
    public async Task When_it_was_used_is_written_later_and_in_one_piece()
    {
        NewApiToken made = await MakeAsync("alice");
        Assert.Null((await _tokens.ListAsync("alice")).Single().LastUsed);
        _time.Now += TimeSpan.FromMinutes(5);
        await _tokens.AuthenticateAsync(made.Secret!);
        Assert.Equal(_time.Now, (await _tokens.ListAsync("alice")).Single().LastUsed);
        Assert.Null((await Other().ListAsync("alice")).Single().LastUsed);
        await _tokens.NoteUsesAsync();
        Assert.Equal(_time.Now, (await Other().ListAsync("alice")).Single().LastUsed);
    }

    [Fact]
    public async Task Lists_come_in_pages_in_the_order_of_the_ids()
    {
        string[] ids = [(await MakeAsync("alice")).Token!.Id, (await MakeAsync("alice")).Token!.Id, (await MakeAsync("root")).Token!.Id];
        Assert.Equal(ids.Order(StringComparer.Ordinal), (await _tokens.ListAsync(null)).Select(t => t.Id));
        Assert.Equal(ids.Order(StringComparer.Ordinal).Skip(1), (await _tokens.ListAsync(null, ids.Order(StringComparer.Ordinal).First())).Select(t => t.Id));
        Assert.Equal(2, (await _tokens.ListAsync("alice")).Count);
    }

    [Fact]
    public void A_typing_error_is_told_from_a_token_without_asking()
    {
        string token = ApiTokenText.New();
        Assert.True(ApiTokenText.IsToken(token));
        for (int i = 0; i < token.Length; i++)
        {
            string other = token.Remove(i, 1).Insert(i, token[i] == 'x' ? "y" : "x");
            Assert.False(ApiTokenText.IsToken(other));
        }

        Assert.False(ApiTokenText.IsToken(token + "0"));
        Assert.False(ApiTokenText.IsToken(token.AsSpan(..^1)));
        Assert.False(ApiTokenText.IsToken(""));
    }

    private Task<NewApiToken> MakeAsync(string account, TimeSpan? lifetime = null, params string[] scopes) => _tokens.CreateAsync(account, "test", scopes.Length > 0 ? scopes : [ApiScope.ThingsRead], lifetime);

    private ApiTokenService Other() => new(new ApiTokenStore(_database), _options, _accounts, new Jid("", "example.org", ""), _time);

    private void Restart()
    {
        _accounts = new AccountService(new AccountStore(_database, _time), 4096);
        _tokens = Other();
    }
}

/// <summary>On SQLite.</summary>
public sealed class ApiTokenServiceTests : ApiTokenServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(AccountMigrations.All, ApiTokenStore.Migrations);
}

/// <summary>On PostgreSQL.</summary>
public sealed class ApiTokenServicePostgresTests : ApiTokenServiceSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(AccountMigrations.All, ApiTokenStore.Migrations);
}
