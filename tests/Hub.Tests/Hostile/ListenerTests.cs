using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Hostile;

/// <summary>Every attack by every way in, by strangers and by those who have proved who they are; the table is README.md beside this file. Two others go on talking meanwhile.</summary>
public sealed partial class ListenerTests(AttackedHub fixture) : IClassFixture<AttackedHub>
{
    private const string Begin = "<!-- the table is generated: IOTXMPP_WRITE_README=1 bash tests/run.sh --filter ListenerTests -->";
    private const string End = "<!-- end of the generated table -->";
    private const string Header = "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client' to='hub.test' version='1.0'>";

    public static TheoryData<string, bool, string> Cells()
    {
        var cells = new TheoryData<string, bool, string>();
        foreach (var door in AttackedHub.Doors)
        {
            foreach (var attack in Attack.All)
            {
                cells.Add(door, false, attack.Name);
                cells.Add(door, true, attack.Name);
            }
        }

        return cells;
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task Attack_ends_its_stream_and_nobody_elses(string door, bool known, string name)
    {
        var attack = Attack.All.Single(a => a.Name == name);
        Assert.Contains(await fixture.AttackAsync(door, known, attack.Bytes), attack.Answers(door));
        await fixture.Witness.MoreAsync(1);
    }

    /// <summary>Other protocols at a port for XMPP: an answer in XML or none, and the end.</summary>
    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: hub.test\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: hub.test\r\nContent-Length: 80\r\n\r\n<stream:stream to='hub.test'>")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("EHLO hub.test\r\n")]
    [InlineData("\u0016\u0003\u0001\u0000\u0005\u0001\u0000\u0000\u0001\u0000")]
    [InlineData("\u0010\u0010\0\u0004MQTT\u0004\u0002\0<\0\u0004mqtt")]
    public async Task Another_protocol_is_not_spoken(string bytes)
    {
        foreach (var door in new[] { "c2s", "s2s", "component" })
        {
            await using var client = await RawClient.ConnectAsync(fixture.Port(door), door);
            await client.SendAsync(Encoding.Latin1.GetBytes(bytes));
            var conditions = new List<string>();
            while (await client.NextAsync() is not StreamEvent.Ended)
            {
                conditions.AddRange(client.Transcript.ToString()!.Contains("not-well-formed", StringComparison.Ordinal) ? ["not-well-formed"] : Array.Empty<string>());
            }

            Assert.Contains("not-well-formed", conditions);
        }

        await fixture.Witness.MoreAsync(1);
    }

    /// <summary>The other way about: XMPP, and requests that are too large or none, at the port for HTTP.</summary>
    [Theory]
    [InlineData("<?xml version='1.0'?><stream:stream to='hub.test' version='1.0'>\r\n\r\n", "400")]
    [InlineData("GET /http-bind HTTP/1.1\r\nHost: hub.test\r\n{headers}\r\n", "431")]
    [InlineData("GET /http-bind HTTP/1.1\r\nHost: hub.test\r\nX: {large}\r\n\r\n", "431")]
    [InlineData("GET /{large} HTTP/1.1\r\nHost: hub.test\r\n\r\n", "414")]
    [InlineData("GET /xmpp-websocket HTTP/1.1\r\nHost: hub.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{headers}\r\n", "431")]
    [InlineData("PUT /upload/x/y HTTP/1.1\r\nHost: hub.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "400")]
    [InlineData("POST /http-bind HTTP/1.1\r\nHost: hub.test\r\nContent-Length: -1\r\n\r\n", "400")]
    [InlineData("POST /http-bind HTTP/1.1\r\nHost: hub.test\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400")]
    public async Task Request_that_is_none_is_refused(string request, string status)
    {
        var bytes = request.Replace("{headers}", string.Concat(Enumerable.Range(0, 300).Select(i => $"X-{i}: x\r\n")), StringComparison.Ordinal).Replace("{large}", new string('x', 60_000), StringComparison.Ordinal);
        using var client = new TcpClient();
        await client.ConnectAsync(fixture.Hub.Http!, TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        var answer = new StringBuilder();
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(bytes), TestContext.Current.CancellationToken);
            var buffer = new byte[4096];
            while (!answer.ToString().Contains("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(buffer, TestContext.Current.CancellationToken).AsTask().WaitAsync(RawClient.DefaultWait, TestContext.Current.CancellationToken) is > 0 and var count)
            {
                answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
            }
        }
        catch (IOException)
        {
            // Cut off; what was said before counts.
        }

        Assert.Contains(answer.ToString().Split(' ').ElementAtOrDefault(1), (string?[])[status, null]);
        await fixture.Witness.MoreAsync(1);
    }

    /// <summary>Compression is not spoken anywhere, so nothing small becomes large (XEP-0138 is not offered; RFC 7692 not negotiated; HTTP's is not decoded).</summary>
    [Fact]
    public async Task Nothing_is_decompressed()
    {
        Assert.Equal("unsupported-stanza-type", await fixture.AttackAsync("c2s", true, "<compress xmlns='http://jabber.org/protocol/compress'><method>zlib</method></compress>"u8.ToArray()));
        using var zipped = new MemoryStream();
        await using (var gzip = new System.IO.Compression.GZipStream(zipped, System.IO.Compression.CompressionLevel.SmallestSize, leaveOpen: true))
        {
            await gzip.WriteAsync("<body rid='1' to='hub.test' xmlns='http://jabber.org/protocol/httpbind'>"u8.ToArray(), TestContext.Current.CancellationToken);
            await gzip.WriteAsync(new byte[10_000_000], TestContext.Current.CancellationToken);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{fixture.Hub.Http}/http-bind") { Content = new ByteArrayContent(zipped.ToArray()) };
        request.Content.Headers.ContentEncoding.Add("gzip");
        using var answer = await fixture.HttpAsync(request);
        Assert.Contains("bad-request", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await using var socket = await RawWebSocket.ConnectAsync(fixture.Hub.Http!, RawWebSocket.Handshake.Replace("Version: 13", "Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 101 ", socket.Answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Extensions", socket.Answer, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>An address may have so many connections that have not proved anything; who has, is not counted.</summary>
    [Theory]
    [InlineData("c2s")]
    [InlineData("s2s")]
    [InlineData("component")]
    public async Task Strangers_of_one_address_are_counted(string door)
    {
        var clients = new List<RawClient>();
        try
        {
            string? last = null;
            for (var i = 0; i < 260 && last is null; i++)
            {
                var client = await RawClient.ConnectAsync(fixture.Port(door), "stranger");
                clients.Add(client);
                if (i >= 200 && i % 2 == 0)
                {
                    // One too many is told so, or cut off, before it has said anything of use. Who is answered may leave by the answer, so every other one says nothing and
                    // stays: a stranger of an earlier test, leaving late, may have cost one of the first its place, and the number would stay one short for ever.
                    await SayAsync(client, Header);
                    last = await RefusalAsync(client);
                }
            }

            Assert.Contains(last, (string[])["policy-violation", "resource-constraint", "gone"]);
            await fixture.Witness.MoreAsync();
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }

            // The hub takes its time to see them leave, and those of the next test are strangers too.
            await Wait.UntilAsync(async () =>
            {
                await using var next = await RawClient.ConnectAsync(fixture.Port(door), "next");
                await SayAsync(next, Header);
                return await RefusalAsync(next) is null;
            });
        }
    }

    /// <summary>Half of something, and then nothing: nobody waits for the rest, nothing of it is kept.</summary>
    [Fact]
    public async Task Halves_leave_nothing()
    {
        var before = fixture.Hub.ResidentBytes;
        foreach (var door in new[] { "c2s", "s2s", "component" })
        {
            for (var i = 0; i < 50; i++)
            {
                await using var client = await RawClient.ConnectAsync(fixture.Port(door), "half");
                await client.SendAsync("<?xml version='1.0'?><stream:stream xmlns='" + new string('x', 40_000));
                client.Cut();
            }
        }

        for (var i = 0; i < 50; i++)
        {
            await using var socket = await RawWebSocket.ConnectAsync(fixture.Hub.Http!);
            await socket.RawAsync(RawWebSocket.Frame(1, new byte[40_000])[..20_000]);
        }

        await fixture.Witness.MoreAsync();
        Assert.InRange(fixture.Hub.ResidentBytes - before, long.MinValue, 64 << 20);
    }

    [Fact]
    public async Task Readme_has_the_table()
    {
        var file = Repository.Path("tests", "Hub.Tests", "Hostile", "README.md");
        var readme = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        int begin = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, end = readme.IndexOf(End, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("IOTXMPP_WRITE_README") == "1")
        {
            readme = readme[..begin] + "\n" + Attack.Table() + readme[end..];
            await File.WriteAllTextAsync(file, readme, TestContext.Current.CancellationToken);
        }
        else
        {
            Assert.Equal(Attack.Table(), readme[begin..end].TrimStart('\n'));
        }

        // What it says is tested is tested: classes with their methods, dialogues by their files.
        var named = TestName().Matches(readme).Select(m => m.Groups[1].Value).ToList();
        Assert.True(named.Count > 20, "the names of the tests are not found");
        foreach (var name in named)
        {
            var parts = name.Split('.');
            Assert.True(
                name.EndsWith(".xmpp", StringComparison.Ordinal) ? File.Exists(Repository.Path(["tests", "Dialogues", .. name.Split('/')]))
                : typeof(ListenerTests).Assembly.GetTypes().Any(t => t.Name == parts[0] && t.GetMethod(parts[1], BindingFlags.Public | BindingFlags.Instance) is not null),
                $"there is no test {name}");
        }
    }

    private static async Task SayAsync(RawClient client, string text)
    {
        try
        {
            await client.SendAsync(text);
        }
        catch (IOException)
        {
            // Gone already.
        }
    }

    // The condition by which a stranger is refused; null where he is answered like any other.
    private static async Task<string?> RefusalAsync(RawClient client)
    {
        while (true)
        {
            switch (await client.NextAsync())
            {
                case StreamEvent.Received { Element: var e } when e.Name == RawClient.Streams + "error":
                    // The wrong namespace for this door is an answer like any other.
                    var condition = e.Elements().First().Name.LocalName;
                    return condition is "policy-violation" or "resource-constraint" ? condition : null;
                case StreamEvent.Received:
                    return null;
                case StreamEvent.Ended:
                    return "gone";
            }
        }
    }

    [GeneratedRegex(@"`([A-Za-z]+Tests\.[A-Za-z_]+|[a-z0-9-]+/[a-z0-9-]+\.xmpp)`")]
    private static partial Regex TestName();
}
