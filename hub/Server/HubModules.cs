using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Administration;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Archive;
using IotXmpp.Hub.Features.Audit;
using IotXmpp.Hub.Features.Bookmarks;
using IotXmpp.Hub.Features.Bytestreams;
using IotXmpp.Hub.Features.Carbons;
using IotXmpp.Hub.Features.ClientState;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Components;
using IotXmpp.Hub.Features.Configuration;
using IotXmpp.Hub.Features.ContactAddresses;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Hub.Features.Disco;
using IotXmpp.Hub.Features.ExternalServices;
using IotXmpp.Hub.Features.Fast;
using IotXmpp.Hub.Features.Federation;
using IotXmpp.Hub.Features.Firmware;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.HomeAssistant;
using IotXmpp.Hub.Features.Inventory;
using IotXmpp.Hub.Features.Invitations;
using IotXmpp.Hub.Features.LastActivity;
using IotXmpp.Hub.Features.LegacySession;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Metrics;
using IotXmpp.Hub.Features.Nodes;
using IotXmpp.Hub.Features.Offline;
using IotXmpp.Hub.Features.PassThrough;
using IotXmpp.Hub.Features.Ping;
using IotXmpp.Hub.Features.Presence;
using IotXmpp.Hub.Features.Privacy;
using IotXmpp.Hub.Features.PrivateXml;
using IotXmpp.Hub.Features.Profile;
using IotXmpp.Hub.Features.Proposals;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.PubSub.Pep;
using IotXmpp.Hub.Features.Push;
using IotXmpp.Hub.Features.Registration;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Rooms;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Features.SecondFactor;
using IotXmpp.Hub.Features.Sniffer;
using IotXmpp.Hub.Features.StreamLimits;
using IotXmpp.Hub.Features.Time;
using IotXmpp.Hub.Features.Upload;
using IotXmpp.Hub.Features.VCard;
using IotXmpp.Hub.Features.Version;
using IotXmpp.Hub.Features.Web;
using IotXmpp.Hub.Features.WebSessions;
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
        var vCards = new VCardStore(hub.Database);
        var pubSub = new PubSubModule(hub.Database, commands, hub.Web.Feeds);
        PrivacyOptions privacyOptions = hub.Settings.Section<PrivacyOptions>("Privacy");
        PepOptions pep = hub.Settings.Section<PepOptions>("Pep");
        var personal = new PersonalEvents(hub.Database, pep);
        var archive = new ArchiveModule(hub.Database, hub.Settings.Section<ArchiveOptions>("Archive"));
        var bookmarks = new BookmarksModule(personal);
        RegistrationOptions registration = hub.Settings.Section<RegistrationOptions>("Registration");
        InvitationOptions inviting = hub.Settings.Section<InvitationOptions>("Invitations");
        var invitationStore = new InvitationStore(hub.Database);
        async ValueTask<bool> IsThingAsync(string name, CancellationToken cancel) => await hub.Registry.FindAsync(name, cancel).ConfigureAwait(false) is not null;
        async ValueTask<bool> IsTakenAsync(string name, CancellationToken cancel) => await hub.Accounts.FindAsync(name, cancel).ConfigureAwait(false) is not null || await IsThingAsync(name, cancel).ConfigureAwait(false);
        var invitations = new InvitationService(invitationStore, inviting, hub.RosterLinks, IsTakenAsync, hub.Domain, hub.Time);
        hub.Web.Invitations = invitations;
        var registry = new RegistryModule(hub.Registry, hub.Accounts, hub.RosterLinks, pubSub, commands);
        var control = new ControlModule(hub.Access);
        var liveness = new LivenessModule(hub.Database, hub.Registry, hub.Access, registry, hub.Nodes, hub.LastSeen);
        var access = new AccessModule(hub.Access, hub.Groups, hub.Registry, registry, hub.Accounts, hub.RosterLinks, pubSub, commands);
        var commanding = new CommandsModule(hub.Database, hub.Registry, registry, hub.Nodes, liveness, pubSub, hub.Access, control)
        {
            Groups = async (who, group, cancel) => (await access.Groups.FindAsync(who, group, cancel).ConfigureAwait(false))?.Things.Keys.ToList(),
        };
        var privacy = new PrivacyService(new PrivacyStore(hub.Database), privacyOptions);
        var history = new HistoryModule(hub.Database, hub.Access, registry, pubSub);
        bool hasPages = !hub.Settings.Section<ModulesOptions>("Modules").Disabled.Contains("WebSessions", StringComparer.Ordinal);
        return
        [
            new AccountsModule(hub.Accounts, hub.AccountStore),
            new FastModule(hub.Tokens, hub.Time),
            new ApiTokensModule(hub.ApiTokens, commands),
            new RegistrationModule(new RegistrationService(hub.Accounts, registration, new RegistrationThrottle(registration, hub.Time), IsThingAsync, invitations)),
            new InvitationsModule(invitations, invitationStore, inviting, registration.Mode, commands, hub.Accounts, hub.RosterLinks, () => hub.Web.BaseUrl),
            new StreamLimitsModule(hub.Xmpp),
            new ClientStateModule(hub.Settings.Section<ClientStateOptions>("ClientState")),
            new LegacySessionModule(),
            new RosterModule(hub.Rosters, hub.RosterLinks, hub.Settings.Section<RosterOptions>("Roster")),
            new PresenceModule(),
            new PrivacyListsModule(privacy, privacyOptions),
            new BlockingModule(privacy),
            new OfflineModule(hub.Database, hub.Settings.Section<OfflineOptions>("Offline")),
            archive,
            new CarbonsModule(),
            new PingModule(),
            new VersionModule(hub.Settings.Section<VersionOptions>("Version")),
            new TimeModule(),
            new LastActivityModule(hub.LastSeen),
            new SnifferModule(hub.Access, hub.Registry, hub.Audit),
            control,
            pubSub,
            new PepModule(personal, pep, hub.Web.Feeds),
            new RoomsModule(hub.Database, hub.Settings.Section<RoomsOptions>("Rooms"), archive),
            new VCardModule(vCards, hub.Settings.Section<VCardOptions>("VCard"), personal),
            bookmarks,
            new PrivateXmlModule(new PrivateXmlStore(hub.Database), hub.Settings.Section<PrivateXmlOptions>("PrivateXml"), [bookmarks]),
            new ContactAddressesModule(hub.Settings.Section<ContactOptions>("Contact")),
            registry,
            access,
            new NodesModule(hub.Nodes, hub.Registry, hub.Access),
            history,
            liveness,
            commanding,
            new ConfigurationModule(hub.Database, registry, liveness, pubSub, hub.Access, commanding),
            new AlertsModule(hub.Database, hub.Registry, registry, hub.Access, hub.Groups, history, liveness, pubSub, commands),
            new FirmwareModule(hub.Database, Path.Combine(hub.Settings.Hub.Data, "firmware"), hub.Access, access, hub.Registry, registry, liveness, hub.Settings.Section<RegistryOptions>("Registry").Operators),
            new AdministrationModule(commands, new AdministrationStore(hub.Database), hub.Accounts, hub.AccountStore, hub.Rosters, (name, card) => vCards.SetAsync(name, new StoredVCard(card, "")), hub.Lifetime, hub.Audit),
            new ProposalsModule(hub.Database, hub.Access, new CommandControl(commanding), commands, () => hub.Web.IsServed && hasPages ? hub.Web.BaseUrl : string.Empty),
            new InventoryModule(hub.Database, hub.Registry, registry, hub.Access, access, liveness, hub.Accounts, commands),
            new AdHocModule(commands),
            new ComponentsModule(),
            new FederationModule(),
            new PushModule(hub.Database, hub.Settings.Section<PushOptions>("Push")),
            new ExternalServicesModule(hub.Settings.Section<ExternalServicesOptions>("ExternalServices")),
            new PassThroughModule(),
            new BytestreamsModule(hub.Settings.Hub.Listen.Proxy65.EndPoint, hub.Settings.Section<BytestreamsOptions>("Bytestreams")),
            new UploadModule(hub.Web.Uploads, () => hub.Web.BaseUrl),
            new WebModule(),
            new SecondFactorModule(new SecondFactorService(new SecondFactorStore(hub.Database), hub.Settings.Section<SecondFactorOptions>("SecondFactor"), hub.Web.SecondFactorKey, hub.Domain.Domain, hub.Time)),
            new WebSessionsModule(hub.Database, hub.Accounts, hub.Settings.Section<WebSessionOptions>("WebSessions"), hub.Time),
            new HomeAssistantModule(hub.Database, hub.Settings.Section<HomeAssistantOptions>("HomeAssistant"), hub.Accounts, hub.Access, hub.Registry, registry),
            new MetricsModule(hub.Database, hub.Settings.Section<MetricsOptions>("Metrics")),
            new DiscoModule(),
        ];
    }

    /// <summary>The tables of all features.</summary>
    public static IEnumerable<Migration> Migrations =>
    [
        .. AccountMigrations.All,
        .. FastMigrations.All,
        .. RosterMigrations.All,
        .. LastSeenStore.Migrations,
        .. PubSubMigrations.All,
        .. RegistryMigrations.All,
        .. AccessMigrations.All,
        .. NodeStore.Migrations,
        .. HistoryMigrations.All,
        .. LivenessMigrations.All,
        .. CommandMigrations.All,
        .. ConfigurationMigrations.All,
        .. AlertsMigrations.All,
        .. FirmwareMigrations.All,
        .. InventoryMigrations.All,
        .. OfflineStore.Migrations,
        .. ArchiveMigrations.All,
        .. PrivacyStore.Migrations,
        .. VCardStore.Migrations,
        .. PrivateXmlStore.Migrations,
        .. UploadStore.Migrations,
        .. RoomMigrations.All,
        .. PushStore.Migrations,
        .. AdministrationStore.Migrations,
        .. InvitationStore.Migrations,
        .. WebSessionStore.Migrations,
        .. ApiTokenStore.Migrations,
        .. SecondFactorStore.Migrations,
        .. AdminAuditStore.Migrations,
        .. HubProfile.Migrations,
        .. ProposalStore.Migrations,
        .. HomeAssistantMigrations.All,
    ];
}
