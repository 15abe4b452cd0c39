using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Tls;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>What only the negotiation of a stream needs; a bound stream does not keep it.</summary>
internal sealed class StreamNegotiation
{
    /// <summary>SASL of this stream, once an attempt was made.</summary>
    public SaslNegotiation? Sasl { get; set; }

    /// <summary>The attempt by SASL2 that is under way (XEP-0388): until it has ended nothing else may come.</summary>
    public Sasl2Request? Sasl2 { get; set; }

    /// <summary>Requests before the log-in that were refused (<see cref="IEarlyRequests"/>).</summary>
    public int RefusedRequests { get; set; }

    /// <summary>Who the hub was in the TLS handshake, or null without TLS.</summary>
    public TlsIdentity? Identity { get; init; }

    /// <summary>See <see cref="SaslContext.TlsExporter"/>.</summary>
    public byte[]? TlsExporter { get; init; }

    /// <summary>See <see cref="SaslContext.TlsUnique"/>.</summary>
    public byte[]? TlsUnique { get; init; }

    /// <summary>See <see cref="SaslContext.CertifiedAccounts"/>.</summary>
    public IReadOnlyList<Jid> CertifiedAccounts { get; init; } = [];

    /// <summary>Who the client says it is, in its stream's start tag.</summary>
    public Jid? PeerJid { get; set; }

    /// <summary>What a handshake gave.</summary>
    public static StreamNegotiation Of(SslStream tls, TlsIdentity identity, StreamHost host) => new()
    {
        Identity = identity,
        TlsExporter = OpenSsl.ChannelBinding(tls),
        TlsUnique = OpenSsl.Unique(tls),
        CertifiedAccounts = identity.Clients?.AccountsOf(tls.RemoteCertificate as X509Certificate2, host.Hub.Domain, host.Hub.Time.GetUtcNow()) ?? [],
    };

    /// <summary>What SASL has to know of the stream.</summary>
    public SaslContext Context(C2sStream stream, Jid domain) => new()
    {
        Domain = domain.Domain,
        IsEncrypted = stream.IsEncrypted,
        AllowPlaintext = stream.MayStayPlain,
        TlsServerEndPoint = Identity?.ServerEndPoint ?? default,
        TlsExporter = TlsExporter,
        TlsUnique = TlsUnique,
        CertifiedAccounts = CertifiedAccounts,
        From = PeerJid,
        RemoteAddress = stream.Peer?.Address,
    };
}
