using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Firmware;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/firmware</c>: the images that things are updated with.</summary>
internal sealed class FirmwareResource(FirmwareService firmware)
{
    private const string Image = "/firmware/{name}/{version}/{target}";

    private static readonly RestParameter<string?> s_hash = RestParameter.Text("sha256", "SHA-256 of the body, 64 lower-case hexadecimal digits.", 64, isRequired: true);
    private static readonly RestParameter<string?> s_manifest = RestParameter.Text("manifest", "The manifest that the fleet's key has made (iotxmpp firmware sign), 32 bytes in base64.", 44, isRequired: true);
    private static readonly RestParameter<string?> s_downgrade = RestParameter.Word("downgrade", "Whether the manifest allows the image to take the place of a newer one (false where it is not given).", "true", "false");

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Firmware is not { } service)
        {
            return;
        }

        var firmware = new FirmwareResource(service);
        api.Get("/firmware", ApiScope.FirmwareRead, firmware.ListAsync).Says("listFirmware", "firmware", "The images, for administrators, Registry:Operators and who maintains any thing").Gives(FirmwareJson.Default.RestPageFirmwareView);
        api.Get(Image, ApiScope.FirmwareRead, firmware.GetAsync).Says("getFirmware", "firmware", "An image, without its bytes").Gives(FirmwareJson.Default.FirmwareView).Refuses(404);
        api.Put(Image, ApiScope.FirmwareWrite, firmware.PutAsync)
            .Says("putFirmware", "firmware", "Stores an image; the body is its bytes. The same once more changes nothing.")
            .Query(s_hash, s_manifest, s_downgrade).Takes("application/octet-stream", service.Options.MaxImageBytes).Streams().Gives(FirmwareJson.Default.FirmwareView, 201).Refuses(400, 409, 422, 503);
        api.Delete(Image, ApiScope.FirmwareWrite, firmware.DeleteAsync).Says("deleteFirmware", "firmware", "Takes an image away that no roll-out needs any more").Gives(204).Refuses(404, 409);
    }

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        if (await firmware.ChoiceAsync(request.Who, cancel).ConfigureAwait(false) is not { } images)
        {
            return Refusal(FirmwareOutcome.Forbidden);
        }

        // All of them: their number is bounded (Firmware:MaxImages).
        return RestResult.Page(request, [.. images.Select(FirmwareView.Of)], null, FirmwareJson.Default.RestPageFirmwareView);
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel) =>
        !await firmware.MayManageAsync(request.Who).ConfigureAwait(false) ? Refusal(FirmwareOutcome.Forbidden)
        : await FindAsync(request, cancel).ConfigureAwait(false) is { } image ? RestResult.Ok(FirmwareView.Of(image), FirmwareJson.Default.FirmwareView)
        : Refusal(FirmwareOutcome.NotFound);

    private async Task<IResult> PutAsync(RestRequest request, CancellationToken cancel)
    {
        if (request.Http.Request.ContentLength is not { } size)
        {
            return RestProblem.Of(411);
        }

        var manifest = new FirmwareManifest(request.Path("name"), request.Path("version"), request.Path("target"), size, request.Get(s_hash) ?? "", request.Get(s_manifest) ?? "", request.Get(s_downgrade) == "true");
        (FirmwareOutcome outcome, FirmwareImage? image) = await firmware.AddAsync(request.Who, manifest, request.Http.Request.Body, cancel).ConfigureAwait(false);
        return image is null ? Refusal(outcome) : RestResult.Created($"/firmware/{manifest.Name}/{manifest.Version}/{manifest.Target}", FirmwareView.Of(image), FirmwareJson.Default.FirmwareView);
    }

    private async Task<IResult> DeleteAsync(RestRequest request, CancellationToken cancel)
    {
        if (!await firmware.MayManageAsync(request.Who).ConfigureAwait(false))
        {
            return Refusal(FirmwareOutcome.Forbidden);
        }

        FirmwareOutcome outcome = await FindAsync(request, cancel).ConfigureAwait(false) is { } image ? await firmware.RemoveAsync(request.Who, image.Id).ConfigureAwait(false) : FirmwareOutcome.NotFound;
        return outcome == FirmwareOutcome.Done ? RestResult.NoContent : Refusal(outcome);
    }

    private ValueTask<FirmwareImage?> FindAsync(RestRequest request, CancellationToken cancel) => firmware.FindAsync(request.Path("name"), request.Path("version"), request.Path("target"), cancel);

    private RestProblem Refusal(FirmwareOutcome outcome) => outcome switch
    {
        FirmwareOutcome.Forbidden => RestProblem.Forbidden("Only administrators and Registry:Operators bring images, see them and take them away."),
        FirmwareOutcome.BadManifest => RestProblem.BadRequest(new RestFault("path", "name", "Name and target are 1 to 32 of a-z A-Z 0-9 . _ -, a version is numbers with points; sha256 is 64 lower-case hexadecimal digits, manifest 32 bytes in base64.")),
        FirmwareOutcome.WrongSize => RestProblem.Invalid("$", "The body ended before its size, or went beyond it."),
        FirmwareOutcome.WrongHash => RestProblem.Invalid("$", "The body has not the hash that its manifest names."),
        FirmwareOutcome.Conflict => RestProblem.Conflict("There is another image of that name, version and target: a version is given once."),
        FirmwareOutcome.InUse => RestProblem.Conflict("A roll-out that has not ended uses it."),
        FirmwareOutcome.TooLarge => RestProblem.TooLarge(firmware.Options.MaxImageBytes),
        FirmwareOutcome.Full => RestProblem.Unavailable("There is no room for it: take old images away.", 3600),
        _ => RestProblem.NotFound("There is no such image."),
    };
}

/// <summary>An image.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Target">What it runs on.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sha256">Its SHA-256 in hexadecimal.</param>
/// <param name="Downgrade">Whether it may take the place of a newer one.</param>
/// <param name="Added">When it came.</param>
/// <param name="By">Who brought it.</param>
public sealed record FirmwareView(string Name, string Version, string Target, long Size, string Sha256, bool Downgrade, DateTime Added, string By)
{
    /// <summary>An image of the store.</summary>
    public static FirmwareView Of(FirmwareImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        FirmwareManifest manifest = image.Manifest;
        return new(manifest.Name, manifest.Version, manifest.Target, manifest.Size, manifest.Sha256, manifest.Downgrade, image.Added.UtcDateTime, image.By.ToString());
    }
}

/// <summary>A roll-out that is wished for.</summary>
/// <param name="Image">The image's name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Target">Its target.</param>
/// <param name="Things">Ids of things, in the order in which they are updated.</param>
/// <param name="Groups">Groups whose things come behind them.</param>
/// <param name="Waves">How many percent each wave reaches, rising; 5, 25, 100 where it is not given.</param>
/// <param name="Rate">Things a minute; 60.</param>
/// <param name="Parallel">Things at once; 20.</param>
/// <param name="Gate">Minutes that a thing must stay with the image; 10.</param>
/// <param name="Deadline">Hours; 72.</param>
/// <param name="StopFailures">Failures that stop it; 1.</param>
/// <param name="StopPercent">Percent of failures that stops it; 0.</param>
public sealed record RolloutWish(
    string Image, string Version, string Target, IReadOnlyList<string>? Things = null, IReadOnlyList<string>? Groups = null, IReadOnlyList<int>? Waves = null, int? Rate = null, int? Parallel = null, int? Gate = null,
    int? Deadline = null, int? StopFailures = null, int? StopPercent = null);

/// <summary>A roll-out.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Image">The image's name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Target">Its target.</param>
/// <param name="State">How it stands.</param>
/// <param name="Reason">Why it was stopped; null where it was not.</param>
/// <param name="By">Who started it.</param>
/// <param name="Created">When.</param>
/// <param name="Deadline">When what has not been offered is given up.</param>
/// <param name="Ended">When its last thing had ended; null before.</param>
/// <param name="Waves">Percents of the waves.</param>
/// <param name="Rate">Things a minute.</param>
/// <param name="Parallel">Things at once.</param>
/// <param name="Gate">Minutes of the health gate.</param>
/// <param name="StopFailures">Failures that stop it.</param>
/// <param name="StopPercent">Percent of failures that stops it.</param>
/// <param name="Total">Its things.</param>
/// <param name="Counts">How many of them are at which step.</param>
public sealed record RolloutView(
    long Id, string Image, string Version, string Target, [property: JsonConverter(typeof(RestWord<RolloutState>))] RolloutState State, string? Reason, string By, DateTime Created, DateTime Deadline, DateTime? Ended,
    IReadOnlyList<int> Waves, int Rate, int Parallel, int Gate, int StopFailures, int StopPercent, int Total, IReadOnlyDictionary<string, int> Counts)
{
    /// <summary>A roll-out of the service.</summary>
    public static RolloutView Of(Rollout rollout)
    {
        ArgumentNullException.ThrowIfNull(rollout);
        RolloutPlan plan = rollout.Plan;
        return new(
            rollout.Id, rollout.Name, rollout.Version, rollout.Target, rollout.State, rollout.Reason.Length > 0 ? rollout.Reason : null, rollout.By.ToString(), rollout.Created.UtcDateTime, rollout.Deadline.UtcDateTime,
            rollout.Ended?.UtcDateTime, plan.Waves, plan.PerMinute, plan.Parallel, plan.GateMinutes, plan.StopFailures, plan.StopPercent, rollout.Things.Count,
            rollout.Things.GroupBy(t => t.Step).OrderBy(g => g.Key).ToDictionary(g => g.Key.ToString().ToLowerInvariant(), g => g.Count()));
    }
}

/// <summary>A thing in a roll-out.</summary>
/// <param name="Thing">Its id.</param>
/// <param name="Wave">Its wave, from 1.</param>
/// <param name="State">How far it is.</param>
/// <param name="Since">Since when.</param>
/// <param name="Offset">Bytes that it has asked for; null where it fetches nothing.</param>
/// <param name="Reason">Why it failed; null where it did not.</param>
public sealed record RolloutThingView(string Thing, int Wave, [property: JsonConverter(typeof(RestWord<UpdateStep>))] UpdateStep State, DateTime Since, long? Offset, string? Reason)
{
    /// <summary>A thing of a roll-out.</summary>
    public static RolloutThingView Of(RolloutThing thing)
    {
        ArgumentNullException.ThrowIfNull(thing);
        return new(thing.Thing, thing.Wave + 1, thing.Step, thing.Since.UtcDateTime, thing.Step == UpdateStep.Downloading ? thing.Offset : null, thing.Reason.Length > 0 ? thing.Reason : null);
    }
}

/// <summary>JSON of images and roll-outs.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FirmwareView))]
[JsonSerializable(typeof(RestPage<FirmwareView>))]
[JsonSerializable(typeof(RolloutWish))]
[JsonSerializable(typeof(RolloutView))]
[JsonSerializable(typeof(RestPage<RolloutView>))]
[JsonSerializable(typeof(RestPage<RolloutThingView>))]
internal sealed partial class FirmwareJson : JsonSerializerContext;
