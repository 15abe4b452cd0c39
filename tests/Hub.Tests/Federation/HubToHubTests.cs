using System.Xml.Linq;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Federation;

/// <summary>Two hubs: what works within one works between two. The same for every way in which servers prove who they are.</summary>
public abstract class HubToHubTests(HubToHubTests.Fixture fixture)
{
    private static readonly XNamespace Client = RawClient.Client;
    private static readonly XNamespace Errors = "urn:ietf:params:xml:ns:xmpp-stanzas";
    private static readonly XNamespace Roster = "jabber:iq:roster";
    private static readonly XNamespace PubSub = "http://jabber.org/protocol/pubsub";
    private static readonly XNamespace Event = "http://jabber.org/protocol/pubsub#event";

    private HubPair Pair => fixture.Pair;

    [Fact]
    public async Task Messages_go_both_ways_in_order()
    {
        await using var alice = await HubPair.LoginAsync(Pair.Hub, "alice");
        await using var bob = await HubPair.LoginAsync(Pair.Peer, "bob");
        await alice.SendAsync(string.Concat(Enumerable.Range(0, 50).Select(i => $"<message to='{bob.Jid}' type='chat' id='a{i}' xml:lang='de'><body>Gr\u00fc\u00dfe &amp; &lt;{i}&gt;</body></message>")));
        for (var i = 0; i < 50; i++)
        {
            var message = await bob.ReadAsync();
            Assert.Equal(Client + "message", message.Name);
            Assert.Equal(($"a{i}", alice.Jid, $"Gr\u00fc\u00dfe & <{i}>"), ((string?)message.Attribute("id"), (string?)message.Attribute("from"), message.Element(Client + "body")?.Value));
            Assert.Equal("de", (string?)message.Attribute(XNamespace.Xml + "lang"));
        }

        await bob.SendAsync($"<message to='{alice.Jid}' type='chat' id='b'><body>back</body></message>");
        Assert.Equal("b", (string?)(await alice.ReadAsync()).Attribute("id"));
    }

    [Fact]
    public async Task Who_is_not_there_is_told_of_by_his_server()
    {
        await using var alice = await HubPair.LoginAsync(Pair.Hub, "alice");
        await alice.SendAsync("<iq to='nobody@peer.test/x' type='get' id='q1'><ping xmlns='urn:xmpp:ping'/></iq>");
        var error = await alice.ReadAsync();
        Assert.Equal(("q1", "error", "nobody@peer.test/x"), ((string?)error.Attribute("id"), (string?)error.Attribute("type"), (string?)error.Attribute("from")));
        Assert.NotNull(error.Element(Client + "error")?.Element(Errors + "service-unavailable"));
    }

    [Theory]
    [InlineData("peer.test", "<ping xmlns='urn:xmpp:ping'/>")]
    [InlineData("peer.test", "<query xmlns='jabber:iq:version'/>")]
    [InlineData("peer.test", "<query xmlns='http://jabber.org/protocol/disco#items'/>")]
    [InlineData("pubsub.peer.test", "<query xmlns='http://jabber.org/protocol/disco#info'/>")]
    public async Task A_server_and_its_services_answer(string to, string payload)
    {
        await using var alice = await HubPair.LoginAsync(Pair.Hub, "alice");
        await alice.SendAsync($"<iq to='{to}' type='get' id='q'>{payload}</iq>");
        var answer = await alice.ReadAsync();
        Assert.Equal(("q", "result", to), ((string?)answer.Attribute("id"), (string?)answer.Attribute("type"), (string?)answer.Attribute("from")));
    }

    [Fact]
    public async Task A_request_to_a_client_is_answered_by_it()
    {
        await using var alice = await HubPair.LoginAsync(Pair.Hub, "alice");
        await using var bob = await HubPair.LoginAsync(Pair.Peer, "bob");
        await alice.SendAsync($"<iq to='{bob.Jid}' type='get' id='v'><query xmlns='jabber:iq:version'/></iq>");
        var request = await bob.ReadAsync();
        Assert.Equal(alice.Jid, (string?)request.Attribute("from"));
        await bob.SendAsync($"<iq to='{alice.Jid}' type='result' id='v'><query xmlns='jabber:iq:version'><name>x</name></query></iq>");
        Assert.Equal("result", (string?)(await alice.ReadAsync()).Attribute("type"));
    }

    [Fact]
    public async Task Presence_is_subscribed_to_seen_and_taken_back()
    {
        await using var alice = await HubPair.LoginAsync(Pair.Hub, "alice");
        await using var bob = await HubPair.LoginAsync(Pair.Peer, "bob");
        var (a, b) = (alice.Jid.Split('/')[0], bob.Jid.Split('/')[0]);
        foreach (var client in new[] { alice, bob })
        {
            await client.SendAsync("<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>");
            await client.ReadUntilAsync(e => IsPresence(e, client.Jid, null));
        }

        await alice.SendAsync($"<presence type='subscribe' to='{b}' id='s1'><status>please</status></presence>");
        await alice.ReadUntilAsync(e => IsPush(e, b, "none", "subscribe"));
        var request = await bob.ReadUntilAsync(e => IsPresence(e, a, "subscribe"));
        Assert.Equal("please", request.Element(Client + "status")?.Value);
        await bob.SendAsync($"<presence type='subscribed' to='{a}'/>");
        await bob.ReadUntilAsync(e => IsPush(e, a, "from", null));
        // The push, the answer and the presence of who has approved.
        await alice.ReadUntilAsync(e => IsPush(e, b, "to", null) || IsPresence(e, b, "subscribed"));
        await alice.ReadUntilAsync(e => IsPresence(e, bob.Jid, null));

        await bob.SendAsync($"<presence type='subscribe' to='{a}'/>");
        await alice.ReadUntilAsync(e => IsPresence(e, b, "subscribe"));
        await alice.SendAsync($"<presence type='subscribed' to='{b}'/>");
        await alice.ReadUntilAsync(e => IsPush(e, b, "both", null));
        await bob.ReadUntilAsync(e => IsPresence(e, alice.Jid, null));

        await alice.SendAsync("<presence><show>away</show></presence>");
        Assert.Equal("away", (await bob.ReadUntilAsync(e => IsPresence(e, alice.Jid, null))).Element(Client + "show")?.Value);

        // Who comes later sees who is there: the probe goes to the other server (RFC 6121 §4.3).
        await bob.SendAsync("<presence type='unavailable'/>");
        await alice.ReadUntilAsync(e => IsPresence(e, bob.Jid, "unavailable"));
        await bob.SendAsync("<presence/>");
        Assert.Equal("away", (await bob.ReadUntilAsync(e => IsPresence(e, alice.Jid, null))).Element(Client + "show")?.Value);

        // Gone without a word, and gone for good.
        alice.Cut();
        await bob.ReadUntilAsync(e => IsPresence(e, alice.Jid, "unavailable"));
        await bob.SendAsync($"<iq type='set' id='rm'><query xmlns='jabber:iq:roster'><item jid='{a}' subscription='remove'/></query></iq>");
        await bob.ReadUntilAsync(e => IsPush(e, a, "remove", null));
    }

    [Fact]
    public async Task A_node_is_subscribed_to_from_another_server()
    {
        await using var alice = await HubPair.LoginAsync(Pair.Hub, "alice");
        await using var bob = await HubPair.LoginAsync(Pair.Peer, "bob");
        var node = "n" + Guid.NewGuid().ToString("N")[..8];
        await bob.SendAsync($"<iq to='pubsub.peer.test' type='set' id='c'><pubsub xmlns='{PubSub}'><create node='{node}'/></pubsub></iq>");
        Assert.Equal("result", (string?)(await bob.ReadUntilAsync(e => (string?)e.Attribute("id") == "c")).Attribute("type"));
        await alice.SendAsync($"<iq to='pubsub.peer.test' type='set' id='s'><pubsub xmlns='{PubSub}'><subscribe node='{node}' jid='{alice.Jid}'/></pubsub></iq>");
        var subscription = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "s");
        Assert.Equal("subscribed", (string?)subscription.Element(PubSub + "pubsub")?.Element(PubSub + "subscription")?.Attribute("subscription"));
        await bob.SendAsync($"<iq to='pubsub.peer.test' type='set' id='p'><pubsub xmlns='{PubSub}'><publish node='{node}'><item id='i1'><x xmlns='urn:x'>7</x></item></publish></pubsub></iq>");
        var notice = await alice.ReadUntilAsync(e => e.Element(Event + "event") is not null);
        Assert.Equal("pubsub.peer.test", (string?)notice.Attribute("from"));
        Assert.Equal("7", notice.Descendants(XName.Get("x", "urn:x")).Single().Value);
    }

    [Fact]
    public async Task A_contact_on_another_server_hears_of_what_its_client_is_interested_in()
    {
        await using var alice = await HubPair.LoginAsync(Pair.Hub, "alice");
        await using var bob = await HubPair.LoginAsync(Pair.Peer, "bob");
        var (a, b) = (alice.Jid.Split('/')[0], bob.Jid.Split('/')[0]);
        await alice.SendAsync("<presence/>");
        await alice.ReadUntilAsync(e => IsPresence(e, alice.Jid, null));
        await bob.SendAsync("<presence/>");
        await bob.ReadUntilAsync(e => IsPresence(e, bob.Jid, null));
        foreach (var (one, other, name) in new[] { (alice, bob, b), (bob, alice, a) })
        {
            await one.SendAsync($"<presence type='subscribe' to='{name}'/>");
            await other.ReadUntilAsync(e => IsPresence(e, one.Jid.Split('/')[0], "subscribe"));
            await other.SendAsync($"<presence type='subscribed' to='{one.Jid.Split('/')[0]}'/>");
            await one.ReadUntilAsync(e => IsPresence(e, other.Jid, null));
        }

        await PublishAsync(alice, "urn:example:mood", "before");
        // Both servers ask the client what it is: its own, and the one whose account it sees.
        var caps = $"<c xmlns='http://jabber.org/protocol/caps' hash='sha-1' node='urn:example:{alice.Jid}' ver='HPnG8c/DUAgfgsyWRGNNYAGtvMA='/>";
        await bob.SendAsync($"<presence>{caps}</presence>");
        var asked = new HashSet<string>();
        while (asked.Count < 2)
        {
            var ask = await bob.ReadUntilAsync(e => e.Name == Client + "iq" && (string?)e.Attribute("type") == "get");
            asked.Add((string)ask.Attribute("from")!);
            await bob.SendAsync($"<iq type='result' to='{ask.Attribute("from")!.Value}' id='{ask.Attribute("id")!.Value}'><query xmlns='http://jabber.org/protocol/disco#info' node='urn:example:{alice.Jid}#HPnG8c/DUAgfgsyWRGNNYAGtvMA='><identity category='client' type='pc' name='Test'/><feature var='http://jabber.org/protocol/disco#info'/><feature var='urn:example:mood+notify'/></query></iq>");
        }

        Assert.Equal([a, b], asked.Order());
        Assert.Equal("before", await HearAsync(bob));
        await PublishAsync(alice, "urn:example:tune", "never heard");
        await PublishAsync(alice, "urn:example:mood", "after");
        Assert.Equal("after", await HearAsync(bob));

        // The kind of client is known now, and the last item is for who has come again.
        await bob.SendAsync("<presence type='unavailable'/>");
        await alice.ReadUntilAsync(e => IsPresence(e, bob.Jid, "unavailable"));
        await PublishAsync(alice, "urn:example:mood", "unheard");
        await bob.SendAsync($"<presence>{caps}</presence>");
        Assert.Equal("unheard", await HearAsync(bob));

        // Whom the account has taken its presence from hears nothing more.
        await alice.SendAsync($"<presence type='unsubscribed' to='{b}'/>");
        await bob.ReadUntilAsync(e => IsPresence(e, a, "unsubscribed"));
        await PublishAsync(alice, "urn:example:mood", "secret");
        await alice.SendAsync($"<message to='{bob.Jid}' id='last'/>");
        var next = await bob.ReadUntilAsync(e => e.Name == Client + "message");
        Assert.Equal("last", (string?)next.Attribute("id"));
    }

    private static async Task PublishAsync(RawClient client, string node, string text)
    {
        var id = "p" + Guid.NewGuid().ToString("N")[..8];
        await client.SendAsync($"<iq type='set' id='{id}'><pubsub xmlns='{PubSub}'><publish node='{node}'><item id='current'><x xmlns='urn:x'>{text}</x></item></publish></pubsub></iq>");
        Assert.Equal("result", (string?)(await client.ReadUntilAsync(e => (string?)e.Attribute("id") == id)).Attribute("type"));
    }

    private static async Task<string> HearAsync(RawClient client) => (await client.ReadUntilAsync(e => e.Element(Event + "event") is not null)).Descendants(XName.Get("x", "urn:x")).Single().Value;

    private static bool IsPresence(XElement e, string from, string? type) => e.Name == Client + "presence" && (string?)e.Attribute("from") == from && (string?)e.Attribute("type") == type;

    private static bool IsPush(XElement e, string contact, string subscription, string? ask) => e.Name == Client + "iq" && (string?)e.Attribute("type") == "set"
        && e.Element(Roster + "query")?.Element(Roster + "item") is { } item && (string?)item.Attribute("jid") == contact
        && (string?)item.Attribute("subscription") == subscription && (string?)item.Attribute("ask") == ask;

    /// <summary>The two hubs.</summary>
    public abstract class Fixture(bool certificates, bool bidirectional, bool directTls) : IAsyncLifetime
    {
        /// <summary>The two hubs.</summary>
        public HubPair Pair { get; private set; } = null!;

        /// <inheritdoc/>
        public async ValueTask InitializeAsync() => Pair = await HubPair.StartAsync(certificates, bidirectional, directTls);

        /// <inheritdoc/>
        public ValueTask DisposeAsync() => Pair.DisposeAsync();
    }
}

/// <summary>By dialback over TLS, a stream for each direction.</summary>
public sealed class DialbackHubTests(DialbackHubTests.Pair fixture) : HubToHubTests(fixture), IClassFixture<DialbackHubTests.Pair>
{
    /// <summary>The hubs.</summary>
    public sealed class Pair() : Fixture(certificates: false, bidirectional: false, directTls: false);
}

/// <summary>By dialback over TLS, one stream for both directions.</summary>
public sealed class BidirectionalDialbackHubTests(BidirectionalDialbackHubTests.Pair fixture) : HubToHubTests(fixture), IClassFixture<BidirectionalDialbackHubTests.Pair>
{
    /// <summary>The hubs.</summary>
    public sealed class Pair() : Fixture(certificates: false, bidirectional: true, directTls: false);
}

/// <summary>By certificates and nothing else, a stream for each direction.</summary>
public sealed class CertificateHubTests(CertificateHubTests.Pair fixture) : HubToHubTests(fixture), IClassFixture<CertificateHubTests.Pair>
{
    /// <summary>The hubs.</summary>
    public sealed class Pair() : Fixture(certificates: true, bidirectional: false, directTls: false);
}

/// <summary>By certificates and direct TLS, one stream for both directions.</summary>
public sealed class DirectTlsHubTests(DirectTlsHubTests.Pair fixture) : HubToHubTests(fixture), IClassFixture<DirectTlsHubTests.Pair>
{
    /// <summary>The hubs.</summary>
    public sealed class Pair() : Fixture(certificates: true, bidirectional: true, directTls: true);
}
