using System.Net;
using IotXmpp.Features;
using IotXmpp.Gateway.Pi;
using IotXmpp.Host;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Gateway;

/// <summary>
/// A gateway: its own thing, the things behind it, what waits for the hub, and the local rules; all under one lock, in one process. It goes on measuring, keeping and
/// obeying its rules whether the hub is there or not.
/// </summary>
public sealed class GatewayHost : ISampleSink, INodeObserver, IRuleTarget, IDisposable
{
    /// <summary>Time between two commits of the store. Default 1 s: what a power cut may cost of the gateway's own samples; a thing gets its acknowledgement after it.</summary>
    public static readonly TimeSpan CommitInterval = TimeSpan.FromSeconds(1);

    /// <summary>Bytes of a stanza that the gateway sends at most: a batch of samples.</summary>
    private const int SendBytes = 16384;

    /// <summary>Bytes of a piece of an update: as base64 it fits the receive buffer.</summary>
    private const int ChunkBytes = 8192;

    /// <summary>Bytes of an update that are hashed in one step, some milliseconds.</summary>
    private const int SliceBytes = 1 << 20;

    /// <summary>Milliseconds between two looks at the file of keys.</summary>
    private const long RefreshMs = 5000;

    private readonly GatewaySettings _settings;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly IThingObserver? _observer;
    private readonly List<INodePort> _ports = [];
    private readonly RulesPart _rulesPart;
    private readonly TcpNodePort? _tcp;
    private readonly ThingPart[] _wired;
    private readonly GatewayLauncher _launcher;
    private readonly IDisposable? _board;
    private ThingPart[] _parts = [];
    private StoreUplink _uplink = null!;
    private HubReports _reports = null!;
    private NodeConfiguration _configuration = null!;
    private SessionWatch _session = null!;
    private Sample? _own;
    private long _refreshAtMs;
    private string? _told;

    /// <summary>Makes a gateway; nothing happens before <see cref="RunAsync"/>.</summary>
    /// <param name="settings">Its settings.</param>
    /// <param name="observer">Is told what its own thing does; may be null.</param>
    /// <param name="log">Takes a line for people on what the things behind it and the rules do.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="ports">Further ways in for things.</param>
    /// <param name="io">The board's pins; null for the machine's own, which are opened when there are parts.</param>
    /// <exception cref="GatewaySettingsException">The parts cannot be opened; the message is one line.</exception>
    /// <exception cref="IOException">The CA's file or the data folder cannot be read.</exception>
    /// <exception cref="InvalidDataException">A file is not what it should be.</exception>
    public GatewayHost(GatewaySettings settings, IThingObserver? observer, Action<string> log, TimeProvider? time = null, IEnumerable<INodePort>? ports = null, IBoardIo? io = null)
        : this(settings, observer, log, new FileSettings(GatewayLauncher.SettingsFile(settings.DataFolder)), null, time, ports, io)
    {
    }

    /// <summary>Makes a gateway that was launched, or has chosen to run itself.</summary>
    /// <param name="settings">Its settings.</param>
    /// <param name="observer">Is told what its own thing does; may be null.</param>
    /// <param name="log">Takes a line for people.</param>
    /// <param name="kept">Its settings that survive a restart.</param>
    /// <param name="launcher">Which image runs; null to look here. Disposed of with the gateway.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="ports">Further ways in for things.</param>
    /// <param name="io">The board's pins; null for the machine's own.</param>
    public GatewayHost(GatewaySettings settings, IThingObserver? observer, Action<string> log, FileSettings kept, GatewayLauncher? launcher, TimeProvider? time = null, IEnumerable<INodePort>? ports = null, IBoardIo? io = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _launcher = launcher ?? GatewayLauncher.Open(settings.DataFolder, kept);
        _settings = settings;
        _time = time ?? TimeProvider.System;
        _log = log;
        _observer = observer;
        PrivateFile.MakeFolder(settings.DataFolder);
        _rulesPart = new RulesPart(settings.Rules, kept);
        Keys = new NodeKeys(settings.NodesFile);
        _wired = PartSettings.Open(settings, io, kept, out _board);
        Store = OpenStore();
        ClientOptions client = ClientOptions.ForThing(settings.Account, settings.Password);
        client.SendBufferMaximum = SendBytes;
        client.ReceiveBufferMaximum = SendBytes;
        client.UnackedBytes = 1 << 18;
        client.PendingIqs = 256;
        var host = new HostOptions
        {
            Client = client,
            Server = settings.Hub,
            Authorities = settings.CaFile is null ? null : HostOptions.ReadAuthorities(settings.CaFile),
            Time = _time,
        };
        Thing = new ThingHost(host, kept, (ThingHost h) => Create(h, kept));
        Thing.Stepped = Step;
        if (settings.Nodes is not null)
        {
            _ports.Add(_tcp = new TcpNodePort(settings.Nodes));
        }

        _ports.AddRange(settings.Serial.Select(s => new SerialNodePort(s.Device, s.Baud, _time)));
        _ports.AddRange(ports ?? []);
    }

    /// <summary>The gateway's own thing; its lock is the lock of everything here.</summary>
    public ThingHost Thing { get; }

    /// <summary>What waits for the hub.</summary>
    public SampleStore Store { get; }

    /// <summary>The things behind the gateway.</summary>
    public NodeTable Nodes { get; private set; } = null!;

    /// <summary>Who may come in.</summary>
    public NodeKeys Keys { get; }

    /// <summary>The rules.</summary>
    public RuleEngine Rules { get; private set; } = null!;

    /// <summary>Where things come in over TCP; never completes when they do not.</summary>
    public Task<IPEndPoint> Listening => _tcp?.Listening ?? new TaskCompletionSource<IPEndPoint>().Task;

    /// <summary>Opens the Bluetooth adapter; null for the machine's own.</summary>
    internal Func<IHciSocket>? Radio { get; set; }

    /// <summary>Called after each step of the loop, under the lock: the gateway is alive. May be null.</summary>
    public Action? Alive { get; set; }

    /// <summary>Is told how many samples of which thing the hub has acknowledged; may be null.</summary>
    public Action<string, int>? Acknowledged { get; set; }

    /// <summary>Samples that the hub has acknowledged since start.</summary>
    public long Published => _uplink.Published;

    /// <summary>How it is now. Called under the lock.</summary>
    public GatewayStatus Status() => new(
        _time.GetUtcNow(),
        _settings.Account.ToString(),
        _settings.Hub.ToString(),
        _session.IsOnline,
        _session.Since,
        _session.Trouble,
        Store.Count + Store.Pending,
        Published,
        Store.Dropped,
        [.. Nodes.All.Select(n => new NodeStatus(n.Id, n.StateName, n.Since, n.Reason, n.Peer, Store.CountOf(n.Id)))]);

    private string OwnId => _settings.Account.Local;

    /// <summary>Runs until it is cancelled; then the stream is closed in good order and all is on the disk.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task committing = CommitAsync(stop.Token);
        Task[] ports = [.. _ports.Select(p => Task.Run(() => p.RunAsync((link, cancel) => NodeSession.RunAsync(Nodes, link, OwnId, _time, cancel), _log, stop.Token), CancellationToken.None))];
        Task listening = _settings.Beacons.Count == 0 ? Task.CompletedTask
            : Task.Run(() => new BeaconPort(_settings.Beacons, _settings.Radio, Radio ?? (() => HciSocket.Open(_settings.Radio)), Nodes, _time).RunAsync(_log, stop.Token), CancellationToken.None);
        try
        {
            await Thing.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll([committing, listening, .. ports]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Commit();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Store.Dispose();
        _launcher.Dispose();
        _board?.Dispose();
    }

    void ISampleSink.Add(Sample sample)
    {
        _own = Copy(sample);
        Keep(OwnId, _own, null);
        Rules.Sampled(string.Empty, _own);
    }

    void INodeObserver.NodeAdded(Node node)
    {
        // Told when it comes.
    }

    void INodeObserver.NodeUpdated(Node node)
    {
        // For those who subscribe.
    }

    void INodeObserver.NodeStateChanged(Node node)
        => _log($"{node.Id} {node.StateName}{(node.Reason.Length > 0 ? $": {node.Reason}" : node.Peer is { } peer ? $" by {peer}" : string.Empty)}");

    void INodeObserver.NodeRemoved(Node node) => _log($"{node.Id} removed");

    void INodeObserver.NodeSampled(Node node, Sample sample, Action? durable)
    {
        Keep(node.Id, sample, durable);
        Rules.Sampled(node.Id, sample);
    }

    void IRuleTarget.Set(string thing, string parameter, string value, Action<string?> done)
    {
        if (thing.Length == 0 || thing == OwnId)
        {
            done(SetOwn(parameter, value));
            return;
        }

        if (Nodes.Find(thing) is not { } node)
        {
            done($"there is no {thing} behind this gateway");
        }
        else if (Array.Find(node.Parameters, p => p.Name == parameter) is not { } known)
        {
            done($"{thing} has no parameter {parameter}");
        }
        else if (known.Check(value, out ControlValue meant) is { } wrong)
        {
            done($"{parameter} {wrong}");
        }
        else
        {
            Nodes.Set(node, [meant], answer => done(answer.Outcome == NodeOutcome.Done ? null : answer.Text));
        }
    }

    void IRuleTarget.Tell(string rule, bool active, string outcome)
    {
        string line = $"{rule} {(active ? "on" : "off")}: {outcome}";
        _log($"rule {line}");
        _rulesPart.Note(line);
    }

    private static Sample Copy(Sample sample)
    {
        var copy = new Sample();
        copy.Clear(sample.TimeMs);
        for (int i = 0; i < sample.Count; i++)
        {
            copy.Add(sample.Kind(i), sample.Flags(i), sample.Name(i), sample.Text(i), sample.Scaled(i), sample.Decimals(i));
        }

        return copy;
    }

    private ThingLoop Create(ThingHost host, FileSettings kept)
    {
        XmppClient client = host.Client;
        _session = new SessionWatch(_time);
        client.AddListener(_session);
        Nodes = new NodeTable(Keys, _time, host.Gate) { Listened = [.. _settings.Beacons.Select(b => b.Id)] };
        Rules = new RuleEngine(this, _time);
        var requests = new NodeRequests(Nodes, OwnId, kept)
        {
            Own = () => _own,
            Controlled = (from, thing, parameter, value, error) => _log($"{from} sets {thing} {parameter}={value}{(error is null ? string.Empty : $": {error}")}"),
        };
        requests.Register(client);
        _ = new Concentrator(Nodes, client, OwnId);
        var things = new Jid(string.Empty, "things." + _settings.Account.Domain, string.Empty);
        var pubsub = new Jid(string.Empty, "pubsub." + _settings.Account.Domain, string.Empty);
        _uplink = new StoreUplink(client, Store, pubsub, _settings.Uplink, _time)
        {
            Acknowledged = OnAcknowledged,
            Refused = (thing, reason) => _log($"{thing}: publish refused: {reason}"),
        };
        _configuration = new NodeConfiguration(Nodes, client, pubsub, kept)
        {
            Taken = (thing, version, error) => _log($"{thing} configured by version {version}{(error is null ? string.Empty : $": {error}")}"),
        };
        _reports = new HubReports(Nodes, client, things) { Accepted = OnAccepted, Said = _log };
        Nodes.Observe(this);
        _parts = [new GatewayHealth(new LinuxHealth(_settings.DataFolder)), _rulesPart, .. _wired];
        var options = new ThingOptions
        {
            ThingId = OwnId,
            PubSubService = pubsub,
            Owner = _settings.Owner,
            Firmware = _launcher.Version,
            SampleIntervalMs = (int)_settings.Interval.TotalMilliseconds,
            Features = [Ns.Concentrators],
        };
        var platform = new ThingPlatform
        {
            Clock = new SystemClock(_time),
            Hash = DotNetHash.Instance,
            Settings = kept,
            // What a gateway of before this store left there still goes out.
            Storage = new FileSegmentStore(Path.Combine(_settings.DataFolder, "unsent")),
            Sink = this,
            Status = new ProcessStatus(),
            Commands = [new RulesCommand(_rulesPart)],
            Update = new UpdatePlatform
            {
                Boot = _launcher.Boot,
                Store = _launcher.Store,
                Options = new UpdateOptions { Key = _settings.UpdateKey, Target = GatewayThing.Target, Image = GatewayThing.Image, Service = things, ChunkBytes = ChunkBytes, SliceBytes = SliceBytes },
                Observer = new UpdateLog(_log),
            },
        };
        var loop = new ThingLoop(client, _parts, options, platform) { Observer = _observer };
        Rules.Use(_rulesPart.Parsed);
        _rulesPart.Changed = Rules.Use;
        Refresh();
        return loop;
    }

    private SampleStore OpenStore()
    {
        string path = Path.Combine(_settings.DataFolder, "samples.db");
        try
        {
            return new SampleStore(path, _settings.Store);
        }
        catch (SampleStoreException e) when (e.IsDamaged)
        {
            // It is put aside for who wants to look; the gateway goes on.
            string aside = $"{path}.broken-{_time.GetUtcNow():yyyyMMddHHmmss}";
            File.Move(path, aside);
            File.Delete(path + "-wal");
            File.Delete(path + "-shm");
            _log($"{path} is damaged ({e.Message}); it is kept as {aside}, and a new one is begun");
            return new SampleStore(path, _settings.Store);
        }
    }

    private void OnAccepted(string thing)
    {
        _uplink.TryAgain(thing);
        _configuration.Accepted(thing);
    }

    private void OnAcknowledged(string thing, int samples)
    {
        Acknowledged?.Invoke(thing, samples);
        if (thing == OwnId)
        {
            _observer?.Published(samples);
        }
    }

    private void Keep(string thing, Sample sample, Action? durable)
    {
        if (!Store.Add(thing, sample, durable))
        {
            Tell($"{thing}: a sample is not kept: it has fields of a form that there are too many of");
        }
    }

    private string? SetOwn(string parameter, string value)
    {
        foreach (ThingPart part in _parts)
        {
            if (Array.Find(part.Parameters, p => p.Name == parameter) is { } known)
            {
                string? error = known.Check(value, out ControlValue meant) ?? part.Set(meant, Thing.Client.NowMs);
                _observer?.Controlled("rule", parameter, value, error);
                return error;
            }
        }

        return $"this gateway has no parameter {parameter}";
    }

    private void Step(long nowMs)
    {
        if (nowMs >= _refreshAtMs)
        {
            _refreshAtMs = nowMs + RefreshMs;
            Refresh();
        }

        Nodes.Step();
        Rules.Step();
        _reports.Step(nowMs);
        _configuration.Step(nowMs);
        _uplink.Pump(nowMs);
        Alive?.Invoke();
    }

    private void Refresh()
    {
        try
        {
            Nodes.Refresh();
        }
        catch (GatewaySettingsException e)
        {
            Tell(e.Message);
        }
    }

    private async Task CommitAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(CommitInterval, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Store.Pending > 0 || Store.IsLeaving)
            {
                await Task.Run(Commit, CancellationToken.None).ConfigureAwait(false);
                Thing.Wake();
            }
        }
    }

    private void Commit()
    {
        try
        {
            Store.Commit();
        }
        catch (SampleStoreException e)
        {
            Tell($"samples cannot be kept: {e.Message}");
        }
    }

    private sealed class UpdateLog(Action<string> log) : IUpdateObserver
    {
        public void UpdateChanged(string text) => log("update: " + text);
    }

    // The same trouble again and again is one line.
    private void Tell(string line)
    {
        if (line != _told)
        {
            _told = line;
            _log(line);
        }
    }
}
