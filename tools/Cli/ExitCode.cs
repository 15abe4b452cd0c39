namespace IotXmpp.Cli;

/// <summary>What the program's exit codes mean; they are part of its interface and stand in <c>--help</c> and the README.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>It was tried and was not done: a thing refused, an account exists already, something was missing at the end of <c>up --for</c>.</summary>
    public const int Failed = 1;

    /// <summary>The command line, a setting or a file that it names is wrong; nothing was tried.</summary>
    public const int Usage = 2;

    /// <summary>The hub cannot be reached, or does not take name and password.</summary>
    public const int Unreachable = 3;

    /// <summary>The hub forbids it.</summary>
    public const int Forbidden = 4;

    /// <summary>No answer in time.</summary>
    public const int TimedOut = 5;

    /// <summary>There is no such thing or account, or the thing is not online.</summary>
    public const int NotFound = 6;

    /// <summary>The hub cannot start here: a port is taken or the data folder is in use.</summary>
    public const int CannotStart = 7;

    /// <summary>A fault of the program itself.</summary>
    public const int Fault = 70;

    /// <summary>Interrupted before it was done (Ctrl-C, SIGTERM).</summary>
    public const int Interrupted = 130;

    /// <summary>The table for people.</summary>
    public const string Help = """
        Exit codes:
          0    done
          1    tried, and not done: a thing refused, an account exists already, something was missing at the end of up --for
          2    the command line, a setting or a file it names is wrong; nothing was tried
          3    the hub cannot be reached, or does not take name and password
          4    the hub forbids it
          5    no answer in time
          6    there is no such thing or account, or the thing is not online
          7    the hub cannot start here: a port is taken or the data folder is in use
          70   a fault of the program itself
          130  interrupted before it was done
        """;
}

/// <summary>Ends the program with one line for the operator and an exit code.</summary>
/// <param name="code">One of <see cref="ExitCode"/>.</param>
/// <param name="message">What is wrong and what to do, in one line.</param>
internal class CliException(int code, string message) : Exception(message)
{
    /// <summary>The exit code.</summary>
    public int Code { get; } = code;
}
