using System.Globalization;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests;

/// <summary>Archive, carbons, blocking, bookmarks, vCards and avatars with slixmpp, a client that nobody here wrote (Debian: <c>python3-slixmpp</c>).</summary>
public sealed class ConversationTests : IAsyncLifetime
{
    private HubHost _hub = null!;

    public async ValueTask InitializeAsync() => _hub = await HubHost.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Theory]
    [InlineData("archive")]
    [InlineData("carbons")]
    [InlineData("blocking")]
    [InlineData("bookmarks")]
    [InlineData("vcards")]
    [InlineData("avatars")]
    public async Task Slixmpp_finds_what_it_looks_for(string scenario)
    {
        Assert.SkipUnless(await Slixmpp.IsInstalledAsync(), "slixmpp is not installed (Debian: python3-slixmpp)");
        await _hub.AddAccountAsync("alice", "secret");
        await _hub.AddAccountAsync("bob", "secret");
        var (ended, said) = await Slixmpp.RunAsync(
            Repository.Path("tests", "Interop", "conversation.py"), scenario, _hub.Plain.Port.ToString(CultureInfo.InvariantCulture), "secret", "alice", "bob");
        Assert.True(ended == 0, said);
    }
}
