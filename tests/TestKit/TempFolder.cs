namespace IotXmpp.TestKit;

/// <summary>A folder of a test's own, removed with everything in it when the test ends.</summary>
public sealed class TempFolder : IDisposable
{
    /// <summary>Makes the folder.</summary>
    /// <param name="purpose">A word that tells a human in /tmp what this was.</param>
    public TempFolder(string purpose = "test") => Path = Directory.CreateTempSubdirectory($"iotxmpp-{purpose}-").FullName;

    /// <summary>The folder's full path.</summary>
    public string Path { get; }

    /// <summary>The full path of a file in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
