using System.Globalization;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Alerts;

/// <summary>The open alerts as a command (XEP-0050): any client can acknowledge one, or silence it for a while.</summary>
internal sealed class AlertCommand(AlertService service, TimeProvider time)
{
    /// <summary>Alerts in the form: 50, the newest.</summary>
    private const int MaxOffered = 50;

    /// <summary>The command.</summary>
    public AdHocCommand Command => new(AlertXml.Namespace + "#handle", "Acknowledge or silence alerts", (_, _) => new(true), BeginAsync);

    private async ValueTask<CommandStep> BeginAsync(CommandInput input, CancellationToken cancel)
    {
        AlertPage<Alert> open = await service.ListAsync(input.From, new AlertQuery(true, null, null, MaxOffered), cancel).ConfigureAwait(false);
        if (open.Items.Count == 0)
        {
            return CommandStep.Done(null, new CommandNote(NoteType.Info, "There are no open alerts."));
        }

        DataForm form = new DataForm(FormType.Form, AlertXml.Namespace + "#handle") { Title = "Open alerts" }
            .Add(new FormField("alert")
            {
                Type = "list-single",
                Label = "Alert",
                IsRequired = true,
                Options = [.. open.Items.Select(a => new FormOption(a.Id.ToString(CultureInfo.InvariantCulture), $"{a.Text} ({(a.State == AlertState.Acknowledged ? a.AcknowledgedBy : "open")})"))],
            })
            .Add(FormField.Single("do", "list-single", "acknowledge", "What", [new FormOption("acknowledge", "I look after it"), new FormOption("1", "Silence for an hour"), new FormOption("8", "Silence for 8 hours"), new FormOption("24", "Silence for a day")]))
            .Add(FormField.Single("note", "text-single", string.Empty, "Note"));
        return CommandStep.Ask(form, DoAsync);
    }

    private async ValueTask<CommandStep> DoAsync(CommandInput input, CancellationToken cancel)
    {
        if (!long.TryParse(input.Form["alert"]?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long id))
        {
            return CommandStep.Bad("Choose an alert.");
        }

        string note = input.Form["note"]?.Value ?? string.Empty;
        AlertResult<Alert> result = int.TryParse(input.Form["do"]?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int hours)
            ? await service.SilenceAsync(input.From, id, time.GetUtcNow().AddHours(hours), note, cancel).ConfigureAwait(false)
            : await service.AcknowledgeAsync(input.From, id, note, cancel).ConfigureAwait(false);
        return result.Outcome switch
        {
            AlertOutcome.Done => CommandStep.Done(null, new CommandNote(NoteType.Info, hours > 0 ? $"Silenced until {result.Value!.SilencedUntil:u}." : "Acknowledged.")),
            AlertOutcome.NotFound => CommandStep.Failed(StanzaError.ItemNotFound.With(result.Text)),
            AlertOutcome.Forbidden => CommandStep.Failed(StanzaError.Forbidden.With(result.Text)),
            _ => CommandStep.Failed(StanzaError.Conflict.With(result.Text)),
        };
    }
}
