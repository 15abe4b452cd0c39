using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Http;
using QRCoder;

namespace IotXmpp.Hub.Features.Invitations;

/// <summary>
/// The landing page of an invitation (XEP-0379 §3.3, XEP-0401 §5.2): who invites, a button for the client on this device, a code for the client on another. One file, no script, nothing fetched from
/// anywhere; every text that comes from people is escaped.
/// </summary>
public static class InvitationPage
{
    /// <summary>What stands before the token.</summary>
    public const string Path = "/invite/";

    private const string Style = """
        :root{color-scheme:light dark}body{font:1.05rem/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1c2430}main{max-width:26rem;margin:0 auto;padding:2rem 1.25rem 3rem}
        h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem;overflow-wrap:anywhere}.go{display:block;text-align:center;background:#12639b;color:#fff;text-decoration:none;font-weight:600;padding:.9rem 1rem;border-radius:.6rem;margin:1.5rem 0}
        .go:focus{outline:3px solid #e8a33d;outline-offset:2px}svg{display:block;width:70%;max-width:15rem;height:auto;margin:1.5rem auto;background:#fff;border-radius:.6rem}ul{padding-left:1.2rem}a{color:#12639b}
        .small{font-size:.9rem;color:#566}code{overflow-wrap:anywhere}
        @media(prefers-color-scheme:dark){body{background:#14181f;color:#e6e9ee}a{color:#79bdf0}.go{color:#fff}.small{color:#9aa5b5}}
        """;

    private static readonly string s_policy = "default-src 'none'; style-src 'sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style))) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Serves the page of one token: 404 for what is no open invitation, whatever the reason.</summary>
    public static async Task HandleAsync(HttpContext context, InvitationService service, Jid domain)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = "GET, HEAD";
            return;
        }

        string token = context.Request.Path.Value![Path.Length..];
        Invitation? invitation = await service.OpenAsync(token, context.RequestAborted).ConfigureAwait(false);
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = s_policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer"; // the address is a secret
        headers["X-Robots-Tag"] = "noindex";
        headers.CacheControl = "no-store";
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.StatusCode = invitation is null ? StatusCodes.Status404NotFound : StatusCodes.Status200OK;
        byte[] page = Encoding.UTF8.GetBytes(invitation is null ? Nothing() : Page(invitation, service.UriOf(invitation, token), domain));
        context.Response.ContentLength = page.Length;
        if (HttpMethods.IsGet(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(page, context.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>The page.</summary>
    internal static string Page(Invitation invitation, string uri, Jid domain)
    {
        string from = WebUtility.HtmlEncode($"{invitation.Inviter}@{domain.Domain}");
        string there = WebUtility.HtmlEncode(domain.Domain);
        string title = invitation.MakesContact ? $"{from} invites you to chat" : $"You are invited to {there}";
        string what = invitation switch
        {
            { Name: { } name } => $"The account <strong>{WebUtility.HtmlEncode(name)}@{there}</strong> is kept for you: your client asks for a password, and nobody else sees it.",
            { MakesAccount: true, MakesContact: true } => $"With an XMPP account you become contacts. Without one you can make one at {there}: your client asks for a name and a password.",
            { MakesAccount: true } => $"You can make an account at {there}: your client asks for a name and a password.",
            _ => "With an XMPP account, of any server, you become contacts.",
        };
        string link = WebUtility.HtmlEncode(uri);
        return Frame(title, $"""
            <h1>{title}</h1>
            <p>{what}</p>
            <a class="go" href="{link}">Open in your XMPP client</a>
            <p>If nothing happens there is no client on this device yet. Install one, then come back to this page:</p>
            <ul>
            <li>Android: <a href="https://conversations.im/">Conversations</a></li>
            <li>iPhone, iPad, Mac: <a href="https://monal-im.org/">Monal</a></li>
            <li>Linux, Windows: <a href="https://gajim.org/">Gajim</a>, <a href="https://dino.im/">Dino</a></li>
            <li><a href="https://xmpp.org/software/?platform=all-platforms">All clients</a></li>
            </ul>
            <p>Is your client on another device? Show it this code:</p>
            {Code(uri)}
            <p class="small">The invitation can be taken up until {invitation.Expires.UtcDateTime.ToString("d MMMM yyyy, HH:mm", CultureInfo.InvariantCulture)} UTC. If you do not know who it is from, you need not do anything.</p>
            <p class="small"><code>{link}</code></p>
            """);
    }

    private static string Nothing() => Frame("No such invitation", """
        <h1>This invitation is not open</h1>
        <p>It has expired, was taken up already, or was taken back. Ask who sent it to you for a new one.</p>
        """);

    private static string Frame(string title, string body) => $"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{title}</title>
        <style>{Style}</style>
        </head>
        <body><main>
        {body}
        </main></body>
        </html>
        """;

    // As a picture in the page itself, one path: a row of dark modules is one stroke of it.
    private static string Code(string uri)
    {
        using var generator = new QRCodeGenerator();
        using QRCodeData data = generator.CreateQrCode(uri, QRCodeGenerator.ECCLevel.M);
        int size = data.ModuleMatrix.Count;
        var path = new StringBuilder();
        for (int y = 0; y < size; y++)
        {
            for (int x = 0; x < size; x++)
            {
                if (!data.ModuleMatrix[y][x])
                {
                    continue;
                }

                int begin = x;
                while (x + 1 < size && data.ModuleMatrix[y][x + 1])
                {
                    x++;
                }

                path.Append(CultureInfo.InvariantCulture, $"M{begin} {y}h{x - begin + 1}v1h-{x - begin + 1}z");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {size} {size}\" role=\"img\" aria-label=\"The invitation as a code\"><path fill=\"#000\" d=\"{path}\"/></svg>");
    }
}
