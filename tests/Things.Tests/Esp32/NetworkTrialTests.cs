using IotXmpp.Esp32;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Esp32;

public sealed class NetworkTrialTests
{
    [Fact]
    public void Settings_that_reach_the_hub_are_kept_over_a_restart()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Set(bench, "<string name='wifiSsid' value='new home'/><string name='wifiPassword' value='new secret'/>");
        bench.Run.Radio.AirSsid = "new home";
        bench.Run.Radio.AirPassword = "new secret";
        Assert.True(bench.Run.RunUntil(() => bench.Run.Radio.Ssid == "new home" && bench.Run.IsOnline, Esp32Bench.Seconds(60)));
        Assert.False(bench.Run.Application!.Trial.IsOnTrial);

        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        Assert.Equal("new home", bench.Run.Radio.Ssid);
        Assert.Contains("wifiPassword=***", bench.Controlled);
        Assert.DoesNotContain(bench.Board.Serial, line => line.Contains("new secret", StringComparison.Ordinal));
        Element form = bench.Ask("get", "f1", $"<getForm xmlns='{Ns.Control}'/>");
        Assert.DoesNotContain("new secret", form.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<string name='wifiSsid' value='nowhere'/>")]
    [InlineData("<string name='wifiPassword' value='wrong'/>")]
    [InlineData("<string name='hubHost' value='other.example'/>")]
    public void Settings_that_do_not_reach_the_hub_within_five_minutes_are_taken_back(string parameters)
    {
        using var bench = new Esp32Bench();
        bench.Network.Host = FakeHub.Domain;
        Assert.True(bench.WaitOnline());
        Set(bench, parameters);
        Assert.True(bench.Run.RunUntil(() => !bench.Run.IsOnline, Esp32Bench.Seconds(10)));
        Assert.False(bench.Run.RunUntil(() => bench.Run.IsOnline, Esp32Bench.Seconds(295)));
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsOnline, Esp32Bench.Seconds(30)));
        Assert.Equal("home", bench.Run.Radio.Ssid);
        Assert.Equal(FakeHub.Domain, NetworkSettings.Load(bench.Run.Application!.Config, new FlashSettings(bench.Board.Flash)).Host);
        Assert.Equal(1, bench.Board.Boots);
    }

    [Fact]
    public void A_restart_during_the_trial_takes_them_back()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Set(bench, "<string name='wifiSsid' value='nowhere'/>");
        Assert.True(bench.Run.RunUntil(() => !bench.Run.IsOnline, Esp32Bench.Seconds(10)));
        bench.Run.PowerOn();
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsOnline, Esp32Bench.Seconds(20)));
    }

    [Fact]
    public void A_new_host_that_is_silent_in_the_handshake_is_given_up_after_five_minutes()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Set(bench, "<string name='hubHost' value='silent.example'/>");
        bench.Network.IsSilentInHandshake = true;
        bench.Run.RunFor(Esp32Bench.Seconds(295));
        bench.Network.IsSilentInHandshake = false;
        bench.Network.Host = FakeHub.Domain;
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsOnline, Esp32Bench.Seconds(40)));
        Assert.Equal(1, bench.Board.Boots);
    }

    [Fact]
    public void A_new_host_that_freezes_the_board_costs_a_reset_by_its_watchdog_chip_and_no_more()
    {
        using var bench = new Esp32Bench(chip: true);
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(130));
        Set(bench, "<string name='hubHost' value='silent.example'/>");
        bench.Network.IsSilentInHandshake = true;
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsFrozen, Esp32Bench.Seconds(10)));
        Assert.True(bench.Run.RunUntil(() => bench.Board.WatchdogResets == 1, Esp32Bench.Seconds(61)));
        bench.Network.IsSilentInHandshake = false;
        bench.Network.Host = FakeHub.Domain;
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsOnline, Esp32Bench.Seconds(30)));
    }

    [Fact]
    public void Nonsense_is_refused()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Assert.Equal("error", bench.Ask("set", "n1", $"<set xmlns='{Ns.Control}'><int name='hubPort' value='70000'/></set>").Attribute("type"));
        Assert.Equal("error", bench.Ask("set", "n2", $"<set xmlns='{Ns.Control}'><string name='hubHost' value=''/></set>").Attribute("type"));
        Assert.Equal("error", bench.Ask("set", "n3", $"<set xmlns='{Ns.Control}'><string name='wifiSsid' value='{new string('x', 65)}'/></set>").Attribute("type"));
        bench.Run.RunFor(Esp32Bench.Seconds(30));
        Assert.True(bench.Run.IsOnline);
    }

    private static void Set(Esp32Bench bench, string parameters)
        => Assert.Equal("result", bench.Ask("set", "net", $"<set xmlns='{Ns.Control}'>{parameters}</set>").Attribute("type"));
}
