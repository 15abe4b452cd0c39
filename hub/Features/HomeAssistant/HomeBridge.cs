using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.HomeAssistant;

/// <summary>
/// What the home is told of things, and what it asks of them. The hub only notes which things have changed; this looks at them afterwards, one after another, and puts what is new into the outbox. Nobody in the hub waits for it.
/// </summary>
internal sealed class HomeBridge : IAsyncDisposable
{
    // How often all things are looked at, and what is not seen any more is taken away: 60 s.
    private static readonly TimeSpan s_all = TimeSpan.FromMinutes(1);

    private readonly HomeAssistantOptions _options;
    private readonly ThingAccess _access;
    private readonly RegistryStore _registry;
    private readonly LivenessService _liveness;
    private readonly HistoryService? _history;
    private readonly BridgeSession _session;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Jid _account;
    private readonly Topics _topics;
    private readonly ConcurrentDictionary<string, bool> _changed = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly HomeControl _control;
    private readonly CancellationTokenSource _end = new();
    private readonly Dictionary<string, Shown> _shown = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _strangers = new(StringComparer.Ordinal);
    private readonly ConcurrentBag<(string Thing, string Topic)> _corrections = [];
    private readonly ITimer _timer;
    private volatile bool _all = true;
    private volatile bool _again;
    private volatile bool _relearn;
    private Task _running = Task.CompletedTask;

    public HomeBridge(
        HomeAssistantOptions options, ThingAccess access, RegistryStore registry, LivenessService liveness, HistoryService? history, FormStore forms, BridgeSession session, Jid domain,
        System.Security.Cryptography.X509Certificates.X509Certificate2Collection? trusted, TimeProvider time, ILogger log)
    {
        _options = options;
        _access = access;
        _registry = registry;
        _liveness = liveness;
        _history = history;
        _session = session;
        _time = time;
        _log = log;
        _account = new Jid(options.Account, domain.Domain, string.Empty);
        _topics = new Topics(options);
        _control = new HomeControl(options, access, registry, forms, session, _account, time, log) { Changed = Changed, Commanded = OnCommanded };
        _timer = time.CreateTimer(_ => LookAtAll(), null, s_all, s_all);
        Link = new MqttLink(options, trusted, _topics, Outbox, time, log) { Connected = OnConnected, Received = OnReceived };
    }

    /// <summary>What waits for the broker.</summary>
    public Outbox Outbox { get; } = new();

    private MqttLink Link { get; }

    /// <summary>Begins.</summary>
    public void Start() => _running = Task.WhenAll(Link.RunAsync(_end.Token), TellAsync(_end.Token), _control.RunAsync(_end.Token));

    /// <summary>A thing has changed. Costs a place in a set.</summary>
    public void Changed(string thing)
    {
        if (_changed.TryAdd(thing, true))
        {
            Wake();
        }
    }

    /// <summary>Who may what has changed: what may be set is asked for again.</summary>
    public void RightsChanged()
    {
        _relearn = true;
        LookAtAll();
    }

    /// <summary>Which things there are has changed.</summary>
    public void LookAtAll()
    {
        _all = true;
        Wake();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _end.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _control.DisposeAsync().ConfigureAwait(false);
        _end.Dispose();
    }

    // What the broker has kept may be from before, or nothing: all is told anew.
    private void OnConnected()
    {
        Outbox.Clear();
        _again = true;
        LookAtAll();
    }

    private void OnReceived(MqttNews news)
    {
        if (_topics.ReadCommand(news.Topic) is var (thing, slug))
        {
            if (!news.IsRetained)
            {
                _control.Take(thing, slug, news.Payload);
            }
        }
        else if (news.IsRetained && _topics.ReadConfig(news.Topic) is not null && _strangers.Count < _options.MaxThings)
        {
            // From before this hub started, perhaps of a thing that is gone: looked at when it is known what there is.
            _strangers.TryAdd(news.Topic, true);
            LookAtAll();
        }
    }

    private async Task TellAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            await _wake.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                await LookAsync(cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OutOfMemoryException && !cancel.IsCancellationRequested)
            {
                HomeAssistantLog.NotLooked(_log, e); // the next time
            }

            // What changes meanwhile is told together.
            await Task.Delay(TimeSpan.FromMilliseconds(_options.GatherMilliseconds), _time, cancel).ConfigureAwait(false);
        }
    }

    private async ValueTask LookAsync(CancellationToken cancel)
    {
        bool all = _all;
        _all = false;
        if (_relearn)
        {
            _relearn = false;
            await _control.AskAgainAsync().ConfigureAwait(false);
        }

        if (_again)
        {
            _again = false;
            foreach (Shown shown in _shown.Values)
            {
                shown.Forget();
            }
        }

        while (_corrections.TryTake(out (string Thing, string Topic) wrong))
        {
            if (_shown.TryGetValue(wrong.Thing, out Shown? shown))
            {
                shown.States.Remove(wrong.Topic);
            }
        }

        List<string> changed = [.. _changed.Keys];
        changed.ForEach(thing => _changed.TryRemove(thing, out _));
        if (all)
        {
            HashSet<string> seen = await _session.HasAccountAsync(cancel).ConfigureAwait(false) ? [.. (await _access.ThingsAsync(_account, ThingRight.See, cancel).ConfigureAwait(false)).Take(_options.MaxThings)] : [];
            _shown.Keys.Concat(_control.Things).Where(thing => !seen.Contains(thing)).ToList().ForEach(TakeAway);
            await _control.RecallAsync(seen, cancel).ConfigureAwait(false);
            foreach (string thing in seen)
            {
                await ShowAsync(thing, cancel).ConfigureAwait(false);
            }

            TakeAwayStrangers(seen);
            return;
        }

        foreach (string thing in changed)
        {
            if (_shown.ContainsKey(thing) || _shown.Count < _options.MaxThings)
            {
                if (await _access.MayAsync(_account, thing, ThingRight.See, null, cancel).ConfigureAwait(false))
                {
                    await ShowAsync(thing, cancel).ConfigureAwait(false);
                }
                else if (_shown.ContainsKey(thing))
                {
                    TakeAway(thing);
                }
            }
        }
    }

    private async ValueTask ShowAsync(string id, CancellationToken cancel)
    {
        if (await _registry.FindAsync(id, cancel).ConfigureAwait(false) is not { } thing)
        {
            return;
        }

        ThingLiveness? liveness = _liveness.Find(id);
        if (liveness is { IsOnline: true })
        {
            _control.Came(thing, liveness.Since);
        }

        List<Entity> entities = Entities(thing, liveness);
        if (!_shown.TryGetValue(id, out Shown? shown))
        {
            if (entities.Count == 0)
            {
                return; // nothing is known of it yet
            }

            _shown[id] = shown = new Shown();
        }

        string looks = $"{thing.Version}\n{liveness?.Status.Firmware}\n";
        JsonObject? device = null;
        var configs = new HashSet<string>(StringComparer.Ordinal);
        foreach (Entity entity in entities)
        {
            string topic = _topics.Config(id, entity.Component, entity.Slug);
            configs.Add(topic);
            if (!shown.Configs.TryGetValue(topic, out string? told) || told != looks + entity.Looks)
            {
                shown.Configs[topic] = looks + entity.Looks;
                Outbox.Put(topic, _topics.ConfigOf(id, device ??= DeviceOf(thing, liveness), entity));
            }

            if (entity.State is { } state)
            {
                shown.Tell(Outbox, _topics.State(id, entity.Slug), state);
            }
        }

        // One that sleeps as it said is as it should be: its last values hold.
        shown.Tell(Outbox, _topics.Availability(id), liveness?.State is LivenessState.Online or LivenessState.Resuming or LivenessState.Sleeping ? "online" : "offline");
        // A value that is not known now stays as it was; a configuration that is none any more goes.
        foreach (string gone in shown.Configs.Keys.Where(topic => !configs.Contains(topic)).ToList())
        {
            shown.Configs.Remove(gone);
            Outbox.Put(gone, []);
        }
    }

    private List<Entity> Entities(Thing thing, ThingLiveness? liveness)
    {
        // Where a field has changed its kind, the one with the latest sample counts.
        Dictionary<string, Series> fields = (_history?.SeriesOf(thing.Id) ?? []).GroupBy(s => s.Field, StringComparer.Ordinal)
            .ToDictionary(same => same.Key, same => same.MaxBy(s => s.Latest?.Time ?? long.MinValue)!, StringComparer.Ordinal);
        var entities = new List<Entity>();
        foreach (Parameter parameter in _control.Parameters(thing.Id) ?? [])
        {
            fields.Remove(parameter.Name, out Series? measured);
            entities.Add(Vocabulary.Control(parameter, measured));
        }

        entities.AddRange(fields.Values.OrderBy(s => s.Field, StringComparer.Ordinal).Select(Vocabulary.Sensor));
        if (liveness?.Status.Battery is { } battery && !fields.ContainsKey("battery"))
        {
            entities.Add(Vocabulary.Diagnostic("battery", "%", "battery", battery));
        }

        if (liveness?.Status.Signal is { } signal && !fields.ContainsKey("signal"))
        {
            entities.Add(Vocabulary.Diagnostic("signal", "dBm", "signal_strength", signal));
        }

        return [.. entities.DistinctBy(e => e.Slug).Take(_options.MaxEntities)];
    }

    private JsonObject DeviceOf(Thing thing, ThingLiveness? liveness)
    {
        var device = new JsonObject { ["identifiers"] = new JsonArray(_topics.DeviceOf(thing.Id)), ["name"] = thing.Name };
        Set("manufacturer", Tag("MAN"));
        Set("model", Tag("MODEL"));
        Set("serial_number", Tag("SN"));
        Set("sw_version", liveness?.Status.Firmware);
        Set("via_device", thing.IsBehindGateway ? _topics.DeviceOf(thing.Account) : null);
        return device;

        string? Tag(string name) => thing.Tags.TryGetValue(name, out MetaTag? tag) ? tag.Value : null;

        void Set(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
            {
                device[name] = value;
            }
        }
    }

    // The home may show what it wished: it is told what is so, also where that is what it was.
    private void OnCommanded(string thing, string slug)
    {
        _corrections.Add((thing, _topics.State(thing, slug)));
        Changed(thing);
    }

    private void TakeAway(string thing)
    {
        _control.Forget(thing);
        if (_shown.Remove(thing, out Shown? shown))
        {
            foreach (string topic in shown.Configs.Keys.Concat(shown.States.Keys).Concat(shown.Before))
            {
                Outbox.Put(topic, []);
            }
        }
    }

    // What the broker has kept from before, and is not so now. What a thing that is away lets set is not known before it has come again.
    private void TakeAwayStrangers(HashSet<string> seen)
    {
        foreach (string topic in _strangers.Keys)
        {
            if (_topics.ReadConfig(topic) is not { } thing || !seen.Contains(thing) || (_shown.TryGetValue(thing, out Shown? shown) && _control.Parameters(thing) is not null && !shown.Configs.ContainsKey(topic)))
            {
                _strangers.TryRemove(topic, out _);
                Outbox.Put(topic, []);
            }
            else if (_shown.TryGetValue(thing, out Shown? known) && known.Configs.ContainsKey(topic))
            {
                _strangers.TryRemove(topic, out _);
            }
        }
    }

    private void Wake()
    {
        try
        {
            if (_wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
        catch (SemaphoreFullException)
        {
            // Somebody else has woken it.
        }
    }

    // What was told of a thing; after a reconnection it is told again.
    private sealed class Shown
    {
        public Dictionary<string, string> Configs { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, string> States { get; } = new(StringComparer.Ordinal);

        public HashSet<string> Before { get; } = new(StringComparer.Ordinal);

        public void Tell(Outbox outbox, string topic, string state)
        {
            if (!States.TryGetValue(topic, out string? told) || told != state)
            {
                States[topic] = state;
                outbox.Put(topic, Encoding.UTF8.GetBytes(state));
            }
        }

        public void Forget()
        {
            Before.Clear();
            Before.UnionWith(Configs.Keys);
            Before.UnionWith(States.Keys);
            Configs.Clear();
            States.Clear();
        }
    }
}
