using IotXmpp.Things.Tests.Esp32;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Loop;

/// <summary>The configuration of a thing by its nodes desired and reported, on a virtual ESP32.</summary>
public sealed class ConfigurationTests
{
    private const string Desired = "things/t1/desired";
    private const string Reported = "things/t1/reported";

    [Fact]
    public void A_thing_subscribes_to_what_is_desired_and_reports_what_holds_without_any_secret()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Assert.Equal([Desired], bench.Hub.Subscriptions);
        (string node, Element config) = Assert.Single(bench.Hub.Configurations);
        Assert.Equal(Reported, node);
        Assert.Equal("0", config.Attribute("version"));
        Assert.Equal("10000", Value(config, "sampleInterval"));
        Assert.Equal("hub.example", Value(config, "hubHost"));
        Assert.Null(Value(config, "wifiPassword"));

        // The same again is not told again.
        bench.Network.Cut();
        Assert.True(bench.Run.RunUntil(() => !bench.Run.IsOnline, Esp32Bench.Seconds(5)));
        Assert.True(bench.WaitOnline());
        Assert.Single(bench.Hub.Configurations);
        Assert.Single(bench.Hub.Subscriptions);
    }

    [Fact]
    public void A_version_is_set_once_and_reported()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Publish(bench, 12, Int("sampleInterval", 2000));
        Assert.Equal("12", Last(bench).Attribute("version"));
        Assert.Equal("2000", Value(Last(bench), "sampleInterval"));
        Assert.Equal(["sampleInterval=2000"], bench.Controlled);

        // The service sends the last item with each presence; nothing is done twice, not over a restart either.
        bench.Ask("set", "c1", $"<set xmlns='{Ns.Control}'>{Int("sampleInterval", 3000)}</set>");
        Publish(bench, 12, Int("sampleInterval", 2000));
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        Publish(bench, 12, Int("sampleInterval", 2000));
        Assert.Equal(["sampleInterval=2000", "sampleInterval=3000"], bench.Controlled);
        Assert.Equal("3000", Value(Last(bench), "sampleInterval"));
        Publish(bench, 13, Int("sampleInterval", 4000));
        Assert.Equal("4000", Value(Last(bench), "sampleInterval"));
    }

    [Fact]
    public void What_cannot_be_set_is_reported_with_the_parameter_at_fault_and_changes_nothing()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Publish(bench, 5, Int("sampleInterval", 2000) + Int("hubPort", 70000));
        Assert.Equal("5", Last(bench).Attribute("version"));
        Assert.Equal("10000", Value(Last(bench), "sampleInterval"));
        Element error = Last(bench).Child(Ns.Control, "paramError")!;
        Assert.Equal(("hubPort", "must be from 1 to 65535"), (error.Attribute("var"), error.Text));
        Assert.Empty(bench.Controlled);
    }

    [Theory]
    [InlineData("<config xmlns='urn:iotxmpp:thing:1'><int xmlns='urn:xmpp:iot:control' name='sampleInterval' value='2000'/></config>")]
    [InlineData("<config xmlns='urn:iotxmpp:thing:1' version='x'><int xmlns='urn:xmpp:iot:control' name='sampleInterval' value='2000'/></config>")]
    [InlineData("<config xmlns='urn:example:other' version='3'><int xmlns='urn:xmpp:iot:control' name='sampleInterval' value='2000'/></config>")]
    [InlineData("")]
    public void What_is_no_configuration_is_passed_over(string payload)
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Event(bench, payload, "pubsub.hub.example");
        Assert.Single(bench.Hub.Configurations);
        Assert.Empty(bench.Controlled);
    }

    [Fact]
    public void Only_the_service_may_say_what_is_desired()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Event(bench, $"<config xmlns='{Ns.Thing}' version='3'>{Int("sampleInterval", 2000)}</config>", "mallory@hub.example/x");
        Assert.Empty(bench.Controlled);
    }

    [Fact]
    public void New_network_settings_are_tried_kept_and_reported_and_the_password_leaves_the_hub()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Publish(bench, 7, Text("wifiSsid", "new home") + Text("wifiPassword", "new secret"));
        // Taken, and put back without the secret.
        (string node, Element config) = bench.Hub.Configurations[^2];
        Assert.Equal((Desired, "7"), (node, config.Attribute("version")));
        Assert.Equal("new home", Value(config, "wifiSsid"));
        Assert.DoesNotContain(bench.Hub.Configurations, c => c.Config.ToString().Contains("new secret", StringComparison.Ordinal));
        bench.Run.Radio.AirSsid = "new home";
        bench.Run.Radio.AirPassword = "new secret";
        Assert.True(bench.Run.RunUntil(() => bench.Run.Radio.Ssid == "new home" && bench.Run.IsOnline, Esp32Bench.Seconds(60)));
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        Assert.Equal("new home", Value(Last(bench), "wifiSsid"));
        Assert.Equal(("none", ""), Trial(bench));
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        Assert.Equal("new home", bench.Run.Radio.Ssid);
        Assert.DoesNotContain(bench.Board.Serial, line => line.Contains("new secret", StringComparison.Ordinal));
    }

    [Fact]
    public void New_network_settings_that_do_not_reach_the_hub_are_taken_back_and_the_old_ones_are_reported()
    {
        using var bench = new Esp32Bench();
        bench.Network.Host = FakeHub.Domain;
        Assert.True(bench.WaitOnline());
        Assert.Equal(("none", ""), Trial(bench));
        Publish(bench, 8, Text("hubHost", "other.example"));
        Assert.Equal(("running", ""), Trial(bench));
        Assert.True(bench.Run.RunUntil(() => !bench.Run.IsOnline, Esp32Bench.Seconds(10)));
        Assert.True(bench.Run.RunUntil(() => bench.Run.IsOnline, Esp32Bench.Seconds(330)));
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        Assert.Equal("8", Last(bench).Attribute("version"));
        Assert.Equal("hub.example", Value(Last(bench), "hubHost"));
        Assert.Equal(("reverted", "the new network settings did not reach the hub within 5 minutes: the old ones hold"), Trial(bench));

        // It is so after a restart, too, until others have proved themselves.
        int told = bench.Hub.Configurations.Count;
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        Assert.Equal(told, bench.Hub.Configurations.Count);
        Publish(bench, 9, Text("hubHost", "hub.example"));
        Assert.True(bench.Run.RunUntil(() => Trial(bench).State == "none", Esp32Bench.Seconds(60)));
    }

    [Fact]
    public void A_restart_during_the_trial_is_reported_as_why_the_old_network_settings_hold()
    {
        using var bench = new Esp32Bench();
        Assert.True(bench.WaitOnline());
        Publish(bench, 8, Text("wifiSsid", "nowhere"));
        Assert.Equal(("running", ""), Trial(bench));
        Assert.True(bench.Run.RunUntil(() => !bench.Run.IsOnline, Esp32Bench.Seconds(10)));
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Esp32Bench.Seconds(1));
        Assert.Equal(("reverted", "the board started anew before the new network settings had reached the hub: the old ones hold"), Trial(bench));
        Assert.Equal("home", Value(Last(bench), "wifiSsid"));
    }

    private static string Int(string name, int value) => $"<int xmlns='{Ns.Control}' name='{name}' value='{value}'/>";

    private static string Text(string name, string value) => $"<string xmlns='{Ns.Control}' name='{name}' value='{value}'/>";

    private static (string? State, string Reason) Trial(Esp32Bench bench)
    {
        Element trial = Last(bench).Child(Ns.Thing, "trial")!;
        return (trial.Attribute("state"), trial.Text ?? "");
    }

    private static Element Last(Esp32Bench bench) => bench.Hub.Configurations.Last(c => c.Node == Reported).Config;

    private static string? Value(Element config, string name)
        => Enumerable.Range(0, config.ChildCount).Select(config.ChildAt).FirstOrDefault(e => e.Attribute("name") == name)?.Attribute("value");

    private static void Publish(Esp32Bench bench, int version, string parameters)
        => Event(bench, $"<config xmlns='{Ns.Thing}' version='{version}'>{parameters}</config>", "pubsub.hub.example");

    private static void Event(Esp32Bench bench, string payload, string from)
    {
        bench.Hub.Send($"<message from='{from}' to='t1@hub.example/thing'><event xmlns='{Ns.PubSubEvent}'><items node='{Desired}'><item id='1' publisher='ann@hub.example'>{payload}</item></items></event></message>");
        bench.Run.RunFor(Esp32Bench.Seconds(1));
    }
}
