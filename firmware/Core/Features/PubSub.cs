using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Features;

/// <summary>Takes the event notifications of publish-subscribe (XEP-0060 §7.1.2).</summary>
public interface IPubSubListener
{
    /// <summary>An item was published. The parser stands on its payload, or on the item itself when it has none; read no further than its end, and do not open the message again.</summary>
    /// <param name="client">The client.</param>
    /// <param name="message">The message it came with: <see cref="Stanza.From"/> is the service.</param>
    /// <param name="node">The node.</param>
    /// <param name="itemId">The item's id; "" for none.</param>
    /// <param name="publisher">Who published it; null when not told.</param>
    /// <param name="payload">The payload; null when there is none.</param>
    void ItemPublished(XmppClient client, Stanza message, string node, string itemId, string publisher, XmlPullParser payload);

    /// <summary>An item was retracted.</summary>
    void ItemRetracted(XmppClient client, Stanza message, string node, string itemId);

    /// <summary>A node was purged, deleted or configured: <paramref name="what"/> is the element's name.</summary>
    void NodeChanged(XmppClient client, Stanza message, string node, string what);
}

/// <summary>Publish-subscribe (XEP-0060) as a thing and a reader need it: publish, subscribe, items, and event notifications.</summary>
public static class PubSub
{
    private static readonly XmlName PubSubName = new XmlName(Ns.PubSub, "pubsub");
    private static readonly XmlName Event = new XmlName(Ns.PubSubEvent, "event");

    /// <summary>Begins to publish an item: write its payload, then Commit.</summary>
    /// <param name="client">The client.</param>
    /// <param name="service">The service, such as <c>pubsub.example.org</c>.</param>
    /// <param name="node">The node, such as <c>things/esp32-a4cf12/telemetry</c>.</param>
    /// <param name="itemId">The item's id; null lets the service make one. With an id the same item published twice is stored once.</param>
    /// <param name="callback">Is told when it is durable (Result) or not.</param>
    /// <param name="state">Given to the callback.</param>
    public static StanzaWriter BeginPublish(XmppClient client, Jid service, string node, string itemId, IIqCallback callback, object state)
    {
        return client.BeginIq("set", service, callback, state).Start(PubSubName).Start("publish").Attribute("node", node).Start("item").Attribute("id", itemId);
    }

    /// <summary>Subscribes the bare address of this client to a node.</summary>
    public static SendResult Subscribe(XmppClient client, Jid service, string node, IIqCallback callback, object state)
    {
        client.BeginIq("set", service, callback, state).Start(PubSubName).Start("subscribe").Attribute("node", node).Attribute("jid", client.Jid.Bare);
        return client.Commit();
    }

    /// <summary>Ends the subscription of the bare address of this client.</summary>
    public static SendResult Unsubscribe(XmppClient client, Jid service, string node, IIqCallback callback, object state)
    {
        client.BeginIq("set", service, callback, state).Start(PubSubName).Start("unsubscribe").Attribute("node", node).Attribute("jid", client.Jid.Bare);
        return client.Commit();
    }

    /// <summary>Asks for the last items of a node; read the answer with <see cref="ReadItems"/>.</summary>
    /// <param name="client">The client.</param>
    /// <param name="service">The service.</param>
    /// <param name="node">The node.</param>
    /// <param name="maxItems">How many at most; 0 for all that the service gives.</param>
    /// <param name="callback">Gets the answer.</param>
    /// <param name="state">Given to the callback.</param>
    public static SendResult Items(XmppClient client, Jid service, string node, int maxItems, IIqCallback callback, object state)
    {
        StanzaWriter writer = client.BeginIq("get", service, callback, state).Start(PubSubName).Start("items").Attribute("node", node);
        if (maxItems > 0)
        {
            writer.Attribute("max_items", maxItems);
        }
        return client.Commit();
    }

    /// <summary>Reads an event notification.</summary>
    /// <returns>False when the message is none.</returns>
    public static bool ReadEvent(XmppClient client, Stanza message, IPubSubListener listener)
    {
        XmlPullParser parser = message.Kind == StanzaKind.Message ? message.Open(Event) : null;
        if (parser == null)
        {
            return false;
        }
        ReadChildren(client, message, parser, listener);
        return true;
    }

    /// <summary>Reads the items of an answer; each is told as published.</summary>
    /// <returns>False when the answer has none to read.</returns>
    public static bool ReadItems(XmppClient client, Stanza answer, IPubSubListener listener)
    {
        XmlPullParser parser = answer.Open(PubSubName);
        if (parser == null)
        {
            return false;
        }
        ReadChildren(client, answer, parser, listener);
        return true;
    }

    private static void ReadChildren(XmppClient client, Stanza stanza, XmlPullParser parser, IPubSubListener listener)
    {
        int depth = parser.Depth;
        while (parser.NextChild(depth))
        {
            string node = parser.Attribute("node");
            node = node == null ? string.Empty : node;
            if (!parser.LocalIs("items"))
            {
                if (!parser.NamespaceIs(Ns.Rsm))
                {
                    listener.NodeChanged(client, stanza, node, parser.LocalName);
                }
                continue;
            }
            while (parser.NextChild(depth + 1))
            {
                string id = parser.Attribute("id");
                id = id == null ? string.Empty : id;
                if (parser.LocalIs("retract"))
                {
                    listener.ItemRetracted(client, stanza, node, id);
                }
                else if (parser.LocalIs("item"))
                {
                    string publisher = parser.Attribute("publisher");
                    bool payload = parser.NextChild(depth + 2);
                    listener.ItemPublished(client, stanza, node, id, publisher, payload ? parser : null);
                    while (parser.Depth > depth + 2 && parser.Next() != XmlToken.Error)
                    {
                        // to the end of the payload, however far the listener has read
                    }
                }
            }
        }
    }
}
