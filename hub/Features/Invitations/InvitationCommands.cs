using System.Globalization;
using IotXmpp.Hub.Features.Accounts;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Registration;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Invitations;

/// <summary>The commands of XEP-0401 at the domain, and two of our own: what is open, and how it ends.</summary>
internal sealed class InvitationCommands(InvitationService service, InvitationOptions options, RegistrationMode mode, IHub hub, AccountService accounts, Func<string> baseUrl, ILogger log)
{
    private const string Namespace = "urn:xmpp:invite";
    private const string Own = "urn:iotxmpp:invite:1";

    public void AddTo(CommandBook book)
    {
        book.Add(string.Empty, new AdHocCommand(Namespace + "#invite", "Invite a contact", MayInviteAsync, InviteAsync));
        book.Add(string.Empty, new AdHocCommand(Namespace + "#create-account", "Invite somebody to make an account", MayCreateAsync, (_, _) => new(CommandStep.Ask(CreateForm(), CreateAsync))));
        book.Add(string.Empty, new AdHocCommand(Own + "#list", "List open invitations", MayInviteAsync, ListAsync));
        book.Add(string.Empty, new AdHocCommand(Own + "#revoke", "End an invitation", MayInviteAsync, (_, _) => new(CommandStep.Ask(
            new DataForm(FormType.Form, Own + "#revoke") { Title = "End an invitation", Instructions = "Its link leads nowhere any more." }.Add(new FormField("id") { Type = "text-single", Label = "Number in the list", IsRequired = true }), RevokeAsync))));
    }

    private async ValueTask<bool> MayInviteAsync(Jid who, CancellationToken cancel) =>
        await hub.Accounts.IsAdministratorAsync(who.Bare, cancel).ConfigureAwait(false)
        || (options.Who == Inviters.Accounts && who.Domain == hub.Domain.Domain && who.Local.Length > 0 && await accounts.FindAsync(who.Local, cancel).ConfigureAwait(false) is { Owner: null, IsDisabled: false });

    // §2: without registration by token there is nothing that such an invitation could lead to.
    private ValueTask<bool> MayCreateAsync(Jid who, CancellationToken cancel) => mode == RegistrationMode.Off ? new(false) : hub.Accounts.IsAdministratorAsync(who.Bare, cancel);

    // §5.1: at once.
    private async ValueTask<CommandStep> InviteAsync(CommandInput input, CancellationToken cancel)
    {
        bool isAdministrator = await hub.Accounts.IsAdministratorAsync(input.From.Bare, cancel).ConfigureAwait(false);
        return End(input.From, await service.CreateAsync(input.From.Local, isAdministrator, null, makesAccount: mode != RegistrationMode.Off, makesContact: true, cancel: cancel).ConfigureAwait(false));
    }

    private DataForm CreateForm() => new DataForm(FormType.Form, Namespace + "#create-account")
    {
        Title = "Invite somebody to make an account",
        Instructions = "Without a name whoever follows the link chooses one.",
    }
        .Add(new FormField("username") { Type = "text-single", Label = "Name of the account" })
        .Add(FormField.Boolean("roster-subscription", false, "You become contacts"))
        .Add(FormField.Single("uses", "text-single", "1", string.Create(CultureInfo.InvariantCulture, $"Accounts that it may make (1 to {options.MaxUses}; one with a name)")));

    private async ValueTask<CommandStep> CreateAsync(CommandInput input, CancellationToken cancel)
    {
        int uses = 1;
        if (input.Form["uses"] is { Value.Length: > 0 } field && (!int.TryParse(field.Value, NumberStyles.None, CultureInfo.InvariantCulture, out uses) || uses < 1 || uses > options.MaxUses))
        {
            return CommandStep.Refused(StanzaError.NotAcceptable.With(string.Create(CultureInfo.InvariantCulture, $"1 to {options.MaxUses} accounts.")));
        }

        bool isContact = input.Form["roster-subscription"] is { } contact && contact.TryBoolean(out bool yes) && yes;
        return End(input.From, await service.CreateAsync(input.From.Local, true, input.Form["username"]?.Value.Trim(), makesAccount: true, isContact, uses, cancel: cancel).ConfigureAwait(false));
    }

    private CommandStep End(Jid inviter, NewInvitation made)
    {
        if (made is not { Invitation: { } invitation, Token: { } token })
        {
            return CommandStep.Refused(made.Outcome switch
            {
                InvitationOutcome.BadName => StanzaError.NotAcceptable.With("That is no name of an account (RFC 7622 §3.3)."),
                InvitationOutcome.Taken => StanzaError.Conflict.With("That name is taken, or kept for another invitation."),
                _ => StanzaError.ResourceConstraint.With("Too many of your invitations are open: end some, or wait."),
            });
        }

        InvitationLog.Made(log, inviter, invitation.Id, invitation.Name);
        DataForm form = new DataForm(FormType.Result, Namespace + "#invitation")
            .Add(FormField.Single("uri", "text-single", service.UriOf(invitation, token), "Link for clients"))
            .Add(FormField.Single("landing-url", "text-single", baseUrl() + InvitationPage.Path + token, "Link for browsers"))
            .Add(FormField.Single("expire", "text-single", Forwarded.Stamp(invitation.Expires), "Until"));
        return CommandStep.Done(form);
    }

    private async ValueTask<CommandStep> ListAsync(CommandInput input, CancellationToken cancel)
    {
        bool isAdministrator = await hub.Accounts.IsAdministratorAsync(input.From.Bare, cancel).ConfigureAwait(false);
        List<Invitation> open = await service.ListAsync(isAdministrator ? null : input.From.Local, cancel).ConfigureAwait(false);
        return CommandStep.Done(new DataForm(FormType.Result, Own + "#list").Add(new FormField("invitations") { Type = "text-multi", Label = "Open invitations", Values = [.. open.Select(Describe)] }));
    }

    private string Describe(Invitation i) => string.Create(
        CultureInfo.InvariantCulture,
        $"{i.Id}: {(i.MakesAccount ? i.Name is null ? "account" : "account " + i.Name : "contact")} by {i.Inviter}@{hub.Domain.Domain}, {i.Used} of {i.Uses} used, until {Forwarded.Stamp(i.Expires)}");

    private async ValueTask<CommandStep> RevokeAsync(CommandInput input, CancellationToken cancel)
    {
        bool isAdministrator = await hub.Accounts.IsAdministratorAsync(input.From.Bare, cancel).ConfigureAwait(false);
        if (!long.TryParse(input.Form["id"]!.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long id)
            || await service.RevokeAsync(id, isAdministrator ? null : input.From.Local).ConfigureAwait(false) != InvitationOutcome.Done)
        {
            return CommandStep.Refused(StanzaError.ItemNotFound.With("There is no such invitation, or not yours."));
        }

        InvitationLog.Ended(log, input.From, id);
        return CommandStep.Done(null, new CommandNote(NoteType.Info, "Ended."));
    }
}

/// <summary>Logs of invitations: numbers and names, never tokens.</summary>
internal static partial class InvitationLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{Inviter} made invitation {Id} (name {Name})")]
    public static partial void Made(ILogger log, Jid inviter, long id, string? name);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Who} ended invitation {Id}")]
    public static partial void Ended(ILogger log, Jid who, long id);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Contact} took up an invitation of {Inviter}")]
    public static partial void TakenUp(ILogger log, Jid contact, Jid inviter);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Expired invitations are not deleted yet")]
    public static partial void NotSwept(ILogger log, Exception e);
}
