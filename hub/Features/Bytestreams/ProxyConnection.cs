using System.Buffers;
using System.Net;
using System.Net.Sockets;
using IotXmpp.Hub.Peers;

namespace IotXmpp.Hub.Features.Bytestreams;

/// <summary>
/// One connection to the proxy: says by SOCKS5 which bytestream it is of, waits, and from the activation on reads for the other side. A buffer is filled by the one socket and sent by the other, so nothing is
/// copied, and who reads slowly makes who sends wait. Without a stream to serve it holds a few bytes only.
/// </summary>
internal sealed class ProxyConnection(ProxyListener listener, Socket socket, IPAddress peer) : IProxySide
{
    /// <summary>Bytes that are on their way in one direction (32 KiB): some packets, so that one send carries what came.</summary>
    private const int RelayBytes = 32 * 1024;

    /// <summary>Bytes that a side may say before the activation (64 KiB); they are read and dropped (§9.4), and who says more is no client.</summary>
    private const int MaxEarlyBytes = 64 * 1024;

    private readonly byte[] _waiting = new byte[Socks5.MaxGreeting + Socks5.RequestLength];
    private readonly long _since = listener.Now;
    private volatile ProxyConnection? _other;
    private volatile ProxyPair? _pair;
    private bool _hasEnded;

    /// <summary>Where it comes from.</summary>
    public IPAddress Peer => peer;

    /// <summary>Whether its bytestream is active.</summary>
    public bool IsActive => _other is not null;

    /// <inheritdoc/>
    public void Activate(ProxyPair pair, IProxySide other)
    {
        pair.LastAt = listener.Now;
        _other = (ProxyConnection)other;
        listener.Activated(this);
    }

    /// <summary>Serves the connection to its end.</summary>
    public async Task RunAsync()
    {
        try
        {
            if (await ShakeHandsAsync().ConfigureAwait(false) && await WaitAsync().ConfigureAwait(false) is var count && count >= 0)
            {
                await RelayAsync(count).ConfigureAwait(false);
                return;
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // It has gone, or was closed.
        }
        finally
        {
            End();
        }
    }

    /// <summary>Closes it where it has waited too long for what it is in now.</summary>
    public void Watch(long now, BytestreamsOptions options)
    {
        long waited = now - (_other is not null ? _pair!.LastAt : _since);
        int seconds = _other is not null ? options.IdleSeconds : _pair is not null ? options.ActivationSeconds : options.HandshakeSeconds;
        if (waited > seconds * 1000L)
        {
            Abort();
        }
    }

    /// <summary>Closes both sides.</summary>
    public void Abort()
    {
        Close();
        _other?.Close();
    }

    private void Close() => socket.Dispose();

    // RFC 1928 §3 and §4. A client may send both at once.
    private async Task<bool> ShakeHandsAsync()
    {
        int count = 0;
        int greeting = 0;
        while (true)
        {
            int read = await socket.ReceiveAsync(_waiting.AsMemory(count)).ConfigureAwait(false);
            if (read == 0)
            {
                return false;
            }

            count += read;
            if (greeting == 0)
            {
                SocksStep greeted = Socks5.Greet(_waiting.AsSpan(0, count), out greeting, out ReadOnlyMemory<byte> answer);
                if (greeted != SocksStep.More && !answer.IsEmpty)
                {
                    await SendAsync(answer).ConfigureAwait(false);
                }

                if (greeted == SocksStep.Refused)
                {
                    await LeaveAsync().ConfigureAwait(false);
                    return false;
                }
            }

            if (greeting == 0 || count == greeting)
            {
                continue;
            }

            switch (Socks5.Request(_waiting.AsSpan(greeting, count - greeting), out string? hash, out SocksReply reply))
            {
                case SocksStep.Taken:
                    _pair = listener.Service.Join(hash!, this);
                    reply = _pair is null ? SocksReply.NotAllowed : SocksReply.Succeeded;
                    await SendAsync(Socks5.Answer(reply, _waiting.AsSpan(greeting, Socks5.RequestLength))).ConfigureAwait(false);
                    if (_pair is null)
                    {
                        await LeaveAsync().ConfigureAwait(false);
                    }

                    return _pair is not null;
                case SocksStep.Refused:
                    await SendAsync(Socks5.Answer(reply, default)).ConfigureAwait(false);
                    await LeaveAsync().ConfigureAwait(false);
                    return false;
                default:
                    break;
            }
        }
    }

    // Until the activation everything is dropped (§9.4); what comes after it is the first of the bytestream. Count is -1 where the side has gone, 0 where it has ended its direction.
    private async Task<int> WaitAsync()
    {
        int dropped = 0;
        while (true)
        {
            int count = await socket.ReceiveAsync(_waiting.AsMemory()).ConfigureAwait(false);
            if (_other is not null)
            {
                return count;
            }

            dropped += count;
            if (count == 0 || dropped > MaxEarlyBytes)
            {
                return -1;
            }
        }
    }

    private async Task RelayAsync(int count)
    {
        ProxyConnection other = _other!;
        ProxyPair pair = _pair!;
        BytestreamsOptions options = listener.Options;
        var rate = new ByteRate(options.BytesPerSecond, listener.Now);
        byte[] buffer = _waiting;
        byte[] rented = ArrayPool<byte>.Shared.Rent(RelayBytes);
        try
        {
            while (count > 0)
            {
                long now = listener.Now;
                pair.LastAt = now;
                if (pair.Count(count) > options.MaxStreamBytes && options.MaxStreamBytes > 0)
                {
                    Abort();
                    return;
                }

                await other.SendAsync(buffer.AsMemory(0, count)).ConfigureAwait(false);
                pair.LastAt = listener.Now;
                if (rate.Take(count, now) is { Ticks: > 0 } pause)
                {
                    await Task.Delay(pause, listener.Time, listener.Stopping).ConfigureAwait(false);
                }

                buffer = rented;
                count = await socket.ReceiveAsync(buffer.AsMemory(0, RelayBytes)).ConfigureAwait(false);
            }

            // This side has said all; the other may still have something to say.
            other.EndSending();
            _hasEnded = true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private void EndSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has gone.
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes).ConfigureAwait(false)..];
        }
    }

    // Bytes that were not read would turn the end into a reset, which may overtake the answer.
    private async Task LeaveAsync()
    {
        EndSending();
        int dropped = 0;
        int count;
        while ((count = await socket.ReceiveAsync(_waiting.AsMemory()).ConfigureAwait(false)) > 0 && (dropped += count) < MaxEarlyBytes)
        {
        }
    }

    private void End()
    {
        if (_pair is not { } pair || listener.Service.Leave(pair, this))
        {
            Close();
            listener.Ended(this);
            return;
        }

        // An active one ends when both directions have: until then the socket still takes what the other side says. One that broke ends both.
        bool isLast = pair.EndDirection();
        if (isLast || !_hasEnded)
        {
            Abort();
        }

        if (isLast)
        {
            listener.Service.End(pair);
        }

        listener.Ended(this);
    }
}
