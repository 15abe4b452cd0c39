using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class BatteryTests
{
    private readonly VirtualAdcController _adc = new();

    private BatterySensor Sensor() => new(new Battery(_adc.OpenChannel(0), 6600));

    [Theory]
    [InlineData(3000, 0)]
    [InlineData(3270, 0)]
    [InlineData(3770, 50)]
    [InlineData(4050, 90)]
    [InlineData(4125, 95)]
    [InlineData(4200, 100)]
    [InlineData(4300, 100)]
    public void A_voltage_stands_for_a_charge(int millivolts, int percent) => Assert.Equal(percent, Battery.ToPercent(millivolts));

    [Fact]
    public void Charge_never_falls_when_the_voltage_rises()
    {
        int last = 0;
        for (int millivolts = 3000; millivolts < 4300; millivolts++)
        {
            int percent = Battery.ToPercent(millivolts);
            Assert.InRange(percent, last, 100);
            last = percent;
        }
    }

    [Fact]
    public void The_divider_is_reckoned_in()
    {
        BatterySensor sensor = Sensor();
        _adc.SetRatio(0, 3.77 / 6.6);
        var sample = new Sample();
        sample.Clear(1);
        Assert.Equal(-1, sensor.BatteryPercent);
        Assert.True(sensor.TrySample(sample));
        Assert.Equal(3770.0, sample.Scaled(sample.IndexOf("voltage")), 2.0);
        Assert.Equal(50.0, sensor.BatteryPercent, 1.0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    [InlineData(1)]
    public void No_cell_and_overvoltage_are_no_reading(double ratio)
    {
        _adc.SetRatio(0, ratio);
        var sample = new Sample();
        sample.Clear(1);
        Assert.False(Sensor().TrySample(sample));
        Assert.Equal(0, sample.Count);
    }
}
