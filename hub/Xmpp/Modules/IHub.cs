using IotXmpp.Hub.Routing;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;

namespace IotXmpp.Hub.Modules;

/// <summary>What a module needs of the hub.</summary>
public interface IHub
{
    /// <summary>The served domain.</summary>
    Jid Domain { get; }

    /// <summary>Sends stanzas.</summary>
    IStanzaRouter Router { get; }

    /// <summary>The sessions bound here.</summary>
    SessionRegistry Sessions { get; }

    /// <summary>The clock.</summary>
    TimeProvider Time { get; }

    /// <summary>The logs.</summary>
    ILoggerFactory Loggers { get; }

    /// <summary>Who exists, who may administer (supplied by Accounts).</summary>
    IAccounts Accounts { get; }

    /// <summary>Who may see whose presence (supplied by Roster).</summary>
    IRosters Rosters { get; }

    /// <summary>When and how accounts were last there (supplied by LastActivity).</summary>
    ILastSeen LastSeen { get; }

    /// <summary>Who tells the devices of who is away (supplied by Push), or null.</summary>
    INotifier? Notifier { get; }

    /// <summary>All modules, in the order of <c>HubModules</c>.</summary>
    IReadOnlyList<IXmppModule> Modules { get; }

    /// <summary>What disco knows of the served entities.</summary>
    IReadOnlyList<ServedEntity> Entities { get; }

    /// <summary>When the hub was started.</summary>
    DateTimeOffset StartedAt { get; }

    /// <summary>Whether the hub is stopping: sessions that end now end because of it, and say nothing of their clients.</summary>
    bool IsStopping { get; }

    /// <summary>External components that are connected now (XEP-0114): domain, and name where one is set.</summary>
    IEnumerable<(string Domain, string? Name)> ConnectedComponents { get; }
}

/// <summary>Port: the settings of the start, section by section.</summary>
public interface IModuleSettings
{
    /// <summary>A section, bound to its options class and validated; the same object each time.</summary>
    T Section<T>(string name)
        where T : class, new();
}

/// <summary>Port: the accounts of the domain. Answers come from memory wherever they can.</summary>
public interface IAccounts
{
    /// <summary>Whether the account exists.</summary>
    ValueTask<bool> ExistsAsync(string localpart, CancellationToken cancel = default);

    /// <summary>Whether the account exists and may log in: who may not has no rights, whatever is his.</summary>
    ValueTask<bool> MayLogInAsync(string localpart, CancellationToken cancel = default);

    /// <summary>Whether a bare JID is an administrator of this hub.</summary>
    ValueTask<bool> IsAdministratorAsync(Jid bareJid, CancellationToken cancel = default);

    /// <summary>
    /// Tells the localpart of an account that was removed, after that is durable and its sessions have gone: who keeps something of it removes that. All are awaited one after another, in the order of
    /// <c>HubModules</c>; until each has ended well they are called again (also after a crash, at the next start), so a handler may find its work done. Until then the name is nobody's.
    /// </summary>
    event Func<string, Task>? Removed;

    /// <summary>The owner of a thing's account (bare JID), or null where it has none.</summary>
    ValueTask<Jid?> OwnerAsync(string localpart, CancellationToken cancel = default);

    /// <summary>Whether who has this bare JID is who had it then: an account that was removed and made anew is somebody else's. Of other domains it is theirs to know: there it is.</summary>
    ValueTask<bool> IsSameAsync(Jid bareJid, DateTimeOffset then, CancellationToken cancel = default) => new(true);
}

/// <summary>Port: presence subscriptions, for features that ask who may see what.</summary>
public interface IRosters
{
    /// <summary>Whether <paramref name="contact"/> is subscribed to the presence of <paramref name="account"/> (state <c>from</c> or <c>both</c>; RFC 6121 §3).</summary>
    ValueTask<bool> MaySeePresenceAsync(Jid account, Jid contact, CancellationToken cancel = default);

    /// <summary>Who sees the account's presence, and whose presence it sees.</summary>
    ValueTask<PresenceContacts> ContactsAsync(Jid account, CancellationToken cancel = default);

    /// <summary>What stands in the roster of <paramref name="account"/> for <paramref name="contact"/>, or null where it does not stand there.</summary>
    ValueTask<RosterEntry?> FindAsync(Jid account, Jid contact, CancellationToken cancel = default);

    /// <summary>The names of all groups in the roster of <paramref name="account"/>.</summary>
    ValueTask<IReadOnlySet<string>> GroupsAsync(Jid account, CancellationToken cancel = default);

    /// <summary>Whether <paramref name="contact"/> stands in one of the roster groups of <paramref name="account"/>.</summary>
    ValueTask<bool> IsInGroupAsync(Jid account, Jid contact, IReadOnlyCollection<string> groups, CancellationToken cancel = default);
}

/// <summary>A contact in a roster (RFC 6121 §2.1.2).</summary>
/// <param name="Subscription"><c>none</c>, <c>to</c>, <c>from</c> or <c>both</c>.</param>
/// <param name="Groups">The groups.</param>
public sealed record RosterEntry(string Subscription, IReadOnlyList<string> Groups);

/// <summary>Port: how accounts that are away went.</summary>
public interface ILastSeen
{
    /// <summary>The last time an account went, or null where it never did.</summary>
    ValueTask<LastSeen?> FindAsync(string localpart, CancellationToken cancel = default);
}

/// <summary>How an account went.</summary>
/// <param name="At">When.</param>
/// <param name="Status">The status text of the unavailable presence; empty for none.</param>
/// <param name="Presence">What stood in the unavailable presence, as UTF-8.</param>
public sealed record LastSeen(DateTimeOffset At, string Status, byte[] Presence);

/// <summary>The contacts that presence goes to and comes from (RFC 6121 §4).</summary>
/// <param name="Subscribers">Bare JIDs with a subscription <c>from</c> or <c>both</c>: they see the account.</param>
/// <param name="Subscriptions">Bare JIDs with a subscription <c>to</c> or <c>both</c>: the account sees them.</param>
public sealed record PresenceContacts(IReadOnlyList<Jid> Subscribers, IReadOnlyList<Jid> Subscriptions);

/// <summary>Sends stanzas on behalf of entities that the hub serves.</summary>
public interface IStanzaRouter
{
    /// <summary>Routes a stanza by RFC 6121 §8, as if <see cref="Stanza.From"/> had sent it; errors go back to that entity.</summary>
    ValueTask RouteAsync(Stanza stanza, Session? sender = null);

    /// <summary>Sends one stanza made by the hub.</summary>
    void Send(OutgoingStanza stanza, Jid to);

    /// <summary>Asks an entity and waits for its answer (RFC 6120 §8.2.3).</summary>
    /// <param name="iq">The request; its id is made here.</param>
    /// <param name="to">Who is asked: a full JID of a session, mostly.</param>
    /// <param name="timeout">How long at most.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The result or the error; null where none came in time, or too many requests are under way.</returns>
    Task<Stanza?> AskAsync(OutgoingStanza iq, Jid to, TimeSpan timeout, CancellationToken cancel);

    /// <summary>Sends the same stanza to many: it is serialized once, and each copy differs in <c>to</c> alone.</summary>
    void Multicast(OutgoingStanza stanza, IReadOnlyList<Jid> recipients);

    /// <summary>Answers a request.</summary>
    void Reply(Stanza request, IqReply reply);

    /// <summary>Delivers a copy of a client's stanza to each of some bare JIDs; it is serialized once.</summary>
    void Broadcast(Stanza stanza, IReadOnlyList<Jid> recipients);

    /// <summary>Delivers a stanza to one session as it is.</summary>
    void DeliverTo(Session session, Stanza stanza);

    /// <summary>Bounces a stanza with an error, unless it is an error or a result itself (RFC 6120 §8.3.1).</summary>
    void Bounce(Stanza stanza, StanzaError error);
}

/// <summary>A stanza made by the hub, without its addressee: what stays the same for everybody who gets it.</summary>
/// <param name="Kind">message, presence or iq.</param>
/// <param name="Type">The type, or <see cref="StanzaType.None"/>.</param>
/// <param name="From">The sender: an entity that the hub serves.</param>
/// <param name="Payload">What stands between the tags, as UTF-8.</param>
/// <param name="Id">The id, or null.</param>
/// <param name="Lang">The language (RFC 6120 §8.1.5), or null.</param>
public sealed record OutgoingStanza(StanzaKind Kind, StanzaType Type, Jid From, ReadOnlyMemory<byte> Payload, string? Id = null, string? Lang = null);

/// <summary>What disco tells of an entity or of one of its nodes (XEP-0030 §3).</summary>
public sealed class DiscoInfo
{
    /// <summary>Category, type and name.</summary>
    public List<(string Category, string Type, string? Name)> Identities { get; } = [];

    /// <summary>The features.</summary>
    public List<string> Features { get; } = [];

    /// <summary>Extension forms (XEP-0128): whole <c>x</c> elements as UTF-8.</summary>
    public List<byte[]> Forms { get; } = [];
}

/// <summary>An item of disco#items (XEP-0030 §4).</summary>
/// <param name="Jid">The item's address.</param>
/// <param name="Node">Its node, or null.</param>
/// <param name="Name">Its name, or null.</param>
public sealed record DiscoItem(string Jid, string? Node = null, string? Name = null);

/// <summary>A module's part in answering disco.</summary>
public interface IDiscoProvider
{
    /// <summary>Adds what it knows of a node (null: of the entity itself).</summary>
    /// <returns>Whether the node is this provider's, and an error where it refuses to tell.</returns>
    ValueTask<(bool IsKnown, StanzaError? Error)> InfoAsync(IqRequest request, string? node, DiscoInfo info, CancellationToken cancel);

    /// <summary>The items it knows under a node (null: of the entity itself).</summary>
    ValueTask<DiscoItems> ItemsAsync(IqRequest request, string? node, CancellationToken cancel);
}

/// <summary>A provider's answer to disco#items.</summary>
/// <param name="IsKnown">Whether the node is this provider's.</param>
/// <param name="Items">The items.</param>
/// <param name="Error">An error to refuse with, or null.</param>
/// <param name="Trailer">What follows the items in the query, such as an RSM <c>set</c>, as UTF-8.</param>
public sealed record DiscoItems(bool IsKnown, IReadOnlyList<DiscoItem> Items, StanzaError? Error = null, ReadOnlyMemory<byte> Trailer = default)
{
    /// <summary>The node is not this provider's.</summary>
    public static DiscoItems Unknown { get; } = new(false, []);
}
