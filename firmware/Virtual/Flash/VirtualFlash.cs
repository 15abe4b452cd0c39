using IotXmpp.Esp32;
using IotXmpp.Things;

namespace IotXmpp.Virtual;

/// <summary>The power of a virtual board went away in the middle of something: everything that is not flash is lost.</summary>
public sealed class PowerCutException : Exception
{
    /// <summary>Power is gone.</summary>
    public PowerCutException()
        : base("The power was cut.")
    {
    }

    /// <summary>Power is gone.</summary>
    public PowerCutException(string message)
        : base(message)
    {
    }

    /// <summary>Power is gone.</summary>
    public PowerCutException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// Flash in memory, which outlives the virtual board's restarts: the segments of a ring and whole files, in one space. <see cref="CutPowerAfter"/> makes the power fail after so many more written bytes, in the
/// middle of a write if it comes so; until <see cref="RestorePower"/> nothing works.
/// </summary>
public sealed class VirtualFlash : ISegmentStore, IBoardFiles
{
    /// <summary>Bytes when nothing else is said. Default 262,144: the file system of a 4 MB board.</summary>
    public const int DefaultCapacity = 262144;

    private readonly Space _ring;
    private readonly Space _images;
    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly int _capacity;
    private long _used;
    private long _bytesUntilCut = -1;
    private bool _dead;

    /// <summary>Makes empty flash.</summary>
    /// <param name="capacity">Bytes it holds.</param>
    public VirtualFlash(int capacity = DefaultCapacity)
    {
        _capacity = capacity;
        _ring = new Space(this);
        _images = new Space(this);
    }

    /// <summary>The segments of images that came by updates.</summary>
    public ISegmentStore Images => _images;

    /// <summary>Called before each write and each removal; a test counts them, or cuts the power there.</summary>
    public Action? Writing { get; set; }

    /// <summary>The power fails now: nothing works until <see cref="RestorePower"/>.</summary>
    public void CutPower()
    {
        _dead = true;
        throw new PowerCutException();
    }

    /// <summary>Bytes in use.</summary>
    public long UsedBytes => _used;

    /// <summary>Bytes written ever, for wear.</summary>
    public long WrittenBytes { get; private set; }

    /// <summary>Appends to segments ever: each costs a flash file system the erasing of a block.</summary>
    public int Appends { get; private set; }

    /// <summary>Bytes of memory that the segments have taken to grow: the simulation's, not the firmware's.</summary>
    public long OwnAllocatedBytes { get; private set; }

    /// <summary>The most bytes that were ever in use.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>What a cut leaves of the bytes of an append that were not written: nothing, or (true) erased flash, 0xFF, in their place.</summary>
    public bool CutLeavesErased { get; set; }

    /// <summary>The power fails when so many more bytes have been written.</summary>
    /// <param name="bytes">Bytes that still succeed.</param>
    public void CutPowerAfter(long bytes) => _bytesUntilCut = bytes;

    /// <summary>The files there are.</summary>
    public IReadOnlyCollection<string> Files => _files.Keys;

    /// <summary>The power is back.</summary>
    public void RestorePower()
    {
        _dead = false;
        _bytesUntilCut = -1;
    }

    /// <inheritdoc/>
    public int[] List() => _ring.List();

    /// <inheritdoc/>
    public int Length(int segment) => _ring.Length(segment);

    /// <inheritdoc/>
    public int Read(int segment, int position, byte[] buffer, int offset, int count) => _ring.Read(segment, position, buffer, offset, count);

    /// <inheritdoc/>
    public bool TryAppend(int segment, byte[] buffer, int offset, int count) => _ring.TryAppend(segment, buffer, offset, count);

    /// <inheritdoc/>
    public void Delete(int segment) => _ring.Delete(segment);

    /// <inheritdoc/>
    byte[]? IBoardFiles.Read(string path)
    {
        RequirePower();
        return _files.TryGetValue(path, out byte[]? file) ? [.. file] : null;
    }

    /// <inheritdoc/>
    public bool TryWrite(string path, byte[] data)
    {
        RequirePower();
        Writing?.Invoke();
        int before = _files.TryGetValue(path, out byte[]? old) ? old.Length : 0;
        if (_used - before + data.Length > _capacity)
        {
            return false;
        }

        int write = _bytesUntilCut >= 0 && _bytesUntilCut < data.Length ? (int)_bytesUntilCut : data.Length;
        // A cut leaves what was written of the new file, and nothing of the old.
        _files[path] = data[..write];
        _used += write - before;
        WrittenBytes += write;
        PeakBytes = Math.Max(PeakBytes, _used);
        _bytesUntilCut -= _bytesUntilCut >= 0 ? write : 0;
        if (write < data.Length)
        {
            _dead = true;
            throw new PowerCutException();
        }

        return true;
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        RequirePower();
        Writing?.Invoke();
        if (_files.Remove(path, out byte[]? file))
        {
            _used -= file.Length;
        }
    }

    private void RequirePower()
    {
        if (_dead)
        {
            throw new PowerCutException();
        }
    }

    // Segments that grow, one set of them.
    private sealed class Space(VirtualFlash flash) : ISegmentStore
    {
        private readonly SortedDictionary<int, MemoryStream> _segments = [];

        public int[] List()
        {
            flash.RequirePower();
            return [.. _segments.Keys];
        }

        public int Length(int segment)
        {
            flash.RequirePower();
            return _segments.TryGetValue(segment, out MemoryStream? found) ? (int)found.Length : 0;
        }

        public int Read(int segment, int position, byte[] buffer, int offset, int count)
        {
            flash.RequirePower();
            if (!_segments.TryGetValue(segment, out MemoryStream? found) || position >= found.Length)
            {
                return 0;
            }

            found.Position = position;
            return found.Read(buffer, offset, count);
        }

        public bool TryAppend(int segment, byte[] buffer, int offset, int count)
        {
            flash.RequirePower();
            flash.Writing?.Invoke();
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                return Append(segment, buffer, offset, count);
            }
            finally
            {
                flash.OwnAllocatedBytes += GC.GetAllocatedBytesForCurrentThread() - before;
            }
        }

        public void Delete(int segment)
        {
            flash.RequirePower();
            flash.Writing?.Invoke();
            if (_segments.Remove(segment, out MemoryStream? found))
            {
                flash._used -= found.Length;
            }
        }

        private bool Append(int segment, byte[] buffer, int offset, int count)
        {
            if (flash._used + count > flash._capacity)
            {
                return false;
            }

            flash.Appends++;
            int write = flash._bytesUntilCut >= 0 && flash._bytesUntilCut < count ? (int)flash._bytesUntilCut : count;
            if (!_segments.TryGetValue(segment, out MemoryStream? found))
            {
                _segments[segment] = found = new MemoryStream();
            }

            found.Position = found.Length;
            found.Write(buffer, offset, write);
            flash._used += write;
            flash.WrittenBytes += write;
            flash.PeakBytes = Math.Max(flash.PeakBytes, flash._used);
            if (flash._bytesUntilCut >= 0)
            {
                flash._bytesUntilCut -= write;
            }

            if (write < count)
            {
                for (int i = write; flash.CutLeavesErased && i < count; i++, flash._used++)
                {
                    found.WriteByte(0xFF);
                }

                flash.CutPower();
            }

            return true;
        }
    }
}
