using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>Commands about the hub as a whole: lists of entities, texts for everybody, administrators, and the end (XEP-0133 §4.11, §4.12, §4.23 to §4.31).</summary>
internal sealed class ServiceCommands(CommandForms forms, AccountService accounts, AccountStore accountStore, EntityLists lists, Notices notices, ServiceEnd end)
{
    private static readonly FormOption[] s_delays =
    [
        new("30", "30 seconds"), new("60", "60 seconds"), new("90", "90 seconds"), new("120", "2 minutes"), new("180", "3 minutes"), new("240", "4 minutes"), new("300", "5 minutes"),
    ];

    public void Add()
    {
        AddList("edit-blacklist", "Edit the blacklist", EntityLists.Black, "blacklistjids", "Who is here is not spoken to, in either direction: users, users' resources, or whole domains, of other servers and components.");
        AddList("edit-whitelist", "Edit the whitelist", EntityLists.White, "whitelistjids", "Where anybody is here, nobody else of other servers and components is spoken to.");
        forms.Add("announce", "Send an announcement to online users", CommandForms.Form("Send an announcement", "To everybody who is online now.", Text("announcement", "Announcement")), (input, _) => Announce(input));
        forms.Add("set-motd", "Set the message of the day", CommandForms.Form("Set the message of the day", "To everybody, once: now, or at the next log-in.", Text("motd", "Message of the day")), (input, _) => SetAsync(input, Notices.Motd, isNew: true));
        forms.Add("edit-motd", "Edit the message of the day", _ => new(CommandForms.Form("Edit the message of the day", "Who has had it does not get it again.", Text("motd", "Message of the day", notices[Notices.Motd]))), EditMotdAsync);
        forms.Add("delete-motd", "Delete the message of the day", (_, _) => DeleteAsync(Notices.Motd));
        forms.Add("set-welcome", "Set the welcome message", _ => new(CommandForms.Form("Set the welcome message", "To accounts that are made from now on, at their first log-in.", Text("welcome", "Welcome message", notices[Notices.Welcome]))), (input, _) => SetAsync(input, Notices.Welcome, isNew: notices[Notices.Welcome] is null));
        forms.Add("delete-welcome", "Delete the welcome message", (_, _) => DeleteAsync(Notices.Welcome));
        forms.Add("edit-admin", "Edit the list of administrators", AdministratorsFormAsync, SetAdministratorsAsync);
        forms.Add("restart", "Restart the service", EndForm("Restart the service"), (input, _) => End(input, restart: true));
        forms.Add("shutdown", "Shut down the service", EndForm("Shut down the service"), (input, _) => End(input, restart: false));
    }

    private static FormField Text(string var, string label, Notice? notice = null) => CommandForms.Field(var, "text-multi", label, values: notice?.Text.Split('\n'));

    private static DataForm EndForm(string title) => CommandForms.Form(
        title,
        "Clients are told when to come back.",
        FormField.Single("delay", "list-single", "30", "When", s_delays) with { IsRequired = true },
        CommandForms.Field("announcement", "text-multi", "Announcement to everybody who is online", isRequired: false));

    // A text of several lines is several values (XEP-0004 §3.3).
    private static string TextOf(CommandInput input, string var) => string.Join('\n', input.Form[var]?.Values ?? []).Trim();

    private static CommandStep? Refusal(string text) => text.Length == 0 ? CommandStep.Refused(StanzaError.NotAcceptable.With("The text is empty."))
        : text.Length > Notices.TextLimit ? CommandStep.Refused(StanzaError.NotAcceptable.With(string.Create(CultureInfo.InvariantCulture, $"A text has at most {Notices.TextLimit} characters.")))
        : null;

    private static ValueTask<CommandStep> Done(string text) => new(CommandStep.Done(null, new CommandNote(NoteType.Info, text)));

    private void AddList(string node, string name, string list, string var, string instructions) => forms.Add(
        node,
        name,
        _ => new(CommandForms.Form(name, instructions, CommandForms.Field(var, "jid-multi", "Addresses", isRequired: false, values: lists.List(list)))),
        async (input, _) =>
        {
            var entities = new HashSet<Jid>();
            foreach (string address in input.Form[var]?.Values.Where(value => value.Length > 0) ?? [])
            {
                if (!JidPrep.TryParse(address, out Jid? jid) || jid.Domain == forms.Hub.Domain.Domain)
                {
                    return CommandStep.Refused(StanzaError.NotAcceptable.With($"{address} is of this server: accounts are disabled, not listed."));
                }

                entities.Add(jid);
            }

            if (entities.Count > EntityLists.Limit)
            {
                return CommandStep.Refused(StanzaError.ResourceConstraint.With(string.Create(CultureInfo.InvariantCulture, $"A list has at most {EntityLists.Limit} entries; a domain stands for all of its users.")));
            }

            await lists.SetAsync(list, entities).ConfigureAwait(false);
            return CommandStep.Done(null, new CommandNote(NoteType.Info, string.Create(CultureInfo.InvariantCulture, $"{entities.Count} entries.")));
        });

    private ValueTask<CommandStep> Announce(CommandInput input)
    {
        string text = TextOf(input, "announcement");
        return Refusal(text) is { } refusal ? new(refusal) : Done(string.Create(CultureInfo.InvariantCulture, $"Sent to {notices.Announce(text)} sessions."));
    }

    private async ValueTask<CommandStep> SetAsync(CommandInput input, string kind, bool isNew)
    {
        string text = TextOf(input, kind);
        if (Refusal(text) is { } refusal)
        {
            return refusal;
        }

        await notices.SetAsync(kind, text, isNew).ConfigureAwait(false);
        return await Done("Set.").ConfigureAwait(false);
    }

    private ValueTask<CommandStep> EditMotdAsync(CommandInput input, CancellationToken cancel) =>
        SetAsync(input, Notices.Motd, isNew: notices[Notices.Motd] is null);

    private async ValueTask<CommandStep> DeleteAsync(string kind) => await notices.RemoveAsync(kind).ConfigureAwait(false)
        ? await Done("Deleted.").ConfigureAwait(false)
        : CommandStep.Refused(StanzaError.ItemNotFound.With("None is set."));

    private async ValueTask<DataForm> AdministratorsFormAsync(CancellationToken cancel) => CommandForms.Form(
        "Edit the list of administrators",
        "Accounts of this server; one of them stays.",
        CommandForms.Field("adminjids", "jid-multi", "Administrators", values: (await accountStore.ListAdministratorsAsync(DataForm.ValueLimit, cancel).ConfigureAwait(false)).Select(name => $"{name}@{forms.Hub.Domain.Domain}")));

    private async ValueTask<CommandStep> SetAdministratorsAsync(CommandInput input, CancellationToken cancel)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (string address in input.Form["adminjids"]!.Values.Where(value => value.Length > 0))
        {
            if (!forms.TryAccount(address, out Jid? jid) || jid.IsFull)
            {
                return CommandStep.Refused(StanzaError.NotAcceptable.With($"{address} is no account here."));
            }

            if (await accounts.FindAsync(jid.Local, cancel).ConfigureAwait(false) is { Owner: not null })
            {
                return CommandStep.Refused(StanzaError.NotAcceptable.With($"{address} is a thing."));
            }

            names.Add(jid.Local);
        }

        return await accounts.SetAdministratorsAsync(names).ConfigureAwait(false) switch
        {
            AccountOutcome.Done => await Done(string.Create(CultureInfo.InvariantCulture, $"{names.Count} administrators.")).ConfigureAwait(false),
            AccountOutcome.LastAdministrator => CommandStep.Refused(CommandForms.LastAdministrator),
            _ => CommandStep.Refused(CommandForms.NoSuchAccount),
        };
    }

    private ValueTask<CommandStep> End(CommandInput input, bool restart)
    {
        string text = TextOf(input, "announcement");
        if (text.Length > Notices.TextLimit)
        {
            return new(Refusal(text)!);
        }

        int seconds = int.Parse(input.Form["delay"]!.Value, CultureInfo.InvariantCulture);
        bool replaces = end.Begin(restart, TimeSpan.FromSeconds(seconds));
        if (text.Length > 0)
        {
            notices.Announce(text);
        }

        return Done(string.Create(CultureInfo.InvariantCulture, $"The service {(restart ? "restarts" : "ends")} in {seconds} seconds{(replaces ? ", in place of what was under way" : "")}."));
    }
}
