using System.Diagnostics;
using System.Diagnostics.Metrics;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Peers;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Streams;

namespace IotXmpp.Hub.Features.Metrics;

/// <summary>What the instruments read; what is not there yet, or never, has no series.</summary>
public sealed class MetricSources
{
    /// <summary>The engine.</summary>
    public required ModuleHost Hub { get; init; }

    /// <summary>The database.</summary>
    public required ISqlDatabase Database { get; init; }

    /// <summary>The clients' streams; there when the hub listens.</summary>
    public StreamHost? Streams { get; set; }

    /// <summary>Other servers and components; likewise.</summary>
    public PeerHosts? Peers { get; set; }

    /// <summary>How things are.</summary>
    public Func<LivenessService?> Liveness { get; init; } = () => null;

    /// <summary>What they have measured.</summary>
    public Func<HistoryService?> History { get; init; } = () => null;

    /// <summary>What they are told to do.</summary>
    public Func<CommandService?> Commands { get; init; } = () => null;

    /// <summary>What calls for somebody.</summary>
    public Func<AlertService?> Alerts { get; init; } = () => null;

    /// <summary>Messages that wait for the broker of a home; null where there is none.</summary>
    public Func<int?> HomeWaiting { get; init; } = () => null;

    /// <summary>Bytes of the database as they were found last; 0: not yet.</summary>
    public long DatabaseBytes { get; set; }
}

/// <summary>
/// The instruments of one hub. All but three are read when somebody asks and cost nothing until then; those are told of a commit, of its units, and of every sixteenth stanza. Labels are few and known beforehand: no address, no id.
/// </summary>
public sealed class HubMeter : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string Name = "IotXmpp.Hub";

    private static readonly StanzaKind[] s_kinds = [StanzaKind.Message, StanzaKind.Presence, StanzaKind.Iq];
    private static readonly LivenessState[] s_states = Enum.GetValues<LivenessState>();
    private static readonly CommandState[] s_ends = [CommandState.Done, CommandState.Failed, CommandState.Expired, CommandState.Cancelled];
    private static readonly AlertSeverity[] s_severities = Enum.GetValues<AlertSeverity>();
    private readonly MetricSources _sources;
    private readonly CommandService? _commands;
    private readonly long[] _ended = new long[(int)CommandState.Cancelled + 1];
    private readonly AlertService? _alerts;
    private readonly long[] _raised = new long[s_severities.Length];
    private readonly long[] _cleared = new long[s_severities.Length];
    private long _lastAlert;

    /// <summary>Makes the instruments.</summary>
    public HubMeter(MetricSources sources)
    {
        _sources = sources;
        Meter = new Meter(Name, Version);
        HubFigures figures = sources.Hub.Figures;
        StorageFigures storage = sources.Database.Figures;
        var build = new KeyValuePair<string, object?>("version", Version);
        Meter.CreateObservableGauge("iotxmpp.build.info", () => new Measurement<long>(1, build), null, "The version of the hub, as a label of a figure that is always 1.");
        Meter.CreateObservableGauge("iotxmpp.start.time", () => sources.Hub.StartedAt.ToUnixTimeMilliseconds() / 1000.0, "s", "When the hub started, since 1970.");
        Gauge("iotxmpp.connections", () => sources.Streams?.Connections, "{connection}", "Connections of clients, with those that are not logged in yet.");
        Meter.CreateObservableGauge("iotxmpp.sessions", Sessions, "{session}", "Sessions of clients by kind (thing, person) and by what their stream runs on; none: waits for resumption.");
        Meter.CreateObservableGauge("iotxmpp.things", Things, "{thing}", "Things by their state.");
        Meter.CreateObservableCounter("iotxmpp.stanzas.received", () => ByKind(figures.StanzasReceived), "{stanza}", "Stanzas that have come from clients, by kind.");
        Meter.CreateObservableCounter("iotxmpp.stanzas.sent", () => ByKind(figures.StanzasSent), "{stanza}", "Stanzas that were handed to clients' queues, by kind.");
        Handling = Meter.CreateHistogram(
            "iotxmpp.stanza.handling", "s", $"Time from a stanza's start tag until the next one of the same client may be taken. One of {HubFigures.TimedOneOf} is timed.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. s_handling] });
        Gauge("iotxmpp.requests.waiting", () => sources.Hub.Router.WaitingRequests, "{request}", "Requests whose handler waits for something, such as a commit.");
        Meter.CreateObservableCounter("iotxmpp.slow.consumers", () => figures.SlowConsumers, "{client}", "Clients that were cut off because they read too slowly.");
        Meter.CreateObservableCounter("iotxmpp.logins", LogIns, "{login}", "Log-ins by their outcome: success, or the error that the client was told (RFC 6120 section 6.5).");
        Gauge("iotxmpp.database.size", () => sources.DatabaseBytes is > 0 and var bytes ? bytes : null, "By", "Size of the database, found once a minute.");
        Commit = Meter.CreateHistogram("iotxmpp.storage.commit", "s", "Time of a transaction from its begin until it is durable.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. s_commit] });
        Batch = Meter.CreateHistogram("iotxmpp.storage.batch.units", "{unit}", "Units of work that shared one transaction.", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [.. s_batch] });
        Gauge("iotxmpp.storage.writes.waiting", () => storage.Waiting, "{unit}", "Units of work that wait for the writer or run.");
        Meter.CreateObservableCounter("iotxmpp.storage.writes.refused", () => storage.Refused, "{unit}", "Units of work that were refused because the queue was full for too long.");
        Counter("iotxmpp.history.samples", () => sources.History()?.StoredSamples, "{sample}", "Samples of telemetry that have become durable.");
        Gauge("iotxmpp.history.samples.pending", () => sources.History()?.PendingSamples, "{sample}", "Samples that are durable and not in chunks yet.");
        Counter("iotxmpp.history.samples.dropped", () => sources.History()?.DroppedSamples, "{sample}", "Samples that were left out: too many fields of one thing, or no value that can be kept.");
        Counter("iotxmpp.history.batches.refused", () => sources.History()?.RefusedBatches, "{batch}", "Publications that were refused because too many samples waited.");
        _commands = sources.Commands();
        if (_commands is not null)
        {
            _commands.Changed += OnCommand;
        }

        Gauge("iotxmpp.commands.open", () => _commands?.Open, "{command}", "Queued commands that wait for their thing or its answer.");
        Meter.CreateObservableCounter("iotxmpp.commands.ended", Commands, "{command}", "Commands, direct and queued, that have come to their end, by how.");
        Latency("iotxmpp.command.latency.p50", latency => latency.P50, "Half of the commands of the last hour took no longer, from their sending to the thing's answer.");
        Latency("iotxmpp.command.latency.p99", latency => latency.P99, "99 of 100 commands of the last hour took no longer, from their sending to the thing's answer.");
        _alerts = sources.Alerts();
        if (_alerts is not null)
        {
            _alerts.Changed += OnAlert;
        }

        Meter.CreateObservableCounter("iotxmpp.alerts.raised", () => BySeverity(_raised), "{alert}", "Alerts that were raised, by severity.");
        Meter.CreateObservableCounter("iotxmpp.alerts.cleared", () => BySeverity(_cleared), "{alert}", "Alerts that are over, by severity.");
        Counter("iotxmpp.alerts.deferred", () => _alerts?.MissedItems, "{item}", "What alerts are judged by that did not fit into their queue and was read from the history instead.");
        Gauge("iotxmpp.home.assistant.messages.waiting", () => sources.HomeWaiting(), "{message}", "Messages that wait for the broker of Home Assistant, one of each topic at most.");
        Meter.CreateObservableGauge("iotxmpp.server.streams", ServerStreams, "{stream}", "Streams with other servers, by who has opened them.");
        Gauge("iotxmpp.server.stanzas.waiting", () => sources.Peers?.Federation?.Waiting, "{stanza}", "Stanzas that wait for a stream to their server.");
        Gauge("iotxmpp.components", () => sources.Peers?.Components.Connections, "{component}", "External components that are connected.");
        figures.Handled = took => Handling.Record(took.TotalSeconds);
        storage.Committed = (took, units) =>
        {
            Commit.Record(took.TotalSeconds);
            Batch.Record(units);
        };
    }

    /// <summary>The version of the hub.</summary>
    public static string Version { get; } = typeof(HubMeter).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>The meter.</summary>
    public Meter Meter { get; }

    private Histogram<double> Handling { get; }

    private Histogram<double> Commit { get; }

    private Histogram<double> Batch { get; }

    // Seconds: from what a stanza in memory takes to what nobody should wait for.
    private static readonly double[] s_handling = [0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];
    private static readonly double[] s_commit = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
    private static readonly double[] s_batch = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

    /// <inheritdoc/>
    public void Dispose()
    {
        _sources.Hub.Figures.Handled = null;
        _sources.Database.Figures.Committed = null;
        if (_commands is not null)
        {
            _commands.Changed -= OnCommand;
        }

        if (_alerts is not null)
        {
            _alerts.Changed -= OnAlert;
        }

        Meter.Dispose();
    }

    // What is not there has no series, and not the value 0.
    private void Gauge(string name, Func<long?> read, string unit, string description) => Meter.CreateObservableGauge(name, () => One(read), unit, description);

    private void Counter(string name, Func<long?> read, string unit, string description) => Meter.CreateObservableCounter(name, () => One(read), unit, description);

    private void Latency(string name, Func<Latency, TimeSpan> of, string description) => Meter.CreateObservableGauge(
        name,
        () => _commands?.Latency.Hub is { Count: > 0 } latency ? new[] { new Measurement<double>(of(latency).TotalSeconds) } : [],
        "s",
        description);

    private void OnCommand(ThingCommand command)
    {
        if (command.IsEnded)
        {
            Interlocked.Increment(ref _ended[(int)command.State]);
        }
    }

    // Numbers rise: one that is told of again was counted.
    private void OnAlert(Alert alert)
    {
        int severity = Array.IndexOf(s_severities, alert.Severity);
        if (alert.State == AlertState.Cleared)
        {
            Interlocked.Increment(ref _cleared[severity]);
        }
        else if (alert is { State: AlertState.Raised, SilencedUntil: null } && alert.Id > Volatile.Read(ref _lastAlert))
        {
            Volatile.Write(ref _lastAlert, alert.Id);
            Interlocked.Increment(ref _raised[severity]);
        }
    }

    private Measurement<long>[] BySeverity(long[] counts) => _alerts is null ? [] : [.. s_severities.Select((severity, i) => new Measurement<long>(Interlocked.Read(ref counts[i]), Tag("severity", severity.ToString())))];

    private Measurement<long>[] Commands() => _commands is null ? [] : [.. s_ends.Select(end => new Measurement<long>(Interlocked.Read(ref _ended[(int)end]), Tag("state", end.ToString())))];

    private static Measurement<long>[] One(Func<long?> read) => read() is { } value ? [new(value)] : [];

    private static Measurement<long>[] ByKind(Func<StanzaKind, long> read) => [.. s_kinds.Select(kind => new Measurement<long>(read(kind), Tag("kind", kind.ToString())))];

    private static KeyValuePair<string, object?> Tag(string name, string value) => new(name, value.ToLowerInvariant());

    private IEnumerable<Measurement<long>> Sessions()
    {
        var counts = new Dictionary<(bool IsThing, string Transport), long>();
        foreach (Session session in _sources.Hub.Sessions.All())
        {
            (bool, string) key = (session.IsThing, session.Transport);
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        foreach (string transport in (string[])["tcp", "tls", "websocket", "bosh", "process", "none"])
        {
            yield return new(counts.GetValueOrDefault((true, transport)), Tag("kind", "thing"), Tag("transport", transport));
            yield return new(counts.GetValueOrDefault((false, transport)), Tag("kind", "person"), Tag("transport", transport));
        }
    }

    private Measurement<long>[] Things()
    {
        if (_sources.Liveness() is not { } liveness)
        {
            return [];
        }

        var counts = new long[s_states.Length];
        foreach (ThingLiveness thing in liveness.All)
        {
            counts[(int)thing.State]++;
        }

        return [.. s_states.Select(state => new Measurement<long>(counts[(int)state], Tag("state", state.ToString())))];
    }

    private IEnumerable<Measurement<long>> LogIns() => Enum.GetValues<SaslError>()
        .Select(outcome => new Measurement<long>(_sources.Hub.Figures.LogIns(outcome), Tag("outcome", outcome == SaslError.None ? "success" : SaslNegotiation.ElementName(outcome))));

    private Measurement<long>[] ServerStreams() => _sources.Peers?.Federation?.Streams is { } streams
        ? [new(streams.Incoming, Tag("direction", "in")), new(streams.Outgoing, Tag("direction", "out"))]
        : [];
}
