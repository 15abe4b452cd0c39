using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// The rules of a publish-subscribe service (XEP-0060), by the use cases of the standard's chapters: nodes and items, no XML and no SQL. Expected failures are outcomes
/// (<see cref="PubSubError"/>); a <see cref="Storage.StorageException"/> means that the database failed.
/// </summary>
public sealed class PubSubService
{
    private readonly PubSubContext _context;

    /// <summary>Makes the service.</summary>
    /// <param name="store">Where nodes and items are kept.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="domain">The hub's domain: its accounts may create nodes.</param>
    /// <param name="accounts">Who administers, who owns a thing.</param>
    /// <param name="rosters">For the access models presence and roster.</param>
    /// <param name="outbox">Where notifications go.</param>
    /// <param name="presence">For presence-based delivery.</param>
    /// <param name="time">The clock.</param>
    public PubSubService(PubSubStore store, PubSubOptions options, Jid domain, IAccounts accounts, IRosters rosters, IPubSubOutbox outbox, IPubSubPresence presence, TimeProvider time)
    {
        _context = new PubSubContext(store, options, domain, accounts, rosters, outbox, presence, time);
        Entity = new EntityUseCases(_context);
        Subscriber = new SubscriberUseCases(_context);
        Owner = new OwnerUseCases(_context);
        Publisher = new PublisherUseCases(_context, Owner);
        Hub = new ServiceUseCases(_context);
    }

    /// <summary>Discovery and one's own lists (§5).</summary>
    public EntityUseCases Entity { get; }

    /// <summary>Subscribing and retrieving (§6).</summary>
    public SubscriberUseCases Subscriber { get; }

    /// <summary>Publishing and retracting (§7).</summary>
    public PublisherUseCases Publisher { get; }

    /// <summary>Nodes and who may do what with them (§8).</summary>
    public OwnerUseCases Owner { get; }

    /// <summary>What the hub's own features do with nodes.</summary>
    public ServiceUseCases Hub { get; }

    /// <summary>Nodes in memory now.</summary>
    public int CachedNodes => _context.Nodes.Count;

    /// <summary>Removes expired items and subscriptions.</summary>
    public Task SweepAsync() => _context.Store.SweepAsync(_context.Now, names =>
    {
        foreach (string name in names)
        {
            _context.Nodes.Remove(name);
        }
    });
}
