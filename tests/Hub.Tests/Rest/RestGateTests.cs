using System.Net;
using System.Net.Http.Headers;
using System.Text;
using IotXmpp.Hub.Features.ApiTokens;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>What every request of REST meets: token, scope, query, body, methods.</summary>
public sealed class RestGateTests(RestHub hub) : IClassFixture<RestHub>
{
    [Fact]
    public async Task Things_that_one_may_not_see_are_not_there()
    {
        string alice = await hub.TokenAsync("alice");
        RestHub.Reply list = await hub.GetAsync("/things", alice);
        Assert.Equal(["lamp", "meter"], list.Json!["items"]!.AsArray().Select(t => (string?)t!["id"]));
        Assert.Equal(HttpStatusCode.OK, (await hub.GetAsync("/things/lamp", alice)).Status);
        RestHub.Reply foreign = (await hub.GetAsync("/things/pump", alice)).Refuses(404, "not-found");
        RestHub.Reply none = (await hub.GetAsync("/things/nothing", alice)).Refuses(404, "not-found");
        Assert.Equal(none.Text, foreign.Text); // not a word more of one that there is
    }

    [Fact]
    public async Task Without_a_token_nothing_is_told_not_even_what_there_is()
    {
        foreach (string path in (string[])["/things", "/things/lamp", "/nothing", "/"])
        {
            RestHub.Reply reply = (await hub.GetAsync(path, null)).Refuses(401, "unauthorized");
            Assert.Equal("Bearer realm=\"iotxmpp\"", reply.Headers.WwwAuthenticate.Single().ToString());
        }

        Assert.Contains("invalid_token", (await hub.GetAsync("/things", ApiTokenText.New())).Refuses(401, "unauthorized").Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Basic YWxpY2U6c2VjcmV0IG9mIGFsaWNl")]
    [InlineData("Bearer")]
    [InlineData("Bearer ' OR 1=1 --")]
    [InlineData("Bearer iotx_0000000000000000000000000000000000000000000000000")]
    [InlineData("Token {0}")]
    [InlineData("Bearer {0} {0}")]
    [InlineData("Bearer {0}x")]
    public async Task Other_credentials_are_none(string authorization)
    {
        string token = await hub.TokenAsync("alice");
        (await hub.SendAsync(HttpMethod.Get, "/things", null, more: r => r.Headers.TryAddWithoutValidation("Authorization", authorization.Replace("{0}", token, StringComparison.Ordinal)))).Refuses(401, "unauthorized");
        // Neither where it would end up in logs.
        (await hub.GetAsync("/things?access_token=" + token, null)).Refuses(401, "unauthorized");
        (await hub.SendAsync(HttpMethod.Get, "/things", null, more: r => r.Headers.Add("Cookie", "token=" + token))).Refuses(401, "unauthorized");
    }

    [Fact]
    public async Task A_token_does_no_more_than_its_scopes()
    {
        string token = await hub.TokenAsync("alice", ApiScope.HistoryRead);
        RestHub.Reply reply = (await hub.GetAsync("/things", token)).Refuses(403, "scope-needed");
        Assert.Contains("scope=\"things:read\"", reply.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_is_revoked_or_whose_account_goes_is_void_at_the_next_request()
    {
        await hub.Host.AddAccountAsync("carol", "secret of carol");
        NewApiToken made = await hub.Tokens.CreateAsync("carol", "one", [ApiScope.ThingsRead]);
        Assert.Equal(HttpStatusCode.OK, (await hub.GetAsync("/things", made.Secret)).Status);
        await hub.Tokens.RevokeAsync(made.Token!.Id, null);
        (await hub.GetAsync("/things", made.Secret)).Refuses(401, "unauthorized");
        string other = await hub.TokenAsync("carol");
        await hub.Host.DisableAsync("carol");
        (await hub.GetAsync("/things", other)).Refuses(401, "unauthorized");
    }

    [Theory]
    [InlineData("/things?colour=red", "colour")]
    [InlineData("/things?LIMIT=5", "LIMIT")]
    [InlineData("/things?limit=0", "limit")]
    [InlineData("/things?limit=1001", "limit")]
    [InlineData("/things?limit=1&limit=2", "limit")]
    [InlineData("/things?limit=1e2", "limit")]
    [InlineData("/things?limit=", "limit")]
    [InlineData("/things?state=happy", "state")]
    [InlineData("/things?tag=NAME", "tag")]
    [InlineData("/things?tag=a:b&tag=a:b&tag=a:b&tag=a:b&tag=a:b&tag=a:b&tag=a:b&tag=a:b&tag=a:b", "tag")]
    [InlineData("/things?q=%00", "q")]
    [InlineData("/things/lamp?q=a", "q")]
    public async Task A_query_that_is_wrong_is_refused_by_name(string path, string name)
    {
        RestHub.Reply reply = (await hub.GetAsync(path, await hub.TokenAsync("alice"))).Refuses(400, "bad-request");
        Assert.Equal(name, (string?)reply.Json!["errors"]!.AsArray().Single()!["name"]);
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        string root = await hub.TokenAsync("root");
        RestHub.Reply first = await hub.GetAsync("/things?limit=2", root);
        Assert.Equal(["lamp", "meter"], first.Json!["items"]!.AsArray().Select(t => (string?)t!["id"]));
        Assert.Equal("meter", (string?)first.Json["next"]);
        Assert.Equal("</api/v1/things?limit=2&after=meter>; rel=\"next\"", first.Headers.GetValues("Link").Single());
        RestHub.Reply second = await hub.GetAsync("/things?limit=2&after=meter", root);
        Assert.Equal(["pump"], second.Json!["items"]!.AsArray().Select(t => (string?)t!["id"]));
        Assert.Null(second.Json["next"]);
        Assert.False(second.Headers.Contains("Link"));
    }

    [Fact]
    public async Task Other_methods_and_paths_are_refused_as_all_else()
    {
        string token = await hub.TokenAsync("alice");
        RestHub.Reply reply = (await hub.SendAsync(HttpMethod.Delete, "/things", token)).Refuses(405, "method-not-allowed");
        Assert.Contains("GET", reply.ContentHeaders.Allow);
        (await hub.GetAsync("/nothing", token)).Refuses(404, "not-found");
        (await hub.GetAsync("/", token)).Refuses(404, "not-found");
        // A method is what it is, whatever a header says.
        (await hub.SendAsync(HttpMethod.Delete, "/things", token, more: r => r.Headers.Add("X-HTTP-Method-Override", "GET"))).Refuses(405, "method-not-allowed");
    }

    [Theory]
    [InlineData("/things/..%2f..%2fetc%2fpasswd")]
    [InlineData("/things/lamp'%20OR%20'1'='1")]
    [InlineData("/things/LAMP")]
    [InlineData("/things/%E2%80%AElamp")]
    [InlineData("/things/<script>alert(1)</script>")]
    public async Task An_id_that_is_none_is_no_thing(string path) => (await hub.GetAsync(path, await hub.TokenAsync("root"))).Refuses(404, "not-found");

    [Fact]
    public async Task Pages_of_other_origins_get_no_leave()
    {
        string token = await hub.TokenAsync("alice");
        RestHub.Reply preflight = await hub.SendAsync(HttpMethod.Options, "/things", null, more: r =>
        {
            r.Headers.Add("Origin", "https://evil.test");
            r.Headers.Add("Access-Control-Request-Method", "GET");
        });
        Assert.Equal(HttpStatusCode.Forbidden, preflight.Status);
        Assert.False(preflight.Headers.Contains("Access-Control-Allow-Origin"));
        RestHub.Reply reply = await hub.SendAsync(HttpMethod.Get, "/things", token, more: r => r.Headers.Add("Origin", "https://evil.test"));
        Assert.False(reply.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Answers_are_kept_by_nobody()
    {
        RestHub.Reply reply = await hub.GetAsync("/things", await hub.TokenAsync("alice"));
        Assert.True(reply.Headers.CacheControl!.NoStore);
        Assert.Equal("nosniff", reply.Headers.GetValues("X-Content-Type-Options").Single());
    }
}
