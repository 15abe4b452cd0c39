using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>
/// The body of a request up to its bound; who reads on gets a <see cref="BadHttpRequestException"/> with 413. The server's own bound lies a little higher: what it
/// refuses itself it does not read, and a client that is still sending then sees its connection reset instead of the answer. What is between the two is thrown away.
/// </summary>
/// <param name="body">The body.</param>
/// <param name="most">Its bound, bytes.</param>
internal sealed class BoundedBody(Stream body, long most) : Stream
{
    private const long Spare = 256 * 1024;

    private long _read;

    /// <summary>Binds the body of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="most">Bytes.</param>
    public static void Bind(HttpContext context, long most)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } server)
        {
            server.MaxRequestBodySize = most + Spare;
        }

        context.Request.Body = new BoundedBody(context.Request.Body, most);
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => Count(await body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => Count(body.Read(buffer, offset, count));

    /// <inheritdoc/>
    public override void Flush()
    {
        // Nothing is written.
    }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Count(int bytes)
    {
        _read += bytes;
        return _read <= most ? bytes : throw new BadHttpRequestException("The body is longer than it may be.", StatusCodes.Status413PayloadTooLarge);
    }
}
