using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>What a node tells (XEP-0060 §4.3, §7–8). The XML is made once for all recipients.</summary>
/// <param name="Node">The node.</param>
public abstract record PubSubEvent(string Node)
{
    /// <summary>The type of the message.</summary>
    public NotificationType Type { get; init; }
}

/// <summary>Items were published, or the last one is told (§7.1.2).</summary>
/// <param name="Node">The node.</param>
/// <param name="Items">The items.</param>
/// <param name="WithPayloads">False tells the ids only (§7.1.2.2).</param>
/// <param name="IsDelayed">True for an item of the past: it carries the time of its publication (XEP-0203).</param>
public sealed record ItemsEvent(string Node, IReadOnlyList<PublishedItem> Items, bool WithPayloads, bool IsDelayed) : PubSubEvent(Node);

/// <summary>Items were removed (§7.2.2.1).</summary>
public sealed record RetractEvent(string Node, IReadOnlyList<string> Ids) : PubSubEvent(Node);

/// <summary>All items were removed (§8.5.2).</summary>
public sealed record PurgeEvent(string Node) : PubSubEvent(Node);

/// <summary>The node was deleted (§8.4.2).</summary>
/// <param name="Node">The node.</param>
/// <param name="RedirectUri">Where it is now, or null.</param>
public sealed record DeleteEvent(string Node, string? RedirectUri) : PubSubEvent(Node);

/// <summary>The node has a new configuration (§8.2.5.3).</summary>
/// <param name="Node">The node.</param>
/// <param name="Configuration">The configuration; null when payloads are not delivered.</param>
public sealed record ConfigurationEvent(string Node, NodeConfiguration? Configuration) : PubSubEvent(Node);

/// <summary>A subscription has another state (§8.8.4).</summary>
public sealed record SubscriptionEvent(string Node, Jid Jid, SubscriptionState State) : PubSubEvent(Node);

/// <summary>Somebody asks to subscribe (§8.6): for the owners.</summary>
public sealed record AuthorizationRequest(string Node, Jid Jid) : PubSubEvent(Node);

/// <summary>Where events go: the way to the engine.</summary>
public interface IPubSubOutbox
{
    /// <summary>Sends an event to each of the recipients. Called in the order of the commits; must not wait.</summary>
    /// <param name="notification">What is told.</param>
    /// <param name="recipients">Not empty; not to be changed or kept.</param>
    void Send(PubSubEvent notification, IReadOnlyList<Jid> recipients);
}

/// <summary>Who is available, for presence-based delivery.</summary>
public interface IPubSubPresence
{
    /// <summary>True when an available session has this JID (any of the account's, for a bare one). True for other domains: their servers know.</summary>
    bool IsAvailable(Jid jid);
}
