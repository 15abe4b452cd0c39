using System.Globalization;
using System.Text.Json;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Firmware;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/rollouts</c>: who gets which image, and how that goes.</summary>
internal sealed class RolloutResource(RolloutService rollouts, FirmwareService firmware)
{
    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Rollouts is not { } service || fleet.Firmware is not { } images)
        {
            return;
        }

        var rollouts = new RolloutResource(service, images);
        api.Get("/rollouts", ApiScope.FirmwareRead, rollouts.ListAsync)
            .Says("listRollouts", "rollouts", "The roll-outs whose things the account may maintain, the newest first").Query(RestRequest.Limit).Gives(FirmwareJson.Default.RestPageRolloutView);
        api.Post("/rollouts", ApiScope.FirmwareWrite, FirmwareJson.Default.RolloutWish, rollouts.StartAsync)
            .Says("startRollout", "rollouts", "Starts a roll-out", "A thing is in one roll-out at a time: a request that is repeated is told 409.").Upto(8 << 20).Gives(FirmwareJson.Default.RolloutView, 201).Refuses(404, 409, 429);
        api.Get("/rollouts/{id}", ApiScope.FirmwareRead, rollouts.GetAsync).Says("getRollout", "rollouts", "A roll-out").Gives(FirmwareJson.Default.RolloutView).Refuses(404);
        api.Get("/rollouts/{id}/things", ApiScope.FirmwareRead, rollouts.ThingsAsync)
            .Says("listRolloutThings", "rollouts", "The things of a roll-out, in the order in which they are updated").Paged().Gives(FirmwareJson.Default.RestPageRolloutThingView).Refuses(404);
        foreach ((string action, RolloutState state, string text) in new (string, RolloutState, string)[]
        {
            ("pause", RolloutState.Paused, "Offers nothing new; what was offered goes on"),
            ("resume", RolloutState.Running, "Goes on with a roll-out that was paused"),
            ("cancel", RolloutState.Cancelled, "Ends a roll-out; what has the image already is tried to its end"),
        })
        {
            api.Post("/rollouts/{id}/" + action, ApiScope.FirmwareWrite, (request, cancel) => rollouts.BecomeAsync(request, state, cancel)).Says(action + "Rollout", "rollouts", text).Gives(FirmwareJson.Default.RolloutView).Refuses(404, 409);
        }
    }

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel) =>
        RestResult.Page(request, [.. (await rollouts.ListAsync(request.Who, request.PageSize, cancel).ConfigureAwait(false)).Select(RolloutView.Of)], null, FirmwareJson.Default.RestPageRolloutView);

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel) =>
        await FindAsync(request, cancel).ConfigureAwait(false) is { } rollout ? RestResult.Ok(RolloutView.Of(rollout), FirmwareJson.Default.RolloutView) : None();

    private async Task<IResult> ThingsAsync(RestRequest request, CancellationToken cancel)
    {
        if (await FindAsync(request, cancel).ConfigureAwait(false) is not { } rollout)
        {
            return None();
        }

        // A page begins behind the thing that the page before ended with.
        int first = request.PageAfter.Length == 0 ? 0 : rollout.Things.TakeWhile(t => t.Thing != request.PageAfter).Count() + 1;
        RolloutThingView[] page = [.. rollout.Things.Skip(first).Take(request.PageSize).Select(RolloutThingView.Of)];
        return RestResult.Page(request, page, first + page.Length < rollout.Things.Count ? page[^1].Thing : null, FirmwareJson.Default.RestPageRolloutThingView);
    }

    private async Task<IResult> StartAsync(RestRequest request, RolloutWish wish, CancellationToken cancel)
    {
        var plan = new RolloutPlan { Things = wish.Things ?? [], Groups = wish.Groups ?? [] };
        plan = plan with
        {
            Waves = wish.Waves ?? plan.Waves,
            PerMinute = wish.Rate ?? plan.PerMinute,
            Parallel = wish.Parallel ?? plan.Parallel,
            GateMinutes = wish.Gate ?? plan.GateMinutes,
            DeadlineHours = wish.Deadline ?? plan.DeadlineHours,
            StopFailures = wish.StopFailures ?? plan.StopFailures,
            StopPercent = wish.StopPercent ?? plan.StopPercent,
        };
        FirmwareImage? image = await firmware.FindAsync(wish.Image, wish.Version, wish.Target, cancel).ConfigureAwait(false);
        RolloutResult result = await rollouts.StartAsync(request.Who, image?.Id ?? "", plan, cancel).ConfigureAwait(false);
        return result is { Outcome: RolloutOutcome.Done, Rollout: { } rollout }
            ? RestResult.Created("/rollouts/" + rollout.Id.ToString(CultureInfo.InvariantCulture), RolloutView.Of(rollout), FirmwareJson.Default.RolloutView)
            : Refusal(result);
    }

    private async Task<IResult> BecomeAsync(RestRequest request, RolloutState state, CancellationToken cancel)
    {
        RolloutResult result = TryId(request, out long id) ? await rollouts.BecomeAsync(request.Who, id, state, cancel).ConfigureAwait(false) : new(RolloutOutcome.NotFound);
        return result is { Outcome: RolloutOutcome.Done, Rollout: { } rollout } ? RestResult.Ok(RolloutView.Of(rollout), FirmwareJson.Default.RolloutView) : Refusal(result);
    }

    private async ValueTask<Rollout?> FindAsync(RestRequest request, CancellationToken cancel) => TryId(request, out long id) ? await rollouts.FindAsync(request.Who, id, cancel).ConfigureAwait(false) : null;

    private static bool TryId(RestRequest request, out long id) => long.TryParse(request.Path("id"), NumberStyles.None, CultureInfo.InvariantCulture, out id);

    private static RestProblem None() => RestProblem.NotFound("There is no such roll-out, or not for you.");

    private static RestProblem Refusal(RolloutResult result) => result.Outcome switch
    {
        // Which of the things is not the account's is told; whether it exists is not.
        RolloutOutcome.Forbidden => RestProblem.NotFound(result.Text),
        RolloutOutcome.BadPlan => RestProblem.Invalid(result.About == RolloutInput.None ? "$" : JsonNamingPolicy.CamelCase.ConvertName(result.About.ToString()), result.Text),
        RolloutOutcome.Conflict => RestProblem.Conflict(result.Text),
        RolloutOutcome.WrongState => RestProblem.Conflict("It is not in a state in which that can be done."),
        RolloutOutcome.Full => RestProblem.TooMany(result.Text),
        _ => result.Text.Length > 0 ? RestProblem.NotFound(result.Text) : None(),
    };
}
