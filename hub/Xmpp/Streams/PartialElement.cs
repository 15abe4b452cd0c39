using System.Buffers;

namespace IotXmpp.Hub.Streams;

/// <summary>The bytes of an element whose end has not come, in one pooled buffer; none is held between elements. A struct of its stream: never copied.</summary>
internal struct PartialElement
{
    private const int FirstBuffer = 512;

    private byte[]? _buffer;
    private int _count;

    /// <summary>What is there with <paramref name="segment"/> behind it; the segment itself where nothing is.</summary>
    public ReadOnlyMemory<byte> With(ReadOnlyMemory<byte> segment)
    {
        if (_buffer is null)
        {
            return segment;
        }

        int need = _count + segment.Length;
        if (_buffer.Length < need)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(need, _buffer.Length * 2));
            _buffer.AsSpan(0, _count).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        segment.Span.CopyTo(_buffer.AsSpan(_count));
        _count = need;
        return _buffer.AsMemory(0, need);
    }

    /// <summary>Keeps what of <paramref name="work"/> (a result of <see cref="With"/>) lies behind <paramref name="offset"/>.</summary>
    public void Keep(ReadOnlyMemory<byte> work, int offset)
    {
        int rest = work.Length - offset;
        if (rest == 0)
        {
            Drop();
            return;
        }

        if (_buffer is null)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(Math.Max(rest, FirstBuffer));
            work.Span[offset..].CopyTo(_buffer);
        }
        else if (offset > 0)
        {
            Buffer.BlockCopy(_buffer, offset, _buffer, 0, rest);
        }

        _count = rest;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Drop()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }

        _count = 0;
    }
}
