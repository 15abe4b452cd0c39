using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using IotXmpp.Hub.Modules;
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
        if (!host.Hub.Figures.CountReceived(stanza.Kind))
        {
            return TakeAsync(host, stream, stanza, bytes, to, from, language);
        }

        long start = Stopwatch.GetTimestamp();
        ValueTask taken = TakeAsync(host, stream, stanza, bytes, to, from, language);
        if (!taken.IsCompletedSuccessfully)
        {
            return TimeAsync(taken, host.Hub.Figures, start);
        }

        host.Hub.Figures.TellHandled(start);
        return default;
    }

    private static async ValueTask TimeAsync(ValueTask taken, HubFigures figures, long start)
    {
        await taken.ConfigureAwait(false);
        figures.TellHandled(start);
    }

    private static ValueTask TakeAsync(StreamHost host, C2sStream stream, Stanza stanza, ReadOnlySpan<byte> bytes, Range to, Range from, byte[]? language)
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
                session.CountReceived();
                host.Hub.Router.Bounce(stanza, StanzaError.JidMalformed);
                return default;
            }

            stanza.To = address;
        }

        session.Tap?.Received(session, stanza);
        bool isMessage = stanza.Kind == StanzaKind.Message;
        if (isMessage && host.Hub.Router.Messages.IsKept(stanza))
        {
            ValueTask begun = KeepAsync(host, stream, session, stanza.Copy());
            StanzaPool.Return(stanza);
            return begun;
        }

        if (session.Pending is { Any: true } pending)
        {
            return AfterAsync(pending.EndedAsync(), host, session, stanza);
        }

        ValueTask routed = isMessage ? host.Hub.Router.Messages.RouteUnkeptAsync(stanza, session) : host.Hub.Router.RouteAsync(stanza, session);
        if (routed.IsCompletedSuccessfully)
        {
            session.CountReceived();
            StanzaPool.Return(stanza);
            return default;
        }

        return FinishAsync(routed, session);
    }

    private static async ValueTask FinishAsync(ValueTask routed, Session session)
    {
        await routed.ConfigureAwait(false);
        session.CountReceived();
    }

    private static async ValueTask AfterAsync(Task pending, StreamHost host, Session session, Stanza stanza)
    {
        await pending.ConfigureAwait(false);
        await host.Hub.Router.RouteAsync(stanza, session).ConfigureAwait(false);
        session.CountReceived();
    }

    // The reader goes on as soon as the message has its place in the order: what comes behind it can share its commit.
    private static async ValueTask KeepAsync(StreamHost host, C2sStream stream, Session session, Stanza message)
    {
        if (await host.Hub.Router.Messages.BeginAsync(message, session).ConfigureAwait(false) is { IsCompletedSuccessfully: false } rest)
        {
            session.Pending ??= new PendingMessages(host.Options.MaxPendingMessages);
            await session.Pending.AddAsync(rest, session, stream, host).ConfigureAwait(false);
            return;
        }

        await session.PendingAsync().ConfigureAwait(false);
        session.CountReceived();
    }

    private static bool IsOwn(StreamHost host, Session session, ReadOnlySpan<byte> raw) =>
        TryAddress(host, raw, out Jid? jid) && (jid.Equals(session.Jid) || jid.Equals(session.Jid.Bare));

    private static bool TryAddress(StreamHost host, ReadOnlySpan<byte> raw, [NotNullWhen(true)] out Jid? jid) => raw.Contains((byte)'&')
        ? Addresses.JidPrep.TryParse(XmlEscape.Decode(raw, isAttribute: true), out jid)
        : host.Jids.TryParse(raw, out jid);
}
