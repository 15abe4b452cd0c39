using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;

namespace IotXmpp.Hub.Dashboard.Web;

/// <summary>
/// What browsers fetch for the pages: everything in <c>Assets</c>, and Blazor's own script, out of the program itself. An address has the hash of the content, so it may be kept for ever, and a new
/// version of the hub is never mixed with an old page.
/// </summary>
public static class DashboardAssets
{
    /// <summary>What stands before the names.</summary>
    public const string Prefix = "/assets/";

    private const string Resources = "assets/";

    private static readonly FrozenDictionary<string, string> s_types = new Dictionary<string, string>
    {
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
        [".png"] = "image/png",
        [".woff2"] = "font/woff2",
        [".json"] = "application/json",
        [".txt"] = "text/plain; charset=utf-8",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    // Made when the first page is looked at.
    private static readonly Lazy<FrozenDictionary<string, Asset>> s_all = new(Load);

    /// <summary>The address of a file of <c>Assets</c>, such as <c>dashboard.css</c> or <c>charts/uplot.js</c>; for links, scripts and <c>import</c>.</summary>
    /// <exception cref="KeyNotFoundException">There is no such file.</exception>
    public static string Url(string name) => s_all.Value.TryGetValue(name, out Asset? asset) ? $"{Prefix}{name}?v={asset.Hash}" : throw new KeyNotFoundException($"no file {name} in hub/Dashboard/Assets");

    /// <summary>Whether there is such a file: what comes from npm is there where the build had npm.</summary>
    public static bool Has(string name) => s_all.Value.ContainsKey(name);

    /// <summary>Serves them.</summary>
    public static void Map(IEndpointRouteBuilder app) => app.MapMethods(Prefix + "{**name}", [HttpMethods.Get, HttpMethods.Head], ServeAsync);

    private static async Task ServeAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        if (context.Request.RouteValues["name"] is not string name || !s_all.Value.TryGetValue(name, out Asset? asset))
        {
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        IHeaderDictionary headers = response.Headers;
        headers.ETag = $"\"{asset.Hash}\"";
        headers.CacheControl = context.Request.Query["v"] == asset.Hash ? "public, max-age=31536000, immutable" : "no-cache";
        headers.Vary = "Accept-Encoding";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (context.Request.Headers.IfNoneMatch.Contains(headers.ETag.ToString()))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        byte[] content = asset.Content;
        if (asset.Packed is { } packed && AcceptsBrotli(context.Request.Headers.AcceptEncoding))
        {
            headers.ContentEncoding = "br";
            content = packed;
        }

        response.ContentType = asset.Type;
        response.ContentLength = content.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await response.Body.WriteAsync(content, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static bool AcceptsBrotli(StringValues encodings) => encodings.Any(e => e is not null && e.Split(',').Any(one => one.Trim() is "br"));

    private static FrozenDictionary<string, Asset> Load()
    {
        var all = new Dictionary<string, Asset>(StringComparer.Ordinal);
        System.Reflection.Assembly own = typeof(DashboardAssets).Assembly;
        foreach (string resource in own.GetManifestResourceNames().Where(n => n.StartsWith(Resources, StringComparison.Ordinal)))
        {
            string name = resource[Resources.Length..];
            if (!s_types.TryGetValue(Path.GetExtension(name), out string? type))
            {
                continue;
            }

            using Stream stream = own.GetManifestResourceStream(resource)!;
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            all.Add(name, new Asset(content, Pack(type, content), type, Convert.ToHexStringLower(SHA256.HashData(content))[..16]));
        }

        return all.ToFrozenDictionary(StringComparer.Ordinal);
    }

    // Texts only, once: the script of Blazor is a fifth of its size then.
    private static byte[]? Pack(string type, byte[] content)
    {
        if (content.Length < 1024 || type is "image/png" or "font/woff2")
        {
            return null;
        }

        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            brotli.Write(content);
        }

        return packed.Length < content.Length ? packed.ToArray() : null;
    }

    private sealed record Asset(byte[] Content, byte[]? Packed, string Type, string Hash);
}
