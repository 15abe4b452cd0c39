using System.Collections.Concurrent;
using System.Diagnostics;

namespace IotXmpp.TestKit.Servers;

/// <summary>A server that runs as a process of its own; it is always ended with the test, and what it printed is kept.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>How long an orderly end may take before the process is killed.</summary>
    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(15);

    private readonly ConcurrentQueue<string> output = new();
    private readonly TaskCompletionSource<string> ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerProcess(Process process) => Process = process;

    /// <summary>The process.</summary>
    public Process Process { get; }

    /// <summary>What it printed on both outputs so far.</summary>
    public string Output => string.Join('\n', output);

    /// <summary>Starts a program and waits until it prints a line that fulfils the condition.</summary>
    /// <exception cref="InvalidOperationException">It ended, or never printed such a line; the message has what it printed.</exception>
    public static async Task<ServerProcess> StartAsync(string program, IEnumerable<string> arguments, Func<string, bool> isReady, TimeSpan? wait = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var server = Launch(program, arguments, isReady, environment);
        var first = await Task.WhenAny(server.ready.Task, server.Process.WaitForExitAsync(), Task.Delay(wait ?? TimeSpan.FromSeconds(180)));
        if (first == server.ready.Task)
        {
            return server;
        }

        var how = server.Process.HasExited ? $"ended with code {server.Process.ExitCode}" : "did not get ready in time";
        await server.KillAsync();
        throw new InvalidOperationException($"{program} {how}:\n{server.Output}");
    }

    /// <summary>Starts a program that is expected to end by itself, and waits for that.</summary>
    /// <returns>Its exit code and what it printed.</returns>
    public static async Task<(int Code, string Output)> RunToEndAsync(string program, IEnumerable<string> arguments, TimeSpan? wait = null)
    {
        await using var server = Launch(program, arguments, _ => false);
        await server.Process.WaitForExitAsync().WaitAsync(wait ?? TimeSpan.FromSeconds(180));
        // The exit may overtake the last lines of output.
        server.Process.WaitForExit();
        return (server.Process.ExitCode, server.Output);
    }

    /// <summary>SIGKILL: no chance to say or save anything.</summary>
    public async Task KillAsync()
    {
        if (!Process.HasExited)
        {
            Process.Kill();
        }

        await Process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, the orderly way.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        if (!Process.HasExited)
        {
            using var kill = System.Diagnostics.Process.Start("kill", ["-TERM", Process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
            await Process.WaitForExitAsync().WaitAsync(StopWait);
        }

        return Process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await StopAsync();
        }
        catch (TimeoutException)
        {
            await KillAsync();
        }

        Process.Dispose();
    }

    private static ServerProcess Launch(string program, IEnumerable<string> arguments, Func<string, bool> isReady, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var server = new ServerProcess(new Process { StartInfo = start });
        void Take(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is not null)
            {
                server.output.Enqueue(line.Data);
                if (isReady(line.Data))
                {
                    server.ready.TrySetResult(line.Data);
                }
            }
        }

        server.Process.OutputDataReceived += Take;
        server.Process.ErrorDataReceived += Take;
        server.Process.Start();
        server.Process.BeginOutputReadLine();
        server.Process.BeginErrorReadLine();
        return server;
    }
}
