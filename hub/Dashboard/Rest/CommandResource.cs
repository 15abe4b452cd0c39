using System.Globalization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Commands;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/things/{id}/commands</c>, <c>/commands</c>: gives commands, and says what has become of them.</summary>
internal sealed class CommandResource(CommandsModule commands, FleetServices fleet)
{
    /// <summary>Seconds that a request may wait for the end of its command; default 60: longer than a thing takes, shorter than proxies wait.</summary>
    private const int MaxWait = 60;

    private static readonly RestParameter<int> s_wait = RestParameter.Number("wait", "Seconds to wait for the end of the command; 0 answers as soon as it is stored.", 0, MaxWait, 0);
    private static readonly RestParameter<bool> s_fresh = RestParameter.Flag("fresh", "Whether the thing is asked although its form is known: for the values of now.");

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Commands is not { } module)
        {
            return; // the hub goes without that feature
        }

        var commands = new CommandResource(module, fleet);
        api.Get("/commands/latency", ApiScope.HubRead, commands.HubLatencyAsync)
            .Says("getLatency", "commands", "How long commands took in the last hour").Gives(CommandJson.Default.LatencyView);
        api.Get("/commands/{id}", ApiScope.CommandsRead, commands.GetAsync)
            .Says("getCommand", "commands", "A command and what has become of it").Gives(CommandJson.Default.CommandView).Refuses(404);
        api.Delete("/commands/{id}", ApiScope.CommandsWrite, commands.CancelAsync)
            .Says("cancelCommand", "commands", "Takes a command back that was not sent yet").Gives(CommandJson.Default.CommandView).Refuses(404, 409);
        api.Get("/things/{id}/commands", ApiScope.CommandsRead, commands.ListAsync)
            .Says("listThingCommands", "commands", "What was commanded to a thing, the newest first").Paged().Gives(CommandJson.Default.RestPageCommandView).Refuses(404);
        api.Post("/things/{id}/commands", ApiScope.CommandsWrite, CommandJson.Default.CommandWish, commands.QueueAsync)
            .Says("giveCommand", "commands", "Gives a command to a thing", "It is durable when this answers, and is sent when the thing is there.").Query(s_wait)
            .Gives(CommandJson.Default.CommandView, 202).Gives(CommandJson.Default.CommandView).Refuses(404, 409);
        api.Get("/things/{id}/commands/latency", ApiScope.CommandsRead, commands.LatencyAsync)
            .Says("getThingLatency", "commands", "How long the thing's commands took in the last hour").Gives(CommandJson.Default.LatencyView).Refuses(404);
        api.Get("/things/{id}/form", ApiScope.CommandsRead, commands.FormAsync)
            .Says("getForm", "commands", "What can be set on a thing").Query(s_fresh).Gives(CommandJson.Default.FormView).Refuses(404);
    }

    /// <summary>The refusal of an outcome that is not <see cref="CommandOutcome.Done"/>.</summary>
    internal static RestProblem Refusal(CommandOutcome outcome, string text) => outcome switch
    {
        CommandOutcome.Forbidden => RestProblem.Forbidden("You may not set all of that."),
        CommandOutcome.NotFound => RestProblem.NotFound(),
        CommandOutcome.BadRequest => RestProblem.Invalid("$", text),
        CommandOutcome.Conflict => RestProblem.Conflict(text),
        CommandOutcome.TooLate => RestProblem.Conflict("It was sent already, or has come to its end."),
        _ => RestProblem.TooMany(text),
    };

    private async Task<IResult> QueueAsync(RestRequest request, CommandWish wish, CancellationToken cancel)
    {
        string thing = request.Path("id");
        // Which of the parameters he may set the service asks; here it is asked whether he may know of the thing.
        if (await request.RefusalAsync(thing, ThingRight.See, null, cancel).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        (IReadOnlyList<CommandParameter> parameters, RestProblem? wrong) = ParameterWish.Read(wish.Parameters, "parameters");
        if (wrong is not null)
        {
            return wrong;
        }

        TimeSpan? ttl = wish.TtlSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        int wait = request.Get(s_wait);
        using var end = new EndWait(commands.Service);
        CommandResult result = await commands.Service.QueueAsync(request.Who, new CommandRequest(thing, parameters, ttl, wish.Key), cancel).ConfigureAwait(false);
        if (result.Outcome != CommandOutcome.Done)
        {
            return Refusal(result.Outcome, result.Text);
        }

        ThingCommand command = result.Command!;
        if (wait > 0 && await end.UntilAsync(command.Id, TimeSpan.FromSeconds(wait), fleet.Hub.Time, cancel).ConfigureAwait(false)
            && await commands.Service.FindAsync(request.Who, command.Id, cancel).ConfigureAwait(false) is { Command: { } ended })
        {
            return RestResult.Ok(CommandView.Of(ended), CommandJson.Default.CommandView);
        }

        return RestResult.Accepted("/commands/" + command.Id, CommandView.Of(command), CommandJson.Default.CommandView);
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel)
    {
        CommandResult result = await commands.Service.FindAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false);
        return result.Outcome == CommandOutcome.Done ? RestResult.Ok(CommandView.Of(result.Command!), CommandJson.Default.CommandView) : Refusal(result.Outcome, result.Text);
    }

    private async Task<IResult> CancelAsync(RestRequest request, CancellationToken cancel)
    {
        CommandResult result = await commands.Service.CancelAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false);
        return result.Outcome == CommandOutcome.Done ? RestResult.Ok(CommandView.Of(result.Command!), CommandJson.Default.CommandView)
            : result.Outcome == CommandOutcome.Forbidden ? RestProblem.Forbidden("It is somebody else's, and you do not maintain the thing.")
            : Refusal(result.Outcome, result.Text);
    }

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        string thing = request.Path("id");
        return await request.RefusalAsync(thing, ThingRight.See, null, cancel).ConfigureAwait(false)
            ?? await AuditResource.PageAsync(commands.Audit, request, new AuditQuery { Thing = thing }, cancel).ConfigureAwait(false);
    }

    private async Task<IResult> LatencyAsync(RestRequest request, CancellationToken cancel)
    {
        string thing = request.Path("id");
        return await request.RefusalAsync(thing, ThingRight.See, null, cancel).ConfigureAwait(false) ?? RestResult.Ok(LatencyView.Of(commands.Service.Latency.Of(thing)), CommandJson.Default.LatencyView);
    }

    private async Task<IResult> HubLatencyAsync(RestRequest request, CancellationToken cancel) =>
        await fleet.Hub.Accounts.IsAdministratorAsync(request.Who, cancel).ConfigureAwait(false)
            ? RestResult.Ok(LatencyView.Of(commands.Service.Latency.Hub), CommandJson.Default.LatencyView)
            : RestProblem.Forbidden("That is for administrators.");

    private async Task<IResult> FormAsync(RestRequest request, CancellationToken cancel)
    {
        string thing = request.Path("id");
        if (await request.RefusalAsync(thing, ThingRight.See, null, cancel).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        static string? Optional(string text) => text.Length > 0 ? text : null;
        return await commands.Forms.FindAsync(thing, request.Get(s_fresh), cancel).ConfigureAwait(false) is { } form
            ? RestResult.Ok(
                new FormView(thing, [.. form.Parameters.Select(p => new FormParameterView(
                    p.Name, p.Element, Optional(p.Label), Optional(p.Minimum), Optional(p.Maximum), p.Options.Count > 0 ? p.Options : null, p.IsSecret, p.IsSecret ? null : p.Value))]),
                CommandJson.Default.FormView)
            : RestProblem.NotFound("The thing has not told yet what can be set on it.");
    }

    /// <summary>Hears of the ends of commands from before the command is there, so that none is missed.</summary>
    private sealed class EndWait : IDisposable
    {
        /// <summary>Ends that are remembered before it is known which one is waited for (256): they come within the time that a command takes to be stored.</summary>
        private const int MaxEarly = 256;

        private readonly CommandService _service;
        private readonly Lock _gate = new();
        private readonly HashSet<string> _early = new(StringComparer.Ordinal);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private string? _id;

        public EndWait(CommandService service)
        {
            _service = service;
            service.Changed += Heard;
        }

        public async Task<bool> UntilAsync(string id, TimeSpan limit, TimeProvider time, CancellationToken cancel)
        {
            lock (_gate)
            {
                _id = id;
                if (_early.Contains(id))
                {
                    return true;
                }
            }

            try
            {
                await _ended.Task.WaitAsync(limit, time, cancel).ConfigureAwait(false);
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        public void Dispose() => _service.Changed -= Heard;

        private void Heard(ThingCommand command)
        {
            if (!command.IsEnded)
            {
                return;
            }

            lock (_gate)
            {
                if (_id == command.Id)
                {
                    _ended.TrySetResult();
                }
                else if (_id is null && _early.Count < MaxEarly)
                {
                    _early.Add(command.Id);
                }
            }
        }
    }
}
