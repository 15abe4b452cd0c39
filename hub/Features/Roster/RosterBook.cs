using System.Runtime.CompilerServices;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.Roster;

/// <summary>What the rest of the hub may ask of rosters: the port <see cref="IRosters"/> over the store and its cache.</summary>
public sealed class RosterBook(RosterStore store) : IRosters
{
    // Addresses of one roster, parsed once for as long as the cached roster lives.
    private readonly ConditionalWeakTable<Roster, PresenceContacts> _contacts = [];

    /// <inheritdoc/>
    public async ValueTask<bool> MaySeePresenceAsync(Jid account, Jid contact, CancellationToken cancel = default)
    {
        Roster roster = await store.LoadAsync(account.Local, cancel).ConfigureAwait(false);
        return roster[contact.Bare.ToString()].State.HasFrom();
    }

    /// <inheritdoc/>
    public async ValueTask<RosterEntry?> FindAsync(Jid account, Jid contact, CancellationToken cancel = default)
    {
        Roster roster = await store.LoadAsync(account.Local, cancel).ConfigureAwait(false);
        RosterItem item = roster[contact.Bare.ToString()];
        return item.Listed ? new RosterEntry(item.State.Token(), item.Groups) : null;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlySet<string>> GroupsAsync(Jid account, CancellationToken cancel = default)
    {
        Roster roster = await store.LoadAsync(account.Local, cancel).ConfigureAwait(false);
        return roster.Listed.SelectMany(item => item.Groups).ToHashSet(StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public async ValueTask<bool> IsInGroupAsync(Jid account, Jid contact, IReadOnlyCollection<string> groups, CancellationToken cancel = default)
    {
        Roster roster = await store.LoadAsync(account.Local, cancel).ConfigureAwait(false);
        RosterItem item = roster[contact.Bare.ToString()];
        return item.Listed && item.Groups.Any(groups.Contains);
    }

    /// <inheritdoc/>
    public async ValueTask<PresenceContacts> ContactsAsync(Jid account, CancellationToken cancel = default)
    {
        Roster roster = await store.LoadAsync(account.Local, cancel).ConfigureAwait(false);
        return _contacts.GetValue(roster, Collect);
    }

    private static PresenceContacts Collect(Roster roster)
    {
        var subscribers = new List<Jid>();
        var subscriptions = new List<Jid>();
        foreach (RosterItem item in roster.Items.Values)
        {
            if ((item.State.HasFrom() || item.State.HasTo()) && JidPrep.TryParse(item.Contact, out Jid? contact))
            {
                if (item.State.HasFrom())
                {
                    subscribers.Add(contact);
                }

                if (item.State.HasTo())
                {
                    subscriptions.Add(contact);
                }
            }
        }

        return new PresenceContacts(subscribers, subscriptions);
    }
}
