using System;
using System.Collections;

namespace IotXmpp.Things;

/// <summary>Segments in memory, for a board whose flash is not used: bounded, and empty after a restart.</summary>
public sealed class MemorySegmentStore : ISegmentStore
{
    private readonly ArrayList _numbers = new ArrayList();
    private readonly ArrayList _segments = new ArrayList();
    private readonly int _maxBytes;
    private int _bytes;

    /// <summary>Makes an empty store.</summary>
    /// <param name="maxBytes">Bytes it may hold in all.</param>
    public MemorySegmentStore(int maxBytes)
    {
        _maxBytes = maxBytes;
    }

    /// <inheritdoc/>
    public int[] List()
    {
        int[] list = new int[_numbers.Count];
        for (int i = 0; i < list.Length; i++)
        {
            // Kept in order by TryAppend.
            list[i] = (int)_numbers[i];
        }

        return list;
    }

    /// <inheritdoc/>
    public int Length(int segment)
    {
        int at = _numbers.IndexOf(segment);
        return at < 0 ? 0 : ((Segment)_segments[at]).Length;
    }

    /// <inheritdoc/>
    public int Read(int segment, int position, byte[] buffer, int offset, int count)
    {
        int at = _numbers.IndexOf(segment);
        if (at < 0)
        {
            return 0;
        }

        Segment found = (Segment)_segments[at];
        int there = found.Length - position;
        int take = count < there ? count : there;
        if (take <= 0)
        {
            return 0;
        }

        Array.Copy(found.Bytes, position, buffer, offset, take);
        return take;
    }

    /// <inheritdoc/>
    public bool TryAppend(int segment, byte[] buffer, int offset, int count)
    {
        if (_bytes + count > _maxBytes)
        {
            return false;
        }

        int at = _numbers.IndexOf(segment);
        Segment found;
        if (at < 0)
        {
            found = new Segment();
            int place = _numbers.Count;
            while (place > 0 && (int)_numbers[place - 1] > segment)
            {
                place--;
            }

            _numbers.Insert(place, segment);
            _segments.Insert(place, found);
        }
        else
        {
            found = (Segment)_segments[at];
        }

        found.Append(buffer, offset, count);
        _bytes += count;
        return true;
    }

    /// <inheritdoc/>
    public void Delete(int segment)
    {
        int at = _numbers.IndexOf(segment);
        if (at >= 0)
        {
            _bytes -= ((Segment)_segments[at]).Length;
            _numbers.RemoveAt(at);
            _segments.RemoveAt(at);
        }
    }

    private sealed class Segment
    {
        public byte[] Bytes = new byte[512];
        public int Length;

        public void Append(byte[] buffer, int offset, int count)
        {
            if (Length + count > Bytes.Length)
            {
                int size = Bytes.Length * 2;
                byte[] larger = new byte[size < Length + count ? Length + count : size];
                Array.Copy(Bytes, 0, larger, 0, Length);
                Bytes = larger;
            }

            Array.Copy(buffer, offset, Bytes, Length, count);
            Length += count;
        }
    }
}
