using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>A subscription that an owner wants to be otherwise (§8.8.2).</summary>
/// <param name="Jid">The subscriber.</param>
/// <param name="State">The state; null for one that there is not.</param>
/// <param name="SubId">Which of its subscriptions; null for the only one, or for all that are to end.</param>
public readonly record struct SubscriptionChange(Jid Jid, SubscriptionState? State, string? SubId = null);

/// <summary>What owners do with who is what to a node: requests to subscribe, subscriptions, affiliations (XEP-0060 §8.6–8.9).</summary>
public sealed class OwnerLists
{
    private readonly PubSubContext _context;

    internal OwnerLists(PubSubContext context) => _context = context;

    /// <summary>Whether somebody may ask for what waits (§8.7): who owns a node, or an administrator.</summary>
    public async ValueTask<bool> MayApproveAsync(Jid actor, CancellationToken cancel = default) =>
        await _context.IsAdministratorAsync(actor, cancel).ConfigureAwait(false) || await _context.Store.IsOwnerAsync(actor.Bare.ToString(), cancel).ConfigureAwait(false);

    /// <summary>The nodes of the actor's with subscriptions that wait (§8.7).</summary>
    public async ValueTask<IReadOnlyList<string>> PendingNodesAsync(Jid actor, CancellationToken cancel = default) =>
        await _context.Store.PendingNodesAsync(actor.Bare.ToString(), await _context.IsAdministratorAsync(actor, cancel).ConfigureAwait(false), cancel).ConfigureAwait(false);

    /// <summary>Sends the actor a form for each subscription of a node that waits (§8.7.4).</summary>
    public async ValueTask<PubSubError?> AskPendingAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        foreach (Subscription waiting in owned.Value.Subscriptions(_context.Now).Where(s => s.State == SubscriptionState.Pending))
        {
            _context.Tell(new AuthorizationRequest(owned.Value.Name, waiting.Jid) { SubId = waiting.SubId }, [actor]);
        }

        return null;
    }

    /// <summary>Answers a request to subscribe (§8.6).</summary>
    public async ValueTask<PubSubError?> AuthorizeAsync(Jid actor, string? nodeName, Jid subscriber, bool allow, string? subId = null, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        // Another owner may have answered before: only what still waits is changed.
        Subscription[] waiting = [.. owned.Value.SubscriptionsOf(subscriber, _context.Now).Where(s => s.State == SubscriptionState.Pending && (string.IsNullOrEmpty(subId) || s.SubId == subId))];
        if (waiting.Length == 0)
        {
            return PubSubError.ItemNotFound;
        }

        await _context.ChangeAsync(owned.Value, [.. waiting.Select(s => s with { State = allow ? SubscriptionState.Subscribed : SubscriptionState.None })]).ConfigureAwait(false);
        return null;
    }

    /// <summary>All subscriptions, without those that wait (§8.8.1).</summary>
    public async ValueTask<Outcome<IReadOnlyList<Subscription>>> SubscriptionsAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        return owned.Error is not null ? owned.Error : owned.Value.Subscriptions(_context.Now).Where(s => s.State != SubscriptionState.Pending).ToArray();
    }

    /// <summary>Sets subscriptions (§8.8.2); the subscribers are told. What cannot be done stays as it is, the rest is done (§8.8.2.4).</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="nodeName">The node.</param>
    /// <param name="changes">What is wanted.</param>
    /// <param name="refused">Gets what cannot be done, as it is.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<PubSubError?> SetSubscriptionsAsync(Jid actor, string? nodeName, IReadOnlyList<SubscriptionChange> changes, List<Subscription>? refused = null, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        Node node = owned.Value;
        if (changes.Count > _context.Options.ItemsPerRequest || node.SubscriptionCount + changes.Count > _context.Options.SubscriptionsPerNode)
        {
            return PubSubError.PolicyViolation;
        }

        DateTimeOffset now = _context.Now;
        var done = new List<Subscription>();
        bool isWhole = true;
        foreach (SubscriptionChange change in changes)
        {
            Subscription[] there = [.. node.SubscriptionsOf(change.Jid, now).Where(s => change.SubId is null || s.SubId == change.SubId)];
            bool isNew = there.Length == 0 && change.SubId is null && change.State is not SubscriptionState.None;
            if (change.State is not { } state || (there.Length > 1 && state != SubscriptionState.None) || (there.Length == 0 && !isNew)
                || (state == SubscriptionState.Subscribed && node.AffiliationOf(change.Jid) is Affiliation.Outcast or Affiliation.PublishOnly))
            {
                isWhole = false;
                refused?.AddRange(there.Length > 0 ? there : [new Subscription(change.Jid, SubscriptionState.None, SubscriptionOptions.Default) { SubId = change.SubId ?? "" }]);
                continue;
            }

            done.AddRange(isNew
                ? [new Subscription(change.Jid, state, SubscriptionOptions.Default) { SubId = Subscription.NewSubId() }]
                : there.Select(s => s with { State = state }));
        }

        await _context.ChangeAsync(node, done).ConfigureAwait(false);
        return isWhole ? null : PubSubError.NotAcceptable;
    }

    /// <summary>All affiliations (§8.9.1).</summary>
    public async ValueTask<Outcome<IReadOnlyList<(string Jid, Affiliation Affiliation)>>> AffiliationsAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        return owned.Error is not null
            ? owned.Error
            : owned.Value.Affiliations.Select(a => (a.Key, a.Value)).OrderBy(a => a.Key, StringComparer.Ordinal).ToArray();
    }

    /// <summary>
    /// Sets affiliations (§8.9.2); who becomes something else is told. A node always has an owner; outcasts lose their subscriptions, and of who becomes owner, publisher or member nobody waits any more
    /// (§8.7.4). What cannot be done stays as it is, the rest is done (§8.9.2.4).
    /// </summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="nodeName">The node.</param>
    /// <param name="changes">What is wanted; null for an affiliation that there is not.</param>
    /// <param name="refused">Gets what cannot be done, as it is.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<PubSubError?> SetAffiliationsAsync(
        Jid actor, string? nodeName, IReadOnlyList<(Jid Jid, Affiliation? Affiliation)> changes, List<(Jid Jid, Affiliation Affiliation)>? refused = null, CancellationToken cancel = default)
    {
        Outcome<Node> owned = await _context.OwnedAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (owned.Error is not null)
        {
            return owned.Error;
        }

        Node node = owned.Value;
        if (changes.Count > _context.Options.ItemsPerRequest || node.Affiliations.Count + changes.Count > _context.Options.AffiliationsPerNode)
        {
            return PubSubError.PolicyViolation;
        }

        var wanted = new Dictionary<Jid, Affiliation>();
        bool isWhole = true;
        var seen = new HashSet<Jid>();
        foreach ((Jid jid, Affiliation? affiliation) in changes)
        {
            if (!seen.Add(jid.Bare))
            {
                return PubSubError.BadRequest; // §8.9.2.4: one element an entity
            }

            if (affiliation is { } known)
            {
                wanted.Add(jid.Bare, known);
            }
            else
            {
                isWhole = false;
                refused?.Add((jid.Bare, node.AffiliationOf(jid)));
            }
        }

        Dictionary<string, Affiliation> after = new(node.Affiliations, StringComparer.Ordinal);
        foreach ((Jid jid, Affiliation affiliation) in wanted)
        {
            after[jid.ToString()] = affiliation;
        }

        if (!after.ContainsValue(Affiliation.Owner))
        {
            // §8.9.2.4: an owner stays; it is those who would not be any more whose change fails.
            isWhole = false;
            foreach (Jid jid in wanted.Keys.Where(jid => node.AffiliationOf(jid) == Affiliation.Owner).ToArray())
            {
                wanted.Remove(jid);
                refused?.Add((jid, Affiliation.Owner));
            }
        }

        if (wanted.Count > 0)
        {
            await ApplyAsync(actor, node, [.. wanted.Select(w => (w.Key, w.Value))]).ConfigureAwait(false);
        }

        return isWhole ? null : PubSubError.NotAcceptable;
    }

    private async ValueTask ApplyAsync(Jid actor, Node node, (Jid Jid, Affiliation Affiliation)[] changes)
    {
        var approved = new List<Subscription>();
        await _context.Store.SetAffiliationsAsync(node.Id, changes, lost =>
        {
            Node? cached = _context.Nodes.Cached(node.Name);
            foreach ((Jid jid, Affiliation affiliation) in changes)
            {
                bool isOther = node.AffiliationOf(jid) != affiliation;
                cached?.Set(jid.ToString(), affiliation);
                if (isOther && !jid.Equals(actor.Bare))
                {
                    _context.Tell(new AffiliationEvent(node.Name, jid, affiliation), [jid]); // §8.9.4
                }

                if (affiliation is Affiliation.Owner or Affiliation.Publisher or Affiliation.Member)
                {
                    approved.AddRange(node.Subscriptions(_context.Now).Where(s => s.State == SubscriptionState.Pending && s.Jid.Bare.Equals(jid)));
                }
            }

            foreach (Subscription subscription in lost)
            {
                _context.End(node.Name, subscription);
            }
        }).ConfigureAwait(false);
        await _context.ChangeAsync(node, [.. approved.Select(s => s with { State = SubscriptionState.Subscribed })]).ConfigureAwait(false);
    }
}
