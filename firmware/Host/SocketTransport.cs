using System.Net;
using IotXmpp.Xmpp;

namespace IotXmpp.Host;

/// <summary>
/// Sockets and TLS for a client core: connects, verifies, reads and writes in the background, and calls the client under one lock. No thread waits: an idle connection holds no buffer.
/// </summary>
public sealed class SocketTransport : ITransport
{
    private readonly HostOptions _options;
    private readonly ServerAddress _server;
    private Link? _link;
    private XmppClient? _client;

    /// <summary>A transport to the server of these options.</summary>
    public SocketTransport(HostOptions options)
    {
        _options = options;
        _server = options.Server ?? new ServerAddress(options.Client.Account.Domain, ServerAddress.StartTlsPort, false);
    }

    /// <summary>The lock under which the client is called. Hold it to call the client from outside.</summary>
    public Lock Gate { get; } = new();

    /// <summary>The time for Tick: milliseconds of the clock's counter.</summary>
    public long NowMs => (long)(_options.Time.GetTimestamp() * (1000.0 / _options.Time.TimestampFrequency));

    /// <inheritdoc/>
    public bool IsSecure => _link?.IsSecure ?? false;

    /// <inheritdoc/>
    public bool IsLoopback => _link?.IsLoopback ?? false;

    /// <inheritdoc/>
    public byte[]? ChannelBinding => _link?.ChannelBinding;

    /// <summary>Called after bytes were fed, under the lock.</summary>
    internal Action? Progress { get; set; }

    internal HostOptions Options => _options;

    internal XmppClient Client => _client ?? throw new InvalidOperationException("attach a client first");

    /// <summary>Says which client it carries.</summary>
    public void Attach(XmppClient client)
    {
        _client = client;
    }

    /// <inheritdoc/>
    public void Open(string host, int port)
    {
        var target = host.Length == 0 ? _server : _server with { Host = host, Port = port == 0 ? _server.Port : port };
        _link = new Link(this, target);
        _link.Start();
    }

    /// <inheritdoc/>
    public void Send(byte[] buffer, int offset, int count)
    {
        _link?.Send(buffer.AsSpan(offset, count));
    }

    /// <inheritdoc/>
    public void StartTls()
    {
        _link?.RequestTls();
    }

    /// <inheritdoc/>
    public void Close()
    {
        var link = _link;
        _link = null;
        link?.Close();
    }

    internal bool IsCurrent(Link link) => ReferenceEquals(_link, link);

    internal static bool IsLoopbackAddress(EndPoint? endPoint) => endPoint is IPEndPoint ip && IPAddress.IsLoopback(ip.Address);
}
