using IotXmpp.Things;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Things.Tests.Loop;

/// <summary>A virtual thing on a virtual network with a hub in memory, in simulated time.</summary>
internal sealed class ThingBench : IThingObserver
{
    public static readonly DateTimeOffset Start = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    public ThingBench(string kind, Action<ThingOptions>? configure = null)
        : this(VirtualKind.Find(kind), configure)
    {
    }

    public ThingBench(VirtualKind kind, Action<ThingOptions>? configure = null)
    {
        Network = new VirtualNetwork(Hub);
        Device = new VirtualDevice(kind, new Jid("t1", FakeHub.Domain, ""), configure, kind.Name == "greenhouse" ? kind.CreateBoard() : Board(kind.Name));
        Run = new VirtualRun(Device, Network, Clock, "secret") { Observer = this };
        Run.PowerOn();
    }

    public FakeHub Hub { get; } = new();

    public VirtualNetwork Network { get; }

    public VirtualClock Clock { get; } = new(Start);

    public VirtualDevice Device { get; }

    public VirtualRun Run { get; }

    public List<DateTimeOffset> Sampled { get; } = [];

    public List<string> Controlled { get; } = [];

    public List<string> Refusals { get; } = [];

    public List<bool> Uplink { get; } = [];

    public List<DateTimeOffset> Sleeps { get; } = [];

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>Waits until the thing is online; 400 s is more than the longest back-off.</summary>
    public bool WaitOnline() => Run.RunUntil(() => Run.Client is { IsOnline: true }, Seconds(400));

    /// <summary>Waits until nothing waits for the hub.</summary>
    public bool WaitDrained() => Run.RunUntil(() => Run.Client is { IsOnline: true } && Run.Loop!.Ring.Count == 0, Seconds(1000));

    /// <summary>Sends an IQ to the thing and gives its answer.</summary>
    public Element Ask(string type, string id, string payload, string from = "bob@hub.example/cli")
    {
        int before = Hub.Others.Count;
        Hub.Send($"<iq type='{type}' id='{id}' from='{from}' to='t1@hub.example/thing'>{payload}</iq>");
        Xunit.Assert.True(Run.RunUntil(() => Hub.Others.Skip(before).Any(e => e.Name == "iq" && e.Attribute("id") == id), Seconds(5)), "the thing did not answer");
        Element answer = Hub.Others.Skip(before).First(e => e.Name == "iq" && e.Attribute("id") == id);
        Xunit.Assert.Equal(from, answer.Attribute("to"));
        return answer;
    }

    void IThingObserver.UplinkChanged(bool online, string reason) => Uplink.Add(online);

    void IThingObserver.Sampled(Sample sample) => Sampled.Add(DateTimeOffset.FromUnixTimeMilliseconds(sample.TimeMs));

    void IThingObserver.Published(int samples)
    {
    }

    void IThingObserver.PublishRefused(string reason) => Refusals.Add(reason);

    void IThingObserver.Controlled(string from, string parameter, string value, string error) => Controlled.Add($"{from} {parameter}={value} {error}".Trim());

    void IThingObserver.Sleeping(long untilUtcMs) => Sleeps.Add(DateTimeOffset.FromUnixTimeMilliseconds(untilUtcMs));

    // Boards without a script, so that a test alone says what happens.
    private static VirtualBoard Board(string kind)
    {
        VirtualBoard board = new VirtualBoard().NamePin("relay", 5).NamePin("button", 4);
        if (kind != "relay")
        {
            board.AddBme280();
            board.Adc.SetRatio(0, 3.8 / 6.6);
        }

        return board;
    }
}
