using System.Globalization;
using System.Xml.Linq;
using IotXmpp.Interop.Tests.Clients;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests.Media;

/// <summary>Debian's coturn believes the credentials that the hub gives (XEP-0215), and no others; a browser finds it by them.</summary>
public sealed class TurnTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(240);
    private static readonly XNamespace Services = "urn:xmpp:extdisco:2";

    private static string Chromium => Environment.GetEnvironmentVariable("CHROMIUM") ?? "/usr/bin/chromium";

    private static string? Node => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "node")).FirstOrDefault(File.Exists);

    [Fact]
    public async Task Coturn_takes_the_credentials_of_the_hub_and_no_others()
    {
        Assert.SkipWhen(TurnServer.Missing is not null, TurnServer.Missing ?? "");
        await using var turn = await TurnServer.StartAsync();
        await using var hub = await HubHost.StartAsync(turn.HubSettings);
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        var (user, password) = await AskAsync(alice);
        var (code, said) = await AllocateAsync(turn, user, password);
        Assert.True(code == 0 && said.Contains("Total lost packets 0 ", StringComparison.Ordinal), said);

        // One who says that they end later, one who guesses, and one whose time is over.
        var end = long.Parse(user.Split(':')[0], CultureInfo.InvariantCulture);
        Assert.NotEqual(0, (await AllocateAsync(turn, $"{end + 3600}:{user.Split(':')[1]}", password)).Code);
        Assert.NotEqual(0, (await AllocateAsync(turn, user, "guessed")).Code);
        await using var past = await HubHost.StartAsync(turn.HubSettings, new ManualTime());
        await using var bob = await HubPair.LoginAsync(past, "bob");
        var (old, proof) = await AskAsync(bob);
        Assert.NotEqual(0, (await AllocateAsync(turn, old, proof)).Code);
    }

    /// <summary>Jingle with stanza in headless Chromium: the file goes by WebRTC, in the second run by the relay only.</summary>
    [Theory]
    [InlineData("all")]
    [InlineData("relay")]
    public async Task A_file_goes_by_Jingle_between_two_sessions_in_a_browser(string policy)
    {
        var script = Repository.Path("tests", "Interop", "Web", "jingle.mjs");
        Assert.SkipUnless(Node is not null, "node is not installed");
        Assert.SkipUnless(Directory.Exists(Repository.Path("tests", "Interop", "Web", "node_modules")), "the clients are not installed: npm ci in tests/Interop/Web");
        Assert.SkipUnless(File.Exists(Chromium), $"chromium is not installed at {Chromium}; the variable CHROMIUM names another");
        Assert.SkipWhen(TurnServer.Missing is not null, TurnServer.Missing ?? "");
        await using var turn = await TurnServer.StartAsync();
        await using var hub = await HubHost.StartAsync(turn.HubSettings);
        await hub.AddAccountAsync("webster", "a secret");
        var environment = new Dictionary<string, string> { ["HUB_HTTP"] = $"http://{hub.Http}", ["HUB_DOMAIN"] = hub.Domain, ["HUB_ACCOUNT"] = "webster:a secret", ["CHROMIUM"] = Chromium };
        var (code, said) = await ClientScene.RunAsync(Node!, [script, policy], Limit, environment);
        Assert.True(code == 0 && said.Contains("ok stanza jingle", StringComparison.Ordinal), $"{said}\n{turn.Output}");
        if (policy == "relay")
        {
            Assert.Contains(":webster>", turn.Output, StringComparison.Ordinal);
        }
    }

    private static async Task<(string User, string Password)> AskAsync(RawClient client)
    {
        var id = client.NewId();
        await client.SendAsync($"<iq type='get' to='hub.test' id='{id}'><services xmlns='{Services}' type='turn'/></iq>");
        var service = (await client.ReadUntilAsync(e => (string?)e.Attribute("id") == id)).Descendants(Services + "service").Single();
        return ((string)service.Attribute("username")!, (string)service.Attribute("password")!);
    }

    // Two relays, and packets between them.
    private static Task<(int Code, string Said)> AllocateAsync(TurnServer turn, string user, string password) =>
        ClientScene.RunAsync(TurnServer.Client, ["-u", user, "-w", password, "-p", turn.Port, "-y", "-n", "1", "-m", "1", "127.0.0.1"], Limit);
}
