using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Registry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>A code that claims a thing.</summary>
/// <param name="Code">The text of its QR code.</param>
/// <param name="Public">Whether everybody may find the thing (XEP-0347 §3.8).</param>
public sealed record ClaimWish(string Code, bool Public = false);

/// <summary>A thing as the registry has it.</summary>
/// <param name="Thing">Its id.</param>
/// <param name="Jid">The account that speaks for it.</param>
/// <param name="State">private, public, unclaimed, removed, or revoked.</param>
/// <param name="Owner">Whose it is; null for nobody's.</param>
/// <param name="Claim">A new claim code, shown this once; null for none.</param>
public sealed record RegistryView(string Thing, string Jid, string State, string? Owner, string? Claim);

/// <summary>JSON of the registry.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ClaimWish))]
[JsonSerializable(typeof(RegistryView))]
internal sealed partial class RegistryJson : JsonSerializerContext;

/// <summary><c>/claims</c>, <c>/things/{id}/revoke</c>, <c>/reset</c> and <c>/key</c>: whose a thing is, and whether it may come in.</summary>
internal sealed class RegistryResource(ThingRegistry registry, FleetServices fleet)
{
    private static readonly RestParameter<bool> s_newKey = RestParameter.Flag("newKey", "Make a new claim code; the old one counts no more.");

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet is not { Provisioning: { } provisioning, ThingRegistry: { } registry })
        {
            return;
        }

        var resource = new RegistryResource(registry, fleet);
        api.Post("/claims", ApiScope.ThingsProvision, RegistryJson.Default.ClaimWish, resource.ClaimAsync)
            .Says("claimThing", "things", "Claims a thing by its code", "A thing that was reset is claimed again by the same code, unless it got a new one. Whatever is wrong with a code, the answer is the same.")
            .Gives(RegistryJson.Default.RegistryView).Refuses(404, 422, 429);
        api.Post("/things/{id}/revoke", ApiScope.ThingsProvision, (request, cancel) => resource.DoAsync(request, "revoke-thing", provisioning.RevokeAsync(request.Who, request.Path("id"), cancel), cancel))
            .Says("revokeThing", "things", "Takes a thing's keys away", "Its sessions end at once, and it cannot come back until it gets new keys.").Gives(RegistryJson.Default.RegistryView).Refuses(403, 404, 409);
        api.Post("/things/{id}/reset", ApiScope.ThingsProvision, (request, cancel) => resource.DoAsync(request, "reset-thing", provisioning.ResetAsync(request.Who, request.Path("id"), request.Get(s_newKey), cancel), cancel))
            .Says("resetThing", "things", "Makes a thing nobody's, as after a reset to factory state", "Its owner loses all rights at once; its code claims it again.").Query(s_newKey).Gives(RegistryJson.Default.RegistryView).Refuses(403, 404);
        api.Post("/things/{id}/key", ApiScope.ThingsProvision, (request, cancel) => resource.DoAsync(request, "new-claim-code", provisioning.NewKeyAsync(request.Who, request.Path("id"), cancel), cancel))
            .Says("newClaimCode", "things", "Makes a new claim code of a thing; the old one counts no more").Gives(RegistryJson.Default.RegistryView).Refuses(403, 404);
    }

    private async Task<IResult> ClaimAsync(RestRequest request, ClaimWish wish, CancellationToken cancel)
    {
        if (!MetaTags.TryParse(wish.Code, out MetaTags? tags, out string? wrong))
        {
            return RestProblem.Invalid("$.code", wrong);
        }

        RegistryAnswer answer = await registry.ClaimAsync(request.Who, tags, wish.Public, cancel).ConfigureAwait(false);
        switch (answer.Outcome)
        {
            case RegistryOutcome.Done:
                await request.NoteAsync("claim-thing", answer.Thing!.Id).ConfigureAwait(false);
                return RestResult.Ok(ViewOf(answer.Thing, null), RegistryJson.Default.RegistryView);
            case RegistryOutcome.Throttled:
                return RestProblem.TooMany("Too many codes were wrong: wait before the next.");
            default:
                return RestProblem.NotFound("No thing is claimed by this code.");
        }
    }

    private async Task<IResult> DoAsync(RestRequest request, string what, Task<ThingResult> deed, CancellationToken cancel)
    {
        ThingResult result = await deed.ConfigureAwait(false);
        string id = request.Path("id");
        switch (result.Outcome)
        {
            case RegistryOutcome.Done:
                await request.NoteAsync(what, id).ConfigureAwait(false);
                return RestResult.Ok(ViewOf(result.Thing!, result.ClaimText), RegistryJson.Default.RegistryView);
            case RegistryOutcome.NotAllowed:
                return RestProblem.Conflict("A thing behind a gateway has no keys of its own: revoke its gateway.");
            case RegistryOutcome.Forbidden when await request.MayAsync(id, ThingRight.See, null, cancel).ConfigureAwait(false):
                return RestProblem.Forbidden("Only the thing's owner or an administrator may do that.");
            default:
                return RestProblem.NoThing();
        }
    }

    private RegistryView ViewOf(Thing thing, string? claim) => new(
        thing.Id, $"{thing.Account}@{fleet.Domain.Domain}", thing.Revoked is null ? thing.State.ToString().ToLowerInvariant() : "revoked", thing.Owner?.ToString(), claim);
}
