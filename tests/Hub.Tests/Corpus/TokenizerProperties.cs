using System.Text;
using FsCheck;
using FsCheck.Fluent;
using IotXmpp.Fuzz.Readers;
using IotXmpp.TestKit.Corpus;
using Xunit;
using XmlError = IotXmpp.Hub.Xml.XmlError;

namespace IotXmpp.Hub.Tests.Corpus;

/// <summary>What holds for the hub's tokenizer whatever comes and however the network cuts it.</summary>
public sealed class TokenizerProperties
{
    /// <summary>How many documents a property is tried on (400): a second in all.</summary>
    private static readonly Config Runs = Config.QuickThrowOnFailure.WithMaxTest(400);

    private static readonly string[] Names = ["a", "message", "p:x", "ä", "x-y.z", "iq"];
    private static readonly string[] Texts = ["", "x", "a&amp;b", "&#x1F600;", "ü😀", "\r\n", "\t ", "<![CDATA[<&>]]>", ">", "]x]", "'\""];
    private static readonly string[] Values = ["", "1", "&lt;", "a\tb", "ö", "&#10;", ">", "urn:y"];
    private static readonly string[] Dirt = ["<", ">", "&", "'", "\"", "<!--", "<?x?>", "]]>", "\u0001", "</a>", "<p:q/>", "xmlns:p=''", "&nbsp;", "\uFFFE", "<![CDATA["];

    private static Gen<string> Element(int depth)
    {
        var attribute = from n in Gen.Elements("id", "to", "p:k", "xmlns", "xml:lang", "xmlns:q")
                        from v in Gen.Elements(Values)
                        from q in Gen.Elements("'", "\"")
                        select $" {n}={q}{(n == "xmlns:q" && v.Length == 0 ? "urn:q" : v)}{q}";
        var attributes = Gen.ListOf(attribute).Select(l => string.Concat(l.Take(3).DistinctBy(a => a.Split('=')[0])));
        var inner = depth == 0
            ? Gen.Elements(Texts)
            : Gen.ListOf(Gen.OneOf(Gen.Elements(Texts), Element(depth - 1))).Select(l => string.Concat(l.Take(4)));
        return from n in Gen.Elements(Names)
               from a in attributes
               from i in inner
               select i.Length == 0 ? $"<{n}{a}/>" : $"<{n}{a}>{i}</{n}>";
    }

    private static Gen<byte[]> Document(bool dirty)
    {
        var clean = Gen.ListOf(Element(3)).Select(l => Sample.Root.Replace(" version", " xmlns:p='urn:p' version", StringComparison.Ordinal) + string.Join('\n', l.Take(4)) + "</stream:stream>");
        if (!dirty)
        {
            return clean.Select(Encoding.UTF8.GetBytes);
        }

        return from text in clean
               from dirt in Gen.Elements(Dirt)
               from at in Gen.Choose(0, 10_000)
               select Encoding.UTF8.GetBytes(text.Insert(at % text.Length, dirt));
    }

    private static Gen<byte[]> Bytes() =>
        from clean in Document(dirty: false)
        from flips in Gen.ListOf(from at in Gen.Choose(0, 10_000) from value in Gen.Choose(0, 255) select (at, value))
        select Flip(clean, flips);

    private static byte[] Flip(byte[] bytes, IEnumerable<(int At, int Value)> flips)
    {
        var copy = (byte[])bytes.Clone();
        foreach (var (at, value) in flips.Take(3))
        {
            copy[at % copy.Length] = (byte)value;
        }

        return copy;
    }

    /// <summary>Readable in a message of FsCheck: what falsifies a property can be pasted into the corpus.</summary>
    private sealed record Wire(byte[] Bytes, int[] Cuts)
    {
        public override string ToString() => $"cut at {string.Join(' ', Ends(Bytes.Length, Cuts))}: {Encoding.Latin1.GetString(Bytes)}\n"
            + $"whole: {HubEvents.Read(Bytes)}\npieces: {HubEvents.Read(Bytes, Ends(Bytes.Length, Cuts))}";
    }

    private static Arbitrary<Wire> Wires(params Gen<byte[]>[] documents) => Arb.From(from d in Gen.OneOf(documents) from c in Cuts() select new Wire(d, c));

    private static Gen<int[]> Cuts() => Gen.ListOf(Gen.Choose(0, 10_000)).Select(l => l.ToArray());

    private static IEnumerable<int> Ends(int length, int[] cuts) => cuts.Select(c => c % (length + 1)).Append(length).Order().Distinct();

    [Fact]
    public void Any_split_gives_the_same_events() => Check.One(Runs, Prop.ForAll(
        Wires(Document(false), Document(true), Bytes()),
        w => HubEvents.Read(w.Bytes) == HubEvents.Read(w.Bytes, Ends(w.Bytes.Length, w.Cuts))));

    [Fact]
    public void Byte_by_byte_gives_the_same_events() => Check.One(Runs, Prop.ForAll(
        Wires(Document(false), Document(true), Bytes()),
        w => HubEvents.Read(w.Bytes) == HubEvents.Read(w.Bytes, Enumerable.Range(1, w.Bytes.Length))));

    [Fact]
    public void What_is_well_formed_is_taken_with_the_meaning_of_System_Xml() => Check.One(Runs, Prop.ForAll(
        Wires(Document(false)),
        w => HubEvents.Read(w.Bytes) == (XmlError.None, EventList.Read(w.Bytes, stream: true).ToString())));

    /// <summary>Taken by the hub means: taken by System.Xml, with the same meaning. The other way about there are bounds and RFC 6120 §11.1.</summary>
    [Fact]
    public void What_the_hub_takes_is_well_formed() => Check.One(Runs, Prop.ForAll(
        Wires(Document(true), Bytes()),
        w =>
        {
            var (error, events) = HubEvents.Read(w.Bytes);
            return error != XmlError.None || events == EventList.Read(w.Bytes, stream: true).ToString();
        }));

    /// <summary>The two parsers of the house agree on what they take.</summary>
    [Fact]
    public void Hub_and_core_agree() => Check.One(Runs, Prop.ForAll(
        Wires(Document(false), Document(true), Bytes()),
        w =>
        {
            var hub = HubEvents.Read(w.Bytes).Error;
            var core = CoreEvents.Read(w.Bytes).Error;
            // Text between stanzas is for the firmware's stream to judge, not for its parser.
            return (hub == XmlError.None) == (core == IotXmpp.Xml.XmlError.None) || hub == XmlError.BadFormat;
        }));
}
