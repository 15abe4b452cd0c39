using Microsoft.AspNetCore.Http;

namespace IotXmpp.Hub.Dashboard.Web;

/// <summary>
/// The cookie that has a session's token: for this host alone, out of reach of scripts, never sent along from somebody else's page. Where TLS is, its name binds it to that (RFC 6265bis §4.1.3.2).
/// </summary>
internal static class SessionCookie
{
    private const string Secure = "__Host-iotxmpp";
    private const string Plain = "iotxmpp";

    public static string? Read(HttpContext context) => context.Request.Cookies[Secure] ?? (IsTls(context) ? null : context.Request.Cookies[Plain]);

    public static void Write(HttpContext context, bool isTls, string token) => context.Response.Cookies.Append(isTls ? Secure : Plain, token, Options(isTls));

    public static void Delete(HttpContext context)
    {
        context.Response.Cookies.Delete(Secure, Options(true));
        context.Response.Cookies.Delete(Plain, Options(false));
    }

    private static bool IsTls(HttpContext context) => context.Request.IsHttps;

    // No expiry: it goes with the browser, or when the hub says so.
    private static CookieOptions Options(bool isTls) => new() { HttpOnly = true, Secure = isTls, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };
}
