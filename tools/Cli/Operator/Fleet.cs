using System.Globalization;
using IotXmpp.Host;
using IotXmpp.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Cli.Operator;

/// <summary>
/// The things that an operator may see: the contacts of the roster group <c>Things</c>, and whoever shows a thing's status in presence. Thread-safe; presence is
/// taken in the order in which it comes.
/// </summary>
internal sealed class Fleet(TimeProvider time)
{
    /// <summary>The roster group of things.</summary>
    public const string Group = "Things";

    /// <summary>Requests for last activity that are under way at a time: fewer than the hub answers from memory in a moment, and than the client's bound.</summary>
    private const int LastActivityAtATime = 64;

    /// <summary>How long presence may come behind the answer that said a thing is online.</summary>
    private static readonly TimeSpan PresenceGrace = TimeSpan.FromSeconds(2);

    private readonly Dictionary<Jid, ThingView> _things = [];
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = NewSource();

    /// <summary>Told of a change of a thing; within the connection's lock, so be brief.</summary>
    public event Action<ThingView>? Changed;

    /// <summary>All things by id.</summary>
    public IReadOnlyList<ThingView> Things
    {
        get
        {
            lock (_gate)
            {
                return [.. _things.Values.OrderBy(t => t.Id, StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Listens to a connection that is not yet made.</summary>
    public void Attach(XmppConnection connection) => connection.PresenceReceived += Take;

    /// <summary>Reads the roster: the things that shall be there.</summary>
    public async Task LoadAsync(HubClient hub, CancellationToken cancel)
    {
        foreach (RosterItem item in await hub.Connection.GetRosterAsync(cancel))
        {
            if (item.Groups.Contains(Group) && item.Subscription is "to" or "both")
            {
                lock (_gate)
                {
                    _things.TryAdd(item.Jid.Bare, new ThingView(item.Jid));
                }
            }
        }
    }

    /// <summary>Finds out about things that are away: no presence came, so the hub is asked when they were last there (XEP-0012).</summary>
    public async Task CompleteAsync(HubClient hub, CancellationToken cancel)
    {
        using var gate = new SemaphoreSlim(LastActivityAtATime);
        await Task.WhenAll(Things.Where(t => !t.IsKnown).Select(async thing =>
        {
            await gate.WaitAsync(cancel);
            try
            {
                await AskLastAsync(hub, thing, cancel);
            }
            finally
            {
                gate.Release();
            }
        }));
    }

    /// <summary>Takes a presence.</summary>
    internal void Take(Element presence)
    {
        if (!Jid.TryParse(presence.Attribute("from") ?? string.Empty, out Jid? from))
        {
            return;
        }

        // A thing behind a gateway has no account: the hub tells of it as things.<domain>/<id> (wire profile, liveness).
        string? node = presence.Child(Ns.Thing, "thing")?.Attribute("nodeId");
        string? gateway = presence.Child(Ns.Thing, "thing")?.Attribute("gateway");
        if (node is { Length: > 0 } && gateway is { Length: > 0 } && from.Local.Length == 0 && from.Resource == node)
        {
            from = new Jid(node, from.Domain["things.".Length..], string.Empty);
        }
        else
        {
            gateway = null;
        }

        ThingView? thing;
        lock (_gate)
        {
            bool isThing = presence.Child(Ns.Thing, "thing") is not null;
            if (!_things.TryGetValue(from.Bare, out thing))
            {
                if (!isThing)
                {
                    return;
                }

                thing = new ThingView(from) { Gateway = gateway };
                _things.Add(from.Bare, thing);
            }

            if (!thing.Apply(presence, time.GetUtcNow()))
            {
                return;
            }
        }

        Interlocked.Exchange(ref _changed, NewSource()).TrySetResult();
        Changed?.Invoke(thing);
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task AskLastAsync(HubClient hub, ThingView thing, CancellationToken cancel)
    {
        try
        {
            Element answer = await hub.AskAsync("get", thing.Jid, new Element(Ns.Last, "query"), cancel);
            Element? query = answer.Child(Ns.Last, "query");
            long seconds = long.TryParse(query?.Attribute("seconds"), NumberStyles.None, CultureInfo.InvariantCulture, out long n) ? n : 0;
            if (seconds == 0 && string.IsNullOrEmpty(query?.Text) && await IsKnownSoonAsync(thing, cancel))
            {
                return;
            }

            lock (_gate)
            {
                if (!thing.IsKnown)
                {
                    thing.ApplyLast(TimeSpan.FromSeconds(Math.Min(seconds, 3_000_000_000)), query?.Text, time.GetUtcNow());
                }
            }
        }
        catch (StanzaException e)
        {
            lock (_gate)
            {
                if (!thing.IsKnown)
                {
                    thing.ApplyNever(e.Error.Condition == "item-not-found" ? "never online" : e.Error.Condition);
                }
            }
        }
    }

    private async Task<bool> IsKnownSoonAsync(ThingView thing, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(PresenceGrace);
        while (!thing.IsKnown)
        {
            Task changed = Volatile.Read(ref _changed).Task;
            if (thing.IsKnown)
            {
                break;
            }

            try
            {
                await changed.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return false;
            }
        }

        return true;
    }
}
