using IotXmpp.Things.Tests.Loop;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

/// <summary>All parts in one thing, made of a part list, before a hub in memory.</summary>
public sealed class GreenhouseTests
{
    private const int ServoPin = 7;

    private static string Set(string parameters) => $"<set xmlns='urn:xmpp:iot:control'>{parameters}</set>";

    private static ThingBench Online()
    {
        var bench = new ThingBench("greenhouse");
        Assert.True(bench.WaitOnline());
        return bench;
    }

    [Fact]
    public void Every_part_has_its_fields_in_what_is_published()
    {
        ThingBench bench = Online();
        bench.Run.RunFor(ThingBench.Seconds(30));
        Assert.True(bench.WaitDrained());
        string last = bench.Hub.Items.Last().ToString();
        foreach (string field in new[] { "temperature", "humidity", "temperature2", "moisture", "moistureRaw", "pump", "windowAngle", "windowHolding", "led", "ledBrightness", "motion", "motions", "button", "presses" })
        {
            Assert.Contains($"name='{field}'", last.Replace('"', '\''), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Actuators_obey_and_go_to_their_stated_state_when_the_uplink_is_lost()
    {
        ThingBench bench = Online();
        Element answer = bench.Ask("set", "c1", Set("<boolean name='pump' value='true'/><double name='windowAngle' value='30'/><double name='ledBrightness' value='40'/>"));
        Assert.Equal("result", answer.Attribute("type"));
        VirtualBoard board = bench.Device.Board;
        Assert.Equal(30, board.Pwm(ServoPin).ServoAngle(), 0.1);
        Assert.True((bool)board.Pins.Level(5));
        Assert.InRange(board.Pwm(2).DutyCycle, 0.1, 0.12);

        bench.Network.TakeDown();
        bench.Run.RunFor(ThingBench.Seconds(200));
        Assert.False((bool)board.Pins.Level(5));
        Assert.Equal(90, board.Pwm(ServoPin).ServoAngle(), 0.1);
        Assert.False(board.Pwm(ServoPin).IsRunning);
        // A light stays.
        Assert.InRange(board.Pwm(2).DutyCycle, 0.1, 0.12);
    }

    [Fact]
    public void The_form_of_all_parameters_fits_the_things_buffer()
    {
        ThingBench bench = Online();
        Element answer = bench.Ask("get", "f1", "<getForm xmlns='urn:xmpp:iot:control'/>");
        Assert.Equal("result", answer.Attribute("type"));
        Assert.InRange(answer.ToString().Length, 500, 4096);
        Element form = answer.Child(Ns.DataForms, "x")!;
        Assert.Equal(
            ["soilDry", "soilWet", "soilCalibrate", "pump", "pumpPulse", "windowAngle", "windowRest", "led", "ledBrightness", "pirHold", "pirRetrigger", "sampleInterval"],
            Enumerable.Range(0, form.ChildCount).Select(form.ChildAt).Where(c => c.Name == "field").Select(c => c.Attribute("var")));
    }
}
