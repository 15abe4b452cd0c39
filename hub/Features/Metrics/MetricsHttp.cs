using System.Net;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Transport;
using Microsoft.AspNetCore.Http;

namespace IotXmpp.Hub.Features.Metrics;

/// <summary>The page for Prometheus, and who may read it: programs on this machine, who knows the token, who comes from a network that the settings name.</summary>
/// <param name="metrics">The figures.</param>
/// <param name="policy">Says where a request comes from.</param>
/// <param name="domain">The served domain.</param>
public sealed class MetricsHttp(MetricsModule metrics, WebPolicy policy, string domain)
{
    /// <summary>Where it is.</summary>
    public const string Path = "/metrics";

    private const string Bearer = "Bearer ";

    private readonly IPNetwork[] _networks = [.. metrics.Options.Networks.Select(IPNetwork.Parse)];
    private readonly byte[] _token = SHA256.HashData(Encoding.UTF8.GetBytes(metrics.Options.Token));

    /// <summary>Answers one request.</summary>
    public Task HandleAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return WebPolicy.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "This page is only read.");
        }

        if (metrics.Text is not { } text)
        {
            return WebPolicy.RefuseAsync(context, StatusCodes.Status404NotFound, "There is nothing here.");
        }

        if (!MayRead(context))
        {
            if (metrics.Options.Token.Length > 0)
            {
                // RFC 6750 §3.
                context.Response.Headers.WWWAuthenticate = context.Request.Headers.Authorization.Count > 0 ? "Bearer error=\"invalid_token\"" : "Bearer";
                return WebPolicy.RefuseAsync(context, StatusCodes.Status401Unauthorized, "The token of Metrics:Token is needed.");
            }

            return WebPolicy.RefuseAsync(context, StatusCodes.Status403Forbidden, "Only programs on this machine read this, by its address or the hub's name; others by Metrics:Token or Metrics:Networks.");
        }

        byte[] page = text.Collect();
        context.Response.ContentType = PrometheusText.ContentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentLength = page.Length;
        return HttpMethods.IsGet(context.Request.Method) ? context.Response.Body.WriteAsync(page, context.RequestAborted).AsTask() : Task.CompletedTask;
    }

    private bool MayRead(HttpContext context)
    {
        string authorization = context.Request.Headers.Authorization.ToString();
        if (metrics.Options.Token.Length > 0 && authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            // Hashes have one length, so the time tells nothing. A wrong token is refused also to who could do without.
            return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(authorization[Bearer.Length..].Trim())), _token);
        }

        if (policy.Look(context).Peer?.Address is not { } address)
        {
            return false;
        }

        return (IPAddress.IsLoopback(address) && metrics.Options.Loopback && IsOwnName(context.Request)) || Array.Exists(_networks, network => network.Contains(address));
    }

    // A web page in a browser on this machine comes from here too. It may not read answers of other origins; but a name of its own that leads to 127.0.0.1 would make this its origin.
    private bool IsOwnName(HttpRequest request) => request.Headers.Origin.Count == 0
        && (request.Host.Host is "localhost" || string.Equals(request.Host.Host, domain, StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(request.Host.Host.Trim('[', ']'), out IPAddress? host) && IPAddress.IsLoopback(host)));
}
