namespace IotXmpp.NanoCheck;

/// <summary>The command line.</summary>
internal static class NanoCheckCommand
{
    private const int NothingFound = 0;
    private const int Found = 1;
    private const int WrongUse = 2;

    private const string Usage = """
        Looks in compiled firmware for what compiles for nanoFramework and then breaks, lies or crawls on its runtime.

        Usage: nanocheck ASSEMBLY… [options]
               nanocheck --rules

          ASSEMBLY           a .dll or .exe, with its portable .pdb beside it
          --reference FILE   an assembly that they refer to; may be given several times
          --references LIST  a text file with such an assembly in each line
          --api DIR          the lists of the API, one NAME.txt for each assembly;
                             by default firmware/NanoReference/Api of the tree that holds this tool
          --rules            prints the rules as a table and ends
          --help             prints this and ends

        Each finding is a line that MSBuild understands: FILE(LINE,COLUMN): error NANOnnn: TEXT
        Exit codes: 0 nothing found, 1 something found, 2 wrong use.
        """;

    /// <summary>Runs a command line.</summary>
    /// <returns>The exit code.</returns>
    internal static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error)
    {
        if (arguments.Any(a => a is "--help" or "-h" or "-?"))
        {
            output.WriteLine(Usage);
            return NothingFound;
        }

        try
        {
            if (arguments.Contains("--rules"))
            {
                output.Write(RuleTable.Text());
                return arguments.Count == 1 ? NothingFound : throw new NanoCheckException("--rules stands alone");
            }

            CheckOptions options = CheckOptions.Parse(arguments);
            IReadOnlyList<Finding> findings = FirmwareCheck.Run(options);
            foreach (Finding finding in findings)
            {
                output.WriteLine(finding);
            }

            return findings.Count == 0 ? NothingFound : Found;
        }
        catch (NanoCheckException e)
        {
            error.WriteLine($"nanocheck: {e.Message}. See nanocheck --help.");
            return WrongUse;
        }
    }
}
