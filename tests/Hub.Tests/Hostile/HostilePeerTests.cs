using System.Text;
using IotXmpp.TestKit.Corpus;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>Peers that mean harm, or are broken: each gets the error that the standard names, and nobody else notices. The hub runs as a process of its own.</summary>
public sealed class HostilePeerTests(HostileHub fixture) : IClassFixture<HostileHub>
{
    /// <summary>What the hub may grow by while it is attacked: 64 MiB. A bound, not a measurement: every attack here would take far more if it were kept.</summary>
    private const long MayGrow = 64 << 20;

    private HubProcess Hub => fixture.Hub;

    /// <summary>Every sample of the corpus that a stream must refuse.</summary>
    public static TheoryData<string> Refused() => [.. Sample.All.Values
        // Over a stream that one is no fault yet: the rest of the section may still come.
        .Where(s => s.Verdict != Verdict.Ok && !s.Name.EndsWith("cdata that does not end", StringComparison.Ordinal)).Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Refused_sample_ends_its_stream_only(string name)
    {
        var sample = Sample.All[name];
        await using var client = await RawClient.ConnectAsync(Hub.Plain);
        var isDocument = !Encoding.UTF8.GetString(sample.Document).StartsWith(Sample.Root, StringComparison.Ordinal);
        ReadOnlyMemory<byte> bytes = sample.Document;
        if (!isDocument)
        {
            // Into a stream that is bound, where stanzas are taken.
            await client.LoginAsync("hub.test", "mallory", "mallory");
            bytes = sample.Document.AsMemory(Sample.Root.Length, sample.Document.Length - Sample.Root.Length - "</stream:stream>".Length);
        }

        var condition = await EndAsync(client, bytes);
        string[] expected = sample.Verdict switch
        {
            // A document's root is no stream header: that may be seen before the fault.
            Verdict.Malformed => isDocument ? ["not-well-formed", "bad-format"] : ["not-well-formed"],
            Verdict.Restricted => ["restricted-xml"],
            Verdict.Limit => ["policy-violation"],
            Verdict.Encoding => ["unsupported-encoding"],
            // A first-level element of the samples is no stanza: the hub may say so before it sees what stands behind it.
            Verdict.Format => ["bad-format", "unsupported-stanza-type"],
            _ => ["not-well-formed", "restricted-xml", "bad-format", "invalid-namespace"],
        };
        // A sample whose first element ends before its fault is refused for that element.
        Assert.Contains(condition, (string[])[.. expected, .. Ends(sample) ? ["unsupported-stanza-type"] : Array.Empty<string>()]);
        await fixture.Witness.MoreAsync(1);
    }

    [Fact]
    public async Task Five_hundred_connections_that_never_log_in_do_no_harm()
    {
        var before = Hub.ResidentBytes;
        var clients = new List<RawClient>();
        try
        {
            for (var i = 0; i < 500; i++)
            {
                var client = await RawClient.ConnectAsync(Hub.Plain);
                clients.Add(client);
                if (i % 2 == 0)
                {
                    await client.OpenStreamAsync("hub.test");
                }
            }

            await fixture.Witness.MoreAsync();
            await using var late = await Hub.LoginAsync("alice");
            Assert.Empty(await late.PingAsync());
            Assert.InRange(Hub.ResidentBytes - before, long.MinValue, MayGrow);
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Byte_at_a_time_peer_is_served_like_any_other()
    {
        await using var client = await RawClient.ConnectAsync(Hub.Plain);
        await client.LoginAsync("hub.test", "alice", "alice");
        foreach (var b in Encoding.UTF8.GetBytes($"<message to='{client.Jid}' id='slow' type='chat'><body>ü😀&amp;</body></message>"))
        {
            await client.SendAsync(new[] { b });
        }

        var echo = await client.ReadAsync();
        Assert.Equal("slow", (string?)echo.Attribute("id"));
        Assert.Equal("ü😀&", echo.Value);
        await fixture.Witness.MoreAsync();
    }

    /// <summary>A tag that never ends is cut off at the limit, not gathered for ever.</summary>
    [Theory]
    [InlineData("<message to='alice@hub.test' x='")]
    [InlineData("<message to='alice@hub.test'><body>")]
    [InlineData("<message to='alice@hub.test'><body><![CDATA[")]
    [InlineData("<")]
    public async Task Endless_stanza_is_cut_off(string beginning)
    {
        var before = Hub.ResidentBytes;
        await using var client = await Hub.LoginAsync("mallory");
        await client.SendAsync(beginning);
        var chunk = Encoding.ASCII.GetBytes(new string('x', 64 * 1024));
        await FloodAsync(client, chunk, 512);
        Assert.InRange(Hub.ResidentBytes - before, long.MinValue, MayGrow);
        await fixture.Witness.MoreAsync();
    }

    [Fact]
    public async Task Endless_bytes_before_log_in_are_cut_off()
    {
        var before = Hub.ResidentBytes;
        await using var client = await RawClient.ConnectAsync(Hub.Plain);
        await FloodAsync(client, Encoding.ASCII.GetBytes(new string(' ', 64 * 1024)), 512);
        Assert.InRange(Hub.ResidentBytes - before, long.MinValue, MayGrow);
        await fixture.Witness.MoreAsync();
    }

    /// <summary>Who does not read what is sent to it is disconnected at the bound of its queue; who sends to it is not held up.</summary>
    [Fact]
    public async Task Reader_that_stops_reading_is_disconnected_and_holds_nobody_up()
    {
        var before = Hub.ResidentBytes;
        await using var deaf = await Hub.LoginAsync("bob", "deaf");
        await using var sender = await Hub.LoginAsync("alice", "sender");
        var message = $"<message to='{deaf.Jid}' type='chat'><body>{new string('x', 10_000)}</body></message>";
        var refused = false;
        // 64 MB at most: far over the queue's bound and what the kernel keeps.
        for (var i = 0; i < 6_400 && !refused; i++)
        {
            await sender.SendAsync(message);
            if (i % 100 == 99)
            {
                // A request comes back when it is gone; messages are kept for it.
                await sender.SendAsync($"<iq type='get' to='{deaf.Jid}' id='there-{i}'><ping xmlns='urn:xmpp:ping'/></iq>");
                refused = (await sender.PingAsync()).Any(e => (string?)e.Attribute("type") == "error");
            }
        }

        Assert.True(refused, "the hub never gave the deaf reader up");
        Assert.InRange(Hub.ResidentBytes - before, long.MinValue, MayGrow);
        await fixture.Witness.MoreAsync();
    }

    /// <summary>The same through PubSub: one deaf subscriber among two.</summary>
    [Fact]
    public async Task Deaf_subscriber_does_not_hold_the_other_back()
    {
        await using var deaf = await Hub.LoginAsync("bob", "deaf2");
        await using var reader = await Hub.LoginAsync("alice", "reader");
        await using var publisher = await Hub.LoginAsync("alice", "publisher");
        var node = $"hostile-{Guid.NewGuid():N}";
        await RequestAsync(publisher, $"<pubsub xmlns='http://jabber.org/protocol/pubsub'><create node='{node}'/></pubsub>");
        foreach (var client in new[] { deaf, reader })
        {
            await RequestAsync(client, $"<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='{node}' jid='{client.Jid}'/></pubsub>");
        }

        for (var i = 0; i < 300; i++)
        {
            await RequestAsync(publisher, $"<pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='{node}'><item id='i{i}'><x xmlns='urn:x'>{new string('x', 20_000)}</x></item></publish></pubsub>");
            var notice = await reader.ReadAsync();
            Assert.Equal($"i{i}", (string?)notice.Descendants().First(e => e.Name.LocalName == "item").Attribute("id"));
        }

        await fixture.Witness.MoreAsync();
    }

    private static bool Ends(Sample sample)
    {
        // Elements of the samples that are whole before the fault comes.
        var text = Encoding.UTF8.GetString(sample.Document);
        return sample.Verdict is Verdict.Restricted or Verdict.Refused && text.Contains("/><", StringComparison.Ordinal);
    }

    private static async Task RequestAsync(RawClient client, string payload)
    {
        var id = client.NewId();
        await client.SendAsync($"<iq type='set' to='pubsub.hub.test' id='{id}'>{payload}</iq>");
        var answer = await client.ReadUntilAsync(e => (string?)e.Attribute("id") == id);
        Assert.Equal("result", (string?)answer.Attribute("type"));
    }

    /// <summary>Sends a lot, and expects that the hub ends the stream on the way.</summary>
    private static async Task FloodAsync(RawClient client, byte[] chunk, int times)
    {
        try
        {
            for (var i = 0; i < times; i++)
            {
                await client.SendAsync(chunk);
            }
        }
        catch (IOException)
        {
            return;
        }

        Assert.NotNull(await EndAsync(client, default));
    }

    /// <summary>Sends bytes and reads to the end of the connection; the condition of the stream error on the way.</summary>
    private static async Task<string?> EndAsync(RawClient client, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await client.SendAsync(bytes);
        }
        catch (IOException)
        {
            // The hub has closed before all was sent; its last words may still be readable.
        }

        string? condition = null;
        while (true)
        {
            switch (await client.NextAsync())
            {
                case StreamEvent.Received { Element: var e } when e.Name == RawClient.Streams + "error":
                    condition = e.Elements().First().Name.LocalName;
                    break;
                case StreamEvent.Ended:
                    return condition;
            }
        }
    }
}
