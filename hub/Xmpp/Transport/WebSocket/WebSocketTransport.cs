using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Runtime.InteropServices;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Transport.WebSocket;

/// <summary>
/// A stream on a WebSocket (RFC 7395): every message is one element. A message that came in one piece is read where it lies; only one that is still on its way
/// has a buffer. Extensions are not spoken: compressing what somebody else chose a part of tells about the rest.
/// </summary>
internal sealed class WebSocketTransport : StreamTransport
{
    /// <summary>Frames that one message may come in (1,024): the largest stanza in pieces of 256 bytes.</summary>
    public const int MaxFragments = 1024;

    /// <summary>Bytes that may wait for a peer that still gets answers to its pings (4 KiB): behind that it does not read, and RFC 6455 §5.5.3 asks only for the latest.</summary>
    public const int MaxWaitingForPong = 4096;

    private const int Normal = 1000;
    private const int ProtocolError = 1002;
    private const int NotText = 1003;
    private const int TooBig = 1009;

    private readonly StreamHost _host;
    private readonly Action _abort;
    private readonly PipeReader _input;
    private readonly StreamTokenizer _tokenizer;
    private PartialElement _partial;
    private WebSocketFrame _frame;
    private long _position;
    private long _messageBytes;
    private int _fragments;
    private int _maxBytes;
    private bool _isInFrame;
    private bool _isInMessage;
    private bool _closeReceived;
    private bool _isBroken;
    private byte[]? _control;
    private int _closeCode = Normal;

    /// <param name="host">What all streams share.</param>
    /// <param name="stream">The connection, behind the opening handshake.</param>
    /// <param name="peer">Where the client is.</param>
    /// <param name="abort">Cuts the connection.</param>
    public WebSocketTransport(StreamHost host, Stream stream, IPEndPoint? peer, Action abort)
    {
        _host = host;
        _abort = abort;
        Peer = peer;
        Sink = new StreamSink(stream);
        _input = PipeReader.Create(stream, new StreamPipeReaderOptions(useZeroByteReads: true, leaveOpen: true));
        _tokenizer = new StreamTokenizer(host.Options.UnauthenticatedBytes, host.Options.MaxDepth, host.Options.MaxAttributes, framed: true);
    }

    public override IPEndPoint? Peer { get; }

    // Whoever could be listened to was refused at the door.
    public override bool IsEncrypted => true;

    public override string Name => "websocket";

    public override int MaxBytes
    {
        set => _tokenizer.MaxBytes = _maxBytes = value;
    }

    public override IReadOnlyList<(byte[] Prefix, byte[] Uri)> OuterPrefixes => [];

    public override IOutboundSink Sink { get; }

    public override IElementFraming Framing => WebSocketFraming.Instance;

    public override void SendOpen(OutboundQueue queue, Jid domain, Jid? to)
    {
        using var xml = new XmlBuilder();
        StreamHeader.WriteFramed(xml, domain, to);
        queue.Append(xml.Written);
    }

    public override void SendClose(OutboundQueue queue) => queue.Append("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"u8);

    public override void StopReading() => _input.CancelPendingRead();

    public override void Abort(string why) => _abort();

    public override void Drop() => _partial.Drop();

    public override async Task RunAsync(C2sStream stream)
    {
        while (stream.State != StreamState.Closed && !_closeReceived)
        {
            ReadResult result = await _input.ReadAsync().ConfigureAwait(false);
            stream.Received();
            long done = 0;
            try
            {
                if (stream.State != StreamState.Closed && stream.MayCome(result.Buffer.Length))
                {
                    done = await ConsumeAsync(stream, result.Buffer).ConfigureAwait(false);
                }
            }
            finally
            {
                Advance(result.Buffer, done, stream.State == StreamState.Closed);
            }

            if (result.IsCompleted)
            {
                break;
            }
        }
    }

    public override async ValueTask EndAsync(OutboundQueue queue, bool clean, TimeProvider time)
    {
        if (clean || _closeReceived)
        {
            try
            {
                SendCloseFrame(queue);
                await queue.IdleAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(2), time).ConfigureAwait(false);
                // RFC 6455 §7.1.1: the server ends the connection, when both have said the end.
                await PeerCloseAsync().WaitAsync(TimeSpan.FromSeconds(1), time).ConfigureAwait(false);
            }
            catch (Exception e) when (e is TimeoutException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
            {
                _abort();
            }
        }
        else
        {
            _abort();
        }

        queue.Close();
        await _input.CompleteAsync().ConfigureAwait(false);
    }

    private void SendCloseFrame(OutboundQueue queue)
    {
        Span<byte> frame = stackalloc byte[4];
        WebSocketFrame.WriteHead(frame, WebSocketOpcode.Close, 2);
        BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)_closeCode);
        queue.AppendRaw(frame);
    }

    // What comes before the peer's own close frame is for nobody any more.
    private async Task PeerCloseAsync()
    {
        while (!_closeReceived)
        {
            ReadResult result = await _input.ReadAsync().ConfigureAwait(false);
            long done = _isBroken ? result.Buffer.Length : await ConsumeAsync(null, result.Buffer).ConfigureAwait(false);
            Advance(result.Buffer, done, false);
            if (result.IsCompleted)
            {
                return;
            }
        }
    }

    // What a closed stream has left behind is looked at once more, for the peer's close frame.
    private void Advance(in ReadOnlySequence<byte> buffer, long done, bool again)
    {
        SequencePosition end = buffer.GetPosition(done);
        _input.AdvanceTo(end, again ? end : buffer.End);
    }

    /// <summary>Takes frames; returns how many bytes are done with: all but the head of a frame that has not come whole, and what a closed stream left.</summary>
    private async ValueTask<long> ConsumeAsync(C2sStream? stream, ReadOnlySequence<byte> buffer)
    {
        long done = 0;
        bool batch = FlushBatch.Begin();
        try
        {
            while (!_closeReceived && stream?.State != StreamState.Closed)
            {
                ReadOnlySequence<byte> rest = buffer.Slice(done);
                if (!_isInFrame)
                {
                    int head = ReadHead(rest, out string? error);
                    if (error is not null)
                    {
                        _isBroken = true;
                        Break(stream, ProtocolError, "bad-format", error);
                        return buffer.Length;
                    }

                    if (head == 0)
                    {
                        return done;
                    }

                    done += head;
                    BeginFrame(stream);
                    continue;
                }

                long left = _frame.Length - _position;
                if (left > 0 && rest.IsEmpty)
                {
                    return done;
                }

                ReadOnlyMemory<byte> part = Payload(rest, left);
                done += part.Length;
                ValueTask handled = TakeAsync(stream, part);
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
            }

            return done;
        }
        finally
        {
            if (batch)
            {
                FlushBatch.End();
            }
        }
    }

    private int ReadHead(ReadOnlySequence<byte> rest, out string? error)
    {
        ReadOnlySpan<byte> first = rest.FirstSpan;
        if (first.Length >= WebSocketFrame.MaxHead || rest.IsSingleSegment)
        {
            return WebSocketFrame.Read(first, out _frame, out error);
        }

        Span<byte> gathered = stackalloc byte[WebSocketFrame.MaxHead];
        int count = (int)Math.Min(rest.Length, gathered.Length);
        rest.Slice(0, count).CopyTo(gathered);
        return WebSocketFrame.Read(gathered[..count], out _frame, out error);
    }

    private void BeginFrame(C2sStream? stream)
    {
        _isInFrame = true;
        _position = 0;
        if (_frame.IsControl || stream is null)
        {
            return;
        }

        if (_frame.Opcode == WebSocketOpcode.Binary)
        {
            Break(stream, NotText, "bad-format", "Messages are text (RFC 7395 §3.2).");
        }
        else if (_frame.Opcode == WebSocketOpcode.Continuation != _isInMessage)
        {
            Break(stream, ProtocolError, "bad-format", "A fragment that continues nothing, or a message within another (RFC 6455 §5.4).");
        }
        else if (_messageBytes + _frame.Length > _maxBytes)
        {
            Break(stream, TooBig, "policy-violation", $"A message may have {_maxBytes} bytes.");
        }
        else if (++_fragments > MaxFragments)
        {
            Break(stream, TooBig, "policy-violation", $"A message may come in {MaxFragments} frames.");
        }

        _messageBytes += _frame.Length;
        _isInMessage = true;
    }

    // The next part of the payload that lies in one piece, without its mask. The buffer is ours until it is given back: nobody else reads it.
    private Memory<byte> Payload(ReadOnlySequence<byte> rest, long left)
    {
        if (left == 0)
        {
            return default;
        }

        ReadOnlyMemory<byte> first = rest.First;
        Memory<byte> part = MemoryMarshal.AsMemory(first[..(int)Math.Min(first.Length, left)]);
        WebSocketFrame.Unmask(part.Span, _frame.Mask, _position);
        return part;
    }

    private ValueTask TakeAsync(C2sStream? stream, ReadOnlyMemory<byte> part)
    {
        long before = _position;
        _position += part.Length;
        _isInFrame = _position < _frame.Length;
        if (_frame.IsControl)
        {
            part.Span.CopyTo((_control ??= new byte[WebSocketFrame.MaxControl]).AsSpan((int)before));
            if (!_isInFrame)
            {
                Control(stream, _control.AsSpan(0, (int)_frame.Length));
                _control = null;
            }

            return default;
        }

        if (stream is null)
        {
            return default;
        }

        ReadOnlyMemory<byte> message = _partial.With(part);
        if (_isInFrame || !_frame.IsFinal)
        {
            _partial.Keep(message, 0);
            return default;
        }

        _isInMessage = false;
        _messageBytes = 0;
        _fragments = 0;
        ValueTask handled = HandleAsync(stream, message);
        if (handled.IsCompletedSuccessfully)
        {
            _partial.Drop();
            return default;
        }

        return DropAfterAsync(handled);
    }

    private async ValueTask DropAfterAsync(ValueTask handled)
    {
        await handled.ConfigureAwait(false);
        _partial.Drop();
    }

    private void Control(C2sStream? stream, ReadOnlySpan<byte> payload)
    {
        switch (_frame.Opcode)
        {
            case WebSocketOpcode.Ping when stream is not null && stream.Queue.Waiting < MaxWaitingForPong:
                Span<byte> pong = stackalloc byte[2 + WebSocketFrame.MaxControl];
                int head = WebSocketFrame.WriteHead(pong, WebSocketOpcode.Pong, payload.Length);
                payload.CopyTo(pong[head..]);
                stream.Queue.AppendRaw(pong[..(head + payload.Length)]);
                break;
            case WebSocketOpcode.Close:
                // RFC 7395 §3.6.1: without <close/> the stream is lost rather than closed; a session with stream management may come back.
                _closeReceived = true;
                break;
        }
    }

    private ValueTask HandleAsync(C2sStream stream, ReadOnlyMemory<byte> message)
    {
        ReadOnlySpan<byte> span = message.Span;
        Token token = _tokenizer.Next(span);
        if (token.Kind == TokenKind.Error)
        {
            stream.Fail(Streams.StreamError.ConditionOf(token.Error));
            return default;
        }

        if (token.Kind != TokenKind.Element || span[(token.Start + token.Length)..].ContainsAnyExcept(" \t\r\n"u8))
        {
            // RFC 7395 §3.3.1: one message, one element, whole.
            stream.Fail(_tokenizer.IsInside ? "not-well-formed" : "bad-format", "A message is one element (RFC 7395 §3.3.1).");
            return default;
        }

        ReadOnlyMemory<byte> element = message.Slice(token.Start, token.Length);
        if (!token.IsPlain || element.Span[1] is (byte)'o' or (byte)'c')
        {
            var reader = new XmlSpanReader(element.Span, " "u8);
            reader.Read();
            if (reader.Namespace.SequenceEqual("urn:ietf:params:xml:ns:xmpp-framing"u8))
            {
                Frame(stream, element.Span, reader.LocalName);
                return default;
            }
        }

        if (stream.State == StreamState.Opening)
        {
            // RFC 7395 §3.4: it begins with <open/>.
            stream.Open(StreamHeader.ReadFramed(element.Span, _host.Hub.Domain));
            return default;
        }

        if (!SaysNamespace(element.Span))
        {
            // RFC 7395 §3.3.3: each message stands by itself, so nothing around it says what it is.
            stream.Fail("invalid-namespace", "An element says its namespace (RFC 7395 §3.3.3).");
            return default;
        }

        return stream.HandleElementAsync(element, token.IsPlain);
    }

    private static bool SaysNamespace(ReadOnlySpan<byte> element)
    {
        // Mostly it stands in what looks like the start tag; whether that is one is asked only where it does not.
        if (element[..(element.IndexOf((byte)'>') + 1)].IndexOf(" xmlns="u8) >= 0)
        {
            return true;
        }

        var reader = new XmlSpanReader(element, " "u8);
        reader.Read();
        return !reader.Namespace.SequenceEqual(" "u8);
    }

    private void Frame(C2sStream stream, ReadOnlySpan<byte> element, ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("close"u8))
        {
            stream.ClosedByPeer();
        }
        else if (stream.State == StreamState.Opening)
        {
            stream.Open(StreamHeader.ReadFramed(element, _host.Hub.Domain));
        }
        else
        {
            stream.Fail("bad-format");
        }
    }

    private void Break(C2sStream? stream, int code, string condition, string why)
    {
        _closeCode = code;
        stream?.Fail(condition, why);
    }
}
