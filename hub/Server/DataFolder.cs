using System.Diagnostics.CodeAnalysis;

namespace IotXmpp.Hub.Server;

/// <summary>The hub's data folder (mode 0700), locked for one process by an operating system lock that dies with it.</summary>
public sealed class DataFolder : IDisposable
{
    private DataFolder(string path)
    {
        Path = path;
    }

    /// <summary>The absolute path.</summary>
    public string Path { get; }

    /// <summary>Makes the folder if it is not there and locks it; false with one line for the operator when it cannot.</summary>
    public static bool TryOpen(string path, [NotNullWhen(true)] out DataFolder? folder, [NotNullWhen(false)] out string? error)
        => throw new NotImplementedException();

    /// <summary>The absolute path of a file in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>A random secret kept in the folder (mode 0600), made at the first call.</summary>
    public byte[] Secret(string name, int bytes = 32) => throw new NotImplementedException();

    /// <summary>Releases the lock.</summary>
    public void Dispose()
    {
    }
}
