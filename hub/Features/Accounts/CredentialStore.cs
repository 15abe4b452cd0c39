using IotXmpp.Hub.Sasl;

namespace IotXmpp.Hub.Features.Accounts;

/// <summary>SASL's port to the accounts.</summary>
public sealed class CredentialStore(AccountStore store) : ICredentialStore
{
    /// <inheritdoc />
    public ValueTask<ScramCredentials?> FindAsync(string localpart, ScramHash hash, CancellationToken cancellationToken) => store.FindKeysAsync(localpart, hash, cancellationToken);
}
