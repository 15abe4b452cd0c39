using System.Text;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Who may subscribe and retrieve items (XEP-0060 §4.5). The numbers are on disk: never change one.</summary>
public enum AccessModel
{
    /// <summary>Anybody.</summary>
    Open = 0,
    /// <summary>Who sees an owner's presence.</summary>
    Presence = 1,
    /// <summary>Who is in one of an owner's roster groups.</summary>
    Roster = 2,
    /// <summary>Whom an owner approves.</summary>
    Authorize = 3,
    /// <summary>Who is on the list of affiliations.</summary>
    Whitelist = 4,
}

/// <summary>Who may publish (XEP-0060 §16.4.4, <c>pubsub#publish_model</c>).</summary>
public enum PublishModel
{
    /// <summary>Owners and publishers.</summary>
    Publishers,
    /// <summary>Also subscribers.</summary>
    Subscribers,
    /// <summary>Anybody who is not an outcast.</summary>
    Open,
}

/// <summary>Whether a node holds items or other nodes (XEP-0248 §3). The numbers are on disk: never change one.</summary>
public enum NodeType
{
    /// <summary>Items.</summary>
    Leaf = 0,
    /// <summary>Nodes.</summary>
    Collection = 1,
}

/// <summary>Who may put nodes into a collection (XEP-0248 §7.2.1, <c>pubsub#children_association_policy</c>).</summary>
public enum ChildrenAssociationPolicy
{
    /// <summary>Owners of the collection.</summary>
    Owners,
    /// <summary>Who is on its list.</summary>
    Whitelist,
    /// <summary>Anybody, with nodes of his own.</summary>
    All,
}

/// <summary>What a publication on a full node does (XEP-0060 §7.1.2.5, <c>pubsub#publish_node_full</c>).</summary>
public enum PublishNodeFull
{
    /// <summary>The oldest item goes, and subscribers are told where retractions are told.</summary>
    RetractOldest,
    /// <summary>The oldest item goes.</summary>
    DiscardOldest,
    /// <summary>The publication is refused.</summary>
    Reject,
}

/// <summary>Whom readers may answer (XEP-0060 §12.14, <c>pubsub#itemreply</c>).</summary>
public enum ItemReply
{
    /// <summary>Nothing was chosen: the publisher is told with items that are asked for, not with notifications.</summary>
    Unset,
    /// <summary>The publisher is told nowhere.</summary>
    None,
    /// <summary>The publisher is told everywhere.</summary>
    Publisher,
}

/// <summary>When a new subscriber gets the last item (XEP-0060 §6.1.7).</summary>
public enum SendLastPublishedItem
{
    /// <summary>Never.</summary>
    Never,
    /// <summary>When the subscription begins.</summary>
    OnSub,
    /// <summary>Also when the subscriber becomes available.</summary>
    OnSubAndPresence,
}

/// <summary>The type of notification messages (XEP-0060 §16.4.4, <c>pubsub#notification_type</c>).</summary>
public enum NotificationType
{
    /// <summary>headline: never kept for somebody who is offline.</summary>
    Headline,
    /// <summary>normal.</summary>
    Normal,
    /// <summary>chat.</summary>
    Chat,
}

/// <summary>What an entity is to a node (XEP-0060 §4.1). The numbers are on disk: never change one.</summary>
public enum Affiliation
{
    /// <summary>Nothing in particular.</summary>
    None = 0,
    /// <summary>May do everything.</summary>
    Owner = 1,
    /// <summary>May publish, and subscribe.</summary>
    Publisher = 2,
    /// <summary>May publish, not subscribe.</summary>
    PublishOnly = 3,
    /// <summary>May subscribe and retrieve.</summary>
    Member = 4,
    /// <summary>May do nothing.</summary>
    Outcast = 5,
}

/// <summary>The state of a subscription (XEP-0060 §4.2). The numbers are on disk: never change one.</summary>
public enum SubscriptionState
{
    /// <summary>There is none.</summary>
    None = 0,
    /// <summary>An owner must approve it.</summary>
    Pending = 1,
    /// <summary>It gets notifications.</summary>
    Subscribed = 3,
}

/// <summary>An item to publish.</summary>
/// <param name="Id">The id; null lets the service make one.</param>
/// <param name="Payload">The one payload element as UTF-8 that stands by itself (all its namespaces declared); empty for none.</param>
public readonly record struct ItemToPublish(string? Id, ReadOnlyMemory<byte> Payload);

/// <summary>A published item.</summary>
/// <param name="Id">Unique within the node.</param>
/// <param name="Publisher">The bare JID that published it.</param>
/// <param name="Published">When.</param>
/// <param name="Payload">The payload element; empty for none.</param>
public sealed record PublishedItem(string Id, string Publisher, DateTimeOffset Published, ReadOnlyMemory<byte> Payload);

/// <summary>What a page of items may have; one item always comes, however large.</summary>
/// <param name="Items">Items.</param>
/// <param name="Bytes">Bytes of them as they are sent.</param>
public readonly record struct PageBound(int Items, int Bytes)
{
    // The tags of an item and their attributes.
    private const int Markup = 64;

    /// <summary>So many items, whatever their size: for what leaves the hub piece by piece, or does not leave it.</summary>
    public static implicit operator PageBound(int items) => new(items, int.MaxValue);

    /// <summary>What is left beside an item; less than no bytes where it does not fit.</summary>
    internal PageBound Less(PublishedItem item) => Bytes == int.MaxValue ? this with { Items = Items - 1 }
        : new(Items - 1, Bytes - item.Payload.Length - Encoding.UTF8.GetByteCount(item.Id) - Encoding.UTF8.GetByteCount(item.Publisher) - Markup);
}

/// <summary>A page of items with their places in the node's list.</summary>
/// <param name="Items">In the order of publication.</param>
/// <param name="Index">The place of the first, from 0 (the oldest).</param>
/// <param name="Count">How many the node has.</param>
public sealed record ItemPage(IReadOnlyList<PublishedItem> Items, int Index, int Count);

/// <summary>An expected failure, in XMPP's words; mapped to a stanza error in one place (PubSubXml).</summary>
/// <param name="Type">The error type (RFC 6120 §8.3.2).</param>
/// <param name="Condition">The stanza error condition.</param>
/// <param name="PubSubCondition">The condition in <c>pubsub#errors</c>, or null.</param>
/// <param name="Feature">The unsupported feature, with the condition <c>unsupported</c>.</param>
/// <param name="Content">What stands in the condition: the new address of <c>gone</c>.</param>
public sealed record PubSubError(string Type, string Condition, string? PubSubCondition = null, string? Feature = null, string? Content = null)
{
    /// <summary>The request is not what the schema says.</summary>
    public static readonly PubSubError BadRequest = new("modify", "bad-request");
    /// <summary>The node must be named.</summary>
    public static readonly PubSubError NodeIdRequired = new("modify", "bad-request", "nodeid-required");
    /// <summary>The subscriber must be named.</summary>
    public static readonly PubSubError JidRequired = new("modify", "bad-request", "jid-required");
    /// <summary>One subscribes only oneself (§6.1.3.1).</summary>
    public static readonly PubSubError InvalidJid = new("modify", "bad-request", "invalid-jid");
    /// <summary>The options are wrong (§6.3.7.2).</summary>
    public static readonly PubSubError InvalidOptions = new("modify", "bad-request", "invalid-options");
    /// <summary>An item must be given (§7.1.3.6, §7.2.3.4).</summary>
    public static readonly PubSubError ItemRequired = new("modify", "bad-request", "item-required");
    /// <summary>The node takes no items (§7.1.3.6).</summary>
    public static readonly PubSubError ItemForbidden = new("modify", "bad-request", "item-forbidden");
    /// <summary>A payload must be given (§7.1.3.6).</summary>
    public static readonly PubSubError PayloadRequired = new("modify", "bad-request", "payload-required");
    /// <summary>More than one payload element (§7.1.3.5).</summary>
    public static readonly PubSubError InvalidPayload = new("modify", "bad-request", "invalid-payload");
    /// <summary>The payload is larger than the node takes (§7.1.3.4).</summary>
    public static readonly PubSubError PayloadTooBig = new("modify", "not-acceptable", "payload-too-big");
    /// <summary>No such node or item.</summary>
    public static readonly PubSubError ItemNotFound = new("cancel", "item-not-found");
    /// <summary>Not allowed to this entity.</summary>
    public static readonly PubSubError Forbidden = new("auth", "forbidden");
    /// <summary>The node exists (§8.1.1).</summary>
    public static readonly PubSubError Conflict = new("cancel", "conflict");
    /// <summary>The options of the publication do not fit the node (§7.1.5).</summary>
    public static readonly PubSubError PreconditionNotMet = new("cancel", "conflict", "precondition-not-met");
    /// <summary>Who is not on the list may not (§6.1.3.4).</summary>
    public static readonly PubSubError ClosedNode = new("cancel", "not-allowed", "closed-node");
    /// <summary>The owner's presence must be seen (§6.1.3.2).</summary>
    public static readonly PubSubError PresenceSubscriptionRequired = new("auth", "not-authorized", "presence-subscription-required");
    /// <summary>Not in the owner's groups (§6.1.3.3).</summary>
    public static readonly PubSubError NotInRosterGroup = new("auth", "not-authorized", "not-in-roster-group");
    /// <summary>The owner has not answered yet (§6.1.3.7).</summary>
    public static readonly PubSubError PendingSubscription = new("auth", "not-authorized", "pending-subscription");
    /// <summary>Only subscribers may retrieve (§6.5.9.3).</summary>
    public static readonly PubSubError NotAuthorizedNotSubscribed = new("auth", "not-authorized", "not-subscribed");
    /// <summary>There is no such subscription (§6.2.3.2).</summary>
    public static readonly PubSubError NotSubscribedCancel = new("cancel", "unexpected-request", "not-subscribed");
    /// <summary>There is no such subscription (§6.3.4.2).</summary>
    public static readonly PubSubError NotSubscribedModify = new("modify", "unexpected-request", "not-subscribed");
    /// <summary>There is no subscription of that identifier (§6.2.3.5).</summary>
    public static readonly PubSubError InvalidSubId = new("modify", "not-acceptable", "invalid-subid");
    /// <summary>There are several: it must be said which (§6.2.3.1).</summary>
    public static readonly PubSubError SubIdRequired = new("modify", "bad-request", "subid-required");
    /// <summary>The node is full and configured to refuse (§7.1.3.4).</summary>
    public static readonly PubSubError NodeFull = new("cancel", "conflict", "node-full");
    /// <summary>More items in one publication than the node keeps (§12.9).</summary>
    public static readonly PubSubError TooManyItems = new("cancel", "not-allowed", "max-items-exceeded");
    /// <summary>The action is disabled (§11).</summary>
    public static readonly PubSubError NotAllowed = new("cancel", "not-allowed");
    /// <summary>The graph of collections cannot be so (XEP-0248 §7.2.3): a leaf with children, a cycle, a collection that becomes a leaf.</summary>
    public static readonly PubSubError InvalidGraph = new("cancel", "not-allowed", "invalid-options");
    /// <summary>A collection would have too many children (XEP-0248 §7.2.3.3).</summary>
    public static readonly PubSubError TooManyChildren = new("cancel", "not-allowed", "max-nodes-exceeded");
    /// <summary>A collection takes no items (XEP-0248 §4.1).</summary>
    public static readonly PubSubError PublishUnsupported = Unsupported("publish");
    /// <summary>This service has no collections.</summary>
    public static readonly PubSubError CollectionsUnsupported = Unsupported("collections");
    /// <summary>A bound on subscriptions is reached (§6.1.3.9).</summary>
    public static readonly PubSubError TooManySubscriptions = new("wait", "policy-violation", "too-many-subscriptions");
    /// <summary>A bound on nodes is reached.</summary>
    public static readonly PubSubError TooManyNodes = new("wait", "resource-constraint", "max-nodes-exceeded");
    /// <summary>A bound on the items of one request or the affiliations of a node is reached.</summary>
    public static readonly PubSubError PolicyViolation = new("modify", "policy-violation");
    /// <summary>The change cannot be made as asked (§8.2.5.2).</summary>
    public static readonly PubSubError NotAcceptable = new("modify", "not-acceptable");
    /// <summary>The access model is not known (§8.1.3).</summary>
    public static readonly PubSubError UnsupportedAccessModel = new("modify", "not-acceptable", "unsupported-access-model");
    /// <summary>The node keeps no items (§6.5.9.4).</summary>
    public static readonly PubSubError PersistentItemsUnsupported = Unsupported("persistent-items");
    /// <summary>The node takes no subscriptions (§6.1.3.10).</summary>
    public static readonly PubSubError SubscribeUnsupported = Unsupported("subscribe");

    /// <summary>The node is elsewhere (§6.1.3.11).</summary>
    public static PubSubError Gone(string uri) => new("cancel", "gone", Content: uri);

    /// <summary>A feature that the node or service does not have.</summary>
    public static PubSubError Unsupported(string feature) => new("cancel", "feature-not-implemented", "unsupported", feature);
}

/// <summary>A value or an expected failure.</summary>
public readonly struct Outcome<T>
{
    private Outcome(T value, PubSubError? error)
    {
        Value = value;
        Error = error;
    }

    /// <summary>What was asked for; nothing when there is an error.</summary>
    public T Value { get; }

    /// <summary>Why not, or null.</summary>
    public PubSubError? Error { get; }

    /// <summary>A success.</summary>
    public static implicit operator Outcome<T>(T value) => new(value, null);

    /// <summary>A failure.</summary>
    public static implicit operator Outcome<T>(PubSubError error) => new(default!, error);
}
