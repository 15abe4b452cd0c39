using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Xml.Linq;
using IotXmpp.Hub.Federation.Dns;
using IotXmpp.Hub.Peers;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Federation;

/// <summary>What happens with time: by a clock that the test moves.</summary>
public sealed class FederationTimeTests : IAsyncLifetime
{
    private static readonly XNamespace Client = RawClient.Client;

    private readonly TempFolder folder = new("s2s-time");
    private readonly ManualTime time = new();
    private readonly X509Certificate2 authority = Certificates.Authority();
    private readonly FakeServer peer = new(Certificates.SelfSigned("peer.test"));
    private HubHost hub = null!;

    public async ValueTask InitializeAsync()
    {
        // The hub's certificates are judged by its clock.
        var trusted = folder.File("authority.pem");
        await File.WriteAllTextAsync(trusted, authority.ExportCertificatePem());
        hub = await HubHost.StartAsync(string.Create(CultureInfo.InvariantCulture, $$"""
            {
              "Security": { "LoginThrottle": { "Enabled": false } }, "Listen": { "S2s": "127.0.0.1:0" }, "Xmpp": { "IdleSeconds": 0 },
              "Federation": {
                "TrustedAuthority": "{{trusted}}", "Attempts": 3, "RetrySeconds": 2, "HoldSeconds": 5, "IdleSeconds": 600,
                "Overrides": [ { "Domain": "peer.test", "Address": "127.0.0.1:{{peer.Port}}" } ]
              }
            }
            """), time);
    }

    public async ValueTask DisposeAsync()
    {
        await hub.DisposeAsync();
        await peer.DisposeAsync();
        peer.Certificate!.Dispose();
        authority.Dispose();
        folder.Dispose();
    }

    [Fact]
    public async Task A_server_is_tried_again_with_growing_waits_then_senders_are_told_and_it_is_left_alone_for_a_while()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        peer.Answer = e => e.Name.LocalName == "result" ? "</stream:stream>" : null;
        await alice.SendAsync("<message to='a@peer.test' type='chat' id='m1'><body>x</body></message>");
        await AttemptsAsync(1);
        time.Advance(TimeSpan.FromSeconds(2));
        await AttemptsAsync(2);
        await WaitsAsync(4);
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Empty(await alice.PingAsync());
        Assert.Equal(2, peer.Connections);
        time.Advance(TimeSpan.FromSeconds(1));
        await ErrorAsync(alice, "m1");
        Assert.Equal(3, peer.Connections);

        // Left alone: the answer is known.
        await alice.SendAsync("<message to='a@peer.test' type='chat' id='m2'><body>x</body></message>");
        await ErrorAsync(alice, "m2");
        Assert.Equal(3, peer.Connections);

        // And tried again; now it is let in, and what waited leaves in order.
        time.Advance(TimeSpan.FromSeconds(5));
        peer.Answer = e => e.Name.LocalName == "result" ? "<db:result from='peer.test' to='hub.test' type='valid'/>" : null;
        await alice.SendAsync("<message to='a@peer.test' type='chat' id='m3'><body>x</body></message><message to='a@peer.test' type='chat' id='m4'><body>x</body></message>");
        await Wait.UntilAsync(() => peer.Received.Count(e => e.Name.LocalName == "message") == 2);
        Assert.Equal(["m3", "m4"], peer.Received.Where(e => e.Name.LocalName == "message").Select(e => (string?)e.Attribute("id")));
        Assert.All(peer.Received.Where(e => e.Name.LocalName == "message"), e => Assert.Equal("jabber:server", e.Name.NamespaceName));
        Assert.Equal(4, peer.Connections);

        async Task AttemptsAsync(int count)
        {
            await Wait.UntilAsync(() => peer.Connections == count);
            await WaitsAsync(2 * count);
        }

        Task WaitsAsync(int seconds) => Wait.UntilAsync(() => time.Waiting.Contains(TimeSpan.FromSeconds(seconds)));
    }

    [Fact]
    public async Task A_stream_on_which_nothing_is_said_is_closed_in_order()
    {
        await using var alice = await HubPair.LoginAsync(hub, "alice");
        peer.Answer = e => e.Name.LocalName == "result" ? "<db:result from='peer.test' to='hub.test' type='valid'/>" : null;
        await alice.SendAsync("<message to='a@peer.test' type='chat' id='m1'><body>x</body></message>");
        await Wait.UntilAsync(() => peer.Received.Any(e => e.Name.LocalName == "message"));
        time.Advance(TimeSpan.FromSeconds(599));
        await alice.SendAsync("<message to='a@peer.test' type='chat' id='m2'><body>x</body></message>");
        await Wait.UntilAsync(() => peer.Received.Count(e => e.Name.LocalName == "message") == 2);
        Assert.Equal(1, peer.Connections);
        time.Advance(TimeSpan.FromSeconds(602));
        await Wait.UntilAsync(() => peer.Ended == 1);
        await alice.SendAsync("<message to='a@peer.test' type='chat' id='m3'><body>x</body></message>");
        await Wait.UntilAsync(() => peer.Received.Count(e => e.Name.LocalName == "message") == 3);
        Assert.Equal(2, peer.Connections);
    }

    [Fact]
    public async Task Who_does_not_prove_anything_in_time_is_let_go()
    {
        var (evil, _) = await RawServer.SecureAsync(hub.Server.S2s!, "evil.test", "hub.test", null);
        await using var closing = evil;
        time.Advance(TimeSpan.FromSeconds(32));
        var error = await evil.ReadAsync();
        Assert.Equal("connection-timeout", error.Elements().First().Name.LocalName);
    }

    /// <summary>A second's worth may come at once; what is more is paid for by waiting.</summary>
    [Fact]
    public void A_rate_is_kept_by_waiting()
    {
        var rate = new ByteRate(1000, now: 0);
        Assert.Equal(TimeSpan.Zero, rate.Take(1000, 0));
        Assert.Equal(TimeSpan.FromSeconds(0.5), rate.Take(500, 0));
        Assert.Equal(TimeSpan.Zero, rate.Take(0, 500));
        Assert.Equal(TimeSpan.Zero, rate.Take(1000, 10_000));
        Assert.Equal(TimeSpan.FromSeconds(1), rate.Take(1000, 10_000));
        var free = new ByteRate(0, now: 0);
        Assert.Equal(TimeSpan.Zero, free.Take(1 << 30, 0));
    }

    /// <summary>Whatever a name server sends, reading it ends, and with no exception: honest answers with bytes changed, cut and made longer.</summary>
    [Fact]
    public void No_answer_of_a_name_server_is_too_strange_to_read()
    {
        var random = new Random(7);
        var question = DnsMessage.Ask(1, "_xmpp-server._tcp.example.org", DnsType.Srv);
        byte[] honest = DnsServer.Answer(question, 0,
            DnsServer.Record([0xC0, 12], 33, [0, 1, 0, 2, 0x14, 0x95, 4, (byte)'h', (byte)'o', (byte)'m', (byte)'e', 0xC0, 30]),
            DnsServer.Record(DnsServer.Name("home.example.org"), 1, [192, 0, 2, 1]),
            DnsServer.Record(DnsServer.Name("a.example.org"), 5, [0xC0, 30]));
        Assert.Equal(3, DnsMessage.Read(honest)!.Records.Count);
        for (var i = 0; i < 50_000; i++)
        {
            var bytes = honest.ToArray();
            for (var changes = random.Next(1, 6); changes > 0; changes--)
            {
                bytes[random.Next(bytes.Length)] = random.Next(4) == 0 ? (byte)0xC0 : (byte)random.Next(256);
            }

            var read = DnsMessage.Read(bytes.AsSpan(0, random.Next(3) == 0 ? random.Next(bytes.Length) : bytes.Length));
            Assert.True(read is null || read.Records.Count <= DnsMessage.MaxRecords);
        }
    }

    private static async Task ErrorAsync(RawClient alice, string id)
    {
        var error = await alice.ReadUntilAsync(e => (string?)e.Attribute("id") == id);
        Assert.Equal("error", (string?)error.Attribute("type"));
        Assert.Contains("remote-server-timeout", error.Element(Client + "error")!.Elements().Select(e => e.Name.LocalName));
    }
}
