using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Web;

/// <summary>The rules of BOSH one by one, over a clock that the test moves, and peers who break them.</summary>
public sealed class BoshTests : IAsyncLifetime
{
    private static readonly XNamespace HttpBind = BoshBridge.HttpBind;
    private static readonly XNamespace Xbosh = "urn:xmpp:xbosh";

    private readonly ManualTime time = new();
    private readonly HttpClient http = new() { Timeout = RawClient.DefaultWait };
    private HubHost hub = null!;

    public async ValueTask InitializeAsync()
    {
        hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Web": { "Origins": [ "https://good.test" ] }, "Xmpp": { "MaxUnauthenticatedPerAddress": 50, "NegotiationSeconds": 600 } }""", time);
        await hub.AddAccountAsync("alice", "secret");
        await hub.AddAccountAsync("bob", "secret");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await hub.DisposeAsync();
    }

    [Fact]
    public async Task Session_is_created_with_its_bounds()
    {
        var body = await PostAsync("<body rid='1573741820' to='hub.test' wait='600' hold='9' ver='1.6' ack='1' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh' xmlns='http://jabber.org/protocol/httpbind'/>");
        Assert.Equal("60", (string?)body.Attribute("wait"));
        Assert.Equal("1", (string?)body.Attribute("hold"));
        Assert.Equal("2", (string?)body.Attribute("requests"));
        Assert.Equal("1573741820", (string?)body.Attribute("ack"));
        Assert.Equal("60", (string?)body.Attribute("inactivity"));
        Assert.Equal("120", (string?)body.Attribute("maxpause"));
        Assert.Equal("true", (string?)body.Attribute(Xbosh + "restartlogic"));
        Assert.Equal(24, ((string)body.Attribute("sid")!).Length);
        Assert.Contains(body.Elements(), e => e.Name == RawClient.Streams + "features");
    }

    [Fact]
    public async Task Client_that_acknowledges_is_told_of_an_answer_that_it_should_have()
    {
        var created = await PostAsync("<body rid='10' to='hub.test' wait='60' hold='1' ver='1.6' ack='1' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh' xmlns='http://jabber.org/protocol/httpbind'/>");
        var sid = (string)created.Attribute("sid")!;
        Task<XElement> Ask(int rid, int ack) => PostAsync($"<body rid='{rid}' sid='{sid}' ack='{ack}' xmlns='http://jabber.org/protocol/httpbind'/>");
        var lost = Ask(11, 10);
        var held = Ask(12, 10);
        Assert.Null((await lost).Attribute("report"));
        time.Advance(TimeSpan.FromSeconds(6));
        var last = Ask(13, 10);
        var told = await held;
        Assert.Equal(("11", "6000"), ((string?)told.Attribute("report"), (string?)told.Attribute("time")));
        // It asks again, and is told no more when it has it.
        Assert.Null((await Ask(11, 10)).Attribute("report"));
        var next = Ask(14, 12);
        Assert.Null((await last).Attribute("report"));
        await PostAsync($"<body rid='15' sid='{sid}' type='terminate' xmlns='http://jabber.org/protocol/httpbind'/>");
        await next;
    }

    /// <summary>What is no request, or breaks a rule of the session's beginning.</summary>
    [Theory]
    [InlineData("", "bad-request")]
    [InlineData("hello", "bad-request")]
    [InlineData("<body", "bad-request")]
    [InlineData("<!DOCTYPE body><body rid='1' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='1' to='hub.test'/>", "bad-request")]
    [InlineData("<body to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='0' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='-5' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='9007199254740992' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='99999999999999999999999' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/>", "bad-request")]
    [InlineData("<body rid='1' sid='AAAAAAAAAAAAAAAAAAAAAAAA' xmlns='http://jabber.org/protocol/httpbind'/>", "item-not-found")]
    [InlineData("<body rid='1' xmlns='http://jabber.org/protocol/httpbind'/>", "improper-addressing")]
    [InlineData("<body rid='1' to='other.test' xmlns='http://jabber.org/protocol/httpbind'/>", "host-unknown")]
    [InlineData("<body rid='1' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'><message xmlns='jabber:client'/></body>", "remote-stream-error")]
    [InlineData("<body rid='1' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/><body/>", "bad-request")]
    [InlineData("<body rid='1' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'>text</body>", "bad-request")]
    public async Task Beginning_that_is_none(string request, string condition) => Ends(await PostAsync(request), condition);

    [Fact]
    public async Task Numbers_out_of_order_are_put_in_order()
    {
        var session = await BoundAsync();
        var second = session.SendAsync("<iq xmlns='jabber:client' type='get' id='two'><ping xmlns='urn:xmpp:ping'/></iq>", session.Rid + 1);
        var first = session.SendAsync("<iq xmlns='jabber:client' type='get' id='one'><ping xmlns='urn:xmpp:ping'/></iq>", session.Rid);
        session.Rid += 2;
        Assert.Equal("one", (string?)Assert.Single((await first).Elements()).Attribute("id"));
        Assert.Equal("two", (string?)Assert.Single((await second).Elements()).Attribute("id"));
    }

    [Fact]
    public async Task Answer_that_was_lost_is_sent_again_and_nothing_is_done_twice()
    {
        var alice = await BoundAsync();
        var bob = await BoundAsync("bob");
        var message = $"<message xmlns='jabber:client' to='{bob.Jid}' type='chat'><body>once</body></message><iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>";
        var answer = await alice.SendAsync(message);
        var again = await alice.SendAsync(message, alice.Rid - 1);
        Assert.Equal(answer.ToString(), again.ToString());
        var got = (await bob.SendAsync("<iq xmlns='jabber:client' type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>")).Elements().ToList();
        Assert.Single(got, e => e.Name == RawClient.Client + "message");
    }

    /// <summary>A client that gave up too early: both copies are under way at once, in whatever order they come to be worked off.</summary>
    [Fact]
    public async Task Request_that_comes_twice_at_once_is_worked_off_once()
    {
        var session = await BoundAsync();
        for (var i = 0; i < 50; i++)
        {
            var message = $"<message xmlns='jabber:client' to='{session.Jid}' type='headline' id='m{i}'/>";
            var one = session.SendAsync(message);
            var two = session.SendAsync(message, session.Rid - 1);
            var ids = new[] { await one, await two }.Select(body => (Type: (string?)body.Attribute("type"), Id: (string?)body.Elements().SingleOrDefault()?.Attribute("id"))).ToList();
            // Each copy gets the same answer, or the earlier one is told to come again.
            Assert.All(ids, answer => Assert.True(answer == (null, $"m{i}") || answer == ("error", null), answer.ToString()));
            Assert.Contains((null, $"m{i}"), ids);
        }
    }

    [Fact]
    public async Task Request_that_is_held_and_comes_again_gives_way()
    {
        var session = await BoundAsync();
        var held = await session.HoldAsync();
        var again = session.SendAsync("", session.Rid - 1);
        Assert.Equal("error", (string?)(await held).Attribute("type"));
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Null((await again).Attribute("type"));
    }

    [Fact]
    public async Task Request_is_held_until_its_time_is_over()
    {
        var session = await BoundAsync();
        var held = await session.HoldAsync();
        Assert.False(held.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Empty((await held).Elements());
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1_000_000)]
    [InlineData(-10)]
    public async Task Number_outside_of_the_window_ends_the_session(long offset)
    {
        var session = await BoundAsync();
        Ends(await session.SendAsync("", session.Rid + offset), "item-not-found");
        // The session ends by the other request, or has ended already.
        Assert.Contains((string?)(await session.SendAsync("")).Attribute("condition"), new[] { "other-request", "item-not-found" });
    }

    [Fact]
    public async Task Repeating_for_ever_ends_the_session()
    {
        var session = await BoundAsync();
        for (var i = 0; i < 20; i++)
        {
            Assert.Null((await session.SendAsync("", session.Rid - 1)).Attribute("type"));
        }

        Ends(await session.SendAsync("", session.Rid - 1), "policy-violation");
    }

    [Fact]
    public async Task Keys_are_a_sequence()
    {
        string[] keys = new string[6];
        keys[5] = "seed";
        for (var i = 4; i >= 0; i--)
        {
            keys[i] = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(keys[i + 1])));
        }

        var created = await PostAsync($"<body rid='10' to='hub.test' hold='0' wait='0' newkey='{keys[0]}' xmlns='http://jabber.org/protocol/httpbind'/>");
        var sid = (string)created.Attribute("sid")!;
        Assert.Null((await PostAsync($"<body rid='11' sid='{sid}' key='{keys[1]}' xmlns='http://jabber.org/protocol/httpbind'/>")).Attribute("type"));
        time.Advance(TimeSpan.FromSeconds(6));
        Ends(await PostAsync($"<body rid='11' sid='{sid}' key='stolen' xmlns='http://jabber.org/protocol/httpbind'/>"), "item-not-found");

        created = await PostAsync($"<body rid='10' to='hub.test' hold='0' wait='0' newkey='{keys[0]}' xmlns='http://jabber.org/protocol/httpbind'/>");
        Ends(await PostAsync($"<body rid='11' sid='{(string)created.Attribute("sid")!}' xmlns='http://jabber.org/protocol/httpbind'/>"), "item-not-found");
    }

    [Fact]
    public async Task Polling_too_often_ends_the_session()
    {
        var created = await PostAsync("<body rid='10' to='hub.test' hold='0' wait='0' xmlns='http://jabber.org/protocol/httpbind'/>");
        Assert.Equal("1", (string?)created.Attribute("requests"));
        Assert.Equal("5", (string?)created.Attribute("polling"));
        var sid = (string)created.Attribute("sid")!;
        Assert.Null((await PostAsync($"<body rid='11' sid='{sid}' xmlns='http://jabber.org/protocol/httpbind'/>")).Attribute("type"));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Null((await PostAsync($"<body rid='12' sid='{sid}' xmlns='http://jabber.org/protocol/httpbind'/>")).Attribute("type"));
        Ends(await PostAsync($"<body rid='13' sid='{sid}' xmlns='http://jabber.org/protocol/httpbind'/>"), "policy-violation");
    }

    [Fact]
    public async Task Silence_ends_the_session_and_a_pause_puts_that_off()
    {
        var session = await BoundAsync();
        Assert.Null((await session.SendAsync("", attributes: "pause='120'")).Attribute("type"));
        time.Advance(TimeSpan.FromSeconds(100));
        await session.SendAsync("<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>");
        Assert.Equal(1, hub.Server.Connections);
        time.Advance(TimeSpan.FromSeconds(62));
        await GoneAsync();
        Ends(await session.SendAsync(""), "item-not-found");
    }

    [Fact]
    public async Task Pause_longer_than_allowed_ends_the_session()
    {
        var session = await BoundAsync();
        Ends(await session.SendAsync("", attributes: "pause='121'"), "policy-violation");
    }

    [Fact]
    public async Task Session_that_was_lost_is_resumed_over_websocket()
    {
        var session = await BoundAsync();
        var enabled = Assert.Single((await session.SendAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")).Elements());
        time.Advance(TimeSpan.FromSeconds(62));
        await GoneAsync();
        await using var client = RawClient.Over(await WebSocketBridge.ConnectAsync(hub.Http!));
        await client.OpenStreamAsync("hub.test");
        Assert.Null(await client.AuthenticateAsync("alice", "secret"));
        await client.OpenStreamAsync("hub.test");
        await client.SendAsync($"<resume xmlns='urn:xmpp:sm:3' h='0' previd='{(string)enabled.Attribute("id")!}'/>");
        Assert.Equal("resumed", (await client.ReadAsync()).Name.LocalName);
    }

    [Fact]
    public async Task Terminate_says_what_it_carries_and_ends()
    {
        var session = await BoundAsync();
        var held = await session.HoldAsync();
        var end = await session.SendAsync("<presence xmlns='jabber:client' type='unavailable'/>", attributes: "type='terminate'");
        Assert.Equal("terminate", (string?)end.Attribute("type"));
        Assert.Null(end.Attribute("condition"));
        await held;
        await GoneAsync();
        Ends(await session.SendAsync(""), "item-not-found");
    }

    [Fact]
    public async Task Stream_error_is_told_in_the_body()
    {
        var session = await BoundAsync();
        var end = await session.SendAsync("<message xmlns='jabber:client' from='bob@hub.test'/>");
        Ends(end, "remote-stream-error");
        Assert.Contains(end.Elements(), e => e.Name == RawClient.Streams + "error" && e.Elements().First().Name.LocalName == "invalid-from");
    }

    [Fact]
    public async Task Stranger_may_have_few_sessions_and_send_little()
    {
        for (var i = 0; i < 50; i++)
        {
            Assert.NotNull((await PostAsync("<body rid='10' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/>")).Attribute("sid"));
        }

        Ends(await PostAsync("<body rid='10' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/>"), "remote-stream-error");
        Ends(await PostAsync($"<body rid='10' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'><x xmlns='urn:x'>{new string('x', 100_000)}</x></body>"), "policy-violation");
        using var huge = await http.PostAsync(Address, new StringContent(new string('x', 400_000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, huge.StatusCode);
    }

    [Fact]
    public async Task Large_stanza_of_a_known_client_goes_through()
    {
        var session = await BoundAsync();
        var got = await session.SendAsync($"<message xmlns='jabber:client' to='{session.Jid}' id='large'><body>{new string('x', 200_000)}</body></message>");
        Assert.Equal("large", (string?)Assert.Single(got.Elements()).Attribute("id"));
    }

    [Theory]
    [InlineData("https://evil.test", HttpStatusCode.Forbidden)]
    [InlineData("null", HttpStatusCode.Forbidden)]
    [InlineData("https://good.test", HttpStatusCode.OK)]
    public async Task Page_of_another_origin(string origin, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address) { Content = new StringContent("<body rid='10' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'/>") };
        request.Headers.Add("Origin", origin);
        using var answer = await http.SendAsync(request);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status == HttpStatusCode.OK, answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var allowed) && allowed.Single() == origin);
        using var ask = new HttpRequestMessage(HttpMethod.Options, Address);
        ask.Headers.Add("Origin", origin);
        using var preflight = await http.SendAsync(ask);
        Assert.Equal(status == HttpStatusCode.OK ? HttpStatusCode.NoContent : HttpStatusCode.Forbidden, preflight.StatusCode);
    }

    [Fact]
    public async Task Person_gets_a_page_and_other_methods_a_refusal()
    {
        using var page = await http.GetAsync(Address);
        Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
        Assert.Contains("BOSH", await page.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var put = await http.PutAsync(Address, new StringContent(""));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, put.StatusCode);
    }

    /// <summary>A page of the archive waits until what is before it has left: a request that has come already carries it, although its turn is after that page.</summary>
    [Fact]
    public async Task What_a_handler_waits_for_leaves_with_a_request_that_waits_for_its_turn()
    {
        var client = await BoundAsync();
        const string Page = "<query xmlns='urn:xmpp:mam:2'/>";
        var seen = new List<string>();
        var asked = client.SendAsync($"<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq><iq xmlns='jabber:client' type='set' id='q1'>{Page}</iq><iq xmlns='jabber:client' type='set' id='q2'>{Page}</iq><iq xmlns='jabber:client' type='set' id='q3'>{Page}</iq>");
        var answers = new Queue<Task<XElement>>([asked, client.SendAsync("<iq xmlns='jabber:client' type='get' id='after'><ping xmlns='urn:xmpp:ping'/></iq>")]);
        while (!seen.Contains("after"))
        {
            seen.AddRange((await answers.Dequeue()).Elements().Select(e => (string)e.Attribute("id")!));
            answers.Enqueue(client.SendAsync(""));
        }

        Assert.Equal(["p", "q1", "q2", "q3", "after"], seen);
    }

    private Uri Address => new($"http://{hub.Http}/http-bind");

    private static void Ends(XElement body, string condition) => Assert.Equal(("terminate", condition), ((string?)body.Attribute("type"), (string?)body.Attribute("condition")));

    // Until the hub has noticed, which it does every second of its own clock. That goes on meanwhile: what the client has got already, the hub may note only afterwards as the last it has said.
    private Task GoneAsync() => Wait.UntilAsync(async () =>
    {
        if (hub.Server.Connections == 0)
        {
            return true;
        }

        await Task.Delay(50);
        time.Advance(TimeSpan.FromSeconds(1));
        return false;
    });

    private async Task<XElement> PostAsync(string body)
    {
        using var answer = await http.PostAsync(Address, new StringContent(body, Encoding.UTF8, "text/xml"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return XElement.Parse(await answer.Content.ReadAsStringAsync());
    }

    private async Task<Client> BoundAsync(string account = "alice")
    {
        var created = await PostAsync("<body rid='100' to='hub.test' wait='60' hold='1' ver='1.6' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh' xmlns='http://jabber.org/protocol/httpbind'/>");
        var client = new Client(this, (string)created.Attribute("sid")!) { Rid = 101 };
        await client.SendAsync($"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{account}\0secret"))}</auth>");
        await client.SendAsync("", attributes: "xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'");
        var bound = await client.SendAsync("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
        client.Jid = bound.Descendants().Single(e => e.Name.LocalName == "jid").Value;
        return client;
    }

    private sealed class Client(BoshTests test, string sid)
    {
        public long Rid { get; set; }

        public string Jid { get; set; } = "";

        public Task<XElement> SendAsync(string content, long? rid = null, string attributes = "") =>
            test.PostAsync($"<body rid='{rid ?? Rid++}' sid='{sid}' {attributes} xmlns='http://jabber.org/protocol/httpbind'>{content}</body>");

        /// <summary>A request that the hub holds, for certain: it holds one at a time, so it has answered the one before because this one has come.</summary>
        public async Task<Task<XElement>> HoldAsync()
        {
            var before = SendAsync("");
            var held = SendAsync("");
            Assert.Empty((await before).Elements());
            return held;
        }
    }
}
