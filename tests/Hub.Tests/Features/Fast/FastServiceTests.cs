using System.Text;
using IotXmpp.Hub.Features.Fast;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Fast;

/// <summary>The rules of tokens (XEP-0484 §3.3–3.6, §5.1).</summary>
public sealed class FastServiceTests : IAsyncLifetime
{
    private const string Mechanism = "HT-SHA-256-NONE";

    private static readonly byte[] s_secret = Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef");
    private static readonly ScramCredentials s_keys = ScramCredentials.Derive(ScramHash.Sha256, "wonderland");
    private static readonly Guid s_agent = Guid.Parse("d4565fa7-4d72-4749-b3d3-740edbf87770");

    private readonly ManualTime _time = new();
    private readonly FastOptions _options = new() { MaxClients = 2 };
    private ISqlDatabase _database = null!;
    private FastService _tokens = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(FastMigrations.All);
        _tokens = new FastService(new FastStore(_database), _options, s_secret, _time);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_token_is_found_again_by_its_client_and_by_nobody_else()
    {
        IssuedToken issued = await IssueAsync();
        Assert.Equal(_time.Now.AddDays(_options.LifetimeDays), issued.Expiry);
        Assert.Equal([issued.Token], await HeldAsync());
        Assert.Empty(await HeldAsync(agent: Guid.NewGuid()));
        Assert.Empty(await HeldAsync(name: "bob"));
    }

    [Fact]
    public async Task With_other_keys_of_the_account_it_is_another_token()
    {
        IssuedToken issued = await IssueAsync();
        IReadOnlyList<FastToken> found = await _tokens.FindAsync("alice", s_agent, ScramCredentials.Derive(ScramHash.Sha256, "wonderland"), default);
        Assert.NotEqual(issued.Token, Encoding.UTF8.GetString(found.Single().Secret)); // the same password, a new salt
    }

    [Fact]
    public async Task A_copy_of_the_database_is_no_token()
    {
        IssuedToken issued = await IssueAsync();
        byte[] seed = await _database.ReadAsync(session =>
        {
            SqlStatement row = session.Prepare("SELECT seed FROM fast_token");
            row.Read();
            return row.GetBytes(0);
        });
        Assert.Equal(16, seed.Length);
        var elsewhere = new FastService(new FastStore(_database), _options, Encoding.ASCII.GetBytes("another secret of another folder"), _time);
        Assert.NotEqual(issued.Token, Encoding.UTF8.GetString((await elsewhere.FindAsync("alice", s_agent, s_keys, default)).Single().Secret));
    }

    [Fact]
    public async Task Two_are_kept_the_later_one_first_and_using_it_ends_the_other()
    {
        IssuedToken one = await IssueAsync();
        await UseAsync(one);
        _time.Now += TimeSpan.FromHours(1);
        IssuedToken two = await IssueAsync();
        Assert.Equal([two.Token, one.Token], await HeldAsync());
        IssuedToken three = await IssueAsync(); // the second was never used
        Assert.Equal([three.Token, one.Token], await HeldAsync());
        Assert.True(await UseAsync(one));
        Assert.Equal([three.Token, one.Token], await HeldAsync());
        Assert.True(await UseAsync(three));
        Assert.Equal([three.Token], await HeldAsync());
    }

    [Fact]
    public async Task A_count_is_used_once_also_by_two_at_the_same_time()
    {
        IssuedToken issued = await IssueAsync();
        FastToken token = await FindAsync(issued);
        bool[] taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _tokens.UseAsync(token, new FastUse(s_agent, 1, false), default).AsTask()));
        Assert.Single(taken, t => t);
        Assert.False(await UseAsync(issued, count: 1));
        Assert.True(await UseAsync(issued, count: uint.MaxValue));
    }

    [Fact]
    public async Task An_invalidated_token_is_gone()
    {
        IssuedToken issued = await IssueAsync();
        FastToken token = await FindAsync(issued);
        Assert.True(await _tokens.UseAsync(token, new FastUse(s_agent, null, Invalidate: true), default));
        Assert.Empty(await HeldAsync());
        Assert.False(await _tokens.UseAsync(token, new FastUse(s_agent, null, Invalidate: true), default));
    }

    [Fact]
    public async Task It_is_due_after_a_day_and_expires_after_its_lifetime()
    {
        IssuedToken issued = await IssueAsync();
        Assert.False((await FindAsync(issued)).IsDue);
        _time.Now += TimeSpan.FromHours(_options.RotateAfterHours);
        Assert.True((await FindAsync(issued)).IsDue);
        _time.Now = issued.Expiry - TimeSpan.FromMilliseconds(1);
        Assert.False((await FindAsync(issued)).IsExpired);
        _time.Now = issued.Expiry;
        Assert.True((await FindAsync(issued)).IsExpired);
        await _tokens.SweepAsync(default);
        Assert.Single(await HeldAsync()); // so that its client is told that it has expired
        _time.Now += TimeSpan.FromDays(_options.LifetimeDays) + TimeSpan.FromMilliseconds(1);
        await _tokens.SweepAsync(default);
        Assert.Empty(await HeldAsync());
    }

    [Fact]
    public async Task Clients_of_an_account_are_bounded_the_one_that_ends_first_makes_place()
    {
        Guid[] agents = [Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid()];
        foreach (Guid agent in agents)
        {
            await _tokens.IssueAsync("alice", agent, Mechanism, s_keys, default);
            _time.Now += TimeSpan.FromMinutes(1);
        }

        Assert.Empty(await HeldAsync(agent: agents[0]));
        Assert.Single(await HeldAsync(agent: agents[1]));
        Assert.Single(await HeldAsync(agent: agents[2]));
    }

    [Fact]
    public async Task An_account_may_lose_all_of_them()
    {
        await IssueAsync();
        await _tokens.RevokeAsync("alice");
        Assert.Empty(await HeldAsync());
    }

    private ValueTask<IssuedToken> IssueAsync() => _tokens.IssueAsync("alice", s_agent, Mechanism, s_keys, default);

    private async Task<string[]> HeldAsync(string name = "alice", Guid? agent = null) =>
        [.. (await _tokens.FindAsync(name, agent ?? s_agent, s_keys, default)).Select(t => Encoding.UTF8.GetString(t.Secret))];

    private async Task<FastToken> FindAsync(IssuedToken issued) =>
        (await _tokens.FindAsync("alice", s_agent, s_keys, default)).Single(t => Encoding.UTF8.GetString(t.Secret) == issued.Token);

    private async Task<bool> UseAsync(IssuedToken issued, uint? count = null) => await _tokens.UseAsync(await FindAsync(issued), new FastUse(s_agent, count, false), default);
}
