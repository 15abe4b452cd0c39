using System.Globalization;
using System.Text;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Routing;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Outcomes and events as XML (XEP-0060's schemas), and the one place where failures become stanza errors.</summary>
internal static class PubSubXml
{
    /// <summary>The namespace of headers (XEP-0131).</summary>
    public const string Shim = "http://jabber.org/protocol/shim";

    /// <summary>The stanza error of a failure.</summary>
    public static StanzaError Error(PubSubError error)
    {
        StanzaError stanza = error.Condition switch
        {
            "bad-request" => StanzaError.BadRequest,
            "conflict" => StanzaError.Conflict,
            "feature-not-implemented" => StanzaError.FeatureNotImplemented,
            "forbidden" => StanzaError.Forbidden,
            "gone" => error.Content is { } uri ? StanzaError.MovedTo(uri) : StanzaError.Gone,
            "item-not-found" => StanzaError.ItemNotFound,
            "not-acceptable" => StanzaError.NotAcceptable,
            "not-allowed" => StanzaError.NotAllowed,
            "not-authorized" => StanzaError.NotAuthorized,
            "policy-violation" => StanzaError.PolicyViolation,
            "resource-constraint" => StanzaError.ResourceConstraint,
            "unexpected-request" => StanzaError.UnexpectedRequest,
            _ => StanzaError.InternalServerError,
        };
        stanza = stanza.With(error.Type switch
        {
            "auth" => StanzaErrorType.Auth,
            "cancel" => StanzaErrorType.Cancel,
            "modify" => StanzaErrorType.Modify,
            _ => StanzaErrorType.Wait,
        });
        if (error.PubSubCondition is null)
        {
            return stanza;
        }

        using var xml = new XmlBuilder();
        byte[] condition = Encoding.UTF8.GetBytes(error.PubSubCondition);
        xml.Open(condition, Ns.PubSubErrors).Attribute("feature"u8, error.Feature).Close(condition);
        return stanza.WithExtension(xml.ToArray());
    }

    /// <summary>The type of the message that tells an event.</summary>
    public static StanzaType MessageType(PubSubEvent notification) => notification is AuthorizationRequest or SubscriptionEvent or AffiliationEvent
        ? StanzaType.Normal // for a person, or a change of what one has: kept for who is away
        : notification.Type switch
        {
            NotificationType.Normal => StanzaType.Normal,
            NotificationType.Chat => StanzaType.Chat,
            _ => StanzaType.Headline,
        };

    /// <summary>What stands in the message that tells an event.</summary>
    public static byte[] Event(PubSubEvent notification)
    {
        using var xml = new XmlBuilder();
        if (notification is AuthorizationRequest request)
        {
            AuthorizationForm(request).WriteTo(xml);
            return xml.ToArray();
        }

        if (notification is AffiliationEvent affiliation)
        {
            // §8.9.4: what one is to a node is told as the answer to a request for it.
            return xml.Open("pubsub"u8, Ns.PubSub).Open("affiliations"u8).Attribute("node"u8, affiliation.Node).Open("affiliation"u8).Attribute("jid"u8, affiliation.Jid.ToString())
                .Attribute("affiliation"u8, Token(affiliation.Affiliation)).Close("affiliation"u8).Close("affiliations"u8).Close("pubsub"u8).ToArray();
        }

        if (notification is ItemsEvent { WithBody: true } withBody)
        {
            xml.Text("body"u8, Microblog.Body(withBody.Items));
        }

        xml.Open("event"u8, "http://jabber.org/protocol/pubsub#event"u8);
        switch (notification)
        {
            case ItemsEvent items:
                xml.Open("items"u8).Attribute("node"u8, items.Node);
                foreach (PublishedItem item in items.Items)
                {
                    Item(xml, item, items.WithPayloads, items.WithPublisher);
                }

                xml.Close("items"u8);
                break;
            case RetractEvent retract:
                xml.Open("items"u8).Attribute("node"u8, retract.Node);
                foreach (string id in retract.Ids)
                {
                    xml.Open("retract"u8).Attribute("id"u8, id).Close("retract"u8);
                }

                xml.Close("items"u8);
                break;
            case PurgeEvent:
                xml.Open("purge"u8).Attribute("node"u8, notification.Node).Close("purge"u8);
                break;
            case CreateEvent:
                xml.Open("create"u8).Attribute("node"u8, notification.Node).Close("create"u8);
                break;
            case AssociationEvent association:
                ReadOnlySpan<byte> act = association.IsAssociated ? "associate"u8 : "dissociate"u8;
                xml.Open("collection"u8).Attribute("node"u8, association.Node).Open(act).Attribute("node"u8, association.Child).Close(act).Close("collection"u8);
                break;
            case DeleteEvent delete:
                xml.Open("delete"u8).Attribute("node"u8, delete.Node);
                if (delete.RedirectUri is not null)
                {
                    xml.Open("redirect"u8).Attribute("uri"u8, delete.RedirectUri).Close("redirect"u8);
                }

                xml.Close("delete"u8);
                break;
            case ConfigurationEvent configuration:
                xml.Open("configuration"u8).Attribute("node"u8, configuration.Node);
                if (configuration.Configuration is not null)
                {
                    NodeConfigurationForm.Write(configuration.Configuration, Forms.FormType.Result).WriteTo(xml);
                }

                xml.Close("configuration"u8);
                break;
            case SubscriptionEvent subscription:
                xml.Open("subscription"u8).Attribute("node"u8, subscription.Node).Attribute("jid"u8, subscription.Jid.ToString()).Attribute("subscription"u8, Token(subscription.State))
                    .Attribute("subid"u8, subscription.SubId.Length > 0 ? subscription.SubId : null)
                    .Attribute("expiry"u8, subscription.Expiry?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)).Close("subscription"u8);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(notification));
        }

        xml.Close("event"u8);
        if (notification is ItemsEvent { IsDelayed: true } delayed)
        {
            // XEP-0203: when the item was published
            xml.Open("delay"u8, Ns.Delay).Attribute("stamp"u8, Stamp(delayed.Items[^1].Published)).Close("delay"u8);
        }

        if (notification is ItemsEvent { LeftOut: { } leftOut })
        {
            leftOut.WriteTo(xml);
        }

        if (notification.Collection is not null || notification.SubIds is not null)
        {
            // XEP-0131, behind all else (§7.1.2.4): by what the notification comes.
            xml.Open("headers"u8, Shim);
            if (notification.Collection is { } collection)
            {
                Header(xml, "Collection"u8, collection);
            }

            foreach (string subId in notification.SubIds ?? [])
            {
                Header(xml, "SubID"u8, subId);
            }

            xml.Close("headers"u8);
        }

        return xml.ToArray();
    }

    /// <summary>The answer to a publication (§7.1.2).</summary>
    public static byte[] Published(string node, IReadOnlyList<string> ids)
    {
        using var xml = new XmlBuilder();
        xml.Open("pubsub"u8, "http://jabber.org/protocol/pubsub"u8).Open("publish"u8).Attribute("node"u8, node);
        for (int i = 0; i < ids.Count; i++)
        {
            xml.Open("item"u8).Attribute("id"u8, ids[i]).Close("item"u8);
        }

        return xml.Close("publish"u8).Close("pubsub"u8).ToArray();
    }

    /// <summary>The answer to a request for items (§6.5).</summary>
    /// <param name="items">The items by node: several nodes for a collection (XEP-0248 §6.2).</param>
    /// <param name="withPublisher">Whether the publishers are told.</param>
    /// <param name="page">Which page it is, or null.</param>
    public static byte[] Items(IEnumerable<(string Node, IReadOnlyList<PublishedItem> Items)> items, bool withPublisher, ResultSetPage? page)
    {
        using var xml = new XmlBuilder(4096);
        xml.Open("pubsub"u8, Ns.PubSub);
        foreach ((string node, IReadOnlyList<PublishedItem> ofNode) in items)
        {
            xml.Open("items"u8).Attribute("node"u8, node);
            foreach (PublishedItem item in ofNode)
            {
                Item(xml, item, withPayload: true, withPublisher);
            }

            xml.Close("items"u8);
        }

        page?.WriteTo(xml);
        return xml.Close("pubsub"u8).ToArray();
    }

    /// <summary>Writes the element <c>subscription</c>.</summary>
    public static void Subscription(XmlBuilder xml, string? node, Subscription subscription) => xml
        .Open("subscription"u8).Attribute("node"u8, node).Attribute("jid"u8, subscription.Jid.ToString()).Attribute("subscription"u8, Token(subscription.State))
        .Attribute("subid"u8, subscription.SubId.Length > 0 ? subscription.SubId : null).Close("subscription"u8);

    /// <summary>An element of <paramref name="ns"/> around what is written into it.</summary>
    public static byte[] PubSub(string ns, Action<XmlBuilder> content)
    {
        using var xml = new XmlBuilder();
        xml.Open("pubsub"u8, ns);
        content(xml);
        return xml.Close("pubsub"u8).ToArray();
    }

    /// <summary>The wire token of a subscription state (§4.2).</summary>
    public static string Token(SubscriptionState state) => state switch
    {
        SubscriptionState.Pending => "pending",
        SubscriptionState.Subscribed => "subscribed",
        _ => "none",
    };

    /// <summary>Reads a subscription state.</summary>
    public static bool TryState(string? token, out SubscriptionState state)
    {
        state = token switch
        {
            "pending" => SubscriptionState.Pending,
            "subscribed" => SubscriptionState.Subscribed,
            _ => SubscriptionState.None,
        };
        return state != SubscriptionState.None || token == "none";
    }

    /// <summary>The wire token of an affiliation (§4.1).</summary>
    public static string Token(Affiliation affiliation) => affiliation == Affiliation.PublishOnly ? "publish-only" : affiliation.ToString().ToLowerInvariant();

    /// <summary>Reads an affiliation.</summary>
    public static bool TryAffiliation(string? token, out Affiliation affiliation)
    {
        foreach (Affiliation known in Enum.GetValues<Affiliation>())
        {
            if (Token(known) == token)
            {
                affiliation = known;
                return true;
            }
        }

        affiliation = default;
        return false;
    }

    private static void Item(XmlBuilder xml, PublishedItem item, bool withPayload, bool withPublisher)
    {
        xml.Open("item"u8).Attribute("id"u8, item.Id);
        if (withPublisher)
        {
            xml.Attribute("publisher"u8, item.Publisher);
        }

        if (withPayload)
        {
            xml.Raw(item.Payload.Span);
        }

        xml.Close("item"u8);
    }

    private static void Header(XmlBuilder xml, ReadOnlySpan<byte> name, string value) => xml.Open("header"u8).Attribute("name"u8, name).Text(value).Close("header"u8);

    private static DataForm AuthorizationForm(AuthorizationRequest request) =>
        new DataForm(Forms.FormType.Form, Ns.PubSub + "#subscribe_authorization")
        {
            Title = "PubSub subscriber request",
            Instructions = "To approve this entity's subscription request, allow it; to deny it, do not.",
        }
        .Add(FormField.Single("pubsub#subid", "hidden", request.SubId))
        .Add(FormField.Single("pubsub#node", "text-single", request.Node, "Node"))
        .Add(FormField.Single("pubsub#subscriber_jid", "jid-single", request.Jid.ToString(), "Subscriber"))
        .Add(FormField.Boolean("pubsub#allow", false, "Allow this JID to subscribe to this node?"));

    private static string Stamp(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
