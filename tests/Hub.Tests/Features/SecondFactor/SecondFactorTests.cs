using IotXmpp.Hub.Features.SecondFactor;
using IotXmpp.Hub.Storage;
using OtpNet;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.SecondFactor;

/// <summary>Codes as a second factor (RFC 6238), on either database.</summary>
public abstract class SecondFactorSpecification : IAsyncLifetime
{
    private static readonly byte[] s_key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly ManualTime _time = new();
    private ISqlDatabase _database = null!;
    private SecondFactorService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await OpenAsync();
        _service = new SecondFactorService(new SecondFactorStore(_database), new SecondFactorOptions(), s_key, "hub.test", _time);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _database.DisposeAsync();
    }

    [Fact]
    public async Task It_counts_after_a_code_was_shown_and_not_before()
    {
        SecondFactorSetUp setUp = (await _service.BeginAsync("alice"))!;
        Assert.Equal(32, setUp.Secret.Replace(" ", "", StringComparison.Ordinal).Length);
        Assert.StartsWith("otpauth://totp/hub.test:alice%40hub.test?secret=", setUp.Uri, StringComparison.Ordinal);
        Assert.False(await _service.IsOnAsync("alice"));
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", Code(setUp)));
        Assert.Equal(SecondFactorOutcome.Wrong, (await _service.ConfirmAsync("alice", "000000")).Outcome);
        (SecondFactorOutcome outcome, IReadOnlyList<string> recovery) = await _service.ConfirmAsync("alice", Code(setUp).Insert(3, " "));
        Assert.Equal((SecondFactorOutcome.Right, 10, 10), (outcome, recovery.Count, recovery.Distinct().Count()));
        Assert.True(await _service.IsOnAsync("alice"));
        // Who has one does not get another by asking.
        Assert.Null(await _service.BeginAsync("alice"));
    }

    [Fact]
    public async Task A_code_counts_once_and_no_code_before_it_any_more()
    {
        SecondFactorSetUp setUp = await TurnOnAsync();
        string shown = Code(setUp);
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", shown)); // it turned the factor on
        _time.Now += TimeSpan.FromSeconds(30);
        string next = Code(setUp);
        _time.Now += TimeSpan.FromSeconds(30);
        Assert.Equal(SecondFactorOutcome.Right, await _service.VerifyAsync("alice", Code(setUp)));
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", Code(setUp)));
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", next)); // within the window, but behind
    }

    [Fact]
    public async Task One_code_at_a_time_lets_one_in()
    {
        SecondFactorSetUp setUp = await TurnOnAsync();
        _time.Now += TimeSpan.FromMinutes(1);
        string code = Code(setUp);
        SecondFactorOutcome[] outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => _service.VerifyAsync("alice", code)));
        Assert.Single(outcomes, SecondFactorOutcome.Right);
    }

    [Fact]
    public async Task The_clocks_may_be_one_step_apart_and_no_more()
    {
        SecondFactorSetUp setUp = await TurnOnAsync();
        var totp = new Totp(Secret(setUp));
        _time.Now += TimeSpan.FromMinutes(10);
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", totp.ComputeTotp(_time.Now.UtcDateTime.AddSeconds(-60))));
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", totp.ComputeTotp(_time.Now.UtcDateTime.AddSeconds(60))));
        Assert.Equal(SecondFactorOutcome.Right, await _service.VerifyAsync("alice", totp.ComputeTotp(_time.Now.UtcDateTime.AddSeconds(30))));
    }

    [Fact]
    public async Task Who_guesses_waits_longer_and_longer_over_restarts_too()
    {
        SecondFactorSetUp setUp = await TurnOnAsync();
        _time.Now += TimeSpan.FromMinutes(1);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", "12345"));
        }

        var again = new SecondFactorService(new SecondFactorStore(_database), new SecondFactorOptions(), s_key, "hub.test", _time);
        Assert.Equal(SecondFactorOutcome.Later, await again.VerifyAsync("alice", Code(setUp))); // the right one too: it is not looked at
        Assert.Equal(SecondFactorOutcome.Wrong, await again.VerifyAsync("bob", "123456")); // nobody else waits
        _time.Now += TimeSpan.FromSeconds(16);
        Assert.Equal(SecondFactorOutcome.Wrong, await again.VerifyAsync("alice", "nonsense"));
        _time.Now += TimeSpan.FromSeconds(16);
        Assert.Equal(SecondFactorOutcome.Later, await again.VerifyAsync("alice", Code(setUp)));
        _time.Now += SecondFactorService.MaxWait;
        Assert.Equal(SecondFactorOutcome.Right, await again.VerifyAsync("alice", Code(setUp)));
        _time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(SecondFactorOutcome.Right, await again.VerifyAsync("alice", Code(setUp))); // all is forgiven
    }

    [Fact]
    public async Task A_recovery_code_counts_once_however_it_is_typed()
    {
        IReadOnlyList<string> recovery = [];
        await TurnOnAsync(codes => recovery = codes);
        Assert.Equal(SecondFactorOutcome.Right, await _service.VerifyAsync("alice", " " + recovery[0].ToUpperInvariant().Replace("-", " ", StringComparison.Ordinal)));
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", recovery[0]));
        Assert.Equal(9, await _service.RecoveryLeftAsync("alice"));
        IReadOnlyList<string> renewed = await _service.RenewRecoveryAsync("alice");
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", recovery[1]));
        Assert.Equal(SecondFactorOutcome.Right, await _service.VerifyAsync("alice", renewed[1]));
    }

    [Fact]
    public async Task One_accounts_codes_are_of_no_use_to_another_and_the_database_alone_tells_nothing()
    {
        IReadOnlyList<string> recovery = [];
        SecondFactorSetUp alice = await TurnOnAsync(codes => recovery = codes);
        SecondFactorSetUp bob = await TurnOnAsync(name: "bob");
        _time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("bob", Code(alice)));
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("bob", recovery[0]));
        Assert.Equal(SecondFactorOutcome.Right, await _service.VerifyAsync("bob", Code(bob)));
        // A row that was moved to another account is not opened.
        await _database.WriteAsync(session =>
        {
            session.Execute("DELETE FROM second_factor WHERE account = 'bob'");
            session.Execute("UPDATE second_factor SET account = 'bob' WHERE account = 'alice'");
        });
        await Assert.ThrowsAnyAsync<System.Security.Cryptography.CryptographicException>(() => _service.VerifyAsync("bob", Code(alice)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("1234567")]
    [InlineData("１２３４５６")]
    [InlineData("12 34 5é")]
    [InlineData("' OR 1=1 --")]
    public async Task What_is_no_code_is_wrong(string code)
    {
        await TurnOnAsync();
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", code));
        Assert.Equal(SecondFactorOutcome.Wrong, await _service.VerifyAsync("alice", new string('7', 100_000)));
    }

    protected abstract Task<ISqlDatabase> OpenAsync();

    private static byte[] Secret(SecondFactorSetUp setUp) => Base32Encoding.ToBytes(setUp.Secret.Replace(" ", "", StringComparison.Ordinal));

    private string Code(SecondFactorSetUp setUp) => new Totp(Secret(setUp)).ComputeTotp(_time.Now.UtcDateTime);

    private async Task<SecondFactorSetUp> TurnOnAsync(Action<IReadOnlyList<string>>? recovery = null, string name = "alice")
    {
        SecondFactorSetUp setUp = (await _service.BeginAsync(name))!;
        (SecondFactorOutcome outcome, IReadOnlyList<string> codes) = await _service.ConfirmAsync(name, Code(setUp));
        Assert.Equal(SecondFactorOutcome.Right, outcome);
        recovery?.Invoke(codes);
        return setUp;
    }
}

public sealed class SqliteSecondFactorTests : SecondFactorSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenAsync(SecondFactorStore.Migrations);
}

public sealed class PostgresSecondFactorTests : SecondFactorSpecification
{
    protected override Task<ISqlDatabase> OpenAsync() => TestDatabase.OpenPostgresAsync(SecondFactorStore.Migrations);
}
