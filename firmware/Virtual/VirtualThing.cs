using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.Esp32;
using IotXmpp.Features;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.Sasl;
using IotXmpp.Things;
using IotXmpp.Xmpp;

namespace IotXmpp.Virtual;

/// <summary>What a virtual thing is and where its hub is.</summary>
public sealed record VirtualThingOptions
{
    /// <summary>What it is: one of <see cref="VirtualKind.Names"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Its account, bare; the local part is its id.</summary>
    public required Jid Account { get; init; }

    /// <summary>Its password: a board gets the keys that the hub makes of it, by one log-in at the start. Not needed when there is a <see cref="Key"/>.</summary>
    public string Password { get; init; } = "";

    /// <summary>The keys of this device, as provisioning makes them; null for those of the password.</summary>
    public DeviceKey? Key { get; init; }

    /// <summary>The fleet's update key, 32 bytes; null for a thing that takes no updates, unless its <see cref="Key"/> has one.</summary>
    public byte[]? UpdateKey { get; init; }

    /// <summary>Where the hub is.</summary>
    public required ServerAddress Hub { get; init; }

    /// <summary>The authorities that are trusted; null trusts the system's.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Time between samples; null for the kind's own.</summary>
    public TimeSpan? Interval { get; init; }

    /// <summary>How long a battery thing sleeps; null for the kind's own. Other kinds do not sleep.</summary>
    public TimeSpan? Sleep { get; init; }

    /// <summary>Whose asks to see the presence are granted; null for nobody's.</summary>
    public Jid? Owner { get; init; }

    /// <summary>The access model of the telemetry node, when the thing itself makes it; null for the usual.</summary>
    public string? AccessModel { get; init; }

    /// <summary>The board; null for the kind's own, with its script.</summary>
    public VirtualBoard? Board { get; init; }

    /// <summary>Bytes of a board's flash file system. Default that of a 4 MB board.</summary>
    public int FlashBytes { get; init; } = VirtualFlash.DefaultCapacity;

    /// <summary>Whether the connection may do without TLS, on this machine only. Default never.</summary>
    public PlaintextPolicy Plaintext { get; init; } = PlaintextPolicy.Never;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// A virtual thing in real time over real sockets. Over direct TLS it is a virtual ESP32 with the whole application of the real one; by STARTTLS, without TLS, or as a gateway it is the thing loop in
/// a .NET process. It sleeps and wakes as its firmware says.
/// </summary>
public sealed class VirtualThing : IAsyncDisposable
{
    private readonly VirtualThingOptions _options;
    private readonly VirtualDevice? _device;
    private readonly Esp32Host? _esp32;
    private readonly Jid _account;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _published = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _running;

    /// <summary>Makes a thing that is off.</summary>
    /// <param name="options">What it is.</param>
    /// <exception cref="ArgumentException">There is no such kind, or the account's local part is no thing's id.</exception>
    public VirtualThing(VirtualThingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!ThingOptions.IsThingId(options.Account.Local))
        {
            throw new ArgumentException($"\"{options.Account.Local}\" is no thing's id: 1 to 64 of a-z, 0-9 and -.", nameof(options));
        }

        _options = options;
        _account = options.Account;
        VirtualKind kind = VirtualKind.Find(options.Kind);
        if (options.Hub.DirectTls && !kind.IsGateway)
        {
            _esp32 = new Esp32Host(kind, options.Authorities, options.Time, options.Board, options.FlashBytes) { Observer = new Observer(this) };
            _esp32.Board.Configure = (thing, _) =>
            {
                kind.Configure(thing);
                Configure(thing);
            };
            _esp32.Started += reason => Raise(VirtualEventKind.Started, $"started ({reason})");
        }
        else
        {
            _device = new VirtualDevice(kind, options.Account, Configure, options.Board);
        }
    }

    /// <summary>Something happened. Raised under the thing's lock: be brief, and do not wait for the thing.</summary>
    public event Action<VirtualEvent>? Happened;

    /// <summary>The thing's id.</summary>
    public string Id => _options.Account.Local;

    /// <summary>What it is.</summary>
    public string Kind => _options.Kind;

    /// <summary>Its account, bare.</summary>
    public Jid Account => _account;

    /// <summary>Its pins and what is wired to them.</summary>
    public VirtualBoard Board => _esp32?.Board.Board ?? _device!.Board;

    /// <summary>Its flash.</summary>
    public VirtualFlash Flash => _esp32?.Board.Flash ?? _device!.Flash;

    /// <summary>The virtual ESP32; null for a thing that is none.</summary>
    public Esp32Host? Esp32 => _esp32;

    private ThingHost? Host { get; set; }

    /// <summary>Completes when the hub has acknowledged the first sample.</summary>
    public Task FirstPublished => _published.Task;

    /// <summary>Calls client and loop of the firmware's present life, between two of its steps.</summary>
    /// <typeparam name="T">What is asked for.</typeparam>
    /// <param name="call">The call.</param>
    /// <returns>What the call returns; the default while the thing is off or asleep.</returns>
    public T? Invoke<T>(Func<XmppClient, ThingLoop, T> call)
    {
        ArgumentNullException.ThrowIfNull(call);
        if (_esp32 is not null)
        {
            return _esp32.Invoke(application => application?.Loop is null ? default : call(application.Client, application.Loop));
        }

        if (Host is not { } host)
        {
            return default;
        }

        lock (host.Gate)
        {
            return call(host.Client, host.Loop);
        }
    }

    /// <summary>Switches it on.</summary>
    /// <exception cref="InvalidOperationException">It is on already.</exception>
    public void Start()
    {
        if (_running is not null)
        {
            throw new InvalidOperationException($"{Id} is on already.");
        }

        _running = Task.Run(RunAsync);
    }

    /// <summary>Switches it off, its stream closed in good order; takes <see cref="ThingHost.CloseLimit"/> at most.</summary>
    /// <exception cref="Exception">What its firmware died of, if it did.</exception>
    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_running is not null)
        {
            await _running.ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _stop.Dispose();
        _device?.Dispose();
        _esp32?.Dispose();
    }

    private async Task RunAsync()
    {
        string reason = "power-on";
        try
        {
            if (_esp32 is not null)
            {
                await RunBoardAsync(_esp32).ConfigureAwait(false);
                return;
            }

            while (!_stop.IsCancellationRequested)
            {
                Host = CreateHost(reason);
                Raise(VirtualEventKind.Started, $"started ({reason})");
                DateTimeOffset? until = await Host.RunAsync(_stop.Token).ConfigureAwait(false);
                bool restarts = Host.Loop.IsRestarting;
                Host = null;
                if (until is null)
                {
                    return;
                }

                TimeSpan rest = until.Value - _options.Time.GetUtcNow();
                if (rest > TimeSpan.Zero)
                {
                    await Task.Delay(rest, _options.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                reason = restarts ? "software" : "deep-sleep";
            }
        }
        catch (Exception e)
        {
            // Told to whoever waits for the first sample, and to StopAsync.
            _published.TrySetException(e);
            throw;
        }
        finally
        {
            _published.TrySetCanceled();
        }
    }

    // What the flashing tool does, then the board's lives.
    private async Task RunBoardAsync(Esp32Host board)
    {
        DeviceKey? key = _options.Key;
        while (key is null && !_stop.IsCancellationRequested)
        {
            key = await FetchKeyAsync().ConfigureAwait(false);
        }

        if (key is null)
        {
            return;
        }

        key.Update ??= _options.UpdateKey!;
        var config = new BoardConfig
        {
            Thing = _account.Local,
            Domain = _account.Domain,
            Host = _options.Hub.Host,
            Port = _options.Hub.Port,
            Board = "esp32-devkitc-v4",
            Owner = _options.Owner?.ToString() ?? "",
            WatchdogPin = board.Board.WatchdogChip?.Gpio ?? -1,
        };
        board.Board.Provision(config, key);
        await board.RunAsync(_stop.Token).ConfigureAwait(false);
    }

    // A password is never on a board: one log-in tells salt and count of the account, and its keys are kept instead. Null when the hub was not there or refused; told, and tried again.
    private async Task<DeviceKey?> FetchKeyAsync()
    {
        var settings = new VirtualSettings();
        ClientOptions client = ClientOptions.ForTool(_account, _options.Password);
        client.Resource = "provision";
        var options = new HostOptions { Client = client, Server = _options.Hub, Authorities = _options.Authorities, Settings = settings, AnnouncePresence = false, Time = _options.Time };
        try
        {
            await using var connection = new XmppConnection(options);
            await connection.ConnectAsync(failFast: true, _stop.Token).ConfigureAwait(false);
            if (new ScramCache(settings).Last() is { Hash: HashName.Sha256 } keys)
            {
                return new DeviceKey(keys);
            }

            Raise(VirtualEventKind.Offline, "offline: the hub offers no SCRAM-SHA-256, which a board needs");
        }
        catch (ConnectionException e)
        {
            Raise(VirtualEventKind.Offline, $"offline: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        await Task.Delay(TimeSpan.FromSeconds(5), _options.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return null;
    }

    private ThingHost CreateHost(string reason)
    {
        ClientOptions client = ClientOptions.ForThing(_options.Account, _options.Password);
        client.Plaintext = _options.Plaintext;
        var host = new HostOptions { Client = client, Server = _options.Hub, Authorities = _options.Authorities, Time = _options.Time };
        return new ThingHost(host, _device!.Settings, c =>
        {
            ThingLoop loop = _device.Boot(c, new SystemClock(_options.Time), DotNetHash.Instance, reason, runScript: true);
            loop.Observer = new Observer(this);
            return loop;
        });
    }

    private void Configure(ThingOptions options)
    {
        options.Owner = _options.Owner;
        options.AccessModel = _options.AccessModel ?? options.AccessModel;
        if (_options.Interval is { } interval)
        {
            options.SampleIntervalMs = (int)interval.TotalMilliseconds;
        }

        if (_options.Sleep is { } sleep && options.SleepSeconds > 0)
        {
            options.SleepSeconds = (int)sleep.TotalSeconds;
        }
    }

    private void Raise(VirtualEventKind kind, string text, IReadOnlyList<VirtualField>? fields = null, VirtualCommand? command = null)
        => Happened?.Invoke(new VirtualEvent(_options.Time.GetUtcNow(), Id, kind, text, fields ?? [], command));

    private sealed class Observer(VirtualThing thing) : IThingObserver
    {
        public void UplinkChanged(bool online, string reason)
            => thing.Raise(online ? VirtualEventKind.Online : VirtualEventKind.Offline, online ? "online" : $"offline: {reason}");

        public void Sampled(Sample sample)
        {
            List<VirtualField> fields = [.. Enumerable.Range(0, sample.Count).Select(i => new VirtualField(sample.Name(i), sample.Value(i), sample.Kind(i) == FieldKind.Numeric ? sample.Text(i) : ""))];
            thing.Raise(VirtualEventKind.Sampled, string.Join(' ', fields.Select(f => $"{f.Name}={f.Value}{f.Unit}")), fields);
        }

        public void Published(int samples)
        {
            thing.Raise(VirtualEventKind.Published, samples == 1 ? "published" : string.Create(CultureInfo.InvariantCulture, $"published {samples} samples"));
            thing._published.TrySetResult();
        }

        public void PublishRefused(string reason) => thing.Raise(VirtualEventKind.PublishRefused, $"publish refused: {reason}");

        public void Controlled(string from, string parameter, string value, string error)
            => thing.Raise(VirtualEventKind.Controlled, $"{from} sets {parameter}={value}{(error is null ? "" : $": {error}")}", command: new VirtualCommand(from, parameter, value, error));

        public void Sleeping(long untilUtcMs)
            => thing.Raise(VirtualEventKind.Asleep, $"asleep until {DateTimeOffset.FromUnixTimeMilliseconds(untilUtcMs):yyyy-MM-ddTHH:mm:ssZ}");
    }
}
