using System.Buffers;
using System.Text;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Routing;

/// <summary>
/// Decides where a stanza goes: to an entity that the hub serves (<see cref="IqDispatcher"/>, components), or to sessions by the table of RFC 6121 §8.5.
/// Everything that is already in memory is done before the call returns; a task is left only where a handler waits.
/// </summary>
public sealed class StanzaRouter : IStanzaRouter
{
    private readonly ModuleHost _hub;
    private readonly IqDispatcher _iqs;
    private readonly ILogger _log;

    internal StanzaRouter(ModuleHost hub)
    {
        _hub = hub;
        _iqs = new IqDispatcher(hub, this);
        _log = hub.Loggers.CreateLogger<StanzaRouter>();
    }

    /// <summary>Takes what is addressed to other domains; null until federation is there.</summary>
    internal Func<Stanza, Session?, ValueTask>? Remote { get; set; }

    internal IqDispatcher Iqs => _iqs;

    /// <inheritdoc/>
    public ValueTask RouteAsync(Stanza stanza, Session? sender = null) => stanza.Kind switch
    {
        StanzaKind.Message => RouteMessage(stanza, sender),
        StanzaKind.Presence => RoutePresence(stanza, sender),
        _ => RouteIq(stanza, sender),
    };

    /// <inheritdoc/>
    public void Send(OutgoingStanza stanza, Jid to)
    {
        if (to.Domain == _hub.Domain.Domain && to.Local.Length > 0)
        {
            using PooledStanza parts = Serialize(stanza);
            Deliver(parts, stanza, to);
            return;
        }

        Run(RouteAsync(ToStanza(stanza, to)));
    }

    /// <inheritdoc/>
    public Task<Stanza?> AskAsync(OutgoingStanza iq, Jid to, TimeSpan timeout, CancellationToken cancel) => _iqs.Answers.AskAsync(this, iq, to, timeout, _hub.Time, cancel);

    /// <inheritdoc/>
    public void Multicast(OutgoingStanza stanza, IReadOnlyList<Jid> recipients)
    {
        using PooledStanza parts = Serialize(stanza);
        bool batch = Streams.FlushBatch.Begin();
        try
        {
            for (int i = 0; i < recipients.Count; i++)
            {
                Jid to = recipients[i];
                if (to.Domain == _hub.Domain.Domain && to.Local.Length > 0)
                {
                    Deliver(parts, stanza, to);
                }
                else
                {
                    Run(RouteAsync(ToStanza(stanza, to)));
                }
            }
        }
        finally
        {
            if (batch)
            {
                Streams.FlushBatch.End();
            }
        }
    }

    /// <inheritdoc/>
    public void Reply(Stanza request, IqReply reply)
    {
        if (reply.IsLater)
        {
            return;
        }

        using var head = new XmlBuilder(256);
        Jid from = request.To ?? request.From.Bare;
        Open(head, StanzaKind.Iq, reply.Error is null ? StanzaType.Result : StanzaType.Error, request.Id, from);
        if (reply.Error is null)
        {
            if (_hub.Sessions.TryGet(request.From, out Session? session) && reply.Payload.IsEmpty)
            {
                session.Deliver(head.OpenTag, request.From, "/>"u8);
                return;
            }

            using var tail = new XmlBuilder(reply.Payload.Length + 16);
            if (reply.Payload.IsEmpty)
            {
                tail.Raw("/>"u8);
            }
            else
            {
                tail.Raw(">"u8).Raw(reply.Payload.Span).Raw("</iq>"u8);
            }

            DeliverTo(request.From, from, head, tail);
        }
        else
        {
            using var tail = new XmlBuilder(512);
            tail.Raw(">"u8);
            // RFC 6120 §8.3.1: the error may carry what was sent; we do, while it is small.
            if (request.Inner.Length <= MaxEchoBytes)
            {
                tail.Raw(request.Inner.Span);
            }

            reply.Error.WriteTo(tail);
            tail.Raw("</iq>"u8);
            DeliverTo(request.From, from, head, tail);
        }
    }

    /// <summary>Bytes of a refused stanza's content that its error carries back (1 KiB): enough to see what it was, too little to be an amplifier.</summary>
    public const int MaxEchoBytes = 1024;

    /// <inheritdoc/>
    public void Bounce(Stanza stanza, StanzaError error)
    {
        if (stanza.Type == StanzaType.Error || (stanza.Kind == StanzaKind.Iq && stanza.Type == StanzaType.Result))
        {
            return;
        }

        if (stanza.Kind == StanzaKind.Iq)
        {
            Reply(stanza, error);
            return;
        }

        using var head = new XmlBuilder(256);
        Jid from = stanza.To ?? stanza.From.Bare;
        Open(head, stanza.Kind, StanzaType.Error, stanza.Id, from);
        using var tail = new XmlBuilder(512);
        tail.Raw(">"u8);
        if (stanza.Inner.Length <= MaxEchoBytes)
        {
            tail.Raw(stanza.Inner.Span);
        }

        error.WriteTo(tail);
        tail.Raw(stanza.Kind == StanzaKind.Message ? "</message>"u8 : "</presence>"u8);
        DeliverTo(stanza.From, from, head, tail);
    }

    /// <inheritdoc/>
    public void Broadcast(Stanza stanza, IReadOnlyList<Jid> recipients)
    {
        if (recipients.Count == 0)
        {
            return;
        }

        using PooledStanza parts = Serialize(stanza);
        bool batch = Streams.FlushBatch.Begin();
        try
        {
            for (int i = 0; i < recipients.Count; i++)
            {
                Jid to = recipients[i];
                if (to.Domain == _hub.Domain.Domain && to.Local.Length > 0)
                {
                    foreach (Session session in _hub.Sessions.Of(to))
                    {
                        if (session.IsAvailable)
                        {
                            session.Deliver(parts.Head, to, parts.Tail);
                        }
                    }
                }
                else
                {
                    Stanza copy = stanza.Copy();
                    copy.To = to;
                    Run(RouteElsewhere(copy, null, to));
                }
            }
        }
        finally
        {
            if (batch)
            {
                Streams.FlushBatch.End();
            }
        }
    }

    /// <inheritdoc/>
    public void DeliverTo(Session session, Stanza stanza)
    {
        using PooledStanza parts = Serialize(stanza);
        session.Deliver(parts.Head, stanza.To ?? session.Jid, parts.Tail);
    }

    /// <summary>Delivers a stanza to some sessions; it is serialized once.</summary>
    public void DeliverTo(ReadOnlySpan<Session> sessions, Stanza stanza)
    {
        using PooledStanza parts = Serialize(stanza);
        foreach (Session session in sessions)
        {
            session.Deliver(parts.Head, stanza.To ?? session.Jid, parts.Tail);
        }
    }

    // A start tag that is not ended: the addressee follows.
    private static void Open(XmlBuilder head, StanzaKind kind, StanzaType type, string? id, Jid from)
    {
        head.Open(Stanza.NameOf(kind));
        if (type != StanzaType.None)
        {
            head.Attribute("type"u8, Stanza.TokenOf(type));
        }

        head.Attribute("id"u8, id).Attribute("from"u8, from.Utf8);
    }

    private static PooledStanza Serialize(Stanza stanza)
    {
        ReadOnlySpan<byte> name = Stanza.NameOf(stanza.Kind);
        ReadOnlySpan<byte> attributes = stanza.RawAttributes;
        ReadOnlySpan<byte> inner = stanza.Inner.Span;
        byte[]? language = stanza.Language is { } lang && attributes.IndexOf(" xml:lang"u8) < 0 ? lang : null;
        byte[] buffer = ArrayPool<byte>.Shared.Rent((name.Length * 2) + attributes.Length + (stanza.From.Utf8.Length * 6) + inner.Length + 64 + ((language?.Length ?? 0) * 6));
        buffer[0] = (byte)'<';
        name.CopyTo(buffer.AsSpan(1));
        int count = 1 + name.Length;
        attributes.CopyTo(buffer.AsSpan(count));
        count += attributes.Length;
        if (language is not null)
        {
            count += StanzaBytes.Attribute(buffer.AsSpan(count), " xml:lang='"u8, language);
        }

        count += StanzaBytes.Attribute(buffer.AsSpan(count), " from='"u8, stanza.From.Utf8);
        int head = count;
        count += WriteTail(buffer.AsSpan(count), inner, name);
        return new PooledStanza(buffer, head, count);
    }

    private static PooledStanza Serialize(OutgoingStanza stanza)
    {
        using var head = new XmlBuilder(256);
        ReadOnlySpan<byte> name = Stanza.NameOf(stanza.Kind);
        Open(head, stanza.Kind, stanza.Type, stanza.Id, stanza.From);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(head.OpenTag.Length + stanza.Payload.Length + 16);
        head.OpenTag.CopyTo(buffer);
        int count = head.OpenTag.Length;
        int split = count;
        count += WriteTail(buffer.AsSpan(count), stanza.Payload.Span, name);
        return new PooledStanza(buffer, split, count);
    }

    private static int WriteTail(Span<byte> target, ReadOnlySpan<byte> inner, ReadOnlySpan<byte> name)
    {
        if (inner.IsEmpty)
        {
            "/>"u8.CopyTo(target);
            return 2;
        }

        target[0] = (byte)'>';
        inner.CopyTo(target[1..]);
        int count = 1 + inner.Length;
        "</"u8.CopyTo(target[count..]);
        name.CopyTo(target[(count + 2)..]);
        count += 2 + name.Length;
        target[count] = (byte)'>';
        return count + 1;
    }

    private static Stanza ToStanza(OutgoingStanza stanza, Jid to)
    {
        using PooledStanza parts = Serialize(stanza);
        byte[] bytes = new byte[StanzaBytes.Bound(parts.Head, to, parts.Tail)];
        int length = StanzaBytes.Write(bytes, parts.Head, to, parts.Tail);
        return Stanza.Parse(bytes.AsMemory(0, length), stanza.From, to);
    }

    // A stanza made by the hub for an account of this domain: the table of RFC 6121 §8.5, without errors to anybody.
    private void Deliver(in PooledStanza parts, OutgoingStanza stanza, Jid to)
    {
        if (to.IsFull)
        {
            if (_hub.Sessions.TryGet(to, out Session? session))
            {
                session.Deliver(parts.Head, to, parts.Tail);
            }

            return;
        }

        ReadOnlySpan<Session> sessions = _hub.Sessions.Of(to);
        if (stanza.Kind == StanzaKind.Message && stanza.Type is StanzaType.Normal or StanzaType.Chat or StanzaType.None && MessageHandlersExist)
        {
            Run(RouteAsync(ToStanza(stanza, to)));
            return;
        }

        foreach (Session session in sessions)
        {
            if (session.IsAvailable && (stanza.Kind != StanzaKind.Message || session.Priority >= 0))
            {
                session.Deliver(parts.Head, to, parts.Tail);
            }
        }
    }

    private bool MessageHandlersExist => _hub.MessageHandlers[(int)Phase.Deliver].Length > 0;

    private void DeliverTo(Jid to, Jid from, XmlBuilder head, XmlBuilder tail)
    {
        if (to.Domain == _hub.Domain.Domain)
        {
            if (_hub.Sessions.TryGet(to, out Session? session))
            {
                session.Deliver(head.OpenTag, to, tail.Written);
            }

            return;
        }

        byte[] bytes = new byte[StanzaBytes.Bound(head.OpenTag, to, tail.Written)];
        int length = StanzaBytes.Write(bytes, head.OpenTag, to, tail.Written);
        Run(RouteAsync(Stanza.Parse(bytes.AsMemory(0, length), from, to)));
    }

    /// <summary>A stanza with its addresses, as bytes.</summary>
    internal static byte[] Write(Stanza stanza)
    {
        using PooledStanza parts = Serialize(stanza);
        Jid to = stanza.To ?? stanza.From.Bare;
        byte[] bytes = new byte[StanzaBytes.Bound(parts.Head, to, parts.Tail)];
        Array.Resize(ref bytes, StanzaBytes.Write(bytes, parts.Head, to, parts.Tail));
        return bytes;
    }

    // For stanzas of the hub itself, on which nobody waits.
    private void Run(ValueTask routing)
    {
        if (!routing.IsCompletedSuccessfully)
        {
            _ = RunAsync(routing.AsTask());
        }
    }

    private async Task RunAsync(Task routing)
    {
        try
        {
            await routing.ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            StanzaRouterLog.Failed(_log, e);
        }
    }

    private ValueTask RouteMessage(Stanza stanza, Session? sender)
    {
        if (_hub.MayNeedInspection(stanza.Inner.Span))
        {
            return InspectMessageAsync(stanza, sender);
        }

        return RouteInspected(stanza, sender);
    }

    // A thing may also take commands out of messages (XEP-0325 §3.2): the same right is needed.
    private async ValueTask InspectMessageAsync(Stanza stanza, Session? sender)
    {
        foreach (StanzaHandler inspect in stanza.To is { Local.Length: > 0 } to && to.Domain == _hub.Domain.Domain ? _hub.InspectionsOf(stanza) : [])
        {
            Verdict verdict = await inspect(stanza, sender).ConfigureAwait(false);
            if (verdict.Error is not null)
            {
                Bounce(stanza, verdict.Error);
            }

            if (verdict.IsHandled)
            {
                return;
            }
        }

        await RouteInspected(stanza, sender).ConfigureAwait(false);
    }

    private ValueTask RouteInspected(Stanza stanza, Session? sender)
    {
        StanzaHandler[][] handlers = _hub.MessageHandlers;
        if (handlers[0].Length + handlers[1].Length + handlers[2].Length == 0)
        {
            return DeliverMessage(stanza, sender);
        }

        return RouteObserved(stanza, sender, handlers);
    }

    private async ValueTask RouteObserved(Stanza stanza, Session? sender, StanzaHandler[][] handlers)
    {
        Verdict verdict = await RunAsync(handlers[(int)Phase.Inspect], stanza, sender).ConfigureAwait(false);
        if (verdict.IsHandled)
        {
            return;
        }

        verdict = await RunAsync(handlers[(int)Phase.Deliver], stanza, sender).ConfigureAwait(false);
        if (verdict.Error is not null)
        {
            return;
        }

        if (!verdict.IsHandled)
        {
            await (stanza.Kind == StanzaKind.Message ? DeliverMessage(stanza, sender) : DeliverPresence(stanza, sender)).ConfigureAwait(false);
        }

        await RunAsync(handlers[(int)Phase.Observe], stanza, sender).ConfigureAwait(false);
    }

    private async ValueTask<Verdict> RunAsync(IReadOnlyList<StanzaHandler> handlers, Stanza stanza, Session? sender)
    {
        for (int i = 0; i < handlers.Count; i++)
        {
            Verdict verdict = await handlers[i](stanza, sender).ConfigureAwait(false);
            if (verdict.Error is not null)
            {
                Bounce(stanza, verdict.Error);
            }

            if (verdict.IsHandled)
            {
                return verdict;
            }
        }

        return Verdict.Continue;
    }

    private ValueTask DeliverMessage(Stanza stanza, Session? sender)
    {
        // RFC 6120 §10.3.1: without an addressee it is for the sender's own account.
        Jid to = stanza.To ?? stanza.From.Bare;
        if (to.Domain != _hub.Domain.Domain)
        {
            return RouteElsewhere(stanza, sender, to);
        }

        if (to.Local.Length == 0)
        {
            return RunEntity(_hub.DomainEntity.Messages, stanza, sender, StanzaError.ServiceUnavailable);
        }

        if (to.IsFull && _hub.Sessions.TryGet(to, out Session? session))
        {
            DeliverTo(session, stanza);
            return default;
        }

        if (to.IsFull && stanza.Type != StanzaType.Chat)
        {
            // RFC 6121 §8.5.3.2.1.
            if (stanza.Type is not (StanzaType.Headline or StanzaType.Error))
            {
                Bounce(stanza, StanzaError.ServiceUnavailable);
            }

            return default;
        }

        DeliverToAccount(stanza, to.Bare);
        return default;
    }

    // RFC 6121 §8.5.2.1.1 and §8.5.2.2.1.
    private void DeliverToAccount(Stanza stanza, Jid account)
    {
        ReadOnlySpan<Session> sessions = _hub.Sessions.Of(account);
        int best = -1;
        foreach (Session candidate in sessions)
        {
            if (candidate.IsAvailable && candidate.Priority > best)
            {
                best = candidate.Priority;
            }
        }

        switch (stanza.Type)
        {
            case StanzaType.Normal or StanzaType.Chat when best >= 0:
            case StanzaType.Headline:
                using (PooledStanza parts = Serialize(stanza))
                {
                    foreach (Session candidate in sessions)
                    {
                        // The most available resources for a conversation, all that want messages for a headline.
                        if (candidate.IsAvailable && (stanza.Type == StanzaType.Headline ? candidate.Priority >= 0 : candidate.Priority == best))
                        {
                            candidate.Deliver(parts.Head, stanza.To ?? account, parts.Tail);
                        }
                    }
                }

                break;
            case StanzaType.Error:
                break;
            default:
                Bounce(stanza, StanzaError.ServiceUnavailable);
                break;
        }
    }

    private ValueTask RoutePresence(Stanza stanza, Session? sender) => RouteObserved(stanza, sender, _hub.PresenceHandlers);

    private ValueTask DeliverPresence(Stanza stanza, Session? sender)
    {
        if (stanza.To is not { } to)
        {
            return default;
        }

        if (to.Domain != _hub.Domain.Domain)
        {
            return RouteElsewhere(stanza, sender, to);
        }

        if (to.Local.Length == 0)
        {
            return RunEntity(_hub.DomainEntity.Presences, stanza, sender, null);
        }

        // Directed presence (RFC 6121 §8.5.2.1.2, §8.5.3.1): to the resource, or to all available ones.
        if (to.IsFull)
        {
            if (_hub.Sessions.TryGet(to, out Session? session))
            {
                DeliverTo(session, stanza);
            }

            return default;
        }

        using PooledStanza parts = Serialize(stanza);
        foreach (Session candidate in _hub.Sessions.Of(to))
        {
            if (candidate.IsAvailable)
            {
                candidate.Deliver(parts.Head, to, parts.Tail);
            }
        }

        return default;
    }

    private ValueTask RouteIq(Stanza stanza, Session? sender)
    {
        if (stanza.Type == StanzaType.Unknown || !stanza.HasId)
        {
            // RFC 6120 §8.2.3: an iq has an id and one of four types.
            Bounce(stanza, StanzaError.BadRequest);
            return default;
        }

        if (stanza.To is not { } to)
        {
            return _iqs.HandleAsync(_hub.AccountEntity, stanza.From.Bare, stanza, sender);
        }

        if (to.Domain != _hub.Domain.Domain)
        {
            return RouteElsewhere(stanza, sender, to);
        }

        if (to.Local.Length == 0)
        {
            return _iqs.HandleAsync(_hub.DomainEntity, to, stanza, sender);
        }

        if (to.IsBare)
        {
            return _iqs.HandleAsync(_hub.AccountEntity, to, stanza, sender);
        }

        if (!_hub.Sessions.TryGet(to, out Session? session))
        {
            // RFC 6121 §8.5.3.2.3.
            Bounce(stanza, StanzaError.ServiceUnavailable);
            return default;
        }

        if (stanza.IsIqRequest && _hub.InspectionOf(stanza.ChildNamespace) is { } inspect)
        {
            return InspectAsync(inspect, stanza, sender, session);
        }

        DeliverTo(session, stanza);
        return default;
    }

    private async ValueTask InspectAsync(StanzaHandler inspect, Stanza stanza, Session? sender, Session target)
    {
        Verdict verdict = await inspect(stanza, sender).ConfigureAwait(false);
        if (verdict.Error is not null)
        {
            Bounce(stanza, verdict.Error);
        }
        else if (!verdict.IsHandled)
        {
            DeliverTo(target, stanza);
        }
    }

    private ValueTask RouteElsewhere(Stanza stanza, Session? sender, Jid to)
    {
        if (_hub.ComponentAt(to.Domain) is { } component)
        {
            return stanza.Kind switch
            {
                StanzaKind.Iq => _iqs.HandleAsync(component, to, stanza, sender),
                StanzaKind.Message => RunEntity(component.Messages, stanza, sender, StanzaError.ServiceUnavailable),
                _ => RunEntity(component.Presences, stanza, sender, null),
            };
        }

        if (Remote is { } remote)
        {
            return remote(stanza, sender);
        }

        StanzaRouterLog.NoRoute(_log, stanza.From, to);
        Bounce(stanza, StanzaError.RemoteServerNotFound);
        return default;
    }

    private async ValueTask RunEntity(IReadOnlyList<StanzaHandler> handlers, Stanza stanza, Session? sender, StanzaError? otherwise)
    {
        if (!(await RunAsync(handlers, stanza, sender).ConfigureAwait(false)).IsHandled && otherwise is not null)
        {
            Bounce(stanza, otherwise);
        }
    }

    /// <summary>A stanza in two parts, around where the addressee stands; the buffer is pooled.</summary>
    private readonly struct PooledStanza(byte[] buffer, int headLength, int length) : IDisposable
    {
        public ReadOnlySpan<byte> Head => buffer.AsSpan(0, headLength);

        public ReadOnlySpan<byte> Tail => buffer.AsSpan(headLength, length - headLength);

        public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);
    }
}

/// <summary>Logs of <see cref="StanzaRouter"/>.</summary>
internal static partial class StanzaRouterLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "Routing a stanza of the hub failed")]
    public static partial void Failed(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No route from {From} to {To}")]
    public static partial void NoRoute(ILogger log, Jid from, Jid to);
}
