namespace IotXmpp.Esp32.Improv;

/// <summary>Finds Improv frames in a stream of bytes that carries other things, too. Holds one frame and allocates nothing.</summary>
public sealed class ImprovReader
{
    private readonly byte[] _frame = new byte[ImprovFrame.MaxBytes];
    private int _length;

    /// <summary>The type of the frame that was complete.</summary>
    public byte Type { get; private set; }

    /// <summary>The frame's data are the first <see cref="Count"/> bytes from <see cref="Offset"/> on in this buffer, until the next byte is taken.</summary>
    public byte[] Buffer
    {
        get { return _frame; }
    }

    /// <summary>Where the data begin.</summary>
    public int Offset
    {
        get { return ImprovFrame.HeaderBytes; }
    }

    /// <summary>Bytes of data.</summary>
    public int Count { get; private set; }

    /// <summary>Frames that were dropped: a wrong checksum, or a version that is not ours.</summary>
    public int Dropped { get; private set; }

    /// <summary>Whether the bytes taken so far may be the beginning of a frame.</summary>
    public bool IsInFrame
    {
        get { return _length > 0; }
    }

    /// <summary>Takes a byte.</summary>
    /// <param name="value">The byte.</param>
    /// <returns>True when it completes a good frame.</returns>
    public bool Take(byte value)
    {
        if (_length < 6)
        {
            if (value == Letter(_length))
            {
                _frame[_length++] = value;
            }
            else
            {
                // No letter of IMPROV comes twice, so the only other beginning is its first.
                _length = 0;
                if (value == Letter(0))
                {
                    _frame[_length++] = value;
                }
            }

            return false;
        }

        _frame[_length++] = value;
        if (_length < ImprovFrame.HeaderBytes || _length < ImprovFrame.HeaderBytes + _frame[8] + 1)
        {
            return false;
        }

        int length = _length;
        _length = 0;
        int sum = 0;
        for (int i = 0; i < length - 1; i++)
        {
            sum += _frame[i];
        }

        if ((byte)sum != value || _frame[6] != ImprovFrame.Version)
        {
            Dropped++;
            return false;
        }

        Type = _frame[7];
        Count = _frame[8];
        return true;
    }

    /// <summary>Forgets a frame that has begun: the other side has been silent in the middle of it.</summary>
    public void Reset()
    {
        _length = 0;
    }

    private static byte Letter(int index)
    {
        switch (index)
        {
            case 0:
                return (byte)'I';
            case 1:
                return (byte)'M';
            case 2:
                return (byte)'P';
            case 3:
                return (byte)'R';
            case 4:
                return (byte)'O';
            default:
                return (byte)'V';
        }
    }
}
