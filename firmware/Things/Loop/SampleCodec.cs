using System.Text;
using IotXmpp.Features;

namespace IotXmpp.Things;

/// <summary>
/// A sample as bytes, for flash. It carries its field names, so that samples buffered by one firmware can be sent by the next. The form is frozen by a test:
/// version, time, count, then for each field: kind with decimals in one byte, flags, number, name, text; numbers as little-endian groups of seven bits, signs folded in.
/// </summary>
public static class SampleCodec
{
    /// <summary>The form's version, its first byte.</summary>
    public const byte Version = 1;

    private const int MaxNameBytes = 255;
    private const int MaxTextBytes = 1023;

    /// <summary>Writes a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="buffer">Where to.</param>
    /// <param name="offset">Where in it.</param>
    /// <param name="limit">The first byte of the buffer that may not be used.</param>
    /// <returns>Where the sample ends, or -1 when there is no room.</returns>
    public static int Write(Sample sample, byte[] buffer, int offset, int limit)
    {
        if (offset + 2 > limit)
        {
            return -1;
        }

        buffer[offset++] = Version;
        offset = WriteNumber(sample.TimeMs, buffer, offset, limit);
        if (offset < 0 || offset >= limit)
        {
            return -1;
        }

        buffer[offset++] = (byte)sample.Count;
        for (int i = 0; i < sample.Count; i++)
        {
            if (offset >= limit)
            {
                return -1;
            }

            buffer[offset++] = (byte)((int)sample.Kind(i) | (sample.Decimals(i) << 4));
            offset = WriteNumber((int)sample.Flags(i), buffer, offset, limit);
            offset = WriteNumber(sample.Scaled(i), buffer, offset, limit);
            offset = WriteText(sample.Name(i), MaxNameBytes, buffer, offset, limit);
            offset = WriteText(sample.Text(i), MaxTextBytes, buffer, offset, limit);
            if (offset < 0)
            {
                return -1;
            }
        }

        return offset;
    }

    /// <summary>Reads a sample.</summary>
    /// <param name="buffer">Where from.</param>
    /// <param name="offset">Its first byte.</param>
    /// <param name="limit">The first byte after it.</param>
    /// <param name="sample">Filled.</param>
    /// <returns>False when the bytes are no sample of this version.</returns>
    public static bool TryRead(byte[] buffer, int offset, int limit, Sample sample)
    {
        if (limit - offset < 3 || buffer[offset] != Version)
        {
            return false;
        }

        long number;
        offset = ReadNumber(buffer, offset + 1, limit, out number);
        if (offset < 0 || offset >= limit)
        {
            return false;
        }

        sample.Clear(number);
        int count = buffer[offset++];
        for (int i = 0; i < count; i++)
        {
            if (offset >= limit)
            {
                return false;
            }

            FieldKind kind = (FieldKind)(buffer[offset] & 0x0F);
            int decimals = buffer[offset] >> 4;
            long flags;
            string name;
            string text;
            offset = ReadNumber(buffer, offset + 1, limit, out flags);
            offset = ReadNumber(buffer, offset, limit, out number);
            offset = ReadText(buffer, offset, limit, out name);
            offset = ReadText(buffer, offset, limit, out text);
            if (offset < 0 || kind > FieldKind.Color || !sample.Add(kind, (FieldFlags)flags, name, text, number, decimals))
            {
                return false;
            }
        }

        return offset == limit;
    }

    private static int WriteNumber(long value, byte[] buffer, int offset, int limit)
    {
        if (offset < 0)
        {
            return -1;
        }

        // Small numbers of either sign become short: 0, -1, 1, -2 … are 0, 1, 2, 3 …
        ulong folded = (ulong)((value << 1) ^ (value >> 63));
        do
        {
            if (offset >= limit)
            {
                return -1;
            }

            byte group = (byte)(folded & 0x7F);
            folded >>= 7;
            buffer[offset++] = folded != 0 ? (byte)(group | 0x80) : group;
        }
        while (folded != 0);
        return offset;
    }

    private static int ReadNumber(byte[] buffer, int offset, int limit, out long value)
    {
        value = 0;
        if (offset < 0)
        {
            return -1;
        }

        // A long all the way: nanoFramework keeps a long that came from a ulong as unsigned, and a value below zero would be huge.
        long folded = 0;
        int shift = 0;
        while (offset < limit && shift < 64)
        {
            byte group = buffer[offset++];
            folded |= (long)(group & 0x7F) << shift;
            if ((group & 0x80) == 0)
            {
                value = ((folded >> 1) & long.MaxValue) ^ -(folded & 1);
                return offset;
            }

            shift += 7;
        }

        return -1;
    }

    private static int WriteText(string text, int maxBytes, byte[] buffer, int offset, int limit)
    {
        if (offset < 0)
        {
            return -1;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > maxBytes)
        {
            return -1;
        }

        offset = WriteNumber(bytes.Length, buffer, offset, limit);
        if (offset < 0 || offset + bytes.Length > limit)
        {
            return -1;
        }

        System.Array.Copy(bytes, 0, buffer, offset, bytes.Length);
        return offset + bytes.Length;
    }

    private static int ReadText(byte[] buffer, int offset, int limit, out string text)
    {
        text = string.Empty;
        long length;
        offset = ReadNumber(buffer, offset, limit, out length);
        if (offset < 0 || length < 0 || length > limit - offset)
        {
            return -1;
        }

        if (length > 0)
        {
            text = Encoding.UTF8.GetString(buffer, offset, (int)length);
        }

        return offset + (int)length;
    }
}
