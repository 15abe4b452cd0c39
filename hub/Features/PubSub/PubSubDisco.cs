using IotXmpp.Hub.Forms;
using IotXmpp.Hub.Modules;
using IotXmpp.Hub.Xml;
using IotXmpp.Xmpp;

namespace IotXmpp.Hub.Features.PubSub;

/// <summary>Discovery of nodes and items (XEP-0060 §5.2–5.5).</summary>
internal sealed class PubSubDisco(PubSubService service, Jid address, Func<string, string?> feedOf) : IDiscoProvider
{
    /// <inheritdoc/>
    public async ValueTask<(bool IsKnown, StanzaError? Error)> InfoAsync(IqRequest request, string? node, DiscoInfo info, CancellationToken cancel)
    {
        if (node is null)
        {
            return (true, null);
        }

        if (node == PubSubXml.Shim)
        {
            // XEP-0131 §3.2: which headers stand in notifications
            info.Features.Add(PubSubXml.Shim + "#SubID");
            info.Features.Add(PubSubXml.Shim + "#Collection");
            return (true, null);
        }

        Outcome<DataForm> metaData = await service.Entity.MetaDataAsync(request.From, node, cancel).ConfigureAwait(false);
        if (metaData.Error is not null)
        {
            return (false, PubSubXml.Error(metaData.Error));
        }

        (bool isCollection, bool isPublic) = await service.Entity.KindAsync(node, cancel).ConfigureAwait(false);
        if (isPublic && !isCollection && feedOf(node) is { } feed)
        {
            // XEP-0068 §3.3: a field that is not registered stands under the namespace of what it tells.
            metaData.Value.Add(FormField.Single("{" + Microblog.Atom + "}feed", "text-single", feed, "Its items as a feed"));
        }

        info.Identities.Add(("pubsub", isCollection ? "collection" : "leaf", metaData.Value["pubsub#title"]?.Value is { Length: > 0 } title ? title : null));
        info.Features.Add(Ns.PubSub);
        info.Features.Add(Ns.DiscoInfo);
        info.Features.Add(Ns.DiscoItems);
        info.Forms.Add(metaData.Value.ToBytes());
        return (true, null);
    }

    /// <inheritdoc/>
    public async ValueTask<DiscoItems> ItemsAsync(IqRequest request, string? node, CancellationToken cancel)
    {
        string jid = address.ToString();
        if (!ResultSetRequest.TryRead(request.Payload(), out ResultSetRequest? asked))
        {
            return new DiscoItems(false, [], StanzaError.BadRequest);
        }

        Outcome<NodePage?> page = await service.Entity.NodesAsync(request.From, asked, node, cancel).ConfigureAwait(false);
        if (page.Error is not null)
        {
            return new DiscoItems(false, [], PubSubXml.Error(page.Error));
        }

        if (page.Value is null)
        {
            Outcome<IReadOnlyList<string>> ids = await service.Entity.ItemIdsAsync(request.From, node!, cancel).ConfigureAwait(false);
            return ids.Error is not null
                ? new DiscoItems(false, [], PubSubXml.Error(ids.Error))
                : new DiscoItems(true, [.. ids.Value.Select(id => new DiscoItem(jid, null, id))]); // §5.5: the name is the item's id
        }

        IReadOnlyList<(string Name, string Title)> nodes = page.Value.Nodes;
        using var trailer = new XmlBuilder();
        if (asked is not null || nodes.Count < page.Value.Count)
        {
            new ResultSetPage(nodes.Count > 0 ? nodes[0].Name : null, nodes.Count > 0 ? nodes[^1].Name : null, page.Value.Index, page.Value.Count).WriteTo(trailer);
        }

        return new DiscoItems(true, [.. nodes.Select(n => new DiscoItem(jid, n.Name, n.Title.Length > 0 ? n.Title : null))], null, trailer.ToArray());
    }
}
