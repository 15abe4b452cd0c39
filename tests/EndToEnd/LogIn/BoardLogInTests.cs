using System.Collections.Concurrent;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Sasl;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.LogIn;

/// <summary>How the application of a board logs in at the real hub, counted in round trips from the stream header to the bound session (wire profile, session).</summary>
public sealed class BoardLogInTests : IAsyncLifetime
{
    private const string Name = "board-1";

    // The stream header, SCRAM's two messages: what a board without a token takes.
    private const int WithKeys = 3;

    // Header, token and session in one.
    private const int WithToken = 1;

    // The token, which is refused; then SCRAM's two messages on the same connection.
    private const int WithTokenThenKeys = 3;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly ManualTime _time = new();
    private readonly BlockingCollection<int> _flights = [];
    private readonly ConcurrentQueue<string> _serial = new();
    private HubHost _hub = null!;
    private VirtualThing _thing = null!;

    private FastToken Token => new(new FlashSettings(_thing.Flash), _thing.Account, DotNetRandom.Instance);

    public async ValueTask InitializeAsync()
    {
        // A day, so that its end is not far: each minute of the test's clock has the hub's own work in it.
        _hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Fast": { "LifetimeDays": 1 } }""", _time);
        await _hub.AddAccountAsync(Name, "pencil");
        _thing = new VirtualThing(new VirtualThingOptions
        {
            Kind = "bme280",
            Account = new Jid(Name, "hub.test", null),
            Password = "pencil",
            Hub = new ServerAddress("127.0.0.1", _hub.DirectTls!.Port, true),
            Authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!),
        });
        Esp32Host board = _thing.Esp32!;
        // The hub's clock is the test's, and its certificates are of that time.
        board.TimeError = _time.GetUtcNow() - DateTimeOffset.UtcNow + TimeSpan.FromHours(1);
        board.Board.Said += line =>
        {
            _serial.Enqueue(line);
            if (line.StartsWith("iotxmpp: online", StringComparison.Ordinal))
            {
                _flights.Add(board.Flights);
            }
        };
        _thing.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await _thing.DisposeAsync();
        await _hub.DisposeAsync();
        _flights.Dispose();
    }

    [Fact]
    public void A_board_logs_in_with_its_keys_once_and_with_its_token_after_a_power_cycle()
    {
        Assert.Equal(WithKeys, NextOnline());
        byte[] token = Token.Token;
        Assert.NotNull(token);
        for (int i = 0; i < 3; i++)
        {
            _thing.Esp32!.CyclePower();
            Assert.Equal(WithToken, NextOnline());
        }

        Assert.Equal(token, Token.Token);
        Assert.Equal(4, _thing.Esp32!.Board.Boots);
    }

    [Fact]
    public void A_connection_that_is_lost_is_back_in_one_round_trip()
    {
        NextOnline();
        _thing.Invoke((client, _) =>
        {
            client.Drop();
            return true;
        });
        Assert.Equal(WithToken, NextOnline());
        Assert.Equal(1, _thing.Esp32!.Board.Boots);
    }

    [Fact]
    public async Task A_token_that_was_revoked_is_followed_by_the_keys_on_the_same_connection_and_by_a_new_token()
    {
        NextOnline();
        byte[] token = Token.Token;
        await _hub.Server.Services.Tokens.RevokeAsync(Name);
        _thing.Esp32!.CyclePower();
        Assert.Equal(WithTokenThenKeys, NextOnline());
        Assert.NotEqual(token, Token.Token);
        Assert.DoesNotContain(_serial, line => line.StartsWith("iotxmpp: hub-refused", StringComparison.Ordinal));
        _thing.Esp32.CyclePower();
        Assert.Equal(WithToken, NextOnline());
    }

    [Fact]
    public void A_token_that_has_expired_is_followed_by_the_keys_on_the_same_connection_and_by_a_new_token()
    {
        NextOnline();
        byte[] token = Token.Token;
        // Out of reach meanwhile: the hub's day and more passes in a moment, and a board that came back within it would still be let in with the token.
        _thing.Esp32!.Radio.IsInReach = false;
        _hub.Advance(TimeSpan.FromHours(25));
        _thing.Esp32.TimeError += TimeSpan.FromHours(25);
        _thing.Esp32.CyclePower();
        Assert.True(SpinWait.SpinUntil(() => _thing.Esp32.Board.Boots == 2, Limit));
        _thing.Esp32.Radio.IsInReach = true;
        Assert.Equal(WithTokenThenKeys, NextOnline());
        Assert.NotEqual(token, Token.Token);
        _thing.Esp32.CyclePower();
        Assert.Equal(WithToken, NextOnline());
    }

    [Fact]
    public async Task A_board_whose_keys_were_revoked_stays_out_with_its_token_too()
    {
        NextOnline();
        Assert.Equal(Hub.Features.Accounts.AccountOutcome.Done, await _hub.Server.Services.Accounts.RevokeAsync(Name));
        _thing.Esp32!.CyclePower();
        using var limit = new CancellationTokenSource(Limit);
        while (!_serial.Any(line => line.StartsWith("iotxmpp: hub-refused", StringComparison.Ordinal)))
        {
            Assert.False(limit.IsCancellationRequested, string.Join(" | ", _serial.TakeLast(10)));
            await Task.Delay(50, CancellationToken.None);
        }

        Assert.Empty(_flights);
    }

    // The round trips of the next log-in that succeeds.
    private int NextOnline()
    {
        Assert.True(_flights.TryTake(out int flights, Limit), string.Join(" | ", _serial.TakeLast(10)));
        return flights;
    }
}
