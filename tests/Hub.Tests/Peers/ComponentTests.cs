using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Peers;

/// <summary>External components (XEP-0114): who gets in, what goes through, what comes back when it is away.</summary>
public sealed class ComponentTests(ComponentTests.ComponentHub fixture) : IClassFixture<ComponentTests.ComponentHub>
{
    private const string Secret = "much ado";

    private static readonly XNamespace Client = RawClient.Client;
    private static readonly XNamespace Accept = RawComponent.Accept;
    private static readonly XNamespace Errors = "urn:ietf:params:xml:ns:xmpp-stanzas";
    private static readonly XNamespace Items = "http://jabber.org/protocol/disco#items";

    private HubHost Hub => fixture.Hub;

    [Fact]
    public async Task Stanzas_go_both_ways_and_to_domains_below()
    {
        await using var component = await RawComponent.ConnectAsync(Hub.Server.Component!, "both.hub.test", Secret);
        await using var alice = await LoginAsync("alice1");
        await alice.SendAsync("<message to='somebody@both.hub.test/x' type='chat' id='m1'><body>there</body></message>");
        var there = await component.ReadAsync();
        Assert.Equal(Accept + "message", there.Name);
        Assert.Equal(alice.Jid, (string?)there.Attribute("from"));
        Assert.Equal("there", there.Element(Accept + "body")?.Value);

        await component.SendAsync($"<message from='room@deep.both.hub.test/nick' to='{alice.Jid}' type='chat' id='m2'><body>back</body></message>");
        var back = await alice.ReadAsync();
        Assert.Equal("room@deep.both.hub.test/nick", (string?)back.Attribute("from"));
        Assert.Equal("back", back.Element(Client + "body")?.Value);

        await alice.SendAsync("<iq to='room@deep.both.hub.test' type='get' id='q1'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Equal("q1", (string?)(await component.ReadAsync()).Attribute("id"));
    }

    /// <summary>A peer may spell its own namespace out, or use prefixes: within the hub and for its clients all is jabber:client.</summary>
    [Theory]
    [InlineData("<message xmlns='jabber:component:accept' from='both.hub.test' to='{0}' id='n'><body xmlns='jabber:component:accept'>x</body></message>")]
    [InlineData("<c:message xmlns:c='jabber:component:accept' from='both.hub.test' to='{0}' id='n'><c:body>x</c:body></c:message>")]
    public async Task The_namespace_of_the_stream_does_not_get_through(string message)
    {
        await using var component = await RawComponent.ConnectAsync(Hub.Server.Component!, "both.hub.test", Secret);
        await using var alice = await LoginAsync("alice2");
        await component.SendAsync(message.Replace("{0}", alice.Jid, StringComparison.Ordinal));
        var got = await alice.ReadAsync();
        Assert.Equal(Client + "message", got.Name);
        Assert.Equal("x", got.Element(Client + "body")?.Value);
    }

    [Fact]
    public async Task Only_who_is_there_stands_among_the_services_and_who_is_away_is_told_of()
    {
        await using var alice = await LoginAsync("alice3");
        Assert.DoesNotContain("seen.hub.test", await ServicesAsync(alice));
        await alice.SendAsync("<iq to='seen.hub.test' type='get' id='away'><ping xmlns='urn:xmpp:ping'/></iq>");
        var error = await alice.ReadAsync();
        Assert.Equal("error", (string?)error.Attribute("type"));
        Assert.Equal("wait", (string?)error.Element(Client + "error")?.Attribute("type"));
        Assert.NotNull(error.Element(Client + "error")?.Element(Errors + "service-unavailable"));

        var component = await RawComponent.ConnectAsync(Hub.Server.Component!, "seen.hub.test", Secret);
        Assert.Contains("seen.hub.test", await ServicesAsync(alice));
        await component.CloseAsync();
        await Wait.UntilAsync(() => !Hub.Server.Hub.ConnectedComponents.Any(c => c.Domain == "seen.hub.test"));
        Assert.DoesNotContain("seen.hub.test", await ServicesAsync(alice));
    }

    [Fact]
    public async Task Who_connects_again_takes_the_place()
    {
        await using var first = await RawComponent.ConnectAsync(Hub.Server.Component!, "again.hub.test", Secret);
        await using var second = await RawComponent.ConnectAsync(Hub.Server.Component!, "again.hub.test", Secret);
        Assert.NotNull((await first.ReadAsync()).Elements().FirstOrDefault(e => e.Name.LocalName == "conflict"));
        await using var alice = await LoginAsync("alice4");
        await alice.SendAsync("<message to='again.hub.test' id='m'><body>to the second</body></message>");
        Assert.Equal("m", (string?)(await second.ReadAsync()).Attribute("id"));
    }

    /// <summary>What a component may not do, and the stream error that it earns; before the handshake, or after it.</summary>
    [Theory]
    [InlineData(false, "<message from='bad.hub.test' to='alice@hub.test'/>", "not-authorized")]
    [InlineData(false, "<handshake>00</handshake>", "not-authorized")]
    [InlineData(false, "<handshake/>", "not-authorized")]
    [InlineData(false, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>", "not-authorized")]
    [InlineData(false, "<!DOCTYPE x>", "restricted-xml")]
    [InlineData(false, "<x></y>", "not-well-formed")]
    [InlineData(true, "<message from='alice@hub.test' to='bob@hub.test'/>", "invalid-from")]
    [InlineData(true, "<message from='hub.test' to='bob@hub.test'/>", "invalid-from")]
    [InlineData(true, "<message from='pubsub.hub.test' to='bob@hub.test'/>", "invalid-from")]
    [InlineData(true, "<message from='other.example' to='bob@hub.test'/>", "invalid-from")]
    [InlineData(true, "<message from='notbad.hub.test' to='bob@hub.test'/>", "invalid-from")]
    [InlineData(true, "<message from='x@y@bad.hub.test' to='bob@hub.test'/>", "invalid-from")]
    [InlineData(true, "<message to='bob@hub.test'/>", "improper-addressing")]
    [InlineData(true, "<message from='bad.hub.test'/>", "improper-addressing")]
    [InlineData(true, "<handshake/>", "unsupported-stanza-type")]
    [InlineData(true, "<!-- a -->", "restricted-xml")]
    [InlineData(true, "text", "bad-format")]
    public async Task What_may_not_be_ends_the_stream(bool authenticated, string bytes, string condition)
    {
        await using var component = authenticated
            ? await RawComponent.ConnectAsync(Hub.Server.Component!, "bad.hub.test", Secret)
            : (await RawComponent.OpenAsync(Hub.Server.Component!, "bad.hub.test")).Client;
        await component.SendAsync(bytes);
        var error = await component.ReadAsync();
        Assert.Equal(RawClient.Streams + "error", error.Name);
        Assert.Equal(condition, error.Elements().First().Name.LocalName);
        Assert.IsType<StreamEvent.Closed>(await component.NextAsync());
        Assert.IsType<StreamEvent.Ended>(await component.NextAsync());
    }

    [Theory]
    [InlineData("hub.test", "jabber:component:accept", "host-unknown")]
    [InlineData("pubsub.hub.test", "jabber:component:accept", "host-unknown")]
    [InlineData("deep.bad.hub.test", "jabber:component:accept", "host-unknown")]
    [InlineData("bad.hub.test", "jabber:client", "invalid-namespace")]
    [InlineData("bad.hub.test", "jabber:server", "invalid-namespace")]
    [InlineData("x@bad.hub.test", "jabber:component:accept", "improper-addressing")]
    public async Task A_wrong_header_is_answered_with_a_header_and_the_error(string to, string ns, string condition)
    {
        var (client, answer) = await RawComponent.OpenAsync(Hub.Server.Component!, to, ns: ns);
        await using var component = client;
        Assert.IsType<StreamEvent.Opened>(answer);
        Assert.Equal(condition, (await component.ReadAsync()).Elements().First().Name.LocalName);
    }

    [Fact]
    public async Task An_address_that_is_none_comes_back()
    {
        await using var component = await RawComponent.ConnectAsync(Hub.Server.Component!, "both.hub.test", Secret);
        await component.SendAsync("<iq type='get' id='q' from='both.hub.test' to='@hub.test'><ping xmlns='urn:xmpp:ping'/></iq>");
        var error = await component.ReadAsync();
        Assert.Equal("q", (string?)error.Attribute("id"));
        Assert.NotNull(error.Element(Accept + "error")?.Element(Errors + "jid-malformed"));
    }

    /// <summary>A component that does not read is let go at a bound; what comes then is answered, and the hub goes on.</summary>
    [Fact]
    public async Task A_component_that_does_not_read_is_let_go()
    {
        await using var component = await RawComponent.ConnectAsync(Hub.Server.Component!, "slow.hub.test", Secret);
        await using var alice = await LoginAsync("alice5");
        var text = new string('x', 60_000);
        for (var i = 0; i < 400 && Hub.Server.Hub.ConnectedComponents.Any(c => c.Domain == "slow.hub.test"); i++)
        {
            await alice.SendAsync($"<message to='slow.hub.test' id='m{i}'><body>{text}</body></message>");
        }

        await Wait.UntilAsync(() => !Hub.Server.Hub.ConnectedComponents.Any(c => c.Domain == "slow.hub.test"));
        await alice.SendAsync("<message to='slow.hub.test' id='last'/>");
        await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "last" && (string?)e.Attribute("type") == "error");
    }

    [Fact]
    public async Task A_gateway_is_subscribed_to_as_a_contact()
    {
        await using var component = await RawComponent.ConnectAsync(Hub.Server.Component!, "gate.hub.test", Secret);
        await using var alice = await LoginAsync("alice6");
        await alice.SendAsync("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
        await alice.SendAsync("<presence type='subscribe' to='gate.hub.test'/>");
        var request = await component.ReadAsync();
        Assert.Equal("subscribe", (string?)request.Attribute("type"));
        var account = alice.Jid.Split('/')[0];
        Assert.Equal(account, (string?)request.Attribute("from"));
        await component.SendAsync($"<presence type='subscribed' from='gate.hub.test' to='{account}'/><presence type='subscribe' from='gate.hub.test' to='{account}'/><presence from='gate.hub.test' to='{account}'/>");
        await alice.ReadUntilAsync(e => e.Name == Client + "presence" && (string?)e.Attribute("from") == "gate.hub.test" && e.Attribute("type") is null);
        await alice.SendAsync("<presence type='subscribed' to='gate.hub.test'/>");
        Assert.Equal("subscribed", (string?)(await component.ReadAsync()).Attribute("type"));
        var presence = await component.ReadAsync();
        Assert.Equal(alice.Jid, (string?)presence.Attribute("from"));
        Assert.Null(presence.Attribute("type"));
        alice.Cut();
        Assert.Equal("unavailable", (string?)(await component.ReadAsync()).Attribute("type"));
    }

    private static async Task<IReadOnlyList<string>> ServicesAsync(RawClient client)
    {
        var id = client.NewId();
        await client.SendAsync($"<iq to='hub.test' type='get' id='{id}'><query xmlns='{Items}'/></iq>");
        var answer = await client.ReadUntilAsync(e => (string?)e.Attribute("id") == id);
        return [.. answer.Elements(Items + "query").Elements(Items + "item").Select(i => (string)i.Attribute("jid")!)];
    }

    private async Task<RawClient> LoginAsync(string account)
    {
        account += Guid.NewGuid().ToString("N")[..6];
        await Hub.AddAccountAsync(account, account);
        var client = await RawClient.ConnectAsync(Hub.Plain, account);
        await client.LoginAsync("hub.test", account, account);
        return client;
    }

    /// <summary>A hub with components.</summary>
    public sealed class ComponentHub : IAsyncLifetime
    {
        private static readonly string[] Domains = ["both", "seen", "again", "bad", "slow", "gate"];

        /// <summary>The hub.</summary>
        public HubHost Hub { get; private set; } = null!;

        /// <inheritdoc/>
        public async ValueTask InitializeAsync() => Hub = await HubHost.StartAsync(
            $$"""
            { "Security": { "LoginThrottle": { "Enabled": false } }, "Listen": { "Component": "127.0.0.1:0" }, "Xmpp": { "OutboundQueueBytes": 200000 },
              "Components": [ {{string.Join(", ", Domains.Select(d => $$"""{ "Jid": "{{d}}.hub.test", "Secret": "{{Secret}}" }"""))}} ] }
            """);

        /// <inheritdoc/>
        public ValueTask DisposeAsync() => Hub.DisposeAsync();
    }
}
