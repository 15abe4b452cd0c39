using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace IotXmpp.Hub.Tls;

/// <summary>Who the hub is in TLS at this moment; one object serves all connections until the certificate changes.</summary>
public sealed class TlsIdentity
{
    /// <summary>Takes a certificate with its private key, and the certificates between it and the root.</summary>
    public TlsIdentity(X509Certificate2 certificate, X509Certificate2Collection? intermediates = null) => throw new NotImplementedException();

    /// <summary>The certificate.</summary>
    public X509Certificate2 Certificate => throw new NotImplementedException();

    /// <summary>The hash of the certificate for the channel binding <c>tls-server-end-point</c> (RFC 5929 §4.1).</summary>
    public ReadOnlyMemory<byte> ServerEndPoint => throw new NotImplementedException();

    /// <summary>
    /// The options of <see cref="SslStream.AuthenticateAsServerAsync(SslServerAuthenticationOptions, CancellationToken)"/>: TLS 1.2 and 1.3, tuned for little
    /// memory a connection. Shared, not to be changed.
    /// </summary>
    public SslServerAuthenticationOptions Options => throw new NotImplementedException();
}

/// <summary>Gives the identity that a new connection shall use.</summary>
public interface ITlsIdentitySource
{
    /// <summary>The identity now; a renewal replaces it, connections keep the one they began with.</summary>
    TlsIdentity Current { get; }
}
