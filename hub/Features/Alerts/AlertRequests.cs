using System.Globalization;
using System.Text;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>Alerts, rules, windows and deliveries by IQ (<see cref="AlertXml.Namespace"/>). Rules and windows are JSON containers (XEP-0335).</summary>
internal sealed class AlertRequests(AlertService service, TimeProvider time)
{
    /// <summary>Registers what is answered.</summary>
    public void Register(IEntityBuilder entity)
    {
        entity.Feature(AlertXml.Namespace);
        Get("alerts", AlertsAsync);
        Get("deliveries", DeliveriesAsync);
        Get("rules", RulesAsync);
        Get("rule", RuleAsync);
        Get("windows", WindowsAsync);
        Get("test", TestAsync);
        Set("acknowledge", AcknowledgeAsync);
        Set("silence", SilenceAsync);
        Set("again", AgainAsync);
        Set("rule", PutRuleAsync);
        Set("enable", EnableAsync);
        Set("remove-rule", RemoveRuleAsync);
        Set("window", PutWindowAsync);
        Set("remove-window", RemoveWindowAsync);

        void Get(string name, Handler handler) => entity.Iq(StanzaType.Get, name, AlertXml.Namespace, (request, cancel) => AnswerAsync(handler, request, cancel));
        void Set(string name, Handler handler) => entity.Iq(StanzaType.Set, name, AlertXml.Namespace, (request, cancel) => AnswerAsync(handler, request, cancel));
    }

    private delegate ValueTask<IqReply> Handler(Jid from, Element payload, CancellationToken cancel);

    private static async ValueTask<IqReply> AnswerAsync(Handler handler, IqRequest request, CancellationToken cancel)
    {
        try
        {
            return await handler(request.From, request.Payload(), cancel).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.IsResourceConstraint)
        {
            return StanzaError.ResourceConstraint.With("The database cannot take more now.");
        }
    }

    private static StanzaError ErrorOf(AlertOutcome outcome, string text) => outcome switch
    {
        AlertOutcome.NotFound => StanzaError.ItemNotFound.With(text),
        AlertOutcome.Forbidden => StanzaError.Forbidden.With(text),
        AlertOutcome.Conflict => StanzaError.Conflict.With(text),
        AlertOutcome.TooMany => StanzaError.ResourceConstraint.With(text),
        _ => StanzaError.NotAcceptable.With(text),
    };

    private static bool TryNumber(Element payload, string name, out long number) => long.TryParse(payload[name], NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;

    private static bool TryTime(string? text, out DateTimeOffset at)
    {
        bool isTime = TimeFormat.TryParse(text ?? string.Empty, out long ms);
        at = isTime ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : default;
        return isTime;
    }

    private static bool TryPage(Element payload, out long? before, out int max)
    {
        before = null;
        max = 50;
        if (payload["before"] is not null)
        {
            if (!TryNumber(payload, "before", out long number))
            {
                return false;
            }

            before = number;
        }

        if (payload["max"] is { } most && !(int.TryParse(most, NumberStyles.None, CultureInfo.InvariantCulture, out max) && max is >= 1 and <= AlertService.MaxPage))
        {
            return false;
        }

        return true;
    }

    private static byte[]? JsonOf(Element payload) => payload.Child("json", AlertXml.Json) is { } json ? Encoding.UTF8.GetBytes(json.Text) : null;

    private static IqReply Of(Alert alert)
    {
        using var xml = new XmlBuilder();
        AlertXml.Write(xml, alert);
        return IqReply.Result(xml);
    }

    private static IqReply Of(string name, byte[] document)
    {
        using var xml = new XmlBuilder();
        ReadOnlySpan<byte> element = name == "rule" ? "rule"u8 : "window"u8;
        xml.Open(element, AlertXml.Namespace);
        Write(xml, document);
        return IqReply.Result(xml.Close(element));
    }

    private static void Write(XmlBuilder xml, byte[] document) => xml.Open("json"u8, AlertXml.Json).Text(Encoding.UTF8.GetString(document)).Close("json"u8);

    private async ValueTask<IqReply> AlertsAsync(Jid from, Element payload, CancellationToken cancel)
    {
        bool? open = payload["state"] switch { null or "open" => true, "cleared" => false, _ => null };
        if (payload["state"] is not (null or "open" or "cleared" or "all") || !TryPage(payload, out long? before, out int max))
        {
            return StanzaError.BadRequest;
        }

        AlertPage<Alert> page = await service.ListAsync(from, new AlertQuery(open, payload["thing"], before, max), cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        xml.Open("alerts"u8, AlertXml.Namespace).Attribute("next"u8, page.Next?.ToString(CultureInfo.InvariantCulture));
        foreach (Alert alert in page.Items)
        {
            AlertXml.Write(xml, alert);
        }

        return IqReply.Result(xml.Close("alerts"u8));
    }

    private async ValueTask<IqReply> DeliveriesAsync(Jid from, Element payload, CancellationToken cancel)
    {
        DeliveryState? state = null;
        if (payload["state"] is { } word)
        {
            if (!Enum.TryParse(word, ignoreCase: true, out DeliveryState only) || only.ToString().ToLowerInvariant() != word)
            {
                return StanzaError.BadRequest;
            }

            state = only;
        }

        long alert = 0;
        if (!TryPage(payload, out long? before, out int max) || (payload["alert"] is not null && !TryNumber(payload, "alert", out alert)))
        {
            return StanzaError.BadRequest;
        }

        AlertPage<AlertDelivery> page = await service.DeliveriesAsync(from, state, alert > 0 ? alert : null, before, max, cancel).ConfigureAwait(false);
        using var xml = new XmlBuilder();
        xml.Open("deliveries"u8, AlertXml.Namespace).Attribute("next"u8, page.Next?.ToString(CultureInfo.InvariantCulture));
        foreach (AlertDelivery delivery in page.Items)
        {
            AlertXml.Write(xml, delivery);
        }

        return IqReply.Result(xml.Close("deliveries"u8));
    }

    private async ValueTask<IqReply> AcknowledgeAsync(Jid from, Element payload, CancellationToken cancel)
    {
        if (!TryNumber(payload, "id", out long id))
        {
            return StanzaError.BadRequest;
        }

        AlertResult<Alert> result = await service.AcknowledgeAsync(from, id, payload["note"] ?? string.Empty, cancel).ConfigureAwait(false);
        return result.Value is { } alert ? Of(alert) : ErrorOf(result.Outcome, result.Text);
    }

    private async ValueTask<IqReply> SilenceAsync(Jid from, Element payload, CancellationToken cancel)
    {
        if (!TryNumber(payload, "id", out long id) || !TryTime(payload["until"], out DateTimeOffset until))
        {
            return StanzaError.BadRequest;
        }

        AlertResult<Alert> result = await service.SilenceAsync(from, id, until, payload["note"] ?? string.Empty, cancel).ConfigureAwait(false);
        return result.Value is { } alert ? Of(alert) : ErrorOf(result.Outcome, result.Text);
    }

    private async ValueTask<IqReply> AgainAsync(Jid from, Element payload, CancellationToken cancel)
    {
        if (!TryNumber(payload, "id", out long id))
        {
            return StanzaError.BadRequest;
        }

        AlertResult<AlertDelivery> result = await service.SendAgainAsync(from, id, cancel).ConfigureAwait(false);
        if (result.Value is not { } delivery)
        {
            return ErrorOf(result.Outcome, result.Text);
        }

        using var xml = new XmlBuilder();
        AlertXml.Write(xml, delivery);
        return IqReply.Result(xml);
    }

    private async ValueTask<IqReply> RulesAsync(Jid from, Element payload, CancellationToken cancel)
    {
        using var xml = new XmlBuilder();
        xml.Open("rules"u8, AlertXml.Namespace);
        foreach (AlertRule rule in await service.Rules.ListAsync(from, cancel).ConfigureAwait(false))
        {
            xml.Open("rule"u8).Attribute("id"u8, rule.Id);
            Write(xml, RuleDocument.Write(rule));
            xml.Close("rule"u8);
        }

        return IqReply.Result(xml.Close("rules"u8));
    }

    private async ValueTask<IqReply> RuleAsync(Jid from, Element payload, CancellationToken cancel) =>
        payload["id"] is not { } id ? StanzaError.BadRequest : await service.Rules.FindAsync(from, id, cancel).ConfigureAwait(false) is { } rule ? Of("rule", RuleDocument.Write(rule)) : StanzaError.ItemNotFound;

    private async ValueTask<IqReply> PutRuleAsync(Jid from, Element payload, CancellationToken cancel)
    {
        long revision = 0;
        if (JsonOf(payload) is not { } document || (payload["revision"] is { } text && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out revision)))
        {
            return StanzaError.BadRequest;
        }

        AlertResult<AlertRule> result = await service.Rules.PutAsync(from, document, payload["revision"] is null ? null : revision, cancel).ConfigureAwait(false);
        return result.Value is { } rule ? Of("rule", RuleDocument.Write(rule)) : ErrorOf(result.Outcome, result.Text);
    }

    private async ValueTask<IqReply> EnableAsync(Jid from, Element payload, CancellationToken cancel)
    {
        if (payload["id"] is not { } id || payload["value"] is not ("true" or "false" or "1" or "0"))
        {
            return StanzaError.BadRequest;
        }

        AlertResult<AlertRule> result = await service.Rules.EnableAsync(from, id, payload["value"] is "true" or "1", cancel).ConfigureAwait(false);
        return result.Value is { } rule ? Of("rule", RuleDocument.Write(rule)) : ErrorOf(result.Outcome, result.Text);
    }

    private async ValueTask<IqReply> RemoveRuleAsync(Jid from, Element payload, CancellationToken cancel)
    {
        if (payload["id"] is not { } id)
        {
            return StanzaError.BadRequest;
        }

        AlertResult<AlertRule> result = await service.Rules.RemoveAsync(from, id, cancel).ConfigureAwait(false);
        return result.Value is not null ? IqReply.Empty : ErrorOf(result.Outcome, result.Text);
    }

    private async ValueTask<IqReply> WindowsAsync(Jid from, Element payload, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        using var xml = new XmlBuilder();
        xml.Open("windows"u8, AlertXml.Namespace);
        foreach (MaintenanceWindow window in await service.Rules.WindowsAsync(from, cancel).ConfigureAwait(false))
        {
            xml.Open("window"u8).Attribute("id"u8, window.Id).Attribute("open-until"u8, AlertXml.Time(window.OpenUntil(now)));
            Write(xml, window.Write());
            xml.Close("window"u8);
        }

        return IqReply.Result(xml.Close("windows"u8));
    }

    private async ValueTask<IqReply> PutWindowAsync(Jid from, Element payload, CancellationToken cancel)
    {
        if (JsonOf(payload) is not { } document)
        {
            return StanzaError.BadRequest;
        }

        AlertResult<MaintenanceWindow> result = await service.Rules.PutWindowAsync(from, document, cancel).ConfigureAwait(false);
        return result.Value is { } window ? Of("window", window.Write()) : ErrorOf(result.Outcome, result.Text);
    }

    private async ValueTask<IqReply> RemoveWindowAsync(Jid from, Element payload, CancellationToken cancel)
    {
        if (payload["id"] is not { } id)
        {
            return StanzaError.BadRequest;
        }

        AlertResult<MaintenanceWindow> result = await service.Rules.RemoveWindowAsync(from, id, cancel).ConfigureAwait(false);
        return result.Value is not null ? IqReply.Empty : ErrorOf(result.Outcome, result.Text);
    }

    private async ValueTask<IqReply> TestAsync(Jid from, Element payload, CancellationToken cancel)
    {
        DateTimeOffset now = time.GetUtcNow();
        (DateTimeOffset start, DateTimeOffset end) = (now.AddDays(-1), now);
        if (JsonOf(payload) is not { } document || (payload["start"] is { } first && !TryTime(first, out start)) || (payload["end"] is { } last && !TryTime(last, out end)))
        {
            return StanzaError.BadRequest;
        }

        AlertResult<RuleTestResult> result = await service.Rules.TestAsync(from, document, start, end, cancel).ConfigureAwait(false);
        if (result.Value is not { } tested)
        {
            return ErrorOf(result.Outcome, result.Text);
        }

        using var xml = new XmlBuilder();
        xml.Open("test"u8, AlertXml.Namespace).Attribute("things"u8, tested.Things).Attribute("left-out"u8, tested.LeftOut).Attribute("judged"u8, tested.Observations).Attribute("cut"u8, tested.IsCut ? "true"u8 : "false"u8);
        foreach (TestedAlert alert in tested.Alerts)
        {
            xml.Open("alert"u8).Attribute("thing"u8, alert.Thing).Attribute("raised"u8, AlertXml.Time(alert.Raised)).Attribute("cleared"u8, AlertXml.Time(alert.Cleared)).Attribute("value"u8, alert.Value)
                .Text(alert.Text).Close("alert"u8);
        }

        return IqReply.Result(xml.Close("test"u8));
    }
}
