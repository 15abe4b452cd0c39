using IotXmpp.Esp32;

namespace IotXmpp.Virtual;

/// <summary>A board's socket over a <see cref="VirtualNetwork"/>: a hub that is silent in the handshake freezes the runtime, as nanoFramework's TLS does. TLS itself is taken as done.</summary>
/// <param name="network">The network.</param>
/// <param name="radio">The radio: without it bytes vanish, and nobody is told.</param>
/// <param name="clock">The time.</param>
internal sealed class VirtualSocket(VirtualNetwork network, IRadio radio, VirtualClock clock) : IBoardSocket, IVirtualClient
{
    private readonly VirtualLink _link = network.CreateLink();
    private readonly Queue<byte[]> _arrived = new();
    private int _from;
    private bool _open;
    private string? _failure;
    private bool _heard;

    /// <summary>How often something was sent on this connection after something had been received: round trips begun.</summary>
    public int Flights { get; private set; }

    /// <summary>When the next thing happens on it, in monotonic milliseconds.</summary>
    public long NextDueMs => _arrived.Count > 0 ? clock.NowMs : _link.NextDueMs;

    /// <summary>Bytes that the server has allocated to read what came: not the board's.</summary>
    public long ServerAllocatedBytes => _link.ServerAllocatedBytes;

    /// <summary>Lets happen on the network what is due.</summary>
    public void Pump(long nowMs)
    {
        _link.IsSilent = !radio.IsConnected;
        _link.Pump(nowMs);
    }

    /// <summary>The board is reset: nobody is told.</summary>
    public void Abandon() => _link.Abandon();

    /// <inheritdoc/>
    public string? Look(string host, int port, int limitMs) => Reach(host) ?? (network.Look() ? null : BoardSocket.Silent);

    /// <inheritdoc/>
    public string? Open(string host, int port)
    {
        if (Reach(host) is { } failure)
        {
            return failure;
        }

        if (network.IsSilentInHandshake)
        {
            throw new FrozenException();
        }

        _arrived.Clear();
        _from = 0;
        _failure = null;
        (Flights, _heard) = (0, true);
        _link.Attach(this);
        _link.OpenNow(clock.NowMs);
        return _failure;
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (!_arrived.TryPeek(out byte[]? next))
        {
            return _open ? 0 : -1;
        }

        _heard = true;
        int count = Math.Min(buffer.Length, next.Length - _from);
        Array.Copy(next, _from, buffer, 0, count);
        _from += count;
        if (_from == next.Length)
        {
            _arrived.Dequeue();
            _from = 0;
        }

        return count;
    }

    /// <inheritdoc/>
    public bool TryWrite(byte[] buffer, int offset, int count)
    {
        if (_open)
        {
            Flights += _heard ? 1 : 0;
            _heard = false;
            _link.Send(buffer, offset, count);
        }

        return _open;
    }

    /// <inheritdoc/>
    public void Close()
    {
        _open = false;
        _link.Close();
    }

    /// <inheritdoc/>
    public void Connected(long nowMs) => _open = true;

    /// <inheritdoc/>
    public void Feed(byte[] data, int offset, int count) => _arrived.Enqueue(data);

    /// <inheritdoc/>
    public void Disconnected(long nowMs, string reason)
    {
        _open = false;
        _failure = reason;
    }

    private string? Reach(string host)
    {
        _link.IsSilent = !radio.IsConnected;
        return _link.IsSilent || network.IsSilent ? "there is no network"
            : network.Host is { } only && only != host ? $"{host} does not answer"
            : null;
    }
}
