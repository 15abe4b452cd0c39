using System.Net;
using System.Net.Sockets;
using System.Text;
using IotXmpp.TestKit.Net;

namespace IotXmpp.Hub.Tests.PassThrough;

/// <summary>A client of which every byte that it received is known.</summary>
internal abstract class ByteClient : IAsyncDisposable
{
    private readonly MemoryStream _received = new();

    /// <summary>The full JID.</summary>
    public string Jid { get; protected set; } = "";

    /// <summary>All that it received, as it came.</summary>
    public byte[] Received
    {
        get
        {
            lock (_received)
            {
                return _received.ToArray();
            }
        }
    }

    /// <summary>Sends a stanza, written for a stream in <c>jabber:client</c>.</summary>
    public abstract Task SendAsync(string stanza);

    /// <summary>Reads until <paramref name="marker"/> came; gives all that was received.</summary>
    public abstract Task<byte[]> ReadAsync(string marker);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    protected bool Has(string marker) => Received.AsSpan().IndexOf(Encoding.UTF8.GetBytes(marker)) >= 0;

    protected void Came(ReadOnlySpan<byte> bytes)
    {
        lock (_received)
        {
            _received.Write(bytes);
        }
    }

    protected static string Plain(string account) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{account}\0{account}"));

    protected static string JidIn(string bound) => bound[(bound.IndexOf("<jid>", StringComparison.Ordinal) + 5)..bound.IndexOf("</jid>", StringComparison.Ordinal)];
}

/// <summary>Over TCP.</summary>
internal sealed class TcpBytes : ByteClient
{
    private RawClient _client = null!;

    /// <summary>The client itself.</summary>
    public RawClient Client => _client;

    public static async Task<TcpBytes> LoginAsync(IPEndPoint server, string domain, string account, string resource = "r")
    {
        var bytes = new TcpBytes();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server);
        bytes._client = RawClient.Over(new Recorder(bytes, new NetworkStream(socket, ownsSocket: true)), account);
        await bytes._client.LoginAsync(domain, account, account, resource);
        bytes.Jid = bytes._client.Jid;
        return bytes;
    }

    public override Task SendAsync(string stanza) => _client.SendAsync(stanza);

    public override async Task<byte[]> ReadAsync(string marker)
    {
        while (!Has(marker))
        {
            await _client.ReadAsync();
        }

        return Received;
    }

    public override ValueTask DisposeAsync() => _client.DisposeAsync();

    private sealed class Recorder(TcpBytes owner, NetworkStream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int count = await inner.ReadAsync(buffer, cancellationToken);
            owner.Came(buffer.Span[..count]);
            return count;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => inner.WriteAsync(buffer, cancellationToken);

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => inner.Write(buffer, offset, count);

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}

/// <summary>Over WebSocket (RFC 7395).</summary>
internal sealed class WebSocketBytes : ByteClient
{
    private const string Open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='hub.test' version='1.0'/>";
    private RawWebSocket _socket = null!;

    public static async Task<WebSocketBytes> LoginAsync(IPEndPoint http, string account)
    {
        var bytes = new WebSocketBytes { _socket = await RawWebSocket.ConnectAsync(http) };
        RawWebSocket socket = bytes._socket;
        await socket.TextAsync(Open);
        await socket.ReadAsync();
        await socket.ReadAsync();
        await socket.TextAsync($"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{Plain(account)}</auth>");
        await socket.ReadAsync();
        await socket.TextAsync(Open);
        await socket.ReadAsync();
        await socket.ReadAsync();
        await socket.TextAsync("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
        bytes.Jid = JidIn(await socket.ReadAsync());
        return bytes;
    }

    public override Task SendAsync(string stanza)
    {
        int name = stanza.IndexOf(' ', StringComparison.Ordinal);
        return _socket.TextAsync(stanza[..name] + " xmlns='jabber:client'" + stanza[name..]);
    }

    public override async Task<byte[]> ReadAsync(string marker)
    {
        while (!Has(marker))
        {
            Came(Encoding.UTF8.GetBytes(await _socket.ReadAsync()));
        }

        return Received;
    }

    public override ValueTask DisposeAsync() => _socket.DisposeAsync();
}

/// <summary>Over BOSH (XEP-0124).</summary>
internal sealed class BoshBytes : ByteClient
{
    private readonly HttpClient _http = new();
    private Uri _address = null!;
    private string _sid = "";
    private int _rid = 1000;

    public static async Task<BoshBytes> LoginAsync(IPEndPoint http, string account)
    {
        var bytes = new BoshBytes { _address = new Uri($"http://{http}/http-bind") };
        string created = await bytes.PostAsync(" to='hub.test' wait='10' hold='1' ver='1.6' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'", "");
        int at = created.IndexOf(" sid='", StringComparison.Ordinal) + 6;
        bytes._sid = created[at..created.IndexOf('\'', at)];
        await bytes.PostAsync("", $"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{Plain(account)}</auth>");
        await bytes.PostAsync(" to='hub.test' xmlns:xmpp='urn:xmpp:xbosh' xmpp:restart='true'", "");
        bytes.Jid = JidIn(await bytes.PostAsync("", "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"));
        return bytes;
    }

    // An answer is not held back: something else is asked with it.
    public override async Task SendAsync(string stanza)
    {
        int name = stanza.IndexOf(' ', StringComparison.Ordinal);
        await PostAsync("", stanza[..name] + " xmlns='jabber:client'" + stanza[name..] + "<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
    }

    public override async Task<byte[]> ReadAsync(string marker)
    {
        while (!Has(marker))
        {
            await PostAsync("", "");
        }

        return Received;
    }

    public override ValueTask DisposeAsync()
    {
        _http.Dispose();
        return default;
    }

    private async Task<string> PostAsync(string attributes, string content)
    {
        string sid = _sid.Length > 0 ? $" sid='{_sid}'" : "";
        using var body = new StringContent($"<body xmlns='http://jabber.org/protocol/httpbind' rid='{_rid++}'{sid}{attributes}>{content}</body>", Encoding.UTF8, "text/xml");
        using HttpResponseMessage answer = await _http.PostAsync(_address, body).WaitAsync(RawClient.DefaultWait);
        byte[] bytes = await answer.Content.ReadAsByteArrayAsync();
        Came(bytes);
        return Encoding.UTF8.GetString(bytes);
    }
}
