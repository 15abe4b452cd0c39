using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>A page of a list.</summary>
/// <param name="Items">The entries.</param>
/// <param name="Next">What to give as <c>after</c> for the page that follows; null for the last.</param>
public sealed record RestPage<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>The answers of resources that are no refusals.</summary>
public static class RestResult
{
    /// <summary>200 with a body.</summary>
    /// <param name="value">The body.</param>
    /// <param name="info">Its contract, from the resource's source-generated context.</param>
    /// <param name="tag">Its ETag, from <see cref="RestRequest.Tag(long)"/>; null for none. Who has it already gets 304 (RFC 9110 §13.1.2).</param>
    public static IResult Ok<T>(T value, JsonTypeInfo<T> info, string? tag = null) => new Json<T>(200, value, info, null, tag);

    /// <summary>201 with a body and where it is.</summary>
    /// <param name="path">Below <see cref="RestApi.Prefix"/>, such as <c>/tokens/…</c>; its parts escaped.</param>
    /// <param name="value">The body.</param>
    /// <param name="info">Its contract.</param>
    /// <param name="tag">Its ETag; null for none.</param>
    public static IResult Created<T>(string path, T value, JsonTypeInfo<T> info, string? tag = null) => new Json<T>(201, value, info, RestApi.Prefix + path, tag);

    /// <summary>202 with a body and where to look what comes of it.</summary>
    public static IResult Accepted<T>(string path, T value, JsonTypeInfo<T> info) => new Json<T>(202, value, info, RestApi.Prefix + path, null);

    /// <summary>204.</summary>
    public static IResult NoContent { get; } = new Empty();

    /// <summary>200 with a page; where more follows, <c>Link</c> (RFC 8288) says where.</summary>
    /// <param name="request">The request.</param>
    /// <param name="items">The entries; at most <see cref="RestRequest.PageSize"/>.</param>
    /// <param name="next">What the next page begins after; null for the last.</param>
    /// <param name="info">The contract of the page.</param>
    public static IResult Page<T>(RestRequest request, IReadOnlyList<T> items, string? next, JsonTypeInfo<RestPage<T>> info)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (next is not null)
        {
            var query = new List<string>();
            foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in request.Http.Request.Query.Where(q => q.Key != RestRequest.After.Name))
            {
                query.AddRange(values.Select(value => $"{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value ?? string.Empty)}"));
            }

            query.Add($"{RestRequest.After.Name}={Uri.EscapeDataString(next)}");
            request.Http.Response.Headers.Link = $"<{request.Http.Request.Path.ToUriComponent()}?{string.Join('&', query)}>; rel=\"next\"";
        }

        return new Json<RestPage<T>>(200, new RestPage<T>(items, next), info, null, null);
    }

    private sealed class Json<T>(int status, T value, JsonTypeInfo<T> info, string? location, string? tag) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            HttpResponse response = httpContext.Response;
            if (location is not null)
            {
                response.Headers.Location = location;
            }

            if (tag is not null)
            {
                response.Headers.ETag = tag;
                if (status == 200 && HttpMethods.IsGet(httpContext.Request.Method) && httpContext.Request.Headers.IfNoneMatch.ToString().Split(',').Any(one => one.Trim() is var given && (given == tag || given == "*")))
                {
                    response.StatusCode = StatusCodes.Status304NotModified;
                    return Task.CompletedTask;
                }
            }

            response.StatusCode = status;
            response.ContentType = "application/json; charset=utf-8";
            return JsonSerializer.SerializeAsync(response.BodyWriter, value, info, httpContext.RequestAborted);
        }
    }

    private sealed class Empty : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = StatusCodes.Status204NoContent;
            return Task.CompletedTask;
        }
    }

    /// <summary>A time as it is written everywhere in REST: UTC.</summary>
    internal static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
