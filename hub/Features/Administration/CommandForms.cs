using System.Diagnostics.CodeAnalysis;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Features.AdHoc;
using IotXmpp.Hub.Features.Audit;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Features.Administration;

/// <summary>What all commands of XEP-0133 share: nodes, forms, who may, and the line in the log.</summary>
internal sealed class CommandForms(CommandBook book, IHub hub, ILogger log, AdminAudit? audit)
{
    /// <summary>FORM_TYPE of all forms, and what the nodes begin with.</summary>
    public const string Namespace = "http://jabber.org/protocol/admin";

    public IHub Hub => hub;

    public static StanzaError NoSuchAccount { get; } = StanzaError.ItemNotFound.With("There is no such account here.");

    public static StanzaError LastAdministrator { get; } = StanzaError.NotAllowed.With("One administrator who may log in stays.");

    public static DataForm Form(string title, string instructions, params FormField[] fields)
    {
        var form = new DataForm(FormType.Form, Namespace) { Title = title, Instructions = instructions };
        foreach (FormField field in fields)
        {
            form.Add(field);
        }

        return form;
    }

    public static FormField Field(string var, string type, string label, bool isRequired = true, IEnumerable<string>? values = null) =>
        new(var) { Type = type, Label = label, IsRequired = isRequired, Values = [.. values ?? []] };

    public static DataForm Result(params FormField[] fields)
    {
        var form = new DataForm(FormType.Result, Namespace);
        foreach (FormField field in fields)
        {
            form.Add(field);
        }

        return form;
    }

    /// <summary>Adds a command that asks nothing.</summary>
    public void Add(string node, string name, Func<CommandInput, CancellationToken, ValueTask<CommandStep>> run) =>
        book.Add(string.Empty, new AdHocCommand(Namespace + "#" + node, name, MayAsync, (input, cancel) => NotedAsync(node, input, run(input, cancel))));

    /// <summary>Adds a command of one form, which is made anew for each that asks.</summary>
    public void Add(string node, string name, Func<CancellationToken, ValueTask<DataForm>> form, Func<CommandInput, CancellationToken, ValueTask<CommandStep>> run) =>
        book.Add(string.Empty, new AdHocCommand(Namespace + "#" + node, name, MayAsync, async (_, asking) =>
            CommandStep.Ask(await form(asking).ConfigureAwait(false), (input, cancel) => NotedAsync(node, input, run(input, cancel)))));

    /// <summary>Adds a command of one form that is always the same.</summary>
    public void Add(string node, string name, DataForm form, Func<CommandInput, CancellationToken, ValueTask<CommandStep>> run) => Add(node, name, _ => new(form), run);

    /// <summary>An account of this domain by its address.</summary>
    public bool TryAccount(string? address, [NotNullWhen(true)] out Jid? jid) =>
        JidPrep.TryParse(address ?? string.Empty, out jid) && jid.Domain == hub.Domain.Domain && jid.Local.Length > 0;

    /// <summary>The accounts of a field, each once; an error where one is none of this domain.</summary>
    public (List<Jid> Accounts, StanzaError? Error) Accounts(CommandInput input, bool areBare = true)
    {
        var accounts = new List<Jid>();
        foreach (string address in input.Form["accountjids"]!.Values.Where(value => value.Length > 0).Distinct(StringComparer.Ordinal))
        {
            if (!TryAccount(address, out Jid? jid))
            {
                return ([], NoSuchAccount);
            }

            if (areBare && jid.IsFull)
            {
                return ([], StanzaError.NotAcceptable.With($"{address}: an account is a bare address."));
            }

            accounts.Add(jid);
        }

        return (accounts, null);
    }

    private ValueTask<bool> MayAsync(Jid who, CancellationToken cancel) => hub.Accounts.IsAdministratorAsync(who.Bare, cancel);

    private async ValueTask<CommandStep> NotedAsync(string node, CommandInput input, ValueTask<CommandStep> running)
    {
        CommandStep step = await running.ConfigureAwait(false);
        if (step.Submitted is null)
        {
            // Whom it was about stands in the addresses; texts and passwords do not.
            string subjects = string.Join(' ', input.Form.Fields.Where(f => f.Var.EndsWith("jid", StringComparison.Ordinal) || f.Var.EndsWith("jids", StringComparison.Ordinal)).SelectMany(f => f.Values).Take(100));
            string outcome = step.Refusal?.Condition ?? step.BadValue ?? "done";
            AdministrationLog.Done(log, input.From, node, subjects, outcome);
            if (audit is not null)
            {
                await audit.KeepAsync(input.From.ToString(), node[(node.LastIndexOf('#') + 1)..], subjects, outcome).ConfigureAwait(false);
            }
        }

        return step;
    }
}
