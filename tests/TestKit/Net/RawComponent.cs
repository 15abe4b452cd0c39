using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;

namespace IotXmpp.TestKit.Net;

/// <summary>An external component (XEP-0114) for tests: the steps of its stream over a <see cref="RawClient"/>.</summary>
public static class RawComponent
{
    /// <summary>The namespace of the protocol.</summary>
    public static readonly XNamespace Accept = "jabber:component:accept";

    /// <summary>Opens a stream as a component; the hub's header is read, whatever follows is not.</summary>
    public static async Task<(RawClient Client, StreamEvent Answer)> OpenAsync(IPEndPoint hub, string to, Transcript? transcript = null, string ns = "jabber:component:accept")
    {
        var client = await RawClient.ConnectAsync(hub, to, transcript);
        await client.SendAsync($"<stream:stream xmlns='{ns}' xmlns:stream='http://etherx.jabber.org/streams' to='{to}'>");
        return (client, await client.NextAsync());
    }

    /// <summary>Connects and proves the secret.</summary>
    public static async Task<RawClient> ConnectAsync(IPEndPoint hub, string domain, string secret, Transcript? transcript = null)
    {
        var (client, answer) = await OpenAsync(hub, domain, transcript);
        var id = answer is StreamEvent.Opened { Header: var header } ? (string?)header.Attribute("id") : throw new DialogueException($"expected a stream header, got {RawClient.Describe(answer)}");
        await client.SendAsync($"<handshake>{Proof(id!, secret)}</handshake>");
        var done = await client.ReadAsync();
        return done.Name == Accept + "handshake" ? client : throw new DialogueException($"expected handshake, got {done}");
    }

    /// <summary>What proves a secret on a stream (XEP-0114 §3).</summary>
    public static string Proof(string id, string secret)
    {
#pragma warning disable CA5350 // the standard's own choice
        return Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(id + secret)));
#pragma warning restore CA5350
    }
}
