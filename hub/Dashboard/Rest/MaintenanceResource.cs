using System.Text;
using System.Text.Json;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.ApiTokens;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/maintenance</c>: the times in which nobody is told of alerts.</summary>
internal sealed class MaintenanceResource(RuleService rules)
{
    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Alerts is not { } service)
        {
            return;
        }

        var windows = new MaintenanceResource(service.Rules);
        api.Get("/maintenance", ApiScope.AlertsRead, windows.ListAsync).Says("listMaintenance", "alerts", "The account's maintenance windows, in the order of their ids").Paged().Gives(AlertDocumentJson.Default.RestPageMaintenanceDocument);
        api.Put("/maintenance/{id}", ApiScope.AlertsWrite, AlertRestJson.Default.JsonElement, windows.PutAsync).Upto(RuleDocument.MaxBytes).Reads(AlertDocumentJson.Default.MaintenanceDocument)
            .Says("putMaintenance", "alerts", "Makes a maintenance window, or changes one's own").Gives(AlertDocumentJson.Default.MaintenanceDocument).Refuses(409);
        api.Delete("/maintenance/{id}", ApiScope.AlertsWrite, windows.RemoveAsync).Says("removeMaintenance", "alerts", "Removes a maintenance window; what waited for its end is told now").Gives(204).Refuses(404);
    }

    private static JsonElement Element(MaintenanceWindow window)
    {
        using JsonDocument parsed = JsonDocument.Parse(window.Write());
        return parsed.RootElement.Clone();
    }

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        MaintenanceWindow[] windows = [.. (await rules.WindowsAsync(request.Who, cancel).ConfigureAwait(false)).Where(w => string.CompareOrdinal(w.Id, request.PageAfter) > 0)];
        return RestResult.Page(request, [.. windows.Take(request.PageSize).Select(Element)], windows.Length > request.PageSize ? windows[request.PageSize - 1].Id : null, AlertRestJson.Default.RestPageJsonElement);
    }

    private async Task<IResult> PutAsync(RestRequest request, JsonElement body, CancellationToken cancel)
    {
        if (body.ValueKind == JsonValueKind.Object && body.TryGetProperty("id", out JsonElement named) && !(named.ValueKind == JsonValueKind.String && named.GetString() == request.Path("id")))
        {
            return RestProblem.Invalid("$.id", "It is another id than that of the path.");
        }

        AlertResult<MaintenanceWindow> result = await rules.PutWindowAsync(request.Who, Encoding.UTF8.GetBytes(body.GetRawText()), cancel).ConfigureAwait(false);
        return result.Value is { } window ? RestResult.Ok(Element(window), AlertRestJson.Default.JsonElement) : AlertResource.ProblemOf(result.Outcome, result.Text);
    }

    private async Task<IResult> RemoveAsync(RestRequest request, CancellationToken cancel)
    {
        AlertResult<MaintenanceWindow> result = await rules.RemoveWindowAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false);
        return result.Value is not null ? RestResult.NoContent : AlertResource.ProblemOf(result.Outcome, result.Text);
    }
}
