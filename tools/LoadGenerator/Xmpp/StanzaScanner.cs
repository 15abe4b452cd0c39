namespace IotXmpp.LoadGenerator.Xmpp;

/// <summary>What stands at the front of the bytes.</summary>
internal enum Scan
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>The stream header (and an XML declaration before it).</summary>
    StreamOpen,

    /// <summary>A whole first-level element.</summary>
    Element,

    /// <summary>The end tag of the stream.</summary>
    StreamClose,
}

/// <summary>
/// Finds where first-level elements of a stream end; it does not check that they are well-formed (the hub's tests do), it counts.
/// </summary>
internal static class StanzaScanner
{
    private static ReadOnlySpan<byte> Whitespace => " \t\r\n"u8;

    /// <summary>Looks at the front of <paramref name="bytes"/>; <paramref name="start"/> skips white space, <paramref name="end"/> is past the unit.</summary>
    public static Scan Next(ReadOnlySpan<byte> bytes, bool inStream, out int start, out int end)
    {
        start = bytes.IndexOfAnyExcept(Whitespace);
        end = 0;
        if (start < 0)
        {
            start = bytes.Length;
            return Scan.Incomplete;
        }

        if (!inStream)
        {
            var at = start;
            while (true)
            {
                var tag = bytes[at..].IndexOf((byte)'<');
                if (tag < 0 || at + tag + 1 >= bytes.Length)
                {
                    return Scan.Incomplete;
                }

                at += tag;
                var close = TagEnd(bytes, at);
                if (close < 0)
                {
                    return Scan.Incomplete;
                }

                if (bytes[at + 1] != (byte)'?')
                {
                    end = close;
                    return Scan.StreamOpen;
                }

                at = close;
            }
        }

        return Element(bytes, start, out end);
    }

    /// <summary>The start tag of an element, from its angle bracket to its end.</summary>
    public static ReadOnlySpan<byte> StartTag(ReadOnlySpan<byte> element)
    {
        var end = TagEnd(element, 0);
        return end < 0 ? element : element[..end];
    }

    /// <summary>Whether a stanza is of type error (RFC 6120 §8.3).</summary>
    public static bool IsError(ReadOnlySpan<byte> stanza)
    {
        var tag = StartTag(stanza);
        return tag.IndexOf("type='error'"u8) > 0 || tag.IndexOf("type=\"error\""u8) > 0;
    }

    /// <summary>The value of an attribute of the start tag as text, or null; entities are left as they are.</summary>
    public static string? Attribute(ReadOnlySpan<byte> element, string name)
    {
        var tag = StartTag(element);
        foreach (var quote in "'\"")
        {
            var opening = System.Text.Encoding.UTF8.GetBytes($" {name}={quote}");
            var at = tag.IndexOf(opening);
            if (at >= 0)
            {
                var value = tag[(at + opening.Length)..];
                var end = value.IndexOf((byte)quote);
                return end < 0 ? null : System.Text.Encoding.UTF8.GetString(value[..end]);
            }
        }

        return null;
    }

    /// <summary>The text between the first start tag of that name and its end tag, or null.</summary>
    public static string? Text(ReadOnlySpan<byte> element, string name)
    {
        var at = element.IndexOf(System.Text.Encoding.UTF8.GetBytes("<" + name));
        if (at < 0)
        {
            return null;
        }

        var open = TagEnd(element, at);
        if (open < 0 || element[open - 2] == (byte)'/')
        {
            return open < 0 ? null : "";
        }

        var close = element[open..].IndexOf((byte)'<');
        return close < 0 ? null : System.Text.Encoding.UTF8.GetString(element.Slice(open, close));
    }

    private static Scan Element(ReadOnlySpan<byte> bytes, int start, out int end)
    {
        end = 0;
        var at = start;
        var depth = 0;
        while (true)
        {
            var open = bytes[at..].IndexOf((byte)'<');
            if (open < 0 || at + open + 1 >= bytes.Length)
            {
                return Scan.Incomplete;
            }

            at += open;
            switch (bytes[at + 1])
            {
                case (byte)'/':
                    var closing = bytes[at..].IndexOf((byte)'>');
                    if (closing < 0)
                    {
                        return Scan.Incomplete;
                    }

                    at += closing + 1;
                    depth--;
                    break;
                case (byte)'!':
                    var cdata = bytes[at..].IndexOf("]]>"u8);
                    if (cdata < 0)
                    {
                        return Scan.Incomplete;
                    }

                    at += cdata + 3;
                    continue;
                default:
                    at = TagEnd(bytes, at);
                    if (at < 0)
                    {
                        return Scan.Incomplete;
                    }

                    if (bytes[at - 2] != (byte)'/')
                    {
                        depth++;
                    }

                    break;
            }

            if (depth <= 0)
            {
                end = at;
                return depth < 0 ? Scan.StreamClose : Scan.Element;
            }
        }
    }

    /// <summary>Past the angle bracket that ends the tag at <paramref name="at"/>, quotes respected; −1 when it is not all there.</summary>
    private static int TagEnd(ReadOnlySpan<byte> bytes, int at)
    {
        while (true)
        {
            var found = bytes[at..].IndexOfAny((byte)'>', (byte)'\'', (byte)'"');
            if (found < 0)
            {
                return -1;
            }

            at += found;
            if (bytes[at] == (byte)'>')
            {
                return at + 1;
            }

            var quoted = bytes[(at + 1)..].IndexOf(bytes[at]);
            if (quoted < 0)
            {
                return -1;
            }

            at += quoted + 2;
        }
    }
}
