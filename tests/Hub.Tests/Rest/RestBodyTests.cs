using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.ApiTokens;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>Bodies, and the resources that take them: tokens and accounts.</summary>
public sealed class RestBodyTests(RestHub hub) : IClassFixture<RestHub>
{
    [Theory]
    [InlineData("", 400, "malformed")]
    [InlineData("{", 400, "malformed")]
    [InlineData("{\"name\":\"a\",\"scopes\":[\"mcp\"]} {}", 400, "malformed")]
    [InlineData("{'name':'a'}", 400, "malformed")]
    [InlineData("{\"name\":\"a\",/* c */\"scopes\":[\"mcp\"]}", 400, "malformed")]
    [InlineData("{\"name\":\"a\",\"scopes\":[\"mcp\"],}", 400, "malformed")]
    [InlineData("<token/>", 400, "malformed")]
    [InlineData("null", 422, "invalid")]
    [InlineData("[]", 422, "invalid")]
    [InlineData("{\"name\":\"a\"}", 422, "invalid")]
    [InlineData("{\"name\":null,\"scopes\":[\"mcp\"]}", 422, "invalid")]
    [InlineData("{\"name\":1,\"scopes\":[\"mcp\"]}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"scopes\":\"mcp\"}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"scopes\":[\"mcp\"],\"days\":\"5\"}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"scopes\":[\"mcp\"],\"days\":0}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"scopes\":[\"mcp\"],\"days\":99999}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"scopes\":[\"mcp\"],\"days\":1e999}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"scopes\":[\"mcp\"],\"administrator\":true}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"Scopes\":[\"mcp\"]}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\",\"scopes\":[\"mcp\"]}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"scopes\":[]}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"scopes\":[null]}", 422, "invalid")]
    [InlineData("{\"name\":\"a\",\"scopes\":[\"everything\"]}", 422, "invalid")]
    [InlineData("{\"name\":\"\",\"scopes\":[\"mcp\"]}", 422, "invalid")]
    [InlineData("{\"name\":\"a\\u0000\",\"scopes\":[\"mcp\"]}", 422, "invalid")]
    public async Task A_body_that_is_wrong_is_refused_by_its_place(string json, int status, string word)
    {
        string token = await hub.TokenAsync("alice");
        RestHub.Reply reply = (await hub.SendAsync(HttpMethod.Post, "/tokens", token, json)).Refuses(status, word);
        Assert.DoesNotContain("IotXmpp", reply.Text, StringComparison.Ordinal); // none of our names
        Assert.DoesNotContain("System.", reply.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_unknown_or_missing_is_named()
    {
        string token = await hub.TokenAsync("alice");
        RestHub.Reply unknown = await hub.SendAsync(HttpMethod.Post, "/tokens", token, """{"name":"a","scopes":["mcp"],"colour":1}""");
        Assert.Equal("$.colour", (string?)unknown.Json!["errors"]![0]!["name"]);
        RestHub.Reply missing = await hub.SendAsync(HttpMethod.Post, "/tokens", token, """{"name":"a"}""");
        Assert.Contains("scopes", (string?)missing.Json!["errors"]![0]!["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_are_bounded_in_size_and_depth_and_are_JSON()
    {
        string token = await hub.TokenAsync("alice");
        (await hub.SendAsync(HttpMethod.Post, "/tokens", token, $$"""{"name":"{{new string('a', 70_000)}}","scopes":["mcp"]}""")).Refuses(413, "too-large");
        // Without a length that is known before.
        (await hub.SendAsync(HttpMethod.Post, "/tokens", token, more: r =>
        {
            r.Headers.TransferEncodingChunked = true;
            r.Content = new StreamContent(new MemoryStream(Encoding.UTF8.GetBytes($$"""{"name":"{{new string('a', 70_000)}}","scopes":["mcp"]}""")));
            r.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        })).Refuses(413, "too-large");
        (await hub.SendAsync(HttpMethod.Post, "/tokens", token, new string('[', 10_000) + new string(']', 10_000))).Refuses(422, "invalid");
        (await hub.SendAsync(HttpMethod.Post, "/tokens", token, """{"name":"a","scopes":[""" + new string('[', 10_000))).Refuses(422, "invalid");
        foreach (string type in (string[])["text/plain", "application/xml", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
        {
            (await hub.SendAsync(HttpMethod.Post, "/tokens", token, more: r =>
            {
                r.Content = new ByteArrayContent("{\"name\":\"a\",\"scopes\":[\"mcp\"]}"u8.ToArray());
                r.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            })).Refuses(415, "media-type");
        }

        (await hub.SendAsync(HttpMethod.Post, "/tokens", token, more: r => r.Content = new ByteArrayContent("{}"u8.ToArray()))).Refuses(415, "media-type");
    }

    [Fact]
    public async Task Tokens_are_made_listed_and_revoked()
    {
        string token = await hub.TokenAsync("alice", ApiScope.TokensWrite, ApiScope.ThingsRead);
        RestHub.Reply made = await hub.SendAsync(HttpMethod.Post, "/tokens", token, """{"name":"<b>script</b>","scopes":["things:read"],"days":3}""");
        Assert.Equal(HttpStatusCode.Created, made.Status);
        string id = (string)made.Json!["id"]!;
        string secret = (string)made.Json["token"]!;
        Assert.Equal("/api/v1/tokens/" + id, made.Headers.Location!.ToString());
        Assert.Equal(HttpStatusCode.OK, (await hub.GetAsync("/things", secret)).Status);
        RestHub.Reply one = await hub.GetAsync("/tokens/" + id, token);
        Assert.Equal("<b>script</b>", (string?)one.Json!["name"]);
        Assert.DoesNotContain("<b>", one.Text, StringComparison.Ordinal); // escaped also in JSON
        RestHub.Reply list = await hub.GetAsync("/tokens", token);
        Assert.Contains(id, list.Json!["items"]!.AsArray().Select(t => (string?)t!["id"]));
        Assert.DoesNotContain(secret, list.Text, StringComparison.Ordinal);
        (await hub.SendAsync(HttpMethod.Post, "/tokens", token, """{"name":"more","scopes":["history:read"]}""")).Refuses(403, "forbidden");
        (await hub.SendAsync(HttpMethod.Post, "/tokens", secret, """{"name":"more","scopes":["things:read"]}""")).Refuses(403, "scope-needed");
        // Somebody else's are not there.
        string bob = await hub.TokenAsync("bob");
        (await hub.GetAsync("/tokens/" + id, bob)).Refuses(404, "not-found");
        (await hub.SendAsync(HttpMethod.Delete, "/tokens/" + id, bob)).Refuses(404, "not-found");
        (await hub.GetAsync("/tokens?account=alice", bob)).Refuses(403, "forbidden");
        Assert.Contains(id, (await hub.GetAsync("/tokens?account=alice", await hub.TokenAsync("root"))).Json!["items"]!.AsArray().Select(t => (string?)t!["id"]));
        Assert.Equal(HttpStatusCode.NoContent, (await hub.SendAsync(HttpMethod.Delete, "/tokens/" + id, token)).Status);
        (await hub.GetAsync("/things", secret)).Refuses(401, "unauthorized");
        (await hub.SendAsync(HttpMethod.Delete, "/tokens/" + id, token)).Refuses(404, "not-found");
    }

    [Fact]
    public async Task Accounts_are_for_administrators()
    {
        (await hub.GetAsync("/accounts", await hub.TokenAsync("alice"))).Refuses(403, "scope-needed");
        string root = await hub.TokenAsync("root");
        RestHub.Reply made = await hub.SendAsync(HttpMethod.Post, "/accounts", root, """{"name":"Dora","password":"secret of dora"}""");
        Assert.Equal((HttpStatusCode.Created, "dora", "/api/v1/accounts/dora"), (made.Status, (string?)made.Json!["name"], made.Headers.Location!.ToString()));
        (await hub.SendAsync(HttpMethod.Post, "/accounts", root, """{"name":"dora","password":"another"}""")).Refuses(409, "conflict");
        (await hub.SendAsync(HttpMethod.Post, "/accounts", root, """{"name":"lamp","password":"another"}""")).Refuses(409, "conflict");
        (await hub.SendAsync(HttpMethod.Post, "/accounts", root, """{"name":"a@b/c","password":"another"}""")).Refuses(422, "invalid");
        (await hub.SendAsync(HttpMethod.Post, "/accounts", root, """{"name":"e","password":""}""")).Refuses(422, "invalid");
        RestHub.Reply changed = await hub.SendAsync(HttpMethod.Patch, "/accounts/dora", root, """{"disabled":true,"administrator":true}""");
        Assert.Equal((true, true), ((bool)changed.Json!["disabled"]!, (bool)changed.Json["administrator"]!));
        Assert.DoesNotContain("secret", (await hub.GetAsync("/accounts/dora", root)).Text, StringComparison.OrdinalIgnoreCase);
        // The one who can undo all of it stays; 'dora' is an administrator who may not log in, and the hub's first one never did.
        await hub.SendAsync(HttpMethod.Delete, "/accounts/admin", root);
        (await hub.SendAsync(HttpMethod.Delete, "/accounts/root", root)).Refuses(409, "conflict");
        (await hub.SendAsync(HttpMethod.Patch, "/accounts/root", root, """{"disabled":true}""")).Refuses(409, "conflict");
        (await hub.SendAsync(HttpMethod.Patch, "/accounts/root", root, """{"administrator":false}""")).Refuses(409, "conflict");
        Assert.Equal(HttpStatusCode.NoContent, (await hub.SendAsync(HttpMethod.Delete, "/accounts/dora", root)).Status);
        (await hub.GetAsync("/accounts/dora", root)).Refuses(404, "not-found");
        (await hub.SendAsync(HttpMethod.Patch, "/accounts/dora", root, "{}")).Refuses(404, "not-found");
        JsonNode hubView = (await hub.GetAsync("/hub", root)).Json!;
        Assert.Equal("hub.test", (string?)hubView["domain"]);
        Assert.True((long)hubView["accounts"]! >= 3);
    }
}
