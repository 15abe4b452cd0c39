using System.CommandLine;

namespace IotXmpp.Wiring;

/// <summary>The command line: <c>render</c> writes the pictures and tables of the boards, <c>check</c> says what is not current or wrong.</summary>
internal static class WiringCommand
{
    /// <summary>Runs a command line. What is wrong with its words is one line, and exit code 2.</summary>
    internal static int Run(string[] args, TextWriter output, TextWriter error)
    {
        ParseResult parsed = Create().Parse(args);
        if (WrongWord(parsed) is { } wrong)
        {
            error.WriteLine($"{wrong}; --help says what is expected.");
            return 2;
        }

        return parsed.Invoke(new InvocationConfiguration { Output = output, Error = error });
    }

    /// <summary>Makes the command.</summary>
    internal static RootCommand Create()
    {
        var root = new RootCommand("Draws the pin-out and the wiring of each board of hardware/Boards, and holds wiring, parts list and pins against each other.");
        root.Subcommands.Add(Sub("render", "Writes pinout.svg, wiring.svg and the tables in README.md.", Render));
        root.Subcommands.Add(Sub("check", "Says, one line each, what is not current or wrong; exit code 1 when there is something.", Check));
        return root;
    }

    // Null when nothing is wrong. The parser itself takes an option that it does not know for a board, and says two lines for a command that is none.
    private static string? WrongWord(ParseResult parsed)
    {
        if (parsed.CommandResult.Command is RootCommand root)
        {
            string there = string.Join(" and ", root.Subcommands.Select(c => c.Name));
            string? word = parsed.UnmatchedTokens.FirstOrDefault();
            return word is null
                ? parsed.Errors.Count > 0 ? $"A command is needed: there are {there}" : null
                : word.StartsWith('-') ? $"There is no option {word}" : $"There is no command {word}; there are {there}";
        }

        string? option = parsed.CommandResult.Children.OfType<System.CommandLine.Parsing.ArgumentResult>().SelectMany(a => a.Tokens).Select(t => t.Value).FirstOrDefault(v => v.StartsWith('-'));
        return option is not null ? $"There is no option {option}" : parsed.Errors.Count > 0 ? parsed.Errors[0].Message.TrimEnd('.') : null;
    }

    private static Command Sub(string name, string description, Func<IReadOnlyList<string>, TextWriter, TextWriter, int> run)
    {
        var command = new Command(name, description);
        var boards = new Argument<string[]>("board") { Description = "Names of boards; without one, all.", Arity = ArgumentArity.ZeroOrMore };
        var folder = new Option<string?>("--boards") { Description = "The folder with the boards; by default hardware/Boards of the tree that holds the working directory.", HelpName = "DIR" };
        command.Arguments.Add(boards);
        command.Options.Add(folder);
        command.SetAction(result =>
        {
            TextWriter output = result.InvocationConfiguration.Output;
            TextWriter error = result.InvocationConfiguration.Error;
            try
            {
                return run(Folders(result.GetValue(folder), result.GetValue(boards) ?? []), output, error);
            }
            catch (WiringException e)
            {
                error.WriteLine(e.Message + ".");
                return 2;
            }
        });
        return command;
    }

    private static int Render(IReadOnlyList<string> folders, TextWriter output, TextWriter _)
    {
        foreach (string path in folders)
        {
            BoardFolder folder = BoardFolder.Open(path);
            foreach ((string name, string text) in folder.Render())
            {
                if (!folder.IsCurrent(name, text))
                {
                    folder.Write(name, text);
                    output.WriteLine($"{folder.Pinout.Board}/{name} written");
                }
            }
        }

        output.WriteLine(folders.Count == 1 ? "1 board is current." : $"{folders.Count} boards are current.");
        return 0;
    }

    private static int Check(IReadOnlyList<string> folders, TextWriter output, TextWriter error)
    {
        int found = 0;
        foreach (string path in folders)
        {
            foreach (string line in WiringCheck.Find(path))
            {
                error.WriteLine(line + ".");
                found++;
            }
        }

        string boards = folders.Count == 1 ? "1 board" : $"{folders.Count} boards";
        output.WriteLine(found == 0 ? $"{boards} checked, nothing found." : $"{boards} checked, {found} found.");
        return found == 0 ? 0 : 1;
    }

    private static IReadOnlyList<string> Folders(string? named, string[] boards)
    {
        string root = named ?? Find();
        if (!Directory.Exists(root))
        {
            throw new WiringException($"There is no folder {root}");
        }

        string[] all = [.. Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal)];
        if (boards.FirstOrDefault(b => !all.Any(f => Path.GetFileName(f) == b)) is { } unknown)
        {
            throw new WiringException($"There is no board {unknown}; there are {string.Join(", ", all.Select(f => Path.GetFileName(f)))}");
        }

        return all.Length == 0 ? throw new WiringException($"There is no board in {root}") : [.. all.Where(f => boards.Length == 0 || boards.Contains(Path.GetFileName(f)))];
    }

    private static string Find()
    {
        for (DirectoryInfo? folder = new(Directory.GetCurrentDirectory()); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "IotXmpp.sln")))
            {
                return Path.Combine(folder.FullName, "hardware", "Boards");
            }
        }

        throw new WiringException("No folder above this one holds IotXmpp.sln: say --boards DIR");
    }
}
