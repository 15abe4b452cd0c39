using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Metrics;

/// <summary>The export by gRPC: HTTP/2 without TLS, framed as gRPC says ("gRPC over HTTP2", Length-Prefixed-Message), read here byte by byte.</summary>
public sealed class OtlpGrpcTests
{
    [Fact]
    public async Task A_collector_gets_the_figures_by_gRPC()
    {
        var requests = new ConcurrentQueue<Request>();
        await using WebApplication collector = await CollectorAsync(requests, status: 0);
        await using HubHost hub = await HubAsync(collector);
        await using var alice = await MetricsPageTests.LoginAsync(hub);

        // A histogram is there from its first measurement on: not every export has all.
        await Wait.UntilAsync(() => requests.Any(r => Metrics(r.Message).IsSupersetOf(["iotxmpp.sessions", "iotxmpp.storage.commit"])));

        Request request = requests.First(r => Metrics(r.Message).Contains("iotxmpp.storage.commit"));
        Assert.Equal(("HTTP/2", "POST", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"), (request.Protocol, request.Method, request.Path));
        Assert.StartsWith("application/grpc", request.Type, StringComparison.Ordinal);
        Assert.Equal("secret", request.Key);
        Assert.DoesNotContain("alice", Encoding.Latin1.GetString(request.Message), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_collector_that_refuses_is_nobodys_trouble_and_is_asked_again()
    {
        var requests = new ConcurrentQueue<Request>();
        await using WebApplication collector = await CollectorAsync(requests, status: 7);
        await using HubHost hub = await HubAsync(collector);
        await using var alice = await MetricsPageTests.LoginAsync(hub);
        await Wait.UntilAsync(() => requests.Count >= 2);
        Assert.Empty(await alice.PingAsync());
    }

    private static Task<HubHost> HubAsync(WebApplication collector) => HubHost.StartAsync(
        $$"""{ "Metrics": { "Enabled": false, "Otlp": { "Endpoint": "{{collector.Urls.Single()}}", "Protocol": "Grpc", "IntervalSeconds": 1, "Headers": [ "x-key=secret" ] } } }""");

    // The names of ExportMetricsServiceRequest.resource_metrics.scope_metrics.metrics.name (opentelemetry/proto/metrics/v1): fields 1, 2, 2, 1.
    private static HashSet<string> Metrics(byte[] message) =>
        [.. from resource in Fields(message, 1) from scope in Fields(resource, 2) from metric in Fields(scope, 2) from name in Fields(metric, 1) select Encoding.UTF8.GetString(name)];

    // The length-delimited fields of a number (protobuf, "Encoding").
    private static List<byte[]> Fields(byte[] message, int number)
    {
        var found = new List<byte[]>();
        for (int at = 0; at < message.Length;)
        {
            long key = Varint(message, ref at);
            switch (key & 7)
            {
                case 0:
                    Varint(message, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 2:
                    int length = (int)Varint(message, ref at);
                    if (key >> 3 == number)
                    {
                        found.Add(message[at..(at + length)]);
                    }

                    at += length;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"wire type {key & 7}");
            }
        }

        return found;
    }

    private static long Varint(byte[] message, ref int at)
    {
        long value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = message[at++];
            value |= (long)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }
    }

    private static async Task<WebApplication> CollectorAsync(ConcurrentQueue<Request> requests, int status)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(listen => listen.Protocols = HttpProtocols.Http2)); // by prior knowledge, as gRPC without TLS is
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        app.Map("{**path}", async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            byte[] frame = body.ToArray();
            // A byte that says whether it is compressed, four of length, the message; nothing behind it.
            if (frame is [0, _, _, _, _, ..] && BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(1)) == frame.Length - 5)
            {
                requests.Enqueue(new Request(context.Request.Protocol, context.Request.Method, context.Request.Path, context.Request.ContentType, context.Request.Headers["x-key"], frame[5..]));
            }

            context.Response.ContentType = "application/grpc";
            if (status == 0)
            {
                await context.Response.Body.WriteAsync(new byte[5]); // an empty ExportMetricsServiceResponse
            }

            context.Response.AppendTrailer("grpc-status", status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        });
        await app.StartAsync();
        return app;
    }

    private sealed record Request(string Protocol, string Method, string Path, string? Type, string? Key, byte[] Message);
}
