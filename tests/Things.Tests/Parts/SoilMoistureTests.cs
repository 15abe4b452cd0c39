using IotXmpp.Features;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class SoilMoistureTests
{
    private readonly VirtualAdcController _adc = new();
    private readonly VirtualSettings _settings = new();
    private readonly VirtualSoilProbe _probe;

    public SoilMoistureTests() => _probe = new VirtualSoilProbe(_adc, 3);

    private SoilMoistureSensor Sensor(int dry = 680, int wet = 300) => new(new SoilMoisture(_adc.OpenChannel(3), dry, wet), _settings);

    private static string? Set(ThingPart part, string name, string text)
    {
        ControlParameter parameter = part.Parameters.Single(p => p.Name == name);
        return parameter.Check(text, out ControlValue value) ?? part.Set(value, 0);
    }

    private static double Moisture(ThingPart part)
    {
        var sample = new Sample();
        sample.Clear(1);
        Assert.True(part.TrySample(sample));
        Assert.Equal("%", sample.Text(0));
        return sample.Scaled(sample.IndexOf("moisture")) / 10.0;
    }

    [Theory]
    [InlineData(-20, 0)]
    [InlineData(0, 0)]
    [InlineData(25, 25)]
    [InlineData(100, 100)]
    [InlineData(130, 100)]
    public void Moisture_lies_between_dry_and_wet(double moisture, double told)
    {
        _probe.Moisture = moisture;
        Assert.Equal(told, Moisture(Sensor()), 0.5);
    }

    [Fact]
    public void A_probe_that_rises_with_moisture_will_do()
    {
        _probe.Dry = 0.2;
        _probe.Wet = 0.8;
        _probe.Moisture = 30;
        Assert.Equal(30, Moisture(Sensor(200, 800)), 0.5);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void No_probe_and_a_short_circuit_are_no_reading(double ratio)
    {
        SoilMoistureSensor sensor = Sensor();
        _adc.SetRatio(3, ratio);
        var sample = new Sample();
        sample.Clear(1);
        Assert.False(sensor.TrySample(sample));
        Assert.Equal(0, sample.Count);
        Assert.NotNull(sensor.Trouble);
        Assert.Equal("the soil probe gives no reading", Set(sensor, "soilCalibrate", "dry"));
    }

    [Fact]
    public void A_calibration_by_the_present_reading_survives_a_restart()
    {
        _probe.Dry = 0.75;
        _probe.Wet = 0.25;
        SoilMoistureSensor sensor = Sensor();
        _probe.Moisture = 0;
        Assert.Null(Set(sensor, "soilCalibrate", "dry"));
        _probe.Moisture = 100;
        Assert.Null(Set(sensor, "soilCalibrate", "wet"));
        _probe.Moisture = 40;
        Assert.Equal(40, Moisture(sensor), 0.5);
        SoilMoistureSensor reborn = Sensor();
        Assert.Equal(40, Moisture(reborn), 0.5);
        Assert.Equal(("75", "25"), (reborn.Get(reborn.Parameters[0]), reborn.Get(reborn.Parameters[1])));
        Assert.Null(reborn.Get(reborn.Parameters[2]));
    }

    [Fact]
    public void A_calibration_by_numbers_is_checked_and_refused_whole()
    {
        SoilMoistureSensor sensor = Sensor();
        Assert.Null(Set(sensor, "soilDry", "70.5"));
        Assert.Equal("must be from 0 to 100", Set(sensor, "soilDry", "101"));
        Assert.StartsWith("dry and wet are too near", Set(sensor, "soilWet", "70"), StringComparison.Ordinal);
        Assert.Equal(("70.5", "30"), (sensor.Get(sensor.Parameters[0]), sensor.Get(sensor.Parameters[1])));
        Assert.Equal("is not one of the choices", Set(sensor, "soilCalibrate", "damp"));
    }

    [Theory]
    [InlineData(new byte[] { 1 })]
    [InlineData(new byte[] { 255, 255, 255, 255 })]
    [InlineData(new byte[] { 0, 0, 1, 0 })]
    public void Damaged_settings_are_as_none(byte[] kept)
    {
        _settings.Write("soilDry", kept);
        _probe.Moisture = 50;
        Assert.Equal(50, Moisture(Sensor()), 0.5);
    }
}
