using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Tls;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;

namespace IotXmpp.Hub.Transport;

/// <summary>A stream on a TCP connection (RFC 6120 §3), with STARTTLS or direct TLS. Between elements it holds no buffer.</summary>
internal sealed class TcpTransport : StreamTransport
{
    private readonly StreamHost _host;
    private readonly ConnectionContext _connection;
    private readonly StreamTokenizer _tokenizer;
    private readonly bool _directTls;
    private PipeReader _input;
    private SslStream? _tls;
    private PartialElement _partial;
    private bool _startTls;

    /// <param name="host">What all streams share.</param>
    /// <param name="connection">From the listener.</param>
    /// <param name="directTls">TLS begins at once (XEP-0368).</param>
    public TcpTransport(StreamHost host, ConnectionContext connection, bool directTls)
    {
        _host = host;
        _connection = connection;
        _directTls = directTls;
        _input = connection.Transport.Input;
        _tokenizer = new StreamTokenizer(host.Options.UnauthenticatedBytes, host.Options.MaxDepth, host.Options.MaxAttributes);
        Sink = new PipeSink(connection.Transport.Output);
    }

    public override IPEndPoint? Peer => _connection.RemoteEndPoint as IPEndPoint;

    public override bool IsEncrypted => _tls is not null;

    public override string Name => IsEncrypted ? "tls" : "tcp";

    public override int MaxBytes
    {
        set => _tokenizer.MaxBytes = value;
    }

    public override IReadOnlyList<(byte[] Prefix, byte[] Uri)> OuterPrefixes => _tokenizer.StreamPrefixes;

    public override IOutboundSink Sink { get; }

    public override void SendOpen(OutboundQueue queue, Jid domain, Jid? to)
    {
        using var xml = new XmlBuilder();
        StreamHeader.Write(xml, domain, to);
        queue.AppendRaw(xml.Written);
    }

    public override void SendClose(OutboundQueue queue) => queue.AppendRaw("</stream:stream>"u8);

    public override void Restart() => _tokenizer.Restart();

    public override void BeginTls() => _startTls = true;

    public override void StopReading() => _input.CancelPendingRead();

    public override void Abort(string why) => _connection.Abort(new ConnectionAbortedException(why));

    public override void Drop() => _partial.Drop();

    public override async Task RunAsync(C2sStream stream)
    {
        // Refused at the door: a listener with direct TLS says nothing before TLS.
        if (stream.State != StreamState.Closed && _directTls)
        {
            await SecureAsync(stream).ConfigureAwait(false);
        }

        while (stream.State != StreamState.Closed)
        {
            PipeReader input = _input;
            ReadResult result = await input.ReadAsync().ConfigureAwait(false);
            stream.Received();
            if (stream.State == StreamState.Closed)
            {
                input.AdvanceTo(result.Buffer.End);
                break;
            }

            try
            {
                await ConsumeAsync(stream, result.Buffer).ConfigureAwait(false);
            }
            finally
            {
                input.AdvanceTo(result.Buffer.End);
            }

            if (_startTls && stream.State != StreamState.Closed)
            {
                _startTls = false;
                await stream.Queue.IdleAsync().ConfigureAwait(false);
                if (!await SecureAsync(stream).ConfigureAwait(false))
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

    public override async ValueTask EndAsync(OutboundQueue queue, bool clean, TimeProvider time)
    {
        if (clean && !await TlsUpgrade.EndAsync(queue, _tls, time).ConfigureAwait(false))
        {
            Abort("The peer does not read the end of the stream.");
        }

        queue.Close();
        if (_tls is not null)
        {
            await _tls.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async ValueTask ConsumeAsync(C2sStream stream, ReadOnlySequence<byte> buffer)
    {
        if (!stream.MayCome(buffer.Length))
        {
            return;
        }

        bool batch = FlushBatch.Begin();
        try
        {
            foreach (ReadOnlyMemory<byte> segment in buffer)
            {
                ReadOnlyMemory<byte> work = _partial.With(segment);
                int offset = 0;
                while (stream.State != StreamState.Closed)
                {
                    Token token = _tokenizer.Next(work.Span[offset..]);
                    if (token.Kind == TokenKind.NeedMore)
                    {
                        offset += token.Start;
                        break;
                    }

                    ValueTask handled = HandleAsync(stream, token, work.Slice(offset + token.Start, token.Length));
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
                        stream.Fail("policy-violation", "Nothing may follow starttls before TLS.");
                    }
                }

                if (stream.State == StreamState.Closed)
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

    private ValueTask HandleAsync(C2sStream stream, Token token, ReadOnlyMemory<byte> bytes)
    {
        switch (token.Kind)
        {
            case TokenKind.Element:
                return stream.HandleElementAsync(bytes, token.IsPlain);
            case TokenKind.StreamStart:
                stream.Open(StreamHeader.Read(bytes.Span, _host.Hub.Domain));
                return default;
            case TokenKind.StreamEnd:
                stream.ClosedByPeer();
                return default;
            default:
                stream.Fail(Streams.StreamError.ConditionOf(token.Error));
                return default;
        }
    }

    private async ValueTask<bool> SecureAsync(C2sStream stream)
    {
        TlsIdentity identity = _host.Tls!.Current;
        if (await TlsUpgrade.AcceptAsync(_host, _connection, identity).ConfigureAwait(false) is not { } tls)
        {
            // RFC 6120 §5.4.3.2: after a failed negotiation the connection is closed without a word.
            stream.Close();
            Abort("TLS failed.");
            return false;
        }

        _tls = tls;
        _input = PipeReader.Create(tls, new StreamPipeReaderOptions(useZeroByteReads: true, leaveOpen: true));
        stream.Queue.SetSink(new StreamSink(tls));
        _tokenizer.Restart();
        stream.Secured(StreamNegotiation.Of(tls, identity, _host));
        return true;
    }
}
