using System.Buffers.Binary;

namespace IotXmpp.LoadGenerator.Net;

/// <summary>
/// Frames of a WebSocket (RFC 6455 §5) as a load needs them: one for each element. The mask is zero, which is one like any other for the server and no work
/// here: its cost is the server's, which is measured.
/// </summary>
internal static class WebSocketFrames
{
    /// <summary>The opening handshake for XMPP (RFC 7395 §3.1).</summary>
    public static ReadOnlySpan<byte> Handshake =>
        "GET /xmpp-websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n"u8;

    private static ReadOnlySpan<byte> Namespace => " xmlns='jabber:client'"u8;

    /// <summary>Whether a unit is a stanza without its namespace.</summary>
    public static bool IsNameless(ReadOnlySpan<byte> unit) =>
        (unit.StartsWith("<iq"u8) || unit.StartsWith("<message"u8) || unit.StartsWith("<presence"u8)) && unit.IndexOf(Namespace) < 0;

    /// <summary>The stanza with its namespace.</summary>
    public static byte[] WithNamespace(ReadOnlySpan<byte> stanza)
    {
        var name = stanza.IndexOfAny(" />"u8);
        return [.. stanza[..name], .. Namespace, .. stanza[name..]];
    }

    /// <summary>Bytes of the head of a client's frame.</summary>
    public static int HeadLength(int payload) => payload < 126 ? 6 : payload <= ushort.MaxValue ? 8 : 14;

    /// <summary>Writes the head of a final text frame.</summary>
    public static void WriteHead(Span<byte> head, int payload)
    {
        head.Clear();
        head[0] = 0x81;
        switch (head.Length)
        {
            case 6:
                head[1] = (byte)(0x80 | payload);
                break;
            case 8:
                head[1] = 0x80 | 126;
                BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)payload);
                break;
            default:
                head[1] = 0x80 | 127;
                BinaryPrimitives.WriteInt64BigEndian(head[2..], payload);
                break;
        }
    }

    /// <summary>Looks at the front of what a server sent; false where a frame is not all there.</summary>
    /// <param name="bytes">What has come.</param>
    /// <param name="start">Where the payload begins.</param>
    /// <param name="end">Behind it.</param>
    /// <param name="isText">Whether it is an element.</param>
    public static bool Next(ReadOnlySpan<byte> bytes, out int start, out int end, out bool isText)
    {
        start = end = 0;
        isText = bytes.Length > 0 && (bytes[0] & 0x0F) == 1;
        if (bytes.Length < 2)
        {
            return false;
        }

        int small = bytes[1] & 0x7F;
        start = 2 + (small == 126 ? 2 : small == 127 ? 8 : 0);
        if (bytes.Length < start)
        {
            return false;
        }

        end = start + small switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            127 => (int)BinaryPrimitives.ReadInt64BigEndian(bytes[2..]),
            _ => small,
        };
        return bytes.Length >= end;
    }
}
