using System.Diagnostics.CodeAnalysis;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Streams;

/// <summary>What a bound client sends: its addresses are read and checked, the hub says who sent it, the router takes it, and it is counted.</summary>
internal static class InboundStanzas
{
    /// <summary>Takes one stanza.</summary>
    /// <param name="host">What all streams share.</param>
    /// <param name="stream">The client's stream, bound.</param>
    /// <param name="stanza">Loaded from <paramref name="bytes"/>; goes back to the pool.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="to">Where its <c>to</c> stands; default for none.</param>
    /// <param name="from">Where its <c>from</c> stands; default for none.</param>
    /// <param name="language">The stream's language as UTF-8, or null.</param>
    public static ValueTask RouteAsync(StreamHost host, C2sStream stream, Stanza stanza, ReadOnlySpan<byte> bytes, Range to, Range from, byte[]? language)
    {
        Session session = stream.Session!;
        if (!from.Equals(default) && !IsOwn(host, session, bytes[from]))
        {
            // RFC 6120 §8.1.2.1: it may say its own address or none.
            stream.Fail("invalid-from");
            return default;
        }

        stanza.From = session.Jid;
        stanza.To = null;
        stanza.Language = language;
        if (!to.Equals(default) && !bytes[to].IsEmpty)
        {
            if (!TryAddress(host, bytes[to], out Jid? address))
            {
                stanza.To = host.Hub.Domain;
                Count(session);
                host.Hub.Router.Bounce(stanza, StanzaError.JidMalformed);
                return default;
            }

            stanza.To = address;
        }

        ValueTask routed = host.Hub.Router.RouteAsync(stanza, session);
        if (routed.IsCompletedSuccessfully)
        {
            Count(session);
            StanzaPool.Return(stanza);
            return default;
        }

        return FinishAsync(routed, session);
    }

    private static async ValueTask FinishAsync(ValueTask routed, Session session)
    {
        await routed.ConfigureAwait(false);
        Count(session);
    }

    // XEP-0198 §4: a stanza counts when the hub has taken responsibility for it.
    private static void Count(Session session)
    {
        if (session.Management is { } management)
        {
            management.Received++;
        }
    }

    private static bool IsOwn(StreamHost host, Session session, ReadOnlySpan<byte> raw) =>
        TryAddress(host, raw, out Jid? jid) && (jid.Equals(session.Jid) || jid.Equals(session.Jid.Bare));

    private static bool TryAddress(StreamHost host, ReadOnlySpan<byte> raw, [NotNullWhen(true)] out Jid? jid) => raw.Contains((byte)'&')
        ? Addresses.JidPrep.TryParse(XmlEscape.Decode(raw, isAttribute: true), out jid)
        : host.Jids.TryParse(raw, out jid);
}
