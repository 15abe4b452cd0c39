using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace IotXmpp.Hub.Federation.Dns;

/// <summary>What came of a question.</summary>
internal enum DnsStatus
{
    /// <summary>There are records.</summary>
    Found,

    /// <summary>The name has no such records, or there is no such name.</summary>
    NotFound,

    /// <summary>No name server gave an answer that can be used.</summary>
    Failed,
}

/// <summary>What came of a question, with the records: in the order in which they came.</summary>
internal sealed record DnsResult(DnsStatus Status, IReadOnlyList<DnsRecord> Records)
{
    public static DnsResult NotFound { get; } = new(DnsStatus.NotFound, []);

    public static DnsResult Failed { get; } = new(DnsStatus.Failed, []);
}

/// <summary>
/// A stub resolver (RFC 1034 §5.3.1): asks recursive name servers by UDP, by TCP where the answer did not fit, and remembers answers for as long as they may be.
/// The framework's own knows addresses only, and federation needs SRV.
/// </summary>
/// <param name="servers">The name servers at this moment, in the order in which they are asked.</param>
/// <param name="time">The clock.</param>
internal sealed class DnsResolver(Func<IReadOnlyList<IPEndPoint>> servers, TimeProvider time)
{
    /// <summary>How long one name server has to answer (2 s), after which the next is asked.</summary>
    public static readonly TimeSpan AnswerWait = TimeSpan.FromSeconds(2);

    /// <summary>How often each name server is asked (2): one datagram may be lost.</summary>
    public const int Rounds = 2;

    /// <summary>How long an answer is kept at most (1 h), whatever its record says.</summary>
    public static readonly TimeSpan MaxTtl = TimeSpan.FromHours(1);

    /// <summary>How long it is remembered that there is nothing (60 s; RFC 2308 §5 would allow more, and then a domain that was just made would not be found).</summary>
    public static readonly TimeSpan NegativeTtl = TimeSpan.FromSeconds(60);

    /// <summary>Answers that are kept (1,000); then those that are over go, then the oldest.</summary>
    public const int CacheLimit = 1000;

    /// <summary>Aliases that are followed (8): a longer chain is a mistake or a trap.</summary>
    public const int MaxAliases = 8;

    private const int MaxDatagram = 4096;

    private readonly Dictionary<(string, DnsType), (DnsResult Result, DateTimeOffset Until)> _cache = [];

    /// <summary>Asks for the records of a name, aliases followed.</summary>
    public async ValueTask<DnsResult> QueryAsync(string name, DnsType type, CancellationToken cancel)
    {
        if (!DnsMessage.TryName(name, out string? ascii))
        {
            return DnsResult.NotFound;
        }

        if (Remembered(ascii, type) is { } known)
        {
            return known;
        }

        string current = ascii;
        uint ttl = uint.MaxValue;
        for (int aliases = 0; aliases <= MaxAliases;)
        {
            if (await AskAsync(current, type, cancel).ConfigureAwait(false) is not { } answer)
            {
                return DnsResult.Failed;
            }

            // The chain of aliases mostly stands in the one answer.
            while (answer.Records.FirstOrDefault(r => r.Type == DnsType.Cname && r.Name == current) is { } alias && aliases <= MaxAliases)
            {
                aliases++;
                ttl = Math.Min(ttl, alias.Ttl);
                current = alias.Target;
                if (!DnsMessage.TryName(current, out _))
                {
                    return DnsResult.Failed;
                }
            }

            DnsRecord[] records = [.. answer.Records.Where(r => r.Type == type && r.Name == current)];
            if (records.Length > 0)
            {
                return Remember(ascii, type, new DnsResult(DnsStatus.Found, records), TimeSpan.FromSeconds(Math.Min(ttl, records.Min(r => r.Ttl))));
            }

            if (answer.Question == current || answer.Code == 3)
            {
                return Remember(ascii, type, DnsResult.NotFound, NegativeTtl);
            }
        }

        return DnsResult.Failed;
    }

    /// <summary>The system's name servers: those of <c>/etc/resolv.conf</c>, or of the network interfaces where there is no such file.</summary>
    public static IReadOnlyList<IPEndPoint> SystemServers()
    {
        const string File = "/etc/resolv.conf";
        try
        {
            IEnumerable<IPAddress> addresses = System.IO.File.Exists(File)
                ? System.IO.File.ReadLines(File).Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 1 && words[0] == "nameserver")
                    .Select(words => IPAddress.TryParse(words[1], out IPAddress? address) ? address : null).OfType<IPAddress>()
                : System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces().SelectMany(i => i.GetIPProperties().DnsAddresses);
            // resolv.conf(5): three at most, and without any the one on this machine.
            IPEndPoint[] servers = [.. addresses.Distinct().Take(3).Select(address => new IPEndPoint(address, 53))];
            return servers.Length > 0 ? servers : [new IPEndPoint(IPAddress.Loopback, 53)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Net.NetworkInformation.NetworkInformationException)
        {
            return [new IPEndPoint(IPAddress.Loopback, 53)];
        }
    }

    private async ValueTask<DnsMessage?> AskAsync(string name, DnsType type, CancellationToken cancel)
    {
        for (int round = 0; round < Rounds; round++)
        {
            foreach (IPEndPoint server in servers())
            {
                using var wait = new CancellationTokenSource(AnswerWait, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, wait.Token);
                try
                {
                    DnsMessage? answer = await ByUdpAsync(server, name, type, either.Token).ConfigureAwait(false);
                    if (answer is { IsTruncated: true })
                    {
                        answer = await ByTcpAsync(server, name, type, either.Token).ConfigureAwait(false);
                    }

                    // No error, no such name; a server that refuses or fails says nothing about the name.
                    if (answer is { Code: 0 or 3 })
                    {
                        return answer;
                    }
                }
                catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
                {
                    // This one does not answer: the next is asked.
                }
            }
        }

        return null;
    }

    // A socket of its own for each question: the port is as random as the id (RFC 5452 §9.2), and only the server that was asked is heard.
    private static async Task<DnsMessage?> ByUdpAsync(IPEndPoint server, string name, DnsType type, CancellationToken cancel)
    {
        ushort id = NewId();
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancel).ConfigureAwait(false);
        await socket.SendAsync(DnsMessage.Ask(id, name, type), cancel).ConfigureAwait(false);
        byte[] buffer = new byte[MaxDatagram];
        while (true)
        {
            int count = await socket.ReceiveAsync(buffer, cancel).ConfigureAwait(false);
            if (IsAnswer(DnsMessage.Read(buffer.AsSpan(0, count)), id, name, type) is { } answer)
            {
                return answer;
            }
        }
    }

    // RFC 7766 §8: two bytes of length before the message.
    private static async Task<DnsMessage?> ByTcpAsync(IPEndPoint server, string name, DnsType type, CancellationToken cancel)
    {
        ushort id = NewId();
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancel).ConfigureAwait(false);
        await using var stream = new NetworkStream(socket);
        byte[] question = DnsMessage.Ask(id, name, type);
        byte[] framed = [(byte)(question.Length >> 8), (byte)question.Length, .. question];
        await stream.WriteAsync(framed, cancel).ConfigureAwait(false);
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length, cancel).ConfigureAwait(false);
        byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(message, cancel).ConfigureAwait(false);
        return IsAnswer(DnsMessage.Read(message), id, name, type);
    }

    private static DnsMessage? IsAnswer(DnsMessage? message, ushort id, string name, DnsType type) => message?.Id == id && message.Question == name && message.Type == type ? message : null;

    private static ushort NewId() => BinaryPrimitives.ReadUInt16LittleEndian(RandomNumberGenerator.GetBytes(2));

    private DnsResult? Remembered(string name, DnsType type)
    {
        lock (_cache)
        {
            return _cache.TryGetValue((name, type), out (DnsResult Result, DateTimeOffset Until) entry) && entry.Until > time.GetUtcNow() ? entry.Result : null;
        }
    }

    private DnsResult Remember(string name, DnsType type, DnsResult result, TimeSpan ttl)
    {
        DateTimeOffset now = time.GetUtcNow();
        lock (_cache)
        {
            if (_cache.Count >= CacheLimit)
            {
                foreach ((string, DnsType) key in _cache.Where(entry => entry.Value.Until <= now).Select(entry => entry.Key).ToArray())
                {
                    _cache.Remove(key);
                }

                if (_cache.Count >= CacheLimit)
                {
                    _cache.Remove(_cache.MinBy(entry => entry.Value.Until).Key);
                }
            }

            _cache[(name, type)] = (result, now + (ttl < MaxTtl ? ttl : MaxTtl));
        }

        return result;
    }
}
