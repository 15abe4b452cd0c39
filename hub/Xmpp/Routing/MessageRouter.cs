using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Routing;

/// <summary>
/// The way of a message: who inspects it, whether it is kept first, the table of RFC 6121 §8.5, copies to other resources (XEP-0280), storage for who is away (XEP-0160).
/// A message that nobody keeps and nobody observes is delivered before the call returns.
/// </summary>
internal sealed class MessageRouter(ModuleHost hub, StanzaRouter router)
{
    /// <summary>Whether anybody does something with conversations beyond delivering them.</summary>
    public bool HasFlow => hub.Archive is not null || hub.Undelivered is not null || hub.HasMessageHandlers;

    /// <summary>Whether a message is to be durable before it is delivered: then it must own its bytes and takes the way of <see cref="BeginAsync"/>.</summary>
    public bool IsKept(Stanza message) => message.Type == StanzaType.Groupchat
        ? GroupchatsOf(message) is not null
        // Who wants it is a look into memory, what stands in it has to be read: so that comes last.
        : hub.Archive is { } archive && message is { Type: StanzaType.Chat or StanzaType.Normal, IsRedirected: false }
            && archive.MayBeWanted(message, LocalAccount(message.From), LocalAccount(message.To ?? message.From)) && archive.Keeps(message.Type, message.Traits);

    /// <summary>Routes a message to its end.</summary>
    public ValueTask RouteAsync(Stanza message, Session? sender) => IsKept(message) ? RouteKeptAsync(message.Copy(), sender) : RouteUnkeptAsync(message, sender);

    /// <summary>Routes a message that is not <see cref="IsKept"/>, to its end.</summary>
    public ValueTask RouteUnkeptAsync(Stanza message, Session? sender)
    {
        if (NeedsInspection(message) || router.Guard.Concerns(message.From, message.To))
        {
            return RouteInspectedAsync(message, sender);
        }

        return DeliverAsync(message, sender);
    }

    /// <summary>Routes a message that is kept, up to where it has its place in the order; the inner task is the rest, null where there is none.</summary>
    public async ValueTask<Task?> BeginAsync(Stanza message, Session? sender)
    {
        if ((NeedsInspection(message) || router.Guard.Concerns(message.From, message.To)) && !await PassesAsync(message, sender).ConfigureAwait(false))
        {
            return null;
        }

        if (message.Type == StanzaType.Groupchat)
        {
            return await GroupchatsOf(message)!(message).ConfigureAwait(false);
        }

        Jid? sent = IsLocalAccount(message.From) ? message.From.Bare : null;
        Jid? received = await AcceptsAsync(message).ConfigureAwait(false) ? (message.To ?? message.From).Bare : null;
        if (await hub.Archive!.KeepAsync(message, sent, received is not null && received.Equals(sent) ? null : received).ConfigureAwait(false) is { } kept)
        {
            return FinishAsync(kept, message, sender);
        }

        await DeliverAsync(message, sender).ConfigureAwait(false);
        await ObserveAsync(message, sender).ConfigureAwait(false);
        return null;
    }

    // A room keeps its discussion itself.
    private GroupchatHandler? GroupchatsOf(Stanza message) => message.To is { } to ? hub.ComponentAt(to.Domain)?.Groupchats : null;

    private async ValueTask RouteKeptAsync(Stanza message, Session? sender)
    {
        if (await BeginAsync(message, sender).ConfigureAwait(false) is { } rest)
        {
            await rest.ConfigureAwait(false);
        }
    }

    private async Task FinishAsync(Task<KeptMessage> keeping, Stanza message, Session? sender)
    {
        KeptMessage kept = await keeping.ConfigureAwait(false);
        if (kept.Error is not null)
        {
            router.Bounce(message, kept.Error);
            return;
        }

        await DeliverAsync(message, sender, kept).ConfigureAwait(false);
        await ObserveAsync(message, sender).ConfigureAwait(false);
    }

    private bool NeedsInspection(Stanza message) =>
        hub.HasMessageHandlers || hub.MayNeedInspection(message.Inner.Span);

    private async ValueTask RouteInspectedAsync(Stanza message, Session? sender)
    {
        if (await PassesAsync(message, sender).ConfigureAwait(false))
        {
            await DeliverAsync(message, sender).ConfigureAwait(false);
            await ObserveAsync(message, sender).ConfigureAwait(false);
        }
    }

    // A thing may also take commands out of messages (XEP-0325 §3.2): the same right is needed.
    private async ValueTask<bool> PassesAsync(Stanza message, Session? sender)
    {
        if (router.Guard.Concerns(message.From, message.To) && !await router.Guard.PassesAsync(message, sender).ConfigureAwait(false))
        {
            return false;
        }

        if (message.To is { } to && IsLocalAccount(to) && hub.MayNeedInspection(message.Inner.Span)
            && (await router.RunAsync(hub.InspectionsOf(message), message, sender).ConfigureAwait(false)).IsHandled)
        {
            return false;
        }

        return !(await router.RunAsync(hub.MessageHandlers[(int)Phase.Inspect], message, sender).ConfigureAwait(false)).IsHandled
            && !(await router.RunAsync(hub.MessageHandlers[(int)Phase.Deliver], message, sender).ConfigureAwait(false)).IsHandled;
    }

    private async ValueTask ObserveAsync(Stanza message, Session? sender)
    {
        if (hub.MessageHandlers[(int)Phase.Observe] is { Length: > 0 } observers)
        {
            await router.RunAsync(observers, message, sender).ConfigureAwait(false);
        }
    }

    private Jid? LocalAccount(Jid jid) => IsLocalAccount(jid) ? jid : null;

    private bool IsLocalAccount(Jid jid) => jid.Local.Length > 0 && jid.Domain == hub.Domain.Domain;

    // What will come back with an error is not in the archive of who refused it (XEP-0313 §6.1).
    private async ValueTask<bool> AcceptsAsync(Stanza message)
    {
        Jid to = message.To ?? message.From.Bare;
        if (!IsLocalAccount(to))
        {
            return false;
        }

        if (to.IsFull && (hub.Sessions.TryGet(to, out _) || message.Type != StanzaType.Chat))
        {
            return hub.Sessions.TryGet(to, out _);
        }

        return BestPriority(to.Bare, message) >= 0 || (hub.Undelivered is { } undelivered && undelivered.Takes(message.Type, message.Traits) && await hub.Accounts.ExistsAsync(to.Local).ConfigureAwait(false));
    }

    // RFC 6121 §8.5: where it goes.
    private ValueTask DeliverAsync(Stanza message, Session? sender, KeptMessage kept = default)
    {
        // RFC 6120 §10.3.1: without an addressee it is for the sender's own account.
        Jid to = message.To ?? message.From.Bare;
        if (to.Domain != hub.Domain.Domain || to.Local.Length == 0)
        {
            CopySent(message, sender, kept, Delivered.ToNobody);
            return to.Domain != hub.Domain.Domain
                ? router.RouteElsewhere(message, sender, to)
                : router.RunEntity(hub.DomainEntity.Messages, message, sender, StanzaError.ServiceUnavailable);
        }

        Jid account = to.Bare;
        bool isOwn = sender is not null && sender.Jid.Bare.Equals(account);
        Stanza shown = hub.Archive is null ? message : StanzaIds.For(message, account, isOwn ? kept.SentId : kept.ReceivedId);
        if (to.IsFull && hub.Sessions.TryGet(to, out Session? session))
        {
            router.DeliverTo(session, shown);
            Copy(message, shown, account, sender, kept, Delivered.To(session));
            return default;
        }

        if (to.IsFull && message.Type != StanzaType.Chat)
        {
            // RFC 6121 §8.5.3.2.1.
            if (message.Type is not (StanzaType.Headline or StanzaType.Error))
            {
                router.Bounce(message, StanzaError.ServiceUnavailable);
            }

            return default;
        }

        return DeliverToAccount(message, shown, account, sender, kept);
    }

    // RFC 6121 §8.5.2.1.1 and §8.5.2.2.1.
    private ValueTask DeliverToAccount(Stanza message, Stanza shown, Jid account, Session? sender, KeptMessage kept)
    {
        int best = BestPriority(account, message);
        switch (message.Type)
        {
            // The most available resources for a conversation, all that want messages for a headline.
            case StanzaType.Normal or StanzaType.Chat when best >= 0:
                DeliverTo(account, shown, Delivered.ToPriority(best));
                Copy(message, shown, account, sender, kept, Delivered.ToPriority(best));
                return default;
            case StanzaType.Headline:
                DeliverTo(account, shown, Delivered.FromPriority(0));
                return default;
            case StanzaType.Error:
                return default;
            case StanzaType.Normal or StanzaType.Chat when hub.Undelivered is { } undelivered && undelivered.Takes(message.Type, message.Traits):
                return TakeAsync(undelivered, message, shown, account, sender, kept);
            default:
                CopySent(message, sender, kept, Delivered.ToNobody);
                router.Bounce(message, StanzaError.ServiceUnavailable);
                return default;
        }
    }

    private async ValueTask TakeAsync(IUndeliveredMessages undelivered, Stanza message, Stanza shown, Jid account, Session? sender, KeptMessage kept)
    {
        StanzaError? error = await hub.Accounts.ExistsAsync(account.Local).ConfigureAwait(false) ? await undelivered.TakeAsync(shown, account).ConfigureAwait(false) : StanzaError.ServiceUnavailable;
        if (error is not null && !IsArchived(message, account, sender, kept))
        {
            CopySent(message, sender, kept, Delivered.ToNobody);
            router.Bounce(message, error);
            return;
        }

        Copy(message, shown, account, sender, kept, Delivered.ToNobody);
    }

    // XEP-0160 §2 step 3: what is in the addressee's archive is stored on its behalf, also where no place is left for it to wait. An error for it would tell the sender what is not true (XEP-0313 §6.1).
    private static bool IsArchived(Stanza message, Jid account, Session? sender, KeptMessage kept) => message.IsRedirected
        ? (message.Traits & MessageTraits.StanzaId) != 0
        : (sender is not null && sender.Jid.Bare.Equals(account) ? kept.SentId : kept.ReceivedId) is not null;

    private void DeliverTo(Jid account, Stanza message, Delivered those)
    {
        using PooledStanza parts = StanzaWriter.Serialize(message);
        foreach (Session candidate in hub.Sessions.Of(account))
        {
            if (those.Includes(candidate) && !message.IsDeniedFor(candidate))
            {
                candidate.Deliver(parts.Head, message.To ?? account, parts.Tail);
            }
        }
    }

    private int BestPriority(Jid account, Stanza message)
    {
        int best = -1;
        foreach (Session candidate in hub.Sessions.Of(account))
        {
            if (candidate.IsAvailable && candidate.Priority > best && !message.IsDeniedFor(candidate))
            {
                best = candidate.Priority;
            }
        }

        return best;
    }

    private void Copy(Stanza message, Stanza shown, Jid account, Session? sender, KeptMessage kept, Delivered delivered)
    {
        CopySent(message, sender, kept, delivered);
        if (hub.Notifier is { } notifier && !message.IsTold && notifier.Concerns(account.Local))
        {
            notifier.Received(shown, account);
        }

        if (hub.Copier is { IsUsed: true } copier && !message.IsRedirected && hub.Sessions.Of(account).Length > 1 && sender?.Jid.Bare.Equals(account) != true)
        {
            copier.Received(shown, account, delivered);
        }
    }

    // A message to oneself is copied once, as sent, to who did not get it.
    private void CopySent(Stanza message, Session? sender, KeptMessage kept, Delivered delivered)
    {
        if (hub.Copier is { IsUsed: true } copier && sender is not null && hub.Sessions.Of(sender.Jid.Bare).Length > 1)
        {
            bool isOwn = (message.To ?? message.From).Bare.Equals(sender.Jid.Bare);
            copier.Sent(StanzaIds.For(message, sender.Jid.Bare, kept.SentId), sender, isOwn ? delivered : Delivered.ToNobody);
        }
    }
}
