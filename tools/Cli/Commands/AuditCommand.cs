using System.CommandLine;
using System.Globalization;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp audit</c>: who commanded what, when, and what came of it.</summary>
internal static class AuditCommand
{
    private static readonly string[] Header = ["AT", "THING", "BY", "WHAT", "OUTCOME", "WHY", "ID"];

    public static Command Create()
    {
        var thing = new Option<string?>("--thing") { Description = "what was commanded to this thing", HelpName = "ID" };
        var by = new Option<string?>("--by") { Description = "what this person commanded, such as alice@example.org", HelpName = "JID" };
        var state = new Option<string?>("--outcome") { Description = "queued, sent, done, failed, expired or cancelled", HelpName = "STATE" };
        var way = new Option<string?>("--way") { Description = "queue, direct or ad-hoc", HelpName = "WAY" };
        Option<TimeSpan?> last = Durations.Optional("--last", "how far back from now");
        var max = new Option<int>("--max") { Description = "how many, the newest (default 50)", DefaultValueFactory = _ => 50, HelpName = "N" };
        var command = new Command("audit", "Show who commanded what, when, and what came of it") { thing, by, state, way, last, max };
        var client = new ClientArguments(command);
        command.SetAction(async (parsed, cancel) =>
        {
            Screen screen = client.ScreenOf(parsed);
            await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
            var request = new Element(Ns.Command, "commands");
            foreach ((string name, string? value) in new[] { ("thing", parsed.GetValue(thing) is { } id ? hub.IdOf(id) : null), ("by", parsed.GetValue(by)), ("state", parsed.GetValue(state)), ("way", parsed.GetValue(way)) })
            {
                if (value is not null)
                {
                    request.Set(name, value);
                }
            }

            if (parsed.GetValue(last) is { } span)
            {
                request.Set("start", Words.Stamp(DateTimeOffset.UtcNow - span));
            }

            return await PrintAsync(hub, screen, request, parsed.GetValue(max), Header, cancel);
        });
        return command;
    }

    /// <summary>Asks page by page, and prints.</summary>
    public static async Task<int> PrintAsync(HubClient hub, Screen screen, Element request, int max, string[] header, CancellationToken cancel)
    {
        var found = new List<CommandView>();
        string? cursor = null;
        do
        {
            var page = new Element(Ns.Command, "commands");
            foreach (string name in (string[])["thing", "by", "state", "way", "start"])
            {
                if (request.Attribute(name) is { } value)
                {
                    page.Set(name, value);
                }
            }

            var set = new Element(Ns.Rsm, "set");
            set.Add("max").Text = Math.Clamp(max - found.Count, 1, 100).ToString(CultureInfo.InvariantCulture);
            if (cursor is not null)
            {
                set.Add("after").Text = cursor;
            }

            page.Add(set);
            Element answer;
            try
            {
                answer = await hub.AskAsync("get", hub.Things, page, cancel);
            }
            catch (StanzaException e)
            {
                throw e.Error.Condition switch
                {
                    "service-unavailable" or "feature-not-implemented" => new CliException(ExitCode.Failed, $"{hub.Things} keeps no commands"),
                    "forbidden" => new CliException(ExitCode.Forbidden, $"{request.Attribute("thing")}: there is no such thing, or you may not see it"),
                    "bad-request" => new CliException(ExitCode.Usage, "the hub does not understand what is wanted: a state is queued, sent, done, failed, expired or cancelled, a way queue, direct or ad-hoc, a person name@domain"),
                    _ => new CliException(Errors.CodeOf(e.Error), Errors.Describe(e.Error)),
                };
            }

            Element? list = answer.Child(Ns.Command, "commands");
            found.AddRange((list?.Children() ?? []).Where(c => c.Name == "command").Select(c => new CommandView(c)));
            cursor = list?.Child(Ns.Rsm, "set")?.ChildText("last");
        }
        while (cursor is not null && found.Count < max);

        DateTimeOffset now = DateTimeOffset.UtcNow;
        foreach (CommandView view in found)
        {
            screen.Json(view.ToJson);
        }

        if (!screen.IsJson)
        {
            screen.Table(header, [.. found.Select(v => v.Row(now))]);
        }

        return ExitCode.Ok;
    }
}
