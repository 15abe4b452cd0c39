using System.ComponentModel.DataAnnotations;
using System.Net;

namespace IotXmpp.Hub.Transport;

/// <summary>Streams over HTTP (settings section <c>Web</c>): who may open one.</summary>
public sealed class WebOptions : IValidatableObject
{
    /// <summary>
    /// Origins (RFC 6454) of web pages that may open a stream beside those of the hub's own origin, such as <c>https://chat.example.org</c>; <c>*</c> is every page.
    /// Programs that are no browsers send no origin and are not asked.
    /// </summary>
    public string[] Origins { get; set; } = [];

    /// <summary>Addresses of reverse proxies whose <c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c> and <c>X-Forwarded-Host</c> are believed.</summary>
    public string[] Proxies { get; set; } = ["127.0.0.1", "::1"];

    /// <summary>The address that clients reach the HTTP side at, such as <c>https://xmpp.example.org</c>; empty where it is that of the request.</summary>
    public string PublicUrl { get; set; } = string.Empty;

    /// <summary>Seconds for which browsers that came by the hub's own TLS come by TLS only (RFC 6797; a year); 0 does not ask for it. Nothing is said for <c>localhost</c> and addresses without a name.</summary>
    [Range(0, 2 * 31_536_000)]
    public int HstsSeconds { get; set; } = 31_536_000;

    /// <summary>Whether a proxy on another machine is named: then HTTP without TLS may listen beyond this one.</summary>
    public bool HasDistantProxy => Proxies.Any(proxy => IPAddress.TryParse(proxy, out IPAddress? address) && !IPAddress.IsLoopback(address));

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        for (int i = 0; i < Origins.Length; i++)
        {
            if (Origins[i] != "*" && (!Uri.TryCreate(Origins[i], UriKind.Absolute, out Uri? origin) || origin.Scheme is not ("http" or "https") || origin.GetLeftPart(UriPartial.Authority) != Origins[i].TrimEnd('/')))
            {
                yield return new($"'{Origins[i]}' is no origin; allowed: scheme://host or scheme://host:port, or *", [nameof(Origins)]);
            }
            else
            {
                Origins[i] = Origins[i].TrimEnd('/');
            }
        }

        foreach (string proxy in Proxies.Where(proxy => !IPAddress.TryParse(proxy, out _)))
        {
            yield return new($"'{proxy}' is no IP address", [nameof(Proxies)]);
        }

        if (PublicUrl.Length > 0 && (!Uri.TryCreate(PublicUrl, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https") || url.Query.Length > 0 || url.Fragment.Length > 0))
        {
            yield return new($"'{PublicUrl}' is no http or https address", [nameof(PublicUrl)]);
        }
    }
}
