using System.Collections.Concurrent;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;

namespace IotXmpp.Hub.Features.Accounts;

/// <summary>
/// Accounts and their SCRAM keys in SQL, with a bounded cache. Every change in the tables, by this process or another, raises the number in <c>account_generation</c>; an entry of the
/// cache counts only while that number is the one it was read under, so a log-in costs one read of one row and is never answered from what is no longer true.
/// </summary>
public sealed class AccountStore(ISqlDatabase database, TimeProvider time)
{
    /// <summary>Accounts in the cache, at most; default 16,384 (some 600 bytes each): the accounts of a hub with 10,000 sessions. When it is full it starts anew.</summary>
    public const int CacheLimit = 16_384;

    private const string Sha1 = "SCRAM-SHA-1";
    private const string Sha256 = "SCRAM-SHA-256";
    private const string Columns = "name, administrator, disabled, created, password_changed, owner";

    private readonly ConcurrentDictionary<string, Entry> _cache = new(StringComparer.Ordinal);

    /// <summary>Accounts that are cached now.</summary>
    public int CachedCount => _cache.Count;

    /// <summary>An account, or null.</summary>
    public async ValueTask<Account?> FindAsync(string name, CancellationToken cancellationToken = default) => (await EntryAsync(name, cancellationToken).ConfigureAwait(false))?.Account;

    /// <summary>The keys of an account for one hash function, or null.</summary>
    public async ValueTask<ScramCredentials?> FindKeysAsync(string name, ScramHash hash, CancellationToken cancellationToken = default)
    {
        Entry? entry = await EntryAsync(name, cancellationToken).ConfigureAwait(false);
        return hash == ScramHash.Sha256 ? entry?.Sha256 : entry?.Sha1;
    }

    /// <summary>Accounts after a name, in the order of their names.</summary>
    /// <param name="after">The last name of the page before; empty for the first page.</param>
    /// <param name="max">1 to 1,000 accounts.</param>
    /// <param name="cancellationToken">Ends the wait for a reader.</param>
    public ValueTask<List<Account>> ListAsync(string after, int max, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(max, 1_000);
        return database.ReadAsync(
            session =>
            {
                var page = new List<Account>();
                SqlStatement rows = session.Prepare($"SELECT {Columns} FROM account WHERE name > $1 ORDER BY name LIMIT $2").Bind(1, after).Bind(2, max);
                while (rows.Read())
                {
                    page.Add(ReadAccount(rows));
                }

                return page;
            },
            cancellationToken);
    }

    /// <summary>The names of the accounts of somebody's things (bare JID).</summary>
    public ValueTask<List<string>> OwnedAsync(string owner, CancellationToken cancellationToken = default) => database.ReadAsync(
        session =>
        {
            var names = new List<string>();
            SqlStatement rows = session.Prepare("SELECT name FROM account WHERE owner = $1 ORDER BY name").Bind(1, owner);
            while (rows.Read())
            {
                names.Add(rows.GetString(0));
            }

            return names;
        },
        cancellationToken);

    /// <summary>How many accounts there are.</summary>
    public ValueTask<long> CountAsync(CancellationToken cancellationToken = default) => NumberAsync("SELECT count(*) FROM account", cancellationToken);

    /// <summary>How many accounts may not log in.</summary>
    public ValueTask<long> CountDisabledAsync(CancellationToken cancellationToken = default) => NumberAsync("SELECT count(*) FROM account WHERE disabled = 1", cancellationToken);

    /// <summary>Names of accounts that may not log in, after a name, in their order.</summary>
    public ValueTask<List<string>> ListDisabledAsync(string after, int max, CancellationToken cancellationToken = default) =>
        NamesAsync("SELECT name FROM account WHERE disabled = 1 AND name > $1 ORDER BY name LIMIT $2", after, max, cancellationToken);

    /// <summary>Names of administrators, in their order; those who may not log in as well.</summary>
    public ValueTask<List<string>> ListAdministratorsAsync(int max, CancellationToken cancellationToken = default) =>
        NamesAsync("SELECT name FROM account WHERE administrator = 1 AND name > $1 ORDER BY name LIMIT $2", "", max, cancellationToken);

    /// <summary>Makes these accounts, and no others, administrators, all or none.</summary>
    /// <returns>NotFound where one does not exist, LastAdministrator where none of them may log in; and whose role changed.</returns>
    public Task<(AccountOutcome Outcome, List<string> Changed)> SetAdministratorsAsync(IReadOnlyCollection<string> names) => database.WriteAsync(session =>
    {
        var before = new HashSet<string>(StringComparer.Ordinal);
        SqlStatement rows = session.Prepare("SELECT name FROM account WHERE administrator = 1");
        while (rows.Read())
        {
            before.Add(rows.GetString(0));
        }

        bool canOne = false;
        foreach (string name in names)
        {
            SqlStatement row = session.Prepare("SELECT disabled FROM account WHERE name = $1").Bind(1, name);
            if (!row.Read())
            {
                return (AccountOutcome.NotFound, new List<string>());
            }

            canOne |= !row.GetBoolean(0);
            row.Reset();
        }

        if (!canOne)
        {
            return (AccountOutcome.LastAdministrator, new List<string>());
        }

        List<string> changed = [.. before.Except(names), .. names.Except(before)];
        foreach (string name in changed)
        {
            session.Prepare("UPDATE account SET administrator = $2 WHERE name = $1").Bind(1, name).Bind(2, !before.Contains(name)).Execute();
        }

        RaiseGeneration(session);
        return (AccountOutcome.Done, changed);
    });

    /// <summary>True when somebody who may log in administers the hub.</summary>
    public async ValueTask<bool> HasAdministratorAsync(CancellationToken cancellationToken = default) =>
        await NumberAsync("SELECT count(*) FROM account WHERE administrator = 1 AND disabled = 0", cancellationToken).ConfigureAwait(false) > 0;

    /// <summary>Makes an account, or gives an existing one new keys.</summary>
    /// <param name="name">Prepared localpart.</param>
    /// <param name="keys">One set of keys for each hash function.</param>
    /// <param name="administrator">The role of a new account.</param>
    /// <param name="replace">False leaves an existing account as it is.</param>
    /// <param name="together">What is done in the same transaction where a new account can be made; where it gives false it has done nothing, and no account is made.</param>
    /// <returns>Done, or Exists when it is there and <paramref name="replace"/> is false.</returns>
    public Task<AccountOutcome> CreateAsync(string name, IReadOnlyList<ScramCredentials> keys, bool administrator, bool replace = false, Func<SqlSession, bool>? together = null) => database.WriteAsync(session =>
    {
        if (together is not null)
        {
            SqlStatement there = session.Prepare("SELECT 1 FROM account WHERE name = $1").Bind(1, name);
            bool exists = there.Read();
            there.Reset();
            if (exists || IsLeaving(session, name))
            {
                return exists ? AccountOutcome.Exists : AccountOutcome.Leaving;
            }

            if (!together(session))
            {
                return AccountOutcome.Refused;
            }
        }

        AccountOutcome outcome = Create(session, name, keys, administrator, replace);
        if (outcome == AccountOutcome.Done)
        {
            RaiseGeneration(session);
        }

        return outcome;
    });

    /// <summary>Makes many accounts in one transaction; existing ones get the new keys and keep their role.</summary>
    /// <returns>The names that are still being left by removed accounts.</returns>
    public Task<List<string>> PutAllAsync(IReadOnlyList<(string Name, IReadOnlyList<ScramCredentials> Keys)> accounts, CancellationToken cancellationToken = default) => database.WriteAsync(
        session =>
        {
            var refused = new List<string>();
            foreach ((string name, IReadOnlyList<ScramCredentials> keys) in accounts)
            {
                if (Create(session, name, keys, administrator: false, replace: true) != AccountOutcome.Done)
                {
                    refused.Add(name);
                }
            }

            RaiseGeneration(session);
            return refused;
        },
        cancellationToken: cancellationToken);

    /// <summary>Gives an account new keys.</summary>
    public Task<AccountOutcome> SetKeysAsync(string name, IReadOnlyList<ScramCredentials> keys) => ChangeAsync(name, session =>
    {
        PutKeys(session, name, keys);
        return session.Prepare("UPDATE account SET password_changed = $2 WHERE name = $1").Bind(1, name).Bind(2, Now()).Execute();
    });

    /// <summary>Makes an account with these keys alone; <see cref="AccountOutcome.Exists"/> where it was there and has them now.</summary>
    public Task<AccountOutcome> SetDeviceKeysAsync(string name, ScramCredentials keys) => database.WriteAsync(session =>
    {
        AccountOutcome outcome = Create(session, name, [], administrator: false, replace: false);
        if (outcome == AccountOutcome.Leaving)
        {
            return outcome;
        }

        if (outcome == AccountOutcome.Exists)
        {
            session.Prepare("DELETE FROM account_key WHERE name = $1").Bind(1, name).Execute();
            session.Prepare("UPDATE account SET password_changed = $2, disabled = 0 WHERE name = $1").Bind(1, name).Bind(2, Now()).Execute();
        }

        PutKeys(session, name, [keys]);
        RaiseGeneration(session);
        return outcome;
    });

    /// <summary>Makes the account of a device within another unit of work.</summary>
    /// <returns>False where the name is taken, or not free yet: nothing was done.</returns>
    public bool AddDevice(SqlSession session, string name, ScramCredentials keys)
    {
        ArgumentNullException.ThrowIfNull(session);
        if (Create(session, name, [keys], administrator: false, replace: false) != AccountOutcome.Done)
        {
            return false;
        }

        RaiseGeneration(session);
        return true;
    }

    /// <summary>Takes all keys away and forbids the log-in.</summary>
    public Task<AccountOutcome> RevokeAsync(string name) => ChangeAsync(name, session =>
    {
        session.Prepare("DELETE FROM account_key WHERE name = $1").Bind(1, name).Execute();
        return session.Prepare("UPDATE account SET disabled = 1, password_changed = $2 WHERE name = $1").Bind(1, name).Bind(2, Now()).Execute();
    });

    /// <summary>The number that every change raises, by whatever process.</summary>
    public ValueTask<long> GenerationAsync(CancellationToken cancellationToken = default) => database.ReadAsync(Generation, cancellationToken);

    /// <summary>Forbids or allows the log-in.</summary>
    public Task<AccountOutcome> SetDisabledAsync(string name, bool disabled, bool keepsAdministrator = false) => ChangeAsync(
        name,
        session => session.Prepare("UPDATE account SET disabled = $2 WHERE name = $1").Bind(1, name).Bind(2, disabled).Execute(),
        keepsAdministrator && disabled);

    /// <summary>Gives or takes the role of administrator.</summary>
    public Task<AccountOutcome> SetAdministratorAsync(string name, bool administrator, bool keepsAdministrator = false) => ChangeAsync(
        name,
        session => session.Prepare("UPDATE account SET administrator = $2 WHERE name = $1").Bind(1, name).Bind(2, administrator).Execute(),
        keepsAdministrator && !administrator);

    /// <summary>Sets the owner of a thing's account; null takes it away.</summary>
    public Task<AccountOutcome> SetOwnerAsync(string name, string? owner) => ChangeAsync(name, session =>
        session.Prepare("UPDATE account SET owner = $2 WHERE name = $1").Bind(1, name).Bind(2, owner).Execute());

    /// <summary>Removes an account and its keys. Its name is nobody's until <see cref="LeftAsync"/>: other features remove what they keep of it meanwhile.</summary>
    /// <param name="name">The account.</param>
    /// <param name="keepsAdministrator">Refuses to remove the last administrator who may log in.</param>
    public Task<AccountOutcome> RemoveAsync(string name, bool keepsAdministrator = false) => ChangeAsync(
        name,
        session =>
        {
            session.Prepare("INSERT INTO account_leaving (name) VALUES ($1) ON CONFLICT (name) DO NOTHING").Bind(1, name).Execute();
            return session.Prepare("DELETE FROM account WHERE name = $1").Bind(1, name).Execute();
        },
        keepsAdministrator);

    /// <summary>Nothing is left of a removed account: its name is free.</summary>
    public Task LeftAsync(string name) => database.WriteAsync(session => session.Prepare("DELETE FROM account_leaving WHERE name = $1").Bind(1, name).Execute());

    /// <summary>Removed accounts of which features may still have something, 1,000 at most.</summary>
    public ValueTask<List<string>> LeavingAsync(CancellationToken cancellationToken = default) => database.ReadAsync(
        session =>
        {
            var names = new List<string>();
            SqlStatement rows = session.Prepare("SELECT name FROM account_leaving ORDER BY name LIMIT 1000");
            while (rows.Read())
            {
                names.Add(rows.GetString(0));
            }

            return names;
        },
        cancellationToken);

    /// <summary>Whether features may still have something of a removed account of that name.</summary>
    public ValueTask<bool> IsLeavingAsync(string name, CancellationToken cancellationToken = default) => database.ReadAsync(session => IsLeaving(session, name), cancellationToken);

    private static bool IsLeaving(SqlSession session, string name)
    {
        SqlStatement row = session.Prepare("SELECT 1 FROM account_leaving WHERE name = $1").Bind(1, name);
        bool isLeaving = row.Read();
        row.Reset();
        return isLeaving;
    }

    private static bool IsLastAdministrator(SqlSession session, string name)
    {
        SqlStatement row = session.Prepare("""
            SELECT (SELECT count(*) FROM account WHERE name = $1 AND administrator = 1 AND disabled = 0), (SELECT count(*) FROM account WHERE name <> $1 AND administrator = 1 AND disabled = 0)
            """).Bind(1, name);
        row.Read();
        bool isLast = row.GetInt64(0) > 0 && row.GetInt64(1) == 0;
        row.Reset();
        return isLast;
    }

    private static void RaiseGeneration(SqlSession session) => session.Execute("UPDATE account_generation SET value = value + 1 WHERE id = 1");

    private static void PutKeys(SqlSession session, string name, IReadOnlyList<ScramCredentials> keys)
    {
        foreach (ScramCredentials key in keys)
        {
            session.Prepare("""
                INSERT INTO account_key (name, mechanism, iterations, salt, stored_key, server_key) VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (name, mechanism) DO UPDATE SET iterations = excluded.iterations, salt = excluded.salt, stored_key = excluded.stored_key, server_key = excluded.server_key
                """)
                .Bind(1, name).Bind(2, key.Hash == ScramHash.Sha256 ? Sha256 : Sha1).Bind(3, key.Iterations).Bind(4, key.Salt).Bind(5, key.StoredKey).Bind(6, key.ServerKey).Execute();
        }
    }

    private static Account ReadAccount(SqlStatement row) => new(
        row.GetString(0), row.GetBoolean(1), row.GetBoolean(2),
        DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)),
        row.IsNull(5) ? null : row.GetString(5));

    private static long Generation(SqlSession session)
    {
        SqlStatement row = session.Prepare("SELECT value FROM account_generation WHERE id = 1");
        row.Read();
        return row.GetInt64(0);
    }

    private static Entry? Load(SqlSession session, string name, long generation)
    {
        SqlStatement row = session.Prepare($"SELECT {Columns} FROM account WHERE name = $1").Bind(1, name);
        if (!row.Read())
        {
            return null; // not remembered: a new account may log in at once, and nobody fills the cache with names that are none
        }

        Account account = ReadAccount(row);
        ScramCredentials? sha1 = null;
        ScramCredentials? sha256 = null;
        SqlStatement keys = session.Prepare("SELECT mechanism, iterations, salt, stored_key, server_key FROM account_key WHERE name = $1").Bind(1, name);
        while (keys.Read())
        {
            bool is256 = keys.GetString(0) == Sha256;
            var key = new ScramCredentials(is256 ? ScramHash.Sha256 : ScramHash.Sha1, keys.GetBytes(2), keys.GetInt32(1), keys.GetBytes(3), keys.GetBytes(4))
            {
                IsDisabled = account.IsDisabled,
            };
            (sha1, sha256) = is256 ? (sha1, key) : (key, sha256);
        }

        return new Entry(account, sha1, sha256, generation);
    }

    private AccountOutcome Create(SqlSession session, string name, IReadOnlyList<ScramCredentials> keys, bool administrator, bool replace)
    {
        if (IsLeaving(session, name))
        {
            return AccountOutcome.Leaving;
        }

        int made = session.Prepare("INSERT INTO account (name, administrator, disabled, created, password_changed) VALUES ($1, $2, 0, $3, $3) ON CONFLICT (name) DO NOTHING")
            .Bind(1, name).Bind(2, administrator).Bind(3, Now()).Execute();
        if (made == 0)
        {
            if (!replace)
            {
                return AccountOutcome.Exists;
            }

            session.Prepare("UPDATE account SET password_changed = $2 WHERE name = $1").Bind(1, name).Bind(2, Now()).Execute();
        }

        PutKeys(session, name, keys);
        return AccountOutcome.Done;
    }

    private Task<AccountOutcome> ChangeAsync(string name, Func<SqlSession, int> change, bool keepsAdministrator = false) => database.WriteAsync(session =>
    {
        SqlStatement there = session.Prepare("SELECT 1 FROM account WHERE name = $1").Bind(1, name);
        bool found = there.Read();
        there.Reset();
        if (!found)
        {
            return AccountOutcome.NotFound;
        }

        if (keepsAdministrator && IsLastAdministrator(session, name))
        {
            return AccountOutcome.LastAdministrator;
        }

        change(session);
        RaiseGeneration(session);
        return AccountOutcome.Done;
    });

    private async ValueTask<Entry?> EntryAsync(string name, CancellationToken cancellationToken)
    {
        _cache.TryGetValue(name, out Entry? cached);
        Entry? entry = await database.ReadAsync(
            session =>
            {
                // The number is read before the rows: an entry may be newer than its number, never older.
                long generation = Generation(session);
                return cached is not null && cached.Generation == generation ? cached : Load(session, name, generation);
            },
            cancellationToken).ConfigureAwait(false);
        if (ReferenceEquals(entry, cached))
        {
            return entry;
        }

        if (entry is null)
        {
            _cache.TryRemove(name, out _);
            return null;
        }

        if (_cache.Count >= CacheLimit)
        {
            _cache.Clear();
        }

        _cache[name] = entry;
        return entry;
    }

    private ValueTask<List<string>> NamesAsync(string sql, string after, int max, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var names = new List<string>();
            SqlStatement rows = session.Prepare(sql).Bind(1, after).Bind(2, max);
            while (rows.Read())
            {
                names.Add(rows.GetString(0));
            }

            return names;
        },
        cancellationToken);

    private ValueTask<long> NumberAsync(string sql, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare(sql);
            row.Read();
            return row.GetInt64(0);
        },
        cancellationToken);

    private long Now() => time.GetUtcNow().ToUnixTimeMilliseconds();

    private sealed record Entry(Account Account, ScramCredentials? Sha1, ScramCredentials? Sha256, long Generation);
}
