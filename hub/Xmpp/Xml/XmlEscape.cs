using System.Text;

namespace IotXmpp.Hub.Xml;

/// <summary>Escapes and their reading (XML 1.0 §4.1, §4.6).</summary>
internal static class XmlEscape
{
    /// <summary>How a character that cannot stand as it is is written.</summary>
    public static ReadOnlySpan<byte> Reference(char c, bool inAttribute) => c switch
    {
        '<' => "&lt;"u8,
        '>' => "&gt;"u8,
        '&' => "&amp;"u8,
        '\'' => inAttribute ? "&apos;"u8 : "'"u8,
        '"' => inAttribute ? "&quot;"u8 : "\""u8,
        '\t' => inAttribute ? "&#9;"u8 : "\t"u8,
        '\n' => inAttribute ? "&#10;"u8 : "\n"u8,
        '\r' => "&#13;"u8,
        _ => "\uFFFD"u8,
    };

    /// <summary>Reads the reference that <paramref name="text"/> begins with (<c>&amp;…;</c>).</summary>
    /// <returns>The code point and the bytes used; (-1, 0) where it is not one that XML without a DTD knows.</returns>
    public static (int CodePoint, int Length) Read(ReadOnlySpan<byte> text)
    {
        int end = text[..Math.Min(text.Length, MaxReferenceBytes)].IndexOf((byte)';');
        if (end < 3)
        {
            return (-1, 0);
        }

        ReadOnlySpan<byte> name = text[1..end];
        int value = name[0] == '#' ? Number(name[1..]) : Named(name);
        return value >= 0 ? (value, end + 1) : (-1, 0);
    }

    /// <summary>The longest reference that is read, in bytes: <c>&amp;#x0010FFFF;</c>; longer ones say nothing more.</summary>
    public const int MaxReferenceBytes = 12;

    /// <summary>The value that raw character data or a raw attribute value stands for (XML 1.0 §2.11, §3.3.3).</summary>
    public static string Decode(ReadOnlySpan<byte> raw, bool isAttribute)
    {
        if (raw.IndexOfAny("&\r\n\t"u8) < 0)
        {
            return Encoding.UTF8.GetString(raw);
        }

        var text = new StringBuilder(raw.Length);
        while (true)
        {
            int stop = isAttribute ? raw.IndexOfAny("&\r\n\t"u8) : raw.IndexOfAny("&\r"u8);
            if (stop < 0)
            {
                return text.Append(Encoding.UTF8.GetString(raw)).ToString();
            }

            text.Append(Encoding.UTF8.GetString(raw[..stop]));
            int used = 1;
            if (raw[stop] == '&')
            {
                (int codePoint, int length) = Read(raw[stop..]);
                text.Append(length == 0 ? "\uFFFD" : char.ConvertFromUtf32(codePoint));
                used = Math.Max(length, 1);
            }
            else
            {
                used = raw[stop] == '\r' && stop + 1 < raw.Length && raw[stop + 1] == '\n' ? 2 : 1;
                text.Append(isAttribute ? ' ' : '\n');
            }

            raw = raw[(stop + used)..];
        }
    }

    /// <summary>The value that the content of a CDATA section stands for: references mean nothing in it, line ends are one character (XML 1.0 §2.7, §2.11).</summary>
    public static string DecodeCData(ReadOnlySpan<byte> raw)
    {
        string text = Encoding.UTF8.GetString(raw);
        return raw.Contains((byte)'\r') ? text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n') : text;
    }

    private static int Number(ReadOnlySpan<byte> digits)
    {
        int radix = 10;
        if (digits.Length > 1 && digits[0] == 'x')
        {
            digits = digits[1..];
            radix = 16;
        }

        if (digits.IsEmpty)
        {
            return -1;
        }

        int value = 0;
        foreach (byte digit in digits)
        {
            int d = digit switch
            {
                >= (byte)'0' and <= (byte)'9' => digit - '0',
                >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
                >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
                _ => 99,
            };
            if (d >= radix || (value = (value * radix) + d) > 0x10FFFF)
            {
                return -1;
            }
        }

        return XmlChars.IsChar(value) ? value : -1;
    }

    private static int Named(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("lt"u8))
        {
            return '<';
        }

        if (name.SequenceEqual("gt"u8))
        {
            return '>';
        }

        if (name.SequenceEqual("amp"u8))
        {
            return '&';
        }

        if (name.SequenceEqual("apos"u8))
        {
            return '\'';
        }

        return name.SequenceEqual("quot"u8) ? '"' : -1;
    }
}
