using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace IotXmpp.Cli.Operator;

/// <summary>A profile file: how to reach a hub and who to be there. Holds a password, so it has mode 0600, and one that others can read is refused.</summary>
internal sealed class Profile
{
    private const UnixFileMode Others =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>The hub, <c>xmpp://host:port</c> or <c>xmpps://host:port</c>.</summary>
    public string? Hub { get; set; }

    /// <summary>The account's bare JID.</summary>
    public string? Jid { get; set; }

    /// <summary>Its password.</summary>
    public string? Password { get; set; }

    /// <summary>PEM file of the authority to trust; null trusts the system's.</summary>
    public string? Ca { get; set; }

    /// <summary>The data folder whose <c>up</c> wrote this file; null when a person did. Only <c>up</c>'s own files are overwritten by it.</summary>
    public string? Up { get; set; }

    /// <summary>The file that is read when none is named: <c>IOTXMPP_PROFILE</c>, else <c>iotxmpp/profile.json</c> in the user's configuration folder.</summary>
    public static string DefaultPath => Environment.GetEnvironmentVariable("IOTXMPP_PROFILE") is { Length: > 0 } named
        ? named
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "iotxmpp", "profile.json");

    /// <summary>Reads a profile; null when there is no such file.</summary>
    /// <exception cref="CliException">It can be read by others, or is no profile.</exception>
    public static Profile? Read(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) is var others && others != 0)
        {
            throw new CliException(ExitCode.Usage, $"the profile {path} holds a password and is open to others (mode {Octal(File.GetUnixFileMode(path))}); close it with: chmod 600 {path}");
        }

        try
        {
            using FileStream file = File.OpenRead(path);
            return JsonSerializer.Deserialize<Profile>(file, s_json) ?? throw new CliException(ExitCode.Usage, $"the profile {path} is empty; write it again with: iotxmpp login");
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.Usage, $"the profile {path} is no profile (line {(e.LineNumber ?? 0) + 1}); write it again with: iotxmpp login");
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"the profile {path} cannot be read; it belongs to another user");
        }
    }

    /// <summary>Writes the profile with mode 0600, in one step.</summary>
    public void Write(string path)
    {
        string full = Path.GetFullPath(path);
        string folder = Path.GetDirectoryName(full)!;
        if (!Directory.Exists(folder))
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }
        }

        SecretText.Write(full, JsonSerializer.Serialize(this, s_json) + "\n");
    }

    private static string Octal(UnixFileMode mode) => Convert.ToString((int)mode, 8).PadLeft(4, '0');
}

/// <summary>Files that only their owner may read.</summary>
internal static class SecretText
{
    /// <summary>Writes a text with mode 0600; a reader sees the old or the new file, never half of one.</summary>
    [SuppressMessage("Interoperability", "CA1416", Justification = "the mode is set on Unix only")]
    public static void Write(string path, string text) => Write(path, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Writes bytes, likewise.</summary>
    [SuppressMessage("Interoperability", "CA1416", Justification = "the mode is set on Unix only")]
    public static void Write(string path, byte[] bytes)
    {
        string temporary = $"{path}.{Environment.ProcessId}.new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(temporary, options))
        {
            file.Write(bytes);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
