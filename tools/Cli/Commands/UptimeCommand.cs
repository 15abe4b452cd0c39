using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp uptime THING</c>: how a thing was, step by step, and how reliable.</summary>
internal static class UptimeCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id" };
        Option<TimeSpan> last = Durations.Option("--last", "how far back from now", TimeSpan.FromDays(1));
        var command = new Command("uptime", "Show when a thing was online, asleep, overdue or lost, and why") { name, last };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => RunAsync(client, parsed, parsed.GetValue(name)!, parsed.GetValue(last), cancel));
        return command;
    }

    private static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, string name, TimeSpan last, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        string id = hub.IdOf(name);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Element answer;
        try
        {
            answer = await hub.AskAsync("get", hub.Things, new Element(Ns.Thing, "liveness").Set("thing", id).Set("start", Words.Stamp(now - last)).Set("end", Words.Stamp(now)), cancel);
        }
        catch (StanzaException e) when (e.Error.Condition is "service-unavailable" or "feature-not-implemented")
        {
            throw new CliException(ExitCode.Failed, $"{hub.Things} does not keep how things were");
        }
        catch (StanzaException e) when (e.Error.Condition == "forbidden")
        {
            throw new CliException(ExitCode.Forbidden, $"{id}: there is no such thing, or you may not see it");
        }
        catch (StanzaException e) when (e.Error.Condition == "item-not-found")
        {
            throw new CliException(ExitCode.NotFound, $"{id} was never there");
        }

        if (answer.Child(Ns.Thing, "liveness") is not { } liveness)
        {
            throw new CliException(ExitCode.Failed, $"{hub.Things} gave an answer that is none");
        }

        (long known, long up) = (Number("known"), Number("up"));
        string ratio = known > 0 ? (100.0 * up / known).ToString(up == known ? "0" : "0.0##", CultureInfo.InvariantCulture) + " %" : "unknown";
        foreach (Element step in liveness.Children().Where(c => c.Name == "step"))
        {
            screen.Json(() => JsonOf(step, "step"));
            if (ThingView.TryTime(step.Attribute("at"), out DateTimeOffset at))
            {
                screen.Line(($"{Words.Moment(at, now),-16}  ", "dim"), (TextOf(step), StyleOf(step.Attribute("state"))));
            }
        }

        screen.Json(() =>
        {
            JsonObject json = JsonOf(liveness, "uptime");
            json["known"] = known;
            json["up"] = up;
            json["losses"] = Number("losses");
            json["interruptions"] = Number("interruptions");
            json["flapping"] = liveness.Attribute("flapping") == "true";
            return json;
        });
        screen.Line(
            (id, "bold"), ($" is {TextOf(liveness)}; up {ratio} of {Words.Span(TimeSpan.FromSeconds(known))} known, lost {Number("losses")} times, interrupted {Number("interruptions")} times", null),
            (liveness.Attribute("flapping") == "true" ? "; it flaps" : string.Empty, "yellow"));
        return ExitCode.Ok;

        long Number(string attribute) => long.TryParse(liveness.Attribute(attribute), CultureInfo.InvariantCulture, out long number) ? number : 0;
    }

    private static string TextOf(Element step)
    {
        string state = step.Attribute("state") ?? string.Empty;
        string until = ThingView.TryTime(step.Attribute("until"), out DateTimeOffset time) ? $" until {Words.Clock(time)}" : string.Empty;
        return step.Attribute("reason") is { Length: > 0 } reason ? $"{state} ({reason})" : state + until;
    }

    private static string? StyleOf(string? state) => state switch
    {
        "online" => "green",
        "sleeping" => "blue",
        "resuming" => "yellow",
        _ => "red",
    };

    private static JsonObject JsonOf(Element element, string kind)
    {
        var json = new JsonObject { ["event"] = kind };
        foreach (string name in (string[])["thing", "at", "state", "since", "reason", "until"])
        {
            if (element.Attribute(name) is { } value)
            {
                json[name] = value;
            }
        }

        return json;
    }
}
