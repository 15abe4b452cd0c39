using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Proposals;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/proposals</c>: what programs propose, to be looked at. To confirm takes a person: at the pages, by XMPP or by the command line, never by a token.</summary>
internal sealed class ProposalResource(ProposalService proposals)
{
    private static readonly RestParameter<bool> s_open = RestParameter.Flag("open", "The open ones only.");

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Proposals is { } service)
        {
            var proposals = new ProposalResource(service);
            api.Get("/proposals", ApiScope.CommandsRead, proposals.ListAsync)
                .Says("listProposals", "commands", "Commands that programs propose and a person has to confirm: the latest 200 at most").Query(s_open).Gives(ProposalViewJson.Default.RestPageProposalView);
            api.Get("/proposals/{id}", ApiScope.CommandsRead, proposals.GetAsync).Says("getProposal", "commands", "A proposed command").Gives(ProposalViewJson.Default.ProposalView).Refuses(404);
        }
    }

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel) => RestResult.Page(
        request, [.. (await proposals.ListAsync(request.Who, request.Get(s_open), cancel).ConfigureAwait(false)).Select(ProposalView.Of)], null, ProposalViewJson.Default.RestPageProposalView);

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel) => await proposals.FindAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false) is { } proposal
        ? RestResult.Ok(ProposalView.Of(proposal), ProposalViewJson.Default.ProposalView)
        : RestProblem.NotFound("There is no such proposal, or not for you.");
}

/// <summary>A proposed command.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Thing">The thing.</param>
/// <param name="State">How it stands.</param>
/// <param name="Action">What is done when it is confirmed, in one line.</param>
/// <param name="Parameters">The same, in parts.</param>
/// <param name="Reason">Why, in the program's words.</param>
/// <param name="Account">The account whose token proposes.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">Until when it can be confirmed.</param>
/// <param name="DecidedBy">Who confirmed or rejected it.</param>
/// <param name="Decided">When that was.</param>
/// <param name="Command">The command that was given.</param>
/// <param name="Text">What is told of a failure.</param>
public sealed record ProposalView(
    string Id, string Thing, [property: JsonConverter(typeof(RestWord<ProposalState>))] ProposalState State, string Action, IReadOnlyList<ProposedParameter> Parameters, string? Reason, string Account, DateTime Created,
    DateTime Expires, string? DecidedBy, DateTime? Decided, string? Command, string? Text)
{
    /// <summary>Of a proposal.</summary>
    public static ProposalView Of(Proposal proposal)
    {
        ArgumentNullException.ThrowIfNull(proposal);
        return new ProposalView(
            proposal.Id, proposal.Thing, proposal.State, proposal.Action, proposal.Parameters, Optional(proposal.Reason), proposal.Account, proposal.Created.UtcDateTime, proposal.Expires.UtcDateTime,
            proposal.DecidedBy?.ToString(), proposal.Decided?.UtcDateTime, Optional(proposal.Command), Optional(proposal.Text));
    }

    private static string? Optional(string text) => text.Length > 0 ? text : null;
}

/// <summary>JSON of proposals.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProposalView))]
[JsonSerializable(typeof(RestPage<ProposalView>))]
internal sealed partial class ProposalViewJson : JsonSerializerContext;
