using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Web;

/// <summary>Where web clients look first (XEP-0156), and where nobody should come any more (XEP-0025).</summary>
public sealed class HostMetaTests
{
    [Fact]
    public async Task Both_forms_name_both_transports()
    {
        await using var hub = await HubHost.StartAsync();
        using var http = new HttpClient();
        using var xml = await http.GetAsync($"http://{hub.Http}/.well-known/host-meta");
        Assert.Equal("application/xrd+xml", xml.Content.Headers.ContentType!.MediaType);
        Assert.Equal("*", xml.Headers.GetValues("Access-Control-Allow-Origin").Single());
        XNamespace xrd = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
        var links = XElement.Parse(await xml.Content.ReadAsStringAsync()).Elements(xrd + "Link").ToDictionary(l => (string)l.Attribute("rel")!, l => (string)l.Attribute("href")!);
        Assert.Equal($"ws://{hub.Http}/xmpp-websocket", links["urn:xmpp:alt-connections:websocket"]);
        Assert.Equal($"http://{hub.Http}/http-bind", links["urn:xmpp:alt-connections:xbosh"]);

        using var json = await http.GetAsync($"http://{hub.Http}/.well-known/host-meta.json");
        Assert.Equal("application/json", json.Content.Headers.ContentType!.MediaType);
        using var document = JsonDocument.Parse(await json.Content.ReadAsStringAsync());
        Assert.Equal(links, document.RootElement.GetProperty("links").EnumerateArray().ToDictionary(l => l.GetProperty("rel").GetString()!, l => l.GetProperty("href").GetString()!));
    }

    [Fact]
    public async Task Behind_a_proxy_the_public_address_is_told()
    {
        await using var hub = await HubHost.StartAsync("""{ "Web": { "PublicUrl": "https://xmpp.hub.test/" }, "Bosh": { "Enabled": false } }""");
        using var http = new HttpClient();
        var text = await http.GetStringAsync($"http://{hub.Http}/.well-known/host-meta.json");
        Assert.Contains("wss://xmpp.hub.test/xmpp-websocket", text, StringComparison.Ordinal);
        Assert.DoesNotContain("http-bind", text, StringComparison.Ordinal);
        using var bosh = await http.GetAsync($"http://{hub.Http}/http-bind");
        Assert.Equal(HttpStatusCode.NotFound, bosh.StatusCode);
    }

    [Fact]
    public async Task Who_is_told_about_a_hole_stands_where_people_look_for_it()
    {
        var time = new IotXmpp.TestKit.ManualTime();
        await using var hub = await HubHost.StartAsync("""{ "Contact": { "Security": [ "mailto:security@hub.test", "http://hub.test/plain", "https://hub.test/report" ] } }""", time);
        using var http = new HttpClient();
        using var answer = await http.GetAsync($"http://{hub.Http}/.well-known/security.txt");
        Assert.Equal("text/plain", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(
            $"Contact: mailto:security@hub.test\nContact: https://hub.test/report\nExpires: {time.GetUtcNow().AddDays(30).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}\n", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Nobody_is_named_where_the_settings_name_nobody()
    {
        await using var hub = await HubHost.StartAsync();
        using var http = new HttpClient();
        using var answer = await http.GetAsync($"http://{hub.Http}/.well-known/security.txt");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Http_polling_is_refused_with_a_word_about_what_there_is()
    {
        await using var hub = await HubHost.StartAsync();
        using var http = new HttpClient();
        using var answer = await http.PostAsync($"http://{hub.Http}/http-poll", new StringContent("0,<stream:stream/>"));
        Assert.Equal(HttpStatusCode.Gone, answer.StatusCode);
        Assert.StartsWith("ID=-2:0", answer.Headers.GetValues("Set-Cookie").Single(), StringComparison.Ordinal);
        Assert.Contains("/http-bind", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "Web": { "Origins": [ "chat.example.org" ] } }""")]
    [InlineData("""{ "Web": { "Proxies": [ "localhost" ] } }""")]
    [InlineData("""{ "Web": { "PublicUrl": "ftp://x" } }""")]
    [InlineData("""{ "Bosh": { "MaxHold": 100 } }""")]
    [InlineData("""{ "Upload": { "MaxFileBytes": 1 } }""")]
    [InlineData("""{ "Upload": { "InlineTypes": [ "image/png", "image/svg+xml" ] } }""")]
    [InlineData("""{ "Upload": { "InlineTypes": [ "text/html" ] } }""")]
    [InlineData("""{ "Upload": { "InlineTypes": [ "application/pdf" ] } }""")]
    public async Task Setting_that_cannot_be_used_stops_the_start(string settings) => await Assert.ThrowsAnyAsync<Exception>(() => HubHost.StartAsync(settings));
}
