using System.Diagnostics;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hardware.Tests.Enclosures;

/// <summary>Runs openscad on the sources of <c>hardware/Enclosures</c>.</summary>
internal static class OpenScad
{
    /// <summary>How long one part may take, ms; on a quiet machine it is about a second.</summary>
    private const int LimitMs = 300_000;

    /// <summary>The folder with the sources.</summary>
    internal static string Folder => Repository.Path("hardware", "Enclosures");

    /// <summary>Renders a part into a file, whose name says whether it is STL or PNG. Skips the test where openscad is missing.</summary>
    /// <returns>What openscad printed.</returns>
    internal static string Render(string source, string output, params string[] definitions)
    {
        string openscad = Find("openscad") ?? "";
        Assert.SkipWhen(openscad.Length == 0, "openscad is not installed (Debian: apt-get install --no-install-recommends openscad)");
        var arguments = new List<string> { openscad, "-o", output };
        if (output.EndsWith(".png", StringComparison.Ordinal))
        {
            // A picture needs a display; xvfb is one without a screen.
            string xvfb = Find("xvfb-run") ?? "";
            Assert.SkipWhen(xvfb.Length == 0 && Environment.GetEnvironmentVariable("DISPLAY") is null or "", "there is no display and no xvfb-run (Debian: apt-get install xvfb xauth)");
            arguments.AddRange(["--render", "--imgsize=360,240", "--viewall", "--autocenter"]);
            if (xvfb.Length > 0)
            {
                arguments.InsertRange(0, [xvfb, "-a"]);
            }
        }

        foreach (string definition in definitions)
        {
            arguments.AddRange(["-D", definition]);
        }

        arguments.Add(Path.Combine(Folder, source));
        var start = new ProcessStartInfo(arguments[0]) { RedirectStandardError = true, RedirectStandardOutput = true };
        arguments.Skip(1).ToList().ForEach(start.ArgumentList.Add);
        using Process process = Process.Start(start)!;
        Task<string> printed = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(LimitMs))
        {
            process.Kill(true);
            Assert.Fail($"openscad did not end within {LimitMs / 1000} s on {source}");
        }

        Assert.True(process.ExitCode == 0 && File.Exists(output), $"openscad: {printed.Result}");
        return printed.Result;
    }

    private static string? Find(string program)
        => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(d => Path.Combine(d, program)).FirstOrDefault(File.Exists);
}
