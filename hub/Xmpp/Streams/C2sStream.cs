using System.Net;
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
/// The stream of one client (RFC 6120 §4), whatever it runs on: takes elements in order, and either negotiates or hands stanzas to the router. One reader, one
/// writer.
/// </summary>
internal sealed class C2sStream : IClientStream, IOutboundOwner
{
    private readonly StreamHost _host;
    private readonly StreamTransport _transport;
    private readonly OutboundQueue _queue;
    private int _unauthenticatedBytes;
    private bool _headerSent;
    private bool _closedByPeer;
    private bool _hasEnded;
    private Liveness _liveness;
    private TaskCompletionSource? _ended;
    private byte[]? _language;
    private ConcurrentIqs? _concurrent;
    private StreamNegotiation? _negotiation;

    /// <param name="host">What all streams share.</param>
    /// <param name="transport">What the stream runs on.</param>
    public C2sStream(StreamHost host, StreamTransport transport)
    {
        _host = host;
        _transport = transport;
        transport.MaxBytes = host.Options.UnauthenticatedBytes;
        _queue = new OutboundQueue(transport.Sink, host.Options.OutboundQueueBytes, this, transport.Framing);
        _liveness = new Liveness(host.Now);
        _negotiation = new StreamNegotiation();
    }

    /// <inheritdoc/>
    public StreamState State { get; private set; }

    /// <inheritdoc/>
    public bool IsEncrypted => _transport.IsEncrypted;

    /// <inheritdoc/>
    public string? Account { get; private set; }

    /// <inheritdoc/>
    public Session? Session { get; private set; }

    public IPEndPoint? Peer => _transport.Peer;

    public string TransportName => _transport.Name;

    public OutboundQueue Queue => _queue;
    public bool HasConcurrent => _concurrent is { Any: true };

    /// <summary>The requests of the session that are in work beside its later stanzas.</summary>
    public ConcurrentIqs Concurrent => _concurrent ??= new ConcurrentIqs(_host.Options.MaxConcurrentIqs);

    /// <summary>Whether passwords may be sent without TLS: only where settings allow it, and only from loopback.</summary>
    public bool MayStayPlain => _host.AllowPlaintext && Peer is { } peer && IPAddress.IsLoopback(peer.Address);

    /// <inheritdoc/>
    public IPAddress? RemoteAddress => Peer?.Address;

    /// <inheritdoc/>
    public bool MayCarryPasswords => IsEncrypted || MayStayPlain;

    /// <inheritdoc/>
    public void ExtendNegotiation(TimeSpan by) => _liveness.Extend((int)by.TotalSeconds);

    /// <summary>SASL of this stream, while it is being negotiated.</summary>
    public SaslNegotiation Sasl => Negotiation.Sasl ??= _host.Sasl.Begin(SaslContext());

    /// <summary>What the negotiation needs; made anew where a bound stream has let it go.</summary>
    public StreamNegotiation Negotiation => _negotiation ??= new StreamNegotiation();

    /// <summary>What SASL has to know of this stream.</summary>
    public SaslContext SaslContext() => Negotiation.Context(this, _host.Hub.Domain);

    /// <summary>Runs the stream to its end.</summary>
    public async Task RunAsync()
    {
        _host.Add(this);
        try
        {
            await _transport.RunAsync(this).ConfigureAwait(false);
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

        if (!_headerSent)
        {
            SendHeader();
        }

        using var xml = new XmlBuilder();
        StreamError.Write(xml, condition, text, extension);
        _queue.Append(xml.Written);
        _transport.SendClose(_queue);
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
            _transport.StopReading();
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
        _transport.Restart();
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
    public void BeginTls() => _transport.BeginTls();

    /// <summary>TLS is up: the stream begins anew, and all that was negotiated before counts for nothing (RFC 6120 §5.4.3.3).</summary>
    public void Secured(StreamNegotiation negotiation)
    {
        _headerSent = false;
        State = StreamState.Opening;
        _negotiation = negotiation;
    }

    /// <summary>Bytes have come from the peer.</summary>
    public void Received() => _liveness.Received(_host.Now);

    /// <summary>Whether so many bytes more may come: before the client is known there are few. Where not, the stream has failed.</summary>
    public bool MayCome(long bytes)
    {
        if (State < StreamState.Binding && Account is null)
        {
            _unauthenticatedBytes += (int)Math.Min(bytes, 1 << 24);
            if (_unauthenticatedBytes > _host.Options.UnauthenticatedBytes)
            {
                Fail("policy-violation", $"More than {_host.Options.UnauthenticatedBytes} bytes before authentication.");
                return false;
            }
        }

        return true;
    }

    /// <summary>RFC 6120 §4.4: the peer has closed its stream; the answer is the end of our own, behind all that was on its way to it.</summary>
    public void ClosedByPeer()
    {
        _closedByPeer = true;
        EndReason = "shutdown";
        Close();
    }

    /// <summary>The hub ends its stream, without an error.</summary>
    public void SendClose() => _transport.SendClose(_queue);

    /// <summary>Looks at the clock: negotiation, silence, a write that hangs. Called every second.</summary>
    public void Watch(long now)
    {
        _transport.Watch(now);
        switch (_liveness.Look(now, _host.Options, State, _transport.ShouldRead ? _queue.Writing : 0, Session?.KeepAliveSeconds ?? 0))
        {
            case LivenessFinding.DoesNotRead:
                EndReason ??= "connection-lost";
                _transport.Abort("The peer does not read.");
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
        _transport.MaxBytes = _host.Options.MaxStanzaBytes;
        _negotiation = null;
    }

    /// <summary>Takes one whole element. Its bytes are the transport's again when the task has ended.</summary>
    /// <param name="bytes">The element.</param>
    /// <param name="isPlain">Its bytes mean the same in any stream (see <see cref="Token"/>).</param>
    public ValueTask HandleElementAsync(ReadOnlyMemory<byte> bytes, bool isPlain)
    {
        if (State == StreamState.Opening)
        {
            Fail("bad-format");
            return default;
        }

        if (!isPlain)
        {
            bytes = StreamPrefixes.Resolve(bytes.Span, _transport.OuterPrefixes);
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
            await (Session?.PendingAsync() ?? default).ConfigureAwait(false);
            await feature.HandleAsync(this, element, _host.Stopping).ConfigureAwait(false);
        }
    }

    // Before a resource is bound only the bind request itself is allowed (RFC 6120 §7.1), and before the log-in what features answer to strangers.
    private async ValueTask HandleEarlyStanzaAsync(Stanza stanza, ReadOnlyMemory<byte> bytes)
    {
        if (State == StreamState.Binding && stanza.Kind == StanzaKind.Iq && stanza.ChildNamespace.SequenceEqual("urn:ietf:params:xml:ns:xmpp-bind"u8))
        {
            await _host.FeatureOf(Ns.Bind)!.HandleAsync(this, Element.Parse(bytes.Span), _host.Stopping).ConfigureAwait(false);
            return;
        }

        if (Account is null && State is StreamState.Securing or StreamState.Authenticating && _negotiation?.Sasl2 is null && await EarlyRequests.TryAnswerAsync(_host, this, stanza, bytes).ConfigureAwait(false))
        {
            return;
        }

        Fail("not-authorized");
    }

    /// <summary>The peer has begun its stream: the answer is our own beginning and the features, or an error.</summary>
    public void Open(in StreamHeader header)
    {
        State = Account is not null ? StreamState.Binding : !IsEncrypted && !MayStayPlain ? StreamState.Securing : StreamState.Authenticating;
        _language = header.Language;
        Negotiation.PeerJid = header.From;
        if (header.Error is { } error)
        {
            Fail(error, header.Text);
            return;
        }

        SendHeader();
        using var xml = new XmlBuilder(1024);
        WriteFeatures(xml);
        _queue.Append(Account is null && header.Known is { } known && StreamHeader.IsHashOf(xml.Written, known) ? "<stream:features/>"u8 : xml.Written);
    }

    private void SendHeader()
    {
        _headerSent = true;
        _transport.SendOpen(_queue, _host.Hub.Domain, _negotiation?.PeerJid);
    }

    void IOutboundOwner.Overflow()
    {
        // The peer reads too slowly; a session with stream management may come back for what it missed.
        _host.Hub.Figures.CountSlowConsumer();
        StreamLog.SlowConsumer(_host.Log, Session?.Jid, Peer);
        EndReason ??= "connection-lost";
        State = StreamState.Closed;
        _transport.Abort("More waits for this peer than it may leave unread.");
    }

    private async ValueTask EndAsync()
    {
        bool clean = State == StreamState.Closed;
        State = StreamState.Closed;
        _transport.Drop();

        if (Session is { } session)
        {
            await session.PendingAsync().ConfigureAwait(false);
            _host.StreamEnded(this, session, _closedByPeer);
        }

        if (_closedByPeer)
        {
            // Only now: until the session is gone stanzas come to this queue, and behind the end of the stream nobody reads them. Who sees the end knows that the session is gone.
            _transport.SendClose(_queue);
        }

        lock (_queue)
        {
            _hasEnded = true;
            _ended?.TrySetResult();
        }

        await _transport.EndAsync(_queue, clean, _host.Hub.Time).ConfigureAwait(false);
    }
}
