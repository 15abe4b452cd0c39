using System.Text;
using System.Text.Json;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.ApiTokens;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/alert-rules</c>: rules as the documents that they are, and what they would have done.</summary>
internal sealed class AlertRuleResource(RuleService rules)
{
    private static readonly RestParameter<DateTimeOffset?> s_from = RestParameter.Time("from", "From when; a day before the end where it is not given.");
    private static readonly RestParameter<DateTimeOffset?> s_to = RestParameter.Time("to", "Until when; now where it is not given.");

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Alerts is not { } service)
        {
            return;
        }

        var rules = new AlertRuleResource(service.Rules);
        api.Get("/alert-rules", ApiScope.AlertsRead, rules.ListAsync).Says("listAlertRules", "alerts", "Rules that the account may see, in the order of their ids").Paged().Gives(AlertDocumentJson.Default.RestPageAlertRuleDocument);
        api.Post("/alert-rules/test", ApiScope.AlertsRead, AlertRestJson.Default.JsonElement, rules.TestAsync).Upto(RuleDocument.MaxBytes).Reads(AlertDocumentJson.Default.AlertRuleDocument)
            .Says("testAlertRule", "alerts", "Runs a rule over history: what it would have done", "The rule need not be one that there is. Nobody is told of anything and nothing is kept.")
            .Query(s_from, s_to).Gives(AlertRestJson.Default.RuleTestView);
        api.Get("/alert-rules/{id}", ApiScope.AlertsRead, rules.GetAsync).Says("getAlertRule", "alerts", "A rule; secrets are not shown").Gives(AlertDocumentJson.Default.AlertRuleDocument).Refuses(404);
        api.Put("/alert-rules/{id}", ApiScope.AlertsWrite, AlertRestJson.Default.JsonElement, rules.PutAsync).Upto(RuleDocument.MaxBytes).Reads(AlertDocumentJson.Default.AlertRuleDocument)
            .Says("putAlertRule", "alerts", "Makes a rule, or changes one's own", "With If-Match only if it has not changed since it was read.").Gives(AlertDocumentJson.Default.AlertRuleDocument).Gives(AlertDocumentJson.Default.AlertRuleDocument, 201).Refuses(409, 412);
        api.Delete("/alert-rules/{id}", ApiScope.AlertsWrite, rules.RemoveAsync).Says("removeAlertRule", "alerts", "Removes a rule; its open alerts are over").Gives(204).Refuses(404);
    }

    private static JsonElement Element(byte[] document)
    {
        using JsonDocument parsed = JsonDocument.Parse(document);
        return parsed.RootElement.Clone();
    }

    private static byte[] Bytes(JsonElement body) => Encoding.UTF8.GetBytes(body.GetRawText());

    private static RestProblem NoRule() => RestProblem.NotFound("There is no such rule, or you may not see it.");

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        var page = new List<JsonElement>();
        string? last = null;
        foreach (AlertRule rule in await rules.ListAsync(request.Who, cancel).ConfigureAwait(false))
        {
            if (string.CompareOrdinal(rule.Id, request.PageAfter) > 0)
            {
                if (page.Count == request.PageSize)
                {
                    return RestResult.Page(request, page, last, AlertRestJson.Default.RestPageJsonElement);
                }

                page.Add(Element(RuleDocument.Write(rule)));
                last = rule.Id;
            }
        }

        return RestResult.Page(request, page, null, AlertRestJson.Default.RestPageJsonElement);
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel) => await rules.FindAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false) is { } rule
        ? RestResult.Ok(Element(RuleDocument.Write(rule)), AlertRestJson.Default.JsonElement, RestRequest.Tag(rule.Revision))
        : NoRule();

    private async Task<IResult> PutAsync(RestRequest request, JsonElement body, CancellationToken cancel)
    {
        string id = request.Path("id");
        if (body.ValueKind == JsonValueKind.Object && body.TryGetProperty("id", out JsonElement named) && !(named.ValueKind == JsonValueKind.String && named.GetString() == id))
        {
            return RestProblem.Invalid("$.id", "It is another id than that of the path.");
        }

        long? revision = null;
        if (request.Http.Request.Headers.IfMatch.Count > 0)
        {
            AlertRule? before = await rules.FindAsync(request.Who, id, cancel).ConfigureAwait(false);
            if (before is null || request.Precondition(RestRequest.Tag(before.Revision)) is not null)
            {
                return RestProblem.Changed();
            }

            revision = before.Revision;
        }

        AlertResult<AlertRule> result = await rules.PutAsync(request.Who, Bytes(body), revision, cancel).ConfigureAwait(false);
        if (result.Value is not { } rule)
        {
            return AlertResource.ProblemOf(result.Outcome, result.Text);
        }

        JsonElement document = Element(RuleDocument.Write(rule));
        return rule.Revision == 1
            ? RestResult.Created($"/alert-rules/{rule.Id}", document, AlertRestJson.Default.JsonElement, RestRequest.Tag(rule.Revision))
            : RestResult.Ok(document, AlertRestJson.Default.JsonElement, RestRequest.Tag(rule.Revision));
    }

    private async Task<IResult> RemoveAsync(RestRequest request, CancellationToken cancel)
    {
        AlertResult<AlertRule> result = await rules.RemoveAsync(request.Who, request.Path("id"), cancel).ConfigureAwait(false);
        return result.Value is not null ? RestResult.NoContent : AlertResource.ProblemOf(result.Outcome, result.Text);
    }

    private async Task<IResult> TestAsync(RestRequest request, JsonElement body, CancellationToken cancel)
    {
        DateTimeOffset to = request.Get(s_to) ?? request.Fleet.Hub.Time.GetUtcNow();
        AlertResult<RuleTestResult> result = await rules.TestAsync(request.Who, Bytes(body), request.Get(s_from) ?? to.AddDays(-1), to, cancel).ConfigureAwait(false);
        return result.Value is not { } tested
            ? AlertResource.ProblemOf(result.Outcome, result.Text)
            : RestResult.Ok(
                new RuleTestView([.. tested.Alerts.Select(a => new TestedAlertView(a.Thing, a.Raised.UtcDateTime, a.Cleared?.UtcDateTime, a.Value, a.Text))], tested.Things, tested.LeftOut, tested.Observations, tested.IsCut),
                AlertRestJson.Default.RuleTestView);
    }
}
