using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Liveness;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/things/{id}/liveness</c>: how a thing was.</summary>
internal sealed class LivenessResource(LivenessService liveness, TimeProvider time)
{
    /// <summary>Steps in one answer, the newest; default 1,000. What is before them is asked for with an earlier <c>to</c>.</summary>
    private const int MaxSteps = 1_000;

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Liveness is { } service)
        {
            api.Get("/things/{id}/liveness", ApiScope.ThingsRead, new LivenessResource(service, fleet.Hub.Time).GetAsync)
                .Says("getLiveness", "things", "How a thing was: its states with their times and reasons, and how reliable it was", "The last day where no span is given. The newest 1,000 steps are told; the figures are of the whole span.")
                .Query(RestSpan.From, RestSpan.To).Gives(LivenessJson.Default.LivenessView).Refuses(404);
        }
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel)
    {
        if (!RestSpan.TryRead(request, time, out RestSpan span, out RestProblem? wrong))
        {
            return wrong;
        }

        string id = request.Path("id");
        if (await request.RefusalAsync(id, ThingRight.See, null, cancel).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        if (liveness.Find(id) is not { } now)
        {
            return RestProblem.NotFound("The thing was never heard of.");
        }

        Uptime uptime = await liveness.UptimeAsync(id, span.Begin, span.End, cancel).ConfigureAwait(false);
        IReadOnlyList<Transition> steps = await liveness.StepsAsync(id, span.Begin, span.End, cancel).ConfigureAwait(false);
        var view = new LivenessView(
            ThingView.StateOf(now)!, span.Begin.UtcDateTime, span.End.UtcDateTime, (long)uptime.Known.TotalSeconds, (long)uptime.Up.TotalSeconds, uptime.Ratio, uptime.Losses, uptime.Interruptions,
            await liveness.IsFlappingAsync(id, cancel).ConfigureAwait(false), steps.Count > MaxSteps,
            [.. steps.Skip(Math.Max(0, steps.Count - MaxSteps)).Select(s => new LivenessStepView(s.At.UtcDateTime, s.State, s.Reason.Length > 0 ? s.Reason : null, s.Until?.UtcDateTime))]);
        return RestResult.Ok(view, LivenessJson.Default.LivenessView);
    }
}

/// <summary>A step from one state to the next.</summary>
/// <param name="At">When.</param>
/// <param name="State">The state from then on.</param>
/// <param name="Reason">Why, where it went offline.</param>
/// <param name="Until">Until when it sleeps.</param>
public sealed record LivenessStepView(DateTime At, [property: JsonConverter(typeof(RestWord<LivenessState>))] LivenessState State, string? Reason, DateTime? Until);

/// <summary>How a thing was in a span.</summary>
/// <param name="Now">How it is now.</param>
/// <param name="From">The beginning of the span.</param>
/// <param name="To">Its end.</param>
/// <param name="KnownSeconds">Seconds of it in which the hub was there to see, and the thing was known.</param>
/// <param name="UpSeconds">Seconds of these in which the thing was up: there, or asleep as announced.</param>
/// <param name="UpRatio">Their share, 0 to 1; 1 where nothing is known.</param>
/// <param name="Losses">How often it was lost.</param>
/// <param name="Interruptions">How often its connection was interrupted, resumed or not.</param>
/// <param name="IsFlapping">Whether it comes and goes more often than it should, now.</param>
/// <param name="IsCut">Whether there were more steps than are told.</param>
/// <param name="Steps">The steps, the earliest first; the first may be before the span and says how it began.</param>
public sealed record LivenessView(
    ThingStateView Now, DateTime From, DateTime To, long KnownSeconds, long UpSeconds, double UpRatio, int Losses, int Interruptions, bool IsFlapping, bool IsCut, IReadOnlyList<LivenessStepView> Steps);

/// <summary>JSON of liveness.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LivenessView))]
internal sealed partial class LivenessJson : JsonSerializerContext;
