using System.Xml.Linq;
using IotXmpp.Hub.Features.Presence;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Federation;

/// <summary>People of one hub in a room of another (XEP-0045 over RFC 6120 streams between servers).</summary>
public sealed class RoomsBetweenHubsTests : IAsyncLifetime
{
    private static readonly XNamespace Client = RawClient.Client;
    private static readonly XNamespace User = "http://jabber.org/protocol/muc#user";

    private HubPair pair = null!;

    public async ValueTask InitializeAsync() => pair = await HubPair.StartAsync(certificates: true, bidirectional: true);

    public ValueTask DisposeAsync() => pair.DisposeAsync();

    [Fact]
    public async Task Somebody_of_another_server_enters_speaks_is_answered_and_leaves()
    {
        await using var alice = await HubPair.LoginAsync(pair.Hub, "alice");
        await using var bob = await HubPair.LoginAsync(pair.Peer, "bob");
        var room = await OpenAsync(alice);
        await EnterAsync(bob, room, "Bob");
        var came = await alice.ReadUntilAsync(e => IsPresence(e, room + "/Bob", null));
        Assert.Equal(bob.Jid, (string?)came.Element(User + "x")?.Element(User + "item")?.Attribute("jid"));
        await bob.SendAsync($"<message to='{room}' type='groupchat' id='m1'><body>Gr\u00fc\u00dfe</body></message>");
        foreach (var client in new[] { alice, bob })
        {
            var heard = await client.ReadUntilAsync(e => (string?)e.Attribute("id") == "m1");
            Assert.Equal((room + "/Bob", "groupchat", "Gr\u00fc\u00dfe"), ((string?)heard.Attribute("from"), (string?)heard.Attribute("type"), heard.Element(Client + "body")?.Value));
        }

        await alice.SendAsync($"<message to='{room}/Bob' type='chat' id='m2'><body>psst</body></message>");
        Assert.Equal(room + "/Alice", (string?)(await bob.ReadUntilAsync(e => (string?)e.Attribute("id") == "m2")).Attribute("from"));
        await bob.SendAsync($"<iq type='set' id='q' to='{room}'><query xmlns='urn:xmpp:mam:2'/></iq>");
        var archived = await bob.ReadUntilAsync(e => e.Descendants(Client + "body").Any(b => b.Value == "Gr\u00fc\u00dfe"));
        Assert.Equal(room, (string?)archived.Attribute("from"));
        Assert.Empty(archived.Descendants(User + "item"));
        Assert.Equal("result", (string?)(await bob.ReadUntilAsync(e => (string?)e.Attribute("id") == "q")).Attribute("type"));
        bob.Cut();
        await alice.ReadUntilAsync(e => IsPresence(e, room + "/Bob", "unavailable"));
    }

    [Fact]
    public async Task Who_is_of_another_server_makes_no_rooms_unless_the_settings_say_so()
    {
        await using var bob = await HubPair.LoginAsync(pair.Peer, "bob");
        await bob.SendAsync("<presence to='mine@rooms.hub.test/Bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        var error = await bob.ReadUntilAsync(e => (string?)e.Attribute("type") == "error");
        Assert.Equal("not-allowed", error.Element(Client + "error")?.Elements().First().Name.LocalName);
    }

    [Fact]
    public async Task An_occupant_whose_server_knows_no_such_client_is_taken_out()
    {
        await using var alice = await HubPair.LoginAsync(pair.Hub, "alice");
        await using var bob = await HubPair.LoginAsync(pair.Peer, "bob");
        var room = await OpenAsync(alice);
        await EnterAsync(bob, room, "Bob");
        await alice.ReadUntilAsync(e => IsPresence(e, room + "/Bob", null));
        // As after a crash of his server: it has forgotten to whom he had directed presence, and his client.
        var sessions = pair.Peer.Server.Hub.Sessions;
        Assert.Single(sessions.All(), s => s.Jid.ToString() == bob.Jid).Get<DirectedPresence>()!.TakeAll();
        bob.Cut();
        await Wait.UntilAsync(() => sessions.All().All(s => s.Jid.ToString() != bob.Jid));
        await alice.SendAsync($"<message to='{room}' type='groupchat' id='m1'><body>still there?</body></message>");
        var gone = await alice.ReadUntilAsync(e => IsPresence(e, room + "/Bob", "unavailable"));
        Assert.Contains(gone.Descendants(User + "status"), s => (string?)s.Attribute("code") == "333");
    }

    private static async Task<string> OpenAsync(RawClient owner)
    {
        var room = "r" + Guid.NewGuid().ToString("N")[..8] + "@rooms.hub.test";
        await owner.SendAsync($"<presence to='{room}/Alice'><x xmlns='http://jabber.org/protocol/muc'/></presence><iq type='set' id='open' to='{room}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>");
        Assert.Equal("result", (string?)(await owner.ReadUntilAsync(e => (string?)e.Attribute("id") == "open")).Attribute("type"));
        return room;
    }

    private static async Task EnterAsync(RawClient client, string room, string nick)
    {
        await client.SendAsync($"<presence to='{room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await client.ReadUntilAsync(e => e.Name == Client + "message" && e.Element(Client + "subject") is not null);
    }

    private static bool IsPresence(XElement e, string from, string? type) => e.Name == Client + "presence" && (string?)e.Attribute("from") == from && (string?)e.Attribute("type") == type;
}
