using System.Text;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Hub.Addresses;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Addresses;

/// <summary>RFC 7622 with PRECIS (RFC 8264, 8265), IDNA2008 (RFC 5890–5893) and their example tables.</summary>
public sealed class JidPrepTests
{
    [Theory] // RFC 7622 §3.5, table 1
    [InlineData("juliet@example.com", "juliet", "example.com", null)]
    [InlineData("juliet@example.com/foo", "juliet", "example.com", "foo")]
    [InlineData("juliet@example.com/foo bar", "juliet", "example.com", "foo bar")]
    [InlineData("juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar")]
    [InlineData("foo\\20bar@example.com", "foo\\20bar", "example.com", null)]
    [InlineData("fussball@example.com", "fussball", "example.com", null)]
    [InlineData("fu\u00DFball@example.com", "fu\u00DFball", "example.com", null)]
    [InlineData("\u03C0@example.com", "\u03C0", "example.com", null)]
    [InlineData("\u03A3@example.com/foo", "\u03C3", "example.com", "foo")]
    [InlineData("\u03C3@example.com/foo", "\u03C3", "example.com", "foo")]
    [InlineData("\u03C2@example.com/foo", "\u03C2", "example.com", "foo")]
    [InlineData("king@example.com/\u265A", "king", "example.com", "\u265A")]
    [InlineData("example.com", null, "example.com", null)]
    [InlineData("example.com/foobar", null, "example.com", "foobar")]
    [InlineData("a.example.com/b@example.net", null, "a.example.com", "b@example.net")]
    public void Addresses_of_the_standard(string text, string? local, string domain, string? resource) => AssertParts(text, local, domain, resource);

    [Theory] // RFC 7622 §3.5, table 2
    [InlineData("\"juliet\"@example.com")]
    [InlineData("foo bar@example.com")]
    [InlineData("juliet@example.com/ foo")]
    [InlineData("@example.com/")]
    [InlineData("henry\u2163@example.com")]
    [InlineData("\u265A@example.com")]
    [InlineData("juliet@")]
    [InlineData("/foobar")]
    public void No_addresses_of_the_standard(string text) => AssertRefused(text);

    [Theory]
    [InlineData("Juliet@EXAMPLE.com/Foo", "juliet", "example.com", "Foo")]
    [InlineData("juliet@example.com./foo", "juliet", "example.com", "foo")]
    [InlineData("localhost", null, "localhost", null)]
    [InlineData("a@127.0.0.1", "a", "127.0.0.1", null)]
    [InlineData("a@[::1]/r", "a", "[::1]", "r")]
    [InlineData("a@[2001:DB8:0:0::00A]/r", "a", "[2001:db8::a]", "r")]
    [InlineData("a@example.com/\u00A0b", null, null, null)]
    [InlineData("a@example.com/b\u00A0c\u3000d", "a", "example.com", "b c d")]
    [InlineData("a@example.com//@/", "a", "example.com", "/@/")]
    [InlineData("a@b@c", null, null, null)]
    [InlineData("esp32-a4cf12@things.example/thing", "esp32-a4cf12", "things.example", "thing")]
    public void Parts_and_separators(string text, string? local, string? domain, string? resource)
    {
        if (domain is null)
        {
            AssertRefused(text);
        }
        else
        {
            AssertParts(text, local, domain, resource);
        }
    }

    [Theory] // RFC 7622 §3.3.1
    [InlineData('"')]
    [InlineData('&')]
    [InlineData('\'')]
    [InlineData('/')]
    [InlineData(':')]
    [InlineData('<')]
    [InlineData('>')]
    [InlineData('@')]
    [InlineData('\uFF02')] // the same eight in full width become themselves, and are refused after the mapping
    [InlineData('\uFF06')]
    [InlineData('\uFF07')]
    [InlineData('\uFF0F')]
    [InlineData('\uFF1A')]
    [InlineData('\uFF1C')]
    [InlineData('\uFF1E')]
    [InlineData('\uFF20')]
    public void Characters_kept_out_of_the_localpart(char c) => Assert.False(JidPrep.TryLocalpart($"a{c}b", out _));

    [Theory] // RFC 8265 §3.5 as far as UsernameCaseMapped goes, and RFC 8264 §8 case by case
    [InlineData("\uFF21\uFF22\uFF23", "abc")] // width, then case
    [InlineData("e\u0301", "\u00E9")] // NFC
    [InlineData("\uFF76\uFF9E", "\u30AC")] // half-width katakana with its voice mark
    [InlineData("\u0130", "i\u0307")] // a lower case of two code points
    [InlineData("\u13A0", "\uAB70")] // Cherokee has small letters
    [InlineData("l\u00B7l", "l\u00B7l")] // CONTEXTO, Catalan
    [InlineData("\u0375\u03B1", "\u0375\u03B1")] // Greek numeral sign
    [InlineData("\u05D0\u05F3", "\u05D0\u05F3")] // geresh after Hebrew
    [InlineData("\u30AB\u30FBa", "\u30AB\u30FBa")] // middle dot beside katakana
    [InlineData("\u0915\u094D\u200C\u0937", "\u0915\u094D\u200C\u0937")] // ZWNJ after virama
    [InlineData("\u0915\u094D\u200D", "\u0915\u094D\u200D")] // ZWJ after virama
    [InlineData("\u0628\u200C\u0628", "\u0628\u200C\u0628")] // ZWNJ between joining letters
    [InlineData("\u0628\u0660", "\u0628\u0660")] // Arabic-Indic digits
    [InlineData("\u05D0\u05D1", "\u05D0\u05D1")]
    [InlineData("\u4E2D\u6587", "\u4E2D\u6587")]
    [InlineData("\U00010400", "\U00010428")] // Deseret: outside the BMP, with case
    public void Localparts_that_are_mapped(string text, string expected)
    {
        Assert.True(JidPrep.TryLocalpart(text, out string? prepared));
        Assert.Equal(expected, prepared);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a\u00A0b")]
    [InlineData("\u3000")]
    [InlineData("\u212B")] // Angstrom sign: a singleton, HasCompat
    [InlineData("\u01C5")] // title case: OtherLetterDigits
    [InlineData("\uFB01")] // ligature: HasCompat
    [InlineData("\u00AA")]
    [InlineData("\u2163")]
    [InlineData("\u00AD")] // default ignorable
    [InlineData("\u200B")]
    [InlineData("\u115F")] // old Hangul jamo
    [InlineData("\uFFA1x")] // half-width Hangul: compatibility jamo
    [InlineData("\u0640")] // exception: tatweel
    [InlineData("\u302E")]
    [InlineData("\u0378")] // unassigned
    [InlineData("\uFDD0")] // noncharacter
    [InlineData("\uE000")] // private use
    [InlineData("\u0001")]
    [InlineData("\u007F")]
    [InlineData("\u0085")]
    [InlineData("\uD800")] // lone surrogate
    [InlineData("a\u00B7b")]
    [InlineData("\u00B7")]
    [InlineData("\u0375a")]
    [InlineData("a\u05F3")]
    [InlineData("a\u30FB")]
    [InlineData("\u0628\u0660\u06F0")] // both kinds of digits
    [InlineData("a\u200Cb")]
    [InlineData("a\u200Db")]
    [InlineData("\u200D")]
    [InlineData("\u05D0a")] // Bidi Rule, condition 2
    [InlineData("1\u05D0")] // condition 1
    [InlineData("\u05D0-")] // condition 3
    [InlineData("\u0627\u06601")] // condition 4
    [InlineData("a\u05D0")] // condition 5
    public void Localparts_that_are_refused(string text) => Assert.False(JidPrep.TryLocalpart(text, out _));

    [Theory]
    [InlineData("xn--fuball-cta.example", "fu\u00DFball.example")]
    [InlineData("XN--FUBALL-CTA.example", "fu\u00DFball.example")]
    [InlineData("fu\u00DFball.example", "fu\u00DFball.example")]
    [InlineData("b\u00DCcher.example", "b\u00FCcher.example")]
    [InlineData("bu\u0308cher.example", "b\u00FCcher.example")]
    [InlineData("xn--bcher-kva.example", "b\u00FCcher.example")]
    [InlineData("\uFF45xample\u3002com", "example.com")]
    [InlineData("example\uFF61com\uFF0E", "example.com")]
    [InlineData("xn--fiqs8s", "\u4E2D\u56FD")]
    [InlineData("\u05D0\u05D1.example", "\u05D0\u05D1.example")]
    [InlineData("\u13A0", "\u13A0")]
    [InlineData("\uAB70", "\u13A0")]
    [InlineData("EXAMPLE.COM.", "example.com")]
    [InlineData("1.2.3.4", "1.2.3.4")]
    [InlineData("[::FFFF:1.2.3.4]", "[::ffff:1.2.3.4]")]
    public void Domainparts_that_are_mapped(string text, string expected)
    {
        Assert.True(JidPrep.TryDomainpart(text, out string? prepared));
        Assert.Equal(expected, prepared);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a..")]
    [InlineData("-a.example")]
    [InlineData("a-.example")]
    [InlineData("ab--c.example")]
    [InlineData("a_b.example")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a:5222")]
    [InlineData("xn--.example")]
    [InlineData("xn--a.example")] // decodes to a control
    [InlineData("xn--abc-.example")] // ASCII in Punycode's dress
    [InlineData("xn--\u00FC.example")]
    [InlineData("xn--Bcher-Kva8445foa")] // no U-label behind it
    [InlineData("\u265A.example")]
    [InlineData("\u0301a.example")] // begins with a mark
    [InlineData("\u1F80.example")] // unstable under case folding
    [InlineData("\u05D0\u05D1.1a")] // a label of a right-to-left name that breaks the rule
    [InlineData("[::1")]
    [InlineData("[::1]a")]
    [InlineData("[fe80::1%eth0]")]
    [InlineData("[1.2.3.4]")]
    [InlineData("[::1/64]")]
    [InlineData("[]")]
    [InlineData("[:::]")]
    public void Domainparts_that_are_refused(string text) => Assert.False(JidPrep.TryDomainpart(text, out _));

    [Fact]
    public void Every_part_has_at_most_1023_octets()
    {
        string longest = new('a', 1023);
        Assert.True(JidPrep.TryLocalpart(longest, out _));
        Assert.False(JidPrep.TryLocalpart(longest + "a", out _));
        Assert.True(JidPrep.TryResourcepart(longest, out _));
        Assert.False(JidPrep.TryResourcepart(longest + "a", out _));
        Assert.True(JidPrep.TryLocalpart(new string('\u00E9', 511), out _));
        Assert.False(JidPrep.TryLocalpart(new string('\u00E9', 512), out _));
        Assert.True(JidPrep.TryResourcepart(string.Concat(Enumerable.Repeat("e\u0301", 511)), out string? composed)); // shorter when composed
        Assert.Equal(511, composed.Length);
        string domain = string.Concat(Enumerable.Repeat(new string('a', 31) + ".", 32));
        Assert.True(JidPrep.TryDomainpart(domain, out string? prepared)); // 1024 with its final dot, 1023 without
        Assert.Equal(1023, prepared.Length);
        Assert.False(JidPrep.TryDomainpart("a" + domain, out _));
        Assert.True(JidPrep.TryDomainpart(new string('a', 63), out _));
        Assert.False(JidPrep.TryDomainpart(new string('a', 64), out _));
        Assert.False(JidPrep.TryParse(new byte[JidPrep.MaxInputBytes + 1], out _));
    }

    [Fact]
    public void Bad_utf8_is_no_address()
    {
        Assert.False(JidPrep.TryParse([0x61, 0x40, 0xC3], out _)); // cut short
        Assert.False(JidPrep.TryParse([0xC0, 0x80, 0x40, 0x61], out _)); // overlong
        Assert.False(JidPrep.TryParse([0xED, 0xA0, 0x80, 0x40, 0x61], out _)); // a surrogate
    }

    [Fact]
    public void What_is_prepared_stays_as_it_is()
    {
        // Text of the code points where the rules differ, not only of letters.
        Gen<string> interesting = Gen.Elements("a", "B", "\u00DF", "\u03A3", "\u0301", "\u05D0", "\u0660", "\u200D", "\uFF21", "\u212B", "\u3000", "-", ".", "\u30FB", "\u094D", "\U00010400", "1");
        Gen<string> texts = Gen.ArrayOf(Gen.OneOf(interesting, ArbMap.Default.GeneratorFor<char>().Select(c => c.ToString()))).Select(string.Concat);
        Check.QuickThrowOnFailure(Prop.ForAll(texts.ToArbitrary(), text =>
            Stable(text, JidPrep.TryLocalpart) && Stable(text, JidPrep.TryResourcepart) && Stable(text, JidPrep.TryDomainpart)));
    }

    [Fact]
    public void Octets_and_characters_give_the_same()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            string scalars = string.Concat(text.Get.EnumerateRunes());
            bool ofChars = JidPrep.TryParse(scalars.AsSpan(), out Jid? a);
            bool ofOctets = JidPrep.TryParse(Encoding.UTF8.GetBytes(scalars), out Jid? b);
            return ofChars == ofOctets && Equals(a, b);
        }));
    }

    private delegate bool Prepare(ReadOnlySpan<char> text, out string? prepared);

    private static bool Stable(string text, Prepare prepare) => !prepare(text, out string? once) || (prepare(once, out string? twice) && once == twice);

    private static void AssertParts(string text, string? local, string domain, string? resource)
    {
        Assert.True(JidPrep.TryParse(Encoding.UTF8.GetBytes(text), out Jid? jid), text);
        Assert.Equal(local ?? "", jid.Local);
        Assert.Equal(domain, jid.Domain);
        Assert.Equal(resource ?? "", jid.Resource);
        Assert.True(JidPrep.TryParse(text.AsSpan(), out Jid? same));
        Assert.Equal(jid, same);
    }

    private static void AssertRefused(string text)
    {
        Assert.False(JidPrep.TryParse(Encoding.UTF8.GetBytes(text), out Jid? jid), text);
        Assert.Null(jid);
    }
}
