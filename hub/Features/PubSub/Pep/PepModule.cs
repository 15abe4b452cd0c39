using System.Collections.Frozen;
using IotXmpp.Hub.Features.PubSub.Feeds;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub.Pep;

/// <summary>Personal eventing (XEP-0163): every account is a publish-subscribe service, and its contacts hear of what they are interested in.</summary>
public sealed class PepModule(PersonalEvents events, PepOptions options, FeedBook feeds) : IXmppModule, IDiscoProvider
{
    private static readonly string[] Features = ["auto-subscribe", "filtered-notifications", "presence-subscribe", "pubsub-on-a-jid"];

    private readonly CancellationTokenSource _stopping = new();
    private IHub _hub = null!;
    private ClientFeatures _clients = null!;
    private int _remoteAsks;

    /// <inheritdoc/>
    public string Name => "Pep";

    /// <inheritdoc/>
    public Xep[] Xeps =>
    [
        new("XEP-0163", "Personal Eventing Protocol", "1.2.2", "filtered by what clients announce, here and on other servers"),
        new("XEP-0223", "Persistent Storage of Private Data via PubSub", "1.1.1"),
        new("XEP-0084", "User Avatar", "1.1.4"),
    ];

    /// <inheritdoc/>
    public void Register(IModuleBuilder module)
    {
        _hub = module.Hub;
        _clients = new ClientFeatures(_hub, options);
        events.Attach(_hub, new Everybody(_hub), feeds);
        IEntityBuilder account = module.Account;
        account.Identity("pubsub", "pep").Feature(Ns.PubSub).Feature(Ns.Rsm).Feature(PubSubXml.Shim);
        foreach (string feature in PubSubModule.Supported.Concat(Features))
        {
            account.Feature(Ns.PubSub + "#" + feature);
        }

        account.Iq(StanzaType.Set, "pubsub", Ns.PubSub, (request, cancel) => AnswerAsync(request, service => service.Requests.SetAsync(request, cancel)), IqOrdering.Concurrent)
            .Iq(StanzaType.Get, "pubsub", Ns.PubSub, (request, cancel) => AnswerAsync(request, service => service.Requests.GetAsync(request, cancel)))
            .Iq(StanzaType.Set, "pubsub", Ns.PubSubOwner, (request, cancel) => AnswerAsync(request, service => service.OwnerRequests.SetAsync(request, cancel)))
            .Iq(StanzaType.Get, "pubsub", Ns.PubSubOwner, (request, cancel) => AnswerAsync(request, service => service.OwnerRequests.GetAsync(request, cancel)))
            .Disco(this);
        module.Presence(Phase.Observe, OnPresenceAsync);
        module.Starting(events.StartAsync);
        module.Stopping(async _ =>
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
            _stopping.Dispose();
        });
        _hub.Accounts.Removed += name => _ = events.RemoveAsync(new Jid(name, _hub.Domain.Domain, string.Empty));
    }

    /// <inheritdoc/>
    public async ValueTask<(bool IsKnown, StanzaError? Error)> InfoAsync(IqRequest request, string? node, DiscoInfo info, CancellationToken cancel)
    {
        if (node is null || !events.Has(request.Target))
        {
            return (node is null, null);
        }

        (bool isKnown, StanzaError? error) = await events.Of(request.Target).Disco.InfoAsync(request, node, info, cancel).ConfigureAwait(false);
        return error == StanzaError.ItemNotFound ? (false, null) : (isKnown, error); // somebody else's node, perhaps
    }

    /// <inheritdoc/>
    public async ValueTask<DiscoItems> ItemsAsync(IqRequest request, string? node, CancellationToken cancel)
    {
        if (!events.Has(request.Target))
        {
            return node is null ? new DiscoItems(true, []) : DiscoItems.Unknown;
        }

        DiscoItems items = await events.Of(request.Target).Disco.ItemsAsync(request, node, cancel).ConfigureAwait(false);
        return items.Error == StanzaError.ItemNotFound ? DiscoItems.Unknown : items;
    }

    private ValueTask<IqReply> AnswerAsync(IqRequest request, Func<PersonalService, ValueTask<IqReply>> answer)
    {
        if (request.IsOwnAccount)
        {
            events.Begins(request.Target);
            return answer(events.Of(request.Target));
        }

        // To strangers an account without nodes is like one that is not there.
        return events.Has(request.Target) ? answer(events.Of(request.Target)) : (IqReply)StanzaError.ItemNotFound;
    }

    private ValueTask<Verdict> OnPresenceAsync(Stanza stanza, Session? sender)
    {
        if (stanza.Type is StanzaType.Unsubscribe or StanzaType.Unsubscribed && stanza.To is { } other)
        {
            (Jid owner, Jid contact) = stanza.Type == StanzaType.Unsubscribed ? (stanza.From.Bare, other.Bare) : (other.Bare, stanza.From.Bare);
            return owner.Domain == _hub.Domain.Domain && events.Has(owner) ? LostAsync(owner, contact) : Verdict.Continue;
        }

        if (stanza.Type is not (StanzaType.None or StanzaType.Unavailable))
        {
            return Verdict.Continue;
        }

        if (sender is null && stanza.To is { Local.Length: > 0 } to && to.Domain == _hub.Domain.Domain && stanza.From.Domain != _hub.Domain.Domain)
        {
            return OnRemotePresenceAsync(stanza, to.Bare);
        }

        if (sender is null || stanza.To is not null)
        {
            return Verdict.Continue;
        }

        if (stanza.Type == StanzaType.Unavailable)
        {
            bool wasThere = sender.Get<WantedNodes>() is not null;
            sender.Set(WantedNodes.None);
            return wasThere && events.Has(sender.Jid.Bare) ? WentAsync(sender) : Verdict.Continue;
        }

        ClientCaps? caps = ClientCaps.Read(stanza);
        WantedNodes? known = sender.Get<WantedNodes>();
        WantedNodes before = known ?? WantedNodes.None;
        if (before.Caps is null)
        {
            // XEP-0312 §2: with the initial presence, and not again.
            bool hasAgo = Ago.TryRead(stanza, out long? seconds);
            if (hasAgo || known is null || before.Ago is not null)
            {
                // Who asks for nothing shares one object that says so.
                before = hasAgo ? new WantedNodes(null, before.Nodes) { Ago = seconds ?? -1 } : before.Nodes.Count == 0 ? WantedNodes.None : new WantedNodes(null, before.Nodes);
                sender.Set(before);
            }
        }

        if (caps is null || caps == before.Caps)
        {
            return Verdict.Continue;
        }

        if (_clients.Known(caps) is { } nodes)
        {
            return TellAsync(sender, caps, nodes, before);
        }

        // The client answers on the stream that brought the presence: nobody waits for it here.
        sender.Set(new WantedNodes(caps, before.Nodes) { Ago = before.Ago });
        _ = LearnAsync(sender, caps, before);
        return Verdict.Continue;
    }

    // Presence of a contact on another server: the account is what its sender has asked for, or has sent it to.
    private async ValueTask<Verdict> OnRemotePresenceAsync(Stanza stanza, Jid account)
    {
        Jid from = stanza.From;
        if (stanza.Type == StanzaType.Unavailable || from.IsBare)
        {
            events.Remote.Remove(account, from);
            return Verdict.Continue;
        }

        ClientCaps? caps = ClientCaps.Read(stanza);
        WantedNodes before = events.Remote.Find(account, from) ?? WantedNodes.None;
        // Who shares no presence with the account is not asked, and takes no place here.
        if (caps is null || caps == before.Caps || await _hub.Rosters.FindAsync(account, from.Bare).ConfigureAwait(false) is not { Subscription: not "none" })
        {
            return Verdict.Continue;
        }

        if (_clients.Known(caps) is { } nodes)
        {
            await TellRemoteAsync(account, from, caps, nodes, before).ConfigureAwait(false);
        }
        else
        {
            _ = LearnRemoteAsync(account, from, caps, before);
        }

        return Verdict.Continue;
    }

    private async Task LearnRemoteAsync(Jid account, Jid resource, ClientCaps caps, WantedNodes before)
    {
        if (Interlocked.Increment(ref _remoteAsks) > options.RemoteAsks)
        {
            Interlocked.Decrement(ref _remoteAsks);
            return;
        }

        try
        {
            events.Remote.Set(account, resource, new WantedNodes(caps, before.Nodes));
            FrozenSet<string> nodes = await _clients.AskAsync(account, resource, caps, _stopping.Token).ConfigureAwait(false);
            if (events.Remote.Find(account, resource)?.Caps == caps)
            {
                await TellRemoteAsync(account, resource, caps, nodes, before).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is StorageException or OperationCanceledException or ObjectDisposedException)
        {
            PersonalLog.NotLearned(events.Log, e, resource);
        }
        finally
        {
            Interlocked.Decrement(ref _remoteAsks);
        }
    }

    // §4.3.4: the last items of what it wants to hear of and did not before.
    private async ValueTask TellRemoteAsync(Jid account, Jid resource, ClientCaps caps, FrozenSet<string> nodes, WantedNodes before)
    {
        events.Remote.Set(account, resource, new WantedNodes(caps, nodes));
        if (events.Has(account))
        {
            await events.Of(account).SendLastAsync(resource, nodes.Where(node => !before.Nodes.Contains(node)), null, _stopping.Token).ConfigureAwait(false);
        }
    }

    private async Task LearnAsync(Session session, ClientCaps caps, WantedNodes before)
    {
        try
        {
            FrozenSet<string> nodes = await _clients.AskAsync(session.Jid.Bare, session.Jid, caps, _stopping.Token).ConfigureAwait(false);
            if (session.IsAvailable && session.Get<WantedNodes>()?.Caps == caps)
            {
                await TellAsync(session, caps, nodes, before).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The hub stops.
        }
        catch (StorageException e)
        {
            PersonalLog.NotLearned(events.Log, e, session.Jid);
        }
    }

    // §4.3.4: the last items of what it wants to hear of and did not before, its own and its contacts'.
    private async ValueTask<Verdict> TellAsync(Session session, ClientCaps caps, FrozenSet<string> nodes, WantedNodes before)
    {
        session.Set(new WantedNodes(caps, nodes));
        List<string> fresh = [.. nodes.Where(node => !before.Nodes.Contains(node))];
        if (fresh.Count == 0)
        {
            return Verdict.Continue;
        }

        DateTimeOffset? since = before.Ago switch
        {
            null => null,
            < 0 => (await _hub.LastSeen.FindAsync(session.Jid.Local).ConfigureAwait(false))?.At,
            { } ago => _hub.Time.GetUtcNow().AddSeconds(-ago),
        };
        foreach (Jid account in (await _hub.Rosters.ContactsAsync(session.Jid.Bare).ConfigureAwait(false)).Subscriptions.Append(session.Jid.Bare))
        {
            if (account.Domain == _hub.Domain.Domain && events.Has(account))
            {
                await events.Of(account).SendLastAsync(session.Jid, fresh, since, _stopping.Token).ConfigureAwait(false);
            }
        }

        return Verdict.Continue;
    }

    // XEP-0060 §12.13: who does not see an account's presence any more does not hear of its nodes for that reason.
    private async ValueTask<Verdict> LostAsync(Jid owner, Jid contact)
    {
        try
        {
            await events.Of(owner).Service.Subscriber.LostPresenceAsync(owner, contact).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            PersonalLog.NotLearned(events.Log, e, contact);
        }

        return Verdict.Continue;
    }

    // purge_offline: what an account shows as long as it is there.
    private async ValueTask<Verdict> WentAsync(Session session)
    {
        try
        {
            PubSubContext context = events.Of(session.Jid.Bare).Service.Context;
            context.PurgesOffline = await context.Store.AnyPurgesOfflineAsync(_stopping.Token).ConfigureAwait(false);
            if (context.PurgesOffline)
            {
                await events.Of(session.Jid.Bare).Service.Subscriber.WentOfflineAsync(session.Jid, isLast: !_hub.Sessions.ListOf(session.Jid.Bare).Any(s => s != session && s.IsAvailable)).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is StorageException or OperationCanceledException)
        {
            PersonalLog.NotLearned(events.Log, e, session.Jid);
        }

        return Verdict.Continue;
    }

    // Explicit subscribers of personal nodes: the router knows who is there.
    private sealed class Everybody(IHub hub) : IPubSubPresence
    {
        public bool IsAvailable(Jid jid) => true;

        public ShowValues ShowsOf(Jid jid) => SessionPresence.ShowsOf(hub, jid);
    }
}
