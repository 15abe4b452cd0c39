using System.Collections.Concurrent;
using IotXmpp.Hub.Features.PubSub.Feeds;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace IotXmpp.Hub.Features.PubSub.Pep;

/// <summary>The personal services of all accounts, for the hub's own features: what they publish and read in an account's name.</summary>
public sealed class PersonalEvents(ISqlDatabase database, PepOptions options)
{
    private readonly ConcurrentDictionary<string, WeakReference<PersonalService>> _services = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<PersonalService> _recent = new();
    private readonly ConcurrentDictionary<string, bool> _owners = new(StringComparer.Ordinal);
    private readonly PubSubOptions _bounds = new() { NodesPerAccount = options.MaxNodes, ItemsPerNode = options.MaxItems, PayloadBytes = options.MaxPayloadBytes, DefaultMaxItems = 1, CachedNodes = options.MaxNodes };
    private IHub _hub = null!;
    private IPubSubPresence _presence = null!;

    /// <summary>Told of items that an account has published, after they are durable and in order: account, node, items, who may read them. Must not wait.</summary>
    public event Action<Jid, string, IReadOnlyList<PublishedItem>, AccessModel>? Published;

    /// <summary>Told of items that an account has retracted, likewise; no ids where it has purged or deleted the node.</summary>
    public event Action<Jid, string, IReadOnlyList<string>>? Retracted;

    /// <summary>Who on other servers wants to hear of what.</summary>
    internal RemoteContacts Remote { get; } = new(options);

    /// <summary>Open nodes as feeds; null where there are none.</summary>
    internal FeedBook? Feeds { get; private set; }

    internal ILogger Log { get; private set; } = NullLogger.Instance;

    /// <summary>Publishes an item in an account's name; the node is made where it is not there.</summary>
    /// <param name="account">The account (bare JID).</param>
    /// <param name="node">The node.</param>
    /// <param name="id">The item's id.</param>
    /// <param name="payload">One element as UTF-8 that stands by itself.</param>
    /// <param name="configure">Makes the configuration of a new node of the usual one.</param>
    /// <returns>What went wrong, or null.</returns>
    public async ValueTask<PubSubError?> PublishAsync(Jid account, string node, string id, ReadOnlyMemory<byte> payload, Func<NodeConfiguration, NodeConfiguration>? configure = null)
    {
        PersonalService service = Of(account);
        _owners[account.Local] = true;
        await service.Service.Hub.EnsureAsync(node, account, configure ?? (usual => usual), []).ConfigureAwait(false);
        return (await service.Service.Publisher.PublishAsync(account, node, [new ItemToPublish(id, payload)], null).ConfigureAwait(false)).Error;
    }

    /// <summary>Retracts an item in an account's name; one that is not there is no error.</summary>
    public async ValueTask RetractAsync(Jid account, string node, string id)
    {
        if (Has(account))
        {
            await Of(account).Service.Publisher.RetractAsync(account, node, [id], notify: true).ConfigureAwait(false);
        }
    }

    /// <summary>The items of a node that <paramref name="reader"/> may read, oldest first; none where it may not or the node is not there.</summary>
    public async ValueTask<IReadOnlyList<PublishedItem>> ItemsAsync(Jid account, Jid reader, string node, CancellationToken cancel = default)
    {
        if (!Has(account))
        {
            return [];
        }

        Outcome<ItemPage> page = await Of(account).Service.Subscriber.ItemsAsync(reader, node, options.MaxItems, null, cancel, isSent: false).ConfigureAwait(false);
        return page.Error is null ? page.Value.Items : [];
    }

    /// <summary>One item of a node that <paramref name="reader"/> may read, or null.</summary>
    public async ValueTask<PublishedItem?> ItemAsync(Jid account, Jid reader, string node, string id, CancellationToken cancel = default)
    {
        if (!Has(account))
        {
            return null;
        }

        Outcome<IReadOnlyList<PublishedItem>> items = await Of(account).Service.Subscriber.ItemsAsync(reader, node, [id], cancel).ConfigureAwait(false);
        return items.Error is null ? items.Value.FirstOrDefault() : null;
    }

    /// <summary>Who may read a node; null where it is not there.</summary>
    public async ValueTask<AccessModel?> AccessAsync(Jid account, string node, CancellationToken cancel = default) =>
        Has(account) ? (await Of(account).Service.Context.NodeAsync(node, cancel).ConfigureAwait(false))?.Configuration.AccessModel : null;

    internal async ValueTask StartAsync(CancellationToken cancel)
    {
        foreach (string owner in await PubSubStore.ScopesAsync(database, cancel).ConfigureAwait(false))
        {
            _owners[owner] = true;
        }

        // Digests under way hold their services in memory until they have gone out.
        foreach (string owner in await PubSubStore.DigestScopesAsync(database, cancel).ConfigureAwait(false))
        {
            await Of(new Jid(owner, _hub.Domain.Domain, string.Empty)).Service.StartAsync(cancel).ConfigureAwait(false);
        }
    }

    internal void Attach(IHub hub, IPubSubPresence presence, FeedBook feeds)
    {
        Feeds = feeds;
        feeds.Attach(this);
        _hub = hub;
        _presence = presence;
        Log = hub.Loggers.CreateLogger<PersonalEvents>();
    }

    /// <summary>Whether an account may have nodes; quick, and never wrong about "no".</summary>
    internal bool Has(Jid account) => _owners.ContainsKey(account.Local);

    /// <summary>Notes that an account is about to make nodes.</summary>
    internal void Begins(Jid account) => _owners.TryAdd(account.Local, true);

    /// <summary>The account's service: one object as long as anybody uses it, so that its nodes in memory are the only ones.</summary>
    internal PersonalService Of(Jid account)
    {
        while (true)
        {
            if (_services.TryGetValue(account.Local, out WeakReference<PersonalService>? known) && known.TryGetTarget(out PersonalService? service))
            {
                return service;
            }

            var made = new PersonalService(this, _hub, account.Bare, new PubSubStore(database, account.Local), _bounds, _presence);
            var reference = new WeakReference<PersonalService>(made);
            if (known is null ? _services.TryAdd(account.Local, reference) : _services.TryUpdate(account.Local, reference, known))
            {
                _recent.Enqueue(made);
                Trim();
                return made;
            }
        }
    }

    internal async Task RemoveAsync(Jid account)
    {
        _services.TryRemove(account.Local, out _);
        _owners.TryRemove(account.Local, out _);
        Remote.RemoveAccount(account);
        await PubSubStore.RemoveScopeAsync(database, account.Local).ConfigureAwait(false);
    }

    internal void OnPublished(Jid account, string node, IReadOnlyList<PublishedItem> items, AccessModel access) => Published?.Invoke(account, node, items, access);

    internal void OnRetracted(Jid account, string node, IReadOnlyList<string> ids) => Retracted?.Invoke(account, node, ids);

    private void Trim()
    {
        while (_recent.Count > options.CachedAccounts && _recent.TryDequeue(out _))
        {
        }

        // Who is still in use stays; of who was collected the name goes.
        if (_services.Count > options.CachedAccounts * 2)
        {
            foreach (KeyValuePair<string, WeakReference<PersonalService>> entry in _services)
            {
                if (!entry.Value.TryGetTarget(out _))
                {
                    _services.TryRemove(entry);
                }
            }
        }
    }
}
