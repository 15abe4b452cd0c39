using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Control;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp set THING name=value</c>: controls a thing (XEP-0325 §3.2) and prints what came of it.</summary>
internal static class SetCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id, or its JID" };
        var values = new Argument<string[]>("NAME=VALUE") { Description = "what to set, such as relay=true; several are set together or not at all", Arity = ArgumentArity.OneOrMore };
        var node = new Option<string?>("--node") { Description = "a thing behind this gateway", HelpName = "ID" };
        var queue = new Option<bool>("--queue") { Description = "leave it with the hub, which gives it to the thing as soon as that is there" };
        Option<TimeSpan?> ttl = Durations.Optional("--ttl", "with --queue: how long it may wait");
        var command = new Command("set", "Control a thing (XEP-0325); prints what came of it") { name, values, node, queue, ttl };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => parsed.GetValue(queue) ? QueueAsync(client, parsed, parsed.GetValue(node) ?? parsed.GetValue(name)!, parsed.GetValue(values)!, parsed.GetValue(ttl), cancel) : RunAsync(client, parsed, parsed.GetValue(name)!, parsed.GetValue(values)!, parsed.GetValue(node), cancel));
        return command;
    }

    private static async Task<int> QueueAsync(ClientArguments client, ParseResult parsed, string thing, string[] assignments, TimeSpan? ttl, CancellationToken cancel)
    {
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        return await QueueCommand.SendAsync(hub, client.ScreenOf(parsed), thing, assignments, ttl, null, null, cancel);
    }

    private static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, string name, string[] assignments, string? node, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        var wanted = new List<(string Name, string Value)>();
        foreach (string assignment in assignments)
        {
            int at = assignment.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw new CliException(ExitCode.Usage, $"'{assignment}' is not NAME=VALUE, such as relay=true; `iotxmpp form {name}` shows what can be set");
            }

            if (wanted.Any(w => w.Name == assignment[..at]))
            {
                throw new CliException(ExitCode.Usage, $"{assignment[..at]} is set twice; give it once");
            }

            wanted.Add((assignment[..at], assignment[(at + 1)..]));
        }

        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        (Jid thing, node) = await hub.FindAsync(name, node, cancel);
        string shown = node ?? thing.Local;
        using Progress progress = Screen.Wait($"asking {shown}");
        // The form tells the types; the thing itself judges the values.
        IReadOnlyList<ControlField> form = await FormCommand.GetAsync(hub, thing, node, cancel);
        Element set = new Element(Ns.Control, "set");
        if (node is not null)
        {
            set.Add("node").Set("nodeId", node);
        }

        foreach ((string parameter, string value) in wanted)
        {
            ControlField field = form.FirstOrDefault(f => f.Name == parameter) ?? throw new CliException(
                ExitCode.Usage, $"{shown} has no parameter '{parameter}'; it has: {(form.Count > 0 ? string.Join(", ", form.Select(f => f.Name)) : "none")}");
            string wire = field.ToWire(value) ?? throw new CliException(ExitCode.Usage, $"{parameter} is true or false, not '{value}'");
            set.Add(field.Element).Set("name", parameter).Set("value", wire);
        }

        long start = Stopwatch.GetTimestamp();
        Element answer = await hub.AskWholeAsync("set", thing, set, cancel);
        TimeSpan took = Stopwatch.GetElapsedTime(start);
        progress.Dispose();
        (int code, string? error) = Judge(answer);
        foreach (Element parameter in set.Children().Where(c => c.Name != "node"))
        {
            screen.Json(() => new JsonObject
            {
                ["event"] = "set",
                ["thing"] = shown,
                ["parameter"] = parameter.Attribute("name"),
                ["value"] = parameter.Attribute("value"),
                ["outcome"] = code == ExitCode.Ok ? "done" : "refused",
                ["error"] = error,
                ["ms"] = (int)took.TotalMilliseconds,
            });
        }

        string what = string.Join(", ", set.Children().Where(c => c.Name != "node").Select(p => $"{p.Attribute("name")}={p.Attribute("value")}"));
        if (code == ExitCode.Ok)
        {
            screen.Line(($"{shown}: {what} ", null), ("done", "green"), ($" in {(int)took.TotalMilliseconds} ms", "dim"));
            return code;
        }

        throw code switch
        {
            ExitCode.Forbidden => new CliException(code, $"the hub forbids you to control {shown} ({error}); log in as its owner or as an administrator"),
            ExitCode.NotFound => new CliException(code, $"{shown} does not answer ({error}): it is not online; `iotxmpp things` shows since when"),
            _ => new CliException(code, $"{shown} did not set {what}: {error}; `iotxmpp form {shown}` shows types and ranges"),
        };
    }

    /// <summary>An answer to a <c>set</c>: done, or why not (XEP-0325 puts a parameter's fault into <c>paramError</c>).</summary>
    private static (int Code, string? Error) Judge(Element answer)
    {
        if (answer.Attribute("type") == "result")
        {
            Element? response = answer.Child(Ns.Control, "setResponse");
            string? refused = response?.Attribute("responseCode");
            return refused is null or "OK" ? (ExitCode.Ok, null) : (ExitCode.Failed, response!.ChildText("error") ?? refused);
        }

        Element? error = answer.Child(Ns.Client, "error");
        Element? condition = error?.Children().FirstOrDefault(c => c.Namespace == Ns.StanzaErrors && c.Name != "text");
        Element? parameter = error?.Child(Ns.Control, "paramError");
        string text = parameter is { Text.Length: > 0 } ? $"{parameter.Attribute("var")} {parameter.Text}"
            : error?.Child(Ns.StanzaErrors, "text")?.Text ?? condition?.Name ?? "no reason given";
        // A thing's own words about a parameter are a failed outcome, whatever the condition beside them.
        int code = parameter is not null ? ExitCode.Failed : Errors.CodeOf(StanzaError.Find(condition?.Name ?? string.Empty) ?? StanzaError.UndefinedCondition);
        return (code, text);
    }
}
