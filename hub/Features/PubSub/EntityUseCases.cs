using System.Globalization;
using IotXmpp.Hub.Forms;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>A page of node names.</summary>
/// <param name="Nodes">Names and titles, in the order of the names.</param>
/// <param name="Index">The place of the first, from 0.</param>
/// <param name="Count">How many there are for who asks.</param>
public sealed record NodePage(IReadOnlyList<(string Name, string Title)> Nodes, int Index, int Count);

/// <summary>What any entity does: discovery and its own lists (XEP-0060 §5).</summary>
public sealed class EntityUseCases
{
    /// <summary>Nodes in one page of discovery; more are asked for by pages (XEP-0059).</summary>
    public const int NodesPerPage = 500;

    private readonly PubSubContext _context;

    internal EntityUseCases(PubSubContext context) => _context = context;

    /// <summary>The nodes that the actor may find (§5.2): open ones and those that it is affiliated with; an administrator finds all.</summary>
    /// <param name="actor">Who asks.</param>
    /// <param name="request">A page (XEP-0059), or null.</param>
    /// <param name="collection">The collection whose nodes are asked for (XEP-0248 §5.2); null for those that are in none.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>The page; null where <paramref name="collection"/> is none.</returns>
    public async ValueTask<Outcome<NodePage?>> NodesAsync(Jid actor, ResultSetRequest? request, string? collection = null, CancellationToken cancel = default)
    {
        long? within = null;
        if (collection is not null)
        {
            Outcome<Node> found = await VisibleAsync(actor, collection, cancel).ConfigureAwait(false);
            if (found.Error is not null)
            {
                return found.Error;
            }

            if (!found.Value.IsCollection)
            {
                return (NodePage?)null;
            }

            within = found.Value.Id;
        }

        if (request?.Index is not null)
        {
            return PubSubError.Unsupported("rsm"); // by name only: counting to a place would read every name before it
        }

        bool all = _context.Account?.Equals(actor.Bare) ?? await _context.IsAdministratorAsync(actor, cancel).ConfigureAwait(false);
        int max = Math.Min(request?.Max ?? NodesPerPage, NodesPerPage);
        (List<(string Name, string Title)> nodes, int index, int count) =
            await _context.Store.NodesAsync(new NodeQuery(actor.Bare.ToString(), all, within), request?.After, request?.Before, max, cancel).ConfigureAwait(false);
        return new NodePage(nodes, index, count);
    }

    /// <summary>The meta-data of a node (§5.4) as a form; who may not know the node gets the error of a subscription.</summary>
    public async ValueTask<Outcome<DataForm>> MetaDataAsync(Jid actor, string nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> found = await VisibleAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (found.Error is not null)
        {
            return found.Error;
        }

        return MetaData(found.Value);
    }

    /// <summary>What is told of a node (§5.4).</summary>
    internal static DataForm MetaData(Node node)
    {
        NodeConfiguration configuration = node.Configuration;
        var form = new DataForm(Forms.FormType.Result, Ns.PubSub + "#meta-data");
        form.Add(FormField.Single("pubsub#type", "text-single", configuration.Type, "The type of the payloads"));
        form.Add(FormField.Single("pubsub#creator", "jid-single", node.Creator, "The creator"));
        form.Add(FormField.Single("pubsub#creation_date", "text-single", node.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), "When it was made"));
        form.Add(FormField.Single("pubsub#title", "text-single", configuration.Title, "Its name"));
        form.Add(FormField.Single("pubsub#description", "text-single", configuration.Description, "Its description"));
        form.Add(FormField.Single("pubsub#language", "text-single", configuration.Language, "The language of the payloads"));
        form.Add(new FormField("pubsub#contact") { Type = "jid-multi", Label = "Whom to ask", Values = configuration.Contact });
        if (!node.IsCollection)
        {
            form.Add(FormField.Single(
                "pubsub#max_items", "text-single", configuration.MaxItems == NodeConfiguration.MaxItemsMax ? "max" : configuration.MaxItems.ToString(CultureInfo.InvariantCulture), "Items that it keeps"));
        }

        form.Add(FormField.Single("pubsub#access_model", "list-single", NodeConfigurationForm.Token(configuration.AccessModel), "Who may subscribe"));
        form.Add(FormField.Single("pubsub#publish_model", "list-single", NodeConfigurationForm.Token(configuration.PublishModel), "Who may publish"));
        form.Add(FormField.Single("pubsub#num_subscribers", "text-single", node.SubscriptionCount.ToString(CultureInfo.InvariantCulture), "Subscribers"));
        form.Add(new FormField("pubsub#owner") { Type = "jid-multi", Label = "Owners", Values = [.. node.Owners().Select(o => o.ToString())] });
        form.Add(new FormField("pubsub#publisher")
        {
            Type = "jid-multi",
            Label = "Publishers",
            Values = [.. node.Affiliations.Where(a => a.Value is Affiliation.Publisher or Affiliation.PublishOnly).Select(a => a.Key)],
        });
        return form;
    }

    /// <summary>The ids of a node's items (§5.5), for who may retrieve them.</summary>
    public async ValueTask<Outcome<IReadOnlyList<string>>> ItemIdsAsync(Jid actor, string nodeName, CancellationToken cancel = default)
    {
        Outcome<Node> found = await VisibleAsync(actor, nodeName, cancel).ConfigureAwait(false);
        if (found.Error is not null)
        {
            return found.Error;
        }

        return await _context.Store.ItemIdsAsync(found.Value.Id, _context.Oldest(found.Value.Configuration), _context.Options.ItemsPerNode, cancel).ConfigureAwait(false);
    }

    /// <summary>The actor's own subscriptions (§5.6), to one node or to all.</summary>
    public async ValueTask<Outcome<IReadOnlyList<(string Node, Subscription Subscription)>>> SubscriptionsAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        if (nodeName is not null && await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) is null)
        {
            return PubSubContext.Missing(nodeName);
        }

        List<(string Node, Subscription Subscription)> all = await _context.Store.SubscriptionsOfAsync(actor.Bare.ToString(), _context.Now, cancel).ConfigureAwait(false);
        return nodeName is null ? all : all.Where(s => s.Node == nodeName).ToArray();
    }

    /// <summary>The actor's own affiliations (§5.7), with one node or with all.</summary>
    public async ValueTask<Outcome<IReadOnlyList<(string Node, Affiliation Affiliation)>>> AffiliationsAsync(Jid actor, string? nodeName, CancellationToken cancel = default)
    {
        if (nodeName is not null && await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) is null)
        {
            return PubSubContext.Missing(nodeName);
        }

        List<(string Node, Affiliation Affiliation)> all = await _context.Store.AffiliationsOfAsync(actor.Bare.ToString(), cancel).ConfigureAwait(false);
        return nodeName is null ? all : all.Where(a => a.Node == nodeName).ToArray();
    }

    /// <summary>What of a node disco tells besides: whether it is a collection, and whether it is open to everybody.</summary>
    internal async ValueTask<(bool IsCollection, bool IsPublic)> KindAsync(string nodeName, CancellationToken cancel) =>
        await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) is { } node ? (node.IsCollection, _context.IsPublic(node) && node.Configuration.PersistItems) : default;

    /// <summary>Whether who asks for items of a node is told their publishers (§12.14).</summary>
    internal async ValueTask<bool> TellsPublisherAsync(string? nodeName, CancellationToken cancel) =>
        await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) is not { Configuration.ItemReply: ItemReply.None };

    private async ValueTask<Outcome<Node>> VisibleAsync(Jid actor, string nodeName, CancellationToken cancel)
    {
        if (await _context.NodeAsync(nodeName, cancel).ConfigureAwait(false) is not { } node)
        {
            return await _context.MissingAsync(nodeName, cancel).ConfigureAwait(false);
        }

        Affiliation affiliation = await _context.AffiliationAsync(node, actor, cancel).ConfigureAwait(false);
        return affiliation == Affiliation.PublishOnly || await _context.AccessErrorAsync(node, actor, affiliation, cancel).ConfigureAwait(false) is not { } denied ? node : denied;
    }
}
