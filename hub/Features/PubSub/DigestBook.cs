using IotXmpp.Hub.Storage;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>
/// Notifications that are gathered (<c>pubsub#digest</c>): the first one opens a digest, which goes out when <c>digest_frequency</c> has passed, so that two are never closer than that.
/// Of a node that keeps items only the time is remembered, here and on disk: the digest has what the node has when it goes out, each item once and in its last version. Of a node that keeps none the
/// items themselves wait in memory.
/// </summary>
internal sealed class DigestBook(PubSubContext context, IPubSubOutbox outbox, TimeProvider time)
{
    /// <summary>How long a digest waits where the database cannot be read (a minute).</summary>
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<DigestKey, Digest> _digests = [];
    private readonly PriorityQueue<DigestKey, DateTimeOffset> _order = new();
    private ITimer? _timer;
    private Task _flushing = Task.CompletedTask;

    /// <summary>Digests under way.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _digests.Count;
            }
        }
    }

    /// <summary>Since when a digest gathers, or null.</summary>
    internal DateTimeOffset? SinceOf(DigestKey key)
    {
        lock (_gate)
        {
            return _digests.GetValueOrDefault(key)?.Since;
        }
    }

    /// <summary>Takes an event into the subscription's digest; false where it is to be sent at once: it is not of items, or too many digests are under way. Must not wait.</summary>
    public bool TryAdd(Node node, Node via, Subscription subscription, PubSubEvent notification)
    {
        if (notification is not (ItemsEvent { IsDelayed: false } or RetractEvent or PurgeEvent))
        {
            return false;
        }

        var key = new DigestKey(node.Name, via.Name, subscription.Jid, subscription.SubId);
        DateTimeOffset now = context.Now;
        // An item has the time of its request, which is before that of its commit.
        DateTimeOffset since = notification is ItemsEvent { Items: [PublishedItem first, ..] } && first.Published < now ? first.Published : now;
        bool isNew = false;
        lock (_gate)
        {
            if (!_digests.TryGetValue(key, out Digest? digest))
            {
                if (_digests.Count >= context.Options.Digests)
                {
                    return false;
                }

                digest = new Digest(since, now.AddMilliseconds(subscription.Options.DigestFrequency));
                _digests.Add(key, digest);
                Plan(key, digest.Due);
                isNew = true;
            }

            digest.Since = since < digest.Since ? since : digest.Since;
            if (digest.Take(notification, keepsItems: node.Configuration.PersistItems, context.Options.ItemsPerDigest))
            {
                digest.Due = now; // full: nothing is lost for the sake of the time
                Plan(key, now);
            }
        }

        if (isNew && node.Configuration.PersistItems)
        {
            _ = RememberAsync(key, since, now.AddMilliseconds(subscription.Options.DigestFrequency));
        }

        return true;
    }

    /// <summary>Takes up what was under way when the hub stopped.</summary>
    public async Task StartAsync(CancellationToken cancel)
    {
        foreach ((DigestKey key, DateTimeOffset since, DateTimeOffset due) in await context.Store.DigestsAsync(cancel).ConfigureAwait(false))
        {
            lock (_gate)
            {
                if (_digests.TryAdd(key, new Digest(since, due)))
                {
                    Plan(key, due);
                }
            }
        }
    }

    /// <summary>Sends what is due; also the timer does it.</summary>
    public Task FlushAsync()
    {
        lock (_gate)
        {
            return _flushing = FlushAfterAsync(_flushing);
        }
    }

    private void Plan(DigestKey key, DateTimeOffset due)
    {
        bool isFirst = !_order.TryPeek(out _, out DateTimeOffset first) || due < first;
        _order.Enqueue(key, due);
        if (isFirst)
        {
            Wake();
        }
    }

    private void Wake()
    {
        if (!_order.TryPeek(out _, out DateTimeOffset due))
        {
            return;
        }

        TimeSpan wait = due - context.Now;
        wait = wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
        if (_timer is null)
        {
            _timer = time.CreateTimer(_ => _ = FlushAsync(), null, wait, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task FlushAfterAsync(Task before)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // what failed once does not stop what comes after
        await Task.Yield();
        while (TryTake(out DigestKey? key, out Digest? digest))
        {
            try
            {
                await SendAsync(key, digest).ConfigureAwait(false);
            }
            catch (StorageException)
            {
                lock (_gate)
                {
                    digest.Due = context.Now + Again;
                    if (_digests.TryAdd(key, digest))
                    {
                        Plan(key, digest.Due);
                    }
                }
            }
        }

        lock (_gate)
        {
            Wake();
        }
    }

    private bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out DigestKey? key, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Digest? digest)
    {
        lock (_gate)
        {
            while (_order.TryPeek(out key, out DateTimeOffset due) && due <= context.Now)
            {
                _order.Dequeue();
                if (_digests.TryGetValue(key, out digest) && digest.Due <= context.Now)
                {
                    _digests.Remove(key);
                    return true;
                }
            }
        }

        (key, digest) = (null, null);
        return false;
    }

    private async Task SendAsync(DigestKey key, Digest digest)
    {
        Node? node = await context.Nodes.FindAsync(key.Node, CancellationToken.None).ConfigureAwait(false);
        Node? via = key.Via == key.Node ? node : await context.Nodes.FindAsync(key.Via, CancellationToken.None).ConfigureAwait(false);
        Subscription? subscription = via?.SubscriptionOf(key.Jid, context.Now, key.SubId);
        if (node is not null && via is not null && subscription is { State: SubscriptionState.Subscribed, Options.Deliver: true })
        {
            NodeConfiguration configuration = node.Configuration;
            PubSubEvent Told(PubSubEvent notification) => notification with
            {
                Type = configuration.NotificationType,
                Collection = via == node ? null : via.Name,
                SubIds = via.SubscriptionsOf(key.Jid, context.Now).Length > 1 ? [key.SubId] : null,
            };
            IReadOnlyList<PublishedItem> items = digest.Items;
            Forms.ResultSetPage? leftOut = null;
            if (configuration.PersistItems)
            {
                DateTimeOffset oldest = context.Oldest(configuration);
                ItemPage page = await context.Store.SinceAsync(node.Id, digest.Since > oldest ? digest.Since : oldest, new PageBound(context.Options.ItemsPerDigest, context.Options.PageBytes), CancellationToken.None).ConfigureAwait(false);
                items = page.Items;
                leftOut = page.Items.Count > 0 && page.Items.Count < page.Count ? new Forms.ResultSetPage(page.Items[0].Id, page.Items[^1].Id, page.Index, page.Count) : null;
            }

            if (digest.IsPurged)
            {
                outbox.Send(Told(new PurgeEvent(node.Name)), [key.Jid]);
            }

            string[] retracted = [.. digest.Retracted.Where(id => items.All(i => i.Id != id))];
            if (retracted.Length > 0)
            {
                outbox.Send(Told(new RetractEvent(node.Name, retracted)), [key.Jid]);
            }

            if (items.Count > 0)
            {
                var all = new ItemsEvent(node.Name, items, configuration.DeliverPayloads, IsDelayed: false)
                {
                    WithPublisher = configuration.ItemReply == ItemReply.Publisher,
                    WithBody = subscription.Options.IncludeBody,
                    LeftOut = leftOut,
                };
                outbox.Send(Told(all), [key.Jid]);
            }
        }

        await context.Store.RemoveDigestAsync(key).ConfigureAwait(false);
    }

    private async Task RememberAsync(DigestKey key, DateTimeOffset since, DateTimeOffset due)
    {
        try
        {
            await context.Store.PutDigestAsync(key, since, due).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // The digest is in memory: it goes out at its time unless the hub stops before.
        }
    }

    private sealed class Digest(DateTimeOffset since, DateTimeOffset due)
    {
        private readonly List<PublishedItem> _items = [];
        private readonly List<string> _retracted = [];

        public DateTimeOffset Since { get; set; } = since;

        public DateTimeOffset Due { get; set; } = due;

        public bool IsPurged { get; private set; }

        public IReadOnlyList<PublishedItem> Items => _items;

        public IReadOnlyList<string> Retracted => _retracted;

        /// <summary>Takes an event; true when the digest is full.</summary>
        public bool Take(PubSubEvent notification, bool keepsItems, int most)
        {
            switch (notification)
            {
                case ItemsEvent items when !keepsItems:
                    foreach (PublishedItem item in items.Items)
                    {
                        _items.RemoveAll(i => i.Id == item.Id);
                        _items.Add(item with { Payload = item.Payload.ToArray() }); // the bytes are the publisher's stanza
                    }

                    break;
                case RetractEvent retract:
                    _items.RemoveAll(i => retract.Ids.Contains(i.Id));
                    _retracted.AddRange(retract.Ids.Where(id => !_retracted.Contains(id)));
                    break;
                case PurgeEvent:
                    _items.Clear();
                    _retracted.Clear();
                    IsPurged = true;
                    break;
                default:
                    break;
            }

            return _items.Count >= most || _retracted.Count >= most;
        }
    }
}
