using IotXmpp.Hub.Dashboard.Live;
using IotXmpp.Hub.Features.Accounts;

namespace IotXmpp.Hub.Dashboard.Pages.Users;

/// <summary>What an administrator does with accounts at the pages: asked whether he may at each deed, noted in the audit whatever comes of it.</summary>
/// <param name="viewer">Who does it.</param>
public sealed class UserDeeds(Viewer viewer)
{
    private AccountService Accounts => viewer.Fleet.Accounts;

    /// <summary>Makes an account.</summary>
    public Task<string?> AddAsync(string name, string password, bool isAdministrator) => DoAsync("add-user", name, () => Accounts.CreateAsync(name, password, isAdministrator));

    /// <summary>Forbids or allows the log-in.</summary>
    public Task<string?> SetDisabledAsync(string name, bool isDisabled) => DoAsync(isDisabled ? "disable-user" : "reenable-user", name, () => Accounts.SetDisabledAsync(name, isDisabled, keepsAdministrator: true));

    /// <summary>Gives or takes the role of administrator.</summary>
    public Task<string?> SetAdministratorAsync(string name, bool isAdministrator) =>
        DoAsync(isAdministrator ? "make-administrator" : "unmake-administrator", name, () => Accounts.SetAdministratorAsync(name, isAdministrator, keepsAdministrator: true));

    /// <summary>Sets a new password.</summary>
    public Task<string?> ResetPasswordAsync(string name, string password) => DoAsync("change-user-password", name, () => Accounts.ChangePasswordAsync(name, password));

    /// <summary>Removes the account and what the hub keeps of it.</summary>
    public Task<string?> RemoveAsync(string name) => DoAsync("delete-user", name, () => Accounts.RemoveAsync(name, keepsAdministrator: true));

    /// <summary>Takes the second factor away from who has lost it.</summary>
    public Task<string?> RemoveSecondFactorAsync(string name) =>
        DoAsync("second-factor-off", name, async () => await viewer.Fleet.SecondFactor!.RemoveAsync(name) ? AccountOutcome.Done : AccountOutcome.NotFound);

    /// <summary>Signs the account out of the pages, everywhere.</summary>
    public Task<string?> SignOutAsync(string name) => DoAsync("sign-out", name, async () =>
    {
        await viewer.Fleet.WebSessions!.EndAllAsync(name);
        return AccountOutcome.Done;
    });

    /// <summary>Ends one XMPP session; its client may come again.</summary>
    public Task<string?> EndSessionAsync(string name, string resource) => DoAsync("end-user-session", $"{name}/{resource}", () =>
    {
        if (!viewer.Fleet.Hub.Sessions.TryGet(new Jid(name, viewer.Fleet.Domain.Domain, resource), out IotXmpp.Hub.Routing.Session? session))
        {
            return Task.FromResult(AccountOutcome.NotFound);
        }

        session.End("policy-violation", "shutdown");
        return Task.FromResult(AccountOutcome.Done);
    });

    /// <summary>Does something, if the person may: null when it is done, else what is wrong.</summary>
    public async Task<string?> DoAsync(string what, string about, Func<Task<AccountOutcome>> act)
    {
        string subject = about.Contains('/') ? about.Replace("/", $"@{viewer.Fleet.Domain.Domain}/", StringComparison.Ordinal) : $"{about}@{viewer.Fleet.Domain.Domain}";
        if (!await viewer.IsAdministratorNowAsync())
        {
            await NoteAsync(what, subject, "forbidden");
            return "You are no administrator any more.";
        }

        AccountOutcome outcome = await act();
        await NoteAsync(what, subject, outcome == AccountOutcome.Done ? "done" : outcome.ToString());
        return outcome switch
        {
            AccountOutcome.Done => null,
            AccountOutcome.Exists => "There is an account of that name already.",
            AccountOutcome.Leaving => "An account of that name is being removed: wait a moment.",
            AccountOutcome.NotFound => "It is not there any more.",
            AccountOutcome.BadName => "That is no name for an account: letters, digits, dots and dashes are.",
            AccountOutcome.BadPassword => "That cannot be a password.",
            AccountOutcome.LastAdministrator => "It is the last administrator who may log in: one stays.",
            _ => "It did not work.",
        };
    }

    private Task NoteAsync(string what, string subject, string outcome) => viewer.Fleet.Audit.NoteAsync(viewer.Jid.ToString(), what, subject, outcome, viewer.SignIn.Peer);
}
