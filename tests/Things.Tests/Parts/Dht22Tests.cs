using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Things;
using IotXmpp.Virtual;
using Xunit;

namespace IotXmpp.Things.Tests.Parts;

public sealed class Dht22Tests
{
    private readonly VirtualDht22 _part;
    private readonly Dht22 _driver;
    private long _nowMs;

    public Dht22Tests()
    {
        _part = new VirtualDht22(() => _nowMs);
        _driver = new Dht22(_part);
        Assert.False(_driver.TryRead(0));
        _nowMs = 1000;
    }

    private bool Read()
    {
        _nowMs += 2000;
        return _driver.TryRead(_nowMs);
    }

    [Fact]
    public void The_data_sheets_examples_come_out()
    {
        // AM2302 §7.2: 65.2 % and 35.1 °C; §7.3: −10.1 °C.
        _part.Raw = [0x02, 0x8C, 0x01, 0x5F, 0xEE];
        Assert.True(Read());
        Assert.Equal((652, 351), (_driver.DeciPercent, _driver.DeciCelsius));
        _part.Raw = [0x02, 0x8C, 0x80, 0x65, 0x73];
        Assert.True(Read());
        Assert.Equal((652, -101), (_driver.DeciPercent, _driver.DeciCelsius));
    }

    [Fact]
    public void What_surrounds_the_part_is_what_is_read()
        => Check.QuickThrowOnFailure(Prop.ForAll(Gen.Choose(-400, 800).SelectMany(t => Gen.Choose(1, 1000).Select(h => (t, h))).ToArbitrary(), climate =>
        {
            _part.Temperature = climate.t / 10.0;
            _part.Humidity = climate.h / 10.0;
            return Read() && _driver.DeciCelsius == climate.t && _driver.DeciPercent == climate.h;
        }));

    [Fact]
    public void It_is_never_called_sooner_than_it_can_measure()
    {
        for (; _nowMs < 60_000; _nowMs += 50)
        {
            _driver.TryRead(_nowMs);
        }

        Assert.Equal(0, _part.EarlyCalls);
        Assert.Equal(30, _part.Calls);
    }

    [Fact]
    public void Asked_too_soon_it_gives_the_reading_of_before()
    {
        Assert.True(Read());
        _part.Temperature = 30;
        _nowMs += 1999;
        Assert.True(_driver.TryRead(_nowMs));
        Assert.Equal(200, _driver.DeciCelsius);
        _nowMs++;
        Assert.True(_driver.TryRead(_nowMs));
        Assert.Equal(300, _driver.DeciCelsius);
    }

    [Theory]
    [InlineData(Dht22Fault.Silent)]
    [InlineData(Dht22Fault.Checksum)]
    [InlineData(Dht22Fault.Short)]
    [InlineData(Dht22Fault.Long)]
    [InlineData(Dht22Fault.Zeros)]
    public void A_fault_is_no_reading_and_passes(Dht22Fault fault)
    {
        Assert.True(Read());
        _part.Fault = fault;
        Assert.False(Read());
        Assert.False(_driver.TryRead(_nowMs + 100));
        Assert.Equal((200, 500), (_driver.DeciCelsius, _driver.DeciPercent));
        _part.Fault = Dht22Fault.None;
        Assert.True(Read());
    }

    [Theory]
    [InlineData(1001, 0x0100)]
    [InlineData(65535, 0x0100)]
    [InlineData(500, 801)]
    [InlineData(500, 0x8000 | 401)]
    [InlineData(500, 0x7FFF)]
    [InlineData(0, 0)]
    [InlineData(0, 0x8000)]
    public void What_it_cannot_measure_is_no_reading(int humidity, int temperature)
    {
        byte[] message = [(byte)(humidity >> 8), (byte)humidity, (byte)(temperature >> 8), (byte)temperature, 0];
        message[4] = (byte)message.Take(4).Sum(b => b);
        _part.Raw = message;
        Assert.False(Read());
    }

    [Fact]
    public void Noise_is_hardly_ever_believed()
    {
        _part.Fault = Dht22Fault.Noise;
        int believed = Enumerable.Range(0, 1000).Count(_ => Read());
        // Half of the pulses are longer than any bit: forty of them in range is one case in a million million.
        Assert.Equal(0, believed);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(39)]
    [InlineData(43)]
    [InlineData(44)]
    public void A_count_of_pulses_that_is_none_is_no_reading(int count) => Assert.False(Of(new FixedPulses(count)));

    [Theory]
    [InlineData(40)]
    [InlineData(41)]
    [InlineData(42)]
    public void The_level_before_the_answer_may_be_seen_or_not(int count) => Assert.True(Of(new FixedPulses(count)));

    [Fact]
    public void The_sensor_tells_its_first_reading_when_it_is_warm()
    {
        _nowMs = 5000;
        var part = new VirtualDht22(() => _nowMs) { Temperature = -3.4, Humidity = 81.5 };
        var sensor = new Dht22Sensor(new Dht22(part));
        sensor.Start(_nowMs);
        var sample = new Sample();
        sample.Clear(1);
        Assert.False(sensor.Step(_nowMs));
        Assert.False(sensor.TrySample(sample));
        Assert.Null(sensor.Trouble);
        _nowMs += 1000;
        Assert.True(sensor.Step(_nowMs));
        Assert.True(sensor.TrySample(sample));
        Assert.Equal(["temperature -3.4 °C", "humidity 81.5 %"], [.. Enumerable.Range(0, sample.Count).Select(i => $"{sample.Name(i)} {sample.Value(i)} {sample.Text(i)}")]);
        Assert.False(sensor.Step(_nowMs + 1000));
        part.Fault = Dht22Fault.Silent;
        _nowMs += 3000;
        sensor.Step(_nowMs);
        sample.Clear(2);
        Assert.False(sensor.TrySample(sample));
        Assert.Equal(0, sample.Count);
        Assert.NotNull(sensor.Trouble);
        Assert.Equal(0, part.EarlyCalls);
    }

    private static bool Of(IPulseInput pulses)
    {
        var driver = new Dht22(pulses);
        driver.TryRead(0);
        return driver.TryRead(1000);
    }

    private sealed class FixedPulses(int count) : IPulseInput
    {
        public int Read(int lowMs, byte[] highs)
        {
            byte[] message = [0x02, 0x8C, 0x01, 0x5F, 0xEE];
            for (int i = 0; i < 40 && count >= 40 && count <= highs.Length; i++)
            {
                highs[count - 40 + i] = (byte)((message[i / 8] & (0x80 >> (i % 8))) != 0 ? 70 : 27);
            }

            return count;
        }
    }
}
