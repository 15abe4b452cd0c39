using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Text;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Tls;
using IotXmpp.Hub.Transport;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;

namespace IotXmpp.Hub.Streams;

/// <summary>
/// The stream of one client (RFC 6120 §4): reads, cuts into elements, and either negotiates or hands stanzas to the router, in order. One reader, one writer.
/// Between stanzas it holds no buffer.
/// </summary>
internal sealed class C2sStream : IClientStream, IOutboundOwner
{
    private readonly StreamHost _host;
    private readonly ConnectionContext _connection;
    private readonly StreamTokenizer _tokenizer;
    private readonly OutboundQueue _queue;
    private PipeReader _input;
    private SslStream? _tls;
    private PartialElement _partial;
    private int _unauthenticatedBytes;
    private bool _startTls;
    private bool _headerSent;
    private bool _closedByPeer;
    private bool _hasEnded;
    private long _lastReceived;
    private long _probedAt;
    private long _watchedSince;
    private int _watchedWrite;
    private TaskCompletionSource? _ended;
    private byte[]? _language;
    private int _concurrent;
    private TaskCompletionSource? _concurrentEnded;
    private Negotiation? _negotiation;

    public C2sStream(StreamHost host, ConnectionContext connection)
    {
        _host = host;
        _connection = connection;
        _input = connection.Transport.Input;
        _tokenizer = new StreamTokenizer(host.Options.UnauthenticatedBytes, host.Options.MaxDepth, host.Options.MaxAttributes);
        _queue = new OutboundQueue(new PipeSink(connection.Transport.Output), host.Options.OutboundQueueBytes, this);
        OpenedAt = _lastReceived = host.Now;
        _negotiation = new Negotiation();
    }

    /// <inheritdoc/>
    public StreamState State { get; private set; }

    /// <inheritdoc/>
    public bool IsEncrypted => _tls is not null;

    /// <inheritdoc/>
    public string? Account { get; private set; }

    /// <inheritdoc/>
    public Session? Session { get; private set; }

    /// <summary>When the connection came, in milliseconds of the hub's clock.</summary>
    public long OpenedAt { get; }

    public IPEndPoint? Peer => _connection.RemoteEndPoint as IPEndPoint;

    public OutboundQueue Queue => _queue;

    public bool HasConcurrent => Volatile.Read(ref _concurrent) > 0;

    /// <summary>Whether passwords may be sent without TLS: only where settings allow it, and only from loopback.</summary>
    public bool MayStayPlain => _host.AllowPlaintext && Peer is { } peer && IPAddress.IsLoopback(peer.Address);

    /// <summary>SASL of this stream, while it is being negotiated.</summary>
    public SaslNegotiation Sasl => (_negotiation ??= new Negotiation()).Sasl ??= _host.Sasl.Begin(SaslContext());

    public SaslContext SaslContext() => new()
    {
        Domain = _host.Hub.Domain.Domain,
        IsEncrypted = IsEncrypted,
        AllowPlaintext = MayStayPlain,
        TlsServerEndPoint = _negotiation?.Identity is { } identity ? identity.ServerEndPoint : default,
        TlsExporter = _negotiation?.TlsExporter,
        TlsUnique = _negotiation?.TlsUnique,
        RemoteAddress = Peer?.Address,
    };

    /// <summary>Runs the stream to its end.</summary>
    public async Task RunAsync(bool directTls)
    {
        _host.Add(this);
        try
        {
            // Refused at the door: a listener with direct TLS says nothing before TLS.
            if (State != StreamState.Closed && directTls)
            {
                await SecureAsync().ConfigureAwait(false);
            }

            while (State != StreamState.Closed)
            {
                PipeReader input = _input;
                ReadResult result = await input.ReadAsync().ConfigureAwait(false);
                Volatile.Write(ref _lastReceived, _host.Now);
                if (State == StreamState.Closed)
                {
                    input.AdvanceTo(result.Buffer.End);
                    break;
                }

                try
                {
                    await ConsumeAsync(result.Buffer).ConfigureAwait(false);
                }
                finally
                {
                    input.AdvanceTo(result.Buffer.End);
                }

                if (_startTls && State != StreamState.Closed)
                {
                    _startTls = false;
                    await _queue.IdleAsync().ConfigureAwait(false);
                    if (!await SecureAsync().ConfigureAwait(false))
                    {
                        break;
                    }
                }
                else if (result.IsCompleted)
                {
                    break;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or ConnectionAbortedException)
        {
            // The peer is gone without a word: how that ends is decided below.
        }
        catch (Exception e)
        {
            StreamLog.Failed(_host.Log, e, Session?.Jid);
            Fail("internal-server-error");
        }
        finally
        {
            _host.Remove(this);
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public void Send(XmlBuilder xml) => _queue.Append(xml.Written);

    /// <inheritdoc/>
    public void Fail(string condition, string? text = null) => Fail(condition, text, default);

    public void Fail(string condition, string? text, ReadOnlySpan<byte> extension)
    {
        if (State == StreamState.Closed)
        {
            return;
        }

        using var xml = new XmlBuilder();
        if (!_headerSent)
        {
            WriteHeader(xml);
        }

        StreamError.Write(xml, condition, text, extension);
        _queue.Append(xml.Written);
        EndReason ??= "stream-error";
        StreamLog.StreamError(_host.Log, condition, Session?.Jid, Peer);
        Close();
    }

    /// <summary>Why the stream ended, in the words of the wire profile; null where the connection just broke.</summary>
    public string? EndReason { get; set; }

    /// <summary>Whether the session may be resumed after this stream.</summary>
    public bool KeepSession { get; set; } = true;

    /// <summary>Nothing more is read; what waits is still sent.</summary>
    public void Close()
    {
        if (State != StreamState.Closed)
        {
            State = StreamState.Closed;
            _input.CancelPendingRead();
        }
    }

    /// <summary>Ends when nothing of this stream touches its session any more.</summary>
    public Task EndedAsync()
    {
        lock (_queue)
        {
            return _hasEnded ? Task.CompletedTask : (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    /// <summary>SASL has succeeded: the stream starts again (RFC 6120 §6.4.6), with the limits of a client that is known.</summary>
    public void Authenticated(string account)
    {
        Account = account;
        State = StreamState.Opening;
        _headerSent = false;
        _host.Authenticated(this);
        _tokenizer.Restart();
        _tokenizer.MaxBytes = _host.Options.MaxStanzaBytes;
        _negotiation = null;
    }

    /// <summary>A session was bound or resumed.</summary>
    public void Bound(Session session)
    {
        Session = session;
        State = StreamState.Bound;
        _negotiation = null;
    }

    /// <summary>TLS begins after what was sent so far (RFC 6120 §5.4.2.3).</summary>
    public void BeginTls() => _startTls = true;

    /// <summary>Looks at the clock: negotiation, silence, a write that hangs. Called every second.</summary>
    public void Watch(long now)
    {
        XmppOptions options = _host.Options;
        int writing = _queue.Writing;
        if (writing != _watchedWrite)
        {
            _watchedWrite = writing;
            _watchedSince = now;
        }
        else if (writing != 0 && now - _watchedSince > options.WriteSeconds * 1000L)
        {
            EndReason ??= "connection-lost";
            _connection.Abort(new ConnectionAbortedException("The peer does not read."));
            return;
        }

        if (State == StreamState.Closed)
        {
            return;
        }

        if (State != StreamState.Bound)
        {
            if (now - OpenedAt > options.NegotiationSeconds * 1000L)
            {
                Fail("connection-timeout", $"Not logged in within {options.NegotiationSeconds} seconds.");
            }

            return;
        }

        long silent = now - Volatile.Read(ref _lastReceived);
        int announced = Session!.KeepAliveSeconds;
        if (announced > 0)
        {
            if (silent > announced * 1500L)
            {
                Lost();
            }

            return;
        }

        if (options.IdleSeconds == 0 || silent < options.IdleSeconds * 1000L)
        {
            return;
        }

        if (_probedAt <= _lastReceived)
        {
            _probedAt = now;
            Probe();
        }
        else if (now - _probedAt > options.ProbeSeconds * 1000L)
        {
            Lost();
        }
    }

    /// <summary>Runs a request beside the session's later stanzas, within the bound.</summary>
    public async ValueTask RunConcurrentlyAsync(IqRoute route, IqRequest request, IqDispatcher dispatcher)
    {
        while (Volatile.Read(ref _concurrent) >= _host.Options.MaxConcurrentIqs)
        {
            await ConcurrentEndedAsync(toHalf: true).ConfigureAwait(false);
        }

        Interlocked.Increment(ref _concurrent);
        ValueTask run = dispatcher.RunAsync(route, request);
        if (run.IsCompletedSuccessfully)
        {
            ConcurrentEnded();
        }
        else
        {
            _ = FinishAsync(run);
        }
    }

    /// <summary>Ends when no request of this session is in work.</summary>
    public ValueTask ConcurrentEndedAsync() => ConcurrentEndedAsync(toHalf: false);

    private static bool IsClientNamespace(ReadOnlySpan<byte> ns) => ns.SequenceEqual("jabber:client"u8);

    private async ValueTask ConcurrentEndedAsync(bool toHalf)
    {
        while (true)
        {
            Task ended;
            lock (_queue)
            {
                if (_concurrent <= (toHalf ? _host.Options.MaxConcurrentIqs / 2 : 0))
                {
                    return;
                }

                ended = (_concurrentEnded ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await ended.ConfigureAwait(false);
        }
    }

    private async Task FinishAsync(ValueTask run)
    {
        try
        {
            await run.ConfigureAwait(false);
        }
        finally
        {
            ConcurrentEnded();
        }
    }

    private void ConcurrentEnded()
    {
        TaskCompletionSource? waiting;
        lock (_queue)
        {
            _concurrent--;
            waiting = _concurrentEnded;
            _concurrentEnded = null;
        }

        waiting?.TrySetResult();
    }

    private async ValueTask ConsumeAsync(ReadOnlySequence<byte> buffer)
    {
        if (State < StreamState.Binding && Account is null)
        {
            _unauthenticatedBytes += (int)Math.Min(buffer.Length, 1 << 24);
            if (_unauthenticatedBytes > _host.Options.UnauthenticatedBytes)
            {
                Fail("policy-violation", $"More than {_host.Options.UnauthenticatedBytes} bytes before authentication.");
                return;
            }
        }

        bool batch = FlushBatch.Begin();
        try
        {
            foreach (ReadOnlyMemory<byte> segment in buffer)
            {
                ReadOnlyMemory<byte> work = _partial.With(segment);
                int offset = 0;
                while (State != StreamState.Closed)
                {
                    Token token = _tokenizer.Next(work.Span[offset..]);
                    if (token.Kind == TokenKind.NeedMore)
                    {
                        offset += token.Start;
                        break;
                    }

                    ValueTask handled = HandleAsync(token, work.Slice(offset + token.Start, token.Length));
                    offset += token.Start + token.Length;
                    if (!handled.IsCompletedSuccessfully)
                    {
                        if (batch)
                        {
                            FlushBatch.End();
                            batch = false;
                        }

                        await handled.ConfigureAwait(false);
                        batch = FlushBatch.Begin();
                    }

                    if (_startTls && !work.Span[offset..].IsEmpty)
                    {
                        // Bytes behind <starttls/> came without TLS: never take them for what comes with it (RFC 6120 §5.4.3.3).
                        Fail("policy-violation", "Nothing may follow starttls before TLS.");
                    }
                }

                if (State == StreamState.Closed)
                {
                    return;
                }

                _partial.Keep(work, offset);
            }
        }
        finally
        {
            if (batch)
            {
                FlushBatch.End();
            }
        }
    }

    private ValueTask HandleAsync(Token token, ReadOnlyMemory<byte> bytes)
    {
        switch (token.Kind)
        {
            case TokenKind.Element:
                return HandleElementAsync(bytes, token.IsPlain);
            case TokenKind.StreamStart:
                OpenStream(bytes.Span);
                return default;
            case TokenKind.StreamEnd:
                // RFC 6120 §4.4: the answer is our own end tag.
                _queue.Append("</stream:stream>"u8);
                _closedByPeer = true;
                EndReason = "shutdown";
                Close();
                return default;
            default:
                Fail(StreamError.ConditionOf(token.Error));
                return default;
        }
    }

    private ValueTask HandleElementAsync(ReadOnlyMemory<byte> bytes, bool isPlain)
    {
        if (State == StreamState.Opening)
        {
            Fail("bad-format");
            return default;
        }

        if (!isPlain)
        {
            bytes = Normalize(bytes);
        }

        Stanza stanza = StanzaPool.Rent();
        (Range to, Range from) = stanza.Load(bytes);
        if (stanza.Kind == StanzaKind.None || !IsClientNamespace(stanza.RootNamespace))
        {
            StanzaPool.Return(stanza);
            return HandleNonzaAsync(bytes);
        }

        if (State != StreamState.Bound)
        {
            return HandleEarlyStanzaAsync(stanza, bytes);
        }

        ReadOnlySpan<byte> span = bytes.Span;
        Session session = Session!;
        if (!from.Equals(default) && !IsOwn(span[from]))
        {
            // RFC 6120 §8.1.2.1: it may say its own address or none.
            Fail("invalid-from");
            return default;
        }

        stanza.From = session.Jid;
        stanza.To = null;
        stanza.Language = _language;
        if (!to.Equals(default) && !span[to].IsEmpty)
        {
            if (!TryAddress(span[to], out Jid? address))
            {
                stanza.To = _host.Hub.Domain;
                Count(session);
                _host.Hub.Router.Bounce(stanza, StanzaError.JidMalformed);
                return default;
            }

            stanza.To = address;
        }

        ValueTask routed = _host.Hub.Router.RouteAsync(stanza, session);
        if (routed.IsCompletedSuccessfully)
        {
            Count(session);
            StanzaPool.Return(stanza);
            return default;
        }

        return FinishRouteAsync(routed, session);
    }

    private static async ValueTask FinishRouteAsync(ValueTask routed, Session session)
    {
        await routed.ConfigureAwait(false);
        Count(session);
    }

    // XEP-0198 §4: a stanza counts when the hub has taken responsibility for it.
    private static void Count(Session session)
    {
        if (session.Management is { } management)
        {
            management.Received++;
        }
    }

    private bool IsOwn(ReadOnlySpan<byte> raw) => TryAddress(raw, out Jid? jid) && (jid.Equals(Session!.Jid) || jid.Equals(Session.Jid.Bare));

    private bool TryAddress(ReadOnlySpan<byte> raw, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Jid? jid) => raw.Contains((byte)'&')
        ? Addresses.JidPrep.TryParse(XmlEscape.Decode(raw, isAttribute: true), out jid)
        : _host.Jids.TryParse(raw, out jid);

    private async ValueTask HandleNonzaAsync(ReadOnlyMemory<byte> bytes)
    {
        Element element = Element.Parse(bytes.Span);
        IStreamFeature? feature = _host.FeatureOf(element.Namespace);
        if (feature is null)
        {
            if (element.Is("error", Ns.Stream))
            {
                EndReason = "stream-error";
                Close();
                return;
            }

            Fail("unsupported-stanza-type");
            return;
        }

        await feature.HandleAsync(this, element, _host.Stopping).ConfigureAwait(false);
    }

    // Before a resource is bound only the bind request itself is allowed (RFC 6120 §7.1).
    private async ValueTask HandleEarlyStanzaAsync(Stanza stanza, ReadOnlyMemory<byte> bytes)
    {
        if (State == StreamState.Binding && stanza.Kind == StanzaKind.Iq && stanza.ChildNamespace.SequenceEqual("urn:ietf:params:xml:ns:xmpp-bind"u8))
        {
            await _host.FeatureOf(Ns.Bind)!.HandleAsync(this, Element.Parse(bytes.Span), _host.Stopping).ConfigureAwait(false);
            return;
        }

        Fail("not-authorized");
    }

    // An element with prefixes is written anew, so that its bytes mean the same in every stream.
    private ReadOnlyMemory<byte> Normalize(ReadOnlyMemory<byte> bytes)
    {
        using var xml = new XmlBuilder(bytes.Length + 256);
        int nameEnd = bytes.Span.IndexOfAny(" \t\r\n/>"u8);
        xml.Raw(bytes.Span[..nameEnd]);
        var root = new XmlSpanReader(bytes.Span);
        root.Read();
        foreach ((byte[] prefix, byte[] uri) in _tokenizer.StreamPrefixes)
        {
            byte[] name = [.. "xmlns:"u8, .. prefix];
            if (!root.TryGetAttribute(name, out _))
            {
                xml.Raw(" "u8).Raw(name).Raw("=\""u8).Raw(Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(uri).Replace("\"", "&quot;", StringComparison.Ordinal))).Raw("\""u8);
            }
        }

        xml.Raw(bytes.Span[nameEnd..]);
        return Element.Parse(xml.Written).ToBytes();
    }

    private void OpenStream(ReadOnlySpan<byte> tag)
    {
        State = Account is not null ? StreamState.Binding : _tls is null && !MayStayPlain ? StreamState.Securing : StreamState.Authenticating;
        StreamHeader header = StreamHeader.Read(tag, _host.Hub.Domain);
        _language = header.Language;
        (_negotiation ??= new Negotiation()).PeerJid = header.From;
        if (header.Error is { } error)
        {
            Fail(error, header.Text);
            return;
        }

        using var xml = new XmlBuilder(1024);
        WriteHeader(xml);
        xml.Open("stream:features"u8);
        foreach (IStreamFeature feature in _host.Features)
        {
            feature.Offer(this, xml);
        }

        xml.Close("stream:features"u8);
        _queue.Append(xml.Written);
    }

    private void WriteHeader(XmlBuilder xml)
    {
        _headerSent = true;
        StreamHeader.Write(xml, _host.Hub.Domain, _negotiation?.PeerJid);
    }

    private async ValueTask<bool> SecureAsync()
    {
        TlsIdentity identity = _host.Tls!.Current;
        var tls = new SslStream(new TransportStream(_connection.Transport), leaveInnerStreamOpen: true);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_connection.ConnectionClosed);
        timeout.CancelAfter(TimeSpan.FromSeconds(_host.Options.NegotiationSeconds));
        try
        {
            await tls.AuthenticateAsServerAsync(identity.Options, timeout.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is System.Security.Authentication.AuthenticationException or IOException or OperationCanceledException)
        {
            // RFC 6120 §5.4.3.2: after a failed negotiation the connection is closed without a word.
            StreamLog.TlsFailed(_host.Log, Peer, e.Message);
            await tls.DisposeAsync().ConfigureAwait(false);
            Close();
            _connection.Abort(new ConnectionAbortedException("TLS failed."));
            return false;
        }

        OpenSsl.ReleaseWhenIdle(tls);
        _tls = tls;
        _input = PipeReader.Create(tls, new StreamPipeReaderOptions(useZeroByteReads: true, leaveOpen: true));
        _queue.SetSink(new StreamSink(tls));
        _tokenizer.Restart();
        _headerSent = false;
        State = StreamState.Opening;
        _negotiation = new Negotiation { Identity = identity, TlsExporter = OpenSsl.ChannelBinding(tls), TlsUnique = OpenSsl.Unique(tls) };
        return true;
    }

    private void Probe()
    {
        if (Session!.Management is { } management)
        {
            management.Request(_queue);
            return;
        }

        using var xml = new XmlBuilder();
        xml.Open("iq"u8).Attribute("type"u8, "get"u8).Attribute("id"u8, "probe"u8).Attribute("from"u8, _host.Hub.Domain.Utf8).Attribute("to"u8, Session.Jid.Utf8);
        xml.Empty("ping"u8, Ns.Ping).Close("iq"u8);
        _queue.Append(xml.Written);
    }

    private void Lost()
    {
        EndReason = "keepalive-timeout";
        KeepSession = false;
        Fail("connection-timeout");
    }

    void IOutboundOwner.Overflow()
    {
        // The peer reads too slowly; a session with stream management may come back for what it missed.
        StreamLog.SlowConsumer(_host.Log, Session?.Jid, Peer);
        EndReason ??= "connection-lost";
        State = StreamState.Closed;
        _connection.Abort(new ConnectionAbortedException("More waits for this peer than it may leave unread."));
    }

    private async ValueTask EndAsync()
    {
        bool clean = State == StreamState.Closed;
        State = StreamState.Closed;
        _partial.Drop();

        if (Session is { } session)
        {
            _host.StreamEnded(this, session, _closedByPeer);
        }

        lock (_queue)
        {
            _hasEnded = true;
            _ended?.TrySetResult();
        }

        if (clean)
        {
            try
            {
                await _queue.IdleAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(2), _host.Hub.Time).ConfigureAwait(false);
                if (_tls is not null)
                {
                    await _tls.ShutdownAsync().WaitAsync(TimeSpan.FromSeconds(1), _host.Hub.Time).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is TimeoutException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
            {
                // The peer does not read its last words.
                _connection.Abort(new ConnectionAbortedException("The peer does not read the end of the stream."));
            }
        }

        _queue.Close();
        if (_tls is not null)
        {
            await _tls.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>What only the negotiation needs; a bound stream does not keep it.</summary>
    private sealed class Negotiation
    {
        public SaslNegotiation? Sasl { get; set; }

        public TlsIdentity? Identity { get; set; }

        public byte[]? TlsExporter { get; set; }

        public byte[]? TlsUnique { get; set; }

        public Jid? PeerJid { get; set; }
    }
}

/// <summary>Stanza objects that are between two readings.</summary>
internal static class StanzaPool
{
    [ThreadStatic]
    private static Stanza? _spare;

    public static Stanza Rent()
    {
        Stanza stanza = _spare ?? new Stanza();
        _spare = null;
        return stanza;
    }

    public static void Return(Stanza stanza) => _spare = stanza;
}
