using System.Globalization;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;
using static IotXmpp.Things.Tests.Loop.ThingBench;

namespace IotXmpp.Things.Tests.Loop;

/// <summary>Runs alone: it looks at the memory of the process.</summary>
[CollectionDefinition(nameof(LifeTests), DisableParallelization = true)]
[Collection(nameof(LifeTests))]
public sealed class LifeTests
{
    [Fact]
    public void A_battery_thing_measures_publishes_says_until_when_it_sleeps_and_wakes()
    {
        var bench = new ThingBench("battery", o => o.SleepSeconds = 600);
        bench.Run.RunFor(TimeSpan.FromHours(1));
        Assert.InRange(bench.Device.Boots, 6, 7);
        List<Element> nights = [.. bench.Hub.Presences.Where(p => p.Attribute("type") == "unavailable")];
        List<Element> mornings = [.. bench.Hub.Presences.Where(p => p.Attribute("type") is null)];
        Assert.Equal(bench.Sleeps, nights.Select(p => DateTimeOffset.Parse(p.Child(Ns.Thing, "sleep")!.Attribute("until")!, CultureInfo.InvariantCulture)));
        Assert.Equal(bench.Device.Boots, mornings.Count);
        Assert.Equal("power-on", mornings[0].Child(Ns.Thing, "thing")!.Attribute("boot"));
        Assert.All(mornings.Skip(1), p => Assert.Equal("deep-sleep", p.Child(Ns.Thing, "thing")!.Attribute("boot")));
        Assert.All(mornings, p => Assert.Equal("60", p.Child(Ns.Thing, "thing")!.Attribute("bat")));
        Assert.Equal(bench.Sampled, bench.Hub.Samples.Select(s => s.Time));
        Assert.True(bench.Sampled.Count >= bench.Device.Boots);
        // Going to sleep is no trouble with the uplink.
        Assert.DoesNotContain(false, bench.Uplink);
        // The stream was closed in good order each time: no session hangs about at the hub.
        Assert.True(bench.Run.IsAsleep);
        Assert.Equal(0, bench.Hub.OnlineCount);
    }

    [Fact]
    public void A_battery_thing_that_samples_faster_than_it_rests_sleeps_all_the_same()
    {
        var bench = new ThingBench("battery", o =>
        {
            o.SleepSeconds = 60;
            o.SampleIntervalMs = 500;
        });
        bench.Run.RunFor(TimeSpan.FromMinutes(10));
        Assert.InRange(bench.Device.Boots, 9, 10);
        Assert.Equal(bench.Sampled, bench.Hub.Samples.Select(s => s.Time));
    }

    [Fact]
    public void A_battery_thing_does_not_wait_for_a_hub_that_is_away()
    {
        var bench = new ThingBench("battery", o => o.SleepSeconds = 600);
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsAsleep, Seconds(60)));
        bench.Network.TakeDown();
        int boots = bench.Device.Boots;
        bench.Run.RunFor(TimeSpan.FromHours(2));
        // 600 s asleep and 60 s awake: not less sleep than that.
        Assert.InRange(bench.Device.Boots - boots, 10, 11);
        int waiting = bench.Sampled.Count - bench.Hub.Samples.Count;
        Assert.True(waiting > 10);
        bench.Network.BringUp();
        bench.Run.RunFor(TimeSpan.FromMinutes(15));
        Assert.Equal(bench.Sampled, bench.Hub.Samples.Select(s => s.Time));
    }

    [Fact]
    public void A_battery_thing_obeys_before_it_sleeps()
    {
        var bench = new ThingBench("battery", o => o.SleepSeconds = 600);
        Assert.True(bench.WaitOnline());
        Element answer = bench.Ask("set", "c1", "<set xmlns='urn:xmpp:iot:control'><int name='sleepSeconds' value='60'/></set>");
        Assert.Equal("result", answer.Attribute("type"));
        int boots = bench.Device.Boots;
        bench.Run.RunFor(TimeSpan.FromMinutes(10));
        Assert.InRange(bench.Device.Boots - boots, 8, 10);
    }

    [Fact]
    public void A_day_passes_and_nothing_grows()
    {
        var bench = new ThingBench("bme280");
        Assert.True(bench.WaitDrained());
        bench.Run.RunFor(TimeSpan.FromMinutes(10));
        Forget(bench);
        long before = LiveBytes();
        long feeds = bench.Device.WatchdogFeeds;
        for (int hour = 0; hour < 24; hour++)
        {
            // Every hour the network misbehaves in one of three ways.
            switch (hour % 3)
            {
                case 0:
                    bench.Network.Cut();
                    break;
                case 1:
                    bench.Network.TakeDown();
                    bench.Run.RunFor(TimeSpan.FromMinutes(7));
                    bench.Network.BringUp();
                    break;
                default:
                    bench.Network.IsSilent = true;
                    bench.Run.RunFor(TimeSpan.FromMinutes(7));
                    bench.Network.IsSilent = false;
                    break;
            }

            bench.Run.RunUntil(() => bench.Clock.Utc >= Start + TimeSpan.FromHours(hour + 1), TimeSpan.FromHours(1));
            Assert.True(bench.WaitDrained());
            Assert.Equal(bench.Sampled, bench.Hub.Samples.Select(s => s.Time));
            Assert.InRange(bench.Sampled.Count, 300, 400);
            Forget(bench);
        }

        Assert.True(bench.Clock.Utc - Start >= TimeSpan.FromHours(24));
        Assert.True(bench.Device.WatchdogFeeds - feeds > 24 * 3600);
        Assert.InRange(bench.Device.Flash.PeakBytes, 1, 32 * 1024);
        Assert.Equal(0, bench.Run.Loop!.Ring.Dropped);
        long grown = LiveBytes() - before;
        Assert.True(grown < 256 * 1024, $"grown by {grown} bytes");
    }

    // GC.GetTotalMemory(true) stops when two rounds differ by less than 5 %: of a process with other tests' leavings that is more than what is looked for.
    private static long LiveBytes()
    {
        long least = long.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
            least = Math.Min(least, GC.GetTotalMemory(false));
        }

        return least;
    }

    [Fact]
    public void A_step_with_nothing_to_do_allocates_nothing()
    {
        var bench = new ThingBench("relay", o => o.SampleIntervalMs = 86_400_000);
        Assert.True(bench.WaitDrained());
        ThingLoop loop = bench.Run.Loop!;
        long now = bench.Clock.NowMs;
        for (int i = 0; i < 100; i++)
        {
            loop.Step(now += 20);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            loop.Step(now += 20);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Status_is_told_again_only_when_it_has_changed_much()
    {
        var bench = new ThingBench("battery", o => o.SleepSeconds = 0);
        Assert.True(bench.WaitDrained());
        bench.Run.RunFor(TimeSpan.FromHours(1));
        Assert.Single(bench.Hub.Presences);
        bench.Device.SignalDbm = -80;
        bench.Run.RunFor(TimeSpan.FromMinutes(6));
        Assert.Equal("-80", bench.Hub.Presences[^1].Child(Ns.Thing, "thing")!.Attribute("rssi"));
        bench.Device.Board.Adc.SetRatio(0, 3.6 / 6.6);
        bench.Run.RunFor(TimeSpan.FromMinutes(6));
        Assert.Equal(3, bench.Hub.Presences.Count);
        Assert.NotEqual("60", bench.Hub.Presences[^1].Child(Ns.Thing, "thing")!.Attribute("bat"));
    }

    [Theory]
    [InlineData("Esp32")]
    [InlineData("")]
    [InlineData("a_b")]
    [InlineData("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg")]
    public void A_bad_id_is_refused_at_once(string id)
        => Assert.Contains("id", Assert.Throws<ArgumentException>(() => new ThingBench("relay", o => o.ThingId = id)).Message, StringComparison.Ordinal);

    private static void Forget(ThingBench bench)
    {
        bench.Hub.Items.Clear();
        bench.Hub.Publishes.Clear();
        bench.Hub.PublishBytes.Clear();
        bench.Hub.Presences.Clear();
        bench.Hub.Others.Clear();
        bench.Sampled.Clear();
        bench.Uplink.Clear();
    }
}
