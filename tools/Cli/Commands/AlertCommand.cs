using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using Element = IotXmpp.Xml.Element;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp alert list|ack|silence|deliveries|again</c>: what rules have raised, and how it got to people.</summary>
internal static class AlertCommand
{
    public static Command Create() => new("alert", "Show alerts, acknowledge and silence them") { List(), Acknowledge(), Silence(), Deliveries(), Again() };

    private static Command List()
    {
        var thing = new Argument<string?>("THING") { Description = "only those of this thing", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "those that are over too" };
        var most = new Option<int?>("--max") { Description = "the newest so many (default 50)", HelpName = "N" };
        var command = new Command("list", "List the open alerts of the things that you see, the newest first") { thing, all, most };
        var client = new ClientArguments(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(most) is < 1 or > 10_000)
            {
                result.AddError("--max is 1 to 10000");
            }
        });
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            string? id = parsed.GetValue(thing) is { } name ? hub.IdOf(name) : null;
            List<Element> alerts = await PagesAsync(hub, "alerts", parsed.GetValue(most) ?? 50, r => r.Set("state", parsed.GetValue(all) ? "all" : "open").Set("thing", id), cancel);
            foreach (Element alert in alerts)
            {
                screen.Json(() => JsonOf(alert, "alert"));
            }

            if (alerts.Count == 0)
            {
                screen.Line(parsed.GetValue(all) ? "There were no alerts." : "There are no open alerts.");
                return ExitCode.Ok;
            }

            DateTimeOffset now = DateTimeOffset.UtcNow;
            screen.Table(
                ["ID", "SEVERITY", "STATE", "RAISED", "THING", "BY", "TEXT"],
                [.. alerts.Select(a => new (string, string?)[]
                {
                    (a.Attribute("id") ?? "", "bold"), (a.Attribute("severity") ?? "", StyleOf(a)), (a.Attribute("state") ?? "", null), (AlertRequest.Moment(a, "raised", now), null), (a.Attribute("thing") ?? "", null),
                    (a.Attribute("acknowledged-by") ?? "–", null), (a.Text, null),
                })]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Acknowledge()
    {
        Argument<long> id = Id();
        Option<string?> note = Note();
        var command = new Command("ack", "Say that you look after an alert") { id, note };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => OnAlertAsync(client, parsed, AlertRequest.Of("acknowledge").Set("id", Text(parsed.GetValue(id))).Set("note", parsed.GetValue(note) ?? string.Empty), "alert-acknowledged", a => $"{a.Text}: acknowledged", cancel));
        return command;
    }

    private static Command Silence()
    {
        Argument<long> id = Id();
        Option<string?> note = Note();
        Option<TimeSpan> time = Durations.Option("--for", "how long", TimeSpan.FromHours(8));
        var end = new Option<bool>("--end") { Description = "end the silence" };
        var command = new Command("silence", "Have nobody told of this rule, thing and field for a while") { id, time, end, note };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) =>
        {
            DateTimeOffset until = DateTimeOffset.UtcNow + (parsed.GetValue(end) ? TimeSpan.Zero : parsed.GetValue(time));
            return OnAlertAsync(
                client, parsed, AlertRequest.Of("silence").Set("id", Text(parsed.GetValue(id))).Set("until", Words.Stamp(until)).Set("note", parsed.GetValue(note) ?? string.Empty), "alert-silenced",
                a => a.Attribute("silenced-until") is { } at ? $"{a.Text}: silent until {at}" : $"{a.Text}: not silent", cancel);
        });
        return command;
    }

    private static Command Deliveries()
    {
        var state = new Option<string?>("--state") { Description = "only those that are waiting, sent, failed, suppressed or refused", HelpName = "STATE" };
        state.AcceptOnlyFromAmong("waiting", "sent", "failed", "suppressed", "refused");
        var command = new Command("deliveries", "Show how alerts got to people: yours, and those of your rules") { state };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            List<Element> deliveries = await PagesAsync(hub, "deliveries", 200, r => r.Set("state", parsed.GetValue(state)), cancel);
            foreach (Element delivery in deliveries)
            {
                screen.Json(() => JsonOf(delivery, "delivery"));
            }

            if (deliveries.Count == 0)
            {
                screen.Line("There are none.");
                return ExitCode.Ok;
            }

            DateTimeOffset now = DateTimeOffset.UtcNow;
            screen.Table(
                ["ID", "ALERT", "EVENT", "STATE", "ATTEMPTS", "MADE", "TO", "ANSWER"],
                [.. deliveries.Select(d => new (string, string?)[]
                {
                    (d.Attribute("id") ?? "", "bold"), (d.Attribute("alert") ?? "", null), (d.Attribute("event") ?? "", null), (d.Attribute("state") ?? "", d.Attribute("state") == "failed" ? "red" : null),
                    (d.Attribute("attempts") ?? "", null), (AlertRequest.Moment(d, "created", now), null), ($"{d.Attribute("channel")} {d.Attribute("address")}", null), (d.Attribute("answer") ?? "–", null),
                })]);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Again()
    {
        Argument<long> id = new("DELIVERY") { Description = "its number: iotxmpp alert deliveries --state failed" };
        var command = new Command("again", "Send a delivery again that was given up") { id };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => OnAlertAsync(client, parsed, AlertRequest.Of("again").Set("id", Text(parsed.GetValue(id))), "delivery-again", d => $"delivery {d.Attribute("id")} is on its way again", cancel));
        return command;
    }

    private static async Task<int> OnAlertAsync(ClientArguments client, ParseResult parsed, Element request, string happened, Func<Element, string> says, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        Element answer = AlertRequest.First(await AlertRequest.AskAsync(hub, "set", request, cancel));
        screen.Json(() => JsonOf(answer, happened));
        screen.Line(says(answer));
        return ExitCode.Ok;
    }

    private static async Task<List<Element>> PagesAsync(HubClient hub, string name, int most, Action<Element> fill, CancellationToken cancel)
    {
        var found = new List<Element>();
        string? before = null;
        do
        {
            Element request = AlertRequest.Of(name).Set("before", before).Set("max", Text(Math.Min(200, most - found.Count)));
            fill(request);
            Element page = AlertRequest.First(await AlertRequest.AskAsync(hub, "get", request, cancel));
            found.AddRange(page.Children());
            before = page.Attribute("next");
        }
        while (before is not null && found.Count < most);
        return found;
    }

    private static Argument<long> Id() => new("ALERT") { Description = "its number: iotxmpp alert list" };

    private static Option<string?> Note() => new("--note") { Description = "what you have to say", HelpName = "TEXT" };

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? StyleOf(Element alert) => alert.Attribute("state") == "cleared" ? "dim" : alert.Attribute("severity") switch
    {
        "critical" => "red",
        "warning" => "yellow",
        _ => null,
    };

    private static JsonObject JsonOf(Element element, string kind)
    {
        var json = new JsonObject { ["event"] = kind };
        for (int i = 0; i < element.AttributeCount; i++)
        {
            string name = element.AttributeNameAt(i);
            string value = element.AttributeValueAt(i);
            json[name == "event" ? "what" : name] = name is "id" or "alert" or "attempts" && long.TryParse(value, CultureInfo.InvariantCulture, out long number) ? number : value;
        }

        if (element.Text.Length > 0)
        {
            json["text"] = element.Text;
        }

        return json;
    }
}
