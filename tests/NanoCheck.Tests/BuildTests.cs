using System.Diagnostics;
using System.Text.RegularExpressions;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.NanoCheck.Tests;

/// <summary>The check is part of the build of the firmware: it stops it, with file and line, and looks only when something was compiled.</summary>
public sealed class BuildTests
{
    private static readonly string Configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    public static TheoryData<string> Firmware() => [.. Directory.EnumerateFiles(Repository.Path("firmware", "Nano"), "*.csproj", SearchOption.AllDirectories).Select(p => Path.GetDirectoryName(p)!).Select(p => Path.GetFileName(p)!)];

    [Theory]
    [MemberData(nameof(Firmware))]
    public void What_was_compiled_was_looked_at(string project)
    {
        string folder = Repository.Path("firmware", "Nano", project, "obj", Configuration, "netnano1.0");
        string assembly = Directory.EnumerateFiles(folder, "IotXmpp.*").Single(f => Path.GetExtension(f) is ".dll" or ".exe");
        FileInfo stamp = new(Path.ChangeExtension(assembly, ".nanocheck"));
        Assert.True(stamp.Exists, $"{stamp.FullName} is missing: the build of {project} did not look");
        Assert.True(stamp.LastWriteTimeUtc >= File.GetLastWriteTimeUtc(assembly), $"{assembly} is newer than what was looked at");
    }

    [Fact]
    public void Fault_stops_the_build_until_it_is_mended_and_nothing_is_looked_at_twice()
    {
        using var folder = new TempFolder("nanobuild");
        string source = folder.File("Sum.cs");
        File.WriteAllText(folder.File("IotXmpp.Probe.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <ItemGroup>
                <NanoReference Include="mscorlib" />
              </ItemGroup>
              <Import Project="{Repository.Path("nanoFramework.props")}" />
            </Project>
            """);
        File.WriteAllText(source, "public static class Sum\n{\n    public static int Of(int a, int b)\n    {\n        return checked(a + b);\n    }\n}\n");

        // Twice: a build after a finding finds it again, although nothing was compiled.
        for (int i = 0; i < 2; i++)
        {
            (int exit, string output) = Build(folder.Path);
            Assert.True(exit == 1, output);
            output = output.Split("Build FAILED.")[0]; // MSBuild repeats every error there
            Assert.Single(Regex.Matches(output, @"Sum\.cs\(5,9\): error NANO005: checked arithmetic: .*Write instead: .* \[.*IotXmpp\.Probe\.csproj\]"));
            Assert.Single(Regex.Matches(output, "error NANO000: IotXmpp.Probe must not run on a board"));
            Assert.DoesNotContain("MSB3073", output, StringComparison.Ordinal);
        }

        File.WriteAllText(source, "public static class Sum\n{\n    public static int Of(int a, int b)\n    {\n        return a + b;\n    }\n}\n");
        (int mended, string first) = Build(folder.Path, "-v:normal");
        Assert.True(mended == 0, first);
        Assert.Contains("IotXmpp.NanoCheck.dll", first, StringComparison.Ordinal);
        (_, string second) = Build(folder.Path, "-v:normal");
        Assert.Contains("Skipping target \"NanoCheck\" because all output files are up-to-date", second, StringComparison.Ordinal);
    }

    /// <summary>Builds the project alone: what it refers to is built already, and may be in use by another build.</summary>
    private static (int Exit, string Output) Build(string folder, params string[] more)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(host)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["DOTNET_NOLOGO"] = "1", ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1" },
        };
        string[] arguments =
        [
            "build", "-c", Configuration, "-p:BuildProjectReferences=false", "-p:UseSharedCompilation=false", "-nodeReuse:false", "-tl:off", "-clp:NoSummary", .. more,
        ];
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        // what the test host was started with is not for another build
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
