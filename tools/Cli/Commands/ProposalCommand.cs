using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp proposal list|confirm|reject</c>: commands that programs propose; nothing is done until somebody who may control the thing confirms.</summary>
internal static class ProposalCommand
{
    private const string Namespace = "urn:iotxmpp:proposals:1#";

    public static Command Create() => new("proposal", "Commands that programs propose, and you decide") { List(), Confirm(), Reject() };

    private static Command List()
    {
        var command = new Command("list", "List what is proposed and not decided");
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => ListAsync(client, parsed, cancel));
        return command;
    }

    private static Command Confirm()
    {
        var id = new Argument<string>("ID") { Description = "its id in the list, which says what is done" };
        var command = new Command("confirm", "Give the proposed command to its thing, exactly as the list shows it") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            IReadOnlyDictionary<string, string> done = await DecideAsync(hub, "confirm", parsed.GetValue(id)!, cancel);
            screen.Json(() => new JsonObject { ["event"] = "proposal-confirmed", ["id"] = parsed.GetValue(id), ["command"] = done.GetValueOrDefault("command"), ["action"] = done.GetValueOrDefault("action") });
            screen.Line($"given: {done.GetValueOrDefault("action")} (command {done.GetValueOrDefault("command")})");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Reject()
    {
        var id = new Argument<string>("ID") { Description = "its id in the list" };
        var command = new Command("reject", "Reject it: nothing is done") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            await DecideAsync(hub, "reject", parsed.GetValue(id)!, cancel);
            screen.Json(() => new JsonObject { ["event"] = "proposal-rejected", ["id"] = parsed.GetValue(id) });
            screen.Line($"proposal {parsed.GetValue(id)} is rejected; nothing was done");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Task<IReadOnlyDictionary<string, string>> DecideAsync(HubClient hub, string what, string id, CancellationToken cancel) =>
        AdHocCommand.RunAsync(hub, TokenCommand.DomainOf(hub), Namespace + what, new Dictionary<string, string>(StringComparer.Ordinal) { ["id"] = id }, cancel);

    private static async Task<int> ListAsync(ClientArguments client, ParseResult parsed, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        IReadOnlyDictionary<string, string> fields = await AdHocCommand.RunAsync(hub, TokenCommand.DomainOf(hub), Namespace + "list", new Dictionary<string, string>(), cancel);
        var rows = new List<(string, string?)[]>();
        foreach ((string key, string text) in fields.Where(f => f.Key.StartsWith("proposal#", StringComparison.Ordinal)))
        {
            string id = key["proposal#".Length..];
            string[] parts = text.Split('\n');
            if (parts.Length < 4)
            {
                continue;
            }

            screen.Json(() => new JsonObject { ["event"] = "proposal", ["id"] = id, ["action"] = parts[0], ["account"] = parts[1], ["expires"] = parts[2], ["reason"] = parts[3].Length > 0 ? parts[3] : null });
            rows.Add([(id, "bold"), (parts[0], null), (parts[1], null), (parts[2], "dim"), (parts[3].Length > 0 ? parts[3] : "–", "dim")]);
        }

        if (rows.Count == 0)
        {
            screen.Line("Nothing is proposed.");
        }
        else if (!screen.IsJson)
        {
            screen.Table(["ID", "WHAT IS DONE", "BY A PROGRAM OF", "UNTIL", "IT SAYS"], rows);
        }

        return ExitCode.Ok;
    }
}
