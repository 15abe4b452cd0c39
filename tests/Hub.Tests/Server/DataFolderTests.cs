using System.Diagnostics;
using System.Text;
using IotXmpp.Hub.Server;
using Xunit;

namespace IotXmpp.Hub.Tests.Server;

public sealed class DataFolderTests : IDisposable
{
    private const string ChildVariable = "IOTXMPP_LOCK_CHILD";
    private const string Held = "the folder is held";

    // The child that is killed makes no folder of its own: nobody would remove it.
    private readonly string _root = Environment.GetEnvironmentVariable(ChildVariable) is { } held ? Path.GetDirectoryName(held)! : Directory.CreateTempSubdirectory("iotxmpp-data-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Folder => Path.Combine(_root, "a", "data");

    private static DataFolder Open(string path)
    {
        Assert.True(DataFolder.TryOpen(path, out DataFolder? folder, out string? error), error);
        return folder;
    }

    [Fact]
    public void It_is_made_for_its_owner_only()
    {
        using DataFolder folder = Open(Folder);
        Assert.Equal(Folder, folder.Path);
        Assert.Equal(Path.Combine(Folder, "x.db"), folder.File("x.db"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
        }
    }

    [Fact]
    public void A_second_hub_is_refused_and_told_who_holds_it()
    {
        using (Open(Folder))
        {
            Assert.False(DataFolder.TryOpen(Folder, out _, out string? error));
            Assert.Contains($"pid {Environment.ProcessId}", error, StringComparison.Ordinal);
            Assert.Contains(Folder, error, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error);
        }

        Open(Folder).Dispose(); // free again
    }

    [Fact]
    public async Task Kill_9_releases_it()
    {
        string method = typeof(DataFolderTests).FullName + "." + nameof(Child_that_holds_the_folder);
        var start = new ProcessStartInfo("dotnet", [typeof(DataFolderTests).Assembly.Location, "-explicit", "only", "-method", method]) { RedirectStandardOutput = true };
        start.Environment[ChildVariable] = Folder;
        using Process child = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(180));
        try
        {
            string? line;
            do
            {
                line = await child.StandardOutput.ReadLineAsync(limit.Token);
                Assert.NotNull(line);
            }
            while (line != Held);
            Assert.False(DataFolder.TryOpen(Folder, out _, out string? error));
            Assert.Contains($"pid {child.Id}", error, StringComparison.Ordinal);
        }
        finally
        {
            child.Kill(); // SIGKILL
            await child.WaitForExitAsync(limit.Token);
        }

        Open(Folder).Dispose();
    }

    [Fact(Explicit = true)]
    public void Child_that_holds_the_folder()
    {
        string? path = Environment.GetEnvironmentVariable(ChildVariable);
        Assert.SkipWhen(path is null, "runs as a child of another test only");
        using DataFolder folder = Open(path!);
        using (Stream output = Console.OpenStandardOutput())
        {
            output.Write(Encoding.ASCII.GetBytes($"\n{Held}\n")); // on a line of its own, whatever the runner wrote before
        }

        new ManualResetEventSlim().Wait(TimeSpan.FromSeconds(300)); // until it is killed, or its parent was
    }

    [Fact]
    public void What_is_no_folder_is_told()
    {
        string file = Path.Combine(_root, "file");
        File.WriteAllText(file, "");
        Assert.False(DataFolder.TryOpen(file, out _, out string? error));
        Assert.Contains(file, error, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error);
        Assert.False(DataFolder.TryOpen("a\0b", out _, out error));
        Assert.NotEmpty(error);
    }

    [Fact]
    public void Secrets_stay_and_are_for_the_owner_only()
    {
        byte[] secret;
        using (DataFolder folder = Open(Folder))
        {
            secret = folder.Secret("sasl.secret");
            Assert.Equal(32, secret.Length);
            Assert.NotEqual(secret, folder.Secret("other.secret"));
        }

        using DataFolder again = Open(Folder);
        Assert.Equal(secret, again.Secret("sasl.secret"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(again.File("sasl.secret")));
        }
    }
}
