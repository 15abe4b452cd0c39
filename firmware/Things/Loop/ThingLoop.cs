using System;
using IotXmpp.Features;
using IotXmpp.Xmpp;

namespace IotXmpp.Things;

/// <summary>
/// A thing: it samples its parts on a schedule, keeps the samples in a ring until the hub has them, tells its status, obeys commands, brings actuators to
/// their stated state when the uplink is lost, and sleeps. The same object runs on a board, on a gateway and on a PC. It has no thread, socket, timer or clock:
/// <see cref="Step"/> gives it time, the client gives it stanzas. All calls come one at a time.
/// </summary>
public sealed class ThingLoop : IClientListener
{
    /// <summary>Milliseconds between steps at most. Default 1,000: the client is told the time at least once a second.</summary>
    public const int MaxStepMs = 1000;

    /// <summary>Seconds that a thing may be told to sleep. Default 604,800: a week.</summary>
    public const int MaxSleepSeconds = 604800;

    private const string SoftwareUri = "urn:iotxmpp:thing:1";

    private readonly XmppClient _client;
    private readonly ThingPart[] _parts;
    private readonly ThingOptions _options;
    private readonly ThingPlatform _platform;
    private readonly TelemetryUplink _uplink;
    private readonly StatusPresence _presence;
    private readonly LoopSettings _settings;
    private readonly Sample _sample = new Sample();
    private readonly bool[] _lost;
    private readonly ThingUpdate _update;
    private bool _started;
    private bool _connecting;
    private bool _reachable;
    private bool _eventWaits;
    private bool _offlineTold;
    private bool _stopping;
    private bool _ordered;
    private long _startMs;
    private long _nextSampleMs;
    private long _lastSampleMs;
    private long _lastSampleTimeMs;
    private long _offlineSinceMs;
    private long _restMs = -1;
    private long _sleepUntilUtcMs;

    /// <summary>Makes a thing. Opens the ring with what the storage has kept; nothing else happens before the first <see cref="Step"/>.</summary>
    /// <param name="client">Its client, not started.</param>
    /// <param name="parts">Its parts.</param>
    /// <param name="options">What it is told about itself.</param>
    /// <param name="platform">The board.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message says which.</exception>
    public ThingLoop(XmppClient client, ThingPart[] parts, ThingOptions options, ThingPlatform platform)
    {
        string wrong = options.Check();
        if (wrong != null)
        {
            throw new ArgumentException(wrong);
        }

        _client = client;
        _options = options;
        _platform = platform;
        _settings = new LoopSettings(options, platform.Settings);
        _parts = new ThingPart[parts.Length + 1];
        Array.Copy(parts, 0, _parts, 0, parts.Length);
        _parts[parts.Length] = _settings;
        _lost = new bool[_parts.Length];
        Ring = new TelemetryRing(platform.Storage, options.RingSegmentBytes, options.RingSegments);
        _uplink = new TelemetryUplink(client, Ring, options, platform.Settings, _sample);
        DiscoInfo disco = new DiscoInfo(platform.Hash, SoftwareUri);
        disco.AddFeatures(options.Features);
        disco.AddIdentity("client", "bot", options.ThingId);
        disco.Register(client);
        _presence = new StatusPresence(_parts, options, platform.Status, disco, Ring);
        ThingTarget target = new ThingTarget(this, client, _parts, options.ThingId);
        Control control = new Control(target, new CommandLog(platform.Settings));
        control.Register(client, disco);
        new SensorReadout(target).Register(client, disco);
        new SoftwareVersion("IotXmpp", options.Firmware, null).Register(client, disco);
        new EntityTime(platform.Clock).Register(client, disco);
        _update = ThingUpdate.Create(this, client, options, platform, disco);
        new AdHoc(ThingCommands.All(this, target, _update, platform)).Register(client, disco);
        client.AddListener(this);
        client.AddHandler(_presence);
        ThingRegistration.Add(client, options, platform.Status);
        ThingConfiguration.Add(client, options, control, target, platform);
    }

    /// <summary>Is told what the thing does, or null.</summary>
    public IThingObserver Observer { get; set; }

    /// <summary>The samples that wait for the hub.</summary>
    public TelemetryRing Ring { get; }

    /// <summary>Whether it is awake.</summary>
    public ThingLife Life { get; private set; }

    /// <summary>Whether it has gone, or goes, to start anew at once instead of sleeping.</summary>
    public bool IsRestarting { get; private set; }

    /// <summary>Until when it sleeps, in milliseconds since 1970; 0 while it is awake.</summary>
    public long SleepUntilUtcMs
    {
        get { return Life == ThingLife.Asleep ? _sleepUntilUtcMs : 0; }
    }

    /// <summary>Samples that the hub has acknowledged since start.</summary>
    public long Published
    {
        get { return _uplink.Published; }
    }

    /// <summary>Measurements that a part did not give, since start.</summary>
    public long FailedReadings { get; private set; }

    /// <summary>Samples that were not taken because the time of day was unknown, since start.</summary>
    public long SkippedWithoutClock { get; private set; }

    internal long UtcNowMs
    {
        get { return _platform.Clock.UtcNowMs; }
    }

    /// <summary>Goes on. Call it again after what it returns, or earlier.</summary>
    /// <param name="nowMs">Monotonic time in milliseconds, the same clock as the client's.</param>
    /// <returns>Milliseconds until it wants to be called again, 1 to <see cref="MaxStepMs"/>.</returns>
    public int Step(long nowMs)
    {
        if (_platform.Watchdog != null)
        {
            _platform.Watchdog.Feed();
        }

        if (Life == ThingLife.Asleep)
        {
            return MaxStepMs;
        }

        if (!_started)
        {
            Start(nowMs);
        }

        if (Life == ThingLife.Awake)
        {
            Connect(nowMs);
            if (_ordered)
            {
                LieDown();
            }
        }

        _client.Tick(nowMs);
        if (Life == ThingLife.FallingAsleep)
        {
            FallAsleep();
            return 10;
        }

        for (int i = 0; i < _parts.Length; i++)
        {
            _eventWaits |= _parts[i].Step(nowMs);
        }

        WatchUplink(nowMs);
        SampleWhenDue(nowMs);
        _uplink.Observer = Observer;
        _uplink.Step(nowMs);
        _presence.Step(_client, nowMs);
        if (_update != null)
        {
            _update.Step(nowMs);
        }

        if (_settings.SleepSeconds > 0 && (_update == null || !_update.KeepsAwake))
        {
            RestWhenDone(nowMs);
        }

        return Wait(nowMs);
    }

    /// <summary>Ends the thing: the stream is closed in good order, outputs that cannot stay come to rest. Go on calling the client's <c>Tick</c> until it is Stopped.</summary>
    public void Stop()
    {
        _stopping = true;
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i].Stop();
        }

        _client.Stop();
    }

    /// <inheritdoc/>
    public void StateChanged(XmppClient client, ClientState state)
    {
    }

    /// <inheritdoc/>
    public void SessionStarted(XmppClient client, bool resumed)
    {
        _offlineTold = false;
        if (!resumed)
        {
            _presence.Send(client, client.NowMs);
        }

        if (Observer != null)
        {
            Observer.UplinkChanged(true, string.Empty);
        }
    }

    /// <inheritdoc/>
    public void ConnectionLost(XmppClient client, ClientError reason)
    {
        // One report for one loss, not one for each attempt that fails; and none when the thing itself has ended it.
        if (!_offlineTold && !_stopping && Observer != null)
        {
            Observer.UplinkChanged(false, reason.ToString());
        }

        _offlineTold = true;
    }

    /// <inheritdoc/>
    public void Undelivered(XmppClient client, byte[] buffer, int offset, int count)
    {
        // What a thing must not lose goes by IQ and is kept in the ring until its result.
    }

    /// <summary>Measures now, for a read-out.</summary>
    /// <returns>The sample, valid until the next; null when no part answered.</returns>
    internal Sample Measure()
    {
        _sample.Clear(UtcNowMs);
        for (int i = 0; i < _parts.Length; i++)
        {
            int before = _sample.Count;
            if (!_parts[i].TrySample(_sample))
            {
                _sample.Truncate(before);
                FailedReadings++;
            }
        }

        return _sample.Count > 0 ? _sample : null;
    }

    /// <summary>Why parts give no reading, for people; null when all do, or nobody knows.</summary>
    internal string Trouble() => ThingCommands.Trouble(_parts);

    /// <summary>Shows which thing it is.</summary>
    /// <returns>What is to be seen, for people.</returns>
    internal string Identify(string from)
    {
        bool shown = false;
        for (int i = 0; i < _parts.Length; i++)
        {
            shown |= _parts[i].Identify(_client.NowMs);
        }

        if (Observer != null)
        {
            Observer.Controlled(from, "identify", string.Empty, null);
        }

        return shown ? "it blinks for ten seconds" : "it has no light to show itself by; it is " + _options.ThingId + " with firmware " + _options.Firmware + ", and says so where it keeps a log";
    }

    /// <summary>Restarts as soon as what waits to be sent is sent.</summary>
    internal void RequestRestart(string from)
    {
        _ordered = true;
        IsRestarting = true;
        _sleepUntilUtcMs = UtcNowMs;
        OnControlled(from, "reboot", string.Empty, null);
    }

    /// <summary>Sleeps as soon as what waits to be sent is sent.</summary>
    /// <returns>False when it does not know the time, and so not when it wakes.</returns>
    internal bool RequestSleep(int seconds, string from)
    {
        _ordered = _platform.Clock.IsSet;
        _sleepUntilUtcMs = UtcNowMs + (seconds * 1000L);
        OnControlled(from, "sleep", seconds.ToString(), _ordered ? null : "the time is unknown");
        return _ordered;
    }

    internal void OnControlled(string from, string parameter, string value, string error)
    {
        // What was set is worth a sample, so that those who watch see it too.
        _eventWaits = true;
        if (Observer != null)
        {
            Observer.Controlled(from, parameter, value, error);
        }
    }

    private void Start(long nowMs)
    {
        _started = true;
        _startMs = nowMs;
        _offlineSinceMs = nowMs;
        _nextSampleMs = nowMs;
        for (int i = 0; i < _parts.Length; i++)
        {
            _parts[i].Start(nowMs);
        }
    }

    // The client is started when the network is there and the time is known: a certificate cannot be judged without it.
    private void Connect(long nowMs)
    {
        if (_platform.Network != null)
        {
            _platform.Network.Step(nowMs);
        }

        bool reachable = (_platform.Network == null || _platform.Network.IsUp) && _platform.Clock.IsSet;
        if (reachable && !_connecting)
        {
            _connecting = true;
            _client.Start();
        }
        else if (reachable && !_reachable)
        {
            // Back-off was for a hub that is away, not for a radio that was.
            _client.ReconnectNow();
        }

        _reachable = reachable;
    }

    private void SampleWhenDue(long nowMs)
    {
        bool scheduled = nowMs >= _nextSampleMs;
        if (!scheduled && !(_eventWaits && nowMs - _lastSampleMs >= _options.MinEventIntervalMs))
        {
            return;
        }

        int interval = _settings.SampleIntervalMs;
        if (scheduled)
        {
            _nextSampleMs += interval;
            // Missed times are not made up for: the values would all be of now.
            if (_nextSampleMs <= nowMs)
            {
                _nextSampleMs = nowMs + interval;
            }
        }

        _eventWaits = false;
        _lastSampleMs = nowMs;
        if (!_platform.Clock.IsSet)
        {
            SkippedWithoutClock++;
            // Asked again soon: the first answer of a time server ends this.
            _nextSampleMs = nowMs + (interval < MaxStepMs ? interval : MaxStepMs);
            return;
        }

        if (Measure() == null)
        {
            return;
        }

        if (scheduled && interval % 1000 == 0)
        {
            // A schedule in seconds is told in seconds: four bytes less a sample on the wire.
            _sample.TimeMs -= _sample.TimeMs % 1000;
        }

        // A sample is known by its time (wire profile), so two never share one.
        if (_sample.TimeMs == _lastSampleTimeMs)
        {
            _sample.TimeMs++;
        }

        _lastSampleTimeMs = _sample.TimeMs;
        if (_platform.Sink != null)
        {
            _platform.Sink.Add(_sample);
        }
        else
        {
            Ring.Add(_sample);
        }

        if (Observer != null)
        {
            Observer.Sampled(_sample);
        }
    }

    private void WatchUplink(long nowMs)
    {
        if (_client.IsOnline)
        {
            _offlineSinceMs = nowMs;
        }

        long awayMs = nowMs - _offlineSinceMs;
        for (int i = 0; i < _parts.Length; i++)
        {
            int after = _parts[i].UplinkLostAfterMs;
            bool lost = after >= 0 && awayMs >= after && !_client.IsOnline;
            if (lost && !_lost[i])
            {
                _parts[i].UplinkLost(nowMs);
                _eventWaits = true;
            }

            _lost[i] = lost;
        }
    }

    private void RestWhenDone(long nowMs)
    {
        // The time for commands counts from the first moment with nothing left to send; samples that come in it go out before the sleep.
        bool done = _uplink.Published > 0 && Ring.Count == 0 && !_uplink.InFlight;
        if (done && _restMs < 0)
        {
            _restMs = nowMs + _options.AwakeMs;
        }

        bool rested = done && nowMs >= _restMs;
        bool late = nowMs - _startMs >= _options.MaxAwakeMs;
        if (!rested && !late)
        {
            return;
        }

        // Without a clock it cannot say when it wakes, but it was not online either: the battery comes first, and the time is relative to whatever the clock reads.
        _sleepUntilUtcMs = UtcNowMs + (_settings.SleepSeconds * 1000L);
        LieDown();
        FallAsleep();
    }

    // Says good night, and closes the stream in good order; after a restart it is back at once, so it does not say so.
    private void LieDown()
    {
        Life = ThingLife.FallingAsleep;
        if (_client.IsOnline && !IsRestarting)
        {
            ThingPresence.SendSleep(_client, _sleepUntilUtcMs);
        }

        Stop();
    }

    private void FallAsleep()
    {
        if (_client.State != ClientState.Stopped)
        {
            return;
        }

        Life = ThingLife.Asleep;
        if (Observer != null && !IsRestarting)
        {
            Observer.Sleeping(_sleepUntilUtcMs);
        }

        if (_platform.Power != null && IsRestarting)
        {
            _platform.Power.Restart();
        }
        else if (_platform.Power != null)
        {
            _platform.Power.Sleep(_sleepUntilUtcMs);
        }
    }

    private int Wait(long nowMs)
    {
        int wait = MaxStepMs;
        for (int i = 0; i < _parts.Length; i++)
        {
            int wanted = _parts[i].StepIntervalMs;
            wait = wanted < wait ? wanted : wait;
        }

        long sample = _eventWaits ? _lastSampleMs + _options.MinEventIntervalMs - nowMs : _nextSampleMs - nowMs;
        wait = sample < wait ? (int)sample : wait;
        if (_restMs > nowMs && _restMs - nowMs < wait)
        {
            wait = (int)(_restMs - nowMs);
        }

        return wait < 1 || (_update != null && _update.IsBusy) ? 1 : wait;
    }
}
