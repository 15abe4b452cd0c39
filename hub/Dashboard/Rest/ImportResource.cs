using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Hub.Features.Inventory;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary>A fault of an import.</summary>
/// <param name="Line">The line, from 1; of JSON the entry.</param>
/// <param name="Thing">The thing; empty where none is known.</param>
/// <param name="Why">What is wrong.</param>
public sealed record ImportFaultView(int Line, string Thing, string Why);

/// <summary>A thing that was made, with its secrets: shown this once.</summary>
/// <param name="Thing">Its id.</param>
/// <param name="Jid">Its address.</param>
/// <param name="Password">What it logs in with.</param>
/// <param name="Claim">The text of its QR code, by which it can be claimed.</param>
public sealed record MadeThingView(string Thing, string Jid, string Password, string Claim);

/// <summary>What came of an import.</summary>
/// <param name="Done">Whether anything was taken over.</param>
/// <param name="Changed">Things that were changed, or would be.</param>
/// <param name="Created">Things that were made, or would be.</param>
/// <param name="Unchanged">Things that are as the import has them.</param>
/// <param name="FaultCount">How many faults there are.</param>
/// <param name="Faults">The first of them.</param>
/// <param name="Made">The things that were made, with their secrets: shown this once.</param>
public sealed record ImportView(bool Done, int Changed, int Created, int Unchanged, int FaultCount, IReadOnlyList<ImportFaultView> Faults, IReadOnlyList<MadeThingView> Made);

/// <summary>JSON of imports.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ImportView))]
internal sealed partial class ImportJson : JsonSerializerContext;

/// <summary><c>/export/things</c> and <c>/import/things</c>: what is told of many things.</summary>
internal sealed class ImportResource(FleetServices fleet)
{
    /// <summary>Things that are read at a time while an export is written; default 500.</summary>
    private const int Portion = 500;

    private static readonly RestParameter<string?> s_format = RestParameter.Word("format", "How; csv where it is not given. JSON is one array.", "csv", "json");
    private static readonly RestParameter<string?> s_group = RestParameter.Text("group", "Things of this group.", 64);
    private static readonly RestParameter<string?> s_place = RestParameter.Text("place", "Things at this place.", 128);
    private static readonly RestParameter<string?> s_model = RestParameter.Text("model", "Things of this model.", 128);
    private static readonly RestParameter<string?> s_tag = RestParameter.Text("tag", "Things with this tag, as NAME or NAME:value.", 161);
    private static readonly RestParameter<string?> s_text = RestParameter.Text("q", "Things whose id, owner or value of a tag has this text, whatever the case.", 128);
    private static readonly RestParameter<bool> s_partial = RestParameter.Flag("partial", "Do what is right and leave out what is wrong; else all or nothing.");
    private static readonly RestParameter<bool> s_check = RestParameter.Flag("check", "Change nothing, only tell.");
    private static readonly RestParameter<bool> s_create = RestParameter.Flag("create", "Make the things that are not there, for administrators and Registry:Operators; their passwords and claim codes are told once, in the answer.");

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        var resource = new ImportResource(fleet);
        api.Get("/export/things", ApiScope.ThingsRead, resource.ExportAsync)
            .Says("exportThings", "things", "What is told of the things that the account may see", "A cell that a spreadsheet would take for a formula begins with an apostrophe; the import takes it off.")
            .Query(s_format, s_text, s_place, s_model, s_tag, s_group).Gives("text/csv", "application/json").Streams();
        api.Post("/import/things", ApiScope.ThingsWrite, resource.ImportAsync)
            .Says("importThings", "things", "Takes in what is told of things, from CSV", "The same twice changes nothing the second time. It makes things only with 'create', which needs the scope things:provision as well.")
            .Query(s_partial, s_check, s_create).Takes("text/csv", 4L * fleet.Inventory.Options.ImportChars).Gives(ImportJson.Default.ImportView).Refuses(422);
        api.Post("/import/things.json", ApiScope.ThingsWrite, resource.ImportAsync)
            .Says("importThingsFromJson", "things", "The same from an array in JSON").Query(s_partial, s_check, s_create).Takes("application/json", 4L * fleet.Inventory.Options.ImportChars).Gives(ImportJson.Default.ImportView).Refuses(422);
    }

    private async Task<IResult> ExportAsync(RestRequest request, CancellationToken cancel)
    {
        var query = new ThingQuery { Text = request.Get(s_text), Place = request.Get(s_place), Model = request.Get(s_model), Tag = request.Get(s_tag), Group = request.Get(s_group) };
        bool isJson = request.Get(s_format) == "json";
        HttpResponse response = request.Http.Response;
        response.ContentType = isJson ? "application/json" : "text/csv; charset=utf-8";
        response.Headers.ContentDisposition = $"attachment; filename=\"things.{(isJson ? "json" : "csv")}\"";
        await WriteAsync(isJson ? "[" : ThingRows.Head).ConfigureAwait(false);
        string after = "";
        bool isFirst = true;
        do
        {
            (IReadOnlyList<ThingRow> rows, string? next) = await fleet.Import.ExportAsync(request.Who, query, after, Portion, cancel).ConfigureAwait(false);
            var text = new StringBuilder();
            foreach (ThingRow row in rows)
            {
                text.Append(isJson ? (isFirst ? "\n" : ",\n") + ThingRows.Json(row) : ThingRows.Line(row));
                isFirst = false;
            }

            await WriteAsync(text.ToString()).ConfigureAwait(false);
            after = next ?? "";
        }
        while (after.Length > 0 && await fleet.ApiTokens.StillAsync(request.Principal, cancel).ConfigureAwait(false) is not null);
        await WriteAsync(isJson ? "\n]\n" : "").ConfigureAwait(false);
        return Results.Empty;

        Task WriteAsync(string text) => response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), cancel).AsTask();
    }

    private async Task<IResult> ImportAsync(RestRequest request, CancellationToken cancel)
    {
        // Who may change what is told of things shall not, by that, be told their passwords.
        if (request.Get(s_create) && !request.Principal.Has(ApiScope.ThingsProvision))
        {
            return RestProblem.ScopeNeeded(ApiScope.ThingsProvision);
        }

        string text;
        try
        {
            using var reader = new StreamReader(request.Http.Request.Body, new UTF8Encoding(false, throwOnInvalidBytes: true));
            text = await reader.ReadToEndAsync(cancel).ConfigureAwait(false);
        }
        catch (DecoderFallbackException)
        {
            return RestProblem.Malformed("The body is not UTF-8.");
        }

        ImportResult result = await fleet.Import.ImportAsync(request.Who, text, new ImportWish(request.Get(s_partial), request.Get(s_check), request.Get(s_create)), cancel).ConfigureAwait(false);
        if (!result.IsDone && !request.Get(s_check))
        {
            return RestProblem.Invalid([.. result.Faults.Select(f => new RestFault("body", $"line {f.Line}", (f.Id.Length > 0 ? f.Id + ": " : "") + f.Why))]);
        }

        return RestResult.Ok(
            new ImportView(
                result.IsDone, result.Changed, result.Created, result.Unchanged, result.FaultCount, [.. result.Faults.Select(f => new ImportFaultView(f.Line, f.Id, f.Why))],
                [.. result.Made.Select(m => new MadeThingView(m.Id, m.Address.ToString(), m.Password, m.ClaimText))]),
            ImportJson.Default.ImportView);
    }
}
