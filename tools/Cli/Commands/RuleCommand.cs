using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Hub.Features.Alerts;
using Element = IotXmpp.Xml.Element;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp rule list|show|add|test|enable|disable|remove</c>: the rules of alerts.</summary>
internal static class RuleCommand
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    public static Command Create() => new("rule", "Make the rules of alerts, and test them over history") { List(), Show(), Add(), Test(), Enable(true), Enable(false), Remove() };

    private static Command List()
    {
        var command = new Command("list", "List the rules that you may see");
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            JsonObject[] rules = [.. AlertRequest.First(await AlertRequest.AskAsync(hub, "get", AlertRequest.Of("rules"), cancel)).Children().Select(Document)];
            foreach (JsonObject rule in rules)
            {
                screen.Json(() => With(rule, "rule"));
            }

            if (rules.Length == 0)
            {
                screen.Line("There are no rules. Make one with: iotxmpp rule add FILE");
                return ExitCode.Ok;
            }

            screen.Table(
                ["ID", "CONDITION", "SEVERITY", "WATCHED", "AUTHOR", "NAME"],
                [.. rules.Select(r => new (string, string?)[]
                {
                    (Text(r["id"]), "bold"), (Text(r["when"]?["kind"]), null), (Text(r["severity"]), null), (r["enabled"]?.GetValue<bool>() == true ? "yes" : "no", null), (Text(r["author"]), null), (Text(r["name"]), null),
                })]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Show()
    {
        Argument<string> id = Id();
        var command = new Command("show", "Show a rule as its document; secrets are not shown") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            JsonObject rule = Document(AlertRequest.First(await AlertRequest.AskAsync(hub, "get", AlertRequest.Of("rule").Set("id", parsed.GetValue(id)!), cancel)));
            screen.Json(() => With(rule, "rule"));
            screen.Line(rule.ToJsonString(s_indented));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Add()
    {
        Argument<string> file = FileOf();
        var command = new Command("add", "Make a rule, or change yours, by its document") { file };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            string document = await AlertRequest.ReadAsync(parsed.GetValue(file)!, cancel);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            JsonObject rule = Document(AlertRequest.First(await AlertRequest.AskAsync(hub, "set", AlertRequest.Of("rule", document), cancel)));
            screen.Json(() => With(rule, "rule-added"));
            screen.Line($"The rule {Text(rule["id"])} is watched now (revision {Text(rule["revision"])}).");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Test()
    {
        Argument<string> file = FileOf();
        Option<TimeSpan> last = Durations.Option("--last", "how far back from now", TimeSpan.FromDays(1));
        var command = new Command("test", "Run a rule over history: what it would have done; nobody is told of anything") { file, last };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            string document = await AlertRequest.ReadAsync(parsed.GetValue(file)!, cancel);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            DateTimeOffset now = DateTimeOffset.UtcNow;
            Element test = AlertRequest.First(await AlertRequest.AskAsync(hub, "get", AlertRequest.Of("test", document).Set("start", Words.Stamp(now - parsed.GetValue(last))).Set("end", Words.Stamp(now)), cancel));
            Element[] alerts = [.. test.Children()];
            foreach (Element alert in alerts)
            {
                screen.Json(() => new JsonObject { ["event"] = "tested-alert", ["thing"] = alert.Attribute("thing"), ["raised"] = alert.Attribute("raised"), ["cleared"] = alert.Attribute("cleared"), ["value"] = alert.Attribute("value"), ["text"] = alert.Text });
            }

            if (alerts.Length > 0)
            {
                screen.Table(
                    ["RAISED", "OVER", "THING", "TEXT"],
                    [.. alerts.Select(a => new (string, string?)[] { (AlertRequest.Moment(a, "raised", now), null), (AlertRequest.Moment(a, "cleared", now), null), (a.Attribute("thing") ?? "", "bold"), (a.Text, null) })]);
            }

            screen.Json(() => new JsonObject { ["event"] = "rule-tested", ["alerts"] = alerts.Length, ["things"] = test.Attribute("things"), ["leftOut"] = test.Attribute("left-out"), ["judged"] = test.Attribute("judged"), ["cut"] = test.Attribute("cut") == "true" });
            screen.Line($"{alerts.Length} alerts of {test.Attribute("things")} things by {test.Attribute("judged")} samples and states{(test.Attribute("left-out") is not ("0" or null) ? $"; {test.Attribute("left-out")} things were left out" : string.Empty)}{(test.Attribute("cut") == "true" ? "; it was too much for one test" : string.Empty)}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Enable(bool on)
    {
        Argument<string> id = Id();
        var command = new Command(on ? "enable" : "disable", on ? "Watch a rule" : "Watch a rule no more; its open alerts are over") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            JsonObject rule = Document(AlertRequest.First(await AlertRequest.AskAsync(hub, "set", AlertRequest.Of("enable").Set("id", parsed.GetValue(id)!).Set("value", on ? "true" : "false"), cancel)));
            screen.Json(() => With(rule, on ? "rule-enabled" : "rule-disabled"));
            screen.Line($"The rule {Text(rule["id"])} is {(on ? "watched" : "off")}.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Remove()
    {
        Argument<string> id = Id();
        var command = new Command("remove", "Remove a rule; its open alerts are over") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            await AlertRequest.AskAsync(hub, "set", AlertRequest.Of("remove-rule").Set("id", parsed.GetValue(id)!), cancel);
            screen.Json(() => new JsonObject { ["event"] = "rule-removed", ["id"] = parsed.GetValue(id) });
            screen.Line($"The rule {parsed.GetValue(id)} is removed.");
            return ExitCode.Ok;
        });
        return command;
    }

    internal static JsonObject Document(Element element) => JsonNode.Parse(AlertRequest.DocumentOf(element)) as JsonObject ?? [];

    internal static JsonObject With(JsonObject document, string happened)
    {
        var json = new JsonObject { ["event"] = happened };
        foreach ((string name, JsonNode? value) in document)
        {
            json[name] = value?.DeepClone();
        }

        return json;
    }

    internal static string Text(JsonNode? node) => node?.ToString() ?? string.Empty;

    internal static Argument<string> FileOf() => new("FILE") { Description = "a file with the document (JSON); - for standard input" };

    private static Argument<string> Id() => new("RULE") { Description = "the rule's id" };
}
