using IotXmpp.EndToEnd.Cli;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.EndToEnd.Flash;

/// <summary>A hub with an administrator who flashes boards, for the tests of one class.</summary>
public sealed class FlashFixture : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    private readonly TempFolder _folder = new("flash");

    /// <summary>The hub.</summary>
    public HubHost Hub { get; private set; } = null!;

    /// <summary>The hub as a board sees it: the port of direct TLS.</summary>
    public string HubAddress => $"127.0.0.1:{Hub.DirectTls!.Port}";

    /// <summary>The hub's own authority.</summary>
    public string Authority => Path.Combine(Hub.Folder, "data", "ca.pem");

    /// <summary>A ready firmware image: the fake nanoff looks at its bytes as little as the real one.</summary>
    public string Image => _folder.File("IotXmpp.Esp32.bin");

    /// <summary>The fake nanoff, as a program of this machine.</summary>
    public static string Nanoff => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "fake-nanoff.exe" : "fake-nanoff");

    /// <summary>A folder for the tests' own files.</summary>
    public string Folder => _folder.Path;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Hub = await HubHost.StartAsync();
        await Hub.AddAccountAsync("boss", Password);
        await Hub.SetAdministratorAsync("boss");
        await Hub.AddAccountAsync("ann", Password);
        await File.WriteAllBytesAsync(Image, [.. Enumerable.Range(0, 40_000).Select(i => (byte)i)]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>An environment as somebody's terminal has it, with a board plugged in.</summary>
    public Dictionary<string, string?> Environment(SimulatedBoard board, string version = "2.5.98", string? fault = null, string account = "boss")
    {
        Dictionary<string, string?> environment = board.Environment(version, fault);
        foreach ((string name, string? value) in UpFixture.EnvironmentOf(_folder.Path))
        {
            environment[name] = value;
        }

        environment["IOTXMPP_HUB"] = $"xmpps://{HubAddress}";
        environment["IOTXMPP_JID"] = $"{account}@hub.test";
        environment["IOTXMPP_PASSWORD"] = Password;
        environment["IOTXMPP_CA"] = Authority;
        return environment;
    }

    /// <summary>The command line that makes a board a thing.</summary>
    public string[] Arguments(SimulatedBoard board, string thing, string type = "esp32-s3-devkitc", params string[] more) =>
    [
        "flash", "--board", type, "--port", board.Cable.Name, "--wifi", "home", "--thing", thing, "--parts", "bme280@0x76", "--wifi-password-stdin", "--hub-address", HubAddress,
        "--image", Image, "--nanoff", Nanoff, .. more,
    ];

    /// <summary>Runs it to its end; the button is pressed when it asks for that.</summary>
    /// <param name="board">The board.</param>
    /// <param name="environment">Where.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="password">The Wi-Fi's password.</param>
    public static async Task<CliResult> RunAsync(SimulatedBoard board, Dictionary<string, string?> environment, string[] arguments, string password = "home secret")
    {
        await using CliRun run = CliRun.Start(environment, arguments);
        await run.InputAsync(password + "\n");
        Task<CliResult> end = run.EndAsync();
        // A pseudo-terminal has no reset line; a person has a finger.
        Task asked = run.UntilErrorAsync(lines => lines.Any(l => l.Contains("press the board's reset button now", StringComparison.Ordinal)));
        if (await Task.WhenAny(asked, end) == asked && asked.IsCompletedSuccessfully)
        {
            await board.ResetAsync();
        }

        return await end;
    }

    /// <summary>The accounts of the hub.</summary>
    public async Task<string[]> AccountsAsync() => [.. (await Hub.Server.Services.Accounts.ListAsync(string.Empty, 1000)).Select(a => a.Name).Order(StringComparer.Ordinal)];
}
