using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using IotXmpp.Hub.Tls;
using IotXmpp.Hub.Transport;
using Microsoft.AspNetCore.Connections;

namespace IotXmpp.Hub.Streams;

/// <summary>The beginning and the end of TLS on a connection, on the hub's side (RFC 6120 §5.4.3, XEP-0368).</summary>
internal static class TlsUpgrade
{
    /// <summary>Shakes hands; null where it failed, which is logged.</summary>
    public static async ValueTask<SslStream?> AcceptAsync(StreamHost host, ConnectionContext connection, TlsIdentity identity)
    {
        var tls = new SslStream(new TransportStream(connection.Transport), leaveInnerStreamOpen: true);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        timeout.CancelAfter(TimeSpan.FromSeconds(host.Options.NegotiationSeconds));
        try
        {
            await tls.AuthenticateAsServerAsync(identity.Options, timeout.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException)
        {
            StreamLog.TlsFailed(host.Log, connection.RemoteEndPoint as IPEndPoint, e.Message);
            await tls.DisposeAsync().ConfigureAwait(false);
            return null;
        }

        OpenSsl.ReleaseWhenIdle(tls);
        return tls;
    }

    /// <summary>Sends what waits and the end of TLS; false where the peer does not read its last words within 3 s.</summary>
    public static async ValueTask<bool> EndAsync(OutboundQueue queue, SslStream? tls, TimeProvider time)
    {
        try
        {
            await queue.IdleAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(2), time).ConfigureAwait(false);
            if (tls is not null)
            {
                await tls.ShutdownAsync().WaitAsync(TimeSpan.FromSeconds(1), time).ConfigureAwait(false);
            }

            return true;
        }
        catch (Exception e) when (e is TimeoutException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            return false;
        }
    }
}
