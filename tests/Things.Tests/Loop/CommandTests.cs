using System.Device.Gpio;
using IotXmpp.Things;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;
using static IotXmpp.Things.Tests.Loop.ThingBench;

namespace IotXmpp.Things.Tests.Loop;

public sealed class CommandTests
{
    private const int RelayPin = 5;
    private const int ButtonPin = 4;

    private static string Set(string parameters) => $"<set xmlns='urn:xmpp:iot:control'>{parameters}</set>";

    private static ThingBench Relay()
    {
        var bench = new ThingBench("relay");
        Assert.True(bench.WaitOnline());
        return bench;
    }

    private static bool IsOn(ThingBench bench) => bench.Device.Board.Pins.Level(RelayPin) == PinValue.High;

    private static string Condition(Element answer)
    {
        Assert.Equal("error", answer.Attribute("type"));
        Element error = answer.Child(Ns.Client, "error")!;
        return Enumerable.Range(0, error.ChildCount).Select(error.ChildAt).First(c => c.Namespace == Ns.StanzaErrors).Name;
    }

    [Fact]
    public void A_command_is_answered_when_it_was_done_and_seen_in_the_telemetry()
    {
        ThingBench bench = Relay();
        Element answer = bench.Ask("set", "c1", Set("<boolean name='relay' value='true'/>"));
        Assert.Equal("result", answer.Attribute("type"));
        Assert.NotNull(answer.Child(Ns.Control, "setResponse"));
        Assert.True(IsOn(bench));
        Assert.Equal(["bob@hub.example/cli relay=true"], bench.Controlled);
        bench.Run.RunFor(Seconds(1));
        Assert.Equal("true", bench.Hub.Samples[^1].Value);
    }

    [Theory]
    [InlineData("<boolean name='relay' value='maybe'/>", "bad-request", "relay")]
    [InlineData("<string name='relay' value='true'/>", "bad-request", "relay")]
    [InlineData("<int name='relayPulse' value='0'/>", "bad-request", "relayPulse")]
    [InlineData("<boolean name='lamp' value='true'/>", "item-not-found", "lamp")]
    [InlineData("<boolean name='relay' value='true'/><int name='relayPulse' value='-1'/>", "bad-request", "relayPulse")]
    public void What_cannot_be_done_is_refused_by_name_and_nothing_is_done(string parameters, string condition, string parameter)
    {
        ThingBench bench = Relay();
        Element answer = bench.Ask("set", "c1", Set(parameters));
        Assert.Equal(condition, Condition(answer));
        Assert.Equal(parameter, answer.Child(Ns.Client, "error")!.Child(Ns.Control, "paramError")!.Attribute("var"));
        Assert.False(IsOn(bench));
        Assert.Empty(bench.Controlled);
    }

    [Fact]
    public void Another_node_is_not_here()
    {
        ThingBench bench = Relay();
        Assert.Equal("item-not-found", Condition(bench.Ask("set", "c1", Set("<node nodeId='other'/><boolean name='relay' value='true'/>"))));
        Assert.Equal("result", bench.Ask("set", "c2", Set("<node nodeId='t1'/><boolean name='relay' value='true'/>")).Attribute("type"));
        Assert.True(IsOn(bench));
    }

    [Fact]
    public void The_form_tells_types_ranges_and_present_values()
    {
        ThingBench bench = Relay();
        bench.Ask("set", "c1", Set("<boolean name='relay' value='1'/>"));
        Element form = bench.Ask("get", "f1", "<getForm xmlns='urn:xmpp:iot:control'/>").Child(Ns.DataForms, "x")!;
        Dictionary<string, Element> fields = Enumerable.Range(0, form.ChildCount).Select(form.ChildAt).Where(f => f.Name == "field").ToDictionary(f => f.Attribute("var")!);
        Assert.Equal("boolean", fields["relay"].Attribute("type"));
        Assert.Equal("true", fields["relay"].ChildText("value"));
        Assert.Null(fields["relayPulse"].ChildText("value"));
        Element range = fields["relayPulse"].Child("http://jabber.org/protocol/xdata-validate", "validate")!.Child("range")!;
        Assert.Equal("1", range.Attribute("min"));
        Assert.Equal("3600000", range.Attribute("max"));
        Assert.Equal("30000", fields["sampleInterval"].ChildText("value"));
    }

    [Fact]
    public void The_sample_interval_is_set_and_outlives_a_restart()
    {
        ThingBench bench = Relay();
        bench.Ask("set", "c1", Set("<int name='sampleInterval' value='5000'/>"));
        bench.Run.RunFor(Seconds(31));
        bench.Run.PowerOn();
        bench.Sampled.Clear();
        bench.Run.RunFor(Seconds(21));
        Assert.InRange(bench.Sampled.Count, 4, 5);
    }

    [Fact]
    public void A_queued_command_that_comes_again_after_a_reconnect_is_done_once()
    {
        ThingBench bench = Relay();
        string command = "<command xmlns='urn:iotxmpp:command:1' id='cmd-81'>" + Set("<int name='relayPulse' value='60000'/>") + "</command>";
        Assert.Equal("result", bench.Ask("set", "q1", command, "things.hub.example").Attribute("type"));
        Assert.Single(bench.Controlled);

        // The answer got lost with the connection, so the hub asks again.
        bench.Network.Cut();
        Assert.True(bench.Run.RunUntil(() => bench.Hub.Sessions == 2 && bench.Run.Client!.IsOnline, Seconds(60)));
        Assert.Equal("result", bench.Ask("set", "q2", command, "things.hub.example").Attribute("type"));
        Assert.Single(bench.Controlled);

        // And over a restart.
        bench.Run.PowerOn();
        Assert.True(bench.WaitOnline());
        Assert.Equal("result", bench.Ask("set", "q3", command, "things.hub.example").Attribute("type"));
        Assert.Single(bench.Controlled);
        Assert.False(IsOn(bench));
    }

    [Fact]
    public void A_read_out_gives_the_value_of_now()
    {
        var bench = new ThingBench("bme280");
        Assert.True(bench.WaitDrained());
        bench.Device.Board.Bme280().Temperature = 30;
        Element answer = bench.Ask("get", "r1", "<req xmlns='urn:xmpp:iot:sensordata' seqnr='7' momentary='true'/>");
        Assert.Equal("7", answer.Child(Ns.SensorData, "accepted")!.Attribute("seqnr"));
        bench.Run.RunFor(Seconds(1));
        Element fields = bench.Hub.Others.Last(e => e.Name == "message").Child(Ns.SensorData, "fields")!;
        Assert.Equal("7", fields.Attribute("seqnr"));
        Assert.Equal("true", fields.Attribute("done"));
        Element temperature = FakeHub.Timestamps(fields).Single().ChildAt(0);
        Assert.StartsWith("30", temperature.Attribute("value"), StringComparison.Ordinal);
        Assert.Equal("°C", temperature.Attribute("unit"));
        Assert.Equal("true", temperature.Attribute("momentary"));
        Assert.Equal("true", temperature.Attribute("automaticReadout"));
    }

    [Fact]
    public void A_read_out_of_a_sensor_that_does_not_answer_is_a_failure()
    {
        var bench = new ThingBench("bme280");
        Assert.True(bench.WaitDrained());
        bench.Device.Board.I2c.Detach(0x76);
        bench.Ask("get", "r1", "<req xmlns='urn:xmpp:iot:sensordata' seqnr='8' momentary='true'/>");
        bench.Run.RunFor(Seconds(1));
        Element failure = bench.Hub.Others.Last(e => e.Name == "message").Child(Ns.SensorData, "failure")!;
        Assert.Equal("8", failure.Attribute("seqnr"));
        Assert.Equal("true", failure.Attribute("done"));
    }

    [Fact]
    public void The_button_works_without_the_hub_and_tells_it_later()
    {
        ThingBench bench = Relay();
        bench.Network.TakeDown();
        bench.Run.RunFor(Seconds(5));
        bench.Device.Board.Pins.SetInput(ButtonPin, PinValue.Low);
        bench.Run.RunFor(Seconds(0.2));
        bench.Device.Board.Pins.Release(ButtonPin);
        bench.Run.RunFor(Seconds(0.2));
        Assert.True(IsOn(bench));
        DateTimeOffset pressed = bench.Sampled[^1];
        bench.Network.BringUp();
        Assert.True(bench.WaitDrained());
        Assert.Contains((pressed, "true"), bench.Hub.Samples);
    }

    [Fact]
    public void An_actuator_goes_to_its_state_when_the_uplink_is_lost_once()
    {
        ThingBench bench = Relay();
        bench.Ask("set", "c1", Set("<boolean name='relay' value='true'/>"));
        bench.Network.TakeDown();
        bench.Run.RunFor(Seconds(58));
        Assert.True(IsOn(bench));
        bench.Run.RunFor(Seconds(4));
        Assert.False(IsOn(bench));

        // Somebody at the place decides otherwise: the policy does not fight with the button.
        bench.Device.Board.Pins.SetInput(ButtonPin, PinValue.Low);
        bench.Run.RunFor(Seconds(0.2));
        bench.Device.Board.Pins.Release(ButtonPin);
        bench.Run.RunFor(Seconds(300));
        Assert.True(IsOn(bench));

        // The uplink was back, and is lost again.
        bench.Network.BringUp();
        Assert.True(bench.WaitOnline());
        bench.Run.RunFor(Seconds(1));
        bench.Network.TakeDown();
        bench.Run.RunFor(Seconds(63));
        Assert.False(IsOn(bench));
    }

    [Fact]
    public void Only_the_owners_ask_to_see_the_presence_is_granted()
    {
        var bench = new ThingBench("relay", o => o.Owner = new Jid("ann", FakeHub.Domain, ""));
        Assert.True(bench.WaitOnline());
        bench.Hub.Send("<presence type='subscribe' from='eve@hub.example' to='t1@hub.example'/>");
        bench.Hub.Send("<presence type='subscribe' from='ann@hub.example' to='t1@hub.example'/>");
        bench.Run.RunFor(Seconds(2));
        Element granted = Assert.Single(bench.Hub.Presences, p => p.Attribute("type") == "subscribed");
        Assert.Equal("ann@hub.example", granted.Attribute("to"));
    }
}
