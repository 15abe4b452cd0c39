using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Flash;
using IotXmpp.Cli.Gateway;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Gateway;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp gateway node add|remove|list</c>: the things that may come in behind the gateway of this machine, a key each. A gateway that runs takes it over within seconds.</summary>
internal static class GatewayNodeCommand
{
    public static Command Create() => new("node", "The things behind the gateway of this machine") { Add(), Remove(), List() };

    private static Command Add()
    {
        var id = new Argument<string>("ID") { Description = "the thing's id: 1 to 64 of a-z, 0-9 and -" };
        var key = new Option<string?>("--key") { Description = "write its key into this file (mode 0600) instead of printing it", HelpName = "FILE" };
        return Command("add", "Make a key for a thing, or a new one", [id, key], async (parsed, paths, screen, cancel) =>
        {
            string thing = parsed.GetValue(id)!;
            string made = Do(() => new NodeKeys(paths.NodesFile).Add(thing));
            await OwnAsync(paths, cancel);
            if (parsed.GetValue(key) is { } file)
            {
                SecretText.Write(Path.GetFullPath(file), made + "\n");
            }

            screen.Json(() => new JsonObject { ["event"] = "node-added", ["thing"] = thing, ["key"] = parsed.GetValue(key) is null ? made : null, ["claim"] = NodeClaim.Code(thing, made) });
            screen.Line(parsed.GetValue(key) is { } at ? $"{thing} may come in; its key is in {at}" : $"{thing} may come in with the key {made} (shown this once; put it into the thing)");
            screen.Line($"When the gateway is nobody's, its owner claims it with: iotxmpp claim '{NodeClaim.Code(thing, made)}'");
        });
    }

    private static Command Remove()
    {
        var id = new Argument<string>("ID") { Description = "the thing" };
        return Command("remove", "Take a thing's key away: it is cut at once", [id], async (parsed, paths, screen, cancel) =>
        {
            string thing = parsed.GetValue(id)!;
            if (!Do(() => new NodeKeys(paths.NodesFile).Remove(thing)))
            {
                throw new CliException(ExitCode.NotFound, $"there is no {thing} behind this gateway; iotxmpp gateway node list shows who is");
            }

            await OwnAsync(paths, cancel);
            screen.Json(() => new JsonObject { ["event"] = "node-removed", ["thing"] = thing });
            screen.Line($"{thing} is removed; its key is worth nothing any more");
        });
    }

    private static Command List() => Command("list", "List the things that may come in", [], (_, paths, screen, _) =>
    {
        foreach (string thing in Do(() => new NodeKeys(paths.NodesFile).Ids))
        {
            screen.Json(() => new JsonObject { ["event"] = "node", ["thing"] = thing });
            screen.Line(thing);
        }

        return Task.CompletedTask;
    });

    private static Command Command(string name, string description, Symbol[] symbols, Func<ParseResult, GatewayPaths, Screen, CancellationToken, Task> run)
    {
        Option<string?> root = GatewayCommand.RootOption();
        Option<bool> json = ClientArguments.JsonOption();
        var command = new Command(name, description) { root, json };
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Option option)
            {
                command.Options.Add(option);
            }
            else
            {
                command.Arguments.Add((Argument)symbol);
            }
        }

        command.SetAction(async (parsed, cancel) =>
        {
            var paths = new GatewayPaths(parsed.GetValue(root));
            if (!File.Exists(paths.UnitFile))
            {
                throw new CliException(ExitCode.NotFound, $"no gateway is installed{(paths.Root is null ? " on this machine" : $" in {paths.Root}")}; one that runs by hand has: iotxmpp-gateway node {name} --data DIR");
            }

            try
            {
                await run(parsed, paths, new Screen(parsed.GetValue(json)), cancel);
            }
            catch (UnauthorizedAccessException)
            {
                throw new CliException(ExitCode.Failed, $"{paths.NodesFile} is the service's own; run this with sudo");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static T Do<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (GatewaySettingsException e)
        {
            throw new CliException(e.InnerException is null ? ExitCode.Usage : ExitCode.Failed, e.Message.TrimEnd('.'));
        }
    }

    // The file was made anew by root; the service reads it as its own user. In an image there is no such user yet, and the folder is root's: the service's first start takes over what is in it.
    private static async Task OwnAsync(GatewayPaths paths, CancellationToken cancel)
    {
        if (OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess)
        {
            await new InstallStep.RunProgram("gives the file to the service", new ProcessCall("chown", ["--reference=" + paths.Data, paths.NodesFile])).DoAsync(new ProcessRunner(), cancel);
        }
    }
}
