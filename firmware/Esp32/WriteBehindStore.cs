using System;
using IotXmpp.Things;

namespace IotXmpp.Esp32;

/// <summary>
/// Spares the flash while the hub is there: what is appended to the last segment is held in memory until there is a block's worth of it, because each append to a file costs a
/// flash file system the erasing of a block. Away from the hub (<see cref="Hold"/> false) every append is written at once, and an append is true only when it is on flash.
/// </summary>
public sealed class WriteBehindStore : ISegmentStore
{
    /// <summary>Bytes that are held at most. Default 1,024: some 12 samples with their acknowledgements, so that at a sample each 10 s a block is erased every two minutes.</summary>
    public const int DefaultHeldBytes = 1024;

    /// <summary>Milliseconds that samples may wait for the hub in memory before they are written to flash. Default 5,000: an answer takes less, and a power cut takes no more.</summary>
    public const int HeldMs = 5000;

    private readonly ISegmentStore _store;
    private readonly byte[] _held;
    private int _segment = -1;
    private int _count;
    private bool _hold;
    private long _waitingSinceMs = -1;

    /// <summary>Holds back writes to this store.</summary>
    /// <param name="store">The flash.</param>
    /// <param name="heldBytes">Bytes that are held at most; more than the largest append.</param>
    public WriteBehindStore(ISegmentStore store, int heldBytes = DefaultHeldBytes)
    {
        _store = store;
        _held = new byte[heldBytes];
    }

    /// <summary>Whether appends may be held. Set to false, what is held is written at once.</summary>
    public bool Hold
    {
        get
        {
            return _hold;
        }

        set
        {
            _hold = value;
            if (!value)
            {
                Flush();
            }
        }
    }

    /// <summary>Says how things stand: online, a sample is on flash only when the hub does not take it soon.</summary>
    /// <param name="waits">Whether samples wait for the hub.</param>
    /// <param name="online">Whether the hub is there.</param>
    /// <param name="nowMs">Monotonic time in milliseconds.</param>
    public void Spare(bool waits, bool online, long nowMs)
    {
        if (!waits || _waitingSinceMs < 0)
        {
            _waitingSinceMs = waits ? nowMs : -1;
        }

        bool late = waits && nowMs - _waitingSinceMs >= HeldMs;
        bool hold = online && !late;
        if (hold != Hold || late)
        {
            Hold = hold;
        }
    }

    /// <summary>Bytes that are held: what a power cut now would take.</summary>
    public int HeldBytes
    {
        get { return _count; }
    }

    /// <summary>Writes what is held.</summary>
    /// <returns>False when flash refused; what was held stays held.</returns>
    public bool Flush()
    {
        if (_count == 0)
        {
            return true;
        }

        if (!_store.TryAppend(_segment, _held, 0, _count))
        {
            return false;
        }

        _count = 0;
        return true;
    }

    /// <inheritdoc/>
    public int[] List()
    {
        int[] there = _store.List();
        if (_count == 0 || _store.Length(_segment) > 0)
        {
            return there;
        }

        int[] all = new int[there.Length + 1];
        Array.Copy(there, 0, all, 0, there.Length);
        all[there.Length] = _segment; // a new segment is always the last
        return all;
    }

    /// <inheritdoc/>
    public int Length(int segment) => _store.Length(segment) + (segment == _segment ? _count : 0);

    /// <inheritdoc/>
    public int Read(int segment, int position, byte[] buffer, int offset, int count)
    {
        int read = _store.Read(segment, position, buffer, offset, count);
        if (segment != _segment || read == count)
        {
            return read;
        }

        int from = position + read - _store.Length(segment);
        int take = _count - from < count - read ? _count - from : count - read;
        if (take > 0)
        {
            Array.Copy(_held, from, buffer, offset + read, take);
            read += take;
        }

        return read;
    }

    /// <inheritdoc/>
    public bool TryAppend(int segment, byte[] buffer, int offset, int count)
    {
        if ((segment != _segment || _count + count > _held.Length) && !Flush())
        {
            return false;
        }

        _segment = segment;
        if (count > _held.Length)
        {
            return _store.TryAppend(segment, buffer, offset, count);
        }

        if (!_hold && _count == 0)
        {
            return _store.TryAppend(segment, buffer, offset, count);
        }

        Array.Copy(buffer, offset, _held, _count, count);
        _count += count;
        if (_hold || Flush())
        {
            return true;
        }

        _count -= count; // refused: the caller counts it as lost, so it must not come later
        return false;
    }

    /// <inheritdoc/>
    public void Delete(int segment)
    {
        if (segment == _segment)
        {
            _count = 0;
        }

        _store.Delete(segment);
    }
}
