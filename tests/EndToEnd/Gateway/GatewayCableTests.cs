using System.Globalization;
using System.Text.Json.Nodes;
using IotXmpp.Gateway;
using IotXmpp.Host;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.Virtual;
using IotXmpp.Xml;
using IotXmpp.Xmpp;
using Xunit;

namespace IotXmpp.EndToEnd.Gateway;

/// <summary>The gateway's uplink goes silent: no FIN, no RST, bytes vanish.</summary>
public sealed class GatewayCableTests : GatewayScene
{
    private readonly SkipTime _time = new();
    private SilentProxy _cable = null!;
    private int _steps;

    protected override SkipTime Time => _time;

    protected override int UplinkPort => _cable.Port;

    // A rule works on, and tells so.
    protected override string Rules => "hot: if node-1.temperature > 90 then node-1.fan on";

    protected override void Prepare(GatewayHost gateway) => gateway.Alive = () => Interlocked.Increment(ref _steps);

    protected override Task HubStartedAsync()
    {
        _cable = new SilentProxy(Hub.DirectTls!.Port);
        return Task.CompletedTask;
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _cable.DisposeAsync();
    }

    [Fact]
    public async Task It_is_noticed_in_time_what_is_measured_is_kept_and_all_comes_with_its_own_time()
    {
        await using VirtualNode node = await AddAsync("node-1", n => n.Values["fan"] = false);
        await PresenceAsync("node-1", "online");
        DateTimeOffset start = _time.GetUtcNow();
        await MeasureAsync(node, 1, start);
        await StoredAsync([start]);

        _cable.Pull();
        List<DateTimeOffset> times = [start];
        for (int i = 2; i <= 4; i++)
        {
            times.Add(start.AddSeconds(i));
            await MeasureAsync(node, i, times[^1]);
        }

        // The client: silent for 60 s, then three pings of 15 s (wire profile, Session). The rest is the loop's step.
        (TimeSpan Lead, DateTimeOffset At) pulled = (_time.Lead, _time.GetUtcNow());
        await UntilAsync(() => SkippedAsync(node, () => !IsOnlineNow()));
        // The clock goes on beside what is skipped: not before the one, and not after the other.
        Assert.True(_time.GetUtcNow() - pulled.At > TimeSpan.FromSeconds(59));
        Assert.InRange((_time.Lead - pulled.Lead).TotalSeconds, 0, 120);

        // The hub: lost 90 s after the last byte, and so are the things behind it, though the gateway could not say so.
        Element gone = await WhileSkippingAsync(node, () => PresenceOf("node-1", "offline"));
        Assert.Equal("keepalive-timeout", gone.Child(Ns.Thing, "thing")!.Attribute("reason"));
        Assert.Equal("online", StateOfNode());
        await MeasureAsync(node, 5, start.AddSeconds(5));
        times.Add(start.AddSeconds(5));

        Presences.Clear();
        _cable.Plug();
        // From here by the clock alone: what is skipped is taken from the handshake, too. It does not wait for a back-off that has grown, and not for an attempt that nobody answers.
        lock (Gateway.Thing.Gate)
        {
            Gateway.Thing.Client.Drop();
        }

        await UntilAsync(() =>
        {
            lock (Gateway.Thing.Gate)
            {
                Gateway.Thing.Client.ReconnectNow();
            }

            return PresenceOf("node-1", "online") is not null;
        });
        await StoredAsync(times);
        Assert.Equal(0, Gateway.Store.Dropped);
    }

    private async Task MeasureAsync(VirtualNode node, int number, DateTimeOffset at)
    {
        await node.SampleAsync(number, new JsonObject { ["temperature"] = number }, at.ToUnixTimeMilliseconds());
        await node.AcknowledgedAsync(number, Cancel);
    }

    // What the hub has of node-1, sample by sample.
    private async Task StoredAsync(IReadOnlyList<DateTimeOffset> times)
    {
        string[] expected = [.. times.Select(t => t.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fff", CultureInfo.InvariantCulture))];
        string[] stored = [];
        await UntilAsync(async () =>
        {
            try
            {
                stored = [.. (await Owner.ItemsAsync(Service("pubsub"), "things/node-1/telemetry", 100)).SelectMany(i => i.Payload!.Children()).SelectMany(n => n.Children())
                    .Select(t => DateTimeOffset.Parse(t.Attribute("value")!, CultureInfo.InvariantCulture).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fff", CultureInfo.InvariantCulture)).Order()];
                return stored.Length >= expected.Length;
            }
            catch (StanzaException)
            {
                return false; // not there yet
            }
        });
        Assert.Equal(expected, stored);
    }

    private Element? PresenceOf(string id, string state)
        => Presences.FirstOrDefault(p => p.Child(Ns.Thing, "thing") is { } t && t.Attribute("nodeId") == id && t.Attribute("state") == state);

    private bool IsOnlineNow()
    {
        lock (Gateway.Thing.Gate)
        {
            return Gateway.Thing.Client.IsOnline;
        }
    }

    private string StateOfNode()
    {
        lock (Gateway.Thing.Gate)
        {
            return Gateway.Nodes.Find("node-1")!.StateName;
        }
    }

    // A second at a time, and never ahead of the gateway; the thing behind it says that it lives.
    private async Task<bool> SkippedAsync(VirtualNode node, Func<bool> condition)
    {
        if (condition())
        {
            return true;
        }

        _time.Skip(TimeSpan.FromSeconds(1));
        int steps = Volatile.Read(ref _steps);
        Gateway.Thing.Wake();
        while (Volatile.Read(ref _steps) < steps + 2)
        {
            await Task.Delay(5, Cancel);
            Gateway.Thing.Wake();
        }

        long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        await node.SendRawAsync("""{"t":"ping"}""", Cancel);
        await node.WaitAsync(l => (string?)l["t"] == "pong" && (long)l["time"]! >= now, Cancel);
        return false;
    }

    private async Task<Element> WhileSkippingAsync(VirtualNode node, Func<Element?> find)
    {
        Element? found = null;
        await UntilAsync(() => SkippedAsync(node, () => (found = find()) is not null));
        return found!;
    }
}
