using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.TestKit.Net;
using IotXmpp.Xmpp;

namespace IotXmpp.EndToEnd.LogIn;

/// <summary>A TLS socket that is pumped by the test's own thread and counts: bytes both ways before encryption, and how often the client had to wait for the hub.</summary>
internal sealed class WireTransport(IPEndPoint server, string domain, X509Certificate2Collection authorities, bool bindsChannel) : ITransport, IDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private SslStream? _stream;
    private bool _connected;

    public XmppClient Client { get; set; } = null!;

    public long Sent { get; private set; }

    public long Received { get; private set; }

    /// <summary>How often something was sent after something had been received: round trips begun.</summary>
    public int Flights { get; private set; }

    public int Connections { get; private set; }

    public string? Protocol { get; private set; }

    public bool IsSecure => _stream is not null;

    public bool IsLoopback => true;

    public byte[]? ChannelBinding => bindsChannel && _stream?.RemoteCertificate is { } certificate
        ? RawClient.EndPointBinding(X509CertificateLoader.LoadCertificate(certificate.GetRawCertData())) : null;

    private bool Heard { get; set; } = true;

    public void Open(string host, int port)
    {
        Dispose();
        (Sent, Received, Flights, Heard) = (0, 0, 0, true);
        Connections++;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 60_000 };
        socket.Connect(server);
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = domain,
            ApplicationProtocols = [new SslApplicationProtocol("xmpp-client")],
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
        };
        options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        _stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        _stream.AuthenticateAsClient(options);
        Protocol = _stream.NegotiatedApplicationProtocol.ToString();
        _connected = true;
    }

    public void Send(byte[] buffer, int offset, int count)
    {
        Flights += Heard ? 1 : 0;
        Heard = false;
        Sent += count;
        _stream!.Write(buffer, offset, count);
    }

    public void StartTls() => throw new NotSupportedException();

    public void Close() => Dispose();

    /// <summary>Carries bytes until something is so.</summary>
    public void PumpUntil(Func<bool> done)
    {
        for (var i = 0; i < 1000 && !done(); i++)
        {
            Client.Tick(Environment.TickCount64);
            if (_connected)
            {
                _connected = false;
                Client.Connected(Environment.TickCount64);
                continue;
            }
            if (_stream is null)
            {
                Client.ReconnectNow();
                continue;
            }
            var count = _stream.Read(_buffer);
            if (count == 0)
            {
                Client.Disconnected(Environment.TickCount64);
                continue;
            }
            Received += count;
            Heard = true;
            Client.Feed(_buffer, 0, count);
        }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        _stream = null;
    }
}
