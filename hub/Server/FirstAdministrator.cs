using System.Security.Cryptography;
using IotXmpp.Hub.Features.Accounts;

namespace IotXmpp.Hub.Server;

/// <summary>The account that the first start makes, since without one nobody could administer the hub.</summary>
public static class FirstAdministrator
{
    // 32 characters that cannot be taken for one another: 5 bits each.
    private const string Alphabet = "abcdefghjkmnpqrstuvwxyz023456789";
    private const int PasswordChars = 20;

    /// <summary>
    /// Makes an administrator with a random password of 100 bits when there is none; the line to print, once, or null. The password is kept only as SCRAM
    /// keys, so it cannot be shown again.
    /// </summary>
    public static async Task<string?> EnsureAsync(AccountService accounts, string name, string domain)
    {
        ArgumentNullException.ThrowIfNull(accounts);
        if (await accounts.HasAdministratorAsync())
        {
            return null;
        }

        string password = NewPassword();
        // An account of this name without the rights (imported before the first start) is somebody's: it is not taken over.
        string candidate = name;
        AccountOutcome outcome = await accounts.CreateAsync(candidate, password, administrator: true);
        for (int i = 2; outcome == AccountOutcome.Exists && i < 100; i++)
        {
            candidate = $"{name}-{i}";
            outcome = await accounts.CreateAsync(candidate, password, administrator: true);
        }

        return outcome == AccountOutcome.Done
            ? $"administrator {candidate}@{domain} one-time password {password} (shown this once: change it)"
            : throw new InvalidOperationException($"the first administrator {candidate} could not be made: {outcome}");
    }

    internal static string NewPassword()
    {
        string random = RandomNumberGenerator.GetString(Alphabet, PasswordChars);
        return $"{random[..5]}-{random[5..10]}-{random[10..15]}-{random[15..]}";
    }
}
