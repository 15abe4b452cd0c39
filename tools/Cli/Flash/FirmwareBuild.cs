using System.Text.Json;
using System.Text.RegularExpressions;
using IotXmpp.Virtual;

namespace IotXmpp.Cli.Flash;

/// <summary>Builds the ESP32's firmware from this tree, by the same command that a person types.</summary>
internal static partial class FirmwareBuild
{
    /// <summary>The project, from the root of the tree.</summary>
    public const string Project = "firmware/Nano/Esp32";

    /// <summary>How long a build may take. Default 10 minutes: the first one restores packages.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    /// <summary>The root of the tree that this program, or the current folder, is in; null when there is none.</summary>
    public static string? Root()
    {
        foreach (string from in (string[])[Directory.GetCurrentDirectory(), AppContext.BaseDirectory])
        {
            for (DirectoryInfo? at = new(from); at is not null; at = at.Parent)
            {
                if (File.Exists(Path.Combine(at.FullName, "IotXmpp.sln")) && Directory.Exists(Path.Combine(at.FullName, Project)))
                {
                    return at.FullName;
                }
            }
        }

        return null;
    }

    /// <summary>The root, which must be there.</summary>
    /// <exception cref="CliException">It is not.</exception>
    public static string NeedRoot() => Root() ?? throw new CliException(
        ExitCode.Usage, "there is no source tree of IotXmpp here, so the firmware cannot be built; run this inside the tree, or give a ready image with --image FILE");

    /// <summary>What the build has to know of a board: a chip whose runtime has no 1-Wire does not start an image that refers to it.</summary>
    public static IReadOnlyList<string> PropertiesOf(BoardPinout board) => board.Role("onewire") is null ? ["-p:NanoOneWire=false"] : [];

    /// <summary>The command that builds.</summary>
    public static ProcessCall Call(string root, IReadOnlyList<string> properties) =>
        new("dotnet", ["build", Path.Combine(root, Project), "-c", "Release", "--nologo", "-v", "minimal", "-p:NanoReferences=packages", .. properties]);

    /// <summary>Builds.</summary>
    /// <param name="runner">Runs the build.</param>
    /// <param name="root">The root of the tree.</param>
    /// <param name="properties">More properties, as <c>-p:NAME=VALUE</c>.</param>
    /// <param name="line">Is told each line; may be null.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The image.</returns>
    /// <exception cref="CliException">It did not build.</exception>
    public static async Task<string> RunAsync(IProcessRunner runner, string root, IReadOnlyList<string> properties, Action<string>? line, CancellationToken cancel)
    {
        ProcessCall call = Call(root, properties);
        ProcessResult built = await runner.RunAsync(call, line, Limit, cancel) ?? throw NoSdk();
        if (built.Code != 0)
        {
            throw Failed(call, built.Output);
        }

        ProcessResult asked = await runner.RunAsync(
            new ProcessCall("dotnet", ["msbuild", Path.Combine(root, Project), "-p:Configuration=Release", "-p:NanoReferences=packages", "-getProperty:OutDir,TargetName,MSBuildProjectDirectory", .. properties]), null, Limit, cancel) ?? throw NoSdk();
        string image = ImageOf(asked.Output);
        return File.Exists(image) ? image : throw new CliException(ExitCode.Failed, $"the build made no image at {image}; try it alone with: {call}");
    }

    /// <summary>The image that a build makes, from what MSBuild says of its properties.</summary>
    internal static string ImageOf(string output)
    {
        try
        {
            using var json = JsonDocument.Parse(output);
            JsonElement properties = json.RootElement.GetProperty("Properties");
            string Of(string name) => properties.GetProperty(name).GetString() ?? string.Empty;
            return Path.GetFullPath(Path.Combine(Of("MSBuildProjectDirectory"), Of("OutDir").Replace('\\', '/'), Of("TargetName") + ".bin"));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException)
        {
            throw new CliException(ExitCode.Failed, $"MSBuild does not say where the image is ({CommandLine.OneLine(output)}); give it with --image FILE");
        }
    }

    private static CliException NoSdk() => new(ExitCode.Usage, "there is no dotnet in PATH: the firmware is built with the .NET 10 SDK; install it, or give a ready image with --image FILE");

    private static CliException Failed(ProcessCall call, string output)
    {
        List<string> missing = [.. MissingPackage().Matches(output).Select(m => m.Groups[1].Value).Distinct()];
        if (missing.Count > 0)
        {
            return new CliException(
                ExitCode.Failed, $"the packages of nanoFramework cannot be had ({string.Join(", ", missing.Take(3))}{(missing.Count > 3 ? $" and {missing.Count - 3} more" : string.Empty)}): is the package registry reachable? Or give a ready image with --image FILE");
        }

        string first = output.Split('\n').FirstOrDefault(l => ErrorLine().IsMatch(l))?.Trim() ?? "it says nothing";
        return new CliException(ExitCode.Failed, $"the firmware does not build: {first}; see all of it with: {call}");
    }

    [GeneratedRegex(@"error NU11\d\d: Unable to find (?:a stable )?package ([A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*)", RegexOptions.IgnoreCase)]
    private static partial Regex MissingPackage();

    [GeneratedRegex(@"\berror [A-Z]+\d+:")]
    private static partial Regex ErrorLine();
}
