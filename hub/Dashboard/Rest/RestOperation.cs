using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>What one method of one resource takes and gives: held against every request, and told by the description of the API. One place for both, so that they cannot differ.</summary>
public sealed class RestOperation : IRestAdmission
{
    private readonly List<RestParameter> _query = [];
    private readonly List<RestAnswer> _answers = [];
    private readonly IEndpointConventionBuilder _endpoint;
    private readonly RestContracts _contracts;

    internal RestOperation(IEndpointConventionBuilder endpoint, RestContracts contracts, string scope, JsonTypeInfo? body)
    {
        _endpoint = endpoint;
        _contracts = contracts;
        Scope = scope;
        Body = body;
        Answer(401);
        Answer(403);
        Answer(429);
        if (body is not null)
        {
            contracts.Add(body);
            endpoint.WithMetadata(new AcceptsMetadata(["application/json"], body.Type));
            Answer(413);
            Answer(415);
            Answer(422);
        }
    }

    /// <summary>The scope that the token needs.</summary>
    public string Scope { get; }

    /// <summary>The contract of the body; null where there is none.</summary>
    public JsonTypeInfo? Body { get; }

    /// <summary>Bytes of the body, at most; null for the setting.</summary>
    public long? BodyBytes { get; private set; }

    /// <summary>Media type of a body that is no JSON; null where there is none.</summary>
    public string? RawBody { get; private set; }

    /// <summary>Name for programs that are made of the description, such as <c>listThings</c>.</summary>
    public string Id { get; private set; } = string.Empty;

    /// <summary>What it does, in one line.</summary>
    public string Summary { get; private set; } = string.Empty;

    /// <summary>The same at length; empty where the line says it all.</summary>
    public string Description { get; private set; } = string.Empty;

    /// <summary>The group that it is listed in, such as <c>things</c>.</summary>
    public string Group { get; private set; } = string.Empty;

    /// <summary>The parameters of the query that it takes; others are refused.</summary>
    public IReadOnlyList<RestParameter> Parameters => _query;

    /// <summary>What it answers.</summary>
    public IReadOnlyList<RestAnswer> Answers => _answers;

    /// <summary>Whether it lasts as long as the client reads: no time-out.</summary>
    public bool IsStream { get; private set; }

    /// <summary>Says what it is; each operation must.</summary>
    /// <param name="id">Name for programs, in camel case, unlike any other.</param>
    /// <param name="group">Where it is listed.</param>
    /// <param name="summary">One line.</param>
    /// <param name="description">More; empty where the line says it all.</param>
    public RestOperation Says(string id, string group, string summary, string description = "")
    {
        (Id, Group, Summary, Description) = (id, group, summary, description);
        return this;
    }

    /// <summary>Takes parameters in the query.</summary>
    public RestOperation Query(params ReadOnlySpan<RestParameter> parameters)
    {
        _query.AddRange(parameters);
        return parameters.Length > 0 ? Refuses(400) : this;
    }

    /// <summary>Takes <c>limit</c> and <c>after</c>.</summary>
    public RestOperation Paged() => Query(RestRequest.Limit, RestRequest.After);

    /// <summary>Answers with a body.</summary>
    public RestOperation Gives(JsonTypeInfo contract, int status = 200)
    {
        _contracts.Add(contract);
        return Answer(status, contract.Type, "application/json");
    }

    /// <summary>Answers without a body.</summary>
    public RestOperation Gives(int status) => Answer(status);

    /// <summary>Answers with something that is no JSON.</summary>
    public RestOperation Gives(params ReadOnlySpan<string> mediaTypes)
    {
        foreach (string mediaType in mediaTypes)
        {
            Answer(200, null, mediaType);
        }

        return this;
    }

    /// <summary>Refuses with these statuses, beside those that hold for every operation.</summary>
    public RestOperation Refuses(params ReadOnlySpan<int> statuses)
    {
        foreach (int status in statuses)
        {
            Answer(status);
        }

        return this;
    }

    /// <summary>Takes a body that is no JSON, which the handler reads itself.</summary>
    public RestOperation Takes(string mediaType, long most)
    {
        RawBody = mediaType;
        BodyBytes = most;
        _endpoint.WithMetadata(new AcceptsMetadata([mediaType], typeof(Stream)));
        return Refuses(413, 415);
    }

    /// <summary>Describes the body otherwise than as what it is read as: a document that is judged by whom it is for.</summary>
    public RestOperation Reads(JsonTypeInfo contract)
    {
        _contracts.Add(contract);
        _endpoint.WithMetadata(new AcceptsMetadata(["application/json"], contract.Type));
        return this;
    }

    /// <summary>Takes a body of another size than the setting says.</summary>
    public RestOperation Upto(long bodyBytes)
    {
        BodyBytes = bodyBytes;
        return this;
    }

    /// <summary>Lasts as long as the client reads.</summary>
    public RestOperation Streams()
    {
        IsStream = true;
        return this;
    }

    private RestOperation Answer(int status, Type? type = null, string? mediaType = null)
    {
        mediaType ??= status >= 400 ? RestProblem.ContentType : null;
        if (_answers.Any(a => a.Status == status && a.MediaType == mediaType))
        {
            return this;
        }

        type = status >= 400 ? typeof(RestProblemView) : type;
        _answers.Add(new RestAnswer(status, type, mediaType));
        if (type is not null)
        {
            _endpoint.WithMetadata(new ProducesResponseTypeMetadata(status, type, [mediaType!]));
        }

        return this;
    }
}

/// <summary>One answer of an operation.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Type">What the body is; null where it is none, or no JSON.</param>
/// <param name="MediaType">The body's media type; null where there is none.</param>
public sealed record RestAnswer(int Status, Type? Type, string? MediaType);
