using System.Globalization;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Interop.Tests;

/// <summary>Registration and administration with slixmpp, a client that nobody here wrote (Debian: <c>python3-slixmpp</c>).</summary>
public sealed class AdministrationTests
{
    [Theory]
    [InlineData("register")]
    [InlineData("administer")]
    public async Task Slixmpp_finds_what_it_looks_for(string scenario)
    {
        Assert.SkipUnless(await Slixmpp.IsInstalledAsync(), "slixmpp is not installed (Debian: python3-slixmpp)");
        await using var hub = await HubHost.StartAsync("""{ "Security": { "LoginThrottle": { "Enabled": false } }, "Registration": { "Mode": "open" } }""");
        await hub.AddAccountAsync("boss", "secret");
        await hub.SetAdministratorAsync("boss");
        var (ended, said) = await Slixmpp.RunAsync(Repository.Path("tests", "Interop", "administration.py"), scenario, hub.Plain.Port.ToString(CultureInfo.InvariantCulture), "boss@hub.test", "secret");
        Assert.True(ended == 0, said);
    }
}
