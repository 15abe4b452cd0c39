using System.Text.Json;
using System.Text.Json.Serialization;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>The configuration of a node (XEP-0060 §16.4.4); immutable. Kept in the database as JSON with these names: a test holds them.</summary>
public sealed record NodeConfiguration
{
    /// <summary>The value of <see cref="MaxItems"/> that stands for <c>max</c>: as many as the service allows.</summary>
    public const int MaxItemsMax = 0;

    /// <summary><c>pubsub#title</c>: a name for people.</summary>
    public string Title { get; init; } = "";

    /// <summary><c>pubsub#description</c>.</summary>
    public string Description { get; init; } = "";

    /// <summary><c>pubsub#type</c>: what the payloads are, usually their namespace.</summary>
    public string Type { get; init; } = "";

    /// <summary><c>pubsub#language</c>.</summary>
    public string Language { get; init; } = "";

    /// <summary><c>pubsub#access_model</c>.</summary>
    public AccessModel AccessModel { get; init; } = AccessModel.Open;

    /// <summary><c>pubsub#publish_model</c>.</summary>
    public PublishModel PublishModel { get; init; } = PublishModel.Publishers;

    /// <summary><c>pubsub#roster_groups_allowed</c>.</summary>
    public IReadOnlyList<string> RosterGroupsAllowed { get; init; } = [];

    /// <summary><c>pubsub#persist_items</c>.</summary>
    public bool PersistItems { get; init; } = true;

    /// <summary><c>pubsub#max_items</c>; <see cref="MaxItemsMax"/> for <c>max</c>.</summary>
    public int MaxItems { get; init; } = 100;

    /// <summary><c>pubsub#item_expire</c> in seconds; 0 for never (<c>max</c>).</summary>
    public int ItemExpire { get; init; }

    /// <summary><c>pubsub#max_payload_size</c> in bytes; 0 for the service's limit.</summary>
    public int MaxPayloadSize { get; init; }

    /// <summary><c>pubsub#send_last_published_item</c>.</summary>
    public SendLastPublishedItem SendLastPublishedItem { get; init; } = SendLastPublishedItem.OnSub;

    /// <summary><c>pubsub#deliver_notifications</c>.</summary>
    public bool DeliverNotifications { get; init; } = true;

    /// <summary><c>pubsub#deliver_payloads</c>.</summary>
    public bool DeliverPayloads { get; init; } = true;

    /// <summary><c>pubsub#notify_config</c>.</summary>
    public bool NotifyConfig { get; init; }

    /// <summary><c>pubsub#notify_delete</c>.</summary>
    public bool NotifyDelete { get; init; } = true;

    /// <summary><c>pubsub#notify_retract</c>.</summary>
    public bool NotifyRetract { get; init; } = true;

    /// <summary><c>pubsub#notify_sub</c>.</summary>
    public bool NotifySub { get; init; }

    /// <summary><c>pubsub#presence_based_delivery</c>.</summary>
    public bool PresenceBasedDelivery { get; init; }

    /// <summary><c>pubsub#notification_type</c>.</summary>
    public NotificationType NotificationType { get; init; } = NotificationType.Headline;

    /// <summary><c>pubsub#subscribe</c>: whether subscriptions are taken.</summary>
    public bool Subscribe { get; init; } = true;

    /// <summary><c>pubsub#node_type</c>.</summary>
    public NodeType NodeType { get; init; }

    /// <summary><c>pubsub#contact</c>: whom to ask.</summary>
    public IReadOnlyList<string> Contact { get; init; } = [];

    /// <summary><c>pubsub#body_xslt</c>: kept for clients; the hub applies no foreign program.</summary>
    public string BodyXslt { get; init; } = "";

    /// <summary><c>pubsub#dataform_xslt</c>: kept for clients.</summary>
    public string DataformXslt { get; init; } = "";

    /// <summary><c>pubsub#itemreply</c>.</summary>
    public ItemReply ItemReply { get; init; }

    /// <summary><c>pubsub#publish_node_full</c>. By default the oldest goes without a word: a retraction beside each publication would double what subscribers get.</summary>
    public PublishNodeFull PublishNodeFull { get; init; } = PublishNodeFull.DiscardOldest;

    /// <summary><c>pubsub#purge_offline</c>: items go when their publisher goes.</summary>
    public bool PurgeOffline { get; init; }

    /// <summary><c>pubsub#tempsub</c>: all subscriptions end when the subscriber goes.</summary>
    public bool TempSub { get; init; }

    /// <summary><c>pubsub#children_association_policy</c>, of a collection.</summary>
    public ChildrenAssociationPolicy ChildrenAssociationPolicy { get; init; }

    /// <summary><c>pubsub#children_association_whitelist</c>: bare JIDs.</summary>
    public IReadOnlyList<string> ChildrenAssociationWhitelist { get; init; } = [];

    /// <summary><c>pubsub#children_max</c>; 0 for what the service allows (<c>max</c>).</summary>
    public int ChildrenMax { get; init; }

    // Not the generated serializer: it would give a property that an older row lacks its type's default instead of the one above.
    private static readonly JsonSerializerOptions Json = new() { Converters = { new JsonStringEnumConverter() } };

    internal string ToJson() => JsonSerializer.Serialize(this, Json);

    internal static NodeConfiguration FromJson(string json) => JsonSerializer.Deserialize<NodeConfiguration>(json, Json) ?? new NodeConfiguration();
}
