using System.Diagnostics;

namespace IotXmpp.Interop.Tests;

/// <summary>Runs scripts that speak XMPP by slixmpp.</summary>
internal static class Slixmpp
{
    /// <summary>The interpreter.</summary>
    public const string Python = "/usr/bin/python3"; // the one that Debian's packages are for
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(240);

    /// <summary>Whether it is there.</summary>
    public static async Task<bool> IsInstalledAsync() => File.Exists(Python) && (await RunAsync("-c", "import slixmpp")).Code == 0;

    /// <summary>Runs python to its end.</summary>
    public static async Task<(int Code, string Said)> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
