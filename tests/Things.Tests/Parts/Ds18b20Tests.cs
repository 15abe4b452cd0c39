using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class Ds18b20Tests
{
    private readonly VirtualOneWireBus _wire = new();
    private readonly VirtualDs18b20 _part;
    private long _nowMs;

    public Ds18b20Tests()
    {
        _part = new VirtualDs18b20(() => _nowMs, 0x1E8216);
        _wire.Attach(_part);
    }

    private Ds18b20 Driver(byte[]? rom = null, int bits = 12) => new(new OneWireBus(_wire), rom, bits);

    /// <summary>Steps as the loop does until there is a reading; false when there is none within the time.</summary>
    private bool Run(Ds18b20 driver, int milliseconds = 5000)
    {
        for (long end = _nowMs + milliseconds; _nowMs < end; _nowMs += 100)
        {
            if (driver.Step(_nowMs))
            {
                return true;
            }
        }

        return false;
    }

    [Theory]
    // Data sheet 19-7487, table 1.
    [InlineData(125.0, 0x07D0)]
    [InlineData(25.0625, 0x0191)]
    [InlineData(10.125, 0x00A2)]
    [InlineData(0.5, 0x0008)]
    [InlineData(0.0, 0x0000)]
    [InlineData(-0.5, 0xFFF8)]
    [InlineData(-10.125, 0xFF5E)]
    [InlineData(-25.0625, 0xFE6F)]
    [InlineData(-55.0, 0xFC90)]
    public void The_data_sheets_table_comes_out(double celsius, int raw)
    {
        _part.Raw = (short)raw;
        Ds18b20 driver = Driver();
        Assert.True(Run(driver));
        Assert.Equal(celsius, driver.SixteenthsCelsius / 16.0);
    }

    [Fact]
    public void A_conversion_is_waited_for_without_blocking()
    {
        Ds18b20 driver = Driver();
        Assert.False(driver.TryRead(_nowMs));
        Assert.False(driver.Step(_nowMs));
        Assert.Equal(1, _part.Conversions);
        _nowMs = 799;
        Assert.False(driver.Step(_nowMs));
        _nowMs = 800;
        Assert.True(driver.Step(_nowMs));
        Assert.True(driver.TryRead(_nowMs));
        Assert.Equal(20 * 16, driver.SixteenthsCelsius);
        _nowMs = 1999;
        Assert.False(driver.Step(_nowMs));
        Assert.Equal(1, _part.Conversions);
        _nowMs = 2000;
        driver.Step(_nowMs);
        Assert.Equal(2, _part.Conversions);
    }

    [Theory]
    [InlineData(9, 8, 93)]
    [InlineData(10, 4, 187)]
    [InlineData(11, 2, 375)]
    [InlineData(12, 1, 750)]
    public void The_resolution_is_set_and_undefined_bits_are_left_out(int bits, int step, int conversionMs)
    {
        _part.Raw = 0x0197;
        Ds18b20 driver = Driver(bits: bits);
        Assert.Equal(conversionMs + 50, driver.ConversionMs);
        Assert.True(Run(driver));
        Assert.Equal(bits, _part.Bits);
        Assert.Equal(0x0197 / step * step, driver.SixteenthsCelsius);
    }

    [Fact]
    public void The_value_after_power_on_is_no_reading()
    {
        // A part that lost its supply during the conversion gives 85 °C with a right checksum.
        Ds18b20 driver = Driver();
        Assert.True(Run(driver));
        _nowMs += 2000;
        Assert.False(driver.Step(_nowMs));
        _part.PowerOn();
        Assert.False(Run(driver, 1000));
        Assert.Contains("supply", driver.Trouble, StringComparison.Ordinal);
        Assert.Equal(20 * 16, driver.SixteenthsCelsius);
        Assert.True(Run(driver));
        Assert.Null(driver.Trouble);
    }

    [Fact]
    public void A_true_85_degrees_is_a_reading()
    {
        _part.Temperature = 85;
        Ds18b20 driver = Driver();
        Assert.True(Run(driver));
        Assert.Equal(85 * 16, driver.SixteenthsCelsius);
    }

    [Fact]
    public void Where_the_part_cannot_be_marked_85_degrees_must_be_likely()
    {
        var bus = new ReadOnlyBus(new OneWireBus(_wire));
        var driver = new Ds18b20(bus, null);
        _part.Temperature = 85;
        Assert.False(Run(driver));
        Assert.Contains("85 °C", driver.Trouble, StringComparison.Ordinal);
        _part.Temperature = 80;
        Assert.True(Run(driver));
        _nowMs += 100;
        _part.Temperature = 85;
        Assert.True(Run(driver));
        Assert.Equal(85 * 16, driver.SixteenthsCelsius);
    }

    [Theory]
    [InlineData(-56 * 16)]
    [InlineData((125 * 16) + 1)]
    [InlineData(short.MaxValue)]
    public void What_it_cannot_measure_is_no_reading(int raw)
    {
        _part.Raw = (short)raw;
        Assert.False(Run(Driver()));
    }

    [Fact]
    public void A_damaged_scratchpad_is_asked_for_again_and_never_believed()
    {
        Ds18b20 driver = Driver();
        Assert.True(Run(driver));
        for (int slot = 0; slot < 8 + 64 + 8 + 72; slot++)
        {
            _part.Temperature = 30;
            while (driver.Step(_nowMs) || _part.Conversions == 0)
            {
                _nowMs += 100;
            }

            _wire.DisturbInSlots = slot;
            if (Run(driver, 2000))
            {
                Assert.Equal(30 * 16, driver.SixteenthsCelsius);
            }

            _wire.DisturbInSlots = -1;
        }
    }

    [Fact]
    public void Zeros_are_no_reading_although_their_checksum_is_right()
    {
        Ds18b20 driver = Driver(_part.Rom);
        _wire.IsShorted = true;
        Assert.False(Run(driver));
        Assert.NotNull(driver.Trouble);
    }

    [Fact]
    public void A_part_may_come_and_go()
    {
        _wire.Detach(_part);
        Ds18b20 driver = Driver();
        Assert.False(Run(driver));
        Assert.Contains("nobody", driver.Trouble, StringComparison.Ordinal);
        _wire.Attach(_part);
        Assert.True(Run(driver));
        _wire.Detach(_part);
        Assert.False(Run(driver, Ds18b20.MaxAgeMs));
        Assert.False(driver.TryRead(_nowMs + 1));
        var other = new VirtualDs18b20(() => _nowMs, 77) { Temperature = 33 };
        _wire.Attach(other);
        Assert.True(Run(driver));
        Assert.Equal(33 * 16, driver.SixteenthsCelsius);
    }

    [Fact]
    public void Of_several_the_one_with_the_rom_code_is_read()
    {
        var other = new VirtualDs18b20(() => _nowMs, 77) { Temperature = 33 };
        _wire.Attach(other);
        Ds18b20 nameless = Driver();
        Assert.False(Run(nameless));
        Assert.Contains("rom=" + RomText.Format(other.Rom, 0), nameless.Trouble, StringComparison.Ordinal);
        Ds18b20 named = Driver(other.Rom);
        Assert.True(Run(named));
        Assert.Equal(33 * 16, named.SixteenthsCelsius);
    }

    [Fact]
    public void Another_kind_of_part_is_said_to_be_one()
    {
        _wire.Detach(_part);
        _wire.Attach(new VirtualDs18b20(() => _nowMs, 5, family: 0x10));
        Ds18b20 driver = Driver();
        Assert.False(Run(driver));
        Assert.Contains("no DS18B20: 10", driver.Trouble, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_that_hangs_is_given_up_and_tried_anew()
    {
        Ds18b20 driver = Driver();
        Assert.True(Run(driver));
        _part.Answers = false;
        Assert.False(Run(driver));
        _part.Answers = true;
        Assert.True(Run(driver));
    }

    [Fact]
    public void The_sensor_tells_its_first_reading_at_once_and_none_that_is_old()
    {
        var sensor = new Ds18b20Sensor(Driver());
        var sample = new Sample();
        sample.Clear(1);
        Assert.False(sensor.TrySample(sample));
        bool told = false;
        for (; _nowMs < 10_000; _nowMs += 100)
        {
            told |= sensor.Step(_nowMs);
        }

        Assert.True(told);
        _part.Temperature = 21.3;
        for (; _nowMs < 20_000; _nowMs += 100)
        {
            Assert.False(sensor.Step(_nowMs));
        }

        Assert.True(sensor.TrySample(sample));
        Assert.Equal(("temperature", "21.31", "°C"), (sample.Name(0), sample.Value(0), sample.Text(0)));
        _part.Answers = false;
        for (; _nowMs < 40_000; _nowMs += 100)
        {
            sensor.Step(_nowMs);
        }

        sample.Clear(2);
        Assert.False(sensor.TrySample(sample));
        Assert.Equal(0, sample.Count);
    }

    // A bus that another program drives: settings are not taken.
    private sealed class ReadOnlyBus(IOneWireBus bus) : IOneWireBus
    {
        public int Search(byte[] roms) => bus.Search(roms);

        public bool TryTransfer(byte[] rom, byte[] write, byte[] read) => write[0] == 0x4E || bus.TryTransfer(rom, write, read);
    }
}
