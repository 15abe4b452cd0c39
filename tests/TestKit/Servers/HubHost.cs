using System.Collections;
using System.Net;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Server;
using IotXmpp.TestKit.Dialogues;

namespace IotXmpp.TestKit.Servers;

/// <summary>The real hub inside the test's own process: real sockets, a real database in a folder of its own, stopped and removed at the end.</summary>
public sealed class HubHost : IDialogueServer
{
    /// <summary>The log-in delay is for strangers who guess; tests that are not about it would only wait.</summary>
    private const string Usual = """{ "Security": { "LoginThrottle": { "Enabled": false } } }""";

    private readonly TempFolder folder;
    private readonly TimeProvider? time;

    private HubHost(HubServer server, TempFolder folder, TimeProvider? time, string domain)
    {
        Domain = domain;
        Server = server;
        this.folder = folder;
        this.time = time;
    }

    /// <summary>The hub.</summary>
    public HubServer Server { get; }

    /// <summary>The folder that holds the hub's data.</summary>
    public string Folder => folder.Path;

    /// <inheritdoc/>
    public string Domain { get; }

    /// <inheritdoc/>
    public IPEndPoint Plain => Server.C2s!;

    /// <inheritdoc/>
    public IPEndPoint? DirectTls => Server.C2sTls;

    /// <inheritdoc/>
    public IPEndPoint? Http => Server.Http;

    /// <summary>Starts a hub on free ports of 127.0.0.1.</summary>
    /// <param name="settings">Settings by section, as JSON; empty for the usual ones.</param>
    /// <param name="time">A clock that the test moves (<see cref="ManualTime"/>, <see cref="SkipTime"/>), or null for the real one.</param>
    /// <param name="domain">The domain that it serves.</param>
    /// <param name="plaintext">Whether clients may log in without TLS, as most tests do.</param>
    /// <param name="data">The data folder, which stays, for a hub that is started again; null for one of its own.</param>
    /// <exception cref="InvalidOperationException">The settings were refused; the message is the hub's.</exception>
    public static async Task<HubHost> StartAsync(string settings = "", TimeProvider? time = null, string domain = "hub.test", bool plaintext = true, string? data = null)
    {
        var folder = new TempFolder("hub");
        try
        {
            var file = folder.File("settings.json");
            await File.WriteAllTextAsync(file, settings.Length == 0 ? Usual : settings);
            string[] arguments =
            [
                "--domain", domain, "--data", data ?? folder.File("data"), "--c2s", "127.0.0.1:0", "--c2s-tls", "127.0.0.1:0", "--http", "127.0.0.1:0",
                "--plaintext", plaintext ? "loopback" : "none", "--settings", file, "--Logging:LogLevel:Default", Environment.GetEnvironmentVariable("IOTXMPP_TEST_LOG") ?? "Error",
            ];
            var read = SettingsLoader.Load(arguments, new Hashtable());
            return read.IsOk ? new HubHost(await HubServer.StartAsync(read.Settings, time), folder, time, domain) : throw new InvalidOperationException(read.Message);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task AddAccountAsync(string name, string password) => Check(name, await Server.Services.Accounts.CreateAsync(name, password));

    /// <inheritdoc/>
    public async Task SetOwnerAsync(string name, string owner) => Check(name, await Server.Services.Accounts.SetOwnerAsync(name, new IotXmpp.Xmpp.Jid(owner, Domain, "")));

    /// <inheritdoc/>
    public async Task DisableAsync(string name) => Check(name, await Server.Services.Accounts.SetDisabledAsync(name, true));

    /// <inheritdoc/>
    public async Task ChangePasswordAsync(string name, string password) => Check(name, await Server.Services.Accounts.ChangePasswordAsync(name, password));

    /// <inheritdoc/>
    public async Task SetAdministratorAsync(string name)
    {
        var outcome = await Server.Services.Accounts.SetAdministratorAsync(name, administrator: true);
        if (outcome != AccountOutcome.Done)
        {
            throw new InvalidOperationException($"administrator {name}: {outcome}");
        }
    }

    /// <inheritdoc/>
    public void Advance(TimeSpan by) => (time as ManualTime ?? throw new NotSupportedException("this hub has no clock that stands still")).Advance(by);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        folder.Dispose();
    }

    private static void Check(string name, AccountOutcome outcome)
    {
        if (outcome != AccountOutcome.Done)
        {
            throw new InvalidOperationException($"account {name}: {outcome}");
        }
    }
}
