using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using Element = IotXmpp.Xml.Element;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp maintenance list|add|remove</c>: the times in which nobody is told of alerts.</summary>
internal static class MaintenanceCommand
{
    public static Command Create() => new("maintenance", "Make times in which nobody is told of alerts") { List(), Add(), Remove() };

    private static Command List()
    {
        var command = new Command("list", "List your maintenance windows");
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            Element[] windows = [.. AlertRequest.First(await AlertRequest.AskAsync(hub, "get", AlertRequest.Of("windows"), cancel)).Children()];
            foreach (Element window in windows)
            {
                screen.Json(() =>
                {
                    JsonObject json = RuleCommand.With(RuleCommand.Document(window), "window");
                    json["openUntil"] = window.Attribute("open-until");
                    return json;
                });
            }

            if (windows.Length == 0)
            {
                screen.Line("There are no maintenance windows. Make one with: iotxmpp maintenance add FILE");
                return ExitCode.Ok;
            }

            DateTimeOffset now = DateTimeOffset.UtcNow;
            screen.Table(
                ["ID", "NOW", "WHEN", "NAME"],
                [.. windows.Select(w => (Window: w, Document: RuleCommand.Document(w))).Select(w => new (string, string?)[]
                {
                    (w.Window.Attribute("id") ?? "", "bold"), (w.Window.Attribute("open-until") is null ? "closed" : "open until " + AlertRequest.Moment(w.Window, "open-until", now), null),
                    ((w.Document["once"] ?? w.Document["weekly"])?.ToJsonString() ?? "", null), (RuleCommand.Text(w.Document["name"]), null),
                })]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Add()
    {
        Argument<string> file = RuleCommand.FileOf();
        var command = new Command("add", "Make a maintenance window, or change yours, by its document") { file };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            string document = await AlertRequest.ReadAsync(parsed.GetValue(file)!, cancel);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            JsonObject window = RuleCommand.Document(AlertRequest.First(await AlertRequest.AskAsync(hub, "set", AlertRequest.Of("window", document), cancel)));
            screen.Json(() => RuleCommand.With(window, "window-added"));
            screen.Line($"The window {RuleCommand.Text(window["id"])} is set.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Remove()
    {
        var id = new Argument<string>("WINDOW") { Description = "the window's id" };
        var command = new Command("remove", "Remove a maintenance window; what waited for its end is told now") { id };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            await AlertRequest.AskAsync(hub, "set", AlertRequest.Of("remove-window").Set("id", parsed.GetValue(id)!), cancel);
            screen.Json(() => new JsonObject { ["event"] = "window-removed", ["id"] = parsed.GetValue(id) });
            screen.Line($"The window {parsed.GetValue(id)} is removed.");
            return ExitCode.Ok;
        });
        return command;
    }
}
