using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.Liveness;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>Alerts, rules and windows by REST: alice's things are <c>lamp</c> and <c>meter</c>, bob's is <c>pump</c>.</summary>
public sealed class AlertResourceTests(RestHub hub) : IClassFixture<RestHub>
{
    private const string Away = """{"id":"ID","scope":{"things":["meter"]},"when":{"kind":"offline","reasons":["connection-lost"]},"deliver":[{"to":"https://hooks.example/x","secret":"0123456789abcdef"}]}""";

    private static readonly HttpMethod s_put = HttpMethod.Put;
    private static readonly HttpMethod s_post = HttpMethod.Post;

    private AlertService Alerts => hub.Host.Server.Hub.Modules.OfType<AlertsModule>().Single().Service;

    private LivenessService Liveness => hub.Host.Server.Hub.Modules.OfType<LivenessModule>().Single().Service;

    [Fact]
    public async Task A_rule_is_made_read_changed_by_its_tag_and_removed()
    {
        string alice = await hub.TokenAsync("alice");
        string bob = await hub.TokenAsync("bob");
        RestHub.Reply made = await hub.SendAsync(s_put, "/alert-rules/away", alice, Away.Replace("ID", "away", StringComparison.Ordinal));
        Assert.Equal(201, (int)made.Status);
        Assert.DoesNotContain("0123456789abcdef", made.Text, StringComparison.Ordinal);
        string tag = made.Headers.ETag!.ToString();
        RestHub.Reply read = await hub.GetAsync("/alert-rules/away", alice);
        Assert.Equal(("alice@hub.test", 1, tag), ((string?)read.Json!["author"], (int)read.Json["revision"]!, read.Headers.ETag!.ToString()));
        // What was read is given back, with the secret that is not shown.
        JsonNode changed = read.Json.DeepClone();
        changed["severity"] = "critical";
        Assert.Equal(200, (int)(await hub.SendAsync(s_put, "/alert-rules/away", alice, changed.ToJsonString(), r => r.Headers.IfMatch.Add(EntityTagHeaderValue.Parse(tag)))).Status);
        (await hub.SendAsync(s_put, "/alert-rules/away", alice, changed.ToJsonString(), r => r.Headers.IfMatch.Add(EntityTagHeaderValue.Parse(tag)))).Refuses(412, "changed");
        (await hub.GetAsync("/alert-rules/away", bob)).Refuses(404, "not-found");
        (await hub.SendAsync(s_put, "/alert-rules/away", bob, """{"id":"away","scope":{"all":true},"when":{"kind":"battery"}}""")).Refuses(409, "conflict");
        (await hub.SendAsync(HttpMethod.Delete, "/alert-rules/away", bob)).Refuses(404, "not-found");
        Assert.Equal(["away"], (await hub.GetAsync("/alert-rules", alice)).Json!["items"]!.AsArray().Select(r => (string?)r!["id"]).Where(i => i == "away"));
        Assert.Equal(204, (int)(await hub.SendAsync(HttpMethod.Delete, "/alert-rules/away", alice)).Status);
        (await hub.GetAsync("/alert-rules/away", alice)).Refuses(404, "not-found");
    }

    [Theory]
    [InlineData(422, "invalid", "bad", """{"id":"bad","scope":{"all":true},"when":{"kind":"weather"}}""")]
    [InlineData(422, "invalid", "bad", """{"id":"other","scope":{"all":true},"when":{"kind":"battery"}}""")]
    [InlineData(422, "invalid", "bad", "[]")]
    [InlineData(422, "invalid", "bad", """{"id":"bad","scope":{"all":true},"when":{"kind":"battery"},"deliver":[{"to":"mailto:a@b.example"}]}""")]
    [InlineData(422, "invalid", "bad", """{"id":"bad","scope":{"all":true},"when":{"kind":"battery"},"deliver":[{"to":"http://127.0.0.1/","secret":"0123456789abcdef"}]}""")]
    [InlineData(403, "forbidden", "bad", """{"id":"bad","scope":{"things":["pump"]},"when":{"kind":"battery"}}""")]
    [InlineData(403, "forbidden", "bad", """{"id":"bad","scope":{"things":["nothing-like-that"]},"when":{"kind":"battery"}}""")]
    public async Task What_cannot_be_a_rule_is_refused(int status, string word, string id, string document) =>
        (await hub.SendAsync(s_put, "/alert-rules/" + id, await hub.TokenAsync("alice"), document)).Refuses(status, word);

    [Fact]
    public async Task An_alert_is_listed_acknowledged_and_silenced_by_who_may()
    {
        string alice = await hub.TokenAsync("alice");
        string bob = await hub.TokenAsync("bob");
        await hub.SendAsync(s_put, "/alert-rules/lost", alice, Away.Replace("ID", "lost", StringComparison.Ordinal));
        await Alerts.SettledAsync();
        Liveness.Online("meter", ThingStatus.None);
        Liveness.Offline("meter", "connection-lost");
        await Alerts.SettledAsync();
        JsonNode alert = Assert.Single((await hub.GetAsync("/alerts?thing=meter", alice)).Json!["items"]!.AsArray())!;
        Assert.Equal(("raised", "warning", "lost", "connection-lost"), ((string?)alert["state"], (string?)alert["severity"], (string?)alert["rule"], (string?)alert["value"]));
        long id = (long)alert["id"]!;
        Assert.Empty((await hub.GetAsync("/alerts?state=all", bob)).Json!["items"]!.AsArray());
        (await hub.GetAsync($"/alerts/{id}", bob)).Refuses(404, "not-found");
        (await hub.GetAsync("/alerts/1%20OR%201=1", alice)).Refuses(404, "not-found");
        (await hub.GetAsync("/alerts?after=x", alice)).Refuses(400, "bad-request");
        (await hub.SendAsync(s_post, $"/alerts/{id}/acknowledge", bob, "{}")).Refuses(404, "not-found");
        (await hub.SendAsync(s_post, $"/alerts/{id}/acknowledge", alice, """{"note":"\u0000"}""")).Refuses(422, "invalid");
        (await hub.SendAsync(s_post, $"/alerts/{id}/acknowledge", await hub.TokenAsync("alice", "alerts:read"), "{}")).Refuses(403, "scope-needed");
        RestHub.Reply done = await hub.SendAsync(s_post, $"/alerts/{id}/acknowledge", alice, """{"note":"<script>alert(1)</script>"}""");
        Assert.Equal(("acknowledged", "alice@hub.test", "<script>alert(1)</script>"), ((string?)done.Json!["state"], (string?)done.Json["acknowledgedBy"], (string?)done.Json["note"]));
        (await hub.SendAsync(s_post, $"/alerts/{id}/acknowledge", await hub.TokenAsync("root"), "{}")).Refuses(409, "conflict");
        RestHub.Reply silenced = await hub.SendAsync(s_post, $"/alerts/{id}/silence", alice, """{"until":"2027-01-01T00:00:00Z"}""");
        Assert.True(silenced.Json!["silencedUntil"] is not null || (int)silenced.Status == 422, silenced.Text);
        Assert.NotEmpty((await hub.GetAsync($"/alert-deliveries?alert={id}", alice)).Json!["items"]!.AsArray());
        Assert.Empty((await hub.GetAsync($"/alert-deliveries?alert={id}", bob)).Json!["items"]!.AsArray());
        Liveness.Online("meter", ThingStatus.None);
        await Alerts.SettledAsync();
        (await hub.SendAsync(s_post, $"/alerts/{id}/acknowledge", alice, "{}")).Refuses(409, "conflict");
    }

    [Fact]
    public async Task A_rule_is_tested_over_history_without_a_trace()
    {
        string alice = await hub.TokenAsync("alice");
        Liveness.Online("lamp", ThingStatus.None);
        Liveness.Offline("lamp", "keepalive-timeout");
        await Alerts.SettledAsync();
        RestHub.Reply tested = await hub.SendAsync(s_post, "/alert-rules/test", alice, """{"id":"try","scope":{"things":["lamp"]},"when":{"kind":"offline"}}""");
        Assert.Equal((200, 1, 1, "keepalive-timeout"), ((int)tested.Status, (int)tested.Json!["things"]!, tested.Json["alerts"]!.AsArray().Count, (string?)tested.Json["alerts"]![0]!["value"]));
        Assert.Empty((await hub.GetAsync("/alerts?state=all&thing=lamp", alice)).Json!["items"]!.AsArray());
        (await hub.SendAsync(s_post, "/alert-rules/test?from=2020-01-01T00:00:00Z", alice, """{"id":"try","scope":{"all":true},"when":{"kind":"offline"}}""")).Refuses(422, "invalid");
        (await hub.SendAsync(s_post, "/alert-rules/test", await hub.TokenAsync("bob"), """{"id":"try","scope":{"things":["lamp"]},"when":{"kind":"offline"}}""")).Refuses(403, "forbidden");
    }

    [Fact]
    public async Task A_window_is_made_listed_and_removed_by_its_author()
    {
        string alice = await hub.TokenAsync("alice");
        string bob = await hub.TokenAsync("bob");
        const string Window = """{"id":"oiling","scope":{"all":true},"weekly":{"days":["mon"],"at":"22:00","minutes":90,"zone":"Europe/Berlin"}}""";
        Assert.Equal(200, (int)(await hub.SendAsync(s_put, "/maintenance/oiling", alice, Window)).Status);
        Assert.Equal("oiling", (string?)Assert.Single((await hub.GetAsync("/maintenance", alice)).Json!["items"]!.AsArray())!["id"]);
        Assert.Empty((await hub.GetAsync("/maintenance", bob)).Json!["items"]!.AsArray());
        (await hub.SendAsync(s_put, "/maintenance/oiling", bob, Window)).Refuses(409, "conflict");
        (await hub.SendAsync(s_put, "/maintenance/other", alice, Window)).Refuses(422, "invalid");
        (await hub.SendAsync(HttpMethod.Delete, "/maintenance/oiling", bob)).Refuses(404, "not-found");
        Assert.Equal(204, (int)(await hub.SendAsync(HttpMethod.Delete, "/maintenance/oiling", alice)).Status);
    }
}
