using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Inventory;
using IotXmpp.Hub.Features.LastActivity;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.PubSub.Feeds;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using Stanza = IotXmpp.Hub.Routing.Stanza;

namespace IotXmpp.Hub.Tests.Features.Access;

/// <summary>Access with the real features around it, in a hub without listeners, on a real database.</summary>
public abstract class AccessHarness : IAsyncLifetime
{
    internal const string Domain = "example.org";

    internal static readonly IEnumerable<Migration>[] Tables = [AccountMigrations.All, RosterMigrations.All, PubSubMigrations.All, RegistryMigrations.All, AccessMigrations.All, InventoryMigrations.All, LastSeenStore.Migrations];

    private readonly List<RegistryStore> _stores = [];

    internal ManualTime Time { get; } = new();

    internal AccessOptions Options { get; } = new() { GroupsPerAccount = 3, Groups = 8, MembersPerGroup = 16, ThingsPerGroup = 16, GroupsPerThing = 4 };

    internal InventoryOptions Bounds { get; } = new() { NotesPerThing = 3, NoteChars = 100, ImportThings = 50, ImportFaults = 5, ImportNewThings = 5 };

    internal ISqlDatabase Database { get; private set; } = null!;

    internal AccountService Accounts { get; private set; } = null!;

    internal RosterStore Rosters { get; private set; } = null!;

    internal RosterLinks Links { get; private set; } = null!;

    internal RegistryStore Registry { get; private set; } = null!;

    internal RegistryModule Things { get; private set; } = null!;

    internal PubSubService PubSub { get; private set; } = null!;

    internal GroupStore Store { get; private set; } = null!;

    internal ThingAccess Access { get; private set; } = null!;

    internal GroupService Groups { get; private set; } = null!;

    internal InventoryService Inventory { get; private set; } = null!;

    internal ImportService Import { get; private set; } = null!;

    internal ModuleHost Hub { get; private set; } = null!;

    internal List<AccessChange> Changes { get; } = [];

    public virtual async ValueTask InitializeAsync()
    {
        Database = await OpenAsync();
        await RestartAsync();
        foreach (string name in (string[])["alice", "bob", "viewer", "operator", "relayop", "butop", "both", "twice", "chief", "founder", "friend", "stranger"])
        {
            Assert.Equal(AccountOutcome.Done, await Accounts.CreateAsync(name, "secret of " + name));
        }

        foreach (string name in (string[])["root", "exroot"])
        {
            await Accounts.CreateAsync(name, "secret of " + name, administrator: true);
        }

        await Accounts.SetDisabledAsync("exroot", true);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Hub.StopAsync(default);
        Store.Dispose();
        _stores.ForEach(s => s.Dispose());
        await Database.DisposeAsync();
    }

    internal abstract Task<ISqlDatabase> OpenAsync();

    /// <summary>All of the hub anew on the same database: nothing in memory.</summary>
    internal async Task RestartAsync()
    {
        if (Hub is not null)
        {
            await Hub.StopAsync(default);
            Store.Dispose();
        }

        var domain = new Jid("", Domain, "");
        var accounts = new AccountStore(Database, Time);
        Accounts = new AccountService(accounts, 4096);
        Rosters = new RosterStore(Database, new RosterOptions());
        _stores.Add(Registry = new RegistryStore(Database));
        RegistryStore registry = Registry;
        Links = new RosterLinks(Rosters, domain);
        Store = new GroupStore(Database);
        Access = new ThingAccess(registry, Store);
        Access.Changed += change =>
        {
            lock (Changes)
            {
                Changes.Add(change);
            }
        };
        var directory = new AccountDirectory(accounts, Accounts, domain, async (id, cancel) => (await registry.FindAsync(id, cancel))?.Owner, NullLogger.Instance);
        var lastSeen = new LastSeenStore(Database, Time, NullLogger<LastSeenStore>.Instance);
        Hub = new ModuleHost(domain, Time, NullLoggerFactory.Instance, new Settings(Options, Bounds)) { Accounts = directory, Rosters = new RosterBook(Rosters), LastSeen = lastSeen };
        var commands = new CommandBook();
        var pubSub = new PubSubModule(Database, commands, new FeedBook(() => false, () => ""));
        Things = new RegistryModule(registry, Accounts, Links, pubSub, commands);
        var access = new AccessModule(Access, Store, registry, Things, Accounts, Links, pubSub, commands);
        var inventory = new InventoryModule(Database, registry, Things, Access, access, null, Accounts, commands);
        Hub.Load([new AccountsModule(Accounts, accounts), new RosterModule(Rosters, Links, new RosterOptions()), pubSub, Things, access, inventory]);
        await Hub.StartAsync(default);
        PubSub = pubSub.Service;
        Groups = access.Groups;
        Inventory = inventory.Service;
        Import = inventory.Import;
    }

    internal static Jid Of(string name) => name.Contains('@', StringComparison.Ordinal) ? new(name[..name.IndexOf('@', StringComparison.Ordinal)], name[(name.IndexOf('@', StringComparison.Ordinal) + 1)..], "") : new(name, Domain, "");

    internal async Task ProvisionAsync(string id, string owner) => Assert.Equal(
        RegistryOutcome.Done,
        (await Things.Provisioning.ProvisionAsync(Of("root"), new Provision(id, Of(owner), new ScramCredentials(ScramHash.Sha256, new byte[16], 4096, new byte[32], new byte[32])))).Outcome);

    /// <summary>A thing behind a gateway: its gateway's owner's, or with a key nobody's.</summary>
    internal async Task RegisterAsync(string gateway, string id, string? key = null) =>
        Assert.Equal(RegistryOutcome.Done, (await Things.Things.RegisterAsync(new ThingAddress(gateway, id, "", ""), Tags(id, key), false)).Outcome);

    internal async Task ClaimAsync(string who, string id, string key) => Assert.Equal(RegistryOutcome.Done, (await Things.Things.ClaimAsync(Of(who), Tags(id, key), false)).Outcome);

    internal async Task GroupAsync(string id, string owner, params string[] things)
    {
        Assert.Equal(GroupOutcome.Done, (await Groups.CreateAsync(Of("root"), id, "", Of(owner))).Outcome);
        foreach (string thing in things)
        {
            Assert.Equal(GroupOutcome.Done, (await Groups.AddThingAsync(Of("root"), id, thing)).Outcome);
        }
    }

    internal async Task MemberAsync(string group, string who, GroupRole role, ParameterLimit? limit = null) => Assert.Equal(GroupOutcome.Done, (await Groups.SetMemberAsync(Of("root"), group, Of(who), role, limit)).Outcome);

    internal async Task<string?> SubscribeAsync(string who, string thing, string node = "telemetry") => (await PubSub.Subscriber.SubscribeAsync(Of(who), $"things/{thing}/{node}", Of(who), null)).Error?.Condition;

    internal async Task<string> SubscribedAsync(string who) => string.Join(' ', (await PubSub.Entity.SubscriptionsAsync(Of(who), null)).Value.Select(s => s.Node));

    internal async Task<bool> SeesAsync(string who, string thing) => (await Rosters.LoadAsync(thing))[Of(who).ToString()].State.HasFrom();

    internal async Task AskPresenceAsync(string who, string thing, StanzaType type = StanzaType.Subscribe) =>
        await Hub.Router.RouteAsync(Stanza.Parse(System.Text.Encoding.UTF8.GetBytes($"<presence type='{type.ToString().ToLowerInvariant()}'/>"), Of(who), Of(thing)));

    /// <summary>What somebody may do: S(ee), C(ontrol all), r(elay), p(ower), M(aintain), O(wn).</summary>
    internal async Task<string> RightsAsync(string who, string thing)
    {
        (ThingRight Right, string? Parameter, char Letter)[] asked = [(ThingRight.See, null, 'S'), (ThingRight.Control, null, 'C'), (ThingRight.Control, "relay", 'r'), (ThingRight.Control, "power", 'p'), (ThingRight.Maintain, null, 'M'), (ThingRight.Own, null, 'O')];
        char[] may = new char[asked.Length];
        for (int i = 0; i < asked.Length; i++)
        {
            may[i] = await Access.MayAsync(Of(who).WithResource("pc"), thing, asked[i].Right, asked[i].Parameter) ? asked[i].Letter : '-';
        }

        return new string(may);
    }

    private static MetaTags Tags(string id, string? key)
    {
        var tags = new MetaTags();
        Assert.Null(tags.Add("SN", id, isNumeric: false));
        if (key is not null)
        {
            Assert.Null(tags.Add("KEY", key, isNumeric: false));
        }

        return tags;
    }

    private sealed class Settings(AccessOptions access, InventoryOptions inventory) : IModuleSettings
    {
        public T Section<T>(string name)
            where T : class, new() => access as T ?? inventory as T ?? new T();
    }
}
