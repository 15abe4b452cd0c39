using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/audit/commands</c>: who commanded what, when, and what came of it.</summary>
internal sealed class AuditResource(AuditService audit)
{
    private static readonly RestParameter<string?> s_thing = RestParameter.Text("thing", "What was commanded to this thing.", 64);
    private static readonly RestParameter<string?> s_by = RestParameter.Text("by", "What this person commanded: a bare JID.");
    private static readonly RestParameter<string?> s_state = RestParameter.Word("state", "What stands so.", "queued", "sent", "done", "failed", "expired", "cancelled");
    private static readonly RestParameter<string?> s_way = RestParameter.Word("way", "What came on this way.", "queue", "direct", "ad-hoc");
    private static readonly RestParameter<string?> s_batch = RestParameter.Text("batch", "What belongs to this batch.", 64);
    private static readonly RestParameter<DateTimeOffset?> s_start = RestParameter.Time("start", "What was taken then or later.");
    private static readonly RestParameter<DateTimeOffset?> s_end = RestParameter.Time("end", "What was taken then or earlier.");

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Commands is not { } commands)
        {
            return;
        }

        api.Get("/audit/commands", ApiScope.CommandsRead, new AuditResource(commands.Audit).ListAsync)
            .Says("listCommands", "commands", "Who commanded what, when, and what came of it, the newest first", "Of things that the account may see, and what it has commanded itself.")
            .Paged().Query(s_thing, s_by, s_state, s_way, s_batch, s_start, s_end).Gives(CommandJson.Default.RestPageCommandView);
    }

    /// <summary>A page of the audit.</summary>
    internal static async Task<IResult> PageAsync(AuditService audit, RestRequest request, AuditQuery query, CancellationToken cancel)
    {
        long? before = null;
        if (request.PageAfter.Length > 0)
        {
            if (!long.TryParse(request.PageAfter, NumberStyles.None, CultureInfo.InvariantCulture, out long cursor))
            {
                return RestProblem.BadRequest(new RestFault("query", RestRequest.After.Name, "It is the 'next' of no page."));
            }

            before = cursor;
        }

        AuditPage page = await audit.QueryAsync(request.Who, query with { Before = before, Max = Math.Min(request.PageSize, 500) }, cancel).ConfigureAwait(false);
        return RestResult.Page(request, [.. page.Entries.Select(CommandView.Of)], page.Next?.ToString(CultureInfo.InvariantCulture), CommandJson.Default.RestPageCommandView);
    }

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        Jid? by = null;
        if (request.Get(s_by) is { } person && !JidPrep.TryParse(person, out by))
        {
            return RestProblem.BadRequest(new RestFault("query", s_by.Name, "It is a bare JID."));
        }

        CommandState? state = request.Get(s_state) is { } word && CommandXml.TryState(word, out CommandState known) ? known : null;
        CommandWay? way = request.Get(s_way) is { } how && CommandXml.TryWay(how, out CommandWay found) ? found : null;
        var query = new AuditQuery { Thing = request.Get(s_thing), By = by, State = state, Way = way, Batch = request.Get(s_batch), From = request.Get(s_start), To = request.Get(s_end) };
        return await PageAsync(audit, request, query, cancel).ConfigureAwait(false);
    }
}
