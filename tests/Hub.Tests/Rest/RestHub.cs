using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.History;
using IotXmpp.Hub.Features.Liveness;
using IotXmpp.Hub.Features.Registry;
using IotXmpp.Hub.Sasl;
using IotXmpp.Hub.Storage;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Rest;

/// <summary>A hub with two people, an administrator and things of theirs; asked by REST over real HTTP.</summary>
public sealed class RestHub : IAsyncLifetime
{
    private readonly HttpClientHandler _handler = new() { AllowAutoRedirect = false, UseProxy = false, UseCookies = false };
    private HttpClient _http = null!;

    /// <summary>Settings as JSON; set before the start.</summary>
    internal string Settings { get; init; } = """{ "Security": { "LoginThrottle": { "Enabled": false } }, "Rest": { "RequestsPerMinute": 100000, "Burst": 10000 } }""";

    /// <summary>The data folder, which stays; null for one of its own.</summary>
    internal string? Data { get; init; }

    /// <summary>The clock; null for the real one.</summary>
    internal TimeProvider? Time { get; init; }

    /// <summary>The hub.</summary>
    internal HubHost Host { get; private set; } = null!;

    internal ApiTokenService Tokens => Host.Server.Services.ApiTokens;

    internal Uri Base { get; private set; } = null!;

    /// <summary>For requests that the helpers here do not make.</summary>
    internal HttpClient Http => _http;

    public async ValueTask InitializeAsync()
    {
        Host = await HubHost.StartAsync(Settings, Time, data: Data);
        Base = new Uri($"http://{Host.Http}");
        _http = new HttpClient(_handler) { BaseAddress = Base, Timeout = TimeSpan.FromMinutes(2) };
        await Host.AddAccountAsync("alice", "secret of alice");
        await Host.AddAccountAsync("bob", "secret of bob");
        await Host.AddAccountAsync("root", "secret of root");
        await Host.SetAdministratorAsync("root");
        await AddThingAsync("lamp", "alice");
        await AddThingAsync("meter", "alice");
        await AddThingAsync("pump", "bob");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _handler.Dispose();
        await Host.DisposeAsync();
    }

    internal static Jid Of(string name) => new(name, "hub.test", "");

    internal async Task AddThingAsync(string id, string owner)
    {
        RegistryModule registry = Host.Server.Hub.Modules.OfType<RegistryModule>().Single();
        byte[] bytes = [.. Enumerable.Repeat((byte)1, 32)];
        ThingResult made = await registry.Provisioning.ProvisionAsync(Of("root"), new Provision(id, Of(owner), new ScramCredentials(ScramHash.Sha256, bytes[..16], 4096, bytes, bytes)));
        Assert.Equal(RegistryOutcome.Done, made.Outcome);
    }

    /// <summary>What a thing has measured, as it would be after its publication.</summary>
    /// <param name="id">The thing.</param>
    /// <param name="timestamps">XEP-0323 &lt;timestamp/&gt; elements.</param>
    internal async Task MeasureAsync(string id, string timestamps)
    {
        HistoryService history = Host.Server.Hub.Modules.OfType<HistoryModule>().Single().Service;
        SampleBatch batch = history.Read(id, Encoding.UTF8.GetBytes($"<fields xmlns='urn:xmpp:iot:sensordata'><node nodeId='{id}'>{timestamps}</node></fields>"))!;
        await Host.Server.Services.Database.WriteAsync(session => history.Write(session, batch), () => history.Committed(batch));
    }

    internal LivenessService Liveness => Host.Server.Hub.Modules.OfType<LivenessModule>().Single().Service;

    /// <summary>Asks and reads as it comes.</summary>
    internal async Task<HttpResponseMessage> OpenAsync(string path, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1" + path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>A token of an account; all scopes that it may have where none are named.</summary>
    internal async Task<string> TokenAsync(string account, params string[] scopes)
    {
        IEnumerable<string> wanted = scopes.Length > 0 ? scopes : ApiScope.All.Select(s => s.Scope).Where(s => account == "root" || !ApiScope.IsForAdministrators(s));
        NewApiToken made = await Tokens.CreateAsync(account, "test", wanted);
        Assert.Equal(ApiTokenOutcome.Done, made.Outcome);
        return made.Secret!;
    }

    /// <summary>Asks below <c>/api/v1</c>.</summary>
    internal async Task<Reply> SendAsync(HttpMethod method, string path, string? token, string? json = null, Action<HttpRequestMessage>? more = null)
    {
        using var request = new HttpRequestMessage(method, path.StartsWith("/api", StringComparison.Ordinal) || path == "/mcp" ? path : "/api/v1" + path);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        }

        more?.Invoke(request);
        using HttpResponseMessage response = await _http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        string? type = response.Content.Headers.ContentType?.MediaType;
        return new Reply(response.StatusCode, type, text, type is "application/json" or "application/problem+json" ? JsonNode.Parse(text) : null, response.Headers, response.Content.Headers);
    }

    internal Task<Reply> GetAsync(string path, string? token) => SendAsync(HttpMethod.Get, path, token);

    /// <summary>An answer.</summary>
    internal sealed record Reply(HttpStatusCode Status, string? Type, string Text, JsonNode? Json, HttpResponseHeaders Headers, HttpContentHeaders ContentHeaders)
    {
        /// <summary>The word of a refusal.</summary>
        public string? Word => (string?)Json?["type"] is { } type && type.StartsWith("urn:iotxmpp:problem:", StringComparison.Ordinal) ? type["urn:iotxmpp:problem:".Length..] : null;

        /// <summary>Checks that it is a refusal as RFC 9457 says.</summary>
        public Reply Refuses(int status, string word)
        {
            Assert.Equal((status, RestProblemType, word), ((int)Status, Type, Word));
            Assert.Equal(status, (int)Json!["status"]!);
            Assert.False(string.IsNullOrEmpty((string?)Json["title"]));
            return this;
        }

        private static string RestProblemType => "application/problem+json";
    }
}
