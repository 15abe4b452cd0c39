using System.Globalization;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>Commands about accounts (XEP-0133 §4.1 to §4.10).</summary>
internal sealed class UserCommands(CommandForms forms, AccountService accounts, RosterStore rosters, LastLogins logins, Func<string, byte[], Task> saveCard)
{
    public void Add()
    {
        forms.Add(
            "add-user",
            "Add a user",
            CommandForms.Form("Add a user", "Makes an account.", One("Address of the account"), Password("password", "Password"), Password("password-verify", "Password again"), Card("email", "E-mail address"), Card("given_name", "Given name"), Card("surname", "Family name")),
            AddAsync);
        forms.Add("delete-user", "Delete users", Many("Delete users", "Sessions end, and all that the accounts have is deleted. It cannot be taken back."), (input, _) => EachAsync(input, jid => accounts.RemoveAsync(jid.Local, keepsAdministrator: true), "deleted"));
        forms.Add("disable-user", "Disable users", Many("Disable users", "Sessions end, and nobody can log in to these accounts until they are enabled again."), (input, _) => EachAsync(input, jid => accounts.SetDisabledAsync(jid.Local, true, keepsAdministrator: true), "disabled"));
        forms.Add("reenable-user", "Enable users again", Many("Enable users again", "Disabled accounts may log in again."), (input, _) => EachAsync(input, jid => accounts.SetDisabledAsync(jid.Local, false), "enabled"));
        forms.Add("end-user-session", "End sessions of users", Many("End sessions of users", "An address with a resource ends that session, one without ends all of the account. They may log in again."), EndSessions);
        forms.Add("change-user-password", "Change a user's password", CommandForms.Form("Change a user's password", "Sessions stay; tokens of the old password end.", One("Address of the account"), Password("password", "New password")), ChangePasswordAsync);
        forms.Add("get-user-roster", "Get a user's roster", Many("Get a user's roster", "One account."), RosterAsync);
        forms.Add("get-user-lastlogin", "Get a user's last log-in", Many("Get a user's last log-in", "One account."), LastLoginAsync);
        forms.Add("user-stats", "Get statistics of a user", CommandForms.Form("Get statistics of a user", "Where it is online, and how large its roster is.", One("Address of the account")), StatisticsAsync);
    }

    private static FormField One(string label) => CommandForms.Field("accountjid", "jid-single", label);

    private static FormField Password(string var, string label) => CommandForms.Field(var, "text-private", label);

    private static FormField Card(string var, string label) => CommandForms.Field(var, "text-single", label, isRequired: false);

    private static DataForm Many(string title, string instructions) => CommandForms.Form(title, instructions, CommandForms.Field("accountjids", "jid-multi", "Addresses of the accounts"));

    private static CommandStep Refused(AccountOutcome outcome) => CommandStep.Refused(outcome switch
    {
        AccountOutcome.Exists => StanzaError.Conflict.With("There is an account of that name."),
        AccountOutcome.Leaving => StanzaError.Conflict.With("An account of that name was removed, and is being deleted still."),
        AccountOutcome.NotFound => CommandForms.NoSuchAccount,
        AccountOutcome.BadPassword => StanzaError.NotAcceptable.With(string.Create(CultureInfo.InvariantCulture, $"A password has 1 to {AccountService.PasswordLimit} characters, without control characters.")),
        AccountOutcome.LastAdministrator => CommandForms.LastAdministrator,
        _ => StanzaError.NotAcceptable.With("That is no address of an account here."),
    });

    private static CommandStep Done(int count, string what) => CommandStep.Done(null, new CommandNote(NoteType.Info, string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "account" : "accounts")} {what}.")));

    private async ValueTask<CommandStep> AddAsync(CommandInput input, CancellationToken cancel)
    {
        if (!forms.TryAccount(input.Form["accountjid"]!.Value, out Jid? jid) || jid.IsFull)
        {
            return CommandStep.Refused(StanzaError.NotAcceptable.With($"An account is an address of {forms.Hub.Domain.Domain} without a resource."));
        }

        if (input.Form["password"]!.Value != input.Form["password-verify"]!.Value)
        {
            return CommandStep.Refused(StanzaError.NotAcceptable.With("The two passwords differ."));
        }

        AccountOutcome outcome = await accounts.CreateAsync(jid.Local, input.Form["password"]!.Value).ConfigureAwait(false);
        if (outcome != AccountOutcome.Done)
        {
            return Refused(outcome);
        }

        await SaveCardAsync(jid.Local, input.Form["email"]?.Value, input.Form["given_name"]?.Value, input.Form["surname"]?.Value).ConfigureAwait(false);
        return CommandStep.Done(null, new CommandNote(NoteType.Info, $"{jid} made."));
    }

    // What is told of the person becomes his vCard (XEP-0054), which he changes as he likes.
    private async Task SaveCardAsync(string name, string? email, string? given, string? family)
    {
        (email, given, family) = (email ?? "", given ?? "", family ?? "");
        if (email.Length + given.Length + family.Length == 0)
        {
            return;
        }

        using var xml = new XmlBuilder();
        xml.Open("vCard"u8, "vcard-temp").Text("FN"u8, $"{given} {family}".Trim()).Open("N"u8).Text("FAMILY"u8, family).Text("GIVEN"u8, given).Close("N"u8);
        if (email.Length > 0)
        {
            xml.Open("EMAIL"u8).Empty("INTERNET"u8).Text("USERID"u8, email).Close("EMAIL"u8);
        }

        await saveCard(name, xml.Close("vCard"u8).ToArray()).ConfigureAwait(false);
    }

    // All must be there before anything is done to one.
    private async ValueTask<CommandStep> EachAsync(CommandInput input, Func<Jid, Task<AccountOutcome>> act, string what)
    {
        (List<Jid> named, StanzaError? error) = forms.Accounts(input);
        if (error is not null)
        {
            return CommandStep.Refused(error);
        }

        foreach (Jid jid in named)
        {
            if (await accounts.FindAsync(jid.Local).ConfigureAwait(false) is null)
            {
                return CommandStep.Refused(StanzaError.ItemNotFound.With($"There is no account {jid}."));
            }
        }

        int done = 0;
        foreach (Jid jid in named)
        {
            AccountOutcome outcome = await act(jid).ConfigureAwait(false);
            if (outcome != AccountOutcome.Done)
            {
                return done == 0
                    ? Refused(outcome)
                    : CommandStep.Done(null, new CommandNote(NoteType.Warn, string.Create(CultureInfo.InvariantCulture, $"{done} of {named.Count} accounts {what}; {jid}: {Refused(outcome).Refusal!.Text}")));
            }

            done++;
        }

        return Done(done, what);
    }

    private ValueTask<CommandStep> EndSessions(CommandInput input, CancellationToken cancel)
    {
        (List<Jid> named, StanzaError? error) = forms.Accounts(input, areBare: false);
        if (error is not null)
        {
            return new(CommandStep.Refused(error));
        }

        int ended = 0;
        foreach (Jid jid in named)
        {
            foreach (Session session in forms.Hub.Sessions.ListOf(jid.Bare).ToList())
            {
                if (jid.IsBare || session.Jid.Equals(jid))
                {
                    session.End("policy-violation", "shutdown");
                    ended++;
                }
            }
        }

        return new(CommandStep.Done(null, new CommandNote(NoteType.Info, string.Create(CultureInfo.InvariantCulture, $"{ended} {(ended == 1 ? "session" : "sessions")} ended."))));
    }

    private async ValueTask<CommandStep> ChangePasswordAsync(CommandInput input, CancellationToken cancel)
    {
        if (!forms.TryAccount(input.Form["accountjid"]!.Value, out Jid? jid) || jid.IsFull)
        {
            return CommandStep.Refused(CommandForms.NoSuchAccount);
        }

        AccountOutcome outcome = await accounts.ChangePasswordAsync(jid.Local, input.Form["password"]!.Value).ConfigureAwait(false);
        return outcome == AccountOutcome.Done ? Done(1, "changed") : Refused(outcome);
    }

    // The form has a list, the answer room for one: whose roster it is must be clear.
    private async ValueTask<(Jid? Account, CommandStep? Refused)> OneOfAsync(CommandInput input, CancellationToken cancel)
    {
        (List<Jid> named, StanzaError? error) = forms.Accounts(input);
        if (error is not null)
        {
            return (null, CommandStep.Refused(error));
        }

        return named.Count != 1 ? (null, CommandStep.Refused(StanzaError.NotAcceptable.With("One account at a time.")))
            : await accounts.FindAsync(named[0].Local, cancel).ConfigureAwait(false) is null ? (null, CommandStep.Refused(CommandForms.NoSuchAccount))
            : (named[0], null);
    }

    private async ValueTask<CommandStep> RosterAsync(CommandInput input, CancellationToken cancel)
    {
        (Jid? account, CommandStep? refused) = await OneOfAsync(input, cancel).ConfigureAwait(false);
        if (refused is not null)
        {
            return refused;
        }

        using var xml = new XmlBuilder();
        xml.Open("query"u8, Ns.Roster);
        foreach (RosterItem item in (await rosters.LoadAsync(account!.Local, cancel).ConfigureAwait(false)).Listed.OrderBy(item => item.Contact, StringComparer.Ordinal))
        {
            xml.Open("item"u8).Attribute("jid"u8, item.Contact).Attribute("name"u8, item.Name.Length > 0 ? item.Name : null).Attribute("subscription"u8, item.State.Token());
            foreach (string group in item.Groups)
            {
                xml.Text("group"u8, group);
            }

            xml.Close("item"u8);
        }

        return CommandStep.Done(new DataForm(FormType.Result, CommandForms.Namespace) { Attachment = xml.Close("query"u8).ToArray() }.Add(CommandForms.Field("accountjids", "jid-multi", "Account", values: [account.ToString()])));
    }

    private async ValueTask<CommandStep> LastLoginAsync(CommandInput input, CancellationToken cancel)
    {
        (Jid? account, CommandStep? refused) = await OneOfAsync(input, cancel).ConfigureAwait(false);
        if (refused is not null)
        {
            return refused;
        }

        FormField whose = CommandForms.Field("accountjids", "jid-multi", "Account", values: [account!.ToString()]);
        return await logins.FindAsync(account.Local, cancel).ConfigureAwait(false) is { } at
            ? CommandStep.Done(CommandForms.Result(whose, FormField.Single("lastlogin", "text-single", Forwarded.Stamp(at), "Last log-in")))
            : CommandStep.Done(CommandForms.Result(whose), new CommandNote(NoteType.Info, "It has not logged in yet."));
    }

    private async ValueTask<CommandStep> StatisticsAsync(CommandInput input, CancellationToken cancel)
    {
        if (!forms.TryAccount(input.Form["accountjid"]!.Value, out Jid? jid) || await accounts.FindAsync(jid.Local, cancel).ConfigureAwait(false) is null)
        {
            return CommandStep.Refused(CommandForms.NoSuchAccount);
        }

        IReadOnlyList<Session> sessions = forms.Hub.Sessions.ListOf(jid.Bare);
        int contacts = (await rosters.LoadAsync(jid.Local, cancel).ConfigureAwait(false)).Listed.Count();
        return CommandStep.Done(CommandForms.Result(
            CommandForms.Field("accountjid", "jid-single", "Account", values: [jid.Bare.ToString()]),
            CommandForms.Field("ipaddresses", "text-multi", "Addresses of its sessions", values: sessions.Select(s => s.RemoteAddress?.ToString()).OfType<string>().Distinct()),
            FormField.Single("rostersize", "text-single", contacts.ToString(CultureInfo.InvariantCulture), "Contacts"),
            CommandForms.Field("onlineresources", "text-multi", "Resources that are online", values: sessions.Select(s => s.Jid.Resource).Order(StringComparer.Ordinal))));
    }
}
