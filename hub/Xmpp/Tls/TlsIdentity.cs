using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IotXmpp.Hub.Tls;

/// <summary>Who the hub is in TLS at this moment; one object serves all connections until the certificate changes.</summary>
public sealed class TlsIdentity
{
    /// <summary>Takes a certificate with its private key, and the certificates between it and the root.</summary>
    public TlsIdentity(X509Certificate2 certificate, X509Certificate2Collection? intermediates = null, ClientCertificates? clients = null)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        Certificate = certificate;
        Clients = clients;
        ServerEndPoint = ServerEndPointOf(certificate);
        Options = new SslServerAuthenticationOptions
        {
            // One context for all connections: the chain is built once and never fetched from the network, and .NET keeps one SSL_CTX in it.
            // A CipherSuitesPolicy, or AllowTlsResume = false, would make an SSL_CTX for every connection: 46 KB a session instead of 20.
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, intermediates, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            // XEP-0368 §4: a client that names protocols must name ours; one that names none is taken.
            ApplicationProtocols = [new SslApplicationProtocol("xmpp-client")],
            // Asked for, never insisted on: who has none, or one that is not good, logs in by other means.
            ClientCertificateRequired = clients is not null,
            RemoteCertificateValidationCallback = clients is null ? null : static (_, _, _, _) => true,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            // RFC 7590 §3.3: a renegotiation would let a peer spend the hub's time.
            AllowRenegotiation = false,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        };
        HttpOptions = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = Options.ServerCertificateContext,
            EnabledSslProtocols = Options.EnabledSslProtocols,
            // HTTP/1.1 alone: a WebSocket begins with an upgrade, which HTTP/2 does not have.
            ApplicationProtocols = [SslApplicationProtocol.Http11],
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            AllowRenegotiation = false,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        };
    }

    /// <summary>The certificate.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Whom clients' certificates speak for; null where they are not asked for any.</summary>
    public ClientCertificates? Clients { get; }

    /// <summary>
    /// The hash of the certificate for the channel binding <c>tls-server-end-point</c> (RFC 5929 §4.1); empty when its signature has no hash function
    /// of its own (Ed25519), for which the binding is not defined.
    /// </summary>
    public ReadOnlyMemory<byte> ServerEndPoint { get; }

    /// <summary>
    /// The options of <see cref="SslStream.AuthenticateAsServerAsync(SslServerAuthenticationOptions, CancellationToken)"/>: TLS 1.2 and 1.3, tuned for little
    /// memory a connection. Shared, not to be changed.
    /// </summary>
    public SslServerAuthenticationOptions Options { get; }

    /// <summary>The same for HTTP: another protocol in the handshake (RFC 7301), and no certificate is asked of who comes. Shared, not to be changed.</summary>
    public SslServerAuthenticationOptions HttpOptions { get; }

    /// <summary>RFC 5929 §4.1: the hash of the certificate's signature, SHA-256 instead of MD5 and SHA-1.</summary>
    internal static byte[] ServerEndPointOf(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value switch
    {
        // md5WithRSA, sha1WithRSA, sha256WithRSA; ecdsa-with-SHA1, ecdsa-with-SHA256
        "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.113549.1.1.11" or "1.2.840.10045.4.1" or "1.2.840.10045.4.3.2"
            => SHA256.HashData(certificate.RawData),
        // sha384WithRSA, ecdsa-with-SHA384
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => SHA384.HashData(certificate.RawData),
        // sha512WithRSA, ecdsa-with-SHA512
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => SHA512.HashData(certificate.RawData),
        // RSASSA-PSS names its hash in the parameters
        "1.2.840.113549.1.1.10" => PssHash(certificate.RawData) switch
        {
            "2.16.840.1.101.3.4.2.2" => SHA384.HashData(certificate.RawData),
            "2.16.840.1.101.3.4.2.3" => SHA512.HashData(certificate.RawData),
            _ => SHA256.HashData(certificate.RawData),
        },
        _ => [],
    };

    /// <summary>The hash's object identifier in a certificate signed by RSASSA-PSS (RFC 4055 §3.1); null for the default, SHA-1.</summary>
    private static string? PssHash(byte[] certificate)
    {
        AsnReader outer = new AsnReader(certificate, AsnEncodingRules.DER).ReadSequence();
        outer.ReadEncodedValue(); // what is signed
        AsnReader algorithm = outer.ReadSequence();
        algorithm.ReadObjectIdentifier();
        if (!algorithm.HasData)
        {
            return null;
        }

        AsnReader parameters = algorithm.ReadSequence();
        var hashTag = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        return parameters.HasData && parameters.PeekTag() == hashTag ? parameters.ReadSequence(hashTag).ReadSequence().ReadObjectIdentifier() : null;
    }
}

/// <summary>Gives the identity that a new connection shall use.</summary>
public interface ITlsIdentitySource
{
    /// <summary>The identity now; a renewal replaces it, connections keep the one they began with.</summary>
    TlsIdentity Current { get; }
}
