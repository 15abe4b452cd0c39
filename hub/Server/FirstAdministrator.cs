using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Sasl;

namespace IotXmpp.Hub.Server;

/// <summary>The account that the first start makes, since without one nobody could administer the hub.</summary>
public sealed class FirstAdministrator
{
    private const int PasswordChars = 20;

    private FirstAdministrator(string jid, string password)
    {
        Jid = jid;
        Password = password;
    }

    /// <summary>Its bare JID.</summary>
    public string Jid { get; }

    /// <summary>Its password; to be shown once.</summary>
    public string Password { get; }

    /// <summary>
    /// Makes an administrator with a random password of 100 bits when there is none; null when there is one. The password is kept only as SCRAM
    /// keys, so it cannot be shown again.
    /// </summary>
    public static async Task<FirstAdministrator?> EnsureAsync(AccountService accounts, string name, string domain)
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
            ? new FirstAdministrator($"{candidate}@{domain}", password)
            : throw new InvalidOperationException($"the first administrator {candidate} could not be made: {outcome}");
    }

    internal static string NewPassword() => RandomText.New(PasswordChars, group: 5);
}
