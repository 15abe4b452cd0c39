using System;
using IotXmpp.Xml;

namespace IotXmpp.Things;

/// <summary>
/// Samples that wait for the hub, in storage that survives a power cut. Bounded: when it is full the oldest segment goes, and what was in it is counted.
/// A sample leaves only after <see cref="AcknowledgeRead"/>. The storage is a log of checked records (sample, acknowledgement, and a header that opens each
/// segment); a record torn by a power cut fails its check and ends its segment, everything before it stays good.
/// </summary>
public sealed class TelemetryRing
{
    /// <summary>Bytes of one segment. Default 8,192: the unit that is dropped when the ring is full, and two blocks of a flash file system.</summary>
    public const int DefaultSegmentBytes = 8192;

    /// <summary>Segments at most. Default 16: with 8 KiB each, over 1,000 samples of three fields, in half of a 4 MB board's file system.</summary>
    public const int DefaultMaxSegments = 16;

    /// <summary>Bytes of one sample at most. Default 1,024: sixteen fields with long names.</summary>
    public const int MaxSampleBytes = 1024;

    private const byte Mark = 0xA5;
    private const byte SampleRecord = 1;
    private const byte AckRecord = 2;
    private const byte HeaderRecord = 3;
    private const int Overhead = 10;
    private const int HeaderPayload = 12;

    private readonly ISegmentStore _store;
    private readonly int _segmentBytes;
    private readonly int _maxSegments;
    private readonly int[] _segments;
    private readonly int[] _unsent;
    private readonly byte[] _record = new byte[MaxSampleBytes + Overhead];
    private int _segmentCount;
    private int _tailLength;
    private bool _tailTorn;
    private uint _nextSequence = 1;
    private uint _acknowledged;
    private int _headSegment;
    private int _headPosition;
    private int _readSegment;
    private int _readPosition;
    private uint _readSequence;
    private int _readCount;
    private int _unreadable;
    private long _dropped;
    private int _inDoubt;

    /// <summary>Opens the ring with what the storage has kept.</summary>
    /// <param name="store">The storage; the ring is its only user.</param>
    /// <param name="segmentBytes">Bytes of one segment.</param>
    /// <param name="maxSegments">Segments at most; 2 or more.</param>
    public TelemetryRing(ISegmentStore store, int segmentBytes = DefaultSegmentBytes, int maxSegments = DefaultMaxSegments)
    {
        if (segmentBytes < 256 || maxSegments < 2)
        {
            throw new ArgumentException("a ring has two segments of 256 bytes or more");
        }

        _store = store;
        _segmentBytes = segmentBytes;
        _maxSegments = maxSegments;
        // A smaller ring may follow a larger one at an update: what it finds too much is dropped, so there must be room to see it.
        int[] found = store.List();
        int size = found.Length > maxSegments ? found.Length : maxSegments;
        _segments = new int[size];
        _unsent = new int[size];
        Recover(found);
    }

    /// <summary>Samples that wait.</summary>
    public int Count { get; private set; }

    /// <summary>Samples that were lost, ever: the oldest of a full ring, and those that the storage refused. A sample that was read counts only when it is known that the hub has not got it.</summary>
    public long Dropped
    {
        get { return _dropped; }
    }

    /// <summary>Samples read by <see cref="TryNext"/> since the last acknowledgement or rewind that are still here.</summary>
    public int ReadCount
    {
        get { return _readCount; }
    }

    /// <summary>Adds a sample.</summary>
    /// <param name="sample">The sample.</param>
    /// <returns>False when it is too large or the storage refuses; it is then counted in <see cref="Dropped"/>.</returns>
    public bool Add(Sample sample)
    {
        int end = SampleCodec.Write(sample, _record, 8, 8 + MaxSampleBytes);
        // The first record of a segment must fit behind the header.
        if (end < 0 || end - 8 + Overhead + HeaderPayload + Overhead > _segmentBytes || !Append(SampleRecord, _nextSequence, end - 8))
        {
            _dropped++;
            return false;
        }

        _nextSequence++;
        _unsent[_segmentCount - 1]++;
        Count++;
        return true;
    }

    /// <summary>Reads the next waiting sample, oldest first.</summary>
    /// <param name="sample">Filled.</param>
    /// <returns>False at the end.</returns>
    public bool TryNext(Sample sample)
    {
        while (_readSegment < _segmentCount)
        {
            byte type;
            uint sequence;
            int length = ReadRecord(_segments[_readSegment], _readPosition, out type, out sequence);
            if (length < 0)
            {
                _readSegment++;
                _readPosition = 0;
                continue;
            }

            _readPosition += length + Overhead;
            if (type == SampleRecord && sequence > _acknowledged)
            {
                _readCount++;
                _readSequence = sequence;
                if (SampleCodec.TryRead(_record, 8, 8 + length, sample))
                {
                    return true;
                }

                // A form this firmware does not know: it goes with the next acknowledgement, and is counted then.
                _unreadable++;
            }
        }

        // Behind the end there will be more later, in the last segment.
        if (_segmentCount > 0)
        {
            _readSegment = _segmentCount - 1;
            _readPosition = _tailLength;
        }

        return false;
    }

    /// <summary>What was read has not reached the hub: reading begins again at the oldest waiting sample.</summary>
    public void Rewind()
    {
        _dropped += _inDoubt;
        _inDoubt = 0;
        _readSegment = _headSegment;
        _readPosition = _headPosition;
        _readCount = 0;
        _unreadable = 0;
    }

    /// <summary>Everything that was read is the hub's now: it leaves the ring. A segment without waiting samples is removed.</summary>
    /// <returns>False when the storage refused to keep that: then these samples are sent again after a restart, which the hub recognizes.</returns>
    public bool AcknowledgeRead()
    {
        _inDoubt = 0;
        if (_readCount == 0)
        {
            return true;
        }

        // Samples of the batch that a full ring has dropped meanwhile are no longer counted in it.
        int left = _readCount;
        for (int i = 0; i < _segmentCount && left > 0; i++)
        {
            int taken = left < _unsent[i] ? left : _unsent[i];
            _unsent[i] -= taken;
            Count -= taken;
            left -= taken;
        }

        _dropped += _unreadable;
        _unreadable = 0;
        _acknowledged = _readSequence;
        _headSegment = _readSegment;
        _headPosition = _readPosition;
        _readCount = 0;
        // Room first: else keeping the acknowledgement could cost a sample that still waits.
        while (_segmentCount > 1 && _unsent[0] == 0 && _headSegment > 0)
        {
            RemoveOldest();
        }

        bool kept = Append(AckRecord, _acknowledged, 0);
        return kept;
    }

    private static ushort Crc(byte[] buffer, int offset, int count)
    {
        // CRC-16/CCITT-FALSE: a torn or erased record must not look like one.
        int crc = 0xFFFF;
        for (int i = 0; i < count; i++)
        {
            crc ^= buffer[offset + i] << 8;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
            }
        }

        return (ushort)crc;
    }

    private static void Put32(byte[] buffer, int offset, uint value)
    {
        buffer[offset] = (byte)value;
        buffer[offset + 1] = (byte)(value >> 8);
        buffer[offset + 2] = (byte)(value >> 16);
        buffer[offset + 3] = (byte)(value >> 24);
    }

    private static uint Get32(byte[] buffer, int offset)
        => (uint)(buffer[offset] | (buffer[offset + 1] << 8) | (buffer[offset + 2] << 16) | (buffer[offset + 3] << 24));

    // The payload stands in _record from 8 on; writes mark, type, length and sequence before it and the check behind it.
    private bool Append(byte type, uint sequence, int length)
    {
        int size = length + Overhead;
        if (_segmentCount > 0 && !_tailTorn && _tailLength + size <= _segmentBytes)
        {
            if (WriteRecord(type, sequence, length))
            {
                return true;
            }

            if (type != SampleRecord)
            {
                return false;
            }

            // The storage is full before the ring is: the oldest has to go, not this one.
            if (_segmentCount > 2)
            {
                DropOldest();
            }
        }

        // The header is built in the same buffer.
        byte[] kept = new byte[length];
        Array.Copy(_record, 8, kept, 0, length);
        for (bool again = false; OpenSegment(); again = true)
        {
            Array.Copy(kept, 0, _record, 8, length);
            if (WriteRecord(type, sequence, length))
            {
                return true;
            }

            if (again || type != SampleRecord || _segmentCount <= 2)
            {
                return false;
            }

            // There was room for the header and none for the sample: the new segment goes again, and the oldest with it.
            _store.Delete(_segments[--_segmentCount]);
            DropOldest();
        }

        return false;
    }

    private bool WriteRecord(byte type, uint sequence, int length)
    {
        _record[0] = Mark;
        _record[1] = type;
        _record[2] = (byte)length;
        _record[3] = (byte)(length >> 8);
        Put32(_record, 4, sequence);
        int crc = Crc(_record, 0, length + 8);
        _record[length + 8] = (byte)crc;
        _record[length + 9] = (byte)(crc >> 8);
        if (!_store.TryAppend(_segments[_segmentCount - 1], _record, 0, length + Overhead))
        {
            // Some of it may be there: nothing more is written behind it.
            _tailTorn = true;
            return false;
        }

        _tailLength += length + Overhead;
        return true;
    }

    private bool OpenSegment()
    {
        while (_segmentCount >= _maxSegments)
        {
            DropOldest();
        }

        _segments[_segmentCount] = _segmentCount == 0 ? 1 : _segments[_segmentCount - 1] + 1;
        _unsent[_segmentCount] = 0;
        _segmentCount++;
        _tailLength = 0;
        _tailTorn = false;
        if (WriteHeader())
        {
            return true;
        }

        // The storage is smaller than the ring was told: the oldest goes, once for each new segment.
        if (_segmentCount > 2)
        {
            int number = _segments[_segmentCount - 1] + 1;
            _store.Delete(number - 1);
            DropOldest();
            _segments[_segmentCount - 1] = number;
            _tailLength = 0;
            _tailTorn = false;
            if (WriteHeader())
            {
                return true;
            }
        }

        _store.Delete(_segments[_segmentCount - 1]);
        _segmentCount--;
        _tailTorn = true;
        return false;
    }

    private bool WriteHeader()
    {
        Put32(_record, 8, _acknowledged);
        // Whoever reads this does not learn any more what came of the batch.
        Put32(_record, 12, (uint)(_dropped + _inDoubt));
        Put32(_record, 16, _nextSequence);
        return WriteRecord(HeaderRecord, _nextSequence, HeaderPayload);
    }

    private void DropOldest()
    {
        // What of it was read is on its way, and may be the hub's already: whether it is lost is known with the answer.
        int read = _unsent[0] < _readCount ? _unsent[0] : _readCount;
        _readCount -= read;
        _inDoubt += read;
        _dropped += _unsent[0] - read;
        Count -= _unsent[0];
        RemoveOldest();
    }

    private void RemoveOldest()
    {
        _store.Delete(_segments[0]);
        _segmentCount--;
        for (int i = 0; i < _segmentCount; i++)
        {
            _segments[i] = _segments[i + 1];
            _unsent[i] = _unsent[i + 1];
        }

        if (--_headSegment < 0)
        {
            _headSegment = 0;
            _headPosition = 0;
        }

        if (--_readSegment < 0)
        {
            _readSegment = 0;
            _readPosition = 0;
        }
    }

    // Returns the payload's length with the whole record in _record, or -1 where no good record begins.
    private int ReadRecord(int segment, int position, out byte type, out uint sequence)
    {
        type = 0;
        sequence = 0;
        if (_store.Read(segment, position, _record, 0, 8) != 8 || _record[0] != Mark)
        {
            return -1;
        }

        int length = _record[2] | (_record[3] << 8);
        if (length > MaxSampleBytes || _store.Read(segment, position + 8, _record, 8, length + 2) != length + 2)
        {
            return -1;
        }

        if (Crc(_record, 0, length + 8) != (_record[length + 8] | (_record[length + 9] << 8)))
        {
            return -1;
        }

        type = _record[1];
        sequence = Get32(_record, 4);
        return length;
    }

    private void Recover(int[] found)
    {
        // First pass: the newest acknowledgement. Acknowledgements stand in the segment of their samples or a later one, so removing the oldest never loses one.
        for (int i = 0; i < found.Length; i++)
        {
            Scan(found[i], -1);
        }

        // Second pass: what waits in each segment.
        for (int i = 0; i < found.Length; i++)
        {
            _segments[i] = found[i];
            _unsent[i] = 0;
            _segmentCount = i + 1;
            _tailLength = Scan(found[i], i);
            _tailTorn = _tailLength != _store.Length(found[i]);
            Count += _unsent[i];
        }

        while (_segmentCount > _maxSegments)
        {
            DropOldest();
        }

        Rewind();
    }

    // Returns where the good records end.
    private int Scan(int segment, int index)
    {
        int position = 0;
        while (true)
        {
            byte type;
            uint sequence;
            int length = ReadRecord(segment, position, out type, out sequence);
            if (length < 0)
            {
                return position;
            }

            position += length + Overhead;
            uint acknowledged = 0;
            if (type == AckRecord)
            {
                acknowledged = sequence;
            }
            else if (type == HeaderRecord && length == HeaderPayload)
            {
                acknowledged = Get32(_record, 8);
                _dropped = NumberFormat.Signed(Get32(_record, 12));
            }
            else if (type == SampleRecord && index >= 0 && sequence > _acknowledged)
            {
                _unsent[index]++;
            }

            if (acknowledged > _acknowledged)
            {
                _acknowledged = acknowledged;
            }

            if (type != AckRecord && sequence >= _nextSequence)
            {
                _nextSequence = type == SampleRecord ? sequence + 1 : sequence;
            }
        }
    }
}
