using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IotXmpp.TestKit.Dialogues;
using IotXmpp.TestKit.Net;

namespace IotXmpp.TestKit.Servers;

/// <summary>
/// Debian's prosody in a folder of its own, for dialogues whose rightness is in doubt: what an established server does is not proof, but a
/// reason to read the standard again. Used when IOTXMPP_DIALOGUE_SERVER=prosody; nothing needs it to be installed.
/// </summary>
public sealed class ProsodyHost : IDialogueServer
{
    private readonly TempFolder folder;
    private readonly ServerProcess process;

    private ProsodyHost(TempFolder folder, ServerProcess process, int plain, int tls)
    {
        this.folder = folder;
        this.process = process;
        Plain = new IPEndPoint(IPAddress.Loopback, plain);
        DirectTls = new IPEndPoint(IPAddress.Loopback, tls);
    }

    /// <inheritdoc/>
    public string Domain => "hub.test";

    /// <inheritdoc/>
    public IPEndPoint Plain { get; }

    /// <inheritdoc/>
    public IPEndPoint? DirectTls { get; }

    /// <summary>Starts prosody with the modules that resemble the hub's features.</summary>
    public static async Task<ProsodyHost> StartAsync()
    {
        var folder = new TempFolder("prosody");
        using var certificate = Certificates.SelfSigned("hub.test");
        var (certificateFile, keyFile) = Certificates.WritePem(certificate, folder.Path, "hub.test");
        var (plain, tls) = (Ports.Free(), Ports.Free());
        var config = folder.File("prosody.cfg.lua");
        await File.WriteAllTextAsync(config, string.Create(CultureInfo.InvariantCulture, $$"""
            run_as_root = true
            pidfile = "{{folder.File("prosody.pid")}}"
            data_path = "{{folder.Path}}"
            daemonize = false
            interfaces = { "127.0.0.1" }
            c2s_ports = { {{plain}} }
            c2s_direct_tls_ports = { {{tls}} }
            s2s_ports = {}
            http_ports = {}
            https_ports = {}
            modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "version", "time", "lastactivity", "smacks", "presence", "message", "iq" }
            modules_disabled = { "s2s", "offline", "admin_shell" }
            authentication = "internal_plain"
            storage = "internal"
            allow_unencrypted_plain_auth = true
            c2s_require_encryption = false
            limits = {}
            c2s_timeout = 30
            log = { { levels = { min = "info" }, to = "console" } }
            ssl = { certificate = "{{certificateFile}}", key = "{{keyFile}}" }
            VirtualHost "hub.test"
            Component "pubsub.hub.test" "pubsub"
              autocreate_on_publish = true
              autocreate_on_subscribe = false
              expose_publisher = true
            """));
        try
        {
            Directory.CreateDirectory(folder.File("hub%2etest/accounts"));
            var process = await ServerProcess.StartAsync("prosody", ["-F", "--config", config], line => line.Contains("direct_tls", StringComparison.Ordinal) || line.Contains("Activated service 'c2s", StringComparison.Ordinal));
            var host = new ProsodyHost(folder, process, plain, tls);
            await host.ListeningAsync();
            return host;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public Task AddAccountAsync(string name, string password)
    {
        var file = name.Replace("-", "%2d", StringComparison.Ordinal);
        return File.WriteAllTextAsync(folder.File($"hub%2etest/accounts/{file}.dat"), $"return {{ [\"password\"] = \"{password}\"; }};\n");
    }

    /// <inheritdoc/>
    public Task SetOwnerAsync(string name, string owner) => throw new NotSupportedException("prosody knows no owners");

    /// <inheritdoc/>
    public Task DisableAsync(string name) => throw new NotSupportedException("prosody's accounts are made before it starts");

    /// <inheritdoc/>
    public Task ChangePasswordAsync(string name, string password) => throw new NotSupportedException("prosody's accounts are made before it starts");

    /// <inheritdoc/>
    public Task SetAdministratorAsync(string name) => throw new NotSupportedException("prosody's administrators stand in its configuration");

    /// <inheritdoc/>
    public void Advance(TimeSpan by) => throw new NotSupportedException("prosody's clock cannot be moved");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await process.DisposeAsync();
        folder.Dispose();
    }

    private async Task ListeningAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var socket = new TcpClient();
                await socket.ConnectAsync(Plain);
                using var second = new TcpClient();
                await second.ConnectAsync(DirectTls!);
                return;
            }
            catch (SocketException) when (attempt < 100)
            {
                await Task.Delay(100);
            }
        }
    }
}
