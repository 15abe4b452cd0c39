using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Loop;

public sealed class TelemetryRingTests
{
    private readonly Sample _sample = new();

    private Sample At(long time)
    {
        _sample.Clear(time);
        _sample.AddNumeric("temperature", "°C", 2000 + (time % 100), 2);
        return _sample;
    }

    private static List<long> ReadAll(TelemetryRing ring, int max = int.MaxValue)
    {
        var times = new List<long>();
        var sample = new Sample();
        while (times.Count < max && ring.TryNext(sample))
        {
            times.Add(sample.TimeMs);
        }

        return times;
    }

    private static List<long> Range(int from, int to) => [.. Enumerable.Range(from, to - from + 1).Select(i => (long)i)];

    [Fact]
    public void Samples_leave_oldest_first_and_only_when_acknowledged()
    {
        var ring = new TelemetryRing(new VirtualFlash());
        for (int i = 1; i <= 5; i++)
        {
            Assert.True(ring.Add(At(i)));
        }

        Assert.Equal(Range(1, 3), ReadAll(ring, 3));
        Assert.Equal(5, ring.Count);
        ring.Rewind();
        Assert.Equal(Range(1, 2), ReadAll(ring, 2));
        Assert.True(ring.AcknowledgeRead());
        Assert.Equal(3, ring.Count);
        Assert.Equal(Range(3, 5), ReadAll(ring));
        Assert.True(ring.Add(At(6)));
        Assert.Equal(Range(6, 6), ReadAll(ring));
        Assert.True(ring.AcknowledgeRead());
        Assert.Equal(0, ring.Count);
        Assert.Empty(ReadAll(ring));
    }

    [Fact]
    public void A_restart_keeps_what_waits_and_forgets_what_was_acknowledged()
    {
        var flash = new VirtualFlash();
        var ring = new TelemetryRing(flash);
        for (int i = 1; i <= 400; i++)
        {
            Assert.True(ring.Add(At(i)));
        }

        ReadAll(ring, 250);
        ring.AcknowledgeRead();

        var again = new TelemetryRing(flash);
        Assert.Equal(150, again.Count);
        Assert.Equal(Range(251, 400), ReadAll(again));
        again.AcknowledgeRead();
        Assert.Equal(0, new TelemetryRing(flash).Count);
    }

    [Fact]
    public void A_full_ring_drops_the_oldest_and_says_how_many()
    {
        var flash = new VirtualFlash();
        var ring = new TelemetryRing(flash, 1024, 4);
        for (int i = 1; i <= 1000; i++)
        {
            Assert.True(ring.Add(At(i)));
        }

        Assert.Equal(1000, ring.Count + ring.Dropped);
        Assert.InRange(flash.PeakBytes, 1024, 4 * 1024);
        List<long> left = ReadAll(ring);
        Assert.Equal(Range(1000 - ring.Count + 1, 1000), left);

        var again = new TelemetryRing(flash, 1024, 4);
        Assert.Equal(ring.Count, again.Count);
        Assert.Equal(ring.Dropped, again.Dropped);
    }

    [Fact]
    public void What_a_full_ring_drops_of_a_batch_on_its_way_is_lost_only_if_the_hub_has_not_got_it()
    {
        foreach (bool arrives in new[] { true, false })
        {
            var ring = new TelemetryRing(new VirtualFlash(), 1024, 4);
            for (int i = 1; i <= 1000; i++)
            {
                ring.Add(At(i));
            }

            long before = ring.Dropped;
            Assert.Equal(10, ReadAll(ring, 10).Count);
            int more = 0;
            for (; ring.ReadCount > 0; more++)
            {
                ring.Add(At(1001 + more));
            }

            if (arrives)
            {
                ring.AcknowledgeRead();
            }
            else
            {
                ring.Rewind();
            }

            Assert.Equal(1000 + more, ring.Count + ring.Dropped + (arrives ? 10 : 0));
            Assert.True(ring.Dropped > before);
        }
    }

    [Fact]
    public void A_thousand_samples_of_three_fields_fit_the_default_ring()
    {
        var ring = new TelemetryRing(new VirtualFlash());
        for (int i = 1; i <= 1000; i++)
        {
            _sample.Clear(1_763_640_000_000 + (i * 10_000));
            _sample.AddNumeric("temperature", "°C", 2140, 2);
            _sample.AddNumeric("humidity", "%", 482, 1);
            _sample.AddNumeric("pressure", "hPa", 100211, 2);
            Assert.True(ring.Add(_sample));
        }

        Assert.Equal(1000, ring.Count);
        Assert.Equal(0, ring.Dropped);
    }

    [Fact]
    public void Flash_smaller_than_the_ring_drops_the_oldest_too()
    {
        var flash = new VirtualFlash(3000);
        var ring = new TelemetryRing(flash, 1024, 16);
        for (int i = 1; i <= 500; i++)
        {
            ring.Add(At(i));
        }

        Assert.Equal(500, ring.Count + ring.Dropped);
        Assert.True(ring.Count > 20);
        List<long> left = ReadAll(ring);
        Assert.Equal(ring.Count, left.Count);
        Assert.Equal(500, left[^1]);
    }

    [Fact]
    public void Flash_that_is_full_at_any_byte_costs_the_oldest_and_never_a_new_sample()
    {
        // The last of the room may be too small for a segment's header, or just for its first sample.
        for (int capacity = 2000; capacity < 2600; capacity++)
        {
            var ring = new TelemetryRing(new VirtualFlash(capacity), 512, 22);
            for (int i = 1; i <= 300; i++)
            {
                Assert.True(ring.Add(At(i)), $"{capacity} bytes, sample {i}");
            }

            Assert.Equal(300, ring.Count + ring.Dropped);
            Assert.Equal(Range(301 - ring.Count, 300), ReadAll(ring));
        }
    }

    [Fact]
    public void A_smaller_ring_after_an_update_keeps_the_newest()
    {
        var flash = new VirtualFlash();
        var large = new TelemetryRing(flash, 1024, 10);
        for (int i = 1; i <= 200; i++)
        {
            large.Add(At(i));
        }

        var small = new TelemetryRing(flash, 1024, 3);
        Assert.Equal(200, small.Count + small.Dropped);
        Assert.Equal(200, ReadAll(small)[^1]);
    }

    [Fact]
    public void A_sample_too_large_is_refused_and_counted()
    {
        var ring = new TelemetryRing(new VirtualFlash());
        _sample.Clear(1);
        for (int i = 0; i < 3; i++)
        {
            _sample.AddString("s" + i, new string('x', 500));
        }

        Assert.False(ring.Add(_sample));
        Assert.Equal(1, ring.Dropped);
        Assert.True(ring.Add(At(2)));
        Assert.Equal(Range(2, 2), ReadAll(ring));
    }

    [Fact]
    public void A_full_ring_in_the_middle_of_a_batch_takes_nothing_else_with_it()
    {
        var ring = new TelemetryRing(new VirtualFlash(), 512, 3);
        for (int i = 1; i <= 20; i++)
        {
            ring.Add(At(i));
        }

        List<long> batch = ReadAll(ring, 5);
        for (int i = 21; i <= 60; i++)
        {
            ring.Add(At(i));
        }

        ring.AcknowledgeRead();
        List<long> rest = ReadAll(ring);
        Assert.Equal(ring.Count, rest.Count);
        Assert.DoesNotContain(rest, batch.Contains);
        Assert.Equal(60, rest[^1]);
        Assert.Equal(rest, Range((int)rest[0], 60));
    }

    [Fact]
    public void Power_may_be_cut_at_every_single_byte()
    {
        // What a whole run writes, to know where it can be cut.
        long total = RunUntilCut(new VirtualFlash(), long.MaxValue, out _, out _);
        for (long cut = 0; cut <= total; cut++)
        {
            var flash = new VirtualFlash();
            RunUntilCut(flash, cut, out List<long> stored, out long acknowledged);
            flash.RestorePower();

            var ring = new TelemetryRing(flash, 512, 8);
            List<long> left = ReadAll(ring);
            List<long> must = [.. stored.Where(time => time > acknowledged)];
            // Everything that was said to be stored is there, in order; an acknowledgement that was being written may or may not have made it.
            Assert.True(left.Count >= must.Count - 5 && left.SequenceEqual(stored.Skip(stored.Count - left.Count)), $"cut at byte {cut}: {string.Join(' ', left)} of {string.Join(' ', must)}");
            Assert.True(left.Count == must.Count || left.Count == must.Count - 5, $"cut at byte {cut}: {left.Count} left, {must.Count} expected");
            // And it goes on.
            Assert.True(ring.Add(At(1000)));
            ring.Rewind();
            Assert.Equal([.. left, 1000L], ReadAll(new TelemetryRing(flash, 512, 8)));
        }
    }

    // Adds 20 samples and acknowledges five at a time now and then; tells what was confirmed before the cut.
    private long RunUntilCut(VirtualFlash flash, long cut, out List<long> stored, out long acknowledged)
    {
        stored = [];
        acknowledged = 0;
        if (cut != long.MaxValue)
        {
            flash.CutPowerAfter(cut);
        }

        try
        {
            var ring = new TelemetryRing(flash, 512, 8);
            for (int i = 1; i <= 20; i++)
            {
                if (ring.Add(At(i)))
                {
                    stored.Add(i);
                }

                if (i % 7 == 0)
                {
                    List<long> batch = ReadAll(ring, 5);
                    ring.AcknowledgeRead();
                    acknowledged = batch[^1];
                }
            }
        }
        catch (PowerCutException)
        {
            // That is what is tested.
        }

        return flash.WrittenBytes;
    }

    [Fact]
    public void Any_order_of_adding_reading_acknowledging_and_restarting_keeps_the_order()
    {
        Gen<int[]> scripts = Gen.ArrayOf(Gen.Choose(0, 9));
        Check.QuickThrowOnFailure(Prop.ForAll(scripts.ToArbitrary(), script =>
        {
            var flash = new VirtualFlash();
            var ring = new TelemetryRing(flash, 512, 4);
            var model = new List<long>();
            int read = 0;
            int onItsWay = 0;
            long arrived = 0;
            long next = 1;
            foreach (int verb in script)
            {
                switch (verb)
                {
                    case < 5:
                        for (int i = 0; i <= verb; i++)
                        {
                            int before = ring.Count;
                            ring.Add(At(next));
                            model.Add(next++);
                            int gone = before + 1 - ring.Count;
                            model.RemoveRange(0, gone);
                            read = Math.Max(0, read - gone);
                        }

                        break;
                    case < 7:
                        int taken = ReadAll(ring, verb).Count;
                        read += taken;
                        onItsWay += taken;
                        break;
                    case 7:
                        arrived += onItsWay;
                        onItsWay = 0;
                        long lost = ring.Dropped;
                        ring.AcknowledgeRead();
                        // Keeping the acknowledgement itself may need a segment, and that the oldest's.
                        model.RemoveRange(0, read + (int)(ring.Dropped - lost));
                        read = 0;
                        break;
                    case 8:
                        ring.Rewind();
                        read = 0;
                        onItsWay = 0;
                        break;
                    default:
                        ring = new TelemetryRing(flash, 512, 4);
                        read = 0;
                        onItsWay = 0;
                        // What was on its way in the life before counts as lost on flash.
                        arrived = next - 1 - ring.Count - ring.Dropped;
                        break;
                }

                if (ring.Count != model.Count)
                {
                    return false;
                }
            }

            ring.Rewind();
            return ring.Count + ring.Dropped + arrived == next - 1 && ReadAll(ring).SequenceEqual(model);
        }));
    }
}
