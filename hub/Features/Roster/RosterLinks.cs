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

    internal void Attach(IHub hub, RosterPush push)
    {
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
