using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using IotXmpp.Cli.Hub;
using IotXmpp.Cli.Output;
using IotXmpp.Cli.Up;
using IotXmpp.Hub.Server;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp up</c>: a hub, three virtual things and a virtual gateway, with no set-up at all.</summary>
internal static class UpCommand
{
    private const string DefaultHttp = "127.0.0.1:5280";

    public static Command Create()
    {
        var length = Durations.Optional("--for", "end after this time, with exit code 0 if all came online and published");
        var command = new Command("up", "Start a hub with three virtual things and a virtual gateway, and show what happens") { length };
        var hub = new HubArguments(command, DataAccess.DefaultFolder, "127.0.0.1");
        Option<bool> json = ClientArguments.JsonOption();
        command.Options.Add(json);
        command.SetAction((parsed, cancel) => RunAsync(hub, parsed, new Screen(parsed.GetValue(json)), parsed.GetValue(length), cancel));
        return command;
    }

    private static Task<int> RunAsync(HubArguments arguments, ParseResult parsed, Screen screen, TimeSpan? length, CancellationToken cancel)
    {
        var defaults = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["--data"] = DataAccess.DefaultFolder,
            ["--c2s"] = "127.0.0.1:5222",
            ["--c2s-tls"] = "127.0.0.1:5223",
            // Nobody asked for it by name: a port that is taken is no reason not to start.
            ["--http"] = IsFree(IPEndPoint.Parse(DefaultHttp)) ? DefaultHttp : "0",
            // What happens is shown on the screen; the log tells what is wrong.
            ["--Logging:LogLevel:Default"] = "Warning",
        };
        HubSettings settings = arguments.Settings(parsed, defaults);
        foreach ((string option, ListenAddress address) in (IEnumerable<(string, ListenAddress)>)[("--c2s", settings.Hub.Listen.C2s), ("--c2s-tls", settings.Hub.Listen.C2sTls), ("--http", settings.Hub.Listen.Http), ("--https", settings.Hub.Listen.Https)])
        {
            if (address.IsOn && address.EndPoint.Port != 0 && !IsFree(address.EndPoint))
            {
                throw new CliException(
                    ExitCode.CannotStart,
                    $"port {address.EndPoint.Port} ({option}) is taken by another program, perhaps another hub; end it, or take free ports: iotxmpp up --c2s 127.0.0.1:0 --c2s-tls 127.0.0.1:0");
            }
        }

        string folder = Path.GetFullPath(settings.Hub.Data);
        if (folder == Path.GetFullPath(DataAccess.DefaultFolder) && Path.GetDirectoryName(folder) is { } parent)
        {
            Directory.CreateDirectory(parent);
        }

        return new UpRun(screen, length).RunAsync(settings, cancel);
    }

    private static bool IsFree(IPEndPoint address)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(address);
            socket.Listen(1);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
        catch (SocketException)
        {
            return true; // something else (no right, no such address), which the hub will name
        }
    }
}
