using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Features.SecondFactor;

/// <summary>An account's second factor.</summary>
/// <param name="Secret">The shared secret, sealed.</param>
/// <param name="IsOn">Whether the person has shown a code of it; before that it asks nothing.</param>
/// <param name="LastStep">The time step of the last code that counted: no code of it or before counts again.</param>
/// <param name="Failures">Codes that were wrong since the last right one.</param>
/// <param name="NotBefore">No code is looked at before; milliseconds since 1970.</param>
internal sealed record FactorRow(byte[] Secret, bool IsOn, long LastStep, long Failures, long NotBefore);

/// <summary>Second factors in SQL: secrets sealed by a key of the data folder, recovery codes by their hashes.</summary>
public sealed class SecondFactorStore(ISqlDatabase database)
{
    /// <summary>The tables. A released migration never changes.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        new("SecondFactor", 1, "second factors of accounts, and their recovery codes", """
            CREATE TABLE second_factor (
                account {text} NOT NULL PRIMARY KEY,
                secret {blob} NOT NULL,
                is_on {long} NOT NULL,
                last_step {long} NOT NULL,
                failures {long} NOT NULL,
                not_before {long} NOT NULL){keyonly};
            CREATE TABLE second_factor_recovery (account {text} NOT NULL, code {blob} NOT NULL, PRIMARY KEY (account, code)){keyonly};
            """),
    ];

    /// <summary>Whether an account has one that counts.</summary>
    public async ValueTask<bool> IsOnAsync(string account, CancellationToken cancel = default) => await FindAsync(account, cancel).ConfigureAwait(false) is { IsOn: true };

    internal ValueTask<FactorRow?> FindAsync(string account, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT secret, is_on, last_step, failures, not_before FROM second_factor WHERE account = $1").Bind(1, account);
            FactorRow? found = row.Read() ? new FactorRow(row.GetBytes(0), row.GetInt64(1) != 0, row.GetInt64(2), row.GetInt64(3), row.GetInt64(4)) : null;
            row.Reset();
            return found;
        },
        cancel);

    /// <summary>Keeps a new secret that does not count yet; false where there is one that does.</summary>
    internal Task<bool> BeginAsync(string account, byte[] secret) => database.WriteAsync(session => session.Prepare("""
        INSERT INTO second_factor (account, secret, is_on, last_step, failures, not_before) VALUES ($1, $2, 0, 0, 0, 0)
        ON CONFLICT (account) DO UPDATE SET secret = excluded.secret, last_step = 0, failures = 0, not_before = 0 WHERE second_factor.is_on = 0
        """).Bind(1, account).Bind(2, secret).Execute() > 0);

    /// <summary>From now on it counts; false where it does already, or there is none.</summary>
    internal Task<bool> TurnOnAsync(string account, long step, IReadOnlyCollection<byte[]> recovery) => database.WriteAsync(session =>
    {
        if (session.Prepare("UPDATE second_factor SET is_on = 1, last_step = $2, failures = 0, not_before = 0 WHERE account = $1 AND is_on = 0").Bind(1, account).Bind(2, step).Execute() == 0)
        {
            return false;
        }

        Replace(session, account, recovery);
        return true;
    });

    /// <summary>Takes a code of a time step; false where one of that step or a later one has counted.</summary>
    internal Task<bool> TakeStepAsync(string account, long step) => database.WriteAsync(session =>
        session.Prepare("UPDATE second_factor SET last_step = $2, failures = 0, not_before = 0 WHERE account = $1 AND last_step < $2").Bind(1, account).Bind(2, step).Execute() > 0);

    /// <summary>Takes a recovery code; false where there is none like it any more.</summary>
    internal Task<bool> TakeRecoveryAsync(string account, byte[] code) => database.WriteAsync(session =>
    {
        if (session.Prepare("DELETE FROM second_factor_recovery WHERE account = $1 AND code = $2").Bind(1, account).Bind(2, code).Execute() == 0)
        {
            return false;
        }

        session.Prepare("UPDATE second_factor SET failures = 0, not_before = 0 WHERE account = $1").Bind(1, account).Execute();
        return true;
    });

    /// <summary>Notes an attempt before it is looked at, so that attempts at a time are as many as one after another; false where none may be made now.</summary>
    internal Task<bool> AttemptAsync(string account, long now, int free, Func<long, long> waitMs) => database.WriteAsync(session =>
    {
        SqlStatement row = session.Prepare("SELECT failures, not_before FROM second_factor WHERE account = $1").Bind(1, account);
        bool exists = row.Read();
        (long failures, long notBefore) = exists ? (row.GetInt64(0), row.GetInt64(1)) : (0, 0);
        row.Reset();
        if (!exists)
        {
            return true; // whoever has none finds that no code is right
        }

        if (notBefore > now)
        {
            return false;
        }

        failures++;
        session.Prepare("UPDATE second_factor SET failures = $2, not_before = $3 WHERE account = $1").Bind(1, account).Bind(2, failures).Bind(3, failures < free ? 0 : now + waitMs(failures - free)).Execute();
        return true;
    });

    /// <summary>New recovery codes instead of the old.</summary>
    internal Task ReplaceRecoveryAsync(string account, IReadOnlyCollection<byte[]> recovery) => database.WriteAsync(session => Replace(session, account, recovery));

    /// <summary>How many recovery codes are left.</summary>
    internal ValueTask<long> RecoveryLeftAsync(string account, CancellationToken cancel = default) => database.ReadAsync(
        session =>
        {
            SqlStatement row = session.Prepare("SELECT count(*) FROM second_factor_recovery WHERE account = $1").Bind(1, account);
            row.Read();
            long left = row.GetInt64(0);
            row.Reset();
            return left;
        },
        cancel);

    /// <summary>Takes an account's second factor away; false where it had none.</summary>
    public Task<bool> RemoveAsync(string account) => database.WriteAsync(session =>
    {
        session.Prepare("DELETE FROM second_factor_recovery WHERE account = $1").Bind(1, account).Execute();
        return session.Prepare("DELETE FROM second_factor WHERE account = $1").Bind(1, account).Execute() > 0;
    });

    private static void Replace(SqlSession session, string account, IReadOnlyCollection<byte[]> recovery)
    {
        session.Prepare("DELETE FROM second_factor_recovery WHERE account = $1").Bind(1, account).Execute();
        foreach (byte[] code in recovery)
        {
            session.Prepare("INSERT INTO second_factor_recovery (account, code) VALUES ($1, $2)").Bind(1, account).Bind(2, code).Execute();
        }
    }
}
