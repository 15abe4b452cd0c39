using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.ApiTokens;

/// <summary>A token as it is kept.</summary>
/// <param name="Token">What is listed of it.</param>
/// <param name="PasswordChanged">When the account's password had been set as the token was made, Unix milliseconds: with another password it is another account's token.</param>
public sealed record ApiTokenRow(ApiToken Token, long PasswordChanged);

/// <summary>Tokens in SQL: their hashes, never themselves.</summary>
public sealed class ApiTokenStore(ISqlDatabase database)
{
    private const string Columns = "id, account, name, scopes, created, expires, used, password_changed";

    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("ApiTokens", 1, "tokens of REST: hashes, scopes, lifetime", """
            CREATE TABLE api_token (
                hash {blob} NOT NULL PRIMARY KEY,
                id {text} NOT NULL UNIQUE,
                account {text} NOT NULL,
                name {text} NOT NULL,
                scopes {text} NOT NULL,
                created {long} NOT NULL,
                expires {long} NOT NULL,
                used {long},
                password_changed {long} NOT NULL){keyonly};
            CREATE INDEX api_token_account ON api_token (account, id);
            """),
    ];

    /// <summary>The token of a hash, or null.</summary>
    public ValueTask<ApiTokenRow?> FindAsync(byte[] hash, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare($"SELECT {Columns} FROM api_token WHERE hash = $1").Bind(1, hash);
            ApiTokenRow? found = row.Read() ? Read(row) : null;
            row.Reset();
            return found;
        },
        cancel);

    /// <summary>The token of an id, or null.</summary>
    public ValueTask<ApiTokenRow?> FindAsync(string id, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare($"SELECT {Columns} FROM api_token WHERE id = $1").Bind(1, id);
            ApiTokenRow? found = row.Read() ? Read(row) : null;
            row.Reset();
            return found;
        },
        cancel);

    /// <summary>Keeps a new token; false where the account has <paramref name="most"/> that are good still.</summary>
    public Task<bool> AddAsync(byte[] hash, ApiTokenRow row, int most) => database.WriteAsync(session =>
    {
        ApiToken token = row.Token;
        SqlStatement count = session.Prepare("SELECT count(*) FROM api_token WHERE account = $1 AND expires > $2 AND password_changed = $3")
            .Bind(1, token.Account).Bind(2, token.Created.ToUnixTimeMilliseconds()).Bind(3, row.PasswordChanged);
        count.Read();
        bool isFull = count.GetInt64(0) >= most;
        count.Reset();
        if (isFull)
        {
            return false;
        }

        session.Prepare($"INSERT INTO api_token (hash, {Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8)")
            .Bind(1, hash).Bind(2, token.Id).Bind(3, token.Account).Bind(4, token.Name).Bind(5, string.Join(' ', token.Scopes))
            .Bind(6, token.Created.ToUnixTimeMilliseconds()).Bind(7, token.Expires.ToUnixTimeMilliseconds()).Bind(8, row.PasswordChanged).Execute();
        return true;
    });

    /// <summary>Tokens of an account, or (null) of all, after an id, in the order of the ids.</summary>
    public ValueTask<List<ApiTokenRow>> ListAsync(string? account, string after, int max, CancellationToken cancel) => database.ReadAsync(
        session =>
        {
            var page = new List<ApiTokenRow>();
            SqlStatement rows = account is null
                ? session.Prepare($"SELECT {Columns} FROM api_token WHERE id > $1 ORDER BY id LIMIT $2").Bind(1, after).Bind(2, max)
                : session.Prepare($"SELECT {Columns} FROM api_token WHERE id > $1 AND account = $3 ORDER BY id LIMIT $2").Bind(1, after).Bind(2, max).Bind(3, account);
            while (rows.Read())
            {
                page.Add(Read(rows));
            }

            return page;
        },
        cancel);

    /// <summary>Ends a token of an account, or (null) of anybody; false where there is none.</summary>
    public Task<bool> RemoveAsync(string id, string? account) => database.WriteAsync(session => account is null
        ? session.Prepare("DELETE FROM api_token WHERE id = $1").Bind(1, id).Execute() > 0
        : session.Prepare("DELETE FROM api_token WHERE id = $1 AND account = $2").Bind(1, id).Bind(2, account).Execute() > 0);

    /// <summary>Ends all tokens of an account.</summary>
    public Task RemoveAllAsync(string account) => database.WriteAsync(session => session.Prepare("DELETE FROM api_token WHERE account = $1").Bind(1, account).Execute());

    /// <summary>Notes when tokens were used, many at once.</summary>
    public Task UsedAsync(IReadOnlyCollection<KeyValuePair<string, long>> used) => database.WriteAsync(session =>
    {
        foreach ((string id, long at) in used)
        {
            session.Prepare("UPDATE api_token SET used = $2 WHERE id = $1 AND (used IS NULL OR used < $2)").Bind(1, id).Bind(2, at).Execute();
        }
    });

    /// <summary>Forgets what has ended before a time.</summary>
    public Task SweepAsync(long before) => database.WriteAsync(session => session.Prepare("DELETE FROM api_token WHERE expires < $1").Bind(1, before).Execute());

    private static ApiTokenRow Read(SqlStatement row) => new(
        new ApiToken(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3).Split(' '),
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)), DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)),
            row.GetInt64OrNull(6) is { } used ? DateTimeOffset.FromUnixTimeMilliseconds(used) : null),
        row.GetInt64(7));
}
