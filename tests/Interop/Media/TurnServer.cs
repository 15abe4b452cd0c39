using System.Globalization;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;

namespace IotXmpp.Interop.Tests.Media;

/// <summary>Debian's coturn on a free port of 127.0.0.1, which knows nobody and shares a secret with the hub.</summary>
internal sealed class TurnServer : IAsyncDisposable
{
    /// <summary>Its client for tests.</summary>
    public const string Client = "/usr/bin/turnutils_uclient";

    private const string Secret = "what both know";
    private const string Program = "/usr/bin/turnserver";
    private readonly TempFolder folder = new("turn");
    private ServerProcess? process;

    private TurnServer()
    {
    }

    /// <summary>Why it cannot run here; null where it can.</summary>
    public static string? Missing => File.Exists(Program) && File.Exists(Client) ? null : "coturn is not installed";

    /// <summary>Its port.</summary>
    public string Port { get; } = Ports.Free().ToString(CultureInfo.InvariantCulture);

    /// <summary>What it printed so far.</summary>
    public string Output => process?.Output ?? "";

    /// <summary>Settings of a hub that tells of it.</summary>
    public string HubSettings => $$"""
        { "Security": { "LoginThrottle": { "Enabled": false } },
          "ExternalServices": { "CredentialSeconds": 600, "Services": [ { "Type": "turn", "Host": "127.0.0.1", "Port": {{Port}}, "Transport": "udp", "Secret": "{{Secret}}" } ] } }
        """;

    /// <summary>Starts it.</summary>
    public static async Task<TurnServer> StartAsync()
    {
        var turn = new TurnServer();
        string[] arguments =
        [
            "-n", "--use-auth-secret", $"--static-auth-secret={Secret}", "--realm=hub.test", "-L", "127.0.0.1", "-E", "127.0.0.1", "-p", turn.Port, "--no-tls", "--no-dtls", "--allow-loopback-peers", "--no-cli", "-v",
            "--log-file=stdout", "--simple-log", $"--pidfile={turn.folder.File("pid")}", $"--userdb={turn.folder.File("db")}",
        ];
        try
        {
            turn.process = await ServerProcess.StartAsync(Program, arguments, line => line.Contains("UDP listener opened", StringComparison.Ordinal));
            return turn;
        }
        catch
        {
            turn.folder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (process is not null)
        {
            await process.DisposeAsync();
        }

        folder.Dispose();
    }
}
