using IotXmpp.Hub.Storage;
using IotXmpp.TestKit;
using Xunit;

namespace IotXmpp.Hub.Tests.Storage;

public sealed class DurableFolderTests
{
    [Fact]
    public void A_folder_is_flushed_and_one_that_is_not_there_is_told_of()
    {
        using var folder = new TempFolder("durable");
        DurableFolder.Flush(folder.Path);
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such call");
        Assert.Throws<IOException>(() => DurableFolder.Flush(folder.File("nowhere")));
    }
}
