using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>A server at the other end of a virtual network.</summary>
public interface IVirtualServer
{
    /// <summary>A client connects.</summary>
    /// <param name="link">The way back to it.</param>
    /// <returns>The server's end of the connection.</returns>
    IVirtualPeer Accept(VirtualLink link);
}

/// <summary>The server's end of one connection.</summary>
public interface IVirtualPeer
{
    /// <summary>Bytes came from the client.</summary>
    void Receive(ReadOnlySpan<byte> data);

    /// <summary>The connection is gone.</summary>
    void Closed();
}

/// <summary>The client's end of a connection, as a <see cref="VirtualLink"/> tells it.</summary>
internal interface IVirtualClient
{
    /// <summary>The connection stands.</summary>
    void Connected(long nowMs);

    /// <summary>Bytes came from the server.</summary>
    void Feed(byte[] data, int offset, int count);

    /// <summary>The connection is gone, or was not made.</summary>
    void Disconnected(long nowMs, string reason);
}

/// <summary>
/// A network in memory with virtual time, for tests without sockets: it can be down (connections are refused), silent (bytes vanish and nobody is told) or cut.
/// Single-threaded: everything happens within <see cref="VirtualLink.Pump"/>.
/// </summary>
/// <param name="server">Who is at the other end.</param>
public sealed class VirtualNetwork(IVirtualServer server)
{
    private readonly List<VirtualLink> _links = [];

    /// <summary>Whether a connection can be opened and carries bytes. Taking it down resets every connection.</summary>
    public bool IsUp { get; private set; } = true;

    /// <summary>True while bytes vanish in both directions without an error, as behind a dead radio link.</summary>
    public bool IsSilent { get; set; }

    /// <summary>True while a connection is accepted and then nothing more is said, not even the server's part of the TLS handshake: what freezes a board.</summary>
    public bool IsSilentInHandshake { get; set; }

    /// <summary>The only host that answers; null for any.</summary>
    public string? Host { get; set; }

    /// <summary>Milliseconds that everything takes, one way.</summary>
    public int LatencyMs { get; set; } = 5;

    /// <summary>Connections that were opened ever.</summary>
    public int Connections { get; internal set; }

    /// <summary>Times that a board looked, by a connection of its own, whether the server says anything.</summary>
    public int Looks { get; private set; }

    /// <summary>Is called after each such look, before what follows it.</summary>
    public Action? Looked { get; set; }

    internal IVirtualServer Server => server;

    /// <summary>Makes the transport of one client.</summary>
    public VirtualLink CreateLink()
    {
        var link = new VirtualLink(this);
        _links.Add(link);
        return link;
    }

    /// <summary>Takes the network down: every connection is reset, new ones are refused.</summary>
    public void TakeDown()
    {
        IsUp = false;
        Cut();
    }

    /// <summary>Brings the network up again.</summary>
    public void BringUp() => IsUp = true;

    internal bool Look()
    {
        bool says = !IsSilentInHandshake;
        Looks++;
        Looked?.Invoke();
        return says;
    }

    internal void Remove(VirtualLink link) => _links.Remove(link);

    /// <summary>Resets every connection; new ones can be opened at once.</summary>
    public void Cut()
    {
        foreach (VirtualLink link in _links)
        {
            link.Reset();
        }
    }
}

/// <summary>A client's transport over a <see cref="VirtualNetwork"/>. TLS is taken as done: the virtual network has no eavesdroppers.</summary>
public sealed class VirtualLink : ITransport
{
    private readonly VirtualNetwork _network;
    private readonly Queue<(long DueMs, What What, byte[] Data, int Connection)> _queue = [];
    private IVirtualClient? _client;
    private IVirtualPeer? _peer;
    private int _connection;
    private long _nowMs;

    internal VirtualLink(VirtualNetwork network) => _network = network;

    private enum What
    {
        Open,
        ToServer,
        ToClient,
        ClosedByServer,
        Reset,
    }

    /// <inheritdoc/>
    public bool IsSecure => true;

    /// <inheritdoc/>
    public bool IsLoopback => false;

    /// <inheritdoc/>
    public byte[]? ChannelBinding => null;

    /// <summary>Bytes that the client has sent, ever.</summary>
    public long SentBytes { get; private set; }

    /// <summary>When the next thing happens on it, in monotonic milliseconds; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDueMs => _queue.TryPeek(out (long DueMs, What What, byte[] Data, int Connection) next) ? next.DueMs : long.MaxValue;

    /// <summary>Bytes that the server has allocated to read what came: not the client's.</summary>
    public long ServerAllocatedBytes { get; private set; }

    /// <summary>True while bytes of this link vanish in both directions, as without an access point.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Says whose transport it is.</summary>
    public void Attach(XmppClient client) => _client = new Told(client);

    /// <summary>Says who is told instead of a client.</summary>
    internal void Attach(IVirtualClient client) => _client = client;

    /// <summary>Lets happen what is due.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public void Pump(long nowMs)
    {
        _nowMs = nowMs;
        while (_queue.Count > 0 && _queue.Peek().DueMs <= nowMs)
        {
            (_, What what, byte[] data, int connection) = _queue.Dequeue();
            if (connection == _connection)
            {
                Happen(what, data);
            }
        }
    }

    /// <inheritdoc/>
    public void Open(string host, int port)
    {
        _connection++;
        Later(What.Open, []);
    }

    /// <summary>Opens a connection at once, as a socket does that blocks meanwhile.</summary>
    internal void OpenNow(long nowMs)
    {
        _nowMs = nowMs;
        _connection++;
        Happen(What.Open, []);
    }

    /// <inheritdoc/>
    public void Send(byte[] buffer, int offset, int count)
    {
        SentBytes += count;
        Later(What.ToServer, buffer.AsSpan(offset, count).ToArray());
    }

    /// <inheritdoc/>
    public void StartTls() => throw new NotSupportedException("A virtual link has TLS from the start.");

    /// <inheritdoc/>
    public void Close()
    {
        _connection++;
        HangUp();
    }

    /// <summary>The client is no more, without a word: its board lost power. The server notices as little as on a real network.</summary>
    public void Abandon()
    {
        _connection++;
        _peer = null;
        _network.Remove(this);
    }

    /// <summary>The server sends bytes.</summary>
    public void ToClient(ReadOnlySpan<byte> data) => Later(What.ToClient, data.ToArray());

    /// <summary>The server closes the connection.</summary>
    public void CloseFromServer() => Later(What.ClosedByServer, []);

    internal void Reset()
    {
        if (_peer is not null)
        {
            HangUp();
            Later(What.Reset, []);
        }
    }

    private void HangUp()
    {
        IVirtualPeer? peer = _peer;
        _peer = null;
        peer?.Closed();
    }

    private void Later(What what, byte[] data) => _queue.Enqueue((_nowMs + _network.LatencyMs, what, data, _connection));

    private void Happen(What what, byte[] data)
    {
        switch (what)
        {
            case What.Open when _network.IsSilent || IsSilent:
                break;
            case What.Open when !_network.IsUp:
                _client!.Disconnected(_nowMs, "the virtual network is down");
                break;
            case What.Open:
                _network.Connections++;
                _peer = _network.Server.Accept(this);
                _client!.Connected(_nowMs);
                break;
            case What.ToServer when !_network.IsSilent && !IsSilent:
                long before = GC.GetAllocatedBytesForCurrentThread();
                _peer?.Receive(data);
                ServerAllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - before;
                break;
            case What.ToClient when !_network.IsSilent && !IsSilent && _peer is not null:
                _client!.Feed(data, 0, data.Length);
                break;
            case What.ClosedByServer:
                _peer = null;
                _client!.Disconnected(_nowMs, "the server closed the connection");
                break;
            case What.Reset:
                _client!.Disconnected(_nowMs, "the connection was reset");
                break;
            default:
                break;
        }
    }

    private sealed class Told(XmppClient client) : IVirtualClient
    {
        public void Connected(long nowMs) => client.Connected(nowMs);

        public void Feed(byte[] data, int offset, int count) => client.Feed(data, offset, count);

        public void Disconnected(long nowMs, string reason) => client.Disconnected(nowMs, reason);
    }
}
