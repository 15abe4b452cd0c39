using IotXmpp.Esp32;
using IotXmpp.Things.Tests.Loop;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

public sealed class BringUpTests
{
    private readonly Radio _radio = new();
    private readonly TimeServer _server = new();
    private readonly VirtualSettings _settings = new();

    private static long Built => ThingBench.Start.ToUnixTimeMilliseconds() - 86_400_000;

    [Fact]
    public void A_radio_is_tried_with_growing_waits_and_reset_when_it_hangs()
    {
        var link = new WifiLink(_radio);
        List<long> attempts = [];
        _radio.OnConnect = attempts.Add;
        for (long now = 0; now < 600_000; now += 100)
        {
            _radio.NowMs = now;
            link.Step(now);
        }

        List<long> gaps = [.. attempts.Zip(attempts.Skip(1), (a, b) => b - a - WifiLink.AttemptMs)];
        Assert.Equal([1000L, 2000, 4000, 8000, 16_000, 32_000, 60_000], gaps.Take(7));
        Assert.All(gaps.Skip(7), gap => Assert.Equal(60_000, gap));
        Assert.Equal(link.Failures / WifiLink.AttemptsBeforeReset, _radio.Resets);

        _radio.IsConnected = true;
        link.Step(600_000);
        Assert.True(link.IsUp);
        Assert.Equal(0, link.Failures);
        _radio.IsConnected = false;
        int before = attempts.Count;
        link.Step(600_100);
        Assert.Equal(before + 1, attempts.Count);
    }

    [Fact]
    public void The_time_is_unknown_until_a_server_has_answered_and_then_runs()
    {
        var clock = new ClockKeeper(_server, _settings, Built);
        clock.Step(1000, false);
        Assert.Equal(0, _server.Questions);
        clock.Step(2000, true);
        Assert.Equal(1, _server.Questions);
        Assert.False(clock.IsSet);
        clock.Step(6999, true);
        Assert.Equal(1, _server.Questions);
        clock.Step(7000, true);
        Assert.Equal(2, _server.Questions);
        _server.Answer = ThingBench.Start.ToUnixTimeMilliseconds();
        clock.Step(8000, true);
        Assert.True(clock.IsSet);
        clock.Step(9500, true);
        Assert.Equal(ThingBench.Start.ToUnixTimeMilliseconds() + 1500, clock.UtcNowMs);
        Assert.Equal(2, _server.Questions);
        clock.Step(8000 + ClockKeeper.RenewMs, true);
        Assert.Equal(3, _server.Questions);
    }

    [Fact]
    public void No_time_before_the_last_known_one_is_believed_even_after_a_restart()
    {
        long start = ThingBench.Start.ToUnixTimeMilliseconds();
        var clock = new ClockKeeper(_server, _settings, Built);
        _server.Answer = Built - 1;
        clock.Step(0, true);
        Assert.False(clock.IsSet);
        _server.Answer = start;
        clock.Step(1, true);
        Assert.True(clock.IsSet);
        clock.Confirm();

        clock = new ClockKeeper(_server, _settings, Built);
        _server.Answer = start - 1000;
        clock.Step(0, true);
        Assert.False(clock.IsSet);
        Assert.Equal(1, clock.Refused);
        _server.Answer = start + 1000;
        clock.Step(1, true);
        Assert.True(clock.IsSet);
    }

    [Fact]
    public void A_thing_connects_when_radio_and_time_are_there_and_not_before()
    {
        var hub = new FakeHub();
        var network = new VirtualNetwork(hub);
        VirtualLink wire = network.CreateLink();
        var client = new XmppClient(ClientOptions.ForThing(new Jid("t1", FakeHub.Domain, ""), "secret"), wire, Host.DotNetHash.Instance, Host.DotNetRandom.Instance, _settings);
        wire.Attach(client);
        var link = new WifiLink(_radio);
        var clock = new ClockKeeper(_server, _settings, Built);
        var platform = new ThingPlatform { Clock = clock, Network = link, Hash = Host.DotNetHash.Instance, Settings = _settings, Storage = new VirtualFlash(), Status = new IotXmpp.Gateway.ProcessStatus() };
        var loop = new ThingLoop(client, [], new ThingOptions { ThingId = "t1", PubSubService = new Jid("", "pubsub.hub.example", "") }, platform);
        long now = 0;
        void Run(long milliseconds)
        {
            for (long end = now + milliseconds; now < end; now += 10)
            {
                clock.Step(now, link.IsUp);
                wire.Pump(now);
                loop.Step(now);
            }
        }

        Run(30_000);
        Assert.Equal(0, network.Connections);
        _radio.IsConnected = true;
        Run(10_000);
        Assert.Equal(0, network.Connections);
        Assert.True(_server.Questions > 0);
        _server.Answer = ThingBench.Start.ToUnixTimeMilliseconds();
        Run(2000);
        Assert.True(client.IsOnline);

        // The radio goes for a long time: the client's back-off has grown, and does not keep the thing away when the radio is back.
        _radio.IsConnected = false;
        network.TakeDown();
        Run(1_800_000);
        Assert.False(client.IsOnline);
        network.BringUp();
        _radio.IsConnected = true;
        Run(2000);
        Assert.True(client.IsOnline);
    }

    private sealed class Radio : IRadio
    {
        public Action<long>? OnConnect { get; set; }

        public long NowMs { get; set; }

        public int Resets { get; private set; }

        public bool IsConnected { get; set; }

        public int SignalDbm => IsConnected ? -60 : 0;

        public string Ssid => "home";

        public string Address => "";

        public string Failure => "";

        public string[][] Scan() => [];

        public void Use(string ssid, string password)
        {
        }

        public void Connect() => OnConnect?.Invoke(NowMs);

        public void Reset() => Resets++;
    }

    private sealed class TimeServer : ITimeServer
    {
        public int Questions { get; private set; }

        public long? Answer { get; set; }

        public void Ask() => Questions++;

        public bool TryTake(out long utcMs)
        {
            utcMs = Answer ?? 0;
            bool there = Answer is not null;
            Answer = null;
            return there;
        }
    }
}
