using System.Text;
using IotXmpp.Hub.Xml;

namespace IotXmpp.Hub.Streams;

/// <summary>Prefixes that a stream's start tag declared, in elements that shall mean the same in every stream.</summary>
internal static class StreamPrefixes
{
    /// <summary>Writes an element anew, without prefixes of the stream.</summary>
    /// <param name="element">The element, as the tokenizer let it through.</param>
    /// <param name="declared">Prefixes and namespaces of the start tag, as UTF-8.</param>
    public static ReadOnlyMemory<byte> Resolve(ReadOnlySpan<byte> element, IEnumerable<(byte[] Prefix, byte[] Namespace)> declared)
    {
        using var xml = new XmlBuilder(element.Length + 256);
        int nameEnd = element.IndexOfAny(" \t\r\n/>"u8);
        xml.Raw(element[..nameEnd]);
        var root = new XmlSpanReader(element);
        root.Read();
        foreach ((byte[] prefix, byte[] uri) in declared)
        {
            byte[] name = [.. "xmlns:"u8, .. prefix];
            if (!root.TryGetAttribute(name, out _))
            {
                xml.Raw(" "u8).Raw(name).Raw("=\""u8).Raw(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(uri).Replace("\"", "&quot;", StringComparison.Ordinal))).Raw("\""u8);
            }
        }

        xml.Raw(element[nameEnd..]);
        return Element.Parse(xml.Written).ToBytes();
    }
}
