using System.Buffers;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Transport;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>Where an <see cref="OutboundQueue"/> writes: the transport's pipe, or TLS over it.</summary>
internal interface IOutboundSink
{
    /// <summary>Writes all bytes; ends when the transport has taken them. False when the peer is gone.</summary>
    ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> bytes);
}

/// <summary>Who owns an <see cref="OutboundQueue"/>.</summary>
internal interface IOutboundOwner
{
    /// <summary>More waits than may: the peer reads too slowly.</summary>
    void Overflow();
}

/// <summary>
/// What waits to be sent on one stream: bounded, many appenders, one writer at a time. Stanzas gather in one pooled buffer and leave together: those that
/// one read of any stream caused are flushed when that read was worked off (<see cref="FlushBatch"/>). An idle queue owns no buffer.
/// </summary>
internal sealed class OutboundQueue
{
    // There are as many queues as sessions, and nobody outside of the streams sees one: each is its own lock.
    private const int FirstBuffer = 1024;
    private readonly IOutboundOwner _owner;
    private readonly IElementFraming? _framing;
    private readonly int _limit;
    private IOutboundSink _sink;
    private byte[]? _buffer;
    private int _count;
    private bool _writing;
    private bool _inBatch;
    private bool _closed;
    private bool _held;
    private int _writes;
    private TaskCompletionSource? _drained;

    /// <param name="sink">Where it writes.</param>
    /// <param name="limit">Bytes that may wait (<see cref="XmppOptions.OutboundQueueBytes"/>).</param>
    /// <param name="owner">Is told once, outside of any lock, when more than that would wait; the queue is closed then.</param>
    /// <param name="framing">What elements become on this transport; null where they stay as they are.</param>
    public OutboundQueue(IOutboundSink sink, int limit, IOutboundOwner owner, IElementFraming? framing = null)
    {
        _framing = framing;
        _sink = sink;
        _limit = limit;
        _owner = owner;
    }

    /// <summary>The number of the write that is under way, or 0: who sees the same number for long sees a peer that does not read.</summary>
    public int Writing => Volatile.Read(ref _writing) ? Volatile.Read(ref _writes) : 0;

    /// <summary>Bytes that wait.</summary>
    public int Waiting => Volatile.Read(ref _count);

    /// <summary>Changes the sink (STARTTLS); nothing may be under way.</summary>
    public void SetSink(IOutboundSink sink) => _sink = sink;

    /// <summary>Appends one whole element.</summary>
    public void Append(ReadOnlySpan<byte> element) => Append(element, _framing);

    /// <summary>Appends bytes that are no element, as they are.</summary>
    public void AppendRaw(ReadOnlySpan<byte> bytes) => Append(bytes, null);

    private void Append(ReadOnlySpan<byte> bytes, IElementFraming? framing)
    {
        bool overflow;
        lock (this)
        {
            if (Reserve(bytes.Length + (framing?.Overhead ?? 0), out overflow) is { } room)
            {
                bytes.CopyTo(room.AsSpan(_count));
                _count += framing?.Frame(room.AsSpan(_count), bytes.Length) ?? bytes.Length;
            }
        }

        Wake(overflow);
    }

    /// <summary>Appends a stanza out of its parts; see <see cref="Session.Deliver"/>.</summary>
    public void AppendStanza(ReadOnlySpan<byte> head, Jid to, ReadOnlySpan<byte> tail)
    {
        bool overflow;
        lock (this)
        {
            if (Reserve(StanzaBytes.Bound(head, to, tail) + (_framing?.Overhead ?? 0), out overflow) is { } room)
            {
                int length = StanzaBytes.Write(room.AsSpan(_count), head, to, tail);
                _count += _framing?.Frame(room.AsSpan(_count), length) ?? length;
            }
        }

        Wake(overflow);
    }

    /// <summary>Nothing leaves until <see cref="Release"/>: what is appended gathers.</summary>
    public void Hold()
    {
        lock (this)
        {
            _held = true;
        }
    }

    /// <summary>The same; false where that is so already.</summary>
    public bool TryHold()
    {
        lock (this)
        {
            bool was = _held;
            _held = true;
            return !was;
        }
    }

    /// <summary>Ends <see cref="Hold"/>.</summary>
    public void Release()
    {
        lock (this)
        {
            _held = false;
        }

        Flush();
    }

    /// <summary>Takes back what waits; only between <see cref="Hold"/> and <see cref="Release"/>.</summary>
    public void Forget()
    {
        lock (this)
        {
            Drop();
        }
    }

    /// <summary>Sends what waits, unless a write is under way: that one goes on with it.</summary>
    public void Flush()
    {
        byte[] buffer;
        int count;
        lock (this)
        {
            _inBatch = false;
            if (_writing || _held || _count == 0)
            {
                return;
            }

            buffer = _buffer!;
            count = _count;
            _buffer = null;
            _count = 0;
            _writing = true;
            _writes = Math.Max(1, _writes + 1);
        }

        _ = WriteAsync(buffer, count);
    }

    /// <summary>Ends when all that was appended was written or the peer is gone.</summary>
    public async ValueTask IdleAsync()
    {
        Release();
        while (true)
        {
            Task drained;
            lock (this)
            {
                if (!_writing)
                {
                    return;
                }

                drained = (_drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
            }

            await drained.ConfigureAwait(false);
        }
    }

    /// <summary>Forgets what waits and takes no more.</summary>
    public void Close()
    {
        lock (this)
        {
            _closed = true;
            if (!_writing)
            {
                Drop();
            }
        }
    }

    private async Task WriteAsync(byte[] buffer, int count)
    {
        bool alive = true;
        while (true)
        {
            try
            {
                if (alive)
                {
                    alive = await _sink.WriteAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
                }
            }
            catch (Exception e) when (e is IOException or InvalidOperationException or ObjectDisposedException or OperationCanceledException)
            {
                // The peer is gone; the reading side sees the same and ends the stream.
                alive = false;
            }

            TaskCompletionSource? drained;
            lock (this)
            {
                ArrayPool<byte>.Shared.Return(buffer);
                if (!alive)
                {
                    _closed = true;
                    Drop();
                }

                if (_count == 0 || _held)
                {
                    _writing = false;
                    drained = _drained;
                    _drained = null;
                    if (drained is null)
                    {
                        return;
                    }
                }
                else
                {
                    buffer = _buffer!;
                    count = _count;
                    _buffer = null;
                    _count = 0;
                    drained = null;
                }
            }

            if (drained is not null)
            {
                drained.SetResult();
                return;
            }

            _writes = Math.Max(1, _writes + 1);
        }
    }

    // Under the gate. Null where the queue takes nothing.
    private byte[]? Reserve(int bytes, out bool overflow)
    {
        overflow = false;
        if (_closed)
        {
            return null;
        }

        int need = _count + bytes;
        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBuffer, need));
        }
        else if (_buffer.Length < need)
        {
            if (_count >= _limit)
            {
                overflow = true;
                _closed = true;
                Drop();
                return null;
            }

            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(need, _buffer.Length * 2));
            _buffer.AsSpan(0, _count).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer;
    }

    private void Drop()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }

        _count = 0;
    }

    private void Wake(bool overflow)
    {
        if (overflow)
        {
            _owner.Overflow();
            return;
        }

        if (_inBatch)
        {
            return;
        }

        if (FlushBatch.TryAdd(this))
        {
            _inBatch = true;
        }
        else
        {
            Flush();
        }
    }
}

/// <summary>
/// Coalesces flushes: while a thread works off one read, the queues it appends to are remembered, and flushed together at the end. So eight stanzas that came
/// in one segment leave in one.
/// </summary>
public sealed class FlushBatch
{
    [ThreadStatic]
    private static FlushBatch? _current;

    private readonly List<OutboundQueue> _queues = new(16);
    private bool _active;

    private FlushBatch()
    {
    }

    /// <summary>Runs something that sends to many; what it causes leaves at its end, for each stream in one piece.</summary>
    public static void Together(Action work)
    {
        ArgumentNullException.ThrowIfNull(work);
        bool begun = Begin();
        try
        {
            work();
        }
        finally
        {
            if (begun)
            {
                End();
            }
        }
    }

    /// <summary>Begins a batch on this thread; false where one is active already (then that one flushes).</summary>
    internal static bool Begin()
    {
        FlushBatch batch = _current ??= new FlushBatch();
        if (batch._active)
        {
            return false;
        }

        batch._active = true;
        return true;
    }

    /// <summary>Ends the batch of this thread: everything leaves.</summary>
    internal static void End()
    {
        FlushBatch batch = _current!;
        batch._active = false;
        for (int i = 0; i < batch._queues.Count; i++)
        {
            batch._queues[i].Flush();
        }

        batch._queues.Clear();
    }

    /// <summary>Remembers a queue for the end of the batch; false where no batch is active on this thread.</summary>
    internal static bool TryAdd(OutboundQueue queue)
    {
        if (_current is not { _active: true } batch)
        {
            return false;
        }

        batch._queues.Add(queue);
        return true;
    }
}
