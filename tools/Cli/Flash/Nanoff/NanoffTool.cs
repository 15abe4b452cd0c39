using IotXmpp.Cli.Serial;

namespace IotXmpp.Cli.Flash.Nanoff;

/// <summary>nanoff as a program of this machine.</summary>
internal sealed class NanoffTool : INanoff
{
    /// <summary>How to get it.</summary>
    public const string HowToInstall = "install it with: dotnet tool install -g nanoff (and have ~/.dotnet/tools in PATH)";

    /// <summary>How long one call may take. Default 5 minutes: 2 MB at 115,200 baud are 3.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    // nanoff is built for .NET 8; who has a newer one only must not need both.
    private static readonly Dictionary<string, string> s_environment = new() { ["DOTNET_ROLL_FORWARD"] = "Major" };

    private readonly IProcessRunner _runner;
    private readonly string _program;
    private readonly Action<string>? _line;

    private NanoffTool(IProcessRunner runner, string program, Version version, Action<string>? line)
    {
        _runner = runner;
        _program = program;
        _line = line;
        Syntax = NanoffSyntax.Of(version);
        What = $"nanoff {version}";
    }

    /// <inheritdoc/>
    public string What { get; }

    /// <summary>How it is spoken to.</summary>
    public NanoffSyntax Syntax { get; }

    /// <summary>The program: the one that is named, else <c>IOTXMPP_NANOFF</c>, else what PATH has, else where .NET tools are installed.</summary>
    public static string ProgramOf(string? named)
    {
        if ((named ?? Environment.GetEnvironmentVariable("IOTXMPP_NANOFF")) is { Length: > 0 } given)
        {
            return given;
        }

        string file = OperatingSystem.IsWindows() ? "nanoff.exe" : "nanoff";
        string tools = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dotnet", "tools");
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Append(tools);
        return folders.Select(f => Path.Combine(f, file)).FirstOrDefault(File.Exists) ?? file;
    }

    /// <summary>Finds it and asks for its version.</summary>
    /// <param name="runner">Runs it.</param>
    /// <param name="program">The program.</param>
    /// <param name="line">Is told each line that it says; may be null.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="CliException">There is none.</exception>
    public static async Task<NanoffTool> FindAsync(IProcessRunner runner, string program, Action<string>? line, CancellationToken cancel)
    {
        ProcessResult result = await runner.RunAsync(new ProcessCall(program, ["--version"]) { Environment = s_environment }, null, Limit, cancel)
            ?? throw new CliException(ExitCode.Usage, $"there is no nanoff here ({program}): it writes nanoFramework to a board; {HowToInstall}");
        Version version = NanoffOutput.Version(result.Output) ?? throw new CliException(
            ExitCode.Usage, $"{program} does not say which nanoff it is (\"{CommandLine.OneLine(result.Output)[..Math.Min(80, CommandLine.OneLine(result.Output).Length)]}\"); {HowToInstall}");
        return new NanoffTool(runner, program, version, line);
    }

    /// <summary>A call of it.</summary>
    public ProcessCall Call(IReadOnlyList<string> arguments) => new(_program, arguments) { Environment = s_environment };

    /// <inheritdoc/>
    public async Task<ChipDetails?> DetailsAsync(string target, string port, CancellationToken cancel) =>
        NanoffOutput.Chip(await RunAsync("ask the chip what it is", target, port, Syntax.Details(target, port), cancel));

    /// <inheritdoc/>
    public async Task UpdateAsync(string target, string port, CancellationToken cancel)
    {
        string output = await RunAsync("write the runtime", target, port, Syntax.Update(target, port), cancel);
        if (NanoffOutput.NeedsButton(output))
        {
            _line?.Invoke("The board waits for a program: press its reset button now.");
        }
    }

    /// <inheritdoc/>
    public Task DeployAsync(string target, string port, string image, string address, CancellationToken cancel) =>
        RunAsync("write the firmware", target, port, Syntax.Deploy(target, port, image, address), cancel);

    /// <inheritdoc/>
    public async Task NetworkAsync(string port, string json, CancellationToken cancel)
    {
        string output = await RunAsync("write the Wi-Fi settings", string.Empty, port, Syntax.Network(json), cancel);
        if (!NanoffOutput.NetworkWritten(output))
        {
            throw new CliException(ExitCode.Failed, $"the board did not take the Wi-Fi settings: {LastLine(output)}; press its reset button and run the same command with --settings-only");
        }
    }

    /// <inheritdoc/>
    public async Task FilesAsync(string port, string json, IReadOnlyList<string> destinations, CancellationToken cancel)
    {
        string output = await RunAsync("write the settings", string.Empty, port, Syntax.Files(json), cancel);
        if (NanoffOutput.MissingFiles(output, destinations) is { Count: > 0 } missing)
        {
            throw new CliException(
                ExitCode.Failed, $"the board did not take {string.Join(", ", missing)} (nanoff ends as if it had); press its reset button and run the same command with --settings-only");
        }
    }

    /// <inheritdoc/>
    public async Task<string> FetchAsync(string target, string folder, CancellationToken cancel)
    {
        string output = await RunAsync("fetch the runtime", target, string.Empty, Syntax.Fetch(target, folder), cancel);
        return Directory.EnumerateFiles(folder, "*.zip").Order(StringComparer.Ordinal).LastOrDefault()
            ?? throw new CliException(ExitCode.Failed, $"nanoff fetched no runtime {target}: {LastLine(output)}; give one with --runtime");
    }

    private async Task<string> RunAsync(string what, string target, string port, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        ProcessResult result = await _runner.RunAsync(Call(arguments), _line, Limit, cancel) ?? throw new CliException(ExitCode.Usage, $"{_program} is gone; {HowToInstall}");
        string? error = NanoffOutput.Error(result.Output);
        return result.Code == 0 && error is null ? result.Output : throw Failed(what, target, port, error, result);
    }

    private static CliException Failed(string what, string target, string port, string? error, ProcessResult result)
    {
        string told = NanoffOutput.ErrorLine(result.Output) is { Length: > 0 } line ? line : LastLine(result.Output);
        return error switch
        {
            "E6000" or "E6002" or "E4005" => new CliException(ExitCode.Failed, $"nanoff cannot open {port} to {what}: {Busy(port)}"),
            "E2000" => new CliException(ExitCode.Failed, $"the runtime on the board does not answer at {port} ({told}); press its reset button, then run the same command with --settings-only"),
            "E4000" or "E4004" => new CliException(
                ExitCode.Failed, $"the chip does not answer at {port} ({told}); hold BOOT, press and release RESET (or EN), release BOOT, then run the same command again; a cable that only charges does this, too"),
            "E4001" => new CliException(ExitCode.Failed, $"the chip has another flash than {target} is made for ({told}); --board names the right board"),
            "E4002" or "E4003" => new CliException(ExitCode.Failed, $"the chip's flash does not take what is written ({told}); use a shorter cable or another port, then run the same command again"),
            "E9005" or "E9015" => new CliException(
                ExitCode.Failed, $"nanoff knows no runtime {target} ({told}); `nanoff --listtargets --platform esp32` (3.0: nanoff list --targets --platform esp32) names all; give one with --target"),
            "E9006" or "E9007" => new CliException(ExitCode.Failed, $"nanoff cannot fetch the runtime {target} ({told}); it needs the internet once, afterwards it has it"),
            "E9008" => new CliException(ExitCode.Usage, $"nanoff does not find the image ({told}); --image names it"),
            _ => new CliException(ExitCode.Failed, $"nanoff could not {what} at {port}: {told} (exit code {result.Code})"),
        };
    }

    private static string Busy(string port) => OperatingSystem.IsLinux() && File.Exists(port)
        ? SerialPorts.Holder(port) is { } holder ? $"{holder} has it open; end that, then try again" : "another program has it open, or the board is going on and off; unplug it and plug it in again"
        : $"it is gone; {SerialPorts.Those()}";

    private static string LastLine(string output) => output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "it said nothing";
}
