using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace IotXmpp.Hub.Server;

/// <summary>A section of settings that a feature owns: its name and the class that holds its values (public properties with defaults).</summary>
public sealed record SettingsSection(string Name, Type OptionsType);

/// <summary>All settings of one start, bound and validated.</summary>
public sealed class HubSettings
{
    internal HubSettings(HubOptions hub, IReadOnlyDictionary<string, object> sections)
    {
        Hub = hub;
        Sections = sections;
    }

    /// <summary>The hub's own settings.</summary>
    public HubOptions Hub { get; }

    /// <summary>The options object of every registered section, by its name.</summary>
    public IReadOnlyDictionary<string, object> Sections { get; }
}

/// <summary>What came of reading the settings: settings, or a text to print and an exit code.</summary>
public sealed class SettingsResult
{
    internal SettingsResult(HubSettings? settings, string? message, int exitCode)
    {
        Settings = settings;
        Message = message;
        ExitCode = exitCode;
    }

    /// <summary>The settings; null when the program has to end.</summary>
    public HubSettings? Settings { get; }

    /// <summary>What to print before ending: the help (exit code 0, standard output) or one line that names the bad setting (2, standard error).</summary>
    public string? Message { get; }

    /// <summary>0 for the help, 2 for a bad setting.</summary>
    public int ExitCode { get; }

    /// <summary>True when the hub may start.</summary>
    [MemberNotNullWhen(true, nameof(Settings))]
    [MemberNotNullWhen(false, nameof(Message))]
    public bool IsOk => Settings is not null;
}

/// <summary>
/// Reads settings: <c>appsettings.json</c> beside the program, then <c>--settings FILE</c>, then the environment (<c>IOTXMPP_Section__Name</c>), then the
/// command line; later ones win. Unknown names and bad values are refused.
/// </summary>
public static class SettingsLoader
{
    /// <summary>The prefix of environment variables.</summary>
    public const string EnvironmentPrefix = "IOTXMPP_";

    /// <summary>Reads everything; <paramref name="environment"/> is <see cref="Environment.GetEnvironmentVariables()"/>.</summary>
    public static SettingsResult Load(IReadOnlyList<string> arguments, IDictionary environment, IReadOnlyList<SettingsSection> sections)
        => throw new NotImplementedException();
}
