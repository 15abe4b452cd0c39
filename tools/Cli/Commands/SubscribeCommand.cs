using System.CommandLine;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp subscribe THING</c>: its samples as they come, the last one first (XEP-0060 §6.1).</summary>
internal static class SubscribeCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("THING") { Description = "the thing's id, or its JID" };
        var length = Durations.Optional("--for", "end after this time");
        var count = new Option<int?>("--count") { Description = "end after so many samples", HelpName = "N" };
        var off = new Option<bool>("--off") { Description = "end the subscription of your account, which otherwise stays" };
        count.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out int n) || n < 1))
            {
                result.AddError($"--count is a number from 1 on, not '{result.Tokens[0].Value}'");
            }
        });
        var command = new Command("subscribe", "Show the samples of a thing as they come, the last one first, until Ctrl-C") { name, length, count, off };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => parsed.GetValue(off)
            ? EndAsync(client, parsed, parsed.GetValue(name)!, cancel)
            : WatchCommand.RunAsync(client, parsed, new WatchCommand.Wanted([parsed.GetValue(name)!], false, parsed.GetValue(count), parsed.GetValue(length)), cancel));
        return command;
    }

    private static async Task<int> EndAsync(ClientArguments client, ParseResult parsed, string name, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        await using HubClient hub = await client.ConnectAsync(parsed, available: false, cancel);
        Jid thing = hub.ThingOf(name);
        try
        {
            await hub.Connection.UnsubscribeNodeAsync(hub.PubSub, HubClient.TelemetryNode(thing), cancel);
        }
        catch (StanzaException e)
        {
            throw new CliException(
                e.Error.Condition is "unexpected-request" or "item-not-found" ? ExitCode.NotFound : Errors.CodeOf(e.Error), $"no subscription of {thing.Local} was ended: {Errors.Describe(e.Error)}");
        }

        screen.Json(() => new() { ["event"] = "unsubscribed", ["thing"] = thing.Local });
        screen.Line($"{thing.Local}: subscription ended");
        return ExitCode.Ok;
    }
}
