using System.CommandLine;

namespace IotXmpp.Cli.Commands;

internal static class UpCommand
{
    public static Command Create() => new("up", "todo");
}
