using System.Globalization;
using IotXmpp.Esp32;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.EndToEnd.Things;

/// <summary>What a board survives of its time server. It judges the hub's certificate by its own clock, as mbedTLS on the chip does.</summary>
public sealed class Esp32ClockTests : Esp32Scene
{
    [Fact]
    public async Task A_time_of_the_past_keeps_the_board_out_and_the_right_one_lets_it_in()
    {
        Make("bme280");
        Board.TimeError = -TimeSpan.FromDays(400);
        Thing.Start();
        await UntilAsync(() => Said("clock-failed"), "the board believes a time before its firmware was made");
        Assert.DoesNotContain(Events, e => e.Kind is VirtualEventKind.Online or VirtualEventKind.Sampled);
        Board.TimeError = TimeSpan.Zero;
        await Thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_time_of_the_future_makes_the_hub_seem_untrusted_is_doubted_and_does_not_shut_out_the_right_one()
    {
        // The board doubts its time after two minutes without the hub.
        Make("bme280", time: new QuickTime(20));
        Board.TimeError = TimeSpan.FromDays(365 * 40);
        Thing.Start();
        await UntilAsync(() => Said("hub-untrusted"), "the hub's certificate is good for a board that lives forty years later");
        Assert.DoesNotContain(Events, e => e.Kind == VirtualEventKind.Online);
        Board.TimeError = TimeSpan.Zero;
        await Thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.Equal(1, Board.Board.Boots);
    }

    [Fact]
    public async Task A_time_server_that_does_not_answer_is_asked_until_it_does_and_meanwhile_the_hub_is_told_nothing()
    {
        Make("bme280");
        Board.IsTimeServerThere = false;
        Thing.Start();
        await UntilAsync(() => Said("wifi-up"), "the board has no network");
        // Two questions are five seconds apart.
        await UntilAsync(() => Board.Invoke(a => a is { Clock.IsSet: false, Client.State: Xmpp.ClientState.Stopped } && a.Client.NowMs > 0) && Board.TimeQuestions >= 2, "the board does not ask again");
        Assert.DoesNotContain(Events, e => e.Kind is VirtualEventKind.Online or VirtualEventKind.Sampled);
        Board.IsTimeServerThere = true;
        await Thing.FirstPublished.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task The_last_time_at_which_the_hub_was_good_is_kept_over_a_power_cycle_as_a_floor()
    {
        await StartThingAsync("bme280");
        int before = Count(VirtualEventKind.Online);
        // Later than the firmware was made, and before what the board knows: only the kept time tells that it is false.
        Board.TimeError = -TimeSpan.FromDays(1);
        Board.CyclePower();
        await UntilAsync(() => Said("clock-failed"), "the board believes a time before the last one that it knew");
        Assert.Equal(before, Count(VirtualEventKind.Online));
        Assert.Equal(DateTimeOffset.UtcNow.Year.ToString(CultureInfo.InvariantCulture), DateTimeOffset.FromUnixTimeMilliseconds(VirtualEsp32.BuiltUtcMs).Year.ToString(CultureInfo.InvariantCulture));
        Board.TimeError = TimeSpan.Zero;
        await UntilAsync(() => Count(VirtualEventKind.Online) > before, "the board is not back");
    }
}
