using System.Collections.Immutable;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// A node in memory: configuration, affiliations and subscribers, so that a publication on a hot node reads no SQL. It changes only after a commit, in the order of the commits;
/// readers on other threads see one whole state or the next.
/// </summary>
internal sealed class Node
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Jid, Subscription[]> _subscriptions = [];
    private int _count;
    private DeliveryPlan? _plan;
    private volatile NodeConfiguration _configuration;
    private volatile ImmutableDictionary<string, Affiliation> _affiliations = ImmutableDictionary.Create<string, Affiliation>(StringComparer.Ordinal);
    private volatile PublishedItem? _lastTransient;
    private volatile Node[] _collections = [];

    public Node(long id, string name, string creator, DateTimeOffset created, NodeConfiguration configuration)
    {
        Id = id;
        Name = name;
        Creator = creator;
        Created = created;
        IsMicroblog = Microblog.Is(name);
        _configuration = configuration;
    }

    public long Id { get; }

    /// <summary>The name; empty for the root collection (XEP-0248 §8.1).</summary>
    public string Name { get; }

    /// <summary>The bare JID that made it (of things' nodes: the thing).</summary>
    public string Creator { get; }

    public DateTimeOffset Created { get; }

    /// <summary>Whether its items are posts or comments (XEP-0277).</summary>
    public bool IsMicroblog { get; }

    public bool IsCollection => _configuration.NodeType == NodeType.Collection;

    public NodeConfiguration Configuration
    {
        get => _configuration;
        set
        {
            lock (_gate)
            {
                _configuration = value;
                _plan = null;
            }
        }
    }

    /// <summary>Explicit affiliations by bare JID.</summary>
    public ImmutableDictionary<string, Affiliation> Affiliations => _affiliations;

    /// <summary>The last item of a node that keeps none.</summary>
    public PublishedItem? LastTransient
    {
        get => _lastTransient;
        set => _lastTransient = value;
    }

    /// <summary>The collections that it is in (XEP-0248), in memory as long as it is; empty for one that is only below the root. Not to be changed.</summary>
    public Node[] Collections
    {
        get => _collections;
        set => _collections = value;
    }

    /// <summary>When it was last used: a number that only grows.</summary>
    public long LastUsed { get; set; }

    public int SubscriptionCount
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    public Affiliation AffiliationOf(Jid jid) => _affiliations.GetValueOrDefault(jid.Bare.ToString());

    public IEnumerable<Jid> Owners()
    {
        foreach ((string bare, Affiliation affiliation) in _affiliations)
        {
            if (affiliation == Affiliation.Owner && Jid.TryParse(bare, out Jid? jid))
            {
                yield return jid;
            }
        }
    }

    public void Set(string bare, Affiliation affiliation) =>
        _affiliations = affiliation == Affiliation.None ? _affiliations.Remove(bare) : _affiliations.SetItem(bare, affiliation);

    /// <summary>The subscriptions of a JID, the oldest first.</summary>
    public Subscription[] SubscriptionsOf(Jid jid, DateTimeOffset now)
    {
        lock (_gate)
        {
            if (!_subscriptions.TryGetValue(jid, out Subscription[]? found))
            {
                return [];
            }

            return Array.Exists(found, s => s.IsExpired(now)) ? Array.FindAll(found, s => !s.IsExpired(now)) : found;
        }
    }

    /// <summary>The subscription of that identifier; with none given the oldest.</summary>
    public Subscription? SubscriptionOf(Jid jid, DateTimeOffset now, string? subId = null) =>
        Array.Find(SubscriptionsOf(jid, now), s => subId is null || s.SubId == subId);

    /// <summary>Whether the account, by any of its JIDs, is subscribed.</summary>
    public bool HasSubscriber(Jid jid, DateTimeOffset now)
    {
        lock (_gate)
        {
            foreach ((Jid subscriber, Subscription[] subscriptions) in _subscriptions)
            {
                if (subscriber.Bare.Equals(jid.Bare) && Array.Exists(subscriptions, s => s.State == SubscriptionState.Subscribed && !s.IsExpired(now)))
                {
                    return true;
                }
            }

            return false;
        }
    }

    public List<Subscription> Subscriptions(DateTimeOffset now)
    {
        lock (_gate)
        {
            return [.. _subscriptions.Values.SelectMany(s => s).Where(s => !s.IsExpired(now))];
        }
    }

    /// <summary>Adds a subscription, or changes the one of the same JID and identifier.</summary>
    public void Put(Subscription subscription)
    {
        lock (_gate)
        {
            if (!_subscriptions.TryGetValue(subscription.Jid, out Subscription[]? there))
            {
                _subscriptions[subscription.Jid] = [subscription];
                _count++;
            }
            else if (Array.FindIndex(there, s => s.SubId == subscription.SubId) is >= 0 and int at)
            {
                Subscription[] changed = [.. there];
                changed[at] = subscription;
                _subscriptions[subscription.Jid] = changed;
            }
            else
            {
                _subscriptions[subscription.Jid] = [.. there, subscription];
                _count++;
            }

            _plan = null;
        }
    }

    public void RemoveSubscription(Subscription subscription)
    {
        lock (_gate)
        {
            if (!_subscriptions.TryGetValue(subscription.Jid, out Subscription[]? there))
            {
                return;
            }

            Subscription[] left = Array.FindAll(there, s => s.SubId != subscription.SubId);
            _count -= there.Length - left.Length;
            if (left.Length == 0)
            {
                _subscriptions.Remove(subscription.Jid);
            }
            else
            {
                _subscriptions[subscription.Jid] = left;
            }

            _plan = null;
        }
    }

    /// <summary>Who gets notifications now.</summary>
    public DeliveryPlan Plan(DateTimeOffset now)
    {
        lock (_gate)
        {
            return _plan is { } plan && plan.Until > now ? plan : _plan = MakePlan(now);
        }
    }

    /// <summary>Everybody with a subscription, whatever its state: who is told that the node is deleted (§8.4.2).</summary>
    public Jid[] Everybody(DateTimeOffset now)
    {
        lock (_gate)
        {
            return [.. _subscriptions.Where(s => Array.Exists(s.Value, one => !one.IsExpired(now))).Select(s => s.Key)];
        }
    }

    private DeliveryPlan MakePlan(DateTimeOffset now)
    {
        var plain = new List<Jid>(_subscriptions.Count);
        List<Subscription[]>? special = null;
        DateTimeOffset until = DateTimeOffset.MaxValue;
        foreach ((Jid jid, Subscription[] all) in _subscriptions)
        {
            foreach (Subscription subscription in all)
            {
                if (subscription.Options.Expire is { } expire && expire > now && expire < until)
                {
                    until = expire;
                }
            }

            Subscription[] live = Array.FindAll(all, s => s.State == SubscriptionState.Subscribed && !s.IsExpired(now));
            if (live.Length == 0 || (live.Length == 1 && !live[0].Options.Deliver))
            {
                continue;
            }

            if (live.Length == 1 && live[0].Options.IsPlain && !IsCollection)
            {
                plain.Add(jid);
            }
            else
            {
                (special ??= []).Add(live);
            }
        }

        return new DeliveryPlan([.. plain], special is null ? [] : [.. special], until);
    }
}
