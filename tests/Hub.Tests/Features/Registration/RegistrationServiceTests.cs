using System.Net;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Registration;
using IotXmpp.Hub.Storage;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Registration;

public sealed class RegistrationServiceTests : IAsyncLifetime
{
    private static readonly IPAddress s_stranger = IPAddress.Parse("192.0.2.7");

    private readonly TestKit.ManualTime _time = new();
    private readonly RegistrationOptions _options = new() { Mode = RegistrationMode.Open, AttemptsPerAddress = 3, Attempts = 8 };
    private ISqlDatabase _database = null!;
    private AccountStore _store = null!;
    private AccountService _accounts = null!;
    private RegistrationService _service = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(AccountMigrations.All);
        _store = new AccountStore(_database, _time);
        _accounts = new AccountService(_store);
        _service = new RegistrationService(_accounts, _options, new RegistrationThrottle(_options, _time), (name, _) => new(name == "lamp"), null);
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Theory]
    [InlineData("alice", "secret", RegistrationOutcome.Done)]
    [InlineData("Alice", "secret", RegistrationOutcome.Done)]
    [InlineData("", "secret", RegistrationOutcome.Incomplete)]
    [InlineData("alice", "", RegistrationOutcome.Incomplete)]
    [InlineData(null, "secret", RegistrationOutcome.Incomplete)]
    [InlineData("a b", "secret", RegistrationOutcome.BadName)]
    [InlineData("a@b", "secret", RegistrationOutcome.BadName)]
    [InlineData("a/b", "secret", RegistrationOutcome.BadName)]
    [InlineData("\u0000", "secret", RegistrationOutcome.BadName)]
    [InlineData("ROOT", "secret", RegistrationOutcome.BadName)]
    [InlineData("alice", "with\ttab", RegistrationOutcome.BadPassword)]
    [InlineData("lamp", "secret", RegistrationOutcome.Taken)]
    [InlineData("bob", "secret", RegistrationOutcome.Taken)]
    [InlineData("BOB", "secret", RegistrationOutcome.Taken)]
    public async Task A_name_and_a_password_are_looked_at(string? name, string password, RegistrationOutcome expected)
    {
        await _accounts.CreateAsync("bob", "secret");
        Assert.Equal(expected, await _service.RegisterAsync(name, password, s_stranger, null, default));
        Assert.Equal(expected == RegistrationOutcome.Done, await _accounts.FindAsync("alice") is not null);
    }

    [Fact]
    public async Task An_address_has_so_many_attempts_in_a_window_and_failed_ones_count()
    {
        await _accounts.CreateAsync("bob", "secret");
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("a", s_stranger));
        Assert.Equal(RegistrationOutcome.Taken, await RegisterAsync("bob", s_stranger));
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("b", s_stranger));
        Assert.Equal(RegistrationOutcome.TooMany, await RegisterAsync("c", s_stranger));
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("c", IPAddress.Parse("192.0.2.8")));
        _time.Advance(_options.Window - TimeSpan.FromSeconds(1));
        Assert.Equal(RegistrationOutcome.TooMany, await RegisterAsync("d", s_stranger));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("d", s_stranger));
    }

    [Fact]
    public async Task An_IPv6_network_counts_as_one_and_a_mapped_address_as_what_it_is()
    {
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("a", IPAddress.Parse("2001:db8::1")));
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("b", IPAddress.Parse("2001:db8::2")));
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("c", IPAddress.Parse("2001:db8::ffff:1")));
        Assert.Equal(RegistrationOutcome.TooMany, await RegisterAsync("d", IPAddress.Parse("2001:db8::3")));
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("d", IPAddress.Parse("2001:db8:0:1::3")));
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("e", s_stranger.MapToIPv6()));
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("f", s_stranger));
    }

    [Fact]
    public async Task All_together_have_so_many_attempts_and_loopback_counts_there_only()
    {
        for (int i = 0; i < _options.Attempts; i++)
        {
            Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("a" + i, IPAddress.Loopback));
        }

        Assert.Equal(RegistrationOutcome.TooMany, await RegisterAsync("b", IPAddress.Loopback));
        Assert.Equal(RegistrationOutcome.TooMany, await RegisterAsync("b", IPAddress.Parse("192.0.2.9")));
        _time.Advance(_options.Window);
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("b", IPAddress.Loopback));
    }

    [Fact]
    public void A_flood_from_everywhere_fills_no_memory()
    {
        var options = new RegistrationOptions { Attempts = 100_000_000 };
        var throttle = new RegistrationThrottle(options, _time);
        int taken = 0;
        for (int i = 0; i < RegistrationThrottle.MaxAddresses + 100; i++)
        {
            taken += throttle.TryTake(new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i])) ? 1 : 0;
        }

        Assert.Equal(RegistrationThrottle.MaxAddresses, taken);
        _time.Advance(options.Window);
        Assert.True(throttle.TryTake(s_stranger));
    }

    [Theory]
    [InlineData(RegistrationMode.Off, RegistrationOutcome.NotAllowed)]
    [InlineData(RegistrationMode.Invite, RegistrationOutcome.NotInvited)]
    public async Task Who_is_not_invited_registers_only_where_it_is_open(RegistrationMode mode, RegistrationOutcome expected)
    {
        _options.Mode = mode;
        Assert.Equal(expected, await RegisterAsync("alice", s_stranger));
        Assert.Equal((RegistrationOutcome.NotInvited, null), await _service.ShowTokenAsync("guessed", s_stranger, default));
    }

    [Fact]
    public async Task Guessed_tokens_are_counted()
    {
        for (int i = 0; i < _options.AttemptsPerAddress; i++)
        {
            Assert.Equal((RegistrationOutcome.NotInvited, null), await _service.ShowTokenAsync("guess" + i, s_stranger, default));
        }

        Assert.Equal((RegistrationOutcome.TooMany, null), await _service.ShowTokenAsync("guess", s_stranger, default));
    }

    [Fact]
    public async Task The_last_administrator_stays_and_a_thing_is_its_owners()
    {
        await _accounts.CreateAsync("root", "secret", administrator: true);
        await _accounts.CreateAsync("sensor", "secret");
        await _accounts.SetOwnerAsync("sensor", new IotXmpp.Xmpp.Jid("root", "hub.test", ""));
        Assert.Equal(RegistrationOutcome.LastAdministrator, await _service.RemoveAsync("root", () => Assert.Fail(), default));
        Assert.Equal(RegistrationOutcome.IsThing, await _service.RemoveAsync("sensor", () => Assert.Fail(), default));
        Assert.Equal(RegistrationOutcome.IsThing, await _service.ChangePasswordAsync("sensor", "sensor", "new", default));
        await _accounts.CreateAsync("second", "secret", administrator: true);
        Assert.Equal(RegistrationOutcome.Done, await _service.RemoveAsync("root", () => { }, default));
    }

    [Fact]
    public async Task A_removed_name_is_nobodys_until_nothing_is_left_of_it()
    {
        var directory = new AccountDirectory(_store, _accounts, new IotXmpp.Xmpp.Jid("", "hub.test", ""), log: Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        bool works = false;
        List<string> forgotten = [];
        directory.Removed += name => works ? Task.CompletedTask : throw new StorageException(StorageFailure.Full, "The disk is full.");
        directory.Removed += name =>
        {
            forgotten.Add(name);
            return Task.CompletedTask;
        };
        await RegisterAsync("alice", s_stranger);
        bool told = false;
        Assert.Equal(RegistrationOutcome.Done, await _service.RemoveAsync("alice", () => told = true, default));
        Assert.True(told);
        Assert.Equal(["alice"], forgotten);
        Assert.Equal(["alice"], await _store.LeavingAsync());
        Assert.Equal(RegistrationOutcome.Taken, await RegisterAsync("alice", s_stranger));
        Assert.Equal(AccountOutcome.Leaving, await _accounts.CreateAsync("alice", "secret"));

        works = true;
        Assert.True(await _accounts.LeaveAsync("alice"));
        Assert.Empty(await _store.LeavingAsync());
        Assert.Equal(RegistrationOutcome.Done, await RegisterAsync("alice", s_stranger));
        // Who comes too late with the old end does not touch the new holder.
        Assert.True(await _accounts.LeaveAsync("alice"));
        Assert.Equal(["alice", "alice"], forgotten);
    }

    private async Task<RegistrationOutcome> RegisterAsync(string name, IPAddress address) => await _service.RegisterAsync(name, "secret", address, null, default);
}
