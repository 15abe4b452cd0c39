using System.Text;

namespace IotXmpp.Xml;

/// <summary>UTF-8 by hand: XMPP's bytes are compared and converted without making strings (on nanoFramework indexing a string is O(n)).</summary>
public static class Utf8
{
    /// <summary>The bytes of a string.</summary>
    /// <param name="text">Any string; null gives no bytes.</param>
    public static byte[] Encode(string text)
    {
        return string.IsNullOrEmpty(text) ? new byte[0] : Encoding.UTF8.GetBytes(text);
    }

    /// <summary>The string of some bytes.</summary>
    public static string Decode(byte[] buffer, int offset, int count)
    {
        return count == 0 ? string.Empty : Encoding.UTF8.GetString(buffer, offset, count);
    }

    /// <summary>Whether a range of bytes is exactly <paramref name="other"/>.</summary>
    public static bool Equal(byte[] buffer, int offset, int count, byte[] other)
    {
        return other.Length == count && Equal(buffer, offset, other, 0, count);
    }

    /// <summary>Whether two ranges of the same length hold the same bytes.</summary>
    public static bool Equal(byte[] a, int aOffset, byte[] b, int bOffset, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (a[aOffset + i] != b[bOffset + i])
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Writes a string into a buffer if it fits.</summary>
    /// <returns>The bytes written, or -1 when there is no room.</returns>
    public static int Encode(string text, byte[] target, int offset)
    {
        if (string.IsNullOrEmpty(text))
        {
            return 0;
        }
        int length = text.Length;
        int room = target.Length - offset;
        // 3 bytes a UTF-16 unit is the worst case; nanoFramework has no GetByteCount, so only a full buffer costs an allocation
        if (length <= room / 3)
        {
            return Encoding.UTF8.GetBytes(text, 0, length, target, offset);
        }
        if (length > room)
        {
            return -1;
        }
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > room)
        {
            return -1;
        }
        System.Array.Copy(bytes, 0, target, offset, bytes.Length);
        return bytes.Length;
    }

    /// <summary>Reads a decimal integer (optional sign, XML Schema <c>long</c>); false when it is none or does not fit.</summary>
    public static bool TryParseLong(byte[] buffer, int offset, int count, out long value)
    {
        value = 0;
        int end = offset + count;
        bool negative = false;
        if (offset < end && (buffer[offset] == '-' || buffer[offset] == '+'))
        {
            negative = buffer[offset++] == '-';
        }
        if (offset == end)
        {
            return false;
        }
        for (; offset < end; offset++)
        {
            int digit = buffer[offset] - '0';
            if (digit < 0 || digit > 9)
            {
                return false;
            }
            // held as a negative number, which reaches one further than a positive one
            if (value < (long.MinValue + digit) / 10)
            {
                return false;
            }
            value = value * 10 - digit;
        }
        if (negative)
        {
            return true;
        }
        if (value == long.MinValue)
        {
            return false;
        }
        value = -value;
        return true;
    }

    /// <summary>
    /// The length in bytes of the well-formed character at a position (RFC 3629 §4, and only the characters of XML 1.0 §2.2).
    /// </summary>
    /// <returns>1–4; 0 when the bytes end within the character; -1 when it is malformed; -2 when XML does not allow it.</returns>
    public static int CharLength(byte[] buffer, int position, int end)
    {
        int b = buffer[position];
        if (b < 0x80)
        {
            return b >= 0x20 || b == '\n' || b == '\t' || b == '\r' ? 1 : -2;
        }
        if (b < 0xC2 || b > 0xF4)
        {
            return -1;
        }
        int length = b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
        int have = end - position;
        if (have > 1)
        {
            int second = buffer[position + 1];
            int low = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80;
            int high = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
            if (second < low || second > high)
            {
                return -1;
            }
        }
        for (int i = 2; i < length && i < have; i++)
        {
            if ((buffer[position + i] & 0xC0) != 0x80)
            {
                return -1;
            }
        }
        if (have < length)
        {
            return 0;
        }
        if (b == 0xEF && buffer[position + 1] == 0xBF && buffer[position + 2] >= 0xBE)
        {
            return -2; // U+FFFE, U+FFFF
        }
        return length;
    }

    /// <summary>The code point of the well-formed character at a position.</summary>
    public static int CodePoint(byte[] buffer, int position, int length)
    {
        int b = buffer[position];
        switch (length)
        {
            case 1: return b;
            case 2: return (b & 0x1F) << 6 | buffer[position + 1] & 0x3F;
            case 3: return (b & 0x0F) << 12 | (buffer[position + 1] & 0x3F) << 6 | buffer[position + 2] & 0x3F;
            default: return (b & 0x07) << 18 | (buffer[position + 1] & 0x3F) << 12 | (buffer[position + 2] & 0x3F) << 6 | buffer[position + 3] & 0x3F;
        }
    }

    /// <summary>Writes one code point; the caller gives room for 4 bytes.</summary>
    /// <returns>The bytes written.</returns>
    public static int WriteCodePoint(int codePoint, byte[] target, int offset)
    {
        if (codePoint < 0x80)
        {
            target[offset] = (byte)codePoint;
            return 1;
        }
        if (codePoint < 0x800)
        {
            target[offset] = (byte)(0xC0 | codePoint >> 6);
            target[offset + 1] = (byte)(0x80 | codePoint & 0x3F);
            return 2;
        }
        if (codePoint < 0x10000)
        {
            target[offset] = (byte)(0xE0 | codePoint >> 12);
            target[offset + 1] = (byte)(0x80 | codePoint >> 6 & 0x3F);
            target[offset + 2] = (byte)(0x80 | codePoint & 0x3F);
            return 3;
        }
        target[offset] = (byte)(0xF0 | codePoint >> 18);
        target[offset + 1] = (byte)(0x80 | codePoint >> 12 & 0x3F);
        target[offset + 2] = (byte)(0x80 | codePoint >> 6 & 0x3F);
        target[offset + 3] = (byte)(0x80 | codePoint & 0x3F);
        return 4;
    }
}
