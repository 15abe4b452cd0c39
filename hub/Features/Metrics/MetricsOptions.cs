using System.ComponentModel.DataAnnotations;
using System.Net;

namespace IotXmpp.Hub.Features.Metrics;

/// <summary>What the hub tells of itself, and to whom (settings section <c>Metrics</c>).</summary>
public sealed class MetricsOptions : IValidatableObject
{
    /// <summary>Characters of a token at least (24): nobody guesses one that a program has made.</summary>
    public const int MinTokenLength = 24;

    /// <summary>Whether there is a page for Prometheus at <c>/metrics</c>.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Whether programs on this machine may read it without more.</summary>
    public bool Loopback { get; set; } = true;

    /// <summary>The bearer token (RFC 6750) with which everybody may read it; empty where there is none.</summary>
    public string Token { get; set; } = string.Empty;

    /// <summary>Networks from which everybody may read it, such as <c>10.0.3.0/24</c>.</summary>
    public string[] Networks { get; set; } = [];

    /// <summary>Where the figures are sent by the OpenTelemetry protocol.</summary>
    public OtlpOptions Otlp { get; set; } = new();

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Token.Length is > 0 and < MinTokenLength)
        {
            yield return new($"has fewer than {MinTokenLength} characters", [nameof(Token)]);
        }

        foreach (string network in Networks.Where(network => !IPNetwork.TryParse(network, out _)))
        {
            yield return new($"'{network}' is no network; allowed: ADDRESS/BITS such as 10.0.3.0/24", [nameof(Networks)]);
        }

        if (Otlp.Endpoint.Length > 0 && (!Uri.TryCreate(Otlp.Endpoint, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https")))
        {
            yield return new($"'{Otlp.Endpoint}' is no http or https address", ["Otlp:Endpoint"]);
        }

        foreach (string header in Otlp.Headers.Where(header => header.IndexOf('=') < 1 || header.Any(c => c is < ' ' or > '~' or ',')))
        {
            yield return new("has a header that is not NAME=VALUE in ASCII without a comma", ["Otlp:Headers"]);
        }
    }
}

/// <summary>The export by the OpenTelemetry protocol (<c>Metrics:Otlp</c>); off until an endpoint is named.</summary>
public sealed class OtlpOptions
{
    /// <summary>The collector, such as <c>http://127.0.0.1:4318</c>; empty: nothing is sent.</summary>
    public string Endpoint { get; set; } = string.Empty;

    /// <summary>The form of the protocol: <c>HttpProtobuf</c> (a collector's port 4318) or <c>Grpc</c> (4317).</summary>
    public OtlpProtocol Protocol { get; set; }

    /// <summary>Headers of each request, <c>NAME=VALUE</c>, such as the collector's token.</summary>
    public string[] Headers { get; set; } = [];

    /// <summary>Seconds between two exports (60).</summary>
    [Range(1, 3_600)]
    public int IntervalSeconds { get; set; } = 60;

    /// <summary>Seconds for which one export may take (10); what is late is left out, and the next one has the newer figures.</summary>
    [Range(1, 60)]
    public int TimeoutSeconds { get; set; } = 10;
}

/// <summary>The forms of the OpenTelemetry protocol.</summary>
public enum OtlpProtocol
{
    /// <summary>Protobuf over HTTP/1.1, at <c>/v1/metrics</c> of the endpoint.</summary>
    HttpProtobuf,

    /// <summary>gRPC.</summary>
    Grpc,
}
