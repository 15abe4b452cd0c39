using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Streams;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace IotXmpp.Hub.Transport.WebSocket;

/// <summary>The door of XMPP over WebSocket (RFC 7395 §3.1): the opening handshake (RFC 6455 §4.2), then a stream.</summary>
public sealed class WebSocketEndpoint
{
    /// <summary>Where it is served.</summary>
    public const string Path = "/xmpp-websocket";

    private const string Subprotocol = "xmpp";
    private const int KeyBytes = 16;

    private readonly StreamHost _host;
    private readonly WebPolicy _policy;

    /// <param name="host">What all streams share.</param>
    /// <param name="policy">Who may come.</param>
    public WebSocketEndpoint(StreamHost host, WebPolicy policy)
    {
        _host = host;
        _policy = policy;
    }

    /// <summary>Serves one request to its end.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        WebRequest from = _policy.Look(context);
        HttpRequest request = context.Request;
        if (!HttpMethods.IsGet(request.Method))
        {
            context.Response.Headers.Allow = "GET";
            await WebPolicy.RefuseAsync(context, StatusCodes.Status405MethodNotAllowed, "XMPP over WebSocket begins with GET.").ConfigureAwait(false);
            return;
        }

        if (!from.IsAllowed)
        {
            await WebPolicy.RefuseAsync(context, StatusCodes.Status403Forbidden, "This origin may not open a stream; the setting Web:Origins lists who may.").ConfigureAwait(false);
            return;
        }

        if (!from.IsSecure)
        {
            await WebPolicy.RefuseAsync(context, StatusCodes.Status403Forbidden, "TLS is needed: use https, by a proxy that the setting Web:Proxies names.").ConfigureAwait(false);
            return;
        }

        if (context.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade || !Lists(request.Headers.Upgrade.ToString(), "websocket"))
        {
            context.Response.Headers.Upgrade = "websocket";
            await WebPolicy.RefuseAsync(context, StatusCodes.Status426UpgradeRequired, "XMPP over WebSocket (RFC 7395): connect with a WebSocket client, subprotocol xmpp.").ConfigureAwait(false);
            return;
        }

        if (request.Headers.SecWebSocketVersion != "13")
        {
            context.Response.Headers.SecWebSocketVersion = "13";
            await WebPolicy.RefuseAsync(context, StatusCodes.Status426UpgradeRequired, "WebSocket version 13 is spoken here (RFC 6455).").ConfigureAwait(false);
            return;
        }

        string key = request.Headers.SecWebSocketKey.ToString().Trim();
        if (!Convert.TryFromBase64String(key, new byte[KeyBytes + 2], out int bytes) || bytes != KeyBytes)
        {
            await WebPolicy.RefuseAsync(context, StatusCodes.Status400BadRequest, "Sec-WebSocket-Key is not one (RFC 6455 §4.1).").ConfigureAwait(false);
            return;
        }

        if (!Lists(request.Headers.SecWebSocketProtocol.ToString(), Subprotocol))
        {
            await WebPolicy.RefuseAsync(context, StatusCodes.Status400BadRequest, "The subprotocol xmpp is needed (RFC 7395 §3.1).").ConfigureAwait(false);
            return;
        }

        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.SecWebSocketProtocol = Subprotocol;
        context.Response.Headers.SecWebSocketAccept = Accept(key);
        Stream stream = await upgrade.UpgradeAsync().ConfigureAwait(false);
        await _host.ServeAsync(new WebSocketTransport(_host, stream, from.Peer, context.Abort)).ConfigureAwait(false);
    }

    // RFC 6455 §4.2.2: shows that the server has understood what it is asked.
    private static string Accept(string key) => Convert.ToBase64String(Sha1(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));

    private static byte[] Sha1(byte[] text)
    {
#pragma warning disable CA5350 // The handshake is defined with SHA-1; nothing is kept secret by it.
        return SHA1.HashData(text);
#pragma warning restore CA5350
    }

    private static bool Lists(string header, string name) => header.Split(',').Any(one => string.Equals(one.Trim(), name, StringComparison.OrdinalIgnoreCase));
}
