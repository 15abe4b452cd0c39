using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp batch send|list|show|cancel</c>: one command to many things.</summary>
internal static class BatchCommand
{
    public static Command Create() => new("batch", "Give one command to many things, at a rate, with a rule that stops it") { Send(), List(), Show(), Cancel() };

    private static Command Send()
    {
        var values = new Argument<string[]>("NAME=VALUE") { Description = ParameterWords.Help, Arity = ArgumentArity.OneOrMore };
        var things = new Option<string[]>("--thing") { Description = "a thing; may be given several times, or several with commas", HelpName = "ID", AllowMultipleArgumentsPerToken = true };
        var group = new Option<string?>("--group") { Description = "all things of a group", HelpName = "ID" };
        var rate = new Option<int?>("--rate") { Description = "things a minute; 0 for as many as there are (default 60)", HelpName = "N" };
        var parallel = new Option<int?>("--parallel") { Description = "things that are at it at a time (default 10)", HelpName = "N" };
        var failures = new Option<int?>("--stop-after") { Description = "stop when so many have failed; 0 for never (default 0)", HelpName = "N" };
        var percent = new Option<int?>("--stop-at") { Description = "stop when so many of 100 have failed; 0 for never (default 20)", HelpName = "PERCENT" };
        Option<TimeSpan?> ttl = Durations.Optional("--ttl", "how long things may come");
        var command = new Command("send", "Begin a batch") { values, things, group, rate, parallel, failures, percent, ttl };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            string[] named = [.. (parsed.GetValue(things) ?? []).SelectMany(t => t.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
            if (named.Length == 0 == parsed.GetValue(group) is null)
            {
                throw new CliException(ExitCode.Usage, "say which things: --thing ID, or --group ID");
            }

            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            var batch = new Element(Ns.Command, "batch");
            foreach ((string name, long? value) in new (string, long?)[]
            {
                ("rate", parsed.GetValue(rate)), ("parallel", parsed.GetValue(parallel)), ("failures", parsed.GetValue(failures)), ("percent", parsed.GetValue(percent)),
                ("ttl", parsed.GetValue(ttl) is { } span ? (long)span.TotalSeconds : null),
            })
            {
                if (value is { } number)
                {
                    batch.Set(name, number.ToString(CultureInfo.InvariantCulture));
                }
            }

            if (parsed.GetValue(group) is { } id)
            {
                batch.Set("group", id);
            }

            foreach (string thing in named)
            {
                batch.Add("thing").Set("id", hub.IdOf(thing));
            }

            var set = new Element(Ns.Control, "set");
            ParameterWords.Write(set, parsed.GetValue(values)!);
            batch.Add(set);
            return Print(screen, await AskAsync(hub, "set", batch, cancel));
        });
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "Show batches, the newest first");
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            Element answer = await hub.AskAsync("get", hub.Things, new Element(Ns.Command, "batches"), cancel);
            DateTimeOffset now = DateTimeOffset.UtcNow;
            List<Element> all = [.. (answer.Child(Ns.Command, "batches")?.Children() ?? []).Where(b => b.Name == "batch")];
            foreach (Element batch in all)
            {
                screen.Json(() => JsonOf(batch));
            }

            if (!screen.IsJson)
            {
                screen.Table(["AT", "BY", "WHAT", "STATE", "PROGRESS", "ID"], [.. all.Select(b => new (string, string?)[]
                {
                    (ThingView.TryTime(b.Attribute("at"), out DateTimeOffset at) ? Words.Moment(at, now) : string.Empty, "dim"), (b.Attribute("by") ?? string.Empty, null), (ParameterWords.Text(b.Child(Ns.Control, "set")), null),
                    (b.Attribute("state") ?? string.Empty, StyleOf(b)), (ProgressOf(b), null), (b.Attribute("id") ?? string.Empty, "dim"),
                })]);
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show()
    {
        var id = new Argument<string>("ID") { Description = "the batch's id" };
        var command = new Command("show", "Show a batch and its things") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            int code = Print(screen, await AskAsync(hub, "get", new Element(Ns.Command, "batch").Set("id", parsed.GetValue(id)!), cancel));
            var rows = new List<(string Text, string? Style)[]>();
            for (int from = 0; ;)
            {
                Element answer = await hub.AskAsync("get", hub.Things, new Element(Ns.Command, "batch").Set("id", parsed.GetValue(id)!).Set("from", from.ToString(CultureInfo.InvariantCulture)), cancel);
                List<Element> page = [.. (answer.Child(Ns.Command, "things")?.Children() ?? []).Where(t => t.Name == "thing")];
                foreach (Element thing in page)
                {
                    screen.Json(() => new JsonObject { ["event"] = "batchThing", ["thing"] = thing.Attribute("id"), ["state"] = thing.Attribute("state"), ["command"] = thing.Attribute("command"), ["error"] = thing.Attribute("condition"), ["text"] = thing.Text });
                    rows.Add([(thing.Attribute("id") ?? string.Empty, "bold"), (thing.Attribute("state") ?? string.Empty, thing.Attribute("state") is "failed" or "expired" ? "red" : thing.Attribute("state") == "done" ? "green" : null), ($"{thing.Attribute("condition")} {thing.Text}".Trim(), "dim")]);
                }

                from += page.Count;
                if (page.Count < 100)
                {
                    break;
                }
            }

            if (!screen.IsJson)
            {
                screen.Table(["THING", "STATE", "WHY"], rows);
            }

            return code;
        });
        return command;
    }

    private static Command Cancel()
    {
        var id = new Argument<string>("ID") { Description = "the batch's id" };
        var command = new Command("cancel", "Stop a batch: what was not sent is taken back") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            return Print(client.ScreenOf(parsed), await AskAsync(hub, "set", new Element(Ns.Command, "cancel").Set("batch", parsed.GetValue(id)!), cancel));
        });
        return command;
    }

    private static int Print(Screen screen, Element batch)
    {
        screen.Json(() => JsonOf(batch));
        screen.Line((batch.Attribute("id") ?? string.Empty, "bold"), ($": {ParameterWords.Text(batch.Child(Ns.Control, "set"))} ", null), (batch.Attribute("state") ?? string.Empty, StyleOf(batch)), ($", {ProgressOf(batch)}", null),
            (batch.ChildText("text") is { Length: > 0 } text ? $" ({text})" : string.Empty, null));
        return ExitCode.Ok;
    }

    private static string? StyleOf(Element batch) => batch.Attribute("state") switch
    {
        "done" => "green",
        "running" => "yellow",
        "cancelled" => "dim",
        _ => "red",
    };

    private static string ProgressOf(Element batch)
    {
        Element? progress = batch.Child(Ns.Command, "progress");
        string Number(string name) => progress?.Attribute(name) ?? "0";
        return $"{Number("done")} of {Number("things")} done, {Number("failed")} failed, {Number("waiting")} waiting";
    }

    private static JsonObject JsonOf(Element batch)
    {
        var json = new JsonObject { ["event"] = "batch" };
        foreach (string name in (string[])["id", "by", "state", "at", "expires", "ended", "group"])
        {
            if (batch.Attribute(name) is { } value)
            {
                json[name] = value;
            }
        }

        Element? progress = batch.Child(Ns.Command, "progress");
        foreach (string name in (string[])["things", "waiting", "queued", "sent", "done", "failed", "expired", "cancelled"])
        {
            json[name == "expired" ? "expiredThings" : name] = int.TryParse(progress?.Attribute(name), CultureInfo.InvariantCulture, out int number) ? number : 0;
        }

        json["text"] = batch.ChildText("text");
        return json;
    }

    private static async Task<Element> AskAsync(HubClient hub, string type, Element payload, CancellationToken cancel)
    {
        try
        {
            Element answer = await hub.AskAsync(type, hub.Things, payload, cancel);
            return answer.Child(Ns.Command, "batch") ?? throw new CliException(ExitCode.Failed, $"{hub.Things} gave an answer that is none");
        }
        catch (StanzaException e)
        {
            throw e.Error.Condition switch
            {
                "service-unavailable" or "feature-not-implemented" => new CliException(ExitCode.Failed, $"{hub.Things} keeps no batches"),
                "forbidden" => new CliException(ExitCode.Forbidden, "one of the things is none, or you may not set that there"),
                "item-not-found" => new CliException(ExitCode.NotFound, e.Error.Text.Length > 0 ? e.Error.Text : "there is no such batch"),
                _ => new CliException(Errors.CodeOf(e.Error), Errors.Describe(e.Error)),
            };
        }
    }
}
