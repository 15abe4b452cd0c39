using System.Buffers;
using System.Runtime.CompilerServices;

namespace IotXmpp.Hub.Xml;

/// <summary>Classes of bytes that the XML of a stream is made of (XML 1.0 §2.2, §2.3).</summary>
internal static class XmlChars
{
    private const byte NameStartBit = 1;
    private const byte NameBit = 2;
    private const byte SpaceBit = 4;

    private static readonly byte[] Classes = MakeClasses();

    /// <summary>What ends a run of plain character data: markup, a possible <c>]]&gt;</c>, and what XML forbids.</summary>
    public static readonly SearchValues<byte> TextStop = SearchValues.Create(WithForbidden("<&>"u8));

    /// <summary>What ends a run inside a tag: its end or a quote, and what may not stand there.</summary>
    public static readonly SearchValues<byte> TagStop = SearchValues.Create("<>'\""u8);

    /// <summary>What may not stand in an attribute value as it is: markup and what XML forbids.</summary>
    public static readonly SearchValues<byte> ValueStop = SearchValues.Create(WithForbidden("<&"u8));

    /// <summary>What XML 1.0 forbids among the ASCII controls (§2.2).</summary>
    public static readonly SearchValues<byte> Controls = SearchValues.Create(WithForbidden([]));

    /// <summary>What must be escaped in character data and in attribute values written by us.</summary>
    public static readonly SearchValues<byte> Escaped = SearchValues.Create("<>&'\""u8);

    /// <summary>The same for text that is still UTF-16, with what XML cannot say at all.</summary>
    public static readonly SearchValues<char> EscapedChars = SearchValues.Create(EscapedOrForbidden());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNameStart(byte b) => (Classes[b] & NameStartBit) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsName(byte b) => (Classes[b] & NameBit) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSpace(byte b) => (Classes[b] & SpaceBit) != 0;

    /// <summary>Whether a code point may stand in XML 1.0 at all (§2.2).</summary>
    public static bool IsChar(int c) => c is 0x9 or 0xA or 0xD or (>= 0x20 and <= 0xD7FF) or (>= 0xE000 and <= 0xFFFD) or (>= 0x10000 and <= 0x10FFFF);

    /// <summary>NameStartChar (XML 1.0 §2.3), without the colon, which namespaces take away.</summary>
    public static bool IsNameStartRune(int c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '_' or (>= 0xC0 and <= 0xD6) or (>= 0xD8 and <= 0xF6)
        or (>= 0xF8 and <= 0x2FF) or (>= 0x370 and <= 0x37D) or (>= 0x37F and <= 0x1FFF) or (>= 0x200C and <= 0x200D) or (>= 0x2070 and <= 0x218F)
        or (>= 0x2C00 and <= 0x2FEF) or (>= 0x3001 and <= 0xD7FF) or (>= 0xF900 and <= 0xFDCF) or (>= 0xFDF0 and <= 0xFFFD) or (>= 0x10000 and <= 0xEFFFF);

    /// <summary>NameChar (XML 1.0 §2.3).</summary>
    public static bool IsNameRune(int c) => IsNameStartRune(c) || c is (>= '0' and <= '9') or '-' or '.' or ':' or 0xB7 or (>= 0x300 and <= 0x36F) or (>= 0x203F and <= 0x2040);

    private static byte[] MakeClasses()
    {
        var classes = new byte[256];
        for (int i = 0; i < 256; i++)
        {
            bool start = i is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '_' or >= 0x80;
            bool name = start || i is (>= '0' and <= '9') or '-' or '.' or ':';
            classes[i] = (byte)((start ? NameStartBit : 0) | (name ? NameBit : 0) | (i is ' ' or '\t' or '\r' or '\n' ? SpaceBit : 0));
        }

        return classes;
    }

    private static byte[] WithForbidden(ReadOnlySpan<byte> more)
    {
        var bytes = new List<byte>(more.ToArray());
        for (byte b = 0; b < 0x20; b++)
        {
            if (b is not ((byte)'\t' or (byte)'\n' or (byte)'\r'))
            {
                bytes.Add(b);
            }
        }

        return [.. bytes];
    }

    private static char[] EscapedOrForbidden()
    {
        var chars = new List<char>("<>&'\"\t\r\n\uFFFE\uFFFF");
        for (int c = 0; c < 0x20; c++)
        {
            chars.Add((char)c);
        }

        for (int c = 0xD800; c <= 0xDFFF; c++)
        {
            chars.Add((char)c);
        }

        return [.. chars];
    }
}
