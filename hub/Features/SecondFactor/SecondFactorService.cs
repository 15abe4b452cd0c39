using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Sasl;
using OtpNet;

namespace IotXmpp.Hub.Features.SecondFactor;

/// <summary>How the look at a code ended.</summary>
public enum SecondFactorOutcome
{
    /// <summary>It is right, and counts no second time.</summary>
    Right,

    /// <summary>It is wrong, or has counted before.</summary>
    Wrong,

    /// <summary>Too many were wrong: later. The code was not looked at.</summary>
    Later,
}

/// <summary>What an authenticator is set up with.</summary>
/// <param name="Secret">The secret in base32, in groups of four, for who types it.</param>
/// <param name="Uri">The same as an <c>otpauth</c> address, for a QR code.</param>
public sealed record SecondFactorSetUp(string Secret, string Uri);

/// <summary>
/// Codes of an authenticator as a second factor (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds, one step to either side), and recovery codes for when it is lost. A code counts once (§5.2). Wrong ones are
/// counted before they are looked at, and over the bound the account waits, longer and longer, over restarts too.
/// </summary>
/// <param name="store">Where they are kept.</param>
/// <param name="options">The bounds.</param>
/// <param name="key">Seals the secrets: 32 octets of the data folder.</param>
/// <param name="issuer">What stands in the authenticator: the domain.</param>
/// <param name="time">The clock.</param>
public sealed class SecondFactorService(SecondFactorStore store, SecondFactorOptions options, byte[] key, string issuer, TimeProvider time)
{
    /// <summary>The longest wait after wrong codes (15 minutes): who guesses gets a hundred tries a day, of a million codes.</summary>
    public static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(15);

    // RFC 4226 §4, R6: 160 bits.
    private const int SecretBytes = 20;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private const int RecoveryChars = 16;

    /// <summary>The bounds.</summary>
    public SecondFactorOptions Options => options;

    /// <summary>Whether a code is asked of an account.</summary>
    public ValueTask<bool> IsOnAsync(string account, CancellationToken cancel = default) => store.IsOnAsync(account, cancel);

    /// <summary>Whether an account must have one.</summary>
    public bool IsRequired(bool isAdministrator) => options.Required == SecondFactorRequired.Everybody || (options.Required == SecondFactorRequired.Administrators && isAdministrator);

    /// <summary>Makes a secret that counts once <see cref="ConfirmAsync"/> has seen a code of it; null where the account has one that counts.</summary>
    public async Task<SecondFactorSetUp?> BeginAsync(string account)
    {
        byte[] secret = RandomNumberGenerator.GetBytes(SecretBytes);
        if (!await store.BeginAsync(account, Seal(account, secret)).ConfigureAwait(false))
        {
            return null;
        }

        string text = Base32Encoding.ToString(secret).TrimEnd('=');
        string uri = new OtpUri(OtpType.Totp, secret, account + "@" + issuer, issuer).ToString();
        return new SecondFactorSetUp(string.Join(' ', text.Chunk(4).Select(c => new string(c))), uri);
    }

    /// <summary>Turns it on with a code that the authenticator shows now.</summary>
    /// <returns>The outcome, and the recovery codes, to be shown this once.</returns>
    public async Task<(SecondFactorOutcome Outcome, IReadOnlyList<string> Recovery)> ConfirmAsync(string account, string code)
    {
        if (!await AttemptAsync(account).ConfigureAwait(false))
        {
            return (SecondFactorOutcome.Later, []);
        }

        if (await store.FindAsync(account).ConfigureAwait(false) is not { IsOn: false } row || !TryStep(Open(account, row.Secret), Digits(code), out long step))
        {
            return (SecondFactorOutcome.Wrong, []);
        }

        string[] recovery = NewCodes();
        return await store.TurnOnAsync(account, step, [.. recovery.Select(c => Hash(account, c))]).ConfigureAwait(false) ? (SecondFactorOutcome.Right, recovery) : (SecondFactorOutcome.Wrong, []);
    }

    /// <summary>Looks at a code of the authenticator, or a recovery code.</summary>
    public async Task<SecondFactorOutcome> VerifyAsync(string account, string code)
    {
        ArgumentNullException.ThrowIfNull(code);
        if (!await AttemptAsync(account).ConfigureAwait(false))
        {
            return SecondFactorOutcome.Later;
        }

        if (await store.FindAsync(account).ConfigureAwait(false) is not { IsOn: true } row)
        {
            return SecondFactorOutcome.Wrong;
        }

        if (TryStep(Open(account, row.Secret), Digits(code), out long step))
        {
            return await store.TakeStepAsync(account, step).ConfigureAwait(false) ? SecondFactorOutcome.Right : SecondFactorOutcome.Wrong;
        }

        string recovery = new([.. code.ToLowerInvariant().Where(char.IsAsciiLetterOrDigit).Take(RecoveryChars + 1)]);
        return recovery.Length == RecoveryChars && await store.TakeRecoveryAsync(account, Hash(account, recovery)).ConfigureAwait(false) ? SecondFactorOutcome.Right : SecondFactorOutcome.Wrong;
    }

    /// <summary>New recovery codes instead of the old, to be shown this once.</summary>
    public async Task<IReadOnlyList<string>> RenewRecoveryAsync(string account)
    {
        string[] recovery = NewCodes();
        await store.ReplaceRecoveryAsync(account, [.. recovery.Select(c => Hash(account, c))]).ConfigureAwait(false);
        return recovery;
    }

    /// <summary>How many recovery codes are left.</summary>
    public ValueTask<long> RecoveryLeftAsync(string account, CancellationToken cancel = default) => store.RecoveryLeftAsync(account, cancel);

    /// <summary>Takes it away: the person after a code, or an administrator for who has lost all; false where there was none.</summary>
    public Task<bool> RemoveAsync(string account) => store.RemoveAsync(account);

    private Task<bool> AttemptAsync(string account) => store.AttemptAsync(
        account, time.GetUtcNow().ToUnixTimeMilliseconds(), options.FreeFailures, over => (long)Math.Min(MaxWait.TotalMilliseconds, 15_000 * Math.Pow(2, Math.Min(over, 20))));

    private bool TryStep(byte[] secret, string digits, out long step)
    {
        step = 0;
        return digits.Length == 6 && new Totp(secret).VerifyTotp(time.GetUtcNow().UtcDateTime, digits, out step, new VerificationWindow(previous: 1, future: 1));
    }

    // As people copy it: 123 456.
    private static string Digits(string code) => code.All(c => char.IsAsciiDigit(c) || c is ' ' or '-') ? new string([.. code.Where(char.IsAsciiDigit).Take(7)]) : string.Empty;

    private string[] NewCodes() => [.. Enumerable.Range(0, options.RecoveryCodes).Select(_ => RandomText.New(RecoveryChars, group: 4))];

    // 80 random bits need no slow hash; the key keeps who has the database alone from trying.
    private byte[] Hash(string account, string code) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"recovery\0{account}\0{code.Replace("-", "", StringComparison.Ordinal)}"));

    private byte[] Seal(string account, byte[] secret)
    {
        byte[] box = new byte[NonceBytes + secret.Length + TagBytes];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(box.AsSpan(0, NonceBytes), secret, box.AsSpan(NonceBytes, secret.Length), box.AsSpan(NonceBytes + secret.Length), Encoding.UTF8.GetBytes(account));
        return box;
    }

    private byte[] Open(string account, byte[] box)
    {
        byte[] secret = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes, secret.Length), box.AsSpan(NonceBytes + secret.Length), secret, Encoding.UTF8.GetBytes(account));
        return secret;
    }
}
