using System.CommandLine;
using IotXmpp.Cli.Commands;
using IotXmpp.Cli.Operator;
using IotXmpp.Cli.Output;
using IotXmpp.Host;
using IotXmpp.Hub.Storage;

namespace IotXmpp.Cli;

/// <summary>All commands, and the one place that turns what goes wrong into one line and an exit code.</summary>
internal static class CommandLine
{
    /// <summary>Runs the command that the arguments name.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments)
    {
        RootCommand root = Create();
        ParseResult parsed = root.Parse(arguments);
        if (WrongWord(parsed) is { } wrong)
        {
            return Fail(ExitCode.Usage, $"{OneLine(wrong)}; {PathOf(parsed)} --help says what is expected");
        }

        using var interrupt = new Interrupt();
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, interrupt.Token);
        }
        catch (CliException e)
        {
            return Fail(e.Code, e.Message);
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
            return Fail(ExitCode.Interrupted, "interrupted");
        }
        catch (StanzaException e)
        {
            return Fail(Errors.CodeOf(e.Error), Errors.Describe(e.Error));
        }
        catch (ConnectionException e)
        {
            return Fail(ExitCode.Unreachable, $"the connection to the hub was lost: {e.Message}; try again");
        }
        catch (TimeoutException e)
        {
            return Fail(ExitCode.TimedOut, $"{e.Message}; --timeout gives more time");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StorageException)
        {
            return Fail(ExitCode.Failed, e.Message);
        }
#pragma warning disable CA1031 // the last resort: a fault is told in one line, too
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (Environment.GetEnvironmentVariable("IOTXMPP_DEBUG") == "1")
            {
                await Console.Error.WriteLineAsync(e.ToString());
            }

            return Fail(ExitCode.Fault, $"this is a fault of iotxmpp: {e.GetType().Name}: {e.Message}; please report it with the output under IOTXMPP_DEBUG=1");
        }
    }

    internal static RootCommand Create()
    {
        var root = new RootCommand("IotXmpp: a hub for things that speak XMPP, and what an operator needs.\n\n" + ExitCode.Help)
        {
            UpCommand.Create(),
            HubCommand.Create(),
            ThingsCommand.Create(),
            WatchCommand.Create(),
            ReadCommand.Create(),
            SubscribeCommand.Create(),
            HistoryCommand.Create(),
            UptimeCommand.Create(),
            AlertCommand.Create(),
            RuleCommand.Create(),
            MaintenanceCommand.Create(),
            SetCommand.Create(),
            FormCommand.Create(),
            QueueCommand.Create(),
            BatchCommand.Create(),
            AuditCommand.Create(),
            ConfigCommand.Create(),
            BoardCommand.Create(),
            FlashCommand.Create(),
            FirmwareCommand.Create(),
            RolloutCommand.Create(),
            MonitorCommand.Create(),
            SniffCommand.Create(),
            GatewayCommand.Create(),
            ClaimCommand.Create(),
            ThingCommand.Create(),
            GroupCommand.Create(),
            AccountCommand.Create(),
            InviteCommand.Create(),
            TokenCommand.Create(),
            ProposalCommand.Create(),
            LoginCommand.Create(),
        };
        return root;
    }

    internal static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();

    /// <summary>What is wrong with the words of the command line; null when nothing is.</summary>
    private static string? WrongWord(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        if (command.TreatUnmatchedTokensAsErrors && parsed.UnmatchedTokens.Count > 0)
        {
            string word = parsed.UnmatchedTokens[0];
            return command.Subcommands.Count > 0 && !word.StartsWith('-')
                ? $"there is no command '{word}'; there are {string.Join(", ", command.Subcommands.Select(c => c.Name))}"
                : word.StartsWith("--", StringComparison.Ordinal) ? $"there is no option {word}" : $"'{word}' is one word too many";
        }

        // The parser takes an option that it does not know for an argument.
        string? option = parsed.CommandResult.Children.OfType<System.CommandLine.Parsing.ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value)
            .FirstOrDefault(v => v.StartsWith("--", StringComparison.Ordinal));
        return option is not null ? $"there is no option {option}" : parsed.Errors.Count > 0 ? parsed.Errors[0].Message.TrimEnd('.') : null;
    }

    private static string PathOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (SymbolResultWalk? at = new(parsed.CommandResult); at?.Command is { } command; at = at.Parent)
        {
            names.Push(command is RootCommand ? "iotxmpp" : command.Name);
        }

        return string.Join(' ', names);
    }

    private static int Fail(int code, string line)
    {
        Screen.Error(OneLine(line));
        return code;
    }

    private sealed class SymbolResultWalk(System.CommandLine.Parsing.CommandResult result)
    {
        public Command Command => result.Command;

        public SymbolResultWalk? Parent => result.Parent is System.CommandLine.Parsing.CommandResult parent ? new SymbolResultWalk(parent) : null;
    }
}
