using System.Buffers.Binary;
using System.Text;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Xmpp;

namespace IotXmpp.LoadGenerator.Mqtt;

/// <summary>
/// An MQTT 3.1.1 client with just what a comparison needs: connect, subscribe, publish with QoS 0 or 1, acknowledge.
/// Section numbers in this file are those of the OASIS standard of 2014.
/// </summary>
internal sealed class MqttSession(EventLoop loop, TlsSettings? tls, Account account, string clientId, TimeSpan bound) : Connection(loop)
{
    private readonly TaskCompletionSource _connected = new();
    private TaskCompletionSource? _subscribed;
    private bool _leaving;
    private ushort _packetId;

    public delegate void PublishSink(MqttSession session, ReadOnlySpan<byte> payload, long now);

    public PublishSink? Sink { get; set; }

    /// <summary>A PUBACK for a publish of this session.</summary>
    public Action<MqttSession>? Acknowledged { get; set; }

    public Action<string>? Lost { get; set; }

    public int Index { get; set; }

    public Task Login(System.Net.IPEndPoint remote, System.Net.IPAddress? source)
    {
        Expect("connect");
        Open(remote, source);
        return _connected.Task;
    }

    public Task Subscribe(string topic, int qos)
    {
        _subscribed = new();
        Expect("subscribe");
        var name = Encoding.UTF8.GetBytes(topic);
        var packet = Begin(0x82, 2 + 2 + name.Length + 1, out var body);
        BinaryPrimitives.WriteUInt16BigEndian(body, 1);
        WriteText(body[2..], name);
        body[^1] = (byte)qos;
        Write(packet);
        return _subscribed.Task;
    }

    /// <summary>A PUBLISH packet whose payload is a stamped text; its packet identifier is filled in by <see cref="Publish"/>.</summary>
    public static (Template Template, int IdAt) Prepare(string topic, int payload, int qos)
    {
        var name = Encoding.UTF8.GetBytes(topic);
        var text = Encoding.ASCII.GetBytes(Template.StampedText(payload));
        var packet = Begin((byte)(0x30 | (qos << 1)), 2 + name.Length + (qos > 0 ? 2 : 0) + text.Length, out var body);
        WriteText(body, name);
        text.CopyTo(body[(2 + name.Length + (qos > 0 ? 2 : 0))..]);
        return (new Template(packet), qos > 0 ? packet.Length - body.Length + 2 + name.Length : -1);
    }

    public void Publish(Template template, int idAt, long stamp)
    {
        var room = template.Write(this, stamp);
        if (idAt >= 0)
        {
            // §2.3.1: a packet identifier is not 0.
            _packetId = _packetId == ushort.MaxValue ? (ushort)1 : (ushort)(_packetId + 1);
            BinaryPrimitives.WriteUInt16BigEndian(room[idAt..], _packetId);
        }
    }

    public Task Leave()
    {
        // §3.14: the server closes; the reset that follows here is what a log-in benchmark needs and mosquitto accepts.
        _leaving = true;
        Write([0xE0, 0]);
        Flush();
        Close();
        return Task.CompletedTask;
    }

    protected override void OnConnected()
    {
        if (tls is not null)
        {
            StartTls(tls, SendConnect);
        }
        else
        {
            SendConnect();
        }
    }

    protected override void OnClosed(string kind)
    {
        if (_connected.TrySetException(new LoadException("login: " + kind)) || _subscribed?.TrySetException(new LoadException(kind)) == true)
        {
            return;
        }

        if (!_leaving)
        {
            Lost?.Invoke(kind);
        }
    }

    protected override int Received(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        var now = Loop.Now;
        while (IsOpen && TryPacket(bytes[at..], out var header, out var body, out var length))
        {
            at += length;
            switch (header >> 4)
            {
                case 2 when body.Length == 2 && body[1] == 0:
                    Deadline = long.MaxValue;
                    _connected.TrySetResult();
                    break;
                case 2:
                    Fail($"connect refused: {(body.Length > 1 ? body[1] : -1)}");
                    break;
                case 3:
                    OnPublish(header, body, now);
                    break;
                case 4:
                    Acknowledged?.Invoke(this);
                    break;
                case 9:
                    Deadline = long.MaxValue;
                    if (body.Length == 3 && body[2] <= 2)
                    {
                        _subscribed?.TrySetResult();
                    }
                    else
                    {
                        _subscribed?.TrySetException(new LoadException("subscription refused"));
                    }

                    break;
                default:
                    Fail($"unexpected packet type {header >> 4}");
                    break;
            }
        }

        return at;
    }

    private static bool TryPacket(ReadOnlySpan<byte> bytes, out byte header, out ReadOnlySpan<byte> body, out int length)
    {
        header = 0;
        body = default;
        length = 0;
        var size = 0;
        for (var i = 1; i < bytes.Length && i <= 4; i++)
        {
            size |= (bytes[i] & 127) << (7 * (i - 1));
            if ((bytes[i] & 128) == 0)
            {
                if (bytes.Length < i + 1 + size)
                {
                    return false;
                }

                header = bytes[0];
                body = bytes.Slice(i + 1, size);
                length = i + 1 + size;
                return true;
            }
        }

        return false;
    }

    private void OnPublish(byte header, ReadOnlySpan<byte> body, long now)
    {
        var name = BinaryPrimitives.ReadUInt16BigEndian(body);
        var rest = body[(2 + name)..];
        if (((header >> 1) & 3) > 0)
        {
            ReadOnlySpan<byte> acknowledge = [0x40, 2, rest[0], rest[1]];
            Write(acknowledge);
            rest = rest[2..];
        }

        Sink?.Invoke(this, rest, now);
    }

    private void SendConnect()
    {
        var id = Encoding.UTF8.GetBytes(clientId);
        var user = Encoding.UTF8.GetBytes(account.Name);
        var password = Encoding.UTF8.GetBytes(account.Password);
        var withPassword = password.Length > 0;
        var packet = Begin(0x10, 10 + 2 + id.Length + (withPassword ? 4 + user.Length + password.Length : 0), out var body);
        WriteText(body, "MQTT"u8);
        body[6] = 4;
        body[7] = (byte)(0x02 | (withPassword ? 0xC0 : 0));
        var rest = WriteText(body[10..], id);
        if (withPassword)
        {
            WriteText(WriteText(rest, user), password);
        }

        Write(packet);
    }

    private void Expect(string what)
    {
        Waiting = what;
        Deadline = Loop.Now + EventLoop.Ticks(bound);
    }

    private static byte[] Begin(byte header, int bodyLength, out Span<byte> body)
    {
        var lengthBytes = bodyLength < 128 ? 1 : bodyLength < 16_384 ? 2 : 3;
        var packet = new byte[1 + lengthBytes + bodyLength];
        packet[0] = header;
        var rest = bodyLength;
        for (var i = 1; i <= lengthBytes; i++)
        {
            packet[i] = (byte)((rest & 127) | (i < lengthBytes ? 128 : 0));
            rest >>= 7;
        }

        body = packet.AsSpan(1 + lengthBytes);
        return packet;
    }

    private static Span<byte> WriteText(Span<byte> room, ReadOnlySpan<byte> text)
    {
        BinaryPrimitives.WriteUInt16BigEndian(room, (ushort)text.Length);
        text.CopyTo(room[2..]);
        return room[(2 + text.Length)..];
    }
}
