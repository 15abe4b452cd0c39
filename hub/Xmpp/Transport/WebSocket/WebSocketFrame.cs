using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace IotXmpp.Hub.Transport.WebSocket;

/// <summary>What a frame is (RFC 6455 §5.2).</summary>
internal enum WebSocketOpcode : byte
{
    /// <summary>Goes on with a message.</summary>
    Continuation = 0,

    /// <summary>Begins a message of text.</summary>
    Text = 1,

    /// <summary>Begins a message of bytes: XMPP has none (RFC 7395 §3.2).</summary>
    Binary = 2,

    /// <summary>The end.</summary>
    Close = 8,

    /// <summary>Asks for a <see cref="Pong"/>.</summary>
    Ping = 9,

    /// <summary>Answers, or says that the peer lives.</summary>
    Pong = 10,
}

/// <summary>The head of a frame that a client has sent.</summary>
/// <param name="Opcode">What it is.</param>
/// <param name="IsFinal">Whether it ends its message.</param>
/// <param name="Length">Bytes of payload.</param>
/// <param name="Mask">What the payload is masked with, in the order of the wire.</param>
internal readonly record struct WebSocketFrame(WebSocketOpcode Opcode, bool IsFinal, long Length, uint Mask)
{
    /// <summary>Bytes of the longest head of a client's frame.</summary>
    public const int MaxHead = 14;

    /// <summary>Bytes of the longest head of our own frames, which are not masked.</summary>
    public const int MaxOwnHead = 10;

    /// <summary>Payload that a control frame may have (§5.5).</summary>
    public const int MaxControl = 125;

    /// <summary>Whether it is about the connection, not part of a message.</summary>
    public bool IsControl => Opcode >= WebSocketOpcode.Close;

    /// <summary>Reads a head.</summary>
    /// <param name="bytes">What has come.</param>
    /// <param name="frame">The head, where it is there whole and good.</param>
    /// <param name="error">What is wrong with it, or null.</param>
    /// <returns>Its length; 0 where more has to come, or where it is wrong.</returns>
    public static int Read(ReadOnlySpan<byte> bytes, out WebSocketFrame frame, out string? error)
    {
        frame = default;
        error = null;
        if (bytes.Length < 2)
        {
            return 0;
        }

        var opcode = (WebSocketOpcode)(bytes[0] & 0x0F);
        bool isFinal = (bytes[0] & 0x80) != 0;
        int small = bytes[1] & 0x7F;
        int head = 2 + (small == 126 ? 2 : small == 127 ? 8 : 0) + 4;
        error = (bytes[0] & 0x70) != 0 ? "A reserved bit is set (RFC 6455 §5.2)."
            : opcode is not (WebSocketOpcode.Continuation or WebSocketOpcode.Text or WebSocketOpcode.Binary or WebSocketOpcode.Close or WebSocketOpcode.Ping or WebSocketOpcode.Pong) ? "An opcode that is reserved (RFC 6455 §5.2)."
            : (bytes[1] & 0x80) == 0 ? "A client's frames are masked (RFC 6455 §5.1)."
            : opcode >= WebSocketOpcode.Close && (!isFinal || small > MaxControl) ? "A control frame is whole and short (RFC 6455 §5.5)."
            : null;
        if (error is not null || bytes.Length < head)
        {
            return 0;
        }

        ulong length = small switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            127 => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
            _ => (ulong)small,
        };
        if (length > long.MaxValue || (small == 126 && length < 126) || (small == 127 && length <= ushort.MaxValue))
        {
            error = "A length is said in as few bytes as it needs (RFC 6455 §5.2).";
            return 0;
        }

        frame = new WebSocketFrame(opcode, isFinal, (long)length, MemoryMarshal.Read<uint>(bytes[(head - 4)..]));
        return head;
    }

    /// <summary>Takes the mask off (or puts it on), in place.</summary>
    /// <param name="payload">A part of the payload.</param>
    /// <param name="mask">The mask.</param>
    /// <param name="position">How many bytes of the payload stand before the part.</param>
    public static void Unmask(Span<byte> payload, uint mask, long position)
    {
        // The mask repeats every four bytes: turned so that it begins with this part.
        int turn = (int)(position & 3) * 8;
        mask = BitConverter.IsLittleEndian ? BitOperations.RotateRight(mask, turn) : BitOperations.RotateLeft(mask, turn);
        int done = 0;
        if (Vector.IsHardwareAccelerated && payload.Length >= Vector<byte>.Count)
        {
            Vector<byte> wide = Vector.AsVectorByte(new Vector<uint>(mask));
            for (; done <= payload.Length - Vector<byte>.Count; done += Vector<byte>.Count)
            {
                (new Vector<byte>(payload[done..]) ^ wide).CopyTo(payload[done..]);
            }
        }

        Span<byte> key = stackalloc byte[4];
        MemoryMarshal.Write(key, in mask);
        for (; done < payload.Length; done++)
        {
            payload[done] ^= key[done & 3];
        }
    }

    /// <summary>Writes the head of a frame of ours, final and not masked; returns its length.</summary>
    public static int WriteHead(Span<byte> target, WebSocketOpcode opcode, int length)
    {
        target[0] = (byte)(0x80 | (int)opcode);
        switch (length)
        {
            case < 126:
                target[1] = (byte)length;
                return 2;
            case <= ushort.MaxValue:
                target[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)length);
                return 4;
            default:
                target[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(target[2..], (ulong)length);
                return 10;
        }
    }
}

/// <summary>Each element becomes one message of one frame (RFC 7395 §3.3.1), in the buffer that it waits in.</summary>
internal sealed class WebSocketFraming : IElementFraming
{
    /// <summary>There is nothing in it: one for all.</summary>
    public static readonly WebSocketFraming Instance = new();

    public int Overhead => WebElements.Overhead + WebSocketFrame.MaxOwnHead;

    public int Frame(Span<byte> target, int length)
    {
        ReadOnlySpan<byte> declaration = WebElements.Declaration(target[..length], out int at);
        int whole = length + declaration.Length;
        Span<byte> head = stackalloc byte[WebSocketFrame.MaxOwnHead];
        int count = WebSocketFrame.WriteHead(head, WebSocketOpcode.Text, whole);
        target[at..length].CopyTo(target[(count + at + declaration.Length)..]);
        target[..at].CopyTo(target[count..]);
        declaration.CopyTo(target[(count + at)..]);
        head[..count].CopyTo(target);
        return count + whole;
    }
}
