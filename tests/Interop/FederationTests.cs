using System.Globalization;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests;

/// <summary>The hub and a server that nobody here wrote: what people do between two servers. The same for every server and every way to prove a domain.</summary>
public abstract class FederationTests : IAsyncLifetime
{
    private static readonly XNamespace Client = RawClient.Client;
    private static readonly XNamespace Errors = "urn:ietf:params:xml:ns:xmpp-stanzas";
    private static readonly XNamespace PubSub = "http://jabber.org/protocol/pubsub";
    private static readonly XNamespace Event = "http://jabber.org/protocol/pubsub#event";

    private readonly TempFolder folder = new("interop");
    private HubHost? hub;
    private FederationPeer? peer;
    private SilentProxy? cable;

    private protected abstract string? Missing { get; }

    private protected abstract bool Certificates { get; }

    private protected virtual bool Bidirectional => false;

    /// <summary>Whether the other server acknowledges stanzas on such a stream (XEP-0198).</summary>
    private protected virtual bool Acknowledges => false;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (Missing is not null)
        {
            return;
        }

        try
        {
            await StartAsync();
        }
        catch
        {
            // Nobody disposes of what did not begin.
            await DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (hub is not null)
        {
            await hub.DisposeAsync();
        }

        if (peer is not null)
        {
            await peer.DisposeAsync();
        }

        if (cable is not null)
        {
            await cable.DisposeAsync();
        }

        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected abstract FederationPeer Make(PeerSetup setup);

    private async Task StartAsync()
    {
        using var authority = TestKit.Certificates.Authority();
        var trusted = folder.File("authority.pem");
        await File.WriteAllTextAsync(trusted, authority.ExportCertificatePem());
        using var certificate = TestKit.Certificates.Server(authority, ["hub.example", "*.hub.example"]);
        var (certificateFile, keyFile) = TestKit.Certificates.WritePem(certificate, folder.Path, "hub");
        var port = Ports.Free();
        peer = Make(new PeerSetup("peer.example", "hub.example", port, authority, Certificates, Bidirectional));
        cable = new SilentProxy(peer.S2sPort);
        hub = await HubHost.StartAsync(domain: "hub.example", settings: string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "Security": { "LoginThrottle": { "Enabled": false } },
              "Tls": { "CertificateFile": "{{certificateFile}}", "KeyFile": "{{keyFile}}" },
              "Listen": { "S2s": "127.0.0.1:{{port}}" },
              "Federation": {
                {{(Certificates ? $"\"TrustedAuthority\": \"{trusted}\", \"RequireCertificate\": true, \"Dialback\": false," : "")}}
                "Bidirectional": {{(Bidirectional ? "true" : "false")}}, "HoldSeconds": 0, "RetrySeconds": 1, "AckSeconds": 20,
                "Overrides": [ { "Domain": "peer.example", "Address": "127.0.0.1:{{cable.Port}}" }, { "Domain": "pubsub.peer.example", "Address": "127.0.0.1:{{cable.Port}}" } ]
              }
            }
            """));
        await peer.StartAsync();
    }

    // One test: a server takes seconds to start, and what is said builds upon what was said.
    [Fact]
    public async Task People_of_two_servers_meet()
    {
        Assert.SkipWhen(Missing is not null, Missing ?? "");
        try
        {
            await MeetAsync();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            var lines = peer!.Output.Split('\n');
            throw new InvalidOperationException($"{e.Message}\n{string.Join('\n', lines.TakeLast(120))}", e);
        }
    }

    private async Task MeetAsync()
    {
        await using var alice = await HubPair.LoginAsync(hub!, "alice");
        await using var bob = await peer!.LoginAsync("bob");
        var (a, b) = (alice.Jid.Split('/')[0], bob.Jid.Split('/')[0]);

        await MessagesAsync(alice, bob);
        await RequestsAsync(alice, bob, b);
        await PresenceAsync(alice, bob, a, b);
        await NodesAsync(alice, bob);
        if (Acknowledges)
        {
            await BurstAsync(alice, bob);
        }

        await RestartAsync(alice);
    }

    // The cable is pulled while messages are on their way: each arrives or comes back (XEP-0198).
    private async Task BurstAsync(RawClient alice, RawClient bob)
    {
        const int Burst = 300;
        Assert.Contains("Enabling stream management", peer!.Output, StringComparison.Ordinal);
        var arrived = new HashSet<string>();
        for (var i = 0; i < Burst; i++)
        {
            await alice.SendAsync($"<message to='{bob.Jid}' type='chat' id='burst{i}'><body>{i}</body></message>");
            if (i == Burst / 3)
            {
                while (arrived.Count < 20)
                {
                    arrived.Add(await IdAsync(bob));
                }

                cable!.Pull();
            }
        }

        // Whatever reached the other server before that has reached bob when his own server has answered him.
        var back = new HashSet<string>();
        while (!back.Contains($"burst{Burst - 1}"))
        {
            back.Add(await IdAsync(alice));
        }

        await bob.SendAsync("<iq to='peer.example' type='get' id='settled'><ping xmlns='urn:xmpp:ping'/></iq>");
        for (XElement next; (string?)(next = await bob.ReadAsync()).Attribute("id") != "settled";)
        {
            if (next.Name == Client + "message")
            {
                arrived.Add((string)next.Attribute("id")!);
            }
        }

        cable!.Plug();
        Assert.Equal(Burst, arrived.Union(back).Count());
        Assert.InRange(arrived.Intersect(back).Count(), 0, Burst / 2);

        static async Task<string> IdAsync(RawClient client) =>
            (string)(await client.ReadUntilAsync(e => e.Name == Client + "message" && ((string?)e.Attribute("id"))?.StartsWith("burst", StringComparison.Ordinal) == true)).Attribute("id")!;
    }

    // The hub calls first, then the other server; neither has a stream before.
    private static async Task MessagesAsync(RawClient alice, RawClient bob)
    {
        await alice.SendAsync($"<message to='{bob.Jid}' type='chat' id='m1'><body>Gr\u00fc\u00dfe &amp; so on</body></message>");
        var there = await bob.ReadUntilAsync(e => (string?)e.Attribute("id") == "m1");
        Assert.Equal((alice.Jid, "Gr\u00fc\u00dfe & so on"), ((string?)there.Attribute("from"), there.Element(Client + "body")?.Value));
        await bob.SendAsync($"<message to='{alice.Jid}' type='chat' id='m2'><body>back</body></message>");
        var back = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "m2");
        Assert.Equal((bob.Jid, "back"), ((string?)back.Attribute("from"), back.Element(Client + "body")?.Value));
    }

    private static async Task RequestsAsync(RawClient alice, RawClient bob, string b)
    {
        foreach (var (asker, domain) in new[] { (alice, "peer.example"), (bob, "hub.example"), (alice, "pubsub.peer.example"), (bob, "pubsub.hub.example") })
        {
            await asker.SendAsync($"<iq to='{domain}' type='get' id='d-{domain}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
            var answer = await asker.ReadUntilAsync(e => (string?)e.Attribute("id") == $"d-{domain}");
            Assert.Equal(("result", domain), ((string?)answer.Attribute("type"), (string?)answer.Attribute("from")));
        }

        foreach (var (asker, domain) in new[] { (alice, "peer.example"), (bob, "hub.example") })
        {
            await asker.SendAsync($"<iq to='{domain}' type='get' id='ping'><ping xmlns='urn:xmpp:ping'/></iq>");
            Assert.Equal("result", (string?)(await asker.ReadUntilAsync(e => (string?)e.Attribute("id") == "ping")).Attribute("type"));
        }

        await bob.SendAsync("<iq to='nobody@hub.example/x' type='get' id='no'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.NotNull((await bob.ReadUntilAsync(e => (string?)e.Attribute("id") == "no")).Element(Client + "error")?.Element(Errors + "service-unavailable"));
    }

    private static async Task PresenceAsync(RawClient alice, RawClient bob, string a, string b)
    {
        foreach (var client in new[] { alice, bob })
        {
            await client.SendAsync("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
            await client.ReadUntilAsync(e => IsPresence(e, client.Jid, null));
        }

        foreach (var (one, oneJid, other, otherJid) in new[] { (alice, a, bob, b), (bob, b, alice, a) })
        {
            await one.SendAsync($"<presence type='subscribe' to='{otherJid}'/>");
            await other.ReadUntilAsync(e => IsPresence(e, oneJid, "subscribe"));
            await other.SendAsync($"<presence type='subscribed' to='{oneJid}'/>");
            await one.ReadUntilAsync(e => IsPresence(e, other.Jid, null));
        }

        await alice.SendAsync("<presence><show>away</show></presence>");
        Assert.Equal("away", (await bob.ReadUntilAsync(e => IsPresence(e, alice.Jid, null) && e.Element(Client + "show") is not null)).Element(Client + "show")!.Value);
        await bob.SendAsync("<presence type='unavailable'/>");
        await alice.ReadUntilAsync(e => IsPresence(e, bob.Jid, "unavailable"));
        // The probe of who comes back (RFC 6121 §4.3).
        await bob.SendAsync("<presence/>");
        Assert.Equal("away", (await bob.ReadUntilAsync(e => IsPresence(e, alice.Jid, null))).Element(Client + "show")?.Value);
        await alice.ReadUntilAsync(e => IsPresence(e, bob.Jid, null));
    }

    // The hub's telemetry is read by somebody of another server.
    private static async Task NodesAsync(RawClient alice, RawClient bob)
    {
        await alice.SendAsync($"<iq to='pubsub.hub.example' type='set' id='c'><pubsub xmlns='{PubSub}'><create node='interop'/></pubsub></iq>");
        Assert.Equal("result", (string?)(await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "c")).Attribute("type"));
        await bob.SendAsync($"<iq to='pubsub.hub.example' type='set' id='s'><pubsub xmlns='{PubSub}'><subscribe node='interop' jid='{bob.Jid}'/></pubsub></iq>");
        Assert.Equal("result", (string?)(await bob.ReadUntilAsync(e => (string?)e.Attribute("id") == "s")).Attribute("type"));
        await alice.SendAsync($"<iq to='pubsub.hub.example' type='set' id='p'><pubsub xmlns='{PubSub}'><publish node='interop'><item id='i1'><x xmlns='urn:x'>7</x></item></publish></pubsub></iq>");
        var notice = await bob.ReadUntilAsync(e => e.Element(Event + "event") is not null);
        Assert.Equal(("pubsub.hub.example", "7"), ((string?)notice.Attribute("from"), notice.Descendants(XName.Get("x", "urn:x")).Single().Value));
    }

    private async Task RestartAsync(RawClient alice)
    {
        await peer!.StopAsync();
        await alice.SendAsync("<iq to='peer.example' type='get' id='away'><ping xmlns='urn:xmpp:ping'/></iq>");
        var error = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "away");
        Assert.Equal(("error", true), ((string?)error.Attribute("type"), error.Element(Client + "error")?.Element(Errors + "remote-server-timeout") is not null));
        await peer.StartAsync();
        await using var carol = await peer.LoginAsync("carol");
        await alice.SendAsync($"<message to='{carol.Jid}' type='chat' id='again'><body>there again</body></message>");
        await carol.ReadUntilAsync(e => (string?)e.Attribute("id") == "again");
        await carol.SendAsync($"<message to='{alice.Jid}' type='chat' id='too'><body>here too</body></message>");
        await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "too");
    }

    private static bool IsPresence(XElement e, string from, string? type) => e.Name == Client + "presence" && (string?)e.Attribute("from") == from && (string?)e.Attribute("type") == type;
}

/// <summary>Prosody, by dialback.</summary>
public sealed class ProsodyDialbackTests : FederationTests
{
    private protected override string? Missing => ProsodyPeer.Missing;

    private protected override bool Certificates => false;

    private protected override FederationPeer Make(PeerSetup setup) => new ProsodyPeer(setup);
}

/// <summary>Prosody, by dialback, one stream for both directions.</summary>
public sealed class ProsodyBidirectionalTests : FederationTests
{
    private protected override string? Missing => ProsodyPeer.Missing;

    private protected override bool Certificates => false;

    private protected override bool Bidirectional => true;

    private protected override FederationPeer Make(PeerSetup setup) => new ProsodyPeer(setup);
}

/// <summary>Prosody, by certificates and nothing else.</summary>
public sealed class ProsodyCertificateTests : FederationTests
{
    private protected override string? Missing => ProsodyPeer.Missing;

    private protected override bool Certificates => true;

    private protected override bool Bidirectional => true;

    private protected override bool Acknowledges => true;

    private protected override FederationPeer Make(PeerSetup setup) => new ProsodyPeer(setup);
}

/// <summary>ejabberd, by dialback.</summary>
public sealed class EjabberdDialbackTests : FederationTests
{
    private protected override string? Missing => EjabberdPeer.Missing;

    private protected override bool Certificates => false;

    private protected override FederationPeer Make(PeerSetup setup) => new EjabberdPeer(setup);
}

/// <summary>ejabberd, by certificates and nothing else.</summary>
public sealed class EjabberdCertificateTests : FederationTests
{
    private protected override string? Missing => EjabberdPeer.Missing;

    private protected override bool Certificates => true;

    private protected override FederationPeer Make(PeerSetup setup) => new EjabberdPeer(setup);
}
