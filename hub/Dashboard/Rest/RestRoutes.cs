using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>Does what a resource does.</summary>
public delegate Task<IResult> RestHandler(RestRequest request, CancellationToken cancel);

/// <summary>The same with a body, which has been read and checked.</summary>
public delegate Task<IResult> RestHandler<in T>(RestRequest request, T body, CancellationToken cancel);

/// <summary>How resources are mapped.</summary>
public static class RestRoutes
{
    /// <summary>Maps GET.</summary>
    /// <param name="api">REST.</param>
    /// <param name="path">Below <see cref="RestApi.Prefix"/>.</param>
    /// <param name="scope">What the token must be good for.</param>
    /// <param name="handler">Answers.</param>
    public static RestOperation Get(this RouteGroupBuilder api, string path, string scope, RestHandler handler) => Map(api, "GET", path, scope, null, Run(handler));

    /// <summary>Maps POST without a body.</summary>
    public static RestOperation Post(this RouteGroupBuilder api, string path, string scope, RestHandler handler) => Map(api, "POST", path, scope, null, Run(handler));

    /// <summary>Maps POST with a body.</summary>
    public static RestOperation Post<T>(this RouteGroupBuilder api, string path, string scope, JsonTypeInfo<T> body, RestHandler<T> handler) => Map(api, "POST", path, scope, body, Run(body, handler));

    /// <summary>Maps PUT with a body.</summary>
    public static RestOperation Put<T>(this RouteGroupBuilder api, string path, string scope, JsonTypeInfo<T> body, RestHandler<T> handler) => Map(api, "PUT", path, scope, body, Run(body, handler));

    /// <summary>Maps PUT whose body is none, or no JSON (<see cref="RestOperation.Takes"/>).</summary>
    public static RestOperation Put(this RouteGroupBuilder api, string path, string scope, RestHandler handler) => Map(api, "PUT", path, scope, null, Run(handler));

    /// <summary>Maps PATCH with a body: properties that are not there stay as they are.</summary>
    public static RestOperation Patch<T>(this RouteGroupBuilder api, string path, string scope, JsonTypeInfo<T> body, RestHandler<T> handler) => Map(api, "PATCH", path, scope, body, Run(body, handler));

    /// <summary>Maps DELETE.</summary>
    public static RestOperation Delete(this RouteGroupBuilder api, string path, string scope, RestHandler handler) => Map(api, "DELETE", path, scope, null, Run(handler));

    private static RestOperation Map(RouteGroupBuilder api, string method, string path, string scope, JsonTypeInfo? body, RequestDelegate run)
    {
        RestContracts contracts = ((IEndpointRouteBuilder)api).ServiceProvider.GetRequiredService<RestContracts>();
        IEndpointConventionBuilder endpoint = api.MapMethods(path, [method], run);
        var operation = new RestOperation(endpoint, contracts, scope, body);
        // The method is what makes ASP.NET's description see an endpoint that it does not bind itself.
        endpoint.WithMetadata(operation, run.Method);
        return operation;
    }

    private static RequestDelegate Run(RestHandler handler) => async context =>
    {
        RestOperation operation = context.GetEndpoint()!.Metadata.GetMetadata<RestOperation>()!;
        RestRequest request = context.Features.Get<RestRequest>()!;
        if (operation.RawBody is { } wanted && Bound(context, operation, request.Fleet.Rest.BodyBytes, wanted) is { } refusal)
        {
            await refusal.ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        IResult result = await handler(request, context.RequestAborted).ConfigureAwait(false);
        await result.ExecuteAsync(context).ConfigureAwait(false);
    };

    private static RequestDelegate Run<T>(JsonTypeInfo<T> contract, RestHandler<T> handler) => async context =>
    {
        RestOperation operation = context.GetEndpoint()!.Metadata.GetMetadata<RestOperation>()!;
        RestRequest request = context.Features.Get<RestRequest>()!;
        IResult result;
        if (Bound(context, operation, request.Fleet.Rest.BodyBytes, "application/json") is { } refusal)
        {
            result = refusal;
        }
        else
        {
            byte[] json = await ReadAsync(context.Request, context.RequestAborted).ConfigureAwait(false);
            result = RestBody.TryRead(json, contract, out T? body, out RestProblem? wrong) ? await handler(request, body, context.RequestAborted).ConfigureAwait(false) : wrong;
        }

        await result.ExecuteAsync(context).ConfigureAwait(false);
    };

    // Held against its bound while it comes (BoundedBody), whether or not it said its length.
    private static async Task<byte[]> ReadAsync(HttpRequest request, CancellationToken cancel)
    {
        using var whole = new MemoryStream(request.ContentLength is > 0 and long length ? (int)length : 1_024);
        await request.Body.CopyToAsync(whole, cancel).ConfigureAwait(false);
        return whole.ToArray();
    }

    private static RestProblem? Bound(HttpContext context, RestOperation operation, long setting, string mediaType)
    {
        long most = operation.BodyBytes ?? setting;
        if (context.Request.ContentLength > most)
        {
            return RestProblem.TooLarge(most);
        }

        return RestMedia.Is(context.Request.ContentType, mediaType) ? null : RestProblem.MediaType(mediaType);
    }
}
