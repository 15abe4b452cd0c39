using System.Net;
using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Xmpp;

namespace IotXmpp.LoadGenerator.Scenarios;

/// <summary>What a run does: log in, set up, warm up, measure, let everything arrive, tidy up.</summary>
internal abstract class Scenario(EventLoop loop, LoadSettings settings, Meter meter)
{
    /// <summary>How long the end of a run waits for what is still under way.</summary>
    private static readonly TimeSpan DrainBound = TimeSpan.FromSeconds(10);

    private readonly Account[] _accounts = settings.Protocol == Protocol.Mqtt && settings.AccountsFile is null && settings.Password is null
        ? [new Account("", "")]
        : settings.ReadAccounts();

    private readonly TlsSettings? _tls = settings.Tls();

    private readonly IPEndPoint _endpoint = settings.Endpoint;

    private bool _ending;

    protected EventLoop Loop { get; } = loop;

    protected LoadSettings Settings { get; } = settings;

    protected Meter Meter { get; } = meter;

    protected IReadOnlyList<Account> Accounts => _accounts;

    public abstract Task Run();

    public static Scenario Create(EventLoop loop, LoadSettings settings, Meter meter) => (settings.Protocol, settings.Mode) switch
    {
        (_, Mode.Idle) => new IdleScenario(loop, settings, meter),
        (_, Mode.Login) => new LoginScenario(loop, settings, meter),
        (Protocol.Mqtt, _) => new MqttScenario(loop, settings, meter),
        (_, Mode.Message) => new MessageScenario(loop, settings, meter),
        (_, Mode.Iq) => new IqScenario(loop, settings, meter),
        (_, Mode.PubSub) => new PubSubScenario(loop, settings, meter),
        (_, Mode.Telemetry) => new TelemetryScenario(loop, settings, meter),
        (_, Mode.Presence) => new PresenceScenario(loop, settings, meter),
        _ => throw new LoadSettingsException($"no mode {settings.Mode}"),
    };

    protected XmppSession NewSession(int index)
    {
        var session = new XmppSession(
            Loop,
            new XmppSettings(Settings.Domain, Settings.Security, Settings.Sasl, _tls, Settings.Bound, Settings.Transport),
            _accounts[index % _accounts.Length],
            "load" + index)
        {
            Index = index,
            Lost = Lost,
        };
        return session;
    }

    protected Mqtt.MqttSession NewMqttSession(int index) =>
        new(Loop, _tls, _accounts[index % _accounts.Length], "load" + index, Settings.Bound) { Index = index, Lost = Lost };

    protected Task Login(XmppSession session) => session.Login(_endpoint, Source(session.Index));

    protected Task Login(Mqtt.MqttSession session) => session.Login(_endpoint, Source(session.Index));

    /// <summary>Opens all sessions, a bounded number at a time. A session that fails stops the run: a load with holes measures nothing.</summary>
    protected async Task<XmppSession[]> LoginAll(int count, bool available)
    {
        var sessions = new XmppSession[count];
        await InParallel(count, async i =>
        {
            var session = sessions[i] = NewSession(i);
            session.Sink = Answer;
            await Login(session);
            if (available)
            {
                session.Write("<presence/>"u8);
            }

            if (i == count / 2)
            {
                Progress($"{i} sessions");
            }
        });
        Progress($"{count} sessions are open");
        return sessions;
    }

    /// <summary>Runs one action an index, at most <see cref="LoadSettings.Parallel"/> at a time, or so many as given.</summary>
    protected async Task InParallel(int count, Func<int, Task> action, int? parallel = null)
    {
        var next = 0;
        async Task Worker()
        {
            while (next < count)
            {
                await action(next++);
            }
        }

        await Task.WhenAll(Enumerable.Range(0, Math.Min(count, parallel ?? Settings.Parallel)).Select(_ => Worker()));
    }

    protected async Task Measure(Pump pump)
    {
        await Settle();
        Meter.SampleFull(Settings.SessionCount);
        Progress($"warm-up {Settings.WarmUpSeconds} s");
        pump.Start();
        await Loop.Delay(TimeSpan.FromSeconds(Settings.WarmUpSeconds));
        Progress($"measuring {Settings.Seconds} s");
        Meter.Begin();
        await Loop.Delay(TimeSpan.FromSeconds(Settings.Seconds));
        Meter.End();
        if (!await pump.Drain(DrainBound))
        {
            Meter.Errors.Add("sent but not delivered", Math.Max(1, pump.Missing));
        }
    }

    /// <summary>Presence and the like of the log-ins die down, so that they are not measured.</summary>
    protected Task Settle() => Loop.Delay(TimeSpan.FromSeconds(Math.Min(2, 0.2 + Settings.SessionCount / 2000.0)));

    protected async Task LeaveAll(IEnumerable<XmppSession> sessions)
    {
        _ending = true;
        var all = sessions.ToArray();
        await InParallel(all.Length, i => all[i].Leave());
    }

    /// <summary>
    /// What a client owes its server in any mode: an answer to every request (RFC 6120 §8.2.3). Errors are counted.
    /// </summary>
    protected void Answer(XmppSession session, ReadOnlySpan<byte> stanza, long now)
    {
        if (StanzaScanner.IsError(stanza))
        {
            Meter.Errors.Add("error stanza: " + XmppSession.Condition(stanza));
        }
        else if (stanza.StartsWith("<iq"u8) && StanzaScanner.Attribute(stanza, "type") is "get" or "set")
        {
            var id = StanzaScanner.Attribute(stanza, "id");
            var from = StanzaScanner.Attribute(stanza, "from");
            var to = from is null ? "" : $" to='{from}'";
            var answer = stanza.IndexOf("urn:xmpp:ping"u8) > 0
                ? $"<iq type='result' id='{id}'{to}/>"
                : $"<iq type='error' id='{id}'{to}><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
            session.Write(System.Text.Encoding.UTF8.GetBytes(answer));
        }
    }

    protected static void Progress(string what) => Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {what}");

    private void Lost(string kind)
    {
        if (!_ending)
        {
            Meter.Errors.Add("session lost: " + kind);
        }
    }

    /// <summary>Many sessions from one address meet per-address limits (and run out of ports): loopback has neighbours.</summary>
    private IPAddress? Source(int index) =>
        Settings.Sources <= 1 ? null : new IPAddress([127, 0, 0, (byte)(1 + index % Settings.Sources)]);
}
