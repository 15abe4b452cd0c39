using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Storage.Migrations;
using IotXmpp.TestKit;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;
using Clock = IotXmpp.TestKit.ManualTime;

namespace IotXmpp.Hub.Tests.Features.Alerts;

/// <summary>Alerts over real services and a real database, with a clock that is moved by hand: ann owns <c>kiln</c> and <c>oven</c>, bob owns <c>pump</c> and sees <c>kiln</c>, carl controls <c>kiln</c>, root administers.</summary>
public abstract class AlertHarness : IAsyncLifetime
{
    private protected const string Hot = """{"id":"hot","scope":{"all":true},"when":{"kind":"threshold","field":"t","is":"above","value":30},"deliver":[{"to":"owner"}]}""";

    private protected static readonly Jid Ann = new("ann", "hub.test", "");
    private protected static readonly Jid Bob = new("bob", "hub.test", "");
    private protected static readonly Jid Carl = new("carl", "hub.test", "");
    private protected static readonly Jid Root = new("root", "hub.test", "");

    private protected Clock Time { get; } = new();

    private protected AlertsOptions Options { get; } = new() { Mail = new AlertMailOptions { Host = "mail.test" }, RulesPerAccount = 3 };

    private protected ISqlDatabase Database { get; private set; } = null!;

    private protected RegistryStore Registry { get; private set; } = null!;

    private protected HistoryService History { get; private set; } = null!;

    private protected LivenessService Liveness { get; private set; } = null!;

    private protected FakeSources Sources { get; private set; } = null!;

    private protected FakeSender Sender { get; } = new();

    private protected FaultLog Faults { get; } = new();

    private protected AlertService Alerts { get; private set; } = null!;

    private protected DateTimeOffset Now => Time.GetUtcNow();

    private protected DateTimeOffset Start { get; private set; }

    protected abstract Task<ISqlDatabase> OpenAsync(params IEnumerable<Migration>[] migrations);

    public async ValueTask InitializeAsync()
    {
        Start = Now;
        Database = await OpenAsync(AccountMigrations.All, RegistryMigrations.All, HistoryMigrations.All, LivenessMigrations.All, AlertsMigrations.All);
        Registry = new RegistryStore(Database);
        foreach ((string id, Jid owner) in new[] { ("kiln", Ann), ("oven", Ann), ("pump", Bob) })
        {
            await AddAsync(id, owner);
        }

        await StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await StopAsync();
        Registry.Dispose();
        await Database.DisposeAsync();
    }

    private protected Task AddAsync(string id, Jid owner, params MetaTag[] tags) => Registry.ChangeAsync(
        id, _ => (new Thing(id, id) { State = ThingState.Private, Owner = owner, Registered = Now, Claimed = Now, Tags = System.Collections.Frozen.FrozenDictionary.ToFrozenDictionary(tags, t => t.Name) }, true));

    private protected async Task StartAsync()
    {
        History = new HistoryService(Database, new HistoryOptions(), Time, NullLogger<HistoryService>.Instance);
        Liveness = new LivenessService(Database, new LivenessOptions(), Time, NullLogger<LivenessService>.Instance);
        Sources = new FakeSources(Registry, History, Liveness);
        Alerts = new AlertService(
            Database, Sources, Options, new Dictionary<DeliveryChannel, IAlertSender> { [DeliveryChannel.Xmpp] = Sender, [DeliveryChannel.Mail] = Sender, [DeliveryChannel.Webhook] = Sender }, Time, Faults);
        await History.StartAsync();
        await Liveness.StartAsync();
        Alerts.Start();
        await SettledAsync();
    }

    private protected async Task StopAsync()
    {
        await Alerts.DisposeAsync();
        await Liveness.DisposeAsync();
        await History.DisposeAsync();
    }

    private protected async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    /// <summary>Everything that has come is judged; what the engine could not do is told.</summary>
    private protected async Task SettledAsync()
    {
        try
        {
            await Alerts.SettledAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException)
        {
            Assert.Fail("the engine does not come to its end: " + Faults);
        }

        Assert.True(Faults.IsEmpty, Faults.ToString());
    }

    /// <summary>Time goes on second by second, as it does, and everything is judged.</summary>
    private protected async Task PassAsync(double seconds)
    {
        Time.Advance(TimeSpan.FromSeconds(seconds));
        await SettledAsync();
    }

    /// <summary>A thing has measured something now.</summary>
    private protected Task MeasureAsync(string thing, double value, string field = "t") => MeasureAsync(thing, (Now, value, field));

    private protected async Task MeasureAsync(string thing, params (DateTimeOffset At, double Value, string Field)[] samples)
    {
        var xml = new StringBuilder($"<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='{thing}'>");
        foreach ((DateTimeOffset at, double value, string field) in samples)
        {
            xml.Append(CultureInfo.InvariantCulture, $"<timestamp value='{at:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}'><numeric name='{field}' momentary='true' value='{value}' unit='°C'/></timestamp>");
        }

        SampleBatch batch = History.Read(thing, Encoding.UTF8.GetBytes(xml.Append("</node></fields>").ToString()))!;
        await Database.WriteAsync(session => History.Write(session, batch), () => History.Committed(batch));
        await SettledAsync();
    }

    private protected async Task<AlertRule> PutAsync(string document, Jid? who = null)
    {
        AlertResult<AlertRule> result = await Alerts.Rules.PutAsync(who ?? Ann, Encoding.UTF8.GetBytes(document));
        Assert.True(result.Outcome == AlertOutcome.Done, result.Text);
        await SettledAsync();
        return result.Value!;
    }

    private protected async Task<AlertOutcome> TryPutAsync(string document, Jid who, long? revision = null) => (await Alerts.Rules.PutAsync(who, Encoding.UTF8.GetBytes(document), revision)).Outcome;

    private protected async Task<Alert[]> ListAsync(bool? open = null, Jid? who = null) => [.. (await Alerts.ListAsync(who ?? Root, new AlertQuery(open))).Items];

    /// <summary>The alerts in their order, as <c>rule thing +raised -cleared</c>, seconds since the start.</summary>
    private protected async Task<string> StoryAsync(bool withRule = false) => string.Join(", ", (await ListAsync()).Reverse().Select(a =>
        $"{(withRule ? a.Rule + " " : "")}{a.Thing} +{(a.Raised - Start).TotalSeconds.ToString(CultureInfo.InvariantCulture)}{(a.Cleared is { } over ? $" -{(over - Start).TotalSeconds.ToString(CultureInfo.InvariantCulture)}" : "")}"));

    private protected static byte[] Bytes(string document) => Encoding.UTF8.GetBytes(document);

    /// <summary>Who may what, as the test says.</summary>
    internal sealed class FakeSources(RegistryStore registry, HistoryService history, LivenessService liveness) : AlertSources(registry, null, history, liveness)
    {
        private readonly RegistryStore _things = registry;

        public ConcurrentDictionary<string, ThingRight> Rights { get; } = new() { ["bob kiln"] = ThingRight.See, ["carl kiln"] = ThingRight.Control };

        public Dictionary<string, HashSet<string>> Groups { get; } = [];

        public override async ValueTask<bool> MayAsync(Jid who, string thing, ThingRight right, CancellationToken cancel) =>
            (await _things.FindAsync(thing, cancel)) is { } found && (who.Local == "root" || (Rights.TryGetValue($"{who.Local} {thing}", out ThingRight has) ? has >= right : who.Bare.Equals(found.Owner)));

        public override ValueTask<IReadOnlyList<string>> MaintainedAsync(Jid who, CancellationToken cancel) => ThingsAsync(who, ThingRight.Maintain, cancel);

        public override ValueTask<IReadOnlyList<string>> SeenAsync(Jid who, CancellationToken cancel) => ThingsAsync(who, ThingRight.See, cancel);

        private async ValueTask<IReadOnlyList<string>> ThingsAsync(Jid who, ThingRight right, CancellationToken cancel)
        {
            var ids = new List<string>();
            foreach (string id in (await _things.AllAsync(cancel)).Keys)
            {
                if (await MayAsync(who, id, right, cancel))
                {
                    ids.Add(id);
                }
            }

            return ids;
        }

        public override ValueTask<IReadOnlySet<string>> GroupAsync(string name, CancellationToken cancel) => new(Groups.TryGetValue(name, out HashSet<string>? members) ? members : []);

        public override ValueTask<bool> IsAdministratorAsync(Jid who, CancellationToken cancel) => new(who.Local == "root");
    }

    /// <summary>Keeps errors: no test here has any.</summary>
    internal sealed class FaultLog : ILogger<AlertService>
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public bool IsEmpty => _lines.IsEmpty;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                _lines.Enqueue($"{formatter(state, exception)} {exception}");
            }
        }

        public override string ToString() => string.Join('\n', _lines);
    }

    /// <summary>Takes notices, and answers as the test says.</summary>
    internal sealed class FakeSender : IAlertSender
    {
        private readonly ConcurrentQueue<AlertNotice> _sent = new();

        public Func<AlertNotice, DeliveryAnswer> Answers { get; set; } = _ => DeliveryAnswer.Sent;

        /// <summary>What was taken, as <c>address: key</c>.</summary>
        public string[] Sent => [.. _sent.Select(n => $"{n.Target.Address}: {n.Key}")];

        public IReadOnlyCollection<AlertNotice> Notices => _sent;

        public ConcurrentQueue<string> Tried { get; } = new();

        public Task<DeliveryAnswer> SendAsync(AlertNotice notice, CancellationToken cancel)
        {
            Tried.Enqueue(notice.Key);
            DeliveryAnswer result = Answers(notice);
            if (result.IsSent)
            {
                _sent.Enqueue(notice);
            }

            return Task.FromResult(result);
        }

        public Task HasSentAsync(int count) => Wait.UntilAsync(() => _sent.Count >= count);
    }
}
