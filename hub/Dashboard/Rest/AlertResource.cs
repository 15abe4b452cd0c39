using System.Globalization;
using IotXmpp.Hub.Features.Alerts;
using IotXmpp.Hub.Features.ApiTokens;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace IotXmpp.Hub.Dashboard.Rest;

/// <summary><c>/alerts</c>, <c>/alert-deliveries</c>: what rules have raised, and how it got to people.</summary>
internal sealed class AlertResource(AlertService alerts)
{
    private static readonly RestParameter<string?> s_state = RestParameter.Word("state", "'open' (where it is not given), 'cleared' or 'all'.", "open", "cleared", "all");
    private static readonly RestParameter<string?> s_thing = RestParameter.Text("thing", "Alerts of this thing.", 64);
    private static readonly RestParameter<string?> s_delivery = RestParameter.Word("state", "Deliveries in this state; 'failed' are those that were given up.", "waiting", "sent", "failed", "suppressed", "refused");
    private static readonly RestParameter<int?> s_alert = RestParameter.Number("alert", "Deliveries of this alert.", 1, int.MaxValue);

    public static void Map(RouteGroupBuilder api, FleetServices fleet)
    {
        if (fleet.Alerts is not { } service)
        {
            return;
        }

        var alerts = new AlertResource(service);
        api.Get("/alert-deliveries", ApiScope.AlertsRead, alerts.DeliveriesAsync)
            .Says("listAlertDeliveries", "alerts", "How alerts get to people: one's own, and those of one's own rules, the newest first").Paged().Query(s_delivery, s_alert).Gives(AlertRestJson.Default.RestPageDeliveryView);
        api.Post("/alert-deliveries/{id}/again", ApiScope.AlertsWrite, alerts.AgainAsync)
            .Says("sendAlertAgain", "alerts", "Tries a delivery that was given up from the beginning").Gives(AlertRestJson.Default.DeliveryView).Refuses(404, 409);
        api.Get("/alerts", ApiScope.AlertsRead, alerts.ListAsync)
            .Says("listAlerts", "alerts", "Alerts of things that the account may see, the newest first").Paged().Query(s_state, s_thing).Gives(AlertRestJson.Default.RestPageAlertView);
        api.Get("/alerts/{id}", ApiScope.AlertsRead, alerts.GetAsync).Says("getAlert", "alerts", "An alert").Gives(AlertRestJson.Default.AlertView).Refuses(404);
        api.Post("/alerts/{id}/acknowledge", ApiScope.AlertsWrite, AlertRestJson.Default.AcknowledgeWish, alerts.AcknowledgeAsync)
            .Says("acknowledgeAlert", "alerts", "Says that one looks after an alert").Gives(AlertRestJson.Default.AlertView).Refuses(404, 409);
        api.Post("/alerts/{id}/silence", ApiScope.AlertsWrite, AlertRestJson.Default.SilenceWish, alerts.SilenceAsync)
            .Says("silenceAlert", "alerts", "Has nobody told of this rule, thing and field until a time").Gives(AlertRestJson.Default.AlertView).Refuses(404);
    }

    /// <summary>A refusal of the service, as REST says it.</summary>
    internal static RestProblem ProblemOf(AlertOutcome outcome, string text) => outcome switch
    {
        AlertOutcome.NotFound => RestProblem.NotFound(Sentence(text)),
        AlertOutcome.Forbidden => RestProblem.Forbidden(Sentence(text)),
        AlertOutcome.Conflict => RestProblem.Conflict(Sentence(text)),
        AlertOutcome.TooMany => RestProblem.TooMany(Sentence(text)),
        _ => RestProblem.Invalid("$", Sentence(text)),
    };

    /// <summary>Where a page begins; false where it is no such place.</summary>
    internal static bool TryBefore(RestRequest request, out long? before)
    {
        before = null;
        if (request.PageAfter.Length == 0)
        {
            return true;
        }

        bool isNumber = long.TryParse(request.PageAfter, NumberStyles.None, CultureInfo.InvariantCulture, out long number);
        before = number;
        return isNumber;
    }

    private static RestProblem NoPage() => RestProblem.BadRequest(new RestFault("query", RestRequest.After.Name, "It is no 'next' of a page."));

    private static string Sentence(string text) => text.Length == 0 ? text : string.Concat(char.ToUpperInvariant(text[0]).ToString(), text.AsSpan(1), text.EndsWith('.') ? string.Empty : ".");

    private static bool TryId(RestRequest request, out long id) => long.TryParse(request.Path("id"), NumberStyles.None, CultureInfo.InvariantCulture, out id);

    private static IResult Of(AlertResult<Alert> result) => result.Value is { } alert ? RestResult.Ok(AlertView.Of(alert), AlertRestJson.Default.AlertView) : ProblemOf(result.Outcome, result.Text);

    private static RestProblem NoAlert() => RestProblem.NotFound("There is no such alert.");

    private async Task<IResult> ListAsync(RestRequest request, CancellationToken cancel)
    {
        if (!TryBefore(request, out long? before))
        {
            return NoPage();
        }

        bool? open = request.Get(s_state) switch { "cleared" => false, "all" => null, _ => true };
        AlertPage<Alert> page = await alerts.ListAsync(request.Who, new AlertQuery(open, request.Get(s_thing), before, request.PageSize), cancel).ConfigureAwait(false);
        return RestResult.Page(request, [.. page.Items.Select(AlertView.Of)], page.Next?.ToString(CultureInfo.InvariantCulture), AlertRestJson.Default.RestPageAlertView);
    }

    private async Task<IResult> GetAsync(RestRequest request, CancellationToken cancel) =>
        TryId(request, out long id) && await alerts.FindAsync(request.Who, id, cancel).ConfigureAwait(false) is { } alert ? RestResult.Ok(AlertView.Of(alert), AlertRestJson.Default.AlertView) : NoAlert();

    private async Task<IResult> AcknowledgeAsync(RestRequest request, AcknowledgeWish wish, CancellationToken cancel) =>
        TryId(request, out long id) ? Of(await alerts.AcknowledgeAsync(request.Who, id, wish.Note, cancel).ConfigureAwait(false)) : NoAlert();

    private async Task<IResult> SilenceAsync(RestRequest request, SilenceWish wish, CancellationToken cancel) => TryId(request, out long id)
        ? Of(await alerts.SilenceAsync(request.Who, id, new DateTimeOffset(wish.Until.ToUniversalTime()), wish.Note, cancel).ConfigureAwait(false))
        : NoAlert();

    private async Task<IResult> DeliveriesAsync(RestRequest request, CancellationToken cancel)
    {
        if (!TryBefore(request, out long? before))
        {
            return NoPage();
        }

        DeliveryState? state = request.Get(s_delivery) is { } word ? Enum.Parse<DeliveryState>(word, ignoreCase: true) : null;
        AlertPage<AlertDelivery> page = await alerts.DeliveriesAsync(request.Who, state, request.Get(s_alert), before, request.PageSize, cancel).ConfigureAwait(false);
        return RestResult.Page(request, [.. page.Items.Select(DeliveryView.Of)], page.Next?.ToString(CultureInfo.InvariantCulture), AlertRestJson.Default.RestPageDeliveryView);
    }

    private async Task<IResult> AgainAsync(RestRequest request, CancellationToken cancel)
    {
        if (!TryId(request, out long id))
        {
            return RestProblem.NotFound("There is no such delivery.");
        }

        AlertResult<AlertDelivery> result = await alerts.SendAgainAsync(request.Who, id, cancel).ConfigureAwait(false);
        return result.Value is { } delivery ? RestResult.Ok(DeliveryView.Of(delivery), AlertRestJson.Default.DeliveryView) : ProblemOf(result.Outcome, result.Text);
    }
}
