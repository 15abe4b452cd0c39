using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Federation;

/// <summary>Stream management between servers (XEP-0198): what a stream loses is told of.</summary>
public sealed class ServerAcksTests : IAsyncLifetime
{
    private const int UnackedStanzas = 100;

    private static readonly XNamespace Client = RawClient.Client;
    private static readonly XNamespace Sm = "urn:xmpp:sm:3";

    private readonly TempFolder folder = new("s2s-acks");
    private readonly ManualTime time = new();
    private readonly X509Certificate2 authority = Certificates.Authority();
    private readonly FakeServer peer = new(Certificates.SelfSigned("peer.test"));
    private X509Certificate2 own = null!;
    private HubHost hub = null!;

    public async ValueTask InitializeAsync()
    {
        own = Certificates.Server(authority, ["friend.test"]);
        // The hub judges certificates by its clock.
        time.Advance(DateTimeOffset.UtcNow - time.GetUtcNow());
        var trusted = folder.File("authority.pem");
        await File.WriteAllTextAsync(trusted, authority.ExportCertificatePem());
        hub = await HubHost.StartAsync(string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "Security": { "LoginThrottle": { "Enabled": false } }, "Listen": { "S2s": "127.0.0.1:0" }, "Xmpp": { "IdleSeconds": 0 },
              "Federation": {
                "TrustedAuthority": "{{trusted}}", "Attempts": 1, "HoldSeconds": 0, "AckSeconds": 60, "UnackedStanzas": {{UnackedStanzas}},
                "Overrides": [ { "Domain": "peer.test", "Address": "127.0.0.1:{{peer.Port}}" } ]
              }
            }
            """), time);
        peer.Features += "<sm xmlns='urn:xmpp:sm:3'/>";
        peer.Answer = Answer();
    }

    public async ValueTask DisposeAsync()
    {
        await hub.DisposeAsync();
        await peer.DisposeAsync();
        peer.Certificate!.Dispose();
        own.Dispose();
        authority.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task What_was_acknowledged_is_not_told_of_and_what_was_not_is()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        peer.Answer = Answer(e => Is(e, "m3") ? "</stream:stream>" : e.Name == Sm + "r" && !Came("m2") ? "<a xmlns='urn:xmpp:sm:3' h='1'/>" : null);
        await SendAsync(alice, "m1");
        // With the acknowledgement of the first, the request for the next is free to go.
        await Wait.UntilAsync(() => peer.Received.Any(e => e.Name == Sm + "r"));
        await SendAsync(alice, "m2", "m3");
        await ErrorAsync(alice, "m2", "remote-server-timeout");
        await ErrorAsync(alice, "m3", "remote-server-timeout");
        Assert.Empty(await alice.PingAsync());
        Assert.Equal(["enable", "message", "r"], peer.Received.Select(e => e.Name.LocalName).SkipWhile(name => name != "enable").Take(3));
    }

    [Fact]
    public async Task A_server_that_acknowledges_nothing_is_let_go_after_its_time_and_senders_are_told()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        await SendAsync(alice, "m1", "m2");
        await Wait.UntilAsync(() => Came("m2") && peer.Received.Any(e => e.Name == Sm + "r"));
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Empty(await alice.PingAsync());
        time.Advance(TimeSpan.FromSeconds(3));
        await ErrorAsync(alice, "m1", "remote-server-timeout");
        await ErrorAsync(alice, "m2", "remote-server-timeout");

        // The next one goes by a new stream.
        await SendAsync(alice, "m3");
        await Wait.UntilAsync(() => Came("m3"));
        Assert.Equal(2, peer.Connections);
    }

    [Fact]
    public async Task A_server_that_acknowledges_is_not_let_go_and_silence_ends_its_stream_only_when_nothing_is_open()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        int handled = 0;
        peer.Answer = Answer(e => e.Name == Sm + "r" ? $"<a xmlns='urn:xmpp:sm:3' h='{handled}'/>" : e.Name.LocalName == "message" && ++handled > 0 ? null : null);
        await SendAsync(alice, "m1");
        await Wait.UntilAsync(() => peer.Received.Any(e => e.Name == Sm + "r"));
        await SendAsync(alice, "m2");
        await Wait.UntilAsync(() => peer.Received.Count(e => e.Name == Sm + "r") >= 2);
        // Second by second: what the peer answers to the last request is on its way yet.
        for (int second = 0; second < 120; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.Empty(await alice.PingAsync());
        }

        time.Advance(TimeSpan.FromSeconds(600));
        await Wait.UntilAsync(() => peer.Ended == 1);
        // The last word before the end tag is what was received (§4).
        Assert.Equal("0", (string?)peer.Received.Last(e => e.Name == Sm + "a").Attribute("h"));
    }

    [Fact]
    public async Task What_waits_for_an_acknowledgement_is_bounded()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        await SendAsync(alice, "m0");
        await Wait.UntilAsync(() => Came("m0"));
        await SendAsync(alice, [.. Enumerable.Range(1, UnackedStanzas).Select(i => $"m{i}")]);
        await ErrorAsync(alice, $"m{UnackedStanzas}", "resource-constraint");
        await Wait.UntilAsync(() => Came($"m{UnackedStanzas - 1}"));
        Assert.Empty(await alice.PingAsync());
    }

    [Fact]
    public async Task Who_acknowledges_more_than_was_sent_is_wrong()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        peer.Answer = Answer(e => e.Name == Sm + "r" ? "<a xmlns='urn:xmpp:sm:3' h='2'/>" : null);
        await SendAsync(alice, "m1");
        await ErrorAsync(alice, "m1", "remote-server-timeout");
        await Wait.UntilAsync(() => peer.Received.Any(e => e.Name.LocalName == "error"));
        var error = peer.Received.Single(e => e.Name.LocalName == "error");
        Assert.Equal(["undefined-condition", "handled-count-too-high"], error.Elements().Select(e => e.Name.LocalName));
        Assert.Equal(("2", "1"), ((string?)error.Elements().Last().Attribute("h"), (string?)error.Elements().Last().Attribute("send-count")));
    }

    [Fact]
    public async Task A_server_that_offers_it_and_then_refuses_is_spoken_to_without()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        peer.Answer = Answer(null, enabled: "<failed xmlns='urn:xmpp:sm:3'><unexpected-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
        await SendAsync(alice, "m1");
        await Wait.UntilAsync(() => Came("m1"));
        time.Advance(TimeSpan.FromSeconds(120));
        await SendAsync(alice, "m2");
        await Wait.UntilAsync(() => Came("m2"));
        Assert.Equal(1, peer.Connections);
        Assert.Empty(await alice.PingAsync());
    }

    [Fact]
    public async Task A_server_that_does_not_offer_it_is_not_asked()
    {
        peer.Features = "<dialback xmlns='urn:xmpp:features:dialback'/>";
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        await SendAsync(alice, "m1");
        await Wait.UntilAsync(() => Came("m1"));
        Assert.DoesNotContain(peer.Received, e => e.Name.Namespace == Sm);
    }

    [Fact]
    public async Task Who_calls_may_turn_it_on_once_and_is_told_what_has_arrived()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        await using var friend = await FriendAsync();
        await friend.SendAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        var enabled = await friend.ReadAsync();
        Assert.Equal((Sm + "enabled", null), (enabled.Name, (string?)enabled.Attribute("resume")));
        await friend.SendAsync($"<message from='a@friend.test' to='{alice.Jid}' id='m1'><body>1</body></message><message from='a@friend.test' to='no@@address' id='m2'/><r xmlns='urn:xmpp:sm:3'/>");
        // What goes back (by a stream of its own: this one is for one direction) counts as dealt with.
        Assert.Equal("2", (string?)(await friend.ReadUntilAsync(e => e.Name == Sm + "a")).Attribute("h"));
        Assert.Equal("m1", (string?)(await alice.ReadUntilAsync(e => e.Name == Client + "message")).Attribute("id"));
        await friend.SendAsync("<enable xmlns='urn:xmpp:sm:3'/>");
        Assert.Equal("unexpected-request", (await friend.ReadAsync()).Elements().Single().Name.LocalName);
        await friend.SendAsync("<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>");
        Assert.Equal("item-not-found", (await friend.ReadAsync()).Elements().Single().Name.LocalName);
        await friend.SendAsync("</stream:stream>");
        Assert.Equal("2", (string?)(await friend.ReadAsync()).Attribute("h"));
        Assert.IsType<StreamEvent.Closed>(await friend.NextAsync());
    }

    [Fact]
    public async Task On_a_stream_of_both_directions_what_the_hub_has_sent_counts_too()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        await using var friend = await FriendAsync(bidi: true);
        await friend.SendAsync("<enable xmlns='urn:xmpp:sm:3'/>");
        Assert.Equal(Sm + "enabled", (await friend.ReadAsync()).Name);
        await alice.SendAsync("<message to='a@friend.test' type='chat' id='m1'><body>1</body></message>");
        Assert.Equal("m1", (string?)(await friend.ReadAsync()).Attribute("id"));
        Assert.Equal(Sm + "r", (await friend.ReadAsync()).Name);
        await friend.SendAsync("<a xmlns='urn:xmpp:sm:3' h='1'/>");
        await alice.SendAsync("<message to='a@friend.test' type='chat' id='m2'><body>2</body></message>");
        Assert.Equal("m2", (string?)(await friend.ReadUntilAsync(e => e.Name.LocalName == "message")).Attribute("id"));
        friend.Cut();
        await ErrorAsync(alice, "m2", "remote-server-timeout");
        Assert.Empty(await alice.PingAsync());
    }

    [Theory]
    [InlineData("<enable xmlns='urn:xmpp:sm:3'/>", "unexpected-request")]
    [InlineData("<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>", "item-not-found")]
    [InlineData("<r xmlns='urn:xmpp:sm:3'/>", "unsupported-stanza-type")]
    [InlineData("<a xmlns='urn:xmpp:sm:3' h='0'/>", "unsupported-stanza-type")]
    [InlineData("<enabled xmlns='urn:xmpp:sm:3'/>", "unsupported-stanza-type")]
    public async Task Before_a_domain_is_proven_there_is_nothing_to_acknowledge(string says, string told)
    {
        var (evil, _) = await RawServer.SecureAsync(hub.Server.S2s!, "evil.test", "hub.test", null);
        await using var closing = evil;
        await evil.SendAsync(says);
        Assert.Contains(told, (await evil.ReadAsync()).Elements().Select(e => e.Name.LocalName));
    }

    [Theory]
    [InlineData("<a xmlns='urn:xmpp:sm:3'/>")]
    [InlineData("<a xmlns='urn:xmpp:sm:3' h='-1'/>")]
    [InlineData("<a xmlns='urn:xmpp:sm:3' h='4294967296'/>")]
    [InlineData("<what xmlns='urn:xmpp:sm:3'/>")]
    public async Task What_is_no_acknowledgement_ends_the_stream(string says)
    {
        await using var friend = await FriendAsync();
        await friend.SendAsync("<enable xmlns='urn:xmpp:sm:3'/>" + says);
        Assert.Equal(Sm + "enabled", (await friend.ReadAsync()).Name);
        Assert.Equal(Sm + "a", (await friend.ReadAsync()).Name);
        Assert.Contains("unsupported-stanza-type", (await friend.ReadAsync()).Elements().Select(e => e.Name.LocalName));
    }

    /// <summary>Two hubs, and the cable is pulled in the middle of a burst: neither is told, and of what was sent each message has arrived or has come back.</summary>
    [Fact]
    public async Task When_the_cable_is_pulled_in_the_middle_of_a_burst_nothing_is_lost_silently()
    {
        const int Burst = 600;
        int port = Ports.Free(), otherPort = Ports.Free();
        await using var cable = new SilentProxy(otherPort);
        await using var one = await HubHost.StartAsync(Settings(port, "two.test", cable.Port), time, domain: "one.test");
        await using var two = await HubHost.StartAsync(Settings(otherPort, "one.test", port), domain: "two.test");
        await using var alice = await HubPair.LoginAsync(one, "alice");
        await using var bob = await HubPair.LoginAsync(two, "bob");
        var arrived = new HashSet<string>();
        for (int i = 0; i < Burst; i++)
        {
            await alice.SendAsync($"<message to='{bob.Jid}' type='chat' id='m{i}'><body>{i}</body></message>");
            if (i == Burst / 3)
            {
                // Some have arrived, some are on the way.
                while (arrived.Count < 50)
                {
                    arrived.Add(await MessageAsync(bob));
                }

                cable.Pull();
            }
        }

        Assert.Empty(await alice.PingAsync());
        // What was connected stays dead; only then a new stream can be made, whenever the hub gives the old one up.
        cable.Plug();
        time.Advance(TimeSpan.FromSeconds(62));
        var back = new HashSet<string> { await BackAsync() };
        await alice.SendAsync($"<message to='{bob.Jid}' type='chat' id='last'><body>last</body></message>");
        for (string id; (id = await MessageAsync(bob)) != "last";)
        {
            arrived.Add(id);
        }

        while (arrived.Count + back.Except(arrived).Count() < Burst)
        {
            back.Add(await BackAsync());
        }

        Assert.NotEmpty(back);
        Assert.Equal(Burst, arrived.Union(back).Count());

        async Task<string> BackAsync()
        {
            var error = await alice.ReadUntilAsync(e => e.Name == Client + "message");
            Assert.NotNull(error.Element(Client + "error")!.Element(XName.Get("remote-server-timeout", "urn:ietf:params:xml:ns:xmpp-stanzas")));
            return (string)error.Attribute("id")!;
        }

        static string Settings(int port, string other, int otherPort) => string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "Security": { "LoginThrottle": { "Enabled": false } }, "Listen": { "S2s": "127.0.0.1:{{port}}" }, "Xmpp": { "IdleSeconds": 0 },
              "Federation": { "Bidirectional": false, "HoldSeconds": 0, "Attempts": 1, "Overrides": [ { "Domain": "{{other}}", "Address": "127.0.0.1:{{otherPort}}" } ] }
            }
            """);

        static async Task<string> MessageAsync(RawClient client) => (string)(await client.ReadUntilAsync(e => e.Name == Client + "message")).Attribute("id")!;
    }

    private static Task SendAsync(RawClient alice, params string[] ids) =>
        alice.SendAsync(string.Concat(ids.Select(id => $"<message to='a@peer.test' type='chat' id='{id}'><body>x</body></message>")));

    private static bool Is(XElement e, string id) => e.Name.LocalName == "message" && (string?)e.Attribute("id") == id;

    private static async Task ErrorAsync(RawClient alice, string id, string condition)
    {
        var error = await alice.ReadAsync();
        Assert.Equal((id, "error"), ((string?)error.Attribute("id"), (string?)error.Attribute("type")));
        Assert.Contains(condition, error.Element(Client + "error")!.Elements().Select(e => e.Name.LocalName));
    }

    private static Func<XElement, string?> Answer(Func<XElement, string?>? more = null, string enabled = "<enabled xmlns='urn:xmpp:sm:3'/>") => e =>
        e.Name == RawServer.Dialback + "result" ? "<db:result from='peer.test' to='hub.test' type='valid'/>" : e.Name == Sm + "enable" ? enabled : more?.Invoke(e);

    private bool Came(string id) => peer.Received.Any(e => Is(e, id));

    private async Task<RawClient> FriendAsync(bool bidi = false)
    {
        var (friend, _) = await RawServer.SecureAsync(hub.Server.S2s!, "friend.test", "hub.test", own);
        await friend.SendAsync((bidi ? "<bidi xmlns='urn:xmpp:bidi'/>" : "") + "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>");
        Assert.Equal("success", (await friend.ReadAsync()).Name.LocalName);
        await RawServer.HeaderAsync(friend, "friend.test", "hub.test");
        Assert.Contains(Sm + "sm", (await friend.ReadAsync()).Elements().Select(e => e.Name));
        return friend;
    }
}
