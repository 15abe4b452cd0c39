namespace IotXmpp.Hub.Sasl;

/// <summary>Where SASL finds the keys of an account; implemented by the accounts feature.</summary>
public interface ICredentialStore
{
    /// <summary>
    /// The keys of an account for one hash function, or null when there is no such account (or it has no such keys).
    /// <paramref name="localpart"/> is prepared (RFC 7622 §3.3). Every account has
    /// keys for both hash functions; PLAIN is verified against those of SHA-256. An exception becomes <c>temporary-auth-failure</c>.
    /// </summary>
    ValueTask<ScramCredentials?> FindAsync(string localpart, ScramHash hash, CancellationToken cancellationToken);
}
