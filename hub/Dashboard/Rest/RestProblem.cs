using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>One value that was wrong.</summary>
/// <param name="Where">Where it stands: <c>query</c>, <c>path</c>, <c>header</c>, or <c>body</c>.</param>
/// <param name="Name">The parameter's name, or where in the body, such as <c>$.name</c>.</param>
/// <param name="Detail">What is wrong with it.</param>
public sealed record RestFault(string Where, string Name, string Detail);

/// <summary>The body of a refusal (RFC 9457).</summary>
/// <param name="Type">A URN that says which refusal it is, for programs.</param>
/// <param name="Title">The same for people.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What was wrong with this request.</param>
/// <param name="Errors">The values that were wrong; null where it is not about values.</param>
public sealed record RestProblemView(string Type, string Title, int Status, string? Detail, IReadOnlyList<RestFault>? Errors);

/// <summary>A refusal: an HTTP status, a word for programs, and what was wrong. Every answer of REST that is none of 2xx and 3xx is one (RFC 9457).</summary>
public sealed class RestProblem : IResult
{
    /// <summary>The media type.</summary>
    public const string ContentType = "application/problem+json";

    /// <summary>What types begin with.</summary>
    public const string TypePrefix = "urn:iotxmpp:problem:";

    private readonly string _word;
    private readonly string? _detail;
    private readonly IReadOnlyList<RestFault>? _faults;

    private RestProblem(int status, string word, string? detail, IReadOnlyList<RestFault>? faults = null)
    {
        Status = status;
        _word = word;
        _detail = detail;
        _faults = faults;
    }

    /// <summary>The HTTP status.</summary>
    public int Status { get; }

    /// <summary>Seconds after which it may be tried again; null where nothing is said.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>What <c>WWW-Authenticate</c> says (RFC 6750 §3); null for nothing.</summary>
    public string? Challenge { get; init; }

    /// <summary>400: the query, the path or a header is wrong.</summary>
    public static RestProblem BadRequest(params IReadOnlyList<RestFault> faults) => new(400, "bad-request", null, faults);

    /// <summary>400: the body is not JSON.</summary>
    public static RestProblem Malformed(string detail) => new(400, "malformed", detail);

    /// <summary>401: no token, or one that is none (RFC 6750 §3.1).</summary>
    public static RestProblem Unauthorized(bool wasGiven) => new(401, "unauthorized", wasGiven ? "The token is unknown, expired or revoked." : "An API token is needed: Authorization: Bearer iotx_…")
    {
        Challenge = wasGiven ? "Bearer realm=\"iotxmpp\", error=\"invalid_token\"" : "Bearer realm=\"iotxmpp\"",
    };

    /// <summary>403: the token is not good for this (RFC 6750 §3.1).</summary>
    public static RestProblem ScopeNeeded(string scope) => new(403, "scope-needed", $"The token lacks the scope {scope}.") { Challenge = $"Bearer realm=\"iotxmpp\", error=\"insufficient_scope\", scope=\"{scope}\"" };

    /// <summary>403: the account sees it and may not do this with it.</summary>
    public static RestProblem Forbidden(string detail) => new(403, "forbidden", detail);

    /// <summary>404: there is none, or the account may not see it.</summary>
    public static RestProblem NotFound(string? detail = null) => new(404, "not-found", detail);

    /// <summary>404 of a thing: whether it exists is not told.</summary>
    public static RestProblem NoThing() => NotFound("There is no such thing, or you may not see it.");

    /// <summary>409: it stands against what is there.</summary>
    public static RestProblem Conflict(string detail) => new(409, "conflict", detail);

    /// <summary>412: it has changed since it was read (RFC 9110 §15.5.13).</summary>
    public static RestProblem Changed() => new(412, "changed", "It has changed since you have read it: read it again.");

    /// <summary>413: the body is too large.</summary>
    public static RestProblem TooLarge(long most) => new(413, "too-large", string.Create(CultureInfo.InvariantCulture, $"The body has more than {most} bytes."));

    /// <summary>415: the body has another media type.</summary>
    public static RestProblem MediaType(string wanted) => new(415, "media-type", $"The body must be {wanted}.");

    /// <summary>422: the body is JSON, and something in it cannot be (RFC 9110 §15.5.21).</summary>
    public static RestProblem Invalid(string name, string detail) => new(422, "invalid", null, [new RestFault("body", name, detail)]);

    /// <summary>422, of several values.</summary>
    public static RestProblem Invalid(IReadOnlyList<RestFault> faults) => new(422, "invalid", null, faults);

    /// <summary>428: what is changed must be named as it was read (RFC 6585 §3).</summary>
    public static RestProblem PreconditionNeeded() => new(428, "precondition-needed", "Say with If-Match, by the ETag that you have read, what you change.");

    /// <summary>429: too many requests, or a bound of the account is reached (RFC 6585 §4).</summary>
    /// <param name="detail">Which bound.</param>
    /// <param name="retryAfter">Seconds after which it may be tried again; null where time alone does not help.</param>
    public static RestProblem TooMany(string detail, int? retryAfter = null) => new(429, "too-many", detail) { RetryAfter = retryAfter };

    /// <summary>503: it cannot be done now, and nothing was.</summary>
    public static RestProblem Unavailable(string detail, int retryAfter = 5) => new(503, "unavailable", detail) { RetryAfter = retryAfter };

    /// <summary>504: something that was asked did not answer in time; whether it was done is not known.</summary>
    public static RestProblem NoAnswer(string detail) => new(504, "no-answer", detail);

    /// <summary>A status that has no word of its own here.</summary>
    public static RestProblem Of(int status) => status switch
    {
        404 => NotFound("There is no such resource."),
        405 => new(405, "method-not-allowed", "The resource has other methods: see Allow."),
        415 => new(415, "media-type", "The body has another media type than the resource takes, or says none."),
        500 => new(500, "internal", "The hub has failed; its log says why."),
        _ => new(status, "http-" + status.ToString(CultureInfo.InvariantCulture), null),
    };

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        HttpResponse response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = ContentType;
        if (RetryAfter is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (Challenge is not null)
        {
            response.Headers.WWWAuthenticate = Challenge;
        }

        var view = new RestProblemView(TypePrefix + _word, Title(Status), Status, _detail, _faults);
        return JsonSerializer.SerializeAsync(response.BodyWriter, view, RestProblemJson.Default.RestProblemView, httpContext.RequestAborted);
    }

    private static string Title(int status) => ReasonPhrases.GetReasonPhrase(status) is { Length: > 0 } phrase ? phrase : "Refused";
}

/// <summary>JSON of refusals: what is not there is left out (RFC 9457 §3.1).</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RestProblemView))]
internal sealed partial class RestProblemJson : JsonSerializerContext;
