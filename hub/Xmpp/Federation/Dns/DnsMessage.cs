using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;

namespace IotXmpp.Hub.Federation.Dns;

/// <summary>The record types that are asked for (RFC 1035 §3.2.2, RFC 3596, RFC 2782).</summary>
internal enum DnsType : ushort
{
    /// <summary>An IPv4 address.</summary>
    A = 1,

    /// <summary>Another name of the same.</summary>
    Cname = 5,

    /// <summary>An IPv6 address.</summary>
    Aaaa = 28,

    /// <summary>Where a service is.</summary>
    Srv = 33,
}

/// <summary>A record of an answer.</summary>
/// <param name="Name">Whose it is, in lower case, without the last dot.</param>
/// <param name="Type">Its type; of other types than <see cref="DnsType"/> nothing is read.</param>
/// <param name="Ttl">Seconds that it may be kept.</param>
internal sealed record DnsRecord(string Name, DnsType Type, uint Ttl)
{
    /// <summary>The address, of A and AAAA.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The target of CNAME and SRV; empty for the root, ".".</summary>
    public string Target { get; init; } = string.Empty;

    /// <summary>SRV: lower ones first.</summary>
    public ushort Priority { get; init; }

    /// <summary>SRV: the share among those of one priority.</summary>
    public ushort Weight { get; init; }

    /// <summary>SRV: the port.</summary>
    public ushort Port { get; init; }
}

/// <summary>An answer of a name server (RFC 1035 §4.1).</summary>
/// <param name="Id">The id of the question.</param>
/// <param name="Code">The response code: 0 no error, 3 no such name.</param>
/// <param name="IsTruncated">It did not fit: ask by TCP.</param>
/// <param name="Question">The name that was asked for.</param>
/// <param name="Type">The type that was asked for.</param>
/// <param name="Records">The answer section.</param>
internal sealed record DnsMessage(ushort Id, int Code, bool IsTruncated, string Question, DnsType Type, IReadOnlyList<DnsRecord> Records)
{
    /// <summary>Records of an answer that are read (128): more than any sane service has, and an answer cannot cost more.</summary>
    public const int MaxRecords = 128;

    private const int HeaderBytes = 12;
    private const int MaxNameBytes = 255;
    private const int MaxLabelBytes = 63;

    /// <summary>A name as it goes to name servers: ASCII (RFC 5890), lower case, no last dot; false where it cannot be asked for.</summary>
    public static bool TryName(string name, [NotNullWhen(true)] out string? ascii)
    {
        ascii = null;
        try
        {
            // A label that begins with '_' (SRV) is none of a host's: only the others go through IDNA.
            string[] labels = name.TrimEnd('.').Split('.');
            for (int i = 0; i < labels.Length; i++)
            {
                labels[i] = Ascii.IsValid(labels[i]) ? labels[i].ToLowerInvariant() : new IdnMapping().GetAscii(labels[i]).ToLowerInvariant();
                if (labels[i].Length is 0 or > MaxLabelBytes)
                {
                    return false;
                }
            }

            ascii = string.Join('.', labels);
            return ascii.Length <= MaxNameBytes - 2;
        }
        catch (ArgumentException)
        {
            return false; // no name of IDNA
        }
    }

    /// <summary>Writes a question that wants recursion, in the class IN.</summary>
    /// <param name="id">Its id, random.</param>
    /// <param name="name">From <see cref="TryName"/>.</param>
    /// <param name="type">What is asked for.</param>
    public static byte[] Ask(ushort id, string name, DnsType type)
    {
        byte[] message = new byte[HeaderBytes + name.Length + 2 + 4];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        message[2] = 1; // RD
        message[5] = 1; // one question
        int at = HeaderBytes;
        foreach (string label in name.Split('.'))
        {
            message[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, message.AsSpan(at));
        }

        at++;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 2), 1);
        return message;
    }

    /// <summary>Reads an answer; null where it is none, or malformed.</summary>
    public static DnsMessage? Read(ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderBytes || (message[2] & 0x80) == 0)
        {
            return null;
        }

        int questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        int answers = Math.Min((int)BinaryPrimitives.ReadUInt16BigEndian(message[6..]), MaxRecords);
        int at = HeaderBytes;
        if (questions != 1 || !TryReadName(message, ref at, out string? question) || message.Length - at < 4)
        {
            return null;
        }

        var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        at += 4;
        bool isTruncated = (message[2] & 2) != 0;
        var records = new List<DnsRecord>(answers);
        for (int i = 0; i < answers; i++)
        {
            if (!TryReadRecord(message, ref at, out DnsRecord? record))
            {
                // A truncated answer may end anywhere; it is asked for again.
                return isTruncated ? new DnsMessage(BinaryPrimitives.ReadUInt16BigEndian(message), message[3] & 15, true, question, type, []) : null;
            }

            if (record is not null)
            {
                records.Add(record);
            }
        }

        return new DnsMessage(BinaryPrimitives.ReadUInt16BigEndian(message), message[3] & 15, isTruncated, question, type, records);
    }

    private static bool TryReadRecord(ReadOnlySpan<byte> message, ref int at, out DnsRecord? record)
    {
        record = null;
        if (!TryReadName(message, ref at, out string? name) || message.Length - at < 10)
        {
            return false;
        }

        var type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
        int @class = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
        uint ttl = BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]);
        int length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
        at += 10;
        if (message.Length - at < length)
        {
            return false;
        }

        ReadOnlySpan<byte> data = message.Slice(at, length);
        int inside = at;
        at += length;
        // RFC 2181 §8: the first bit set means zero.
        ttl = ttl > int.MaxValue ? 0 : ttl;
        if (@class != 1)
        {
            return true;
        }

        switch (type)
        {
            case DnsType.A when length == 4:
            case DnsType.Aaaa when length == 16:
                record = new DnsRecord(name, type, ttl) { Address = new IPAddress(data) };
                return true;
            case DnsType.Cname:
                if (!TryReadName(message, ref inside, out string? alias) || inside > at)
                {
                    return false;
                }

                record = new DnsRecord(name, type, ttl) { Target = alias };
                return true;
            case DnsType.Srv when length > 6:
                inside += 6;
                if (!TryReadName(message, ref inside, out string? target) || inside > at)
                {
                    return false;
                }

                record = new DnsRecord(name, type, ttl)
                {
                    Priority = BinaryPrimitives.ReadUInt16BigEndian(data),
                    Weight = BinaryPrimitives.ReadUInt16BigEndian(data[2..]),
                    Port = BinaryPrimitives.ReadUInt16BigEndian(data[4..]),
                    Target = target,
                };
                return true;
            case DnsType.A or DnsType.Aaaa or DnsType.Srv:
                return false;
            default:
                return true;
        }
    }

    // §4.1.4: a pointer leads to an earlier place only, so that no chain of them ever comes back.
    private static bool TryReadName(ReadOnlySpan<byte> message, ref int at, [NotNullWhen(true)] out string? name)
    {
        name = null;
        var text = new StringBuilder();
        int position = at;
        int lowest = at;
        bool jumped = false;
        while (true)
        {
            if (position >= message.Length)
            {
                return false;
            }

            int length = message[position];
            if (length == 0)
            {
                at = jumped ? at : position + 1;
                name = text.ToString();
                return true;
            }

            if ((length & 0xC0) == 0xC0)
            {
                if (position + 1 >= message.Length)
                {
                    return false;
                }

                int target = ((length & 0x3F) << 8) | message[position + 1];
                if (!jumped)
                {
                    at = position + 2;
                    jumped = true;
                }

                if (target >= lowest)
                {
                    return false;
                }

                lowest = position = target;
                continue;
            }

            if (length > MaxLabelBytes || position + 1 + length > message.Length || text.Length + length + 1 > MaxNameBytes)
            {
                return false;
            }

            ReadOnlySpan<byte> label = message.Slice(position + 1, length);
            if (!Ascii.IsValid(label) || label.ContainsAny((byte)'.', (byte)0))
            {
                return false;
            }

            if (text.Length > 0)
            {
                text.Append('.');
            }

            text.Append(Encoding.ASCII.GetString(label).ToLowerInvariant());
            position += 1 + length;
        }
    }
}
