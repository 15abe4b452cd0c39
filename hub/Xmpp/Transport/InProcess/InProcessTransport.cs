using System.Buffers.Binary;
using System.Net;
using System.Threading.Channels;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Transport.InProcess;

/// <summary>
/// A stream without a wire, for a part of the hub's own process that acts for somebody who has proved elsewhere who he is. Everything behind the log-in is what any client's stream is: its stanzas are
/// tokenized, stamped and routed by the same code, what is for it waits in the same bounded queue, and it ends for the same reasons.
/// </summary>
internal sealed class InProcessTransport : StreamTransport, IOutboundSink, IElementFraming
{
    /// <summary>Stanzas that may wait for the hub to read them (256); then the sender waits.</summary>
    public const int MaxUnread = 256;

    /// <summary>Stanzas that may wait for the client to take them (4,096); what comes behind waits in the stream's queue (<see cref="XmppOptions.OutboundQueueBytes"/>), which ends the stream when it is full.</summary>
    public const int MaxUntaken = 4096;

    private const int LengthBytes = 4;

    private readonly StreamHost _host;
    private readonly string _account;
    private readonly string _resource;
    private readonly StreamTokenizer _tokenizer;
    private readonly Channel<ReadOnlyMemory<byte>> _toHub = Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(MaxUnread) { SingleReader = true });
    private readonly Channel<byte[]> _toClient = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(MaxUntaken) { SingleReader = true, SingleWriter = true });
    private readonly TaskCompletionSource<Session?> _bound = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="host">What all streams share.</param>
    /// <param name="account">The prepared localpart of whom it acts for.</param>
    /// <param name="resource">The resource it asks for.</param>
    /// <param name="peer">Where that person is, or null.</param>
    public InProcessTransport(StreamHost host, string account, string resource, IPEndPoint? peer)
    {
        _host = host;
        _account = account;
        _resource = resource;
        Peer = peer;
        _tokenizer = new StreamTokenizer(host.Options.MaxStanzaBytes, host.Options.MaxDepth, host.Options.MaxAttributes, framed: true);
    }

    /// <summary>The session, once it is bound; null where it could not be.</summary>
    public Task<Session?> Bound => _bound.Task;

    /// <summary>What the client sends.</summary>
    public ChannelWriter<ReadOnlyMemory<byte>> ToHub => _toHub.Writer;

    /// <summary>What the client gets: one element each.</summary>
    public ChannelReader<byte[]> ToClient => _toClient.Reader;

    public override IPEndPoint? Peer { get; }

    // There is nothing to listen to.
    public override bool IsEncrypted => true;

    public override string Name => "process";

    public override int MaxBytes
    {
        set => _tokenizer.MaxBytes = value;
    }

    public override IReadOnlyList<(byte[] Prefix, byte[] Uri)> OuterPrefixes => [];

    public override IOutboundSink Sink => this;

    public override IElementFraming Framing => this;

    public int Overhead => LengthBytes;

    public int Frame(Span<byte> target, int length)
    {
        target[..length].CopyTo(target[LengthBytes..]);
        BinaryPrimitives.WriteInt32LittleEndian(target, length);
        return LengthBytes + length;
    }

    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (bytes.Length > 0)
            {
                int length = BinaryPrimitives.ReadInt32LittleEndian(bytes.Span);
                byte[] element = bytes.Slice(LengthBytes, length).ToArray();
                bytes = bytes[(LengthBytes + length)..];
                if (!_toClient.Writer.TryWrite(element))
                {
                    await _toClient.Writer.WriteAsync(element).ConfigureAwait(false);
                }
            }

            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    // Who opens it has called the hub himself: neither side needs to be told that a stream begins.
    public override void SendOpen(OutboundQueue queue, Jid domain, Jid? to)
    {
    }

    // The end of the channel is the end of the stream.
    public override void SendClose(OutboundQueue queue)
    {
    }

    public override async Task RunAsync(C2sStream stream)
    {
        try
        {
            if (Bind(stream) is not { } session)
            {
                return;
            }

            _bound.TrySetResult(session);
            while (stream.State != StreamState.Closed && await _toHub.Reader.WaitToReadAsync(_host.Stopping).ConfigureAwait(false))
            {
                while (stream.State != StreamState.Closed && _toHub.Reader.TryRead(out ReadOnlyMemory<byte> element))
                {
                    stream.Received();
                    await HandleAsync(stream, element).ConfigureAwait(false);
                }
            }

            if (stream.State != StreamState.Closed)
            {
                stream.ClosedByPeer();
            }
        }
        finally
        {
            _toHub.Writer.TryComplete();
            _bound.TrySetResult(null);
        }
    }

    public override void StopReading() => _toHub.Writer.TryComplete();

    public override void Abort(string why)
    {
        _toHub.Writer.TryComplete();
        _toClient.Writer.TryComplete();
    }

    public override async ValueTask EndAsync(OutboundQueue queue, bool clean, TimeProvider time)
    {
        if (clean)
        {
            try
            {
                await queue.IdleAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(2), time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // Who does not take what is his own misses it.
            }
        }

        queue.Close();
        _toClient.Writer.TryComplete();
    }

    private Session? Bind(C2sStream stream)
    {
        // Closed already where the hub has as many connections as it may.
        if (stream.State == StreamState.Closed)
        {
            return null;
        }

        stream.Continuing(_account);
        if (_host.TryFreeAddress(_account, _resource, out Jid? jid))
        {
            var session = new Session(jid, stream.Queue, _host.Hub.Figures);
            if (_host.Bind(stream, session))
            {
                return session;
            }
        }

        stream.Fail("resource-constraint");
        return null;
    }

    private ValueTask HandleAsync(C2sStream stream, ReadOnlyMemory<byte> element)
    {
        Token token = _tokenizer.Next(element.Span);
        if (token.Kind == TokenKind.Error)
        {
            stream.Fail(Streams.StreamError.ConditionOf(token.Error));
            return default;
        }

        if (token.Kind != TokenKind.Element || token.Start + token.Length != element.Length)
        {
            stream.Fail(_tokenizer.IsInside ? "not-well-formed" : "bad-format");
            return default;
        }

        return stream.HandleElementAsync(element.Slice(token.Start, token.Length), token.IsPlain);
    }
}
