using System.Text;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Xml;
using Xunit;

namespace IotXmpp.Core.Tests.Xml;

public sealed class XmlPullParserTests
{
    public static TheoryData<string> Good => new(
        "<a/>",
        "<?xml version='1.0'?><a b='c'/>",
        "<?xml version=\"1.0\" encoding='UTF-8' standalone='yes' ?>\n<a></a>\n",
        "\uFEFF<a/>",
        "<a xmlns='u:a'><b xmlns='u:b'><c/></b><d/></a>",
        "<s:a xmlns:s='u:s' s:x='1' x='2' xml:lang='de'><s:b/><b/></s:a>",
        "<a b='&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;'>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;</a>",
        "<a b='x\ty\nz\r\nw&#10;v'>x\ty\nz\r\nw\rv&#13;</a>",
        "<a><![CDATA[<b>&amp;]]]]><![CDATA[>x\r\ny]]></a>",
        "<a><![CDATA[]]></a>",
        "<a>] ]] ]]&gt; ]</a>",
        "<a>äöü € 😀 中</a>",
        "<ä ö='ü'>é</ä>",
        "<a  b = '1'\n\tc=\"2\"  />",
        "<a b='\"' c=\"'\" d='>'/>",
        "<a>  <b/>  </a>",
        "<a xmlns:p='u:1'><b xmlns:p='u:2' p:x=''/><c p:x=''/></a>",
        "<a xmlns='u:a' xmlns:b='u:&amp;b'><b:c xmlns=''><d/></b:c></a>");

    public static TheoryData<string, XmlError> Bad => new()
    {
        { "<a>", XmlError.None },
        { "x<a/>", XmlError.NotWellFormed },
        { "<a/>x", XmlError.NotWellFormed },
        { "<a/><b/>", XmlError.NotWellFormed },
        { "<a></b>", XmlError.NotWellFormed },
        { "<a></a ></a>", XmlError.NotWellFormed },
        { "<a b='1' b='2'/>", XmlError.NotWellFormed },
        { "<a xmlns:p='u' xmlns:q='u' p:x='' q:x=''/>", XmlError.NotWellFormed },
        { "<a b='<'/>", XmlError.NotWellFormed },
        { "<a b=c/>", XmlError.NotWellFormed },
        { "<a b/>", XmlError.NotWellFormed },
        { "<a b='1'c='2'/>", XmlError.NotWellFormed },
        { "<1a/>", XmlError.NotWellFormed },
        { "< a/>", XmlError.NotWellFormed },
        { "<a:b:c xmlns:a='u'/>", XmlError.NotWellFormed },
        { "<:a/>", XmlError.NotWellFormed },
        { "<a>&amp</a>", XmlError.NotWellFormed },
        { "<a>& b</a>", XmlError.NotWellFormed },
        { "<a>]]></a>", XmlError.NotWellFormed },
        { "<a>\u0001</a>", XmlError.NotWellFormed },
        { "<a>\uFFFE</a>", XmlError.NotWellFormed },
        { "<a>&#0;</a>", XmlError.NotWellFormed },
        { "<a>&#xD800;</a>", XmlError.NotWellFormed },
        { "<a>&#x110000;</a>", XmlError.NotWellFormed },
        { "<a>&#99999999999999999999;</a>", XmlError.NotWellFormed },
        { "<![CDATA[x]]><a/>", XmlError.NotWellFormed },
        { "<?xml version='1.1'?><a/>", XmlError.NotWellFormed },
        { "<?xml encoding='utf-8'?><a/>", XmlError.NotWellFormed },
        { "<?xml version='1.0' encoding='latin1'?><a/>", XmlError.BadEncoding },
        { "<a>&foo;</a>", XmlError.RestrictedXml },
        { "<a b='&foo;'/>", XmlError.RestrictedXml },
        { "<a>&averyveryverylongentity;</a>", XmlError.RestrictedXml },
        { "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", XmlError.RestrictedXml },
        { "<a><!-- x --></a>", XmlError.RestrictedXml },
        { "<a><?x y?></a>", XmlError.RestrictedXml },
        { "<?x y?><a/>", XmlError.RestrictedXml },
        { "<a/><?xml version='1.0'?>", XmlError.RestrictedXml },
        { "<p:a/>", XmlError.BadNamespacePrefix },
        { "<a p:b=''/>", XmlError.BadNamespacePrefix },
        { "<a xmlns:p=''/>", XmlError.BadNamespacePrefix },
        { "<a xmlns:xml='u'/>", XmlError.BadNamespacePrefix },
        { "<a xmlns:xmlns='u'/>", XmlError.BadNamespacePrefix },
        { "<a xmlns='http://www.w3.org/2000/xmlns/'/>", XmlError.BadNamespacePrefix },
        { "<xmlns:a/>", XmlError.BadNamespacePrefix },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public void Good_documents_mean_what_System_Xml_says(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Assert.Equal(ParserEvents.BySystemXml(bytes), ParserEvents.Of(text));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void Bad_documents_get_the_error_that_the_standard_names(string text, XmlError error)
    {
        var events = ParserEvents.Of(text);
        Assert.EndsWith(error == XmlError.None ? "more" : "error " + error, events, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Good))]
    public void One_byte_at_a_time_gives_the_same_events(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        Assert.Equal(ParserEvents.Of(text), ParserEvents.Of(text, Enumerable.Range(0, length).ToArray()));
    }

    [Theory]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xC3, 0x28 })]
    [InlineData(new byte[] { 0xE0, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF0, 0x80, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xFF })]
    public void What_is_not_UTF8_is_refused_wherever_it_stands(byte[] bad)
    {
        foreach (var (before, after) in new[] { ("<a>", "</a>"), ("<a b='", "'/>"), ("<a><![CDATA[", "]]></a>") })
        {
            byte[] bytes = [.. Encoding.UTF8.GetBytes(before), .. bad, .. Encoding.UTF8.GetBytes(after)];
            Assert.EndsWith("error BadEncoding", ParserEvents.Of(bytes, new XmlLimits()), StringComparison.Ordinal);
            Assert.EndsWith("error BadEncoding", ParserEvents.Of(bytes, new XmlLimits(), Enumerable.Range(0, bytes.Length).ToArray()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Any_split_of_any_document_gives_the_same_events()
    {
        var documents = from tree in Trees.Xml from mutations in Trees.Mutations select Trees.Mutate(Encoding.UTF8.GetBytes(tree), mutations);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(documents.ToArbitrary(), ArbMap.Default.ArbFor<int[]>(), (bytes, cuts) =>
            ParserEvents.Of(bytes, new XmlLimits()) == ParserEvents.Of(bytes, new XmlLimits(), cuts)));
    }

    [Fact]
    public void Any_document_is_judged_as_System_Xml_judges_it()
    {
        var documents = from tree in Trees.Xml from mutations in Trees.Mutations select Trees.Mutate(Encoding.UTF8.GetBytes(tree), mutations);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll(documents.ToArbitrary(), bytes =>
        {
            var ours = ParserEvents.Of(bytes, new XmlLimits());
            var theirs = ParserEvents.BySystemXml(bytes);
            // what XMPP forbids is refused though XML allows it; what XML refuses is never taken
            var agreed = theirs == null ? !ours.EndsWith("end", StringComparison.Ordinal) : ours == theirs || ours.Contains("RestrictedXml", StringComparison.Ordinal);
            return (agreed || Trees.MayDiffer(bytes)).Label($"{Encoding.UTF8.GetString(bytes)}\nours:\n{ours}\nSystem.Xml:\n{theirs}");
        }));
    }

    [Fact]
    public void Bounds_hold()
    {
        var deep = string.Concat(Enumerable.Repeat("<a>", 65));
        Assert.EndsWith("error LimitExceeded", ParserEvents.Of(deep), StringComparison.Ordinal);
        Assert.EndsWith("more", ParserEvents.Of(deep[3..]), StringComparison.Ordinal);

        var attributes = "<a " + string.Join(' ', Enumerable.Range(0, 65).Select(i => $"a{i}=''")) + "/>";
        Assert.EndsWith("error LimitExceeded", ParserEvents.Of(attributes), StringComparison.Ordinal);

        Assert.EndsWith("error LimitExceeded", ParserEvents.Of("<a b='" + new string('x', 5000)), StringComparison.Ordinal);
        Assert.EndsWith("error LimitExceeded", ParserEvents.Of("<a>" + string.Concat(Enumerable.Range(0, 40).Select(i => $"<{new string('x', 120)}>"))), StringComparison.Ordinal);
        Assert.EndsWith("error LimitExceeded", ParserEvents.Of(Encoding.UTF8.GetBytes("<a><b>" + new string('x', 2000)), new XmlLimits { StanzaBytes = 1000 }, 500, 900, 1500), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stream_of_many_small_stanzas_is_no_large_one()
    {
        var bytes = Encoding.UTF8.GetBytes("<a>" + string.Concat(Enumerable.Repeat("<b>0123456789</b>", 1000)) + "</a>");
        Assert.EndsWith("end", ParserEvents.Of(bytes, new XmlLimits { StanzaBytes = 100 }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_stanza_can_be_read_again()
    {
        var bytes = Encoding.UTF8.GetBytes("<s xmlns:x='u:x'><x:a><b c='1'>t</b></x:a><d/></s>");
        var parser = new XmlPullParser(new XmlLimits());
        parser.Reset(bytes, 0, bytes.Length);
        parser.Next();
        var start = parser.Position;
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(XmlToken.StartElement, parser.Next());
            Assert.True(parser.Is("u:x", "a"));
            Assert.True(parser.NextChild(parser.Depth));
            Assert.Equal("1", parser.Attribute("c"));
            Assert.Equal("t", parser.ReadText());
            parser.Rewind(start);
        }
        parser.Next();
        parser.Skip();
        Assert.Equal(XmlToken.StartElement, parser.Next());
        Assert.True(parser.Is(string.Empty, "d"));
    }

    [Fact]
    public void Numbers_and_flags_are_read_without_strings()
    {
        var bytes = Encoding.UTF8.GetBytes("<a n='-12' m='9223372036854775807' o='9223372036854775808' p='1x' t='1' f='false' e='tr&#117;e'/>");
        var parser = new XmlPullParser(new XmlLimits());
        parser.Reset(bytes, 0, bytes.Length);
        parser.Next();
        Assert.True(parser.TryAttribute("n", out var n) && n == -12);
        Assert.True(parser.TryAttribute("m", out var m) && m == long.MaxValue);
        Assert.False(parser.TryAttribute("o", out _));
        Assert.False(parser.TryAttribute("p", out _));
        Assert.False(parser.TryAttribute("q", out _));
        Assert.True(parser.AttributeFlag("t", false));
        Assert.False(parser.AttributeFlag("f", true));
        Assert.True(parser.AttributeFlag("e", false));
        Assert.True(parser.AttributeFlag("x", true));
    }
}
