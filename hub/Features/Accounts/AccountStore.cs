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

    /// <summary>How many accounts there are.</summary>
    public ValueTask<long> CountAsync(CancellationToken cancellationToken = default) => NumberAsync("SELECT count(*) FROM account", cancellationToken);

    /// <summary>True when somebody who may log in administers the hub.</summary>
    public async ValueTask<bool> HasAdministratorAsync(CancellationToken cancellationToken = default) =>
        await NumberAsync("SELECT count(*) FROM account WHERE administrator = 1 AND disabled = 0", cancellationToken).ConfigureAwait(false) > 0;

    /// <summary>Makes an account, or gives an existing one new keys.</summary>
    /// <param name="name">Prepared localpart.</param>
    /// <param name="keys">One set of keys for each hash function.</param>
    /// <param name="administrator">The role of a new account.</param>
    /// <param name="replace">False leaves an existing account as it is.</param>
    /// <returns>Done, or Exists when it is there and <paramref name="replace"/> is false.</returns>
    public Task<AccountOutcome> CreateAsync(string name, IReadOnlyList<ScramCredentials> keys, bool administrator, bool replace = false) => database.WriteAsync(session =>
    {
        AccountOutcome outcome = Create(session, name, keys, administrator, replace);
        if (outcome == AccountOutcome.Done)
        {
            RaiseGeneration(session);
        }

        return outcome;
    });

    /// <summary>Makes many accounts in one transaction; existing ones get the new keys and keep their role.</summary>
    public Task PutAllAsync(IReadOnlyList<(string Name, IReadOnlyList<ScramCredentials> Keys)> accounts, CancellationToken cancellationToken = default) => database.WriteAsync(
        session =>
        {
            foreach ((string name, IReadOnlyList<ScramCredentials> keys) in accounts)
            {
                Create(session, name, keys, administrator: false, replace: true);
            }

            RaiseGeneration(session);
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
        if (outcome == AccountOutcome.Exists)
        {
            session.Prepare("DELETE FROM account_key WHERE name = $1").Bind(1, name).Execute();
            session.Prepare("UPDATE account SET password_changed = $2, disabled = 0 WHERE name = $1").Bind(1, name).Bind(2, Now()).Execute();
        }

        PutKeys(session, name, [keys]);
        RaiseGeneration(session);
        return outcome;
    });

    /// <summary>Takes all keys away and forbids the log-in.</summary>
    public Task<AccountOutcome> RevokeAsync(string name) => ChangeAsync(name, session =>
    {
        session.Prepare("DELETE FROM account_key WHERE name = $1").Bind(1, name).Execute();
        return session.Prepare("UPDATE account SET disabled = 1, password_changed = $2 WHERE name = $1").Bind(1, name).Bind(2, Now()).Execute();
    });

    /// <summary>The number that every change raises, by whatever process.</summary>
    public ValueTask<long> GenerationAsync(CancellationToken cancellationToken = default) => database.ReadAsync(Generation, cancellationToken);

    /// <summary>Forbids or allows the log-in.</summary>
    public Task<AccountOutcome> SetDisabledAsync(string name, bool disabled) => ChangeAsync(name, session =>
        session.Prepare("UPDATE account SET disabled = $2 WHERE name = $1").Bind(1, name).Bind(2, disabled).Execute());

    /// <summary>Gives or takes the role of administrator.</summary>
    public Task<AccountOutcome> SetAdministratorAsync(string name, bool administrator) => ChangeAsync(name, session =>
        session.Prepare("UPDATE account SET administrator = $2 WHERE name = $1").Bind(1, name).Bind(2, administrator).Execute());

    /// <summary>Sets the owner of a thing's account; null takes it away.</summary>
    public Task<AccountOutcome> SetOwnerAsync(string name, string? owner) => ChangeAsync(name, session =>
        session.Prepare("UPDATE account SET owner = $2 WHERE name = $1").Bind(1, name).Bind(2, owner).Execute());

    /// <summary>Removes an account and its keys. What other features keep of it they remove themselves.</summary>
    public Task<AccountOutcome> RemoveAsync(string name) => ChangeAsync(name, session =>
        session.Prepare("DELETE FROM account WHERE name = $1").Bind(1, name).Execute());

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

    private Task<AccountOutcome> ChangeAsync(string name, Func<SqlSession, int> change) => database.WriteAsync(session =>
    {
        SqlStatement there = session.Prepare("SELECT 1 FROM account WHERE name = $1").Bind(1, name);
        bool found = there.Read();
        there.Reset();
        if (!found)
        {
            return AccountOutcome.NotFound;
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
