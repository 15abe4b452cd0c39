using System.Globalization;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests;

/// <summary>Options, affiliations, collections and pages of PubSub with slixmpp, a client that nobody here wrote (Debian: <c>python3-slixmpp</c>), and a feed with Python's own readers.</summary>
public sealed class PubSubTests
{
    [Theory]
    [InlineData("options")]
    [InlineData("affiliations")]
    [InlineData("collections")]
    [InlineData("pages")]
    [InlineData("feed")]
    public async Task Slixmpp_finds_what_it_looks_for(string scenario)
    {
        Assert.SkipUnless(await Slixmpp.IsInstalledAsync(), "slixmpp is not installed (Debian: python3-slixmpp)");
        await using var hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", "secret");
        await hub.AddAccountAsync("bob", "secret");
        var (ended, said) = await Slixmpp.RunAsync(
            Repository.Path("tests", "Interop", "pubsub.py"), scenario, hub.Plain.Port.ToString(CultureInfo.InvariantCulture), "secret", $"http://{hub.Http}");
        Assert.True(ended == 0, said);
    }
}
