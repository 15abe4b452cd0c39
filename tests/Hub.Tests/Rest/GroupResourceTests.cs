using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>Groups, what is told of things, exports and imports over REST.</summary>
public sealed class GroupResourceTests(RestHub hub) : IClassFixture<RestHub>
{
    private static int s_last;

    [Fact]
    public async Task A_group_is_made_filled_and_gives_rights_that_end_with_it()
    {
        string id = NewId();
        string alice = await hub.TokenAsync("alice");
        string bob = await hub.TokenAsync("bob");
        (await hub.GetAsync("/things/lamp", bob)).Refuses(404, "not-found");
        RestHub.Reply made = await hub.SendAsync(HttpMethod.Post, "/groups", alice, $$"""{"id":"{{id}}","name":"The <house>"}""");
        Assert.Equal((HttpStatusCode.Created, $"/api/v1/groups/{id}"), (made.Status, made.Headers.Location?.ToString()));
        (await hub.SendAsync(HttpMethod.Post, "/groups", alice, $$"""{"id":"{{id}}"}""")).Refuses(409, "conflict");
        Assert.Equal(HttpStatusCode.NoContent, (await hub.SendAsync(HttpMethod.Put, $"/groups/{id}/things/lamp", alice)).Status);
        (await hub.SendAsync(HttpMethod.Put, $"/groups/{id}/things/pump", alice)).Refuses(404, "not-found"); // somebody else's
        RestHub.Reply member = await hub.SendAsync(HttpMethod.Put, $"/groups/{id}/members/bob@hub.test", alice, """{"role":"operator","only":["relay"]}""");
        Assert.Equal(("operator", "relay"), ((string?)member.Json!["role"], (string?)member.Json["only"]![0]));
        Assert.Equal(HttpStatusCode.OK, (await hub.GetAsync("/things/lamp", bob)).Status);
        RestHub.Reply seen = await hub.GetAsync($"/groups/{id}", bob);
        Assert.Equal(("The <house>", "operator", 1, true), ((string?)seen.Json!["name"], (string?)seen.Json["role"], (int)seen.Json["things"]!, seen.Json["members"] is null));
        Assert.Contains(id, (await hub.GetAsync("/groups", bob)).Text, StringComparison.Ordinal);
        Assert.Contains("lamp", (await hub.GetAsync($"/groups/{id}/things", bob)).Text, StringComparison.Ordinal);
        (await hub.GetAsync($"/groups/{id}/members", bob)).Refuses(403, "forbidden");
        (await hub.SendAsync(HttpMethod.Put, $"/groups/{id}/members/bob@hub.test", bob, """{"role":"administrator"}""")).Refuses(403, "forbidden");
        (await hub.SendAsync(HttpMethod.Delete, $"/groups/{id}", bob)).Refuses(403, "forbidden");
        // Who reads a group changes it by what he has read.
        string tag = (await hub.GetAsync($"/groups/{id}", alice)).Headers.ETag!.ToString();
        (await hub.SendAsync(HttpMethod.Patch, $"/groups/{id}", alice, """{"name":"x"}""")).Refuses(428, "precondition-needed");
        Assert.Equal(HttpStatusCode.OK, (await hub.SendAsync(HttpMethod.Patch, $"/groups/{id}", alice, """{"name":"x"}""", r => r.Headers.Add("If-Match", tag))).Status);
        (await hub.SendAsync(HttpMethod.Patch, $"/groups/{id}", alice, """{"name":"y"}""", r => r.Headers.Add("If-Match", tag))).Refuses(412, "changed");
        Assert.Equal(HttpStatusCode.NoContent, (await hub.SendAsync(HttpMethod.Delete, $"/groups/{id}/members/bob@hub.test", bob)).Status);
        (await hub.GetAsync($"/groups/{id}", bob)).Refuses(404, "not-found");
        (await hub.GetAsync("/things/lamp", bob)).Refuses(404, "not-found");
        Assert.Equal(HttpStatusCode.NoContent, (await hub.SendAsync(HttpMethod.Delete, $"/groups/{id}", alice)).Status);
    }

    [Theory]
    [InlineData("""{"id":"No Id"}""", 422, "invalid")]
    [InlineData("""{"id":"../x"}""", 422, "invalid")]
    [InlineData("""{"name":"x"}""", 422, "invalid")]
    [InlineData("""{"id":"x","owner":"@"}""", 422, "invalid")]
    [InlineData("""{"id":"x","owner":"bob@hub.test"}""", 403, "forbidden")]
    [InlineData("""{"id":"x","things":[]}""", 422, "invalid")]
    [InlineData("""[]""", 422, "invalid")]
    [InlineData("""{""", 400, "malformed")]
    public async Task A_bad_group_is_refused(string body, int status, string word) => (await hub.SendAsync(HttpMethod.Post, "/groups", await hub.TokenAsync("alice"), body)).Refuses(status, word);

    [Theory]
    [InlineData("bob@hub.test", """{"role":"owner"}""", 422)]
    [InlineData("bob@hub.test", """{"role":1}""", 422)]
    [InlineData("bob@hub.test", """{"role":"viewer","only":["x"]}""", 422)]
    [InlineData("bob@hub.test", """{"role":"operator","only":[]}""", 422)]
    [InlineData("bob@hub.test", """{"role":"operator","only":["a"],"except":["b"]}""", 422)]
    [InlineData("nobody@hub.test", """{"role":"viewer"}""", 422)]
    [InlineData("%40", """{"role":"viewer"}""", 404)]
    public async Task A_bad_member_is_refused(string who, string body, int status)
    {
        string id = NewId();
        string alice = await hub.TokenAsync("alice");
        await hub.SendAsync(HttpMethod.Post, "/groups", alice, $$"""{"id":"{{id}}"}""");
        (await hub.SendAsync(HttpMethod.Put, $"/groups/{id}/members/{who}", alice, body)).Refuses(status, status == 404 ? "not-found" : "invalid");
        await hub.SendAsync(HttpMethod.Delete, $"/groups/{id}", alice);
    }

    [Fact]
    public async Task What_is_told_of_a_thing_is_read_and_changed()
    {
        string alice = await hub.TokenAsync("alice");
        string bob = await hub.TokenAsync("bob");
        RestHub.Reply changed = await hub.SendAsync(HttpMethod.Patch, "/things/meter/metadata", alice, """{"name":"Meter 1","place":"cellar","tags":{"ROOM":"north"}}""");
        Assert.Equal(("Meter 1", "cellar", "north"), ((string?)changed.Json!["name"], (string?)changed.Json["place"], (string?)changed.Json["tags"]!["ROOM"]));
        RestHub.Reply same = await hub.GetAsync("/things/meter/metadata", alice);
        Assert.Equal(changed.Text, same.Text);
        (await hub.SendAsync(HttpMethod.Patch, "/things/meter/metadata", alice, """{"name":"x"}""", r => r.Headers.Add("If-Match", "\"0\""))).Refuses(412, "changed");
        (await hub.SendAsync(HttpMethod.Patch, "/things/meter/metadata", alice, """{"tags":{"KEY":"x"}}""")).Refuses(422, "invalid");
        (await hub.SendAsync(HttpMethod.Patch, "/things/meter/metadata", alice, """{"tags":{"NAME":"x"}}""")).Refuses(422, "invalid");
        (await hub.SendAsync(HttpMethod.Patch, "/things/meter/metadata", alice, "{\"name\":\"a\\u0000\"}")).Refuses(422, "invalid");
        (await hub.SendAsync(HttpMethod.Patch, "/things/meter/metadata", bob, """{"name":"x"}""")).Refuses(404, "not-found");
        (await hub.GetAsync("/things/meter/metadata", bob)).Refuses(404, "not-found");
        Assert.Equal("", (string?)(await hub.SendAsync(HttpMethod.Patch, "/things/meter/metadata", alice, """{"name":"","tags":{"ROOM":""}}""")).Json!["name"]);
    }

    [Fact]
    public async Task Notes_are_written_read_by_pages_and_taken_away()
    {
        string alice = await hub.TokenAsync("alice");
        string bob = await hub.TokenAsync("bob");
        RestHub.Reply first = await hub.SendAsync(HttpMethod.Post, "/things/lamp/notes", alice, """{"text":"<b>one</b>"}""");
        Assert.Equal((HttpStatusCode.Created, "alice@hub.test"), (first.Status, (string?)first.Json!["author"]));
        await hub.SendAsync(HttpMethod.Post, "/things/lamp/notes", alice, """{"text":"two"}""");
        RestHub.Reply page = await hub.GetAsync("/things/lamp/notes?limit=1", alice);
        Assert.Equal("two", (string?)page.Json!["items"]![0]!["text"]);
        RestHub.Reply next = await hub.GetAsync("/things/lamp/notes?limit=1&after=" + (string?)page.Json["next"], alice);
        Assert.Equal("<b>one</b>", (string?)next.Json!["items"]![0]!["text"]);
        (await hub.GetAsync("/things/lamp/notes?after=x", alice)).Refuses(400, "bad-request");
        (await hub.SendAsync(HttpMethod.Post, "/things/lamp/notes", alice, """{"text":" "}""")).Refuses(422, "invalid");
        (await hub.SendAsync(HttpMethod.Post, "/things/lamp/notes", bob, """{"text":"x"}""")).Refuses(404, "not-found");
        (await hub.SendAsync(HttpMethod.Delete, "/things/lamp/notes/1", bob)).Refuses(404, "not-found");
        (await hub.SendAsync(HttpMethod.Delete, "/things/lamp/notes/x", alice)).Refuses(404, "not-found");
        Assert.Equal(HttpStatusCode.NoContent, (await hub.SendAsync(HttpMethod.Delete, "/things/lamp/notes/1", alice)).Status);
    }

    [Fact]
    public async Task Things_are_taken_out_and_in()
    {
        string bob = await hub.TokenAsync("bob");
        await hub.SendAsync(HttpMethod.Patch, "/things/pump/metadata", bob, """{"name":"=1+1"}""");
        RestHub.Reply csv = await hub.GetAsync("/export/things", bob);
        Assert.Equal(("text/csv", "attachment; filename=\"things.csv\""), (csv.Type, csv.ContentHeaders.ContentDisposition!.ToString()));
        Assert.Contains("\r\npump,'=1+1,", csv.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("lamp", csv.Text, StringComparison.Ordinal);
        RestHub.Reply json = await hub.GetAsync("/export/things?format=json", bob);
        Assert.Equal("=1+1", (string?)json.Json![0]!["name"]);
        RestHub.Reply same = await ImportAsync(bob, csv.Text);
        Assert.Equal((true, 0), ((bool)same.Json!["done"]!, (int)same.Json["changed"]!));
        RestHub.Reply check = await ImportAsync(bob, "id,name\npump,Pump\n", "?check=true");
        Assert.Equal((false, 1), ((bool)check.Json!["done"]!, (int)check.Json["changed"]!));
        RestHub.Reply refused = (await ImportAsync(bob, "id,name\npump,Pump\nlamp,x\n")).Refuses(422, "invalid");
        Assert.Contains("line 3", refused.Text, StringComparison.Ordinal);
        Assert.Equal((true, 1, 1), await ImportAsync(bob, "id,name\npump,Pump\nlamp,x\n", "?partial=true") is { Json: { } part } ? ((bool)part["done"]!, (int)part["changed"]!, (int)part["faultCount"]!) : default);
        RestHub.Reply back = await hub.SendAsync(HttpMethod.Post, "/import/things.json", bob, json.Text);
        Assert.Equal((true, 1), ((bool)back.Json!["done"]!, (int)back.Json["changed"]!));
        (await hub.SendAsync(HttpMethod.Post, "/import/things", bob, "[]")).Refuses(415, "media-type");
        (await hub.SendAsync(HttpMethod.Post, "/import/things", bob, null, r => r.Content = Csv([0x69, 0x64, 0x0a, 0xff]))).Refuses(400, "malformed");
    }

    [Fact]
    public async Task Things_are_made_by_an_import_for_who_may_and_their_secrets_are_told_once()
    {
        string root = await hub.TokenAsync("root");
        (await ImportAsync(await hub.TokenAsync("root", ApiScope.ThingsWrite), "id\nrest-new-1\n", "?create=true")).Refuses(403, "scope-needed");
        RestHub.Reply refused = (await ImportAsync(await hub.TokenAsync("bob"), "id\nrest-new-1\n", "?create=true")).Refuses(422, "invalid");
        Assert.Contains("rest-new-1: There is no such thing, or not for you. An import makes things for who may provision them: administrators of the hub, and Registry:Operators.", refused.Text, StringComparison.Ordinal);
        (await ImportAsync(root, "id\nrest-new-1\n")).Refuses(422, "invalid");
        RestHub.Reply made = await ImportAsync(root, "id,name,owner\nrest-new-1,=1+1,bob@hub.test\nrest-new-2,,\n", "?create=true");
        Assert.Equal((true, 0, 2), ((bool)made.Json!["done"]!, (int)made.Json["changed"]!, (int)made.Json["created"]!));
        JsonNode first = made.Json["made"]![0]!;
        Assert.Equal(("rest-new-1", "rest-new-1@hub.test"), ((string?)first["thing"], (string?)first["jid"]));
        Assert.StartsWith("IoTDisco;SN:rest-new-1;KEY:", (string?)first["claim"], StringComparison.Ordinal);
        Assert.Equal("no-store", made.Headers.CacheControl?.ToString());
        // The secret logs in.
        await using RawClient thing = await RawClient.ConnectAsync(hub.Host.Plain, "rest-new-1");
        await thing.LoginAsync(hub.Host.Domain, "rest-new-1", (string)first["password"]!);
        RestHub.Reply again = await ImportAsync(root, "id,name,owner\nrest-new-1,=1+1,bob@hub.test\nrest-new-2,,\n", "?create=true");
        Assert.Equal((0, 0), ((int)again.Json!["created"]!, again.Json["made"]!.AsArray().Count));
        Assert.Equal(HttpStatusCode.OK, (await hub.GetAsync("/things/rest-new-1", await hub.TokenAsync("bob"))).Status);
        (await hub.GetAsync("/things/rest-new-2", await hub.TokenAsync("bob"))).Refuses(404, "not-found");
    }

    [Fact]
    public async Task A_thing_is_revoked_reset_and_claimed_again()
    {
        string alice = await hub.TokenAsync("alice");
        string bob = await hub.TokenAsync("bob");
        await hub.AddThingAsync("rest-kettle", "alice");
        foreach (string deed in (string[])["revoke", "reset", "key"])
        {
            (await hub.SendAsync(HttpMethod.Post, $"/things/rest-kettle/{deed}", bob)).Refuses(404, "not-found");
            (await hub.SendAsync(HttpMethod.Post, $"/things/nothing/{deed}", alice)).Refuses(404, "not-found");
            (await hub.SendAsync(HttpMethod.Post, $"/things/rest-kettle/{deed}", await hub.TokenAsync("alice", ApiScope.ThingsWrite, ApiScope.ThingsRead))).Refuses(403, "scope-needed");
        }

        RestHub.Reply key = await hub.SendAsync(HttpMethod.Post, "/things/rest-kettle/key", alice);
        string code = (string)key.Json!["claim"]!;
        RestHub.Reply reset = await hub.SendAsync(HttpMethod.Post, "/things/rest-kettle/reset", alice);
        Assert.Equal(("unclaimed", null, null), ((string?)reset.Json!["state"], (string?)reset.Json["owner"], (string?)reset.Json["claim"]));
        (await hub.GetAsync("/things/rest-kettle", alice)).Refuses(404, "not-found");
        (await hub.SendAsync(HttpMethod.Post, "/claims", bob, """{"code":"IoTDisco;SN:rest-kettle;KEY:wrong"}""")).Refuses(404, "not-found");
        (await hub.SendAsync(HttpMethod.Post, "/claims", bob, """{"code":"=1+1"}""")).Refuses(422, "invalid");
        RestHub.Reply claimed = await hub.SendAsync(HttpMethod.Post, "/claims", bob, new JsonObject { ["code"] = code }.ToJsonString());
        Assert.Equal(("rest-kettle", "private", "bob@hub.test"), ((string?)claimed.Json!["thing"], (string?)claimed.Json["state"], (string?)claimed.Json["owner"]));
        (await hub.SendAsync(HttpMethod.Post, "/claims", alice, new JsonObject { ["code"] = code }.ToJsonString())).Refuses(404, "not-found");
        RestHub.Reply fresh = await hub.SendAsync(HttpMethod.Post, "/things/rest-kettle/reset?newKey=true", bob);
        Assert.NotEqual(code, (string?)fresh.Json!["claim"]);
        (await hub.SendAsync(HttpMethod.Post, "/claims", alice, new JsonObject { ["code"] = code }.ToJsonString())).Refuses(404, "not-found");
        Assert.Equal(HttpStatusCode.OK, (await hub.SendAsync(HttpMethod.Post, "/claims", alice, new JsonObject { ["code"] = (string?)fresh.Json["claim"] }.ToJsonString())).Status);
        RestHub.Reply revoked = await hub.SendAsync(HttpMethod.Post, "/things/rest-kettle/revoke", alice);
        Assert.Equal("revoked", (string?)revoked.Json!["state"]);
        Assert.True((await hub.Host.Server.Services.Accounts.FindAsync("rest-kettle", TestContext.Current.CancellationToken))!.IsDisabled);
    }

    private static string NewId() => $"g{Interlocked.Increment(ref s_last)}";

    private Task<RestHub.Reply> ImportAsync(string token, string csv, string query = "") => hub.SendAsync(HttpMethod.Post, "/import/things" + query, token, null, r => r.Content = Csv(Encoding.UTF8.GetBytes(csv)));

    private static ByteArrayContent Csv(byte[] bytes) => new(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("text/csv") } };
}
