using System.Net;
using IotXmpp.Hub.Tests.Hostile;
using IotXmpp.TestKit;
using IotXmpp.TestKit.Net;
using IotXmpp.TestKit.Servers;
using Xunit;

namespace IotXmpp.Hub.Tests.Web;

/// <summary>A hub with HTTP as a process of its own, and two honest clients on TCP who go on talking whatever is done to it.</summary>
public sealed class WebHub : IAsyncLifetime
{
    private readonly TempFolder folder = new("web");

    /// <summary>The hub.</summary>
    public HubProcess Hub { get; private set; } = null!;

    /// <summary>Where it serves HTTP.</summary>
    public IPEndPoint Http => Hub.Http!;

    /// <summary>The honest clients.</summary>
    internal Witness Witness { get; private set; } = null!;

    /// <summary>A socket whose stream is open, with its features read.</summary>
    public async Task<RawWebSocket> OpenAsync()
    {
        var socket = await RawWebSocket.ConnectAsync(Http);
        await socket.TextAsync("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='hub.test' version='1.0'/>");
        Assert.StartsWith("<open ", await socket.ReadAsync(), StringComparison.Ordinal);
        Assert.StartsWith("<stream:features xmlns:stream='http://etherx.jabber.org/streams'>", await socket.ReadAsync(), StringComparison.Ordinal);
        return socket;
    }

    /// <summary>A socket whose client has logged in and bound.</summary>
    public async Task<RawWebSocket> BoundAsync(string account = "mallory")
    {
        var socket = await OpenAsync();
        await socket.TextAsync($"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"\0{account}\0{account}"))}</auth>");
        Assert.StartsWith("<success ", await socket.ReadAsync(), StringComparison.Ordinal);
        await socket.TextAsync("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='hub.test' version='1.0'/>");
        await socket.ReadAsync();
        await socket.ReadAsync();
        await socket.TextAsync("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
        Assert.StartsWith("<iq xmlns='jabber:client' ", await socket.ReadAsync(), StringComparison.Ordinal);
        return socket;
    }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await HubProcess.PrepareAsync(folder.File("data"), "alice", "bob", "mallory", "ping", "pong");
        Hub = await HubProcess.StartWebAsync(folder.File("data"), "--Web:Origins", "https://good.test");
        Witness = await Witness.StartAsync(Hub, "ping", "pong");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Witness.DisposeAsync();
        await Hub.DisposeAsync();
        folder.Dispose();
    }
}
