using System.CommandLine;
using IotXmpp.LoadGenerator.Measure;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Scenarios;

namespace IotXmpp.LoadGenerator;

/// <summary>The command line: one mode and its options. Exit code 0: a run without errors; 1: errors, all printed; 2: bad settings.</summary>
internal static class LoadCommand
{
    public static RootCommand Create()
    {
        var defaults = new LoadSettings { Mode = Mode.Idle };
        var mode = new Argument<Mode>("mode") { Description = "idle | message | iq | pubsub | presence | login | telemetry" };
        var protocol = Option("--protocol", "xmpp or mqtt", defaults.Protocol);
        var host = Option("--host", "address of the server", defaults.Host);
        var port = Option("--port", "port (0: the protocol's own)", 0);
        var domain = Option("--domain", "XMPP domain", defaults.Domain);
        var plain = Option("--plain", "no TLS (the server must allow it)", false);
        var tls = Option("--tls", "TLS from the first byte; without --plain or --tls: STARTTLS", false);
        var authority = Option<string?>("--ca", "PEM file of the one authority to trust", null);
        var insecure = Option("--insecure", "accept any certificate", false);
        var noResume = Option("--no-tls-resume", "a full handshake for every connection", false);
        var transport = Option("--transport", "tcp or websocket (RFC 7395)", "tcp");
        var sasl = Option("--sasl", "auto, plain, scram-sha-1 or scram-sha-256", "auto");
        var accountsFile = Option<string?>("--accounts", "file of lines name,password", null);
        var name = Option("--name", "pattern of account names, {0} is the number", defaults.Name);
        var password = Option<string?>("--password", "password of accounts by pattern (or LOAD_PASSWORD in the environment)", null);
        var accounts = Option("--account-count", "how many accounts to use; more sessions than accounts share them", defaults.Accounts);
        var sessions = Option("--sessions", "idle: how many", defaults.Sessions);
        var pairs = Option("--pairs", "pairs of sessions; pubsub: publishers, each with a node of its own", defaults.Pairs);
        var fanout = Option("--fanout", "pubsub, presence, MQTT: receivers of each sender", defaults.Fanout);
        var window = Option("--window", "closed loop: units in flight for each sender", defaults.Window);
        var rate = Option("--rate", "open loop: units a second in all (0: closed loop)", defaults.Rate);
        var payload = Option("--payload", "bytes of text in each unit", defaults.Payload);
        var duration = Option("--duration", "measured seconds", defaults.Seconds);
        var warmUp = Option("--warmup", "seconds before that", defaults.WarmUpSeconds);
        var parallel = Option("--parallel", "log-ins and requests at a time", defaults.Parallel);
        var sources = Option("--sources", "spread over so many local addresses 127.0.0.x", defaults.Sources);
        var iqTo = Option("--iq-to", "client or server", defaults.IqTarget);
        var persist = Option("--persist", "pubsub: nodes keep their items", false);
        var maxItems = Option("--max-items", "pubsub, telemetry: how many of them", defaults.MaxItems);
        var service = Option<string?>("--pubsub-service", "default: pubsub.<domain>", null);
        var fullJid = Option("--subscribe-full", "pubsub: subscribe full JIDs instead of bare ones", false);
        var samples = Option("--samples", "telemetry: samples in each publication of one of --pairs things", defaults.Samples);
        var noPresence = Option("--no-presence", "idle, message, iq, login: sessions stay unavailable", false);
        var qos = Option("--qos", "MQTT: 0 or 1", 0);
        var serverPid = Option<int?>("--server-pid", "process whose CPU and memory are reported", null);
        var serverChildren = Option("--server-children", "with its descendants", false);
        var json = Option("--json", "one JSON object instead of the table", false);
        var label = Option("--label", "name of the run in the report", "");

        var root = new RootCommand("Puts a measured load on an XMPP server (or an MQTT broker) from one thread.") { mode };
        Option[] options =
        [
            protocol, host, port, domain, plain, tls, authority, insecure, noResume, transport, sasl, accountsFile, name, password, accounts, sessions, pairs, fanout, window,
            rate, payload, duration, warmUp, parallel, sources, iqTo, persist, maxItems, service, fullJid, samples, noPresence, qos, serverPid, serverChildren, json, label,
        ];
        foreach (var option in options)
        {
            root.Options.Add(option);
        }

        root.SetAction((parsed, cancelled) =>
        {
            try
            {
                var settings = new LoadSettings
                {
                    Mode = parsed.GetValue(mode),
                    Protocol = parsed.GetValue(protocol),
                    Host = parsed.GetValue(host)!,
                    Port = parsed.GetValue(port),
                    Domain = parsed.GetValue(domain)!,
                    Transport = parsed.GetValue(transport) switch
                    {
                        "tcp" => Transport.Tcp,
                        "websocket" => Transport.WebSocket,
                        var other => throw new LoadSettingsException($"--transport {other}: must be tcp or websocket"),
                    },
                    Security = parsed.GetValue(plain) ? Security.Plain : parsed.GetValue(tls) ? Security.Tls : Security.StartTls,
                    AuthorityFile = parsed.GetValue(authority),
                    Insecure = parsed.GetValue(insecure),
                    Resume = !parsed.GetValue(noResume),
                    Sasl = ParseSasl(parsed.GetValue(sasl)!),
                    AccountsFile = parsed.GetValue(accountsFile),
                    Name = parsed.GetValue(name)!,
                    Password = parsed.GetValue(password) ?? Environment.GetEnvironmentVariable("LOAD_PASSWORD"),
                    Accounts = parsed.GetValue(accounts),
                    Sessions = parsed.GetValue(sessions),
                    Pairs = parsed.GetValue(pairs),
                    Fanout = parsed.GetValue(fanout),
                    Window = parsed.GetValue(window),
                    Rate = parsed.GetValue(rate),
                    Payload = parsed.GetValue(payload),
                    Seconds = parsed.GetValue(duration),
                    WarmUpSeconds = parsed.GetValue(warmUp),
                    Parallel = parsed.GetValue(parallel),
                    Sources = parsed.GetValue(sources),
                    IqTarget = parsed.GetValue(iqTo),
                    Persist = parsed.GetValue(persist),
                    MaxItems = parsed.GetValue(maxItems),
                    PubSubService = parsed.GetValue(service),
                    FullJidSubscriptions = parsed.GetValue(fullJid),
                    Samples = parsed.GetValue(samples),
                    Presence = !parsed.GetValue(noPresence),
                    Qos = parsed.GetValue(qos),
                    ServerPid = parsed.GetValue(serverPid),
                    ServerChildren = parsed.GetValue(serverChildren),
                    Json = parsed.GetValue(json),
                    Label = parsed.GetValue(label)!,
                };
                return Task.FromResult(Run(settings, cancelled, Console.Out));
            }
            catch (Exception e) when (e is LoadSettingsException or IOException or System.Security.Cryptography.CryptographicException)
            {
                Console.Error.WriteLine(e.Message);
                return Task.FromResult(2);
            }
        });
        return root;
    }

    /// <summary>One run on the calling thread, from the first connection to the report.</summary>
    public static int Run(LoadSettings settings, CancellationToken cancelled, TextWriter output)
    {
        settings.Validate();
        var meter = new Meter(settings.ServerPid is { } pid ? new ProcessProbe(pid, settings.ServerChildren) : null);
        using var loop = new EventLoop { Cancelled = cancelled };
        meter.SampleIdle();
        try
        {
            loop.RunUntil(Scenario.Create(loop, settings, meter).Run());
        }
        catch (LoadException e)
        {
            meter.Errors.Add("stopped: " + e.Message);
        }
        catch (OperationCanceledException)
        {
            meter.Errors.Add("stopped: cancelled");
        }

        output.WriteLine(Report.Render(settings, meter));
        if (meter.Errors.Any)
        {
            Console.Error.WriteLine($"{meter.Errors.ByKind.Values.Sum()} errors: see the report");
            return 1;
        }

        return 0;
    }

    private static SaslChoice ParseSasl(string text) => text switch
    {
        "auto" => SaslChoice.Auto,
        "plain" => SaslChoice.Plain,
        "scram-sha-1" => SaslChoice.ScramSha1,
        "scram-sha-256" => SaslChoice.ScramSha256,
        _ => throw new LoadSettingsException($"--sasl {text}: must be auto, plain, scram-sha-1 or scram-sha-256"),
    };

    private static Option<T> Option<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };
}
