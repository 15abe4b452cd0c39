using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.ClientState;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Features.Disco;
using IotXmpp.Hub.Features.Fast;
using IotXmpp.Hub.Features.LastActivity;
using IotXmpp.Hub.Features.LegacySession;
using IotXmpp.Hub.Features.Nodes;
using IotXmpp.Hub.Features.Ping;
using IotXmpp.Hub.Features.Presence;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Features.StreamLimits;
using IotXmpp.Hub.Features.Time;
using IotXmpp.Hub.Features.Version;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage.Migrations;

namespace IotXmpp.Hub.Server;

/// <summary>The features of the hub: one line each. Their order is that of registration; Disco stands last, because it serves what the others registered.</summary>
public static class HubModules
{
    /// <summary>Makes the modules.</summary>
    public static IReadOnlyList<IXmppModule> Create(HubServices hub)
    {
        var commands = new CommandBook();
        var pubSub = new PubSubModule(hub.Database);
        return
        [
            new AccountsModule(hub.Accounts, hub.AccountStore),
            new FastModule(hub.Tokens, hub.Time),
            new StreamLimitsModule(hub.Xmpp),
            new ClientStateModule(hub.Settings.Section<ClientStateOptions>("ClientState")),
            new LegacySessionModule(),
            new RosterModule(hub.Rosters, hub.RosterLinks, hub.Settings.Section<RosterOptions>("Roster")),
            new PresenceModule(),
            new PingModule(),
            new VersionModule(),
            new TimeModule(),
            new LastActivityModule(hub.LastSeen),
            new ControlModule(),
            pubSub,
            new RegistryModule(hub.Registry, hub.Accounts, hub.RosterLinks, pubSub, commands),
            new NodesModule(hub.Nodes, hub.Registry),
            new AdHocModule(commands),
            new DiscoModule(),
        ];
    }

    /// <summary>The tables of all features.</summary>
    public static IEnumerable<Migration> Migrations => [.. AccountMigrations.All, .. FastMigrations.All, .. RosterMigrations.All, .. LastSeenStore.Migrations, .. PubSubMigrations.All, .. RegistryMigrations.All, .. NodeStore.Migrations];
}
