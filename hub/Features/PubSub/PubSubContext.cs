using System.Diagnostics.CodeAnalysis;
using System.Text;
using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>What the use cases share: nodes, rights and notifications.</summary>
internal sealed class PubSubContext(
    PubSubStore store, PubSubOptions options, Jid domain, IAccounts accounts, IRosters rosters, IPubSubOutbox outbox, IPubSubPresence presence, TimeProvider time)
{
    /// <summary>Nodes below this name belong to things: <c>things/&lt;thing-id&gt;/…</c> (wire profile).</summary>
    public const string ThingsPrefix = "things/";

    public PubSubStore Store { get; } = store;

    public PubSubOptions Options { get; } = options;

    public NodeCache Nodes { get; } = new(store, options.CachedNodes);

    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The node of that name, or the error that the standard names.</summary>
    public ValueTask<Node?> NodeAsync(string? name, CancellationToken cancel) => string.IsNullOrEmpty(name) ? default : Nodes.FindAsync(name, cancel);

    public static PubSubError Missing(string? name) => string.IsNullOrEmpty(name) ? PubSubError.NodeIdRequired : PubSubError.ItemNotFound;

    public bool IsId(string id) => id.Length > 0 && Encoding.UTF8.GetByteCount(id) <= Options.IdBytes;

    /// <summary>The thing that a node belongs to; null thing for a name that only an administrator may use.</summary>
    public bool IsThings(string name, [NotNullWhen(true)] out Jid? thing)
    {
        thing = null;
        if (!name.StartsWith(ThingsPrefix, StringComparison.Ordinal))
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

    public bool IsLocal(Jid jid) => jid.Domain == domain.Domain && jid.Local.Length > 0;

    public ValueTask<bool> IsAdministratorAsync(Jid jid, CancellationToken cancel) => accounts.IsAdministratorAsync(jid.Bare, cancel);

    /// <summary>What an entity is to a node, with what follows from its role: an administrator is an owner, who owns a thing is a member of its nodes.</summary>
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

        if (explicitly == Affiliation.None && IsThings(node.Name, out Jid? thing)
            && await accounts.OwnerAsync(thing.Local, cancel).ConfigureAwait(false) is { } owner && owner.Bare.Equals(jid.Bare))
        {
            return Affiliation.Member;
        }

        return explicitly;
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
                    if (await rosters.MaySeePresenceAsync(owner, jid.Bare, cancel).ConfigureAwait(false))
                    {
                        return null;
                    }
                }

                return PubSubError.PresenceSubscriptionRequired;
            case AccessModel.Roster:
                foreach (Jid owner in node.Owners())
                {
                    if (await rosters.IsInGroupAsync(owner, jid.Bare, configuration.RosterGroupsAllowed, cancel).ConfigureAwait(false))
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

    /// <summary>Sends an event to the node's subscribers.</summary>
    public void Notify(Node node, PubSubEvent notification)
    {
        if (Nodes.Cached(node.Name) is { } current && current.Id == node.Id)
        {
            node = current; // it may have left memory and come back since the request began
        }

        NodeConfiguration configuration = node.Configuration;
        if (!configuration.DeliverNotifications)
        {
            return;
        }

        Jid[] recipients = node.Recipients(Now);
        if (configuration.PresenceBasedDelivery)
        {
            recipients = Array.FindAll(recipients, presence.IsAvailable);
        }

        if (recipients.Length > 0)
        {
            outbox.Send(notification with { Type = configuration.NotificationType }, recipients);
        }
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
    public async ValueTask SendLastItemAsync(Node node, Jid to, CancellationToken cancel)
    {
        if (await LastItemAsync(node, cancel).ConfigureAwait(false) is { } item)
        {
            Tell(new ItemsEvent(node.Name, [item], node.Configuration.DeliverPayloads, IsDelayed: true) { Type = node.Configuration.NotificationType }, [to]);
        }
    }
}
