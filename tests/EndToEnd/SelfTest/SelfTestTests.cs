using System.Security.Cryptography.X509Certificates;
using IotXmpp.Host;
using IotXmpp.SelfTest;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.SelfTest;

/// <summary>The self-test that a board owner runs first, on .NET against the real hub: the same code, other sockets.</summary>
public sealed class SelfTestTests : IAsyncLifetime
{
    private const string Board = "board-1";

    private HubHost _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync();
        await _hub.AddAccountAsync(Board, "pencil");
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Theory]
    [InlineData("direct", 2)]
    [InlineData("starttls", 2)]
    [InlineData("none", 0)]
    public void It_passes_in_every_mode(string tls, int secured)
    {
        using var link = Link(tls);
        Assert.True(Run(link, tls));
        Assert.Equal(
            ["heap before", "log-in", "presence", "publish", "heap after 1000 samples", "command", "form and disco", "ping", "resume", "heap after", "SELFTEST PASS"],
            link.Lines.Select(l => l.Split(':')[0]));
        Assert.Equal((2, secured), (link.Connections, link.Secured));
    }

    [Fact]
    public void A_wrong_secret_is_told()
    {
        using var link = Link("direct");
        Assert.False(Run(link, "direct", "pen"));
        Assert.Equal("SELFTEST FAIL: log-in: not-authorized", link.Lines[^1]);
    }

    [Fact]
    public async Task Without_TLS_it_stays_outside_where_the_hub_does_not_allow_it()
    {
        await using var hub = await HubHost.StartAsync(plaintext: false);
        await hub.AddAccountAsync(Board, "pencil");
        using var link = new StreamLink(hub.Plain, hub.Domain, "none", []);
        Assert.False(Run(link, "none"));
        Assert.StartsWith("SELFTEST FAIL: log-in: ", link.Lines[^1], StringComparison.Ordinal);
        Assert.Equal(0, link.Secured);
    }

    [Fact]
    public void A_hub_of_another_authority_is_not_trusted()
    {
        using var link = new StreamLink(_hub.DirectTls!, _hub.Domain, "direct", []);
        Assert.False(Run(link, "direct"));
        Assert.StartsWith("SELFTEST FAIL: log-in: ", link.Lines[^1], StringComparison.Ordinal);
        Assert.Equal(0, link.Secured);
    }

    private StreamLink Link(string tls)
    {
        X509Certificate2Collection authorities = HostOptions.ReadAuthorities(_hub.Server.AuthorityFile!);
        return new StreamLink(tls == "direct" ? _hub.DirectTls! : _hub.Plain, _hub.Domain, tls, authorities);
    }

    private static bool Run(StreamLink link, string tls, string secret = "pencil") => new SelfTestRun(
        link, new Jid(Board, "hub.test", ""), secret, tls == "none", DotNetHash.Instance, DotNetRandom.Instance, new MemorySettings()).Run();
}
