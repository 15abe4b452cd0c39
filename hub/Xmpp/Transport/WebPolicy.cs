using System.Net;
using Microsoft.AspNetCore.Http;

namespace IotXmpp.Hub.Transport;

/// <summary>Who a request over HTTP comes from, and from what page.</summary>
/// <param name="Peer">The client's address; behind a declared proxy the one that the proxy says.</param>
/// <param name="IsSecure">Whether nobody on the way can listen: TLS, a proxy that says so, or the same machine.</param>
/// <param name="BaseUrl">Where clients reach this server, without a slash at the end.</param>
/// <param name="IsAllowed">Whether the page that sent it may (RFC 6454); always so where none did.</param>
public readonly record struct WebRequest(IPEndPoint? Peer, bool IsSecure, string BaseUrl, bool IsAllowed);

/// <summary>Looks at requests over HTTP before anything is done for them.</summary>
public sealed class WebPolicy
{
    private readonly WebOptions _options;
    private readonly HashSet<IPAddress> _proxies;
    private readonly HashSet<string> _origins;

    /// <param name="options">The settings.</param>
    public WebPolicy(WebOptions options)
    {
        _options = options;
        _proxies = [.. options.Proxies.Select(IPAddress.Parse)];
        _origins = new HashSet<string>(options.Origins, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Says who it is.</summary>
    public WebRequest Look(HttpContext context)
    {
        HttpRequest request = context.Request;
        IPAddress? address = context.Connection.RemoteIpAddress;
        address = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        bool isLocal = address is not null && IPAddress.IsLoopback(address);
        bool isSecure = request.IsHttps || isLocal;
        string scheme = request.Scheme;
        string host = request.Host.Value ?? string.Empty;
        if (address is not null && _proxies.Contains(address) && request.Headers.ContainsKey("X-Forwarded-For"))
        {
            // The last one is what the proxy has seen itself; what stands before it anybody can have written.
            address = IPAddress.TryParse(Last(request, "X-Forwarded-For"), out IPAddress? client) ? client : address;
            scheme = Last(request, "X-Forwarded-Proto") is { Length: > 0 } said ? said : scheme;
            host = Last(request, "X-Forwarded-Host") is { Length: > 0 } named ? named : host;
            isSecure = string.Equals(scheme, "https", StringComparison.OrdinalIgnoreCase) || IPAddress.IsLoopback(address);
        }

        string own = scheme + "://" + host;
        string origin = request.Headers.Origin.ToString();
        bool isAllowed = origin.Length == 0 || string.Equals(origin, own, StringComparison.OrdinalIgnoreCase) || _origins.Contains(origin) || _origins.Contains("*")
            || (_options.PublicUrl.Length > 0 && string.Equals(origin, new Uri(_options.PublicUrl).GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase));
        return new WebRequest(address is null ? null : new IPEndPoint(address, context.Connection.RemotePort), isSecure, _options.PublicUrl.Length > 0 ? _options.PublicUrl.TrimEnd('/') : own, isAllowed);
    }

    /// <summary>Answers a request that may not be: with a status and one line for people.</summary>
    public static Task RefuseAsync(HttpContext context, int status, string line)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(line + "\n");
    }

    /// <summary>Lets the page that asked read the answer (CORS), where it may.</summary>
    public static void AllowOrigin(HttpContext context, string methods)
    {
        if (context.Request.Headers.Origin.ToString() is not { Length: > 0 } origin)
        {
            return;
        }

        IHeaderDictionary headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = origin;
        headers.Vary = "Origin";
        headers.AccessControlAllowMethods = methods;
        headers.AccessControlAllowHeaders = "Content-Type";
        headers.AccessControlMaxAge = "86400";
    }

    private static string Last(HttpRequest request, string name)
    {
        string all = request.Headers[name].ToString();
        return all[(all.LastIndexOf(',') + 1)..].Trim();
    }
}
