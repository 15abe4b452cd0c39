using System.Device.Gpio;
using IotXmpp.Esp32;
using IotXmpp.Host;
using IotXmpp.Sasl;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

/// <summary>What an ESP32 has to survive, on the application of the real board in simulated time.</summary>
public sealed class SurvivalTests
{
    [Fact]
    public void From_power_on_to_the_first_sample_with_keys_alone()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Assert.Equal("power-on", bench.Status.Attribute("boot"));
        Assert.Equal("1.0.0", bench.Status.Attribute("fw"));
        Assert.Equal("-61", bench.Status.Attribute("rssi"));
        Assert.Equal("41000", bench.Status.Attribute("heap"));
        Assert.Null(bench.Status.Attribute("dropped"));
        Assert.True(bench.Run.RunUntil(() => bench.Hub.Items.Count > 0, Esp32Bench.Seconds(30)));
        Assert.Contains(bench.Board.Serial, line => line == "iotxmpp: online jid=t1@hub.example/thing");
        Assert.DoesNotContain(bench.Board.Serial, line => line.Contains("home secret", StringComparison.Ordinal));
        Assert.Null(bench.Run.LastPanic);
    }

    [Fact]
    public void A_board_whose_keys_the_hub_does_not_know_stays_out_and_says_why()
    {
        using var bench = new Esp32Bench();
        bench.Hub.Key = DeviceKey.Derive(Host.DotNetHash.Instance, "another", [9, 9, 9, 9, 9, 9, 9, 9], 4096);
        bench.Run.RunFor(Esp32Bench.Seconds(100));
        Assert.Equal(0, bench.Hub.Sessions);
        Assert.Contains(bench.Board.Serial, line => line.StartsWith("iotxmpp: hub-refused", StringComparison.Ordinal) && line.Contains("provision it again", StringComparison.Ordinal));
    }

    [Fact]
    public void A_hub_without_SASL2_is_logged_in_to_with_the_same_keys_in_five_round_trips()
    {
        using var bench = new Esp32Bench(start: false);
        List<int> flights = [];
        bench.Board.Said += line =>
        {
            if (line.StartsWith("iotxmpp: online", StringComparison.Ordinal))
            {
                flights.Add(bench.Run.Flights);
            }
        };
        for (int i = 0; i < 2; i++)
        {
            bench.Run.PowerOn();
            Assert.True(bench.WaitOnline());
        }

        // RFC 6120: header, SCRAM's two messages, header again, bind. No token, so a power cycle changes nothing.
        Assert.Equal([5, 5], flights);
        Assert.Null(new FastToken(new FlashSettings(bench.Board.Flash), bench.Run.Application!.Client.Options.Account, DotNetRandom.Instance).Token);
    }

    [Fact]
    public void Wifi_loss_costs_no_sample()
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 1);
        Assert.True(bench.WaitOnline());
        for (int i = 0; i < 5; i++)
        {
            bench.Run.Radio.IsInReach = false;
            bench.Run.RunFor(Esp32Bench.Seconds(40 + (70 * i)));
            bench.Run.Radio.IsInReach = true;
            Assert.True(bench.WaitOnline());
            bench.Run.RunFor(Esp32Bench.Seconds(5));
        }

        Assert.True(bench.WaitDrained());
        Assert.Equal(1, bench.Board.Boots);
        bench.AssertNothingMissing();
        Assert.True(bench.Sampled.Count > 900);
    }

    [Fact]
    public void A_radio_that_hangs_is_reset()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        bench.Run.Radio.Hangs = true;
        Assert.True(bench.Run.RunUntil(() => bench.Run.Radio.Resets > 0 && bench.Run.IsOnline, Esp32Bench.Seconds(300)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_hub_that_is_silent_in_the_handshake_freezes_the_board_and_the_watchdog_chip_resets_it(bool hardwareTells)
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 1, chip: true);
        bench.Run.TellsReason = hardwareTells;
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(150));
        Assert.Equal(0, bench.Network.Looks);
        bench.Network.IsSilentInHandshake = true;
        bench.Network.Cut();
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsFrozen, Esp32Bench.Seconds(30)));
        Assert.False(bench.Run.RunUntil(() => bench.Board.Boots > 1, Esp32Bench.Seconds((VirtualWatchdogChip.DefaultMs / 1000) - 31)));
        Assert.True(bench.Run.RunUntil(() => bench.Board.WatchdogResets == 1, Esp32Bench.Seconds(61)));

        // Once bitten it looks before each handshake: an hour of such a hub freezes it no more. It measures on, and flash keeps it.
        int samples = bench.Sampled.Count;
        bench.Run.RunFor(Esp32Bench.Seconds(1000));
        Assert.Equal(1, bench.Board.WatchdogResets);
        Assert.InRange(bench.Sampled.Count, samples + 900, int.MaxValue);
        Assert.Contains(bench.Board.Serial, line => line.StartsWith("iotxmpp: hub-unreachable", StringComparison.Ordinal) && line.Contains(BoardSocket.Silent, StringComparison.Ordinal));
        bench.Network.IsSilentInHandshake = false;
        Assert.True(bench.WaitOnline());
        Assert.Equal("watchdog", bench.Status.Attribute("boot"));
        Assert.Null(bench.Status.Attribute("safe"));
        Assert.True(bench.WaitDrained());
        bench.AssertNothingMissing();

        // The hub is well: no look before the next handshake.
        int looks = bench.Network.Looks;
        bench.Network.Cut();
        Assert.True(bench.Run.RunUntil(() => !bench.Run.IsOnline, Esp32Bench.Seconds(5)));
        Assert.True(bench.WaitOnline());
        Assert.Equal(looks, bench.Network.Looks);
    }

    [Fact]
    public void A_board_without_a_watchdog_chip_looks_before_each_handshake_and_a_silent_hub_does_not_freeze_it()
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 1);
        Assert.True(bench.WaitOnline());
        bench.Network.IsSilentInHandshake = true;
        bench.Network.Cut();
        bench.Run.RunFor(Esp32Bench.Seconds(900));
        Assert.False(bench.Run.IsFrozen);
        Assert.Equal(1, bench.Board.Boots);
        bench.Network.IsSilentInHandshake = false;
        Assert.True(bench.WaitOnline());
        Assert.True(bench.WaitDrained());
        bench.AssertNothingMissing();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_hub_that_falls_silent_between_look_and_handshake_is_what_only_a_chip_ends(bool chip)
    {
        using var bench = new Esp32Bench(chip: chip);
        Assert.True(bench.WaitOnline());
        bench.Network.IsSilentInHandshake = chip;
        bench.Network.Looked = () => bench.Network.IsSilentInHandshake = true;
        bench.Network.Cut();
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsFrozen, Esp32Bench.Seconds(30)));
        bench.Network.IsSilentInHandshake = false;
        bench.Network.Looked = null;
        Assert.Equal(chip, bench.Run.RunUntil(() => bench.Run.IsOnline, Esp32Bench.Seconds(3600)));
        Assert.Equal(chip ? 2 : 1, bench.Board.Boots);
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
    }

    [Fact]
    public void A_board_in_safe_mode_feeds_its_watchdog_chip_too()
    {
        using var bench = new Esp32Bench(start: false, chip: true);
        bench.Board.OnMakeParts = () => throw new FormatException("a driver that throws what nobody expects");
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        int boots = bench.Board.Boots;
        bench.Run.RunFor(Esp32Bench.Seconds(1800));
        Assert.Equal(BoardState.Safe, bench.Run.Application!.State);
        Assert.Equal(boots, bench.Board.Boots);
    }

    [Fact]
    public void A_wrong_time_of_the_past_is_not_believed_and_a_wrong_time_of_the_future_does_not_last()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(60));
        int sessions = bench.Hub.Sessions;

        // A forged answer from before the last good time: no time at all, so no connection and no sample.
        bench.Run.TimeServer.Error = -TimeSpan.FromDays(30);
        bench.Run.PowerOn();
        bench.Run.RunFor(Esp32Bench.Seconds(120));
        Assert.Equal(sessions, bench.Hub.Sessions);
        Assert.False(bench.Run.Application!.Clock.IsSet);
        Assert.True(bench.Run.Application.Clock.Refused > 0);

        // From the future: the hub's certificate seems expired, so the hub is not reached, so the time is doubted and asked for again.
        bench.Run.TimeServer.Error = TimeSpan.FromDays(3650);
        bench.Network.TakeDown();
        bench.Run.PowerOn();
        Assert.True(bench.Run.RunUntil(() => bench.Run.Application!.Clock.IsSet, Esp32Bench.Seconds(60)));
        Assert.True(bench.Run.Application!.Clock.UtcNowMs > bench.Clock.UtcNowMs + 1_000_000);
        bench.Run.TimeServer.Error = TimeSpan.Zero;
        bench.Run.RunFor(Esp32Bench.Seconds(BoardApplication.DoubtMs / 1000));
        bench.Network.BringUp();
        Assert.True(bench.WaitOnline());
        Assert.InRange(bench.Run.Application.Clock.UtcNowMs - bench.Clock.UtcNowMs, -1000, 1000);
    }

    [Fact]
    public void Full_flash_drops_the_oldest_says_how_many_and_goes_on()
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 1, flashBytes: 60_000);
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(10));
        bench.Network.TakeDown();
        bench.Run.RunFor(Esp32Bench.Seconds(3600));
        long dropped = bench.Run.Application!.Loop.Ring.Dropped;
        Assert.True(dropped > 0);
        DateTimeOffset dark = bench.Clock.Utc;
        bench.Network.BringUp();
        Assert.True(bench.WaitOnline());
        Assert.Equal(bench.Run.Application.Loop.Ring.Dropped.ToString(System.Globalization.CultureInfo.InvariantCulture), bench.Status.Attribute("dropped"));
        Assert.True(bench.WaitDrained());
        List<DateTimeOffset> stored = [.. bench.Hub.Samples.Select(s => s.Time)];
        Assert.Equal(stored.Count, stored.Distinct().Count());
        Assert.Equal(bench.Sampled.Count - bench.Run.Application.Loop.Ring.Dropped, stored.Count);
        // Of what was measured in the dark the newest are there, in one piece.
        List<DateTimeOffset> kept = [.. stored.Where(t => t > bench.Sampled[20] && t < dark)];
        Assert.True(kept.Count > 300);
        Assert.Equal(bench.Sampled.Where(t => t < dark).TakeLast(kept.Count), kept);
        Assert.Equal(1, bench.Board.Boots);

        // And a command still works, although its log could hardly be written.
        Assert.Equal("result", bench.Ask("set", "c1", "<set xmlns='urn:xmpp:iot:control'><int name='sampleInterval' value='2000'/></set>").Attribute("type"));
    }

    [Fact]
    public void A_command_that_comes_again_after_a_reconnect_is_done_once()
    {
        using var bench = new Esp32Bench("relay");
        Assert.True(bench.WaitOnline());
        const string Pulse = "<command xmlns='urn:iotxmpp:command:1' id='q-1'><set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/></set></command>";
        Assert.Equal("result", bench.Ask("set", "c1", Pulse).Attribute("type"));
        Assert.Equal(PinValue.High, bench.Board.Board.Pins.Level(5));
        Assert.Equal("result", bench.Ask("set", "c2", "<set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='false'/></set>").Attribute("type"));
        bench.Network.Cut();
        Assert.True(bench.Run.RunUntil(() => !bench.Run.IsOnline, Esp32Bench.Seconds(5)));
        Assert.True(bench.WaitOnline());
        Assert.Equal("result", bench.Ask("set", "c3", Pulse).Attribute("type"));
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        Assert.Equal("result", bench.Ask("set", "c4", Pulse).Attribute("type"));
        Assert.Equal(["relay=true", "relay=false"], bench.Controlled);
        Assert.Equal(PinValue.Low, bench.Board.Board.Pins.Level(5));
    }

    [Fact]
    public void An_uplink_that_is_lost_brings_an_actuator_to_its_stated_state()
    {
        using var bench = new Esp32Bench("relay");
        Assert.True(bench.WaitOnline());
        bench.Ask("set", "c1", "<set xmlns='urn:xmpp:iot:control'><boolean name='relay' value='true'/></set>");
        bench.Network.TakeDown();
        bench.Run.RunFor(Esp32Bench.Seconds(59));
        Assert.Equal(PinValue.High, bench.Board.Board.Pins.Level(5));
        bench.Run.RunFor(Esp32Bench.Seconds(3));
        Assert.Equal(PinValue.Low, bench.Board.Board.Pins.Level(5));
    }

    [Fact]
    public void A_day_of_everything_at_once_costs_no_sample()
    {
        using var bench = new Esp32Bench(config: c => c.IntervalSeconds = 30, chip: true);
        var dice = new Random(7);
        DateTimeOffset start = bench.Clock.Utc;
        while (bench.Clock.Utc - start < TimeSpan.FromHours(24))
        {
            bench.Run.RunFor(Esp32Bench.Seconds(dice.Next(60, 3600)));
            switch (dice.Next(4))
            {
                case 0:
                    bench.Run.Radio.IsInReach = false;
                    bench.Run.RunFor(Esp32Bench.Seconds(dice.Next(10, 1200)));
                    bench.Run.Radio.IsInReach = true;
                    break;
                case 1:
                    bench.Network.TakeDown();
                    bench.Run.RunFor(Esp32Bench.Seconds(dice.Next(10, 1200)));
                    bench.Network.BringUp();
                    break;
                case 2:
                    bench.Network.IsSilentInHandshake = true;
                    bench.Network.Cut();
                    bench.Run.RunFor(Esp32Bench.Seconds(200));
                    bench.Network.IsSilentInHandshake = false;
                    break;
                default:
                    bench.Network.IsSilent = true;
                    bench.Run.RunFor(Esp32Bench.Seconds(dice.Next(10, 300)));
                    bench.Network.IsSilent = false;
                    break;
            }
        }

        Assert.True(bench.WaitDrained());
        Assert.True(bench.Sampled.Count > 2700);
        Assert.True(bench.Board.WatchdogResets > 0);
        bench.AssertNothingMissing();
        Assert.Null(bench.Run.LastPanic);
    }
}
