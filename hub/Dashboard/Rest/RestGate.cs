using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Transport;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>
/// What every request of REST goes through before its resource: token, rate, scope, query. An endpoint that does not say which scope it needs is served to nobody. Cookies count for nothing here, so no page of
/// another origin can make a browser ask in somebody's name.
/// </summary>
internal sealed class RestGate(FleetServices fleet, ILogger log)
{
    private readonly RestRate _rate = new(fleet.Rest, fleet.Hub.Time);

    /// <summary>Whether requests of pages of other origins are refused, as the Model Context Protocol wants it (transports, security warning), instead of only kept from reading the answer.</summary>
    public bool RefusesOrigins { get; init; }

    /// <summary>Lets a request through, or answers it.</summary>
    public async Task HandleAsync(HttpContext context, RequestDelegate next)
    {
        HttpResponse response = context.Response;
        response.Headers.CacheControl = "no-store";
        WebRequest web = fleet.Web.Look(context);
        bool isForeign = context.Request.Headers.Origin.Count > 0 && web.IsAllowed;
        if (isForeign)
        {
            WebPolicy.AllowOrigin(context, "GET, POST, PUT, PATCH, DELETE");
            response.Headers.AccessControlAllowHeaders = "Authorization, Content-Type, If-Match, If-None-Match";
            response.Headers.AccessControlExposeHeaders = "ETag, Link, Location, Retry-After";
        }

        if (HttpMethods.IsOptions(context.Request.Method) && context.Request.Headers.AccessControlRequestMethod.Count > 0)
        {
            // A preflight has no token. Pages of other origins than Web:Origins get no leave, and their browser then does not ask.
            response.StatusCode = isForeign ? StatusCodes.Status204NoContent : StatusCodes.Status403Forbidden;
            await FinishAsync(context).ConfigureAwait(false);
            return;
        }

        if (RefusesOrigins && !web.IsAllowed)
        {
            await RestProblem.Forbidden("Pages of this origin may not ask here (Web:Origins).").ExecuteAsync(context).ConfigureAwait(false);
            return;
        }

        BoundedBody.Bind(context, context.GetEndpoint()?.Metadata.GetMetadata<IRestAdmission>()?.BodyBytes ?? fleet.Rest.BodyBytes);

        CancellationToken aborted = context.RequestAborted;
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(fleet.Rest.TimeoutSeconds), fleet.Hub.Time);
        try
        {
            if (context.GetEndpoint()?.Metadata.GetMetadata<RestOpen>() is not null)
            {
                await next(context).ConfigureAwait(false);
                return;
            }

            IRestAdmission? operation = context.GetEndpoint()?.Metadata.GetMetadata<IRestAdmission>();
            using var both = CancellationTokenSource.CreateLinkedTokenSource(aborted, timeout.Token);
            if (operation is not { IsStream: true })
            {
                context.RequestAborted = both.Token;
            }

            if (await AdmitAsync(context, operation).ConfigureAwait(false) is { } refusal)
            {
                await refusal.ExecuteAsync(context).ConfigureAwait(false);
                return;
            }

            await next(context).ConfigureAwait(false);
            await FinishAsync(context).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            context.RequestAborted = aborted;
            if (aborted.IsCancellationRequested)
            {
                return; // nobody reads the answer
            }

            await AnswerAsync(context, e, timeout.IsCancellationRequested).ConfigureAwait(false);
        }
        finally
        {
            context.RequestAborted = aborted;
        }
    }

    private async ValueTask<RestProblem?> AdmitAsync(HttpContext context, IRestAdmission? operation)
    {
        string given = context.Request.Headers.Authorization.ToString();
        bool isBearer = given.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase);
        if (!isBearer || await fleet.ApiTokens.AuthenticateAsync(given[7..].Trim(), context.RequestAborted).ConfigureAwait(false) is not { } principal)
        {
            return RestProblem.Unauthorized(isBearer);
        }

        if (_rate.Take(principal.TokenId) is > 0 and int seconds)
        {
            return RestProblem.TooMany("The token asks too often.", seconds);
        }

        if (operation is null)
        {
            // Nothing there, or another method; but what is there without a scope is a mistake of ours.
            return context.GetEndpoint() is RouteEndpoint ? throw new InvalidOperationException($"{context.GetEndpoint()!.DisplayName} needs no scope: nobody may have it.") : null;
        }

        if (!principal.Has(operation.Scope))
        {
            return RestProblem.ScopeNeeded(operation.Scope);
        }

        var query = new Dictionary<string, object?>(StringComparer.Ordinal);
        if (Read(context.Request.Query, operation.Parameters, query) is { Count: > 0 } faults)
        {
            return RestProblem.BadRequest(faults);
        }

        context.Features.Set(new RestRequest(context, fleet, principal, query));
        return null;
    }

    private static List<RestFault> Read(IQueryCollection given, IReadOnlyList<RestParameter> known, Dictionary<string, object?> query)
    {
        var faults = new List<RestFault>();
        foreach ((string name, StringValues values) in given)
        {
            // ASP.NET does not heed the case of names; we do, since the description of the API does.
            RestParameter? parameter = known.FirstOrDefault(p => p.Name == name);
            string? wrong = parameter is null ? "There is no such parameter here."
                : values.Count > parameter.Most ? parameter.Most == 1 ? "It is there twice." : $"It is there more than {parameter.Most} times."
                : parameter.Read([.. values.Select(v => v ?? string.Empty)], out object? value) is { } fault ? fault
                : query.TryAdd(name, value) ? null : "It is there twice.";
            if (wrong is not null)
            {
                faults.Add(new RestFault("query", name.Length > RestParameter.TextLimit ? name[..RestParameter.TextLimit] : name, wrong));
            }
        }

        faults.AddRange(known.Where(p => p.IsRequired && !given.ContainsKey(p.Name)).Select(p => new RestFault("query", p.Name, "It is missing.")));
        return faults;
    }

    // What the framework refuses (no such path, another method) has a status and no body.
    private static Task FinishAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        return response.StatusCode >= 400 && !response.HasStarted && response.ContentType is null ? RestProblem.Of(response.StatusCode).ExecuteAsync(context) : Task.CompletedTask;
    }

    private async Task AnswerAsync(HttpContext context, Exception e, bool isTimeout)
    {
        RestProblem problem = e switch
        {
            OperationCanceledException when isTimeout => RestProblem.Unavailable("It took too long, and was given up."),
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => RestProblem.TooLarge(context.GetEndpoint()?.Metadata.GetMetadata<IRestAdmission>()?.BodyBytes ?? fleet.Rest.BodyBytes),
            BadHttpRequestException bad => RestProblem.Of(bad.StatusCode),
            StorageException { IsResourceConstraint: true } => RestProblem.Unavailable("The hub's storage is full or overloaded."),
            _ => RestProblem.Of(500),
        };
        if (problem.Status == 500)
        {
            RestLog.Failed(log, e, context.Request.Method, (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText);
        }

        if (context.Response.HasStarted)
        {
            context.Abort(); // half an answer must not look like a whole one
            return;
        }

        string? origin = context.Response.Headers.AccessControlAllowOrigin;
        context.Response.Clear();
        context.Response.Headers.CacheControl = "no-store";
        if (origin is not null)
        {
            context.Response.Headers.AccessControlAllowOrigin = origin;
            context.Response.Headers.Vary = "Origin";
        }

        await problem.ExecuteAsync(context).ConfigureAwait(false);
    }
}

/// <summary>Marks what needs no token: the description of the API.</summary>
internal sealed class RestOpen;

/// <summary>Logs of REST: paths as they are mapped, never what was in them.</summary>
internal static partial class RestLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Route} has failed")]
    public static partial void Failed(ILogger log, Exception e, string method, string? route);
}
