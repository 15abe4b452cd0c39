using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Sasl;

namespace IotXmpp.Hub.Dashboard.SignIn;

/// <summary>What a new password that a person chooses at the pages must be, and passwords that the hub makes.</summary>
internal static class PasswordRules
{
    /// <summary>Characters of a password that a person chooses, at least (10). Longer is better than stranger: no rule asks for signs.</summary>
    public const int MinChars = 10;

    /// <summary>What is wrong with it, or null.</summary>
    public static string? Refuse(string? password, string? again, string account) => password switch
    {
        null or { Length: < MinChars } => $"At least {MinChars} characters.",
        { Length: > AccountService.PasswordLimit } => $"At most {AccountService.PasswordLimit} characters.",
        _ when password != again => "The two are not the same.",
        _ when password.Contains(account, StringComparison.OrdinalIgnoreCase) && account.Length > 3 => "The account's name must not stand in it.",
        _ when password.Distinct().Count() < 4 => "Too few different characters.",
        _ => null,
    };

    /// <summary>A random one of 100 bits, to be shown once.</summary>
    public static string Make() => RandomText.New(20, group: 5);
}
