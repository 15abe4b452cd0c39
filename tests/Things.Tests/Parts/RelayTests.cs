using System.Device.Gpio;
using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class RelayTests
{
    private const int RelayPin = 5;
    private const int ButtonPin = 4;
    private readonly VirtualGpioDriver _pins = new();
    private readonly GpioController _gpio;

    public RelayTests() => _gpio = new GpioController(_pins);

    private RelayActuator Actuator(UplinkLostPolicy policy = UplinkLostPolicy.Off, bool activeLow = false)
        => new(new Relay(_gpio, RelayPin, activeLow), new Button(_gpio, ButtonPin), policy, 60_000);

    private static string? Set(RelayActuator actuator, int parameter, string text, long nowMs)
        => actuator.Parameters[parameter].Check(text, out ControlValue value) ?? actuator.Set(value, nowMs);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_pin_follows_and_is_off_first(bool activeLow)
    {
        RelayActuator actuator = Actuator(activeLow: activeLow);
        Assert.Equal(activeLow, (bool)_pins.Level(RelayPin));
        Assert.Null(Set(actuator, 0, "true", 0));
        Assert.Equal(!activeLow, (bool)_pins.Level(RelayPin));
        Assert.Equal("true", actuator.Get(actuator.Parameters[0]));
        Assert.Null(Set(actuator, 0, "0", 0));
        Assert.Equal(activeLow, (bool)_pins.Level(RelayPin));
    }

    [Theory]
    [InlineData(0, "yes")]
    [InlineData(0, "")]
    [InlineData(1, "0")]
    [InlineData(1, "3600001")]
    [InlineData(1, "1.5")]
    [InlineData(1, "99999999999999999999")]
    public void A_value_out_of_range_is_refused_in_words(int parameter, string text)
    {
        RelayActuator actuator = Actuator();
        Assert.StartsWith("must be", Set(actuator, parameter, text, 0), StringComparison.Ordinal);
        Assert.Equal(PinValue.Low, _pins.Level(RelayPin));
    }

    [Fact]
    public void A_pulse_ends_in_its_time_and_a_state_ends_the_pulse()
    {
        RelayActuator actuator = Actuator();
        Assert.Null(Set(actuator, 1, "500", 1000));
        Assert.False(actuator.Step(1499));
        Assert.Equal(PinValue.High, _pins.Level(RelayPin));
        Assert.True(actuator.Step(1500));
        Assert.Equal(PinValue.Low, _pins.Level(RelayPin));

        Assert.Null(Set(actuator, 1, "500", 2000));
        Assert.Null(Set(actuator, 0, "true", 2100));
        Assert.False(actuator.Step(9000));
        Assert.Equal(PinValue.High, _pins.Level(RelayPin));
    }

    [Fact]
    public void A_bouncing_press_switches_once_and_needs_no_hub()
    {
        RelayActuator actuator = Actuator();
        long now = 0;
        int told = 0;
        foreach (PinValue level in new PinValue[] { PinValue.Low, PinValue.High, PinValue.Low, PinValue.High, PinValue.Low })
        {
            _pins.SetInput(ButtonPin, level);
            told += actuator.Step(now += 5) ? 1 : 0;
        }

        for (int i = 0; i < 20; i++)
        {
            told += actuator.Step(now += 10) ? 1 : 0;
        }

        Assert.Equal(1, told);
        Assert.Equal(PinValue.High, _pins.Level(RelayPin));
        _pins.Release(ButtonPin);
        for (int i = 0; i < 20; i++)
        {
            Assert.False(actuator.Step(now += 10));
        }

        var sample = new Sample();
        sample.Clear(1);
        Assert.True(actuator.TrySample(sample));
        Assert.Equal("true", sample.Value(sample.IndexOf("relay")));
        Assert.Equal("1", sample.Value(sample.IndexOf("presses")));
    }

    [Theory]
    [InlineData(UplinkLostPolicy.Hold, true, true)]
    [InlineData(UplinkLostPolicy.Hold, false, false)]
    [InlineData(UplinkLostPolicy.Off, true, false)]
    [InlineData(UplinkLostPolicy.On, false, true)]
    public void The_policy_says_what_becomes_of_it(UplinkLostPolicy policy, bool before, bool after)
    {
        RelayActuator actuator = Actuator(policy);
        Set(actuator, 0, before ? "true" : "false", 0);
        Assert.Equal(policy == UplinkLostPolicy.Hold ? -1 : 60_000, actuator.UplinkLostAfterMs);
        actuator.UplinkLost(60_000);
        Assert.Equal(after, (bool)_pins.Level(RelayPin));
    }

    [Fact]
    public void A_button_part_tells_press_and_release()
    {
        var sensor = new ButtonSensor(new Button(_gpio, ButtonPin));
        var sample = new Sample();
        long now = 0;
        List<string> told = [];
        void Run(int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                if (sensor.Step(now += 10))
                {
                    sample.Clear(now);
                    Assert.True(sensor.TrySample(sample));
                    told.Add(sample.Value(0));
                }
            }
        }

        Run(10);
        _pins.SetInput(ButtonPin, PinValue.Low);
        Run(10);
        _pins.Release(ButtonPin);
        Run(10);
        Assert.Equal(["true", "false"], told);
    }
}
