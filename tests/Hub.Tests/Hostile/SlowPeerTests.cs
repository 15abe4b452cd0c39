using System.Text;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>Peers that connect and then take their time; the hub's clock is moved by hand. The ways in that other tests do not have.</summary>
public sealed class SlowPeerTests
{
    [Theory]
    [InlineData("component", "")]
    [InlineData("component", "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='slow.hub.test'>")]
    [InlineData("WebSocket", "")]
    [InlineData("WebSocket", "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='hub.test' version='1.0'/>")]
    public async Task Who_says_nothing_is_let_go(string door, string first)
    {
        var time = new ManualTime();
        await using var hub = await HubHost.StartAsync("""{ "Listen": { "Component": "127.0.0.1:0" }, "Components": [ { "Jid": "slow.hub.test", "Secret": "x" } ] }""", time);
        await hub.AddAccountAsync("alice", "secret");
        await using var alice = await RawClient.ConnectAsync(hub.Plain, "alice");
        await alice.LoginAsync("hub.test", "alice", "secret");
        if (door == "component")
        {
            await using var slow = await RawClient.ConnectAsync(hub.Server.Component!, "slow");
            await slow.SendAsync(first.Length == 0 ? " " : first);
            await Wait.UntilAsync(() => hub.Server.Connections > 0);
            await alice.PingAsync();
            await UntilAsync(time, alice, async () => await slow.NextAsync(TimeSpan.FromMilliseconds(10)) is StreamEvent.Ended);
            Assert.Contains("connection-timeout", slow.Transcript.ToString(), StringComparison.Ordinal);
        }
        else
        {
            await using var slow = await RawWebSocket.ConnectAsync(hub.Http!);
            if (first.Length > 0)
            {
                await slow.TextAsync(first);
                await slow.ReadAsync();
                await slow.ReadAsync();
            }

            var end = slow.EndAsync();
            await UntilAsync(time, alice, () => Task.FromResult(end.IsCompleted));
            Assert.Contains("<connection-timeout ", (await end).Said, StringComparison.Ordinal);
        }

        // Who has proved who it is is not hurried.
        await alice.PingAsync();
    }

    // The hub looks at its streams by its own clock, a second at a time, and thirty are the bound; it may see the peer long after the peer has connected. Who is honest talks on, and is let stay.
    private static async Task UntilAsync(ManualTime time, RawClient honest, Func<Task<bool>> isOver)
    {
        using var bound = new CancellationTokenSource(Wait.Bound);
        while (!bound.IsCancellationRequested)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await honest.PingAsync();
            try
            {
                if (await isOver())
                {
                    return;
                }
            }
            catch (DialogueException)
            {
                // Not yet.
            }
        }

        Assert.Fail("it is still there");
    }
}
