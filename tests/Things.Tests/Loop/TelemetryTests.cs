using IotXmpp.Things;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;
using static IotXmpp.Things.Tests.Loop.ThingBench;

namespace IotXmpp.Things.Tests.Loop;

public sealed class TelemetryTests
{
    private static List<DateTimeOffset> Times(FakeHub hub) => [.. hub.Samples.Select(s => s.Time)];

    [Fact]
    public void A_thing_comes_online_tells_its_status_and_publishes()
    {
        var bench = new ThingBench("bme280");
        Assert.True(bench.WaitDrained());
        Element thing = Assert.Single(bench.Hub.Presences).Child(Ns.Thing, "thing")!;
        Assert.Equal("1.0.0", thing.Attribute("fw"));
        Assert.Equal("power-on", thing.Attribute("boot"));
        Assert.Equal("-61", thing.Attribute("rssi"));
        Assert.Equal("41000", thing.Attribute("heap"));
        Assert.Equal("60", thing.Attribute("keepalive"));
        Assert.Null(thing.Attribute("bat"));
        Assert.NotNull(bench.Hub.Presences[0].Child(Ns.Caps, "c"));

        bench.Run.RunFor(Seconds(60));
        Assert.Equal(bench.Sampled, Times(bench.Hub));
        Assert.Equal(7, bench.Hub.Samples.Count);
        Assert.All(bench.Hub.Samples, s => Assert.Equal("20", s.Value));
        Assert.All(bench.Sampled.Zip(bench.Sampled.Skip(1)), p => Assert.Equal(Seconds(10), p.Second - p.First));
    }

    [Fact]
    public void The_first_publish_makes_the_node_and_the_others_are_small()
    {
        var bench = new ThingBench("bme280");
        bench.Run.RunFor(Seconds(60));
        Element options = bench.Hub.Publishes[0].Child(Ns.PubSub, "pubsub")!.Child("publish-options")!;
        Element form = options.Child(Ns.DataForms, "x")!;
        Dictionary<string, string> fields = Enumerable.Range(0, form.ChildCount).Select(form.ChildAt).ToDictionary(f => f.Attribute("var")!, f => f.ChildText("value")!);
        Assert.Equal("whitelist", fields["pubsub#access_model"]);
        Assert.Equal("true", fields["pubsub#persist_items"]);
        Assert.Equal("1000", fields["pubsub#max_items"]);
        Assert.All(bench.Hub.Publishes.Skip(1), p => Assert.Null(p.Child(Ns.PubSub, "pubsub")!.Child("publish-options")));
        Assert.All(bench.Hub.Publishes, p => Assert.Equal("things/t1/telemetry", p.Child(Ns.PubSub, "pubsub")!.Child("publish")!.Attribute("node")));
        Assert.All(bench.Hub.Publishes, p => Assert.Equal("pubsub.hub.example", p.Attribute("to")));

        // A restart knows that the node is there.
        bench.Hub.Publishes.Clear();
        bench.Run.PowerOn();
        bench.Run.RunFor(Seconds(30));
        Assert.NotEmpty(bench.Hub.Publishes);
        Assert.All(bench.Hub.Publishes, p => Assert.Null(p.Child(Ns.PubSub, "pubsub")!.Child("publish-options")));
    }

    [Fact]
    public void A_node_that_its_maker_wanted_otherwise_is_left_so()
    {
        var bench = new ThingBench("bme280");
        bench.Hub.Answers.Enqueue(PublishAnswer.PreconditionNotMet);
        bench.Run.RunFor(Seconds(15));
        Assert.Equal(bench.Sampled, Times(bench.Hub));
        Assert.Null(bench.Hub.Publishes[1].Child(Ns.PubSub, "pubsub")!.Child("publish-options"));
        Assert.Empty(bench.Refusals);
    }

    [Fact]
    public void A_node_that_is_gone_is_made_again()
    {
        var bench = new ThingBench("bme280");
        bench.Run.RunFor(Seconds(15));
        bench.Hub.Answers.Enqueue(PublishAnswer.ItemNotFound);
        bench.Run.RunFor(Seconds(10));
        Assert.NotNull(bench.Hub.Publishes[^1].Child(Ns.PubSub, "pubsub")!.Child("publish-options"));
        Assert.Equal(bench.Sampled, Times(bench.Hub));
    }

    [Fact]
    public void What_was_measured_offline_arrives_with_its_own_times()
    {
        var bench = new ThingBench("bme280");
        Assert.True(bench.WaitDrained());
        bench.Network.TakeDown();
        bench.Run.RunFor(TimeSpan.FromMinutes(20));
        Assert.InRange(bench.Run.Loop!.Ring.Count, 119, 121);
        bench.Network.BringUp();
        Assert.True(bench.WaitDrained());
        Assert.Equal(bench.Sampled, Times(bench.Hub));
        Assert.Equal([true, false, true], bench.Uplink);
        // In batches, oldest first.
        List<DateTimeOffset> order = [.. bench.Hub.Items.SelectMany(FakeHub.Timestamps).Select(t => DateTimeOffset.Parse(t.Attribute("value")!, null))];
        Assert.Equal(order.Order(), order);
        Assert.True(bench.Hub.Publishes.Count < 40, $"{bench.Hub.Publishes.Count} publishes");
        Assert.All(bench.Hub.PublishBytes, bytes => Assert.InRange(bytes, 1, 4096));
    }

    [Fact]
    public void A_silent_network_is_noticed_by_pings_and_nothing_is_lost()
    {
        var bench = new ThingBench("bme280");
        Assert.True(bench.WaitDrained());
        bench.Network.IsSilent = true;
        Assert.True(bench.Run.RunUntil(() => !bench.Run.Client!.IsOnline, Seconds(300)), "a dead connection was not noticed");
        bench.Run.RunFor(Seconds(100));
        bench.Network.IsSilent = false;
        Assert.True(bench.WaitDrained());
        Assert.Equal(bench.Sampled, Times(bench.Hub));
    }

    [Fact]
    public void A_publish_whose_answer_is_lost_is_stored_once()
    {
        var bench = new ThingBench("bme280");
        Assert.True(bench.WaitDrained());
        bench.Hub.Answers.Enqueue(PublishAnswer.StoreButLoseTheAnswer);
        Assert.True(bench.Run.RunUntil(() => bench.Hub.Publishes.Count == 2, Seconds(30)));
        bench.Network.Cut();
        Assert.True(bench.WaitDrained());
        bench.Run.RunFor(Seconds(30));
        Assert.Equal(bench.Sampled, Times(bench.Hub));
    }

    [Fact]
    public void A_publish_whose_answer_is_lost_in_a_power_cut_is_stored_once()
    {
        var bench = new ThingBench("bme280");
        Assert.True(bench.WaitDrained());
        bench.Network.TakeDown();
        bench.Run.RunFor(Seconds(200));
        bench.Hub.Answers.Enqueue(PublishAnswer.StoreButLoseTheAnswer);
        bench.Network.BringUp();
        Assert.True(bench.Run.RunUntil(() => bench.Hub.Answers.Count == 0, Seconds(400)));
        bench.Run.PowerOn("brownout");
        Assert.True(bench.WaitDrained());
        Assert.Equal(bench.Sampled, Times(bench.Hub));
    }

    [Fact]
    public void A_sample_leaves_the_flash_only_after_the_hub_has_it()
    {
        var bench = new ThingBench("bme280");
        bench.Hub.Default = PublishAnswer.IgnoreSilently;
        bench.Run.RunFor(Seconds(100));
        Assert.True(bench.Hub.Publishes.Count > 1);
        Assert.Equal(bench.Sampled.Count, bench.Run.Loop!.Ring.Count);

        bench.Run.PowerOff();
        bench.Run.RunFor(Seconds(5));
        bench.Hub.Default = PublishAnswer.Store;
        bench.Run.PowerOn();
        Assert.True(bench.WaitDrained());
        Assert.Equal(bench.Sampled, Times(bench.Hub));
    }

    [Fact]
    public void A_hub_that_forbids_is_asked_ever_more_seldom_and_nothing_is_lost()
    {
        var bench = new ThingBench("bme280", o => o.SampleIntervalMs = 60_000);
        bench.Hub.Default = PublishAnswer.Forbidden;
        bench.Run.RunFor(TimeSpan.FromHours(2));
        Assert.InRange(bench.Hub.Publishes.Count, 5, 20);
        Assert.Equal(bench.Hub.Publishes.Count, bench.Refusals.Count);
        bench.Hub.Default = PublishAnswer.Store;
        Assert.True(bench.WaitDrained());
        Assert.Equal(bench.Sampled, Times(bench.Hub));
    }

    [Fact]
    public void One_sample_that_the_hub_will_not_have_does_not_stop_the_others()
    {
        var bench = new ThingBench("bme280");
        Assert.True(bench.WaitDrained());
        bench.Network.TakeDown();
        bench.Run.RunFor(Seconds(50));
        bench.Hub.Answers.Enqueue(PublishAnswer.NotAcceptable);
        bench.Hub.Answers.Enqueue(PublishAnswer.NotAcceptable);
        bench.Network.BringUp();
        Assert.True(bench.WaitDrained());
        Assert.Equal("given up: not-acceptable (modify)", Assert.Single(bench.Refusals));
        Assert.Equal(bench.Sampled.Count - 1, bench.Hub.Samples.Count);
    }

    [Fact]
    public void Without_the_time_of_day_nothing_is_sampled_and_then_it_is()
    {
        var bench = new ThingBench("bme280");
        bench.Clock.Forget();
        bench.Run.RunFor(Seconds(30));
        Assert.Empty(bench.Sampled);
        Assert.True(bench.Run.Loop!.SkippedWithoutClock > 0);
        bench.Clock.Set(Start);
        bench.Run.RunFor(Seconds(5));
        Assert.InRange(Assert.Single(bench.Sampled), Start, Start + Seconds(2));
    }

    [Fact]
    public void A_sensor_that_is_pulled_out_leaves_a_gap_and_no_lie()
    {
        var bench = new ThingBench("bme280");
        bench.Run.RunFor(Seconds(15));
        bench.Device.Board.I2c.Detach(0x76);
        bench.Run.RunFor(Seconds(60));
        Assert.Equal(2, bench.Sampled.Count);
        Assert.InRange(bench.Run.Loop!.FailedReadings, 5, 7);
        bench.Device.Board.I2c.Attach(0x76, bench.Device.Board.Bme280());
        bench.Run.RunFor(Seconds(30));
        Assert.Equal(bench.Sampled, Times(bench.Hub));
        Assert.True(bench.Sampled.Count > 3);
    }

    [Fact]
    public void Power_may_fail_in_the_middle_of_any_write()
    {
        foreach (int bytes in Enumerable.Range(0, 120).Select(i => (i * 7) + 1))
        {
            var bench = new ThingBench("bme280", o => o.SampleIntervalMs = 1000);
            Assert.True(bench.WaitDrained());
            bench.Network.TakeDown();
            bench.Run.RunFor(Seconds(3));
            bench.Device.Flash.CutPowerAfter(bytes);
            Assert.True(bench.Run.RunUntil(() => bench.Run.PowerCuts == 1, Seconds(60)));
            bench.Run.RunFor(Seconds(2));
            bench.Network.BringUp();
            bench.Run.PowerOn("brownout");
            Assert.True(bench.WaitDrained());
            // What the thing said it had measured is at the hub, all of it and once; then it goes on.
            Assert.Equal(bench.Sampled, Times(bench.Hub));
            Assert.Equal("brownout", bench.Hub.Presences[^1].Child(Ns.Thing, "thing")!.Attribute("boot"));
        }
    }

    [Fact]
    public void A_full_flash_drops_the_oldest_and_says_how_many()
    {
        var bench = new ThingBench("bme280", o =>
        {
            o.SampleIntervalMs = 1000;
            o.RingSegments = 3;
            o.RingSegmentBytes = 1024;
        });
        Assert.True(bench.WaitDrained());
        bench.Network.TakeDown();
        bench.Run.RunFor(Seconds(300));
        TelemetryRing ring = bench.Run.Loop!.Ring;
        Assert.True(ring.Dropped > 200);
        long dropped = ring.Dropped;
        bench.Network.BringUp();
        Assert.True(bench.WaitDrained());
        Assert.Equal(bench.Sampled.Count, bench.Hub.Samples.Count + ring.Dropped);
        Assert.Equal(bench.Sampled.TakeLast(20), Times(bench.Hub).TakeLast(20));
        Assert.True(ring.Dropped >= dropped);
    }

    [Theory]
    [InlineData(PublishAnswer.StoreButLoseTheAnswer, 0)]
    [InlineData(PublishAnswer.IgnoreSilently, 1)]
    public void A_batch_that_a_full_flash_dropped_while_it_was_on_its_way_is_lost_only_if_it_has_not_arrived(object answer, int lost)
    {
        var bench = new ThingBench("bme280", o =>
        {
            o.SampleIntervalMs = 1000;
            o.RingSegments = 3;
            o.RingSegmentBytes = 1024;
        });
        Assert.True(bench.WaitDrained());
        bench.Hub.Answers.Enqueue((PublishAnswer)answer);
        Assert.True(bench.Run.RunUntil(() => bench.Hub.Answers.Count == 0, Seconds(10)));
        int before = bench.Hub.Samples.Count;
        bench.Network.TakeDown();
        bench.Run.RunFor(Seconds(300));
        bench.Network.BringUp();
        Assert.True(bench.WaitDrained());
        List<DateTimeOffset> missing = [.. bench.Sampled.Except(Times(bench.Hub))];
        Assert.Equal(missing.Count, bench.Run.Loop!.Ring.Dropped);
        Assert.Equal(lost, missing.Contains(bench.Sampled[before - 1 + lost]) ? 1 : 0);
    }

    [Fact]
    public void Publishes_keep_the_sizes_of_the_wire_profile()
    {
        var bench = new ThingBench(new Thermometer(), o => o.ThingId = "esp32-a4cf12");
        Assert.True(bench.WaitDrained());
        bench.Run.RunFor(Seconds(25));
        Assert.All(bench.Hub.PublishBytes.Skip(1), bytes => Assert.InRange(bytes, 1, 400));

        bench.Network.TakeDown();
        bench.Run.RunFor(Seconds(200));
        bench.Hub.PublishBytes.Clear();
        bench.Hub.Publishes.Clear();
        bench.Network.BringUp();
        Assert.True(bench.WaitDrained());
        Assert.Equal(10, FakeHub.Timestamps(bench.Hub.Items.Skip(3).First()).Count());
        Assert.InRange(bench.Hub.PublishBytes[0], 1, 1500);
    }

    private sealed class Thermometer : VirtualKind
    {
        public override string Name => "thermometer";

        public override string Summary => "one field";

        public override VirtualBoard CreateBoard() => new();

        public override ThingPart[] CreateParts(VirtualBoard board, ISettings settings) => [new Part()];

        private sealed class Part : ThingPart
        {
            public override bool TrySample(Sample sample) => sample.AddNumeric("temperature", "°C", 214, 1);
        }
    }
}
