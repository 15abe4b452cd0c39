using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace IotXmpp.Core.Tests.Xml;

/// <summary>Random documents: well-formed ones made of the awkward parts of XML, and what becomes of them when bytes are changed.</summary>
internal static class Trees
{
    private static readonly string[] Names = ["a", "b", "ab", "p:a", "q:b", "ä", "x-1.y_z"];
    private static readonly string[] AttributeNames = ["id", "to", "p:id", "q:id", "xml:lang", "ü"];
    private static readonly string[] Texts = ["x", " ", "\n", "\r\n", "\r", "\t", "&amp;", "&lt;", "&#65;", "&#x20AC;", "]", "]]", "ü", "😀", "€", "'", "\"", ">x", "<![CDATA[<&]]>", "<![CDATA[]]]]>"];
    private static readonly string[] Fragments = ["<", ">", "&", ";", "'", "\"", "/", "]]>", "<!--", "<?x?>", "<![CDATA[", "&x;", "&#0;", "\u0001", "xmlns='u'", "xmlns:p=''", ":", "=", " ", "</a>", "<a/>"];

    public static Gen<string> Xml => Element(4).Select(e => e[..e.IndexOfAny(['/', '>', ' '], 1)] + " xmlns:p='u:p' xmlns:q='u:q'" + e[e.IndexOfAny(['/', '>', ' '], 1)..]);

    public static Gen<(int At, int What)[]> Mutations => Gen.Frequency(
        (1, Gen.Constant(Array.Empty<(int, int)>())),
        (2, Gen.Choose(0, int.MaxValue - 1).Zip(Gen.Choose(0, int.MaxValue - 1)).Select(p => (p.Item1, p.Item2)).ArrayOf(2)));

    /// <summary>Puts a fragment in, takes a byte out, or changes one.</summary>
    public static byte[] Mutate(byte[] bytes, (int At, int What)[] mutations)
    {
        var result = bytes.ToList();
        foreach (var (at, what) in mutations)
        {
            var place = at % (result.Count + 1);
            switch (what % 3)
            {
                case 0:
                    result.InsertRange(place, Encoding.UTF8.GetBytes(Fragments[what / 3 % Fragments.Length]));
                    break;
                case 1 when place < result.Count:
                    result.RemoveAt(place);
                    break;
                case 2 when place < result.Count:
                    result[place] = (byte)(what / 3 % 256);
                    break;
            }
        }
        return [.. result];
    }

    /// <summary>
    /// Where the two parsers may differ by right: System.Xml knows the name characters of an older edition, guesses other encodings from the first bytes, is lenient about a few code points and entity names outside ASCII.
    /// </summary>
    public static bool MayDiffer(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        return bytes.Length == 0 || bytes[0] != '<' || text.Contains('\uFFFD', StringComparison.Ordinal) || text.EnumerateRunes().Any(r => r.Value > 0x7F && !"äüü€😀".EnumerateRunes().Contains(r));
    }

    private static Gen<string> Element(int depth)
    {
        return from name in Gen.Elements(Names)
               from attributes in Attribute.ArrayOf(3)
               from content in Content(depth).ArrayOf(depth)
               let distinct = attributes.DistinctBy(a => a.Split('=')[0]).ToArray()
               let inside = string.Concat(content)
               let head = "<" + name + string.Concat(distinct.Select(a => " " + a))
               select inside.Length == 0 ? head + "/>" : head + ">" + inside + "</" + name + ">";
    }

    private static Gen<string> Attribute =>
        from name in Gen.Elements(AttributeNames)
        from value in Gen.Elements(Texts.Where(t => !t.Contains('<', StringComparison.Ordinal) && !t.Contains('\'', StringComparison.Ordinal)).ToArray()).ArrayOf(2)
        select name + "='" + string.Concat(value) + "'";

    private static Gen<string> Content(int depth) => depth <= 1 ? Text : Gen.Frequency((2, Text), (1, Element(depth - 1)));

    private static Gen<string> Text => Gen.Elements(Texts);
}
