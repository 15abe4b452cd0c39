using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Xml.Linq;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.Upload;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Web;

/// <summary>Files over HTTP (XEP-0363): what is promised, and what is refused.</summary>
public sealed class UploadTests : IAsyncLifetime
{
    private static readonly XNamespace Upload = "urn:xmpp:http:upload:0";

    private readonly ManualTime time = new();
    private readonly HttpClient http = new() { Timeout = RawClient.DefaultWait };
    private HubHost hub = null!;
    private RawClient alice = null!;

    public async ValueTask InitializeAsync()
    {
        hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Upload": { "MaxFileBytes": 10000, "AccountBytes": 25000, "TotalBytes": 40000, "MaxOpenSlots": 3, "KeepDays": 2 } }""", time);
        alice = await LoginAsync("alice");
    }

    public async ValueTask DisposeAsync()
    {
        await alice.DisposeAsync();
        http.Dispose();
        await hub.DisposeAsync();
    }

    [Fact]
    public async Task What_was_put_is_got_whole_and_in_part()
    {
        var content = Content(5000);
        var (put, get) = await SlotAsync(alice, "Grüße an alle.jpg", 5000, "image/jpeg");
        Assert.Equal(HttpStatusCode.Created, await PutAsync(put, content, "image/jpeg"));
        using var whole = await http.GetAsync(get);
        Assert.Equal(content, await whole.Content.ReadAsByteArrayAsync());
        Assert.Equal("image/jpeg", whole.Content.Headers.ContentType!.ToString());
        Assert.Equal("inline", whole.Content.Headers.ContentDisposition!.DispositionType);
        Assert.Equal("Grüße an alle.jpg", whole.Content.Headers.ContentDisposition.FileNameStar);
        Assert.Equal("nosniff", whole.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Contains("sandbox", whole.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("*", whole.Headers.GetValues("Access-Control-Allow-Origin").Single());

        using var part = new HttpRequestMessage(HttpMethod.Get, get);
        part.Headers.Range = new RangeHeaderValue(1000, 1009);
        using var partly = await http.SendAsync(part);
        Assert.Equal(HttpStatusCode.PartialContent, partly.StatusCode);
        Assert.Equal(content[1000..1010], await partly.Content.ReadAsByteArrayAsync());

        using var head = await http.SendAsync(new HttpRequestMessage(HttpMethod.Head, get));
        Assert.Equal(5000, head.Content.Headers.ContentLength);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("text/html", "page.html")]
    [InlineData("image/svg+xml", "picture.svg")]
    [InlineData("application/javascript", "code.js")]
    [InlineData(null, "anything")]
    public async Task What_could_hold_a_script_is_saved_and_not_shown(string? type, string name)
    {
        var (put, get) = await SlotAsync(alice, name, 10, type);
        Assert.Equal(HttpStatusCode.Created, await PutAsync(put, Content(10), type));
        using var got = await http.GetAsync(get);
        Assert.Equal("application/octet-stream", got.Content.Headers.ContentType!.ToString());
        Assert.Equal("attachment", got.Content.Headers.ContentDisposition!.DispositionType);
    }

    /// <summary>Changes of what was announced, and their answers. None leaves anything behind.</summary>
    [Theory]
    [InlineData("signature", HttpStatusCode.Forbidden)]
    [InlineData("no signature", HttpStatusCode.Forbidden)]
    [InlineData("expiry", HttpStatusCode.Forbidden)]
    [InlineData("id", HttpStatusCode.Forbidden)]
    [InlineData("name", HttpStatusCode.Forbidden)]
    [InlineData("type", HttpStatusCode.Forbidden)]
    [InlineData("larger", HttpStatusCode.Forbidden)]
    [InlineData("smaller", HttpStatusCode.Forbidden)]
    [InlineData("huge", HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("no length", HttpStatusCode.LengthRequired)]
    [InlineData("too late", HttpStatusCode.Gone)]
    public async Task Put_that_is_not_what_was_announced(string change, HttpStatusCode status)
    {
        var (put, get) = await SlotAsync(alice, "a.txt", 100, "text/plain");
        var address = change switch
        {
            "signature" => put[..^4] + "AAAA",
            "no signature" => put[..put.IndexOf("&s=", StringComparison.Ordinal)],
            "expiry" => put.Replace("?e=", "?e=9", StringComparison.Ordinal),
            "id" => put.Replace("/upload/", "/upload/A", StringComparison.Ordinal).Remove(put.IndexOf("/a.txt", StringComparison.Ordinal), 1),
            "name" => put.Replace("a.txt", "b.txt", StringComparison.Ordinal),
            _ => put,
        };
        if (change == "too late")
        {
            time.Advance(TimeSpan.FromSeconds(301));
        }

        var size = change switch { "larger" => 101, "smaller" => 99, "huge" => 20_000, _ => 100 };
        Assert.Equal(status, await PutAsync(address, Content(size), change == "type" ? "text/html" : "text/plain", chunked: change == "no length"));
        using var got = await http.GetAsync(get);
        Assert.Equal(HttpStatusCode.NotFound, got.StatusCode);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task Put_that_breaks_off_leaves_nothing_and_may_be_made_again()
    {
        var (put, get) = await SlotAsync(alice, "a.bin", 5000, null);
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await socket.ConnectAsync(hub.Http!);
            await socket.SendAsync(Encoding.ASCII.GetBytes($"PUT {new Uri(put).PathAndQuery} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\nContent-Type: application/octet-stream\r\n\r\nhalf"));
            await Wait.UntilAsync(() => Files().Count == 1);
            Assert.Equal(HttpStatusCode.Conflict, await PutAsync(put, Content(5000), "application/octet-stream")); // the other is at it
            socket.LingerState = new LingerOption(true, 0);
        }

        await Wait.UntilAsync(() => Files().Count == 0);
        Assert.Equal(HttpStatusCode.Created, await PutAsync(put, Content(5000), "application/octet-stream"));
        Assert.Equal(HttpStatusCode.Conflict, await PutAsync(put, Content(5000), "application/octet-stream"));
        using var got = await http.GetAsync(get);
        Assert.Equal(HttpStatusCode.OK, got.StatusCode);
    }

    [Fact]
    public async Task Quotas_of_account_and_of_all()
    {
        await FillAsync(alice, 10_000);
        await FillAsync(alice, 10_000);
        Assert.Equal("resource-constraint", await RefusedAsync(alice, 10_000));
        Assert.Equal("not-acceptable", await RefusedAsync(alice, 10_001));
        await using var bob = await LoginAsync("bob");
        await FillAsync(bob, 10_000);
        await FillAsync(bob, 10_000);
        Assert.Equal("resource-constraint", await RefusedAsync(bob, 5_000)); // 45,000 of all
    }

    [Fact]
    public async Task Slots_that_are_not_used_count_for_a_while()
    {
        for (var i = 0; i < 3; i++)
        {
            await SlotAsync(alice, "x", 10, null);
        }

        Assert.Equal("resource-constraint", await RefusedAsync(alice, 10));
        time.Advance(TimeSpan.FromSeconds(601));
        await AgainAsync();
        await SlotAsync(alice, "x", 10, null);
    }

    [Fact]
    public async Task Files_go_by_age_and_with_their_account()
    {
        await FillAsync(alice, 100);
        Assert.Single(Files());
        time.Advance(TimeSpan.FromHours(49));
        await Wait.UntilAsync(() => Files().Count == 0);

        await AgainAsync();
        await FillAsync(alice, 100);
        Assert.Single(Files());
        Assert.Equal(AccountOutcome.Done, await hub.Server.Services.Accounts.RemoveAsync("alice"));
        await Wait.UntilAsync(() => Files().Count == 0);
    }

    [Theory]
    [InlineData("/upload/../hub.pid/x")]
    [InlineData("/upload/..%2fhub.pid/x")]
    [InlineData("/upload/%2e%2e/hub.pid")]
    [InlineData("/upload/aaaaaaaaaaaaaaaaaaaaaaaa/..%2f..%2fsasl.key")]
    [InlineData("/upload//etc/passwd")]
    public async Task Paths_lead_nowhere(string path)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(hub.Http!);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        var buffer = new byte[64];
        var count = await socket.ReceiveAsync(buffer);
        Assert.Matches("^HTTP/1.1 (404|400|405)", Encoding.ASCII.GetString(buffer, 0, count));
    }

    [Theory]
    [InlineData("../../etc/passwd", "passwd")]
    [InlineData("C:\\x\\y.txt", "y.txt")]
    [InlineData("a\r\nSet-Cookie: x", "a__Set-Cookie_ x")]
    [InlineData("..", "file")]
    [InlineData("", "file")]
    [InlineData("\"quoted\".txt", "_quoted_.txt")]
    [InlineData("ok name.txt", "ok name.txt")]
    public void Names_are_made_safe(string name, string safe) => Assert.Equal(safe, UploadService.SafeName(name));

    [Fact]
    public void Long_name_is_cut_between_characters() => Assert.Equal(254, Encoding.UTF8.GetByteCount(UploadService.SafeName(new string('ü', 200))));

    [Fact]
    public async Task Service_is_found_with_its_limit()
    {
        await alice.SendAsync("<iq type='get' id='i' to='upload.hub.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>");
        var info = await alice.ReadAsync();
        Assert.Contains(info.Descendants(), e => e.Name.LocalName == "feature" && (string?)e.Attribute("var") == Upload.NamespaceName);
        Assert.Contains(info.Descendants(), e => e.Name.LocalName == "field" && (string?)e.Attribute("var") == "max-file-size" && e.Value == "10000");
    }

    private static byte[] Content(int size) => [.. Enumerable.Range(0, size).Select(i => (byte)(i * 7))];

    private List<string> Files() => [.. Directory.EnumerateFiles(Path.Combine(hub.Folder, "data", "upload"))];

    // Who was silent for so long is not there any more.
    private async Task AgainAsync()
    {
        await alice.DisposeAsync();
        alice = await RawClient.ConnectAsync(hub.Plain);
        await alice.LoginAsync("hub.test", "alice", "secret");
    }

    private async Task<RawClient> LoginAsync(string account)
    {
        await hub.AddAccountAsync(account, "secret");
        var client = await RawClient.ConnectAsync(hub.Plain, account);
        await client.LoginAsync("hub.test", account, "secret");
        return client;
    }

    private async Task FillAsync(RawClient client, int size)
    {
        var (put, _) = await SlotAsync(client, "f", size, null);
        Assert.Equal(HttpStatusCode.Created, await PutAsync(put, Content(size), null));
    }

    private static async Task<XElement> RequestAsync(RawClient client, string name, long size, string? type)
    {
        var request = new XElement(Upload + "request", new XAttribute("filename", name), new XAttribute("size", size), type is null ? null : new XAttribute("content-type", type));
        await client.SendAsync($"<iq type='get' id='s' to='upload.hub.test'>{request}</iq>");
        return await client.ReadAsync();
    }

    private static async Task<(string Put, string Get)> SlotAsync(RawClient client, string name, long size, string? type)
    {
        var slot = (await RequestAsync(client, name, size, type)).Element(Upload + "slot");
        Assert.NotNull(slot);
        return ((string)slot.Element(Upload + "put")!.Attribute("url")!, (string)slot.Element(Upload + "get")!.Attribute("url")!);
    }

    private static async Task<string> RefusedAsync(RawClient client, long size) =>
        (await RequestAsync(client, "x", size, null)).Element(RawClient.Client + "error")!.Elements().First().Name.LocalName;

    private async Task<HttpStatusCode> PutAsync(string address, byte[] content, string? type, bool chunked = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, address) { Content = new ByteArrayContent(content) };
        request.Content.Headers.ContentType = type is null ? null : MediaTypeHeaderValue.Parse(type);
        if (chunked)
        {
            request.Headers.TransferEncodingChunked = true;
            request.Content.Headers.ContentLength = null;
        }

        using var answer = await http.SendAsync(request);
        return answer.StatusCode;
    }
}
