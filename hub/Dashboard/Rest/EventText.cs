using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>Server-sent events (HTML, "Server-sent events"): what all streams of them have.</summary>
internal static class EventText
{
    /// <summary>How often a stream without events says that it lives, and its token is looked at again; default 20 s: less than proxies wait.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(20);

    /// <summary>Says that the stream lives.</summary>
    public static ReadOnlyMemory<byte> Pulse { get; } = ":\n\n"u8.ToArray();

    /// <summary>One event.</summary>
    public static byte[] Of(string type, byte[] json) => [.. Encoding.UTF8.GetBytes($"event: {type}\ndata: "), .. json, .. "\n\n"u8];

    /// <summary>One event.</summary>
    public static byte[] Of<T>(string type, T value, JsonTypeInfo<T> contract) => Of(type, JsonSerializer.SerializeToUtf8Bytes(value, contract));

    /// <summary>Serves a stream until the reader goes, the hub stops, or it is over.</summary>
    /// <param name="context">The request.</param>
    /// <param name="time">The clock.</param>
    /// <param name="tick">Told every <see cref="KeepAlive"/>; must not wait.</param>
    /// <param name="serve">Writes events.</param>
    public static async Task RunAsync(HttpContext context, TimeProvider time, Action tick, Func<HttpResponse, CancellationToken, Task> serve)
    {
        IHostApplicationLifetime hub = context.RequestServices.GetRequiredService<IHostApplicationLifetime>();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, hub.ApplicationStopping);
        ITimer? timer = null;
        try
        {
            HttpResponse response = context.Response;
            response.ContentType = "text/event-stream";
            response.Headers["X-Accel-Buffering"] = "no"; // a proxy that gathers would keep events back
            await response.Body.WriteAsync("retry: 5000\n\n"u8.ToArray(), ends.Token).ConfigureAwait(false);
            await response.Body.FlushAsync(ends.Token).ConfigureAwait(false);
            timer = time.CreateTimer(_ => tick(), null, KeepAlive, KeepAlive);
            await serve(response, ends.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The reader went, or the hub stops.
        }
        finally
        {
            if (timer is not null)
            {
                await timer.DisposeAsync().ConfigureAwait(false);
            }
        }
    }
}
