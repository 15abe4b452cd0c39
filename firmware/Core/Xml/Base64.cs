namespace IotXmpp.Xml;

/// <summary>Base64 over bytes (RFC 4648 §4), strict: no white space, padding required, no stray bits.</summary>
public static class Base64
{
    private static readonly byte[] Alphabet = Utf8.Encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");

    /// <summary>Bytes that so many become.</summary>
    public static int EncodedLength(int count)
    {
        return (count + 2) / 3 * 4;
    }

    /// <summary>Encodes into a buffer that has room for <see cref="EncodedLength"/>.</summary>
    public static void Encode(byte[] data, int offset, int count, byte[] target, int at)
    {
        int end = offset + count;
        for (int i = offset; i < end; i += 3)
        {
            int left = end - i;
            int bits = data[i] << 16 | (left > 1 ? data[i + 1] << 8 : 0) | (left > 2 ? data[i + 2] : 0);
            target[at++] = Alphabet[bits >> 18];
            target[at++] = Alphabet[bits >> 12 & 63];
            target[at++] = left > 1 ? Alphabet[bits >> 6 & 63] : (byte)'=';
            target[at++] = left > 2 ? Alphabet[bits & 63] : (byte)'=';
        }
    }

    /// <summary>Encodes into a new array.</summary>
    public static byte[] Encode(byte[] data)
    {
        byte[] target = new byte[EncodedLength(data.Length)];
        Encode(data, 0, data.Length, target, 0);
        return target;
    }

    /// <summary>Decodes; null when it is not base64.</summary>
    public static byte[] Decode(byte[] text, int offset, int count)
    {
        if (count % 4 != 0)
        {
            return null;
        }
        int padding = count == 0 || text[offset + count - 1] != '=' ? 0 : text[offset + count - 2] != '=' ? 1 : 2;
        byte[] data = new byte[count / 4 * 3 - padding];
        int at = 0;
        for (int i = 0; i < count; i += 4)
        {
            int have = i + 4 == count ? 4 - padding : 4;
            int bits = 0;
            for (int k = 0; k < 4; k++)
            {
                int value = k < have ? Value(text[offset + i + k]) : 0;
                if (value < 0)
                {
                    return null;
                }
                bits = bits << 6 | value;
            }
            int bytes = have - 1;
            if ((bits & (1 << (3 - bytes) * 8) - 1) != 0)
            {
                return null; // stray bits: two texts would mean the same
            }
            for (int k = 0; k < bytes; k++)
            {
                data[at++] = (byte)(bits >> 16 - 8 * k);
            }
        }
        return data;
    }

    private static int Value(byte b)
    {
        if (b >= 'A' && b <= 'Z')
        {
            return b - 'A';
        }
        if (b >= 'a' && b <= 'z')
        {
            return b - 'a' + 26;
        }
        if (b >= '0' && b <= '9')
        {
            return b - '0' + 52;
        }
        return b == '+' ? 62 : b == '/' ? 63 : -1;
    }
}
