using System.Text.Json;
using IotXmpp.Hub.Xml;
using Microsoft.AspNetCore.Http;

namespace IotXmpp.Hub.Features.Web;

/// <summary>Where web clients connect (XEP-0156 §3, RFC 6415): as XML and as JSON.</summary>
public static class HostMeta
{
    /// <summary>Where the XML is.</summary>
    public const string XmlPath = "/.well-known/host-meta";

    /// <summary>Where the JSON is.</summary>
    public const string JsonPath = "/.well-known/host-meta.json";

    private const string Xrd = "http://docs.oasis-open.org/ns/xri/xrd-1.0";

    /// <summary>Answers one request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="baseUrl">Where clients reach the HTTP side, without a slash at the end.</param>
    /// <param name="paths">What is served there: path of WebSocket and, where it is on, of BOSH.</param>
    public static async Task HandleAsync(HttpContext context, string baseUrl, (string WebSocket, string? Bosh) paths)
    {
        // §3: any page may look, since it says nothing that is secret.
        context.Response.Headers.AccessControlAllowOrigin = "*";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-cache";
        (string Rel, string Href)[] links =
        [
            ("urn:xmpp:alt-connections:websocket", "ws" + baseUrl["http".Length..] + paths.WebSocket),
            .. paths.Bosh is { } bosh ? new[] { ("urn:xmpp:alt-connections:xbosh", baseUrl + bosh) } : [],
        ];
        byte[] answer;
        if (context.Request.Path == JsonPath)
        {
            context.Response.ContentType = "application/json";
            answer = JsonSerializer.SerializeToUtf8Bytes(new { links = links.Select(link => new { rel = link.Rel, href = link.Href }) });
        }
        else
        {
            context.Response.ContentType = "application/xrd+xml; charset=utf-8";
            using var xml = new XmlBuilder();
            xml.Raw("<?xml version='1.0' encoding='utf-8'?>"u8).Open("XRD"u8, Xrd);
            foreach ((string rel, string href) in links)
            {
                xml.Open("Link"u8).Attribute("rel"u8, rel).Attribute("href"u8, href).Close("Link"u8);
            }

            answer = xml.Close("XRD"u8).ToArray();
        }

        context.Response.ContentLength = answer.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(answer, context.RequestAborted).ConfigureAwait(false);
        }
    }
}
