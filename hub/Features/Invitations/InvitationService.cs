using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Registration;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Invitations;

/// <summary>The rules of invitations (XEP-0401, XEP-0379, XEP-0445): who is let in by a token, and who becomes whose contact. No XML.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="options">The settings.</param>
/// <param name="links">Makes contacts.</param>
/// <param name="isTaken">Whether a name is an account's or a thing's.</param>
/// <param name="domain">The served domain.</param>
/// <param name="time">The clock.</param>
public sealed class InvitationService(InvitationStore store, InvitationOptions options, RosterLinks links, Func<string, CancellationToken, ValueTask<bool>> isTaken, Jid domain, TimeProvider time) : IRegistrationTokens
{
    /// <summary>Characters of a token: 130 bits, more than the 80 that XEP-0379 §5.1 wants.</summary>
    public const int TokenChars = 26;

    /// <summary>Characters of what is taken for a token, at most; default 128: longer ones are none.</summary>
    public const int TokenLimit = 128;

    /// <summary>Makes an invitation.</summary>
    /// <param name="inviter">Whose it is (localpart).</param>
    /// <param name="isAdministrator">Whether the inviter administers the hub.</param>
    /// <param name="name">The only account that it makes, as it was written, or null.</param>
    /// <param name="makesAccount">Whether it lets its holder register.</param>
    /// <param name="makesContact">Whether its holder and the inviter become contacts.</param>
    /// <param name="uses">How often it may be taken up.</param>
    /// <param name="lifetime">How long; null for the setting.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<NewInvitation> CreateAsync(string inviter, bool isAdministrator, string? name, bool makesAccount, bool makesContact, int uses = 1, TimeSpan? lifetime = null, CancellationToken cancel = default)
    {
        string? localpart = null;
        if (!string.IsNullOrEmpty(name) && !JidPrep.TryLocalpart(name, out localpart))
        {
            return new NewInvitation(InvitationOutcome.BadName);
        }

        if (localpart is not null && await isTaken(localpart, cancel).ConfigureAwait(false))
        {
            return new NewInvitation(InvitationOutcome.Taken);
        }

        DateTimeOffset now = time.GetUtcNow();
        string token = RandomText.New(TokenChars);
        var made = new Invitation(0, inviter, localpart, makesAccount, makesContact, now, now + (lifetime ?? options.Lifetime), localpart is null ? Math.Clamp(uses, 1, options.MaxUses) : 1, 0);
        (InvitationOutcome outcome, long id) = await store.AddAsync(Hash(token), made, isAdministrator ? options.MaxOpen * 10 : options.MaxOpen).ConfigureAwait(false);
        return outcome == InvitationOutcome.Done ? new NewInvitation(outcome, made with { Id = id }, token) : new NewInvitation(outcome);
    }

    /// <summary>What a token stands for now; null where it is unknown, expired, ended or used up.</summary>
    public async ValueTask<Invitation?> OpenAsync(string token, CancellationToken cancel = default) =>
        token.Length is > 0 and <= TokenLimit && await store.FindAsync(Hash(token), cancel).ConfigureAwait(false) is { } found && found.Used < found.Uses && found.Expires > time.GetUtcNow() ? found : null;

    /// <summary>The open invitations of an account, or (null) of all; 200 at most, the latest first.</summary>
    public ValueTask<List<Invitation>> ListAsync(string? inviter, CancellationToken cancel = default) => store.ListAsync(inviter, time.GetUtcNow(), 200, cancel);

    /// <summary>Ends an invitation of an account, or (null) of anybody.</summary>
    public async Task<InvitationOutcome> RevokeAsync(long id, string? inviter) => await store.RemoveAsync(id, inviter).ConfigureAwait(false) ? InvitationOutcome.Done : InvitationOutcome.NotFound;

    /// <summary>Takes up a contact invitation by a subscription request (XEP-0379 §3.5); false where the token is not the account's, or allows nothing now: then the request is an ordinary one.</summary>
    public async ValueTask<bool> TryTakeUpAsync(string token, string inviter)
    {
        return await OpenAsync(token).ConfigureAwait(false) is { MakesContact: true, Name: null } invitation && invitation.Inviter == inviter && await store.UseAsync(invitation.Id).ConfigureAwait(false);
    }

    /// <summary>The URI that clients open (XEP-0401 §5, XEP-0445 §2).</summary>
    public string UriOf(Invitation invitation, string token) => invitation switch
    {
        { Name: { } name } => $"xmpp:{Escape(name)}@{domain.Domain}?register;preauth={token}",
        { MakesContact: true } => $"xmpp:{Escape(invitation.Inviter)}@{domain.Domain}?roster;preauth={token}{(invitation.MakesAccount ? ";ibr=y" : "")}",
        _ => $"xmpp:{domain.Domain}?register;preauth={token}",
    };

    /// <inheritdoc/>
    async ValueTask<RegistrationGrant?> IRegistrationTokens.FindAsync(string token, CancellationToken cancel) =>
        await OpenAsync(token, cancel).ConfigureAwait(false) is { MakesAccount: true } invitation ? new RegistrationGrant(invitation.Id, invitation.Name) : null;

    /// <inheritdoc/>
    ValueTask<bool> IRegistrationTokens.IsReservedAsync(string name, RegistrationGrant? grant, CancellationToken cancel) => store.IsReservedAsync(name, grant?.Id ?? 0, time.GetUtcNow(), cancel);

    /// <inheritdoc/>
    bool IRegistrationTokens.Use(SqlSession session, RegistrationGrant grant, string name)
    {
        if (!InvitationStore.Use(session, grant.Id))
        {
            return false;
        }

        InvitationStore.Promise(session, grant.Id, name);
        return true;
    }

    /// <inheritdoc/>
    Task IRegistrationTokens.UsedAsync(RegistrationGrant grant, string name) => KeepPromisesAsync(name);

    /// <summary>Makes contacts of those who shall be: of one account, or (null) of all that a crash has left.</summary>
    public async Task KeepPromisesAsync(string? account)
    {
        foreach ((string invited, string inviter) in await store.PromisesAsync(account).ConfigureAwait(false))
        {
            await links.BefriendAsync(new Jid(inviter, domain.Domain, string.Empty), new Jid(invited, domain.Domain, string.Empty)).ConfigureAwait(false);
            await store.KeptAsync(invited).ConfigureAwait(false);
        }
    }

    /// <summary>Forgets what has expired.</summary>
    public Task SweepAsync() => store.SweepAsync(time.GetUtcNow());

    // The token is random: one hash is enough to make a copy of the tables worthless.
    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    // RFC 5122 §2.7.2: what is no unreserved character is written in percent.
    private static string Escape(string localpart) => Uri.EscapeDataString(localpart);
}
