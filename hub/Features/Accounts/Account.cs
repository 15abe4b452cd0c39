namespace IotXmpp.Hub.Features.Accounts;

/// <summary>An account: the localpart of its bare JID and what it may do. Its keys stay in the store.</summary>
/// <param name="Name">The localpart, prepared (RFC 7622 §3.3).</param>
/// <param name="IsAdministrator">True when it administers the hub.</param>
/// <param name="IsDisabled">True when it may not log in.</param>
/// <param name="Created">When it was made.</param>
/// <param name="PasswordChanged">When its password was last set.</param>
/// <param name="Owner">For a thing: the bare JID of who may control it and sees all of it; null for people.</param>
public sealed record Account(string Name, bool IsAdministrator, bool IsDisabled, DateTimeOffset Created, DateTimeOffset PasswordChanged, string? Owner = null);

/// <summary>How a change of an account ended.</summary>
public enum AccountOutcome
{
    /// <summary>Done and durable.</summary>
    Done,
    /// <summary>There is such an account already.</summary>
    Exists,
    /// <summary>An account of that name was removed, and what features keep of it is not deleted yet: the name is nobody's. A running hub does that at once.</summary>
    Leaving,
    /// <summary>There is no such account.</summary>
    NotFound,
    /// <summary>The name is no localpart (RFC 7622 §3.3).</summary>
    BadName,
    /// <summary>The password is empty, too long or has characters that RFC 8265 §4 forbids.</summary>
    BadPassword,
    /// <summary>It is the last administrator who may log in.</summary>
    LastAdministrator,
    /// <summary>What was to be done with it, in one transaction, could not be done: nothing was.</summary>
    Refused,
}

/// <summary>What became of an account that may have sessions.</summary>
public enum AccountChange
{
    /// <summary>It is gone: its sessions end.</summary>
    Removed,
    /// <summary>It may not log in any more: its sessions end.</summary>
    Disabled,
    /// <summary>It may log in again: what waited for that goes on.</summary>
    Enabled,
    /// <summary>Its password is another: sessions stay, tokens of the old password do not.</summary>
    PasswordChanged,
    /// <summary>It is an administrator now, or no longer.</summary>
    RoleChanged,
    /// <summary>Its keys were taken away and it may not log in: its sessions end, and so does everything that was derived from those keys.</summary>
    Revoked,
}

/// <summary>What a change means for others.</summary>
public static class AccountChanges
{
    /// <summary>Whether the account's sessions end now (RFC 6120 §4.9.3.12).</summary>
    public static bool EndsSessions(this AccountChange change) => change is AccountChange.Removed or AccountChange.Disabled or AccountChange.Revoked;

    /// <summary>Whether tokens that were given for the account's keys, such as those of FAST (XEP-0484), are void now.</summary>
    public static bool EndsTokens(this AccountChange change) => change is not (AccountChange.RoleChanged or AccountChange.Enabled);
}
