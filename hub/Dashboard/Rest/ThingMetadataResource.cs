using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.Access;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Inventory;
using IotXmpp.Hub.Features.Registry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>What of a thing shall be another: what is left out stays, an empty text takes away.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Place">Where it is.</param>
/// <param name="Model">Its model.</param>
/// <param name="Manufacturer">Who made it.</param>
/// <param name="Tags">Other tags by name; an empty value takes one away.</param>
public sealed record ThingPatch(string? Name = null, string? Place = null, string? Model = null, string? Manufacturer = null, IReadOnlyDictionary<string, string>? Tags = null);

/// <summary>What is told of a thing.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name; empty for none.</param>
/// <param name="Place">Where it is; empty for none.</param>
/// <param name="Model">Its model; empty for none.</param>
/// <param name="Manufacturer">Who made it; empty for none.</param>
/// <param name="Tags">Its other tags.</param>
/// <param name="Groups">Its groups, as far as the account may know of them.</param>
public sealed record ThingMetadataView(string Id, string Name, string Place, string Model, string Manufacturer, IReadOnlyDictionary<string, string> Tags, IReadOnlyList<string> Groups);

/// <summary>A note on a thing.</summary>
/// <param name="Id">Its number.</param>
/// <param name="At">When it was written.</param>
/// <param name="Author">Who wrote it.</param>
/// <param name="Text">What it says: data, from people.</param>
public sealed record NoteView(long Id, DateTime At, string? Author, string Text);

/// <summary>A note to be written.</summary>
/// <param name="Text">What it says.</param>
public sealed record NoteWish(string Text);

/// <summary>JSON of what is told of things.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ThingPatch))]
[JsonSerializable(typeof(ThingMetadataView))]
[JsonSerializable(typeof(NoteView))]
[JsonSerializable(typeof(RestPage<NoteView>))]
[JsonSerializable(typeof(NoteWish))]
internal sealed partial class ThingMetadataJson : JsonSerializerContext;

/// <summary><c>/things/{id}/metadata</c> and <c>/things/{id}/notes</c>: what people tell of a thing.</summary>
internal sealed class ThingMetadataResource(FleetServices fleet)
{
    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        var resource = new ThingMetadataResource(fleet);
        api.Get("/things/{id}/metadata", ApiScope.ThingsRead, resource.GetAsync).Says("getMetadata", "things", "What is told of a thing").Gives(ThingMetadataJson.Default.ThingMetadataView).Refuses(404);
        api.Patch("/things/{id}/metadata", ApiScope.ThingsWrite, ThingMetadataJson.Default.ThingPatch, resource.PatchAsync)
            .Says("changeMetadata", "things", "Names a thing, says where it is, sets tags").Gives(ThingMetadataJson.Default.ThingMetadataView).Refuses(403, 404, 409, 412, 422);
        api.Get("/things/{id}/notes", ApiScope.ThingsRead, resource.NotesAsync).Says("listNotes", "things", "The notes on a thing, the newest first").Paged().Gives(ThingMetadataJson.Default.RestPageNoteView).Refuses(404);
        api.Post("/things/{id}/notes", ApiScope.ThingsWrite, ThingMetadataJson.Default.NoteWish, resource.AddNoteAsync).Says("addNote", "things", "Writes a note on a thing").Gives(ThingMetadataJson.Default.NoteView, 201).Refuses(403, 404, 409, 422);
        api.Delete("/things/{id}/notes/{note}", ApiScope.ThingsWrite, resource.RemoveNoteAsync).Says("removeNote", "things", "Takes a note away").Gives(204).Refuses(403, 404);
    }

    private async Task<ThingMetadataView> ViewAsync(RestRequest request, Thing thing, CancellationToken cancel)
    {
        ThingDetails details = ThingDetails.Of(thing);
        return new ThingMetadataView(
            thing.Id, details.Name!, details.Place!, details.Model!, details.Manufacturer!, details.Tags!.ToDictionary(t => t.Name, t => t.Value),
            [.. (await fleet.Groups.OfThingAsync(request.Who, thing.Id, cancel).ConfigureAwait(false)).Select(g => g.Id)]);
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel)
    {
        string id = request.Path("id");
        return await request.RefusalAsync(id, ThingRight.See, null, cancel).ConfigureAwait(false) is { } refusal ? refusal
            : await fleet.Registry.FindAsync(id, cancel).ConfigureAwait(false) is { } thing ? RestResult.Ok(await ViewAsync(request, thing, cancel).ConfigureAwait(false), ThingMetadataJson.Default.ThingMetadataView, RestRequest.Tag(thing.Version))
            : RestProblem.NoThing();
    }

    private async Task<IResult> PatchAsync(RestRequest request, ThingPatch patch, CancellationToken cancel)
    {
        string id = request.Path("id");
        if (await request.RefusalAsync(id, ThingRight.Maintain, null, cancel).ConfigureAwait(false) is { } refusal)
        {
            return refusal;
        }

        if (await fleet.Registry.FindAsync(id, cancel).ConfigureAwait(false) is { } known && request.Precondition(RestRequest.Tag(known.Version), isRequired: false) is { } changed)
        {
            return changed;
        }

        var tags = new MetaTags();
        foreach ((string name, string value) in patch.Tags ?? new Dictionary<string, string>())
        {
            string? wrong = ThingDetails.OwnTags.Contains(name.ToUpperInvariant()) || name.Equals(MetaTags.Key, StringComparison.OrdinalIgnoreCase) ? "It is not set here." : tags.Add(name, value, isNumeric: false);
            if (wrong is not null)
            {
                return RestProblem.Invalid("$.tags", $"{name}: {wrong}");
            }
        }

        var details = new ThingDetails { Name = patch.Name, Place = patch.Place, Model = patch.Model, Manufacturer = patch.Manufacturer, Changes = tags.Tags };
        if (details.Check() is { } bad)
        {
            return RestProblem.Invalid("$", bad);
        }

        ThingResult result = await fleet.Provisioning!.DescribeAsync(request.Who, id, details, cancel).ConfigureAwait(false);
        return result.Outcome switch
        {
            RegistryOutcome.Done => RestResult.Ok(await ViewAsync(request, result.Thing!, cancel).ConfigureAwait(false), ThingMetadataJson.Default.ThingMetadataView, RestRequest.Tag(result.Thing!.Version)),
            RegistryOutcome.TooMany => RestProblem.Conflict($"A thing has at most {MetaTags.CountLimit} tags."),
            _ => RestProblem.NoThing(),
        };
    }

    private static NoteView ViewOf(ThingNote note) => new(note.Id, note.At.UtcDateTime, note.Author?.ToString(), note.Text);

    private async Task<IResult> NotesAsync(RestRequest request, CancellationToken cancel)
    {
        long? before = long.TryParse(request.PageAfter, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
        if (request.PageAfter.Length > 0 && before is null)
        {
            return RestProblem.BadRequest(new RestFault("query", RestRequest.After.Name, "It is 'next' of the page before."));
        }

        if (await fleet.Inventory.NotesAsync(request.Who, request.Path("id"), before, request.PageSize + 1, cancel).ConfigureAwait(false) is not { } notes)
        {
            return RestProblem.NoThing();
        }

        NoteView[] page = [.. notes.Take(request.PageSize).Select(ViewOf)];
        return RestResult.Page(request, page, notes.Count > page.Length ? page[^1].Id.ToString(CultureInfo.InvariantCulture) : null, ThingMetadataJson.Default.RestPageNoteView);
    }

    private async Task<IResult> AddNoteAsync(RestRequest request, NoteWish wish, CancellationToken cancel)
    {
        string id = request.Path("id");
        (NoteOutcome outcome, ThingNote? note) = await fleet.Inventory.AddNoteAsync(request.Who, id, wish.Text, cancel).ConfigureAwait(false);
        return note is not null ? RestResult.Created($"/things/{id}/notes/{note.Id}", ViewOf(note), ThingMetadataJson.Default.NoteView) : Refusal(outcome);
    }

    private async Task<IResult> RemoveNoteAsync(RestRequest request, CancellationToken cancel)
    {
        NoteOutcome outcome = long.TryParse(request.Path("note"), NumberStyles.None, CultureInfo.InvariantCulture, out long note)
            ? await fleet.Inventory.RemoveNoteAsync(request.Who, request.Path("id"), note, cancel).ConfigureAwait(false)
            : NoteOutcome.NotFound;
        return outcome == NoteOutcome.Done ? RestResult.NoContent : Refusal(outcome);
    }

    private RestProblem Refusal(NoteOutcome outcome) => outcome switch
    {
        NoteOutcome.Forbidden => RestProblem.Forbidden("Only who maintains the thing writes notes; who wrote one, or owns the thing, takes it away."),
        NoteOutcome.BadText => RestProblem.Invalid("$.text", $"A note has 1 to {fleet.Inventory.Options.NoteChars} characters."),
        NoteOutcome.TooMany => RestProblem.Conflict($"There are {fleet.Inventory.Options.NotesPerThing} notes on the thing: take old ones away."),
        _ => RestProblem.NoThing(),
    };
}
