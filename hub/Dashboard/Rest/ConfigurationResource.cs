using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Commands;
using IotXmpp.Hub.Features.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/things/{id}/configuration</c>: what things shall be like, what they say, and how the two differ.</summary>
internal sealed class ConfigurationResource(ConfigurationService service, FleetServices fleet)
{
    private static readonly RestParameter<bool> s_all = RestParameter.Flag("all", "Also things that are as they shall be.");

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Configuration is not { } service)
        {
            return; // the hub goes without that feature
        }

        var configuration = new ConfigurationResource(service, fleet);
        api.Get("/configuration/drift", ApiScope.ThingsRead, configuration.DriftAsync)
            .Says("listDrift", "configuration", "Things that are not as they shall be").Paged().Query(s_all).Gives(ConfigurationJson.Default.RestPageConfigurationView);
        api.Post("/configuration", ApiScope.ThingsWrite, ConfigurationJson.Default.ManyWish, configuration.SetManyAsync)
            .Says("configureThings", "configuration", "Changes what many things shall be like", "Each for itself: what came of it stands beside its name.").Gives(ConfigurationJson.Default.ManyView).Refuses(404);
        api.Get("/things/{id}/configuration", ApiScope.ThingsRead, configuration.GetAsync)
            .Says("getConfiguration", "configuration", "How a thing's configuration stands; its ETag is the version").Gives(ConfigurationJson.Default.ConfigurationView).Refuses(404);
        api.Patch("/things/{id}/configuration", ApiScope.ThingsWrite, ConfigurationJson.Default.ConfigurationWish, configuration.SetAsync)
            .Says("configureThing", "configuration", "Changes what a thing shall be like", "If-Match names the version that the change goes by.").Gives(ConfigurationJson.Default.ConfigurationView).Refuses(404, 412, 428);
        api.Get("/things/{id}/configuration/versions", ApiScope.ThingsRead, configuration.VersionsAsync)
            .Says("listConfigurationVersions", "configuration", "The versions of a thing's configuration, the newest first").Paged().Gives(ConfigurationJson.Default.RestPageVersionView).Refuses(404);
        api.Post("/things/{id}/configuration/revert", ApiScope.ThingsWrite, ConfigurationJson.Default.RevertWish, configuration.RevertAsync)
            .Says("revertConfiguration", "configuration", "Goes back to an earlier version, as a new one").Gives(ConfigurationJson.Default.ConfigurationView).Refuses(404, 412, 428);
    }

    private static string Tag(ThingConfiguration configuration) => RestRequest.Tag(configuration.Desired?.Version ?? 0);

    private static IResult Answer(ConfigurationResult result) => result.Outcome switch
    {
        ConfigurationOutcome.Done => RestResult.Ok(ConfigurationView.Of(result.Configuration!), ConfigurationJson.Default.ConfigurationView, Tag(result.Configuration!)),
        ConfigurationOutcome.Forbidden => RestProblem.Forbidden("You see this thing and may not do that with it."),
        ConfigurationOutcome.NotFound => RestProblem.NotFound(result.Text),
        ConfigurationOutcome.Conflict => RestProblem.Changed(),
        ConfigurationOutcome.TooMany => RestProblem.TooMany(result.Text),
        _ => RestProblem.Invalid("$", result.Text),
    };

    // The version that the client has read: what is stored goes by it, so that nobody comes in between.
    private async Task<(long? Base, IResult? Refusal)> BaseAsync(RestRequest request, string thing, CancellationToken cancel)
    {
        if (await request.RefusalAsync(thing, ThingRight.Maintain, null, cancel).ConfigureAwait(false) is { } refusal)
        {
            return (null, refusal);
        }

        ConfigurationResult now = await service.FindAsync(request.Who, thing, cancel).ConfigureAwait(false);
        if (now.Outcome != ConfigurationOutcome.Done)
        {
            return (null, Answer(now));
        }

        return request.Precondition(Tag(now.Configuration!)) is { } changed ? (null, changed)
            : (request.Http.Request.Headers.IfMatch.ToString() == "*" ? null : now.Configuration!.Desired?.Version, null);
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel)
    {
        string thing = request.Path("id");
        return await request.RefusalAsync(thing, ThingRight.See, null, cancel).ConfigureAwait(false) ?? Answer(await service.FindAsync(request.Who, thing, cancel).ConfigureAwait(false));
    }

    private async Task<IResult> SetAsync(RestRequest request, ConfigurationWish wish, CancellationToken cancel)
    {
        string thing = request.Path("id");
        (IReadOnlyList<CommandParameter> set, RestProblem? wrong) = ParameterWish.Read(wish.Set ?? [], "set");
        if (wrong is not null)
        {
            return wrong;
        }

        if (set.Count == 0 && wish.Remove is not { Count: > 0 })
        {
            return RestProblem.Invalid("$", "There is nothing to change.");
        }

        (long? basis, IResult? refusal) = await BaseAsync(request, thing, cancel).ConfigureAwait(false);
        return refusal ?? Answer(await service.SetAsync(request.Who, thing, new ConfigurationChange(set, wish.Remove ?? [], basis, wish.Note ?? string.Empty), cancel).ConfigureAwait(false));
    }

    private async Task<IResult> RevertAsync(RestRequest request, RevertWish wish, CancellationToken cancel)
    {
        string thing = request.Path("id");
        (long? basis, IResult? refusal) = await BaseAsync(request, thing, cancel).ConfigureAwait(false);
        return refusal ?? Answer(await service.RevertAsync(request.Who, thing, wish.Version, basis, cancel).ConfigureAwait(false));
    }

    private async Task<IResult> VersionsAsync(RestRequest request, CancellationToken cancel)
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

        int most = Math.Min(request.PageSize, 500);
        if (await service.VersionsAsync(request.Who, request.Path("id"), before, most, cancel).ConfigureAwait(false) is not { } versions)
        {
            return RestProblem.NoThing();
        }

        return RestResult.Page(
            request, [.. versions.Select(VersionView.Of)], versions.Count == most ? versions[^1].Version.ToString(CultureInfo.InvariantCulture) : null, ConfigurationJson.Default.RestPageVersionView);
    }

    private async Task<IResult> DriftAsync(RestRequest request, CancellationToken cancel)
    {
        (IReadOnlyList<ThingConfiguration> things, string? next) = await service.ListAsync(request.Who, request.PageAfter, Math.Min(request.PageSize, 500), !request.Get(s_all), cancel).ConfigureAwait(false);
        return RestResult.Page(request, [.. things.Select(ConfigurationView.Of)], next, ConfigurationJson.Default.RestPageConfigurationView);
    }

    private async Task<IResult> SetManyAsync(RestRequest request, ManyWish wish, CancellationToken cancel)
    {
        (IReadOnlyList<CommandParameter> set, RestProblem? wrong) = ParameterWish.Read(wish.Set ?? [], "set");
        if (wrong is not null)
        {
            return wrong;
        }

        if ((wish.Things is null) == (wish.Group is null))
        {
            return RestProblem.Invalid("$.things", "Say either things or a group.");
        }

        if (set.Count == 0 && wish.Remove is not { Count: > 0 })
        {
            return RestProblem.Invalid("$", "There is nothing to change.");
        }

        IReadOnlyList<string>? things = wish.Things ?? (fleet.Commands is { } commands ? await commands.Groups(request.Who, wish.Group!, cancel).ConfigureAwait(false) : null);
        if (things is null)
        {
            return RestProblem.NotFound("There is no such group, or you are not in it.");
        }

        IReadOnlyList<(string Thing, ConfigurationResult Result)> results = await service.SetManyAsync(request.Who, things, new ConfigurationChange(set, wish.Remove ?? [], null, wish.Note ?? string.Empty), cancel).ConfigureAwait(false);
        return results is [("", { } refused)]
            ? RestProblem.TooMany(refused.Text)
            : RestResult.Ok(
                new ManyView([.. results.Select(r => new ManyThingView(r.Thing, r.Result.Outcome, r.Result.Configuration?.Desired?.Version, r.Result.Text.Length > 0 ? r.Result.Text : null))]), ConfigurationJson.Default.ManyView);
    }
}

/// <summary>A version of what a thing shall be like.</summary>
/// <param name="Version">Its number.</param>
/// <param name="At">When it was given.</param>
/// <param name="By">Who gave it.</param>
/// <param name="Note">Why.</param>
/// <param name="Parameters">All parameters that are wished for.</param>
public sealed record VersionView(long Version, DateTime At, string By, string? Note, IReadOnlyList<ParameterView> Parameters)
{
    /// <summary>As it is told.</summary>
    public static VersionView Of(ConfigurationVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return new VersionView(version.Version, version.At.UtcDateTime, version.By.ToString(), version.Note.Length > 0 ? version.Note : null, ParameterView.Of(version.Parameters));
    }
}

/// <summary>What a thing says that it is like.</summary>
/// <param name="Version">The version that it has taken last; 0 for none.</param>
/// <param name="At">When it said so.</param>
/// <param name="Parameters">Its parameters.</param>
public sealed record ReportedView(long Version, DateTime At, IReadOnlyList<ParameterView> Parameters);

/// <summary>How a parameter that is wished for stands.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">How it stands.</param>
/// <param name="Desired">What is wished for; null where it is secret.</param>
/// <param name="Reported">What the thing says; null for nothing.</param>
/// <param name="Since">Since when.</param>
/// <param name="Text">Why.</param>
public sealed record DriftView(string Name, [property: JsonConverter(typeof(RestWord<DriftState>))] DriftState State, string? Desired, string? Reported, DateTime Since, string? Text);

/// <summary>How a thing's configuration stands.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Drift">Whether some parameter is not as it shall be.</param>
/// <param name="Pending">Whether the thing has not taken the version yet.</param>
/// <param name="Desired">What it shall be like.</param>
/// <param name="Reported">What it says.</param>
/// <param name="Parameters">How each parameter stands.</param>
public sealed record ConfigurationView(string Thing, bool Drift, bool Pending, VersionView? Desired, ReportedView? Reported, IReadOnlyList<DriftView> Parameters)
{
    /// <summary>As it is told.</summary>
    public static ConfigurationView Of(ThingConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return new ConfigurationView(
            configuration.Thing, configuration.HasDrift, configuration.IsPending, configuration.Desired is { } desired ? VersionView.Of(desired) : null,
            configuration.Reported is { } reported ? new ReportedView(reported.Version, reported.At.UtcDateTime, ParameterView.Of(reported.Parameters)) : null,
            [.. configuration.Parameters.Select(p => new DriftView(p.Name, p.State, p.Desired.IsSecret ? null : p.Desired.Value, p.Reported, p.Since.UtcDateTime, p.Text.Length > 0 ? p.Text : null))]);
    }
}

/// <summary>A change of what a thing shall be like.</summary>
/// <param name="Set">Parameters that are wished for, beside those that were.</param>
/// <param name="Remove">Names that nobody wishes for any more.</param>
/// <param name="Note">Why, in a few words.</param>
public sealed record ConfigurationWish(IReadOnlyList<ParameterWish>? Set = null, IReadOnlyList<string>? Remove = null, string? Note = null);

/// <summary>The same for many things.</summary>
/// <param name="Things">The things; null for a group.</param>
/// <param name="Group">The group; null for a list.</param>
/// <param name="Set">Parameters that are wished for, beside those that were.</param>
/// <param name="Remove">Names that nobody wishes for any more.</param>
/// <param name="Note">Why, in a few words.</param>
public sealed record ManyWish(IReadOnlyList<string>? Things = null, string? Group = null, IReadOnlyList<ParameterWish>? Set = null, IReadOnlyList<string>? Remove = null, string? Note = null);

/// <summary>What came of a change for one of many.</summary>
/// <param name="Thing">The thing.</param>
/// <param name="Outcome">What.</param>
/// <param name="Version">The version that it shall have now.</param>
/// <param name="Text">What is wrong.</param>
public sealed record ManyThingView(string Thing, [property: JsonConverter(typeof(RestWord<ConfigurationOutcome>))] ConfigurationOutcome Outcome, long? Version, string? Text);

/// <summary>What came of a change for many.</summary>
/// <param name="Things">For each.</param>
public sealed record ManyView(IReadOnlyList<ManyThingView> Things);

/// <summary>Where to go back to.</summary>
/// <param name="Version">The version.</param>
public sealed record RevertWish(long Version);

/// <summary>JSON of configuration.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ConfigurationView))]
[JsonSerializable(typeof(ConfigurationWish))]
[JsonSerializable(typeof(RestPage<ConfigurationView>))]
[JsonSerializable(typeof(RestPage<VersionView>))]
[JsonSerializable(typeof(RevertWish))]
[JsonSerializable(typeof(ManyWish))]
[JsonSerializable(typeof(ManyView))]
internal sealed partial class ConfigurationJson : JsonSerializerContext;
