using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp command send|list|show|cancel</c>: commands that wait at the hub for their things.</summary>
internal static class QueueCommand
{
    private static readonly string[] Header = ["QUEUED", "THING", "BY", "WHAT", "STATE", "WHY", "ID"];
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    public static Command Create() => new("command", "Give commands that wait for their things, and see what became of them") { Send(), List(), Show(), Cancel() };

    /// <summary>Queues a command, and waits for its end where that is asked for; also of <c>iotxmpp set --queue</c>.</summary>
    public static async Task<int> SendAsync(HubClient hub, Screen screen, string thing, IReadOnlyList<string> assignments, TimeSpan? ttl, string? key, TimeSpan? wait, CancellationToken cancel)
    {
        var set = new Element(Ns.Control, "set");
        ParameterWords.Write(set, assignments);
        var command = new Element(Ns.Command, "command").Set("thing", hub.IdOf(thing));
        if (ttl is { } seconds)
        {
            command.Set("ttl", Math.Max(1, (long)seconds.TotalSeconds).ToString(CultureInfo.InvariantCulture));
        }

        if (key is not null)
        {
            command.Set("key", key);
        }

        command.Add(set);
        CommandView view = await AskAsync(hub, "set", command, hub.IdOf(thing), cancel);
        if (wait is { } limit)
        {
            view = await EndAsync(hub, view, limit, cancel);
        }

        screen.Json(view.ToJson);
        screen.Line((hub.IdOf(thing), "bold"), ($": {view.What} ", null), (view.State, view.Style), (view.Why.Length > 0 ? $" ({view.Why})" : string.Empty, null), ($"  {view.Id}", "dim"));
        return view.Code;
    }

    private static Command Send()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id" };
        var values = new Argument<string[]>("NAME=VALUE") { Description = ParameterWords.Help, Arity = ArgumentArity.OneOrMore };
        Option<TimeSpan?> ttl = Durations.Optional("--ttl", "how long it may wait for the thing");
        var key = new Option<string?>("--key") { Description = "asking again with the same key gives the same command as long as that is open", HelpName = "TEXT" };
        Option<TimeSpan?> wait = Durations.Optional("--wait", "wait for its end, so long");
        var command = new Command("send", "Give a command; it waits until the thing is there") { name, values, ttl, key, wait };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            return await SendAsync(hub, screen, parsed.GetValue(name)!, parsed.GetValue(values)!, parsed.GetValue(ttl), parsed.GetValue(key), parsed.GetValue(wait), cancel);
        });
        return command;
    }

    private static Command List()
    {
        var name = new Argument<string?>("THING") { Description = "the thing's id; without it all that you may see", Arity = ArgumentArity.ZeroOrOne };
        var state = new Option<string?>("--state") { Description = "queued, sent, done, failed, expired or cancelled", HelpName = "STATE" };
        var max = new Option<int>("--max") { Description = "how many, the newest (default 50)", DefaultValueFactory = _ => 50, HelpName = "N" };
        var command = new Command("list", "Show commands that wait or have waited, the newest first") { name, state, max };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            var request = new Element(Ns.Command, "commands").Set("way", "queue");
            if (parsed.GetValue(name) is { } thing)
            {
                request.Set("thing", hub.IdOf(thing));
            }

            if (parsed.GetValue(state) is { } word)
            {
                request.Set("state", word);
            }

            return await AuditCommand.PrintAsync(hub, screen, request, parsed.GetValue(max), Header, cancel);
        });
        return command;
    }

    private static Command Show()
    {
        var id = new Argument<string>("ID") { Description = "the command's id" };
        Option<TimeSpan?> wait = Durations.Optional("--wait", "wait for its end, so long");
        var command = new Command("show", "Show a command with its states and their times") { id, wait };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            CommandView view = await AskAsync(hub, "get", new Element(Ns.Command, "command").Set("id", parsed.GetValue(id)!), parsed.GetValue(id)!, cancel);
            if (parsed.GetValue(wait) is { } limit)
            {
                view = await EndAsync(hub, view, limit, cancel);
            }

            screen.Json(view.ToJson);
            DateTimeOffset now = DateTimeOffset.UtcNow;
            screen.Line((view.Element.Attribute("thing") ?? string.Empty, "bold"), ($": {view.What}, by {view.Element.Attribute("by")}", null));
            foreach (string state in (string[])["queued", "sent", "done", "failed", "expired", "cancelled"])
            {
                if (view.At(state) is { } at)
                {
                    string more = state == "sent" && view.Element.Child(Ns.Command, "sent")!.Attribute("attempts") is { } attempts and not "1" ? $" ({attempts} times)" : state == view.State && view.Why.Length > 0 ? $" ({view.Why})" : string.Empty;
                    screen.Line(($"{Words.Moment(at, now),-16}  ", "dim"), (state, state == view.State ? view.Style : null), (more, null));
                }
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Cancel()
    {
        var id = new Argument<string>("ID") { Description = "the command's id" };
        var command = new Command("cancel", "Take a command back that was not sent yet") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            CommandView view = await AskAsync(hub, "set", new Element(Ns.Command, "cancel").Set("id", parsed.GetValue(id)!), parsed.GetValue(id)!, cancel);
            screen.Json(view.ToJson);
            screen.Line((view.Element.Attribute("thing") ?? string.Empty, "bold"), ($": {view.What} ", null), (view.State, view.Style));
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<CommandView> EndAsync(HubClient hub, CommandView view, TimeSpan limit, CancellationToken cancel)
    {
        using Progress progress = Screen.Wait($"waiting for {view.Element.Attribute("thing")}");
        DateTimeOffset end = DateTimeOffset.UtcNow + limit;
        while (!view.IsEnded && DateTimeOffset.UtcNow < end)
        {
            await Task.Delay(LookEvery, cancel);
            view = await AskAsync(hub, "get", new Element(Ns.Command, "command").Set("id", view.Id), view.Id, cancel);
        }

        return view;
    }

    private static async Task<CommandView> AskAsync(HubClient hub, string type, Element payload, string what, CancellationToken cancel)
    {
        try
        {
            Element answer = await hub.AskAsync(type, hub.Things, payload, cancel);
            return answer.Child(Ns.Command, "command") is { } command ? new CommandView(command) : throw new CliException(ExitCode.Failed, $"{hub.Things} gave an answer that is none");
        }
        catch (StanzaException e)
        {
            throw e.Error.Condition switch
            {
                "service-unavailable" or "feature-not-implemented" => new CliException(ExitCode.Failed, $"{hub.Things} keeps no commands"),
                "forbidden" => new CliException(ExitCode.Forbidden, $"{what}: there is no such thing, or you may not set that there"),
                "item-not-found" => new CliException(ExitCode.NotFound, $"{what}: there is no such command"),
                "unexpected-request" => new CliException(ExitCode.Failed, $"{what}: it was sent already, or has come to its end"),
                _ => new CliException(Errors.CodeOf(e.Error), $"{what}: {Errors.Describe(e.Error)}"),
            };
        }
    }
}
