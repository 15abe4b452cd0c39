using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp group list|show|make|change|delete|member|thing</c>: who may do what with which things.</summary>
internal static class GroupCommand
{
    private static readonly string[] Roles = ["viewer", "operator", "administrator", "none"];

    public static Command Create() => new("group", "Groups of things: who sees, controls and maintains them") { List(), Show(), Make(), Change(), Delete(), Member(), Thing() };

    private static Argument<string> Id() => new("GROUP") { Description = "the group's id: 1 to 64 of a-z, 0-9 and -" };

    private static Option<string?> Text(string name, string description, string help = "TEXT") => new(name) { Description = description, HelpName = help };

    private static Command List()
    {
        var command = new Command("list", "List the groups that you are in, or all for an administrator");
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            var rows = new List<(string, string)>();
            string[] page;
            do
            {
                IReadOnlyDictionary<string, string> values = await RegistryCommand.RunAsync(hub, "group-list", [("after", rows.Count > 0 ? rows[^1].Item1 : null)], cancel);
                page = Lines(values, "group");
                rows.AddRange(page.Zip(Lines(values, "name")));
            }
            while (page.Length > 0);
            foreach ((string id, string name) in rows)
            {
                screen.Json(() => new JsonObject { ["event"] = "group", ["group"] = id, ["name"] = name });
            }

            screen.Table(["group", "name"], [.. rows.Select(r => new[] { (r.Item1, (string?)null), (r.Item2, (string?)null) })]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show() => Simple("show", "Show a group's things, and for its administrators its members", "group-show", Id(), []);

    private static Command Make()
    {
        Option<string?> name = Text("--name", "its name for people (default: the id)");
        Option<string?> owner = Text("--owner", "whose it is (default: yours; others only by an administrator)", "JID");
        return Simple("make", "Make a group", "group-make", Id(), [(name, "name", p => p.GetValue(name)), (owner, "owner", p => p.GetValue(owner))]);
    }

    private static Command Change()
    {
        Option<string?> name = Text("--name", "its name for people");
        Option<string?> owner = Text("--owner", "whose it is", "JID");
        return Simple("change", "Rename a group or give it away", "group-change", Id(), [(name, "name", p => p.GetValue(name)), (owner, "owner", p => p.GetValue(owner))]);
    }

    private static Command Delete() => Simple("delete", "Delete a group; its things stay", "group-delete", Id(), []);

    private static Command Member()
    {
        var who = new Argument<string>("WHO") { Description = "an account, or the JID of one elsewhere" };
        var role = new Argument<string>("ROLE") { Description = string.Join(", ", Roles) };
        role.AcceptOnlyFromAmong(Roles);
        var only = new Option<string[]>("--only") { Description = "an operator of these parameters only", HelpName = "PARAMETER", AllowMultipleArgumentsPerToken = true };
        var except = new Option<string[]>("--except") { Description = "an operator of all parameters but these", HelpName = "PARAMETER", AllowMultipleArgumentsPerToken = true };
        string? Names(ParseResult parsed, Option<string[]> option) => parsed.GetValue(option) is { Length: > 0 } names ? string.Join('\n', names) : null;
        return Simple(
            "member", "Say what somebody is in a group", "group-member", Id(),
            [(who, "who", p => p.GetValue(who)), (role, "role", p => p.GetValue(role)), (only, "only", p => Names(p, only)), (except, "except", p => Names(p, except))]);
    }

    private static Command Thing()
    {
        var thing = new Argument<string>("THING") { Description = "the thing's id" };
        var isOut = new Option<bool>("--out") { Description = "take it out" };
        return Simple("thing", "Put a thing of yours into a group that you administer, or take it out", "group-thing", Id(), [(thing, "thing", p => p.GetValue(thing)), (isOut, "in", p => p.GetValue(isOut) ? "0" : "1")]);
    }

    private static Command Simple(string name, string description, string node, Argument<string> id, (Symbol Symbol, string Var, Func<ParseResult, string?> Value)[] more)
    {
        var command = new Command(name, description) { id };
        ClientArguments.Add(command, more.Select(m => m.Symbol));
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            IReadOnlyDictionary<string, string> values = await RegistryCommand.RunAsync(
                hub, node, [("group", parsed.GetValue(id)), .. more.Select(m => (m.Var, m.Var is "who" or "owner" && m.Value(parsed) is { } text && !text.Contains('@', StringComparison.Ordinal) ? $"{text}@{hub.Connection.Jid.Domain}" : m.Value(parsed)))], cancel);
            Tell(screen, parsed.GetValue(id)!, values);
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Tell(Screen screen, string id, IReadOnlyDictionary<string, string> values)
    {
        if (!values.ContainsKey("group"))
        {
            screen.Json(() => new JsonObject { ["event"] = "group-gone", ["group"] = id });
            screen.Line($"{id}: nothing of it is yours any more");
            return;
        }

        screen.Json(() => new JsonObject
        {
            ["event"] = "group",
            ["group"] = values["group"],
            ["name"] = values.GetValueOrDefault("name"),
            ["owner"] = values.GetValueOrDefault("owner"),
            ["role"] = values.GetValueOrDefault("role"),
            ["things"] = new JsonArray([.. Lines(values, "thing").Select(t => (JsonNode)t)]),
            ["members"] = values.ContainsKey("member") ? new JsonArray([.. Lines(values, "member").Select(m => (JsonNode)m)]) : null,
        });
        screen.Line($"{values["group"]}: {values.GetValueOrDefault("name")}, {(values.TryGetValue("owner", out string? owner) ? "owned by " + owner : "nobody's")}{(values.TryGetValue("role", out string? role) ? $", you are {role}" : string.Empty)}");
        foreach (string thing in Lines(values, "thing"))
        {
            screen.Line($"  thing {thing}");
        }

        foreach (string member in Lines(values, "member"))
        {
            screen.Line($"  member {member}");
        }
    }

    private static string[] Lines(IReadOnlyDictionary<string, string> values, string name) => values.GetValueOrDefault(name, string.Empty) is { Length: > 0 } text ? text.Split('\n') : [];
}
