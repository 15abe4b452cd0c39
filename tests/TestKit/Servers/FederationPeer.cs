using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using IotXmpp.TestKit.Net;

namespace IotXmpp.TestKit.Servers;

/// <summary>How an established server shall be set up as a peer of the hub.</summary>
/// <param name="Domain">The domain that it serves.</param>
/// <param name="HubDomain">The hub's domain.</param>
/// <param name="HubPort">Where the hub listens for servers, on 127.0.0.1.</param>
/// <param name="Authority">The authority of all certificates.</param>
/// <param name="RequireCertificate">Whether it shall insist on a good certificate; else dialback must do.</param>
/// <param name="Bidirectional">Whether it shall offer and use streams in both directions (XEP-0288).</param>
public sealed record PeerSetup(string Domain, string HubDomain, int HubPort, X509Certificate2 Authority, bool RequireCertificate, bool Bidirectional);

/// <summary>A server that nobody here wrote, as a peer of the hub: it finds the hub by a name server of the test.</summary>
public abstract class FederationPeer : IAsyncDisposable
{
    private readonly DnsServer names;
    private ServerProcess? process;

    private protected FederationPeer(PeerSetup setup, string name)
    {
        Setup = setup;
        Folder = new TempFolder(name);
        (Plain, S2sPort) = (new IPEndPoint(IPAddress.Loopback, Ports.Free()), Ports.Free());
        names = DnsServer.Start();
        foreach (var domain in new[] { setup.HubDomain, "pubsub." + setup.HubDomain })
        {
            // ejabberd asks the system for the addresses, whatever its name server says.
            names.Service("_xmpp-server._tcp." + domain, 0, 0, setup.HubPort, "localhost");
        }

        File.WriteAllText(Folder.File("authority.pem"), setup.Authority.ExportCertificatePem());
        using var certificate = Certificates.Server(setup.Authority, [setup.Domain, "*." + setup.Domain]);
        (CertificateFile, KeyFile) = Certificates.WritePem(certificate, Folder.Path, "peer");
    }

    /// <summary>How it is set up.</summary>
    public PeerSetup Setup { get; }

    /// <summary>Where clients connect, without TLS.</summary>
    public IPEndPoint Plain { get; }

    /// <summary>Where servers connect, on 127.0.0.1.</summary>
    public int S2sPort { get; }

    /// <summary>What it printed so far.</summary>
    public string Output => process?.Output ?? string.Empty;

    private protected TempFolder Folder { get; }

    private protected string CertificateFile { get; }

    private protected string KeyFile { get; }

    private protected IPEndPoint NameServer => names.EndPoint;

    /// <summary>Makes an account whose password is its name, and logs a client in.</summary>
    public async Task<RawClient> LoginAsync(string name, Transcript? transcript = null)
    {
        var account = name + Guid.NewGuid().ToString("N")[..6];
        await AddAccountAsync(account);
        var client = await RawClient.ConnectAsync(Plain, account, transcript);
        await client.LoginAsync(Setup.Domain, account, account, "r");
        return client;
    }

    /// <summary>Starts it, and waits until it takes clients and servers.</summary>
    public async Task StartAsync()
    {
        process = await LaunchAsync();
        foreach (var port in new[] { Plain.Port, S2sPort })
        {
            await ListeningAsync(port);
        }
    }

    /// <summary>Ends it.</summary>
    public async Task StopAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
            process = null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await names.DisposeAsync();
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract Task<ServerProcess> LaunchAsync();

    private protected abstract Task AddAccountAsync(string name);

    private static async Task ListeningAsync(int port)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var socket = new System.Net.Sockets.TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (System.Net.Sockets.SocketException) when (attempt < 600)
            {
                await Task.Delay(100);
            }
        }
    }

    private protected static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Debian's prosody as a peer.</summary>
public sealed class ProsodyPeer(PeerSetup setup) : FederationPeer(setup, "prosody-peer")
{
    /// <summary>Why it cannot run here; null where it can.</summary>
    public static string? Missing => !File.Exists("/usr/bin/prosody") ? "prosody is not installed" : !HasUnbound ? "lua-unbound is not installed" : null;

    private protected override async Task<ServerProcess> LaunchAsync()
    {
        var config = Folder.File("prosody.cfg.lua");
        Directory.CreateDirectory(Folder.File(Escaped(Setup.Domain) + "/accounts"));
        await File.WriteAllTextAsync(config, string.Create(CultureInfo.InvariantCulture, $$"""
            run_as_root = true
            pidfile = "{{Folder.File("prosody.pid")}}"
            data_path = "{{Folder.Path}}"
            daemonize = false
            interfaces = { "127.0.0.1" }
            c2s_ports = { {{Plain.Port}} }
            c2s_direct_tls_ports = {}
            s2s_ports = { {{S2sPort}} }
            s2s_direct_tls_ports = {}
            http_ports = {}
            https_ports = {}
            modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "version", "time", "presence", "message", "iq", "s2s", "dialback", "smacks", "s2s_auth_certs"{{(Setup.Bidirectional ? ", \"s2s_bidi\"" : "")}} }
            modules_disabled = { "offline", "admin_shell" }
            authentication = "internal_plain"
            storage = "internal"
            allow_unencrypted_plain_auth = true
            c2s_require_encryption = false
            s2s_require_encryption = true
            s2s_secure_auth = {{(Setup.RequireCertificate ? "true" : "false")}}
            limits = {}
            log = { { levels = { min = "debug" }, to = "console" } }
            ssl = { certificate = "{{CertificateFile}}", key = "{{KeyFile}}"{{(Setup.RequireCertificate ? $", cafile = \"{Folder.File("authority.pem")}\"" : "")}} }
            unbound = { resolvconf = false, hoststxt = false, forward = { "127.0.0.1@{{NameServer.Port}}" }, options = { ["do-not-query-localhost:"] = "no" } }
            VirtualHost "{{Setup.Domain}}"
            Component "pubsub.{{Setup.Domain}}" "pubsub"
              autocreate_on_publish = true
            """));
        return await ServerProcess.StartAsync("prosody", ["-F", "--config", config], line => line.Contains("Activated service 's2s", StringComparison.Ordinal));
    }

    private protected override Task AddAccountAsync(string name) => File.WriteAllTextAsync(Folder.File($"{Escaped(Setup.Domain)}/accounts/{name}.dat"), Text($"return {{ [\"password\"] = \"{name}\"; }};\n"));

    // /usr/lib/ARCHITECTURE/lua/VERSION/lunbound.so
    private static bool HasUnbound => Directory.EnumerateDirectories("/usr/lib").Select(d => Path.Combine(d, "lua")).Where(Directory.Exists)
        .SelectMany(d => Directory.EnumerateDirectories(d)).Any(d => File.Exists(Path.Combine(d, "lunbound.so")));

    private static string Escaped(string domain) => domain.Replace(".", "%2e", StringComparison.Ordinal);
}

/// <summary>Debian's ejabberd as a peer: an Erlang node without distribution, so that it meets no other on this machine.</summary>
public sealed class EjabberdPeer(PeerSetup setup) : FederationPeer(setup, "ejabberd-peer")
{
    // /usr/lib/ARCHITECTURE/ejabberd-VERSION
    private static string? Libraries => Directory.Exists("/usr/lib") ? Directory.EnumerateDirectories("/usr/lib").SelectMany(d => Directory.EnumerateDirectories(d, "ejabberd-*")).Order(StringComparer.Ordinal).FirstOrDefault() : null;

    /// <summary>Why it cannot run here; null where it can.</summary>
    public static string? Missing => !File.Exists("/usr/bin/erl") || !File.Exists("/usr/sbin/ejabberdctl") || Libraries is null ? "ejabberd is not installed" : null;

    private protected override async Task<ServerProcess> LaunchAsync()
    {
        var pem = Folder.File("ejabberd.pem");
        await File.WriteAllTextAsync(pem, await File.ReadAllTextAsync(CertificateFile) + "\n" + await File.ReadAllTextAsync(KeyFile));
        await File.WriteAllTextAsync(Folder.File("inetrc"), Text($"{{resolv_conf, \"\"}}.\n{{hosts_file, \"\"}}.\n{{lookup, [dns]}}.\n{{nameserver, {{127,0,0,1}}, {NameServer.Port}}}.\n"));
        var config = Folder.File("ejabberd.yml");
        await File.WriteAllTextAsync(config, string.Create(CultureInfo.InvariantCulture, $$"""
            hosts: [ "{{Setup.Domain}}" ]
            loglevel: debug
            certfiles: [ "{{pem}}" ]
            {{(Setup.RequireCertificate ? $"ca_file: \"{Folder.File("authority.pem")}\"" : "")}}
            auth_method: internal
            auth_password_format: plain
            registration_timeout: infinity
            s2s_use_starttls: required
            listen:
              - { port: {{Plain.Port}}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: false }
              - { port: {{S2sPort}}, ip: "127.0.0.1", module: ejabberd_s2s_in }
            access_rules:
              register: { allow: all }
            modules:
              mod_disco: {}
              mod_ping: {}
              mod_roster: {}
              mod_version: {}
              mod_register: { ip_access: all, access: register, password_strength: 0 }
              {{(Setup.RequireCertificate ? "" : "mod_s2s_dialback: {}")}}
              mod_pubsub: { plugins: [ "flat" ] }
            """));
        var environment = new Dictionary<string, string>
        {
            ["EJABBERD_CONFIG_PATH"] = config,
            ["EJABBERD_LOG_PATH"] = Folder.File("ejabberd.log"),
            ["ERL_CRASH_DUMP"] = Folder.File("crash.dump"),
            ["ERL_INETRC"] = Folder.File("inetrc"),
            ["ERL_LIBS"] = Path.GetDirectoryName(Libraries)!,
            ["HOME"] = Folder.Path,
        };
        return await ServerProcess.StartAsync(
            "erl", ["-noinput", "-mnesia", "dir", $"\"{Folder.File("mnesia")}\"", "-s", "ejabberd"], line => line.Contains("is started in the node", StringComparison.Ordinal), environment: environment);
    }

    private protected override async Task AddAccountAsync(string name)
    {
        await using var client = await RawClient.ConnectAsync(Plain, "register");
        await client.OpenStreamAsync(Setup.Domain);
        await client.SendAsync(Text($"<iq type='set' id='r'><query xmlns='jabber:iq:register'><username>{name}</username><password>{name}</password></query></iq>"));
        var answer = await client.ReadAsync();
        if ((string?)answer.Attribute("type") != "result")
        {
            throw new DialogueException($"ejabberd does not make an account: {answer}");
        }
    }
}
