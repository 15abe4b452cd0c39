using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks.Sources;

namespace IotXmpp.LoadGenerator.Net;

/// <summary>How TLS is verified: by the system's roots, by one given authority, or (said on the command line) not at all.</summary>
/// <param name="Host">The name the certificate must carry.</param>
/// <param name="Authority">The only root to trust, or null for the system's.</param>
/// <param name="Insecure">Accept whatever the server shows.</param>
/// <param name="Resume">Whether a session ticket of an earlier connection may be used.</param>
internal sealed record TlsSettings(string Host, X509Certificate2? Authority, bool Insecure, bool Resume)
{
    public SslClientAuthenticationOptions Options { get; } = Build(Host, Authority, Insecure, Resume);

    private static SslClientAuthenticationOptions Build(string host, X509Certificate2? authority, bool insecure, bool resume)
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            AllowTlsResume = resume,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        };
        if (insecure)
        {
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        }
        else if (authority is not null)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            options.CertificateChainPolicy.CustomTrustStore.Add(authority);
        }

        return options;
    }
}

/// <summary>SslStream without a socket: ciphertext is fed in by the loop, and what it writes is handed back to the loop.</summary>
internal sealed class TlsLayer : IDisposable
{
    private readonly TlsSettings _settings;
    private readonly Action<byte[], int> _decrypted;
    private readonly byte[] _plaintext;
    private readonly Pipe _pipe;
    private readonly SslStream _ssl;

    public TlsLayer(TlsSettings settings, PipeWrite write, Action<byte[], int> decrypted, byte[] plaintext)
    {
        _settings = settings;
        _decrypted = decrypted;
        _plaintext = plaintext;
        _pipe = new Pipe(write);
        _ssl = new SslStream(_pipe, leaveInnerStreamOpen: false);
    }

    public delegate void PipeWrite(ReadOnlySpan<byte> bytes);

    public bool Ready { get; private set; }

    public void Begin(Action secured, Action<string> failed) => _ = Run(secured, failed);

    public void Feed(ReadOnlySpan<byte> bytes) => _pipe.Feed(bytes);

    public void Encrypt(ReadOnlySpan<byte> bytes) => _ssl.Write(bytes);

    public void Dispose()
    {
        _pipe.End();
        _ssl.Dispose();
    }

    private async Task Run(Action secured, Action<string> failed)
    {
        try
        {
            await _ssl.AuthenticateAsClientAsync(_settings.Options, CancellationToken.None);
            Ready = true;
            secured();
            while (true)
            {
                // The empty read waits without a buffer; the second one is then answered at once, into the buffer all connections share.
                var none = await _ssl.ReadAsync(Memory<byte>.Empty);
                var count = none + await _ssl.ReadAsync(_plaintext);
                if (count == 0)
                {
                    failed("closed by server");
                    return;
                }

                _decrypted(_plaintext, count);
            }
        }
        catch (Exception e) when (e is IOException or AuthenticationException or ObjectDisposedException or InvalidOperationException)
        {
            failed("tls: " + (e.InnerException?.Message ?? e.Message));
        }
#pragma warning disable CA1031 // Nobody awaits this task: whatever a sink throws must be seen as an error of the run.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failed("internal: " + e);
        }
    }

    private sealed class Pipe(PipeWrite write) : Stream, IValueTaskSource<int>
    {
        private ManualResetValueTaskSourceCore<int> _source;
        private byte[] _bytes = [];
        private int _start;
        private int _end;
        private Memory<byte> _waiting;
        private bool _isWaiting;
        private bool _ended;

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void Feed(ReadOnlySpan<byte> bytes)
        {
            var kept = _end - _start;
            var room = new byte[kept + bytes.Length];
            _bytes.AsSpan(_start, kept).CopyTo(room);
            bytes.CopyTo(room.AsSpan(kept));
            (_bytes, _start, _end) = (room, 0, room.Length);
            Wake();
        }

        public void End()
        {
            _ended = true;
            Wake();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_end > _start || _ended)
            {
                return new(Take(buffer));
            }

            _source.Reset();
            _waiting = buffer;
            _isWaiting = true;
            return new(this, _source.Version);
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(ReadOnlySpan<byte> buffer) => write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => write(buffer.AsSpan(offset, count));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            write(buffer.Span);
            return default;
        }

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public int GetResult(short token) => _source.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _source.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _source.OnCompleted(continuation, state, token, flags);

        private void Wake()
        {
            if (_isWaiting)
            {
                _isWaiting = false;
                _source.SetResult(Take(_waiting));
            }
        }

        private int Take(Memory<byte> buffer)
        {
            var count = Math.Min(buffer.Length, _end - _start);
            _bytes.AsSpan(_start, count).CopyTo(buffer.Span);
            _start += count;
            if (_start == _end)
            {
                (_bytes, _start, _end) = ([], 0, 0);
            }

            return count;
        }
    }
}
