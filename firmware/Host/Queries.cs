using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Host;

/// <summary>One contact (RFC 6121 §2.1.2).</summary>
/// <param name="Jid">The contact.</param>
/// <param name="Name">Its name; "" for none.</param>
/// <param name="Subscription"><c>none</c>, <c>to</c>, <c>from</c> or <c>both</c>.</param>
/// <param name="Ask">Whether a subscription is asked for.</param>
/// <param name="Groups">Its groups.</param>
public sealed record RosterItem(Jid Jid, string Name, string Subscription, bool Ask, IReadOnlyList<string> Groups);

/// <summary>What an entity says it is (XEP-0030).</summary>
/// <param name="Identities">Each <c>category/type/name</c>.</param>
/// <param name="Features">Namespaces.</param>
public sealed record DiscoAnswer(IReadOnlyList<string> Identities, IReadOnlySet<string> Features);

/// <summary>One item of an entity (XEP-0030).</summary>
/// <param name="Jid">Its address.</param>
/// <param name="Node">Its node; "" for none.</param>
/// <param name="Name">Its name; "" for none.</param>
public sealed record DiscoItem(Jid Jid, string Node, string Name);

/// <summary>One item of a node (XEP-0060).</summary>
/// <param name="Id">Its id.</param>
/// <param name="Payload">What it holds; null for nothing.</param>
public sealed record PubSubItem(string Id, Element? Payload);

/// <summary>The usual requests of an operator's client.</summary>
public static class Queries
{
    /// <summary>The children of an element.</summary>
    public static IEnumerable<Element> Children(this Element element)
    {
        for (var i = 0; i < element.ChildCount; i++)
        {
            yield return element.ChildAt(i);
        }
    }

    /// <summary>The contacts (RFC 6121 §2.1.3).</summary>
    public static async Task<IReadOnlyList<RosterItem>> GetRosterAsync(this XmppConnection connection, CancellationToken cancellationToken = default)
    {
        var answer = await connection.SendIqAsync("get", null, new Element(Ns.Roster, "query"), null, cancellationToken).ConfigureAwait(false);
        var items = new List<RosterItem>();
        foreach (var item in answer.Child(Ns.Roster, "query")?.Children() ?? [])
        {
            if (item.Name == "item" && Jid.TryParse(item.Attribute("jid"), out var jid))
            {
                var groups = item.Children().Where(c => c.Name == "group").Select(c => c.Text).ToList();
                items.Add(new RosterItem(jid, item.Attribute("name") ?? string.Empty, item.Attribute("subscription") ?? "none", item.Attribute("ask") == "subscribe", groups));
            }
        }
        return items;
    }

    /// <summary>Adds or changes a contact (RFC 6121 §2.3).</summary>
    public static Task SetRosterItemAsync(this XmppConnection connection, Jid jid, string? name, IEnumerable<string>? groups = null, CancellationToken cancellationToken = default)
    {
        var query = new Element(Ns.Roster, "query");
        var item = query.Add("item").Set("jid", jid.Bare.ToString()).Set("name", name);
        foreach (var group in groups ?? [])
        {
            item.Add("group").Text = group;
        }
        return connection.SendIqAsync("set", null, query, null, cancellationToken);
    }

    /// <summary>Removes a contact and the subscriptions both ways (RFC 6121 §2.5).</summary>
    public static Task RemoveRosterItemAsync(this XmppConnection connection, Jid jid, CancellationToken cancellationToken = default)
    {
        var query = new Element(Ns.Roster, "query");
        query.Add("item").Set("jid", jid.Bare.ToString()).Set("subscription", "remove");
        return connection.SendIqAsync("set", null, query, null, cancellationToken);
    }

    /// <summary>Sends a presence of a type: <c>subscribe</c>, <c>subscribed</c>, <c>unsubscribe</c>, <c>unsubscribed</c> (RFC 6121 §3), <c>probe</c>, <c>unavailable</c>; null is available.</summary>
    public static Task SendPresenceAsync(this XmppConnection connection, Jid? to, string? type, CancellationToken cancellationToken = default)
    {
        return connection.SubmitAsync(
            client =>
            {
                client.BeginPresence(to, type);
                return client.Commit();
            },
            cancellationToken);
    }

    /// <summary>Asks what an entity is and can (XEP-0030 §3).</summary>
    public static async Task<DiscoAnswer> DiscoInfoAsync(this XmppConnection connection, Jid to, string? node = null, CancellationToken cancellationToken = default)
    {
        var answer = await connection.SendIqAsync("get", to, new Element(Ns.DiscoInfo, "query").Set("node", node), null, cancellationToken).ConfigureAwait(false);
        var children = (answer.Child(Ns.DiscoInfo, "query")?.Children() ?? []).ToList();
        return new DiscoAnswer(
            children.Where(c => c.Name == "identity").Select(c => $"{c.Attribute("category")}/{c.Attribute("type")}/{c.Attribute("name")}").ToList(),
            children.Where(c => c.Name == "feature").Select(c => c.Attribute("var")).OfType<string>().ToHashSet());
    }

    /// <summary>Asks for an entity's items (XEP-0030 §4).</summary>
    public static async Task<IReadOnlyList<DiscoItem>> DiscoItemsAsync(this XmppConnection connection, Jid to, string? node = null, CancellationToken cancellationToken = default)
    {
        var answer = await connection.SendIqAsync("get", to, new Element(Ns.DiscoItems, "query").Set("node", node), null, cancellationToken).ConfigureAwait(false);
        var items = new List<DiscoItem>();
        foreach (var item in answer.Child(Ns.DiscoItems, "query")?.Children() ?? [])
        {
            if (Jid.TryParse(item.Attribute("jid"), out var jid))
            {
                items.Add(new DiscoItem(jid, item.Attribute("node") ?? string.Empty, item.Attribute("name") ?? string.Empty));
            }
        }
        return items;
    }

    /// <summary>Publishes an item (XEP-0060 §7.1); returns when it is durable, with its id.</summary>
    public static async Task<string> PublishAsync(this XmppConnection connection, Jid service, string node, Element payload, string? itemId = null, CancellationToken cancellationToken = default)
    {
        var query = new Element(Ns.PubSub, "pubsub");
        query.Add("publish").Set("node", node).Add("item").Set("id", itemId).Add(payload);
        var answer = await connection.SendIqAsync("set", service, query, null, cancellationToken).ConfigureAwait(false);
        return answer.Child(Ns.PubSub, "pubsub")?.Child("publish")?.Child("item")?.Attribute("id") ?? itemId ?? string.Empty;
    }

    /// <summary>Subscribes this account to a node (XEP-0060 §6.1).</summary>
    /// <returns>The state: <c>subscribed</c>, <c>pending</c> or <c>unconfigured</c>.</returns>
    public static async Task<string> SubscribeNodeAsync(this XmppConnection connection, Jid service, string node, CancellationToken cancellationToken = default)
    {
        var query = new Element(Ns.PubSub, "pubsub");
        query.Add("subscribe").Set("node", node).Set("jid", connection.Jid.Bare.ToString());
        var answer = await connection.SendIqAsync("set", service, query, null, cancellationToken).ConfigureAwait(false);
        return answer.Child(Ns.PubSub, "pubsub")?.Child("subscription")?.Attribute("subscription") ?? "subscribed";
    }

    /// <summary>Ends this account's subscription to a node (XEP-0060 §6.2).</summary>
    public static Task UnsubscribeNodeAsync(this XmppConnection connection, Jid service, string node, CancellationToken cancellationToken = default)
    {
        var query = new Element(Ns.PubSub, "pubsub");
        query.Add("unsubscribe").Set("node", node).Set("jid", connection.Jid.Bare.ToString());
        return connection.SendIqAsync("set", service, query, null, cancellationToken);
    }

    /// <summary>The last items of a node (XEP-0060 §6.5).</summary>
    public static async Task<IReadOnlyList<PubSubItem>> ItemsAsync(this XmppConnection connection, Jid service, string node, int? maxItems = null, CancellationToken cancellationToken = default)
    {
        var query = new Element(Ns.PubSub, "pubsub");
        query.Add("items").Set("node", node).Set("max_items", maxItems?.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var answer = await connection.SendIqAsync("get", service, query, null, cancellationToken).ConfigureAwait(false);
        return (answer.Child(Ns.PubSub, "pubsub")?.Child("items")?.Children() ?? [])
            .Where(i => i.Name == "item")
            .Select(i => new PubSubItem(i.Attribute("id") ?? string.Empty, i.ChildCount > 0 ? i.ChildAt(0) : null))
            .ToList();
    }
}
