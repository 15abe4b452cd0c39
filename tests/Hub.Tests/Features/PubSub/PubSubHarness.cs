using System.Text;
using IotXmpp.Hub.Features.PubSub;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.PubSub;

/// <summary>The rules on real SQLite in memory, with a clock, accounts and rosters that the test sets; what is sent is recorded.</summary>
public abstract class PubSubHarness : IAsyncLifetime
{
    internal const string Node = "feed";

    private ISqlDatabase _database = null!;

    internal static Jid Alice { get; } = Of("alice");

    internal static Jid Bob { get; } = Of("bob");

    internal static Jid Carol { get; } = Of("carol");

    internal static Jid Root { get; } = Of("root");

    internal static Jid Thing { get; } = Of("esp32-1");

    internal ManualTime Time { get; } = new();

    internal Recorder Sent { get; } = new();

    internal FakeAccounts Accounts { get; } = new();

    internal FakeRosters Rosters { get; } = new();

    internal PubSubOptions Options { get; } = new() { ItemsPerPage = 10, ItemsPerRequest = 5, PayloadBytes = 100, ItemsPerNode = 50 };

    internal PubSubService Service { get; private set; } = null!;

    internal OwnerUseCases Owner => Service.Owner;

    internal OwnerLists Lists => Service.Lists;

    internal CollectionUseCases Collections => Service.Collections;

    internal PublisherUseCases Publisher => Service.Publisher;

    internal SubscriberUseCases Subscriber => Service.Subscriber;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.OpenAsync(PubSubMigrations.All);
        Restart();
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _database.DisposeAsync();
    }

    /// <summary>The service anew on the same database: nothing in memory.</summary>
    internal void Restart() => Service = new PubSubService(new PubSubStore(_database), Options, new Jid("", "example.org", ""), Accounts, Rosters, Sent, Sent, Time);

    internal static Jid Of(string name, string resource = "") => new(name, "example.org", resource);

    internal static byte[] Payload(string text) => Encoding.UTF8.GetBytes($"<entry xmlns='urn:test'>{text}</entry>");

    internal static ItemToPublish Item(string? id, string text = "x") => new(id, Payload(text));

    internal static DataForm Config(params (string Var, string Value)[] fields) => Form("http://jabber.org/protocol/pubsub#node_config", fields);

    internal static DataForm PublishOptions(params (string Var, string Value)[] fields) => Form("http://jabber.org/protocol/pubsub#publish-options", fields);

    internal static DataForm SubscribeOptions(params (string Var, string Value)[] fields) => Form("http://jabber.org/protocol/pubsub#subscribe_options", fields);

    internal static DataForm Form(string formType, params (string Var, string Value)[] fields)
    {
        var form = new DataForm(FormType.Submit, formType);
        foreach ((string var, string value) in fields)
        {
            form.Add(new FormField(var.Contains('#', StringComparison.Ordinal) ? var : "pubsub#" + var) { Values = [value] });
        }

        return form;
    }

    /// <summary>A node of Alice's.</summary>
    internal async Task MakeAsync(params (string Var, string Value)[] fields) => Ok(await Owner.CreateAsync(Alice, Node, fields.Length == 0 ? null : Config(fields)));

    internal async Task<Subscription> SubscribeAsync(Jid who, string node = Node) => Ok(await Subscriber.SubscribeAsync(who, node, who.Bare, null));

    internal async Task<string> PublishAsync(string? id, string text = "x", Jid? by = null, string node = Node) =>
        Ok(await Publisher.PublishAsync(by ?? Alice, node, [Item(id, text)], null))[0];

    internal async Task<List<string>> IdsAsync(string node = Node) => [.. Ok(await Subscriber.ItemsAsync(Alice, node, null, new ResultSetRequest { Index = 0 })).Items.Select(i => i.Id)];

    internal static T Ok<T>(Outcome<T> outcome)
    {
        Assert.Null(outcome.Error);
        return outcome.Value;
    }

    internal static void Ok(PubSubError? error) => Assert.Null(error);

    internal static void Fails<T>(PubSubError expected, Outcome<T> outcome) => Assert.Equal(expected, outcome.Error);

    internal static void Fails(PubSubError expected, PubSubError? error) => Assert.Equal(expected, error);

    internal sealed class Recorder : IPubSubOutbox, IPubSubPresence
    {
        private readonly List<(PubSubEvent Event, Jid To)> _sent = [];

        public HashSet<string> Away { get; } = [];

        public Dictionary<string, ShowValues> Shows { get; } = [];

        public bool IsAvailable(Jid jid) => !Away.Contains(jid.ToString());

        public ShowValues ShowsOf(Jid jid) => Shows.GetValueOrDefault(jid.ToString(), ShowValues.Online);

        public void Send(PubSubEvent notification, IReadOnlyList<Jid> recipients)
        {
            Assert.NotEmpty(recipients);
            lock (_sent)
            {
                _sent.AddRange(recipients.Select(r => (notification, r)));
            }
        }

        /// <summary>What was sent since the last call.</summary>
        public List<(PubSubEvent Event, Jid To)> Take()
        {
            lock (_sent)
            {
                List<(PubSubEvent, Jid)> taken = [.. _sent];
                _sent.Clear();
                return taken;
            }
        }

        /// <summary>The one event sent since the last call, of that kind and to that entity.</summary>
        public T Single<T>(Jid to)
            where T : PubSubEvent
        {
            (PubSubEvent notification, Jid recipient) = Assert.Single(Take());
            Assert.Equal(to, recipient);
            return Assert.IsType<T>(notification);
        }
    }

    internal sealed class FakeAccounts : IAccounts
    {
        public event Func<string, Task>? Removed
        {
            add => throw new NotSupportedException("The rules do not listen: the module does.");
            remove => throw new NotSupportedException("The rules do not listen: the module does.");
        }

        public Dictionary<string, Jid> Owners { get; } = [];

        public ValueTask<bool> ExistsAsync(string localpart, CancellationToken cancel = default) => ValueTask.FromResult(true);

        public ValueTask<bool> MayLogInAsync(string localpart, CancellationToken cancel = default) => ValueTask.FromResult(true);

        public ValueTask<bool> IsAdministratorAsync(Jid bareJid, CancellationToken cancel = default) => ValueTask.FromResult(bareJid.Equals(Root));

        public ValueTask<Jid?> OwnerAsync(string localpart, CancellationToken cancel = default) => ValueTask.FromResult(Owners.GetValueOrDefault(localpart));
    }

    internal sealed class FakeRosters : IRosters
    {
        public HashSet<(string Account, string Contact)> From { get; } = [];

        public HashSet<(string Account, string Contact, string Group)> Groups { get; } = [];

        public ValueTask<bool> MaySeePresenceAsync(Jid account, Jid contact, CancellationToken cancel = default) => ValueTask.FromResult(From.Contains((account.Local, contact.Local)));

        public ValueTask<IReadOnlySet<string>> GroupsAsync(Jid account, CancellationToken cancel = default) => throw new NotSupportedException("PubSub does not ask this.");

        public ValueTask<bool> IsInGroupAsync(Jid account, Jid contact, IReadOnlyCollection<string> groups, CancellationToken cancel = default) =>
            ValueTask.FromResult(groups.Any(g => Groups.Contains((account.Local, contact.Local, g))));

        public ValueTask<PresenceContacts> ContactsAsync(Jid account, CancellationToken cancel = default) => throw new NotSupportedException("PubSub does not ask this.");

        public ValueTask<RosterEntry?> FindAsync(Jid account, Jid contact, CancellationToken cancel = default) => throw new NotSupportedException("PubSub does not ask this.");
    }
}
