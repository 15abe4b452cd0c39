using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Web;

/// <summary>A session that was lost on one transport is taken up on another (XEP-0198 §5): what counts is the account and the id.</summary>
public sealed class ResumptionTests : IAsyncLifetime
{
    private HubHost hub = null!;

    public async ValueTask InitializeAsync()
    {
        hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", "secret");
        await hub.AddAccountAsync("bob", "secret");
    }

    public ValueTask DisposeAsync() => hub.DisposeAsync();

    [Theory]
    [InlineData("tcp", "websocket")]
    [InlineData("websocket", "tcp")]
    [InlineData("tcp", "bosh")]
    [InlineData("websocket", "bosh")]
    public async Task What_came_meanwhile_comes_on_the_other_transport(string first, string second)
    {
        var lost = await ConnectAsync(first);
        await lost.LoginAsync("hub.test", "alice", "secret");
        await lost.SendAsync("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        var id = (string)(await lost.ReadUntilAsync(e => e.Name.LocalName == "enabled")).Attribute("id")!;
        var jid = lost.Jid;
        lost.Cut();
        await using var bob = await ConnectAsync("tcp");
        await bob.LoginAsync("hub.test", "bob", "secret");
        await bob.SendAsync($"<message to='{jid}' id='m1'/><message to='{jid}' id='m2'/>");

        await using var again = await ConnectAsync(second);
        await again.OpenStreamAsync("hub.test");
        Assert.Null(await again.AuthenticateAsync("alice", "secret"));
        await again.OpenStreamAsync("hub.test");
        await again.SendAsync($"<resume xmlns='urn:xmpp:sm:3' h='0' previd='{id}'/>");
        var resumed = await again.ReadAsync();
        Assert.Equal(("resumed", "0"), (resumed.Name.LocalName, (string)resumed.Attribute("h")!));
        Assert.Equal("m1", (string?)(await again.ReadUntilAsync(e => e.Name.LocalName == "message")).Attribute("id"));
        Assert.Equal("m2", (string?)(await again.ReadUntilAsync(e => e.Name.LocalName == "message")).Attribute("id"));
    }

    private async Task<RawClient> ConnectAsync(string transport) => transport switch
    {
        "websocket" => RawClient.Over(await WebSocketBridge.ConnectAsync(hub.Http!)),
        "bosh" => RawClient.Over(BoshBridge.Connect(hub.Http!)),
        _ => await RawClient.ConnectAsync(hub.Plain, "alice"),
    };
}
