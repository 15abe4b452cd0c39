using IotXmpp.Hub.Modules;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// The rules of a publish-subscribe service (XEP-0060), by the use cases of the standard's chapters: nodes and items, no XML and no SQL. Expected failures are outcomes
/// (<see cref="PubSubError"/>); a <see cref="Storage.StorageException"/> means that the database failed.
/// </summary>
public sealed class PubSubService
{
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
        : this(store, options, domain, accounts, rosters, outbox, presence, time, null, null)
    {
    }

    /// <summary>Makes the service that an account is (XEP-0163).</summary>
    internal PubSubService(
        PubSubStore store, PubSubOptions options, Jid domain, IAccounts accounts, IRosters rosters, IPubSubOutbox outbox, IPubSubPresence presence, TimeProvider time, Jid? account, IImplicitSubscribers? implicitly)
    {
        Context = new PubSubContext(store, options, domain, accounts, rosters, outbox, presence, time, account, implicitly);
        Entity = new EntityUseCases(Context);
        Subscriber = new SubscriberUseCases(Context);
        Collections = new CollectionUseCases(Context);
        Owner = new OwnerUseCases(Context, Collections);
        Lists = new OwnerLists(Context);
        Publisher = new PublisherUseCases(Context, Owner);
        Hub = new ServiceUseCases(Context);
    }

    /// <summary>Discovery and one's own lists (§5).</summary>
    public EntityUseCases Entity { get; }

    /// <summary>Subscribing and retrieving (§6).</summary>
    public SubscriberUseCases Subscriber { get; }

    /// <summary>Publishing and retracting (§7).</summary>
    public PublisherUseCases Publisher { get; }

    /// <summary>Nodes and who may do what with them (§8).</summary>
    public OwnerUseCases Owner { get; }

    /// <summary>Who is what to a node, and whose subscriptions it has (§8.6–8.9).</summary>
    public OwnerLists Lists { get; }

    /// <summary>Nodes in collections (XEP-0248).</summary>
    public CollectionUseCases Collections { get; }

    /// <summary>What the hub's own features do with nodes.</summary>
    public ServiceUseCases Hub { get; }

    /// <summary>Lets somebody keep more of publications than the nodes do; called before the first.</summary>
    public void KeepBy(IItemKeeper keeper) => Context.Keepers.Add(keeper);

    /// <summary>Who says who is what to the nodes of things; set before the first request.</summary>
    public IThingNodes? Things
    {
        get => Context.Things;
        set => Context.Things = value;
    }

    internal PubSubContext Context { get; }

    /// <summary>Nodes in memory now.</summary>
    public int CachedNodes => Context.Nodes.Count;

    /// <summary>Subscriptions with a digest under way.</summary>
    public int Digests => Context.Digests.Count;

    /// <summary>Takes up what the hub knew when it stopped: who has subscribed to the root, what is gathered. Temporary subscriptions end: nobody is there any more (§12.4).</summary>
    public async ValueTask StartAsync(CancellationToken cancel = default)
    {
        Context.PurgesOffline = await Context.Store.AnyPurgesOfflineAsync(cancel).ConfigureAwait(false);
        if (Context.HasCollections)
        {
            await Context.Store.EndTemporaryAsync(null, _ => { }).ConfigureAwait(false);
            await Context.Nodes.FindAsync("", cancel).ConfigureAwait(false);
        }

        await Context.Digests.StartAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>Sends the digests that are due.</summary>
    public Task FlushDigestsAsync() => Context.Digests.FlushAsync();

    /// <summary>Removes expired items and subscriptions, and tells whose lease ends soon.</summary>
    public Task SweepAsync() => Context.Store.SweepAsync(Context.Now, Context.Options.LeaseNotice, Context.Options.Redirects, swept =>
    {
        foreach ((string node, Subscription subscription) in swept.Ended)
        {
            Context.End(node, subscription);
        }

        foreach ((string node, Subscription subscription) in swept.Ending)
        {
            Context.Tell(SubscriptionEvent.Of(node, subscription, subscription.State) with { Expiry = subscription.Options.Expire }, [subscription.Jid]);
        }
    });
}
