using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using Clock = IotXmpp.TestKit.ManualTime;
using S = IotXmpp.Hub.Features.Liveness.LivenessState;


namespace IotXmpp.Hub.Tests.Features.Liveness;

public sealed class LivenessServiceTests : IAsyncLifetime
{
    private readonly Clock _clock = new();
    private readonly List<(string Thing, LivenessState State, string Reason)> _heard = [];
    private ISqlDatabase _database = null!;
    private LivenessService _things = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(LivenessMigrations.All);
        _things = await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _things.DisposeAsync();
        await _database.DisposeAsync();
    }

    /// <summary>What is told in a state leads to which state: the whole machine.</summary>
    [Theory]
    [InlineData(null, "online", S.Online, "")]
    [InlineData(null, "offline", S.Offline, "connection-lost")]
    [InlineData(S.Online, "online", S.Online, "")]
    [InlineData(S.Online, "sleep", S.Sleeping, "")]
    [InlineData(S.Online, "detached", S.Resuming, "")]
    [InlineData(S.Online, "resumed", S.Online, "")]
    [InlineData(S.Online, "offline", S.Offline, "connection-lost")]
    [InlineData(S.Resuming, "online", S.Online, "")]
    [InlineData(S.Resuming, "resumed", S.Online, "")]
    [InlineData(S.Resuming, "offline", S.Offline, "connection-lost")]
    [InlineData(S.Sleeping, "online", S.Online, "")]
    [InlineData(S.Sleeping, "offline", S.Sleeping, "")]
    [InlineData(S.Sleeping, "revoked", S.Offline, "revoked")]
    [InlineData(S.Sleeping, "detached", S.Sleeping, "")]
    [InlineData(S.Sleeping, "time", S.Overdue, "")]
    [InlineData(S.Overdue, "online", S.Online, "")]
    [InlineData(S.Overdue, "offline", S.Overdue, "")]
    [InlineData(S.Overdue, "sleep", S.Sleeping, "")]
    [InlineData(S.Offline, "online", S.Online, "")]
    [InlineData(S.Offline, "offline", S.Offline, "shutdown")]
    [InlineData(S.Offline, "detached", S.Offline, "shutdown")]
    [InlineData(S.Offline, "resumed", S.Offline, "shutdown")]
    public void The_state_machine(LivenessState? before, string what, LivenessState after, string reason)
    {
        switch (before)
        {
            case null:
                break;
            case S.Offline:
                _things.Online("a", ThingStatus.None);
                _things.Offline("a", "shutdown");
                break;
            default:
                _things.Online("a", ThingStatus.None);
                if (before == S.Resuming)
                {
                    _things.Resuming("a");
                }
                else if (before is S.Sleeping or S.Overdue)
                {
                    _things.Sleeping("a", _clock.GetUtcNow().AddMinutes(1));
                    if (before == S.Overdue)
                    {
                        _clock.Advance(TimeSpan.FromMinutes(3));
                    }
                }

                break;
        }

        Assert.Equal(before, _things.Find("a")?.State);
        switch (what)
        {
            case "online":
                _things.Online("a", ThingStatus.None);
                break;
            case "sleep":
                _things.Sleeping("a", _clock.GetUtcNow().AddMinutes(1));
                break;
            case "detached":
                _things.Resuming("a");
                break;
            case "resumed":
                _things.Resumed("a");
                break;
            case "time":
                _clock.Advance(TimeSpan.FromMinutes(3));
                break;
            default:
                _things.Offline("a", what == "offline" ? "connection-lost" : what);
                break;
        }

        Assert.Equal((after, reason), (_things.Find("a")!.State, _things.Find("a")!.Reason));
    }

    [Fact]
    public void A_sleeper_may_be_late_by_a_minute_or_a_tenth_and_is_overdue_since_it_should_have_woken()
    {
        DateTimeOffset start = _clock.GetUtcNow();
        _things.Sleeping("short", start.AddMinutes(2));
        _things.Sleeping("long", start.AddHours(10));
        _clock.Advance(TimeSpan.FromSeconds(179));
        Assert.Equal(S.Sleeping, _things.Find("short")!.State);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal((S.Overdue, start.AddMinutes(2)), (_things.Find("short")!.State, _things.Find("short")!.Since));
        _clock.Advance(TimeSpan.FromHours(10.9));
        Assert.Equal(S.Sleeping, _things.Find("long")!.State);
        _clock.Advance(TimeSpan.FromHours(0.2));
        Assert.Equal(S.Overdue, _things.Find("long")!.State);
    }

    [Fact]
    public void A_sleep_that_is_told_anew_has_a_new_end()
    {
        _things.Sleeping("a", _clock.GetUtcNow().AddMinutes(2));
        _clock.Advance(TimeSpan.FromMinutes(1));
        _things.Online("a", ThingStatus.None);
        _things.Sleeping("a", _clock.GetUtcNow().AddMinutes(30));
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(S.Sleeping, _things.Find("a")!.State);
    }

    [Fact]
    public async Task After_a_restart_nobody_is_online_before_it_was_heard_and_nobody_lost_before_it_could_come_back()
    {
        _things.Online("back", ThingStatus.None);
        _things.Online("gone", ThingStatus.None);
        _things.Offline("off", "shutdown");
        _things.Sleeping("sleeper", _clock.GetUtcNow().AddHours(1));
        _clock.Advance(TimeSpan.FromMinutes(1));
        DateTimeOffset stopped = _clock.GetUtcNow();
        await _things.DisposeAsync();
        _clock.Advance(TimeSpan.FromMinutes(20));
        _heard.Clear();
        _things = await OpenAsync();

        Assert.Equal((S.Resuming, stopped), (_things.Find("back")!.State, _things.Find("back")!.Since));
        Assert.Equal(S.Resuming, _things.Find("gone")!.State);
        Assert.Equal((S.Offline, "shutdown"), (_things.Find("off")!.State, _things.Find("off")!.Reason));
        Assert.Equal(S.Sleeping, _things.Find("sleeper")!.State);
        _clock.Advance(TimeSpan.FromMinutes(5));
        _things.Online("back", ThingStatus.None);
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.DoesNotContain(_heard, h => h.State == S.Offline);
        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(("gone", S.Offline, "connection-lost"), Assert.Single(_heard, h => h.State == S.Offline));
        Assert.Equal(stopped, _things.Find("gone")!.Since);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(S.Overdue, _things.Find("sleeper")!.State);
    }

    [Fact]
    public async Task A_hub_that_was_killed_knows_to_half_a_minute_until_when_it_ran()
    {
        _things.Online("a", ThingStatus.None);
        for (int i = 0; i < 20; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(10));
        }

        await WrittenAsync();
        DateTimeOffset killed = _clock.GetUtcNow();
        _clock.Advance(TimeSpan.FromSeconds(5));
        await using LivenessService next = await OpenAsync();
        Assert.Equal(S.Resuming, next.Find("a")!.State);
        Assert.InRange(next.Find("a")!.Since, killed.AddSeconds(-30), killed);
    }

    [Fact]
    public async Task Uptime_counts_what_was_known_only()
    {
        DateTimeOffset start = _clock.GetUtcNow();
        _things.Online("a", ThingStatus.None);
        Pass(10);
        _things.Resuming("a");
        Pass(2);
        _things.Resumed("a");
        Pass(8);
        _things.Resuming("a");
        Pass(5);
        _things.Offline("a", "connection-lost");
        Pass(15);
        _things.Online("a", ThingStatus.None);
        Pass(10);
        _things.Sleeping("a", _clock.GetUtcNow().AddMinutes(10));
        Pass(10);
        _things.Online("a", ThingStatus.None);
        await WrittenAsync();
        Uptime uptime = await _things.UptimeAsync("a", start.AddHours(-1), _clock.GetUtcNow(), TestContext.Current.CancellationToken);
        Assert.Equal((60, 40, 1, 2), ((int)uptime.Known.TotalMinutes, (int)uptime.Up.TotalMinutes, uptime.Losses, uptime.Interruptions));

        // The hub is away for an hour: nobody knows.
        await _things.DisposeAsync();
        Pass(60);
        _things = await OpenAsync();
        Pass(1);
        _things.Online("a", ThingStatus.None);
        Pass(9);
        await WrittenAsync();
        uptime = await _things.UptimeAsync("a", start.AddHours(-1), _clock.GetUtcNow(), TestContext.Current.CancellationToken);
        Assert.Equal((70, 50), ((int)uptime.Known.TotalMinutes, (int)uptime.Up.TotalMinutes));

        // From the middle of a state on.
        uptime = await _things.UptimeAsync("a", start.AddMinutes(30), start.AddMinutes(50), TestContext.Current.CancellationToken);
        Assert.Equal((20, 10, 0, 0), ((int)uptime.Known.TotalMinutes, (int)uptime.Up.TotalMinutes, uptime.Losses, uptime.Interruptions));

        void Pass(int minutes) => _clock.Advance(TimeSpan.FromMinutes(minutes));
    }

    [Fact]
    public async Task What_comes_and_goes_flaps_until_it_has_stayed()
    {
        for (int i = 0; i < 6; i++)
        {
            Assert.False(await _things.IsFlappingAsync("a", TestContext.Current.CancellationToken));
            _things.Online("a", ThingStatus.None);
            _clock.Advance(TimeSpan.FromMinutes(1));
            _things.Resuming("a");
            _things.Offline("a", "connection-lost");
            await WrittenAsync();
        }

        // One that leaves and comes back as often in order, and one that sleeps and wakes, does not.
        for (int i = 0; i < 12; i++)
        {
            _things.Online("b", ThingStatus.None);
            _things.Offline("b", "shutdown");
            _things.Online("c", ThingStatus.None);
            _things.Sleeping("c", _clock.GetUtcNow().AddMinutes(1));
        }

        await WrittenAsync();
        Assert.True(await _things.IsFlappingAsync("a", TestContext.Current.CancellationToken));
        Assert.Equal(["a"], await _things.FlappingAsync(TestContext.Current.CancellationToken));
        _things.Online("a", ThingStatus.None);
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.False(await _things.IsFlappingAsync("a", TestContext.Current.CancellationToken));
        Assert.Empty(await _things.FlappingAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_is_the_same_is_no_step_and_what_a_thing_tells_is_kept()
    {
        _things.Online("a", new ThingStatus("1.4.0", "power-on", -61, 87, 41_000, 60));
        DateTimeOffset since = _clock.GetUtcNow();
        _clock.Advance(TimeSpan.FromMinutes(5));
        _things.Online("a", new ThingStatus("1.4.0", "power-on", -70, 86, 40_000, 60));
        _things.Sleeping("a", _clock.GetUtcNow().AddMinutes(10));
        await _things.DisposeAsync();
        _things = await OpenAsync();
        Assert.Equal(new ThingStatus("1.4.0", "power-on", -70, 86, 40_000, 60), _things.Find("a")!.Status);
        IReadOnlyList<Transition> steps = await _things.StepsAsync("a", since.AddDays(-1), since.AddDays(1), TestContext.Current.CancellationToken);
        Assert.Equal([(S.Online, since), (S.Sleeping, since.AddMinutes(5))], steps.Select(s => (s.State, s.At)));
    }

    [Fact]
    public async Task A_gateway_speaks_for_its_things_with_their_own_times_and_not_for_the_future()
    {
        DateTimeOffset now = _clock.GetUtcNow();
        _things.Told("node", S.Online, "", now.AddMinutes(-10), null, new ThingStatus("2.0"));
        Assert.Equal(now.AddMinutes(-10), _things.Find("node")!.Since);
        _things.Told("node", S.Offline, "keepalive-timeout", now.AddMinutes(-20), null, ThingStatus.None);
        Assert.Equal(now.AddMinutes(-10), _things.Find("node")!.Since);
        _things.Told("node", S.Online, "", now.AddYears(1), null, ThingStatus.None);
        Assert.Equal(now, _things.Find("node")!.Since);
        await _things.ForgetAsync("node");
        Assert.Null(_things.Find("node"));
    }

    [Fact]
    public async Task Steps_are_kept_within_bounds_and_the_last_one_always()
    {
        await _things.DisposeAsync();
        _things = await OpenAsync(new LivenessOptions { MaxTransitions = 100, TransitionDays = 30 });
        for (int i = 0; i < 150; i++)
        {
            _things.Online("a", ThingStatus.None);
            _things.Offline("a", "shutdown");
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        await WrittenAsync();
        Assert.Equal(100, (await _things.StepsAsync("a", default, DateTimeOffset.MaxValue, TestContext.Current.CancellationToken)).Count);
        for (int i = 0; i < 40; i++)
        {
            _clock.Advance(TimeSpan.FromDays(1));
        }

        await WrittenAsync();
        Assert.Equal(S.Offline, Assert.Single(await _things.StepsAsync("a", default, DateTimeOffset.MaxValue, TestContext.Current.CancellationToken)).State);
    }

    private Task WrittenAsync() => _database.WriteAsync(_ => { });

    private async Task<LivenessService> OpenAsync(LivenessOptions? options = null)
    {
        var service = new LivenessService(_database, options ?? new LivenessOptions(), _clock, NullLogger<LivenessService>.Instance);
        service.Changed += (_, after) => _heard.Add((after.Id, after.State, after.Reason));
        await service.StartAsync();
        return service;
    }
}
