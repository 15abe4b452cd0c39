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
    private readonly Dictionary<Jid, Subscription> _subscriptions = [];
    private Jid[]? _recipients;
    private bool _hasExpiring;
    private volatile NodeConfiguration _configuration;
    private volatile ImmutableDictionary<string, Affiliation> _affiliations = ImmutableDictionary.Create<string, Affiliation>(StringComparer.Ordinal);
    private volatile PublishedItem? _lastTransient;

    public Node(long id, string name, string creator, DateTimeOffset created, NodeConfiguration configuration)
    {
        Id = id;
        Name = name;
        Creator = creator;
        Created = created;
        _configuration = configuration;
    }

    public long Id { get; }

    public string Name { get; }

    /// <summary>The bare JID that made it (of things' nodes: the thing).</summary>
    public string Creator { get; }

    public DateTimeOffset Created { get; }

    public NodeConfiguration Configuration
    {
        get => _configuration;
        set => _configuration = value;
    }

    /// <summary>Explicit affiliations by bare JID.</summary>
    public ImmutableDictionary<string, Affiliation> Affiliations => _affiliations;

    /// <summary>The last item of a node that keeps none.</summary>
    public PublishedItem? LastTransient
    {
        get => _lastTransient;
        set => _lastTransient = value;
    }

    /// <summary>When it was last used: a number that only grows.</summary>
    public long LastUsed { get; set; }

    public int SubscriptionCount
    {
        get
        {
            lock (_gate)
            {
                return _subscriptions.Count;
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

    public Subscription? SubscriptionOf(Jid jid, DateTimeOffset now)
    {
        lock (_gate)
        {
            return _subscriptions.TryGetValue(jid, out Subscription? found) && !IsExpired(found, now) ? found : null;
        }
    }

    /// <summary>Whether the account, by any of its JIDs, is subscribed.</summary>
    public bool HasSubscriber(Jid jid, DateTimeOffset now)
    {
        lock (_gate)
        {
            foreach (Subscription subscription in _subscriptions.Values)
            {
                if (subscription.State == SubscriptionState.Subscribed && subscription.Jid.Bare.Equals(jid.Bare) && !IsExpired(subscription, now))
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
            return [.. _subscriptions.Values.Where(s => !IsExpired(s, now))];
        }
    }

    public void Put(Subscription subscription)
    {
        lock (_gate)
        {
            _subscriptions[subscription.Jid] = subscription;
            _hasExpiring |= subscription.Options.Expire is not null;
            _recipients = null;
        }
    }

    public void RemoveSubscription(Jid jid)
    {
        lock (_gate)
        {
            _subscriptions.Remove(jid);
            _recipients = null;
        }
    }

    /// <summary>Who gets notifications now: the array is shared and not to be changed.</summary>
    public Jid[] Recipients(DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_hasExpiring)
            {
                return Select(now);
            }

            return _recipients ??= Select(now);
        }
    }

    private static bool IsExpired(Subscription subscription, DateTimeOffset now) => subscription.Options.Expire is { } expire && expire <= now;

    private Jid[] Select(DateTimeOffset now) =>
        [.. _subscriptions.Values.Where(s => s.State == SubscriptionState.Subscribed && s.Options.Deliver && !IsExpired(s, now)).Select(s => s.Jid)];
}
