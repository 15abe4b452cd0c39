using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace IotXmpp.Hub.Features.Archive;

/// <summary>Numbers and texts as they stand in archives' rows: on disk, so they never change. A number is a varint (7 bits a byte, the lowest first), a text its length and its UTF-8, a salt 8 bytes.</summary>
internal static class ArchiveFormat
{
    /// <summary>Writes a number that is not negative.</summary>
    public static void WriteNumber(this ArrayBufferWriter<byte> writer, long number)
    {
        Span<byte> target = writer.GetSpan(10);
        int count = 0;
        ulong rest = (ulong)number;
        for (; rest >= 0x80; rest >>= 7)
        {
            target[count++] = (byte)(rest | 0x80);
        }

        target[count++] = (byte)rest;
        writer.Advance(count);
    }

    /// <summary>Writes a text.</summary>
    public static void WriteText(this ArrayBufferWriter<byte> writer, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        writer.WriteNumber(length);
        writer.Advance(Encoding.UTF8.GetBytes(text, writer.GetSpan(length)));
    }

    /// <summary>Writes a text that is UTF-8 already.</summary>
    public static void WriteText(this ArrayBufferWriter<byte> writer, ReadOnlySpan<byte> text)
    {
        writer.WriteNumber(text.Length);
        writer.Write(text);
    }

    /// <summary>Writes random bits.</summary>
    public static void WriteSalt(this ArrayBufferWriter<byte> writer, long salt)
    {
        BinaryPrimitives.WriteInt64LittleEndian(writer.GetSpan(sizeof(long)), salt);
        writer.Advance(sizeof(long));
    }
}

/// <summary>Reads what <see cref="ArchiveFormat"/> writes.</summary>
internal ref struct ArchiveFormatReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Whether nothing is left.</summary>
    public readonly bool IsEmpty => _rest.IsEmpty;

    /// <summary>Reads a number.</summary>
    public long ReadNumber()
    {
        ulong number = 0;
        for (int shift = 0, i = 0; ; shift += 7, i++)
        {
            byte next = _rest[i];
            number |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return (long)number;
            }
        }
    }

    /// <summary>Reads a text, as UTF-8.</summary>
    public ReadOnlySpan<byte> ReadText()
    {
        int length = (int)ReadNumber();
        ReadOnlySpan<byte> text = _rest[..length];
        _rest = _rest[length..];
        return text;
    }

    /// <summary>Reads random bits.</summary>
    public long ReadSalt()
    {
        long salt = BinaryPrimitives.ReadInt64LittleEndian(_rest);
        _rest = _rest[sizeof(long)..];
        return salt;
    }
}
