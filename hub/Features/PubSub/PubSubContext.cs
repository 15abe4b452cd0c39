using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>What the use cases share: nodes, rights and notifications.</summary>
internal sealed class PubSubContext
{
    /// <summary>Nodes below this name belong to things: <c>things/&lt;thing-id&gt;/…</c> (wire profile).</summary>
    public const string ThingsPrefix = "things/";

    private readonly Jid domain;
    private readonly IAccounts accounts;
    private readonly IRosters rosters;
    private readonly IPubSubOutbox outbox;
    private readonly TimeProvider time;
    private readonly Jid? account;
    private readonly Notifier _notifier;

    public PubSubContext(
        PubSubStore store, PubSubOptions options, Jid domain, IAccounts accounts, IRosters rosters, IPubSubOutbox outbox, IPubSubPresence presence, TimeProvider time,
        Jid? account = null, IImplicitSubscribers? implicitly = null)
    {
        this.domain = domain;
        this.accounts = accounts;
        this.rosters = rosters;
        this.outbox = outbox = new HeldOutbox(this, outbox);
        this.time = time;
        this.account = account;
        Store = store;
        Options = options;
        Nodes = new NodeCache(store, options.CachedNodes);
        Digests = new DigestBook(this, outbox, time);
        _notifier = new Notifier(this, outbox, presence, implicitly);
        Address = account ?? new Jid("", "pubsub." + domain.Domain, "");
    }

    public PubSubStore Store { get; }

    public PubSubOptions Options { get; }

    public NodeCache Nodes { get; }

    /// <summary>Notifications that are gathered.</summary>
    public DigestBook Digests { get; }

    /// <summary>The address of the service.</summary>
    public Jid Address { get; }

    /// <summary>The hub's domain.</summary>
    public string Domain => domain.Domain;

    /// <summary>The root collection (XEP-0248 §8.1), where anybody has subscribed to it; else null, and it costs nothing.</summary>
    public Node? Root => Nodes.Root;

    /// <summary>Whether any node loses items when their publisher goes offline.</summary>
    public bool PurgesOffline { get; set; }

    /// <summary>Whether any subscription may end when the subscriber goes offline.</summary>
    public bool HasTemporary { get; set; }

    /// <summary>Who hears nothing now (bare JIDs): his account may not log in. His subscriptions wait.</summary>
    public ImmutableHashSet<Jid> Suspended { get; set; } = [];

    /// <summary>Who says who is what to the nodes of things; null where a thing's owner is a member and nobody else anything.</summary>
    public IThingNodes? Things { get; set; }

    /// <summary>Who keeps more of publications than the nodes.</summary>
    public ItemKeepers Keepers { get; } = new();

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The account whose own service this is (XEP-0163), or null.</summary>
    public Jid? Account => account;

    /// <summary>Whether there are collections here: an account's own nodes are flat.</summary>
    public bool HasCollections => account is null;

    /// <summary>The configuration that a new node has unless it is configured (§8.3; XEP-0163 §3; XEP-0277 §4).</summary>
    public NodeConfiguration DefaultConfiguration(string? name, NodeType type = NodeType.Leaf)
    {
        NodeConfiguration usual = account is null
            ? new NodeConfiguration { MaxItems = Options.DefaultMaxItems, NodeType = type }
            : new NodeConfiguration { MaxItems = Options.DefaultMaxItems, AccessModel = AccessModel.Presence, SendLastPublishedItem = SendLastPublishedItem.OnSubAndPresence };
        return name is null ? usual : Microblog.Defaults(name, account is null ? usual : Pep.PrivateNodes.Defaults(name, usual));
    }

    /// <summary>Whether everybody may find a node: an open one that is no thing's.</summary>
    public bool IsPublic(Node node) => node.Configuration.AccessModel == AccessModel.Open && !(account is null && node.Name.StartsWith(ThingsPrefix, StringComparison.Ordinal));

    /// <summary>Bounds of a change of subscriptions.</summary>
    public SubscriptionBounds Bounds(bool isNew) => new(isNew ? Options.SubscriptionsPerAccount : 0, Options.PendingPerNode, Now + Options.LeaseNotice);

    /// <summary>Whether an entity may make nodes: an account of the hub; at an account's own service that account alone.</summary>
    public bool MayCreate(Jid jid) => account is null ? IsLocal(jid) : account.Equals(jid.Bare);

    /// <summary>The node of that name, or the error that the standard names.</summary>
    public ValueTask<Node?> NodeAsync(string? name, CancellationToken cancel) => string.IsNullOrEmpty(name) ? default : Nodes.FindAsync(name, cancel);

    public static PubSubError Missing(string? name) => string.IsNullOrEmpty(name) ? PubSubError.NodeIdRequired : PubSubError.ItemNotFound;

    /// <summary>The same for who comes later than the node went: where it is now, when that is known (§6.1.3.11).</summary>
    public async ValueTask<PubSubError> MissingAsync(string? name, CancellationToken cancel) =>
        !string.IsNullOrEmpty(name) && await Store.MovedAsync(name, cancel).ConfigureAwait(false) is { } uri ? PubSubError.Gone(uri) : Missing(name);

    public bool IsId(string id) => id.Length > 0 && Encoding.UTF8.GetByteCount(id) <= Options.IdBytes;

    /// <summary>The thing that a node belongs to; null thing for a name that only an administrator may use.</summary>
    public bool IsThings(string name, [NotNullWhen(true)] out Jid? thing)
    {
        thing = null;
        if (account is not null || !name.StartsWith(ThingsPrefix, StringComparison.Ordinal))
        {
            return false;
        }

        int end = name.IndexOf('/', ThingsPrefix.Length);
        string id = end < 0 ? "" : name[ThingsPrefix.Length..end];
        if (id.Length is 0 or > 64 || end == name.Length - 1 || !id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            return false;
        }

        thing = new Jid(id, domain.Domain, "");
        return true;
    }

    /// <summary>What stands behind the thing's id in the names of nodes that the hub alone makes.</summary>
    public ImmutableHashSet<string> Reserved { get; set; } = [];

    public bool IsLocal(Jid jid) => jid.Domain == domain.Domain && jid.Local.Length > 0;

    // What an account keeps for itself is no administrator's business.
    public ValueTask<bool> IsAdministratorAsync(Jid jid, CancellationToken cancel) => account is not null ? new(false) : accounts.IsAdministratorAsync(jid.Bare, cancel);

    /// <summary>What an entity is to a node, with what follows from its role: an administrator is an owner, who may see a thing is a member of its nodes.</summary>
    public async ValueTask<Affiliation> AffiliationAsync(Node node, Jid jid, CancellationToken cancel)
    {
        Affiliation explicitly = node.AffiliationOf(jid);
        if (explicitly == Affiliation.Owner)
        {
            return explicitly;
        }

        if (await IsAdministratorAsync(jid, cancel).ConfigureAwait(false))
        {
            return Affiliation.Owner;
        }

        if (explicitly != Affiliation.None || !IsThings(node.Name, out Jid? thing))
        {
            return explicitly;
        }

        if (Things is { } things)
        {
            return await things.AffiliationAsync(jid, thing.Local, node.Name[(ThingsPrefix.Length + thing.Local.Length + 1)..], cancel).ConfigureAwait(false);
        }

        return await accounts.OwnerAsync(thing.Local, cancel).ConfigureAwait(false) is { } owner && owner.Bare.Equals(jid.Bare) ? Affiliation.Member : Affiliation.None;
    }

    public async ValueTask<bool> IsOwnerAsync(Node node, Jid jid, CancellationToken cancel) => await AffiliationAsync(node, jid, cancel).ConfigureAwait(false) == Affiliation.Owner;

    /// <summary>Why an entity may not subscribe or retrieve (§6.1.3, §6.5.9), or null when it may; the authorize model is the caller's.</summary>
    public async ValueTask<PubSubError?> AccessErrorAsync(Node node, Jid jid, Affiliation affiliation, CancellationToken cancel)
    {
        switch (affiliation)
        {
            case Affiliation.Owner or Affiliation.Publisher or Affiliation.Member:
                return null;
            case Affiliation.Outcast or Affiliation.PublishOnly:
                return PubSubError.Forbidden;
            default:
                break;
        }

        NodeConfiguration configuration = node.Configuration;
        switch (configuration.AccessModel)
        {
            case AccessModel.Whitelist:
                return PubSubError.ClosedNode;
            case AccessModel.Presence:
                foreach (Jid owner in node.Owners())
                {
                    if (IsLocal(owner) && await rosters.MaySeePresenceAsync(owner, jid.Bare, cancel).ConfigureAwait(false))
                    {
                        return null;
                    }
                }

                return PubSubError.PresenceSubscriptionRequired;
            case AccessModel.Roster:
                foreach (Jid owner in node.Owners())
                {
                    if (IsLocal(owner) && await rosters.IsInGroupAsync(owner, jid.Bare, configuration.RosterGroupsAllowed, cancel).ConfigureAwait(false))
                    {
                        return null;
                    }
                }

                return PubSubError.NotInRosterGroup;
            default:
                return null;
        }
    }

    /// <summary>The items that the node keeps at most.</summary>
    public int MaxItems(NodeConfiguration configuration) =>
        configuration.MaxItems == NodeConfiguration.MaxItemsMax ? Options.ItemsPerNode : Math.Min(configuration.MaxItems, Options.ItemsPerNode);

    /// <summary>Items published at or before this time have expired.</summary>
    public DateTimeOffset Oldest(NodeConfiguration configuration) => configuration.ItemExpire == 0 ? DateTimeOffset.MinValue : Now.AddSeconds(-configuration.ItemExpire);

    /// <summary>Sends an event to the node's subscribers, and to those of the collections above it.</summary>
    public void Notify(Node node, PubSubEvent notification) => _notifier.Notify(node, notification);

    /// <summary>Sends an event to the subscribers of the collections above the node alone.</summary>
    public void NotifyAbove(Node node, PubSubEvent notification) => _notifier.NotifyAbove(node, notification);

    /// <summary>The node, for an owner.</summary>
    public async ValueTask<Outcome<Node>> OwnedAsync(Jid actor, string? nodeName, CancellationToken cancel)
    {
        Node? node = await NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            return Missing(nodeName);
        }

        return await IsOwnerAsync(node, actor, cancel).ConfigureAwait(false) ? node : PubSubError.Forbidden;
    }

    /// <summary>Sets subscriptions as an owner has said, and tells the subscribers (§8.8.4).</summary>
    public async ValueTask ChangeAsync(Node node, IReadOnlyList<Subscription> changes)
    {
        if (changes.Count == 0)
        {
            return;
        }

        await Store.SetSubscriptionsAsync(node.Id, changes, Bounds(isNew: false), () =>
        {
            Node? cached = Nodes.Cached(node.Name);
            foreach (Subscription subscription in changes)
            {
                if (subscription.State == SubscriptionState.None)
                {
                    cached?.RemoveSubscription(subscription);
                }
                else
                {
                    cached?.Put(subscription);
                }

                Tell(SubscriptionEvent.Of(node.Name, subscription, subscription.State), [subscription.Jid]);
            }
        }).ConfigureAwait(false);
    }

    /// <summary>Subscriptions that something has ended: out of memory, and their subscribers are told (§12.13). Only in a step after a commit.</summary>
    public void End(string node, Subscription subscription)
    {
        Nodes.Cached(node)?.RemoveSubscription(subscription);
        Tell(SubscriptionEvent.Of(node, subscription, SubscriptionState.None), [subscription.Jid]);
    }

    /// <summary>Sends an event to some.</summary>
    public void Tell(PubSubEvent notification, IReadOnlyList<Jid> recipients)
    {
        if (recipients.Count > 0)
        {
            outbox.Send(notification, recipients);
        }
    }

    /// <summary>The newest item that has not expired, or null.</summary>
    public async ValueTask<PublishedItem?> LastItemAsync(Node node, CancellationToken cancel)
    {
        NodeConfiguration configuration = node.Configuration;
        return configuration.PersistItems
            ? await Store.LastAsync(node.Id, Oldest(configuration), cancel).ConfigureAwait(false)
            : node.LastTransient is { } item && item.Published > Oldest(configuration) ? item : null;
    }

    /// <summary>Sends the last item, with the time of its publication (§6.1.7).</summary>
    public async ValueTask SendLastItemAsync(Node node, Jid to, CancellationToken cancel) => TellPast(node, await LastItemAsync(node, cancel).ConfigureAwait(false), to);

    /// <summary>Sends an item, where there is one, with the time of its publication.</summary>
    public void TellPast(Node? node, PublishedItem? item, Jid to)
    {
        if (node is not null && item is not null)
        {
            Tell(Past(node, item), [to]);
        }
    }

    /// <summary>
    /// Sends what was published since a time (XEP-0312 §2), each item as the notification that was missed; where there is more than <paramref name="most"/>, the newest, and with the last of them what was
    /// left out.
    /// </summary>
    /// <returns>How many were sent.</returns>
    public async ValueTask<int> SendSinceAsync(Node node, Jid to, DateTimeOffset since, int most, CancellationToken cancel)
    {
        NodeConfiguration configuration = node.Configuration;
        if (!configuration.PersistItems)
        {
            if (node.LastTransient is not { } last || last.Published < since || last.Published <= Oldest(configuration))
            {
                return 0;
            }

            Tell(Past(node, last), [to]);
            return 1;
        }

        DateTimeOffset oldest = Oldest(configuration);
        ItemPage page = await Store.SinceAsync(node.Id, since > oldest ? since : oldest, most, cancel).ConfigureAwait(false);
        for (int i = 0; i < page.Items.Count; i++)
        {
            ItemsEvent told = Past(node, page.Items[i]);
            Tell(
                i == page.Items.Count - 1 && page.Items.Count < page.Count
                    ? told with { LeftOut = new Forms.ResultSetPage(page.Items[0].Id, page.Items[^1].Id, page.Index, page.Count) }
                    : told,
                [to]);
        }

        return page.Items.Count;
    }

    private static ItemsEvent Past(Node node, PublishedItem item) => new(node.Name, [item], node.Configuration.DeliverPayloads, IsDelayed: true)
    {
        Type = node.Configuration.NotificationType,
        WithPublisher = node.Configuration.ItemReply == ItemReply.Publisher,
    };

    // All ways out pass here, also what was gathered before.
    private sealed class HeldOutbox(PubSubContext context, IPubSubOutbox outbox) : IPubSubOutbox
    {
        public void Send(PubSubEvent notification, IReadOnlyList<Jid> recipients)
        {
            if (context.Suspended is { IsEmpty: false } suspended && recipients.Any(r => suspended.Contains(r.Bare)))
            {
                recipients = [.. recipients.Where(r => !suspended.Contains(r.Bare))];
            }

            if (recipients.Count > 0)
            {
                outbox.Send(notification, recipients);
            }
        }
    }
}
