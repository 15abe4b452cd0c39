using System.Text;
using IotXmpp.Hub.Transport.WebSocket;
using IotXmpp.TestKit.Net;
using Xunit;

namespace IotXmpp.Hub.Tests.Web;

/// <summary>Hostile and broken peers of the WebSocket: each attack and its answer. Meanwhile two others go on talking.</summary>
public sealed class WebSocketTests(WebHub fixture) : IClassFixture<WebHub>
{
    private const string Open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='hub.test' version='1.0'/>";

    /// <summary>Requests that are no handshake for XMPP, and the status they earn.</summary>
    public static TheoryData<string, string, string, int> Handshakes() => new()
    {
        { "no subprotocol", "Sec-WebSocket-Protocol: xmpp\r\n", "", 400 },
        { "another subprotocol", "Protocol: xmpp", "Protocol: mqtt", 400 },
        { "no upgrade", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "", 426 },
        { "another version", "Version: 13", "Version: 8", 426 },
        { "a key that is too short", "dGhlIHNhbXBsZSBub25jZQ==", "AAAA", 400 },
        { "a key that is no base64", "dGhlIHNhbXBsZSBub25jZQ==", "!!!!", 400 },
        { "another method", "GET ", "DELETE ", 405 },
        { "another page", "Version: 13", "Version: 13\r\nOrigin: https://evil.test", 403 },
        { "a page of nowhere", "Version: 13", "Version: 13\r\nOrigin: null", 403 },
        { "a proxy without TLS", "Version: 13", "Version: 13\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: http", 403 },
        { "the page that is allowed", "Version: 13", "Version: 13\r\nOrigin: https://good.test", 101 },
        { "the hub's own page", "Version: 13", "Version: 13\r\nOrigin: http://hub.test", 101 },
        { "a proxy with TLS", "Version: 13", "Version: 13\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https", 101 },
        { "among others", "Protocol: xmpp", "Protocol: mqtt, xmpp", 101 },
    };

    /// <summary>What is sent after the handshake and log-in: the stream error, and the code of the close frame.</summary>
    public static TheoryData<string, string, int> Frames() => new()
    {
        { "not masked", "bad-format", 1002 },
        { "a reserved bit", "bad-format", 1002 },
        { "a reserved opcode", "bad-format", 1002 },
        { "a long ping", "bad-format", 1002 },
        { "a ping in pieces", "bad-format", 1002 },
        { "a length in more bytes than needed", "bad-format", 1002 },
        { "a continuation of nothing", "bad-format", 1002 },
        { "a message within another", "bad-format", 1002 },
        { "bytes", "bad-format", 1003 },
        { "a frame of exabytes", "policy-violation", 1009 },
        { "too long in pieces", "policy-violation", 1009 },
        { "too many pieces", "policy-violation", 1009 },
        { "two elements", "bad-format", 1000 },
        { "half an element", "not-well-formed", 1000 },
        { "nothing", "bad-format", 1000 },
        { "white space", "bad-format", 1000 },
        { "text", "bad-format", 1000 },
        { "no UTF-8", "not-well-formed", 1000 },
        { "a DTD", "restricted-xml", 1000 },
        { "an XML declaration", "restricted-xml", 1000 },
        { "a second open", "bad-format", 1000 },
        { "a stream tag", "not-well-formed", 1000 },
        { "deep", "policy-violation", 1000 },
        { "an element of nobody", "unsupported-stanza-type", 1000 },
        { "another's address", "invalid-from", 1000 },
    };

    [Theory]
    [MemberData(nameof(Handshakes))]
    public async Task Handshake(string name, string replace, string by, int status)
    {
        Assert.NotEmpty(name);
        await using var socket = await RawWebSocket.ConnectAsync(fixture.Http, RawWebSocket.Handshake.Replace(replace, by, StringComparison.Ordinal));
        Assert.StartsWith($"HTTP/1.1 {status} ", socket.Answer, StringComparison.Ordinal);
        if (status == 101)
        {
            // RFC 6455 §1.3 gives the answer to its own example.
            Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", socket.Answer, StringComparison.Ordinal);
            Assert.Contains("Sec-WebSocket-Protocol: xmpp", socket.Answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Frames))]
    public async Task Frame_that_breaks_a_rule(string name, string condition, int code)
    {
        await using var socket = await fixture.BoundAsync();
        try
        {
            await AttackAsync(socket, name);
        }
        catch (IOException)
        {
            // It was cut off in the middle of it.
        }

        var (said, closed) = await socket.EndAsync();
        Assert.Contains($"<stream:error xmlns:stream='http://etherx.jabber.org/streams'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>", said, StringComparison.Ordinal);
        Assert.EndsWith("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\n", said, StringComparison.Ordinal);
        Assert.Equal(code, closed);
        await fixture.Witness.MoreAsync(1);
    }

    [Theory]
    [InlineData("<open xmlns='urn:x' to='hub.test' version='1.0'/>", "invalid-namespace")]
    [InlineData("<message xmlns='jabber:client'/>", "bad-format")]
    [InlineData("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' version='1.0'/>", "improper-addressing")]
    [InlineData("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='other.test' version='1.0'/>", "host-unknown")]
    [InlineData("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='hub.test'/>", "unsupported-version")]
    public async Task First_message_is_open(string first, string condition)
    {
        await using var socket = await RawWebSocket.ConnectAsync(fixture.Http);
        await socket.TextAsync(first);
        var (said, code) = await socket.EndAsync();
        Assert.StartsWith("<open ", said, StringComparison.Ordinal);
        Assert.Contains($"<{condition} ", said, StringComparison.Ordinal);
        Assert.Equal(1000, code);
    }

    [Theory]
    [InlineData("<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>")]
    [InlineData("<message><body>1</body></message>")]
    [InlineData("<presence/>")]
    [InlineData("<presence id='a > b'/>")]
    [InlineData("<auth mechanism='PLAIN'/>")]
    public async Task Element_that_says_no_namespace_ends_the_stream(string element)
    {
        await using var socket = await fixture.BoundAsync();
        await socket.TextAsync(element);
        var (said, _) = await socket.EndAsync();
        Assert.Contains("<invalid-namespace ", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<iq id='a > b' type='get' xmlns='jabber:client'><ping xmlns='urn:xmpp:ping'/></iq>")]
    [InlineData("<c:iq id='a' type='get' xmlns:c='jabber:client'><ping xmlns='urn:xmpp:ping'/></c:iq>")]
    [InlineData("<iq\nxmlns = \"jabber:client\" id='a' type='get'><ping xmlns='urn:xmpp:ping'/></iq>")]
    public async Task However_it_says_it_it_is_taken(string element)
    {
        await using var socket = await fixture.BoundAsync();
        await socket.TextAsync(element);
        Assert.StartsWith("<iq xmlns='jabber:client' type='result'", await socket.ReadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Before_authentication_little_may_come()
    {
        await using var socket = await fixture.OpenAsync();
        await socket.RawAsync(RawWebSocket.Frame(1, new byte[60_000], final: false));
        await socket.RawAsync(RawWebSocket.Frame(0, new byte[6_000], final: false));
        var (said, _) = await socket.EndAsync();
        Assert.Contains("<policy-violation ", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Byte_by_byte_and_in_pieces_is_the_same_message()
    {
        await using var socket = await fixture.BoundAsync();
        var text = "<iq xmlns='jabber:client' type='get' id='grüße'><ping xmlns='urn:xmpp:ping'/></iq>"u8.ToArray();
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            bytes.AddRange(RawWebSocket.Frame(i == 0 ? 1 : 0, text.AsSpan(i, 1), final: i == text.Length - 1));
            if (i == 10)
            {
                bytes.AddRange(RawWebSocket.Frame(9, "between"u8)); // §5.4: control frames may come between fragments
            }
        }

        foreach (var one in bytes)
        {
            await socket.RawAsync(new[] { one });
        }

        var (opcode, payload) = await socket.NextAsync();
        Assert.Equal((10, "between"), (opcode, Encoding.UTF8.GetString(payload)));
        Assert.Contains("id='grüße'", await socket.ReadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Flood_of_pings_by_one_who_does_not_read_is_bounded()
    {
        var before = fixture.Hub.ResidentBytes;
        await using (var socket = await fixture.BoundAsync())
        {
            var ping = RawWebSocket.Frame(9, new byte[125]);
            var many = Enumerable.Repeat(ping, 1000).SelectMany(b => b).ToArray();
            for (var i = 0; i < 100; i++)
            {
                await socket.RawAsync(many);
            }

            await fixture.Witness.MoreAsync(5);
        }

        Assert.InRange(fixture.Hub.ResidentBytes, 0, before + (64 << 20));
    }

    [Fact]
    public async Task Half_closed_socket_is_the_end()
    {
        await using var socket = await fixture.BoundAsync();
        socket.ShutdownSend();
        await socket.GoneAsync();
    }

    [Fact]
    public async Task Close_frame_is_answered()
    {
        await using var socket = await fixture.BoundAsync();
        await socket.SendAsync(8, new byte[] { 0x03, 0xE8 });
        Assert.Equal(("", 1000), await socket.EndAsync());
    }

    [Fact]
    public async Task Close_element_is_answered_and_then_the_socket_ends()
    {
        await using var socket = await fixture.BoundAsync();
        await socket.TextAsync("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
        Assert.Equal(("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>\n", 1000), await socket.EndAsync());
        await socket.GoneAsync();
    }

    /// <summary>RFC 6455 §5.7's own examples, and every turn of the mask.</summary>
    [Fact]
    public void Mask_is_taken_off_at_any_place()
    {
        var hello = new byte[] { 0x7f, 0x9f, 0x4d, 0x51, 0x58 };
        WebSocketFrame.Unmask(hello, BitConverter.ToUInt32([0x37, 0xfa, 0x21, 0x3d]), 0);
        Assert.Equal("Hello"u8.ToArray(), hello);
        var random = new Random(1);
        for (var length = 0; length < 100; length++)
        {
            var plain = new byte[length];
            random.NextBytes(plain);
            var wire = RawWebSocket.Frame(1, plain);
            var head = WebSocketFrame.Read(wire, out var frame, out _);
            Assert.Equal(length, frame.Length);
            for (var cut = 0; cut <= length; cut += 7)
            {
                var payload = wire.AsSpan(head).ToArray();
                WebSocketFrame.Unmask(payload.AsSpan(0, cut), frame.Mask, 0);
                WebSocketFrame.Unmask(payload.AsSpan(cut), frame.Mask, cut);
                Assert.Equal(plain, payload);
            }
        }
    }

    private static async Task AttackAsync(RawWebSocket socket, string name)
    {
        const string Presence = "<presence xmlns='jabber:client'/>";
        var presence = Encoding.UTF8.GetBytes(Presence);
        switch (name)
        {
            case "not masked":
                await socket.SendAsync(1, presence, masked: false);
                break;
            case "a reserved bit":
                await socket.SendAsync(1, presence, reserved: 4);
                break;
            case "a reserved opcode":
                await socket.SendAsync(3, presence);
                break;
            case "a long ping":
                await socket.SendAsync(9, new byte[126]);
                break;
            case "a ping in pieces":
                await socket.SendAsync(9, new byte[3], final: false);
                break;
            case "a length in more bytes than needed":
                await socket.RawAsync(new byte[] { 0x81, 0xFE, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5 });
                break;
            case "a continuation of nothing":
                await socket.SendAsync(0, presence);
                break;
            case "a message within another":
                await socket.SendAsync(1, presence.AsMemory(0, 9), final: false);
                await socket.SendAsync(1, presence);
                break;
            case "bytes":
                await socket.SendAsync(2, presence);
                break;
            case "a frame of exabytes":
                await socket.RawAsync(new byte[] { 0x81, 0xFF, 0x0F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 });
                break;
            case "too long in pieces":
                for (var i = 0; i < 6; i++)
                {
                    await socket.SendAsync(i == 0 ? 1 : 0, new byte[60_000], final: false);
                }

                break;
            case "too many pieces":
                await socket.RawAsync(RawWebSocket.Frame(1, "<"u8, final: false).Concat(Enumerable.Repeat(RawWebSocket.Frame(0, [], final: false), 1100).SelectMany(b => b)).ToArray());
                break;
            case "two elements":
                await socket.TextAsync(Presence + Presence);
                break;
            case "half an element":
                await socket.TextAsync("<presence xmlns='jabber:client'>");
                break;
            case "nothing":
                await socket.TextAsync("");
                break;
            case "white space":
                await socket.TextAsync(" \n");
                break;
            case "text":
                await socket.TextAsync("hello");
                break;
            case "no UTF-8":
                await socket.SendAsync(1, (byte[])[.. "<message xmlns='jabber:client'><body>"u8, 0xC0, 0x80, .. "</body></message>"u8]);
                break;
            case "a DTD":
                await socket.TextAsync("<!DOCTYPE a>" + Presence);
                break;
            case "an XML declaration":
                await socket.TextAsync("<?xml version='1.0'?>" + Presence);
                break;
            case "a second open":
                await socket.TextAsync(Open);
                break;
            case "a stream tag":
                await socket.TextAsync("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='hub.test' version='1.0'>");
                break;
            case "deep":
                await socket.TextAsync("<message xmlns='jabber:client'>" + string.Concat(Enumerable.Repeat("<a>", 100)) + string.Concat(Enumerable.Repeat("</a>", 100)) + "</message>");
                break;
            case "an element of nobody":
                await socket.TextAsync("<x xmlns='urn:nobody'/>");
                break;
            case "another's address":
                await socket.TextAsync("<message xmlns='jabber:client' from='alice@hub.test'/>");
                break;
            default:
                throw new ArgumentException(name);
        }
    }
}
