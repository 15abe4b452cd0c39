using System.Diagnostics;
using System.Globalization;
using IotXmpp.Gateway;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>The gateway's program as a process of its own, which can be killed.</summary>
public sealed class GatewayProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _runtime;

    private GatewayProcess(Process process, string runtime)
    {
        _process = process;
        _runtime = runtime;
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>The most memory that it had, in bytes (<c>VmHWM</c>).</summary>
    public long PeakMemory => Kilobytes("VmHWM:") * 1024;

    /// <summary>Starts it.</summary>
    /// <param name="folder">The test's folder; data in <c>data</c>, status in <c>run</c>.</param>
    /// <param name="arguments">Its settings.</param>
    public static GatewayProcess Start(string folder, params string[] arguments) => Start(folder, _ => { }, arguments);

    /// <summary>Starts it.</summary>
    /// <param name="folder">The test's folder.</param>
    /// <param name="said">Is told each line that it writes; also those of the program that it becomes.</param>
    /// <param name="arguments">Its settings.</param>
    public static GatewayProcess Start(string folder, Action<string> said, params string[] arguments)
    {
        string runtime = Path.Combine(folder, "run");
        Directory.CreateDirectory(runtime);
        File.Delete(Path.Combine(runtime, GatewayStatus.FileName));
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "IotXmpp.Gateway.dll"), "--data", Path.Combine(folder, "data"), .. arguments]) { RedirectStandardOutput = true };
        start.Environment["RUNTIME_DIRECTORY"] = runtime;
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith(GatewaySettings.EnvironmentPrefix, StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => said(line.Data ?? string.Empty);
        process.BeginOutputReadLine();
        return new GatewayProcess(process, runtime);
    }

    /// <summary>What it says of itself; null before it has.</summary>
    public GatewayStatus? Status() => GatewayStatus.Read(Path.Combine(_runtime, GatewayStatus.FileName));

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private long Kilobytes(string name)
        => File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].Trim('\t'), CultureInfo.InvariantCulture) : 0;
}
