using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Esp32;

namespace IotXmpp.Virtual;

/// <summary>
/// A board's socket on a PC: TCP and TLS of .NET, with the manners of nanoFramework's: <see cref="Open"/> blocks as long as the hub says nothing, and only <see cref="Abandon"/>, which a watchdog
/// calls, ends that. The hub's certificate is checked against the authority that was flashed.
/// </summary>
/// <param name="domain">What the certificate must name.</param>
/// <param name="authorities">The authorities; null trusts the system's.</param>
/// <param name="radio">The radio: without it there is no network.</param>
/// <param name="utc">The board's own clock, by which the certificate is judged; null while it shows nothing.</param>
/// <param name="time">The clock of waits.</param>
public sealed class RealSocket(string domain, X509Certificate2Collection? authorities, IRadio radio, Func<DateTimeOffset?> utc, TimeProvider time) : IBoardSocket
{
    private readonly byte[] _arrived = new byte[4096];
    private Socket? _socket;
    private SslStream? _stream;
    private Task<int>? _reading;
    private int _from;
    private int _to;
    private volatile bool _abandoned;
    private volatile bool _inHandshake;

    /// <summary>How often something was sent on this connection after something had been received: round trips begun.</summary>
    public int Flights { get; private set; }

    private bool Heard { get; set; } = true;

    /// <summary>Whether the runtime stands still in a handshake.</summary>
    public bool IsInHandshake
    {
        get => _inHandshake;
        private set => _inHandshake = value;
    }

    /// <inheritdoc/>
    public string? Open(string host, int port)
    {
        if (!radio.IsConnected)
        {
            return "there is no network";
        }

        try
        {
            _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendTimeout = 10_000 };
            _socket.Connect(host, port);
            var stream = new SslStream(new NetworkStream(_socket, ownsSocket: true));
            IsInHandshake = true;
            stream.AuthenticateAsClient(Options());
            _stream = stream;
            _from = _to = 0;
            (Flights, Heard) = (0, true);
            _reading = null;
            ThrowIfAbandoned();
            return null;
        }
        catch (AuthenticationException e)
        {
            ThrowIfAbandoned();
            return BoardSocket.Untrusted + e.GetBaseException().Message;
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            ThrowIfAbandoned();
            return e.Message;
        }
        finally
        {
            IsInHandshake = false;
        }
    }

    /// <inheritdoc/>
    public string? Look(string host, int port, int limitMs)
    {
        if (!radio.IsConnected)
        {
            return "there is no network";
        }

        try
        {
            using var probe = new Socket(SocketType.Stream, ProtocolType.Tcp);
            probe.Connect(host, port);
            probe.Send(BoardSocket.CloseNotify);
            return probe.Poll(TimeSpan.FromMilliseconds(limitMs), SelectMode.SelectRead) ? null : BoardSocket.Silent;
        }
        catch (SocketException e)
        {
            return e.Message;
        }
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (!radio.IsConnected)
        {
            return 0; // what comes now is not received
        }

        if (_from == _to)
        {
            _reading ??= _stream!.ReadAsync(_arrived).AsTask();
            if (!_reading.IsCompleted)
            {
                return 0;
            }

            Task<int> done = _reading;
            _reading = null;
            if (!done.IsCompletedSuccessfully || done.Result == 0)
            {
                _ = done.Exception; // seen: the connection is over
                return -1;
            }

            _from = 0;
            _to = done.Result;
            Heard = true;
        }

        int count = Math.Min(buffer.Length, _to - _from);
        Array.Copy(_arrived, _from, buffer, 0, count);
        _from += count;
        return count;
    }

    /// <inheritdoc/>
    public bool TryWrite(byte[] buffer, int offset, int count)
    {
        if (!radio.IsConnected)
        {
            return true; // vanishes in the air
        }

        try
        {
            Flights += Heard ? 1 : 0;
            Heard = false;
            _stream!.Write(buffer, offset, count);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Close()
    {
        _stream?.Dispose();
        _socket?.Dispose();
        _stream = null;
        _socket = null;
    }

    /// <summary>Waits until something has come.</summary>
    /// <param name="limit">How long at most.</param>
    /// <param name="cancel">Ends the wait.</param>
    public void Wait(TimeSpan limit, CancellationToken cancel)
    {
        Task<int>? reading = _reading;
        if (reading is null || !radio.IsConnected)
        {
            Task.WaitAny([Task.Delay(limit, time, cancel)], CancellationToken.None);
            return;
        }

        Task.WaitAny([reading, Task.Delay(limit, time, cancel)], CancellationToken.None);
    }

    /// <summary>The board is reset: what blocks ends, and nothing of this life goes on.</summary>
    public void Abandon()
    {
        _abandoned = true;
        _socket?.Dispose();
    }

    private void ThrowIfAbandoned()
    {
        if (_abandoned)
        {
            throw new FrozenException();
        }
    }

    private SslClientAuthenticationOptions Options()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        if (utc() is { } now)
        {
            policy.VerificationTimeIgnored = false;
            policy.VerificationTime = now.LocalDateTime;
        }

        return new SslClientAuthenticationOptions { TargetHost = domain, CertificateRevocationCheckMode = X509RevocationMode.NoCheck, CertificateChainPolicy = policy };
    }
}
