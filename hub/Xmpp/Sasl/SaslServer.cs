using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Modules;
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

    private readonly string[] _withBinding;
    private readonly string[] _withoutBinding;

    // Every stream asks for its offer, so each is made once: the index is what the stream has (see Offer).
    private readonly SaslOffer?[] _offers = new SaslOffer?[32];
    private readonly SaslOffer _nothing = new([], [], []);

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

    /// <summary>Where log-ins are counted by their outcome; null where they are not.</summary>
    public HubFigures? Figures { get; init; }

    internal LoginThrottle? Throttle { get; }

    internal VerifiedPasswords Verified { get; }

    /// <summary>Where tokens are kept (XEP-0484); null where none are given out.</summary>
    public ITokenStore? Tokens { get; init; }

    /// <summary>What this stream is offered.</summary>
    public SaslOffer Offer(SaslContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!context.IsEncrypted && !context.AllowPlaintext)
        {
            return _nothing;
        }

        bool hasEndPoint = context.IsEncrypted && !context.TlsServerEndPoint.IsEmpty;
        bool hasExporter = context.IsEncrypted && !context.TlsExporter.IsEmpty;
        // RFC 9266 §3: TLS 1.3, where there is an exporter, has no tls-unique.
        bool hasUnique = context.IsEncrypted && !context.TlsUnique.IsEmpty && !hasExporter;
        bool hasCertificate = context.IsEncrypted && context.CertifiedAccounts.Count > 0;
        int index = (hasEndPoint ? 1 : 0) | (hasExporter ? 2 : 0) | (hasUnique ? 4 : 0) | (context.IsEncrypted ? 8 : 0) | (hasCertificate ? 16 : 0);
        return _offers[index] ??= MakeOffer(context.IsEncrypted, hasCertificate, hasEndPoint, hasExporter, hasUnique);
    }

    /// <summary>Names of the mechanisms to offer on this stream, strongest first (RFC 6120 §6.3.3); empty when TLS has to come first.</summary>
    public IReadOnlyList<string> Mechanisms(SaslContext context) => Offer(context).Mechanisms;

    /// <summary>The channel-binding types to announce (XEP-0440); empty without TLS.</summary>
    public IReadOnlyList<string> ChannelBindings(SaslContext context) => Offer(context).ChannelBindings;

    /// <summary>Makes the negotiation of one stream.</summary>
    public SaslNegotiation Begin(SaslContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new SaslNegotiation(this, context);
    }

    /// <summary>
    /// Verifies a name and a password that came by another way than a stream, such as a page's form: by the code of PLAIN (RFC 4616), with the same throttle, the same keys, the same answers.
    /// </summary>
    /// <param name="domain">The served domain.</param>
    /// <param name="name">The localpart as it was typed.</param>
    /// <param name="password">The password as it was typed.</param>
    /// <param name="peer">Where the attempt comes from, for the throttle.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The step (its account is the prepared localpart), and how long the answer has to be held back, be it yes or no.</returns>
    public async ValueTask<(SaslStep Step, TimeSpan Delay)> VerifyPasswordAsync(string domain, string name, string password, System.Net.IPAddress? peer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(password);
        if (Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(password) > SaslNegotiation.MaxMessageChars / 4 * 3)
        {
            return (SaslStep.Failure(SaslError.NotAuthorized), TimeSpan.Zero);
        }

        var exchange = new PlainExchange(this, new SaslContext { Domain = domain, IsEncrypted = true, RemoteAddress = peer });
        try
        {
            SaslStep step = await exchange.StepAsync(Encoding.UTF8.GetBytes($"\0{name}\0{password}"), cancellationToken);
            return (step, exchange.Delay);
        }
        catch (CredentialStoreException)
        {
            return (SaslStep.Failure(SaslError.TemporaryAuthFailure), exchange.Delay);
        }
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

    /// <summary>Octets that are always the same for one text and this hub, and that nobody else can make; 64 at most.</summary>
    internal byte[] Derive(string text, int length) => HMACSHA512.HashData(_secret, Encoding.UTF8.GetBytes(text))[..length];

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
            SaslMechanisms.External => new ExternalExchange(this, context),
            SaslMechanisms.Plain => new PlainExchange(this, context),
            SaslMechanisms.ScramSha1 => new ScramExchange(this, context, ScramHash.Sha1, plus: false),
            SaslMechanisms.ScramSha1Plus => new ScramExchange(this, context, ScramHash.Sha1, plus: true),
            SaslMechanisms.ScramSha256 => new ScramExchange(this, context, ScramHash.Sha256, plus: false),
            _ => new ScramExchange(this, context, ScramHash.Sha256, plus: true),
        };
    }

    /// <summary>The state machine for a token, or why there is none.</summary>
    internal SaslExchange? Exchange(string mechanism, SaslContext context, FastUse use, out SaslError error)
    {
        bool isOffered = Offer(context).TokenMechanisms.Contains(mechanism, StringComparer.Ordinal);
        error = isOffered ? SaslError.None : SaslError.InvalidMechanism;
        return isOffered ? new HashedTokenExchange(this, context, mechanism, use) : null;
    }

    internal async ValueTask<IReadOnlyList<FastToken>> FindTokensAsync(string localpart, Guid agent, ScramCredentials credentials, CancellationToken cancellationToken)
    {
        try
        {
            return await Tokens!.FindAsync(localpart, agent, credentials, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            SaslLog.StoreFailed(_logger, exception);
            throw new CredentialStoreException(exception);
        }
    }

    internal async ValueTask<bool> UseTokenAsync(FastToken token, FastUse use, CancellationToken cancellationToken)
    {
        try
        {
            return await Tokens!.UseAsync(token, use, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            SaslLog.StoreFailed(_logger, exception);
            throw new CredentialStoreException(exception);
        }
    }

    /// <summary>A new token for a client that has authenticated; null where none can be made: then it comes with what it came with.</summary>
    internal async ValueTask<IssuedToken?> IssueTokenAsync(string localpart, Guid agent, string mechanism, CancellationToken cancellationToken)
    {
        try
        {
            ScramCredentials? credentials = Tokens is null ? null : await _store.FindAsync(localpart, ScramHash.Sha256, cancellationToken);
            return credentials is null ? null : await Tokens!.IssueAsync(localpart, agent, mechanism, credentials, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            SaslLog.TokenFailed(_logger, exception);
            return null;
        }
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

    private SaslOffer MakeOffer(bool isEncrypted, bool hasCertificate, bool hasEndPoint, bool hasExporter, bool hasUnique)
    {
        bool hasPlus = (hasEndPoint || hasExporter) && _withBinding.Length > _withoutBinding.Length;
        string[] bindings = hasPlus ? [.. Have(hasEndPoint, SaslMechanisms.TlsServerEndPoint), .. Have(hasExporter, SaslMechanisms.TlsExporter)] : [];
        string[] tokens = !isEncrypted || Tokens is null ? []
            : [.. Have(hasExporter, SaslMechanisms.TokenExporter), .. Have(hasUnique, SaslMechanisms.TokenUnique), .. Have(hasEndPoint, SaslMechanisms.TokenEndPoint), SaslMechanisms.TokenNone];
        string[] mechanisms = hasEndPoint || hasExporter ? _withBinding : _withoutBinding;
        return new SaslOffer(hasCertificate ? mechanisms : [.. mechanisms.Where(name => name != SaslMechanisms.External)], bindings, tokens);
    }

    private static string[] Have(bool has, string name) => has ? [name] : [];
}

/// <summary>The store of accounts did not answer; becomes <c>temporary-auth-failure</c>.</summary>
internal sealed class CredentialStoreException(Exception inner) : Exception("the store of accounts did not answer", inner);
