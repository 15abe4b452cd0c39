using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Audit;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Modules;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>Service Administration (XEP-0133): ad-hoc commands of the domain, for administrators alone. Stands before AdHoc in <c>HubModules</c>.</summary>
/// <param name="commands">Where the commands go.</param>
/// <param name="store">What administrators have set.</param>
/// <param name="accounts">The accounts.</param>
/// <param name="accountStore">The accounts, to be counted and listed.</param>
/// <param name="rosters">The rosters.</param>
/// <param name="saveCard">Keeps the vCard of a new account.</param>
/// <param name="lifetime">Ends the process.</param>
/// <param name="audit">Where it is kept who did what; null for the log alone.</param>
public sealed class AdministrationModule(CommandBook commands, AdministrationStore store, AccountService accounts, AccountStore accountStore, RosterStore rosters, Func<string, byte[], Task> saveCard, IHubLifetime lifetime, AdminAudit? audit = null) : IXmppModule
{
    /// <inheritdoc/>
    public string Name => "Administration";

    /// <inheritdoc/>
    public Xep[] Xeps => [new("XEP-0133", "Service Administration", "1.3.1", "all commands, at the domain; blacklist and whitelist in both directions")];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        IHub hub = module.Hub;
        ILogger log = hub.Loggers.CreateLogger<AdministrationModule>();
        var forms = new CommandForms(commands, hub, log, audit);
        var logins = new LastLogins(store, hub.Time, log);
        var lists = new EntityLists(store);
        var notices = new Notices(store, accountStore, hub, log);
        var end = new ServiceEnd(lifetime, hub.Time);
        new UserCommands(forms, accounts, rosters, logins, saveCard).Add();
        new UserListCommands(forms, accountStore).Add();
        new ServiceCommands(forms, accounts, accountStore, lists, notices, end).Add();
        module.Outsiders(lists);
        module.Presence(Phase.Observe, notices.OnPresenceAsync);
        module.SessionOpened(session => logins.Note(session.Jid.Local));
        hub.Accounts.Removed += logins.ForgetAsync;
        module.Starting(async cancel =>
        {
            await lists.StartAsync(cancel).ConfigureAwait(false);
            await notices.StartAsync(cancel).ConfigureAwait(false);
        });
        module.Stopping(async _ =>
        {
            await end.DisposeAsync().ConfigureAwait(false);
            await logins.DisposeAsync().ConfigureAwait(false);
        });
    }
}
