using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>What a node tells (XEP-0060 §4.3, §7–8). The XML is made once for all recipients.</summary>
/// <param name="Node">The node.</param>
public abstract record PubSubEvent(string Node)
{
    /// <summary>The type of the message.</summary>
    public NotificationType Type { get; init; }

    /// <summary>The collection by which it comes (XEP-0248 §5.3.1); null where the node itself is subscribed to, empty for the root.</summary>
    public string? Collection { get; init; }

    /// <summary>The recipient's subscriptions that it is for, where the recipient has several (§7.1.2.4).</summary>
    public IReadOnlyList<string>? SubIds { get; init; }
}

/// <summary>Items were published, or the last one is told (§7.1.2).</summary>
/// <param name="Node">The node.</param>
/// <param name="Items">The items.</param>
/// <param name="WithPayloads">False tells the ids only (§7.1.2.2).</param>
/// <param name="IsDelayed">True for an item of the past: it carries the time of its publication (XEP-0203).</param>
public sealed record ItemsEvent(string Node, IReadOnlyList<PublishedItem> Items, bool WithPayloads, bool IsDelayed) : PubSubEvent(Node)
{
    /// <summary>Whether the publishers are told (§7.1.2.3).</summary>
    public bool WithPublisher { get; init; }

    /// <summary>Whether a body is added (§12.7).</summary>
    public bool WithBody { get; init; }

    /// <summary>What was left out, or null where nothing was: the node has more items than are told here (XEP-0312 §2 rule 6).</summary>
    public ResultSetPage? LeftOut { get; init; }
}

/// <summary>Items were removed (§7.2.2.1).</summary>
public sealed record RetractEvent(string Node, IReadOnlyList<string> Ids) : PubSubEvent(Node);

/// <summary>All items were removed (§8.5.2).</summary>
public sealed record PurgeEvent(string Node) : PubSubEvent(Node);

/// <summary>The node was made: told by the collections that it is in (XEP-0248 §5.3.1.2).</summary>
public sealed record CreateEvent(string Node) : PubSubEvent(Node);

/// <summary>The node was deleted (§8.4.2).</summary>
/// <param name="Node">The node.</param>
/// <param name="RedirectUri">Where it is now, or null.</param>
public sealed record DeleteEvent(string Node, string? RedirectUri) : PubSubEvent(Node);

/// <summary>The node has a new configuration (§8.2.5.3).</summary>
/// <param name="Node">The node.</param>
/// <param name="Configuration">The configuration; null when payloads are not delivered.</param>
public sealed record ConfigurationEvent(string Node, NodeConfiguration? Configuration) : PubSubEvent(Node);

/// <summary>A node was put into a collection or taken out of it (XEP-0248 §5.3.2).</summary>
/// <param name="Node">The collection.</param>
/// <param name="Child">The node.</param>
/// <param name="IsAssociated">Whether it is in it now.</param>
public sealed record AssociationEvent(string Node, string Child, bool IsAssociated) : PubSubEvent(Node);

/// <summary>A subscription has another state (§8.8.4), or ends soon (§12.18).</summary>
public sealed record SubscriptionEvent(string Node, Jid Jid, SubscriptionState State) : PubSubEvent(Node)
{
    /// <summary>Which subscription.</summary>
    public string SubId { get; init; } = "";

    /// <summary>When it ends, where that is what is told.</summary>
    public DateTimeOffset? Expiry { get; init; }

    internal static SubscriptionEvent Of(string node, Subscription subscription, SubscriptionState state) => new(node, subscription.Jid, state) { SubId = subscription.SubId };
}

/// <summary>An entity is something else to the node (§8.9.4): for that entity.</summary>
public sealed record AffiliationEvent(string Node, Jid Jid, Affiliation Affiliation) : PubSubEvent(Node);

/// <summary>Somebody asks to subscribe (§8.6): for the owners.</summary>
public sealed record AuthorizationRequest(string Node, Jid Jid) : PubSubEvent(Node)
{
    /// <summary>Which subscription waits.</summary>
    public string SubId { get; init; } = "";
}

/// <summary>Where events go: the way to the engine.</summary>
public interface IPubSubOutbox
{
    /// <summary>Sends an event to each of the recipients. Called in the order of the commits; must not wait.</summary>
    /// <param name="notification">What is told.</param>
    /// <param name="recipients">Not empty; not to be changed or kept.</param>
    void Send(PubSubEvent notification, IReadOnlyList<Jid> recipients);
}

/// <summary>Subscribers that need not subscribe (XEP-0163 §4.3).</summary>
internal interface IImplicitSubscribers
{
    /// <summary>Sends an event to the subscribers and to who else is entitled. Called in the order of the commits; must not wait.</summary>
    /// <param name="node">The node.</param>
    /// <param name="notification">What is told.</param>
    /// <param name="subscribers">Who has subscribed and gets it as it is.</param>
    /// <param name="others">Who has subscribed and gets it in another form, at another time or not at all.</param>
    void Send(Node node, PubSubEvent notification, IReadOnlyList<Jid> subscribers, IReadOnlyList<Jid> others);
}

/// <summary>Who is available, for presence-based delivery.</summary>
public interface IPubSubPresence
{
    /// <summary>True when an available session has this JID (any of the account's, for a bare one). True for other domains: their servers know.</summary>
    bool IsAvailable(Jid jid);

    /// <summary>The states of presence of the available sessions with this JID (any of the account's, for a bare one).</summary>
    ShowValues ShowsOf(Jid jid);
}
