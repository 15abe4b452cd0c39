using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Xml.Linq;

namespace IotXmpp.TestKit.Net;

/// <summary>XMPP over WebSocket (RFC 7395) by .NET's own client.</summary>
public sealed class WebSocketBridge : WebBridge
{
    private readonly ClientWebSocket socket;

    private WebSocketBridge(ClientWebSocket socket)
    {
        this.socket = socket;
        _ = ReceiveAsync();
    }

    /// <summary>Connects.</summary>
    public static async Task<WebSocketBridge> ConnectAsync(IPEndPoint http)
    {
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("xmpp");
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        await socket.ConnectAsync(new Uri($"ws://{http}/xmpp-websocket"), CancellationToken.None).WaitAsync(RawClient.DefaultWait);
        return new WebSocketBridge(socket);
    }

    /// <inheritdoc/>
    protected override Task OpenAsync(XElement header) => SendTextAsync(new XElement(
        Framing + "open", header.Attributes().Where(a => !a.IsNamespaceDeclaration)));

    /// <inheritdoc/>
    protected override async Task SendAsync(IReadOnlyList<XElement> elements)
    {
        foreach (var element in elements)
        {
            await SendTextAsync(element);
        }
    }

    /// <inheritdoc/>
    protected override Task EndAsync() => SendTextAsync(new XElement(Framing + "close"));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // The connection is cut, as a browser's tab is.
        socket.Abort();
        socket.Dispose();
        base.Dispose(disposing);
    }

    private async Task SendTextAsync(XElement element)
    {
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)), WebSocketMessageType.Text, true, CancellationToken.None);
        }
        catch (WebSocketException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    private async Task ReceiveAsync()
    {
        var buffer = new byte[1 << 20];
        try
        {
            while (true)
            {
                var count = 0;
                WebSocketReceiveResult result;
                do
                {
                    result = await socket.ReceiveAsync(buffer.AsMemory(count).ToArraySegment(), CancellationToken.None);
                    count += result.Count;
                }
                while (!result.EndOfMessage);

                if (result.MessageType == WebSocketMessageType.Close)
                {
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
                    Ended();
                    return;
                }

                var element = XElement.Parse(Encoding.UTF8.GetString(buffer, 0, count), LoadOptions.PreserveWhitespace);
                if (element.Name == Framing + "open")
                {
                    Opened(element);
                }
                else if (element.Name == Framing + "close")
                {
                    Closed();
                }
                else
                {
                    Arrived(element);
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException or System.Xml.XmlException)
        {
            Ended(e);
        }
    }
}

internal static class Segments
{
    public static ArraySegment<byte> ToArraySegment(this Memory<byte> memory) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> segment) ? segment : throw new InvalidOperationException("not an array");
}
