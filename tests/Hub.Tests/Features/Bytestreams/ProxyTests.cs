using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using IotXmpp.Hub.Features.Bytestreams;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Features.Bytestreams;

/// <summary>The proxy over real sockets: what is carried, how it ends, and what strangers get.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private const string Settings = """
        { "Security": { "LoginThrottle": { "Enabled": false } }, "Listen": { "Proxy65": "127.0.0.1:0" },
          "Bytestreams": { "MaxWaitingPerAddress": 6, "BytesPerSecond": 0, "MaxStreamBytes": 4000000, "HandshakeSeconds": 100, "ActivationSeconds": 600, "IdleSeconds": 1000 } }
        """;

    private static readonly XNamespace Errors = "urn:ietf:params:xml:ns:xmpp-stanzas";
    private readonly SkipTime _time = new();
    private HubHost _hub = null!;
    private RawClient _alice = null!;
    private BytestreamsModule _proxy = null!;
    private int _sids;

    public async ValueTask InitializeAsync()
    {
        _hub = await HubHost.StartAsync(Settings, _time);
        _alice = await LoginAsync("alice");
        _proxy = _hub.Server.Hub.Modules.OfType<BytestreamsModule>().Single();
    }

    public async ValueTask DisposeAsync()
    {
        await _alice.DisposeAsync();
        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task Bytes_go_both_ways_and_each_direction_ends_for_itself()
    {
        string sid = NewSid();
        using Socket target = await ConnectAsync(sid);
        using Socket requester = await ConnectAsync(sid);
        // §9.4: what is said before the activation is ignored, unless the proxy had not read it yet.
        await SendAllAsync(target, "too early"u8.ToArray());
        Assert.Null(await ActivateAsync(sid));
        byte[] file = RandomNumberGenerator.GetBytes(1_500_000);
        Task<byte[]> received = ReadToEndAsync(target);
        await SendAllAsync(requester, file);
        requester.Shutdown(SocketShutdown.Send);
        Assert.Equal(SHA256.HashData(file), SHA256.HashData(await received));
        byte[] answer = RandomNumberGenerator.GetBytes(100_000);
        received = ReadToEndAsync(requester);
        await SendAllAsync(target, answer);
        target.Shutdown(SocketShutdown.Send);
        byte[] back = await received;
        Assert.Equal(SHA256.HashData(answer), SHA256.HashData(back.AsSpan(back.Length - answer.Length)));
        await Wait.UntilAsync(() => _proxy is { Active: 0, Connections: 0 });
    }

    /// <summary>Who does not read makes the other wait: the proxy gathers nothing, and all of it comes in the end.</summary>
    [Fact]
    public async Task Who_does_not_read_makes_the_other_wait()
    {
        (Socket requester, Socket target) = await ActiveAsync();
        using (requester)
        using (target)
        {
            byte[] file = RandomNumberGenerator.GetBytes(3_900_000);
            target.ReceiveBufferSize = requester.SendBufferSize = 16 * 1024;
            Task sending = SendAllAsync(requester, file);
            byte[] first = new byte[1000];
            int read = await target.ReceiveAsync(first);
            Assert.False(sending.IsCompleted);
            Task<byte[]> rest = ReadToEndAsync(target);
            await sending;
            requester.Shutdown(SocketShutdown.Send);
            Assert.Equal(file.Length - read, (await rest).Length);
        }
    }

    [Fact]
    public async Task When_one_side_breaks_the_other_is_closed()
    {
        (Socket requester, Socket target) = await ActiveAsync();
        using (requester)
        {
            target.LingerState = new LingerOption(true, 0);
            target.Dispose();
            await EndAsync(requester);
        }

        await Wait.UntilAsync(() => _proxy is { Active: 0, Connections: 0 });
    }

    [Fact]
    public async Task A_bytestream_that_carries_too_much_is_closed()
    {
        (Socket requester, Socket target) = await ActiveAsync();
        using (requester)
        using (target)
        {
            Task reading = EndAsync(target);
            try
            {
                await SendAllAsync(requester, new byte[8_000_000]);
            }
            catch (SocketException)
            {
                // It was closed meanwhile.
            }

            await reading;
        }

        await Wait.UntilAsync(() => _proxy.Active == 0);
    }

    [Fact]
    public async Task Only_the_requester_activates_and_only_two_take_part()
    {
        string sid = NewSid();
        using Socket target = await ConnectAsync(sid);
        Assert.Equal("not-allowed", await ActivateAsync(sid));
        using Socket requester = await ConnectAsync(sid);
        using (Socket third = await SocketAsync())
        {
            await SendAllAsync(third, [5, 1, 0, .. Request(sid)]);
            Assert.Equal([5, 0, 5, 2], (await ReadAsync(third, 4)));
            await EndAsync(third);
        }

        await using RawClient mallory = await LoginAsync("mallory");
        Assert.Equal("item-not-found", await ActivateAsync(sid, by: mallory));
        Assert.Equal("item-not-found", await ActivateAsync(sid, target: mallory.Jid));
        Assert.Null(await ActivateAsync(sid));
        Assert.Equal("conflict", await ActivateAsync(sid));
    }

    /// <summary>What hostile or broken peers send: the answer (RFC 1928), then the end.</summary>
    [Theory]
    [InlineData("04 01 00 50", "")]
    [InlineData("47 45 54 20 2F", "")]
    [InlineData("05 00", "05 FF")]
    [InlineData("05 02 01 02", "05 FF")]
    [InlineData("05 01 00 04", "05 00 05 01 00 03 00 00 00")]
    [InlineData("05 01 00 05 02 00 03", "05 00 05 07 00 03 00 00 00")]
    [InlineData("05 01 00 05 03 00 03", "05 00 05 07 00 03 00 00 00")]
    [InlineData("05 01 00 05 01 00 01 7F 00 00 01 00 50", "05 00 05 08 00 03 00 00 00")]
    [InlineData("05 01 00 05 01 00 04", "05 00 05 08 00 03 00 00 00")]
    [InlineData("05 01 00 05 01 00 03 09 6C 6F 63 61 6C", "05 00 05 02 00 03 00 00 00")]
    [InlineData("05 01 00 05 01 00 03 00", "05 00 05 02 00 03 00 00 00")]
    public async Task What_is_not_a_bytestream_is_refused(string sent, string expected)
    {
        using Socket socket = await SocketAsync();
        await SendAllAsync(socket, Bytes(sent));
        socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(Bytes(expected), await ReadToEndAsync(socket));
    }

    [Fact]
    public async Task Connections_that_wait_too_long_are_closed()
    {
        using Socket silent = await SocketAsync();
        using Socket half = await SocketAsync();
        await SendAllAsync(half, [5, 1, 0, 5, 1]);
        await ReadAsync(half, 2);
        using Socket lonely = await ConnectAsync(NewSid());
        (Socket requester, Socket target) = await ActiveAsync();
        await Wait.UntilAsync(() => _proxy.Connections == 5); // the silent one, too, has been let in
        _time.Skip(TimeSpan.FromSeconds(101));
        await EndAsync(silent);
        await EndAsync(half);
        await Wait.UntilAsync(() => _proxy.Connections == 3);
        _time.Skip(TimeSpan.FromSeconds(500));
        await EndAsync(lonely);
        await SendAllAsync(target, [1]);
        Assert.Equal([1], await ReadAsync(requester, 1));
        // That the byte went through may be noted after it was got.
        Task ended = Task.WhenAll(EndAsync(requester), EndAsync(target));
        while (!ended.IsCompleted)
        {
            _time.Skip(TimeSpan.FromSeconds(1001));
            await Task.WhenAny(ended, Task.Delay(100));
        }

        await ended;
        requester.Dispose();
        target.Dispose();
        await Wait.UntilAsync(() => _proxy is { Active: 0, Connections: 0 });
    }

    [Fact]
    public async Task An_address_has_as_many_that_wait_as_it_may_and_active_ones_do_not_count()
    {
        (Socket requester, Socket target) = await ActiveAsync();
        List<Socket> waiting = [];
        for (int i = 0; i < 6; i++)
        {
            waiting.Add(await ConnectAsync(NewSid()));
        }

        using (Socket one = await SocketAsync())
        {
            await EndAsync(one);
        }

        waiting[0].Dispose();
        await Wait.UntilAsync(() => _proxy.Connections == 7);
        waiting[0] = await ConnectAsync(NewSid());
        waiting.ForEach(socket => socket.Dispose());
        requester.Dispose();
        target.Dispose();
    }

    [Fact]
    public async Task Who_talks_and_talks_before_the_activation_is_closed()
    {
        using Socket socket = await ConnectAsync(NewSid());
        try
        {
            await SendAllAsync(socket, new byte[1_000_000]);
        }
        catch (SocketException)
        {
            // It was closed meanwhile.
        }

        await EndAsync(socket);
    }

    [Fact]
    public async Task People_of_other_servers_may_take_part_and_not_ask()
    {
        await using HubPair pair = await HubPair.StartAsync(certificates: false, bidirectional: false, listen: """ "Proxy65": "127.0.0.1:0" """);
        await using RawClient stranger = await HubPair.LoginAsync(pair.Peer, "carol");
        await stranger.SendAsync("<iq type='get' id='q' to='proxy.hub.test'><query xmlns='http://jabber.org/protocol/bytestreams'/></iq>");
        XElement answer = await stranger.ReadUntilAsync(e => (string?)e.Attribute("id") == "q");
        Assert.NotNull(answer.Descendants(Errors + "forbidden").SingleOrDefault());
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static async Task SendAllAsync(Socket socket, byte[] bytes)
    {
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent)).AsTask().WaitAsync(RawClient.DefaultWait);
        }
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        for (int read = 0; read < count;)
        {
            int got = await socket.ReceiveAsync(bytes.AsMemory(read)).AsTask().WaitAsync(RawClient.DefaultWait);
            Assert.NotEqual(0, got);
            read += got;
        }

        return bytes;
    }

    private static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        int count;
        while ((count = await socket.ReceiveAsync(buffer).WaitAsync(RawClient.DefaultWait)) > 0)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    private static async Task EndAsync(Socket socket)
    {
        try
        {
            await ReadToEndAsync(socket);
        }
        catch (SocketException)
        {
            // A reset is an end too.
        }
    }

    private string NewSid() => "sid" + ++_sids;

    private string BobOf(RawClient alice) => alice.Jid.Replace("alice", "bob", StringComparison.Ordinal);

    private byte[] Request(string sid)
    {
        string hash = ProxyService.HashOf(sid, Parse(_alice.Jid), Parse(BobOf(_alice)));
        return [5, 1, 0, 3, 40, .. Encoding.ASCII.GetBytes(hash), 0, 0];
    }

    private static IotXmpp.Xmpp.Jid Parse(string jid) => IotXmpp.Hub.Addresses.JidPrep.TryParse(jid, out IotXmpp.Xmpp.Jid? parsed) ? parsed : throw new FormatException(jid);

    private async Task<Socket> SocketAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(_hub.Server.Proxy65!);
        return socket;
    }

    private async Task<Socket> ConnectAsync(string sid)
    {
        Socket socket = await SocketAsync();
        await SendAllAsync(socket, new byte[] { 5, 1, 0 });
        Assert.Equal([5, 0], await ReadAsync(socket, 2));
        byte[] request = Request(sid);
        await SendAllAsync(socket, request);
        byte[] answer = await ReadAsync(socket, Socks5.RequestLength);
        Assert.Equal([5, 0, .. request[2..]], answer);
        return socket;
    }

    private async Task<(Socket Requester, Socket Target)> ActiveAsync()
    {
        string sid = NewSid();
        Socket target = await ConnectAsync(sid);
        Socket requester = await ConnectAsync(sid);
        Assert.Null(await ActivateAsync(sid));
        return (requester, target);
    }

    // The condition of the error, or null.
    private async Task<string?> ActivateAsync(string sid, RawClient? by = null, string? target = null)
    {
        by ??= _alice;
        string id = by.NewId();
        await by.SendAsync($"<iq type='set' id='{id}' to='proxy.hub.test'><query xmlns='http://jabber.org/protocol/bytestreams' sid='{sid}'><activate>{target ?? BobOf(_alice)}</activate></query></iq>");
        XElement answer = await by.ReadUntilAsync(e => (string?)e.Attribute("id") == id);
        return answer.Descendants().FirstOrDefault(e => e.Name.Namespace == Errors && e.Name.LocalName != "text")?.Name.LocalName;
    }

    private async Task<RawClient> LoginAsync(string account)
    {
        await _hub.AddAccountAsync(account, account);
        RawClient client = await RawClient.ConnectAsync(_hub.Plain, account);
        await client.LoginAsync("hub.test", account, account);
        return client;
    }
}
