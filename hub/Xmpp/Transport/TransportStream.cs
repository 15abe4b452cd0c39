using System.IO.Pipelines;
using IotXmpp.Hub.Streams;

namespace IotXmpp.Hub.Transport;

/// <summary>
/// A connection's pipe as a <see cref="Stream"/>, which TLS runs over. A read of zero bytes waits for data without holding a buffer, so that an idle TLS
/// session holds none.
/// </summary>
internal sealed class TransportStream(IDuplexPipe pipe) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ReadResult result = await pipe.Input.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (buffer.Length == 0)
        {
            // Nothing is taken: the caller comes again with room.
            pipe.Input.AdvanceTo(result.Buffer.Start);
            return 0;
        }

        int count = (int)Math.Min(result.Buffer.Length, buffer.Length);
        System.Buffers.ReadOnlySequence<byte> taken = result.Buffer.Slice(0, count);
        foreach (ReadOnlyMemory<byte> segment in taken)
        {
            segment.CopyTo(buffer);
            buffer = buffer[segment.Length..];
        }

        pipe.Input.AdvanceTo(taken.End);
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        FlushResult result = await pipe.Output.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        if (result.IsCompleted)
        {
            throw new IOException("The peer has closed the connection.");
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Streams are read asynchronously.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Streams are written asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}

/// <summary>Writes into a connection's pipe.</summary>
internal sealed class PipeSink(PipeWriter output) : IOutboundSink
{
    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        ValueTask<FlushResult> flush = output.WriteAsync(bytes);
        return flush.IsCompletedSuccessfully ? new ValueTask<bool>(!flush.Result.IsCompleted) : AwaitAsync(flush);
    }

    private static async ValueTask<bool> AwaitAsync(ValueTask<FlushResult> flush) => !(await flush.ConfigureAwait(false)).IsCompleted;
}

/// <summary>Writes into a stream: TLS.</summary>
internal sealed class StreamSink(Stream stream) : IOutboundSink
{
    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        ValueTask write = stream.WriteAsync(bytes);
        return write.IsCompletedSuccessfully ? new ValueTask<bool>(true) : AwaitAsync(write);
    }

    private static async ValueTask<bool> AwaitAsync(ValueTask write)
    {
        await write.ConfigureAwait(false);
        return true;
    }
}
