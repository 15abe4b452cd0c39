using System.Diagnostics;
using System.Globalization;
using IotXmpp.Host;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using IotXmpp.Virtual;
using IotXmpp.Xmpp;

namespace IotXmpp.Interop.Tests.Clients;

/// <summary>What a client meets: the hub as a process that lets nobody in without TLS, people (alice, bob), and a virtual relay that is alice's thing.</summary>
internal sealed class ClientScene : IAsyncDisposable
{
    /// <summary>The thing's full address.</summary>
    public const string Thing = "relay-1@hub.test/thing";

    private readonly TempFolder folder = new("client");
    private VirtualThing? thing;

    private ClientScene()
    {
    }

    /// <summary>The hub.</summary>
    public HubProcess Hub { get; private set; } = null!;

    /// <summary>The hub's certificate authority, as PEM: what a client has to trust, and nothing else.</summary>
    public string Authority => Path.Combine(folder.Path, "data", "ca.pem");

    /// <summary>A folder that is removed with the scene.</summary>
    public string Folder => folder.Path;

    /// <summary>Starts hub and thing.</summary>
    /// <param name="more">More of the hub's arguments.</param>
    public static async Task<ClientScene> StartAsync(params string[] more)
    {
        var scene = new ClientScene();
        try
        {
            var data = scene.folder.File("data");
            await HubProcess.PrepareAsync(data, ("relay-1", "alice"), "alice", "bob", "relay-1");
            scene.Hub = await HubProcess.StartSecureAsync(data, more);
            scene.thing = new VirtualThing(new VirtualThingOptions
            {
                Kind = "relay",
                Account = new Jid("relay-1", "hub.test", null),
                Password = "relay-1",
                Hub = new ServerAddress("127.0.0.1", scene.Hub.DirectTls!.Port, true),
                Authorities = HostOptions.ReadAuthorities(scene.Authority),
                Owner = new Jid("alice", "hub.test", ""),
                Interval = TimeSpan.FromSeconds(1),
            });
            scene.thing.Start();
            await scene.thing.FirstPublished.WaitAsync(3 * RawClient.DefaultWait);
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>What a client's script is told, as environment.</summary>
    public Dictionary<string, string> Environment() => new()
    {
        ["HUB_HOST"] = "127.0.0.1",
        ["HUB_PORT"] = Hub.Plain.Port.ToString(CultureInfo.InvariantCulture),
        ["HUB_TLS_PORT"] = Hub.DirectTls!.Port.ToString(CultureInfo.InvariantCulture),
        ["HUB_HTTP_PORT"] = Hub.Http!.Port.ToString(CultureInfo.InvariantCulture),
        ["HUB_CA"] = Authority,
        ["HUB_DOMAIN"] = "hub.test",
        ["HUB_THING"] = Thing,
        ["HOME"] = folder.Path,
        ["LC_ALL"] = "C.UTF-8",
    };

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its code and what it said on both outputs.</returns>
    public static async Task<(int Code, string Said)> RunAsync(string program, IEnumerable<string> arguments, TimeSpan limit, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var end = new CancellationTokenSource(limit);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        process.StandardInput.Close();
        var inTime = true;
        try
        {
            await process.WaitForExitAsync(end.Token);
        }
        catch (OperationCanceledException)
        {
            inTime = false;
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
        }

        var said = await output + await errors;
        return inTime ? (process.ExitCode, said) : (-1, $"{said}\nnot at its end after {limit.TotalSeconds} s");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (thing is not null)
        {
            await thing.DisposeAsync();
        }

        if (Hub is not null)
        {
            await Hub.DisposeAsync();
        }

        folder.Dispose();
    }
}
