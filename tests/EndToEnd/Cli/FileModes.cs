namespace IotXmpp.EndToEnd.Cli;

/// <summary>Modes of files; the tests of secrets say nothing on Windows.</summary>
internal static class FileModes
{
    /// <summary>Read and write for the owner only.</summary>
    public const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The mode of a file.</summary>
    public static UnixFileMode Of(string path) => OperatingSystem.IsWindows() ? Secret : File.GetUnixFileMode(path);

    /// <summary>Sets the mode of a file.</summary>
    public static void Set(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, mode);
        }
    }
}
