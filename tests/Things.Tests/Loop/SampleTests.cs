using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Features;
using IotXmpp.Things;
using Xunit;

namespace IotXmpp.Things.Tests.Loop;

public sealed class SampleTests
{
    [Theory]
    [InlineData(214, 1, "21.4")]
    [InlineData(2140, 2, "21.4")]
    [InlineData(-5, 2, "-0.05")]
    [InlineData(0, 3, "0")]
    [InlineData(100, 2, "1")]
    [InlineData(long.MinValue, 0, "-9223372036854775808")]
    [InlineData(long.MaxValue, 9, "9223372036.854775807")]
    public void A_fixed_point_number_reads_as_people_write_it(long scaled, int decimals, string text) => Assert.Equal(text, FixedPoint.Format(scaled, decimals));

    [Fact]
    public void A_fixed_point_number_reads_as_decimal_does()
        => Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<long>(), Gen.Choose(0, Sample.MaxDecimals).ToArbitrary(), (scaled, decimals) =>
        {
            decimal expected = scaled;
            for (int i = 0; i < decimals; i++)
            {
                expected /= 10;
            }

            return decimal.Parse(FixedPoint.Format(scaled, decimals), CultureInfo.InvariantCulture) == expected;
        }));

    [Fact]
    public void The_form_in_flash_is_frozen()
    {
        // A firmware must read what the one before it has buffered: changing these bytes is a decision, and needs a new version.
        var sample = new Sample();
        sample.Clear(1_763_640_000_000);
        Assert.True(sample.AddNumeric("t", "°C", -214, 1));
        Assert.True(sample.AddBoolean("on", true, FieldFlags.Status));
        Assert.True(sample.AddString("s", "é", FieldFlags.Identity));
        Assert.True(sample.AddLong("n", 300, FieldFlags.Computed));
        byte[] buffer = new byte[100];
        int end = SampleCodec.Write(sample, buffer, 0, buffer.Length);
        Assert.Equal("0180F89592D46604" + "1002AB03" + "0274" + "06C2B043" + "020802046F6E00" + "0104000273" + "04C3A9" + "0510D804026E00", Convert.ToHexString(buffer, 0, end));
    }

    [Fact]
    public void Whatever_is_written_is_read()
    {
        Gen<Sample> samples =
            from time in Gen.Choose(int.MinValue, int.MaxValue)
            from count in Gen.Choose(0, Sample.MaxFields)
            from numbers in Gen.ArrayOf(ArbMap.Default.GeneratorFor<long>(), count)
            from texts in Gen.ArrayOf(ArbMap.Default.GeneratorFor<NonNull<string>>(), count)
            select Make(time, numbers, texts);
        byte[] buffer = new byte[64 * 1024];
        Check.QuickThrowOnFailure(Prop.ForAll(samples.ToArbitrary(), sample =>
        {
            int end = SampleCodec.Write(sample, buffer, 3, buffer.Length);
            var back = new Sample();
            if (end < 0 || !SampleCodec.TryRead(buffer, 3, end, back) || back.Count != sample.Count || back.TimeMs != sample.TimeMs)
            {
                return false;
            }

            for (int i = 0; i < back.Count; i++)
            {
                if (back.Name(i) != sample.Name(i) || back.Text(i) != sample.Text(i) || back.Scaled(i) != sample.Scaled(i)
                    || back.Kind(i) != sample.Kind(i) || back.Flags(i) != sample.Flags(i) || back.Decimals(i) != sample.Decimals(i))
                {
                    return false;
                }
            }

            return true;
        }));
    }

    [Fact]
    public void Any_bytes_are_a_sample_or_are_refused()
    {
        var sample = new Sample();
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            byte[] versioned = [SampleCodec.Version, .. bytes ?? []];
            SampleCodec.TryRead(versioned, 0, versioned.Length, sample);
            return sample.Count <= Sample.MaxFields;
        }));
    }

    private static Sample Make(int time, long[] numbers, NonNull<string>[] texts)
    {
        var sample = new Sample();
        sample.Clear(time * 1000L);
        for (int i = 0; i < numbers.Length; i++)
        {
            // Lone surrogates are no text and become U+FFFD in UTF-8.
            string text = new([.. texts[i].Get.Where(c => !char.IsSurrogate(c))]);
            sample.Add((FieldKind)(i % 12), (FieldFlags)(1 << (i % 12)), "field" + i, text, numbers[i], i % 10);
        }

        return sample;
    }
}
