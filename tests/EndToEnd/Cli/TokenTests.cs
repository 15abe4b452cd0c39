using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>API tokens and proposals by the command line, and what a program does with them over HTTP.</summary>
public sealed class TokenTests(UpFixture up) : IClassFixture<UpFixture>
{
    private Task<CliResult> Run(params string[] arguments) => CliRun.RunAsync(up.Environment, arguments);

    [Fact]
    public async Task A_token_is_made_used_listed_and_revoked()
    {
        CliResult made = await Run("token", "create", "script", "--scope", "things:read,history:read", "--days", "3", "--json");
        Assert.True(made.Code == 0, made.ToString());
        JsonObject token = Assert.Single(made.Json);
        Assert.Matches("^iotx_[0-9A-Za-z]{49}$", (string?)token["token"]);
        using HttpClient http = Client((string)token["token"]!);
        JsonNode things = JsonNode.Parse(await http.GetStringAsync(new Uri("/api/v1/things", UriKind.Relative), TestContext.Current.CancellationToken))!;
        Assert.Equal(UpFixture.Things, things["items"]!.AsArray().Select(t => (string?)t!["id"]));
        CliResult list = await Run("token", "list");
        Assert.Contains(list.Lines, l => l.StartsWith((string)token["id"]!, StringComparison.Ordinal) && l.Contains("script", StringComparison.Ordinal) && l.Contains("things:read history:read", StringComparison.Ordinal));
        Assert.DoesNotContain("iotx_", list.Out, StringComparison.Ordinal);
        CliResult revoked = await Run("token", "revoke", (string)token["id"]!);
        Assert.True(revoked.Code == 0, revoked.ToString());
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri("/api/v1/things", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode);
        Assert.NotEqual(0, (await Run("token", "revoke", (string)token["id"]!)).Code);
        CliResult wrong = await Run("token", "create", "script", "--scope", "everything");
        Assert.Contains("there is no scope 'everything'", wrong.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_program_proposes_is_done_when_a_person_confirms()
    {
        CliResult made = await Run("token", "create", "model", "--scope", "mcp", "--scope", "things:read", "--scope", "commands:write", "--json");
        using HttpClient http = Client((string)Assert.Single(made.Json)["token"]!);
        string first = await ProposeAsync(http, "true");
        string second = await ProposeAsync(http, "false");
        CliResult list = await Run("proposal", "list", "--json");
        Assert.Contains(list.Json, p => (string?)p["id"] == first && (string?)p["action"] == "on relay-1: set relay = true" && (string?)p["reason"] == "It is dark.");
        CliResult rejected = await Run("proposal", "reject", second);
        Assert.True(rejected.Code == 0, rejected.ToString());
        CliResult confirmed = await Run("proposal", "confirm", first);
        Assert.True(confirmed.Code == 0, confirmed.ToString());
        Assert.StartsWith("given: on relay-1: set relay = true (command ", confirmed.Out, StringComparison.Ordinal);
        Assert.NotEqual(0, (await Run("proposal", "confirm", first)).Code);
        Assert.Equal("Nothing is proposed.", (await Run("proposal", "list")).Out.Trim());
    }

    private static async Task<string> ProposeAsync(HttpClient http, string value)
    {
        string call = """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"propose_command","arguments":{"thing":"relay-1","parameters":[{"name":"relay","value":VALUE}],"reason":"It is dark."}}}"""
            .Replace("VALUE", value, StringComparison.Ordinal);
        using var content = new StringContent(call, Encoding.UTF8, "application/json");
        HttpResponseMessage answer = await http.PostAsync(new Uri("/mcp", UriKind.Relative), content, TestContext.Current.CancellationToken);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        string json = text.Split('\n').Single(l => l.StartsWith("data: ", StringComparison.Ordinal))["data: ".Length..];
        JsonNode result = JsonNode.Parse(json)!["result"]!;
        return (string?)result["structuredContent"]?["id"] ?? throw new InvalidOperationException(text);
    }

    private HttpClient Client(string token)
    {
        var http = new HttpClient { BaseAddress = new Uri("http://" + (string)up.Hub["http"]!) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        http.DefaultRequestHeaders.Accept.ParseAdd("application/json");
        http.DefaultRequestHeaders.Accept.ParseAdd("text/event-stream");
        return http;
    }
}
