using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class LedTests
{
    private readonly VirtualSettings _settings = new();
    private VirtualPwmChannel _pwm = new(Led.FrequencyHz);

    private LedActuator Actuator(UplinkLostPolicy policy = UplinkLostPolicy.Hold, bool activeLow = false, bool linear = false)
        => new(new Led(_pwm, activeLow, linear), policy, 60_000, _settings);

    private static string? Set(ThingPart part, int parameter, string text, long nowMs = 0)
        => part.Parameters[parameter].Check(text, out ControlValue value) ?? part.Set(value, nowMs);

    [Theory]
    // CIE 1931: L* of 8 is where the line ends and the cube begins.
    [InlineData(0, 0)]
    [InlineData(80, 0.008856)]
    [InlineData(500, 0.184187)]
    [InlineData(1000, 1)]
    public void Brightness_is_what_the_eye_sees(int permille, double light) => Assert.Equal(light, Led.Lightness(permille), 0.00001);

    [Fact]
    public void Light_never_falls_when_brightness_rises()
    {
        for (int i = 1; i <= 1000; i++)
        {
            Assert.True(Led.Lightness(i) > Led.Lightness(i - 1));
        }
    }

    [Theory]
    [InlineData(false, false, 0.184187)]
    [InlineData(false, true, 0.5)]
    [InlineData(true, false, 1 - 0.184187)]
    [InlineData(true, true, 0.5)]
    public void The_output_follows(bool activeLow, bool linear, double duty)
    {
        LedActuator led = Actuator(activeLow: activeLow, linear: linear);
        Assert.Equal(activeLow ? 1 : 0, _pwm.DutyCycle);
        // It is dark before its pulses begin: a lamp that flashes at each start is a lamp that is broken.
        Assert.False(_pwm.Record[0].IsRunning);
        Assert.True(_pwm.IsRunning);
        Assert.Null(Set(led, 1, "50"));
        Assert.Equal(duty, _pwm.DutyCycle, 0.00001);
        Assert.Equal(("true", "50"), (led.Get(led.Parameters[0]), led.Get(led.Parameters[1])));
        Assert.Null(Set(led, 0, "false"));
        Assert.Equal(activeLow ? 1 : 0, _pwm.DutyCycle);
        Assert.Equal(("false", "0"), (led.Get(led.Parameters[0]), led.Get(led.Parameters[1])));
    }

    [Fact]
    public void On_again_it_is_as_bright_as_before_even_after_a_restart()
    {
        LedActuator led = Actuator(linear: true);
        Assert.Null(Set(led, 1, "30"));
        Assert.Null(Set(led, 1, "0"));
        Assert.Null(Set(led, 0, "true"));
        Assert.Equal(0.3, _pwm.DutyCycle, 0.0001);
        _pwm = new VirtualPwmChannel(Led.FrequencyHz);
        LedActuator reborn = Actuator(linear: true);
        Assert.Equal(0, _pwm.DutyCycle);
        Assert.Null(Set(reborn, 0, "true"));
        Assert.Equal(0.3, _pwm.DutyCycle, 0.0001);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("100.1")]
    [InlineData("NaN")]
    [InlineData("bright")]
    public void A_brightness_that_is_none_is_refused(string text)
    {
        LedActuator led = Actuator();
        Assert.NotNull(Set(led, 1, text));
        Assert.Equal(0, _pwm.DutyCycle);
    }

    [Theory]
    [InlineData(UplinkLostPolicy.Hold, -1, 1)]
    [InlineData(UplinkLostPolicy.Off, 60_000, 0)]
    [InlineData(UplinkLostPolicy.On, 60_000, 1)]
    public void When_the_uplink_is_lost_it_does_as_stated(UplinkLostPolicy policy, int afterMs, double duty)
    {
        LedActuator led = Actuator(policy);
        Assert.Equal(afterMs, led.UplinkLostAfterMs);
        Set(led, 0, "true");
        led.UplinkLost(1);
        Assert.Equal(duty, _pwm.DutyCycle);
    }

    [Fact]
    public void It_blinks_to_show_itself_and_is_then_as_before()
    {
        LedActuator led = Actuator(linear: true);
        Set(led, 1, "30");
        int before = _pwm.Record.Count;
        Assert.True(led.Identify(1000));
        for (long now = 1000; now < 11_000; now += led.StepIntervalMs)
        {
            led.Step(now);
            Assert.Equal(50, led.StepIntervalMs);
        }

        Assert.Equal([0, 1], _pwm.Record.Skip(before).Select(c => c.DutyCycle).Distinct().Order());
        Assert.Equal("true", led.Get(led.Parameters[0]));
        led.Step(11_000);
        Assert.Equal(0.3, _pwm.DutyCycle, 0.0001);
        Assert.Equal(1000, led.StepIntervalMs);
    }

    [Fact]
    public void Fields_tell_what_it_does()
    {
        LedActuator led = Actuator();
        Set(led, 1, "12.5");
        var sample = new Sample();
        sample.Clear(1);
        Assert.True(led.TrySample(sample));
        Assert.Equal(("led", "true", "ledBrightness", "12.5", "%"), (sample.Name(0), sample.Value(0), sample.Name(1), sample.Value(1), sample.Text(1)));
    }
}
