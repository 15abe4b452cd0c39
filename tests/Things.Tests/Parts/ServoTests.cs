using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class ServoTests
{
    private readonly VirtualPwmChannel _pwm = new(Servo.FrequencyHz);

    private ServoActuator Actuator(UplinkLostPolicy policy = UplinkLostPolicy.Off, int releaseMs = 0, int min = 1000, int max = 2000, int range = 180, int rest = 90)
        => new(new Servo(_pwm, min, max, range), rest, releaseMs, policy, 60_000);

    private static string? Set(ThingPart part, int parameter, string text, long nowMs = 0)
        => part.Parameters[parameter].Check(text, out ControlValue value) ?? part.Set(value, nowMs);

    [Theory]
    [InlineData("0", 1000)]
    [InlineData("45", 1250)]
    [InlineData("90", 1500)]
    [InlineData("179.9", 1999.444)]
    [InlineData("180", 2000)]
    public void An_angle_is_a_length_of_pulse(string angle, double microseconds)
    {
        ServoActuator servo = Actuator();
        Assert.Null(Set(servo, 0, angle));
        Assert.Equal(microseconds, _pwm.PulseMicroseconds, 0.01);
        Assert.Equal(angle, servo.Get(servo.Parameters[0]));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("181")]
    [InlineData("NaN")]
    [InlineData("1e9")]
    public void An_angle_out_of_range_is_refused_and_nothing_moves(string angle)
    {
        ServoActuator servo = Actuator();
        servo.Start(0);
        Assert.NotNull(Set(servo, 0, angle));
        Assert.Equal(1500, _pwm.PulseMicroseconds, 0.01);
    }

    [Theory]
    [InlineData(int.MinValue / 2, 600)]
    [InlineData(int.MaxValue / 2, 2400)]
    public void The_driver_never_leaves_the_pulses_that_were_stated(int deciDegrees, double microseconds)
    {
        var servo = new Servo(_pwm, 600, 2400, 270);
        servo.Set(deciDegrees);
        Assert.Equal(microseconds, _pwm.PulseMicroseconds, 0.01);
    }

    [Fact]
    public void It_begins_at_its_rest_and_its_place_is_unknown_before()
    {
        ServoActuator servo = Actuator(rest: 30);
        var sample = new Sample();
        sample.Clear(1);
        Assert.False(servo.TrySample(sample));
        Assert.Null(servo.Get(servo.Parameters[0]));
        Assert.False(_pwm.IsRunning);
        servo.Start(0);
        Assert.Equal(30, _pwm.ServoAngle(), 0.1);
        Assert.True(servo.TrySample(sample));
        Assert.Equal(("angle", "30", "deg"), (sample.Name(0), sample.Value(0), sample.Text(0)));
        // The duty cycle is set before the pulses begin: otherwise it would jerk to wherever the output stood.
        Assert.False(_pwm.Record[0].IsRunning);
    }

    [Fact]
    public void It_is_let_go_after_a_movement_if_so_stated()
    {
        ServoActuator servo = Actuator(releaseMs: 1500);
        servo.Start(0);
        Assert.False(servo.Step(1499));
        Assert.True(_pwm.IsRunning);
        Assert.True(servo.Step(1500));
        Assert.False(_pwm.IsRunning);
        Assert.Null(Set(servo, 0, "10", 5000));
        Assert.True(_pwm.IsRunning);
        Assert.True(servo.Step(6500));
        Assert.Equal(10, _pwm.ServoAngle(), 0.1);
    }

    [Fact]
    public void It_holds_always_when_nothing_is_stated()
    {
        ServoActuator servo = Actuator();
        servo.Start(0);
        for (long now = 0; now < 100_000; now += servo.StepIntervalMs)
        {
            Assert.False(servo.Step(now));
        }

        Assert.True(_pwm.IsRunning);
    }

    [Fact]
    public void Rest_is_a_movement_and_then_no_pulses()
    {
        ServoActuator servo = Actuator(rest: 20);
        Set(servo, 0, "100", 0);
        Assert.Null(Set(servo, 1, "true", 0));
        Assert.Equal(20, _pwm.ServoAngle(), 0.1);
        servo.Step(Servo.FrequencyHz);
        Assert.True(_pwm.IsRunning);
        servo.Step(ServoActuator.MoveMs);
        Assert.False(_pwm.IsRunning);
        Assert.Equal("a servo leaves its rest by an angle", Set(servo, 1, "false", 0));
    }

    [Theory]
    [InlineData(UplinkLostPolicy.Hold, -1, 100)]
    [InlineData(UplinkLostPolicy.Off, 60_000, 90)]
    public void When_the_uplink_is_lost_it_does_as_stated(UplinkLostPolicy policy, int afterMs, double angle)
    {
        ServoActuator servo = Actuator(policy);
        Set(servo, 0, "100");
        Assert.Equal(afterMs, servo.UplinkLostAfterMs);
        servo.UplinkLost(0);
        Assert.Equal(angle, _pwm.ServoAngle(), 0.1);
    }

    [Fact]
    public void Before_the_thing_sleeps_its_pulses_end()
    {
        ServoActuator servo = Actuator();
        servo.Start(0);
        servo.Stop();
        Assert.False(_pwm.IsRunning);
    }
}
