using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Transport;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;
using StreamError = IotXmpp.Hub.Streams.StreamError;

namespace IotXmpp.Hub.Peers;

/// <summary>
/// The stream of a component or of another server, in either direction (RFC 6120 §4): reads, cuts into elements, and hands them on in order. One reader, one
/// writer; tokenizer, queue and TLS are those of clients' streams. What is said in which <see cref="State"/> is decided by who inherits.
/// </summary>
internal abstract class PeerStream : IOutboundOwner
{
    private readonly StreamTokenizer _tokenizer;
    private readonly byte[] _namespace;
    private readonly OutboundQueue _queue;
    private PipeReader _input;
    private SslStream? _tls;
    private PartialElement _partial;
    private ByteRate _rate;
    private int _state;
    private int _unauthenticatedBytes;
    private bool _beginTls;
    private int _watchedWrite;
    private long _watchedSince;
    private long _lastStanza;
    private readonly long _openedAt;

    protected PeerStream(PeerHost host, ConnectionContext connection, string ns)
    {
        Host = host;
        Connection = connection;
        Namespace = ns;
        _namespace = System.Text.Encoding.UTF8.GetBytes(ns);
        _input = connection.Transport.Input;
        _tokenizer = new StreamTokenizer(host.Options.UnauthenticatedBytes, host.Options.MaxDepth, host.Options.MaxAttributes);
        _queue = new OutboundQueue(new PipeSink(connection.Transport.Output), host.OutboundQueueBytes, this);
        _openedAt = _lastStanza = host.Now;
        _rate = new ByteRate(host.BytesPerSecond, host.Now);
    }

    /// <summary>Where the stream stands; <see cref="StreamState.Bound"/>: stanzas flow. <see cref="StreamState.Closed"/> is for good, whoever says something else at the same time.</summary>
    public StreamState State
    {
        get => (StreamState)Volatile.Read(ref _state);
        protected set
        {
            int before;
            do
            {
                before = Volatile.Read(ref _state);
                if (before == (int)StreamState.Closed)
                {
                    return;
                }
            }
            while (Interlocked.CompareExchange(ref _state, (int)value, before) != before);
        }
    }

    /// <summary>The namespace of the peer's stanzas: <c>jabber:server</c>, <c>jabber:component:accept</c>.</summary>
    public string Namespace { get; }

    /// <summary>The peer's address.</summary>
    public IPEndPoint? Peer => Connection.RemoteEndPoint as IPEndPoint;

    /// <summary>Whether TLS protects it.</summary>
    [MemberNotNullWhen(true, nameof(Tls))]
    public bool IsEncrypted => _tls is not null;

    /// <summary>Who the other side has proven to be, for logs; null before.</summary>
    public abstract string? Name { get; }

    /// <summary>The stream error that has ended the stream, sent or received; null where none has.</summary>
    public string? Error { get; protected set; }

    /// <summary>Whether the peer is known: then it has a client's limits, and silence is no fault of it.</summary>
    public abstract bool IsAuthenticated { get; }

    protected PeerHost Host { get; }

    protected ConnectionContext Connection { get; }

    protected SslStream? Tls => _tls;

    /// <summary>Whether the hub has sent its start tag on this stream.</summary>
    protected bool HeaderSent { get; set; }

    /// <summary>Whether something was sent that the peer has not yet acknowledged, where the two have agreed on that.</summary>
    public virtual bool HasUnacked => false;

    /// <summary>Seconds without a stanza in either direction after which the stream is closed in order; 0: never.</summary>
    protected virtual int IdleSeconds => 0;

    /// <summary>Runs the stream to its end.</summary>
    /// <param name="directTls">TLS begins at once.</param>
    public async Task RunAsync(bool directTls)
    {
        Host.Add(this);
        try
        {
            if (State != StreamState.Closed && (!directTls || await SecureAsync().ConfigureAwait(false)))
            {
                Begin();
            }

            while (State != StreamState.Closed)
            {
                PipeReader input = _input;
                ReadResult result = await input.ReadAsync().ConfigureAwait(false);
                if (State == StreamState.Closed)
                {
                    input.AdvanceTo(result.Buffer.End);
                    break;
                }

                TimeSpan pause = _rate.Take(result.Buffer.Length, Host.Now);
                try
                {
                    await ConsumeAsync(result.Buffer).ConfigureAwait(false);
                }
                finally
                {
                    input.AdvanceTo(result.Buffer.End);
                }

                if (_beginTls && State != StreamState.Closed)
                {
                    _beginTls = false;
                    await _queue.IdleAsync().ConfigureAwait(false);
                    if (await SecureAsync().ConfigureAwait(false))
                    {
                        Begin();
                    }
                }
                else if (result.IsCompleted)
                {
                    break;
                }

                if (pause > TimeSpan.Zero && State != StreamState.Closed)
                {
                    // Who sends faster than it may is read more slowly: TCP tells it.
                    await Task.Delay(pause, Host.Hub.Time, Host.Stopping).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or ConnectionAbortedException)
        {
            // The peer is gone without a word: how that ends is decided below.
        }
        catch (Exception e)
        {
            PeerLog.Failed(Host.Log, e, Name, Peer);
            Fail("internal-server-error");
        }
        finally
        {
            Host.Remove(this);
            await EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends the stream with an error (RFC 6120 §4.9).</summary>
    /// <param name="condition">The condition (§4.9.3).</param>
    /// <param name="text">For who reads it, or null.</param>
    /// <param name="extension">An element that says more (§4.9.4), or nothing.</param>
    public void Fail(string condition, string? text = null, ReadOnlySpan<byte> extension = default)
    {
        if (State == StreamState.Closed)
        {
            return;
        }

        using var xml = new XmlBuilder();
        if (!HeaderSent)
        {
            HeaderSent = true;
            WriteHeader(xml);
        }

        WriteLast(xml);
        StreamError.Write(xml, condition, text, extension);
        xml.Raw("</stream:stream>"u8);
        _queue.Append(xml.Written);
        Error ??= condition;
        PeerLog.StreamError(Host.Log, condition, text, Name, Peer);
        Close();
    }

    /// <summary>Ends the stream in order.</summary>
    public void Finish()
    {
        if (State != StreamState.Closed)
        {
            using var xml = new XmlBuilder();
            WriteLast(xml);
            xml.Raw("</stream:stream>"u8);
            _queue.Append(xml.Written);
            Close();
        }
    }

    /// <summary>Nothing more is read; what waits is still sent.</summary>
    protected void Close()
    {
        if (State != StreamState.Closed)
        {
            State = StreamState.Closed;
            _input.CancelPendingRead();
        }
    }

    /// <summary>Sends bytes at the stream's first level.</summary>
    public void Send(XmlBuilder xml) => _queue.Append(xml.Written);

    /// <summary>Sends one whole element that is no stanza.</summary>
    public void Send(ReadOnlySpan<byte> element) => _queue.Append(element);

    /// <summary>Sends one whole stanza.</summary>
    public void SendStanza(ReadOnlySpan<byte> stanza)
    {
        Volatile.Write(ref _lastStanza, Host.Now);
        _queue.Append(stanza);
    }

    /// <summary>Looks at the clock: negotiation, a write that hangs, idleness. Called every second.</summary>
    public virtual void Watch(long now)
    {
        int writing = _queue.Writing;
        if (writing != _watchedWrite)
        {
            _watchedWrite = writing;
            _watchedSince = now;
        }
        else if (writing != 0 && now - _watchedSince > Host.Options.WriteSeconds * 1000L)
        {
            Connection.Abort(new ConnectionAbortedException("The peer does not read."));
            return;
        }

        if (!IsAuthenticated)
        {
            if (now - _openedAt > Host.Options.NegotiationSeconds * 1000L)
            {
                Fail("connection-timeout", $"Not authenticated within {Host.Options.NegotiationSeconds} seconds.");
            }
        }
        else if (IdleSeconds > 0 && !HasUnacked && now - Volatile.Read(ref _lastStanza) > IdleSeconds * 1000L)
        {
            Finish();
        }
    }

    void IOutboundOwner.Overflow()
    {
        PeerLog.SlowConsumer(Host.Log, Name, Peer);
        State = StreamState.Closed;
        Connection.Abort(new ConnectionAbortedException("More waits for this peer than it may leave unread."));
    }

    /// <summary>The transport is there, TLS has begun where it had to: who opens the stream says so now.</summary>
    protected virtual void Begin() => State = StreamState.Opening;

    /// <summary>The peer's start tag has come.</summary>
    protected abstract void Opened(PeerHeader header);

    /// <summary>The peer has sent an element that is no stanza.</summary>
    protected abstract ValueTask HandleNonzaAsync(Element element);

    /// <summary>The peer has sent a stanza; goes back to the pool by <see cref="RouteAsync"/>.</summary>
    protected abstract ValueTask HandleStanzaAsync(Stanza stanza, ReadOnlyMemory<byte> bytes, Range to, Range from);

    /// <summary>Shakes hands; null where that failed.</summary>
    protected abstract ValueTask<SslStream?> HandshakeAsync();

    /// <summary>Writes the hub's start tag.</summary>
    protected abstract void WriteHeader(XmlBuilder xml);

    /// <summary>Writes what stands before the end of the stream, or before the error that ends it.</summary>
    protected virtual void WriteLast(XmlBuilder xml)
    {
    }

    /// <summary>The stream has ended; called once.</summary>
    protected abstract void Ended();

    /// <summary>TLS begins after what was sent so far (RFC 6120 §5.4.2.3).</summary>
    protected void BeginTls() => _beginTls = true;

    /// <summary>The next bytes are of a new stream (RFC 6120 §4.3.3).</summary>
    protected void Restart()
    {
        _tokenizer.Restart();
        HeaderSent = false;
        State = StreamState.Opening;
    }

    /// <summary>The peer is known: from now on its stanzas may be as large as settings allow.</summary>
    protected void Trust() => _tokenizer.MaxBytes = Host.MaxStanzaBytes;

    /// <summary>The address in a range of a stanza's bytes.</summary>
    protected bool TryAddress(ReadOnlySpan<byte> raw, [NotNullWhen(true)] out Jid? jid) => raw.Contains((byte)'&')
        ? JidPrep.TryParse(XmlEscape.Decode(raw, isAttribute: true), out jid)
        : Host.Jids.TryParse(raw, out jid);

    /// <summary>Hands a stanza whose sender was checked to the router; one whose <c>to</c> is no address goes back.</summary>
    protected ValueTask RouteAsync(Stanza stanza, Jid from, Jid to)
    {
        Volatile.Write(ref _lastStanza, Host.Now);
        stanza.From = from;
        stanza.To = to;
        stanza.Language = null;
        if (Host.Refuses(stanza))
        {
            StanzaPool.Return(stanza);
            return default;
        }

        ValueTask routed = Host.Hub.Router.RouteAsync(stanza);
        if (routed.IsCompletedSuccessfully)
        {
            StanzaPool.Return(stanza);
            return default;
        }

        return routed;
    }

    private async ValueTask<bool> SecureAsync()
    {
        if (await HandshakeAsync().ConfigureAwait(false) is not { } tls)
        {
            // RFC 6120 §5.4.3.2: after a failed negotiation the connection is closed without a word.
            Close();
            Connection.Abort(new ConnectionAbortedException("TLS failed."));
            return false;
        }

        _tls = tls;
        _input = PipeReader.Create(tls, new StreamPipeReaderOptions(useZeroByteReads: true, leaveOpen: true));
        _queue.SetSink(new StreamSink(tls));
        Restart();
        return true;
    }

    private async ValueTask ConsumeAsync(ReadOnlySequence<byte> buffer)
    {
        if (!IsAuthenticated)
        {
            _unauthenticatedBytes += (int)Math.Min(buffer.Length, 1 << 24);
            if (_unauthenticatedBytes > Host.Options.UnauthenticatedBytes)
            {
                Fail("policy-violation", $"More than {Host.Options.UnauthenticatedBytes} bytes before authentication.");
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

                    if (_beginTls && !work.Span[offset..].IsEmpty)
                    {
                        // What came without TLS is never taken for what comes with it (RFC 6120 §5.4.3.3).
                        Fail("policy-violation", "Nothing may follow before TLS.");
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
                PeerHeader header = PeerHeader.Read(bytes.Span, Namespace);
                Opened(header);
                return default;
            case TokenKind.StreamEnd:
                // RFC 6120 §4.4: the answer is our own end tag.
                Finish();
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

        bytes = PeerNamespace.ToClient(bytes, _namespace);
        Stanza stanza = StanzaPool.Rent();
        (Range to, Range from) = stanza.Load(bytes);
        if (stanza.Kind != StanzaKind.None && stanza.RootNamespace.SequenceEqual("jabber:client"u8))
        {
            return HandleStanzaAsync(stanza, bytes, to, from);
        }

        StanzaPool.Return(stanza);
        Element element = Element.Parse(bytes.Span);
        if (element.Is("error", Ns.Stream))
        {
            Error = element.Children.FirstOrDefault(c => c.Namespace == Ns.StreamErrors && c.Name != "text")?.Name ?? "undefined-condition";
            PeerLog.StreamErrorReceived(Host.Log, Error, Name, Peer);
            Finish();
            return default;
        }

        return HandleNonzaAsync(element);
    }

    private async ValueTask EndAsync()
    {
        bool clean = State == StreamState.Closed;
        State = StreamState.Closed;
        _partial.Drop();
        Ended();
        if (clean && !await TlsUpgrade.EndAsync(_queue, _tls, Host.Hub.Time).ConfigureAwait(false))
        {
            Connection.Abort(new ConnectionAbortedException("The peer does not read the end of the stream."));
        }

        _queue.Close();
        if (_tls is not null)
        {
            await _tls.DisposeAsync().ConfigureAwait(false);
        }
    }
}
