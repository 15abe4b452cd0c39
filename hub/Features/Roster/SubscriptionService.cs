using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Roster;

/// <summary>Presence subscriptions (RFC 6121 §3): what the account's server does with what goes out and what comes in, by the tables of Appendix A.</summary>
internal sealed class SubscriptionService(IHub hub, RosterStore store, RosterPush push, RosterLinks links)
{
    /// <summary>Takes the presence types that manage subscriptions; all others go on.</summary>
    public async ValueTask<Verdict> HandleAsync(Stanza stanza, Session? sender)
    {
        if (ActionOf(stanza.Type) is not { } action)
        {
            if (stanza is { Type: StanzaType.None, To: null } && sender is { IsAvailable: false })
            {
                await RemindAsync(sender).ConfigureAwait(false);
            }

            return Verdict.Continue;
        }

        if (sender is null && (stanza.To is null || !IsLocalAccount(stanza.To)))
        {
            return Verdict.Continue;
        }

        if (stanza.To is not { } to)
        {
            return Verdict.Reject(StanzaError.BadRequest.With("A subscription needs an addressee."));
        }

        // §3.1.2: from bare JID to bare JID, whatever the client wrote.
        Stanza bare = stanza.Copy();
        bare.SetAddresses(stanza.From.Bare, to.Bare);
        if (sender is not null && !await OutAsync(bare, action).ConfigureAwait(false))
        {
            return Verdict.Handled;
        }

        if (IsLocalAccount(to))
        {
            await InAsync(bare, action).ConfigureAwait(false);
        }
        else
        {
            await hub.Router.RouteAsync(bare).ConfigureAwait(false);
        }

        return Verdict.Handled;
    }

    /// <summary>Does what a client of the account would do by such a presence.</summary>
    public async Task ActAsync(Jid account, Jid contact, StanzaType type)
    {
        Stanza stanza = Make(account, contact, type);
        SubscriptionAction action = ActionOf(type)!.Value;
        if (!await OutAsync(stanza, action).ConfigureAwait(false))
        {
            return;
        }

        if (IsLocalAccount(contact))
        {
            await InAsync(stanza, action).ConfigureAwait(false);
        }
        else
        {
            await hub.Router.RouteAsync(stanza).ConfigureAwait(false);
        }
    }

    /// <summary>Ends all subscriptions of an account that is gone, and removes its roster (XEP-0077 §3.2).</summary>
    public async Task ForgetAsync(Jid account)
    {
        Roster roster = await store.LoadAsync(account.Local).ConfigureAwait(false);
        foreach (RosterItem item in roster.Items.Values)
        {
            if (Addresses.JidPrep.TryParse(item.Contact, out Jid? contact))
            {
                await RemoveAsync(account, contact).ConfigureAwait(false);
            }
        }

        await store.RemoveAsync(account.Local).ConfigureAwait(false);
    }

    /// <summary>Removes an item and ends what it stood for (§2.5).</summary>
    public async ValueTask<IqReply> RemoveAsync(Jid account, Jid contact)
    {
        bool wasListed = false;
        SubscriptionState before = SubscriptionState.None;
        await store.ChangeAsync(
            account.Local,
            contact.ToString(),
            item =>
            {
                wasListed = item.Listed;
                before = item.State;
                return item.Listed ? new RosterItem(item.Contact) : item;
            },
            done => push.ToInterested(account.Local, done)).ConfigureAwait(false);
        if (!wasListed)
        {
            return StanzaError.ItemNotFound;
        }

        if (before.HasTo() || before.IsPendingOut())
        {
            await EmitAsync(account, contact, StanzaType.Unsubscribe).ConfigureAwait(false);
        }

        if (before.HasFrom())
        {
            await EmitAsync(account, contact, StanzaType.Unsubscribed).ConfigureAwait(false);
            SendUnavailable(account, contact);
        }

        return IqReply.Empty;
    }

    private static SubscriptionAction? ActionOf(StanzaType type) => type switch
    {
        StanzaType.Subscribe => SubscriptionAction.Subscribe,
        StanzaType.Subscribed => SubscriptionAction.Subscribed,
        StanzaType.Unsubscribe => SubscriptionAction.Unsubscribe,
        StanzaType.Unsubscribed => SubscriptionAction.Unsubscribed,
        _ => null,
    };

    private static Stanza Make(Jid from, Jid to, StanzaType type) => Stanza.Parse(
        System.Text.Encoding.UTF8.GetBytes($"<presence type='{type.ToString().ToLowerInvariant()}'/>"), from, to);

    private bool IsLocalAccount(Jid jid) => jid.Local.Length > 0 && jid.Domain == hub.Domain.Domain;

    // §3.1.3: who has asked meanwhile is shown to every client that comes, until the question is answered. §3.1.2: what the account has asked of others is asked again, since another server may never have got it.
    private async ValueTask RemindAsync(Session session)
    {
        Roster roster = await store.LoadAsync(session.Jid.Local).ConfigureAwait(false);
        foreach (RosterItem item in roster.Items.Values)
        {
            if (item.State.IsPendingOut() && Addresses.JidPrep.TryParse(item.Contact, out Jid? asked) && asked.Domain != hub.Domain.Domain)
            {
                await hub.Router.RouteAsync(Make(session.Jid.Bare, asked, StanzaType.Subscribe)).ConfigureAwait(false);
            }

            if (item.State.IsPendingIn() && item.Request is { } request && Addresses.JidPrep.TryParse(item.Contact, out Jid? contact))
            {
                hub.Router.DeliverTo(session, Stanza.Parse(request, contact, session.Jid.Bare));
            }
        }
    }

    // What the account sends. False where it goes no further.
    private async ValueTask<bool> OutAsync(Stanza stanza, SubscriptionAction action)
    {
        Jid account = stanza.From;
        Jid contact = stanza.To!;
        if (account.Equals(contact))
        {
            return false;
        }

        SubscriptionStep step = default;
        RosterChange change = await store.ChangeAsync(
            account.Local,
            contact.ToString(),
            item =>
            {
                step = SubscriptionStates.Outbound(item.State, action);
                // §3.4.2: an approval that nobody has asked for is noted and goes nowhere; one that is taken back is forgotten.
                bool isEarly = action == SubscriptionAction.Subscribed && !step.Pass && !item.State.HasFrom();
                bool lists = action is SubscriptionAction.Subscribe || (action == SubscriptionAction.Subscribed && step.Pass) || isEarly;
                return item with
                {
                    State = step.Next,
                    Listed = item.Listed || lists,
                    Approved = isEarly || (item.Approved && action != SubscriptionAction.Unsubscribed),
                };
            },
            done => push.ToInterested(account.Local, done)).ConfigureAwait(false);
        if (change.LimitReached)
        {
            hub.Router.Bounce(stanza, StanzaError.ResourceConstraint);
            return false;
        }

        if (!step.Pass)
        {
            return false;
        }

        if (action == SubscriptionAction.Subscribed)
        {
            if (IsLocalAccount(contact))
            {
                await InAsync(stanza, action).ConfigureAwait(false);
            }
            else
            {
                await hub.Router.RouteAsync(stanza).ConfigureAwait(false);
            }

            SendAvailable(account, contact);
            return false;
        }

        if (action == SubscriptionAction.Unsubscribed && change.Before.State.HasFrom())
        {
            // §3.2.1: and the contact sees the account go.
            SendUnavailable(account, contact);
        }

        return true;
    }

    // What comes to an account of this hub.
    private async ValueTask InAsync(Stanza stanza, SubscriptionAction action)
    {
        Jid account = stanza.To!;
        Jid contact = stanza.From;
        if (!await hub.Accounts.ExistsAsync(account.Local).ConfigureAwait(false))
        {
            // §8.5.1: who does not exist does not answer.
            return;
        }

        SubscriptionStep step = default;
        bool isSubscribed = false;
        bool isApproved = false;
        // Who may see a thing by right need not wait for it to say so.
        bool isByRight = action == SubscriptionAction.Subscribe && links.Approves is { } approves && await approves(account, contact).ConfigureAwait(false);
        byte[]? request = action == SubscriptionAction.Subscribe ? stanza.ToBytes() : null;
        RosterChange change = await store.ChangeAsync(
            account.Local,
            contact.ToString(),
            item =>
            {
                step = SubscriptionStates.Inbound(item.State, action);
                isSubscribed = action == SubscriptionAction.Subscribe && item.State.HasFrom();
                isApproved = action == SubscriptionAction.Subscribe && !isSubscribed && (item.Approved || isByRight);
                return isSubscribed ? item
                    : isApproved ? item with { State = SubscriptionStates.Outbound(step.Next, SubscriptionAction.Subscribed).Next, Listed = item.Listed || isByRight }
                    : item with { State = step.Next, Request = request ?? item.Request };
            },
            null).ConfigureAwait(false);
        if (isSubscribed || isApproved)
        {
            // §3.1.3: the answer is known, and nobody is asked.
            push.ToInterested(account.Local, change);
            await EmitAsync(account, contact, StanzaType.Subscribed).ConfigureAwait(false);
            if (isApproved)
            {
                SendAvailable(account, contact);
                if (isByRight && links.Approved is { } approved)
                {
                    await approved(account, contact).ConfigureAwait(false);
                }
            }

            return;
        }

        if (change.LimitReached)
        {
            hub.Router.Bounce(stanza, StanzaError.ResourceConstraint);
            return;
        }

        if (step.Pass)
        {
            if (action == SubscriptionAction.Subscribe && hub.Notifier is { } notifier && notifier.Concerns(account.Local))
            {
                notifier.Subscription(account);
            }

            foreach (Session session in hub.Sessions.ListOf(account))
            {
                if (session.IsAvailable)
                {
                    hub.Router.DeliverTo(session, stanza);
                }
            }
        }

        push.ToInterested(account.Local, change);
        if (action == SubscriptionAction.Unsubscribe && change.Before.State.HasFrom())
        {
            SendUnavailable(account, contact);
        }
    }

    private async ValueTask EmitAsync(Jid account, Jid contact, StanzaType type)
    {
        Stanza stanza = Make(account, contact, type);
        if (IsLocalAccount(contact))
        {
            await InAsync(stanza, ActionOf(type)!.Value).ConfigureAwait(false);
        }
        else
        {
            await hub.Router.RouteAsync(stanza).ConfigureAwait(false);
        }
    }

    // §3.1.5: behind the approval comes the presence.
    private void SendAvailable(Jid account, Jid contact)
    {
        foreach (Session session in hub.Sessions.ListOf(account))
        {
            if (session.Presence is { } presence)
            {
                hub.Router.Broadcast(presence, [contact]);
            }
        }
    }

    private void SendUnavailable(Jid account, Jid contact)
    {
        foreach (Session session in hub.Sessions.ListOf(account))
        {
            if (session.IsAvailable)
            {
                hub.Router.Broadcast(Make(session.Jid, contact, StanzaType.Unavailable), [contact]);
            }
        }
    }
}
