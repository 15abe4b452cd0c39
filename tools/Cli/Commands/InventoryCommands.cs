using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Hub.Features.Inventory;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp thing list|set|note|notes|export|import</c>: what is told of things.</summary>
internal static class InventoryCommands
{
    /// <summary>Lines of an import in one stanza, at most (500), and their characters (100,000): with all that is escaped an operator's stanza holds them.</summary>
    private const int PartLines = 500;
    private const int PartChars = 100_000;

    private static readonly (string Option, string Var, string Description)[] Filters =
    [
        ("--text", "text", "with this text in id, owner or tags"), ("--place", "place", "at this place"), ("--model", "model", "of this model"), ("--tag", "tag", "with this tag: NAME or NAME:VALUE"),
        ("--group", "group", "in this group"), ("--state", "state", "online, resuming, sleeping, overdue, offline or lost"), ("--firmware", "firmware", "with this firmware"),
    ];

    public static IEnumerable<Command> All() => [List(), Set(), Note(), Notes(), Export(), Import()];

    private static Argument<string> Id() => new("THING") { Description = "the thing's id, or its JID" };

    private static Option<string?> Text(string name, string description) => new(name) { Description = description, HelpName = "TEXT" };

    private static (Command Command, Func<ParseResult, IEnumerable<(string, string?)>> Query) Searching(string name, string description)
    {
        var command = new Command(name, description);
        (Option<string?> Option, string Var)[] options = [.. Filters.Select(f => (Text(f.Option, f.Description), f.Var))];
        foreach ((Option<string?> option, _) in options)
        {
            command.Options.Add(option);
        }

        return (command, parsed => options.Select(o => (o.Var, parsed.GetValue(o.Option))));
    }

    private static Command List()
    {
        (Command command, Func<ParseResult, IEnumerable<(string, string?)>> query) = Searching("list", "Find things among those that you may see");
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            var rows = new List<(string Id, string Name)>();
            await foreach (IReadOnlyDictionary<string, string> page in PagesAsync(hub, "list", query(parsed), cancel))
            {
                rows.AddRange(Lines(page, "thing").Zip(Lines(page, "name")));
            }

            foreach ((string id, string name) in rows)
            {
                screen.Json(() => new JsonObject { ["event"] = "thing", ["thing"] = id, ["name"] = name });
            }

            screen.Table(["thing", "name"], [.. rows.Select(r => new[] { (r.Id, (string?)null), (r.Name, (string?)null) })]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Set()
    {
        Argument<string> id = Id();
        (Option<string?> Option, string Var)[] fields =
        [
            (Text("--name", "its name for people; empty takes it away"), "name"), (Text("--place", "where it is"), "place"), (Text("--model", "its model"), "model"), (Text("--man", "its manufacturer (a domain)"), "manufacturer"),
        ];
        var tag = new Option<string[]>("--tag") { Description = "a tag: NAME:VALUE, #NAME:NUMBER, or NAME: to take it away", HelpName = "TAG" };
        var command = new Command("set", "Say what a thing is and where") { id, tag };
        foreach ((Option<string?> option, _) in fields)
        {
            command.Options.Add(option);
        }

        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            string[] clear = [.. fields.Where(f => parsed.GetValue(f.Option) is { Length: 0 }).Select(f => f.Var)];
            IReadOnlyDictionary<string, string> values = await RegistryCommand.RunAsync(
                hub,
                "describe",
                [
                    ("thing", hub.IdOf(parsed.GetValue(id)!)), .. fields.Select(f => (f.Var, parsed.GetValue(f.Option) is { Length: > 0 } text ? text : null)),
                    ("clear", clear.Length > 0 ? string.Join('\n', clear) : null), ("tag", parsed.GetValue(tag) is { Length: > 0 } tags ? string.Join('\n', tags) : null),
                ],
                cancel);
            (string Name, string Value)[] told = [.. values.Where(v => v.Key.StartsWith("tag#", StringComparison.Ordinal)).Select(v => (v.Key[4..], v.Value))];
            screen.Json(() => new JsonObject { ["event"] = "thing-described", ["thing"] = values["thing"], ["tags"] = new JsonObject(told.Select(t => KeyValuePair.Create(t.Name, (JsonNode?)t.Value))) });
            screen.Line($"{values["thing"]}: {string.Join(", ", told.Select(t => $"{t.Name}={t.Value}"))}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Note()
    {
        Argument<string> id = Id();
        var text = new Argument<string?>("TEXT") { Description = "what to remember", Arity = ArgumentArity.ZeroOrOne };
        var remove = new Option<long?>("--remove") { Description = "take the note of this number away", HelpName = "N" };
        var command = new Command("note", "Write a note on a thing, or take one away") { id, text, remove };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            string? note = parsed.GetValue(text);
            long? gone = parsed.GetValue(remove);
            if ((note is null) == (gone is null))
            {
                throw new CliException(ExitCode.Usage, "give a text, or --remove and the number of a note");
            }

            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            string thing = hub.IdOf(parsed.GetValue(id)!);
            if (gone is not null)
            {
                await RegistryCommand.RunAsync(hub, "note-remove", [("thing", thing), ("note", gone.Value.ToString(System.Globalization.CultureInfo.InvariantCulture))], cancel);
                screen.Json(() => new JsonObject { ["event"] = "note-removed", ["thing"] = thing, ["note"] = gone });
                screen.Line($"note {gone} on {thing} is gone");
                return ExitCode.Ok;
            }

            IReadOnlyDictionary<string, string> values = await RegistryCommand.RunAsync(hub, "note", [("thing", thing), ("text", note)], cancel);
            screen.Json(() => new JsonObject { ["event"] = "note-written", ["thing"] = thing, ["note"] = long.Parse(values["note"], System.Globalization.CultureInfo.InvariantCulture) });
            screen.Line($"note {values["note"]} on {thing}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Notes()
    {
        Argument<string> id = Id();
        var command = new Command("notes", "Read the notes on a thing, the newest first") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            string? before = null;
            bool hasMore;
            do
            {
                IReadOnlyDictionary<string, string> values = await RegistryCommand.RunAsync(hub, "notes", [("thing", hub.IdOf(parsed.GetValue(id)!)), ("before", before)], cancel);
                hasMore = false;
                foreach ((string var, string value) in values.Where(v => v.Key.StartsWith("note#", StringComparison.Ordinal)))
                {
                    (hasMore, before) = (true, var[5..]);
                    string[] lines = value.Split('\n');
                    string[] head = lines[0].Split(' ');
                    screen.Json(() => new JsonObject { ["event"] = "note", ["note"] = long.Parse(var[5..], System.Globalization.CultureInfo.InvariantCulture), ["at"] = head[0], ["author"] = head.Length > 1 ? head[1] : null, ["text"] = string.Join('\n', lines[1..]) });
                    screen.Line($"{var[5..]}  {lines[0]}");
                    foreach (string line in lines[1..])
                    {
                        screen.Line("    " + line);
                    }
                }
            }
            while (hasMore);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Export()
    {
        (Command command, Func<ParseResult, IEnumerable<(string, string?)>> query) = Searching("export", "Write what is told of things to standard output, as CSV or with --json as JSON lines");
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            bool isJson = client.ScreenOf(parsed).IsJson;
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            await foreach (IReadOnlyDictionary<string, string> page in PagesAsync(hub, "export", query(parsed).Append(("json", isJson ? "1" : "0")), cancel))
            {
                foreach (string line in Lines(page, "line"))
                {
                    Console.Out.Write(line + (isJson ? "\n" : "\r\n"));
                }
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Import()
    {
        var file = new Argument<string>("FILE") { Description = "CSV as thing export writes it, or an array in JSON; - for standard input" };
        var partial = new Option<bool>("--partial") { Description = "do what is right and leave out what is wrong; else all or nothing" };
        var check = new Option<bool>("--check") { Description = "change nothing, only tell" };
        var create = new Option<bool>("--create") { Description = "make what is not there; passwords and claim codes are told this once" };
        var secrets = new Option<string?>("--secrets") { Description = "write what was made, with passwords and claim codes, into this file (CSV, mode 0600) instead of printing it", HelpName = "FILE" };
        var command = new Command("import", "Take in what is told of things: names, places, tags, groups, owners; the same twice changes nothing") { file, partial, check, create, secrets };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            string path = parsed.GetValue(file)!;
            string text;
            try
            {
                text = path == "-" ? await Console.In.ReadToEndAsync(cancel) : await File.ReadAllTextAsync(path, cancel);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new CliException(ExitCode.Usage, $"{path} cannot be read: {e.Message.TrimEnd('.')}");
            }

            Screen screen = client.ScreenOf(parsed);
            string? secretFile = parsed.GetValue(secrets) is { } named ? Path.GetFullPath(named) : null;
            if (secretFile is not null)
            {
                // What cannot be written would be lost: the hub tells it once. What is there may be another import's.
                if (File.Exists(secretFile))
                {
                    throw new CliException(ExitCode.Usage, $"{secretFile} is there already; name another file");
                }

                SecretText.Write(secretFile, string.Empty);
            }

            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            static string Flag(bool value) => value ? "1" : "0";
            List<IReadOnlyDictionary<string, string>> stages =
            [
                .. Parts(text).Select(part => new Dictionary<string, string>
                {
                    ["line"] = part,
                    ["partial"] = Flag(parsed.GetValue(partial)),
                    ["check"] = Flag(parsed.GetValue(check)),
                    ["create"] = Flag(parsed.GetValue(create)),
                }),
            ];
            IReadOnlyDictionary<string, string> values = await RegistryCommand.RunAsync(hub, "import", stages, cancel);
            bool isDone = values.GetValueOrDefault("done") is "1" or "true";
            string[] made = Lines(values, "made");
            if (secretFile is not null && made.Length > 0)
            {
                SecretText.Write(secretFile, string.Join("\r\n", made) + "\r\n");
            }

            screen.Json(() => new JsonObject
            {
                ["event"] = "imported",
                ["done"] = isDone,
                ["changed"] = int.Parse(values["changed"], System.Globalization.CultureInfo.InvariantCulture),
                ["created"] = int.Parse(values.GetValueOrDefault("created", "0"), System.Globalization.CultureInfo.InvariantCulture),
                ["unchanged"] = int.Parse(values["unchanged"], System.Globalization.CultureInfo.InvariantCulture),
                ["faults"] = new JsonArray([.. Lines(values, "fault").Select(f => (JsonNode)f)]),
                ["made"] = new JsonArray([.. (secretFile is null ? MadeOf(made) : [])]),
                ["secrets"] = made.Length > 0 ? secretFile : null,
            });
            string what = isDone ? "changed" : "would be changed; nothing was";
            if (values.GetValueOrDefault("created", "0") is not "0" and var created)
            {
                screen.Line(!isDone ? $"{created} would be made" : secretFile is null ? $"{created} made; passwords and claim codes are shown this once:" : $"{created} made; their passwords and claim codes are in {secretFile}");
            }

            foreach (string line in secretFile is null ? made : [])
            {
                screen.Line(line);
            }

            screen.Line($"{values["changed"]} {what}, {values["unchanged"]} as they were, {values["faults"]} faults");
            foreach (string fault in Lines(values, "fault"))
            {
                Screen.Note(fault);
            }

            return values["faults"] == "0" ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static IEnumerable<JsonNode> MadeOf(string[] lines) => lines.Length < 2
        ? []
        : Csv.Read(string.Join("\r\n", lines), out _).Skip(1).Select(l => (JsonNode)new JsonObject { ["thing"] = l.Cells[0], ["jid"] = l.Cells[1], ["password"] = l.Cells[2], ["claim"] = l.Cells[3] });

    private static IEnumerable<string> Parts(string text)
    {
        var part = new List<string>();
        int chars = 0;
        foreach (string line in text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n'))
        {
            if (part.Count > 0 && (part.Count == PartLines || chars + line.Length > PartChars))
            {
                yield return string.Join('\n', part);
                part.Clear();
                chars = 0;
            }

            part.Add(line);
            chars += line.Length + 1;
        }

        yield return string.Join('\n', part);
    }

    private static async IAsyncEnumerable<IReadOnlyDictionary<string, string>> PagesAsync(HubClient hub, string command, IEnumerable<(string, string?)> query, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        (string, string?)[] fixedPart = [.. query];
        string? after = null;
        do
        {
            IReadOnlyDictionary<string, string> page = await RegistryCommand.RunAsync(hub, command, [.. fixedPart, ("after", after)], cancel);
            yield return page;
            after = page.GetValueOrDefault("next");
        }
        while (!string.IsNullOrEmpty(after));
    }

    private static string[] Lines(IReadOnlyDictionary<string, string> values, string name) => values.GetValueOrDefault(name, string.Empty) is { Length: > 0 } text ? text.Split('\n') : [];
}
