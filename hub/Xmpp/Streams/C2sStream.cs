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
    private Liveness _liveness;
    private TaskCompletionSource? _ended;
    private byte[]? _language;
    private ConcurrentIqs? _concurrent;
    private StreamNegotiation? _negotiation;

    public C2sStream(StreamHost host, ConnectionContext connection)
    {
        _host = host;
        _connection = connection;
        _input = connection.Transport.Input;
        _tokenizer = new StreamTokenizer(host.Options.UnauthenticatedBytes, host.Options.MaxDepth, host.Options.MaxAttributes);
        _queue = new OutboundQueue(new PipeSink(connection.Transport.Output), host.Options.OutboundQueueBytes, this);
        _liveness = new Liveness(host.Now);
        _negotiation = new StreamNegotiation();
    }

    /// <inheritdoc/>
    public StreamState State { get; private set; }

    /// <inheritdoc/>
    public bool IsEncrypted => _tls is not null;

    /// <inheritdoc/>
    public string? Account { get; private set; }

    /// <inheritdoc/>
    public Session? Session { get; private set; }

    public IPEndPoint? Peer => _connection.RemoteEndPoint as IPEndPoint;

    public OutboundQueue Queue => _queue;
    public bool HasConcurrent => _concurrent is { Any: true };

    /// <summary>The requests of the session that are in work beside its later stanzas.</summary>
    public ConcurrentIqs Concurrent => _concurrent ??= new ConcurrentIqs(_host.Options.MaxConcurrentIqs);

    /// <summary>Whether passwords may be sent without TLS: only where settings allow it, and only from loopback.</summary>
    public bool MayStayPlain => _host.AllowPlaintext && Peer is { } peer && IPAddress.IsLoopback(peer.Address);

    /// <summary>SASL of this stream, while it is being negotiated.</summary>
    public SaslNegotiation Sasl => Negotiation.Sasl ??= _host.Sasl.Begin(SaslContext());

    /// <summary>What the negotiation needs; made anew where a bound stream has let it go.</summary>
    public StreamNegotiation Negotiation => _negotiation ??= new StreamNegotiation();

    /// <summary>What SASL has to know of this stream.</summary>
    public SaslContext SaslContext() => Negotiation.Context(this, _host.Hub.Domain);

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
                _liveness.Received(_host.Now);
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
    public void Restarting(string account)
    {
        Authenticated(account, StreamState.Opening);
        _headerSent = false;
        _tokenizer.Restart();
    }

    /// <summary>SASL2 has succeeded: the stream goes on (XEP-0388 §2.6.1), with the limits of a client that is known.</summary>
    public void Continuing(string account) => Authenticated(account, StreamState.Binding);

    /// <summary>A session was bound or resumed.</summary>
    public void Bound(Session session)
    {
        Session = session;
        State = StreamState.Bound;
        _negotiation = null;
    }

    /// <summary>The session could not be bound after all.</summary>
    public void NotBound() => Session = null;

    /// <summary>Writes the features of the stream as it stands now.</summary>
    public void WriteFeatures(XmlBuilder xml)
    {
        xml.Open("stream:features"u8);
        foreach (IStreamFeature feature in _host.Features)
        {
            feature.Offer(this, xml);
        }

        xml.Close("stream:features"u8);
    }

    /// <summary>TLS begins after what was sent so far (RFC 6120 §5.4.2.3).</summary>
    public void BeginTls() => _startTls = true;

    /// <summary>Looks at the clock: negotiation, silence, a write that hangs. Called every second.</summary>
    public void Watch(long now)
    {
        switch (_liveness.Look(now, _host.Options, State, _queue.Writing, Session?.KeepAliveSeconds ?? 0))
        {
            case LivenessFinding.DoesNotRead:
                EndReason ??= "connection-lost";
                _connection.Abort(new ConnectionAbortedException("The peer does not read."));
                break;
            case LivenessFinding.NegotiationTooLong:
                Fail("connection-timeout", $"Not logged in within {_host.Options.NegotiationSeconds} seconds.");
                break;
            case LivenessFinding.Probe:
                Liveness.Probe(Session!, _queue, _host.Hub.Domain);
                break;
            case LivenessFinding.Lost:
                EndReason = "keepalive-timeout";
                KeepSession = false;
                Fail("connection-timeout");
                break;
        }
    }

    private void Authenticated(string account, StreamState next)
    {
        Account = account;
        State = next;
        _host.Authenticated(this);
        _tokenizer.MaxBytes = _host.Options.MaxStanzaBytes;
        _negotiation = null;
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
            bytes = StreamPrefixes.Resolve(bytes.Span, _tokenizer.StreamPrefixes);
        }

        Stanza stanza = StanzaPool.Rent();
        (Range to, Range from) = stanza.Load(bytes);
        if (stanza.Kind == StanzaKind.None || !stanza.RootNamespace.SequenceEqual("jabber:client"u8))
        {
            StanzaPool.Return(stanza);
            return HandleNonzaAsync(bytes);
        }

        return State == StreamState.Bound
            ? InboundStanzas.RouteAsync(_host, this, stanza, bytes.Span, to, from, _language)
            : HandleEarlyStanzaAsync(stanza, bytes);
    }

    private async ValueTask HandleNonzaAsync(ReadOnlyMemory<byte> bytes)
    {
        Element element = Element.Parse(bytes.Span);
        if (element.Is("error", Ns.Stream))
        {
            EndReason = "stream-error";
            Close();
        }
        else if (_negotiation?.Sasl2 is not null && element.Namespace != Ns.Sasl2)
        {
            // XEP-0388 §2.4: while it is under way nothing else may come.
            Fail("not-authorized");
        }
        else if (_host.FeatureOf(element.Namespace) is not { } feature)
        {
            Fail("unsupported-stanza-type");
        }
        else
        {
            await feature.HandleAsync(this, element, _host.Stopping).ConfigureAwait(false);
        }
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

    private void OpenStream(ReadOnlySpan<byte> tag)
    {
        State = Account is not null ? StreamState.Binding : _tls is null && !MayStayPlain ? StreamState.Securing : StreamState.Authenticating;
        StreamHeader header = StreamHeader.Read(tag, _host.Hub.Domain);
        _language = header.Language;
        Negotiation.PeerJid = header.From;
        if (header.Error is { } error)
        {
            Fail(error, header.Text);
            return;
        }

        using var xml = new XmlBuilder(1024);
        WriteHeader(xml);
        _queue.Append(xml.Written);
        xml.Clear();
        WriteFeatures(xml);
        _queue.Append(Account is null && header.Known is { } known && StreamHeader.IsHashOf(xml.Written, known) ? "<stream:features/>"u8 : xml.Written);
    }

    private void WriteHeader(XmlBuilder xml)
    {
        _headerSent = true;
        StreamHeader.Write(xml, _host.Hub.Domain, _negotiation?.PeerJid);
    }

    private async ValueTask<bool> SecureAsync()
    {
        TlsIdentity identity = _host.Tls!.Current;
        if (await TlsUpgrade.AcceptAsync(_host, _connection, identity).ConfigureAwait(false) is not { } tls)
        {
            // RFC 6120 §5.4.3.2: after a failed negotiation the connection is closed without a word.
            Close();
            _connection.Abort(new ConnectionAbortedException("TLS failed."));
            return false;
        }

        _tls = tls;
        _input = PipeReader.Create(tls, new StreamPipeReaderOptions(useZeroByteReads: true, leaveOpen: true));
        _queue.SetSink(new StreamSink(tls));
        _tokenizer.Restart();
        _headerSent = false;
        State = StreamState.Opening;
        _negotiation = StreamNegotiation.Of(tls, identity, _host);
        return true;
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

        if (clean && !await TlsUpgrade.EndAsync(_queue, _tls, _host.Hub.Time).ConfigureAwait(false))
        {
            _connection.Abort(new ConnectionAbortedException("The peer does not read the end of the stream."));
        }

        _queue.Close();
        if (_tls is not null)
        {
            await _tls.DisposeAsync().ConfigureAwait(false);
        }
    }
}
