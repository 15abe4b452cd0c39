using System.ComponentModel.DataAnnotations;

namespace IotXmpp.Hub.Features.Bytestreams;

/// <summary>Whose bytestreams the proxy carries.</summary>
public enum ProxyUsers
{
    /// <summary>Those that an account of this hub asks for; the other side may be anybody.</summary>
    Accounts,

    /// <summary>Anybody's: an open relay, for networks that are closed in another way.</summary>
    Anybody,
}

/// <summary>The bounds of the SOCKS5 proxy (settings section <c>Bytestreams</c>). It listens where <c>Listen:Proxy65</c> (<c>--proxy65</c>) says, by default nowhere.</summary>
public sealed class BytestreamsOptions : IValidatableObject
{
    /// <summary>The host that clients are told: a name or an IP address; empty: the address of the listener, or the served domain where it listens on all.</summary>
    public string PublicHost { get; set; } = string.Empty;

    /// <summary>The port that clients are told; 0: the listener's.</summary>
    [Range(0, 65_535)]
    public int PublicPort { get; set; }

    /// <summary>Whose bytestreams are carried.</summary>
    public ProxyUsers Users { get; set; }

    /// <summary>Connections that may be open at once (2,000: two of each bytestream, and as many again that wait).</summary>
    [Range(2, 1_000_000)]
    public int MaxConnections { get; set; } = 2_000;

    /// <summary>Connections of one address that may be open and not active yet (20: a household with several transfers).</summary>
    [Range(2, 100_000)]
    public int MaxWaitingPerAddress { get; set; } = 20;

    /// <summary>Bytestreams that may be active at once (500); each has two buffers of 32 KiB.</summary>
    [Range(1, 500_000)]
    public int MaxStreams { get; set; } = 500;

    /// <summary>Bytestreams of one account that may be active at once (10: the files that a person sends at a time).</summary>
    [Range(1, 10_000)]
    public int MaxStreamsPerAccount { get; set; } = 10;

    /// <summary>Bytes a second in each direction of a bytestream (8 MiB: a good line of a household); 0: no bound.</summary>
    [Range(0, int.MaxValue)]
    public int BytesPerSecond { get; set; } = 8 << 20;

    /// <summary>Bytes that a bytestream may carry in both directions (16 GiB: more than a file that people send); 0: no bound.</summary>
    [Range(0, long.MaxValue)]
    public long MaxStreamBytes { get; set; } = 16L << 30;

    /// <summary>Seconds that a connection has to say which bytestream it is of (10).</summary>
    [Range(1, 3_600)]
    public int HandshakeSeconds { get; set; } = 10;

    /// <summary>Seconds that a connection waits for the activation of its bytestream (120: the other side may have to try its other candidates first).</summary>
    [Range(1, 86_400)]
    public int ActivationSeconds { get; set; } = 120;

    /// <summary>Seconds without a byte after which an active bytestream is closed (300).</summary>
    [Range(1, 86_400)]
    public int IdleSeconds { get; set; } = 300;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        // §7.2: an IP address, IPv6 without brackets, or a name.
        if (PublicHost.Length > 0 && Uri.CheckHostName(PublicHost) == UriHostNameType.Unknown)
        {
            yield return new($"'{PublicHost}' is no host; allowed: a name or an IP address", [nameof(PublicHost)]);
        }
    }
}
