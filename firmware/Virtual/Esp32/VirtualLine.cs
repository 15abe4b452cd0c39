using IotXmpp.Esp32;

namespace IotXmpp.Virtual;

/// <summary>A serial line in memory, both its ends. Bytes that nobody reads wait.</summary>
public sealed class VirtualLine : IBoardLine
{
    private readonly Queue<byte> _toBoard = new();
    private readonly Queue<byte> _fromBoard = new();

    /// <summary>Whether the firmware has it open.</summary>
    public bool IsOpen { get; private set; } = true;

    /// <summary>The other end sends bytes.</summary>
    /// <param name="data">The bytes.</param>
    public void Write(ReadOnlySpan<byte> data)
    {
        foreach (byte b in data)
        {
            _toBoard.Enqueue(b);
        }
    }

    /// <summary>What the board has sent since the last call.</summary>
    public byte[] Take()
    {
        byte[] all = [.. _fromBoard];
        _fromBoard.Clear();
        return all;
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        int count = 0;
        while (count < buffer.Length && _toBoard.TryDequeue(out byte b))
        {
            buffer[count++] = b;
        }

        return count;
    }

    /// <inheritdoc/>
    public void Send(byte[] buffer, int offset, int count)
    {
        foreach (byte b in buffer.AsSpan(offset, count))
        {
            _fromBoard.Enqueue(b);
        }
    }

    /// <inheritdoc/>
    public void Close() => IsOpen = false;
}
