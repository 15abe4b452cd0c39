using System.Text;
using System.Xml;

namespace IotXmpp.TestKit.Corpus;

/// <summary>
/// Events of XML in a form that can be compared: a line each, runs of text as one, attributes in the order of their names, no declarations.
/// <see cref="Read"/> makes them by System.Xml, the judge; parsers under test make theirs by the methods.
/// </summary>
public sealed class EventList
{
    private readonly StringBuilder events = new();
    private readonly StringBuilder text = new();

    /// <summary>A start tag.</summary>
    public void Start(string ns, string name, IEnumerable<(string Namespace, string Name, string Value)> attributes)
    {
        FlushText();
        events.Append('<').Append('{').Append(ns).Append('}').Append(name);
        foreach (var (attributeNs, attribute, value) in attributes.OrderBy(a => a.Namespace, StringComparer.Ordinal).ThenBy(a => a.Name, StringComparer.Ordinal))
        {
            events.Append(" {").Append(attributeNs).Append('}').Append(attribute).Append('=').Append(Visible(value));
        }

        events.Append('\n');
    }

    /// <summary>An end tag.</summary>
    public void End()
    {
        FlushText();
        events.Append("/\n");
    }

    /// <summary>A piece of text.</summary>
    public void Text(string piece) => text.Append(piece);

    /// <inheritdoc/>
    public override string ToString()
    {
        FlushText();
        return events.ToString();
    }

    /// <summary>The events of a document by System.Xml.</summary>
    /// <param name="document">The bytes.</param>
    /// <param name="dtd">Takes a document type declaration.</param>
    /// <param name="stream">Passes over white space between the children of the root, as a stream does (RFC 6120 §4.6.1).</param>
    /// <exception cref="XmlException">It is not well-formed.</exception>
    public static EventList Read(byte[] document, bool dtd = false, bool stream = false)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = dtd ? DtdProcessing.Parse : DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersFromEntities = 100_000_000,
            CheckCharacters = true,
        };
        using var reader = XmlReader.Create(new MemoryStream(document), settings);
        var list = new EventList();
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    var attributes = new List<(string, string, string)>();
                    for (var more = reader.MoveToFirstAttribute(); more; more = reader.MoveToNextAttribute())
                    {
                        if (reader.NamespaceURI != "http://www.w3.org/2000/xmlns/")
                        {
                            attributes.Add((reader.NamespaceURI, reader.LocalName, reader.Value));
                        }
                    }

                    reader.MoveToElement();
                    list.Start(reader.NamespaceURI, reader.LocalName, attributes);
                    if (reader.IsEmptyElement)
                    {
                        list.End();
                    }

                    break;
                case XmlNodeType.EndElement:
                    list.End();
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                case XmlNodeType.Whitespace when reader.Depth > 0:
                    if (!stream || reader.Depth > 1)
                    {
                        list.Text(reader.Value);
                    }

                    break;
            }
        }

        return list;
    }

    private static string Visible(string s) =>
        s.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal);

    private void FlushText()
    {
        if (text.Length > 0)
        {
            events.Append('"').Append(Visible(text.ToString())).Append("\"\n");
            text.Clear();
        }
    }
}
