using System.Device.Gpio;
using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class PirTests
{
    private const int Pin = 6;
    private readonly VirtualGpioDriver _pins = new();
    private readonly GpioController _gpio;
    private readonly VirtualSettings _settings = new();
    private long _nowMs;

    public PirTests() => _gpio = new GpioController(_pins);

    private PirSensor Sensor(int warmUpMs = 0) => new(new Pir(_gpio, Pin, warmUpMs), _settings);

    private static string? Set(ThingPart part, string name, string text)
    {
        ControlParameter parameter = part.Parameters.Single(p => p.Name == name);
        return parameter.Check(text, out ControlValue value) ?? part.Set(value, 0);
    }

    private int Run(PirSensor sensor, int milliseconds)
    {
        int told = 0;
        for (long end = _nowMs + milliseconds; _nowMs < end; _nowMs += Pir.StepIntervalMs)
        {
            told += sensor.Step(_nowMs) ? 1 : 0;
        }

        return told;
    }

    private static (bool Motion, long Motions)? Read(PirSensor sensor)
    {
        var sample = new Sample();
        sample.Clear(1);
        return sensor.TrySample(sample) ? (sample.Scaled(0) != 0, sample.Scaled(1)) : null;
    }

    [Fact]
    public void Motion_is_told_at_once_and_held()
    {
        PirSensor sensor = Sensor();
        Assert.Equal(0, Run(sensor, 1000));
        Assert.Equal((false, 0), Read(sensor));
        _pins.SetInput(Pin, PinValue.High);
        Assert.Equal(1, Run(sensor, 500));
        Assert.Equal((true, 1), Read(sensor));
        _pins.SetInput(Pin, PinValue.Low);
        Assert.Equal(0, Run(sensor, 9000));
        Assert.Equal((true, 1), Read(sensor));
        Assert.Equal(1, Run(sensor, 2000));
        Assert.Equal((false, 1), Read(sensor));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void What_is_seen_during_the_hold_prolongs_it_if_so_stated(bool retrigger, bool still)
    {
        PirSensor sensor = Sensor();
        Assert.Null(Set(sensor, "pirRetrigger", retrigger ? "true" : "false"));
        Run(sensor, 100);
        _pins.SetInput(Pin, PinValue.High);
        Run(sensor, 300);
        _pins.SetInput(Pin, PinValue.Low);
        Run(sensor, 5000);
        _pins.SetInput(Pin, PinValue.High);
        Run(sensor, 300);
        _pins.SetInput(Pin, PinValue.Low);
        Run(sensor, 7000);
        Assert.Equal((still, 1), Read(sensor));
    }

    [Fact]
    public void A_sensor_that_stays_high_keeps_motion_only_when_it_retriggers()
    {
        PirSensor sensor = Sensor();
        Run(sensor, 100);
        _pins.SetInput(Pin, PinValue.High);
        Run(sensor, 60_000);
        Assert.Equal((true, 1), Read(sensor));
        Assert.Null(Set(sensor, "pirRetrigger", "false"));
        Run(sensor, 60_000);
        Assert.Equal((false, 1), Read(sensor));
    }

    [Fact]
    public void What_is_seen_while_it_warms_up_is_nothing()
    {
        PirSensor sensor = Sensor(30_000);
        _pins.SetInput(Pin, PinValue.High);
        Assert.Equal(0, Run(sensor, 30_000));
        Assert.Null(Read(sensor));
        Assert.Equal(1, Run(sensor, 1000));
        Assert.Equal((false, 0), Read(sensor));
    }

    [Fact]
    public void Parameters_survive_a_restart()
    {
        PirSensor sensor = Sensor();
        Assert.Equal(("10", "true"), (sensor.Get(sensor.Parameters[0]), sensor.Get(sensor.Parameters[1])));
        Assert.Null(Set(sensor, "pirHold", "2"));
        Assert.Equal("must be from 1 to 3600", Set(sensor, "pirHold", "0"));
        _gpio.ClosePin(Pin);
        PirSensor reborn = Sensor();
        Assert.Equal("2", reborn.Get(reborn.Parameters[0]));
        Run(reborn, 100);
        _pins.SetInput(Pin, PinValue.High);
        Run(reborn, 100);
        _pins.SetInput(Pin, PinValue.Low);
        Run(reborn, 2100);
        Assert.Equal((false, 1), Read(reborn));
    }
}
