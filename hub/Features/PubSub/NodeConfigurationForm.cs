using System.Globalization;
using IotXmpp.Hub.Addresses;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>The fields of node configuration (XEP-0060 §16.4.4) as one table: how each is written, read and compared.</summary>
internal static class NodeConfigurationForm
{
    /// <summary>FORM_TYPE of node configuration.</summary>
    public const string FormType = Ns.PubSub + "#node_config";

    /// <summary>FORM_TYPE of publishing options.</summary>
    public const string PublishOptionsType = Ns.PubSub + "#publish-options";

    /// <summary>The collections that a node is in (XEP-0248 §7.2.1): no part of the configuration that is kept, since the graph is.</summary>
    public const string Collection = "pubsub#collection";

    /// <summary>The nodes that a collection holds, likewise.</summary>
    public const string Children = "pubsub#children";

    private static readonly Field[] Fields =
    [
        Text("pubsub#title", "A name for the node", c => c.Title, (c, v) => c with { Title = v }),
        Text("pubsub#description", "A description of the node", c => c.Description, (c, v) => c with { Description = v }),
        Text("pubsub#type", "The type of the payloads, usually their namespace", c => c.Type, (c, v) => c with { Type = v }),
        Text("pubsub#language", "The language of the payloads", c => c.Language, (c, v) => c with { Language = v }),
        Jids("pubsub#contact", "Whom to ask", c => c.Contact, (c, v) => c with { Contact = v }),
        List("pubsub#node_type", "Whether the node is a leaf or a collection", c => c.NodeType, (c, v) => c with { NodeType = v }),
        List("pubsub#access_model", "Who may subscribe and retrieve items", c => c.AccessModel, (c, v) => c with { AccessModel = v }),
        new("pubsub#roster_groups_allowed", "list-multi", "Roster groups that may subscribe and retrieve items", c => c.RosterGroupsAllowed,
            (c, v, o) => v.All(g => g.Length <= o.TextLimit) ? c with { RosterGroupsAllowed = [.. v] } : null),
        Bool("pubsub#deliver_notifications", "Send notifications", c => c.DeliverNotifications, (c, v) => c with { DeliverNotifications = v }),
        Bool("pubsub#notify_config", "Notify subscribers of a new configuration", c => c.NotifyConfig, (c, v) => c with { NotifyConfig = v }),
        Bool("pubsub#notify_delete", "Notify subscribers when the node is deleted", c => c.NotifyDelete, (c, v) => c with { NotifyDelete = v }),
        Bool("pubsub#notify_sub", "Notify owners of new and ended subscriptions", c => c.NotifySub, (c, v) => c with { NotifySub = v }),
        Bool("pubsub#subscribe", "Take subscriptions", c => c.Subscribe, (c, v) => c with { Subscribe = v }),
        Bool("pubsub#tempsub", "End subscriptions when the subscriber goes offline", c => c.TempSub, (c, v) => c with { TempSub = v }),
        List("pubsub#notification_type", "The type of notification messages", c => c.NotificationType, (c, v) => c with { NotificationType = v }),
        Bool("pubsub#presence_based_delivery", "Notify only who is available", c => c.PresenceBasedDelivery, (c, v) => c with { PresenceBasedDelivery = v }),

        List("pubsub#publish_model", "Who may publish", c => c.PublishModel, (c, v) => c with { PublishModel = v }).Of(NodeType.Leaf),
        Bool("pubsub#persist_items", "Keep items", c => c.PersistItems, (c, v) => c with { PersistItems = v }).Of(NodeType.Leaf),
        new Field("pubsub#max_items", "text-single", "Items to keep (a number or max)", c => [c.MaxItems == NodeConfiguration.MaxItemsMax ? "max" : Number(c.MaxItems)],
            (c, v, o) => One(v) == "max" ? c with { MaxItems = NodeConfiguration.MaxItemsMax } : Range(v, 1, o.ItemsPerNode) is { } n ? c with { MaxItems = n } : null).Of(NodeType.Leaf),
        new Field("pubsub#item_expire", "text-single", "Seconds after which an item is removed (a number or max)", c => [c.ItemExpire == 0 ? "max" : Number(c.ItemExpire)],
            (c, v, _) => One(v) == "max" ? c with { ItemExpire = 0 } : Range(v, 0, int.MaxValue) is { } n ? c with { ItemExpire = n } : null).Of(NodeType.Leaf),
        new Field("pubsub#max_payload_size", "text-single", "The largest payload in bytes", c => [Number(c.MaxPayloadSize)],
            (c, v, o) => Range(v, 0, o.PayloadBytes) is { } n ? c with { MaxPayloadSize = n } : null).Of(NodeType.Leaf),
        Tokens("pubsub#publish_node_full", "What a publication on a full node does", c => c.PublishNodeFull, (c, v) => c with { PublishNodeFull = v }, v => Token(v).Replace('_', '-')).Of(NodeType.Leaf),
        List("pubsub#send_last_published_item", "When to send the last item", c => c.SendLastPublishedItem, (c, v) => c with { SendLastPublishedItem = v }).Of(NodeType.Leaf),
        Bool("pubsub#deliver_payloads", "Send payloads with notifications", c => c.DeliverPayloads, (c, v) => c with { DeliverPayloads = v }).Of(NodeType.Leaf),
        Bool("pubsub#notify_retract", "Notify subscribers when items are removed", c => c.NotifyRetract, (c, v) => c with { NotifyRetract = v }).Of(NodeType.Leaf),
        Bool("pubsub#purge_offline", "Remove items when their publisher goes offline", c => c.PurgeOffline, (c, v) => c with { PurgeOffline = v }).Of(NodeType.Leaf),
        new Field("pubsub#itemreply", "list-single", "Whether readers are told the publisher", c => c.ItemReply == ItemReply.Unset ? [] : [Token(c.ItemReply)],
            (c, v, _) => One(v) switch
            {
                "" => c with { ItemReply = ItemReply.Unset },
                "none" => c with { ItemReply = ItemReply.None },
                "publisher" => c with { ItemReply = ItemReply.Publisher },
                _ => null,
            }) { Options = [new("none"), new("publisher")] }.Of(NodeType.Leaf),
        Text("pubsub#body_xslt", "The address of a transformation of payloads into bodies", c => c.BodyXslt, (c, v) => c with { BodyXslt = v }).Of(NodeType.Leaf),
        Text("pubsub#dataform_xslt", "The address of a transformation of payloads into data forms", c => c.DataformXslt, (c, v) => c with { DataformXslt = v }).Of(NodeType.Leaf),

        List("pubsub#children_association_policy", "Who may put nodes into the collection", c => c.ChildrenAssociationPolicy, (c, v) => c with { ChildrenAssociationPolicy = v }).Of(NodeType.Collection),
        Jids("pubsub#children_association_whitelist", "Who else may put nodes into the collection", c => c.ChildrenAssociationWhitelist, (c, v) => c with { ChildrenAssociationWhitelist = v }).Of(NodeType.Collection),
        new Field("pubsub#children_max", "text-single", "Nodes in the collection (a number or max)", c => [c.ChildrenMax == 0 ? "max" : Number(c.ChildrenMax)],
            (c, v, o) => One(v) == "max" ? c with { ChildrenMax = 0 } : Range(v, 1, o.ChildrenPerCollection) is { } n ? c with { ChildrenMax = n } : null).Of(NodeType.Collection),
    ];

    private static readonly Dictionary<string, Field> ByVar = Fields.ToDictionary(f => f.Var, StringComparer.Ordinal);

    /// <summary>The form of a configuration: to be filled in, or (<c>result</c>) to be told.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="type">What the form is for.</param>
    /// <param name="graph">The collections that the node is in, and its children; null where the service has no collections.</param>
    public static DataForm Write(NodeConfiguration configuration, Forms.FormType type = Forms.FormType.Form, NodeGraph? graph = null)
    {
        var form = new DataForm(type, FormType);
        foreach (Field field in Fields)
        {
            if (field.Only is null || field.Only == configuration.NodeType)
            {
                form.Add(new FormField(field.Var) { Type = field.Type, Label = field.Label, Values = field.Get(configuration), Options = type == Forms.FormType.Form ? field.Options : [] });
            }
        }

        if (graph is not null)
        {
            // XEP-0248 §7.2.1: the root is told as an empty value.
            form.Add(new FormField(Collection) { Type = "text-multi", Label = "The collections that the node is in", Values = graph.Collections.Count == 0 ? [""] : graph.Collections });
            if (configuration.NodeType == NodeType.Collection)
            {
                form.Add(new FormField(Children) { Type = "text-multi", Label = "The nodes in the collection", Values = graph.Children });
            }
        }

        return form;
    }

    /// <summary>What a submitted form says of the graph; null where it says nothing.</summary>
    public static GraphChange? ReadGraph(DataForm form) => form[Collection] is null && form[Children] is null
        ? null
        : new GraphChange(Names(form[Collection]), Names(form[Children]));

    /// <summary>
    /// The configuration that a submitted form makes of another; fields that are not in the form stay, fields that nobody knows are passed over (XEP-0004 §3.2.1).
    /// </summary>
    public static Outcome<NodeConfiguration> Apply(NodeConfiguration configuration, DataForm form, PubSubOptions options)
    {
        if (form.Type != Forms.FormType.Submit || (form.FormType ?? FormType) != FormType)
        {
            return PubSubError.BadRequest;
        }

        return ApplyFields(configuration, form, options, strict: false);
    }

    /// <summary>What publishing options (§7.1.5) make of the default configuration when the node is created by the publication.</summary>
    public static Outcome<NodeConfiguration> ApplyPublishOptions(NodeConfiguration configuration, DataForm form, PubSubOptions options) =>
        IsPublishOptions(form) ? ApplyFields(configuration, form, options, strict: true) : PubSubError.BadRequest;

    /// <summary>Whether the node's configuration is what the publishing options ask for (§7.1.5): each field is a precondition, an unknown one is never met.</summary>
    public static PubSubError? CheckPublishOptions(NodeConfiguration configuration, DataForm form, PubSubOptions options)
    {
        if (!IsPublishOptions(form))
        {
            return PubSubError.BadRequest;
        }

        foreach (FormField asked in form.Fields)
        {
            if (!ByVar.TryGetValue(asked.Var, out Field? field)
                || field.Set(configuration, asked.Values, options) is not { } wanted
                || !field.Get(wanted).Order(StringComparer.Ordinal).SequenceEqual(field.Get(configuration).Order(StringComparer.Ordinal), StringComparer.Ordinal))
            {
                return PubSubError.PreconditionNotMet;
            }
        }

        return null;
    }

    internal static string Token(Enum value)
    {
        // on_sub_and_presence, publishers: the member's name in lower case with underscores
        var token = new System.Text.StringBuilder();
        foreach (char c in value.ToString())
        {
            if (char.IsAsciiLetterUpper(c) && token.Length > 0)
            {
                token.Append('_');
            }

            token.Append(char.ToLowerInvariant(c));
        }

        return token.ToString();
    }

    private static bool IsPublishOptions(DataForm form) => form.Type == Forms.FormType.Submit && form.FormType == PublishOptionsType;

    private static Outcome<NodeConfiguration> ApplyFields(NodeConfiguration configuration, DataForm form, PubSubOptions options, bool strict)
    {
        foreach (FormField given in form.Fields)
        {
            if (!ByVar.TryGetValue(given.Var, out Field? field))
            {
                if (strict)
                {
                    return PubSubError.PreconditionNotMet; // §7.1.5: an unknown field is a condition that cannot be met
                }

                continue;
            }

            if (field.Set(configuration, given.Values, options) is not { } changed)
            {
                return given.Var == "pubsub#access_model" ? PubSubError.UnsupportedAccessModel : PubSubError.NotAcceptable;
            }

            configuration = changed;
        }

        return configuration;
    }

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static string One(IReadOnlyList<string> values) => values.Count > 0 ? values[0] : "";

    private static int? Range(IReadOnlyList<string> values, int least, int most) =>
        int.TryParse(One(values), NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most ? value : null;

    private static Field Text(string var, string label, Func<NodeConfiguration, string> get, Func<NodeConfiguration, string, NodeConfiguration> set) =>
        new(var, "text-single", label, c => [get(c)], (c, v, o) => One(v).Length <= o.TextLimit ? set(c, One(v)) : null);

    private static Field Bool(string var, string label, Func<NodeConfiguration, bool> get, Func<NodeConfiguration, bool, NodeConfiguration> set) =>
        new(var, "boolean", label, c => [get(c) ? "1" : "0"], (c, v, _) => One(v) switch
        {
            "1" or "true" => set(c, true),
            "0" or "false" => set(c, false),
            _ => null,
        });

    private static Field Jids(string var, string label, Func<NodeConfiguration, IReadOnlyList<string>> get, Func<NodeConfiguration, IReadOnlyList<string>, NodeConfiguration> set) =>
        new(var, "jid-multi", label, get, (c, v, o) =>
        {
            var jids = new List<string>();
            foreach (string text in v)
            {
                if (text.Length == 0)
                {
                    continue;
                }

                if (!JidPrep.TryParse(text, out Jid? jid) || jids.Count >= o.AffiliationsPerNode)
                {
                    return null;
                }

                jids.Add(jid.Bare.ToString());
            }

            return set(c, jids);
        });

    private static Field List<T>(string var, string label, Func<NodeConfiguration, T> get, Func<NodeConfiguration, T, NodeConfiguration> set)
        where T : struct, Enum => Tokens(var, label, get, set, v => Token(v));

    private static Field Tokens<T>(string var, string label, Func<NodeConfiguration, T> get, Func<NodeConfiguration, T, NodeConfiguration> set, Func<T, string> token)
        where T : struct, Enum
    {
        Dictionary<string, T> tokens = Enum.GetValues<T>().ToDictionary(token, StringComparer.Ordinal);
        return new(var, "list-single", label, c => [token(get(c))], (c, v, _) => tokens.TryGetValue(One(v), out T value) ? set(c, value) : null)
        {
            Options = [.. tokens.Keys.Select(t => new FormOption(t))],
        };
    }

    private static IReadOnlyList<string>? Names(FormField? field) => field is null ? null : [.. field.Values.Where(v => v.Length > 0).Distinct(StringComparer.Ordinal)];

    private sealed record Field(
        string Var,
        string Type,
        string Label,
        Func<NodeConfiguration, IReadOnlyList<string>> Get,
        Func<NodeConfiguration, IReadOnlyList<string>, PubSubOptions, NodeConfiguration?> Set)
    {
        public IReadOnlyList<FormOption> Options { get; init; } = [];

        /// <summary>The type of node that has the field; null for both.</summary>
        public NodeType? Only { get; private init; }

        public Field Of(NodeType type) => this with { Only = type };
    }
}
