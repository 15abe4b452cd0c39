using System.Globalization;
using IotXmpp.Hub.Features.Bytestreams;
using IotXmpp.Interop.Tests.Clients;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests.Media;

/// <summary>Files between clients that nobody here wrote: in band, by the hub's SOCKS5 proxy, offered by SI; on one hub and on two that federate.</summary>
public sealed class FileTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    [Theory]
    [InlineData("ibb_iq", false)]
    [InlineData("ibb_message", false)]
    [InlineData("socks5", false)]
    [InlineData("bits_of_binary", false)]
    [InlineData("ibb_iq", true)]
    [InlineData("socks5", true)]
    [InlineData("bits_of_binary", true)]
    public async Task Slixmpp_moves_a_file(string scenario, bool otherServer)
    {
        Assert.SkipUnless(await Slixmpp.IsInstalledAsync(), "slixmpp is not installed (Debian: python3-slixmpp)");
        await using var pair = await HubPair.StartAsync(certificates: true, bidirectional: true, listen: """ "Proxy65": "127.0.0.1:0" """);
        var other = otherServer ? pair.Peer : pair.Hub;
        await pair.Hub.AddAccountAsync("alice", "alice");
        await other.AddAccountAsync("bob", "bob");
        var (ended, said) = await Slixmpp.RunAsync(Repository.Path("tests", "Interop", "Media", "files.py"), scenario, Port(pair.Hub), "alice@hub.test/one", Port(other), $"bob@{other.Domain}/one");
        Assert.True(ended == 0, said);
        if (scenario == "socks5")
        {
            var proxy = pair.Hub.Server.Hub.Modules.OfType<BytestreamsModule>().Single();
            await Wait.UntilAsync(() => proxy is { Active: 0, Connections: 0 });
        }
    }

    [Fact]
    public async Task QXmpp_offers_a_file_in_band_and_by_the_proxy()
    {
        var (known, flags) = File.Exists("/usr/bin/pkg-config") && File.Exists("/usr/bin/g++")
            ? await ClientScene.RunAsync("/usr/bin/pkg-config", ["--cflags", "--libs", "qxmpp", "Qt5Core", "Qt5Network", "Qt5Xml"], Limit)
            : (-1, "g++ or pkg-config is not there");
        Assert.SkipUnless(known == 0, $"libqxmpp-dev is not installed: {flags.TrimEnd().Split('\n')[^1]}");
        using var folder = new TempFolder("qxmpp");
        var program = folder.File("files");
        string[] arguments = ["-Wall", "-Wextra", "-std=c++17", "-fPIC", "-o", program, Repository.Path("tests", "Interop", "Media", "qxmpp_files.cpp"), .. flags.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];
        var (compiled, complained) = await ClientScene.RunAsync("/usr/bin/g++", arguments, Limit);
        Assert.True(compiled == 0, complained);
        await using var hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Listen": { "Proxy65": "127.0.0.1:0" } }""");
        await hub.AddAccountAsync("alice", "alice");
        await hub.AddAccountAsync("bob", "bob");
        var (ended, said) = await ClientScene.RunAsync(program, [Port(hub), "alice", "bob"], Limit);
        Assert.True(ended == 0, said);
    }

    private static string Port(HubHost hub) => hub.Plain.Port.ToString(CultureInfo.InvariantCulture);
}
