using System.Globalization;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Commands;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/batches</c>: one command to many things.</summary>
internal sealed class BatchResource(CommandsModule commands)
{
    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Commands is not { } module)
        {
            return;
        }

        var batches = new BatchResource(module);
        api.Get("/batches", ApiScope.CommandsRead, batches.ListAsync)
            .Says("listBatches", "commands", "The batches of the account (an administrator's: all), the newest first").Paged().Gives(CommandJson.Default.RestPageBatchView);
        api.Post("/batches", ApiScope.CommandsWrite, CommandJson.Default.BatchWish, batches.BeginAsync)
            .Says("beginBatch", "commands", "Gives one command to many things", "Things that are there get it at the rate of the batch; those that are away have until the time is over.")
            .Gives(CommandJson.Default.BatchView, 202).Refuses(404);
        api.Get("/batches/{id}", ApiScope.CommandsRead, batches.GetAsync)
            .Says("getBatch", "commands", "A batch and how far it is").Gives(CommandJson.Default.BatchView).Refuses(404);
        api.Get("/batches/{id}/things", ApiScope.CommandsRead, batches.ThingsAsync)
            .Says("listBatchThings", "commands", "The things of a batch in their order").Paged().Gives(CommandJson.Default.RestPageBatchThingView).Refuses(404);
        api.Delete("/batches/{id}", ApiScope.CommandsWrite, batches.CancelAsync)
            .Says("cancelBatch", "commands", "Stops a batch: what was not sent is taken back").Gives(CommandJson.Default.BatchView).Refuses(404, 409);
    }

    private static IResult Answer(BatchResult result) =>
        result.Outcome == CommandOutcome.Done ? RestResult.Ok(BatchView.Of(result.Batch!), CommandJson.Default.BatchView) : CommandResource.Refusal(result.Outcome, result.Text);

    private async Task<IResult> BeginAsync(RestRequest request, BatchWish wish, CancellationToken cancel)
    {
        (IReadOnlyList<CommandParameter> parameters, RestProblem? wrong) = ParameterWish.Read(wish.Parameters, "parameters");
        if (wrong is not null)
        {
            return wrong;
        }

        if ((wish.Things is null) == (wish.Group is null))
        {
            return RestProblem.Invalid("$.things", "Say either things or a group.");
        }

        if (wish.Things?.Any(string.IsNullOrEmpty) == true)
        {
            return RestProblem.Invalid("$.things", "A thing has an id.");
        }

        IReadOnlyList<string>? things = wish.Things ?? await commands.Groups(request.Who, wish.Group!, cancel).ConfigureAwait(false);
        if (things is null)
        {
            return RestProblem.NotFound("There is no such group, or you are not in it.");
        }

        var usual = new BatchRule();
        var rule = new BatchRule(wish.PerMinute ?? usual.PerMinute, wish.Parallel ?? usual.Parallel, wish.Failures ?? usual.Failures, wish.Percent ?? usual.Percent);
        TimeSpan? ttl = wish.TtlSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        BatchResult result = await commands.Batches.BeginAsync(request.Who, new BatchRequest(things, parameters, rule, ttl, wish.Group ?? string.Empty), cancel).ConfigureAwait(false);
        return result.Outcome switch
        {
            CommandOutcome.Done => RestResult.Accepted("/batches/" + result.Batch!.Id, BatchView.Of(result.Batch), CommandJson.Default.BatchView),
            // Which of them it is is not told: one of them may be nobody's business of his.
            CommandOutcome.Forbidden => RestProblem.NotFound("One of the things is none, or you may not set all of that there."),
            _ => CommandResource.Refusal(result.Outcome, result.Text),
        };
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel) => Answer(await commands.Batches.FindAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false));

    private async Task<IResult> CancelAsync(RestRequest request, CancellationToken cancel) => Answer(await commands.Batches.CancelAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false));

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        int most = Math.Min(request.PageSize, 100);
        IReadOnlyList<Batch> page = await commands.Batches.ListAsync(request.Who, request.PageAfter.Length > 0 ? request.PageAfter : null, most, cancel).ConfigureAwait(false);
        return RestResult.Page(request, [.. page.Select(BatchView.Of)], page.Count == most ? page[^1].Id : null, CommandJson.Default.RestPageBatchView);
    }

    private async Task<IResult> ThingsAsync(RestRequest request, CancellationToken cancel)
    {
        int from = 0;
        if (request.PageAfter.Length > 0 && !int.TryParse(request.PageAfter, NumberStyles.None, CultureInfo.InvariantCulture, out from))
        {
            return RestProblem.BadRequest(new RestFault("query", RestRequest.After.Name, "It is the 'next' of no page."));
        }

        if (await commands.Batches.ThingsAsync(request.Who, request.Path("id"), from, request.PageSize, cancel).ConfigureAwait(false) is not { } things)
        {
            return RestProblem.NotFound();
        }

        static string? Optional(string text) => text.Length > 0 ? text : null;
        return RestResult.Page(
            request, [.. things.Select(t => new BatchThingView(t.Thing, t.State is { } state ? CommandXml.Word(state) : "waiting", Optional(t.Command), Optional(t.Error), Optional(t.Text)))],
            things.Count == request.PageSize ? (from + things.Count).ToString(CultureInfo.InvariantCulture) : null, CommandJson.Default.RestPageBatchThingView);
    }
}
