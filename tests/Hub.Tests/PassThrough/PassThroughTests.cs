using System.Text;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.PassThrough;

/// <summary>What clients say to each other comes as it was sent, byte for byte, whichever way it goes: RFC 3923, OMEMO (XEP-0384), OX (XEP-0373), and forms of XML that a relay could write otherwise.</summary>
public sealed class PassThroughTests(PassThroughHub hub) : IClassFixture<PassThroughHub>
{
    private static int s_markers;

    public static TheoryData<string> Names() => [.. Payloads.All.Keys];

    public static TheoryData<string, string, string> Transports()
    {
        var rows = new TheoryData<string, string, string>();
        string[] all = ["tcp", "websocket", "bosh"];
        foreach (string name in Payloads.All.Keys)
        {
            foreach ((string from, string to) in all.SelectMany(f => all.Select(t => (f, t))))
            {
                rows.Add(name, from, to);
            }
        }

        return rows;
    }

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task From_any_transport_to_any(string name, string from, string to)
    {
        await using ByteClient alice = await hub.OverAsync(from);
        await using ByteClient bob = await hub.OverAsync(to);
        (string payload, string marker) = Make(name);
        await alice.SendAsync($"<message to='{bob.Jid}' type='chat'>{payload}</message>");
        Check(payload, await bob.ReadAsync(marker));
        (payload, marker) = Make(name);
        await alice.SendAsync($"<presence to='{bob.Jid}'>{payload}</presence>");
        Check(payload, await bob.ReadAsync(marker));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Requests_and_answers(string name)
    {
        await using TcpBytes alice = await hub.TcpAsync();
        await using TcpBytes bob = await hub.TcpAsync();
        string payload = Payloads.All[name];
        await alice.SendAsync($"<iq to='{bob.Jid}' type='set' id='one'>{payload}</iq>");
        await bob.Client.ReadUntilAsync(e => (string?)e.Attribute("id") == "one");
        Check(payload, bob.Received);
        await bob.SendAsync($"<iq to='{alice.Jid}' type='result' id='one'>{payload}</iq>");
        await alice.Client.ReadUntilAsync(e => (string?)e.Attribute("id") == "one");
        Check(payload, alice.Received);
    }

    /// <summary>With a text beside it, so that it is a message for people: stored, archived, copied.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public async Task Offline_then_from_the_archive(string name)
    {
        await using TcpBytes alice = await hub.TcpAsync();
        string bob = await hub.AccountAsync();
        (string payload, string marker) = Make(name);
        await alice.SendAsync($"<message to='{bob}@hub.test' type='chat'><body>fallback</body>{payload}</message>");
        await alice.Client.PingAsync();
        await using (TcpBytes late = await TcpBytes.LoginAsync(hub.Hub.Plain, "hub.test", bob))
        {
            await late.SendAsync("<presence/>");
            Check(payload, await late.ReadAsync(marker));
        }

        await using TcpBytes again = await TcpBytes.LoginAsync(hub.Hub.Plain, "hub.test", bob);
        await again.SendAsync("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>");
        Check(payload, await again.ReadAsync(marker));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Carbons_of_both_directions(string name)
    {
        await using TcpBytes alice = await hub.TcpAsync();
        await using TcpBytes bob = await hub.TcpAsync();
        TcpBytes[] seconds = [await SecondAsync(alice), await SecondAsync(bob)];
        (string payload, string marker) = Make(name);
        await alice.SendAsync($"<message to='{bob.Jid}' type='chat'><body>fallback</body>{payload}</message>");
        foreach (TcpBytes second in seconds)
        {
            byte[] received = await second.ReadAsync(marker);
            Check("xmlns='urn:xmpp:carbons:2'", received);
            Check(payload, received);
            await second.DisposeAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Over_other_servers_and_back(string name)
    {
        await using TcpBytes alice = await hub.TcpAsync();
        await using TcpBytes carol = await hub.TcpAsync(hub.Pair.Peer);
        (string payload, string marker) = Make(name);
        await alice.SendAsync($"<message to='{carol.Jid}' type='chat'>{payload}</message>");
        Check(payload, await carol.ReadAsync(marker));
        (payload, marker) = Make(name);
        await carol.SendAsync($"<message to='{alice.Jid}' type='chat'>{payload}</message>");
        Check(payload, await alice.ReadAsync(marker));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task From_components(string name)
    {
        await using TcpBytes alice = await hub.TcpAsync();
        await using RawClient gate = await hub.ComponentAsync();
        (string payload, string marker) = Make(name);
        await gate.SendAsync($"<message from='gate.hub.test' to='{alice.Jid}'>{payload}</message>");
        Check(payload, await alice.ReadAsync(marker));
    }

    /// <summary>A peer that spells its namespace out costs nothing where it does so in the start tag of the stanza; further in, the form and not the text.</summary>
    [Theory]
    [InlineData("<message xmlns='jabber:component:accept' {0}><body>é&#x41;</body><x xmlns='urn:x'><![CDATA[ a\r\n]]></x></message>", "<body>é&#x41;</body><x xmlns='urn:x'><![CDATA[ a\r\n]]></x>", true)]
    [InlineData("<message {0} xmlns=\"jabber:component:accept\"><x xmlns='urn:x'><![CDATA[xmlns='jabber:component:accept']]></x></message>", "<x xmlns='urn:x'><![CDATA[xmlns='jabber:component:accept']]></x>", true)]
    [InlineData("<message {0}><x xmlns='urn:x' a='xmlns=jabber:component:accept'/></message>", "<x xmlns='urn:x' a='xmlns=jabber:component:accept'/>", true)]
    [InlineData("<message {0}><body xmlns='jabber:component:accept'>é</body></message>", "<body>é</body>", false)]
    [InlineData("<c:message xmlns:c='jabber:component:accept' {0}><c:body>é</c:body></c:message>", "<body>é</body>", false)]
    public async Task From_components_that_spell_their_namespace_out(string message, string expected, bool asItIs)
    {
        await using TcpBytes alice = await hub.TcpAsync();
        await using RawClient gate = await hub.ComponentAsync();
        await gate.SendAsync(message.Replace("{0}", $"from='gate.hub.test' to='{alice.Jid}' id='spelled'", StringComparison.Ordinal));
        System.Xml.Linq.XElement got = await alice.Client.ReadUntilAsync(e => (string?)e.Attribute("id") == "spelled");
        Assert.Equal(RawClient.Client + "message", got.Name);
        if (asItIs)
        {
            Check(expected, alice.Received);
        }
        else
        {
            Assert.Equal("é", got.Element(RawClient.Client + "body")?.Value);
        }

        Assert.DoesNotContain("xmlns=\"jabber:component:accept\"", got.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Items_of_nodes(string name)
    {
        await using TcpBytes alice = await hub.TcpAsync();
        await using TcpBytes bob = await hub.TcpAsync();
        // An item has one payload (XEP-0060 §7.1.3.6).
        string payload = "<sealed xmlns='urn:test:sealed'>" + Payloads.All[name] + "<marker n='" + (++s_markers) + "'/></sealed>";
        string node = "sealed-" + alice.Jid.Split('@')[0];
        await alice.SendAsync($"<iq to='pubsub.hub.test' type='set' id='c'><pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='{node}'/></pubsub></iq>");
        await alice.Client.ReadUntilAsync(e => (string?)e.Attribute("id") == "c");
        await bob.SendAsync($"<iq to='pubsub.hub.test' type='set' id='s'><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='{node}' jid='{bob.Jid}'/></pubsub></iq>");
        await bob.Client.ReadUntilAsync(e => (string?)e.Attribute("id") == "s");
        await alice.SendAsync($"<iq to='pubsub.hub.test' type='set' id='p'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{node}'><item id='1'>{payload}</item></publish></pubsub></iq>");
        await alice.Client.ReadUntilAsync(e => (string?)e.Attribute("id") == "p");
        Check(payload, await bob.ReadAsync("</sealed>"));
        await using TcpBytes reader = await hub.TcpAsync();
        await reader.SendAsync($"<iq to='pubsub.hub.test' type='get' id='i'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub></iq>");
        Check(payload, await reader.ReadAsync("</sealed>"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_waits_for_a_lost_stream(string name)
    {
        await using TcpBytes alice = await hub.TcpAsync();
        string bob = await hub.AccountAsync();
        TcpBytes lost = await TcpBytes.LoginAsync(hub.Hub.Plain, "hub.test", bob);
        await lost.SendAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        string id = (string)(await lost.Client.ReadUntilAsync(e => e.Name.LocalName == "enabled")).Attribute("id")!;
        await lost.DisposeAsync();
        (string payload, string marker) = Make(name);
        await alice.SendAsync($"<message to='{lost.Jid}' type='chat'>{payload}</message>");
        await alice.Client.PingAsync();
        var resumed = await RawClient.ConnectAsync(hub.Hub.Plain, bob);
        await resumed.OpenStreamAsync("hub.test");
        await resumed.AuthenticateAsync(bob, bob);
        await resumed.OpenStreamAsync("hub.test");
        await resumed.SendAsync($"<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>");
        await resumed.ReadUntilAsync(e => e.ToString().Contains(marker.Replace('\'', '"'), StringComparison.Ordinal));
        await resumed.DisposeAsync();
    }

    /// <summary>
    /// What the hub does write anew: an element whose prefix the client has declared in its start tag of the stream, which nobody else would understand. Then quotes, CDATA and references may change;
    /// the text, which is what is signed (RFC 3923 §6), does not.
    /// </summary>
    [Fact]
    public async Task A_prefix_of_the_stream_costs_the_form_and_not_the_text()
    {
        await using TcpBytes bob = await hub.TcpAsync();
        string account = await hub.AccountAsync();
        await using RawClient alice = await RawClient.ConnectAsync(hub.Hub.Plain, account);
        await alice.LoginAsync("hub.test", account, account);
        await alice.SendAsync($"<message to='{bob.Jid}' type='chat' id='m'><stream:x><![CDATA[ a\r\n<&]]>\t&#13;é </stream:x></message>");
        System.Xml.Linq.XElement message = await bob.Client.ReadUntilAsync(e => (string?)e.Attribute("id") == "m");
        Assert.Equal(" a\n<&\t\ré ", message.Element(RawClient.Streams + "x")?.Value);
    }

    private static (string Payload, string Marker) Make(string name)
    {
        string marker = $"n='{Interlocked.Increment(ref s_markers)}'";
        return (Payloads.All[name] + $"<marker xmlns='urn:test:marker' {marker}/>", marker);
    }

    private static void Check(string expected, byte[] received) => Assert.True(
        received.AsSpan().IndexOf(Encoding.UTF8.GetBytes(expected)) >= 0, $"not as it was sent:\n{expected}\n{Encoding.UTF8.GetString(received.AsSpan(Math.Max(0, received.Length - expected.Length - 1500)))}");

    private async Task<TcpBytes> SecondAsync(TcpBytes first)
    {
        string account = first.Jid.Split('@')[0];
        var second = await TcpBytes.LoginAsync(hub.Hub.Plain, "hub.test", account, "second");
        await second.SendAsync("<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
        await second.Client.ReadUntilAsync(e => (string?)e.Attribute("id") == "c");
        return second;
    }
}
