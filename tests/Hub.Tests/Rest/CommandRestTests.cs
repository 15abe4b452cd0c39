using System.Text.Json.Nodes;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>Commands, batches, their audit and configuration by REST.</summary>
public sealed class CommandRestTests(RestHub hub) : IClassFixture<RestHub>
{
    private const string On = """{"parameters":[{"name":"relay","value":true}]}""";

    [Fact]
    public async Task A_command_is_taken_found_and_taken_back()
    {
        string token = await hub.TokenAsync("alice");
        RestHub.Reply taken = await PostAsync("/things/lamp/commands", token, """{"parameters":[{"name":"relay","value":true},{"name":"level","value":7},{"name":"warm","value":1.5},{"name":"mode","value":"auto"}],"ttlSeconds":60}""");
        Assert.Equal(202, (int)taken.Status);
        string id = (string)taken.Json!["id"]!;
        Assert.Equal("/api/v1/commands/" + id, taken.Headers.Location?.ToString());
        Assert.Equal(("queued", "alice@hub.test", "queued"), ((string?)taken.Json["state"], (string?)taken.Json["by"], (string?)taken.Json["way"]));
        Assert.Equal(["relay boolean true", "level int 7", "warm double 1.5", "mode string auto"], taken.Json["parameters"]!.AsArray().Select(p => $"{p!["name"]} {p["type"]} {p["value"]}"));
        Assert.Equal(id, (string?)(await hub.GetAsync("/commands/" + id, token)).Json!["id"]);
        RestHub.Reply cancelled = await hub.SendAsync(HttpMethod.Delete, "/commands/" + id, token);
        Assert.Equal("cancelled", (string?)cancelled.Json!["state"]);
        (await hub.SendAsync(HttpMethod.Delete, "/commands/" + id, token)).Refuses(409, "conflict");
        RestHub.Reply list = await hub.GetAsync("/things/lamp/commands?limit=1", token);
        Assert.Single(list.Json!["items"]!.AsArray());
    }

    [Fact]
    public async Task Who_waits_gets_the_end()
    {
        string token = await hub.TokenAsync("alice");
        await hub.Host.ChangePasswordAsync("meter", "meter");
        await using RawClient meter = await RawClient.ConnectAsync(hub.Host.Plain, "meter");
        await meter.LoginAsync("hub.test", "meter", "meter", "thing");
        await meter.SendAsync("<presence/>");
        Task<RestHub.Reply> waiting = PostAsync("/things/meter/commands?wait=60", token, On);
        string? ask = null;
        await meter.ReadUntilAsync(e =>
        {
            bool isCommand = e.Name.LocalName == "iq" && (string?)e.Attribute("from") == "things.hub.test" && (string?)e.Attribute("type") == "set";
            ask = isCommand ? (string?)e.Attribute("id") : ask;
            return isCommand;
        });
        await meter.SendAsync($"<iq type='error' to='things.hub.test' id='{ask}'><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><paramError xmlns='urn:xmpp:iot:control' var='relay'>stuck</paramError></error></iq>");
        RestHub.Reply ended = await waiting;
        Assert.Equal((200, "failed", "bad-request", "relay stuck"), ((int)ended.Status, (string?)ended.Json!["state"], (string?)ended.Json["error"], (string?)ended.Json["text"]));
    }

    [Fact]
    public async Task The_same_key_is_the_same_command_and_another_content_a_conflict()
    {
        string token = await hub.TokenAsync("alice");
        const string Keyed = """{"parameters":[{"name":"relay","value":true}],"key":"rest-1"}""";
        string id = (string)(await PostAsync("/things/lamp/commands", token, Keyed)).Json!["id"]!;
        Assert.Equal(id, (string?)(await PostAsync("/things/lamp/commands", token, Keyed)).Json!["id"]);
        (await PostAsync("/things/lamp/commands", token, Keyed.Replace("true", "false", StringComparison.Ordinal))).Refuses(409, "conflict");
    }

    [Fact]
    public async Task Nobody_gets_at_what_is_not_his()
    {
        string alice = await hub.TokenAsync("alice");
        string bob = await hub.TokenAsync("bob");
        string id = (string)(await PostAsync("/things/lamp/commands", alice, On)).Json!["id"]!;
        (await PostAsync("/things/lamp/commands", bob, On)).Refuses(404, "not-found");
        (await PostAsync("/things/none/commands", bob, On)).Refuses(404, "not-found");
        (await hub.GetAsync("/commands/" + id, bob)).Refuses(404, "not-found");
        (await hub.SendAsync(HttpMethod.Delete, "/commands/" + id, bob)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/lamp/commands", bob)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/lamp/configuration", bob)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/lamp/configuration/versions", bob)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/lamp/form", bob)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/lamp/commands/latency", bob)).Refuses(404, "not-found");
        (await PostAsync("/batches", bob, """{"things":["pump","lamp"],"parameters":[{"name":"relay","value":true}]}""")).Refuses(404, "not-found");
        (await PostAsync("/batches", bob, """{"group":"none","parameters":[{"name":"relay","value":true}]}""")).Refuses(404, "not-found");
        Assert.Empty((await hub.GetAsync("/audit/commands?thing=lamp", bob)).Json!["items"]!.AsArray());
        Assert.DoesNotContain((await hub.GetAsync("/audit/commands", bob)).Json!["items"]!.AsArray(), e => (string?)e!["thing"] == "lamp");
        (await PostAsync("/things/lamp/commands", await hub.TokenAsync("alice", "commands:read"), On)).Refuses(403, "scope-needed");
        (await hub.GetAsync("/commands/latency", alice)).Refuses(403, "scope-needed");
        Assert.Equal(200, (int)(await hub.GetAsync("/commands/latency", await hub.TokenAsync("root"))).Status);
    }

    [Theory]
    [InlineData("""{"parameters":[]}""", 422)]
    [InlineData("""{"parameters":[{"name":"relay","value":null}]}""", 422)]
    [InlineData("""{"parameters":[{"name":"relay","value":{"a":1}}]}""", 422)]
    [InlineData("""{"parameters":[{"name":"relay","value":true},{"name":"relay","value":false}]}""", 422)]
    [InlineData("""{"parameters":[{"name":"relay","value":"perhaps","type":"boolean"}]}""", 422)]
    [InlineData("""{"parameters":[{"name":"relay","value":true,"type":"script"}]}""", 422)]
    [InlineData("""{"parameters":[{"name":"relay","value":true}],"ttlSeconds":0}""", 422)]
    [InlineData("""{"parameters":[{"name":"relay","value":true}],"ttlSeconds":99999999}""", 422)]
    [InlineData("""{"parameters":[{"name":"relay","value":true}],"surprise":1}""", 422)]
    [InlineData("""{"parameters":""", 400)]
    [InlineData("{}", 422)]
    public async Task What_makes_no_sense_is_refused(string body, int status)
    {
        RestHub.Reply reply = await PostAsync("/things/lamp/commands", await hub.TokenAsync("alice"), body);
        Assert.Equal(status, (int)reply.Status);
        Assert.Equal("application/problem+json", reply.Type);
    }

    [Fact]
    public async Task Hostile_text_is_text_everywhere()
    {
        string token = await hub.TokenAsync("alice");
        const string Evil = "<script>alert(1)</script>'; DROP TABLE command; --=cmd|'/c calc'!A0";
        RestHub.Reply taken = await PostAsync("/things/lamp/commands", token, new JsonObject { ["parameters"] = new JsonArray(new JsonObject { ["name"] = "name", ["value"] = Evil }) }.ToJsonString());
        Assert.Equal(Evil, (string?)taken.Json!["parameters"]![0]!["value"]);
        Assert.Equal(Evil, (string?)(await hub.GetAsync("/commands/" + (string)taken.Json["id"]!, token)).Json!["parameters"]![0]!["value"]);
        (await hub.GetAsync("/commands/" + Uri.EscapeDataString("../../etc/passwd"), token)).Refuses(404, "not-found");
        (await hub.GetAsync("/audit/commands?by=" + Uri.EscapeDataString("a@b@c"), token)).Refuses(400, "bad-request");
        (await hub.GetAsync("/audit/commands?after=" + Uri.EscapeDataString("1 OR 1=1"), token)).Refuses(400, "bad-request");
        (await hub.GetAsync("/audit/commands?state=perhaps", token)).Refuses(400, "bad-request");
    }

    [Fact]
    public async Task The_audit_is_read_page_by_page()
    {
        string token = await hub.TokenAsync("bob");
        for (int i = 0; i < 5; i++)
        {
            await PostAsync("/things/pump/commands", token, On);
        }

        var seen = new HashSet<string>();
        string? after = null;
        do
        {
            RestHub.Reply page = await hub.GetAsync("/audit/commands?thing=pump&limit=2" + (after is null ? "" : "&after=" + after), token);
            seen.UnionWith(page.Json!["items"]!.AsArray().Select(e => (string)e!["id"]!));
            after = (string?)page.Json["next"];
        }
        while (after is not null);
        Assert.True(seen.Count >= 5);
    }

    [Fact]
    public async Task A_batch_is_begun_looked_at_and_stopped()
    {
        string token = await hub.TokenAsync("alice");
        RestHub.Reply begun = await PostAsync("/batches", token, """{"things":["lamp","meter"],"parameters":[{"name":"relay","value":true}],"perMinute":0,"parallel":5}""");
        Assert.Equal(202, (int)begun.Status);
        string id = (string)begun.Json!["id"]!;
        Assert.Equal((2, "running"), ((int)begun.Json["progress"]!["things"]!, (string?)begun.Json["state"]));
        RestHub.Reply things = await hub.GetAsync($"/batches/{id}/things?limit=1", token);
        Assert.Equal("lamp", (string?)things.Json!["items"]![0]!["thing"]);
        Assert.Equal("1", (string?)things.Json["next"]);
        (await hub.GetAsync("/batches/" + id, await hub.TokenAsync("bob"))).Refuses(404, "not-found");
        RestHub.Reply stopped = await hub.SendAsync(HttpMethod.Delete, "/batches/" + id, token);
        Assert.Equal(("cancelled", 0), ((string?)stopped.Json!["state"], (int)stopped.Json["progress"]!["waiting"]!));
        (await hub.SendAsync(HttpMethod.Delete, "/batches/" + id, token)).Refuses(409, "conflict");
        (await PostAsync("/batches", token, """{"parameters":[{"name":"relay","value":true}]}""")).Refuses(422, "invalid");
        (await PostAsync("/batches", token, """{"things":[],"parameters":[{"name":"relay","value":true}]}""")).Refuses(422, "invalid");
        Assert.Contains((await hub.GetAsync("/batches", token)).Json!["items"]!.AsArray(), b => (string?)b!["id"] == id);
    }

    [Fact]
    public async Task Configuration_goes_by_the_version_that_was_read()
    {
        string token = await hub.TokenAsync("alice");
        RestHub.Reply empty = await hub.GetAsync("/things/lamp/configuration", token);
        string tag = empty.Headers.ETag!.ToString();
        const string Wish = """{"set":[{"name":"sampleInterval","value":2000}],"note":"slower"}""";
        (await hub.SendAsync(HttpMethod.Patch, "/things/lamp/configuration", token, Wish)).Refuses(428, "precondition-needed");
        RestHub.Reply set = await hub.SendAsync(HttpMethod.Patch, "/things/lamp/configuration", token, Wish, r => r.Headers.TryAddWithoutValidation("If-Match", tag));
        Assert.Equal((200, true, "pending"), ((int)set.Status, (bool)set.Json!["pending"]!, (string?)set.Json["parameters"]![0]!["state"]));
        (await hub.SendAsync(HttpMethod.Patch, "/things/lamp/configuration", token, Wish, r => r.Headers.TryAddWithoutValidation("If-Match", tag))).Refuses(412, "changed");
        int version = (int)set.Json["desired"]!["version"]!;
        RestHub.Reply versions = await hub.GetAsync("/things/lamp/configuration/versions", token);
        Assert.Equal((version, "slower", "alice@hub.test"), ((int)versions.Json!["items"]![0]!["version"]!, (string?)versions.Json["items"]![0]!["note"], (string?)versions.Json["items"]![0]!["by"]));
        RestHub.Reply wrong = await hub.SendAsync(HttpMethod.Patch, "/things/lamp/configuration", token, "{}", r => r.Headers.TryAddWithoutValidation("If-Match", "*"));
        wrong.Refuses(422, "invalid");
        RestHub.Reply reverted = await hub.SendAsync(HttpMethod.Post, "/things/lamp/configuration/revert", token, """{"version":99}""", r => r.Headers.TryAddWithoutValidation("If-Match", "*"));
        reverted.Refuses(404, "not-found");
        RestHub.Reply many = await PostAsync("/configuration", token, """{"things":["lamp","pump"],"set":[{"name":"sampleInterval","value":3000}]}""");
        Assert.Equal(["lamp done", "pump forbidden"], many.Json!["things"]!.AsArray().Select(t => $"{t!["thing"]} {t["outcome"]}"));
        RestHub.Reply drift = await hub.GetAsync("/configuration/drift?all=true", token);
        Assert.Contains(drift.Json!["items"]!.AsArray(), c => (string?)c!["thing"] == "lamp");
    }

    private Task<RestHub.Reply> PostAsync(string path, string token, string json) => hub.SendAsync(HttpMethod.Post, path, token, json);
}
