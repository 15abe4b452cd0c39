using System.Globalization;
using IotXmpp.Esp32;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>What is on a board's flash, byte by byte.</summary>
public sealed class FlashTests
{
    // nanoFramework's partition table for 4 MB (esp32, esp32c3): config, littlefs, at 0x3C0000, 0x40000 bytes; littlefs has blocks of 4 KiB.
    private const int PartitionBytes = 0x40000;
    private const int BlockBytes = 4096;

    [Fact]
    public void A_power_cut_at_any_byte_leaves_the_old_setting_or_the_new_one()
    {
        byte[] old = [1, 2, 3, 4, 5];
        byte[] next = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
        for (int cut = 0; cut <= next.Length + 3; cut++)
        {
            var flash = new VirtualFlash();
            var settings = new FlashSettings(flash);
            settings.Write("k", [0]);
            settings.Write("k", old);
            flash.CutPowerAfter(cut);
            bool died = Record.Exception(() => settings.Write("k", next)) is PowerCutException;
            flash.RestorePower();
            Assert.Equal(cut < next.Length + 3, died);
            Assert.Equal(died ? old : next, new FlashSettings(flash).Read("k"));
            // And it goes on from there.
            new FlashSettings(flash).Write("k", [42]);
            Assert.Equal([42], new FlashSettings(flash).Read("k")!);
        }
    }

    [Fact]
    public void A_setting_is_removed_kept_and_counted_through_256_writes()
    {
        var flash = new VirtualFlash();
        var settings = new FlashSettings(flash);
        Assert.Null(settings.Read("k"));
        for (int i = 0; i < 600; i++)
        {
            settings.Write("k", [(byte)i, (byte)(i >> 8)]);
            Assert.Equal([(byte)i, (byte)(i >> 8)], new FlashSettings(flash).Read("k")!);
        }

        long written = flash.WrittenBytes;
        settings.Write("k", [599 & 0xFF, 599 >> 8]);
        Assert.Equal(written, flash.WrittenBytes);
        settings.Write("k", null);
        Assert.Null(new FlashSettings(flash).Read("k"));
    }

    [Fact]
    public void The_form_of_a_setting_is_frozen()
    {
        var flash = new VirtualFlash();
        new FlashSettings(flash).Write("k", [0x31, 0x32]);
        Assert.Equal("00313229EC", Convert.ToHexString(((IBoardFiles)flash).Read("I:\\set_k.0")!));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_power_cut_at_every_byte_of_the_ring_and_the_settings_loses_no_sample_that_was_on_flash(bool leavesErased)
    {
        // One life in which a board measures in the dark; then the same again, cut at each byte of flash that it writes.
        long begin = 0;
        long end = 0;
        using (var whole = Dark(-1))
        {
            begin = whole.Board.Flash.WrittenBytes;
            whole.Run.RunFor(Esp32Bench.Seconds(12));
            end = whole.Board.Flash.WrittenBytes;
        }

        Assert.True(end - begin > 600);
        int cuts = 0;
        for (long cut = 0; cut < end - begin; cut++)
        {
            using var bench = Dark(cut);
            bench.Board.Flash.CutLeavesErased = leavesErased;
            bench.Run.RunFor(Esp32Bench.Seconds(12));
            Assert.Equal(1, bench.Run.PowerCuts);
            cuts++;
            // The sample whose write was cut was never told: all that were are at the hub in the end.
            bench.Network.BringUp();
            bench.Run.PowerOn();
            Assert.True(bench.WaitOnline());
            Assert.True(bench.WaitDrained());
            bench.AssertNothingMissing();
        }

        Assert.Equal(end - begin, cuts);
    }

    [Theory]
    [InlineData(12, false)]
    [InlineData(12, true)]
    [InlineData(60, false)]
    public void Power_cuts_one_after_the_other_in_the_dark_lose_only_what_the_ring_says(int cuts, bool leavesErased)
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 30);
        Assert.True(bench.WaitOnline());
        Assert.True(bench.WaitDrained());
        bench.Network.TakeDown();
        bench.Board.Flash.CutLeavesErased = leavesErased;
        for (int cut = 0; cut < cuts; cut++)
        {
            // Long enough for a start that has not failed.
            bench.Run.RunFor(Esp32Bench.Seconds(150));
            bench.Board.Flash.CutPowerAfter(cut * 7 % 90);
            Assert.True(bench.Run.RunUntil(() => bench.Run.PowerCuts == cut + 1, Esp32Bench.Seconds(300)));
            bench.Run.PowerOn();
        }

        bench.Network.BringUp();
        Assert.True(bench.WaitOnline());
        Assert.True(bench.WaitDrained());
        // A segment with a torn end is not written to any more: a ring of 22 has room for that many cuts, and then the oldest goes.
        long dropped = bench.Run.Application!.Loop.Ring.Dropped;
        Assert.Equal(cuts > BoardOptions.RingSegments, dropped > 0);
        List<DateTimeOffset> stored = [.. bench.Hub.Samples.Select(s => s.Time)];
        Assert.Equal(stored.Distinct().Count(), stored.Count);
        Assert.Equal(bench.Sampled.Count, stored.Count + dropped);
        Assert.Equal(bench.Sampled.TakeLast(80), stored.TakeLast(80));
    }

    [Fact]
    public void A_ring_of_a_4_MB_board_holds_a_thousand_samples_and_leaves_room()
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 1);
        Assert.True(bench.WaitOnline());
        bench.Network.TakeDown();
        bench.Run.RunFor(Esp32Bench.Seconds(6000));
        TelemetryRing ring = bench.Run.Application!.Loop.Ring;
        Assert.True(ring.Dropped > 0, "the ring was not filled");
        Assert.True(ring.Count >= 1000, ring.Count.ToString(CultureInfo.InvariantCulture));

        // Even samples of 168 bytes, of a thing with eight parts, are a thousand: one segment less than all, since the oldest goes as a whole.
        Assert.True((BoardOptions.RingSegments - 1) * (BoardOptions.RingSegmentBytes / 168) >= 21 * 47);
        Assert.True((BoardOptions.RingSegments - 1) * BoardOptions.RingSegmentBytes / 168 >= 1000);

        // littlefs: whole blocks for each file, a pair for the root and one for the ring's folder, the files of the application, and an eighth free for its copies on write.
        int blocks = (BoardOptions.RingSegments * ((BoardOptions.RingSegmentBytes + BlockBytes - 1) / BlockBytes)) + 4 + 8;
        Assert.InRange(blocks, 1, PartitionBytes / BlockBytes * 7 / 8);
        Assert.InRange(bench.Board.Flash.PeakBytes, 1, BoardOptions.RingSegments * BoardOptions.RingSegmentBytes + 8192);
    }

    [Fact]
    public void Online_flash_is_written_once_for_many_samples()
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 10);
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(300));
        int appends = bench.Board.Flash.Appends;
        int samples = bench.Sampled.Count;
        bench.Run.RunFor(Esp32Bench.Seconds(36_000));
        samples = bench.Sampled.Count - samples;
        appends = bench.Board.Flash.Appends - appends;
        Assert.Equal(3600, samples);
        Assert.InRange(appends, 1, samples / 10);
        // And a plug that is pulled costs nothing that the hub has not.
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        Assert.True(bench.WaitDrained());
        bench.AssertNothingMissing();
    }

    private static Esp32Bench Dark(long cut)
    {
        var bench = new Esp32Bench(config: c => c.IntervalSeconds = 1);
        bench.WaitOnline();
        bench.Run.RunFor(Esp32Bench.Seconds(4));
        bench.Network.TakeDown();
        bench.Run.RunUntil(() => !bench.Run.IsOnline, Esp32Bench.Seconds(5));
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        if (cut >= 0)
        {
            bench.Board.Flash.CutPowerAfter(cut);
        }

        return bench;
    }
}
