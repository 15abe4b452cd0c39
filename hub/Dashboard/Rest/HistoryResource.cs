using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.History;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/things/{id}/fields</c>, <c>/things/{id}/history/{field}</c>, <c>/fleet/latest</c>: what things have measured.</summary>
internal sealed class HistoryResource(HistoryService history, FleetServices fleet)
{
    /// <summary>Points of one answer, at most; default 10,000: more than a screen has columns.</summary>
    private const int MaxPoints = 10_000;

    private static readonly RestParameter<int?> s_points = RestParameter.Number("points", "About how many points the span is told as (500 where neither this nor 'bucket' is given).", 1, MaxPoints);
    private static readonly RestParameter<int?> s_bucket = RestParameter.Number("bucket", "Seconds that one point stands for; points begin at whole multiples of it since 1970.", 1, 31_536_000);
    private static readonly RestParameters s_fields = RestParameter.Texts("field", "Fields of this name only; may be given up to 16 times.", 16);
    private static readonly RestParameter<DateTimeOffset?> s_since = RestParameter.Time("since", "Values that were measured then or later only.");

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.History is not { } service)
        {
            return;
        }

        var history = new HistoryResource(service, fleet);
        api.Get("/things/{id}/fields", ApiScope.ThingsRead, history.FieldsAsync)
            .Says("listFields", "history", "The fields of a thing with their latest values").Gives(HistoryJson.Default.RestPageFieldView).Refuses(404);
        api.Get("/things/{id}/history/{**field}", ApiScope.HistoryRead, history.QueryAsync)
            .Says("queryHistory", "history", "What a field was in a span, as points", "One point for each bucket of time. A bucket without samples has count 0 and nulls: a gap stays a gap. min, max and average are null where the field holds texts.")
            .Query(RestSpan.From, RestSpan.To, s_points, s_bucket).Gives(HistoryJson.Default.HistoryView).Refuses(404);
        api.Get("/fleet/latest", ApiScope.HistoryRead, history.LatestAsync)
            .Says("latestValues", "history", "The latest values of all things that the account may see, in one call").Query(s_fields, s_since).Gives(HistoryJson.Default.FleetLatestView);
    }

    private async Task<IResult> FieldsAsync(RestRequest request, CancellationToken cancel)
    {
        string id = request.Path("id");
        return await request.RefusalAsync(id, ThingRight.See, null, cancel).ConfigureAwait(false)
            ?? RestResult.Page(request, ThingView.FieldsOf(id, fleet), null, HistoryJson.Default.RestPageFieldView);
    }

    private async Task<IResult> QueryAsync(RestRequest request, CancellationToken cancel)
    {
        if (!RestSpan.TryRead(request, fleet.Hub.Time, out RestSpan span, out RestProblem? wrong))
        {
            return wrong;
        }

        if (request.Get(s_points) is not null && request.Get(s_bucket) is not null)
        {
            return RestProblem.BadRequest(new RestFault("query", s_points.Name, "Either points or bucket."));
        }

        string id = request.Path("id");
        if (await request.RefusalAsync(id, ThingRight.See, null, cancel).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        if (history.Find(id, request.Path("field")) is not { } series)
        {
            return RestProblem.NotFound("The thing has no such field.");
        }

        HistoryView? view = await HistoryView.OfAsync(history, series, span, request.Get(s_points), request.Get(s_bucket), MaxPoints, cancel).ConfigureAwait(false);
        return view is null
            ? RestProblem.BadRequest(new RestFault("query", s_bucket.Name, $"That would be more than {MaxPoints} points, or more than the hub gives."))
            : RestResult.Ok(view, HistoryJson.Default.HistoryView);
    }

    private async Task<IResult> LatestAsync(RestRequest request, CancellationToken cancel)
    {
        IReadOnlyList<string> ids = await fleet.Access.ThingsAsync(request.Who, ThingRight.See, cancel).ConfigureAwait(false);
        var fields = new HashSet<string>(request.Get(s_fields), StringComparer.Ordinal);
        DateTime? since = request.Get(s_since)?.UtcDateTime;
        // Thing by thing, as it is written: the answer is nowhere whole in memory.
        IEnumerable<ThingLatestView> things = ids
            .Select(id => new ThingLatestView(id, [.. ThingView.FieldsOf(id, fleet).Where(f => f.Time is { } at && (since is null || at >= since) && (fields.Count == 0 || fields.Contains(f.Name)))]))
            .Where(t => t.Fields.Count > 0);
        return RestResult.Ok(new FleetLatestView(fleet.Hub.Time.GetUtcNow().UtcDateTime, things), HistoryJson.Default.FleetLatestView);
    }
}
