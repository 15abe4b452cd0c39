using System.Text;
using IotXmpp.Hub.Xml;
using IotXmpp.TestKit.Corpus;
using XmlError = IotXmpp.Hub.Xml.XmlError;

namespace IotXmpp.Fuzz.Readers;

/// <summary>The events that the hub makes of a document: cut into elements by the tokenizer, read by the span reader.</summary>
internal static class HubEvents
{
    private const int MaxBytes = 262_144;

    /// <summary>Reads it in one piece.</summary>
    public static (XmlError Error, string Events) Read(byte[] document) => Read(document, [document.Length]);

    /// <summary>Reads it as it arrives in pieces; <paramref name="ends"/> are the positions up to which the bytes are there, ascending.</summary>
    public static (XmlError Error, string Events) Read(byte[] document, IEnumerable<int> ends)
    {
        var tokenizer = new StreamTokenizer(MaxBytes, 64, 64);
        var list = new EventList();
        var consumed = 0;
        var ns = "urn:none";
        foreach (var end in ends)
        {
            while (true)
            {
                // The bytes are copied, so that a tokenizer that kept a reference to the old ones would be found out.
                var data = document[consumed..end];
                var token = tokenizer.Next(data);
                if (token.Kind == TokenKind.NeedMore)
                {
                    consumed += token.Start;
                    break;
                }

                switch (token.Kind)
                {
                    case TokenKind.Error:
                        return (token.Error, Text(list));
                    case TokenKind.StreamStart:
                        var root = new XmlSpanReader(data.AsSpan(token.Start, token.Length), "urn:none"u8);
                        root.Read();
                        // None at all is what the reader cannot be told: it takes that for the usual one.
                        ns = root.NamespaceOf(default) is { Length: > 0 } outer ? Encoding.UTF8.GetString(outer) : "urn:none";
                        Start(list, root, tokenizer);
                        break;
                    case TokenKind.Element:
                        var reader = new XmlSpanReader(data.AsSpan(token.Start, token.Length), Encoding.UTF8.GetBytes(ns));
                        Walk(list, ref reader, tokenizer);
                        break;
                    case TokenKind.StreamEnd:
                        list.End();
                        // What stands behind the end of the stream is nobody's: the connection is closed.
                        return (document[(consumed + token.Start + token.Length)..].All(b => b is 0x20 or 0x0A or 0x0D or 0x09) ? XmlError.None : XmlError.NotWellFormed, Text(list));
                }

                consumed += token.Start + token.Length;
            }
        }

        return (XmlError.NotWellFormed, Text(list));
    }

    private static void Walk(EventList list, ref XmlSpanReader reader, StreamTokenizer tokenizer)
    {
        while (reader.Read())
        {
            switch (reader.Node)
            {
                case XmlNode.Start:
                    Start(list, reader, tokenizer);
                    break;
                case XmlNode.End:
                    list.End();
                    break;
                case XmlNode.Text:
                    list.Text(reader.TextValue);
                    break;
            }
        }
    }

    private static void Start(EventList list, XmlSpanReader reader, StreamTokenizer tokenizer)
    {
        var attributes = new List<(string, string, string)>();
        var raw = new AttributeReader(reader.RawAttributes);
        while (raw.Read())
        {
            var name = Encoding.UTF8.GetString(raw.Name);
            var colon = name.IndexOf(':', StringComparison.Ordinal);
            var prefix = colon < 0 ? "" : name[..colon];
            if (name == "xmlns" || prefix == "xmlns")
            {
                continue;
            }

            attributes.Add((prefix.Length == 0 ? "" : Namespace(reader, prefix, tokenizer), name[(colon + 1)..], XmlEscape.Decode(raw.RawValue, isAttribute: true)));
        }

        list.Start(Namespace(reader, Encoding.UTF8.GetString(reader.Prefix), tokenizer), Encoding.UTF8.GetString(reader.LocalName), attributes);
    }

    private static string Namespace(XmlSpanReader reader, string prefix, StreamTokenizer tokenizer)
    {
        if (prefix == "xml")
        {
            return "http://www.w3.org/XML/1998/namespace";
        }

        var ns = XmlEscape.Decode(reader.NamespaceOf(Encoding.UTF8.GetBytes(prefix)), isAttribute: true);
        if (ns.Length == 0 && prefix.Length > 0)
        {
            ns = XmlEscape.Decode(tokenizer.StreamPrefixes.Single(p => Encoding.UTF8.GetString(p.Prefix) == prefix).Uri, isAttribute: true);
        }

        return ns;
    }

    private static string Text(EventList list) => list.ToString().Replace("{urn:none}", "{}", StringComparison.Ordinal);
}
