using System;

namespace IotXmpp.Xml;

/// <summary>Names, references and line ends of XML 1.0, over bytes.</summary>
internal static class XmlText
{
    /// <summary>Bytes of the longest reference that is read, <c>&amp;</c> and <c>;</c> included: room for leading zeros, no more.</summary>
    internal const int MaxReferenceBytes = 16;

    internal static bool IsSpace(int b)
    {
        return b == ' ' || b == '\n' || b == '\t' || b == '\r';
    }

    /// <summary>The length in bytes of an XML name without colon (NCName) at a position; 0 when there is none. The bytes are complete.</summary>
    internal static int NameLength(byte[] buffer, int start, int end)
    {
        int i = start;
        while (i < end)
        {
            int b = buffer[i];
            if (b < 0x80)
            {
                bool letter = b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_';
                if (!letter && (i == start || !(b >= '0' && b <= '9' || b == '-' || b == '.')))
                {
                    break;
                }
                i++;
                continue;
            }
            int length = Utf8.CharLength(buffer, i, end);
            if (length <= 0 || !IsNameChar(Utf8.CodePoint(buffer, i, length), i == start))
            {
                break;
            }
            i += length;
        }
        return i - start;
    }

    /// <summary>Reads a reference at an <c>&amp;</c>.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="start">Where the <c>&amp;</c> stands.</param>
    /// <param name="end">Where the bytes end.</param>
    /// <param name="codePoint">The character it stands for.</param>
    /// <returns>Its length in bytes; 0 when the bytes end within it; -1 when it is malformed; -2 when it is an entity other than the five.</returns>
    internal static int Reference(byte[] buffer, int start, int end, out int codePoint)
    {
        codePoint = 0;
        int limit = end - start > MaxReferenceBytes ? start + MaxReferenceBytes : end;
        int i = start + 1;
        if (i == limit)
        {
            return 0;
        }
        if (buffer[i] == '#')
        {
            return Number(buffer, start, limit, end, out codePoint);
        }
        while (i < limit && buffer[i] != ';')
        {
            int b = buffer[i];
            if (!(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b >= 0x80 || i > start + 1 && (b >= '0' && b <= '9' || b == '-' || b == '.')))
            {
                return -1;
            }
            i++;
        }
        if (i == limit)
        {
            return limit < end || end - start == MaxReferenceBytes ? -2 : 0;
        }
        int length = i - start - 1;
        int first = buffer[start + 1];
        int second = length > 1 ? buffer[start + 2] : 0;
        if (length == 2 && second == 't' && (first == 'l' || first == 'g'))
        {
            codePoint = first == 'l' ? '<' : '>';
        }
        else if (length == 3 && first == 'a' && second == 'm' && buffer[start + 3] == 'p')
        {
            codePoint = '&';
        }
        else if (length == 4 && first == 'a' && second == 'p' && buffer[start + 3] == 'o' && buffer[start + 4] == 's')
        {
            codePoint = '\'';
        }
        else if (length == 4 && first == 'q' && second == 'u' && buffer[start + 3] == 'o' && buffer[start + 4] == 't')
        {
            codePoint = '"';
        }
        else
        {
            return length == 0 ? -1 : -2;
        }
        return i + 1 - start;
    }

    /// <summary>Decodes a checked range: references, and line ends (XML 1.0 §2.11) or, in an attribute, white space (§3.3.3).</summary>
    /// <returns>The bytes written, never more than were read; -1 when the target is too small.</returns>
    internal static int Decode(byte[] buffer, int start, int end, byte[] target, int offset, bool attribute, bool references)
    {
        int at = offset;
        int i = start;
        while (i < end)
        {
            int b = buffer[i];
            if (b == '&' && references)
            {
                int length = Reference(buffer, i, end, out int codePoint);
                int width = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
                if (target.Length - at < width)
                {
                    return -1;
                }
                at += Utf8.WriteCodePoint(codePoint, target, at);
                i += length;
                continue;
            }
            if (at == target.Length)
            {
                return -1;
            }
            if (b == '\r')
            {
                b = '\n';
                if (i + 1 < end && buffer[i + 1] == '\n')
                {
                    i++;
                }
            }
            if (attribute && (b == '\n' || b == '\t'))
            {
                b = ' ';
            }
            target[at++] = (byte)b;
            i++;
        }
        return at - offset;
    }

    /// <summary>Whether a checked range means its own bytes.</summary>
    internal static bool IsPlain(byte[] buffer, int start, int end, bool attribute)
    {
        for (int i = start; i < end; i++)
        {
            int b = buffer[i];
            if (b == '&' || b == '\r' || attribute && (b == '\n' || b == '\t'))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>The text of a checked range.</summary>
    internal static string String(byte[] buffer, int start, int end, bool attribute, bool references)
    {
        if (IsPlain(buffer, start, end, attribute))
        {
            return Utf8.Decode(buffer, start, end - start);
        }
        byte[] decoded = new byte[end - start];
        int length = Decode(buffer, start, end, decoded, 0, attribute, references);
        return Utf8.Decode(decoded, 0, length);
    }

    private static int Number(byte[] buffer, int start, int limit, int end, out int codePoint)
    {
        codePoint = 0;
        int i = start + 2;
        if (i == limit)
        {
            return 0;
        }
        bool hex = buffer[i] == 'x';
        if (hex)
        {
            i++;
        }
        int first = i;
        for (; i < limit && buffer[i] != ';'; i++)
        {
            int b = buffer[i];
            int digit = b >= '0' && b <= '9' ? b - '0' : hex && b >= 'a' && b <= 'f' ? b - 'a' + 10 : hex && b >= 'A' && b <= 'F' ? b - 'A' + 10 : -1;
            if (digit < 0)
            {
                return -1;
            }
            codePoint = codePoint * (hex ? 16 : 10) + digit;
            if (codePoint > 0x10FFFF)
            {
                return -1;
            }
        }
        if (i == limit)
        {
            return limit < end || end - start == MaxReferenceBytes ? -1 : 0;
        }
        bool allowed = codePoint >= 0x20 && codePoint < 0xD800 || codePoint >= 0xE000 && codePoint < 0xFFFE || codePoint >= 0x10000
            || codePoint == '\t' || codePoint == '\n' || codePoint == '\r';
        return i == first || !allowed ? -1 : i + 1 - start;
    }

    // XML 1.0 (5th edition) §2.3, without the ASCII part
    private static bool IsNameChar(int c, bool start)
    {
        if (c >= 0xC0 && c <= 0x2FF)
        {
            return c != 0xD7 && c != 0xF7;
        }
        if (c >= 0x370 && c <= 0x1FFF)
        {
            return c != 0x37E;
        }
        if (c == 0x200C || c == 0x200D || c >= 0x2070 && c <= 0x218F || c >= 0x2C00 && c <= 0x2FEF || c >= 0x3001 && c <= 0xD7FF
            || c >= 0xF900 && c <= 0xFDCF || c >= 0xFDF0 && c <= 0xFFFD || c >= 0x10000 && c <= 0xEFFFF)
        {
            return true;
        }
        return !start && (c == 0xB7 || c >= 0x300 && c <= 0x36F || c >= 0x203F && c <= 0x2040);
    }
}
