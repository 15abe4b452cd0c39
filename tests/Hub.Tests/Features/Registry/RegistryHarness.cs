using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Features.Roster;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Registry;

/// <summary>The registry with the real services around it on a real database; things answer as the test says.</summary>
public abstract class RegistryHarness : IAsyncLifetime
{
    internal const string Key = "4857402340298342";

    internal ManualTime Time { get; } = new();

    internal RegistryOptions Options { get; } = new() { ClaimFailures = 3, ThingsPerAccount = 4, Operators = ["operator"] };

    internal FakeContact Contact { get; } = new();

    internal ISqlDatabase Database { get; private set; } = null!;

    internal AccountService Accounts { get; private set; } = null!;

    internal AccountDirectory Directory { get; private set; } = null!;

    internal RosterStore Rosters { get; private set; } = null!;

    internal RegistryStore Store { get; private set; } = null!;

    internal ThingRights Rights { get; private set; } = null!;

    internal PubSubService PubSub { get; private set; } = null!;

    internal ThingProvisioning Provisioning { get; private set; } = null!;

    internal ThingRegistry Registry { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await TestDatabase.OpenAsync(AccountMigrations.All, RosterMigrations.All, PubSubMigrations.All, RegistryMigrations.All);
        Restart();
        foreach (string name in (string[])["alice", "bob", "operator"])
        {
            await Accounts.CreateAsync(name, "secret of " + name);
        }

        await Accounts.CreateAsync("root", "secret of root", administrator: true);
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        Rights.Dispose();
        Store.Dispose();
        return Database.DisposeAsync();
    }

    /// <summary>All services anew on the same database: nothing in memory.</summary>
    internal void Restart()
    {
        var domain = new Jid("", "example.org", "");
        var accounts = new AccountStore(Database, Time);
        Accounts = new AccountService(accounts);
        Rosters = new RosterStore(Database, new RosterOptions());
        Store?.Dispose();
        Store = new RegistryStore(Database);
        Directory = new AccountDirectory(accounts, Accounts, domain, async (id, cancel) => (await Store.FindAsync(id, cancel))?.Owner);
        var links = new RosterLinks(Rosters, domain);
        PubSub = new PubSubService(new PubSubStore(Database), new PubSubOptions(), domain, Directory, new RosterBook(Rosters), Contact, Contact, Time);
        Rights?.Dispose();
        Rights = new ThingRights(Store, Accounts, links, PubSub.Hub, domain);
        Provisioning = new ThingProvisioning(Store, Rights, Accounts, links, Options, Time);
        Registry = new ThingRegistry(Store, Rights, Accounts, Contact, Options, Time);
    }

    internal static Jid Of(string name) => new(name, "example.org", "");

    internal static ScramCredentials Keys(byte fill = 1) => new(ScramHash.Sha256, [.. Enumerable.Repeat(fill, 16)], 4096, [.. Enumerable.Repeat(fill, 32)], [.. Enumerable.Repeat(fill, 32)]);

    internal static MetaTags Tags(string? key = Key, params (string Name, string Value)[] tags)
    {
        var set = new MetaTags();
        foreach ((string name, string value) in tags.Length == 0 ? [("SN", "1")] : tags)
        {
            Assert.Null(set.Add(name, value, isNumeric: false));
        }

        if (key is not null)
        {
            Assert.Null(set.Add("KEY", key, isNumeric: false));
        }

        return set;
    }

    internal Task<ThingResult> ProvisionAsync(string id, string owner, string? by = "root", byte fill = 1) => Provisioning.ProvisionAsync(by is null ? null : Of(by), new Provision(id, Of(owner), Keys(fill)));

    internal async Task<bool> MayReadAsync(string who, string id) => (await PubSub.Subscriber.SubscribeAsync(Of(who), $"things/{id}/telemetry", Of(who), null)).Error is null;

    internal async Task<bool> SeesAsync(string who, string thing) => (await Rosters.LoadAsync(thing))[Of(who).ToString()].State.HasFrom();

    internal sealed class FakeContact : IThingContact, IPubSubOutbox, IPubSubPresence
    {
        public List<string> Told { get; } = [];

        public Func<Task<bool>> Acknowledge { get; set; } = () => Task.FromResult(true);

        public void Claimed(Thing thing) => Told.Add($"{thing.Id} claimed by {thing.Owner}");

        public void Removed(Thing thing) => Told.Add($"{thing.Id} removed");

        public Task<bool> DisownedAsync(Thing thing, CancellationToken cancel) => Acknowledge();

        public void Send(PubSubEvent notification, IReadOnlyList<Jid> recipients)
        {
            // Notifications are PubSub's own tests'.
        }

        public bool IsAvailable(Jid jid) => true;

        public ShowValues ShowsOf(Jid jid) => ShowValues.Online;
    }
}
