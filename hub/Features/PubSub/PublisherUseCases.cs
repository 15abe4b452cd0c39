using System.Text;
using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Storage;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>What publishers do (XEP-0060 §7).</summary>
public sealed class PublisherUseCases
{
    private readonly PubSubContext _context;
    private readonly OwnerUseCases _owner;

    internal PublisherUseCases(PubSubContext context, OwnerUseCases owner)
    {
        _context = context;
        _owner = owner;
    }

    /// <summary>True when a publication asks nothing before it is handed to the database: the node is in memory and the actor is affiliated as one who publishes.</summary>
    public bool IsReady(Jid actor, string nodeName) => _context.Nodes.Cached(nodeName) is { } node && IsAffiliatedPublisher(node, actor);

    /// <summary>Publishes items (§7.1). They are durable, and the subscribers notified, when this completes.</summary>
    /// <param name="actor">Who publishes.</param>
    /// <param name="nodeName">The node; it is made when it is not there and the actor may make it (§7.1.4).</param>
    /// <param name="items">The items; their payloads must stay as they are until this completes.</param>
    /// <param name="options">Publishing options (§7.1.5), or null.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The ids of the items.</returns>
    public async ValueTask<Outcome<IReadOnlyList<string>>> PublishAsync(Jid actor, string? nodeName, IReadOnlyList<ItemToPublish> items, DataForm? options, CancellationToken cancel = default)
    {
        Node? node = await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            Outcome<Node> made = await AutoCreateAsync(actor, nodeName, options, cancel).ConfigureAwait(false);
            if (made.Error is not null)
            {
                return made.Error;
            }

            node = made.Value;
        }
        else if (options is not null && NodeConfigurationForm.CheckPublishOptions(node.Configuration, options, _context.Options) is { } unmet)
        {
            return unmet;
        }

        if (!await MayPublishAsync(node, actor, cancel).ConfigureAwait(false))
        {
            return PubSubError.Forbidden;
        }

        NodeConfiguration configuration = node.Configuration;
        if (Check(configuration, items) is { } error)
        {
            return error;
        }

        if (node.IsMicroblog)
        {
            items = [.. items.Select(i => i with { Id = i.Id ?? Guid.CreateVersion7(_context.Now).ToString("N") })];
            if (Microblog.Complete(_context.Address, node.Name, items) is not { } posts)
            {
                return PubSubError.InvalidPayload;
            }

            items = posts;
        }

        DateTimeOffset now = _context.Now;
        string publisher = actor.Bare.ToString();
        var published = new PublishedItem[items.Count];
        var ids = new string[items.Count];
        for (int i = 0; i < published.Length; i++)
        {
            // Made ids grow with time: the index on disk is written at its end.
            ids[i] = items[i].Id ?? Guid.CreateVersion7(now).ToString("N");
            published[i] = new PublishedItem(ids[i], publisher, now, items[i].Payload);
        }

        IKeptItems? kept = _context.Keepers.Take(node.Name, actor, items);
        if (!configuration.PersistItems)
        {
            if (kept is not null)
            {
                try
                {
                    await _context.Store.KeepAsync(kept).ConfigureAwait(false);
                }
                catch (PublicationRefusedException e)
                {
                    return e.Error;
                }
            }

            if (published.Length > 0)
            {
                PublishedItem last = published[^1];
                node.LastTransient = last with { Payload = last.Payload.ToArray() };
            }

            _context.Notify(node, Published(node, published));
            return ids;
        }

        try
        {
            bool isStored = await _context.Store.PublishAsync(node.Id, published, _context.MaxItems(configuration), kept, configuration.PublishNodeFull, gone =>
            {
                _context.Notify(node, Published(node, published));
                if (gone is { Count: > 0 } && node.Configuration.NotifyRetract)
                {
                    _context.Notify(node, new RetractEvent(node.Name, gone)); // §7.1.2.5: the oldest
                }
            }).ConfigureAwait(false);
            if (!isStored)
            {
                return PubSubError.NodeFull;
            }
        }
        catch (StorageException e) when (e.Failure == StorageFailure.Constraint)
        {
            return PubSubError.ItemNotFound; // deleted since we looked
        }
        catch (PublicationRefusedException e)
        {
            return e.Error;
        }

        return ids;
    }

    /// <summary>Removes items, all or none (§7.2). Owners may remove any, others who may publish only their own.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="nodeName">The node.</param>
    /// <param name="ids">The items.</param>
    /// <param name="notify">Whether subscribers are told although the node is not configured so.</param>
    /// <param name="cancel">Ends the wait.</param>
    public async ValueTask<PubSubError?> RetractAsync(Jid actor, string? nodeName, IReadOnlyList<string> ids, bool notify, CancellationToken cancel = default)
    {
        Node? node = await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false);
        if (node is null)
        {
            return PubSubContext.Missing(nodeName);
        }

        Affiliation affiliation = await _context.AffiliationAsync(node, actor, cancel).ConfigureAwait(false);
        bool isOwner = affiliation == Affiliation.Owner;
        if (!isOwner && (affiliation == Affiliation.PublishOnly || !await MayPublishAsync(node, actor, cancel).ConfigureAwait(false)))
        {
            return PubSubError.Forbidden;
        }

        if (ids.Count == 0)
        {
            return PubSubError.ItemRequired;
        }

        if (ids.Count > _context.Options.ItemsPerRequest)
        {
            return PubSubError.PolicyViolation;
        }

        if (!node.Configuration.PersistItems)
        {
            return PubSubError.PersistentItemsUnsupported;
        }

        string[] distinct = [.. ids.Distinct(StringComparer.Ordinal)];
        RetractResult result = await _context.Store.RetractAsync(node.Id, distinct, isOwner ? null : actor.Bare.ToString(), () =>
        {
            if (notify || node.Configuration.NotifyRetract)
            {
                _context.Notify(node, new RetractEvent(node.Name, distinct));
            }
        }).ConfigureAwait(false);
        return result switch
        {
            RetractResult.NotFound => PubSubError.ItemNotFound,
            RetractResult.Forbidden => PubSubError.Forbidden,
            _ => null,
        };
    }

    private static ItemsEvent Published(Node node, PublishedItem[] items) =>
        new(node.Name, items, node.Configuration.DeliverPayloads, IsDelayed: false) { WithPublisher = node.Configuration.ItemReply == ItemReply.Publisher };

    private async ValueTask<Outcome<Node>> AutoCreateAsync(Jid actor, string? nodeName, DataForm? options, CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(nodeName))
        {
            return PubSubError.NodeIdRequired;
        }

        if (!_context.Options.AutoCreate)
        {
            return await _context.MissingAsync(nodeName, cancel).ConfigureAwait(false);
        }

        Outcome<Node> made = await _owner.CreateNodeAsync(actor, nodeName, c => options is null ? c : NodeConfigurationForm.ApplyPublishOptions(c, options, _context.Options), null, cancel).ConfigureAwait(false);
        if (made.Error is null)
        {
            return made;
        }

        // §7.1.3.3: who may not make it is told that there is no such node, or where it is now.
        if (made.Error == PubSubError.Forbidden)
        {
            return await _context.MissingAsync(nodeName, cancel).ConfigureAwait(false);
        }

        // Two publications at once: the other one made it.
        return made.Error == PubSubError.Conflict && await _context.Nodes.FindAsync(nodeName, cancel).ConfigureAwait(false) is { } there ? there : made.Error;
    }

    private static bool IsAffiliatedPublisher(Node node, Jid actor) => node.AffiliationOf(actor) is Affiliation.Owner or Affiliation.Publisher or Affiliation.PublishOnly;

    private ValueTask<bool> MayPublishAsync(Node node, Jid actor, CancellationToken cancel) =>
        IsAffiliatedPublisher(node, actor)
            ? ValueTask.FromResult(true) // the hot path asks nobody else
            : MayPublishByModelAsync(node, actor, cancel);

    private async ValueTask<bool> MayPublishByModelAsync(Node node, Jid actor, CancellationToken cancel) =>
        await _context.AffiliationAsync(node, actor, cancel).ConfigureAwait(false) switch
        {
            Affiliation.Owner or Affiliation.Publisher or Affiliation.PublishOnly => true,
            Affiliation.Outcast => false,
            _ => node.Configuration.PublishModel switch
            {
                PublishModel.Open => true,
                PublishModel.Subscribers => node.HasSubscriber(actor, _context.Now),
                _ => false,
            },
        };

    /// <summary>Whether the request fits the node (§7.1.3.4–6).</summary>
    private PubSubError? Check(NodeConfiguration configuration, IReadOnlyList<ItemToPublish> items)
    {
        if (configuration.NodeType == NodeType.Collection)
        {
            return PubSubError.PublishUnsupported;
        }

        bool takesItems = configuration.PersistItems || configuration.DeliverPayloads;
        if (items.Count == 0)
        {
            return takesItems ? PubSubError.ItemRequired : null;
        }

        if (!takesItems)
        {
            return PubSubError.ItemForbidden;
        }

        if (items.Count > _context.Options.ItemsPerRequest)
        {
            return PubSubError.PolicyViolation;
        }

        if (configuration.PersistItems && items.Count > _context.MaxItems(configuration))
        {
            return PubSubError.TooManyItems; // §12.9
        }

        int payloadLimit = configuration.MaxPayloadSize > 0 ? Math.Min(configuration.MaxPayloadSize, _context.Options.PayloadBytes) : _context.Options.PayloadBytes;
        for (int i = 0; i < items.Count; i++)
        {
            ItemToPublish item = items[i];
            if (item.Id is not null && !_context.IsId(item.Id))
            {
                return PubSubError.BadRequest;
            }

            if (item.Payload.IsEmpty && configuration.DeliverPayloads)
            {
                return PubSubError.PayloadRequired;
            }

            if (item.Payload.Length > payloadLimit)
            {
                return PubSubError.PayloadTooBig;
            }

            if (configuration.Type.Length > 0 && !item.Payload.IsEmpty && !IsOfType(item.Payload.Span, configuration.Type))
            {
                return PubSubError.InvalidPayload;
            }
        }

        return null;
    }

    // §7.1.3.5: where the type is a namespace, the payload is of it. A type that is no address says what the payloads mean, not what they look like.
    private static bool IsOfType(ReadOnlySpan<byte> payload, string type)
    {
        if (!type.Contains(':', StringComparison.Ordinal))
        {
            return true;
        }

        var reader = new XmlSpanReader(payload);
        while (reader.Read())
        {
            if (reader.Node == XmlNode.Start)
            {
                return IsText(reader.Namespace, type);
            }
        }

        return true;
    }

    private static bool IsText(ReadOnlySpan<byte> utf8, string text)
    {
        if (utf8.Length == text.Length)
        {
            return Ascii.Equals(utf8, text); // every namespace in use, without a copy
        }

        return Encoding.UTF8.GetString(utf8) == text;
    }
}
