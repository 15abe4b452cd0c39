using System.Globalization;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests;

/// <summary>Rooms with slixmpp, a client that nobody here wrote (Debian: <c>python3-slixmpp</c>): made, talked in, moderated, read afterwards.</summary>
public sealed class RoomsTests
{
    [Theory]
    [InlineData("talk")]
    [InlineData("moderate")]
    [InlineData("archive")]
    public async Task Slixmpp_finds_what_it_looks_for(string scenario)
    {
        Assert.SkipUnless(await Slixmpp.IsInstalledAsync(), "slixmpp is not installed (Debian: python3-slixmpp)");
        await using var hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", "secret");
        await hub.AddAccountAsync("bob", "secret");
        var (ended, said) = await Slixmpp.RunAsync(Repository.Path("tests", "Interop", "rooms.py"), scenario, hub.Plain.Port.ToString(CultureInfo.InvariantCulture), "secret", "alice", "bob");
        Assert.True(ended == 0, said);
    }
}
