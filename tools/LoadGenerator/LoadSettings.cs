using System.Globalization;
using System.Net;
using IotXmpp.LoadGenerator.Net;
using IotXmpp.LoadGenerator.Xmpp;

namespace IotXmpp.LoadGenerator;

internal enum Mode
{
    Idle,
    Message,
    Iq,
    PubSub,
    Presence,
    Login,
    Telemetry,
}

internal enum Protocol
{
    Xmpp,
    Mqtt,
}

internal enum Security
{
    Plain,
    StartTls,
    Tls,
}

internal enum Transport
{
    Tcp,
    WebSocket,
}

internal enum SaslChoice
{
    Auto,
    Plain,
    ScramSha1,
    ScramSha256,
}

internal enum IqTarget
{
    Client,
    Server,
}

/// <summary>A setting that cannot be; the message says which and what would do.</summary>
internal sealed class LoadSettingsException(string message) : Exception(message);

/// <summary>Everything a run is told. Every number has a hard cap, so that a slip of the finger does not take the machine down.</summary>
internal sealed record LoadSettings
{
    /// <summary>One process may hold 20,000 descriptors on common machines, and the server under test as many.</summary>
    public const int MaxSessions = 10_000;
    public const int MaxWindow = 1_024;
    public const int MaxFanout = 5_000;
    public const int MaxPayload = 16 * 1024;
    public const int MaxSeconds = 600;
    public const int MaxWarmUpSeconds = 60;
    public const int MaxRate = 200_000;
    public const int MaxParallel = 512;

    public required Mode Mode { get; init; }

    public Protocol Protocol { get; init; }

    public Security Security { get; init; } = Security.StartTls;

    public Transport Transport { get; init; }

    public SaslChoice Sasl { get; init; }

    public string Host { get; init; } = "127.0.0.1";

    public int Port { get; init; }

    public string Domain { get; init; } = "localhost";

    public string? AuthorityFile { get; init; }

    public bool Insecure { get; init; }

    public bool Resume { get; init; } = true;

    public string? AccountsFile { get; init; }

    public string Name { get; init; } = "load{0}";

    public string? Password { get; init; }

    public int Accounts { get; init; } = MaxSessions;

    public int Sessions { get; init; } = 100;

    public int Pairs { get; init; } = 100;

    public int Fanout { get; init; } = 1;

    public int Window { get; init; } = 8;

    public int Rate { get; init; }

    public int Payload { get; init; } = 64;

    public double Seconds { get; init; } = 10;

    public double WarmUpSeconds { get; init; } = 3;

    public int Parallel { get; init; } = 64;

    public int Sources { get; init; } = 1;

    public IqTarget IqTarget { get; init; }

    public bool Persist { get; init; }

    public int MaxItems { get; init; } = 100;

    public string? PubSubService { get; init; }

    public bool FullJidSubscriptions { get; init; }

    public int Samples { get; init; } = 10;

    public bool Presence { get; init; } = true;

    public int Qos { get; init; }

    public int? ServerPid { get; init; }

    public bool ServerChildren { get; init; }

    public bool Json { get; init; }

    public string Label { get; init; } = "";

    /// <summary>Any single wait (a log-in, a request, the drain at the end).</summary>
    public TimeSpan Bound { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How many sessions the mode opens.</summary>
    public int SessionCount => Mode switch
    {
        Mode.Idle => Sessions,
        Mode.Login => Parallel,
        Mode.Telemetry => Pairs,
        Mode.PubSub => Pairs * (1 + Fanout),
        Mode.Presence when Fanout > 1 => Pairs * (1 + Fanout),
        _ when Protocol == Protocol.Mqtt && Fanout > 1 => Pairs * (1 + Fanout),
        _ => Pairs * 2,
    };

    public IPEndPoint Endpoint
    {
        get
        {
            var port = Port != 0 ? Port : Protocol == Protocol.Mqtt ? 1883 : Transport == Transport.WebSocket ? 5280 : Security == Security.Tls ? 5223 : 5222;
            if (IPAddress.TryParse(Host, out var address))
            {
                return new(address, port);
            }

            var found = Dns.GetHostAddresses(Host);
            return found.Length > 0 ? new(found[0], port) : throw new LoadSettingsException($"--host {Host}: no address");
        }
    }

    public void Validate()
    {
        Check("--sessions", Sessions, 1, MaxSessions);
        Check("--pairs", Pairs, 1, MaxSessions / 2);
        Check("--fanout", Fanout, 1, MaxFanout);
        Check("--window", Window, 1, MaxWindow);
        Check("--rate", Rate, 0, MaxRate);
        Check("--payload", Payload, 1, MaxPayload);
        Check("--duration", Seconds, 0.1, MaxSeconds);
        Check("--warmup", WarmUpSeconds, 0, MaxWarmUpSeconds);
        Check("--parallel", Parallel, 1, MaxParallel);
        Check("--sources", Sources, 1, 200);
        Check("--max-items", MaxItems, 1, 10_000);
        Check("--qos", Qos, 0, 1);
        Check("--samples", Samples, 1, 100);
        Check("--port", Port, 0, 65_535);
        if (SessionCount > MaxSessions)
        {
            throw new LoadSettingsException($"this would open {SessionCount} sessions; at most {MaxSessions} (lower --pairs or --fanout)");
        }

        var descriptors = DescriptorLimit();
        if (SessionCount + 100 > descriptors)
        {
            throw new LoadSettingsException($"{SessionCount} sessions need more than the {descriptors} file descriptors this process may hold (ulimit -n)");
        }

        if (AccountsFile is null && Password is null && Protocol == Protocol.Xmpp)
        {
            throw new LoadSettingsException("name the accounts: --accounts FILE.csv, or --name PATTERN with --password");
        }

        if (Protocol == Protocol.Mqtt && (Security == Security.StartTls || Mode is Mode.Iq or Mode.Presence or Mode.Telemetry))
        {
            throw new LoadSettingsException("MQTT has no STARTTLS, IQ, presence or telemetry: use --plain or --tls with idle, message, pubsub or login");
        }

        if (Transport == Transport.WebSocket && (Protocol != Protocol.Xmpp || Security != Security.Plain))
        {
            throw new LoadSettingsException("--transport websocket is XMPP over HTTP without TLS: use --plain");
        }

        if (Sources > 1 && !IPAddress.IsLoopback(Endpoint.Address))
        {
            throw new LoadSettingsException("--sources binds to 127.0.0.1 and its neighbours: only for a server on loopback");
        }
    }

    /// <summary>The accounts in the order in which sessions take them.</summary>
    public Account[] ReadAccounts()
    {
        if (AccountsFile is null)
        {
            return [.. Enumerable.Range(0, Math.Clamp(Accounts, 1, MaxSessions))
                .Select(i => new Account(Name.Replace("{0}", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), Password ?? ""))];
        }

        var accounts = new List<Account>();
        foreach (var line in File.ReadLines(AccountsFile))
        {
            var comma = line.IndexOf(',', StringComparison.Ordinal);
            if (comma <= 0)
            {
                throw new LoadSettingsException($"{AccountsFile}: line {accounts.Count + 1} is not name,password");
            }

            accounts.Add(new(line[..comma], line[(comma + 1)..]));
            if (accounts.Count >= Math.Min(Accounts, MaxSessions))
            {
                break;
            }
        }

        return accounts.Count > 0 ? [.. accounts] : throw new LoadSettingsException($"{AccountsFile} is empty");
    }

    public TlsSettings? Tls() => Security == Security.Plain
        ? null
        : new(Domain, AuthorityFile is null ? null : System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(File.ReadAllText(AuthorityFile)), Insecure, Resume);

    private static void Check(string name, double value, double least, double most)
    {
        if (!(value >= least && value <= most))
        {
            throw new LoadSettingsException(string.Create(CultureInfo.InvariantCulture, $"{name} {value}: must be {least} to {most}"));
        }
    }

    private static long DescriptorLimit()
    {
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : long.MaxValue;
    }
}
