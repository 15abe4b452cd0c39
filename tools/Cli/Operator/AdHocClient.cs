using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>Executes commands of one stage (XEP-0050): asks for the form, fills it in, reads what came of it.</summary>
internal static class AdHocClient
{
    /// <summary>Runs a command of the hub's registry.</summary>
    /// <param name="hub">The session.</param>
    /// <param name="name">The command, such as <c>provision</c>.</param>
    /// <param name="fields">What the form is filled in with; fields that are null are left out.</param>
    /// <param name="cancel">Stops waiting.</param>
    /// <returns>The fields of the result, by name.</returns>
    /// <exception cref="CliException">The hub refuses it, or it has failed.</exception>
    public static async Task<IReadOnlyDictionary<string, string>> RunAsync(HubClient hub, string name, IEnumerable<(string Var, string? Value)> fields, CancellationToken cancel)
    {
        string node = Ns.Thing + "#" + name;
        Element form = await AskAsync(hub, Command(node), node, cancel);
        if (form.Attribute("status") != "executing" || form.Attribute("sessionid") is not { Length: > 0 } session)
        {
            throw new CliException(ExitCode.Failed, $"the hub answered to {node} without a form; is it of another version?");
        }

        Element command = Command(node).Set("sessionid", session).Set("action", "complete");
        Element x = command.Add(Ns.DataForms, "x").Set("type", "submit");
        Field(x, "FORM_TYPE", node);
        foreach ((string var, string? value) in fields)
        {
            if (value is not null)
            {
                Field(x, var, value);
            }
        }

        Element done = await AskAsync(hub, command, node, cancel);
        Element? result = done.Child(Ns.DataForms, "x");
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (Element field in result?.Children().Where(f => f.Is(Ns.DataForms, "field")) ?? [])
        {
            values[field.Attribute("var") ?? string.Empty] = field.ChildText("value") ?? string.Empty;
        }

        if (done.Children().FirstOrDefault(n => n.Name == "note" && n.Attribute("type") == "error") is { } note)
        {
            StanzaError error = StanzaError.Find(values.GetValueOrDefault("condition") ?? string.Empty) ?? StanzaError.UndefinedCondition;
            throw new CliException(Errors.CodeOf(error), note.Text.TrimEnd('.'));
        }

        return values;
    }

    private static Element Command(string node) => new Element(Ns.Commands, "command").Set("node", node);

    private static void Field(Element form, string var, string value) => form.Add("field").Set("var", var).Add("value").WithText(value);

    private static async Task<Element> AskAsync(HubClient hub, Element command, string node, CancellationToken cancel)
    {
        Element answer = await hub.AskWholeAsync("set", hub.Things, command, cancel);
        if (answer.Attribute("type") == "result")
        {
            return answer.Child(Ns.Commands, "command") ?? throw new CliException(ExitCode.Failed, $"the hub answered to {node} without a command");
        }

        Element? error = answer.Child(Ns.Client, "error");
        string condition = error?.Children().FirstOrDefault(c => c.Namespace == Ns.StanzaErrors && c.Name != "text")?.Name ?? "undefined-condition";
        string text = error?.Child(Ns.StanzaErrors, "text")?.Text ?? condition;
        StanzaError known = StanzaError.Find(condition) ?? StanzaError.UndefinedCondition;
        throw condition switch
        {
            "forbidden" => new CliException(ExitCode.Forbidden, $"the hub forbids you to {node[(node.IndexOf('#', StringComparison.Ordinal) + 1)..]} things ({condition}); log in as an administrator"),
            "remote-server-not-found" or "service-unavailable" or "item-not-found" or "feature-not-implemented" => new CliException(
                ExitCode.Failed, $"{hub.Things} does not know {node} ({condition}): the server is no IotXmpp hub, or an older one"),
            _ => new CliException(Errors.CodeOf(known) is var code && code == ExitCode.Failed && condition == "bad-request" ? ExitCode.Usage : code, text.TrimEnd('.')),
        };
    }
}
