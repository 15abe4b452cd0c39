using System.CommandLine;
using System.Text.Json.Nodes;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;

namespace IotXmpp.Cli.Commands;

/// <summary><c>iotxmpp login</c>: tries a log-in and writes it to the profile, so that other commands just work.</summary>
internal static class LoginCommand
{
    public static Command Create()
    {
        var stdin = new Option<bool>("--password-stdin") { Description = "read the password from standard input (its first line)" };
        var command = new Command("login", "Try a log-in and keep it in the profile (mode 0600)") { stdin };
        var client = new ClientArguments(command);
        command.SetAction((parsed, cancel) => RunAsync(client, parsed, parsed.GetValue(stdin), cancel));
        return command;
    }

    private static async Task<int> RunAsync(ClientArguments client, ParseResult parsed, bool stdin, CancellationToken cancel)
    {
        Screen screen = client.ScreenOf(parsed);
        (string? hub, string? jid, string? ca) = client.Given(parsed);
        if (stdin)
        {
            string? line = await Console.In.ReadLineAsync(cancel);
            Environment.SetEnvironmentVariable("IOTXMPP_PASSWORD", string.IsNullOrEmpty(line) ? throw new CliException(ExitCode.Usage, "standard input has no password; pipe it in, such as: pass show hub | iotxmpp login --password-stdin …") : line);
        }

        if ((jid ?? Environment.GetEnvironmentVariable("IOTXMPP_JID")) is null or "")
        {
            throw new CliException(ExitCode.Usage, "who are you? Give --jid you@domain");
        }

        // The named profile is what is written, not what is read.
        Login login = Login.Resolve(hub, jid, ca, null);
        string path = client.ProfilePathOf(parsed);
        await using HubClient connected = await HubClient.ConnectAsync(login, client.TimeoutOf(parsed), available: false, cancel);
        new Profile { Hub = login.Server.ToString(), Jid = login.Account.ToString(), Password = login.Password, Ca = login.Ca is null ? null : Path.GetFullPath(login.Ca) }.Write(path);
        screen.Json(() => new JsonObject { ["event"] = "login", ["jid"] = login.Account.ToString(), ["hub"] = login.Server.ToString(), ["profile"] = path });
        screen.Line($"logged in to {login.Server} as {login.Account}; kept in {path}");
        return ExitCode.Ok;
    }
}
