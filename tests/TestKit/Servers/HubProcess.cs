using System.Globalization;
using System.Net;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Server;
using IotXmpp.TestKit.Net;

namespace IotXmpp.TestKit.Servers;

/// <summary>The hub as the process that operators run: it can be killed, starved and measured.</summary>
public sealed class HubProcess : IAsyncDisposable
{
    private HubProcess(ServerProcess process, IPEndPoint plain, IPEndPoint? http = null, IPEndPoint? tls = null)
    {
        Process = process;
        Plain = plain;
        Http = http;
        DirectTls = tls;
    }

    /// <summary>The process.</summary>
    public ServerProcess Process { get; }

    /// <summary>Where it listens for plain TCP (and STARTTLS).</summary>
    public IPEndPoint Plain { get; }

    /// <summary>Where it listens for HTTP, if it does.</summary>
    public IPEndPoint? Http { get; }

    /// <summary>Where it listens for direct TLS, if it does.</summary>
    public IPEndPoint? DirectTls { get; }

    /// <summary>Memory that the process holds, in bytes (VmRSS of Linux).</summary>
    public long ResidentBytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{Process.Process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
    }

    /// <summary>The hub's assembly of the configuration that the tests were built in.</summary>
    public static string Assembly
    {
        get
        {
            // …/tests/Hub.Tests/bin/Release/net10.0/
            var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
            return Repository.Path("hub", "Server", "bin", configuration, "net10.0", "IotXmpp.Server.dll");
        }
    }

    /// <summary>The command line of a hub.</summary>
    public static IEnumerable<string> Arguments(string data, int port, params string[] more) =>
    [
        Assembly, "--domain", "hub.test", "--data", data, "--c2s", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "--c2s-tls", "0", "--http", "0",
        "--plaintext", "loopback", "--Security:LoginThrottle:Enabled", "false", "--Logging:LogLevel:Default", "Warning", .. more,
    ];

    /// <summary>Starts a hub on a data folder and waits until it is ready.</summary>
    public static async Task<HubProcess> StartAsync(string data, params string[] more)
    {
        var port = Ports.Free();
        var process = await ServerProcess.StartAsync("dotnet", Arguments(data, port, more), line => line == "ready");
        return new HubProcess(process, new IPEndPoint(IPAddress.Loopback, port));
    }

    /// <summary>Starts a hub that also serves HTTP.</summary>
    public static async Task<HubProcess> StartWebAsync(string data, params string[] more)
    {
        var port = Ports.Free();
        var http = Ports.Free();
        List<string> arguments = [.. Arguments(data, port, more)];
        arguments[arguments.IndexOf("--http") + 1] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{http}");
        var process = await ServerProcess.StartAsync("dotnet", arguments, line => line == "ready");
        return new HubProcess(process, new IPEndPoint(IPAddress.Loopback, port), new IPEndPoint(IPAddress.Loopback, http));
    }

    /// <summary>Starts a hub that also listens for direct TLS, at a port that is the same after a restart.</summary>
    public static async Task<HubProcess> StartTlsAsync(string data, int tlsPort)
    {
        var port = Ports.Free();
        List<string> arguments = [.. Arguments(data, port)];
        arguments[arguments.IndexOf("--c2s-tls") + 1] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{tlsPort}");
        var process = await ServerProcess.StartAsync("dotnet", arguments, line => line == "ready");
        return new HubProcess(process, new IPEndPoint(IPAddress.Loopback, port));
    }

    /// <summary>Starts a hub as the world meets it: STARTTLS, direct TLS and HTTP, nobody logs in without TLS.</summary>
    public static async Task<HubProcess> StartSecureAsync(string data, params string[] more)
    {
        int[] ports = [Ports.Free(), Ports.Free(), Ports.Free()];
        List<string> arguments = [.. Arguments(data, ports[0], more)];
        arguments[arguments.IndexOf("--c2s-tls") + 1] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[1]}");
        arguments[arguments.IndexOf("--http") + 1] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[2]}");
        arguments[arguments.IndexOf("--plaintext") + 1] = "none";
        var process = await ServerProcess.StartAsync("dotnet", arguments, line => line == "ready");
        return new HubProcess(process, new IPEndPoint(IPAddress.Loopback, ports[0]), new IPEndPoint(IPAddress.Loopback, ports[2]), new IPEndPoint(IPAddress.Loopback, ports[1]));
    }

    /// <summary>Makes a data folder with accounts, before the hub runs: the password of each is its name.</summary>
    public static Task PrepareAsync(string data, params string[] accounts) => PrepareAsync(data, null, accounts);

    /// <summary>Makes a data folder with accounts and a thing that one of them owns.</summary>
    /// <param name="data">The folder.</param>
    /// <param name="thing">The thing's account and its owner's, both among the accounts; or null.</param>
    /// <param name="accounts">The accounts; the password of each is its name.</param>
    public static Task PrepareAsync(string data, (string Thing, string Owner)? thing, params string[] accounts) => PrepareAsync(data, async hub =>
    {
        foreach (var account in accounts)
        {
            if (await hub.Services.Accounts.CreateAsync(account, account) != AccountOutcome.Done)
            {
                throw new InvalidOperationException($"account {account} could not be made");
            }
        }

        if (thing is var (name, owner) && await hub.Services.Accounts.SetOwnerAsync(name, new IotXmpp.Xmpp.Jid(owner, "hub.test", "")) != AccountOutcome.Done)
        {
            throw new InvalidOperationException($"{name} could not be given to {owner}");
        }
    });

    /// <summary>Makes a data folder with whatever a hub on it is told to make.</summary>
    /// <param name="data">The folder.</param>
    /// <param name="make">Makes it; the hub listens nowhere that is known.</param>
    public static async Task PrepareAsync(string data, Func<HubServer, Task> make)
    {
        // One listener: a web host that has none takes its usual port, which another test's may have.
        var read = SettingsLoader.Load(["--domain", "hub.test", "--data", data, "--c2s", "127.0.0.1:0", "--c2s-tls", "0", "--http", "0", "--Logging:LogLevel:Default", "Error"], new System.Collections.Hashtable());
        await using var hub = await HubServer.StartAsync(read.Settings ?? throw new InvalidOperationException(read.Message));
        await make(hub);
    }

    /// <summary>Logs a client in.</summary>
    public async Task<RawClient> LoginAsync(string account, string? resource = null, Transcript? transcript = null)
    {
        var client = await RawClient.ConnectAsync(Plain, account, transcript);
        await client.LoginAsync("hub.test", account, account, resource);
        return client;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
