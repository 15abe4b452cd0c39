using System.Globalization;
using System.Text;
using System.Xml.Linq;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Xml;
using Xunit;

namespace IotXmpp.Core.Tests.Xml;

public sealed class StanzaWriterTests
{
    [Fact]
    public void Any_text_comes_back_as_it_was_or_with_what_XML_cannot_carry_replaced()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
        {
            var given = text ?? string.Empty;
            var writer = new StanzaWriter(16, 1 << 20);
            writer.Start("a").Attribute("b", given).Text(given).End();
            var expected = Carried(given);
            var element = Element.Parse(writer.Buffer, 0, writer.Length);
            var judge = XElement.Parse(Written(writer), LoadOptions.PreserveWhitespace);
            return element.Text == expected && element.Attribute("b") == expected && judge.Value == expected && judge.Attribute("b")!.Value == expected;
        }));
    }

    [Fact]
    public void A_buffer_too_small_is_told_and_never_overrun()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(Gen.Choose(0, 100).ToArbitrary(), size =>
        {
            var writer = new StanzaWriter(size);
            writer.Start("message").Attribute("to", "ü'&<>").Start("body").Text("äöü <&> text").End().End();
            return writer.Overflowed == size < Full.Length;
        }));
    }

    private static byte[] Full => Encoding.UTF8.GetBytes("<message to='ü&apos;&amp;&lt;&gt;'><body>äöü &lt;&amp;&gt; text</body></message>");

    [Fact]
    public void Numbers_are_written_as_XML_Schema_wants()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<long>(), value => Text(w => w.Text(value)) == value.ToString(CultureInfo.InvariantCulture)));
        Assert.Equal(long.MinValue.ToString(CultureInfo.InvariantCulture), Text(w => w.Text(long.MinValue)));
        Assert.Equal("21.4", Text(w => w.Text(21.4, 1)));
        Assert.Equal("21.4", Text(w => w.Text(21.40001, 3)));
        Assert.Equal("-0.05", Text(w => w.Text(-0.05, 2)));
        Assert.Equal("0", Text(w => w.Text(-0.001, 2)));
        Assert.Equal("1013", Text(w => w.Text(1013.04, 1)));
        Assert.Equal("100", Text(w => w.Text(99.96, 1)));
        Assert.Equal("NaN", Text(w => w.Text(double.NaN, 1)));
        Assert.Equal("-INF", Text(w => w.Text(double.NegativeInfinity, 1)));
    }

    [Fact]
    public void A_written_number_is_as_near_as_its_decimals()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(Gen.Choose(-1000000, 1000000).ToArbitrary(), Gen.Choose(0, 6).ToArbitrary(), (n, decimals) =>
        {
            var value = n / 977.0;
            var text = Text(w => w.Text(value, decimals));
            return NumberFormat.TryParse(text, out var back)
                && Math.Abs(back - value) <= 0.5 * Math.Pow(10, -decimals) + 1e-9
                && back == double.Parse(text, CultureInfo.InvariantCulture);
        }));
    }

    [Fact]
    public void Times_are_written_and_read_as_the_calendar_says()
    {
        var range = Gen.Choose(-2000000000, 2000000000).Zip(Gen.Choose(0, 999)).ToArbitrary();
        Check.QuickThrowOnFailure(Prop.ForAll(range, pair =>
        {
            var ms = pair.Item1 * 30000L + pair.Item2;
            var date = DateTimeOffset.FromUnixTimeMilliseconds(ms);
            var expected = date.ToString(ms % 1000 == 0 ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            return TimeFormat.Text(ms) == expected && TimeFormat.TryParse(expected, out var back) && back == ms;
        }));
        Assert.True(TimeFormat.TryParse("2026-11-20T13:59:30.5+02:00", out var zoned));
        Assert.Equal("2026-11-20T11:59:30.500Z", TimeFormat.Text(zoned));
        foreach (var bad in new[] { "", "2026-11-20", "2026-11-20T11:59:30", "2026-02-30T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T11:59:30.Z", "2026-11-20T11:59:30Zx", "2026-11-20T11:59:30+1:00" })
        {
            Assert.False(TimeFormat.TryParse(bad, out _), bad);
        }
    }

    [Fact]
    public void Base64_is_that_of_the_platform_and_strict()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), data =>
        {
            var text = Base64.Encode(data ?? []);
            return Encoding.ASCII.GetString(text) == Convert.ToBase64String(data ?? []) && Base64.Decode(text, 0, text.Length).AsSpan().SequenceEqual(data ?? []);
        }));
        foreach (var bad in new[] { "A", "AB", "ABC", "AB==CDEF", "A===", "AB=C", "AB C", "AB-_", "AB==\n", "AC==", "AAB=" })
        {
            Assert.Null(Base64.Decode(Encoding.ASCII.GetBytes(bad), 0, bad.Length));
        }
        Assert.Null(Base64.Decode("AB=="u8.ToArray(), 0, 4));
        Assert.NotNull(Base64.Decode("AA=="u8.ToArray(), 0, 4));
    }

    [Fact]
    public void Trees_come_back_as_they_were()
    {
        var tree = new Element("jabber:client", "message").Set("to", "a@b").Set("xml:lang", "de").Set("{u:x}y", "z");
        tree.Add("body").Text = "<hi>";
        tree.Add("u:e", "event").Add("items").Set("node", "n").Add("u:f", "fields").Add(string.Empty, "none");
        var bytes = Encoding.UTF8.GetBytes(tree.ToString());
        var back = Element.Parse(bytes, 0, bytes.Length);
        Assert.Equal(tree.ToString(), back.ToString());
        Assert.Equal("<hi>", back.ChildText("body"));
        Assert.Equal("z", back.Attribute("{u:x}y"));
        Assert.NotNull(back.Child("u:e", "event").Child("items").Child("u:f", "fields").Child(string.Empty, "none"));
        Assert.Null(Element.Parse(bytes, 0, bytes.Length - 1));
        Assert.Null(Element.Parse([.. bytes, (byte)'x'], 0, bytes.Length + 1));
    }

    private static string Text(Action<StanzaWriter> write)
    {
        var writer = new StanzaWriter(256);
        writer.Start("a");
        write(writer);
        writer.End();
        return Element.Parse(writer.Buffer, 0, writer.Length).Text;
    }

    private static string Written(StanzaWriter writer) => Encoding.UTF8.GetString(writer.Buffer, 0, writer.Length);

    private static string Carried(string text)
    {
        var result = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            var v = rune.Value;
            result.Append(v < 0x20 && v is not ('\t' or '\n' or '\r') || v is 0xFFFE or 0xFFFF ? "\uFFFD" : rune.ToString());
        }
        return result.ToString();
    }
}
