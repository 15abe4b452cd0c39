using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>What a room has told is durable: through a kill; and who is there when a hub stops in order is told so.</summary>
public sealed class RoomDurabilityTests
{
    private const string Room = "coven@rooms.hub.test";
    private const string Mam = "urn:xmpp:mam:2";

    private static readonly XNamespace User = "http://jabber.org/protocol/muc#user";

    [Fact]
    public async Task Kill_in_the_middle_of_a_discussion_loses_nothing_that_an_occupant_was_shown()
    {
        using var folder = new TempFolder("kill-room");
        var data = folder.File("data");
        await HubProcess.PrepareAsync(data, "alice", "bob");
        var shown = new List<string>();
        var hub = await HubProcess.StartAsync(data, "--Rooms:StanzaBurst", "100000");
        try
        {
            await using var alice = await hub.LoginAsync("alice");
            await using var bob = await hub.LoginAsync("bob");
            await EnterAsync(alice, "Alice");
            await alice.SendAsync($"<iq type='set' id='c' to='{Room}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_persistentroom'><value>1</value></field></x></query></iq>");
            await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "c");
            await alice.SendAsync($"<iq type='set' id='a' to='{Room}'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='admin' jid='bob@hub.test'/></query></iq>");
            await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == "a");
            await EnterAsync(bob, "Bob");
            var sent = 0;
            while (shown.Count < 300)
            {
                while (sent - shown.Count < 40)
                {
                    await alice.SendAsync($"<message to='{Room}' type='groupchat' id='m{sent}'><body>{sent}</body></message>");
                    sent++;
                }

                shown.Add((string)(await bob.ReadUntilAsync(e => e.Name.LocalName == "message" && e.Elements().Any(c => c.Name.LocalName == "body"))).Attribute("id")!);
            }

            Assert.Equal(Enumerable.Range(0, shown.Count).Select(i => $"m{i}"), shown); // in the order in which they were said
            await hub.Process.KillAsync();
        }
        finally
        {
            await hub.DisposeAsync();
        }

        await using var again = await HubProcess.StartAsync(data);
        await using var reader = await again.LoginAsync("bob");
        Assert.Empty(shown.Except(await ArchiveAsync(reader)));
        // He is an admin still, and enters as if nothing had been.
        await reader.SendAsync($"<presence to='{Room}/Bob'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        var self = await reader.ReadUntilAsync(e => e.Name.LocalName == "presence");
        Assert.Equal("admin", (string?)self.Descendants(User + "item").Single().Attribute("affiliation"));
        Assert.Equal(20, (await HistoryAsync(reader)).Count);
    }

    [Fact]
    public async Task Who_is_there_when_the_hub_stops_is_told_so()
    {
        var hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", "secret");
        await using var client = await RawClient.ConnectAsync(hub.Plain);
        await client.LoginAsync("hub.test", "alice", "secret");
        await EnterAsync(client, "Alice");
        var stop = hub.DisposeAsync().AsTask();
        var gone = await client.ReadUntilAsync(e => (string?)e.Attribute("type") == "unavailable");
        Assert.Equal(["332", "110"], gone.Descendants(User + "status").Select(s => (string?)s.Attribute("code")));
        await stop;
    }

    private static async Task EnterAsync(RawClient client, string nick)
    {
        await client.SendAsync($"<presence to='{Room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
        await client.ReadUntilAsync(e => e.Elements().Any(c => c.Name.LocalName == "subject"));
    }

    private static async Task<List<XElement>> HistoryAsync(RawClient client)
    {
        var messages = new List<XElement>();
        await client.ReadUntilAsync(e =>
        {
            if (e.Elements().Any(c => c.Name.LocalName == "body"))
            {
                messages.Add(e);
            }

            return e.Elements().Any(c => c.Name.LocalName == "subject");
        });
        return messages;
    }

    private static async Task<HashSet<string>> ArchiveAsync(RawClient client)
    {
        var found = new HashSet<string>();
        var after = "";
        while (true)
        {
            await client.SendAsync($"<iq type='set' id='q' to='{Room}'><query xmlns='{Mam}'><set xmlns='http://jabber.org/protocol/rsm'><max>200</max>{(after.Length > 0 ? $"<after>{after}</after>" : "")}</set></query></iq>");
            XElement answer;
            while ((string?)(answer = await client.ReadAsync()).Attribute("id") != "q")
            {
                found.Add((string)answer.Descendants(RawClient.Client + "message").Single(m => m.Attribute("type") is not null).Attribute("id")!);
            }

            var end = answer.Element(XName.Get("fin", Mam))!;
            if ((string?)end.Attribute("complete") == "true")
            {
                return found;
            }

            after = end.Descendants().Single(e => e.Name.LocalName == "last").Value;
        }
    }
}
