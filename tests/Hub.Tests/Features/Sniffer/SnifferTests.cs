using IotXmpp.Hub.Features.Sniffer;
using IotXmpp.Hub.Tests.Dashboard;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Sniffer;

public sealed class SnifferTests : FleetHarness
{
    [Fact]
    public async Task Who_maintains_a_thing_sees_what_passes_in_both_directions_and_nobody_else_does()
    {
        await AddAsync("lamp");
        Assert.Equal(SniffOutcome.NotFound, (await Fleet.Sniffer!.StartAsync(Of("bob"), "lamp")).Outcome);
        Assert.Equal(SniffOutcome.NotFound, (await Fleet.Sniffer.StartAsync(Of("alice"), "nothing")).Outcome);
        (SniffOutcome outcome, Sniff? sniff) = await Fleet.Sniffer.StartAsync(Of("alice"), "lamp");
        Assert.Equal(SniffOutcome.Started, outcome);
        int arrived = 0;
        sniff!.Arrived += () => arrived++;
        await using RawClient lamp = await LogInAsync("lamp"); // a session that begins later is looked at, too
        await lamp.SendAsync("<presence><thing xmlns='urn:iotxmpp:thing:1' fw='1.4.0'/></presence>");
        await lamp.PingAsync();
        var seen = new List<SniffedStanza>();
        await Wait.UntilAsync(() =>
        {
            seen.AddRange(sniff.Take(out _));
            return seen.Any(s => s.Kind == "iq result");
        });
        Assert.Contains(seen, s => s is { IsFromThing: true, Kind: "presence", Meaning: "is there, firmware 1.4.0" });
        Assert.Contains(seen, s => s is { IsFromThing: true, Kind: "iq get", Meaning: "ping" });
        Assert.Contains(seen, s => s is { IsFromThing: false, Kind: "iq result" });
        Assert.True(arrived > 0);
        sniff.Dispose();
        Assert.Equal(0, Fleet.Sniffer.Count);
        await lamp.PingAsync();
        Assert.Empty(sniff.Take(out _));
        Assert.All(Host.Server.Hub.Sessions.All(), s => Assert.Null(s.Tap));
    }

    [Fact]
    public async Task What_waits_is_bounded_and_what_is_missed_is_counted()
    {
        await AddAsync("lamp");
        (_, Sniff? sniff) = await Fleet.Sniffer!.StartAsync(Of("alice"), "lamp");
        var options = new SnifferOptions();
        for (int i = 0; i < options.Waiting + 7; i++)
        {
            sniff!.Add(Clock.GetUtcNow(), true, "<message id='a'><body>x</body></message>"u8);
        }

        Assert.Equal(options.Waiting, sniff!.Take(out int missed).Count);
        Assert.Equal(7, missed);
        sniff.Add(Clock.GetUtcNow(), true, System.Text.Encoding.UTF8.GetBytes($"<message id='a'><body>{new string('x', options.StanzaBytes)}</body></message>"));
        SniffedStanza large = Assert.Single(sniff.Take(out _));
        Assert.Equal(("message", "too long to be shown", ""), (large.Kind, large.Meaning, large.Xml));
        Assert.True(large.Bytes > options.StanzaBytes);
        sniff.Dispose();
    }

    [Fact]
    public async Task No_more_people_look_on_than_may()
    {
        await AddAsync("lamp");
        var sniffs = new List<Sniff>();
        for (int i = 0; i < new SnifferOptions().AtATime; i++)
        {
            sniffs.Add((await Fleet.Sniffer!.StartAsync(Of("alice"), "lamp")).Sniff!);
        }

        Assert.Equal(SniffOutcome.TooMany, (await Fleet.Sniffer!.StartAsync(Of("alice"), "lamp")).Outcome);
        sniffs[0].Dispose();
        sniffs[0].Dispose(); // twice is once
        Assert.Equal(SniffOutcome.Started, (await Fleet.Sniffer.StartAsync(Of("alice"), "lamp")).Outcome);
        Assert.Equal(SniffOutcome.TooMany, (await Fleet.Sniffer.StartAsync(Of("alice"), "lamp")).Outcome);
    }

    [Fact]
    public async Task Behind_a_gateway_only_what_names_the_thing_is_shown()
    {
        using var sniff = new Sniff(Fleet.Sniffer!, new SnifferOptions(), Of("alice"), "gateway", "valve", isBehindGateway: true);
        sniff.Add(Clock.GetUtcNow(), true, "<message><body>of another</body></message>"u8);
        sniff.Add(Clock.GetUtcNow(), true, "<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='things/valve/telemetry'/></pubsub></iq>"u8);
        Assert.Equal("publishes to things/valve/telemetry", Assert.Single(sniff.Take(out _)).Meaning);
        // Its gateway's stream is the gateway owner's.
        await AddAsync("gateway");
        await Fleet.Registry.ChangeAsync("valve", _ => (new IotXmpp.Hub.Features.Registry.Thing("valve", "gateway") { NodeId = "valve", Owner = Of("bob"), State = IotXmpp.Hub.Features.Registry.ThingState.Private }, true));
        Assert.Equal(SniffOutcome.Forbidden, (await Fleet.Sniffer!.StartAsync(Of("bob"), "valve")).Outcome);
    }

    private async Task<RawClient> LogInAsync(string name)
    {
        await Host.Server.Services.Accounts.ChangePasswordAsync(name, "secret of " + name);
        RawClient client = await RawClient.ConnectAsync(Host.Plain, name);
        await client.LoginAsync("hub.test", name, "secret of " + name, "thing");
        return client;
    }
}
