using System.Net;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Accounts;

namespace IotXmpp.Hub.Features.Registration;

/// <summary>How a wish about an account ended.</summary>
public enum RegistrationOutcome
{
    /// <summary>Done and durable.</summary>
    Done,

    /// <summary>Name or password is missing or empty.</summary>
    Incomplete,

    /// <summary>The name is no localpart, or reserved, or not the one that the token is for.</summary>
    BadName,

    /// <summary>The password is too short, too long, or has characters that are not allowed.</summary>
    BadPassword,

    /// <summary>The name is somebody's: an account's, a thing's, or kept for who was invited.</summary>
    Taken,

    /// <summary>One registers here by invitation, and no token was shown, or it is used up.</summary>
    NotInvited,

    /// <summary>Too many attempts: later.</summary>
    TooMany,

    /// <summary>The account is a thing's: its keys and its end are its owner's.</summary>
    IsThing,

    /// <summary>It is the last administrator.</summary>
    LastAdministrator,

    /// <summary>The settings forbid it.</summary>
    NotAllowed,
}

/// <summary>The rules of registration (XEP-0077) and of its tokens (XEP-0445): no XML.</summary>
/// <param name="accounts">The accounts.</param>
/// <param name="options">The settings.</param>
/// <param name="throttle">Counts attempts.</param>
/// <param name="isThing">Whether a name is the id of a thing that has no account.</param>
/// <param name="tokens">The tokens; null where nobody is invited.</param>
public sealed class RegistrationService(AccountService accounts, RegistrationOptions options, RegistrationThrottle throttle, Func<string, CancellationToken, ValueTask<bool>> isThing, IRegistrationTokens? tokens)
{
    private readonly HashSet<string> _reserved = new(options.ReservedNames, StringComparer.Ordinal);

    /// <summary>The settings.</summary>
    public RegistrationOptions Options => options;

    /// <summary>Whether there are tokens at all.</summary>
    public bool TakesTokens => tokens is not null;

    /// <summary>What a token allows; null where it allows nothing now. Wrong ones count as attempts.</summary>
    public async ValueTask<(RegistrationOutcome Outcome, RegistrationGrant? Grant)> ShowTokenAsync(string token, IPAddress? address, CancellationToken cancel)
    {
        if (!throttle.TryTake(address))
        {
            return (RegistrationOutcome.TooMany, null);
        }

        RegistrationGrant? grant = tokens is null ? null : await tokens.FindAsync(token, cancel).ConfigureAwait(false);
        return (grant is null ? RegistrationOutcome.NotInvited : RegistrationOutcome.Done, grant);
    }

    /// <summary>Makes an account for somebody who has none.</summary>
    /// <param name="name">The name as it was written; null where none was.</param>
    /// <param name="password">The password; null where none was written.</param>
    /// <param name="address">Where he comes from.</param>
    /// <param name="grant">What his token allows, or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<RegistrationOutcome> RegisterAsync(string? name, string? password, IPAddress? address, RegistrationGrant? grant, CancellationToken cancel)
    {
        if (options.Mode == RegistrationMode.Off)
        {
            return RegistrationOutcome.NotAllowed;
        }

        if (options.Mode == RegistrationMode.Invite && grant is null)
        {
            return RegistrationOutcome.NotInvited;
        }

        if (string.IsNullOrEmpty(name) || string.IsNullOrEmpty(password))
        {
            return RegistrationOutcome.Incomplete;
        }

        if (!JidPrep.TryLocalpart(name, out string? localpart) || (grant?.Name is { } only ? only != localpart : _reserved.Contains(localpart)))
        {
            return RegistrationOutcome.BadName;
        }

        if (!IsPassword(password))
        {
            return RegistrationOutcome.BadPassword;
        }

        // What costs a derivation, or tells whether a name is taken, counts.
        if (!throttle.TryTake(address))
        {
            return RegistrationOutcome.TooMany;
        }

        if (await isThing(localpart, cancel).ConfigureAwait(false) || (tokens is not null && await tokens.IsReservedAsync(localpart, grant, cancel).ConfigureAwait(false)) || await accounts.FindAsync(localpart, cancel).ConfigureAwait(false) is not null)
        {
            return RegistrationOutcome.Taken;
        }

        RegistrationOutcome outcome = Of(await accounts.CreateAsync(localpart, password, together: grant is null ? null : session => tokens!.Use(session, grant, localpart)).ConfigureAwait(false));
        if (outcome == RegistrationOutcome.Done && grant is not null)
        {
            await tokens!.UsedAsync(grant, localpart).ConfigureAwait(false);
        }

        return outcome;
    }

    /// <summary>Gives an account another password.</summary>
    /// <param name="account">Whose it is: who asks.</param>
    /// <param name="name">The name that he wrote beside it, or null.</param>
    /// <param name="password">The new password.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<RegistrationOutcome> ChangePasswordAsync(string account, string? name, string? password, CancellationToken cancel)
    {
        if (!options.PasswordChange)
        {
            return RegistrationOutcome.NotAllowed;
        }

        if (string.IsNullOrEmpty(name) || string.IsNullOrEmpty(password))
        {
            return RegistrationOutcome.Incomplete;
        }

        if (!JidPrep.TryLocalpart(name, out string? localpart) || localpart != account)
        {
            return RegistrationOutcome.BadName;
        }

        if (!IsPassword(password))
        {
            return RegistrationOutcome.BadPassword;
        }

        return await accounts.FindAsync(account, cancel).ConfigureAwait(false) is { Owner: not null }
            ? RegistrationOutcome.IsThing
            : Of(await accounts.ChangePasswordAsync(account, password).ConfigureAwait(false));
    }

    /// <summary>Removes an account with all that it has.</summary>
    /// <param name="account">Whose it is: who asks.</param>
    /// <param name="removed">Called when it is durable, before its sessions end.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<RegistrationOutcome> RemoveAsync(string account, Action removed, CancellationToken cancel)
    {
        if (!options.Removal)
        {
            return RegistrationOutcome.NotAllowed;
        }

        return await accounts.FindAsync(account, cancel).ConfigureAwait(false) is { Owner: not null }
            ? RegistrationOutcome.IsThing
            : Of(await accounts.RemoveAsync(account, removed, keepsAdministrator: true).ConfigureAwait(false));
    }

    private static RegistrationOutcome Of(AccountOutcome outcome) => outcome switch
    {
        AccountOutcome.Done => RegistrationOutcome.Done,
        AccountOutcome.Exists or AccountOutcome.Leaving => RegistrationOutcome.Taken,
        AccountOutcome.BadPassword => RegistrationOutcome.BadPassword,
        AccountOutcome.Refused => RegistrationOutcome.NotInvited,
        AccountOutcome.LastAdministrator => RegistrationOutcome.LastAdministrator,
        _ => RegistrationOutcome.BadName,
    };

    private bool IsPassword(string password) => password.EnumerateRunes().Count() >= options.MinPasswordLength && password.Length <= AccountService.PasswordLimit;
}
