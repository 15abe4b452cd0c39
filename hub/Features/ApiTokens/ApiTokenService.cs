using System.Collections.Concurrent;
using System.Collections.Frozen;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Sasl;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.ApiTokens;

/// <summary>
/// The rules of tokens for programs: who may have which, and who comes by one. A token is asked for in the database at every request, so that one that is revoked, by this process or another, is void at the next
/// request; nothing of it stays in memory.
/// </summary>
/// <param name="store">Where they are kept.</param>
/// <param name="options">Lifetimes and bounds.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="domain">The served domain.</param>
/// <param name="time">The clock.</param>
public sealed class ApiTokenService(ApiTokenStore store, ApiTokenOptions options, AccountService accounts, Jid domain, TimeProvider time)
{
    /// <summary>Characters of a token's name, at most; default 64: a line in a list.</summary>
    public const int NameLimit = 64;

    /// <summary>Tokens whose last use waits to be written, at most; default 4,096: what comes beyond in that minute is noted with its next use.</summary>
    private const int UsedLimit = 4_096;

    /// <summary>How long a token that has ended is listed still; default 30 days: long enough to see why something stopped.</summary>
    private static readonly TimeSpan s_kept = TimeSpan.FromDays(30);

    private const int IdChars = 12;

    private readonly ConcurrentDictionary<string, long> _used = new(StringComparer.Ordinal);

    /// <summary>A token was revoked here: who holds something open by it ends that. Others (by another process, by a password) show at its next look.</summary>
    public event Action<string>? Revoked;

    /// <summary>The settings.</summary>
    public ApiTokenOptions Options => options;

    /// <summary>Makes a token.</summary>
    /// <param name="account">Whose (localpart).</param>
    /// <param name="name">Its name for people.</param>
    /// <param name="scopes">What it is good for (<see cref="ApiScope"/>).</param>
    /// <param name="lifetime">How long; null for the setting.</param>
    /// <param name="by">The token that asks for it, which gives no more than it has; null where the account itself does, or an administrator.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async Task<NewApiToken> CreateAsync(string account, string name, IEnumerable<string> scopes, TimeSpan? lifetime = null, ApiPrincipal? by = null, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(scopes);
        name = name.Trim();
        if (name.Length is 0 or > NameLimit || name.Any(char.IsControl))
        {
            return new NewApiToken(ApiTokenOutcome.BadName, Detail: $"A name has 1 to {NameLimit} characters and no control characters.");
        }

        if (!ApiScope.TryRead(scopes, out string[]? wanted, out string? unknown) || wanted.Length == 0)
        {
            return new NewApiToken(ApiTokenOutcome.BadScope, Detail: unknown is null ? "A token needs at least one scope." : $"There is no scope '{unknown}'.");
        }

        TimeSpan span = lifetime ?? TimeSpan.FromDays(options.LifetimeDays);
        if (span < TimeSpan.FromMinutes(1) || span > TimeSpan.FromDays(options.MaxLifetimeDays))
        {
            return new NewApiToken(ApiTokenOutcome.BadLifetime, Detail: $"A token lasts a minute to {options.MaxLifetimeDays} days.");
        }

        // What belongs to a device logs in by its keys and speaks XMPP.
        if (await accounts.FindAsync(account, cancel).ConfigureAwait(false) is not { IsDisabled: false, Owner: null } found)
        {
            return new NewApiToken(ApiTokenOutcome.NoAccount, Detail: "There is no such account of a person that may log in.");
        }

        if (wanted.FirstOrDefault(s => (ApiScope.IsForAdministrators(s) && !found.IsAdministrator) || (by is not null && !by.Has(s))) is { } forbidden)
        {
            return new NewApiToken(ApiTokenOutcome.Forbidden, Detail: $"The scope '{forbidden}' is not one that may be given here.");
        }

        DateTimeOffset now = DateTimeOffset.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        DateTimeOffset expires = now + span;
        if (by is not null && expires > by.Expires)
        {
            // Otherwise a token could outlive itself for ever.
            expires = by.Expires;
        }

        string secret = ApiTokenText.New();
        var token = new ApiToken(RandomText.New(IdChars), found.Name, name, wanted, now, expires, null);
        return await store.AddAsync(ApiTokenText.Hash(secret), new ApiTokenRow(token, found.PasswordChanged.ToUnixTimeMilliseconds()), options.MaxTokens).ConfigureAwait(false)
            ? new NewApiToken(ApiTokenOutcome.Done, token, secret)
            : new NewApiToken(ApiTokenOutcome.TooMany, Detail: $"An account has at most {options.MaxTokens} tokens: revoke one.");
    }

    /// <summary>Who comes by a token; null where it is none, has ended, or its account may not log in.</summary>
    public async ValueTask<ApiPrincipal?> AuthenticateAsync(string secret, CancellationToken cancel = default)
    {
        if (!ApiTokenText.IsToken(secret) || await store.FindAsync(ApiTokenText.Hash(secret), cancel).ConfigureAwait(false) is not { } row)
        {
            return null;
        }

        ApiPrincipal? principal = await PrincipalAsync(row, cancel).ConfigureAwait(false);
        if (principal is not null && (_used.Count < UsedLimit || _used.ContainsKey(row.Token.Id)))
        {
            _used[row.Token.Id] = time.GetUtcNow().ToUnixTimeMilliseconds();
        }

        return principal;
    }

    /// <summary>The same of a token that was authenticated before, as it is now: for what stays open long.</summary>
    public async ValueTask<ApiPrincipal?> StillAsync(ApiPrincipal principal, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(principal);
        return await store.FindAsync(principal.TokenId, cancel).ConfigureAwait(false) is { } row ? await PrincipalAsync(row, cancel).ConfigureAwait(false) : null;
    }

    /// <summary>Tokens of an account, or (null) of all, a page of at most 1,000 after an id; also those that have ended lately.</summary>
    public async ValueTask<List<ApiToken>> ListAsync(string? account, string after = "", int max = 1_000, CancellationToken cancel = default)
    {
        List<ApiTokenRow> rows = await store.ListAsync(account, after, Math.Clamp(max, 1, 1_000), cancel).ConfigureAwait(false);
        return rows.ConvertAll(row => row.Token with { LastUsed = _used.TryGetValue(row.Token.Id, out long at) ? DateTimeOffset.FromUnixTimeMilliseconds(at) : row.Token.LastUsed });
    }

    /// <summary>A token by its id, or null.</summary>
    public async ValueTask<ApiToken?> FindAsync(string id, CancellationToken cancel = default) => (await store.FindAsync(id, cancel).ConfigureAwait(false))?.Token;

    /// <summary>Whether the token is good now.</summary>
    public async ValueTask<bool> IsGoodAsync(string id, CancellationToken cancel = default) =>
        await store.FindAsync(id, cancel).ConfigureAwait(false) is { } row && await PrincipalAsync(row, cancel).ConfigureAwait(false) is not null;

    /// <summary>Ends a token of an account, or (null) of anybody, at once.</summary>
    public async Task<ApiTokenOutcome> RevokeAsync(string id, string? account)
    {
        if (!await store.RemoveAsync(id, account).ConfigureAwait(false))
        {
            return ApiTokenOutcome.NotFound;
        }

        _used.TryRemove(id, out _);
        Revoked?.Invoke(id);
        return ApiTokenOutcome.Done;
    }

    /// <summary>Ends all tokens of an account.</summary>
    public Task RevokeAllAsync(string account) => store.RemoveAllAsync(account);

    /// <summary>Writes when tokens were used, in one piece.</summary>
    public async Task NoteUsesAsync()
    {
        KeyValuePair<string, long>[] used = _used.ToArray();
        if (used.Length == 0)
        {
            return;
        }

        await store.UsedAsync(used).ConfigureAwait(false);
        foreach (KeyValuePair<string, long> one in used)
        {
            _used.TryRemove(one); // one that was used again meanwhile stays
        }
    }

    /// <summary>Forgets tokens that ended long ago.</summary>
    public Task SweepAsync() => store.SweepAsync((time.GetUtcNow() - s_kept).ToUnixTimeMilliseconds());

    private async ValueTask<ApiPrincipal?> PrincipalAsync(ApiTokenRow row, CancellationToken cancel)
    {
        ApiToken token = row.Token;
        if (token.Expires <= time.GetUtcNow() || await accounts.FindAsync(token.Account, cancel).ConfigureAwait(false) is not { IsDisabled: false } account
            // An account that was made anew is another one.
            || account.Created > token.Created
            || (options.EndWithPassword && account.PasswordChanged.ToUnixTimeMilliseconds() != row.PasswordChanged))
        {
            return null;
        }

        return new ApiPrincipal(token.Id, new Jid(account.Name, domain.Domain, string.Empty), account.IsAdministrator, token.Scopes.ToFrozenSet(StringComparer.Ordinal), token.Expires);
    }
}
