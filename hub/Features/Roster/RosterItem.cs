using System.Collections.Frozen;

namespace IotXmpp.Hub.Features.Roster;

/// <summary>What an account's roster knows of one contact (RFC 6121 §2.1.2).</summary>
/// <param name="Contact">The contact's bare JID.</param>
public sealed record RosterItem(string Contact)
{
    /// <summary>The contact's name as the account calls it; empty for none.</summary>
    public string Name { get; init; } = "";

    /// <summary>The groups, without repetition.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>The subscription.</summary>
    public SubscriptionState State { get; init; }

    /// <summary>True when the account has approved a subscription before it was asked for (RFC 6121 §3.4).</summary>
    public bool Approved { get; init; }

    /// <summary>True when the item is in the roster that clients see; false for a mere request that waits (RFC 6121 §3.1.3) and for a removed item.</summary>
    public bool Listed { get; init; }

    /// <summary>The complete presence stanza of the request that waits, to be delivered until it is answered (RFC 6121 §3.1.3); else null.</summary>
    public byte[]? Request { get; init; }

    /// <summary>The roster version in which the item last changed.</summary>
    public long Version { get; init; }

    /// <summary>True when nothing of the item needs keeping but that it was removed.</summary>
    public bool IsForgettable => !Listed && !Approved && State == SubscriptionState.None;

    /// <summary>True when a client would see a difference.</summary>
    internal bool LooksLike(RosterItem other) =>
        Listed == other.Listed
        && (!Listed || (Name == other.Name && Approved == other.Approved && State.Token() == other.State.Token()
            && State.IsPendingOut() == other.State.IsPendingOut() && Groups.SequenceEqual(other.Groups, StringComparer.Ordinal)));
}

/// <summary>An account's roster at one version; immutable.</summary>
public sealed class Roster
{
    internal Roster(long version, long revision, IEnumerable<RosterItem> items)
    {
        Version = version;
        Revision = revision;
        Items = items.ToFrozenDictionary(i => i.Contact, StringComparer.Ordinal);
    }

    /// <summary>The attribute <c>ver</c> (RFC 6121 §2.6), as a number.</summary>
    public long Version { get; }

    /// <summary>Raised by every change, also by those that clients do not see: tells whether a copy in memory still holds.</summary>
    internal long Revision { get; }

    /// <summary>All items by the contact's bare JID, requests that wait included.</summary>
    public FrozenDictionary<string, RosterItem> Items { get; }

    /// <summary>The items that clients see.</summary>
    public IEnumerable<RosterItem> Listed => Items.Values.Where(i => i.Listed);

    /// <summary>What is known of a contact; an item that is not listed and has no subscription when nothing is.</summary>
    public RosterItem this[string contact] => Items.TryGetValue(contact, out RosterItem? item) ? item : new RosterItem(contact);
}

/// <summary>How a change of a roster ended.</summary>
/// <param name="Before">The item as it was.</param>
/// <param name="After">The item as it is; the same as before when nothing changed.</param>
/// <param name="IsPushed">True when clients must be told (RFC 6121 §2.1.6): the roster has a new version, that of <paramref name="After"/>.</param>
/// <param name="LimitReached">True when the roster is full: nothing was changed.</param>
public sealed record RosterChange(RosterItem Before, RosterItem After, bool IsPushed, bool LimitReached);
