using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>A socket with TLS, as little of it as <see cref="BoardTransport"/> needs: one connection at a time.</summary>
public interface IBoardSocket
{
    /// <summary>Connects: name, TCP, TLS. Blocks; the whole runtime may stand still in the handshake, and only the watchdog ends a server's silence.</summary>
    /// <param name="host">A name or an address.</param>
    /// <param name="port">The port.</param>
    /// <returns>Null when TLS stands and the certificate is good; else why not, for people; <see cref="BoardTransport.Untrusted"/> first when it is the certificate.</returns>
    string Open(string host, int port);

    /// <summary>Reads what is there; returns at once.</summary>
    /// <param name="buffer">Where to.</param>
    /// <returns>Bytes read; 0 when nothing is there; -1 when the connection is over.</returns>
    int Read(byte[] buffer);

    /// <summary>Writes all of it; bounded by the socket's send time-out.</summary>
    /// <param name="buffer">The bytes.</param>
    /// <param name="offset">The first of them.</param>
    /// <param name="count">How many.</param>
    /// <returns>False when the connection is over.</returns>
    bool TryWrite(byte[] buffer, int offset, int count);

    /// <summary>Closes; may be called at any time.</summary>
    void Close();
}

/// <summary>Direct TLS (XEP-0368) over a socket that blocks: everything happens within <see cref="Step"/>, so the client is never called from within its own calls.</summary>
public sealed class BoardTransport : IBoardTransport
{
    /// <summary>Bytes read at once. Default 1,024: a stanza of the hub, and two TLS records.</summary>
    public const int ReadBytes = 1024;

    /// <summary>Reads in one step at most. Default 8: more than the 4 KiB that a thing's stanza may have, and the loop gets its turn.</summary>
    public const int ReadsAStep = 8;

    /// <summary>What a failure begins with when the hub's certificate is not good.</summary>
    public const string Untrusted = "certificate: ";

    private readonly IBoardSocket _socket;
    private readonly NetworkSettings _network;
    private readonly byte[] _buffer = new byte[ReadBytes];
    private XmppClient _client;
    private string _host;
    private int _port;
    private bool _opening;
    private bool _open;
    private bool _broken;

    /// <summary>Is shown what goes out; null for nobody.</summary>
    public SerialReport Report { get; set; }

    /// <summary>A way to the hub.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="network">Where the hub is; looked at for each connection.</param>
    public BoardTransport(IBoardSocket socket, NetworkSettings network)
    {
        _socket = socket;
        _network = network;
    }

    /// <inheritdoc/>
    public bool IsSecure
    {
        get { return _open; }
    }

    /// <inheritdoc/>
    public bool IsLoopback
    {
        get { return false; }
    }

    /// <inheritdoc/>
    public byte[] ChannelBinding
    {
        get { return null; }
    }

    /// <inheritdoc/>
    public bool IsAboutToConnect
    {
        get { return _opening; }
    }

    /// <inheritdoc/>
    public void Attach(XmppClient client)
    {
        _client = client;
    }

    /// <inheritdoc/>
    public void Open(string host, int port)
    {
        _host = host.Length > 0 ? host : _network.Host;
        _port = port > 0 ? port : _network.Port;
        _opening = true;
        _broken = false;
    }

    /// <inheritdoc/>
    public void Step(long nowMs)
    {
        if (_opening)
        {
            _opening = false;
            string failure = _socket.Open(_host, _port);
            if (failure != null)
            {
                _socket.Close();
                _client.Disconnected(nowMs, failure);
                return;
            }

            _open = true;
            _client.Connected(nowMs);
        }

        for (int i = 0; i < ReadsAStep && _open && !_broken; i++)
        {
            int count = _socket.Read(_buffer);
            if (count == 0)
            {
                return;
            }

            if (count < 0)
            {
                _broken = true;
            }
            else
            {
                _client.Feed(_buffer, 0, count);
            }
        }

        if (_open && _broken)
        {
            Close();
            _client.Disconnected(nowMs, "the connection was closed");
        }
    }

    /// <inheritdoc/>
    public void Send(byte[] buffer, int offset, int count)
    {
        if (Report != null)
        {
            Report.Sent(buffer, offset, count);
        }

        // Told at the next step: the client is in the middle of a call.
        _broken |= _open && !_broken && !_socket.TryWrite(buffer, offset, count);
    }

    /// <inheritdoc/>
    public void StartTls()
    {
        _broken = true; // TLS is direct: a hub that wants STARTTLS on top is none of ours
    }

    /// <inheritdoc/>
    public void Close()
    {
        _opening = false;
        if (_open)
        {
            _open = false;
            _socket.Close();
        }
    }
}
