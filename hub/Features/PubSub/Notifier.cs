using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// Who hears of an event: the node's subscribers by their options, and those of the collections above it (XEP-0248). Where nobody has chosen anything, all get the same bytes in one go and nothing is looked
/// at a second time. Called in the order of the commits; never waits.
/// </summary>
internal sealed class Notifier(PubSubContext context, IPubSubOutbox outbox, IPubSubPresence presence, IImplicitSubscribers? implicitly)
{
    /// <summary>Collections above one node that are told (100): a graph that is wider is a mistake or an attack.</summary>
    private const int CollectionsAbove = 100;

    /// <summary>Sends an event to who has subscribed.</summary>
    public void Notify(Node node, PubSubEvent notification)
    {
        node = Current(node);
        NodeConfiguration configuration = node.Configuration;
        if (!configuration.DeliverNotifications)
        {
            return;
        }

        DateTimeOffset now = context.Now;
        DeliveryPlan plan = node.Plan(now);
        Jid[] recipients = plan.Plain;
        notification = notification with { Type = configuration.NotificationType };
        if (notification is DeleteEvent)
        {
            recipients = node.Everybody(now); // §8.4.2: who waits or has paused, too
        }
        else if (plan.Special.Length > 0)
        {
            recipients = [.. recipients, .. Special(node, node, plan, notification, levels: 0, told: null)];
        }

        if (configuration.PresenceBasedDelivery)
        {
            recipients = Array.FindAll(recipients, presence.IsAvailable);
        }

        if (implicitly is not null)
        {
            implicitly.Send(node, notification, recipients, plan.Special.Length == 0 ? [] : Array.ConvertAll(plan.Special, s => s[0].Jid));
        }
        else if (recipients.Length > 0)
        {
            outbox.Send(notification, recipients);
        }

        if (node.Collections.Length > 0 || context.Root is not null)
        {
            Upwards(node, notification, plan);
        }
    }

    /// <summary>Tells those who hear of nodes that one is there or has changed; its own subscribers are not meant.</summary>
    public void NotifyAbove(Node node, PubSubEvent notification)
    {
        node = Current(node);
        if (node.Configuration.DeliverNotifications && (node.Collections.Length > 0 || context.Root is not null))
        {
            Upwards(node, notification with { Type = node.Configuration.NotificationType }, null);
        }
    }

    // It may have left memory and come back since the request began.
    private Node Current(Node node) => context.Nodes.Cached(node.Name) is { } current && current.Id == node.Id ? current : node;

    private static bool IsOfItems(PubSubEvent notification) => notification is ItemsEvent or RetractEvent or PurgeEvent;

    /// <summary>Looks at the options of each; sends what is special of its form, and gives who gets the event as it is.</summary>
    /// <param name="node">The node of the event.</param>
    /// <param name="via">The node whose subscriptions these are.</param>
    /// <param name="plan">The subscriptions.</param>
    /// <param name="notification">The event.</param>
    /// <param name="levels">How far the node is below <paramref name="via"/>.</param>
    /// <param name="told">Who has heard of it; null where nobody can have.</param>
    private List<Jid> Special(Node node, Node via, DeliveryPlan plan, PubSubEvent notification, int levels, HashSet<Jid>? told)
    {
        var asItIs = new List<Jid>();
        List<Jid>? withBody = null;
        foreach (Subscription[] entity in plan.Special)
        {
            Jid jid = entity[0].Jid;
            List<string>? ids = null;
            bool body = false;
            if (told is not null && told.Contains(jid))
            {
                continue;
            }

            foreach (Subscription subscription in entity)
            {
                SubscriptionOptions options = subscription.Options;
                if (!options.Deliver || (via.IsCollection && !IsWanted(options, notification, levels)) || (options.ShowValues != ShowValues.None && (presence.ShowsOf(jid) & options.ShowValues) == 0))
                {
                    continue;
                }

                if (options.Digest && context.Digests.TryAdd(node, via, subscription, notification))
                {
                    told?.Add(jid);
                    continue;
                }

                body |= options.IncludeBody;
                (ids ??= []).Add(subscription.SubId);
            }

            if (ids is null)
            {
                continue;
            }

            told?.Add(jid);
            // §12.14: identifiers stand where the content is for one subscription and not for another.
            if (entity.Length > 1 && notification is ItemsEvent or RetractEvent)
            {
                if (node.Configuration.PresenceBasedDelivery && !presence.IsAvailable(jid))
                {
                    continue;
                }

                PubSubEvent own = notification with { SubIds = ids };
                outbox.Send(body && own is ItemsEvent items ? items with { WithBody = true } : own, [jid]);
            }
            else if (body && notification is ItemsEvent)
            {
                (withBody ??= []).Add(jid);
            }
            else
            {
                asItIs.Add(jid);
            }
        }

        if (withBody is not null)
        {
            if (node.Configuration.PresenceBasedDelivery)
            {
                withBody.RemoveAll(jid => !presence.IsAvailable(jid));
            }

            if (withBody.Count > 0)
            {
                outbox.Send(((ItemsEvent)notification) with { WithBody = true }, withBody);
            }
        }

        return asItIs;
    }

    // XEP-0248 §6.1: what the subscription is of, and how deep. A collection's own events are for all its subscribers.
    private static bool IsWanted(SubscriptionOptions options, PubSubEvent notification, int levels)
    {
        if (levels == 0)
        {
            return notification is not AssociationEvent || options.Type != SubscriptionType.Items;
        }

        return levels <= options.Depth && options.Type switch
        {
            SubscriptionType.Items => IsOfItems(notification),
            SubscriptionType.Nodes => !IsOfItems(notification),
            _ => true,
        };
    }

    private void Upwards(Node node, PubSubEvent notification, DeliveryPlan? own)
    {
        // Nobody hears of one event twice: who has subscribed to the node itself has it, and the nearest collection tells the others.
        var told = new HashSet<Jid>();
        if (own is not null)
        {
            told.UnionWith(own.Plain);
            told.UnionWith(own.Special.Select(s => s[0].Jid));
        }

        var seen = new HashSet<long> { node.Id };
        Node[] level = node.Collections;
        for (int levels = 1; level.Length > 0 && seen.Count <= CollectionsAbove; levels++)
        {
            var next = new List<Node>();
            foreach (Node collection in level)
            {
                Node current = Current(collection);
                if (seen.Count <= CollectionsAbove && seen.Add(current.Id))
                {
                    Through(node, current, notification, levels, told);
                    next.AddRange(current.Collections);
                }
            }

            level = [.. next];
        }

        // Nobody has put a node under the root: what is told there is what everybody may find.
        if (context.Root is { } root && context.IsPublic(node))
        {
            Through(node, root, notification, HeightOf(node, 1), told);
        }
    }

    private static int HeightOf(Node node, int levels) =>
        node.Collections.Length == 0 || levels > CollectionsAbove ? levels : node.Collections.Min(c => HeightOf(c, levels + 1));

    private void Through(Node node, Node collection, PubSubEvent notification, int levels, HashSet<Jid> told)
    {
        DeliveryPlan plan = collection.Plan(context.Now);
        if (plan.Special.Length == 0)
        {
            return;
        }

        notification = notification with { Collection = collection.Name };
        List<Jid> recipients = Special(node, collection, plan, notification, levels, told);
        if (node.Configuration.PresenceBasedDelivery)
        {
            recipients.RemoveAll(jid => !presence.IsAvailable(jid));
        }

        if (recipients.Count > 0)
        {
            outbox.Send(notification, recipients);
        }
    }
}
