using IotXmpp.Esp32;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>What a board survives of its flash: full, and its power cut in the middle of a write.</summary>
public sealed class Esp32FlashTests : Esp32Scene
{
    [Fact]
    public async Task Full_flash_drops_the_oldest_samples_says_how_many_and_goes_on()
    {
        await StartThingAsync("bme280", flashBytes: 12_000, time: new QuickTime(20));
        await KillHubAsync();
        await UntilAsync(() => Dropped() > 0, "the flash does not fill");
        long at = Dropped();
        int sampled = Count(VirtualEventKind.Sampled);
        await UntilAsync(() => Count(VirtualEventKind.Sampled) > sampled + 20, "the board does not measure with a full flash");
        await StartHubAsync();
        await UntilAsync(() => Thing.Invoke((client, loop) => client.IsOnline && loop.Ring.Count == 0), "the ring does not empty");
        long dropped = Dropped();
        Assert.InRange(dropped, at, Count(VirtualEventKind.Sampled));
        await AssertAllThereAsync(dropped);
        Assert.Equal(1, Board.Board.Boots);
    }

    [Fact]
    public async Task Power_that_is_cut_in_the_middle_of_a_write_to_the_ring_costs_no_sample_that_was_on_flash()
    {
        // Through one record and more; tests/Things.Tests does the same for every byte of settings, ring and acknowledgements.
        await StartThingAsync("bme280", time: new QuickTime(20));
        await UntilAsync(() => Thing.Invoke((client, loop) => client.IsOnline && loop.Ring.Count == 0), "the ring does not empty");
        await KillHubAsync();
        for (int cut = 0; cut < 100; cut += 9)
        {
            int samples = Count(VirtualEventKind.Sampled);
            await UntilAsync(() => Count(VirtualEventKind.Sampled) > samples + 1 && Thing.Invoke((client, _) => !client.IsOnline), "the board does not measure in the dark");
            int cuts = Board.PowerCuts;
            int after = cut;
            Thing.Invoke((_, _) =>
            {
                // So many short lives would end in safe mode, which is not what is asked here.
                new FlashSettings(Thing.Flash).Write(StartGuard.Key, null);
                Thing.Flash.CutPowerAfter(after);
                return true;
            });
            await UntilAsync(() => Board.PowerCuts > cuts, "the power was not cut");
        }

        await StartHubAsync();
        await AssertNothingMissingAsync();
        Assert.Equal(Board.PowerCuts + 1, Board.Board.Boots);
    }

    private long Dropped() => Thing.Invoke((_, loop) => loop.Ring.Dropped);
}
