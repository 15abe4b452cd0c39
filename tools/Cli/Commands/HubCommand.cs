using System.CommandLine;
using System.Net;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Output;
using IotXmpp.Hub.Server;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp hub run</c>: the hub alone.</summary>
internal static class HubCommand
{
    public static Command Create()
    {
        var run = new Command("run", "Run the hub until Ctrl-C or SIGTERM; prints `ready` when it accepts clients");
        var hub = new HubArguments(run, "iotxmpp-data", "*");
        Option<bool> json = ClientArguments.JsonOption();
        run.Options.Add(json);
        run.SetAction((parsed, cancel) => RunAsync(hub, parsed, new Screen(parsed.GetValue(json)), cancel));
        return new Command("hub", "The hub itself") { run };
    }

    private static async Task<int> RunAsync(HubArguments arguments, ParseResult parsed, Screen screen, CancellationToken cancel)
    {
        await using HubServer server = await HubArguments.StartAsync(arguments.Settings(parsed), cancel);
        if (server.Administrator is { } first)
        {
            screen.Json(() => new JsonObject { ["event"] = "administrator", ["jid"] = first.Jid, ["password"] = first.Password });
            screen.Line($"administrator {first.Jid} one-time password {first.Password} (shown this once: change it)");
        }

        foreach ((string name, IPEndPoint? where) in (IEnumerable<(string, IPEndPoint?)>)[("c2s", server.C2s), ("c2s-tls", server.C2sTls), ("http", server.Http), ("https", server.Https)])
        {
            if (where is not null)
            {
                screen.Json(() => new JsonObject { ["event"] = "listening", ["name"] = name, ["address"] = where.ToString() });
                screen.Line($"{name} {where}");
            }
        }

        screen.Json(() => new JsonObject { ["event"] = "ready" });
        screen.Line("ready");
        await Task.Delay(Timeout.Infinite, cancel).ContinueWith(_ => { }, TaskScheduler.Default);
        await server.StopAsync();
        return ExitCode.Ok;
    }
}
