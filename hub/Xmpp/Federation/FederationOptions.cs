using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using IotXmpp.Hub.Addresses;

namespace IotXmpp.Hub.Federation;

/// <summary>A domain whose server is where settings say (<c>Federation:Overrides</c>): for private networks and tests.</summary>
public sealed class FederationOverride : IValidatableObject
{
    /// <summary>The domain.</summary>
    public string Domain { get; set; } = string.Empty;

    /// <summary>Its server: <c>HOST:PORT</c>; a host name is asked of name servers (A, AAAA).</summary>
    public string Address { get; set; } = string.Empty;

    /// <summary>TLS begins at once (XEP-0368); else by STARTTLS.</summary>
    public bool DirectTls { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (JidPrep.TryDomainpart(Domain, out string? prepared))
        {
            Domain = prepared;
        }
        else
        {
            yield return new($"'{Domain}' is no domain (RFC 7622 §3.2)", [nameof(Domain)]);
        }

        int colon = Address.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(Address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
        {
            yield return new($"'{Address}' cannot be used; allowed: HOST:PORT, such as 127.0.0.1:5269", [nameof(Address)]);
        }
    }

    internal (string Host, int Port) HostAndPort()
    {
        int colon = Address.LastIndexOf(':');
        return (Address[..colon], int.Parse(Address.AsSpan(colon + 1), CultureInfo.InvariantCulture));
    }
}

/// <summary>Federation with other servers (settings section <c>Federation</c>). It is off unless the hub listens for servers (<c>--s2s</c>).</summary>
public sealed class FederationOptions : IValidatableObject
{
    /// <summary>Domains whose servers are where settings say.</summary>
    public FederationOverride[] Overrides { get; set; } = [];

    /// <summary>PEM file of authorities that are trusted besides those of the system, from the working folder or the data folder.</summary>
    public string? TrustedAuthority { get; set; }

    /// <summary>Whether streams must have TLS (RFC 7590 §3.4); false is for tests and networks that are protected otherwise.</summary>
    public bool RequireTls { get; set; } = true;

    /// <summary>
    /// Whether a server must have a certificate that names its domain and is issued by a trusted authority; without, dialback over TLS is enough (false: many
    /// private servers have certificates of their own making, and dialback over TLS is what RFC 7590 §3.4 calls better than none).
    /// </summary>
    public bool RequireCertificate { get; set; }

    /// <summary>Whether servers without a good certificate may prove their domain by server dialback (XEP-0220).</summary>
    public bool Dialback { get; set; } = true;

    /// <summary>Whether one stream may be used in both directions (XEP-0288).</summary>
    public bool Bidirectional { get; set; } = true;

    /// <summary>Domains that the hub federates with; empty: all. <c>*.example.org</c> stands for all below.</summary>
    public string[] Allow { get; set; } = [];

    /// <summary>Domains that the hub does not federate with; they win over <see cref="Allow"/>.</summary>
    public string[] Deny { get; set; } = [];

    /// <summary>Name servers, <c>IP:PORT</c> or an IP address; empty: the system's.</summary>
    public string[] NameServers { get; set; } = [];

    /// <summary>
    /// Whether servers may be at addresses that are not public (private, loopback, link-local and the rest of RFC 6890). False: whoever owns a domain says where it is, and shall not send the hub to the
    /// machines beside it. <see cref="Overrides"/> are not asked.
    /// </summary>
    public bool AllowPrivateAddresses { get; set; }

    /// <summary>Stanzas that may wait for one domain while it is not connected (1,000); one more goes back with <c>resource-constraint</c>.</summary>
    [Range(1, 1_000_000)]
    public int QueueStanzas { get; set; } = 1000;

    /// <summary>Bytes that may wait for one domain, connected or not (1 MiB).</summary>
    [Range(64 * 1024, 1 << 30)]
    public int QueueBytes { get; set; } = 1 << 20;

    /// <summary>Stanzas that one stream may have on their way without an acknowledgement (10,000; XEP-0198); one more goes back with <c>resource-constraint</c>.</summary>
    [Range(100, 10_000_000)]
    public int UnackedStanzas { get; set; } = 10_000;

    /// <summary>Bytes of these (4 MiB: four seconds of what a server takes, <see cref="BytesPerSecond"/>).</summary>
    [Range(64 * 1024, 1 << 30)]
    public int UnackedBytes { get; set; } = 4 << 20;

    /// <summary>Seconds that a server may take to acknowledge (60) before the stream counts as broken, and what it has not acknowledged goes back with <c>remote-server-timeout</c>.</summary>
    [Range(5, 3600)]
    public int AckSeconds { get; set; } = 60;

    /// <summary>Pairs of domains that the hub keeps track of (1,000), so that addresses made up by a client cost no memory; one more goes back.</summary>
    [Range(1, 1_000_000)]
    public int MaxDomains { get; set; } = 1000;

    /// <summary>Streams with servers that may be open at once (2,000).</summary>
    [Range(1, 1_000_000)]
    public int MaxStreams { get; set; } = 2000;

    /// <summary>Seconds that a connection to one address may take (10).</summary>
    [Range(1, 600)]
    public int ConnectSeconds { get; set; } = 10;

    /// <summary>How often a domain is tried before what waits for it goes back (3).</summary>
    [Range(1, 100)]
    public int Attempts { get; set; } = 3;

    /// <summary>Seconds between the first two attempts (2); each further wait is twice as long.</summary>
    [Range(1, 3600)]
    public int RetrySeconds { get; set; } = 2;

    /// <summary>Seconds after the last attempt in which a domain is not tried again, and stanzas go back at once (5).</summary>
    [Range(0, 3600)]
    public int HoldSeconds { get; set; } = 5;

    /// <summary>Seconds without a stanza after which a stream is closed (600).</summary>
    [Range(10, 86_400)]
    public int IdleSeconds { get; set; } = 600;

    /// <summary>Largest stanza of another server, in bytes (256 KiB). RFC 6120 §13.12 demands at least 10,000.</summary>
    [Range(10_000, 16 << 20)]
    public int MaxStanzaBytes { get; set; } = 256 * 1024;

    /// <summary>Bytes a second that one stream may bring, on average over a second (1 MiB); a faster one is read more slowly. 0: no bound.</summary>
    [Range(0, 1 << 30)]
    public int BytesPerSecond { get; set; } = 1 << 20;

    /// <summary>Dialback keys that may be in verification at once (100): each is a connection of the hub that a stranger causes.</summary>
    [Range(1, 10_000)]
    public int MaxVerifications { get; set; } = 100;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (NameServers.FirstOrDefault(server => ServerOf(server) is null) is { } bad)
        {
            yield return new($"'{bad}' is no name server; allowed: an IP address, or IP:PORT", [nameof(NameServers)]);
        }

        if (RequireCertificate is false && Dialback is false)
        {
            yield return new("is false and so is RequireCertificate: then only certificates are left; set RequireCertificate to true", [nameof(Dialback)]);
        }
    }

    internal static IPEndPoint? ServerOf(string text) => IPAddress.TryParse(text, out IPAddress? address) ? new IPEndPoint(address, 53)
        : IPEndPoint.TryParse(text, out IPEndPoint? endPoint) && endPoint.Port != 0 ? endPoint : null;

    internal bool Allows(string domain) => !Deny.Any(entry => Covers(entry, domain)) && (Allow.Length == 0 || Allow.Any(entry => Covers(entry, domain)));

    private static bool Covers(string entry, string domain) => entry.StartsWith("*.", StringComparison.Ordinal)
        ? domain.EndsWith(entry[1..], StringComparison.OrdinalIgnoreCase)
        : string.Equals(entry, domain, StringComparison.OrdinalIgnoreCase);
}
