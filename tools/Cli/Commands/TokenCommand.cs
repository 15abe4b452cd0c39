using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Hub.Features.ApiTokens;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp token create|list|revoke</c>: API tokens of the account that is logged in, by the commands of the hub (an administrator sees and ends those of others).</summary>
internal static class TokenCommand
{
    private const string Namespace = "urn:iotxmpp:tokens:1#";

    public static Command Create() => new("token", "API tokens for REST and the Model Context Protocol (over XMPP: the hub may be anywhere)") { New(), List(), Revoke() };

    private static Command New()
    {
        var name = new Argument<string>("NAME") { Description = "a name for people, such as the program that will use it" };
        var scopes = new Option<string[]>("--scope")
        {
            Description = "what it is good for, may be given several times or with commas: " + string.Join(", ", ApiScope.All.Select(s => s.Scope)) + "; alerts:* is all of a family",
            HelpName = "SCOPE",
            Required = true,
            AllowMultipleArgumentsPerToken = false,
        };
        var days = new Option<int?>("--days") { Description = "days until it ends (default: the hub's setting, 90)" };
        var command = new Command("create", "Make a token; it is shown this once") { name, scopes, days };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => CreateAsync(client, parsed, parsed.GetValue(name)!, parsed.GetValue(scopes)!, parsed.GetValue(days), cancel));
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the tokens: what for, until when, last used");
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => ListAsync(client, parsed, cancel));
        return command;
    }

    private static Command Revoke()
    {
        var id = new Argument<string>("ID") { Description = "its id in the list" };
        var command = new Command("revoke", "End a token: who uses it is refused at once") { id };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => RevokeAsync(client, parsed, parsed.GetValue(id)!, cancel));
        return command;
    }

    private static async Task<int> CreateAsync(ClientArguments client, ParseResult parsed, string name, string[] scopes, int? days, CancellationToken cancel)
    {
        if (!ApiScope.TryRead(scopes.SelectMany(s => s.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)), out string[]? wanted, out string? unknown))
        {
            throw new CliException(ExitCode.Usage, $"there is no scope '{unknown}'; there are {string.Join(", ", ApiScope.All.Select(s => s.Scope))}");
        }

        Screen screen = client.ScreenOf(parsed);
        var values = new Dictionary<string, string>(StringComparer.Ordinal) { ["name"] = name, ["scopes"] = string.Join('\n', wanted) };
        if (days is { } number)
        {
            values["days"] = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        IReadOnlyDictionary<string, string> made = await AdHocCommand.RunAsync(hub, DomainOf(hub), Namespace + "create", values, cancel);
        screen.Json(() => new JsonObject { ["event"] = "token-created", ["id"] = made["id"], ["token"] = made["token"], ["scopes"] = new JsonArray([.. wanted.Select(s => (JsonNode)s)]), ["expires"] = made["expire"] });
        screen.Line($"{made["token"]} (shown this once; id {made["id"]}, until {made["expire"]})");
        return ExitCode.Ok;
    }

    private static async Task<int> ListAsync(ClientArguments client, ParseResult parsed, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        IReadOnlyDictionary<string, string> fields = await AdHocCommand.RunAsync(hub, DomainOf(hub), Namespace + "list", new Dictionary<string, string>(), cancel);
        var rows = new List<(string, string?)[]>();
        foreach ((string key, string text) in fields.Where(f => f.Key.StartsWith("token#", StringComparison.Ordinal)))
        {
            string id = key["token#".Length..];
            string[] parts = text.Split('\n');
            if (parts.Length < 5)
            {
                continue;
            }

            screen.Json(() => new JsonObject
            {
                ["event"] = "token",
                ["id"] = id,
                ["name"] = parts[0],
                ["account"] = parts[1],
                ["scopes"] = new JsonArray([.. parts[2].Split(' ').Select(s => (JsonNode)s)]),
                ["expires"] = parts[3],
                ["used"] = parts[4].Length > 0 ? parts[4] : null,
            });
            rows.Add([(id, "bold"), (parts[0], null), (parts[1], null), (parts[2], null), (parts[3], "dim"), (parts[4].Length > 0 ? parts[4] : "never", "dim")]);
        }

        if (rows.Count == 0)
        {
            screen.Line("There are no tokens. Make one with: iotxmpp token create NAME --scope things:read");
        }
        else if (!screen.IsJson)
        {
            screen.Table(["ID", "NAME", "ACCOUNT", "SCOPES", "UNTIL", "USED"], rows);
        }

        return ExitCode.Ok;
    }

    private static async Task<int> RevokeAsync(ClientArguments client, ParseResult parsed, string id, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        await AdHocCommand.RunAsync(hub, DomainOf(hub), Namespace + "revoke", new Dictionary<string, string>(StringComparer.Ordinal) { ["id"] = id }, cancel);
        screen.Json(() => new JsonObject { ["event"] = "token-revoked", ["id"] = id });
        screen.Line($"token {id} is revoked");
        return ExitCode.Ok;
    }

    internal static Jid DomainOf(HubClient hub) => new(string.Empty, hub.Connection.Jid.Domain, string.Empty);
}
