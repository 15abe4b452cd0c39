using System.Collections.Frozen;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.ApiTokens;

/// <summary>A token as it is listed: never what it is told by.</summary>
/// <param name="Id">Its name for machines, such as <c>k7f2m9qa3xwd</c>; no secret.</param>
/// <param name="Account">Whose it is (localpart).</param>
/// <param name="Name">Its name for people.</param>
/// <param name="Scopes">What it is good for.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">When it ends.</param>
/// <param name="LastUsed">When it was last used, up to some minutes late; null for never.</param>
public sealed record ApiToken(string Id, string Account, string Name, IReadOnlyList<string> Scopes, DateTimeOffset Created, DateTimeOffset Expires, DateTimeOffset? LastUsed);

/// <summary>Who a request comes from: an account, and what its token is good for.</summary>
/// <param name="TokenId">The token.</param>
/// <param name="Account">The account's bare JID.</param>
/// <param name="IsAdministrator">Whether the account administers the hub now.</param>
/// <param name="Scopes">What the token is good for.</param>
/// <param name="Expires">When the token ends.</param>
public sealed record ApiPrincipal(string TokenId, Jid Account, bool IsAdministrator, FrozenSet<string> Scopes, DateTimeOffset Expires)
{
    /// <summary>Whether the token is good for something; what is for administrators only asks the account as well.</summary>
    public bool Has(string scope) => Scopes.Contains(scope) && (IsAdministrator || !ApiScope.IsForAdministrators(scope));
}

/// <summary>How a request about tokens ended.</summary>
public enum ApiTokenOutcome
{
    /// <summary>Done and durable.</summary>
    Done,

    /// <summary>There is no such token, or not for who asks.</summary>
    NotFound,

    /// <summary>There is no such account, it may not log in, or it is a thing's.</summary>
    NoAccount,

    /// <summary>The name is empty, too long, or has control characters.</summary>
    BadName,

    /// <summary>No scope, or one that there is not.</summary>
    BadScope,

    /// <summary>A scope that the account, or the token that asks, has not itself.</summary>
    Forbidden,

    /// <summary>The lifetime is none, or longer than it may be.</summary>
    BadLifetime,

    /// <summary>The account has as many tokens as it may.</summary>
    TooMany,
}

/// <summary>What came of making a token.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Token">The token; null where none was made.</param>
/// <param name="Secret">What it is told by, <c>iotx_…</c>: shown this once and kept nowhere.</param>
/// <param name="Detail">What is wrong, for people; null where nothing is.</param>
public sealed record NewApiToken(ApiTokenOutcome Outcome, ApiToken? Token = null, string? Secret = null, string? Detail = null);
