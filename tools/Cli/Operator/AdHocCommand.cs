using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>One run of a command of a hub's service (XEP-0050): asks for its form, fills it in, submits it, reads the result.</summary>
internal static class AdHocCommand
{
    /// <summary>Runs a command of one form.</summary>
    /// <param name="hub">The session.</param>
    /// <param name="service">Whose command.</param>
    /// <param name="node">Which.</param>
    /// <param name="values">The values to fill in, by the fields' names; lines are several values.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The fields of the result form by name, several values as lines; empty when the command has none.</returns>
    /// <exception cref="StanzaException">The service refused.</exception>
    /// <exception cref="CliException">The command was run and has failed, or wants a value that is not given.</exception>
    public static Task<IReadOnlyDictionary<string, string>> RunAsync(HubClient hub, Jid service, string node, IReadOnlyDictionary<string, string> values, CancellationToken cancel) =>
        RunAsync(hub, service, node, [values], cancel);

    /// <summary>Runs a command of several forms: with each but the last one goes on to the next (XEP-0050 §3.4).</summary>
    public static async Task<IReadOnlyDictionary<string, string>> RunAsync(HubClient hub, Jid service, string node, IReadOnlyList<IReadOnlyDictionary<string, string>> stages, CancellationToken cancel)
    {
        Element command = await AskAsync(hub, service, new Element(Ns.Commands, "command").Set("node", node).Set("action", "execute"), cancel);
        for (int step = 0; command.Attribute("status") == "executing" && step < stages.Count + 3; step++)
        {
            Element form = command.Child(Ns.DataForms, "x") ?? throw new CliException(ExitCode.Failed, $"the hub's command {node} wants an answer and has no form; this iotxmpp is older or newer than the hub");
            // What can be completed is; a hub that wants another form first says so (XEP-0050 §3.4).
            Element? actions = command.Child(Ns.Commands, "actions");
            string last = actions?.Children().Any(c => c.Name == "complete") == true ? "complete" : actions?.Attribute("execute") ?? "complete";
            command = await AskAsync(hub, service, Answer(node, command.Attribute("sessionid"), step < stages.Count - 1 ? "next" : last, form, stages[Math.Min(step, stages.Count - 1)]), cancel);
        }

        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Element field in command.Child(Ns.DataForms, "x")?.Children().Where(c => c.Name == "field") ?? [])
        {
            if (field.Attribute("var") is { } name)
            {
                // Of several values each is a line.
                result[name] = string.Join('\n', field.Children().Where(c => c.Name == "value").Select(c => c.Text));
            }
        }

        if (command.Children().FirstOrDefault(c => c.Name == "note" && c.Attribute("type") == "error") is { } note)
        {
            // The hub tells programs the condition of a stanza error beside the note for people.
            StanzaError error = StanzaError.Find(result.GetValueOrDefault("condition", string.Empty)) ?? StanzaError.UndefinedCondition;
            throw new CommandRefusedException(error, note.Text.TrimEnd('.'));
        }

        return command.Attribute("status") == "completed"
            ? result
            : throw new CliException(ExitCode.Failed, $"the hub has not done the command {node} (status {command.Attribute("status") ?? "unknown"})");
    }

    private static async Task<Element> AskAsync(HubClient hub, Jid service, Element request, CancellationToken cancel)
    {
        Element iq = await hub.AskAsync("set", service, request, cancel);
        return iq.Child(Ns.Commands, "command") ?? throw new CliException(ExitCode.Failed, $"{service} does not answer as XEP-0050 says; is it an IotXmpp hub?");
    }

    private static Element Answer(string node, string session, string action, Element form, IReadOnlyDictionary<string, string> values)
    {
        // Add gives the child that it has added.
        Element command = new Element(Ns.Commands, "command").Set("node", node).Set("sessionid", session).Set("action", action);
        Element submit = command.Add(Ns.DataForms, "x").Set("type", "submit");
        foreach (Element field in form.Children().Where(c => c.Name == "field"))
        {
            string? name = field.Attribute("var");
            string? value = name is null ? null : values.GetValueOrDefault(name) ?? (field.Attribute("type") == "hidden" ? field.ChildText("value") : null);
            if (value is not null)
            {
                Element filled = submit.Add("field").Set("var", name);
                foreach (string line in field.Attribute("type") is "text-multi" or "list-multi" or "jid-multi" ? value.Split('\n') : [value])
                {
                    filled.Add("value").WithText(line);
                }
            }
            else if (field.Children().Any(c => c.Name == "required") && field.ChildText("value") is null)
            {
                throw new CliException(ExitCode.Failed, $"the hub wants to know \"{field.Attribute("label") ?? name}\", which this iotxmpp cannot tell; it is older than the hub");
            }
        }

        return command;
    }
}

/// <summary>The hub has not done a command (XEP-0050), with its reason.</summary>
/// <param name="error">The condition, for programs.</param>
/// <param name="note">The note, for people, without a full stop.</param>
internal sealed class CommandRefusedException(StanzaError error, string note) : CliException(Errors.CodeOf(error), $"the hub says: {note}")
{
    /// <summary>The condition.</summary>
    public StanzaError Error { get; } = error;

    /// <summary>The hub's words.</summary>
    public string Note { get; } = note;
}
