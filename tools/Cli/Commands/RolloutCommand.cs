using System.CommandLine;
using System.Globalization;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp rollout start|list|show|pause|resume|cancel</c>: who gets which image, wave by wave.</summary>
internal static class RolloutCommand
{
    public static Command Create() => new("rollout", "Staged updates of things: who gets which image, and how that goes")
    {
        Start(),
        List(),
        Show(),
        Change("pause", "Offer nothing new; what was offered goes on"),
        Change("resume", "Go on with a roll-out that was paused"),
        Change("cancel", "End a roll-out; what has the image already is tried to its end"),
    };

    private static Command Start()
    {
        var name = new Argument<string>("IMAGE") { Description = "the image's name" };
        var version = new Argument<string>("VERSION") { Description = "its version" };
        var things = new Argument<string[]>("THING") { Description = "ids of things, in the order in which they are updated", Arity = ArgumentArity.ZeroOrMore };
        var groups = new Option<string[]>("--group") { Description = "groups whose things come behind them", HelpName = "GROUP", AllowMultipleArgumentsPerToken = true };
        var target = new Option<string>("--target") { Description = "what it runs on", HelpName = "TARGET", DefaultValueFactory = _ => "nano" };
        var waves = new Option<string?>("--waves") { Description = "percent of the things that each wave reaches (default 5,25,100)", HelpName = "LIST" };
        var rate = Number("--rate", "things a minute (default 60)");
        var parallel = Number("--parallel", "things at once (default 20)");
        var gate = Number("--gate", "minutes that a thing must stay with the image before it is confirmed (default 10)");
        var deadline = Number("--deadline", "hours after which what has no image is given up (default 72)");
        var failures = Number("--stop-failures", "failures that stop it (default 1; 0: none do)");
        var percent = Number("--stop-percent", "percent of failures that stops it (default 0: none does)");
        var command = new Command("start", "Start a roll-out; the first failure stops it") { name, version, things, groups, target, waves, rate, parallel, gate, deadline, failures, percent };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            string[] named = parsed.GetValue(things) ?? [];
            string[] grouped = parsed.GetValue(groups) ?? [];
            if (named.Length + grouped.Length == 0)
            {
                throw new CliException(ExitCode.Usage, "which things? Name them, or groups with --group");
            }

            Element rollout = new Element(Ns.Ota, "rollout").Set("image", parsed.GetValue(name)!).Set("version", parsed.GetValue(version)!).Set("target", parsed.GetValue(target)!);
            if (parsed.GetValue(waves) is { } list)
            {
                rollout.Set("waves", list);
            }

            foreach ((string attribute, Option<int?> option) in new (string, Option<int?>)[] { ("rate", rate), ("parallel", parallel), ("gate", gate), ("deadline", deadline), ("stop-failures", failures), ("stop-percent", percent) })
            {
                if (parsed.GetValue(option) is { } number)
                {
                    rollout.Set(attribute, number.ToString(CultureInfo.InvariantCulture));
                }
            }

            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            foreach (string thing in named)
            {
                rollout.Add(new Element(Ns.Ota, "thing").Set("id", hub.IdOf(thing)));
            }

            foreach (string group in grouped)
            {
                rollout.Add(new Element(Ns.Ota, "group").Set("id", group));
            }

            Tell(screen, await ImageCommands.AskAsync(hub, "set", rollout, cancel));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the newest roll-outs");
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            Element answer = await ImageCommands.AskAsync(hub, "get", new Element(Ns.Ota, "rollouts"), cancel);
            var rows = new List<(string, string?)[]>();
            foreach (Element rollout in answer.Child(Ns.Ota, "rollouts")?.Children() ?? [])
            {
                screen.Json(() => ImageCommands.JsonOf("rollout", rollout));
                rows.Add([(rollout.Attribute("id") ?? "", "bold"), ($"{rollout.Attribute("image")} {rollout.Attribute("version")}", null), (rollout.Attribute("state") ?? "", StyleOf(rollout.Attribute("state"))), (Counts(rollout), null), (rollout.Attribute("created") ?? "", "dim")]);
            }

            if (!screen.IsJson && rows.Count > 0)
            {
                screen.Table(["NUMBER", "IMAGE", "STATE", "THINGS", "SINCE"], rows);
            }
            else
            {
                screen.Line("There are no roll-outs of yours.");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show()
    {
        var id = new Argument<long>("NUMBER") { Description = "the roll-out's number" };
        var command = new Command("show", "Show a roll-out with each of its things") { id };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => AskAsync(client, parsed, "get", parsed.GetValue(id), null, cancel));
        return command;
    }

    private static Command Change(string action, string description)
    {
        var id = new Argument<long>("NUMBER") { Description = "the roll-out's number" };
        var command = new Command(action, description) { id };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => AskAsync(client, parsed, "set", parsed.GetValue(id), action, cancel));
        return command;
    }

    private static async Task<int> AskAsync(ClientArguments client, ParseResult parsed, string type, long id, string? action, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        Element rollout = new Element(Ns.Ota, "rollout").Set("id", id.ToString(CultureInfo.InvariantCulture));
        if (action is not null)
        {
            rollout.Set("action", action);
        }

        Tell(screen, await ImageCommands.AskAsync(hub, type, rollout, cancel));
        return ExitCode.Ok;
    }

    private static void Tell(Screen screen, Element answer)
    {
        Element rollout = answer.Child(Ns.Ota, "rollout") ?? throw new CliException(ExitCode.Failed, "the hub gave an answer that is none");
        screen.Json(() => ImageCommands.JsonOf("rollout", rollout));
        string? reason = rollout.Attribute("reason");
        screen.Line(
            ($"roll-out {rollout.Attribute("id")}", "bold"), ($" of {rollout.Attribute("image")} {rollout.Attribute("version")} is ", null), (rollout.Attribute("state") ?? "", StyleOf(rollout.Attribute("state"))),
            ((reason is null ? "" : $" ({reason})") + $": {Counts(rollout)}", null));
        var rows = new List<(string, string?)[]>();
        foreach (Element thing in rollout.Children())
        {
            screen.Json(() => ImageCommands.JsonOf("thing", thing));
            string state = thing.Attribute("state") ?? "";
            string more = thing.Attribute("reason") ?? (thing.Attribute("offset") is { } offset ? $"{offset} bytes" : "");
            rows.Add([(thing.Attribute("id") ?? "", "bold"), (thing.Attribute("wave") ?? "", null), (state, StyleOf(state)), (thing.Attribute("since") ?? "", "dim"), (more, null)]);
        }

        if (!screen.IsJson && rows.Count > 0)
        {
            screen.Table(["THING", "WAVE", "STATE", "SINCE", ""], rows);
        }
    }

    private static string Counts(Element rollout)
    {
        var counts = new List<string>();
        foreach (string step in (string[])["waiting", "offered", "downloading", "restarting", "trial", "confirmed", "failed", "reverted", "cancelled", "skipped"])
        {
            if (rollout.Attribute(step) is { } count)
            {
                counts.Add($"{count} {step}");
            }
        }

        return string.Join(", ", counts);
    }

    private static string? StyleOf(string? state) => state switch
    {
        "done" or "confirmed" => "green",
        "failed" or "reverted" or "stopped" => "red",
        "running" or "trial" or "downloading" or "restarting" => "yellow",
        _ => null,
    };

    private static Option<int?> Number(string name, string description) => new(name) { Description = description, HelpName = "N" };
}
