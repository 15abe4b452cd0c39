using System.Net;
using System.Net.Http.Headers;
using System.Xml.Linq;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Web;

/// <summary>Open nodes as Atom feeds over HTTP (RFC 4287, RFC 5005), and everything that is none.</summary>
public sealed class FeedTests : IAsyncLifetime
{
    private static readonly XNamespace Atom = "http://www.w3.org/2005/Atom";

    private readonly HttpClient _http = new();
    private HubHost _hub = null!;
    private RawClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync("""{ "PubSub": { "FeedEntries": 2 } }""");
        await _hub.AddAccountAsync("alice", "alice");
        _alice = await LoginAsync("alice");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _alice.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task Entries_come_by_pages_from_the_newest_and_have_what_atom_wants()
    {
        await PublishAsync("pubsub.hub.test", "news/<1>", "a", "<entry xmlns='http://www.w3.org/2005/Atom'><title>First &amp; last</title></entry>");
        await PublishAsync("pubsub.hub.test", "news/<1>", "b/2", "<x xmlns='urn:x' a='&lt;'><y/></x>");
        await PublishAsync("pubsub.hub.test", "news/<1>", "c", "<entry xmlns='http://www.w3.org/2005/Atom'><id>tag:c</id><title>T</title><updated>2020-01-01T00:00:00Z</updated></entry>");
        string url = $"http://{_hub.Http}/pubsub/feed/news/%3C1%3E";
        XElement first = await FeedAsync(url);
        Assert.Equal("news/<1>", (string)first.Element(Atom + "title")!);
        Assert.Equal(["tag:c", "xmpp:pubsub.hub.test?;node=news%2F%3C1%3E;item=b%2F2"], first.Elements(Atom + "entry").Select(e => (string)e.Element(Atom + "id")!));
        Assert.All(first.Elements(Atom + "entry"), e => Assert.NotNull(e.Element(Atom + "updated")));
        Assert.All(first.Elements(Atom + "entry"), e => Assert.Equal("alice", (string)e.Element(Atom + "author")!.Element(Atom + "name")!));
        XElement content = first.Elements(Atom + "entry").Last().Element(Atom + "content")!;
        Assert.Equal("<", (string)content.Element((XNamespace)"urn:x" + "x")!.Attribute("a")!);
        Assert.Equal(url, LinkOf(first, "self"));
        Assert.Null(LinkOf(first, "previous"));

        XElement second = await FeedAsync(LinkOf(first, "next")!);
        Assert.Equal("First & last", (string)second.Element(Atom + "entry")!.Element(Atom + "title")!);
        Assert.Null(LinkOf(second, "next"));
        Assert.Equal(url + "?after=a", LinkOf(second, "previous"));
        using HttpResponseMessage unknown = await _http.GetAsync(url + "?before=none");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task A_reader_that_asks_again_gets_a_word()
    {
        await PublishAsync("pubsub.hub.test", "news", "a", "<x xmlns='urn:x'/>");
        string url = $"http://{_hub.Http}/pubsub/feed/news";
        using HttpResponseMessage first = await _http.GetAsync(url);
        Assert.Equal("application/atom+xml", first.Content.Headers.ContentType!.MediaType);
        Assert.NotNull(first.Content.Headers.LastModified);
        Assert.Contains("sandbox", first.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", first.Headers.GetValues("X-Content-Type-Options").Single());

        Assert.Equal(HttpStatusCode.NotModified, await StatusAsync(r => r.Headers.IfNoneMatch.Add(first.Headers.ETag!)));
        Assert.Equal(HttpStatusCode.NotModified, await StatusAsync(r => r.Headers.IfModifiedSince = first.Content.Headers.LastModified));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(r => r.Headers.IfModifiedSince = first.Content.Headers.LastModified!.Value.AddSeconds(-1)));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(r => r.Headers.IfNoneMatch.Add(new EntityTagHeaderValue("\"other\""))));
        await PublishAsync("pubsub.hub.test", "news", "b", "<x xmlns='urn:x'/>");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(r => r.Headers.IfNoneMatch.Add(first.Headers.ETag!)));
        using HttpResponseMessage head = await _http.SendAsync(new HttpRequestMessage(HttpMethod.Head, url));
        Assert.True(head.Content.Headers.ContentLength > 100);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
        using HttpResponseMessage post = await _http.PostAsync(url, new StringContent("x"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);

        async Task<HttpStatusCode> StatusAsync(Action<HttpRequestMessage> with)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            with(request);
            using HttpResponseMessage answer = await _http.SendAsync(request);
            return answer.StatusCode;
        }
    }

    [Theory]
    [InlineData("access_model", "whitelist")]
    [InlineData("access_model", "authorize")]
    [InlineData("access_model", "presence")]
    [InlineData("persist_items", "0")]
    public async Task What_is_not_open_to_all_is_no_feed(string field, string value)
    {
        await AskAsync("pubsub.hub.test", "<create node='closed'/><configure><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#node_config</value></field>"
            + $"<field var='pubsub#{field}'><value>{value}</value></field></x></configure>");
        await PublishAsync("pubsub.hub.test", "closed", "a", "<x xmlns='urn:x'/>");
        using HttpResponseMessage answer = await _http.GetAsync($"http://{_hub.Http}/pubsub/feed/closed");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task No_thing_is_on_the_web_by_mistake()
    {
        await _hub.AddAccountAsync("lamp", "lamp");
        await using RawClient lamp = await LoginAsync("lamp");
        await AskAsync("pubsub.hub.test", "<create node='things/lamp/telemetry'/><configure><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#node_config</value></field><field var='pubsub#access_model'><value>open</value></field></x></configure>", lamp);
        using HttpResponseMessage answer = await _http.GetAsync($"http://{_hub.Http}/pubsub/feed/things/lamp/telemetry");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task A_microblog_is_a_feed_when_its_owner_opens_it_and_disco_says_where()
    {
        const string node = "urn:xmpp:microblog:0";
        await PublishAsync(null, node, "p1", "<entry xmlns='http://www.w3.org/2005/Atom'><title>Hi</title></entry>");
        await PublishAsync(null, node, "0", "<feed xmlns='http://www.w3.org/2005/Atom'><title>Alice writes</title></feed>");
        string url = $"http://{_hub.Http}/feed/alice/microblog";
        using (HttpResponseMessage closed = await _http.GetAsync(url))
        {
            Assert.Equal(HttpStatusCode.NotFound, closed.StatusCode); // contacts only, by default
        }

        await _alice.SendAsync("<iq type='set' id='c'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><configure node='urn:xmpp:microblog:0'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/pubsub#node_config</value></field><field var='pubsub#access_model'><value>open</value></field></x></configure></pubsub></iq>");
        Assert.Equal("result", (string)(await _alice.ReadAsync()).Attribute("type")!);
        XElement feed = await FeedAsync(url);
        Assert.Equal("Alice writes", (string)feed.Element(Atom + "title")!);
        Assert.Equal("Hi", (string)feed.Elements(Atom + "entry").Single().Element(Atom + "title")!);
        await _alice.SendAsync("<iq type='get' to='alice@hub.test' id='d'><query xmlns='http://jabber.org/protocol/disco#info' node='urn:xmpp:microblog:0'/></iq>");
        Assert.Contains(url, (await _alice.ReadAsync()).ToString(), StringComparison.Ordinal);
        foreach (string none in new[] { "/feed/bob/microblog", "/feed/alice/mood", "/feed/%00/microblog", "/pubsub/feed/", "/pubsub/feed/" + new string('x', 2000) })
        {
            using HttpResponseMessage answer = await _http.GetAsync($"http://{_hub.Http}{none}");
            Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{none}: {answer.StatusCode}");
        }
    }

    private async Task<RawClient> LoginAsync(string account)
    {
        RawClient client = await RawClient.ConnectAsync(_hub.Plain, account);
        await client.LoginAsync("hub.test", account, account);
        return client;
    }

    private static string? LinkOf(XElement feed, string rel) => (string?)feed.Elements(Atom + "link").FirstOrDefault(l => (string?)l.Attribute("rel") == rel)?.Attribute("href");

    private async Task<XElement> FeedAsync(string url) => XElement.Parse(await _http.GetStringAsync(new Uri(url)));

    private Task PublishAsync(string? to, string node, string id, string payload) =>
        AskAsync(to, $"<publish node='{SecurityElementEscape(node)}'><item id='{id}'>{payload}</item></publish>");

    private static string SecurityElementEscape(string text) => System.Security.SecurityElement.Escape(text);

    private async Task AskAsync(string? to, string inner, RawClient? by = null)
    {
        await (by ?? _alice).SendAsync($"<iq type='set' {(to is null ? "" : $"to='{to}'")} id='q'><pubsub xmlns='http://jabber.org/protocol/pubsub'>{inner}</pubsub></iq>");
        XElement answer = await (by ?? _alice).ReadAsync();
        Assert.Equal("result", (string)answer.Attribute("type")!);
    }
}
