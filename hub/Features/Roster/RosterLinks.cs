using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Roster;

/// <summary>
/// Mutual presence subscriptions that the hub makes and ends itself (RFC 6121 §3, Appendix A): between a thing and its owner. Within a hub clients are told by roster pushes and presence as if they had
/// asked each other; without one (the command line in a data folder) only the rosters change.
/// </summary>
/// <param name="store">The rosters.</param>
/// <param name="domain">The served domain.</param>
public sealed class RosterLinks(RosterStore store, Jid domain)
{
    /// <summary>The roster group that things stand in, in their owner's roster.</summary>
    public const string ThingsGroup = "Things";

    private IHub? _hub;
    private RosterPush? _push;
    private SubscriptionService? _subscriptions;

    /// <summary>Says whether a request (account, contact) needs nobody's approval; null where each is for the account to answer. Asked before anything is changed.</summary>
    public Func<Jid, Jid, ValueTask<bool>>? Approves { get; set; }

    /// <summary>Told when such a request was approved, after that is durable.</summary>
    public Func<Jid, Jid, Task>? Approved { get; set; }

    /// <summary>Makes both see each other's presence; the thing stands in the owner's group <see cref="ThingsGroup"/>.</summary>
    /// <param name="thing">The thing's account (bare JID).</param>
    /// <param name="owner">The owner (bare JID).</param>
    /// <param name="name">How the thing is called in the owner's roster, unless the owner calls it something already.</param>
    /// <returns>False when a roster is full; the other is as it was.</returns>
    public async Task<bool> LinkAsync(Jid thing, Jid owner, string name)
    {
        bool seen = true;
        if (IsLocal(owner))
        {
            RosterChange change = await ChangeAsync(owner, thing, item => item with
            {
                State = SubscriptionState.Both,
                Listed = true,
                Name = item.Name.Length > 0 ? item.Name : name,
                Groups = item.Groups.Contains(ThingsGroup) ? item.Groups : [.. item.Groups, ThingsGroup],
            }).ConfigureAwait(false);
            if (change.LimitReached)
            {
                return false;
            }

            seen = change.Before.State == SubscriptionState.Both;
        }

        RosterChange back = await ChangeAsync(thing, owner, item => item with { State = SubscriptionState.Both, Listed = true }).ConfigureAwait(false);
        if (back.LimitReached)
        {
            return false;
        }

        if (!seen || back.Before.State != SubscriptionState.Both)
        {
            // RFC 6121 §3.1.5: behind the approval comes the presence.
            Tell(thing, owner, isAvailable: true);
            Tell(owner, thing, isAvailable: true);
        }

        return true;
    }

    /// <summary>Ends it: each is out of the other's roster and sees the other go.</summary>
    public async Task UnlinkAsync(Jid thing, Jid owner)
    {
        RosterChange? one = IsLocal(owner) ? await ChangeAsync(owner, thing, item => new RosterItem(item.Contact)).ConfigureAwait(false) : null;
        RosterChange other = await ChangeAsync(thing, owner, item => new RosterItem(item.Contact)).ConfigureAwait(false);
        if (other.Before.State.HasFrom())
        {
            Tell(thing, owner, isAvailable: false);
        }

        if (one?.Before.State.HasFrom() ?? other.Before.State.HasTo())
        {
            Tell(owner, thing, isAvailable: false);
        }
    }

    /// <summary>A contact sees a thing's presence no more, as if the thing had said so (RFC 6121 §3.2).</summary>
    /// <param name="thing">The thing's account (bare JID).</param>
    /// <param name="contact">The contact (bare JID).</param>
    public Task EndSeeingAsync(Jid thing, Jid contact) => _subscriptions?.ActAsync(thing, contact, StanzaType.Unsubscribed) ?? Task.CompletedTask;

    /// <summary>Gives a thing another name in a roster where it stands.</summary>
    public Task RenameAsync(Jid thing, Jid owner, string name) => IsLocal(owner)
        ? ChangeAsync(owner, thing, item => item.Listed ? item with { Name = name } : item)
        : Task.CompletedTask;

    /// <summary>Takes an account out of the rosters of all its contacts on this domain, and removes its own.</summary>
    public async Task RemoveAsync(Jid account)
    {
        Roster roster = await store.LoadAsync(account.Local).ConfigureAwait(false);
        foreach (RosterItem item in roster.Items.Values)
        {
            if (Addresses.JidPrep.TryParse(item.Contact, out Jid? contact) && IsLocal(contact))
            {
                await ChangeAsync(contact, account, known => new RosterItem(known.Contact)).ConfigureAwait(false);
                Tell(account, contact, isAvailable: false);
            }
        }

        await store.RemoveAsync(account.Local).ConfigureAwait(false);
    }

    /// <summary>Makes contacts of two accounts of this domain: both see each other's presence.</summary>
    /// <returns>False when a roster is full.</returns>
    public async Task<bool> BefriendAsync(Jid one, Jid other)
    {
        RosterChange there = await ChangeAsync(one, other, item => item with { State = SubscriptionState.Both, Listed = true }).ConfigureAwait(false);
        RosterChange back = there.LimitReached ? there : await ChangeAsync(other, one, item => item with { State = SubscriptionState.Both, Listed = true }).ConfigureAwait(false);
        if (back.LimitReached)
        {
            return false;
        }

        if (there.Before.State != SubscriptionState.Both || back.Before.State != SubscriptionState.Both)
        {
            Tell(one, other, isAvailable: true);
            Tell(other, one, isAvailable: true);
        }

        return true;
    }

    /// <summary>
    /// Takes a subscription request that the addressee has approved beforehand, and asks back (XEP-0379 §3.5). A contact of this domain approves that by having asked so; one of another server, or its
    /// client, is asked.
    /// </summary>
    /// <param name="subscribe">The request.</param>
    /// <param name="sender">The session that sent it, or null.</param>
    public async Task AcceptAsync(Stanza subscribe, Session? sender)
    {
        Jid account = subscribe.To!.Bare;
        Jid contact = subscribe.From.Bare;
        // RFC 6121 §3.4: what was approved beforehand needs nobody any more.
        await _subscriptions!.ActAsync(account, contact, StanzaType.Subscribed).ConfigureAwait(false);
        if (IsLocal(contact))
        {
            await _subscriptions.ActAsync(contact, account, StanzaType.Subscribed).ConfigureAwait(false);
        }

        await _subscriptions.HandleAsync(subscribe, sender).ConfigureAwait(false);
        await _subscriptions.ActAsync(account, contact, StanzaType.Subscribe).ConfigureAwait(false);
    }

    internal void Attach(IHub hub, RosterPush push, SubscriptionService subscriptions)
    {
        _subscriptions = subscriptions;
        _hub = hub;
        _push = push;
    }

    private bool IsLocal(Jid jid) => jid.Domain == domain.Domain && jid.Local.Length > 0;

    private Task<RosterChange> ChangeAsync(Jid account, Jid contact, Func<RosterItem, RosterItem> change) =>
        store.ChangeAsync(account.Local, contact.Bare.ToString(), change, done => _push?.ToInterested(account.Local, done));

    private void Tell(Jid account, Jid contact, bool isAvailable)
    {
        if (_hub is null || !IsLocal(account))
        {
            return;
        }

        foreach (Session session in _hub.Sessions.ListOf(account.Bare))
        {
            if (session.Presence is not { } presence)
            {
                continue;
            }

            _hub.Router.Broadcast(isAvailable ? presence : Stanza.Parse("<presence type='unavailable'/>"u8.ToArray(), session.Jid, contact.Bare), [contact.Bare]);
        }
    }
}
