using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Routing;

/// <summary>
/// Decides where a stanza goes: to an entity that the hub serves (<see cref="IqDispatcher"/>, components), or to sessions by the table of RFC 6121 §8.5
/// (messages: <see cref="MessageRouter"/>). Everything that is already in memory is done before the call returns; a task is left only where a handler waits.
/// </summary>
public sealed class StanzaRouter : IStanzaRouter
{
    private readonly ModuleHost _hub;
    private readonly IqDispatcher _iqs;
    private readonly StanzaReplies _replies;
    private readonly ILogger _log;

    internal StanzaRouter(ModuleHost hub)
    {
        _hub = hub;
        _iqs = new IqDispatcher(hub, this);
        _replies = new StanzaReplies(hub, this);
        Messages = new MessageRouter(hub, this);
        Guard = new PrivacyGuard(hub, this);
        _log = hub.Loggers.CreateLogger<StanzaRouter>();
    }

    /// <summary>Takes what is addressed to other domains; null until federation is there.</summary>
    internal Func<Stanza, Session?, ValueTask>? Remote { get; set; }

    /// <summary>Requests whose handler waits for something.</summary>
    public int WaitingRequests => _iqs.Waiting;

    internal IqDispatcher Iqs => _iqs;

    /// <summary>The way of messages.</summary>
    internal MessageRouter Messages { get; }

    /// <summary>What accounts deny.</summary>
    internal PrivacyGuard Guard { get; }

    /// <inheritdoc/>
    public ValueTask RouteAsync(Stanza stanza, Session? sender = null) => stanza.Kind switch
    {
        StanzaKind.Message => Messages.RouteAsync(stanza, sender),
        StanzaKind.Presence => RoutePresence(stanza, sender),
        _ => RouteIq(stanza, sender),
    };

    /// <inheritdoc/>
    public void Send(OutgoingStanza stanza, Jid to)
    {
        if (IsAccount(to))
        {
            using PooledStanza parts = StanzaWriter.Serialize(stanza);
            Deliver(parts, stanza, to);
            return;
        }

        Run(RouteAsync(StanzaWriter.ToStanza(stanza, to)));
    }

    /// <inheritdoc/>
    public Task<Stanza?> AskAsync(OutgoingStanza iq, Jid to, TimeSpan timeout, CancellationToken cancel) => _iqs.Answers.AskAsync(this, iq, to, timeout, _hub.Time, cancel);

    /// <inheritdoc/>
    public void Multicast(OutgoingStanza stanza, IReadOnlyList<Jid> recipients)
    {
        using PooledStanza parts = StanzaWriter.Serialize(stanza);
        bool batch = Streams.FlushBatch.Begin();
        try
        {
            for (int i = 0; i < recipients.Count; i++)
            {
                Jid to = recipients[i];
                if (IsAccount(to))
                {
                    Deliver(parts, stanza, to);
                }
                else
                {
                    Run(RouteAsync(StanzaWriter.ToStanza(stanza, to)));
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
    public void Reply(Stanza request, IqReply reply) => _replies.Reply(request, reply);

    /// <inheritdoc/>
    public void Bounce(Stanza stanza, StanzaError error) => _replies.Bounce(stanza, error);

    /// <inheritdoc/>
    public void Broadcast(Stanza stanza, IReadOnlyList<Jid> recipients)
    {
        if (recipients.Count == 0)
        {
            return;
        }

        using PooledStanza parts = StanzaWriter.Serialize(stanza);
        bool batch = Streams.FlushBatch.Begin();
        try
        {
            for (int i = 0; i < recipients.Count; i++)
            {
                Jid to = recipients[i];
                if (Guard.Concerns(stanza.From, to))
                {
                    Run(DeliverGuardedAsync(stanza.Copy(), to));
                }
                else if (IsAccount(to))
                {
                    DeliverToAvailable(parts, to);
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
        if (stanza.Kind == StanzaKind.Presence && Guard.Concerns(stanza.From, session.Jid))
        {
            Run(DeliverGuardedAsync(stanza.Copy(), session.Jid));
            return;
        }

        DeliverNow(session, stanza);
    }

    private static void DeliverNow(Session session, Stanza stanza)
    {
        using PooledStanza parts = StanzaWriter.Serialize(stanza);
        session.Deliver(parts.Head, stanza.To ?? session.Jid, parts.Tail);
    }

    /// <summary>Lets a stanza of the hub itself go its way: nobody waits for it.</summary>
    internal void Run(ValueTask routing)
    {
        if (!routing.IsCompletedSuccessfully)
        {
            _ = RunAsync(routing.AsTask());
        }
    }

    /// <summary>Shows a stanza to handlers until one takes or refuses it.</summary>
    internal ValueTask<Verdict> RunAsync(IReadOnlyList<StanzaHandler> handlers, Stanza stanza, Session? sender)
    {
        // Nearly all handlers say at once that a stanza is none of theirs: that costs a call each and no more.
        StanzaHandler[] all = handlers as StanzaHandler[] ?? [.. handlers];
        for (int i = 0; i < all.Length; i++)
        {
            ValueTask<Verdict> running = all[i](stanza, sender);
            if (!running.IsCompletedSuccessfully)
            {
                return GoOnAsync(running, all, i, stanza, sender);
            }

            Verdict verdict = running.Result;
            if (EndsWith(verdict, stanza))
            {
                return new(verdict);
            }
        }

        return new(Verdict.Continue);
    }

    private async ValueTask<Verdict> GoOnAsync(ValueTask<Verdict> running, StanzaHandler[] handlers, int at, Stanza stanza, Session? sender)
    {
        while (true)
        {
            Verdict verdict = await running.ConfigureAwait(false);
            if (EndsWith(verdict, stanza) || ++at == handlers.Length)
            {
                return verdict.IsHandled ? verdict : Verdict.Continue;
            }

            running = handlers[at](stanza, sender);
        }
    }

    private bool EndsWith(Verdict verdict, Stanza stanza)
    {
        if (verdict.Error is not null)
        {
            Bounce(stanza, verdict.Error);
        }

        return verdict.IsHandled;
    }

    /// <summary>Gives a stanza to a served entity's handlers; where none takes it, the sender gets <paramref name="otherwise"/>.</summary>
    internal async ValueTask RunEntity(IReadOnlyList<StanzaHandler> handlers, Stanza stanza, Session? sender, StanzaError? otherwise)
    {
        if (!(await RunAsync(handlers, stanza, sender).ConfigureAwait(false)).IsHandled && otherwise is not null)
        {
            Bounce(stanza, otherwise);
        }
    }

    /// <summary>Routes what is not for this domain: to a component of the hub, or to another server.</summary>
    internal ValueTask RouteElsewhere(Stanza stanza, Session? sender, Jid to)
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

    private bool IsAccount(Jid jid) => jid.Domain == _hub.Domain.Domain && jid.Local.Length > 0;

    // A stanza made by the hub for an account of this domain: the table of RFC 6121 §8.5, without errors to anybody.
    private void Deliver(in PooledStanza parts, OutgoingStanza stanza, Jid to)
    {
        if (Guard.Concerns(stanza.From, to) && !stanza.From.Bare.Equals(to.Bare))
        {
            Run(RouteAsync(StanzaWriter.ToStanza(stanza, to)));
            return;
        }

        if (to.IsFull)
        {
            if (_hub.Sessions.TryGet(to, out Session? session))
            {
                session.Deliver(parts.Head, to, parts.Tail);
            }

            return;
        }

        if (stanza.Kind == StanzaKind.Message && stanza.Type is StanzaType.Normal or StanzaType.Chat or StanzaType.None && Messages.HasFlow)
        {
            Run(RouteAsync(StanzaWriter.ToStanza(stanza, to)));
            return;
        }

        foreach (Session session in _hub.Sessions.Of(to))
        {
            if (session.IsAvailable && (stanza.Kind != StanzaKind.Message || session.Priority >= 0))
            {
                session.Deliver(parts.Head, to, parts.Tail);
            }
        }
    }

    // One copy of presence that goes to many.
    private async ValueTask DeliverGuardedAsync(Stanza copy, Jid to)
    {
        copy.To = to;
        if (await Guard.PassesAsync(copy, null, isNotice: true).ConfigureAwait(false))
        {
            await DeliverPresence(copy, null).ConfigureAwait(false);
        }
    }

    private void DeliverToAvailable(in PooledStanza parts, Jid account)
    {
        foreach (Session session in _hub.Sessions.Of(account))
        {
            if (session.IsAvailable)
            {
                session.Deliver(parts.Head, account, parts.Tail);
            }
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

    private async ValueTask RoutePresence(Stanza stanza, Session? sender)
    {
        if (Guard.Concerns(stanza.From, stanza.To) && !await Guard.PassesAsync(stanza, sender).ConfigureAwait(false))
        {
            return;
        }

        if (sender is not null && stanza.Type == StanzaType.None && _hub.PresenceTransform is { } transform)
        {
            stanza = await transform(stanza, sender).ConfigureAwait(false);
        }

        StanzaHandler[][] handlers = _hub.PresenceHandlers;
        if ((await RunAsync(handlers[(int)Phase.Inspect], stanza, sender).ConfigureAwait(false)).IsHandled)
        {
            return;
        }

        Verdict verdict = await RunAsync(handlers[(int)Phase.Deliver], stanza, sender).ConfigureAwait(false);
        if (verdict.Error is not null)
        {
            return;
        }

        if (!verdict.IsHandled)
        {
            await DeliverPresence(stanza, sender).ConfigureAwait(false);
        }

        await RunAsync(handlers[(int)Phase.Observe], stanza, sender).ConfigureAwait(false);
    }

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
                DeliverNow(session, stanza);
            }

            return default;
        }

        using PooledStanza parts = StanzaWriter.Serialize(stanza);
        foreach (Session candidate in _hub.Sessions.Of(to))
        {
            if (candidate.IsAvailable && !stanza.IsDeniedFor(candidate))
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

        return Guard.Concerns(stanza.From, to) ? RouteGuardedIqAsync(stanza, sender, to) : RouteIq(stanza, sender, to);
    }

    private async ValueTask RouteGuardedIqAsync(Stanza stanza, Session? sender, Jid to)
    {
        if (await Guard.PassesAsync(stanza, sender).ConfigureAwait(false))
        {
            await RouteIq(stanza, sender, to).ConfigureAwait(false);
        }
    }

    private ValueTask RouteIq(Stanza stanza, Session? sender, Jid to)
    {
        if (sender?.Answers is { } watch && !stanza.IsIqRequest)
        {
            watch.See(stanza);
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
}

/// <summary>Logs of <see cref="StanzaRouter"/>.</summary>
internal static partial class StanzaRouterLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "Routing a stanza of the hub failed")]
    public static partial void Failed(ILogger log, Exception e);

    [LoggerMessage(Level = LogLevel.Debug, Message = "No route from {From} to {To}")]
    public static partial void NoRoute(ILogger log, Jid from, Jid to);
}
