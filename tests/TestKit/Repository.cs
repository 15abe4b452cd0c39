namespace IotXmpp.TestKit;

/// <summary>The tree that the tests were built from.</summary>
public static class Repository
{
    /// <summary>The folder that holds IotXmpp.sln.</summary>
    public static string Root { get; } = Find();

    /// <summary>A file or folder of the tree.</summary>
    public static string Path(params string[] parts) => System.IO.Path.Combine([Root, .. parts]);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "IotXmpp.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("IotXmpp.sln is in no folder above the tests");
    }
}
