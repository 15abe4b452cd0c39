using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IotXmpp.Host;

/// <summary>One TCP connection of a <see cref="SocketTransport"/>, from connecting to its end.</summary>
internal sealed class Link(SocketTransport transport, ServerAddress server)
{
    /// <summary>Bytes read at once. Default 8 KiB: two TLS records of a typical burst; taken from the shared pool only while there is something to read.</summary>
    private const int ReadBytes = 8192;

    /// <summary>How long the last bytes (the closing tag) may take to leave. Default 2 s.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();
    private ArrayBufferWriter<byte>? _pending;
    private ArrayBufferWriter<byte>? _spare;
    private Socket? _socket;
    private Stream? _stream;
    private Task _writing = Task.CompletedTask;
    private bool _tlsRequested;
    private bool _closed;

    internal bool IsSecure { get; private set; }

    internal bool IsLoopback { get; private set; }

    internal byte[]? ChannelBinding { get; private set; }

    internal void Start()
    {
        // not under the caller's lock: everything from here on happens elsewhere
        _ = Task.Run(RunAsync);
    }

    /// <summary>Takes bytes to send; called under the gate.</summary>
    internal void Send(ReadOnlySpan<byte> bytes)
    {
        if (_closed || _stream == null)
        {
            return;
        }
        _pending ??= new ArrayBufferWriter<byte>(512);
        if (_pending.WrittenCount + bytes.Length > transport.Options.OutputLimit)
        {
            Fail("the server does not read what is sent");
            return;
        }
        _pending.Write(bytes);
        if (_writing.IsCompleted)
        {
            _writing = WriteAsync(_stream);
        }
    }

    internal void RequestTls()
    {
        _tlsRequested = true;
    }

    /// <summary>Closes; called under the gate. What was sent still leaves, for a bounded time.</summary>
    internal void Close()
    {
        if (!_closed)
        {
            _closed = true;
            _ = CloseAsync(_writing);
        }
    }

    private async Task CloseAsync(Task writing)
    {
        await Task.WhenAny(writing, Task.Delay(CloseTimeout, transport.Options.Time)).ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_stream != null)
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }
        _socket?.Dispose();
    }

    private async Task RunAsync()
    {
        var reason = "the connection was closed";
        try
        {
            var seconds = transport.Options.Client.ConnectTimeoutSeconds;
            using (var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), transport.Options.Time))
            using (var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token))
            {
                await ConnectAsync(both.Token).ConfigureAwait(false);
            }
            Call(() => transport.Client.Connected(transport.NowMs));
            await ReadAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            reason = $"no connection to {server} within the time limit";
        }
        catch (AuthenticationException e)
        {
            reason = $"the TLS handshake with {server} failed: {e.GetBaseException().Message}";
        }
        catch (SocketException e)
        {
            reason = $"{server}: {e.Message}";
        }
        catch (IOException e)
        {
            reason = $"{server}: {e.InnerException?.Message ?? e.Message}";
        }
        catch (ObjectDisposedException)
        {
            // closed by us while reading
        }
        Call(() => Fail(reason));
    }

    private async Task ConnectAsync(CancellationToken cancel)
    {
        // dual mode where the machine has IPv6; every address of the name is tried
        _socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await _socket.ConnectAsync(server.Host, server.Port, cancel).ConfigureAwait(false);
        IsLoopback = SocketTransport.IsLoopbackAddress(_socket.RemoteEndPoint);
        _stream = new NetworkStream(_socket, ownsSocket: true);
        if (server.DirectTls)
        {
            await HandshakeAsync(cancel).ConfigureAwait(false);
        }
    }

    private async Task HandshakeAsync(CancellationToken cancel)
    {
        var ssl = new SslStream(_stream!, leaveInnerStreamOpen: false);
        var options = new SslClientAuthenticationOptions
        {
            // RFC 6120 §13.7.2: the certificate is checked against the account's domain, whatever host was connected to
            TargetHost = transport.Options.Client.Account.Domain,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (server.DirectTls)
        {
            options.ApplicationProtocols = [new SslApplicationProtocol("xmpp-client")]; // XEP-0368
        }
        if (transport.Options.Authorities is { } authorities)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }
        await ssl.AuthenticateAsClientAsync(options, cancel).ConfigureAwait(false);
        _stream = ssl;
        IsSecure = true;
        ChannelBinding = EndPointBinding(ssl.RemoteCertificate);
    }

    // Zero-byte reads wait without a buffer; one is rented when there is something to read.
    private async Task ReadAsync()
    {
        for (; ; )
        {
            await _stream!.ReadAsync(Memory<byte>.Empty, _stop.Token).ConfigureAwait(false);
            var buffer = ArrayPool<byte>.Shared.Rent(ReadBytes);
            try
            {
                var count = await _stream.ReadAsync(buffer, _stop.Token).ConfigureAwait(false);
                if (count == 0)
                {
                    return;
                }
                Call(() =>
                {
                    transport.Client.Feed(buffer, 0, count);
                    transport.Progress?.Invoke();
                });
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
            if (_tlsRequested)
            {
                _tlsRequested = false;
                await _writing.ConfigureAwait(false);
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(transport.Options.Client.ConnectTimeoutSeconds), transport.Options.Time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
                await HandshakeAsync(both.Token).ConfigureAwait(false);
                Call(() => transport.Client.Secured(transport.NowMs));
            }
        }
    }

    // One writer: what is sent while it writes goes out with the next write.
    private async Task WriteAsync(Stream stream)
    {
        await Task.Yield(); // let the caller, who holds the gate, add to what is sent
        try
        {
            for (; ; )
            {
                ArrayBufferWriter<byte> batch;
                lock (transport.Gate)
                {
                    if (_pending == null || _pending.WrittenCount == 0)
                    {
                        _writing = Task.CompletedTask;
                        return;
                    }
                    batch = _pending;
                    _pending = _spare;
                    _spare = null;
                }
                await stream.WriteAsync(batch.WrittenMemory, _stop.Token).ConfigureAwait(false);
                if (batch.Capacity <= ReadBytes)
                {
                    batch.ResetWrittenCount();
                    _spare = batch;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            Call(() => Fail($"{server}: {e.InnerException?.Message ?? e.Message}"));
        }
    }

    private void Call(Action action)
    {
        lock (transport.Gate)
        {
            if (transport.IsCurrent(this))
            {
                action();
            }
        }
    }

    private void Fail(string reason)
    {
        transport.Client.Disconnected(transport.NowMs, reason);
        Close();
    }

    // RFC 5929 §4.1: the hash of the certificate's signature, or SHA-256 where that is MD5 or SHA-1
    private static byte[]? EndPointBinding(X509Certificate? certificate)
    {
        if (certificate == null)
        {
            return null;
        }
        using var certificate2 = new X509Certificate2(certificate);
        var data = certificate2.RawData;
        return certificate2.SignatureAlgorithm.Value switch
        {
            "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => SHA384.HashData(data),
            "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => SHA512.HashData(data),
            "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.10045.4.1" or "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" => SHA256.HashData(data),
            _ => null, // no hash of its own (EdDSA), or parameters to read (PSS): without binding rather than with a wrong one
        };
    }
}
