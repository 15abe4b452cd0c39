using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Registry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/things</c>: what there is, and how it is.</summary>
internal sealed class ThingResource(FleetServices fleet)
{
    /// <summary>Tags that one request may filter by; default 8.</summary>
    private const int TagFilters = 8;

    private static readonly RestParameter<string?> s_text = RestParameter.Text("q", "Things whose id, name or value of a tag has this text, whatever the case.", 128);
    private static readonly RestParameter<string?> s_state = RestParameter.Word("state", "Things in this state; 'lost' is overdue, and offline without a farewell.", [.. ThingFilter.States]);
    private static readonly RestParameters s_tags = RestParameter.Texts("tag", "Things with this tag, as NAME:value; all that are given must hold.", TagFilters, MetaTags.NameLimit + 1 + MetaTags.ValueLimit);

    private static readonly RestParameter<string?> s_group = RestParameter.Text("group", "Things of this group, by its id.", 128);

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        var things = new ThingResource(fleet);
        api.Get("/things", ApiScope.ThingsRead, things.ListAsync)
            .Says("listThings", "things", "The things that the account may see, in the order of their ids")
            .Paged().Query(s_text, s_state, s_tags, s_group).Gives(ThingJson.Default.RestPageThingView);
        api.Get("/things/{id}", ApiScope.ThingsRead, things.GetAsync)
            .Says("getThing", "things", "A thing").Gives(ThingJson.Default.ThingView).Refuses(404);
    }

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        IReadOnlyList<string> tags = request.Get(s_tags);
        if (tags.FirstOrDefault(t => t.IndexOf(':', StringComparison.Ordinal) < 1) is not null)
        {
            return RestProblem.BadRequest(new RestFault("query", s_tags.Name, "It is NAME:value."));
        }

        // A group that one may not see has no things.
        ThingGroup? group = request.Get(s_group) is { } name ? await fleet.Groups.FindAsync(request.Who, name, cancel).ConfigureAwait(false) ?? new ThingGroup(name) : null;
        var filter = new ThingFilter(fleet, request.Get(s_text) ?? string.Empty, request.Get(s_state) ?? string.Empty, tags);
        IReadOnlyDictionary<string, Thing> all = await fleet.Registry.AllAsync(cancel).ConfigureAwait(false);
        var page = new List<ThingView>();
        foreach (string id in await fleet.Access.ThingsAsync(request.Who, ThingRight.See, cancel).ConfigureAwait(false))
        {
            if (string.CompareOrdinal(id, request.PageAfter) <= 0 || !all.TryGetValue(id, out Thing? thing) || (group is not null && !group.Things.ContainsKey(id)) || !filter.Holds(thing))
            {
                continue;
            }

            if (page.Count == request.PageSize)
            {
                return RestResult.Page(request, page, page[^1].Id, ThingJson.Default.RestPageThingView);
            }

            page.Add(ThingView.Of(thing, fleet));
        }

        return RestResult.Page(request, page, null, ThingJson.Default.RestPageThingView);
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel)
    {
        string id = request.Path("id");
        if (await request.RefusalAsync(id, ThingRight.See, null, cancel).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        return await fleet.Registry.FindAsync(id, cancel).ConfigureAwait(false) is { } thing ? RestResult.Ok(ThingView.Of(thing, fleet), ThingJson.Default.ThingView) : RestProblem.NoThing();
    }
}
