using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Accounts;

/// <summary>What can be done with accounts. Passwords go in and are forgotten: only SCRAM keys are kept.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="iterations">PBKDF2 iterations of new keys (<c>Security:Sasl:Iterations</c>).</param>
public sealed class AccountService(AccountStore store, int iterations = ScramCredentials.DefaultIterations)
{
    /// <summary>Characters of a password, at most; default 1,024: as long as any that a person types, short enough for PBKDF2's first hash.</summary>
    public const int PasswordLimit = 1_024;

    private readonly ConcurrentDictionary<string, Task<bool>> _leaving = new(StringComparer.Ordinal);

    /// <summary>Tells the name of an account and what became of it, after the change is durable: who holds sessions or rights acts on it. Of changes by another process only those are told (within a second) that end sessions.</summary>
    public event Action<string, AccountChange>? Changed;

    /// <summary>An account by its localpart (prepared here), or null.</summary>
    public async ValueTask<Account?> FindAsync(string name, CancellationToken cancellationToken = default) =>
        JidPrep.TryLocalpart(name, out string? localpart) ? await store.FindAsync(localpart, cancellationToken).ConfigureAwait(false) : null;

    /// <summary>True when this prepared localpart administers the hub and may log in.</summary>
    public async ValueTask<bool> IsAdministratorAsync(string localpart, CancellationToken cancellationToken = default) =>
        await store.FindAsync(localpart, cancellationToken).ConfigureAwait(false) is { IsAdministrator: true, IsDisabled: false };

    /// <summary>True when there is an administrator who may log in.</summary>
    public ValueTask<bool> HasAdministratorAsync(CancellationToken cancellationToken = default) => store.HasAdministratorAsync(cancellationToken);

    /// <summary>The names of the accounts of somebody's things (bare JID).</summary>
    public ValueTask<List<string>> OwnedAsync(string owner, CancellationToken cancellationToken = default) => store.OwnedAsync(owner, cancellationToken);

    /// <summary>How many accounts there are.</summary>
    public ValueTask<long> CountAsync(CancellationToken cancellationToken = default) => store.CountAsync(cancellationToken);

    /// <summary>A page of 1 to 1,000 accounts after a name, in the order of their names.</summary>
    public ValueTask<List<Account>> ListAsync(string after, int max, CancellationToken cancellationToken = default) => store.ListAsync(after, max, cancellationToken);

    /// <summary>Makes an account.</summary>
    /// <param name="name">Its localpart, prepared here.</param>
    /// <param name="password">Its password.</param>
    /// <param name="administrator">Its role.</param>
    /// <param name="together">What is done in the same transaction, where the name is free; false there undoes nothing and makes nothing (<see cref="AccountOutcome.Refused"/>).</param>
    public async Task<AccountOutcome> CreateAsync(string name, string password, bool administrator = false, Func<SqlSession, bool>? together = null)
    {
        if (!JidPrep.TryLocalpart(name, out string? localpart))
        {
            return AccountOutcome.BadName;
        }

        return TryDerive(password, out ScramCredentials[]? keys, out _, iterations) ? await store.CreateAsync(localpart, keys, administrator, together: together).ConfigureAwait(false) : AccountOutcome.BadPassword;
    }

    /// <summary>Sets a new password.</summary>
    public Task<AccountOutcome> ChangePasswordAsync(string name, string password) =>
        TryDerive(password, out ScramCredentials[]? keys, out _, iterations)
            ? ChangeAsync(name, AccountChange.PasswordChanged, localpart => store.SetKeysAsync(localpart, keys))
            : Task.FromResult(AccountOutcome.BadPassword);

    /// <summary>Forbids the log-in, or allows it again.</summary>
    /// <param name="name">The account.</param>
    /// <param name="disabled">Whether it is forbidden.</param>
    /// <param name="keepsAdministrator">Refuses to disable the last administrator who may log in.</param>
    public Task<AccountOutcome> SetDisabledAsync(string name, bool disabled, bool keepsAdministrator = false) =>
        ChangeAsync(name, disabled ? AccountChange.Disabled : AccountChange.Enabled, localpart => store.SetDisabledAsync(localpart, disabled, keepsAdministrator));

    /// <summary>Gives or takes the role of administrator.</summary>
    /// <param name="name">The account.</param>
    /// <param name="administrator">Whether it gets it.</param>
    /// <param name="keepsAdministrator">Refuses to take it from the last administrator who may log in.</param>
    public Task<AccountOutcome> SetAdministratorAsync(string name, bool administrator, bool keepsAdministrator = false) =>
        ChangeAsync(name, AccountChange.RoleChanged, localpart => store.SetAdministratorAsync(localpart, administrator, keepsAdministrator));

    /// <summary>Makes these accounts (prepared localparts), and no others, administrators, all or none.</summary>
    public async Task<AccountOutcome> SetAdministratorsAsync(IReadOnlyCollection<string> names)
    {
        (AccountOutcome outcome, List<string> changed) = await store.SetAdministratorsAsync(names).ConfigureAwait(false);
        foreach (string name in changed)
        {
            Changed?.Invoke(name, AccountChange.RoleChanged);
        }

        return outcome;
    }

    /// <summary>Sets the owner of a thing's account: a bare JID, prepared; null takes it away.</summary>
    public Task<AccountOutcome> SetOwnerAsync(string name, IotXmpp.Xmpp.Jid? owner) =>
        ChangeAsync(name, AccountChange.RoleChanged, localpart => store.SetOwnerAsync(localpart, owner?.Bare.ToString()));

    /// <summary>
    /// Makes the account of a device whose SCRAM keys the client has made (so that nobody here ever sees a secret), or gives the account that is there these keys and lets it log in again.
    /// Keys for other mechanisms go: they are of a secret that no longer counts.
    /// </summary>
    public async Task<AccountOutcome> SetDeviceKeysAsync(string name, ScramCredentials keys)
    {
        if (!JidPrep.TryLocalpart(name, out string? localpart))
        {
            return AccountOutcome.BadName;
        }

        AccountOutcome outcome = await store.SetDeviceKeysAsync(localpart, keys).ConfigureAwait(false);
        if (outcome == AccountOutcome.Exists)
        {
            Changed?.Invoke(localpart, AccountChange.PasswordChanged);
            outcome = AccountOutcome.Done;
        }

        return outcome;
    }

    /// <summary>Makes the account of a device within another unit of work, such as one that makes its thing; false where the name is taken, or not free yet.</summary>
    public bool AddDevice(SqlSession session, string localpart, ScramCredentials keys) => store.AddDevice(session, localpart, keys);

    /// <summary>Takes the account's keys away and forbids the log-in; its sessions end at once. Only new keys let it in again.</summary>
    public Task<AccountOutcome> RevokeAsync(string name) => ChangeAsync(name, AccountChange.Revoked, store.RevokeAsync);

    /// <summary>Removes the account, and with it all that features keep of it: done when that is done. What fails there is tried again later; until then the name is nobody's.</summary>
    /// <param name="name">The account.</param>
    /// <param name="removed">Called when the removal is durable, before the account's sessions end.</param>
    /// <param name="keepsAdministrator">Refuses to remove the last administrator who may log in.</param>
    public async Task<AccountOutcome> RemoveAsync(string name, Action? removed = null, bool keepsAdministrator = false)
    {
        if (!JidPrep.TryLocalpart(name, out string? localpart))
        {
            return AccountOutcome.BadName;
        }

        AccountOutcome outcome = await store.RemoveAsync(localpart, keepsAdministrator).ConfigureAwait(false);
        if (outcome == AccountOutcome.Done)
        {
            removed?.Invoke();
            Changed?.Invoke(localpart, AccountChange.Removed);
            await LeaveAsync(localpart).ConfigureAwait(false);
        }

        return outcome;
    }

    /// <summary>The names of all accounts that may not log in.</summary>
    public async Task<HashSet<string>> DisabledAsync(CancellationToken cancellationToken = default)
    {
        const int Page = 1_000;
        var all = new HashSet<string>(StringComparer.Ordinal);
        List<string> page;
        string after = string.Empty;
        do
        {
            page = await store.ListDisabledAsync(after, Page, cancellationToken).ConfigureAwait(false);
            all.UnionWith(page);
            after = page.LastOrDefault(string.Empty);
        }
        while (page.Count == Page);
        return all;
    }

    /// <summary>Deletes what features have of a removed account; gives whether nothing is left. Set by the hub; the command line has no features.</summary>
    internal Func<string, Task<bool>>? Leaving { get; set; }

    /// <summary>Lets the features forget a removed account, and frees its name where nothing is left.</summary>
    internal async Task<bool> LeaveAsync(string localpart)
    {
        if (Leaving is null)
        {
            return false;
        }

        var mine = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool> running = _leaving.GetOrAdd(localpart, mine.Task);
        if (running != mine.Task)
        {
            return await running.ConfigureAwait(false);
        }

        bool isGone = false;
        try
        {
            // Only while it stands there nobody new can have the name.
            isGone = !await store.IsLeavingAsync(localpart).ConfigureAwait(false) || await Leaving(localpart).ConfigureAwait(false);
            if (isGone)
            {
                await store.LeftAsync(localpart).ConfigureAwait(false);
            }

            return isGone;
        }
        finally
        {
            _leaving.TryRemove(localpart, out _);
            mine.SetResult(isGone);
        }
    }

    /// <summary>Tells what another process has changed, where it concerns who has a session.</summary>
    internal void Noticed(string localpart, AccountChange change) => Changed?.Invoke(localpart, change);

    /// <summary>Keys for all mechanisms; false and a reason for a password that cannot be used.</summary>
    internal static bool TryDerive(string password, [NotNullWhen(true)] out ScramCredentials[]? keys, [NotNullWhen(false)] out string? reason, int iterations = ScramCredentials.DefaultIterations)
    {
        keys = null;
        if (password.Length == 0)
        {
            reason = "the password is empty";
            return false;
        }

        if (password.Length > PasswordLimit)
        {
            reason = "the password is too long";
            return false;
        }

        try
        {
            keys = [ScramCredentials.Derive(ScramHash.Sha1, password, iterations), ScramCredentials.Derive(ScramHash.Sha256, password, iterations)];
            reason = null;
            return true;
        }
        catch (ArgumentException)
        {
            reason = "the password has characters that are not allowed (RFC 8265 §4)";
            return false;
        }
    }

    /// <summary>True when these keys are those of this password.</summary>
    internal static bool Matches(ScramCredentials keys, string password)
    {
        try
        {
            return CryptographicOperations.FixedTimeEquals(ScramCredentials.Derive(keys.Hash, password, keys.Iterations, keys.Salt).StoredKey, keys.StoredKey);
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private async Task<AccountOutcome> ChangeAsync(string name, AccountChange? change, Func<string, Task<AccountOutcome>> act)
    {
        if (!JidPrep.TryLocalpart(name, out string? localpart))
        {
            return AccountOutcome.BadName;
        }

        AccountOutcome outcome = await act(localpart).ConfigureAwait(false);
        if (outcome == AccountOutcome.Done && change is { } what)
        {
            Changed?.Invoke(localpart, what);
        }

        return outcome;
    }
}
