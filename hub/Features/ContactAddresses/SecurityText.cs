using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace IotXmpp.Hub.Features.ContactAddresses;

/// <summary>Whom to tell about a hole (RFC 9116), for who looks on the web: the addresses of <c>Contact:Security</c>.</summary>
public static class SecurityText
{
    /// <summary>Where it is (RFC 9116 §3).</summary>
    public const string Path = "/.well-known/security.txt";

    /// <summary>How long what was read is good (30 days; §2.5.5 recommends less than a year): it is written anew for each request.</summary>
    private static readonly TimeSpan s_goodFor = TimeSpan.FromDays(30);

    /// <summary>The text; null where nobody is named.</summary>
    /// <param name="addresses">URIs. One of the web without TLS does not count (§2.5.3).</param>
    /// <param name="now">The time.</param>
    public static string? Write(IEnumerable<string> addresses, DateTimeOffset now)
    {
        var text = new StringBuilder();
        foreach (string address in addresses.Where(address => !address.StartsWith("http:", StringComparison.OrdinalIgnoreCase)))
        {
            text.Append("Contact: ").Append(new Uri(address).AbsoluteUri).Append('\n');
        }

        return text.Length == 0 ? null : text.Append("Expires: ").Append((now + s_goodFor).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)).Append('\n').ToString();
    }

    /// <summary>Answers one request.</summary>
    public static Task HandleAsync(HttpContext context, ContactOptions options, TimeProvider time)
    {
        if (Write(options.Security, time.GetUtcNow()) is not { } text)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        context.Response.ContentType = "text/plain; charset=utf-8";
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.WriteAsync(text);
    }
}
