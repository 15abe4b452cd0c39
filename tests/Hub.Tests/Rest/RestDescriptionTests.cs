using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IotXmpp.Hub.Dashboard.Rest;
using IotXmpp.Hub.Features.ApiTokens;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Microsoft.OpenApi.Reader;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>The description of the API (OpenAPI 3.1) says what the running API does: its routes are walked.</summary>
public sealed partial class RestDescriptionTests(RestHub hub) : IClassFixture<RestHub>
{
    private IEnumerable<RouteEndpoint> Endpoints => hub.Host.Server.HttpServices.GetServices<EndpointDataSource>().SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
        .Where(e => e.RoutePattern.RawText!.StartsWith(RestApi.Prefix, StringComparison.Ordinal)).DistinctBy(e => e.DisplayName + e.RoutePattern.RawText);

    [Fact]
    public async Task It_is_OpenAPI_3_1_and_read_without_a_token()
    {
        RestHub.Reply reply = await hub.GetAsync("/openapi.json", null);
        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.StartsWith("3.1", (string?)reply.Json!["openapi"], StringComparison.Ordinal);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(reply.Text));
        ReadResult read = await OpenApiDocument.LoadAsync(stream, "json", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Empty(read.Diagnostic!.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
        string[] dangling = [.. References(reply.Json).Where(r => Resolve(reply.Json, r) is null)];
        Assert.Empty(dangling);
    }

    [Fact]
    public async Task Every_route_status_and_schema_is_described_and_nothing_else()
    {
        JsonNode document = (await hub.GetAsync("/openapi.json", null)).Json!;
        var described = document["paths"]!.AsObject().SelectMany(p => p.Value!.AsObject().Select(m => $"{m.Key.ToUpperInvariant()} {p.Key}")).ToHashSet();
        var ids = new HashSet<string>();
        foreach (RouteEndpoint endpoint in Endpoints.Where(e => e.Metadata.GetMetadata<RestOpen>() is null))
        {
            RestOperation operation = endpoint.Metadata.GetMetadata<RestOperation>() ?? throw new InvalidOperationException($"{endpoint.DisplayName} says nothing of itself");
            string method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single();
            string path = CatchAll().Replace(endpoint.RoutePattern.RawText!, "{");
            Assert.True(described.Remove($"{method} {path}"), $"{method} {path} is not described");
            JsonNode told = document["paths"]![path]![method.ToLowerInvariant()]!;
            Assert.True(ids.Add((string)told["operationId"]!), $"{told["operationId"]} is there twice");
            Assert.Matches("^[a-z][A-Za-z]+$", (string)told["operationId"]!);
            Assert.NotEmpty((string)told["summary"]!);
            Assert.Equal(operation.Scope, (string?)told["x-scope"]);
            Assert.Contains(operation.Scope, ApiScope.All.Select(s => s.Scope));
            Assert.NotEmpty(told["tags"]!.AsArray());
            Assert.Equal(operation.Answers.Select(a => a.Status).Distinct().Order(), told["responses"]!.AsObject().Select(r => int.Parse(r.Key, System.Globalization.CultureInfo.InvariantCulture)).Order());
            foreach (RestAnswer answer in operation.Answers.Where(a => a.Type is not null))
            {
                JsonNode schema = told["responses"]![answer.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)]!["content"]![answer.MediaType!]!["schema"]!;
                schema = schema["$ref"] is { } reference ? Resolve(document, (string)reference!)! : schema;
                Assert.True(schema["properties"]?.AsObject().Count > 0, $"{method} {path} {answer.Status}: no schema");
            }

            Assert.Contains(operation.Answers, a => a.Status is >= 200 and < 300);
            var parameters = told["parameters"]?.AsArray().Select(p => ((string)p!["in"]!, (string)p["name"]!)).ToList() ?? [];
            Assert.Equal(operation.Parameters.Select(p => ("query", p.Name)).Concat(endpoint.RoutePattern.Parameters.Select(p => ("path", p.Name))).Order(), parameters.Order());
            Assert.Equal(operation.Body is not null || operation.RawBody is not null, told["requestBody"] is not null);
        }

        Assert.Empty(described);
        Assert.True(ids.Count > 15);
    }

    [Fact]
    public void Every_route_under_the_prefix_says_what_it_needs() =>
        Assert.All(Endpoints, e => Assert.True(e.Metadata.GetMetadata<IRestAdmission>() is not null || e.Metadata.GetMetadata<RestOpen>() is not null, e.DisplayName));

    /// <summary>What comes of each GET is what its schema says, as far as names go: no property more, none less.</summary>
    [Theory]
    [InlineData("/things/lamp", "/api/v1/things/{id}")]
    [InlineData("/hub", "/api/v1/hub")]
    [InlineData("/accounts/alice", "/api/v1/accounts/{name}")]
    [InlineData("/things", "/api/v1/things")]
    [InlineData("/fleet/latest", "/api/v1/fleet/latest")]
    public async Task Answers_have_the_properties_that_are_described(string request, string path)
    {
        JsonNode document = (await hub.GetAsync("/openapi.json", null)).Json!;
        JsonNode schema = document["paths"]![path]!["get"]!["responses"]!["200"]!["content"]!["application/json"]!["schema"]!;
        schema = schema["$ref"] is { } reference ? Resolve(document, (string)reference!)! : schema;
        JsonNode answer = (await hub.GetAsync(request, await hub.TokenAsync("root"))).Json!;
        Assert.Equal(schema["properties"]!.AsObject().Select(p => p.Key).Order(), answer.AsObject().Select(p => p.Key).Order());
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(p => p.Key == "$ref" && p.Value is JsonValue value ? [(string)value!] : References(p.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };

    private static JsonNode? Resolve(JsonNode document, string reference) =>
        reference.StartsWith("#/", StringComparison.Ordinal) ? reference[2..].Split('/').Aggregate((JsonNode?)document, (at, part) => at is JsonObject map ? map[part.Replace("~1", "/", StringComparison.Ordinal)] : null) : null;

    [GeneratedRegex(@"\{\*\*")]
    private static partial Regex CatchAll();
}
