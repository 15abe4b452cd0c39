using System.Collections.Concurrent;
using System.Net;
using System.Text;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Metrics;

/// <summary>The export by the OpenTelemetry protocol.</summary>
public sealed class OtlpTests
{
    [Fact]
    public async Task A_collector_gets_the_figures_with_the_settings_headers()
    {
        var requests = new ConcurrentQueue<(string Path, string? Type, string? Key, byte[] Body)>();
        await using WebApplication collector = await CollectorAsync(requests);
        await using HubHost hub = await HubHost.StartAsync($$"""{ "Metrics": { "Enabled": false, "Otlp": { "Endpoint": "{{collector.Urls.Single()}}", "IntervalSeconds": 1, "Headers": [ "x-key=secret" ] } } }""");
        await using var alice = await MetricsPageTests.LoginAsync(hub);

        // A histogram is there from its first measurement on: not every export has all.
        await Wait.UntilAsync(() => requests.Any(r => Has(r.Body, "iotxmpp.sessions") && Has(r.Body, "websocket") && Has(r.Body, "iotxmpp.storage.commit")));

        (string path, string? type, string? key, byte[] body) = requests.First(r => Has(r.Body, "websocket") && Has(r.Body, "iotxmpp.storage.commit"));
        Assert.Equal("/v1/metrics", path);
        Assert.Equal("application/x-protobuf", type);
        Assert.Equal("secret", key);
        Assert.True(Has(body, "service.name"));
        Assert.False(Has(body, "alice"));
    }

    [Fact]
    public async Task A_collector_that_is_not_there_is_nobodys_trouble()
    {
        await using HubHost hub = await HubHost.StartAsync("""{ "Metrics": { "Otlp": { "Endpoint": "http://127.0.0.1:9", "IntervalSeconds": 1 } } }""");
        await using var alice = await MetricsPageTests.LoginAsync(hub);
        Assert.Empty(await alice.PingAsync());
        Assert.Contains("iotxmpp_build_info", await MetricsPageTests.PageAsync(hub), StringComparison.Ordinal);
    }

    private static bool Has(byte[] body, string text) => body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;

    private static async Task<WebApplication> CollectorAsync(ConcurrentQueue<(string Path, string? Type, string? Key, byte[] Body)> requests)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        app.Map("{**path}", async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            requests.Enqueue((context.Request.Path, context.Request.ContentType, context.Request.Headers["x-key"], body.ToArray()));
            context.Response.StatusCode = (int)HttpStatusCode.OK;
            context.Response.ContentType = "application/x-protobuf";
        });
        await app.StartAsync();
        return app;
    }
}
