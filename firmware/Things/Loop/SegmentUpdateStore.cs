using IotXmpp.Features;
using IotXmpp.Sasl;
using IotXmpp.Xml;

namespace IotXmpp.Things;

/// <summary>
/// Two images as numbered segments that only grow, on the flash file system of a board: slot 0 from segment 0 on, slot 1 from <see cref="SlotSegments"/> on. A power cut can tear the last segment
/// only, so <see cref="Trim"/> drops that and the rest is kept.
/// </summary>
public sealed class SegmentUpdateStore : IUpdateStore
{
    /// <summary>Bytes of a segment. Default 4,096: two pieces, and a block of flash.</summary>
    public const int SegmentBytes = 4096;

    private const int SlotSegments = 4096;

    private readonly ISegmentStore _segments;

    /// <summary>Images in these segments, which hold nothing else.</summary>
    /// <param name="segments">The segments.</param>
    /// <param name="maxBytes">Bytes of an image at most.</param>
    public SegmentUpdateStore(ISegmentStore segments, int maxBytes)
    {
        _segments = segments;
        MaxBytes = maxBytes;
    }

    /// <inheritdoc/>
    public int MaxBytes { get; }

    /// <inheritdoc/>
    public int Length(int slot)
    {
        int count = Count(slot);
        return count == 0 ? 0 : ((count - 1) * SegmentBytes) + _segments.Length((slot * SlotSegments) + count - 1);
    }

    /// <inheritdoc/>
    public int Trim(int slot)
    {
        int count = Count(slot);
        if (count == 0)
        {
            Clear(slot);
            return 0;
        }

        _segments.Delete((slot * SlotSegments) + count - 1);
        return (count - 1) * SegmentBytes;
    }

    /// <inheritdoc/>
    public bool TryAppend(int slot, byte[] buffer, int offset, int count)
    {
        int length = Length(slot);
        if (length + count > MaxBytes)
        {
            return false;
        }

        while (count > 0)
        {
            int room = SegmentBytes - (length % SegmentBytes);
            int take = count < room ? count : room;
            if (!_segments.TryAppend((slot * SlotSegments) + (length / SegmentBytes), buffer, offset, take))
            {
                return false;
            }

            offset += take;
            count -= take;
            length += take;
        }

        return true;
    }

    /// <inheritdoc/>
    public int Read(int slot, int position, byte[] buffer, int offset, int count)
    {
        int read = 0;
        while (read < count)
        {
            int at = (position + read) % SegmentBytes;
            int take = count - read < SegmentBytes - at ? count - read : SegmentBytes - at;
            int got = _segments.Read((slot * SlotSegments) + ((position + read) / SegmentBytes), at, buffer, offset + read, take);
            read += got;
            if (got < take)
            {
                break;
            }
        }

        return read;
    }

    /// <inheritdoc/>
    public void Clear(int slot)
    {
        // From the last to the first, so that what a power cut leaves is seen and cleared the next time.
        int[] all = _segments.List();
        for (int i = all.Length - 1; i >= 0; i--)
        {
            if (all[i] / SlotSegments == slot)
            {
                _segments.Delete(all[i]);
            }
        }
    }

    /// <inheritdoc/>
    public bool Prepare(int slot, out string wrong)
    {
        wrong = null;
        return true;
    }

    /// <inheritdoc/>
    public bool IsWhole(int slot, int size, byte[] sha256)
    {
        if (Length(slot) != size || size > MaxBytes)
        {
            return false;
        }

        Sha256 sum = new Sha256();
        byte[] buffer = new byte[1024];
        for (int at = 0; at < size; at += buffer.Length)
        {
            int count = size - at < buffer.Length ? size - at : buffer.Length;
            if (Read(slot, at, buffer, 0, count) != count)
            {
                return false;
            }

            sum.Add(buffer, 0, count);
        }

        return Utf8.Equal(sum.Finish(), 0, 32, sha256);
    }

    /// <summary>A whole image, to be loaded.</summary>
    /// <param name="slot">Its slot.</param>
    /// <returns>Its bytes, in one piece; at start only, while memory is in one piece too.</returns>
    public byte[] ReadAll(int slot)
    {
        byte[] image = new byte[Length(slot)];
        Read(slot, 0, image, 0, image.Length);
        return image;
    }

    // Segments that follow each other from the slot's first on.
    private int Count(int slot)
    {
        int count = 0;
        while (_segments.Length((slot * SlotSegments) + count) > 0)
        {
            count++;
        }

        return count;
    }
}
