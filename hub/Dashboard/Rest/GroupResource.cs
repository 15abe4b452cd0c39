using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/groups</c>: groups of things and of people, their members and things.</summary>
internal sealed class GroupResource(GroupService groups)
{
    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        var resource = new GroupResource(fleet.Groups);
        api.Get("/groups", ApiScope.ThingsRead, resource.ListAsync).Says("listGroups", "groups", "The groups that the account is in or may manage").Paged().Gives(GroupJson.Default.RestPageGroupView);
        api.Post("/groups", ApiScope.ThingsWrite, GroupJson.Default.GroupWish, resource.CreateAsync).Says("createGroup", "groups", "Makes a group").Gives(GroupJson.Default.GroupView, 201).Refuses(403, 409, 422);
        api.Get("/groups/{id}", ApiScope.ThingsRead, resource.GetAsync).Says("getGroup", "groups", "A group").Gives(GroupJson.Default.GroupView).Refuses(404);
        api.Patch("/groups/{id}", ApiScope.ThingsWrite, GroupJson.Default.GroupPatch, resource.PatchAsync)
            .Says("changeGroup", "groups", "Renames a group, or gives it away").Gives(GroupJson.Default.GroupView).Refuses(403, 404, 412, 422, 428);
        api.Delete("/groups/{id}", ApiScope.ThingsWrite, resource.DeleteAsync).Says("deleteGroup", "groups", "Deletes a group; its things stay").Gives(204).Refuses(403, 404);
        api.Get("/groups/{id}/members", ApiScope.ThingsRead, resource.MembersAsync).Says("listMembers", "groups", "The members, for who may manage the group").Paged().Gives(GroupJson.Default.RestPageMemberView).Refuses(403, 404);
        api.Put("/groups/{id}/members/{who}", ApiScope.ThingsWrite, GroupJson.Default.MemberWish, resource.PutMemberAsync)
            .Says("setMember", "groups", "Says what somebody is in a group").Gives(GroupJson.Default.MemberView).Refuses(403, 404, 409, 422);
        api.Delete("/groups/{id}/members/{who}", ApiScope.ThingsWrite, resource.DeleteMemberAsync).Says("removeMember", "groups", "Takes somebody out of a group; anybody may leave").Gives(204).Refuses(403, 404);
        api.Get("/groups/{id}/things", ApiScope.ThingsRead, resource.ThingsAsync).Says("listGroupThings", "groups", "The things of a group").Paged().Gives(GroupJson.Default.RestPageGroupThingView).Refuses(404);
        api.Put("/groups/{id}/things/{thing}", ApiScope.ThingsWrite, resource.PutThingAsync).Says("addThing", "groups", "Puts a thing that the account owns into a group that it administers").Gives(204).Refuses(403, 404, 409);
        api.Delete("/groups/{id}/things/{thing}", ApiScope.ThingsWrite, resource.DeleteThingAsync).Says("removeThing", "groups", "Takes a thing out of a group").Gives(204).Refuses(403, 404);
    }

    private static RestProblem? Refusal(GroupOutcome outcome, string field = "$") => outcome switch
    {
        GroupOutcome.Done => null,
        GroupOutcome.NotFound => NoGroup(),
        GroupOutcome.Forbidden => RestProblem.Forbidden("That is for administrators of the group, or its owner."),
        GroupOutcome.Conflict => RestProblem.Conflict("There is a group of that id."),
        GroupOutcome.BadId => RestProblem.Invalid("$.id", "An id is 1 to 64 of a-z, 0-9 and -."),
        GroupOutcome.BadName => RestProblem.Invalid("$.name", $"A name has 1 to {GroupService.NameChars} characters."),
        GroupOutcome.NoAccount => RestProblem.Invalid(field, "There is no such account."),
        GroupOutcome.BadParameters => RestProblem.Invalid(field, $"Only an operator is limited, to at most {ParameterLimit.MaxNames} parameters of at most {ParameterLimit.MaxNameChars} characters."),
        GroupOutcome.NoThing => RestProblem.NotFound("There is no such thing, or it is not yours, or it is not in the group."),
        _ => RestProblem.Conflict("There are too many."),
    };

    private static RestProblem NoGroup() => RestProblem.NotFound("There is no such group, or you are not in it.");

    private async Task<GroupView> ViewAsync(Jid who, ThingGroup group, CancellationToken cancel) => new(
        group.Id, group.Name, group.Owner?.ToString(), group.Created.UtcDateTime, group.RoleOf(who)?.Role, group.Things.Count,
        await groups.MayManageAsync(who, group, cancel).ConfigureAwait(false) ? group.Members.Count : null);

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        IReadOnlyList<ThingGroup> found = await groups.ListAsync(request.Who, request.PageAfter, request.PageSize + 1, cancel).ConfigureAwait(false);
        var page = new List<GroupView>();
        foreach (ThingGroup group in found.Take(request.PageSize))
        {
            page.Add(await ViewAsync(request.Who, group, cancel).ConfigureAwait(false));
        }

        return RestResult.Page(request, page, found.Count > page.Count ? page[^1].Id : null, GroupJson.Default.RestPageGroupView);
    }

    private async Task<IResult> CreateAsync(RestRequest request, GroupWish wish, CancellationToken cancel)
    {
        Jid? owner = null;
        if (wish.Owner is not null && !JidPrep.TryParse(wish.Owner, out owner))
        {
            return RestProblem.Invalid("$.owner", "It is no address.");
        }

        GroupResult result = await groups.CreateAsync(request.Who, wish.Id, wish.Name ?? "", owner, cancel).ConfigureAwait(false);
        if (Refusal(result.Outcome, "$.owner") is { } refusal)
        {
            return refusal;
        }

        return RestResult.Created("/groups/" + result.Group!.Id, await ViewAsync(request.Who, result.Group, cancel).ConfigureAwait(false), GroupJson.Default.GroupView, RestRequest.Tag(result.Group.Version));
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel) =>
        await groups.FindAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false) is { } group
            ? RestResult.Ok(await ViewAsync(request.Who, group, cancel).ConfigureAwait(false), GroupJson.Default.GroupView, RestRequest.Tag(group.Version))
            : NoGroup();

    private async Task<IResult> PatchAsync(RestRequest request, GroupPatch patch, CancellationToken cancel)
    {
        string id = request.Path("id");
        if (await groups.FindAsync(request.Who, id, cancel).ConfigureAwait(false) is not { } group)
        {
            return NoGroup();
        }

        if (request.Precondition(RestRequest.Tag(group.Version)) is { } changed)
        {
            return changed;
        }

        Jid? owner = null;
        if (patch.Owner is not null && !JidPrep.TryParse(patch.Owner, out owner))
        {
            return RestProblem.Invalid("$.owner", "It is no address.");
        }

        GroupResult result = new(GroupOutcome.Done, group);
        if (owner is not null && !await groups.MayOwnAsync(request.Who, group, cancel).ConfigureAwait(false))
        {
            return Refusal(GroupOutcome.Forbidden)!;
        }

        if (patch.Name is { } name)
        {
            result = await groups.RenameAsync(request.Who, id, name, cancel).ConfigureAwait(false);
        }

        if (result.Outcome == GroupOutcome.Done && owner is not null)
        {
            result = await groups.SetOwnerAsync(request.Who, id, owner, cancel).ConfigureAwait(false);
        }

        return Refusal(result.Outcome, "$.owner") is { } refusal
            ? refusal
            : RestResult.Ok(await ViewAsync(request.Who, result.Group!, cancel).ConfigureAwait(false), GroupJson.Default.GroupView, RestRequest.Tag(result.Group!.Version));
    }

    private async Task<IResult> DeleteAsync(RestRequest request, CancellationToken cancel) =>
        Refusal((await groups.DeleteAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false)).Outcome) ?? RestResult.NoContent;

    private async Task<IResult> MembersAsync(RestRequest request, CancellationToken cancel)
    {
        if (await groups.FindAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false) is not { } group)
        {
            return NoGroup();
        }

        if (!await groups.MayManageAsync(request.Who, group, cancel).ConfigureAwait(false))
        {
            return Refusal(GroupOutcome.Forbidden)!;
        }

        MemberView[] all = [.. group.Members.Select(m => MemberView.Of(m.Key, m.Value)).OrderBy(m => m.Who, StringComparer.Ordinal).Where(m => string.CompareOrdinal(m.Who, request.PageAfter) > 0).Take(request.PageSize + 1)];
        MemberView[] page = all.Length > request.PageSize ? all[..^1] : all;
        return RestResult.Page(request, page, all.Length > page.Length ? page[^1].Who : null, GroupJson.Default.RestPageMemberView);
    }

    private async Task<IResult> PutMemberAsync(RestRequest request, MemberWish wish, CancellationToken cancel)
    {
        if (!JidPrep.TryParse(request.Path("who"), out Jid? who))
        {
            return RestProblem.NotFound("There is no such address.");
        }

        if (wish is { Only: not null, Except: not null })
        {
            return RestProblem.Invalid("$.except", "An operator is limited to some parameters, or to all but some, not both.");
        }

        ParameterLimit limit = wish.Only is { } only ? ParameterLimit.Only(only) : ParameterLimit.Except(wish.Except ?? []);
        GroupResult result = await groups.SetMemberAsync(request.Who, request.Path("id"), who, wish.Role, limit, cancel).ConfigureAwait(false);
        return Refusal(result.Outcome, wish.Only is not null ? "$.only" : "$") is { } refusal
            ? refusal
            : RestResult.Ok(MemberView.Of(who.Bare, new GroupMember(wish.Role, limit)), GroupJson.Default.MemberView);
    }

    private async Task<IResult> DeleteMemberAsync(RestRequest request, CancellationToken cancel)
    {
        if (!JidPrep.TryParse(request.Path("who"), out Jid? who))
        {
            return RestProblem.NotFound("There is no such address.");
        }

        GroupOutcome outcome = (await groups.RemoveMemberAsync(request.Who, request.Path("id"), who, cancel).ConfigureAwait(false)).Outcome;
        return outcome == GroupOutcome.NoAccount ? RestProblem.NotFound("He is not in the group.") : Refusal(outcome) ?? RestResult.NoContent;
    }

    private async Task<IResult> ThingsAsync(RestRequest request, CancellationToken cancel)
    {
        if (await groups.FindAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false) is not { } group)
        {
            return NoGroup();
        }

        string[] all = [.. group.Things.Keys.Where(t => string.CompareOrdinal(t, request.PageAfter) > 0).Order(StringComparer.Ordinal).Take(request.PageSize + 1)];
        GroupThingView[] page = [.. all.Take(request.PageSize).Select(t => new GroupThingView(t))];
        return RestResult.Page(request, page, all.Length > page.Length ? page[^1].Id : null, GroupJson.Default.RestPageGroupThingView);
    }

    private async Task<IResult> PutThingAsync(RestRequest request, CancellationToken cancel) =>
        Refusal((await groups.AddThingAsync(request.Who, request.Path("id"), request.Path("thing"), cancel).ConfigureAwait(false)).Outcome) ?? RestResult.NoContent;

    private async Task<IResult> DeleteThingAsync(RestRequest request, CancellationToken cancel) =>
        Refusal((await groups.RemoveThingAsync(request.Who, request.Path("id"), request.Path("thing"), cancel).ConfigureAwait(false)).Outcome) ?? RestResult.NoContent;
}
