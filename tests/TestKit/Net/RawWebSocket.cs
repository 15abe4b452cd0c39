using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace IotXmpp.TestKit.Net;

/// <summary>A WebSocket client that sends whatever frames it is told, good or bad (RFC 6455 §5).</summary>
public sealed class RawWebSocket : IAsyncDisposable
{
    /// <summary>What is asked for usually.</summary>
    public const string Handshake =
        "GET /xmpp-websocket HTTP/1.1\r\nHost: hub.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: xmpp\r\n";

    private readonly Socket socket;
    private readonly NetworkStream stream;

    private RawWebSocket(Socket socket)
    {
        this.socket = socket;
        stream = new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>The answer to the handshake, up to the empty line.</summary>
    public string Answer { get; private set; } = "";

    /// <summary>Connects and shakes hands; <see cref="Answer"/> says how that went.</summary>
    /// <param name="http">Where.</param>
    /// <param name="handshake">The request without its empty line.</param>
    public static async Task<RawWebSocket> ConnectAsync(IPEndPoint http, string handshake = Handshake)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(http);
        var client = new RawWebSocket(socket);
        await client.stream.WriteAsync(Encoding.ASCII.GetBytes(handshake + "\r\n"));
        var answer = new List<byte>();
        while (!(answer.Count >= 4 && answer[^1] == '\n' && answer[^2] == '\r' && answer[^3] == '\n'))
        {
            answer.AddRange(await client.BytesAsync(1));
        }

        client.Answer = Encoding.ASCII.GetString([.. answer]);
        return client;
    }

    /// <summary>Sends a frame.</summary>
    public Task SendAsync(int opcode, ReadOnlyMemory<byte> payload, bool final = true, bool masked = true, int reserved = 0) => RawAsync(Frame(opcode, payload.Span, final, masked, reserved));

    /// <summary>Sends a message of text in one frame.</summary>
    public Task TextAsync(string text) => SendAsync(1, Encoding.UTF8.GetBytes(text));

    /// <summary>Sends bytes.</summary>
    public async Task RawAsync(ReadOnlyMemory<byte> bytes) => await stream.WriteAsync(bytes).AsTask().WaitAsync(RawClient.DefaultWait);

    /// <summary>The bytes of a frame.</summary>
    public static byte[] Frame(int opcode, ReadOnlySpan<byte> payload, bool final = true, bool masked = true, int reserved = 0)
    {
        var frame = new List<byte> { (byte)((final ? 0x80 : 0) | (reserved << 4) | opcode) };
        var bit = masked ? 0x80 : 0;
        switch (payload.Length)
        {
            case < 126:
                frame.Add((byte)(bit | payload.Length));
                break;
            case <= ushort.MaxValue:
                frame.Add((byte)(bit | 126));
                frame.AddRange([(byte)(payload.Length >> 8), (byte)payload.Length]);
                break;
            default:
                frame.Add((byte)(bit | 127));
                var length = new byte[8];
                BinaryPrimitives.WriteInt64BigEndian(length, payload.Length);
                frame.AddRange(length);
                break;
        }

        if (!masked)
        {
            frame.AddRange(payload);
            return [.. frame];
        }

        var mask = RandomNumberGenerator.GetBytes(4);
        frame.AddRange(mask);
        for (var i = 0; i < payload.Length; i++)
        {
            frame.Add((byte)(payload[i] ^ mask[i & 3]));
        }

        return [.. frame];
    }

    /// <summary>The next frame of the server.</summary>
    /// <exception cref="IOException">The connection has ended.</exception>
    public async Task<(int Opcode, byte[] Payload)> NextAsync()
    {
        var head = await BytesAsync(2);
        if ((head[1] & 0x80) != 0 || (head[0] & 0xF0) != 0x80)
        {
            throw new InvalidDataException("a server's frames are whole, plain and not masked");
        }

        var length = head[1] & 0x7F;
        length = length switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(await BytesAsync(2)),
            127 => (int)BinaryPrimitives.ReadInt64BigEndian(await BytesAsync(8)),
            _ => length,
        };
        return (head[0] & 0x0F, await BytesAsync(length));
    }

    /// <summary>The next message of text.</summary>
    public async Task<string> ReadAsync()
    {
        var (opcode, payload) = await NextAsync();
        return opcode == 1 ? Encoding.UTF8.GetString(payload) : throw new InvalidDataException($"expected text, got opcode {opcode} ({Convert.ToHexString(payload)})");
    }

    /// <summary>Reads to the end: everything that was said, and the code of the close frame (0 where none came).</summary>
    public async Task<(string Said, int Code)> EndAsync()
    {
        var said = new StringBuilder();
        try
        {
            while (true)
            {
                var (opcode, payload) = await NextAsync();
                if (opcode == 8)
                {
                    await SendAsync(8, payload);
                    return (said.ToString(), BinaryPrimitives.ReadUInt16BigEndian(payload));
                }

                said.Append(Encoding.UTF8.GetString(payload)).Append('\n');
            }
        }
        catch (IOException)
        {
            return (said.ToString(), 0);
        }
    }

    /// <summary>Whether the connection comes to its end, whatever comes before.</summary>
    public async Task GoneAsync()
    {
        try
        {
            while (true)
            {
                await BytesAsync(1);
            }
        }
        catch (IOException)
        {
        }
    }

    /// <summary>Ends the sending half only.</summary>
    public void ShutdownSend() => socket.Shutdown(SocketShutdown.Send);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => stream.DisposeAsync();

    private async Task<byte[]> BytesAsync(int count)
    {
        var bytes = new byte[count];
        await stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(RawClient.DefaultWait);
        return bytes;
    }
}
