using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Proposals;

/// <summary>Proposals as commands of the hub (XEP-0050): <c>urn:iotxmpp:proposals:1#list</c>, <c>#confirm</c>, <c>#reject</c>. Who confirms is shown first what will be done.</summary>
internal sealed class ProposalCommands(ProposalService service, IHub hub, ILogger log)
{
    private const string Namespace = "urn:iotxmpp:proposals:1";

    /// <summary>Proposals in one list, at most; default 100: as many fields as a form has.</summary>
    private const int ListLimit = 100;

    public void AddTo(CommandBook book)
    {
        book.Add(string.Empty, new AdHocCommand(Namespace + "#list", "List commands that programs propose", MayAsync, ListAsync));
        book.Add(string.Empty, new AdHocCommand(Namespace + "#confirm", "Confirm a proposed command", MayAsync, (_, _) => new(CommandStep.AskNext(IdForm("#confirm", "Confirm a proposed command"), ShowAsync))));
        book.Add(string.Empty, new AdHocCommand(Namespace + "#reject", "Reject a proposed command", MayAsync, (_, _) => new(CommandStep.Ask(IdForm("#reject", "Reject a proposed command"), RejectAsync))));
    }

    private static DataForm IdForm(string name, string title) =>
        new DataForm(FormType.Form, Namespace + name) { Title = title }.Add(new FormField("id") { Type = "text-single", Label = "Its id in the list", IsRequired = true });

    private async ValueTask<bool> MayAsync(Jid who, CancellationToken cancel) =>
        who.Domain == hub.Domain.Domain && who.Local.Length > 0 && await hub.Accounts.ExistsAsync(who.Local, cancel).ConfigureAwait(false) && await hub.Accounts.OwnerAsync(who.Local, cancel).ConfigureAwait(false) is null;

    // One field a proposal: what is done, whose program proposes, until when, and its reason, so that programs need not read sentences.
    private async ValueTask<CommandStep> ListAsync(CommandInput input, CancellationToken cancel)
    {
        IReadOnlyList<Proposal> open = await service.ListAsync(input.From.Bare, isOpen: true, cancel).ConfigureAwait(false);
        var form = new DataForm(FormType.Result, Namespace + "#list");
        foreach (Proposal p in open.Take(ListLimit))
        {
            form.Add(new FormField("proposal#" + p.Id) { Type = "text-multi", Label = p.Id, Values = [p.Action, $"{p.Account}@{hub.Domain.Domain}", Forwarded.Stamp(p.Expires), p.Reason] });
        }

        return CommandStep.Done(form, open.Count == 0 ? [new CommandNote(NoteType.Info, "Nothing is proposed.")] : open.Count > ListLimit ? [new CommandNote(NoteType.Warn, $"The latest {ListLimit} are shown.")] : []);
    }

    private static string Describe(Proposal p) =>
        $"{p.Id}: {p.Action}; by a program of {p.Account}, until {Forwarded.Stamp(p.Expires)}{(p.Reason.Length > 0 ? "; it says: \"" + p.Reason + "\"" : "")}";

    private async ValueTask<CommandStep> ShowAsync(CommandInput input, CancellationToken cancel)
    {
        string id = input.Form["id"]!.Value.Trim();
        if (await service.FindAsync(input.From.Bare, id, cancel).ConfigureAwait(false) is not { State: ProposalState.Open } proposal)
        {
            return CommandStep.Failed(StanzaError.ItemNotFound.With("There is no such open proposal, or not for you."));
        }

        DataForm form = new DataForm(FormType.Form, Namespace + "#confirm") { Title = "Confirm a proposed command", Instructions = Describe(proposal) }
            .Add(FormField.Single("action", "fixed", proposal.Action));
        return CommandStep.Ask(form, (next, ended) => ConfirmAsync(next, id, ended));
    }

    private async ValueTask<CommandStep> ConfirmAsync(CommandInput input, string id, CancellationToken cancel)
    {
        ProposalResult result = await service.ConfirmAsync(input.From.Bare, id, cancel).ConfigureAwait(false);
        if (result is not { Outcome: ProposalOutcome.Done, Proposal: { } proposal })
        {
            return Refused(result);
        }

        ProposalLog.Confirmed(log, input.From, id, proposal.Thing, proposal.Command);
        return CommandStep.Done(
            new DataForm(FormType.Result, Namespace + "#confirm").Add(FormField.Single("command", "text-single", proposal.Command, "The command")).Add(FormField.Single("action", "text-single", proposal.Action, "What is done")),
            new CommandNote(NoteType.Info, "Given to the thing."));
    }

    private async ValueTask<CommandStep> RejectAsync(CommandInput input, CancellationToken cancel)
    {
        string id = input.Form["id"]!.Value.Trim();
        ProposalResult result = await service.RejectAsync(input.From.Bare, id, cancel).ConfigureAwait(false);
        if (result.Outcome != ProposalOutcome.Done)
        {
            return Refused(result);
        }

        ProposalLog.Rejected(log, input.From, id);
        return CommandStep.Done(null, new CommandNote(NoteType.Info, "Rejected. Nothing was done."));
    }

    private static CommandStep Refused(ProposalResult result) => CommandStep.Failed(result.Outcome switch
    {
        ProposalOutcome.Forbidden => StanzaError.Forbidden.With(result.Text),
        ProposalOutcome.TooLate => StanzaError.UnexpectedRequest.With(result.Text),
        ProposalOutcome.Failed => StanzaError.NotAllowed.With(result.Text),
        _ => StanzaError.ItemNotFound.With(result.Text),
    });
}

/// <summary>Logs of proposals: who decided what.</summary>
public static partial class ProposalLog
{
    /// <summary>A program has made one.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "A program of {Account} (token {Token}) proposes {Id} to {Thing}")]
    public static partial void Proposed(ILogger log, string account, string token, string id, string thing);

    /// <summary>A person has confirmed one.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "{Who} confirmed proposal {Id} to {Thing}: command {Command}")]
    public static partial void Confirmed(ILogger log, Jid who, string id, string thing, string command);

    /// <summary>A person has rejected one.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "{Who} rejected proposal {Id}")]
    public static partial void Rejected(ILogger log, Jid who, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Who may confirm proposal {Id} was not told of it")]
    internal static partial void NotTold(ILogger log, Exception e, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Proposals that have expired could not be noted; it is tried again")]
    internal static partial void NotSwept(ILogger log, Exception e);
}
