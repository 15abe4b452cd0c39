using System.Xml.Linq;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Dialogues;

/// <summary>A hub that stops says so, and when to come back (RFC 6120 §4.9.3.20; profile: session).</summary>
public sealed class ShutdownTests
{
    [Fact]
    public async Task Stopping_hub_ends_streams_with_system_shutdown_and_the_hint()
    {
        var hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", "secret");
        await using var client = await RawClient.ConnectAsync(hub.Plain);
        await client.LoginAsync("hub.test", "alice", "secret");
        var stop = hub.DisposeAsync().AsTask();
        var error = await client.ReadAsync();
        Assert.Equal(RawClient.Streams + "error", error.Name);
        XNamespace streams = "urn:ietf:params:xml:ns:xmpp-streams";
        Assert.Contains(error.Elements(), e => e.Name == streams + "system-shutdown" || e.Name == streams + "reset");
        XNamespace drain = "urn:iotxmpp:drain:1";
        var retry = Assert.Single(error.Elements(drain + "retry"));
        Assert.True((int)retry.Attribute("after")! >= 0 && (int)retry.Attribute("spread")! >= 0);
        Assert.IsType<StreamEvent.Closed>(await client.NextAsync());
        Assert.IsType<StreamEvent.Ended>(await client.NextAsync());
        await stop;
    }
}
