using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace IotXmpp.TestKit.Net;

/// <summary>
/// A name server on 127.0.0.1 that says what a test tells it, by UDP and by TCP. It writes messages by itself, from RFC 1035: the hub's own reader is what it tests.
/// </summary>
public sealed class DnsServer : IAsyncDisposable
{
    private readonly UdpClient udp;
    private readonly TcpListener tcp;
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<(string Name, int Type), List<byte[]>> records = new();
    private readonly ConcurrentBag<string> names = [];
    private readonly Task serving;

    private DnsServer(UdpClient udp, TcpListener tcp)
    {
        this.udp = udp;
        this.tcp = tcp;
        serving = Task.WhenAll(ServeUdpAsync(), ServeTcpAsync());
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)udp.Client.LocalEndPoint!;

    /// <summary>The questions that came, as <c>udp|tcp name type</c>.</summary>
    public ConcurrentQueue<string> Questions { get; } = new();

    /// <summary>Makes an answer out of one: question, how it came, the honest answer; null for none at all.</summary>
    public Func<byte[], string, byte[], byte[]?> Alter { get; set; } = (_, _, answer) => answer;

    /// <summary>Starts one at a free port.</summary>
    public static DnsServer Start()
    {
        for (var attempt = 0; ; attempt++)
        {
            var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
            var tcp = new TcpListener((IPEndPoint)udp.Client.LocalEndPoint!);
            try
            {
                tcp.Start();
                return new DnsServer(udp, tcp);
            }
            catch (SocketException) when (attempt < 10)
            {
                udp.Dispose();
                tcp.Dispose();
            }
        }
    }

    /// <summary>An address of a name.</summary>
    public void Address(string name, string address, uint ttl = 60)
    {
        var bytes = IPAddress.Parse(address).GetAddressBytes();
        Add(name, bytes.Length == 4 ? 1 : 28, bytes, ttl);
    }

    /// <summary>Where a service is.</summary>
    public void Service(string name, int priority, int weight, int port, string target, uint ttl = 60) =>
        Add(name, 33, [(byte)(priority >> 8), (byte)priority, (byte)(weight >> 8), (byte)weight, (byte)(port >> 8), (byte)port, .. Name(target)], ttl);

    /// <summary>Another name of the same: <paramref name="name"/> stands for <paramref name="target"/>, in answers to all types.</summary>
    public void Alias(string name, string target, uint ttl = 60) => Add(name, 5, Name(target), ttl);

    /// <summary>A name as it stands in messages.</summary>
    public static byte[] Name(string name) => name is "" or "." ? [0] : [.. name.TrimEnd('.').Split('.').SelectMany(l => (byte[])[(byte)l.Length, .. Encoding.ASCII.GetBytes(l)]), 0];

    /// <summary>A record.</summary>
    public static byte[] Record(byte[] name, int type, byte[] data, uint ttl = 60)
    {
        var head = new byte[10];
        BinaryPrimitives.WriteUInt16BigEndian(head, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(2), 1);
        BinaryPrimitives.WriteUInt32BigEndian(head.AsSpan(4), ttl);
        BinaryPrimitives.WriteUInt16BigEndian(head.AsSpan(8), (ushort)data.Length);
        return [.. name, .. head, .. data];
    }

    /// <summary>An answer to a question: its header and question with records behind.</summary>
    public static byte[] Answer(byte[] question, int code, params byte[][] records)
    {
        byte[] answer = [.. question[..QuestionEnd(question)], .. records.SelectMany(r => r)];
        answer[2] = 0x85;
        answer[3] = (byte)(0x80 | code);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), (ushort)records.Length);
        answer.AsSpan(8, 4).Clear();
        return answer;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        udp.Dispose();
        tcp.Dispose();
        await serving;
        stop.Dispose();
    }

    private static int QuestionEnd(byte[] question)
    {
        var at = 12;
        while (question[at] != 0)
        {
            at += question[at] + 1;
        }

        return at + 5;
    }

    private void Add(string name, int type, byte[] data, uint ttl)
    {
        records.GetOrAdd((name, type), _ => []).Add(Record(Name(name), type, data, ttl));
        names.Add(name);
    }

    private byte[]? Reply(byte[] question, string how)
    {
        var labels = new List<string>();
        var at = 12;
        while (question[at] != 0)
        {
            labels.Add(Encoding.ASCII.GetString(question, at + 1, question[at]));
            at += question[at] + 1;
        }

        var name = string.Join('.', labels).ToLowerInvariant();
        int type = BinaryPrimitives.ReadUInt16BigEndian(question.AsSpan(at + 1));
        Questions.Enqueue($"{how} {name} {type}");
        var found = new List<byte[]>();
        found.AddRange(records.GetValueOrDefault((name, 5)) ?? []);
        found.AddRange(records.GetValueOrDefault((name, type)) ?? []);
        return Alter(question, how, Answer(question, names.Contains(name) ? 0 : 3, [.. found]));
    }

    private async Task ServeUdpAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var question = await udp.ReceiveAsync(stop.Token);
                if (Reply(question.Buffer, "udp") is { } answer)
                {
                    await udp.SendAsync(answer, question.RemoteEndPoint, stop.Token);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // A client that has gone, or the end.
            }
        }
    }

    private async Task ServeTcpAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var client = await tcp.AcceptTcpClientAsync(stop.Token);
                var stream = client.GetStream();
                var length = new byte[2];
                await stream.ReadExactlyAsync(length, stop.Token);
                var question = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(question, stop.Token);
                if (Reply(question, "tcp") is { } answer)
                {
                    await stream.WriteAsync((byte[])[(byte)(answer.Length >> 8), (byte)answer.Length, .. answer], stop.Token);
                }
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // A client that has gone, or the end.
            }
        }
    }
}
