using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Tls;
using IotXmpp.Hub.Transport;
using Microsoft.AspNetCore.Connections;

namespace IotXmpp.Hub.Federation;

/// <summary>TLS between servers: each shows its certificate (RFC 6120 §13.7.2, XEP-0178 §3).</summary>
internal sealed class PeerTls(FederationHost host, ITlsIdentitySource source)
{
    private static readonly SslApplicationProtocol Alpn = new("xmpp-server");

    /// <summary>Shakes hands with a server that has come; null where that failed, which is logged.</summary>
    public ValueTask<SslStream?> AcceptAsync(ConnectionContext connection, ShownCertificate shown)
    {
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = source.Current.Options.ServerCertificateContext,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            // XEP-0368 §4: who names protocols must name ours.
            ApplicationProtocols = [Alpn],
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = shown.Take,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            AllowRenegotiation = false,
            // A resumed session would not show the certificate again.
            AllowTlsResume = false,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        };
        return ShakeAsync(connection, (tls, cancel) => tls.AuthenticateAsServerAsync(options, cancel));
    }

    /// <summary>Shakes hands with a server that was connected to; null where that failed, which is logged.</summary>
    public ValueTask<SslStream?> ConnectAsync(ConnectionContext connection, string domain, bool directTls, ShownCertificate shown)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = IPAddress.TryParse(domain, out _) ? domain : new System.Globalization.IdnMapping().GetAscii(domain),
            ClientCertificateContext = source.Current.Options.ServerCertificateContext,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = directTls ? [Alpn] : null,
            RemoteCertificateValidationCallback = shown.Take,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            AllowRenegotiation = false,
            AllowTlsResume = false,
            EncryptionPolicy = EncryptionPolicy.RequireEncryption,
        };
        return ShakeAsync(connection, (tls, cancel) => tls.AuthenticateAsClientAsync(options, cancel));
    }

    private async ValueTask<SslStream?> ShakeAsync(ConnectionContext connection, Func<SslStream, CancellationToken, Task> shake)
    {
        var tls = new SslStream(new TransportStream(connection.Transport), leaveInnerStreamOpen: true);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(host.Options.NegotiationSeconds), host.Hub.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed, limit.Token);
        try
        {
            await shake(tls, either.Token).ConfigureAwait(false);
            return tls;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException or ArgumentException)
        {
            PeerLog.TlsFailed(host.Log, connection.RemoteEndPoint as IPEndPoint, e.InnerException?.Message ?? e.Message);
            await tls.DisposeAsync().ConfigureAwait(false);
            return null;
        }
    }
}
