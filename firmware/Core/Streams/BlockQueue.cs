using System;
using IotXmpp.Xmpp;

namespace IotXmpp.Streams;

/// <summary>
/// A first-in, first-out queue of bytes in small blocks: it takes memory as it fills and gives it back as it empties. One array that grows would have to be allocated whole beside the
/// old one, which is what a board with 64 KB and a heap in pieces cannot do.
/// </summary>
internal sealed class BlockQueue
{
    /// <summary>Bytes of a block. 512: a stanza of a thing or two, and small enough for the gaps of a heap that is nearly full.</summary>
    internal const int BlockBytes = 512;

    private byte[][] _blocks = new byte[4][]; // a ring of places
    private int _first; // the place of the oldest block
    private int _start; // where the oldest byte is in it
    private byte[] _spare; // one block, so that a queue that is full and empty in turn does not allocate

    /// <summary>Bytes in the queue.</summary>
    internal int Count { get; private set; }

    /// <summary>Appends bytes.</summary>
    internal void Append(byte[] buffer, int offset, int count)
    {
        while (count > 0)
        {
            int at = _start + Count;
            byte[] block = BlockForWriting(at / BlockBytes);
            int place = at % BlockBytes;
            int room = BlockBytes - place;
            int take = count < room ? count : room;
            Array.Copy(buffer, offset, block, place, take);
            Count += take;
            offset += take;
            count -= take;
        }
    }

    /// <summary>Copies bytes out; they stay in the queue.</summary>
    /// <param name="from">Bytes before the first one wanted.</param>
    /// <param name="buffer">Where to; all of it is filled.</param>
    internal void Peek(int from, byte[] buffer)
    {
        int offset = 0;
        while (offset < buffer.Length)
        {
            int take = Piece(from + offset, buffer.Length - offset);
            Array.Copy(BlockAt(from + offset), PlaceAt(from + offset), buffer, offset, take);
            offset += take;
        }
    }

    /// <summary>Sends bytes, block by block; they stay in the queue.</summary>
    /// <param name="from">Bytes before the first one wanted.</param>
    /// <param name="count">How many.</param>
    /// <param name="transport">Where to.</param>
    internal void Send(int from, int count, ITransport transport)
    {
        while (count > 0)
        {
            int take = Piece(from, count);
            transport.Send(BlockAt(from), PlaceAt(from), take);
            from += take;
            count -= take;
        }
    }

    /// <summary>Drops the oldest bytes.</summary>
    internal void Drop(int count)
    {
        Count -= count;
        _start += count;
        while (_start >= BlockBytes)
        {
            Release();
            _start -= BlockBytes;
            _first = _first + 1 == _blocks.Length ? 0 : _first + 1;
        }
        if (Count == 0)
        {
            Release();
            _start = 0;
        }
    }

    /// <summary>Drops all.</summary>
    internal void Clear()
    {
        Drop(Count);
    }

    private void Release()
    {
        if (_spare == null)
        {
            _spare = _blocks[_first];
        }
        _blocks[_first] = null;
    }

    private byte[] BlockForWriting(int number)
    {
        if (number >= _blocks.Length)
        {
            byte[][] more = new byte[_blocks.Length * 2][];
            for (int i = 0; i < _blocks.Length; i++)
            {
                more[i] = _blocks[PlaceOf(i)];
            }
            _blocks = more;
            _first = 0;
        }
        int place = PlaceOf(number);
        if (_blocks[place] == null)
        {
            _blocks[place] = _spare != null ? _spare : new byte[BlockBytes];
            _spare = null;
        }
        return _blocks[place];
    }

    private int PlaceOf(int number)
    {
        int place = _first + number;
        return place >= _blocks.Length ? place - _blocks.Length : place;
    }

    private byte[] BlockAt(int from) => _blocks[PlaceOf((_start + from) / BlockBytes)];

    private int PlaceAt(int from) => (_start + from) % BlockBytes;

    // Of so many bytes, those that lie in one block.
    private int Piece(int from, int count)
    {
        int room = BlockBytes - PlaceAt(from);
        return count < room ? count : room;
    }
}
