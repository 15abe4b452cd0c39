using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit;

namespace IotXmpp.EndToEnd.Cli;

/// <summary>How a run of <c>iotxmpp</c> ended.</summary>
public sealed record CliResult(int Code, string Out, string Error)
{
    /// <summary>The lines of standard output.</summary>
    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Standard output as JSON objects; every line must be one.</summary>
    public JsonObject[] Json => [.. Lines.Select(l => JsonNode.Parse(l)!.AsObject())];

    /// <summary>The lines of standard error, without those that only say that something takes its time on a busy machine.</summary>
    public string[] Errors => [.. Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.EndsWith(" …", StringComparison.Ordinal))];

    /// <summary>The one line of them.</summary>
    public string ErrorLine => Assert.Single(Errors);

    /// <summary>All of it, for the message of a failed test.</summary>
    public override string ToString() => $"exit {Code}\n{Out}\n{Error}";
}

/// <summary><c>iotxmpp</c> as a process of its own, as somebody at a terminal starts it.</summary>
public sealed class CliRun : IAsyncDisposable
{
    /// <summary>No run of these tests needs longer; the machine may be busy.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(240);

    private readonly Process _process;
    private readonly List<string> _errors = [];
    private readonly List<string> _lines = [];
    private readonly Task _reading;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private CliRun(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _lines), ReadAsync(process.StandardError, _errors));
    }

    private static string Program => Path.Combine(AppContext.BaseDirectory, "iotxmpp.dll");

    /// <summary>Starts a run.</summary>
    /// <param name="environment">Variables; null removes one. Those of the test process that the program would take are removed anyway.</param>
    /// <param name="arguments">The command line.</param>
    public static CliRun Start(IReadOnlyDictionary<string, string?>? environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("IOTXMPP_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        // Nothing is asserted about time; a test that is about it says so by --timeout.
        start.Environment["IOTXMPP_TIMEOUT"] = "60s";
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        start.ArgumentList.Add(Program);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return new CliRun(Process.Start(start)!);
    }

    /// <summary>Runs to the end.</summary>
    public static async Task<CliResult> RunAsync(IReadOnlyDictionary<string, string?>? environment, params string[] arguments) => await RunAsync(environment, null, arguments);

    /// <summary>Runs to the end, with something on standard input.</summary>
    public static async Task<CliResult> RunAsync(IReadOnlyDictionary<string, string?>? environment, string? input, string[] arguments)
    {
        await using CliRun run = Start(environment, arguments);
        await run.InputAsync(input);
        return await run.EndAsync();
    }

    /// <summary>Gives it something on standard input, and its end.</summary>
    public async Task InputAsync(string? input)
    {
        if (input is not null)
        {
            await _process.StandardInput.WriteAsync(input);
        }

        _process.StandardInput.Close();
    }

    /// <summary>Waits until the lines of standard output so far fulfil a condition.</summary>
    public Task UntilAsync(Func<IReadOnlyList<string>, bool> condition) => UntilAsync(_lines, condition);

    /// <summary>The same for the lines of standard error.</summary>
    public Task UntilErrorAsync(Func<IReadOnlyList<string>, bool> condition) => UntilAsync(_errors, condition);

    /// <summary>Sends a signal, such as <c>TERM</c>.</summary>
    public async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Waits for the end.</summary>
    public async Task<CliResult> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        await _reading;
        return new CliResult(_process.ExitCode, string.Join('\n', _lines), string.Join('\n', _errors));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private async Task UntilAsync(List<string> lines, Func<IReadOnlyList<string>, bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        for (; ; )
        {
            Task more;
            lock (_lines)
            {
                if (condition(lines))
                {
                    return;
                }

                more = _more.Task;
            }

            if (_reading.IsCompleted)
            {
                throw new InvalidOperationException($"iotxmpp ended before that: {await EndAsync()}");
            }

            try
            {
                await Task.WhenAny(more, _reading).WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                lock (_lines)
                {
                    throw new TimeoutException($"that did not come: {string.Join('\n', _lines.TakeLast(40))}\n{string.Join('\n', _errors)}");
                }
            }
        }
    }

    private async Task ReadAsync(StreamReader from, List<string> lines)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            TaskCompletionSource told;
            lock (_lines)
            {
                lines.Add(line);
                told = _more;
                _more = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            told.TrySetResult();
        }
    }
}
