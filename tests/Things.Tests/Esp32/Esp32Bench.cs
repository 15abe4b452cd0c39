using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Things.Tests.Loop;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>A virtual ESP32 that runs the application of the real board, with a hub in memory that wants its keys, in simulated time.</summary>
internal sealed class Esp32Bench : IThingObserver, IDisposable
{
    public static readonly DeviceKey Key = DeviceKey.Derive(DotNetHash.Instance, "a secret of this device", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], 4096);

    private const int ChipPin = 13;

    public Esp32Bench(string kind = "bme280", Action<BoardConfig>? config = null, Action<ThingOptions>? configure = null, int flashBytes = VirtualFlash.DefaultCapacity, bool start = true, bool chip = false)
    {
        Hub = new FakeHub { Key = Key };
        Network = new VirtualNetwork(Hub);
        var flashed = new BoardConfig { Thing = "t1", Domain = FakeHub.Domain, Board = "esp32-devkitc-v4", Parts = kind };
        flashed.WatchdogPin = chip ? ChipPin : -1;
        config?.Invoke(flashed);
        Run = new Esp32Run(VirtualKind.Find(kind), Network, Clock, flashed, Key, kind.Contains(' ', StringComparison.Ordinal) ? null : Pins(kind), flashBytes) { Observer = this };
        if (chip)
        {
            Run.Board.AddWatchdogChip(ChipPin);
        }

        Run.Board.Configure = (thing, _) => configure?.Invoke(thing);
        if (start)
        {
            Run.PowerOn();
        }
    }

    public FakeHub Hub { get; }

    public VirtualNetwork Network { get; }

    public VirtualClock Clock { get; } = new(ThingBench.Start);

    public Esp32Run Run { get; }

    public VirtualEsp32 Board => Run.Board;

    // With room from the start, so that it does not grow within a step whose allocations are counted.
    public List<DateTimeOffset> Sampled { get; } = new(100_000);

    public List<string> Controlled { get; } = [];

    /// <summary>The status of the last presence that told one.</summary>
    public Element Status => Hub.Presences.Last(p => p.Child(Ns.Thing, "thing") is not null).Child(Ns.Thing, "thing")!;

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    /// <summary>Waits until the thing is online; 400 s is more than the longest back-off.</summary>
    public bool WaitOnline()
    {
        bool online = Run.RunUntil(() => Run.IsOnline, Seconds(400));
        // Its presence is on the way.
        Run.RunFor(Seconds(0.1));
        return online;
    }

    /// <summary>Waits until nothing waits for the hub.</summary>
    public bool WaitDrained() => Run.RunUntil(() => Run.IsOnline && Run.Application!.Loop.Ring.Count == 0, Seconds(2000));

    /// <summary>Sends an IQ to the thing and gives its answer.</summary>
    public Element Ask(string type, string id, string payload)
    {
        int before = Hub.Others.Count;
        Hub.Send($"<iq type='{type}' id='{id}' from='bob@hub.example/cli' to='t1@hub.example/thing'>{payload}</iq>");
        Xunit.Assert.True(Run.RunUntil(() => Hub.Others.Skip(before).Any(e => e.Name == "iq" && e.Attribute("id") == id), Seconds(5)), "the thing did not answer");
        return Hub.Others.Skip(before).First(e => e.Name == "iq" && e.Attribute("id") == id);
    }

    /// <summary>Every sample that was measured while the time was known is at the hub, once.</summary>
    public void AssertNothingMissing()
    {
        List<DateTimeOffset> stored = [.. Hub.Samples.Select(s => s.Time)];
        Xunit.Assert.Equal(stored.Distinct().Count(), stored.Count);
        Xunit.Assert.Equal([.. Sampled.Order()], stored);
    }

    public void Dispose() => Run.Dispose();

    void IThingObserver.UplinkChanged(bool online, string reason)
    {
    }

    void IThingObserver.Sampled(Sample sample) => Sampled.Add(DateTimeOffset.FromUnixTimeMilliseconds(sample.TimeMs));

    void IThingObserver.Published(int samples)
    {
    }

    void IThingObserver.PublishRefused(string reason)
    {
    }

    void IThingObserver.Controlled(string from, string parameter, string value, string error) => Controlled.Add($"{parameter}={value} {error}".Trim());

    void IThingObserver.Sleeping(long untilUtcMs)
    {
    }

    // Without a script, so that a test alone says what happens.
    private static VirtualBoard Pins(string kind)
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
