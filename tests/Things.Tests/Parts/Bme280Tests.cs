using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class Bme280Tests
{
    private readonly VirtualI2cBus _bus = new();
    private readonly VirtualBme280 _part = new();

    private Bme280 Driver()
    {
        _bus.Attach(Bme280.DefaultAddress, _part);
        return new Bme280(_bus.CreateDevice(Bme280.DefaultAddress));
    }

    [Fact]
    public void The_data_sheets_worked_example_comes_out()
    {
        // BST-BMP280-DS001 §3.12: the example of the same temperature and pressure arithmetic, with its calibration.
        _part.RawValues = (519888, 415148, 30000);
        Bme280 driver = Driver();

        Assert.True(driver.TryRead());
        Assert.Equal(2508, driver.CentiCelsius);
        Assert.Equal(100653.27, driver.Pascal256 / 256.0, 0.05);
    }

    [Theory]
    [InlineData(-40.0, 5.0, 300.5)]
    [InlineData(-12.34, 81.0, 870.0)]
    [InlineData(0.0, 0.5, 1013.25)]
    [InlineData(21.4, 47.3, 1002.11)]
    [InlineData(84.9, 30.0, 1099.0)]
    public void What_surrounds_the_part_is_what_is_read(double temperature, double humidity, double pressure)
    {
        _part.Temperature = temperature;
        _part.Humidity = humidity;
        _part.Pressure = pressure;
        Bme280 driver = Driver();

        Assert.True(driver.TryRead());
        Assert.Equal(temperature, driver.CentiCelsius / 100.0, 0.02);
        Assert.Equal(humidity, driver.Percent1024 / 1024.0, 0.1);
        Assert.Equal(pressure, driver.Pascal256 / 25600.0, 0.06);
    }

    [Fact]
    public void Integer_and_floating_point_formulas_agree_everywhere()
    {
        Gen<(int, int, int)> climates =
            from t in Gen.Choose(-3900, 8400)
            from h in Gen.Choose(20, 980)
            from p in Gen.Choose(30200, 109800)
            select (t, h, p);
        Check.QuickThrowOnFailure(Prop.ForAll(climates.ToArbitrary(), climate =>
        {
            var bus = new VirtualI2cBus();
            var part = new VirtualBme280 { Temperature = climate.Item1 / 100.0, Humidity = climate.Item2 / 10.0, Pressure = climate.Item3 / 100.0 };
            bus.Attach(Bme280.SecondAddress, part);
            var driver = new Bme280(bus.CreateDevice(Bme280.SecondAddress));
            if (!driver.TryRead())
            {
                // One climate in 65,536 has the very raw value that means "not measured": no reading, rather than a guess.
                return part.LastRawValues is (0x80000, _, _) or (_, 0x80000, _) or (_, _, 0x8000);
            }

            return Math.Abs(driver.CentiCelsius - climate.Item1) <= 2
                && Math.Abs((driver.Percent1024 / 102.4) - climate.Item2) <= 1
                && Math.Abs((driver.Pascal256 / 256.0) - climate.Item3) <= 6;
        }));
    }

    [Fact]
    public void An_empty_address_is_no_reading() => Assert.False(new Bme280(_bus.CreateDevice(0x76)).TryRead());

    [Fact]
    public void Another_part_at_the_address_is_no_reading()
    {
        _bus.Attach(0x76, new OtherPart());
        Assert.False(new Bme280(_bus.CreateDevice(0x76)).TryRead());
    }

    [Fact]
    public void A_conversion_that_never_ends_is_given_up()
    {
        Bme280 driver = Driver();
        _part.ConversionPolls = int.MaxValue;
        Assert.False(driver.TryRead());
    }

    [Fact]
    public void The_values_of_a_slow_conversion_are_the_new_ones()
    {
        Bme280 driver = Driver();
        Assert.True(driver.TryRead());
        _part.ConversionPolls = Bme280.MaxStatusPolls - 1;
        _part.Temperature = 33;
        Assert.True(driver.TryRead());
        Assert.Equal(3300.0, driver.CentiCelsius, 2.0);
    }

    [Fact]
    public void A_part_that_loses_its_supply_is_found_again()
    {
        Bme280 driver = Driver();
        Assert.True(driver.TryRead());
        _bus.Detach(Bme280.DefaultAddress);
        Assert.False(driver.TryRead());
        Assert.Equal(2000.0, driver.CentiCelsius, 2.0);

        _part.Reset();
        _part.Temperature = 25;
        _bus.Attach(Bme280.DefaultAddress, _part);
        Assert.True(driver.TryRead());
        Assert.Equal(2500.0, driver.CentiCelsius, 2.0);
    }

    [Fact]
    public void A_skipped_or_impossible_measurement_is_no_reading()
    {
        Bme280 driver = Driver();
        _part.RawValues = (0x80000, 415148, 30000);
        Assert.False(driver.TryRead());
        _part.RawValues = (519888, 0x80000, 30000);
        Assert.False(driver.TryRead());
        _part.RawValues = (519888, 415148, 0x8000);
        Assert.False(driver.TryRead());
        _part.RawValues = (0xFFFFF, 415148, 30000);
        Assert.False(driver.TryRead());
        _part.RawValues = (519888, 0, 30000);
        Assert.False(driver.TryRead());
    }

    [Fact]
    public void A_sensor_without_a_reading_leaves_the_sample_alone()
    {
        var sensor = new Bme280Sensor(new Bme280(_bus.CreateDevice(0x76)));
        var sample = new Sample();
        sample.Clear(1);
        Assert.False(sensor.TrySample(sample));
        Assert.Equal(0, sample.Count);

        _part.Temperature = 21.4;
        _part.Humidity = 48.2;
        _part.Pressure = 1002.5;
        _bus.Attach(0x76, _part);
        Assert.True(sensor.TrySample(sample));
        Assert.Equal(["temperature", "humidity", "pressure"], [sample.Name(0), sample.Name(1), sample.Name(2)]);
        Assert.Equal(["°C", "%", "hPa"], [sample.Text(0), sample.Text(1), sample.Text(2)]);
        Assert.Equal(21.4, double.Parse(sample.Value(0), System.Globalization.CultureInfo.InvariantCulture), 0.02);
        Assert.Equal("48.2", sample.Value(1));
    }

    private sealed class OtherPart : VirtualRegisterPart
    {
        protected override byte ReadRegister(byte register) => 0x58;

        protected override void WriteRegister(byte register, byte value)
        {
        }
    }
}
