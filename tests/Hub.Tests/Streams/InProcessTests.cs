using System.Text;
using IotXmpp.Hub.Transport.InProcess;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Servers;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.Hub.Tests.Streams;

/// <summary>A stream without a wire keeps the rules of any stream: what is malformed ends it, who does not read is cut off, an address that is taken is taken over, an account has so many and no more.</summary>
public sealed class InProcessTests
{
    [Theory]
    [InlineData("<message><body>unclosed</message>", "not-well-formed")]
    [InlineData("<message/><message/>", "bad-format")]
    [InlineData("<message", "not-well-formed")]
    [InlineData("<!DOCTYPE x><message/>", "restricted-xml")]
    [InlineData("<message from='bob@hub.test/x'/>", "invalid-from")]
    [InlineData("<nonsense xmlns='urn:example:nothing'/>", "unsupported-stanza-type")]
    public async Task What_is_no_stanza_of_its_own_ends_it(string sent, string condition)
    {
        await using HubHost hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", "pass word");
        await using InProcessClient client = (await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "alice", "r", null))!;
        await client.SendAsync(Encoding.UTF8.GetBytes(sent));
        Assert.Contains(condition, string.Concat(await RestAsync(client)), StringComparison.Ordinal);
        Assert.Equal("stream-error", client.EndReason);
        Assert.False(await client.SendAsync("<presence/>"u8.ToArray()));
    }

    [Fact]
    public async Task Who_is_too_large_is_refused()
    {
        await using HubHost hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", "pass word");
        await using InProcessClient client = (await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "alice", "r", null))!;
        await client.SendAsync(Encoding.UTF8.GetBytes($"<message><body>{new string('x', 300_000)}</body></message>"));
        Assert.Contains("policy-violation", string.Concat(await RestAsync(client)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_does_not_read_is_cut_off_and_keeps_nobody_back()
    {
        await using HubHost hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", "pass word");
        await hub.AddAccountAsync("bob", "pass word");
        await using InProcessClient deaf = (await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "alice", "deaf", null))!;
        await using InProcessClient talker = (await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "bob", "r", null))!;
        byte[] message = Encoding.UTF8.GetBytes($"<message type='headline' to='alice@hub.test/deaf'><body>{new string('x', 1000)}</body></message>");
        for (int i = 0; i < 20_000 && deaf.EndReason is null; i++)
        {
            Assert.True(await talker.SendAsync(message));
        }

        await Wait.UntilAsync(() => deaf.EndReason is not null);
        Assert.Equal("connection-lost", deaf.EndReason);
        await talker.SendAsync("<iq type='get' id='p' to='hub.test'><ping xmlns='urn:xmpp:ping'/></iq>"u8.ToArray());
        using var bound = new CancellationTokenSource(Wait.Bound);
        await foreach (byte[] bytes in talker.Incoming.ReadAllAsync(bound.Token))
        {
            if (Encoding.UTF8.GetString(bytes).Contains("id='p'", StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail("the other one was not answered");
    }

    [Fact]
    public async Task An_address_is_taken_over_and_an_account_has_so_many()
    {
        await using HubHost hub = await HubHost.StartAsync("""{ "Xmpp": { "MaxSessionsPerAccount": 2 } }""");
        await hub.AddAccountAsync("alice", "pass word");
        await using InProcessClient first = (await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "alice", "r", null))!;
        await using InProcessClient second = (await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "alice", "r", null))!;
        Assert.Contains("conflict", string.Concat(await RestAsync(first)), StringComparison.Ordinal);
        Assert.Equal("replaced", first.EndReason);
        await using InProcessClient third = (await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "alice", "other", null))!;
        Assert.Null(await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "alice", "more", null));
        Assert.Null(await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "alice", "\u0001", null));
        Assert.Equal(2, hub.Server.Hub.Sessions.ListOf(new Jid("alice", "hub.test", "")).Count);
    }

    [Fact]
    public async Task It_ends_with_the_hub()
    {
        await using HubHost hub = await HubHost.StartAsync();
        await hub.AddAccountAsync("alice", "pass word");
        InProcessClient client = (await InProcessClient.OpenAsync(hub.Server.FleetServices.Streams, "alice", "r", null))!;
        Task<List<string>> rest = RestAsync(client);
        await hub.Server.StopAsync();
        Assert.Contains("system-shutdown", string.Concat(await rest), StringComparison.Ordinal);
        Assert.Equal("shutdown", client.EndReason);
        await client.DisposeAsync();
    }

    private static async Task<List<string>> RestAsync(InProcessClient client)
    {
        var all = new List<string>();
        using var bound = new CancellationTokenSource(Wait.Bound);
        await foreach (byte[] bytes in client.Incoming.ReadAllAsync(bound.Token))
        {
            all.Add(Encoding.UTF8.GetString(bytes));
        }

        return all;
    }
}
