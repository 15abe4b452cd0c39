using System.Text;
using System.Xml;
using IotXmpp.Xml;

namespace IotXmpp.Core.Tests.Xml;

/// <summary>What a parser makes of some bytes, as comparable text: adjacent pieces of text are one.</summary>
internal static class ParserEvents
{
    public static string Of(string text, params int[] cuts) => Of(Encoding.UTF8.GetBytes(text), new XmlLimits(), cuts);

    /// <summary>Feeds the bytes in pieces; the buffer is moved between them, so that nothing may be kept of it.</summary>
    public static string Of(byte[] bytes, XmlLimits limits, params int[] cuts)
    {
        var parser = new XmlPullParser(limits);
        var events = new StringBuilder();
        var text = new StringBuilder();
        var kept = Array.Empty<byte>();
        parser.Reset(kept, 0, 0);
        var edges = cuts.Select(c => bytes.Length == 0 ? 0 : (int)((uint)c % (uint)bytes.Length)).Order().Append(bytes.Length).ToArray();
        var from = 0;
        foreach (var edge in edges)
        {
            var piece = bytes[from..edge];
            from = edge;
            var left = kept.Length - parser.Position;
            var buffer = new byte[left + piece.Length];
            Array.Copy(kept, parser.Position, buffer, 0, left);
            piece.CopyTo(buffer, left);
            parser.Moved(buffer, -parser.Position);
            parser.SetEnd(buffer.Length);
            kept = buffer;
            for (var token = parser.Next(); token != XmlToken.NeedMore; token = parser.Next())
            {
                if (token == XmlToken.Text)
                {
                    text.Append(parser.Text);
                    continue;
                }
                Flush(text, events);
                switch (token)
                {
                    case XmlToken.StartElement:
                        events.Append('<').Append(Name(parser));
                        foreach (var attribute in Attributes(parser))
                        {
                            events.Append(' ').Append(attribute);
                        }
                        events.Append(">\n");
                        break;
                    case XmlToken.EndElement:
                        events.Append("</").Append(Name(parser)).Append(">\n");
                        break;
                    case XmlToken.Error:
                        return events.Append("error ").Append(parser.Error).ToString();
                }
            }
        }
        Flush(text, events);
        return events.Append(parser.Depth == 0 && events.Length > 0 && parser.Position == kept.Length ? "end" : "more").ToString();
    }

    /// <summary>The same by System.Xml; null when it refuses the document.</summary>
    public static string? BySystemXml(byte[] bytes)
    {
        var events = new StringBuilder();
        var text = new StringBuilder();
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(bytes), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, IgnoreWhitespace = false });
            while (reader.Read())
            {
                switch (reader.NodeType)
                {
                    case XmlNodeType.Element:
                        Flush(text, events);
                        events.Append('<').Append(Name(reader.NamespaceURI, reader.LocalName));
                        var list = new List<string>();
                        var empty = reader.IsEmptyElement;
                        var name = Name(reader.NamespaceURI, reader.LocalName);
                        while (reader.MoveToNextAttribute())
                        {
                            if (reader.NamespaceURI != "http://www.w3.org/2000/xmlns/")
                            {
                                list.Add($"{Name(reader.NamespaceURI, reader.LocalName)}={reader.Value}");
                            }
                        }
                        foreach (var attribute in list.Order(StringComparer.Ordinal))
                        {
                            events.Append(' ').Append(attribute);
                        }
                        events.Append(">\n");
                        if (empty)
                        {
                            events.Append("</").Append(name).Append(">\n");
                        }
                        break;
                    case XmlNodeType.EndElement:
                        Flush(text, events);
                        events.Append("</").Append(Name(reader.NamespaceURI, reader.LocalName)).Append(">\n");
                        break;
                    case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                        if (reader.Depth > 0)
                        {
                            text.Append(reader.Value);
                        }
                        break;
                    case XmlNodeType.Comment or XmlNodeType.ProcessingInstruction or XmlNodeType.DocumentType:
                        return "restricted";
                }
            }
        }
        catch (XmlException)
        {
            return null;
        }
        return events.Append("end").ToString();
    }

    private static void Flush(StringBuilder text, StringBuilder events)
    {
        if (text.Length > 0)
        {
            events.Append('"').Append(text).Append("\"\n");
            text.Clear();
        }
    }

    private static string Name(XmlPullParser parser) => Name(parser.NamespaceUri, parser.LocalName);

    private static string Name(string ns, string local) => ns.Length == 0 ? local : "{" + ns + "}" + local;

    private static IEnumerable<string> Attributes(XmlPullParser parser) => Enumerable.Range(0, parser.AttributeCount)
        .Where(i => !parser.IsDeclaration(i))
        .Select(i => $"{Name(parser.AttributeNamespace(i), parser.AttributeName(i))}={parser.AttributeValue(i)}")
        .Order(StringComparer.Ordinal);
}
