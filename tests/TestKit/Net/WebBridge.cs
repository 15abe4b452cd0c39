using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using System.Xml.Linq;

namespace IotXmpp.TestKit.Net;

/// <summary>
/// Makes a transport that carries single elements look like a stream on TCP, so that one client speaks over all: what is written is cut into elements, what
/// arrives stands between a start tag and an end tag. Each element that the server sends must be a document of its own.
/// </summary>
public abstract partial class WebBridge : Stream
{
    /// <summary>What begins and ends a stream in frames (RFC 7395 §3.3).</summary>
    protected static readonly XNamespace Framing = "urn:ietf:params:xml:ns:xmpp-framing";

    private readonly StreamSplitter outgoing = new();
    private readonly Channel<byte[]> incoming = Channel.CreateUnbounded<byte[]>();
    private ReadOnlyMemory<byte> rest;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (rest.IsEmpty)
        {
            try
            {
                rest = await incoming.Reader.ReadAsync(cancellationToken);
            }
            catch (ChannelClosedException e)
            {
                return e.InnerException is null ? 0 : throw new IOException(e.InnerException.Message, e.InnerException);
            }
        }

        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        rest = rest[count..];
        return count;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (StartTag().Match(Encoding.UTF8.GetString(buffer.Span)) is { Success: true })
        {
            outgoing.Restart();
        }

        outgoing.Feed(buffer.Span);
        var elements = new List<XElement>();
        while (outgoing.Next() is { } next)
        {
            switch (next)
            {
                case StreamEvent.Opened opened:
                    await OpenAsync(opened.Header);
                    break;
                case StreamEvent.Received received:
                    elements.Add(received.Element);
                    break;
                case StreamEvent.Closed:
                    await SendAsync(elements);
                    elements.Clear();
                    await EndAsync();
                    break;
            }
        }

        if (elements.Count > 0)
        {
            await SendAsync(elements);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>The client begins its stream.</summary>
    protected abstract Task OpenAsync(XElement header);

    /// <summary>The client sends elements, each complete by itself.</summary>
    protected abstract Task SendAsync(IReadOnlyList<XElement> elements);

    /// <summary>The client ends its stream.</summary>
    protected abstract Task EndAsync();

    /// <summary>The server has begun its stream.</summary>
    protected void Opened(XElement header)
    {
        var attributes = string.Concat(header.Attributes().Where(a => !a.IsNamespaceDeclaration && a.Name.Namespace == XNamespace.None).Select(a => $" {a.Name.LocalName}='{System.Security.SecurityElement.Escape(a.Value)}'"));
        incoming.Writer.TryWrite(Encoding.UTF8.GetBytes($"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'{attributes}>"));
    }

    /// <summary>The server has sent an element.</summary>
    protected void Arrived(XElement element) => incoming.Writer.TryWrite(Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)));

    /// <summary>The server has ended its stream.</summary>
    protected void Closed() => incoming.Writer.TryWrite("</stream:stream>"u8.ToArray());

    /// <summary>The connection has ended.</summary>
    protected void Ended(Exception? why = null) => incoming.Writer.TryComplete(why);

    [GeneratedRegex("<stream:stream ")]
    private static partial Regex StartTag();
}
