using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace IotXmpp.Hub.Sasl;

/// <summary>The server side of SASL (RFC 4422, RFC 6120 §6) for all streams of a hub: mechanisms, keys, throttle. Thread-safe.</summary>
public sealed class SaslServer
{
    private readonly ICredentialStore _store;
    private readonly SaslOptions _options;
    private readonly byte[] _secret;
    private readonly ILogger _logger;

    // The lists are asked for by every stream, so each is made once: [encrypted and bound, encrypted or allowed in plain]
    private readonly string[] _withBinding;
    private readonly string[] _withoutBinding;

    /// <summary>Makes the server side; <paramref name="secret"/> (16 octets or more, kept over restarts) makes the salts of accounts that do not exist.</summary>
    public SaslServer(
        ICredentialStore store, SaslOptions options, ReadOnlySpan<byte> secret, LoginThrottle? throttle = null, ILogger<SaslServer>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(secret.Length, 16, nameof(secret));
        _store = store;
        _options = options;
        _secret = secret.ToArray();
        _logger = logger ?? NullLogger<SaslServer>.Instance;
        Throttle = throttle;
        Verified = new VerifiedPasswords(options.VerifiedPasswords);
        _withBinding = [.. SaslMechanisms.All.Where(name => options.Mechanisms.Contains(name, StringComparer.OrdinalIgnoreCase))];
        _withoutBinding = [.. _withBinding.Where(name => !name.EndsWith("-PLUS", StringComparison.Ordinal))];
    }

    internal LoginThrottle? Throttle { get; }

    internal VerifiedPasswords Verified { get; }

    /// <summary>Names of the mechanisms to offer on this stream, strongest first (RFC 6120 §6.3.3); empty when TLS has to come first.</summary>
    public IReadOnlyList<string> Mechanisms(SaslContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return !context.IsEncrypted && !context.AllowPlaintext ? [] : HasBinding(context) ? _withBinding : _withoutBinding;
    }

    /// <summary>The channel-binding types to announce (XEP-0440); empty without TLS.</summary>
    public IReadOnlyList<string> ChannelBindings(SaslContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return !OffersChannelBinding(context) ? []
            : context.TlsExporter.IsEmpty ? [SaslMechanisms.TlsServerEndPoint]
            : context.TlsServerEndPoint.IsEmpty ? [SaslMechanisms.TlsExporter]
            : [SaslMechanisms.TlsServerEndPoint, SaslMechanisms.TlsExporter];
    }

    /// <summary>Makes the negotiation of one stream.</summary>
    public SaslNegotiation Begin(SaslContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new SaslNegotiation(this, context);
    }

    /// <summary>
    /// Forgets what the hub remembers of an account's password, when the account is removed or its credentials change. Changed credentials void it
    /// anyway; this only frees it at once.
    /// </summary>
    public void CredentialsChanged(string localpart)
    {
        ArgumentNullException.ThrowIfNull(localpart);
        Verified.Forget(localpart);
    }

    /// <summary>True when a <c>-PLUS</c> mechanism is among those that this stream is offered.</summary>
    internal bool OffersChannelBinding(SaslContext context) => HasBinding(context) && _withBinding.Length > _withoutBinding.Length;

    /// <summary>The state machine for a mechanism, or why there is none.</summary>
    internal SaslExchange? Exchange(string mechanism, SaslContext context, out SaslError error)
    {
        error = SaslError.None;
        if (!Mechanisms(context).Contains(mechanism, StringComparer.Ordinal))
        {
            error = !SaslMechanisms.All.Contains(mechanism, StringComparer.Ordinal) ? SaslError.InvalidMechanism
                : !context.IsEncrypted && !context.AllowPlaintext ? SaslError.EncryptionRequired
                : !_withBinding.Contains(mechanism, StringComparer.Ordinal) ? SaslError.MechanismTooWeak // switched off by the settings
                : SaslError.InvalidMechanism;
            return null;
        }

        return mechanism switch
        {
            SaslMechanisms.Plain => new PlainExchange(this, context),
            SaslMechanisms.ScramSha1 => new ScramExchange(this, context, ScramHash.Sha1, plus: false),
            SaslMechanisms.ScramSha1Plus => new ScramExchange(this, context, ScramHash.Sha1, plus: true),
            SaslMechanisms.ScramSha256 => new ScramExchange(this, context, ScramHash.Sha256, plus: false),
            _ => new ScramExchange(this, context, ScramHash.Sha256, plus: true),
        };
    }

    internal async ValueTask<ScramCredentials?> FindAsync(string localpart, ScramHash hash, CancellationToken cancellationToken)
    {
        try
        {
            return await _store.FindAsync(localpart, hash, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            SaslLog.StoreFailed(_logger, exception);
            throw new CredentialStoreException(exception);
        }
    }

    /// <summary>
    /// Credentials for an account that does not exist: always the same for one name and one secret, so that asking twice tells nothing. Nobody knows a
    /// password for them, and a match would not count either.
    /// </summary>
    internal ScramCredentials Pretend(string localpart, ScramHash hash)
    {
        byte[] octets = HMACSHA512.HashData(_secret, Encoding.UTF8.GetBytes($"{hash}\0{localpart}"));
        byte[] keys = new byte[2 * Scram.Bytes(hash)];
        HMACSHA512.HashData(octets, _secret).AsSpan(0, Math.Min(keys.Length, HMACSHA512.HashSizeInBytes)).CopyTo(keys);
        return new ScramCredentials(hash, octets[..ScramCredentials.SaltBytes], _options.Iterations, keys[..Scram.Bytes(hash)], keys[Scram.Bytes(hash)..]);
    }

    private static bool HasBinding(SaslContext context) => context.IsEncrypted && !(context.TlsServerEndPoint.IsEmpty && context.TlsExporter.IsEmpty);
}

/// <summary>The store of accounts did not answer; becomes <c>temporary-auth-failure</c>.</summary>
internal sealed class CredentialStoreException(Exception inner) : Exception("the store of accounts did not answer", inner);
