using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Hub.Features.History;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.History;

public sealed class ColumnTests
{
    [Fact]
    public void Any_samples_come_back_as_they_were() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll((NonEmptyArray<(int Step, NormalFloat Value)> rows) =>
        {
            long time = -1_000_000;
            Sample[] samples = [.. rows.Get.Select(r => new Sample(time += Math.Abs((long)r.Step) + 1, r.Value.Get))];
            Assert.Equal(samples, Chunk.Of(samples).Samples());
        }));

    [Fact]
    public void Decimals_come_back_as_they_were() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(500),
        Prop.ForAll((NonEmptyArray<int> rows, byte places) =>
        {
            long time = 1_700_000_000_000;
            double power = Math.Pow(10, places % 8);
            Sample[] samples = [.. rows.Get.Select(r => new Sample(time += 1000, r / power))];
            Assert.Equal(samples, Chunk.Of(samples).Samples());
        }));

    [Theory]
    [InlineData(0.1 + 0.2)]
    [InlineData(-0.0)]
    [InlineData(double.Epsilon)]
    [InlineData(double.MaxValue)]
    [InlineData(9007199254740993.0)]
    [InlineData(1e-7)]
    [InlineData(-273.15)]
    public void Each_bit_of_a_value_is_kept(double value)
    {
        Sample[] samples = [new(0, 21.4), new(1, value), new(2, 1.0 / 3)];
        Assert.Equal(samples.Select(s => BitConverter.DoubleToInt64Bits(s.Value)), Chunk.Of(samples).Samples().Select(s => BitConverter.DoubleToInt64Bits(s.Value)));
        List<SampleBatch.Entry> entries = [new(new Series(7, "t", "f", SeriesKind.Number, ""), new Sample(5, value), null)];
        long? bits = null;
        HistoryLog.Read(HistoryLog.Write(entries), (_, sample) => bits = BitConverter.DoubleToInt64Bits(sample.Value));
        Assert.Equal(BitConverter.DoubleToInt64Bits(value), bits);
    }

    [Fact]
    public void Aggregates_come_back_as_they_were()
    {
        Aggregate[] rows = [.. Enumerable.Range(0, 100).Select(i => new Aggregate(i * 60_000L, i + 1, i / 3.0, i * 2.5, i * 1.1, -i))];
        Assert.Equal(rows, Chunk.Of(rows).Aggregates());
    }

    [Fact]
    public void A_steady_sensor_takes_three_bytes_a_sample_and_a_door_nearly_none()
    {
        var random = new Random(1);
        double value = 21.4;
        Sample[] climate = [.. Enumerable.Range(0, 1024).Select(i => new Sample(1_763_640_000_000 + (i * 1000), value = Math.Round(value + ((random.NextDouble() - 0.5) * 0.4), 1)))];
        Sample[] door = [.. Enumerable.Range(0, 1024).Select(i => new Sample(1_763_640_000_000 + (i * 1000), i < 600 ? 0 : 1))];
        Assert.InRange(Chunk.Of(climate).Data!.Length, 1, 3 * 1024);
        Assert.InRange(Chunk.Of(door).Data!.Length, 1, 40);
    }

    // These bytes lie in data folders.
    [Fact]
    public void The_form_on_disk_is_what_it_was()
    {
        Assert.Equal("01A0F89592D46601C0A907BDA90701AC0300001B", Convert.ToHexString(Chunk.Of([new Sample(1_763_640_000_016, 21.4), new Sample(1_763_640_060_016, 21.4), new Sample(1_763_640_060_017, 20)]).Data!));
        Assert.Equal("01000A02FF08555555555555D53F0761666666666606", Convert.ToHexString(Chunk.Of([new Sample(0, 1.0 / 3), new Sample(10, 0.1 + 0.2)]).Data!));
        List<SampleBatch.Entry> entries = [new(new Series(300, "t", "f", SeriesKind.Number, ""), new Sample(1_763_640_000_016, -21.45), null)];
        Assert.Equal("0101AC02A0F89592D46602C121", Convert.ToHexString(HistoryLog.Write(entries)));
    }

    [Fact]
    public void What_is_damaged_is_refused_by_one_exception()
    {
        byte[] good = Chunk.Of([.. Enumerable.Range(0, 50).Select(i => new Sample(i * 997, Math.Sin(i)))]).Data!;
        var random = new Random(7);
        for (int i = 0; i < 2_000; i++)
        {
            byte[] bad = [.. good[..random.Next(good.Length)]];
            for (int k = 0; k < 3 && bad.Length > 0; k++)
            {
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            }

            var chunk = new Chunk(0, 49 * 997, 50, Aggregate.Of(0, 0)) { Data = bad };
            try
            {
                chunk.Samples();
            }
            catch (InvalidDataException)
            {
                // As it should be.
            }
        }
    }
}
