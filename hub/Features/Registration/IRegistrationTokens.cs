using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Registration;

/// <summary>What a token allows (XEP-0445): one account.</summary>
/// <param name="Id">The token's number, for <see cref="IRegistrationTokens"/>.</param>
/// <param name="Name">The only account that may be made by it (localpart, prepared), or null where its holder chooses.</param>
public sealed record RegistrationGrant(long Id, string? Name);

/// <summary>Port: tokens that let somebody register (supplied by Invitations).</summary>
public interface IRegistrationTokens
{
    /// <summary>What a token allows now; null where it is unknown, expired, revoked or used up.</summary>
    ValueTask<RegistrationGrant?> FindAsync(string token, CancellationToken cancel);

    /// <summary>Whether a name is kept for who holds another token (XEP-0445 §5).</summary>
    ValueTask<bool> IsReservedAsync(string name, RegistrationGrant? grant, CancellationToken cancel);

    /// <summary>Uses a token for an account, in the transaction that makes the account; false, and nothing done, where it is used up by now. When it expired meanwhile does not count (XEP-0445 §4).</summary>
    bool Use(SqlSession session, RegistrationGrant grant, string name);

    /// <summary>The account is there: what else the token promises is done, such as a contact.</summary>
    Task UsedAsync(RegistrationGrant grant, string name);
}
