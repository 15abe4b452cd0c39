using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Text;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Streams;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.AspNetCore.Connections;

namespace IotXmpp.Hub.Peers;

/// <summary>The stream of one component (XEP-0114 §3): a header, the handshake, stanzas.</summary>
internal sealed class ComponentStream(ComponentHost host, ConnectionContext connection) : PeerStream(host, connection, AcceptNamespace)
{
    /// <summary>The namespace of the protocol.</summary>
    public const string AcceptNamespace = "jabber:component:accept";

    private readonly string _id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
    private ComponentHost.Component? _component;

    public override string? Name => _component?.Domain;

    public override bool IsAuthenticated => State == StreamState.Bound;

    protected override void Opened(PeerHeader header)
    {
        if (header.Error is { } error)
        {
            Fail(error);
            return;
        }

        if (host.OnlyLoopback && Peer is { } peer && !IPAddress.IsLoopback(peer.Address.IsIPv4MappedToIPv6 ? peer.Address.MapToIPv4() : peer.Address))
        {
            Fail("policy-violation", "Components are served on this machine only: their protocol has no TLS.");
            return;
        }

        if (header.To is null || host.Find(header.To) is not { } component)
        {
            Fail("host-unknown");
            return;
        }

        _component = component;
        using var xml = new XmlBuilder();
        WriteHeader(xml);
        HeaderSent = true;
        Send(xml);
        State = StreamState.Authenticating;
    }

    protected override ValueTask HandleNonzaAsync(Element element)
    {
        if (State != StreamState.Authenticating)
        {
            Fail("unsupported-stanza-type");
            return default;
        }

        if (!element.Is("handshake", Ns.Client) || !IsRight(element.Text))
        {
            Fail("not-authorized");
            return default;
        }

        State = StreamState.Bound;
        Trust();
        using var xml = new XmlBuilder();
        Send(xml.Empty("handshake"u8));
        // Whoever knows the secret is the component: a connection that died unnoticed must not keep it out (as RFC 6120 §7.7.2.2 has it for resources).
        _component!.Take(this)?.Fail("conflict", "The component has connected again.");
        PeerLog.ComponentConnected(host.Log, _component.Domain, Peer);
        return default;
    }

    protected override ValueTask HandleStanzaAsync(Stanza stanza, ReadOnlyMemory<byte> bytes, Range to, Range from)
    {
        if (State != StreamState.Bound)
        {
            StanzaPool.Return(stanza);
            Fail("not-authorized");
            return default;
        }

        // §3: both addresses are required; the sender is of the component's domain, or of one below.
        if (to.Equals(default) || from.Equals(default))
        {
            StanzaPool.Return(stanza);
            Fail("improper-addressing");
            return default;
        }

        if (!TryAddress(bytes.Span[from], out Jid? sender) || !_component!.Owns(sender.Domain))
        {
            StanzaPool.Return(stanza);
            Fail("invalid-from");
            return default;
        }

        if (TryAddress(bytes.Span[to], out Jid? addressee))
        {
            return RouteAsync(stanza, sender, addressee);
        }

        stanza.From = sender;
        stanza.To = host.Hub.Domain;
        host.Hub.Router.Bounce(stanza, StanzaError.JidMalformed);
        return default;
    }

    protected override ValueTask<SslStream?> HandshakeAsync() => default;

    protected override void WriteHeader(XmlBuilder xml)
    {
        xml.Raw("<?xml version='1.0'?>"u8);
        xml.Open("stream:stream"u8, AcceptNamespace).Attribute("xmlns:stream"u8, Ns.Stream).Attribute("id"u8, _id).Attribute("from"u8, _component?.Domain ?? host.Hub.Domain.Domain);
        // An empty text ends the tag: the stream stays open.
        xml.Text(string.Empty);
    }

    protected override void Ended()
    {
        if (_component?.Leave(this) ?? false)
        {
            PeerLog.ComponentGone(host.Log, _component.Domain);
        }
    }

    // §3: the hexadecimal SHA-1 of stream id and secret.
    private bool IsRight(string proof)
    {
#pragma warning disable CA5350 // the standard's own choice; the id is new for every stream
        string right = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(_id + _component!.Secret)));
#pragma warning restore CA5350
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(right), Encoding.UTF8.GetBytes(proof.Trim()));
    }
}
