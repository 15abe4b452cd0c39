using System.Globalization;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.ApiTokens;

/// <summary>Tokens as commands of the hub (XEP-0050): <c>urn:iotxmpp:tokens:1#create</c>, <c>#list</c>, <c>#revoke</c>. Each account has its own; an administrator sees and ends those of others as well.</summary>
internal sealed class ApiTokenCommands(ApiTokenService service, IHub hub, ILogger log)
{
    private const string Namespace = "urn:iotxmpp:tokens:1";

    /// <summary>Tokens in one list, at most; default 100: as many fields as a form has.</summary>
    private const int ListLimit = 100;

    public void AddTo(CommandBook book)
    {
        book.Add(string.Empty, new AdHocCommand(Namespace + "#create", "Make an API token", MayAsync, (_, _) => new(CommandStep.Ask(CreateForm(), CreateAsync))));
        book.Add(string.Empty, new AdHocCommand(Namespace + "#list", "List API tokens", MayAsync, ListAsync));
        book.Add(string.Empty, new AdHocCommand(Namespace + "#revoke", "Revoke an API token", MayAsync, (_, _) => new(CommandStep.Ask(
            new DataForm(FormType.Form, Namespace + "#revoke") { Title = "Revoke an API token", Instructions = "Programs that use it are refused at once." }.Add(new FormField("id") { Type = "text-single", Label = "Its id in the list", IsRequired = true }),
            RevokeAsync))));
    }

    private async ValueTask<bool> MayAsync(Jid who, CancellationToken cancel) =>
        who.Domain == hub.Domain.Domain && who.Local.Length > 0 && await hub.Accounts.ExistsAsync(who.Local, cancel).ConfigureAwait(false) && await hub.Accounts.OwnerAsync(who.Local, cancel).ConfigureAwait(false) is null;

    private DataForm CreateForm() => new DataForm(FormType.Form, Namespace + "#create")
    {
        Title = "Make an API token",
        Instructions = "A token does what you may do, as far as its scopes go. It is shown once.",
    }
        .Add(new FormField("name") { Type = "text-single", Label = "Name", IsRequired = true })
        .Add(new FormField("scopes") { Type = "list-multi", Label = "Good for", IsRequired = true, Options = [.. ApiScope.All.Select(s => new FormOption(s.Scope, s.Text))] })
        .Add(FormField.Single("days", "text-single", service.Options.LifetimeDays.ToString(CultureInfo.InvariantCulture), string.Create(CultureInfo.InvariantCulture, $"Days until it ends (1 to {service.Options.MaxLifetimeDays})")));

    private async ValueTask<CommandStep> CreateAsync(CommandInput input, CancellationToken cancel)
    {
        TimeSpan? lifetime = null;
        if (input.Form["days"] is { Value.Length: > 0 } days)
        {
            if (!int.TryParse(days.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number < 1 || number > service.Options.MaxLifetimeDays)
            {
                return CommandStep.Bad(string.Create(CultureInfo.InvariantCulture, $"1 to {service.Options.MaxLifetimeDays} days."));
            }

            lifetime = TimeSpan.FromDays(number);
        }

        NewApiToken made = await service.CreateAsync(input.From.Local, input.Form["name"]!.Value, input.Form["scopes"]!.Values, lifetime, cancel: cancel).ConfigureAwait(false);
        if (made is not { Token: { } token, Secret: { } secret })
        {
            return made.Outcome switch
            {
                ApiTokenOutcome.BadName or ApiTokenOutcome.BadScope or ApiTokenOutcome.BadLifetime => CommandStep.Bad(made.Detail!),
                ApiTokenOutcome.TooMany => CommandStep.Failed(StanzaError.ResourceConstraint.With(made.Detail!)),
                ApiTokenOutcome.Forbidden => CommandStep.Failed(StanzaError.Forbidden.With(made.Detail!)),
                _ => CommandStep.Failed(StanzaError.NotAllowed.With(made.Detail!)),
            };
        }

        ApiTokenLog.Made(log, input.From, token.Id, string.Join(' ', token.Scopes), token.Expires);
        DataForm form = new DataForm(FormType.Result, Namespace + "#token")
            .Add(FormField.Single("token", "text-single", secret, "Token"))
            .Add(FormField.Single("id", "text-single", token.Id, "Its id"))
            .Add(FormField.Single("expire", "text-single", Forwarded.Stamp(token.Expires), "Until"));
        return CommandStep.Done(form, new CommandNote(NoteType.Info, "Keep it now: it is not shown again."));
    }

    // One field a token: its name, account, scopes, end and last use (empty for never), so that programs need not read sentences.
    private async ValueTask<CommandStep> ListAsync(CommandInput input, CancellationToken cancel)
    {
        bool isAdministrator = await hub.Accounts.IsAdministratorAsync(input.From.Bare, cancel).ConfigureAwait(false);
        List<ApiToken> tokens = await service.ListAsync(isAdministrator ? null : input.From.Local, string.Empty, ListLimit + 1, cancel).ConfigureAwait(false);
        var form = new DataForm(FormType.Result, Namespace + "#list");
        foreach (ApiToken token in tokens.Take(ListLimit))
        {
            form.Add(new FormField("token#" + token.Id)
            {
                Type = "text-multi",
                Label = token.Id,
                Values = [token.Name, $"{token.Account}@{hub.Domain.Domain}", string.Join(' ', token.Scopes), Forwarded.Stamp(token.Expires), token.LastUsed is { } used ? Forwarded.Stamp(used) : string.Empty],
            });
        }

        CommandNote[] notes = tokens.Count > ListLimit ? [new CommandNote(NoteType.Warn, $"The first {ListLimit} are shown.")] : tokens.Count == 0 ? [new CommandNote(NoteType.Info, "There are none.")] : [];
        return CommandStep.Done(form, notes);
    }

    private async ValueTask<CommandStep> RevokeAsync(CommandInput input, CancellationToken cancel)
    {
        bool isAdministrator = await hub.Accounts.IsAdministratorAsync(input.From.Bare, cancel).ConfigureAwait(false);
        string id = input.Form["id"]!.Value.Trim();
        if (await service.RevokeAsync(id, isAdministrator ? null : input.From.Local).ConfigureAwait(false) != ApiTokenOutcome.Done)
        {
            return CommandStep.Failed(StanzaError.ItemNotFound.With("There is no such token, or not yours."));
        }

        ApiTokenLog.Revoked(log, input.From, id);
        return CommandStep.Done(null, new CommandNote(NoteType.Info, "Revoked."));
    }
}

/// <summary>Logs of tokens: ids, never what they are told by.</summary>
public static partial class ApiTokenLog
{
    /// <summary>Somebody has made one.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "{Who} made API token {Id} for {Scopes}, until {Expires}")]
    public static partial void Made(ILogger log, Jid who, string id, string scopes, DateTimeOffset expires);

    /// <summary>Somebody has ended one.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "{Who} revoked API token {Id}")]
    public static partial void Revoked(ILogger log, Jid who, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "When API tokens were used, or which have ended, could not be written; it is tried again")]
    internal static partial void NotNoted(ILogger log, Exception e);
}
