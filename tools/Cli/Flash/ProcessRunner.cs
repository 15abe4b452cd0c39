using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace IotXmpp.Cli.Flash;

/// <summary>A program to run.</summary>
/// <param name="Program">Its file, or a name that the system finds.</param>
/// <param name="Arguments">Its arguments, each as it is.</param>
internal sealed record ProcessCall(string Program, IReadOnlyList<string> Arguments)
{
    /// <summary>Variables that it gets beside ours.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The call as one types it in a shell.</summary>
    public override string ToString() => string.Join(' ', Arguments.Prepend(Program).Select(Quote));

    private static string Quote(string word) => word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,@+".Contains(c, StringComparison.Ordinal)) ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

/// <summary>How a program ended.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="Output">What it wrote, standard output and error together, in order.</param>
internal sealed record ProcessResult(int Code, string Output);

/// <summary>Runs programs: the one seam between <c>iotxmpp flash</c> and the tools it calls.</summary>
internal interface IProcessRunner
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="call">What to run.</param>
    /// <param name="line">Is told each line as it comes; may be null.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="cancel">Ends it, with all that it started.</param>
    /// <returns>How it ended; null when there is no such program.</returns>
    /// <exception cref="TimeoutException">It took longer; it has been ended.</exception>
    Task<ProcessResult?> RunAsync(ProcessCall call, Action<string>? line, TimeSpan limit, CancellationToken cancel);
}

/// <summary>Runs programs of this machine.</summary>
internal sealed class ProcessRunner : IProcessRunner
{
    /// <summary>The most output that is kept, in characters. Default 1 MiB: a build says less, and what fails says it at its end.</summary>
    private const int OutputLimit = 1 << 20;

    /// <inheritdoc/>
    public async Task<ProcessResult?> RunAsync(ProcessCall call, Action<string>? line, TimeSpan limit, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(call.Program, call.Arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        // Tools of .NET colour their output, and MSBuild keeps nodes that would hold our pipes open.
        start.Environment["NO_COLOR"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        foreach ((string name, string value) in call.Environment)
        {
            start.Environment[name] = value;
        }

        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            return null;
        }

        process.StandardInput.Close();
        var output = new StringBuilder();
        void Take(string text)
        {
            lock (output)
            {
                if (output.Length < OutputLimit)
                {
                    output.Append(text).Append('\n');
                }
            }

            line?.Invoke(text);
        }

        async Task ReadAsync(StreamReader reader)
        {
            while (await reader.ReadLineAsync(CancellationToken.None) is { } text)
            {
                // A progress line is written over itself; the last state counts.
                Take(text[(text.TrimEnd('\r').LastIndexOf('\r') + 1)..].TrimEnd('\r'));
            }
        }

        Task reading = Task.WhenAll(ReadAsync(process.StandardOutput), ReadAsync(process.StandardError));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        end.CancelAfter(limit);
        try
        {
            await process.WaitForExitAsync(end.Token);
            await reading.WaitAsync(end.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancel.ThrowIfCancellationRequested();
            throw new TimeoutException($"{Path.GetFileName(call.Program)} took longer than {limit.TotalMinutes:0} min");
        }

        return new ProcessResult(process.ExitCode, output.ToString());
    }
}
