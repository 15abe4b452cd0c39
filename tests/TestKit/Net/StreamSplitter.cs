using System.Text;
using System.Xml.Linq;

namespace IotXmpp.TestKit.Net;

/// <summary>What a peer sent on its stream, one thing at a time.</summary>
public abstract record StreamEvent
{
    /// <summary>The opening tag of the stream; the element is shown empty, with its attributes.</summary>
    public sealed record Opened(XElement Header) : StreamEvent;

    /// <summary>A whole first-level element: a stanza, features, an error, a nonza.</summary>
    public sealed record Received(XElement Element) : StreamEvent;

    /// <summary>The closing tag of the stream.</summary>
    public sealed record Closed : StreamEvent;

    /// <summary>The socket ended: orderly, or by the error that is named.</summary>
    public sealed record Ended(string How) : StreamEvent;
}

/// <summary>
/// Cuts the bytes of a stream into first-level elements. It is small and knows nothing of the project's own parsers on purpose: a test client
/// that shared them could not see their mistakes. What it cuts out is read by System.Xml, so malformed output of a server is an error here.
/// </summary>
public sealed class StreamSplitter
{
    private const string CData = "<![CDATA[";

    private readonly Decoder utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true).GetDecoder();
    private readonly StringBuilder text = new();
    private readonly Queue<StreamEvent> events = new();
    private bool inCData;
    private int depth;
    private int position;
    private int tagStart = -1;
    private int elementStart;
    private char quote;
    private string header = "<x>";
    private string closing = "</x>";

    /// <summary>Takes bytes as they came from the socket.</summary>
    /// <exception cref="InvalidDataException">The server sent something that no server may send.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        var chars = new char[utf8.GetCharCount(bytes, false)];
        utf8.GetChars(bytes, chars, false);
        text.Append(chars);
        Scan();
    }

    /// <summary>The next whole event, or null if more bytes are needed.</summary>
    public StreamEvent? Next() => events.TryDequeue(out var next) ? next : null;

    /// <summary>Forgets the stream so far: the next bytes belong to a new one (after STARTTLS and SASL, RFC 6120 §4.3.3).</summary>
    public void Restart()
    {
        depth = 0;
        text.Clear();
        position = 0;
        tagStart = -1;
        inCData = false;
        elementStart = 0;
        events.Clear();
    }

    private void Scan()
    {
        // Appending char by char to a StringBuilder's chunks is slow to index; one string for each Feed is enough for a test.
        var s = text.ToString();
        while (position < s.Length)
        {
            var c = s[position];
            if (inCData)
            {
                inCData = !(c == '>' && position >= 2 && s[position - 1] == ']' && s[position - 2] == ']');
                position++;
                continue;
            }

            if (tagStart < 0)
            {
                if (c == '<')
                {
                    tagStart = position;
                    if (depth == 1)
                    {
                        if (!string.IsNullOrWhiteSpace(s[elementStart..position]))
                        {
                            throw new InvalidDataException($"text between stanzas: '{s[elementStart..position]}'");
                        }

                        elementStart = position;
                    }
                }
            }
            else if (depth > 1 && position - tagStart == CData.Length - 1 && s.AsSpan(tagStart, CData.Length).SequenceEqual(CData))
            {
                tagStart = -1;
                inCData = true;
            }
            else if (quote != 0)
            {
                if (c == quote)
                {
                    quote = '\0';
                }
            }
            else if (c is '"' or '\'')
            {
                quote = c;
            }
            else if (c == '>')
            {
                Tag(s, s.AsSpan(tagStart, position + 1 - tagStart));
                tagStart = -1;
            }

            position++;
        }

        if (depth <= 1 && tagStart < 0)
        {
            text.Clear();
            position = 0;
            elementStart = 0;
        }
    }

    private void Tag(string s, ReadOnlySpan<char> tag)
    {
        if (tag.StartsWith("<?xml ") && depth == 0)
        {
            return;
        }

        if (tag[1] is '?' or '!')
        {
            throw new InvalidDataException($"not allowed on a stream (RFC 6120 §11.1): {tag}");
        }

        if (tag[1] == '/')
        {
            depth--;
            if (depth == 0)
            {
                events.Enqueue(new StreamEvent.Closed());
            }
            else if (depth == 1)
            {
                Element(s);
            }
        }
        else if (tag[^2] == '/')
        {
            if (depth == 1)
            {
                Element(s);
            }
        }
        else
        {
            if (depth == 0)
            {
                header = tag.ToString();
                closing = "</" + header[1..header.IndexOfAny([' ', '>', '\r', '\n', '\t'])] + ">";
                events.Enqueue(new StreamEvent.Opened(Parse(header + closing)));
            }

            depth++;
            if (depth == 1)
            {
                elementStart = position + 1;
            }
        }
    }

    private void Element(string s)
    {
        var end = position + 1;
        events.Enqueue(new StreamEvent.Received(new XElement(Parse(header + s[elementStart..end] + closing).Elements().Single())));
        elementStart = end;
    }

    private static XElement Parse(string xml)
    {
        try
        {
            return XElement.Parse(xml, LoadOptions.PreserveWhitespace);
        }
        catch (System.Xml.XmlException e)
        {
            throw new InvalidDataException($"the server sent XML that is not well-formed: {e.Message}\n{xml}", e);
        }
    }
}
