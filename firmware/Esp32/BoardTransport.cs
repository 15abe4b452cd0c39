using IotXmpp.Xmpp;

namespace IotXmpp.Esp32;

/// <summary>Direct TLS (XEP-0368) over a socket that blocks: everything happens within <see cref="Step"/>, so the client is never called from within its own calls.</summary>
public sealed class BoardTransport : IBoardTransport
{
    /// <summary>Bytes read at once. Default 256: most answers of a hub; what is longer comes in pieces, which the client puts together in its own buffer, so more would be held twice.</summary>
    public const int ReadBytes = 256;

    /// <summary>Reads in one step at most. Default 20: more than the 4 KiB that a thing's stanza may have, and the loop gets its turn.</summary>
    public const int ReadsAStep = 20;

    /// <summary>Milliseconds that a hub has to show that it is awake, when it is looked at first. Default 5,000: a busy one on a slow line answers within two.</summary>
    public const int LookMs = 5000;

    private readonly IBoardSocket _socket;
    private readonly NetworkSettings _network;
    private readonly byte[] _buffer = new byte[ReadBytes];
    private XmppClient _client;
    private string _host;
    private int _port;
    private bool _opening;
    private bool _looked;
    private bool _open;
    private bool _broken;

    /// <inheritdoc/>
    public SerialReport Report { get; set; }

    /// <inheritdoc/>
    public bool LooksFirst { get; set; }

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
        _looked = false;
        _broken = false;
    }

    /// <inheritdoc/>
    public void Step(long nowMs)
    {
        if (_opening)
        {
            bool looks = LooksFirst && !_looked;
            string failure = looks ? _socket.Look(_host, _port, LookMs) : _socket.Open(_host, _port);
            if (looks && failure == null)
            {
                _looked = true;
                return; // opened in the next step: between the two the watchdog is fed
            }

            _opening = false;
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
