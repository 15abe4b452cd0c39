using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace IotXmpp.LoadGenerator.Net;

/// <summary>
/// One non-blocking socket on the <see cref="EventLoop"/>, with or without TLS. Writes are gathered and leave once a turn; what was
/// received is shown to <see cref="Received"/> in one piece, and what that leaves is kept for the next time.
/// </summary>
internal abstract class Connection(EventLoop loop)
{
    /// <summary>A peer's element or packet may have this many bytes at most; more is an error, not a reason to grow.</summary>
    private const int MaxUnitBytes = 256 * 1024;

    private Socket? _socket;
    private int _descriptor = -1;
    private int _slot = -1;
    private bool _connected;
    private bool _watchWritable;
    private bool _dirty;
    private byte[] _carry = [];
    private int _carried;
    private Outbox _plain;
    private Outbox _wire;
    private TlsLayer? _tls;

    protected EventLoop Loop { get; } = loop;

    public bool IsOpen => _socket is not null;

    /// <summary>When the current wait fails, in ticks; <see cref="long.MaxValue"/> is no wait.</summary>
    protected long Deadline { get; set; } = long.MaxValue;

    protected string Waiting { get; set; } = "connect";

    /// <summary>Begins to connect; <see cref="OnConnected"/> or <see cref="OnClosed"/> follows.</summary>
    public void Open(IPEndPoint remote, IPAddress? source)
    {
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, Blocking = false };
        try
        {
            if (source is not null)
            {
                socket.SetSocketOption(SocketOptionLevel.IP, (SocketOptionName)24 /* IP_BIND_ADDRESS_NO_PORT */, 1);
                socket.Bind(new IPEndPoint(source, 0));
            }

            socket.Connect(remote);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // Writable tells when it has connected.
        }
        catch (SocketException e)
        {
            socket.Dispose();
            OnClosed("connect: " + e.SocketErrorCode);
            return;
        }

        _socket = socket;
        _descriptor = (int)socket.Handle;
        _watchWritable = true;
        _slot = Loop.Register(this, _descriptor);
    }

    /// <summary>Whether each unit that is written is a WebSocket frame.</summary>
    protected bool IsFramed { get; set; }

    /// <summary>Appends one unit to what leaves at the end of this turn.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_socket is null)
        {
            return;
        }

        if (NeedsNamespace(bytes))
        {
            bytes = WebSocketFrames.WithNamespace(bytes);
        }

        bytes.CopyTo(Reserve(bytes.Length));
    }

    /// <summary>Whether a unit is a stanza that has to say its namespace, since no stream says it around it (RFC 7395 §3.3.3).</summary>
    public bool NeedsNamespace(ReadOnlySpan<byte> unit) => IsFramed && WebSocketFrames.IsNameless(unit);

    /// <summary>Room for a pre-serialized unit; the caller fills all of it at once.</summary>
    public Span<byte> Reserve(int count)
    {
        MarkDirty();
        if (IsFramed)
        {
            WebSocketFrames.WriteHead(_plain.Reserve(WebSocketFrames.HeadLength(count)), count);
        }

        return _plain.Reserve(count);
    }

    public void Flush()
    {
        _dirty = false;
        if (_socket is null || !_connected)
        {
            return;
        }

        if (_tls is { } tls)
        {
            if (tls.Ready && _plain.Length > 0)
            {
                tls.Encrypt(_plain.Bytes);
                _plain.Release();
            }

            Push(ref _wire);
        }
        else
        {
            Push(ref _plain);
        }
    }

    /// <summary>Closes without waiting. Resets, so that no local port stays in TIME_WAIT for the next thousand log-ins.</summary>
    public void Close()
    {
        if (_socket is not { } socket)
        {
            return;
        }

        _socket = null;
        Deadline = long.MaxValue;
        Loop.Forget(_descriptor, _slot);
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (SocketException)
        {
            // The peer was first; the socket is gone either way.
        }

        socket.Dispose();
        _tls?.Dispose();
        _plain.Release();
        _wire.Release();
        if (_carry.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_carry);
            _carry = [];
        }
    }

    public void Fail(string kind)
    {
        if (_socket is not null)
        {
            Close();
            OnClosed(kind);
        }
    }

    public void CheckDeadline(long now)
    {
        if (now > Deadline)
        {
            Fail("timeout: " + Waiting);
        }
    }

    public void OnWritable()
    {
        if (!_connected)
        {
            var error = (SocketError)(int)_socket!.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
            if (error != SocketError.Success)
            {
                Fail("connect: " + error);
                return;
            }

            _connected = true;
            OnConnected();
        }

        Flush();
    }

    public void OnReadable()
    {
        Loop.Refresh();
        var inbox = Loop.Inbox;
        var kept = _tls is null ? TakeCarry(inbox) : 0;
        var count = _socket!.Receive(inbox.AsSpan(kept), SocketFlags.None, out var error);
        if (error is SocketError.WouldBlock)
        {
            Keep(inbox.AsSpan(0, kept));
            return;
        }

        if (error != SocketError.Success || count == 0)
        {
            Fail(error == SocketError.Success ? "closed by server" : "receive: " + error);
            return;
        }

        if (_tls is { } tls)
        {
            tls.Feed(inbox.AsSpan(0, count));
        }
        else
        {
            Consume(inbox.AsSpan(0, kept + count));
        }
    }

    protected abstract void OnConnected();

    /// <summary>Shows all bytes not yet consumed; returns how many are done with.</summary>
    protected abstract int Received(ReadOnlySpan<byte> bytes);

    protected abstract void OnClosed(string kind);

    protected void StartTls(TlsSettings settings, Action secured)
    {
        _tls = new TlsLayer(settings, bytes => { _wire.Append(bytes); MarkDirty(); }, Decrypted, Loop.Plaintext);
        _tls.Begin(() =>
        {
            secured();
            MarkDirty();
        }, Fail);
    }

    private void Decrypted(byte[] buffer, int count)
    {
        if (_socket is null)
        {
            return;
        }

        if (_carried == 0)
        {
            Consume(buffer.AsSpan(0, count));
            return;
        }

        var joined = ArrayPool<byte>.Shared.Rent(_carried + count);
        var kept = TakeCarry(joined);
        buffer.AsSpan(0, count).CopyTo(joined.AsSpan(kept));
        Consume(joined.AsSpan(0, kept + count));
        ArrayPool<byte>.Shared.Return(joined);
    }

    private void Consume(ReadOnlySpan<byte> bytes)
    {
        var done = Received(bytes);
        if (_socket is not null)
        {
            Keep(bytes[done..]);
        }
    }

    private int TakeCarry(byte[] into)
    {
        var kept = _carried;
        if (kept > 0)
        {
            _carry.AsSpan(0, kept).CopyTo(into);
            ArrayPool<byte>.Shared.Return(_carry);
            _carry = [];
            _carried = 0;
        }

        return kept;
    }

    private void Keep(ReadOnlySpan<byte> rest)
    {
        if (rest.Length == 0)
        {
            return;
        }

        if (rest.Length > MaxUnitBytes)
        {
            Fail("oversized stanza from server");
            return;
        }

        _carry = ArrayPool<byte>.Shared.Rent(rest.Length);
        rest.CopyTo(_carry);
        _carried = rest.Length;
    }

    private void Push(ref Outbox box)
    {
        while (box.Length > 0)
        {
            var sent = _socket!.Send(box.Bytes, SocketFlags.None, out var error);
            if (error is SocketError.WouldBlock)
            {
                if (!_watchWritable)
                {
                    _watchWritable = true;
                    Loop.WatchWritable(_descriptor, _slot, true);
                }

                return;
            }

            if (error != SocketError.Success)
            {
                Fail("send: " + error);
                return;
            }

            box.Skip(sent);
        }

        box.Release();
        if (_watchWritable)
        {
            _watchWritable = false;
            Loop.WatchWritable(_descriptor, _slot, false);
        }
    }

    private void MarkDirty()
    {
        if (!_dirty)
        {
            _dirty = true;
            Loop.MarkDirty(this);
        }
    }

    /// <summary>Bytes that wait for the socket, in a rented array that goes back when all have left.</summary>
    private struct Outbox
    {
        private byte[]? _buffer;
        private int _start;
        private int _end;

        public readonly int Length => _end - _start;

        public readonly ReadOnlySpan<byte> Bytes => _buffer.AsSpan(_start, Length);

        public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Reserve(bytes.Length));

        public Span<byte> Reserve(int count)
        {
            var buffer = _buffer;
            if (buffer is null || buffer.Length - _end < count)
            {
                var larger = ArrayPool<byte>.Shared.Rent(Math.Max(1024, (Length + count) * 2));
                if (buffer is not null)
                {
                    Bytes.CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                }

                _end = Length;
                _start = 0;
                _buffer = buffer = larger;
            }

            var room = buffer.AsSpan(_end, count);
            _end += count;
            return room;
        }

        public void Skip(int count) => _start += count;

        public void Release()
        {
            if (_buffer is { } buffer)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            this = default;
        }
    }
}
