using System.CommandLine;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp things</c>: who is there, since when, and why not.</summary>
internal static class ThingsCommand
{
    public static Command Create()
    {
        var names = new Argument<string[]>("THING") { Description = "only these; all without", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("things", "List the things: state, since when, why, firmware, signal, battery") { names };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => RunAsync(client, parsed, parsed.GetValue(names) ?? [], cancel));
        return command;
    }

    private static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, string[] names, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        var fleet = new Fleet(TimeProvider.System);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel, fleet.Attach);
        using (Screen.Wait("asking for the things"))
        {
            await fleet.LoadAsync(hub, cancel);
            await hub.Connection.SendPresenceAsync(null, null, cancel);
            await fleet.CompleteAsync(hub, cancel);
        }

        IReadOnlyList<ThingView> things = fleet.Things;
        if (names.Length > 0)
        {
            things = [.. names.Select(n => hub.ThingOf(n).Bare).Distinct().Select(jid => things.FirstOrDefault(t => t.Jid.Equals(jid))
                ?? throw new CliException(ExitCode.NotFound, $"you see no thing {jid.Local}; `iotxmpp things` lists those you see"))];
        }

        foreach (ThingView thing in things)
        {
            screen.Json(() => thing.ToJson("thing"));
        }

        if (things.Count == 0)
        {
            screen.Line("You see no things yet. Make one with: iotxmpp account add NAME --thing");
            return ExitCode.Ok;
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        screen.Table(
            ["THING", "STATE", "SINCE", "WHY", "FIRMWARE", "SIGNAL", "BATTERY"],
            [.. things.Select(t => new (string, string?)[]
            {
                (t.Id, null),
                (t.StateText(now), t.Style),
                (t.Since is { } since ? $"{Words.Moment(since, now)} ({Words.Span(now - since)})" : "–", null),
                (t.Gateway is null ? t.Reason ?? "–" : $"{(t.Reason is null ? string.Empty : t.Reason + ", ")}via {t.Gateway}", null),
                (t.Firmware ?? "–", null),
                (t.Rssi is { } rssi ? $"{rssi} dBm" : "–", null),
                (t.Battery is { } battery ? $"{battery} %" : "–", null),
            })]);
        return ExitCode.Ok;
    }
}
