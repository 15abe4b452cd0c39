using IotXmpp.Esp32;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

public sealed class SafeModeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Starts_that_fail_again_and_again_end_in_safe_mode_which_is_reachable_and_can_be_left(bool hardwareTells)
    {
        using var bench = new Esp32Bench(start: false);
        bench.Run.TellsReason = hardwareTells;
        bool broken = true;
        bench.Board.OnMakeParts = () =>
        {
            if (broken)
            {
                throw new FormatException("a driver that throws what nobody expects");
            }
        };
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        Assert.Equal(StartGuard.MaxFailedStarts + 1, bench.Board.Boots);
        Assert.Equal(BoardState.Safe, bench.Run.Application!.State);
        Assert.Equal("4 starts in a row failed, the last by panic", bench.Status.Attribute("safe"));
        Assert.Equal("safe mode: 4 starts in a row failed, the last by panic", bench.Hub.Presences[^1].ChildText("status"));
        bench.Run.RunFor(Esp32Bench.Seconds(60));
        Assert.Empty(bench.Sampled);

        // It is left by command; with the fault still there it comes back, and says so again.
        int boots = bench.Board.Boots;
        Leave(bench);
        Assert.True(bench.Run.RunUntil(() => bench.Board.Boots > boots + 1 && bench.Run.IsOnline, Esp32Bench.Seconds(400)));
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        Assert.NotNull(bench.Status.Attribute("safe"));

        broken = false;
        Leave(bench);
        Assert.True(bench.Run.RunUntil(() => bench.Sampled.Count > 0 && bench.Run.IsOnline, Esp32Bench.Seconds(400)));
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        Assert.Null(bench.Status.Attribute("safe"));
        Assert.Equal("software", bench.Status.Attribute("boot"));
    }

    [Fact]
    public void Safe_mode_ends_by_itself_after_an_hour()
    {
        using var bench = new Esp32Bench(start: false);
        int failures = StartGuard.MaxFailedStarts;
        bench.Board.OnMakeParts = () =>
        {
            if (failures-- > 0)
            {
                throw new FormatException("a fault that goes away");
            }
        };
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        Assert.NotNull(bench.Status.Attribute("safe"));
        bench.Run.RunFor(Esp32Bench.Seconds((StartGuard.SafeMs / 1000) + 30));
        Assert.Null(bench.Status.Attribute("safe"));
        Assert.NotEmpty(bench.Sampled);
    }

    [Fact]
    public void A_part_that_hangs_is_ended_by_the_watchdog_and_counts_as_a_failed_start()
    {
        using var bench = new Esp32Bench(start: false);
        bench.Board.OnMakeParts = () => throw new IotXmpp.Virtual.HungException();
        bench.Run.PowerOn();
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsOnline, Esp32Bench.Seconds(600)));
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        Assert.Equal(StartGuard.MaxFailedStarts, bench.Board.WatchdogResets);
        Assert.Equal("4 starts in a row failed, the last by watchdog", bench.Status.Attribute("safe"));
    }

    [Fact]
    public void Parts_that_cannot_be_made_are_told_and_the_board_stays_reachable()
    {
        using var bench = new Esp32Bench(start: false);
        bench.Board.OnMakeParts = () => throw new InvalidOperationException("\"bme280@0x76\": nobody answers there");
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        Assert.Equal(1, bench.Board.Boots);
        Assert.Equal("parts: \"bme280@0x76\": nobody answers there", bench.Status.Attribute("safe"));
        Assert.Contains(bench.Board.Serial, line => line.StartsWith("iotxmpp: part-failed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_plug_pulled_now_and_then_is_no_failed_start()
    {
        using var bench = new Esp32Bench();
        for (int i = 0; i < 10; i++)
        {
            bench.Run.RunFor(Esp32Bench.Seconds(130));
            bench.Run.PowerOn();
        }

        Assert.True(bench.WaitOnline());
        Assert.Equal(BoardState.Running, bench.Run.Application!.State);
        Assert.Equal("power-on", bench.Status.Attribute("boot"));
    }

    [Fact]
    public void A_board_without_settings_says_so_and_goes_on_saying_it()
    {
        using var bench = new Esp32Bench(start: false);
        bench.Board.Flash.Delete(DeviceKey.Path);
        bench.Run.PowerOn();
        bench.Run.RunFor(Esp32Bench.Seconds(25));
        Assert.Equal(BoardState.Unprovisioned, bench.Run.Application!.State);
        Assert.Equal(3, bench.Board.Serial.Count(line => line == "iotxmpp: bad-settings reason=\"there is no I:\\\\thing.key: the board is not provisioned\""));
        Assert.Equal(1, bench.Board.Boots);
    }

    [Fact]
    public void A_board_without_an_authority_never_connects_and_says_so()
    {
        using var bench = new Esp32Bench(start: false);
        bench.Board.NoTransport = "there is no I:\\ca.pem: the hub could not be verified";
        bench.Run.PowerOn();
        bench.Run.RunFor(Esp32Bench.Seconds(300));
        Assert.Equal(0, bench.Network.Connections);
        Assert.Equal(1, bench.Board.Boots);
        Assert.Contains(bench.Board.Serial, line => line.Contains("could not be verified", StringComparison.Ordinal));
    }

    [Fact]
    public void A_battery_thing_sleeps_in_safe_mode_no_more()
    {
        using var bench = new Esp32Bench("battery", config: c => c.SleepSeconds = 30, start: false);
        bench.Board.OnMakeParts = () => throw new FormatException("broken");
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(300));
        Assert.True(bench.Run.IsOnline);
        Assert.Equal(StartGuard.MaxFailedStarts + 1, bench.Board.Boots);
    }

    private static void Leave(Esp32Bench bench)
    {
        int boots = bench.Board.Boots;
        Element answer = bench.Ask("set", "leave", $"<set xmlns='{Ns.Control}'><boolean name='safeMode' value='false'/></set>");
        Assert.Equal("result", answer.Attribute("type"));
        Assert.True(bench.Run.RunUntil(() => bench.Board.Boots > boots, Esp32Bench.Seconds(10)));
    }
}
