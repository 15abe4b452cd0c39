using System.Globalization;
using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using IotXmpp.Hub.Dashboard.SignIn;
using IotXmpp.Hub.Features.WebSessions;
using IotXmpp.Hub.Transport;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http;

namespace IotXmpp.Hub.Dashboard.Web;

/// <summary>Stands at a page that is shown to who is not signed in.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OpenToStrangersAttribute : Attribute;

/// <summary>
/// What every request for a page passes: the headers that say what browsers must not do with it, where the request comes from, and who is signed in. Who is not goes to the sign-in page.
/// </summary>
/// <param name="fleet">The services.</param>
public sealed class DashboardGate(FleetServices fleet)
{
    /// <summary>
    /// What a page may do: scripts, styles, pictures, fonts and connections of this hub alone, no script in the text, nobody's frame. Attributes of style are what long tables are scrolled with
    /// (Blazor's Virtualize).
    /// </summary>
    public const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
        + "base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    private const string SessionClaim = "iotxmpp:session";

    /// <summary>Passes a request on, or answers it.</summary>
    public async Task EnterAsync(HttpContext context, RequestDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        Endpoint? endpoint = context.GetEndpoint();
        if (endpoint?.Metadata.GetMetadata<DashboardEndpoint>() is null)
        {
            await next(context).ConfigureAwait(false);
            if (endpoint is null && context.Response is { HasStarted: false, StatusCode: StatusCodes.Status404NotFound } && IsPage(context.Request))
            {
                await SayLostAsync(context).ConfigureAwait(false);
            }

            return;
        }

        SetHeaders(context.Response.Headers);
        // RFC 6454: also of the WebSocket, which browsers let any page open (the cookie does not come then, being strict; this does not lean on it).
        if (!fleet.Web.Look(context).IsAllowed)
        {
            await WebPolicy.RefuseAsync(context, StatusCodes.Status403Forbidden, "This comes from a page of somebody else.").ConfigureAwait(false);
            return;
        }

        WebSession? session = SessionCookie.Read(context) is { } token ? await fleet.WebSessions!.FindAsync(token, context.RequestAborted).ConfigureAwait(false) : null;
        if (session is not null)
        {
            context.User = Principal(session);
        }

        ComponentTypeMetadata? page = endpoint.Metadata.GetMetadata<ComponentTypeMetadata>();
        if (session is not null || (page is not null && page.Type.IsDefined(typeof(OpenToStrangersAttribute), inherit: false)))
        {
            if (session is not null && page is not null)
            {
                await fleet.WebSessions!.UseAsync(session).ConfigureAwait(false);
            }

            await next(context).ConfigureAwait(false);
            return;
        }

        if (page is null)
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        string back = context.Request.Path + context.Request.QueryString;
        if (IsLinkFromElsewhere(context.Request))
        {
            await GoOnAsync(context, SignInService.Back(back)).ConfigureAwait(false);
            return;
        }

        context.Response.Redirect(back == "/" ? "/sign-in" : "/sign-in?returnUrl=" + Uri.EscapeDataString(back));
    }

    /// <summary>Who a request comes from, by the session of the pages; null where nobody is signed in. For requests that are no pages' (REST) and change nothing.</summary>
    public async ValueTask<WebSession?> FindAsync(HttpContext context) =>
        SessionCookie.Read(context) is { } token && fleet.Web.Look(context).IsAllowed ? await fleet.WebSessions!.FindAsync(token, context.RequestAborted).ConfigureAwait(false) : null;

    /// <summary>The session that a principal of the pages stands for, or null.</summary>
    internal static WebSession? SessionOf(ClaimsPrincipal principal)
    {
        if (principal.Identity is not ClaimsIdentity { IsAuthenticated: true, Name: { } name } || principal.FindFirst(SessionClaim)?.Value.Split(' ') is not [string id, string created, string seen])
        {
            return null;
        }

        return new WebSession(
            long.Parse(id, CultureInfo.InvariantCulture), name, DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(created, CultureInfo.InvariantCulture)),
            DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(seen, CultureInfo.InvariantCulture)), principal.FindFirst("iotxmpp:peer")?.Value ?? "", "");
    }

    /// <summary>The address of a request's browser.</summary>
    internal static IPEndPoint? PeerOf(FleetServices fleet, HttpContext context) => fleet.Web.Look(context).Peer;

    /// <summary>What ASP.NET knows a session by.</summary>
    internal static ClaimsPrincipal Principal(WebSession session) => new(new ClaimsIdentity(
        [
            new Claim(ClaimTypes.Name, session.Account),
            new Claim(SessionClaim, string.Create(CultureInfo.InvariantCulture, $"{session.Id} {session.Created.ToUnixTimeMilliseconds()} {session.Seen.ToUnixTimeMilliseconds()}")),
            new Claim("iotxmpp:peer", session.Peer),
        ],
        "session"));

    // W3C Fetch Metadata: a person's window, not a program.
    private static bool IsPage(HttpRequest request) => HttpMethods.IsGet(request.Method) && request.Headers["Sec-Fetch-Mode"] == "navigate" && request.Headers["Sec-Fetch-Dest"] == "document";

    // An address that is none of the hub's: the same for everybody, signed in or not.
    private static Task SayLostAsync(HttpContext context)
    {
        SetHeaders(context.Response.Headers);
        context.Response.ContentType = "text/html; charset=utf-8";
        string head = string.Concat(new[] { "tokens.css", "dashboard.css" }.Select(name => $"<link rel=\"stylesheet\" href=\"{DashboardAssets.Url(name)}\">"));
        return context.Response.WriteAsync(
            $"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"dark light\"><base href=\"/\">"
            + $"<link rel=\"icon\" href=\"{DashboardAssets.Url("icon.svg")}\" type=\"image/svg+xml\">{head}<script src=\"{DashboardAssets.Url("theme.js")}\"></script><title>Not found</title></head><body><div class=\"plain-page\"><main class=\"plain\" id=\"main\">"
            + "<h1>There is no such page</h1><p>It may have been removed, or its address was mistyped.</p><p><a class=\"button primary\" href=\"/\">To the fleet</a></p></main></div></body></html>",
            context.RequestAborted);
    }

    // W3C Fetch Metadata §2.2: somebody has followed a link in a mail or on another site. The cookie is strict and did not come along, so nobody knows yet whether they are signed in.
    private static bool IsLinkFromElsewhere(HttpRequest request) =>
        request.Headers["Sec-Fetch-Site"] == "cross-site" && IsPage(request);

    // A page of this hub that opens the address once more, which is then a request of its own, with the cookie: once, as that one is not from elsewhere. Pages change nothing by being opened, so that a link may.
    private static Task GoOnAsync(HttpContext context, string path)
    {
        string address = HtmlEncoder.Default.Encode(path);
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync(
            $"<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"0;url={address}\"><title>One moment</title></head><body><p><a href=\"{address}\">Go on</a></p></body></html>",
            context.RequestAborted);
    }

    private static void SetHeaders(IHeaderDictionary headers)
    {
        headers.ContentSecurityPolicy = Policy;
        headers["Permissions-Policy"] = "accelerometer=(), camera=(self), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Referrer-Policy"] = "same-origin";
        headers.CacheControl = "no-cache, no-store"; // as antiforgery has it, which warns of anything else
        headers.Pragma = "no-cache";
    }
}
